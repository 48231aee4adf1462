//! Steps: who does what with which of its things. What they mean for a target is in [`play`](super::play).

use proptest::{collection, prelude::*, strategy::Union};

/// One command of one of two accounts. Which thing it is about is a number, counted round among those that the account
/// has when the step comes: a step stays a step when those before it are left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Which account, 0 or 1.
    pub by: usize,
    /// What it does.
    pub act: Act,
    /// Which of its things.
    pub which: usize,
}

/// What a step does. A step that lacks a thing to be about does nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// A machine in the account's network.
    Deploy,
    /// A data volume.
    CreateVolume,
    /// An address in the account's network.
    Acquire,
    /// Stops a machine in any state.
    Stop,
    /// Starts a machine in any state.
    Start,
    /// Reboots a machine in any state.
    Reboot,
    /// Destroys a machine that is not destroyed.
    Destroy,
    /// The administrator recovers a machine in any state.
    Recover,
    /// The administrator expunges a machine in any state.
    Expunge,
    /// Attaches a volume, attached or not, to the machine of the same number.
    Attach,
    /// Detaches a volume, attached or not.
    Detach,
    /// Deletes a volume, attached or not.
    DeleteVolume,
    /// Gives an address back.
    Release,
    /// Lays hands on something of the other account.
    Meddle,
    /// The administrator deletes the account, and another one takes its place.
    ReplaceAccount,
}

/// How often each occurs.
const WEIGHTS: &[(u32, Act)] = &[
    (6, Act::Deploy),
    (5, Act::CreateVolume),
    (4, Act::Acquire),
    (3, Act::Stop),
    (3, Act::Start),
    (2, Act::Reboot),
    (4, Act::Destroy),
    (3, Act::Recover),
    (3, Act::Expunge),
    (5, Act::Attach),
    (3, Act::Detach),
    (3, Act::DeleteVolume),
    (3, Act::Release),
    (4, Act::Meddle),
    (2, Act::ReplaceAccount),
];

/// Sequences of so many steps.
pub fn sequences(length: usize) -> impl Strategy<Value = Vec<Step>> {
    let acts = WEIGHTS.iter().map(|(weight, act)| (*weight, Just(*act)));
    let act = Union::new_weighted(acts.collect());
    let step = (0..2_usize, act, 0..4_usize).prop_map(|(by, act, which)| Step { by, act, which });
    collection::vec(step, length)
}
