//! What the suite must know of a command before it sends it.
//!
//! The facts come from `fixtures/catalog/commands.jsonl` by way of the build script. The simulator reads the same
//! file with code of its own. What a command's parameters are is not needed here: checks name them.

include!(concat!(env!("OUT_DIR"), "/commands.rs"));

/// One command of the query API.
#[derive(Debug)]
pub(crate) struct Command {
    /// As sent in `command=`.
    pub(crate) name: &'static str,
    /// Key of the envelope (API-RSP-004).
    pub(crate) response_name: &'static str,
    /// Answers with a job.
    #[expect(dead_code, reason = "checks of jobs choose their commands by it")]
    pub(crate) is_async: bool,
    /// Named like a query: `list…`, `get…`, `find…`, `query…` and a few others (API-HTTP-030).
    reads: bool,
    /// Has a parameter `id`.
    pub(crate) takes_id: bool,
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
    fn each_disguise_is_a_command() {
        for name in CHANGES_IN_DISGUISE.iter().chain(SESSION) {
            assert!(find(name).is_some(), "{name}");
        }
    }
}
