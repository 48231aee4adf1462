//! Virtual private clouds: their offerings, private gateways and static routes (VPC-001).

use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::clock::Moment;
use super::kind::{Handle, Kind};
use super::router::Router;
use super::table::Id;
use super::{Owner, World};

/// What may be ordered as a VPC.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct VpcOffering {
    /// Its identifier.
    pub uuid: Uuid,
    /// Its name.
    pub name: String,
    /// What it is, in a line.
    pub display_text: String,
    /// The providers behind each service: a service with two has two entries.
    pub services: Vec<(String, String)>,
    /// `NATTED` or `ROUTED`, if it says so.
    pub network_mode: Option<String>,
    /// Whether it is for NSX.
    pub for_nsx: bool,
    /// Whether it came with the installation for everybody's use.
    pub is_default: bool,
    /// Whether it may be ordered.
    pub enabled: bool,
    /// Whether its VPCs have two routers.
    pub redundant: bool,
    /// Where it stands in lists.
    pub sort_key: i64,
    /// When it was created.
    pub created: Moment,
}

/// The state of a VPC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum VpcState {
    /// In use.
    Enabled,
    /// Being taken away.
    Inactive,
}

impl VpcState {
    /// The word on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Enabled => "Enabled",
            Self::Inactive => "Inactive",
        }
    }
}

/// A VPC.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Vpc {
    /// Its identifier.
    pub uuid: Uuid,
    /// Its name.
    pub name: String,
    /// What it is, in a line.
    pub display_text: String,
    /// Whose it is.
    pub owner: Owner,
    /// Its zone.
    pub zone: Id,
    /// Its offering.
    pub offering: Id,
    /// Its address range as it was sent, perhaps with bits of a host.
    pub cidr: String,
    /// The DNS suffix of its guests.
    pub domain: String,
    /// Its state.
    pub state: VpcState,
    /// Whether users see it.
    pub display: bool,
    /// The largest packet towards the public network.
    pub public_mtu: i64,
    /// Whether it must be restarted.
    pub restart_required: bool,
    /// The router of all its tiers, once it was started. It has no guest address of its own.
    pub router: Option<Router>,
    /// The other one, if it is redundant.
    pub second_router: Option<Router>,
    /// When it was created.
    pub created: Moment,
}

/// A gateway of a VPC to a private network.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PrivateGateway {
    /// Its identifier.
    pub uuid: Uuid,
    /// Its VPC.
    pub vpc: Id,
    /// The gateway of the private network.
    pub gateway: Ipv4Addr,
    /// The mask of the private network.
    pub netmask: Ipv4Addr,
    /// Its own address in there.
    pub address: Ipv4Addr,
    /// The VLAN, `vlan://777`.
    pub vlan: Option<String>,
    /// The physical network.
    pub physical_network: Option<Id>,
    /// The guest network that it leads to in place of a VLAN.
    pub network: Option<Id>,
    /// Whether it translates addresses.
    pub source_nat: bool,
    /// Its list of network ACL rules.
    pub acl: Id,
    /// Whether it works.
    pub ready: bool,
}

/// A route of a VPC.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct StaticRoute {
    /// Its identifier.
    pub uuid: Uuid,
    /// Its VPC.
    pub vpc: Id,
    /// The private gateway that it leads to, unless it names the next hop itself.
    pub gateway: Option<Id>,
    /// The next hop.
    pub next_hop: Option<Ipv4Addr>,
    /// Where it leads.
    pub cidr: String,
    /// Whether it is in force.
    pub active: bool,
}

/// What [`World::add_vpc`] needs to know.
#[derive(Debug, Clone)]
pub struct NewVpc {
    /// Its name.
    pub name: String,
    /// What it is, in a line.
    pub display_text: String,
    /// Whose it is.
    pub owner: Owner,
    /// Its zone.
    pub zone: Id,
    /// Its offering.
    pub offering: Id,
    /// Its address range.
    pub cidr: String,
    /// The DNS suffix that the buyer chose.
    pub domain: Option<String>,
    /// Whether users see it.
    pub display: bool,
}

impl World {
    /// Adds an offering of VPCs.
    pub fn add_vpc_offering(&mut self, offering: VpcOffering) -> Id {
        let uuid = self.name_row(Kind::VpcOffering, self.vpc_offerings.next_id());
        self.vpc_offerings.insert(VpcOffering { uuid, ..offering })
    }

    /// Adds a VPC without a router.
    pub fn add_vpc(&mut self, new: NewVpc) -> Id {
        let uuid = self.name_row(Kind::Vpc, self.vpcs.next_id());
        let domain = new.domain.unwrap_or_else(|| self.network_domain_of(new.owner.account));
        let created = self.now;
        self.vpcs.insert(Vpc {
            uuid,
            name: new.name,
            display_text: new.display_text,
            owner: new.owner,
            zone: new.zone,
            offering: new.offering,
            cidr: new.cidr,
            domain,
            state: VpcState::Enabled,
            display: new.display,
            public_mtu: 1500,
            restart_required: false,
            router: None,
            second_router: None,
            created,
        })
    }

    /// The tiers of a VPC, oldest first.
    pub fn tiers(&self, vpc: Id) -> impl Iterator<Item = Id> {
        self.networks.iter().filter(move |(_, network)| network.vpc == Some(vpc)).map(|(id, _)| id)
    }

    /// The address by which a VPC reaches out.
    #[must_use]
    pub fn source_nat_of_vpc(&self, vpc: Id) -> Option<Id> {
        let mut held = self.addresses.iter().filter(|(_, row)| row.vpc == Some(vpc) && row.source_nat);
        held.next().map(|(id, _)| id)
    }

    /// Whether a VPC has two routers.
    #[must_use]
    pub fn is_paired(&self, vpc: &Vpc) -> bool {
        self.vpc_offerings.get(vpc.offering).is_some_and(|offering| offering.redundant)
    }

    /// Gives a VPC its routers, with a public address if the offering translates addresses.
    pub fn start_vpc(&mut self, id: Id) {
        let Some(vpc) = self.vpcs.get(id) else { return };
        let (owner, zone) = (vpc.owner, vpc.zone);
        let wanted: &[Kind] =
            if self.is_paired(vpc) { &[Kind::VpcRouter, Kind::SecondVpcRouter] } else { &[Kind::VpcRouter] };
        let reaches_out = self
            .vpc_offerings
            .get(vpc.offering)
            .is_some_and(|offering| offering.services.iter().any(|(name, _)| name == "SourceNat"));
        for kind in wanted {
            let router = Handle { kind: *kind, id };
            if self.router(router).is_some() {
                continue;
            }
            let held = self.source_nat_of_vpc(id).or_else(|| {
                let held = reaches_out.then(|| self.hold_address(owner, zone, None, true)).flatten();
                if let Some(row) = held.and_then(|held| self.addresses.get_mut(held)) {
                    row.vpc = Some(id);
                }
                held
            });
            let address = held.and_then(|held| self.addresses.get(held)).map(|row| row.address);
            let row = self.new_router(Ipv4Addr::UNSPECIFIED, address);
            self.index.insert(row.uuid, router);
            if let Some(vpc) = self.vpcs.get_mut(id) {
                self.moves += 1;
                *vpc.seat_mut(*kind) = Some(row);
            }
        }
    }

    /// Replaces the routers of a VPC by fresh ones, as a restart with clean-up does.
    pub fn renew_vpc_router(&mut self, id: Id) {
        let tiers = self.networks_of_router(Handle { kind: Kind::VpcRouter, id });
        for kind in [Kind::VpcRouter, Kind::SecondVpcRouter] {
            let router = Handle { kind, id };
            if let Some(old) = self.router(router).map(|row| row.uuid) {
                self.index.remove(&old);
                self.remove_router(router);
            }
        }
        for tier in tiers {
            self.serve_tier(tier, id);
        }
        self.start_vpc(id);
    }

    /// Lets the routers of a VPC serve a tier: one at its gateway, or two with addresses of their own.
    pub(super) fn serve_tier(&mut self, tier: Id, vpc: Id) {
        self.start_vpc(vpc);
        let Some(gateway) = self.networks.get(tier).and_then(|row| row.subnet).map(|subnet| subnet.gateway)
        else {
            return;
        };
        let is_paired = self.vpcs.get(vpc).is_some_and(|vpc| self.is_paired(vpc));
        for kind in [Kind::VpcRouter, Kind::SecondVpcRouter] {
            let Some(router) = self.router(Handle { kind, id: vpc }).cloned() else { continue };
            if self.networks.get(tier).is_none_or(|row| row.seat(kind).is_some()) {
                continue;
            }
            let nics = [self.ids.uuid(), router.nics[1], router.nics[2]];
            let address = if is_paired { self.free_guest_address(tier) } else { Some(gateway) };
            let guest_address = address.unwrap_or(gateway);
            if let Some(row) = self.networks.get_mut(tier) {
                self.moves += 1;
                row.redundant = is_paired;
                *row.seat_mut(kind) = Some(Router { guest_address, nics, ..router });
                row.settle_lead();
            }
            self.tell_router(tier, kind);
        }
    }

    /// Takes an address of a VPC off its tier once nothing there needs it.
    pub fn settle_vpc_address(&mut self, id: Id) {
        let has_rules = self.firewall_rules.iter().any(|(_, rule)| rule.address == Some(id));
        if let Some(row) = self.addresses.get_mut(id).filter(|row| row.vpc.is_some())
            && !has_rules
            && row.static_nat.is_none()
        {
            row.network = None;
        }
    }

    /// Adds a private gateway.
    pub fn add_private_gateway(&mut self, gateway: PrivateGateway) -> Id {
        let uuid = self.name_row(Kind::PrivateGateway, self.private_gateways.next_id());
        self.private_gateways.insert(PrivateGateway { uuid, ..gateway })
    }

    /// Adds a static route.
    pub fn add_static_route(&mut self, route: StaticRoute) -> Id {
        let uuid = self.name_row(Kind::StaticRoute, self.static_routes.next_id());
        self.static_routes.insert(StaticRoute { uuid, ..route })
    }

    /// Removes a static route with its tags.
    pub fn remove_static_route(&mut self, id: Id) {
        if let Some(route) = self.static_routes.remove(id) {
            self.index.remove(&route.uuid);
        }
        self.forget_tags(Handle { kind: Kind::StaticRoute, id });
    }

    /// Removes a VPC and what belongs to it: tiers, routes, gateways, connections, lists of rules and addresses.
    pub fn remove_vpc(&mut self, id: Id) {
        let tiers: Vec<Id> = self.tiers(id).collect();
        for tier in tiers {
            self.remove_network(tier);
        }
        self.remove_vpn_of_vpc(id);
        let routes: Vec<Id> =
            self.static_routes.iter().filter(|(_, row)| row.vpc == id).map(|(route, _)| route).collect();
        for route in routes {
            self.remove_static_route(route);
        }
        let gateways: Vec<Id> = self
            .private_gateways
            .iter()
            .filter(|(_, row)| row.vpc == id)
            .map(|(gateway, _)| gateway)
            .collect();
        for gateway in gateways {
            self.private_gateways.remove(gateway);
        }
        let lists: Vec<Id> =
            self.acl_lists.iter().filter(|(_, row)| row.vpc == Some(id)).map(|(list, _)| list).collect();
        for list in lists {
            self.remove_acl_list(list);
        }
        let held: Vec<Id> =
            self.addresses.iter().filter(|(_, row)| row.vpc == Some(id)).map(|(held, _)| held).collect();
        for address in held {
            self.release_address(address);
        }
        self.vpcs.remove(id);
        self.forget_tags(Handle { kind: Kind::Vpc, id });
    }

    /// Removes all VPCs of an account, and the ends of connections that it described.
    pub(super) fn remove_vpcs_of(&mut self, account: Id) {
        let owned: Vec<Id> =
            self.vpcs.iter().filter(|(_, row)| row.owner.account == account).map(|(id, _)| id).collect();
        for vpc in owned {
            self.remove_vpc(vpc);
        }
        self.remove_vpn_of_account(account);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::account::ADMIN;
    use crate::world::clock::VIRTUAL_EPOCH;
    use crate::world::network::NewNetwork;
    use crate::world::preset;
    use crate::world::public_range::NewRange;

    fn cloud() -> (World, Id) {
        let mut world = preset::install(1, VIRTUAL_EPOCH);
        let zone = world.add_zone("zone", "10.0.0.1", None);
        world.add_public_range(NewRange {
            zone,
            physical_network: None,
            vlan: "vlan://50".to_owned(),
            gateway: Ipv4Addr::new(192, 0, 2, 1),
            netmask: Ipv4Addr::new(255, 255, 255, 0),
            start: Ipv4Addr::new(192, 0, 2, 10),
            end: Ipv4Addr::new(192, 0, 2, 20),
        });
        let owner = world.owner_of(ADMIN);
        let vpc = world.add_vpc(NewVpc {
            name: "one".to_owned(),
            display_text: "one".to_owned(),
            owner,
            zone,
            offering: 1,
            cidr: "10.1.1.1/16".to_owned(),
            domain: None,
            display: true,
        });
        (world, vpc)
    }

    #[test]
    fn a_started_vpc_holds_one_address_until_it_is_removed() {
        let (mut world, vpc) = cloud();
        world.start_vpc(vpc);
        world.start_vpc(vpc);
        let held = |world: &World| world.addresses.iter().filter(|(_, row)| !row.is_free()).count();
        assert_eq!(held(&world), 1);
        assert!(world.source_nat_of_vpc(vpc).is_some());
        world.remove_vpc(vpc);
        assert_eq!(held(&world), 0);
        assert!(world.vpcs.is_empty());
    }

    #[test]
    fn tiers_share_the_router_and_keep_their_gateways() {
        let (mut world, vpc) = cloud();
        let (owner, zone) = world.vpcs.get(vpc).map(|row| (row.owner, row.zone)).expect("the VPC was added");
        let subnet = crate::world::network::Subnet::of_cidr("10.1.2.0/24");
        let name = "DefaultIsolatedNetworkOfferingForVpcNetworks";
        let preset = world.network_offerings.iter().find(|(_, row)| row.name == name);
        let offering = preset.map(|(id, _)| id).expect("a preset offering");
        let tier = world.add_network(NewNetwork {
            name: "tier".to_owned(),
            display_text: "tier".to_owned(),
            owner,
            zone,
            offering,
            subnet,
            vlan: None,
            domain: None,
        });
        world.networks.get_mut(tier).expect("the tier was added").vpc = Some(vpc);
        world.implement_network(tier);
        let router = |world: &World| world.networks.get(tier).and_then(|row| row.router.clone());
        let first = router(&world).expect("the tier is in use");
        assert_eq!(
            Some(first.uuid),
            world.vpcs.get(vpc).and_then(|row| row.router.as_ref()).map(|row| row.uuid)
        );
        assert_eq!(first.guest_address, Ipv4Addr::new(10, 1, 2, 1));
        world.renew_vpc_router(vpc);
        let second = router(&world).expect("the tier is still in use");
        assert_ne!(first.uuid, second.uuid);
        assert_eq!(second.guest_address, first.guest_address);
    }
}
