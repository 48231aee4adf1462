//! The command line: what can be said, as clap reads it. What is done with it is next door.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::{check::Profile, report::Kind};

/// Judges a cloud that claims to speak the CloudStack query API.
///
/// Without a target it judges the simulator that it carries. A target of your own is only read from, unless you pass
/// --allow-changes.
#[derive(Debug, Parser)]
#[command(
    name = "cloudstack-conformance",
    version,
    args_conflicts_with_subcommands = true,
    max_term_width = 100
)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Option<Command>,
    #[command(flatten)]
    pub(super) run: RunArguments,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Judge a target; what happens without a subcommand
    Run(RunArguments),
    /// List the checks
    List(ListArguments),
    /// Tell everything about one check or one rule
    Explain {
        /// The id of a check, such as signing/unsigned, or of a rule, such as API-SIG-004
        id: String,
    },
    /// List the rules of the protocol and the checks that cover them
    Requirements,
    /// Find out whether a target can be tested
    Doctor(TargetArguments),
    /// Play recordings of a real server to a target and compare the answers
    Replay(ReplayArguments),
    /// Remove what a killed run left on a target, and only that
    Cleanup(CleanupArguments),
}

#[derive(Debug, Args)]
pub(super) struct ReplayArguments {
    /// Beginnings of ids, such as login/; all recordings if absent
    pub(super) ids: Vec<String>,
    /// List the recordings and play nothing
    #[arg(long)]
    pub(super) list: bool,
    /// Print only the ids that differ, as the list of open ones has them
    #[arg(long, hide = true)]
    pub(super) open: bool,
    /// The folder of the recordings; fixtures/recorded here or above if absent
    #[arg(long, value_name = "DIR")]
    pub(super) recordings: Option<PathBuf>,
    #[command(flatten)]
    pub(super) target: TargetArguments,
}

#[derive(Debug, Args)]
pub(super) struct ListArguments {
    /// Parts of ids
    pub(super) filters: Vec<String>,
    /// Only the checks of this profile
    #[arg(long, value_enum, default_value_t = Profile::Full)]
    pub(super) profile: Profile,
}

#[derive(Debug, Args)]
pub(super) struct CleanupArguments {
    #[command(flatten)]
    pub(super) target: TargetArguments,
    /// The ledger of the killed run
    #[arg(long, value_name = "FILE")]
    pub(super) ledger: Option<PathBuf>,
}

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Target (none: the embedded simulator)")]
pub(super) struct TargetArguments {
    /// URL of the API; also CLOUDSTACK_ENDPOINT
    #[arg(long, value_name = "URL")]
    pub(super) endpoint: Option<String>,
    /// API key; better CLOUDSTACK_KEY
    #[arg(long, value_name = "KEY")]
    pub(super) api_key: Option<String>,
    /// Secret of the API key; better CLOUDSTACK_SECRET
    #[arg(long, value_name = "SECRET")]
    pub(super) secret_key: Option<String>,
    /// User name, for checks of sessions
    #[arg(long, value_name = "NAME")]
    pub(super) username: Option<String>,
    /// Password of the user; better in a target file
    #[arg(long, value_name = "PASSWORD")]
    pub(super) password: Option<String>,
    /// Path of the user's domain
    #[arg(long, value_name = "PATH")]
    pub(super) domain: Option<String>,
    /// Base URL of a virtual router
    #[arg(long, value_name = "URL")]
    pub(super) router: Option<String>,
    /// Local address to speak to the router from; twice for two guests
    #[arg(long, value_name = "ADDRESS")]
    pub(super) guest: Vec<String>,
    /// Resolver of a virtual router, asked from the guest's address
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(super) dns: Option<String>,
    /// DHCP server of the virtual routers that answers where it is asked from
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(super) dhcp: Option<String>,
    /// A guest's config drive, an image of ISO 9660
    #[arg(long, value_name = "FILE")]
    pub(super) drive: Option<String>,
    /// What a guest's DHCP client noted down, whichever client; alone, it leads to the router. On a guest, `search` looks
    /// where the clients of all distributions keep theirs
    #[arg(long, value_name = "FILE|search")]
    pub(super) lease: Option<String>,
    /// The interface whose lease counts, if the file has leases of several; the last one if absent
    #[arg(long, value_name = "NAME")]
    pub(super) interface: Option<String>,
    /// URL of the unauthenticated port
    #[arg(long, value_name = "URL")]
    pub(super) integration: Option<String>,
    /// A file that says all this
    #[arg(long, value_name = "FILE")]
    pub(super) target: Option<PathBuf>,
    /// A section of ~/.cloudstack.ini
    #[arg(long, value_name = "SECTION", num_args = 0..=1, default_missing_value = "cloudstack", require_equals = true)]
    pub(super) ini: Option<String>,
    /// A profile of cmk
    #[arg(long, value_name = "PROFILE", num_args = 0..=1, default_missing_value = "", require_equals = true)]
    pub(super) cmk: Option<String>,
    /// Seconds that one exchange may take
    #[arg(long, value_name = "SECONDS", default_value_t = 30.0, value_parser = seconds)]
    pub(super) deadline: f64,
}

#[derive(Debug, Args)]
pub(super) struct RunArguments {
    /// Parts of ids, such as signing/; all checks if absent
    pub(super) filters: Vec<String>,
    /// The check with exactly this id
    #[arg(long, value_name = "ID")]
    pub(super) check: Vec<String>,
    /// What the run may do: read-only for a target of your own, core for the embedded simulator
    #[arg(long, value_enum)]
    pub(super) profile: Option<Profile>,
    /// Let a profile that changes things loose on a target of your own
    #[arg(long)]
    pub(super) allow_changes: bool,
    /// terminal, json, junit, html, tap, markdown or github, and where to write it
    #[arg(long, value_name = "KIND[=PATH]", value_parser = report_to)]
    pub(super) report: Vec<(Kind, Option<PathBuf>)>,
    /// Deviations that you know of
    #[arg(long, value_name = "FILE")]
    pub(super) known: Option<PathBuf>,
    /// Repeats generated values
    #[arg(long, value_name = "N")]
    pub(super) seed: Option<u64>,
    /// Generated cases per property
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(super) cases: u32,
    /// Checks at the same time; by default one on each processor, at least 4
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(super) workers: Option<u16>,
    /// At most so many requests per second
    #[arg(long, value_name = "N", value_parser = rate)]
    pub(super) rate: Option<f64>,
    /// Only this part of the checks
    #[arg(long, value_name = "I/N", value_parser = shard)]
    pub(super) shard: Option<(usize, usize)>,
    /// A SHOULD decides like a MUST
    #[arg(long)]
    pub(super) strict: bool,
    /// Where to note what was created
    #[arg(long, value_name = "FILE")]
    pub(super) ledger: Option<PathBuf>,
    #[command(flatten)]
    pub(super) target: TargetArguments,
}

fn report_to(text: &str) -> Result<(Kind, Option<PathBuf>), String> {
    match text.split_once('=') {
        Some((_, "")) => Err("the path is missing".to_owned()),
        Some((kind, path)) => Ok((kind.parse()?, Some(path.into()))),
        None => Ok((text.parse()?, None)),
    }
}

fn shard(text: &str) -> Result<(usize, usize), String> {
    let parts =
        text.split_once('/').and_then(|(part, parts)| Some((part.parse().ok()?, parts.parse().ok()?)));
    match parts {
        Some((part, parts)) if (1..=parts).contains(&part) => Ok((part, parts)),
        _ => Err("write 1/3 for the first of three parts".to_owned()),
    }
}

fn rate(text: &str) -> Result<f64, String> {
    match text.trim_end_matches("/s").parse::<f64>() {
        Ok(rate) if rate.is_finite() && rate > 0.0 => Ok(rate),
        _ => Err("write 10 or 10/s for ten requests per second".to_owned()),
    }
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if (0.001..=86400.0).contains(&seconds) => Ok(seconds),
        _ => Err("write a number of seconds".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_declaration_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn shards_are_counted_from_one() {
        assert_eq!(shard("2/3"), Ok((2, 3)));
        for text in ["0/3", "4/3", "1", "a/b", "1/0", ""] {
            assert!(shard(text).is_err(), "{text}");
        }
    }
}
