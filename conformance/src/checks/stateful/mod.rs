//! What must hold whatever two accounts do: random sequences of commands against a model of what they have.
//!
//! A sequence is played to two accounts that were made for it. Each answer is compared with what the model says, and
//! every few steps with everything that the accounts can see. A sequence that fails is made as short as it can be and
//! told as lines for a shell, with keys masked.

mod model;
mod observe;
mod play;
mod step;

pub use play::play;
pub use step::{Act, Step, sequences};

use super::prelude::*;
use crate::generate::{Effort, for_some};

/// Something that holds after every sequence. That every job ends is judged with each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Invariant {
    /// A command comes to what the states of its things say, and lists show the states that it led to.
    States,
    /// No account sees or touches another one's things.
    Reach,
    /// What is counted for an account is what its lists show.
    Counts,
    /// Nothing of a deleted account is left.
    Remains,
}

impl Invariant {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::States, Self::Reach, Self::Counts, Self::Remains];
}

/// What a target is judged by.
#[derive(Clone, Copy, Debug)]
pub struct Judged(pub &'static [Invariant]);

impl Judged {
    fn has(self, invariant: Invariant) -> bool {
        self.0.contains(&invariant)
    }
}

/// What a sequence needs.
const NEEDS: &[crate::check::Capability] = &[
    RootAdmin,
    Command("createDomain"),
    Command("deleteDomain"),
    Command("createAccount"),
    Command("registerUserKeys"),
    Command("deleteAccount"),
    Command("createNetwork"),
    Command("deployVirtualMachine"),
    Command("createVolume"),
    Command("associateIpAddress"),
    Command("expungeVirtualMachine"),
    Command("recoverVirtualMachine"),
];

/// Steps of a sequence, and what may be spent on sequences: a real target takes seconds for a step.
const STEPS: usize = 12;
const EFFORT: Effort = Effort { cases: 8, simplifications: 200 };

/// Sequences of which every one keeps what it is judged by.
fn sequences_keep(target: &Target, judged: &'static [Invariant]) -> Result<(), Stop> {
    search(target, EFFORT, STEPS, |steps| play(target, Judged(judged), steps))
}

/// Looks for a sequence of so many steps that breaks what it is judged by, and leaves out what is not needed for that.
pub fn search(
    target: &Target,
    effort: Effort,
    length: usize,
    play: impl Fn(&[Step]) -> Result<(), Stop>,
) -> Result<(), Stop> {
    let plain = Effort { simplifications: 0, ..effort };
    for_some(target, plain, &sequences(length), |steps| match play(steps) {
        Err(Stop::Mismatch(mismatch)) => {
            Err(shortest(steps, *mismatch, effort.simplifications, &play).into())
        }
        other => other,
    })
}

/// The mismatch of what is left of a sequence when each step that it breaks without is left out, the last first.
fn shortest(
    steps: &[Step],
    mut mismatch: Mismatch,
    mut attempts: u32,
    play: impl Fn(&[Step]) -> Result<(), Stop>,
) -> Mismatch {
    let mut steps = steps.to_vec();
    let mut index = steps.len();
    while index > 0 && attempts > 0 {
        index -= 1;
        attempts -= 1;
        let mut fewer = steps.clone();
        fewer.remove(index);
        if let Err(Stop::Mismatch(again)) = play(&fewer) {
            (steps, mismatch) = (fewer, *again);
            // What came after it may be needed no more.
            index = steps.len().min(index + 1);
        }
    }
    mismatch
}

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "stateful/commands-follow-states",
        level: Must,
        profile: Core,
        needs: NEEDS,
        requirement: "Whatever two accounts do, a command comes to what the states of its things say, and lists show \
                      the states that it led to.",
        source: "UserVmManagerImpl.java, VolumeApiServiceImpl.java, IpAddressManagerImpl.java",
        rules: &["VM-020", "VM-024", "VM-032", "VOL-003", "VOL-004", "VOL-007"],
        run: |target| sequences_keep(target, &[Invariant::States]),
    },
    Check {
        id: "stateful/things-stay-with-their-account",
        level: Must,
        profile: Core,
        needs: NEEDS,
        requirement: "Whatever two accounts do, neither sees or touches anything of the other.",
        source: "AccountManagerImpl.java (checkAccess, buildACLSearchParameters)",
        rules: &["API-ERR-047", "API-ACL-020"],
        run: |target| sequences_keep(target, &[Invariant::Reach]),
    },
    Check {
        id: "stateful/counts-are-what-lists-show",
        level: Must,
        profile: Core,
        needs: NEEDS,
        requirement: "Whatever two accounts do, the totals of an account are the numbers of what its lists show.",
        source: "AccountJoinDaoImpl.java (setResourceLimits), ResourceLimitManagerImpl.java",
        rules: &["VM-003"],
        run: |target| sequences_keep(target, &[Invariant::Counts]),
    },
    Check {
        id: "stateful/deleted-accounts-leave-nothing",
        level: Must,
        profile: Core,
        needs: NEEDS,
        requirement: "Whatever an account did, nothing of it is listed once it is deleted.",
        source: "AccountManagerImpl.java (cleanupAccount)",
        rules: &["API-ERR-047"],
        run: |target| sequences_keep(target, &[Invariant::Remains]),
    },
];
