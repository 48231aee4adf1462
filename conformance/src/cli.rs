//! Arguments in, exit code out. Prints nothing itself: [`main`] hands back what is to be printed.

mod arguments;
mod told;

use std::{
    env, fs,
    io::{IsTerminal as _, Write as _},
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use arguments::{Arguments, CleanupArguments, Command, ReplayArguments, RunArguments, TargetArguments};
use clap::{CommandFactory as _, FromArgMatches as _};
use told::{explained, known_check, listed, requirements};

use crate::{
    check::Profile,
    doctor,
    known::Known,
    ledger::Ledger,
    replay::{self, Replay, ReplayError, Stage},
    report::{Conclusion, Kind},
    runner::{self, Selection},
    settings::{Settings, SettingsError},
    target::{Guest, Limits, Target, stand_in},
    wire::lease::{self, LeaseError},
};

/// How a run ends, for scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitCode {
    /// 0: at least one check judged, and every judged MUST passes or is a known deviation.
    Conformant,
    /// 1: not conformant, or the known-deviation file is wrong.
    NotConformant,
    /// 2: the command line or a file is wrong; nothing was sent.
    Usage,
    /// 3: the target could not be tested; the doctor's finding is printed.
    NotTested,
    /// 4: nothing was judged, all skipped or filtered out.
    NothingJudged,
    /// 5: judged, but resources of ours remain on the target.
    Remaining,
}

impl ExitCode {
    /// The number that the process ends with.
    pub fn number(self) -> u8 {
        match self {
            Self::Conformant => 0,
            Self::NotConformant => 1,
            Self::Usage => 2,
            Self::NotTested => 3,
            Self::NothingJudged => 4,
            Self::Remaining => 5,
        }
    }
}

impl From<Conclusion> for ExitCode {
    fn from(conclusion: Conclusion) -> Self {
        match conclusion {
            Conclusion::Conformant => Self::Conformant,
            Conclusion::NotConformant => Self::NotConformant,
            Conclusion::NotTested => Self::NotTested,
            Conclusion::NothingJudged => Self::NothingJudged,
            Conclusion::Remaining => Self::Remaining,
        }
    }
}

/// What the process prints, and how it ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Printed {
    /// For standard output.
    pub output: String,
    /// For standard error.
    pub errors: String,
    /// How it ends.
    pub code: ExitCode,
}

impl Printed {
    fn output(output: String) -> Self {
        Self { output, errors: String::new(), code: ExitCode::Conformant }
    }

    fn failure(code: ExitCode, message: &str, hint: &str) -> Self {
        Self { output: String::new(), errors: format!("error: {message}\nhint: {hint}\n"), code }
    }
}

impl From<SettingsError> for Printed {
    fn from(error: SettingsError) -> Self {
        Self::failure(ExitCode::Usage, &error.message, &error.hint)
    }
}

/// Runs the program with these arguments, the first of which is its name.
pub fn main(arguments: impl IntoIterator<Item = std::ffi::OsString>) -> Printed {
    let parsed = Arguments::command()
        .try_get_matches_from(arguments)
        .and_then(|matches| Arguments::from_arg_matches(&matches));
    let arguments = match parsed {
        Ok(arguments) => arguments,
        Err(error) if error.use_stderr() => {
            return Printed { output: String::new(), errors: error.to_string(), code: ExitCode::Usage };
        }
        Err(error) => return Printed::output(error.to_string()),
    };
    let result = match arguments.command {
        None => judge(&arguments.run),
        Some(Command::Run(run)) => judge(&run),
        Some(Command::List(list)) => Ok(listed(&list)),
        Some(Command::Explain { id }) => explained(&id),
        Some(Command::Requirements) => Ok(Printed::output(requirements())),
        Some(Command::Doctor(target)) => examined(&target),
        Some(Command::Replay(replay)) => replayed(&replay),
        Some(Command::Cleanup(cleanup)) => cleaned(&cleanup),
    };
    result.unwrap_or_else(|printed| printed)
}

fn judge(arguments: &RunArguments) -> Result<Printed, Printed> {
    let settings = settings(&arguments.target)?;
    let profile = chosen_profile(arguments, settings.is_some())?;
    let settings = match settings {
        Some(settings) if profile == Profile::Guest => Some(from_inside(settings)?),
        settings => settings,
    };
    let known = match &arguments.known {
        Some(path) => Known::from_file(path)?,
        None => Known::default(),
    };
    for id in &arguments.check {
        known_check(id)?;
    }
    let selection = Selection {
        profile,
        filters: arguments.filters.clone(),
        ids: arguments.check.clone(),
        shard: arguments.shard,
        workers: arguments.workers.map_or(0, usize::from),
        strict: arguments.strict,
        known,
    };
    if selection.checks().is_empty() {
        return Err(nothing_selected(&selection));
    }
    let limits = Limits {
        may_change: profile > Profile::ReadOnly,
        deadline: Duration::from_secs_f64(arguments.target.deadline),
        rate: arguments.rate.unwrap_or(0.0),
        seed: arguments.seed.unwrap_or(1),
        cases: arguments.cases,
        ..Limits::default()
    };
    let Some(settings) = settings else {
        return judge_embedded(arguments, limits, &selection);
    };
    let ledger = if limits.may_change { Some(open_ledger(arguments.ledger.as_deref())?) } else { None };
    judge_target(arguments, &Target::new(settings, limits, ledger), &selection)
}

#[cfg(feature = "embedded")]
fn judge_embedded(
    arguments: &RunArguments,
    limits: Limits,
    selection: &Selection,
) -> Result<Printed, Printed> {
    judge_target(arguments, &crate::embedded::target(limits, &[])?, selection)
}

#[cfg(not(feature = "embedded"))]
fn judge_embedded(_: &RunArguments, _: Limits, _: &Selection) -> Result<Printed, Printed> {
    Err(no_target())
}

fn judge_target(
    arguments: &RunArguments,
    target: &Target,
    selection: &Selection,
) -> Result<Printed, Printed> {
    // A file that cannot be written is found out before the run, not after it.
    let mut outputs = open_outputs(arguments)?;
    if let Some(finding) = doctor::obstacle(target) {
        return Err(Printed::failure(
            ExitCode::NotTested,
            &finding.what,
            finding.hint.as_deref().unwrap_or("run the subcommand doctor"),
        ));
    }
    let report = runner::run(target, selection);
    if report.remaining.is_empty()
        && let Some(ledger) = target.ledger()
    {
        // Entries of other runs may still be in it.
        if Ledger::open(ledger.path()).is_ok_and(|(_, left)| left.is_empty()) {
            ledger.clear().ok();
        }
    }

    let mut printed = Printed::output(String::new());
    printed.code = report.conclusion().into();
    for (kind, output) in &mut outputs {
        match output {
            Some((path, file)) => file.write_all(kind.write(&report).as_bytes()).map_err(|error| {
                unwritable(path, &error, "is the disk full? the verdicts of this run are lost")
            })?,
            None if std::io::stdout().is_terminal() && env::var_os("NO_COLOR").is_none() => {
                printed.output.push_str(&kind.write_coloured(&report));
            }
            None => printed.output.push_str(&kind.write(&report)),
        }
    }
    Ok(printed)
}

/// Where the reports go: a file, or standard output.
type Output = (Kind, Option<(PathBuf, fs::File)>);

fn open_outputs(arguments: &RunArguments) -> Result<Vec<Output>, Printed> {
    if arguments.report.is_empty() {
        return Ok(vec![(Kind::Terminal, None)]);
    }
    let mut outputs = Vec::new();
    for (kind, path) in &arguments.report {
        let output = match path {
            Some(path) => {
                let file = fs::File::create(path)
                    .map_err(|error| unwritable(path, &error, "check the path; nothing was sent"))?;
                Some((path.clone(), file))
            }
            None => None,
        };
        outputs.push((*kind, output));
    }
    Ok(outputs)
}

fn unwritable(path: &Path, error: &std::io::Error, hint: &str) -> Printed {
    Printed::failure(ExitCode::Usage, &format!("could not write {}: {error}", path.display()), hint)
}

/// The named target, or nothing for the embedded one.
fn settings(arguments: &TargetArguments) -> Result<Option<Settings>, Printed> {
    let home = || env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
    let arguments = &TargetArguments { lease: found_lease(arguments)?, ..arguments.clone() };
    let mut named = Settings {
        endpoint: arguments.endpoint.clone(),
        api_key: arguments.api_key.clone(),
        secret_key: arguments.secret_key.clone(),
        username: arguments.username.clone(),
        password: arguments.password.clone(),
        domain: arguments.domain.clone(),
        router: arguments.router.clone(),
        integration: arguments.integration.clone(),
        dns: arguments.dns.clone(),
        dhcp: arguments.dhcp.clone(),
        lease: arguments.lease.clone(),
        drive: arguments.drive.clone(),
        interface: arguments.interface.clone(),
        user: None,
        directory: None,
        enforces_post: false,
        guests: arguments
            .guest
            .iter()
            .map(|address| crate::target::Guest {
                name: address.clone(),
                address: address.clone(),
                source: source_of(address, arguments.router.as_deref()),
                ..Default::default()
            })
            .collect(),
        arguments: spelled(arguments),
    };
    if let Some(path) = &arguments.target {
        named = named.or(Settings::from_file(path)?);
    }
    if let Some(section) = &arguments.ini {
        named = named.or(Settings::from_ini(&home().join(".cloudstack.ini"), section)?);
    }
    if let Some(profile) = &arguments.cmk {
        let profile = Some(profile.as_str()).filter(|profile| !profile.is_empty());
        named = named.or(Settings::from_cmk(&home().join(".cmk/config"), profile)?);
    }
    let environment = Settings::from_environment();
    // Keys from the environment complete a target that was named otherwise, but never send it elsewhere.
    let elsewhere = named.names_a_target() && named.endpoint.is_none();
    let environment = if elsewhere { Settings::default() } else { environment };
    let mut settings = named.or(environment);
    if settings.leads_to_its_router_by_lease_alone() {
        settings.router = Some(router_of(&lease_file(&settings)?, &settings)?);
    }
    if let Some(endpoint) = &settings.endpoint {
        crate::wire::http::Url::parse(endpoint).map_err(|error| {
            let message = format!("could not use the endpoint: {error}");
            Printed::failure(
                ExitCode::Usage,
                &message,
                "a URL looks like http://cloud.example:8080/client/api",
            )
        })?;
    }
    for (flag, place) in [("--dns", &settings.dns), ("--dhcp", &settings.dhcp)] {
        if let Some(place) = place.as_ref().filter(|place| place.parse::<SocketAddr>().is_err()) {
            return Err(Printed::failure(
                ExitCode::Usage,
                &format!("could not use {flag} {place}: it is not written ADDRESS:PORT"),
                "name an address and a port, such as 10.1.1.1:53",
            ));
        }
    }
    if !settings.names_a_target() && (settings.api_key.is_some() || settings.secret_key.is_some()) {
        return Err(Printed::failure(
            ExitCode::Usage,
            "could not tell which target the keys are for",
            "add --endpoint URL or set CLOUDSTACK_ENDPOINT",
        ));
    }
    Ok(settings.names_a_target().then_some(settings))
}

/// The word for a lease file that is yet to be found.
const SEARCH: &str = "search";

/// The lease file that is named, or the one that is there if it is to be searched for.
fn found_lease(arguments: &TargetArguments) -> Result<Option<String>, Printed> {
    if arguments.lease.as_deref() != Some(SEARCH) {
        return Ok(arguments.lease.clone());
    }
    match lease::usual::search(Path::new("/"), arguments.interface.as_deref()) {
        Ok(path) => Ok(Some(path.display().to_string())),
        Err(nowhere) => Err(Printed::failure(
            ExitCode::Usage,
            &format!("could not find a lease file that leads to a router: {nowhere}"),
            "name the file with --lease FILE, or the router with --router URL",
        )),
    }
}

/// The target as the guest sees it in which we run: the lease leads to the router, and the router tells which machine
/// it is, so that the API can be asked about it where there are keys.
fn from_inside(mut settings: Settings) -> Result<Settings, Printed> {
    if settings.lease.is_none() || !settings.guests.is_empty() {
        return Ok(settings);
    }
    let file = lease_file(&settings)?;
    let router = match settings.router.take() {
        Some(router) => router,
        None => router_of(&file, &settings)?,
    };
    let lease = file.lease(settings.interface.as_deref()).ok();
    let address = lease.and_then(|lease| lease.value("fixed-address")).unwrap_or_default().to_owned();
    settings.guests.push(Guest {
        name: "this guest".to_owned(),
        address,
        router: router.clone(),
        ..Guest::default()
    });
    settings.router = Some(router);
    // A router that does not say so is judged all the same; the checks tell what is wrong with it.
    let target = Target::new(settings.clone(), Limits::default(), None);
    let page = target.router().get("/latest/meta-data/instance-id").ok();
    let id = page.filter(|page| page.answer.status == 200).map(|page| page.text().trim().to_owned());
    if let (Some(guest), Some(id)) = (settings.guests.first_mut(), id) {
        guest.id = id;
    }
    Ok(settings)
}

/// The lease file of a guest.
fn lease_file(settings: &Settings) -> Result<lease::File, Printed> {
    lease::File::open(lease_path(settings)).map_err(|error| leads_nowhere(&error))
}

/// The router that a lease file leads to, where nothing else names one: so a guest finds it.
fn router_of(file: &lease::File, settings: &Settings) -> Result<String, Printed> {
    let found = file.server(settings.interface.as_deref());
    let server = found.map_err(|problem| leads_nowhere(&problem.at(lease_path(settings))))?;
    Ok(format!("http://{server}"))
}

fn lease_path(settings: &Settings) -> &Path {
    Path::new(settings.lease.as_deref().unwrap_or_default())
}

fn leads_nowhere(error: &LeaseError) -> Printed {
    let message = format!("could not find the router by the lease file {}: it {}", error.path, error.problem);
    Printed::failure(ExitCode::Usage, &message, error.problem.remedy())
}

/// Where a guest connects from: on one machine, with its router on loopback, the guest `10.a.b.c` is whoever connects
/// from `127.a.b.c`.
fn source_of(address: &str, router: Option<&str>) -> String {
    let on_loopback = router.is_some_and(|url| url.contains("//127."));
    stand_in(address).filter(|_| on_loopback).unwrap_or_else(|| address.to_owned())
}

/// The flags that name a target, without secrets.
fn spelled(arguments: &TargetArguments) -> String {
    let flags = [
        ("--endpoint", &arguments.endpoint),
        ("--username", &arguments.username),
        ("--domain", &arguments.domain),
        ("--router", &arguments.router),
        ("--lease", &arguments.lease),
        ("--drive", &arguments.drive),
        ("--interface", &arguments.interface),
        ("--integration", &arguments.integration),
        ("--dns", &arguments.dns),
        ("--dhcp", &arguments.dhcp),
    ];
    let mut words: Vec<String> =
        flags.into_iter().filter_map(|(flag, value)| Some(format!("{flag} {}", value.as_ref()?))).collect();
    words.extend(arguments.guest.iter().map(|address| format!("--guest {address}")));
    words.join(" ")
}

fn chosen_profile(arguments: &RunArguments, is_own: bool) -> Result<Profile, Printed> {
    match (arguments.profile, is_own) {
        (Some(profile), true) if profile > Profile::ReadOnly && !arguments.allow_changes => {
            Err(Printed::failure(
                ExitCode::Usage,
                &format!("could not start: the profile {profile} changes the target"),
                "add --allow-changes if that is what you want",
            ))
        }
        (Some(profile), _) => Ok(profile),
        (None, true) if !arguments.allow_changes => Ok(Profile::ReadOnly),
        (None, _) => Ok(Profile::Core),
    }
}

fn nothing_selected(selection: &Selection) -> Printed {
    let wanted = [selection.filters.join(" "), selection.ids.join(" ")];
    let wanted: Vec<&str> = wanted.iter().map(String::as_str).filter(|text| !text.is_empty()).collect();
    Printed::failure(
        ExitCode::NothingJudged,
        &format!(
            "could not judge anything: no check of the profile {} matches {}",
            selection.profile,
            wanted.join(" ")
        ),
        "the subcommand list shows all ids",
    )
}

#[cfg(not(feature = "embedded"))]
fn no_target() -> Printed {
    Printed::failure(
        ExitCode::Usage,
        "could not choose a target: none is named, and this build carries no simulator",
        "name one with --endpoint or --target, or set CLOUDSTACK_ENDPOINT",
    )
}

fn examined(arguments: &TargetArguments) -> Result<Printed, Printed> {
    let Some(settings) = settings(arguments)? else {
        return Err(Printed::failure(
            ExitCode::Usage,
            "could not choose a target: none is named",
            "name one with --endpoint or --target, or set CLOUDSTACK_ENDPOINT",
        ));
    };
    let limits = Limits { deadline: Duration::from_secs_f64(arguments.deadline), ..Limits::default() };
    let findings = doctor::examine(&Target::new(settings, limits, None));
    let mut printed = Printed::output(String::new());
    for finding in findings {
        if finding.hint.is_some() {
            printed.code = ExitCode::NotTested;
        }
        printed.output.push_str(&format!("{finding}\n"));
    }
    Ok(printed)
}

fn replayed(arguments: &ReplayArguments) -> Result<Printed, Printed> {
    let failure = |error: ReplayError| {
        let hint = "name the folder with --recordings DIR";
        Printed::failure(ExitCode::Usage, &error.to_string(), hint)
    };
    let folder = arguments.recordings.clone().map_or_else(Replay::folder, Ok).map_err(failure)?;
    let replay = Replay::read(&folder).map_err(failure)?;
    let (selected, conversations) = (replay.list(&arguments.ids), replay.conversations(&arguments.ids));
    if selected.is_empty() && conversations.is_empty() {
        let message =
            format!("could not play anything: no recording begins with {}", arguments.ids.join(" "));
        return Err(Printed::failure(ExitCode::NothingJudged, &message, "replay --list shows all ids"));
    }
    if arguments.list {
        let lines: Vec<String> =
            selected.iter().map(|(id, file, line)| format!("{id:<60} {file}:{line}\n")).collect();
        let conversations: Vec<String> =
            conversations.iter().map(|id| format!("{id:<60} {id}.jsonl.gz\n")).collect();
        return Ok(Printed::output(lines.concat() + &conversations.concat()));
    }
    let stage = stage(&arguments.target)?;
    let outcomes = replay.play(&stage, &arguments.ids);
    if arguments.open {
        let reason = |id: &str| replay.open().get(id).map_or("", String::as_str);
        let mut lines: Vec<String> = outcomes
            .iter()
            .filter(|outcome| outcome.difference.is_some())
            .map(|outcome| format!("{} {}", outcome.id, reason(&outcome.id)).trim_end().to_owned() + "\n")
            .collect();
        lines.sort_unstable();
        return Ok(Printed::output(lines.concat()));
    }
    let mut printed = Printed::output(String::new());
    for of_file in outcomes.chunk_by(|left, right| left.file == right.file) {
        let agreeing = of_file.iter().filter(|outcome| outcome.difference.is_none()).count();
        let file = of_file.first().map_or("", |outcome| &outcome.file);
        printed.output.push_str(&format!("{file}: {agreeing} of {} agree\n", of_file.len()));
        for outcome in of_file.iter().filter(|outcome| outcome.difference.is_some()) {
            let is_open = replay.open().contains_key(&outcome.id);
            printed
                .output
                .push_str(&format!("{outcome}{}\n", if is_open { "" } else { "\n         not in open.txt" }));
            if !is_open {
                printed.code = ExitCode::NotConformant;
            }
        }
    }
    if !outcomes.is_empty() {
        printed.output.push_str(&format!("{}\n", replay::counts(&outcomes)));
    }
    conversed(&replay, &stage, arguments, &mut printed)?;
    Ok(printed)
}

/// Plays the conversations: a line each, and every difference of those that were named.
fn conversed(
    replay: &Replay,
    stage: &Stage,
    arguments: &ReplayArguments,
    printed: &mut Printed,
) -> Result<(), Printed> {
    if replay.conversations(&arguments.ids).is_empty() {
        return Ok(());
    }
    let outcomes = replay.converse(stage, &arguments.ids).map_err(|message| {
        Printed::failure(ExitCode::NotTested, &message, "conversations begin on a fresh installation")
    })?;
    for outcome in &outcomes {
        printed.output.push_str(&format!("{outcome}\n"));
        for (_, difference) in outcome.differences.iter().filter(|_| !arguments.ids.is_empty()) {
            printed.output.push_str(&format!("{difference}\n"));
        }
    }
    printed.output.push_str(&format!("{}\n", replay::figures(&outcomes)));
    Ok(())
}

/// Where recordings are played: to the named target or to simulators of our own.
fn stage(arguments: &TargetArguments) -> Result<Stage, Printed> {
    match settings(arguments)? {
        Some(settings) => Ok(Stage::Target(Box::new(settings))),
        #[cfg(feature = "embedded")]
        None => Ok(Stage::Embedded),
        #[cfg(not(feature = "embedded"))]
        None => Err(no_target()),
    }
}

fn cleaned(arguments: &CleanupArguments) -> Result<Printed, Printed> {
    let Some(settings) = settings(&arguments.target)? else {
        return Err(Printed::failure(
            ExitCode::Usage,
            "could not choose a target: none is named",
            "name the one that the killed run was judging",
        ));
    };
    let path = ledger_path(arguments.ledger.as_deref());
    if !path.exists() {
        return Ok(Printed::output(format!("nothing to remove: there is no ledger {}\n", path.display())));
    }
    let (ledger, left) = Ledger::open(&path).map_err(|error| ledger_failure(&path, &error))?;
    let endpoint = settings.endpoint.clone().unwrap_or_default();
    let (mut ours, others): (Vec<_>, Vec<_>) = left.into_iter().partition(|entry| entry.endpoint == endpoint);
    ours.reverse();
    let limits = Limits {
        may_change: true,
        deadline: Duration::from_secs_f64(arguments.target.deadline),
        ..Limits::default()
    };
    let target = Target::new(settings, limits, Some(ledger));
    if !ours.is_empty()
        && let Some(finding) = doctor::obstacle(&target)
    {
        let hint = finding.hint.unwrap_or_default();
        return Err(Printed::failure(ExitCode::NotTested, &finding.what, &hint));
    }
    let found = ours.len();
    let remaining = target.remove(ours);
    if remaining.is_empty()
        && others.is_empty()
        && let Some(ledger) = target.ledger()
    {
        ledger.clear().map_err(|error| ledger_failure(&path, &error))?;
    }
    let mut printed = Printed::output(format!("removed {} of {found}\n", found - remaining.len()));
    for entry in &remaining {
        let name = entry.id.as_deref().or(entry.name.as_deref()).unwrap_or("of unknown id");
        printed.output.push_str(&format!("left: {name} by {} ({})\n", entry.command, entry.check));
        printed.code = ExitCode::Remaining;
    }
    if !others.is_empty() {
        printed.output.push_str(&format!("{} entries of other endpoints were left alone\n", others.len()));
    }
    Ok(printed)
}

fn open_ledger(path: Option<&Path>) -> Result<Ledger, Printed> {
    let path = ledger_path(path);
    Ledger::open(&path).map(|(ledger, _)| ledger).map_err(|error| ledger_failure(&path, &error))
}

fn ledger_failure(path: &Path, error: &std::io::Error) -> Printed {
    let message = format!("could not use the ledger {}: {error}", path.display());
    Printed::failure(ExitCode::Usage, &message, "choose another place with --ledger FILE")
}

/// Where the ledger is unless told otherwise: with the other state of the user.
fn ledger_path(path: Option<&Path>) -> PathBuf {
    let state = || {
        let home = env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/state"));
        env::var_os("XDG_STATE_HOME").map(PathBuf::from).or(home).unwrap_or_else(env::temp_dir)
    };
    path.map_or_else(|| state().join("cloudstack-conformance/ledger.jsonl"), Path::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guests_of_a_router_on_loopback_connect_from_there() {
        assert_eq!(source_of("10.1.1.7", Some("http://127.1.1.1:8081")), "127.1.1.7");
        assert_eq!(source_of("10.1.1.7", Some("http://10.1.1.1")), "10.1.1.7");
        assert_eq!(source_of("127.1.1.7", None), "127.1.1.7");
    }
}
