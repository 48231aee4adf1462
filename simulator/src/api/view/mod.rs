//! How things look to clients: one function per kind, fields in the order of the response class.

mod account;
mod affinity_group;
mod event;
mod firewall;
mod network;
mod offering;
mod router;
mod setting;
mod tag;
mod template;
mod user_data;
mod virtual_machine;
mod volume;
mod zone;

pub use account::{
    DomainLook, account, domain, listed_account, listed_user, resource_count, resource_limit, role,
    role_permission, user,
};
pub use affinity_group::affinity_group;
pub use event::event;
pub use firewall::firewall_rule;
pub use network::{address, network, nic};
pub use offering::{disk_offering, network_offering, service_offering};
pub use router::router;
pub use setting::setting;
pub use tag::tag;
pub use template::{guest_system, linked_template, template};
pub use user_data::user_data;
pub use virtual_machine::virtual_machine;
pub use volume::volume;
pub use zone::{cluster, host, image_store, pod, storage_pool, zone};

use crate::reply::Object;
use crate::world::table::Id;
use crate::world::{Owner, World};

/// The fields that say whose a thing is: `account`, `domainid`, `domain`, `domainpath`.
trait Owned {
    /// Adds the four fields.
    fn with_owner(self, world: &World, owner: Owner) -> Self;
}

impl Owned for Object {
    fn with_owner(self, world: &World, owner: Owner) -> Self {
        let domain = world.domains.get(owner.domain);
        self.with("account", account_name(world, owner.account))
            .with("domainid", domain.map(|domain| domain.uuid))
            .with("domain", domain.map(|domain| domain.name.as_str()))
            .with("domainpath", domain.map(|domain| domain.shown_path()))
    }
}

use tag::tags;

fn account_name(world: &World, account: Id) -> Option<&str> {
    world.accounts.get(account).map(|account| account.name.as_str())
}
