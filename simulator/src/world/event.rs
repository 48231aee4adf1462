//! Events: what happened, by whom, to what (EVT-001 onwards).

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::clock::Moment;
use super::kind::{Handle, Kind};
use super::saved::form::{Word, word};
use super::table::Id;
use super::{Owner, World};

/// The state of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum EventState {
    /// A create command made its entity.
    Created,
    /// A job was accepted.
    Scheduled,
    /// A job began.
    Started,
    /// It is over, well or not.
    Completed,
}

impl EventState {
    /// The word on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Created => "Created",
            Self::Scheduled => "Scheduled",
            Self::Started => "Started",
            Self::Completed => "Completed",
        }
    }
}

/// An event.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// Its identifier.
    pub uuid: Uuid,
    /// The user who caused it.
    pub user: Id,
    /// Whose event it is.
    pub owner: Owner,
    /// Its type, `VM.START`.
    pub event_type: String,
    /// Its state.
    pub state: EventState,
    /// Whether something went wrong.
    pub is_error: bool,
    /// What happened, in a line.
    pub description: String,
    /// The first event of the chain.
    pub parent: Option<Id>,
    /// What it is about, with its identifier, type name and name then.
    pub resource: Option<Subject>,
    /// When it happened.
    pub created: Moment,
    /// Whether it was archived.
    pub archived: bool,
    /// Whether users are shown it: what it is about was displayed then (EVT-014).
    pub display: bool,
}

/// What an event is about.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// The identifier; settings have none.
    pub uuid: Option<Uuid>,
    /// The type name, `VirtualMachine`.
    #[serde(deserialize_with = "word::deserialize")]
    pub type_name: Word,
    /// The thing itself; settings have none.
    pub handle: Option<Handle>,
    /// The name at the time, for when the thing is gone.
    pub name: Option<String>,
}

/// For whom a job does its work.
#[derive(Debug, Clone, Copy)]
pub struct Deed {
    /// The user who asked.
    pub user: Id,
    /// The user's account.
    pub owner: Owner,
    /// The first event of the job.
    pub root: Option<Id>,
}

/// What [`World::record`] needs to know.
#[derive(Debug, Clone)]
pub struct NewEvent<'a> {
    /// The user who caused it.
    pub user: Id,
    /// Whose event it is.
    pub owner: Owner,
    /// Its type.
    pub event_type: &'a str,
    /// Its state.
    pub state: EventState,
    /// Whether something went wrong.
    pub is_error: bool,
    /// What happened.
    pub description: String,
    /// The first event of the chain.
    pub parent: Option<Id>,
    /// What it is about.
    pub about: Option<Handle>,
}

impl World {
    /// Writes an event down.
    pub fn record(&mut self, new: NewEvent<'_>) -> Id {
        let uuid = self.name_row(Kind::Event, self.events.next_id());
        // What the command removed is known from the first event of the chain.
        let first = || new.parent.and_then(|parent| self.events.get(parent)?.resource.clone());
        let subject = new.about.and_then(|handle| self.subject(handle)).or_else(first);
        // Where there is no other event, only the type of what is gone is known.
        let resource = subject.or_else(|| {
            let type_name = new.about?.kind.type_name();
            Some(Subject { uuid: None, type_name, handle: None, name: None })
        });
        let created = self.now;
        let display = new.about.is_none_or(|about| self.is_displayed(about));
        self.events.insert(Event {
            uuid,
            user: new.user,
            owner: new.owner,
            event_type: new.event_type.to_owned(),
            state: new.state,
            is_error: new.is_error,
            description: new.description,
            parent: new.parent,
            resource,
            created,
            archived: false,
            display,
        })
    }

    /// The name that a thing had when it went, which is the one that its last event was written with: upstream keeps
    /// the rows of what is gone (EVT-009).
    #[must_use]
    pub fn last_name(&self, subject: &Subject) -> Option<String> {
        let is_about = |event: &Event| {
            event.resource.as_ref().is_some_and(|other| other.uuid.is_some() && other.uuid == subject.uuid)
        };
        let last = self.events.iter().rev().map(|(_, event)| event).find(|event| is_about(event));
        last.and_then(|event| event.resource.as_ref()).unwrap_or(subject).name.clone()
    }

    /// Whether users are shown what happens to a thing.
    fn is_displayed(&self, about: Handle) -> bool {
        let shown = match about.kind {
            Kind::VirtualMachine => self.virtual_machines.get(about.id).map(|row| row.display),
            Kind::Vpc => self.vpcs.get(about.id).map(|row| row.display),
            _ => None,
        };
        shown.unwrap_or(true)
    }

    /// The identifier, type name and name of a thing as it is now (EVT-009). What has a text for display goes by that.
    #[must_use]
    pub fn subject(&self, handle: Handle) -> Option<Subject> {
        let (uuid, name) = match handle.kind {
            Kind::VirtualMachine => {
                let machine = self.virtual_machines.get(handle.id)?;
                (machine.uuid, Some(machine.name.clone()))
            }
            Kind::Volume => {
                let volume = self.volumes.get(handle.id)?;
                (volume.uuid, Some(volume.name.clone()))
            }
            Kind::Snapshot => {
                let snapshot = self.snapshots.get(handle.id)?;
                (snapshot.uuid, Some(snapshot.name.clone()))
            }
            // What happens to a snapshot of a machine is told of the machine.
            Kind::VmSnapshot => {
                let id = self.vm_snapshots.get(handle.id)?.machine;
                return self.subject(Handle { kind: Kind::VirtualMachine, id });
            }
            Kind::Template => {
                let template = self.templates.get(handle.id)?;
                (template.uuid, Some(template.name.clone()))
            }
            Kind::Network => {
                let network = self.networks.get(handle.id)?;
                (network.uuid, Some(network.display_text.clone()))
            }
            Kind::Account => {
                let account = self.accounts.get(handle.id)?;
                (account.uuid, Some(account.name.clone()))
            }
            Kind::User => {
                let user = self.users.get(handle.id)?;
                (user.uuid, Some(user.username.clone()))
            }
            Kind::Zone => {
                let zone = self.zones.get(handle.id)?;
                (zone.uuid, Some(zone.name.clone()))
            }
            Kind::Domain => {
                let domain = self.domains.get(handle.id)?;
                (domain.uuid, Some(domain.name.clone()))
            }
            Kind::Address => {
                let address = self.addresses.get(handle.id)?;
                (address.uuid, Some(address.address.to_string()))
            }
            Kind::Vpc => {
                let vpc = self.vpcs.get(handle.id)?;
                (vpc.uuid, Some(vpc.display_text.clone()))
            }
            Kind::ServiceOffering => {
                let offering = self.service_offerings.get(handle.id)?;
                (offering.uuid, Some(offering.display_text.clone()))
            }
            Kind::DiskOffering => {
                let offering = self.disk_offerings.get(handle.id)?;
                (offering.uuid, Some(offering.display_text.clone()))
            }
            kind => match self.register.get(kind, handle.id) {
                Some(record) => (record.uuid, Some(record.name.clone())),
                None => (self.uuid_of(handle)?, self.name_of(handle).map(str::to_owned)),
            },
        };
        Some(Subject { uuid: Some(uuid), type_name: handle.kind.type_name(), handle: Some(handle), name })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::account::{ADMIN, ROOT_DOMAIN};
    use crate::world::clock::VIRTUAL_EPOCH;
    use crate::world::preset;

    #[test]
    fn what_is_gone_keeps_its_last_name() {
        let mut world = preset::install(1, VIRTUAL_EPOCH);
        let id = world.add_domain("one", Some(ROOT_DOMAIN), None);
        let record = |world: &mut World| {
            let id = world.record(NewEvent {
                user: ADMIN,
                owner: Owner { account: ADMIN, domain: ROOT_DOMAIN },
                event_type: "DOMAIN.UPDATE",
                state: EventState::Completed,
                is_error: false,
                description: String::new(),
                parent: None,
                about: Some(Handle { kind: Kind::Domain, id }),
            });
            world.events.get(id).and_then(|event| event.resource.clone()).expect("it is about the domain")
        };
        let first = record(&mut world);
        world.domains.get_mut(id).expect("it was made").name = "two".to_owned();
        record(&mut world);
        assert_eq!(first.name.as_deref(), Some("one"));
        assert_eq!(world.last_name(&first).as_deref(), Some("two"));
        // Settings have no identifier, so none is taken for another.
        let setting = Subject { uuid: None, ..first };
        assert_eq!(world.last_name(&setting).as_deref(), Some("one"));
    }
}
