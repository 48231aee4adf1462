//! What an account has, as far as the answers to its commands tell; and what a command about it must come to.

/// The state of a machine between two steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Running,
    Stopped,
    Destroyed,
}

impl State {
    /// As lists write it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Running => "Running",
            Self::Stopped => "Stopped",
            Self::Destroyed => "Destroyed",
        }
    }
}

/// A machine.
#[derive(Clone, Debug)]
pub(super) struct Machine {
    pub(super) id: String,
    pub(super) state: State,
}

/// A data volume.
#[derive(Clone, Debug)]
pub(super) struct Volume {
    pub(super) id: String,
    /// The machine that it is attached to.
    pub(super) machine: Option<String>,
}

/// What an account has.
#[derive(Clone, Debug, Default)]
pub(super) struct Holding {
    pub(super) machines: Vec<Machine>,
    pub(super) volumes: Vec<Volume>,
    /// Addresses that it asked for; those that its networks took by themselves are not among them.
    pub(super) addresses: Vec<String>,
}

/// What a command must come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    /// It is done; a target may be out of room for it.
    Done,
    /// It is refused, at once or by its job.
    Refused,
    /// Either.
    Open,
}

/// What a command that is done changes.
#[derive(Clone, Debug)]
pub(super) enum Effect {
    None,
    /// A new machine runs.
    Deployed,
    /// A machine is in a state.
    Moved(String, State),
    /// A machine is gone.
    Expunged(String),
    /// There is a new volume.
    VolumeMade,
    /// A volume is attached to a machine.
    Attached(String, String),
    Detached(String),
    VolumeGone(String),
    AddressTaken,
    AddressGone(String),
}

/// The most data volumes of a machine that every hypervisor is sure to take.
const SURELY_ATTACHED: usize = 5;

impl Holding {
    /// The machine with this number, counted round.
    pub(super) fn machine(&self, which: usize) -> Option<&Machine> {
        round(&self.machines, which)
    }

    /// The volume with this number, counted round.
    pub(super) fn volume(&self, which: usize) -> Option<&Volume> {
        round(&self.volumes, which)
    }

    /// The address with this number, counted round.
    pub(super) fn address(&self, which: usize) -> Option<&String> {
        round(&self.addresses, which)
    }

    /// The ids of everything.
    pub(super) fn ids(&self) -> impl Iterator<Item = &str> {
        let machines = self.machines.iter().map(|machine| machine.id.as_str());
        let volumes = self.volumes.iter().map(|volume| volume.id.as_str());
        machines.chain(volumes).chain(self.addresses.iter().map(String::as_str))
    }

    /// Whether and why a volume can be attached to a machine.
    pub(super) fn attaching(&self, volume: &Volume, machine: &Machine) -> Expected {
        let beside = self.volumes.iter().filter(|other| other.machine.as_ref() == Some(&machine.id)).count();
        match (&volume.machine, machine.state) {
            (None, State::Running | State::Stopped) if beside < SURELY_ATTACHED => Expected::Done,
            (None, State::Running | State::Stopped) => Expected::Open,
            _ => Expected::Refused,
        }
    }

    /// Whether a volume can be detached.
    pub(super) fn detaching(volume: &Volume) -> Expected {
        if volume.machine.is_some() { Expected::Done } else { Expected::Refused }
    }

    /// Notes what a command has done; the id is that of what it made.
    pub(super) fn apply(&mut self, effect: &Effect, made: Option<String>) {
        match (effect, made) {
            (Effect::Deployed, Some(id)) => self.machines.push(Machine { id, state: State::Running }),
            (Effect::VolumeMade, Some(id)) => self.volumes.push(Volume { id, machine: None }),
            (Effect::AddressTaken, Some(id)) => self.addresses.push(id),
            (Effect::Moved(id, state), _) => {
                if let Some(machine) = self.machines.iter_mut().find(|machine| machine.id == *id) {
                    machine.state = *state;
                }
                if *state == State::Destroyed {
                    self.detach_all(id);
                }
            }
            (Effect::Expunged(id), _) => {
                self.machines.retain(|machine| machine.id != *id);
                self.detach_all(id);
            }
            (Effect::Attached(id, machine), _) => self.put(id, Some(machine.clone())),
            (Effect::Detached(id), _) => self.put(id, None),
            (Effect::VolumeGone(id), _) => self.volumes.retain(|volume| volume.id != *id),
            (Effect::AddressGone(id), _) => self.addresses.retain(|address| address != id),
            (Effect::None | Effect::Deployed | Effect::VolumeMade | Effect::AddressTaken, _) => {}
        }
    }

    fn put(&mut self, volume: &str, machine: Option<String>) {
        if let Some(volume) = self.volumes.iter_mut().find(|other| other.id == volume) {
            volume.machine = machine;
        }
    }

    /// A machine that is destroyed lets its data volumes go.
    fn detach_all(&mut self, machine: &str) {
        for volume in self.volumes.iter_mut().filter(|volume| volume.machine.as_deref() == Some(machine)) {
            volume.machine = None;
        }
    }
}

/// The thing with this number, counted round.
fn round<T>(things: &[T], which: usize) -> Option<&T> {
    things.get(which.checked_rem(things.len())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_destroyed_machine_lets_its_volumes_go() {
        let mut holding = Holding::default();
        assert!(holding.machine(3).is_none());
        holding.apply(&Effect::Deployed, Some("m".to_owned()));
        holding.apply(&Effect::VolumeMade, Some("v".to_owned()));
        let (machine, volume) = (holding.machine(2).cloned().unwrap(), holding.volume(7).cloned().unwrap());
        assert_eq!(holding.attaching(&volume, &machine), Expected::Done);
        holding.apply(&Effect::Attached("v".to_owned(), "m".to_owned()), None);
        assert_eq!(Holding::detaching(holding.volume(0).unwrap()), Expected::Done);
        holding.apply(&Effect::Moved("m".to_owned(), State::Destroyed), None);
        assert_eq!(Holding::detaching(holding.volume(0).unwrap()), Expected::Refused);
        assert_eq!(holding.attaching(&volume, holding.machine(0).unwrap()), Expected::Refused);
        holding.apply(&Effect::Expunged("m".to_owned()), None);
        assert_eq!(holding.ids().collect::<Vec<_>>(), ["v"]);
    }
}
