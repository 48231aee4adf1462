//! The kinds of things that have identifiers.

use serde::{Deserialize, Serialize};

use super::table::Id;

/// What an identifier stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Handle {
    /// The kind.
    pub kind: Kind,
    /// The internal number within the kind.
    pub id: Id,
}

macro_rules! kinds {
    ($($(#[doc = $doc:literal])* $kind:ident $type_name:literal $classes:expr;)*) => {
        /// A kind of thing with identifiers.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[cfg_attr(test, derive(schemars::JsonSchema))]
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
    /// A directory server.
    DirectoryServer "LdapConfiguration" ["LdapConfigurationResponse"];
    /// A role.
    Role "Role" ["RoleResponse"];
    /// A rule of a role.
    RolePermission "RolePermission" ["RolePermissionResponse"];
    /// A project.
    Project "Project" ["ProjectResponse"];
    /// A role within a project.
    ProjectRole "ProjectRole" ["ProjectRoleResponse"];
    /// A rule of a role within a project.
    ProjectRolePermission "ProjectRolePermission" ["ProjectRolePermissionResponse"];
    /// An invitation to a project.
    ProjectInvitation "ProjectInvitation" ["ProjectInvitationResponse"];
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
    /// A kind of traffic on a physical network.
    TrafficType "TrafficType" ["TrafficTypeResponse"];
    /// Who serves the networks of a physical network.
    ServiceProvider "PhysicalNetworkServiceProvider" ["ProviderResponse"];
    /// The router behind a provider, numbered as the provider.
    VirtualRouterElement "VirtualRouterProvider" ["VirtualRouterProviderResponse"];
    /// The balancer behind a provider, numbered as the provider.
    InternalBalancerElement "InternalLoadBalancerElement" ["InternalLoadBalancerElementResponse"];
    /// VLANs that are for one account only.
    DedicatedVlans "GuestVlanRange" ["GuestVlanRangeResponse"];
    /// A range of portable addresses.
    PortableRange "PortableIpRange" ["PortableIpRangeResponse"];
    /// A range of a storage network.
    StorageRange "StorageNetworkIpRange" ["StorageNetworkIpRangeResponse"];
    /// What administrators should know.
    Alert "Alert" ["AlertResponse"];
    /// A system machine.
    SystemVm "SystemVm" ["SystemVmResponse"];
    /// A compute offering.
    ServiceOffering "ServiceOffering" ["ServiceOfferingResponse"];
    /// A disk offering.
    DiskOffering "DiskOffering" ["DiskOfferingResponse"];
    /// A network offering.
    NetworkOffering "NetworkOffering" ["NetworkOfferingResponse"];
    /// A guest operating system.
    GuestSystem "GuestOs" ["GuestOSResponse"];
    /// A template or an ISO.
    Template "Template" ["TemplateResponse", "IsoVmResponse", "TemplatePermissionsResponse"];
    /// A guest network.
    Network "Network" ["NetworkResponse"];
    /// A range of public addresses.
    PublicRange "Vlan" ["VlanIpRangeResponse"];
    /// A public address.
    Address "IpAddress" ["IPAddressResponse"];
    /// A rule of a firewall or of port forwarding.
    FirewallRule "FirewallRule" ["FirewallRuleResponse"];
    /// How a load balancer keeps clients at a machine.
    StickinessPolicy "StickinessPolicy" ["LBStickinessResponse"];
    /// A virtual router, numbered as its network.
    Router "DomainRouter" ["DomainRouterResponse"];
    /// The second router of a redundant pair, numbered as their network.
    SecondRouter "DomainRouter" ["DomainRouterResponse"];
    /// The virtual router of a VPC, numbered as that.
    VpcRouter "DomainRouter" ["DomainRouterResponse"];
    /// The second router of a redundant VPC, numbered as that.
    SecondVpcRouter "DomainRouter" ["DomainRouterResponse"];
    /// What may be ordered as a VPC.
    VpcOffering "VpcOffering" ["VpcOfferingResponse"];
    /// A VPC.
    Vpc "Vpc" ["VpcResponse"];
    /// A list of network ACL rules.
    NetworkAcl "NetworkAcl" ["NetworkACLResponse"];
    /// A rule of such a list.
    NetworkAclItem "NetworkAclItem" ["NetworkACLItemResponse"];
    /// A gateway of a VPC to a private network.
    PrivateGateway "PrivateGateway" ["PrivateGatewayResponse"];
    /// A route of a VPC.
    StaticRoute "StaticRoute" ["StaticRouteResponse"];
    /// A load balancer inside a VPC, whose identifiers count as those of rules.
    InternalBalancer "LoadBalancerRule" ["FirewallRuleResponse"];
    /// The near end of connections between sites.
    VpnGateway "VpnGateway" ["Site2SiteVpnGatewayResponse"];
    /// The far end of connections between sites.
    CustomerGateway "VpnCustomerGateway" ["Site2SiteCustomerGatewayResponse"];
    /// A connection between sites.
    VpnConnection "VpnConnection" ["Site2SiteVpnConnectionResponse"];
    /// An entrance for users far away.
    RemoteAccessVpn "RemoteAccessVpn" ["RemoteAccessVpnResponse"];
    /// Who may come in there.
    VpnUser "VpnUser" ["VpnUsersResponse"];
    /// A network card.
    Nic "Nic" ["NicResponse"];
    /// A security group.
    SecurityGroup "SecurityGroup" ["SecurityGroupResponse"];
    /// A rule of a security group.
    SecurityGroupRule "SecurityGroupRule" ["SecurityGroupRuleResponse"];
    /// A further address of a network card.
    SecondaryAddress "NicSecondaryIp" ["NicSecondaryIpResponse"];
    /// A virtual machine.
    VirtualMachine "VirtualMachine" ["UserVmResponse"];
    /// A volume.
    Volume "Volume" ["VolumeResponse"];
    /// A snapshot of a volume.
    Snapshot "Snapshot" ["SnapshotResponse"];
    /// When to take snapshots.
    SnapshotPolicy "SnapshotPolicy" ["SnapshotPolicyResponse"];
    /// A snapshot of a machine.
    VmSnapshot "VMSnapshot" ["VMSnapshotResponse"];
    /// What is done to a machine again and again.
    VmSchedule "VMSchedule" ["VMScheduleResponse"];
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
    /// Who is told of events.
    Webhook "Webhook" ["WebhookResponse"];
    /// What was sent for a webhook.
    WebhookDelivery "WebhookDelivery" ["WebhookDeliveryResponse"];
    /// A version that Kubernetes clusters may have.
    KubernetesVersion "KubernetesSupportedVersion" ["KubernetesSupportedVersionResponse"];
    /// An object store.
    ObjectStore "ObjectStore" ["ObjectStoreResponse"];
    /// A bucket in an object store.
    Bucket "Bucket" ["BucketResponse"];
    /// An extension.
    Extension "Extension" ["ExtensionResponse"];
    /// What an extension is registered for.
    ExtensionResource "ExtensionResource" [];
    /// An action of an extension.
    CustomAction "ExtensionCustomAction" ["ExtensionCustomActionResponse"];
    /// A graphics card.
    GpuCard "GpuCard" ["GpuCardResponse"];
    /// A share of a graphics card.
    VgpuProfile "VgpuProfile" ["VgpuProfileResponse"];
    /// A rule that picks secondary storage.
    StorageSelector "SecondaryStorageHeuristic" ["SecondaryStorageHeuristicsResponse"];
    /// What backups are offered.
    BackupOffering "BackupOffering" ["BackupOfferingResponse"];
    /// A backup of a machine.
    Backup "Backup" ["BackupResponse"];
    /// Which machine has which backup offering.
    BackupAssignment "BackupAssignment" [];
    /// How the user interface looks.
    GuiTheme "GuiTheme" ["GuiThemeResponse"];
    /// Where backups are kept.
    BackupRepository "BackupRepository" ["BackupRepositoryResponse"];
    /// What an hour or a gigabyte costs.
    QuotaTariff "QuotaTariff" ["QuotaTariffResponse"];
    /// A figure that autoscaling looks at.
    Counter "Counter" ["CounterResponse"];
    /// A threshold of such a figure.
    Condition "Condition" ["ConditionResponse"];
    /// When a group of machines grows or shrinks.
    ScalePolicy "AutoScalePolicy" ["AutoScalePolicyResponse"];
    /// What the machines of such a group are made from.
    ScaleProfile "AutoScaleVmProfile" ["AutoScaleVmProfileResponse"];
    /// A group of machines behind a load balancer that grows and shrinks.
    ScaleGroup "AutoScaleVmGroup" ["AutoScaleVmGroupResponse"];
    /// A certificate for load balancers.
    SslCertificate "SslCert" ["SslCertResponse"];
    /// An IPv6 prefix for guest networks.
    GuestPrefix "DataCenterGuestIpv6Prefix" ["DataCenterGuestIpv6PrefixResponse"];
    /// A Kubernetes cluster.
    KubernetesCluster "KubernetesCluster" ["KubernetesClusterResponse"];
    /// A graphics card in a host.
    GpuDevice "GpuDevice" ["GpuDeviceResponse"];
    /// A certificate of a server that hosts download templates from.
    DownloadCertificate "DirectDownloadCertificate" ["DirectDownloadCertificateResponse"];
    /// A plan that spreads the machines of a cluster.
    DrsPlan "ClusterDrsPlan" ["ClusterDrsPlanResponse"];
    /// How a hypervisor calls a guest operating system.
    GuestSystemMapping "GuestOsMapping" ["GuestOsMappingResponse"];
}
