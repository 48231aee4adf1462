//! How things look to clients: one function per kind, fields in the order of the response class.

mod account;
mod affinity_group;
mod annotation;
mod event;
mod firewall;
mod host;
mod load_balancer;
pub mod metrics;
mod network;
mod offering;
mod physical_network;
mod project;
mod register;
mod router;
mod security_group;
mod setting;
mod snapshot;
mod storage;
mod system_vm;
mod tag;
mod template;
mod user_data;
mod virtual_machine;
mod vm_schedule;
mod vm_snapshot;
mod volume;
mod vpc;
mod vpn;
mod zone;

pub use account::{
    DomainLook, account, domain, listed_account, listed_user, resource_count, resource_limit, role,
    role_permission, user,
};
pub use affinity_group::affinity_group;
pub use annotation::annotation;
pub use event::event;
pub use firewall::{firewall_rule, ip_forwarding_rule};
pub use host::{host, host_dump, host_ha, out_of_band};
pub use load_balancer::{balanced_machine, health_check_policies, load_balancer, stickiness_policies};
pub use network::{address, network, nic};
pub use offering::{disk_offering, network_offering, service_offering, supported_service};
pub use physical_network::{
    dedicated_vlans, element, physical_network, public_range, service_provider, traffic_type,
};
pub use project::{invitation, project, project_member, project_role, project_rule};
pub use register::{registered, stored};
pub use router::{destroyed_router, router};
pub use security_group::{authorized_group, security_group};
pub use setting::setting;
pub use snapshot::{snapshot, snapshot_policy, taken_snapshot};
pub use storage::{image_store, storage_pool, storage_pool_dump};
pub use system_vm::system_vm;
pub use tag::tag;
pub use template::{Detail, guest_system, linked_template, permissions, template, updated_template};
pub use user_data::user_data;
pub use virtual_machine::{virtual_machine, with_details};
pub use vm_schedule::vm_schedule;
pub use vm_snapshot::vm_snapshot;
pub use volume::volume;
pub use vpc::{acl_item, acl_list, internal_balancer, private_gateway, static_route, vpc, vpc_offering};
pub use vpn::{customer_gateway, remote_access_vpn, vpn_connection, vpn_gateway, vpn_user};
pub use zone::{allocation, cluster, pod, with_capacities, zone, zone_capacities, zone_dump};

use uuid::Uuid;

use crate::quirk::Quirk;
use crate::reply::Object;
use crate::world::kind::Handle;
use crate::world::table::Id;
use crate::world::{Owner, World};

/// The fields that say whose a thing is: `account`, or `projectid` and `project`, then `domainid`,
/// `domain`, `domainpath`.
trait Owned {
    /// Adds the fields.
    fn with_owner(self, world: &World, owner: Owner) -> Self;
}

impl Owned for Object {
    fn with_owner(self, world: &World, owner: Owner) -> Self {
        let domain = world.domains.get(owner.domain);
        let project = world.project_of(owner.account).map(|(_, project)| project);
        let account = account_name(world, owner.account).filter(|_| project.is_none());
        self.with("account", account)
            .with("projectid", project.map(|project| project.uuid))
            .with("project", project.map(|project| project.name.as_str()))
            .with("domainid", domain.map(|domain| domain.uuid))
            .with("domain", domain.map(|domain| domain.name.as_str()))
            .with("domainpath", domain.map(|domain| domain.shown_path()))
    }
}

use annotation::has_annotations;
use tag::{bare_tags, tags};

/// The job that is at work on a thing, as views that join jobs show it.
fn open_job(world: &World, about: Handle) -> Option<Uuid> {
    if world.sins(Quirk::ListedThingsNameNoJob) {
        return None;
    }
    if world.sins(Quirk::FinishedJobsStayOnThings) {
        let last = world.jobs.iter().rfind(|(_, job)| job.about == Some(about));
        return last.map(|(_, job)| job.uuid);
    }
    let open = world.open_jobs.iter().rev().filter_map(|id| world.jobs.get(*id));
    open.filter(|job| job.about == Some(about) && !job.is_done()).map(|job| job.uuid).next()
}

/// The state of a VPC or of what belongs to it.
fn word(world: &World, state: &str) -> String {
    if world.sins(Quirk::StatesOfVpcsAreCapitals) { state.to_uppercase() } else { state.to_owned() }
}

/// Adds the job that is at work on a thing, as lists show it (JOB-078).
#[must_use]
pub fn with_open_job(world: &World, about: Handle, object: Object) -> Object {
    let job = open_job(world, about);
    object.with("jobid", job).with("jobstatus", job.map(|_| 0))
}

fn account_name(world: &World, account: Id) -> Option<&str> {
    world.accounts.get(account).map(|account| account.name.as_str())
}
