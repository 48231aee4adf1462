//! How much accounts and domains may have (LIM rules): the kinds of resources, their standard
//! limits, and those that were set. What is in use is counted, never stored.

use imbl::OrdMap;
use serde::{Deserialize, Serialize};

use super::account::{AccountType, HIDDEN_ACCOUNT, ROOT_DOMAIN, SYSTEM};
use super::saved::form;
use super::snapshot::SnapshotState;
use super::table::Id;
use super::virtual_machine::MachineState;
use super::{Owner, World};
use crate::quirk::Quirk;

/// A kind of thing that is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(into = "String", try_from = "String")]
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

    /// Whether it is counted in bytes and limited in GiB.
    fn is_storage(self) -> bool {
        matches!(self.name(), "primary_storage" | "secondary_storage" | "backup_storage" | "object_storage")
    }

    /// Whether it is about what object stores hold.
    fn is_of_object_stores(self) -> bool {
        matches!(self.name(), "bucket" | "object_storage")
    }

    fn standard(self) -> i64 {
        FACTS[usize::from(self.0)].standard
    }
}

impl From<Resource> for String {
    fn from(resource: Resource) -> Self {
        resource.name().to_owned()
    }
}

impl TryFrom<String> for Resource {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        Self::all().find(|kind| kind.name() == name).ok_or_else(|| format!("{name:?} has no limits"))
    }
}

/// Who has a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Holder {
    /// An account.
    Account(Id),
    /// A domain, for all in it and below.
    Domain(Id),
}

/// The limits that were set, in that order.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Limits {
    #[serde(with = "form::pairs")]
    #[cfg_attr(test, schemars(with = "Vec<(Holder, Vec<(Resource, i64)>)>"))]
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

    /// The limit as lists show it; -1 is none.
    ///
    /// For buckets and object storage of a domain upstream asks for the account that bears the domain's number
    /// (`findCorrectResourceLimit` with the domain's id), so such a domain shows what accounts may have. Recorded: of
    /// the domains of one server the one with number 3.
    #[must_use]
    pub fn shown_limit(&self, holder: Holder, resource: Resource) -> i64 {
        match (self.limit(holder, resource), holder) {
            (-1, Holder::Domain(id)) if resource.is_of_object_stores() && !self.has_set(holder, resource) => {
                let namesake = self.accounts.get(id).map(|row| row.account_type);
                let is_limited = namesake.map_or(id == HIDDEN_ACCOUNT, |kind| kind != AccountType::Admin);
                if is_limited { resource.standard() } else { -1 }
            }
            (most, _) => most,
        }
    }

    /// Whether a limit was set for somebody.
    fn has_set(&self, holder: Holder, resource: Resource) -> bool {
        self.limits.of(holder).iter().any(|(other, _)| *other == resource)
    }

    /// The limit that counts: domains below ROOT have a few although lists of domains do not show them.
    #[must_use]
    pub fn counting_limit(&self, holder: Holder, resource: Resource) -> i64 {
        match (self.limit(holder, resource), holder) {
            (-1, Holder::Domain(id)) if id != ROOT_DOMAIN && !self.has_set(holder, resource) => {
                match resource.name() {
                    "project" => 50,
                    "backup" => 40,
                    "backup_storage" => 800,
                    "bucket" | "gpu" => 20,
                    "object_storage" => 400,
                    _ => -1,
                }
            }
            (most, _) => most,
        }
    }

    /// The limits of somebody: first those that were set, then the rest by number.
    #[must_use]
    pub fn limits_of(&self, holder: Holder) -> Vec<Resource> {
        let set: Vec<Resource> = self.limits.of(holder).iter().map(|(resource, _)| *resource).collect();
        let rest = Resource::all().filter(|resource| !set.contains(resource));
        set.iter().copied().chain(rest).collect()
    }

    /// Checks that an account and the domains above it may have more of a kind; storage is wanted in bytes.
    ///
    /// # Errors
    ///
    /// The text of the refusal, which is a 535 while a request waits (ERR of class 4370).
    pub fn require_room(&self, owner: Owner, resource: Resource, wanted: i64) -> Result<(), String> {
        // What is in use is counted only for those who have a limit.
        let exceeded = |holder| {
            let most = self.counting_limit(holder, resource);
            if most == -1 {
                return None;
            }
            let most = if resource.is_storage() { most << 30 } else { most };
            let used = self.amount(holder, resource);
            (used + wanted > most).then_some((most, used))
        };
        let shown = |number: i64| if resource.is_storage() { sized(number) } else { number.to_string() };
        if let Some((most, used)) = exceeded(Holder::Account(owner.account)) {
            let account = self.accounts.get(owner.account).map_or("", |row| row.name.as_str());
            let (what, name) = match self.project_of(owner.account) {
                Some((_, project)) => ("Project", project.name.as_str()),
                None => ("Account", account),
            };
            return Err(format!(
                "Maximum amount of resources of Type = '{}', tag = 'null' for {what} Name = {name} in Domain Id = \
                 {} is exceeded: Account Resource Limit = {}, Current Account Resource Amount = {}, Current \
                 Account Resource Reservation = {}, Requested Resource Amount = {}.",
                resource.name(),
                owner.domain,
                shown(most),
                shown(used),
                shown(0),
                shown(wanted)
            ));
        }
        let mut domain = Some(owner.domain);
        while let Some((id, row)) = domain.and_then(|id| self.domains.get(id).map(|row| (id, row))) {
            if let Some((most, used)) = exceeded(Holder::Domain(id)) {
                return Err(format!(
                    "Maximum domain resource limits of Type '{}' for Domain Id = {} is exceeded: Domain Resource \
                     Limit = {}, Current Domain Resource Amount = {}, Current Resource Reservation = {}, \
                     Requested Resource Amount = {}.",
                    resource.name(),
                    row.uuid,
                    shown(most),
                    shown(used),
                    shown(0),
                    shown(wanted)
                ));
            }
            domain = row.parent;
        }
        Ok(())
    }

    /// How much of a kind somebody has: pieces, or whole GiB of storage.
    #[must_use]
    pub fn in_use(&self, holder: Holder, resource: Resource) -> i64 {
        let amount = self.amount(holder, resource);
        if resource.is_storage() { amount >> 30 } else { amount }
    }

    /// How much of a kind somebody has: pieces, or bytes of storage.
    fn amount(&self, holder: Holder, resource: Resource) -> i64 {
        let has = |account: Id| match holder {
            Holder::Account(id) => account == id,
            Holder::Domain(domain) => {
                self.accounts.get(account).is_some_and(|row| self.is_within(row.domain, domain))
            }
        };
        let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        let counts = |state| match state {
            MachineState::Destroyed => self.sins(Quirk::DestroyedMachinesAreCounted),
            other => other != MachineState::Error,
        };
        let machines = || {
            let rows = self.virtual_machines.iter().map(|(_, row)| row);
            rows.filter(|row| has(row.owner.account) && counts(row.state))
        };
        let templates = || {
            self.templates
                .iter()
                .map(|(_, row)| row)
                .filter(|row| has(row.owner.account) && row.template_type == "USER" && !row.removed)
        };
        match resource.name() {
            "user_vm" => count(machines().count()),
            "cpu" => machines().map(|row| i64::from(self.machine_size(row).0)).sum(),
            "memory" => machines().map(|row| i64::from(self.machine_size(row).2)).sum(),
            // What the server's own machines hold counts for nobody.
            "public_ip" => {
                let held = self.addresses.iter().filter(|(_, row)| row.owner.account != SYSTEM);
                count(held.filter(|(_, row)| has(row.owner.account)).count())
            }
            "volume" => count(self.volumes.iter().filter(|(_, row)| has(row.owner.account)).count()),
            "primary_storage" => {
                let bytes: u64 = self
                    .volumes
                    .iter()
                    .filter(|(_, row)| has(row.owner.account))
                    .map(|(_, row)| row.size)
                    .sum();
                i64::try_from(bytes).unwrap_or(i64::MAX)
            }
            "snapshot" => count(
                self.snapshots
                    .iter()
                    .filter(|(_, row)| has(row.owner.account))
                    .filter(|(_, row)| !matches!(row.state, SnapshotState::Destroyed | SnapshotState::Error))
                    .count(),
            ),
            "project" => count(
                self.projects
                    .iter()
                    .filter(|(_, row)| {
                        row.members.iter().any(|member| member.is_admin && has(member.account))
                    })
                    .count(),
            ),
            "template" => count(templates().count()),
            "secondary_storage" => {
                let bytes: u64 = templates().map(|row| row.physical_size.unwrap_or(row.size)).sum();
                i64::try_from(bytes).unwrap_or(i64::MAX)
            }
            "network" => count(self.networks.iter().filter(|(_, row)| has(row.owner.account)).count()),
            "vpc" => count(self.vpcs.iter().filter(|(_, row)| has(row.owner.account)).count()),
            _ => 0,
        }
    }
}

/// Bytes as the refusals have them: `(4.00 GB) 4294967296`.
fn sized(bytes: i64) -> String {
    let units = [("TB", 40), ("GB", 30), ("MB", 20), ("KB", 10)];
    match units.into_iter().find(|(_, shift)| bytes >> shift > 0) {
        None => format!("({bytes} bytes) {bytes}"),
        Some((unit, shift)) => {
            // Hundredths, cut off rather than rounded up, and without floating point.
            let hundredths = (i128::from(bytes) * 100) >> shift;
            format!("({}.{:02} {unit}) {bytes}", hundredths / 100, hundredths % 100)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::account::{ADMIN, Account, ROOT_DOMAIN};
    use crate::world::clock::VIRTUAL_EPOCH;
    use crate::world::preset;
    use crate::world::table::Table;

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
    fn a_domain_shows_the_buckets_of_the_account_with_its_number() {
        let mut world = preset::install(1, VIRTUAL_EPOCH);
        let [buckets, volumes] = ["bucket", "volume"].map(|name| Resource::named(name).expect("a kind"));
        let mut add = |name| Holder::Domain(world.add_domain(name, Some(ROOT_DOMAIN), None));
        // The first bears the number of the administrator, who has no limit, the third one nobody's.
        let [first, second, third] = ["first", "second", "third"].map(&mut add);
        assert_eq!([first, second], [ADMIN, HIDDEN_ACCOUNT].map(Holder::Domain));
        let shown = |one| [buckets, volumes].map(|resource| world.shown_limit(one, resource));
        assert_eq!([first, second, third].map(shown), [[-1, -1], [20, -1], [-1, -1]]);
        assert_eq!(world.limit(second, buckets), -1);
        let Holder::Domain(third) = third else { unreachable!("it is a domain") };
        let admin = world.accounts.get(ADMIN).expect("an administrator").clone();
        let mut accounts = Table::default();
        accounts.start_at(third);
        accounts.insert(Account { account_type: AccountType::Normal, ..admin });
        world.accounts = accounts;
        assert_eq!(world.shown_limit(Holder::Domain(third), buckets), 20);
        world.limits.set(Holder::Domain(third), buckets, -1);
        assert_eq!(world.shown_limit(Holder::Domain(third), buckets), -1);
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
