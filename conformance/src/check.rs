//! What a check is: one requirement and its proof in one object. Read this first.
//!
//! The lists of checks are in [`checks`](crate::checks); what is done with them in [`runner`](crate::runner).

use std::fmt;

use serde::Serialize;

use crate::{target::Target, wire::ExchangeError};

/// One requirement on the target, with its proof.
#[derive(Debug)]
pub struct Check {
    /// `area/what-it-is-about`, fixed for life.
    pub id: &'static str,
    /// How binding the requirement is.
    pub level: Level,
    /// The smallest profile that runs it; says what it may do to the target.
    pub profile: Profile,
    /// What the target must offer for the requirement to apply.
    pub needs: &'static [Capability],
    /// One sentence in the present tense about the target.
    pub requirement: &'static str,
    /// Where we learned it, precise enough to argue about.
    pub source: &'static str,
    /// The rules of the protocol dossier that it covers.
    pub rules: &'static [&'static str],
    /// Sets up, acts, expects one thing.
    pub run: fn(&Target) -> Result<(), Stop>,
}

impl Check {
    /// The part of the id before the slash.
    pub fn area(&self) -> &'static str {
        self.id.split_once('/').map_or(self.id, |(area, _)| area)
    }
}

/// How binding a requirement is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Clients break without it.
    Must,
    /// Some clients or operators notice; a failure is reported and does not decide.
    Should,
    /// Known behaviour that is worth telling; never decides.
    May,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Must => "must",
            Self::Should => "should",
            Self::May => "may",
        })
    }
}

impl Check {
    /// Whether no other check may run meanwhile: it disturbs the whole target, or any change may disturb it.
    pub fn runs_alone(&self) -> bool {
        self.profile == Profile::Full || self.needs.contains(&Capability::Alone)
    }
}

/// What a run may do to the target. Each profile includes the ones before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// Reads what a guest can read, from inside of it: router, password server, lease. Needs no API.
    Guest,
    /// Sends no command that changes anything.
    ReadOnly,
    /// Creates resources of its own and removes them.
    Core,
    /// Also disturbs the whole target for a moment (settings, lock-outs), one check at a time.
    Full,
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Guest => "guest",
            Self::ReadOnly => "read-only",
            Self::Core => "core",
            Self::Full => "full",
        })
    }
}

/// Something that a target may or may not offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Capability {
    /// There is an API at all.
    Api,
    /// The caller has an API key and its secret.
    ApiKeys,
    /// The caller has a user name and a password.
    Passwords,
    /// The caller may do everything: `listApis` shows commands that only the root administrator has.
    RootAdmin,
    /// The caller may call this command: `listApis` shows it.
    Command(&'static str),
    /// The unauthenticated port is open to us.
    Integration,
    /// A virtual router answers.
    Router,
    /// We can speak as two different guests of routers.
    TwoGuests,
    /// We can speak as any guest of the named guests' networks, also as one that a check deploys: this machine stands
    /// for the guests' addresses.
    AnyGuest,
    /// The router of the first guest has a password server that we can reach.
    PasswordServer,
    /// We can read a guest's lease file.
    Lease,
    /// We can read a guest's config drive.
    ConfigDrive,
    /// The routers' DHCP servers answer us as any card, where we ask from.
    Dhcp,
    /// The resolver of a guest's router answers us.
    Dns,
    /// An ordinary user besides us: named by the target's owner, or we may create one.
    SecondUser,
    /// Jobs take long enough to be asked for while they are pending. Known only after one was watched.
    PendingJobs,
    /// Passwords are tried at a directory, and the target's owner has named somebody in it.
    Directory,
    /// This setting has this value. The embedded simulator is started with it, for that check alone; the settings of
    /// a named target are asked for and never changed.
    Setting(&'static str, &'static str),
    /// This command lists a thing of this kind that can be worked with. Known only after it was asked.
    Listed(&'static str, &'static str),
    /// Nobody changes the target meanwhile: no other check of ours runs. For what any change may spoil, such as an address
    /// that is nobody's, or two answers that must be the same.
    Alone,
    /// The target is of this release or a newer one. One that does not tell its release is judged as the newest.
    Since(&'static str),
}

impl Capability {
    /// Why a requirement does not apply to a target without it.
    pub fn lack(self) -> String {
        match self {
            Self::Since(release) => format!("the target is older than {release}"),
            other => format!("the target does not offer {other}"),
        }
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Api => f.write_str("an API endpoint"),
            Self::ApiKeys => f.write_str("an API key and its secret"),
            Self::Passwords => f.write_str("a user name and a password"),
            Self::RootAdmin => f.write_str("the root administrator's rights"),
            Self::Command(name) => write!(f, "the command {name}"),
            Self::Integration => f.write_str("the integration port"),
            Self::Router => f.write_str("a virtual router"),
            Self::TwoGuests => f.write_str("two guests"),
            Self::AnyGuest => f.write_str("guests that we deploy and speak as"),
            Self::PasswordServer => f.write_str("a password server beside the router"),
            Self::Lease => f.write_str("a lease file"),
            Self::ConfigDrive => f.write_str("a config drive"),
            Self::Dhcp => f.write_str("a DHCP server that answers where it is asked from"),
            Self::Dns => f.write_str("the resolver of a virtual router"),
            Self::SecondUser => f.write_str("an ordinary user besides the caller"),
            Self::PendingJobs => f.write_str("a job that is pending when asked for"),
            Self::Directory => f.write_str("a directory with a user whose password we know"),
            Self::Listed(command, thing) => write!(f, "a {thing} to work with in {command}"),
            Self::Setting(name, value) => write!(f, "the setting {name} = {value}"),
            Self::Alone => f.write_str("a time without other checks"),
            Self::Since(release) => write!(f, "release {release} or newer"),
        }
    }
}

/// Why a check did not pass.
#[derive(Debug, thiserror::Error)]
pub enum Stop {
    /// The target answered, and the answer breaks the requirement.
    #[error(transparent)]
    Mismatch(#[from] Box<Mismatch>),
    /// The target declares that it does not offer this.
    #[error("{}", .0.lack())]
    Unsupported(Capability),
    /// We could not find out: no connection, no answer in time, a fault of ours.
    #[error("could not complete the exchange: {0}")]
    Broken(#[from] ExchangeError),
}

impl From<Mismatch> for Stop {
    fn from(mismatch: Mismatch) -> Self {
        Self::Mismatch(Box::new(mismatch))
    }
}

/// What was expected and what came instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize)]
#[error("at {at}: expected {expected}, actual {actual}")]
pub struct Mismatch {
    /// The place in the reply: `status`, `header content-type`, `user[0].id`.
    pub at: String,
    /// What the requirement asks for.
    pub expected: String,
    /// What the target sent.
    pub actual: String,
    /// The smallest generated case that shows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub case: Option<String>,
    /// Which exchange of the check shows it, counted from 0; the last if not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exchange: Option<usize>,
}

impl Mismatch {
    /// A mismatch at a place of a reply.
    pub fn new(at: impl Into<String>, expected: impl fmt::Display, actual: impl fmt::Display) -> Self {
        Self {
            at: at.into(),
            expected: expected.to_string(),
            actual: actual.to_string(),
            case: None,
            exchange: None,
        }
    }

    /// The exchange of the check that shows it.
    #[must_use]
    pub fn in_exchange(mut self, index: usize) -> Self {
        self.exchange = Some(index);
        self
    }
}

/// What became of a check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", rename_all = "lowercase")]
pub enum Verdict {
    /// The requirement holds as far as the check can see.
    Passed,
    /// The requirement is broken.
    Failed {
        /// How it is broken.
        mismatch: Mismatch,
    },
    /// The requirement is broken, and the target's owner has declared it.
    Known {
        /// How it is broken.
        mismatch: Mismatch,
        /// The owner's reason.
        reason: String,
    },
    /// The requirement does not apply to this target.
    Skipped {
        /// What the target does not offer.
        why: String,
    },
    /// We could not find out.
    Broken {
        /// What went wrong.
        why: String,
    },
}

impl Verdict {
    /// Whether the requirement was judged at all.
    pub fn is_judged(&self) -> bool {
        matches!(self, Self::Passed | Self::Failed { .. } | Self::Known { .. })
    }

    /// One word for it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Passed => "pass",
            Self::Failed { .. } => "FAIL",
            Self::Known { .. } => "known",
            Self::Skipped { .. } => "skip",
            Self::Broken { .. } => "BROKEN",
        }
    }
}

impl From<Result<(), Stop>> for Verdict {
    fn from(result: Result<(), Stop>) -> Self {
        match result {
            Ok(()) => Self::Passed,
            Err(Stop::Mismatch(mismatch)) => Self::Failed { mismatch: *mismatch },
            Err(stop @ Stop::Unsupported(_)) => Self::Skipped { why: stop.to_string() },
            Err(stop @ Stop::Broken(_)) => Self::Broken { why: stop.to_string() },
        }
    }
}
