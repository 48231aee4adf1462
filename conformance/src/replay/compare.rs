//! A recorded answer and a live one, walked side by side.
//!
//! Compared: envelope, members and their order, JSON kinds, values as written. Not compared: what
//! `fixtures/recorded/README.md` calls volatile; the tables below are its list, by member name.

use std::fmt;

use super::{
    learnt::Learnt,
    text::{Extent, is_uuid, masked},
    tree::{Kind, Tree},
};

/// Where a live answer first parts from the recorded one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The step, counted from one, if there is more than one.
    pub step: Option<usize>,
    /// What was asked: a command or a request line.
    pub asked: String,
    /// The part of the answer: `status`, `header vary`, `listzonesresponse.zone[0].name`.
    pub at: String,
    /// What the recording has there.
    pub expected: String,
    /// What the live answer has there.
    pub actual: String,
}

impl Difference {
    /// A difference at some place of an answer.
    #[expect(clippy::needless_pass_by_value, reason = "texts and numbers alike are written down at once")]
    pub(super) fn new(at: impl Into<String>, expected: impl ToString, actual: impl ToString) -> Self {
        let (expected, actual) = (expected.to_string(), actual.to_string());
        let from = shared(&expected, &actual);
        Self {
            step: None,
            asked: String::new(),
            at: at.into(),
            expected: shortened(&expected, from),
            actual: shortened(&actual, from),
        }
    }

    /// The same, with the exchange that it belongs to.
    pub(super) fn of(mut self, step: Option<usize>, asked: &str) -> Self {
        self.step = step;
        self.asked = asked.chars().take(120).collect();
        self
    }
}

/// Four lines, the last without a line end.
impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { step, asked, at, expected, actual } = self;
        if !asked.is_empty() {
            let step = step.map_or(String::new(), |step| format!("step {step}, "));
            writeln!(f, "         asked     {step}{asked}")?;
        }
        writeln!(f, "         at        {at}")?;
        writeln!(f, "         expected  {expected}")?;
        write!(f, "         actual    {actual}")
    }
}

/// How many characters both texts begin with.
fn shared(left: &str, right: &str) -> usize {
    left.chars().zip(right.chars()).take_while(|(left, right)| left == right).count()
}

/// A part of a long text that shows where it differs.
fn shortened(text: &str, from: usize) -> String {
    const SHOWN: usize = 240;
    if text.chars().count() <= SHOWN {
        return text.to_owned();
    }
    let start = if from > SHOWN / 2 { from - SHOWN / 4 } else { 0 };
    let part: String = text.chars().skip(start).take(SHOWN).collect();
    format!("{}{part}…", if start > 0 { "…" } else { "" })
}

/// Keys, passwords, sessions: random on both sides.
const SECRETS: &[&str] = &[
    "apikey",
    "secretkey",
    "userapikey",
    "usersecretkey",
    "sessionkey",
    "password",
    "encryptedpassword",
    "privatekey",
    "presharedkey",
    "fingerprint",
    "secretcode",
    "token",
    "vncpassword",
    "ssh.publickey",
    // Of a cloud's random identifier, with a random key.
    "signature",
];

/// Capacity, usage and counters of hosts, pools, zones and accounts, and what is left of a limit.
const FIGURES: &[&str] = &[
    "expireafter",
    "capacitytotal",
    "capacityused",
    "capacityallocated",
    "percentused",
    "percentallocated",
    "cpuallocated",
    "cpuallocatedpercentage",
    "cpuallocatedvalue",
    "cpuallocatedwithoverprovisioning",
    "cpuloadaverage",
    "cpuused",
    "cpuusedghz",
    "cputotalghz",
    "cpuwithoverprovisioning",
    "memoryallocated",
    "memoryallocatedbytes",
    "memoryallocatedpercentage",
    "memoryused",
    "memorywithoverprovisioning",
    "networkkbsread",
    "networkkbswrite",
    "diskkbsread",
    "diskkbswrite",
    "diskioread",
    "diskiowrite",
    "disksizeallocated",
    "disksizeused",
    "disksizetotal",
    "disksizetotalgb",
    "disksizeallocatedgb",
    "disksizeunallocatedgb",
    "disksizeusedgb",
    "memoryintfreekbs",
    "memorykbs",
    "memorytargetkbs",
    "gputotal",
    "gpuused",
    "receivedbytes",
    "sentbytes",
    "expireafter",
    "virtualsize",
    "physicalsize",
    "utilization",
    "lastpinged",
    "vmrunning",
    "vmstopped",
    "threadsblockedcount",
    "threadsdaemoncount",
    "threadsnewcount",
    "threadsrunnablecount",
    "threadsterminatedcount",
    "threadstotalcount",
    "threadswaitingcount",
    "systemmemoryfree",
    "systemmemoryused",
    "systemmemorytotal",
    "heapmemoryused",
    "heapmemorytotal",
    "systemloadaverages",
    "systemcycleusage",
];

/// What the collector of statistics adds some time after a machine started or a volume was put on storage.
const COLLECTED: &[&str] = &[
    "cpuused",
    "networkkbsread",
    "networkkbswrite",
    "diskkbsread",
    "diskkbswrite",
    "diskioread",
    "diskiowrite",
    "memoryintfreekbs",
    "memorykbs",
    "memorytargetkbs",
    "physicalsize",
    "virtualsize",
    "utilization",
];

/// Whether a member comes and goes with the moment of asking: collected statistics, the job that is at work.
pub(super) fn is_passing(member: &str) -> bool {
    COLLECTED.contains(&member) || matches!(member, "jobid" | "jobstatus")
}

/// What follows from the choice of a host or a pool.
const PLACES: &[&str] = &[
    "hostid",
    "hostname",
    "lasthostid",
    "clusterid",
    "clustername",
    "podid",
    "podname",
    "storage",
    "storageid",
    "srchostid",
    "gpucardid",
];

/// Maps and lists whose order upstream leaves to a hash.
const UNORDERED_MEMBERS: &[&str] = &["details", "resourcedetails", "vmdetails", "poolcounts"];

/// Records that a collector adds once a minute: how many there are tells how long the machine has run, no more.
const HISTORIES: &[&str] = &["stats"];

/// Rows that a list of everything shares with whatever else is on the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rows {
    /// The list holds what the recording holds.
    Exact,
    /// The recorded list holds objects of other scenarios as well; the live one may lack them.
    Shared,
    /// The same, and a page of the newest, oldest first: times are kept to the second, so of its oldest second only
    /// the database knows which rows are still on the page.
    Newest,
}

/// Compares answers of one exchange.
pub(super) struct Comparison<'a> {
    pub(super) learnt: &'a mut Learnt,
    pub(super) extent: Extent,
    pub(super) rows: Rows,
    /// The command, for rules that belong to one.
    pub(super) command: &'a str,
    /// Members that depend on the moment of asking.
    pub(super) momentary: &'a [&'a str],
}

impl Comparison<'_> {
    /// Compares bodies; the content type says how to read them.
    pub(super) fn bodies(
        &mut self,
        content_type: &str,
        recorded: &str,
        live: &str,
    ) -> Result<(), Difference> {
        match (Tree::read(content_type, recorded), Tree::read(content_type, live)) {
            (Some(recorded), Some(live)) => self.trees("", "", &recorded, &live),
            (Some(_), None) => Err(Difference::new("body", recorded, live)),
            _ => self.texts("body", recorded, live),
        }
    }

    /// Compares JSON or XML, whichever it looks like.
    pub(super) fn guessed(&mut self, recorded: &str, live: &str) -> Result<(), Difference> {
        let content_type = if recorded.starts_with('<') { "xml" } else { "json" };
        self.bodies(content_type, recorded, live)
    }

    /// Compares texts with what is volatile in them masked.
    pub(super) fn texts(&mut self, at: &str, recorded: &str, live: &str) -> Result<(), Difference> {
        let (left, right) = (masked(recorded, self.extent), masked(live, self.extent));
        if left == right { Ok(()) } else { Err(Difference::new(at, left, right)) }
    }

    fn trees(&mut self, at: &str, name: &str, recorded: &Tree, live: &Tree) -> Result<(), Difference> {
        match (recorded, live) {
            (Tree::Scalar(left, old), Tree::Scalar(right, new)) => {
                if left != right {
                    let shown = |kind: &Kind, text: &str| format!("{kind} {text}");
                    return Err(Difference::new(at, shown(left, old), shown(right, new)));
                }
                self.scalars(at, name, *left, old, new)
            }
            (Tree::List(left), Tree::List(right)) => {
                let (left, right): (Vec<&Tree>, Vec<&Tree>) = (left.iter().collect(), right.iter().collect());
                self.lists(at, name, &left, &right)
            }
            (Tree::Object(left), Tree::Object(right)) => self.objects(at, name, left, right),
            _ => Err(Difference::new(at, recorded, live)),
        }
    }

    fn scalars(
        &mut self,
        at: &str,
        name: &str,
        kind: Kind,
        recorded: &str,
        live: &str,
    ) -> Result<(), Difference> {
        let lower = name.to_ascii_lowercase();
        let named = |names: &[&str]| names.contains(&lower.as_str());
        if named(SECRETS) || (self.extent == Extent::Lifecycle && (named(PLACES) || lower == "vlan")) {
            let both_say_something = recorded.is_empty() == live.is_empty();
            return if both_say_something { Ok(()) } else { Err(Difference::new(at, recorded, live)) };
        }
        let is_figure = named(FIGURES) || lower.ends_with("available") || lower.ends_with("total");
        if is_figure || (kind == Kind::Number && lower == "managementserverid") {
            return Ok(());
        }
        // Prose for people, of which the catalogue keeps none.
        if lower == "description" && self.command.eq_ignore_ascii_case("listApis") {
            return Ok(());
        }
        // Volumes tell the internal number of their offering.
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if lower == "serviceofferingid" && is_number(recorded) && is_number(live) {
            return Ok(());
        }
        if is_uuid(recorded) && is_uuid(live) {
            let is_random = self.command.eq_ignore_ascii_case("getApiLimit") && lower == "accountid";
            if is_random || named(PLACES) || self.learnt.agree(recorded, live) {
                return Ok(());
            }
            let meant = match (self.learnt.live(recorded), self.learnt.recorded(live)) {
                (Some(known), _) => format!("{known} (recorded as {recorded})"),
                (None, Some(_)) => format!("another object (recorded as {recorded})"),
                (None, None) => recorded.to_owned(),
            };
            return Err(Difference::new(at, meant, live));
        }
        // What may happen to a host comes in the order of a hash.
        if lower == "events" {
            let words = |text: &str| {
                let mut words: Vec<String> = text.split("; ").map(str::to_owned).collect();
                words.sort_unstable();
                words.join("; ")
            };
            return self.texts(at, &words(recorded), &words(live));
        }
        if lower == "count" && self.rows != Rows::Exact {
            return Ok(());
        }
        self.texts(at, recorded, live)
    }

    fn objects(
        &mut self,
        at: &str,
        name: &str,
        recorded: &[(String, Tree)],
        live: &[(String, Tree)],
    ) -> Result<(), Difference> {
        let path = |member: &str| if at.is_empty() { member.to_owned() } else { format!("{at}.{member}") };
        let (mut left, mut right) = (runs(recorded), runs(live));
        left.retain(|(member, _)| !self.momentary.contains(member));
        right.retain(|(member, _)| !self.momentary.contains(member));
        if self.extent == Extent::Lifecycle {
            let has =
                |runs: &[(&str, Vec<&Tree>)], member: &str| runs.iter().any(|(other, _)| *other == member);
            let once: Vec<&str> = COLLECTED
                .iter()
                .copied()
                .filter(|member| has(&left, member) != has(&right, member))
                .collect();
            left.retain(|(member, _)| !once.contains(member));
            right.retain(|(member, _)| !once.contains(member));
        }
        for (member, trees) in &left {
            if !right.iter().any(|(other, _)| other == member) {
                let first = trees.first().map_or(String::new(), ToString::to_string);
                return Err(Difference::new(path(member), first, "absent"));
            }
        }
        for (member, trees) in &right {
            if !left.iter().any(|(other, _)| other == member) {
                let first = trees.first().map_or(String::new(), ToString::to_string);
                return Err(Difference::new(path(member), "absent", first));
            }
        }
        if UNORDERED_MEMBERS.contains(&name) {
            right.sort_by_key(|(member, _)| left.iter().position(|(other, _)| other == member));
        }
        let names = |runs: &[(&str, Vec<&Tree>)]| {
            runs.iter().map(|(member, _)| *member).collect::<Vec<_>>().join(",")
        };
        if names(&left) != names(&right) {
            return Err(Difference::new(path("(order of members)"), names(&left), names(&right)));
        }
        for ((member, old), (_, new)) in left.iter().zip(&right) {
            match (old.as_slice(), new.as_slice()) {
                ([old], [new]) if *member == "count" && self.is_page_of_history(&left) => {
                    if number(new).is_none_or(|count| count < shown(&right)) {
                        return Err(Difference::new(path(member), old, new));
                    }
                }
                ([old], [new]) => self.trees(&path(member), member, old, new)?,
                _ => self.lists(&path(member), member, old, new)?,
            }
        }
        Ok(())
    }

    /// Whether this is a page of events that counts all that the recorded server had ever seen, not only what the
    /// recording tells of. Its own rows are still compared.
    fn is_page_of_history(&self, recorded: &[(&str, Vec<&Tree>)]) -> bool {
        let counts =
            |(member, trees): &(&str, Vec<&Tree>)| (*member == "count").then(|| number(trees.first()?))?;
        self.command.eq_ignore_ascii_case("listEvents")
            && recorded.iter().find_map(counts).is_some_and(|count| count > shown(recorded))
    }

    /// Rows in the recorded order or, failing that, in any: upstream sorts few of its lists.
    fn lists(&mut self, at: &str, name: &str, recorded: &[&Tree], live: &[&Tree]) -> Result<(), Difference> {
        if HISTORIES.contains(&name) && !recorded.is_empty() && !live.is_empty() {
            return self.histories(at, name, recorded, live);
        }
        let is_shared = self.rows != Rows::Exact && depth(at) == 1;
        if recorded.len() != live.len() && !(is_shared && live.len() < recorded.len()) {
            let rows = |count: usize| format!("{count} elements");
            return Err(Difference::new(at, rows(recorded.len()), rows(live.len())));
        }
        if is_shared {
            let spare = if self.rows == Rows::Newest { of_the_oldest_second(recorded) } else { 0 };
            return self.matched(at, name, live, recorded, true, spare);
        }
        self.matched(at, name, recorded, live, false, 0)
    }

    /// Each live record must look like a recorded one, however many there are.
    fn histories(
        &mut self,
        at: &str,
        name: &str,
        recorded: &[&Tree],
        live: &[&Tree],
    ) -> Result<(), Difference> {
        for (index, new) in live.iter().enumerate() {
            let path = format!("{at}[{index}]");
            let mut first = None;
            let fits = recorded.iter().any(|old| {
                let mark = self.learnt.mark();
                let Err(difference) = self.trees(&path, name, old, new) else { return true };
                self.learnt.forget_since(mark);
                first.get_or_insert(difference);
                false
            });
            if let Some(difference) = first.filter(|_| !fits) {
                return Err(difference);
            }
        }
        Ok(())
    }

    /// Finds a partner in `others` for each of `rows`, of which the first few may be spare; `swapped` tells that
    /// `others` are the recorded ones.
    fn matched(
        &mut self,
        at: &str,
        name: &str,
        rows: &[&Tree],
        others: &[&Tree],
        swapped: bool,
        spare: usize,
    ) -> Result<(), Difference> {
        let mut free: Vec<usize> = (0..others.len()).collect();
        for (index, row) in rows.iter().enumerate() {
            let mut order = free.clone();
            // The row in the same place first, then rows that bear the same name.
            order.sort_by_key(|&other| (other != index, !is_akin(row, others[other])));
            let mut best: Option<(bool, Difference)> = None;
            let mut partner = None;
            for other in order {
                let mark = self.learnt.mark();
                let path = format!("{at}[{index}]");
                let (old, new) = if swapped { (others[other], *row) } else { (*row, others[other]) };
                match self.trees(&path, name, old, new) {
                    Ok(()) => {
                        partner = Some(other);
                        break;
                    }
                    Err(difference) => {
                        self.learnt.forget_since(mark);
                        let is_akin = is_akin(row, others[other]);
                        if best.as_ref().is_none_or(|(was_akin, _)| is_akin && !was_akin) {
                            best = Some((is_akin, difference));
                        }
                    }
                }
            }
            match (partner, best) {
                (Some(partner), _) => free.retain(|&other| other != partner),
                (None, _) if index < spare => {}
                (None, Some((_, difference))) => return Err(difference),
                (None, None) => return Err(Difference::new(at, "no such row", row)),
            }
        }
        Ok(())
    }
}

/// How many steps a place is below the root; the root of XML bears a version in quotation marks.
fn depth(at: &str) -> usize {
    at.split('"').step_by(2).map(|outside| outside.matches('.').count()).sum()
}

/// How many rows of a page, oldest first, are of its oldest second; none if there is no newer one to judge it by.
fn of_the_oldest_second(rows: &[&Tree]) -> usize {
    let created = |row: &&Tree| row.get("created").and_then(Tree::text).map(str::to_owned);
    let Some(oldest) = rows.first().and_then(created) else { return 0 };
    let tied = rows.iter().take_while(|row| created(row).as_ref() == Some(&oldest)).count();
    if tied < rows.len() { tied } else { 0 }
}

/// Whether two rows bear the same name.
fn is_akin(left: &Tree, right: &Tree) -> bool {
    ["name", "username", "type", "key", "description"].iter().any(|name| {
        matches!((left.get(name), right.get(name)), (Some(Tree::Scalar(_, left)), Some(Tree::Scalar(_, right))) if left == right)
    })
}

/// What a scalar counts.
fn number(tree: &Tree) -> Option<usize> {
    tree.text()?.parse().ok()
}

/// How many rows the members of a list answer show beside the count.
fn shown(members: &[(&str, Vec<&Tree>)]) -> usize {
    let rows = members.iter().filter(|(member, _)| *member != "count").flat_map(|(_, trees)| trees);
    rows.map(|tree| if let Tree::List(rows) = tree { rows.len() } else { 1 }).sum()
}

/// Members of the same name next to each other are one list, as XML writes lists.
fn runs(members: &[(String, Tree)]) -> Vec<(&str, Vec<&Tree>)> {
    let mut runs: Vec<(&str, Vec<&Tree>)> = Vec::new();
    for (name, tree) in members {
        match runs.last_mut() {
            Some((last, trees)) if *last == name => trees.push(tree),
            _ => runs.push((name, vec![tree])),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compare(rows: Rows, recorded: &str, live: &str) -> Result<(), Difference> {
        let mut learnt = Learnt::default();
        Comparison { learnt: &mut learnt, extent: Extent::Wire, rows, command: "x", momentary: &[] }
            .guessed(recorded, live)
    }

    fn place(recorded: &str, live: &str) -> Option<String> {
        compare(Rows::Exact, recorded, live).err().map(|difference| difference.at)
    }

    #[test]
    fn members_kinds_order_and_values_count() {
        let recorded = r#"{"r":{"count":1,"zone":[{"id":"1","ok":true}]}}"#;
        assert_eq!(place(recorded, recorded), None);
        for (live, at) in [
            (r#"{"r":{"count":1,"zone":[{"id":"1"}]}}"#, "r.zone[0].ok"),
            (r#"{"r":{"count":1,"zone":[{"id":"1","ok":"true"}]}}"#, "r.zone[0].ok"),
            (r#"{"r":{"count":1,"zone":[{"ok":true,"id":"1"}]}}"#, "r.zone[0].(order of members)"),
            (r#"{"r":{"count":1,"zone":[{"id":"2","ok":true}]}}"#, "r.zone[0].id"),
            (r#"{"r":{"count":1,"zone":[]}}"#, "r.zone"),
            ("{", "body"),
        ] {
            assert_eq!(place(recorded, live).as_deref(), Some(at));
        }
    }

    #[test]
    fn one_identifier_stands_for_one_thing() {
        let id = |n: u8| format!("fe380496-ac79-4dc4-ac5f-3fe701ad690{n}");
        let body = |a: u8, b: u8| format!(r#"{{"r":{{"a":"{}","b":"{}"}}}}"#, id(a), id(b));
        assert_eq!(place(&body(1, 1), &body(2, 2)), None);
        assert_eq!(place(&body(1, 2), &body(3, 3)).as_deref(), Some("r.b"));
        assert_eq!(place(&body(1, 1), &body(3, 4)).as_deref(), Some("r.b"));
    }

    #[test]
    fn a_page_of_events_counts_what_went_before_and_tells_its_rows() {
        let compare = |command: &str, recorded: &str, live: &str| {
            let (mut learnt, extent, rows) = (Learnt::default(), Extent::Wire, Rows::Exact);
            let mut comparison = Comparison { learnt: &mut learnt, extent, rows, command, momentary: &[] };
            comparison.guessed(recorded, live).err().map(|difference| difference.at)
        };
        let page = r#"{"r":{"count":13,"event":[{"type":"A"},{"type":"B"}]}}"#;
        let fewer = r#"{"r":{"count":2,"event":[{"type":"A"},{"type":"B"}]}}"#;
        assert_eq!(compare("listEvents", page, fewer), None);
        for (command, recorded, live, at) in [
            // Another row, a count that its own rows refute, a list that is no page, and one that is no history.
            (
                "listEvents",
                page,
                r#"{"r":{"count":2,"event":[{"type":"A"},{"type":"C"}]}}"#,
                "r.event[1].type",
            ),
            ("listEvents", page, r#"{"r":{"count":1,"event":[{"type":"A"},{"type":"B"}]}}"#, "r.count"),
            ("listEvents", fewer, page, "r.count"),
            ("listUsers", page, fewer, "r.count"),
        ] {
            assert_eq!(compare(command, recorded, live).as_deref(), Some(at));
        }
        let page = "<r><count>13</count><event><type>A</type></event><event><type>B</type></event></r>";
        let fewer = "<r><count>2</count><event><type>A</type></event><event><type>B</type></event></r>";
        assert_eq!(compare("listEvents", page, fewer), None);
        assert_eq!(compare("listUsers", page, fewer).as_deref(), Some("r.count"));
    }

    #[test]
    fn a_history_may_be_longer_or_shorter_but_not_other() {
        let body = |stats: &str| format!(r#"{{"r":{{"count":1,"vm":[{{"name":"a","stats":[{stats}]}}]}}}}"#);
        let (one, other) = (r#"{"name":"x"}"#, r#"{"name":"y"}"#);
        let recorded = body(&[one, one, one].join(","));
        assert_eq!(place(&recorded, &body(one)), None);
        assert_eq!(place(&body(one), &recorded), None);
        let (with_another, empty) = (body(&[one, other].join(",")), body(""));
        for (old, new) in
            [(&recorded, body(r#"{"nam":"x"}"#)), (&recorded, empty.clone()), (&empty, body(one))]
        {
            assert!(place(old, &new).is_some_and(|at| at.starts_with("r.vm[0].stats")), "{new}");
        }
        assert_eq!(place(&recorded, &with_another).as_deref(), Some("r.vm[0].stats[1].name"));
    }

    #[test]
    fn rows_may_come_in_another_order() {
        let recorded = r#"{"r":{"a":[{"name":"x"},{"name":"y"}]}}"#;
        assert_eq!(place(recorded, r#"{"r":{"a":[{"name":"y"},{"name":"x"}]}}"#), None);
        assert_eq!(
            place(recorded, r#"{"r":{"a":[{"name":"y"},{"name":"y"}]}}"#).as_deref(),
            Some("r.a[0].name")
        );
        let fewer = r#"{"r":{"a":[{"name":"y"}]}}"#;
        assert_eq!(place(recorded, fewer).as_deref(), Some("r.a"));
        assert!(compare(Rows::Shared, recorded, fewer).is_ok());
        assert!(compare(Rows::Shared, recorded, r#"{"r":{"a":[{"name":"z"}]}}"#).is_err());
        let root = r#"r cloud-stack-version="4.22.0.0-SNAPSHOT""#;
        let [recorded, fewer] = [2, 1].map(|rows| format!("<{root}>{}</r>", "<a><b>1</b></a>".repeat(rows)));
        assert!(compare(Rows::Shared, &recorded, &fewer).is_ok());
    }

    #[test]
    fn what_is_still_on_a_page_of_one_second_is_up_to_the_database() {
        let event = |second: u8, state: &str| {
            format!(r#"{{"state":"{state}","created":"2026-11-23T11:15:{second}+0000"}}"#)
        };
        let page = |rows: &[String]| format!(r#"{{"r":{{"count":9,"event":[{}]}}}}"#, rows.join(","));
        let recorded = page(&[event(36, "a"), event(37, "b"), event(37, "c")]);
        let same = |live: &str, rows| compare(rows, &recorded, live).is_ok();
        let other_of_the_second = page(&[event(40, "z"), event(41, "b"), event(41, "c")]);
        assert!(same(&other_of_the_second, Rows::Newest) && !same(&other_of_the_second, Rows::Shared));
        // What is newer must be there, and where all is of one second nothing tells where the page ends.
        assert!(!same(&page(&[event(40, "a"), event(41, "z"), event(41, "c")]), Rows::Newest));
        assert!(!same(&page(&[event(40, "z"), event(41, "z"), event(41, "c")]), Rows::Newest));
        let recorded = page(&[event(36, "a"), event(36, "b")]);
        assert!(compare(Rows::Newest, &recorded, &page(&[event(36, "z"), event(36, "b")])).is_err());
    }

    #[test]
    fn xml_is_compared_alike() {
        let recorded = "<r><count>2</count><a><name>x</name></a><a><name>y</name></a></r>";
        assert_eq!(
            place(recorded, "<r><count>2</count><a><name>y</name></a><a><name>x</name></a></r>"),
            None
        );
        assert_eq!(place(recorded, "<r><count>2</count><a><name>x</name></a></r>").as_deref(), Some("r.a"));
    }
}
