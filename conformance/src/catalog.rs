//! What the suite must know of a command before it sends it, and with which release a command or parameter came.
//!
//! The facts come from `fixtures/catalog/commands.jsonl` by way of the build script. The simulator reads the same
//! file with code of its own. What a command's parameters are is not needed here: checks name them.

use crate::release::Release;

include!(concat!(env!("OUT_DIR"), "/commands.rs"));

/// One command of the query API.
#[derive(Debug)]
pub(crate) struct Command {
    /// As sent in `command=`.
    pub(crate) name: &'static str,
    /// Key of the envelope (API-RSP-004).
    pub(crate) response_name: &'static str,
    /// The envelope of a refusal; the code of a few commands names it otherwise.
    pub(crate) error_name: &'static str,
    /// Answers with a job.
    #[expect(dead_code, reason = "checks of jobs choose their commands by it")]
    pub(crate) is_async: bool,
    /// Named like a query: `list…`, `get…`, `find…`, `query…` and a few others (API-HTTP-030).
    reads: bool,
    /// Has a parameter `id`.
    pub(crate) takes_id: bool,
}

/// With which releases a command and its parameters came. The table is in the order of names.
pub(crate) struct Arrivals {
    /// The command.
    name: &'static str,
    /// When it came; none for a command that a server must be told to have, whose absence proves nothing.
    pub(crate) command: Option<Arrival>,
    /// When its parameters came, as far as anything is known.
    pub(crate) parameters: &'static [Arrival],
}

/// What is known of the release that something came with; empty where nothing is.
pub(crate) struct Arrival {
    /// The command or parameter.
    pub(crate) name: &'static str,
    /// The newest release that was seen without it.
    absent: &'static str,
    /// The oldest release that was seen with it.
    seen: &'static str,
    /// The release in its annotation.
    since: &'static str,
}

impl Arrival {
    /// Whether it came later than a release: its annotation says so, or there is none and that release or a newer one
    /// was seen without it. What was seen in that release or an older one did not come later, whatever is said.
    pub(crate) fn is_after(&self, release: &Release) -> bool {
        let was_seen = Release::parse(self.seen).is_some_and(|seen| seen <= *release);
        let is_later = match Release::parse(self.since) {
            Some(since) => *release < since,
            None => Release::parse(self.absent).is_some_and(|absent| *release <= absent),
        };
        is_later && !was_seen
    }
}

/// The history of a command, by its exact name.
pub(crate) fn arrivals(name: &str) -> Option<&'static Arrivals> {
    ARRIVALS.binary_search_by(|arrivals| arrivals.name.cmp(name)).ok().map(|index| &ARRIVALS[index])
}

/// Commands that are named like queries but leave something behind on the server: upload slots, archives,
/// another session.
const CHANGES_IN_DISGUISE: &[&str] = &[
    "getDiagnosticsData",
    "getSPMetadata",
    "getUploadParamsForIso",
    "getUploadParamsForKubernetesSupportedVersion",
    "getUploadParamsForTemplate",
    "getUploadParamsForVolume",
    "listAndSwitchSamlAccount",
    "verifyOAuthCodeAndGetUser",
];

/// Commands that open and close a session; they change nothing that outlives it.
const SESSION: &[&str] = &["login", "logout"];

/// Looks a command up by its exact name.
pub(crate) fn find(name: &str) -> Option<&'static Command> {
    COMMANDS.binary_search_by(|command| command.name.cmp(name)).ok().map(|index| &COMMANDS[index])
}

/// Whether a request with this `command` may change anything on the target.
///
/// Letter case does not count: a lenient server may understand `DEPLOYVIRTUALMACHINE`. An unknown name can only be
/// refused, unless it is a command that the catalogue has not seen yet; those are judged by their first word.
pub(crate) fn changes(name: &str) -> bool {
    let known = COMMANDS.iter().find(|command| command.name.eq_ignore_ascii_case(name));
    let listed = |names: &[&str]| names.iter().any(|other| other.eq_ignore_ascii_case(name));
    match known {
        Some(_) if listed(SESSION) => false,
        Some(command) => !command.reads || listed(CHANGES_IN_DISGUISE),
        None => CHANGING_WORDS.iter().any(|word| name.to_ascii_lowercase().starts_with(word)),
    }
}

/// Whether this is a known command that only asks, and does not open or close a session.
pub(crate) fn asks(name: &str) -> bool {
    find(name).is_some() && !changes(name) && !SESSION.contains(&name)
}

/// First words of commands that change something.
const CHANGING_WORDS: &[&str] = &[
    "activate",
    "add",
    "allocate",
    "archive",
    "assign",
    "associate",
    "attach",
    "authorize",
    "cancel",
    "change",
    "configure",
    "copy",
    "create",
    "dedicate",
    "delete",
    "deploy",
    "destroy",
    "disable",
    "enable",
    "expunge",
    "import",
    "migrate",
    "mark",
    "prepare",
    "reboot",
    "recover",
    "register",
    "release",
    "remove",
    "replace",
    "reset",
    "resize",
    "restart",
    "restore",
    "revert",
    "revoke",
    "scale",
    "start",
    "stop",
    "suspend",
    "update",
    "upload",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_that_the_server_takes_for_a_change_is_one_here() {
        for command in COMMANDS.iter().filter(|command| !SESSION.contains(&command.name)) {
            if !command.reads {
                assert!(changes(command.name), "{} would be sent to a read-only target", command.name);
            }
        }
    }

    #[test]
    fn queries_are_named_like_queries() {
        let query = |name: &str| ["list", "get", "find", "query"].iter().any(|word| name.starts_with(word));
        let others: Vec<_> =
            COMMANDS.iter().map(|c| c.name).filter(|name| !changes(name) && !query(name)).collect();
        let expected = [
            "cloudianIsEnabled",
            "isAccountAllowedToCreateOfferingsWithTags",
            "login",
            "logout",
            "quotaBalance",
            "quotaIsEnabled",
            "quotaStatement",
            "quotaSummary",
            "quotaTariffList",
            "readyForShutdown",
        ];
        assert_eq!(others, expected);
    }

    #[test]
    fn letter_case_hides_no_change() {
        assert!(changes("DEPLOYvirtualMachine"));
        assert!(changes("createSomethingNew"));
        assert!(!changes("listusers"));
        assert!(!changes("noSuchCommand"));
    }

    #[test]
    fn the_history_tells_what_came_later() {
        let release = |text: &str| Release::parse(text).unwrap();
        let is_after = |name: &str, text: &str| {
            arrivals(name)
                .and_then(|one| one.command.as_ref())
                .is_some_and(|one| one.is_after(&release(text)))
        };
        // Without an annotation: a listing of 4.11 lacks it, and nobody looked before 4.15.1.
        assert!(is_after("archiveSnapshot", "4.11") && !is_after("archiveSnapshot", "4.12"));
        // Nobody looked between 4.18 and 4.22; the annotation says 4.21.
        assert!(is_after("listExtensions", "4.20.1") && !is_after("listExtensions", "4.21"));
        assert!(!is_after("listZones", "4.11") && !is_after("noSuchCommand", "4.11"));
        let deploy = arrivals("deployVirtualMachine").unwrap();
        let parameter = deploy.parameters.iter().find(|parameter| parameter.name == "userdataid").unwrap();
        assert!(parameter.is_after(&release("4.17.2")) && !parameter.is_after(&release("4.18")));
        // The annotation says 4.16.0, yet 4.15.2 had it with another length, and no listing since 4.11 came without it.
        let update = arrivals("updateVirtualMachine").unwrap();
        let parameter = update.parameters.iter().find(|parameter| parameter.name == "userdata").unwrap();
        assert!(!parameter.is_after(&release("4.11")));
    }

    #[test]
    fn each_disguise_is_a_command() {
        for name in CHANGES_IN_DISGUISE.iter().chain(SESSION) {
            assert!(find(name).is_some(), "{name}");
        }
    }
}
