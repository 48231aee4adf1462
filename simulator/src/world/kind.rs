//! The kinds of things that have identifiers.

use super::table::Id;

/// What an identifier stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Handle {
    /// The kind.
    pub kind: Kind,
    /// The internal number within the kind.
    pub id: Id,
}

macro_rules! kinds {
    ($($(#[doc = $doc:literal])* $kind:ident $type_name:literal $classes:expr;)*) => {
        /// A kind of thing with identifiers.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Kind {
            $($(#[doc = $doc])* $kind,)*
        }

        impl Kind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$kind,)*];

            /// The name in upstream's texts and as `jobinstancetype` or `resourcetype`.
            #[must_use]
            pub fn type_name(self) -> &'static str {
                match self {
                    $(Self::$kind => $type_name,)*
                }
            }

            /// The response classes by which the catalogue refers to the kind.
            #[must_use]
            pub fn classes(self) -> &'static [&'static str] {
                match self {
                    $(Self::$kind => &$classes,)*
                }
            }
        }
    };
}

kinds! {
    /// A domain.
    Domain "Domain" ["DomainResponse"];
    /// An account.
    Account "Account" ["AccountResponse"];
    /// A user.
    User "User" ["UserResponse"];
    /// A role.
    Role "Role" ["RoleResponse"];
    /// A rule of a role.
    RolePermission "RolePermission" ["RolePermissionResponse"];
    /// A project.
    Project "Project" ["ProjectResponse"];
    /// A zone.
    Zone "Zone" ["ZoneResponse"];
    /// A pod.
    Pod "Pod" ["PodResponse"];
    /// A cluster.
    Cluster "Cluster" ["ClusterResponse"];
    /// A host.
    Host "Host" ["HostResponse"];
    /// Primary storage.
    StoragePool "StoragePool" ["StoragePoolResponse"];
    /// Secondary storage.
    ImageStore "ImageStore" ["ImageStoreResponse"];
    /// A physical network.
    PhysicalNetwork "PhysicalNetwork" ["PhysicalNetworkResponse"];
    /// A compute offering.
    ServiceOffering "ServiceOffering" ["ServiceOfferingResponse"];
    /// A disk offering.
    DiskOffering "DiskOffering" ["DiskOfferingResponse"];
    /// A network offering.
    NetworkOffering "NetworkOffering" ["NetworkOfferingResponse"];
    /// A guest operating system.
    GuestSystem "GuestOs" ["GuestOSResponse"];
    /// A template or an ISO.
    Template "Template" ["TemplateResponse", "IsoVmResponse"];
    /// A guest network.
    Network "Network" ["NetworkResponse"];
    /// A range of public addresses.
    PublicRange "Vlan" ["VlanIpRangeResponse"];
    /// A public address.
    Address "IpAddress" ["IPAddressResponse"];
    /// A rule of a firewall or of port forwarding.
    FirewallRule "FirewallRule" ["FirewallRuleResponse"];
    /// A virtual router, numbered as its network.
    Router "DomainRouter" ["DomainRouterResponse"];
    /// A network card.
    Nic "Nic" ["NicResponse"];
    /// A virtual machine.
    VirtualMachine "VirtualMachine" ["UserVmResponse"];
    /// A volume.
    Volume "Volume" ["VolumeResponse"];
    /// Registered user data.
    UserData "UserData" ["UserDataResponse"];
    /// An asynchronous job.
    Job "AsyncJob" ["AsyncJobResponse"];
    /// An event.
    Event "Event" ["EventResponse"];
    /// A group of machines.
    InstanceGroup "InstanceGroup" ["InstanceGroupResponse"];
    /// An affinity group.
    AffinityGroup "AffinityGroup" ["AffinityGroupResponse"];
    /// A public key.
    SshKeyPair "SSHKeyPair" ["SSHKeyPairResponse"];
}
