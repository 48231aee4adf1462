//! How much accounts and domains may have (LIM rules): the kinds of resources, their standard
//! limits, and those that were set. What is in use is counted, never stored.

use imbl::OrdMap;

use super::account::AccountType;
use super::table::Id;
use super::virtual_machine::MachineState;
use super::{Owner, World};

/// A kind of thing that is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Resource(u8);

/// The fixed facts of a kind.
struct Facts {
    name: &'static str,
    standard: i64,
}

const fn facts(name: &'static str, standard: i64) -> Facts {
    Facts { name, standard }
}

/// In the order of their numbers on the wire.
const FACTS: [Facts; 17] = [
    facts("user_vm", 20),
    facts("public_ip", 20),
    facts("volume", 20),
    facts("snapshot", 20),
    facts("template", 20),
    facts("project", 10),
    facts("network", 20),
    facts("vpc", 20),
    facts("cpu", 40),
    facts("memory", 40960),
    facts("primary_storage", 200),
    facts("secondary_storage", 400),
    facts("backup", 20),
    facts("backup_storage", 400),
    facts("bucket", 20),
    facts("object_storage", 400),
    facts("gpu", 20),
];

impl Resource {
    /// Every kind, by number.
    pub fn all() -> impl Iterator<Item = Self> {
        (0_u8..).zip(&FACTS).map(|(number, _)| Self(number))
    }

    /// The kind with a number.
    #[must_use]
    pub fn numbered(number: i64) -> Option<Self> {
        u8::try_from(number).ok().filter(|number| usize::from(*number) < FACTS.len()).map(Self)
    }

    /// The kind with a name, case ignored.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::all().find(|kind| kind.name().eq_ignore_ascii_case(name))
    }

    /// The number on the wire.
    #[must_use]
    pub fn number(self) -> u8 {
        self.0
    }

    /// The name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        FACTS[usize::from(self.0)].name
    }

    fn standard(self) -> i64 {
        FACTS[usize::from(self.0)].standard
    }
}

/// Who has a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Holder {
    /// An account.
    Account(Id),
    /// A domain, for all in it and below.
    Domain(Id),
}

/// The limits that were set, in that order.
#[derive(Debug, Clone, Default)]
pub struct Limits {
    set: OrdMap<Holder, Vec<(Resource, i64)>>,
}

impl Limits {
    /// Sets a limit; -1 is none.
    pub fn set(&mut self, holder: Holder, resource: Resource, most: i64) {
        let mut set = self.of(holder).to_vec();
        match set.iter_mut().find(|(other, _)| *other == resource) {
            Some(entry) => entry.1 = most,
            None => set.push((resource, most)),
        }
        self.set.insert(holder, set);
    }

    /// What was set for somebody.
    #[must_use]
    pub fn of(&self, holder: Holder) -> &[(Resource, i64)] {
        self.set.get(&holder).map_or(&[], Vec::as_slice)
    }

    /// Forgets what was set for somebody who is gone.
    pub fn forget(&mut self, holder: Holder) {
        self.set.remove(&holder);
    }
}

impl World {
    /// The limit of somebody; -1 is none. Root administrators have none.
    #[must_use]
    pub fn limit(&self, holder: Holder, resource: Resource) -> i64 {
        if let Some((_, most)) = self.limits.of(holder).iter().find(|(other, _)| *other == resource) {
            return *most;
        }
        match holder {
            Holder::Domain(_) => -1,
            Holder::Account(id) => match self.accounts.get(id) {
                Some(row) if row.account_type == AccountType::Admin => -1,
                _ => resource.standard(),
            },
        }
    }

    /// The limits of somebody: first those that were set, then the rest by number.
    #[must_use]
    pub fn limits_of(&self, holder: Holder) -> Vec<Resource> {
        let set: Vec<Resource> = self.limits.of(holder).iter().map(|(resource, _)| *resource).collect();
        let rest = Resource::all().filter(|resource| !set.contains(resource));
        set.iter().copied().chain(rest).collect()
    }

    /// Checks that an account and the domains above it may have more of a kind.
    ///
    /// # Errors
    ///
    /// The text of the refusal, which is a 535 while a request waits (ERR of class 4370).
    pub fn require_room(&self, owner: Owner, resource: Resource, wanted: i64) -> Result<(), String> {
        let holder = Holder::Account(owner.account);
        let (most, used) = (self.limit(holder, resource), self.in_use(holder, resource));
        if most != -1 && used + wanted > most {
            let name = self.accounts.get(owner.account).map_or("", |row| row.name.as_str());
            return Err(format!(
                "Maximum amount of resources of Type = '{}', tag = 'null' for Account Name = {name} in Domain Id = \
                 {} is exceeded: Account Resource Limit = {most}, Current Account Resource Amount = {used}, Current \
                 Account Resource Reservation = 0, Requested Resource Amount = {wanted}.",
                resource.name(),
                owner.domain
            ));
        }
        let mut domain = Some(owner.domain);
        while let Some((id, row)) = domain.and_then(|id| self.domains.get(id).map(|row| (id, row))) {
            let holder = Holder::Domain(id);
            let (most, used) = (self.limit(holder, resource), self.in_use(holder, resource));
            if most != -1 && used + wanted > most {
                return Err(format!(
                    "Maximum domain resource limits of Type '{}' for Domain Id = {} is exceeded: Domain Resource \
                     Limit = {most}, Current Domain Resource Amount = {used}, Current Resource Reservation = 0, \
                     Requested Resource Amount = {wanted}.",
                    resource.name(),
                    row.uuid
                ));
            }
            domain = row.parent;
        }
        Ok(())
    }

    /// How much of a kind somebody has.
    #[must_use]
    pub fn in_use(&self, holder: Holder, resource: Resource) -> i64 {
        let has = |account: Id| match holder {
            Holder::Account(id) => account == id,
            Holder::Domain(domain) => {
                self.accounts.get(account).is_some_and(|row| self.is_within(row.domain, domain))
            }
        };
        let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        let machines = || {
            self.virtual_machines.iter().map(|(_, row)| row).filter(|row| {
                has(row.owner.account) && !matches!(row.state, MachineState::Destroyed | MachineState::Error)
            })
        };
        match resource.name() {
            "user_vm" => count(machines().count()),
            "cpu" => machines().map(|row| i64::from(self.machine_size(row).0)).sum(),
            "memory" => machines().map(|row| i64::from(self.machine_size(row).2)).sum(),
            "public_ip" => count(self.addresses.iter().filter(|(_, row)| has(row.owner.account)).count()),
            "volume" => count(self.volumes.iter().filter(|(_, row)| has(row.owner.account)).count()),
            "primary_storage" => {
                let bytes: u64 = self
                    .volumes
                    .iter()
                    .filter(|(_, row)| has(row.owner.account))
                    .map(|(_, row)| row.size)
                    .sum();
                i64::try_from(bytes >> 30).unwrap_or(i64::MAX)
            }
            "template" => count(
                self.templates
                    .iter()
                    .filter(|(_, row)| has(row.owner.account) && row.template_type == "USER")
                    .count(),
            ),
            "network" => count(self.networks.iter().filter(|(_, row)| has(row.owner.account)).count()),
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::account::{ADMIN, ROOT_DOMAIN};
    use crate::world::clock::VIRTUAL_EPOCH;
    use crate::world::preset;

    #[test]
    fn what_was_set_comes_before_the_standard() {
        let mut world = preset::install(1, VIRTUAL_EPOCH);
        let volume = Resource::named("VOLUME").expect("a kind");
        assert_eq!(Resource::numbered(2), Some(volume));
        assert_eq!(world.limit(Holder::Account(ADMIN), volume), -1);
        assert_eq!(world.limit(Holder::Domain(ROOT_DOMAIN), volume), -1);
        assert_eq!(world.limit(Holder::Account(99), volume), 20);
        world.limits.set(Holder::Account(99), volume, 3);
        assert_eq!(world.limit(Holder::Account(99), volume), 3);
        world.limits.forget(Holder::Account(99));
        assert_eq!(world.limit(Holder::Account(99), volume), 20);
        assert_eq!(Resource::numbered(17), None);
    }

    #[test]
    fn a_limit_of_the_domain_holds_for_all_below() {
        let mut world = preset::install(1, VIRTUAL_EPOCH);
        let domain = world.add_domain("gold", Some(ROOT_DOMAIN), None);
        let volume = Resource::named("volume").expect("a kind");
        let owner = Owner { account: 99, domain };
        assert_eq!(world.require_room(owner, volume, 20), Ok(()));
        assert!(
            world
                .require_room(owner, volume, 21)
                .is_err_and(|text| text.contains("Account Resource Limit = 20"))
        );
        world.limits.set(Holder::Domain(ROOT_DOMAIN), volume, 0);
        assert!(
            world
                .require_room(owner, volume, 1)
                .is_err_and(|text| text.contains("Domain Resource Limit = 0"))
        );
        assert_eq!(world.limits_of(Holder::Domain(ROOT_DOMAIN)).first(), Some(&volume));
    }
}
