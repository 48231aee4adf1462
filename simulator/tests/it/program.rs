//! The binary: its one line, its exit codes.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Command, Stdio};

fn simulator(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cloudstack-simulator"));
    command.args(["--api", "127.0.0.1:0", "--integration", "127.0.0.1:0", "--router", "127.1.1.1:0"]);
    command.args(arguments);
    command
}

/// Runs the program while something is done with its ready line, and expects that it ends well.
pub(crate) fn while_running(arguments: &[&str], act: impl FnOnce(&serde_json::Value)) {
    let mut child = simulator(arguments)
        .args(["--print", "json"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary was built for this test");
    let mut line = String::new();
    let out = child.stdout.take().expect("standard output is piped");
    BufReader::new(out).read_line(&mut line).expect("a ready line");
    act(&serde_json::from_str(&line).expect("one JSON object"));
    let status = Command::new("kill").arg(child.id().to_string()).status().expect("kill exists");
    assert!(status.success());
    assert_eq!(child.wait().expect("our own child").code(), Some(0));
}

#[test]
fn it_prints_one_line_and_ends_well_when_told_to() {
    let mut child = simulator(&["--print", "json"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary was built for this test");
    let mut out = BufReader::new(child.stdout.take().expect("standard output is piped"));
    let mut line = String::new();
    out.read_line(&mut line).expect("a ready line");
    let ready: serde_json::Value = serde_json::from_str(&line).expect("one JSON object");
    for member in ["api", "integration", "router", "credentials", "guests"] {
        assert!(!ready[member].is_null(), "{member} is missing in {line}");
    }
    let status = Command::new("kill").arg(child.id().to_string()).status().expect("kill exists");
    assert!(status.success());
    assert_eq!(child.wait().expect("our own child").code(), Some(0));
    let mut rest = String::new();
    out.read_to_string(&mut rest).expect("the rest of standard output");
    assert_eq!(rest, "");
}

#[test]
fn a_wrong_command_line_ends_with_2_and_says_what_is_wrong() {
    for (arguments, expected) in [
        (["--world", "no-such-world"], "no-such-world"),
        (["--quirk", "no-such-quirk"], "no-such-quirk"),
        (["--jobs", "fast"], "steps:N"),
        (["--release", "newest"], "4.19.2"),
        (["--release", "4.10"], "4.11 to 4.22"),
        (["--set", "nonsense"], "NAME=VALUE"),
        (["--set", "no.such.setting=1"], "no.such.setting"),
    ] {
        let output = simulator(&arguments).output().expect("the binary was built for this test");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(expected), "{arguments:?}: {said}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
}

#[test]
fn a_port_in_use_is_named_with_a_remedy() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("a bound address").to_string();
    let output = Command::new(env!("CARGO_BIN_EXE_cloudstack-simulator"))
        .args(["--api", &address, "--integration", "off", "--router", "off"])
        .output()
        .expect("the binary was built for this test");
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains(&address) && said.contains("hint:"), "{said}");
}

#[test]
fn routers_need_their_addresses_on_this_machine() {
    let output = Command::new(env!("CARGO_BIN_EXE_cloudstack-simulator"))
        .args(["--api", "127.0.0.1:0", "--integration", "off", "--router", "10.1.1.1:0"])
        .output()
        .expect("the binary was built for this test");
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("for a router") && said.contains("belongs to this machine"), "{said}");
}

#[test]
fn a_place_for_dhcp_that_does_not_exist_is_named() {
    for (place, told) in
        [("no-such-if0", "no-such-if0"), ("127.0.0.1", "such as eth0"), ("a b", "such as eth0")]
    {
        let output = Command::new(env!("CARGO_BIN_EXE_cloudstack-simulator"))
            .args([
                "--api",
                "127.0.0.1:0",
                "--integration",
                "off",
                "--router",
                "127.1.1.1:0",
                "--dhcp",
                place,
            ])
            .output()
            .expect("the binary was built for this test");
        assert_eq!(output.status.code(), Some(2), "{place}");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(told), "{place}: {said}");
    }
}
