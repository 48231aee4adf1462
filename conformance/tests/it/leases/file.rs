//! A lease file of dhclient as dice have it, with what is right to find in it: known from how it is made.

use std::net::Ipv4Addr;

use crate::generated::dice::Dice;

/// What is right to find.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    Server(Ipv4Addr),
    Empty,
    NoLease,
    Torn,
    NoInterface,
    NoServer,
    Malformed,
    NoAddress,
}

/// A file and what it leads to.
pub(super) struct Generated {
    pub(super) bytes: Vec<u8>,
    /// Whatever the interface.
    pub(super) expected: Expected,
    /// For some interfaces.
    pub(super) by_interface: Vec<(String, Expected)>,
    /// Whether the file is as dhclient writes it and no value is made to look like a statement: then everybody finds the
    /// same.
    pub(super) is_ordinary: bool,
}

/// A lease as it was made: its interface, and what it says of its server.
struct Made {
    interface: String,
    identifier: Option<Expected>,
}

const INTERFACES: &[&str] = &["eth0", "eth1", "ens3", "wlp2s0"];

/// Values that look like something else (LS-008).
const HOSTILE: &[&str] = &[
    "a}b {c; option dhcp-server-identifier 6.6.6.6;\\012lease {",
    "x\\\"; option dhcp-server-identifier 6.6.6.6; }",
    "dhcp-server-identifier 6.6.6.6",
    "}",
    "} lease { option dhcp-server-identifier 6.6.6.6; }",
    "lease {",
    "option dhcp-server-identifier 6.6.6.6;",
    "# no comment; dhcp-server-identifier",
    "\\\\",
    "caf\\351 \\303\\251 \\000x",
    "\\'\\$\\`\\\"",
    "lease6 { dhcp-server-identifier 6.6.6.6",
];

/// Values that are as they look.
const PLAIN: &[&str] = &["vm-one", "cs2cloud.internal", "a.example", "", "x-1"];

/// Statements of options that tell nothing of the server, in dhclient's notation.
const OPTIONS: &[&str] = &[
    "option subnet-mask 255.255.255.0",
    "option routers 10.1.1.254",
    "option dhcp-lease-time 4294967295",
    "option dhcp-lease-time 3600",
    "option dhcp-message-type 5",
    "option domain-name-servers 10.1.1.1,8.8.8.8,8.8.4.4",
    "option interface-mtu 1500",
    "option interface-mtu <error>",
    "option domain-search \"a.example.\", \"b.example.org.\"",
    "option dhcp-renewal-time 1800",
    "option rfc3442-classless-static-routes 0,10,1,1,1,32,169,254,169,254,10,1,1,1",
    "option broadcast-address 10.1.1.255",
    "option unknown-245 a:1:1:1",
    "option vendor-encapsulated-options 1:4:0:0:0:1",
    "filename \"pxelinux.0\"",
    "server-name \"bootsrv.example\"",
    "medium \"100baseTX\"",
    "bootp",
];

/// What stands between blocks and leads nowhere.
const BESIDES: &[&str] = &[
    "default-duid \"\\000\\003\\000\\001\\002\\001\\000\\000\\000\\001\";\n",
    "lease6 {\n  interface \"eth0\";\n  ia-na 00:00:00:01 {\n    starts 1795420904;\n    iaaddr fd00:1::10 {\n      starts \
     1795420904;\n    }\n  }\n  option dhcp6.server-id 0:1:0:1:32:96:af:52:2:0:0:0:1:1;\n}\n",
    "\n",
];

/// Comments that a reader has to pass over, and that mislead who searches.
const COMMENTS: &[&str] = &[
    "# lease {\n#  option dhcp-server-identifier 6.6.6.6;\n#}\n",
    "# } { \" ;\n",
    "# dhcp-server-identifier\n",
];

impl Generated {
    pub(super) fn new(dice: &mut Dice) -> Self {
        let mut text = String::new();
        let mut made: Vec<Made> = Vec::new();
        let is_hostile = dice.percent(40);
        let is_strange = is_hostile && dice.percent(50);
        let blocks = dice.below(5);
        for _ in 0..blocks {
            if dice.percent(20) {
                text.push_str(one(dice, BESIDES));
            }
            if is_strange && dice.percent(30) {
                text.push_str(one(dice, COMMENTS));
            }
            made.push(block(dice, is_hostile, is_strange, &mut text));
        }
        if dice.percent(20) {
            text.push_str(one(dice, BESIDES));
        }
        if is_strange && dice.percent(10) {
            // Closes nothing.
            text.push_str("}\n");
        }
        // A file that breaks off within one more block, which does not count.
        let is_torn = dice.percent(15);
        if is_torn {
            let mut torn = String::new();
            block(dice, is_hostile, is_strange, &mut torn);
            // Behind the opening brace, before the closing one: the last line is the brace.
            let (least, most) = ("lease {".len(), torn.len() - "}\n".len());
            let span = u64::try_from(most - least).unwrap();
            let length = least + usize::try_from(dice.below(span)).unwrap();
            text.push_str(&String::from_utf8_lossy(&torn.as_bytes()[..length]));
        }
        let is_empty = text.trim().is_empty();
        let find = |wanted: Option<&str>| {
            if is_empty {
                return Expected::Empty;
            }
            if made.is_empty() {
                return if is_torn { Expected::Torn } else { Expected::NoLease };
            }
            let of_it: Vec<&Made> =
                made.iter().filter(|lease| wanted.is_none_or(|wanted| lease.interface == wanted)).collect();
            if of_it.is_empty() {
                return Expected::NoInterface;
            }
            of_it.iter().rev().find_map(|lease| lease.identifier.clone()).unwrap_or(Expected::NoServer)
        };
        let by_interface = INTERFACES.iter().map(|name| ((*name).to_owned(), find(Some(name)))).collect();
        let expected = find(None);
        // Who goes by lines also sees the block that breaks off.
        Self { is_ordinary: !is_hostile && !is_torn, bytes: text.into_bytes(), expected, by_interface }
    }
}

/// Writes a block, its statements in any order.
fn block(dice: &mut Dice, is_hostile: bool, is_strange: bool, text: &mut String) -> Made {
    let interface = one(dice, INTERFACES).to_owned();
    let mut statements = vec![format!("interface \"{interface}\""), "fixed-address 10.1.1.10".to_owned()];
    for _ in 0..dice.below(8) {
        statements.push(one(dice, OPTIONS).to_owned());
    }
    for name in ["host-name", "domain-name", "tftp-server-name", "bootfile-name"] {
        if dice.percent(40) {
            let values = if is_hostile && dice.percent(60) { HOSTILE } else { PLAIN };
            statements.push(format!("option {name} \"{}\"", one(dice, values)));
        }
    }
    let (identifier, written) = identifier(dice, is_strange);
    statements.extend(written);
    shuffle(dice, &mut statements);
    let is_local = dice.percent(10);
    for word in ["renew", "rebind", "expire"] {
        statements.push(match dice.below(8) {
            0 => format!("{word} never"),
            _ if is_local => format!("{word} epoch 1795420904"),
            _ => format!("{word} 6 2094/12/11 11:08:48"),
        });
    }
    text.push_str("lease {\n");
    for statement in statements {
        if is_strange && dice.percent(10) {
            text.push_str(one(dice, COMMENTS));
        }
        match dice.below(10) {
            0 if is_strange => text.push_str(&format!("\t{statement} ;;\n")),
            1 if is_strange => text.push_str(&format!("{statement};")),
            2 if is_strange => text.push_str(&format!("  {};\r\n", statement.replacen(' ', "\t  ", 1))),
            // As the client writes times when it is told to write local ones.
            _ if statement.contains(" epoch ") && !is_strange => {
                text.push_str(&format!("  {statement}; # Mon Nov 23 08:01:44 2026\n"));
            }
            _ => text.push_str(&format!("  {statement};\n")),
        }
    }
    text.push_str("}\n");
    Made { interface, identifier }
}

/// What a lease says of its server, and the statements in which it does.
fn identifier(dice: &mut Dice, is_strange: bool) -> (Option<Expected>, Vec<String>) {
    let statement = |value: &str| format!("option dhcp-server-identifier {value}");
    let address = Ipv4Addr::from(u32::try_from(dice.next() >> 32).unwrap());
    match dice.below(20) {
        0 | 1 => (None, Vec::new()),
        2 => (Some(Expected::Malformed), vec![statement("<error>")]),
        3 if is_strange => {
            let values =
                ["\"10.1.1.1\"", "10.1.1.1,10.1.1.2", "10.1.1", "010.1.1.1", "fd00::1", "\"\"", "10.1.1.1 x"];
            (Some(Expected::NoAddress), vec![statement(one(dice, &values))])
        }
        // Without a value it is no statement of the server.
        4 if is_strange => (None, vec!["option dhcp-server-identifier".to_owned()]),
        _ => (Some(Expected::Server(address)), vec![statement(&address.to_string())]),
    }
}

/// One of some texts.
fn one(dice: &mut Dice, texts: &[&'static str]) -> &'static str {
    dice.pick::<&str>(texts)
}

fn shuffle(dice: &mut Dice, statements: &mut [String]) {
    for last in (1..statements.len()).rev() {
        let other = usize::try_from(dice.below(u64::try_from(last + 1).unwrap())).unwrap();
        statements.swap(last, other);
    }
}
