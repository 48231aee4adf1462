//! Kinds of things through their whole life: made, listed, refused, removed.

use cloudstack_simulator::Cloud;
use serde_json::Value;

use crate::zone::Site;

/// Something that has the form of a certificate.
const CERTIFICATE: &str = "-----BEGIN%20CERTIFICATE-----%0AMAIFAA==%0A-----END%20CERTIFICATE-----";

impl Site {
    /// A cloud with a zone, a network and a machine.
    fn demo() -> Self {
        let builder = Cloud::builder().world("demo").virtual_clock().setting("quota.enable.service", "true");
        Self(builder.setting("backup.framework.enabled", "true").start_blocking().expect("a free port"))
    }

    /// The identifier of the first thing in a list, whoever has it.
    fn one(&self, command: &str, pairs: &[(&str, &str)]) -> String {
        self.first(command, &[pairs, &[("listall", "true")]].concat())
    }

    /// How many things a list has.
    fn count(&self, command: &str, pairs: &[(&str, &str)]) -> u64 {
        // Tariffs that were taken back are listed with all.
        let everybody: &[(&str, &str)] =
            if command.starts_with("quota") { &[] } else { &[("listall", "true")] };
        let answer = self.call(command, &[pairs, everybody].concat());
        assert!(answer.get("errorcode").is_none(), "{command}: {answer}");
        answer.get("count").and_then(Value::as_u64).unwrap_or(0)
    }

    /// Calls a command and answers what came of it: of its job, if it has one.
    fn done(&self, command: &str, pairs: &[(&str, &str)]) -> Value {
        let answer = self.call(command, pairs);
        let Some(job) = answer.get("jobid").and_then(Value::as_str) else { return answer };
        self.call("queryAsyncJobResult", &[("jobid", job)])["jobresult"].clone()
    }

    /// The text of a refusal.
    fn refused(&self, command: &str, pairs: &[(&str, &str)]) -> String {
        let answer = self.done(command, pairs);
        let text = answer.get("errortext").and_then(Value::as_str);
        text.unwrap_or_else(|| panic!("{command} is not refused: {answer}")).to_owned()
    }

    /// Calls a command that answers no more than that it succeeded.
    fn succeeds(&self, command: &str, pairs: &[(&str, &str)]) {
        let answer = self.done(command, pairs);
        let is_success = answer["success"] == true || answer["success"] == "true";
        assert!(is_success, "{command}: {answer}");
    }

    /// A public address of the network of the machine `web`.
    fn address(&self) -> String {
        let network = self.one("listNetworks", &[("keyword", "front")]);
        self.made("associateIpAddress", &[("networkid", &network)])
    }

    /// A load balancer for TLS.
    fn balancer(&self) -> String {
        let address = self.address();
        let port = [("publicport", "443"), ("privateport", "443"), ("algorithm", "roundrobin")];
        let own = [("name", "tls"), ("publicipid", address.as_str()), ("protocol", "ssl")];
        self.made("createLoadBalancerRule", &[port, own].concat())
    }
}

#[test]
fn tariffs_are_replaced_and_taken_back() {
    let site = Site::demo();
    let tariff = [("name", "cpu"), ("usagetype", "1"), ("value", "2.5")];
    let made = site.call("quotaTariffCreate", &tariff);
    assert_eq!(made["quotatariff"]["usageName"], "RUNNING_VM", "{made}");
    assert!(site.refused("quotaTariffCreate", &tariff).contains("already exist"));
    assert!(
        site.refused("quotaTariffCreate", &[("name", "x"), ("usagetype", "99"), ("value", "1")])
            .contains("99")
    );
    let changed = site.call("quotaTariffUpdate", &[("name", "cpu"), ("value", "3")]);
    assert_ne!(changed["quotatariff"]["id"], made["quotatariff"]["id"]);
    assert_eq!(site.count("quotaTariffList", &[("name", "cpu")]), 1);
    let id = changed["quotatariff"]["id"].as_str().expect("an identifier").to_owned();
    assert_eq!(site.count("quotaTariffList", &[("id", &id)]), 1);
    site.succeeds("quotaTariffDelete", &[("id", &id)]);
    assert_eq!(site.count("quotaTariffList", &[("name", "cpu")]), 0);
    assert_eq!(site.count("quotaTariffList", &[("listonlyremoved", "true")]), 2);
    assert!(site.refused("quotaTariffDelete", &[("id", &id)]).contains("does not exist"));
    assert!(site.count("quotaSummary", &[("listall", "true")]) > 1);
}

#[test]
fn a_group_scales_by_policies_and_is_changed_when_it_is_disabled() {
    let site = Site::demo();
    let counter = site.one("listCounters", &[]);
    let condition = site.made(
        "createCondition",
        &[("counterid", &counter), ("relationaloperator", "gt"), ("threshold", "90")],
    );
    assert!(site.refused("deleteCounter", &[("id", &counter)]).contains("in use"));
    let policy = |action| {
        site.made(
            "createAutoScalePolicy",
            &[("action", action), ("duration", "60"), ("conditionids", &condition)],
        )
    };
    let (up, down) = (policy("ScaleUp"), policy("ScaleDown"));
    assert_eq!(site.count("listAutoScalePolicies", &[("action", "SCALEUP")]), 1);
    let profile = site.made(
        "createAutoScaleVmProfile",
        &[
            ("zoneid", &site.one("listZones", &[])),
            ("serviceofferingid", &site.one("listServiceOfferings", &[])),
            ("templateid", &site.one("listTemplates", &[("templatefilter", "all")])),
        ],
    );
    let balancer = site.balancer();
    let of_group = [
        ("lbruleid", balancer.as_str()),
        ("minmembers", "1"),
        ("maxmembers", "2"),
        ("scaleuppolicyids", up.as_str()),
        ("scaledownpolicyids", down.as_str()),
        ("vmprofileid", profile.as_str()),
    ];
    let slow = [&of_group[..], &[("interval", "3600")]].concat();
    assert!(site.refused("createAutoScaleVmGroup", &slow).contains("duration : 60"));
    let group = site.made("createAutoScaleVmGroup", &of_group);
    let own = [("id", group.as_str())];
    assert_eq!(site.call("listAutoScaleVmGroups", &own)["autoscalevmgroup"][0]["state"], "ENABLED");
    let larger = [own[0], ("maxmembers", "3")];
    assert!(site.refused("updateAutoScaleVmGroup", &larger).contains("disabled state"));
    assert!(site.refused("enableAutoScaleVmGroup", &own).contains("Disabled state"));
    site.made("disableAutoScaleVmGroup", &own);
    assert_eq!(site.done("updateAutoScaleVmGroup", &larger)["autoscalevmgroup"]["maxmembers"], 3);
    assert!(site.refused("deleteAutoScalePolicy", &[("id", &up)]).contains("in use"));
    site.succeeds("deleteAutoScaleVmGroup", &own);
    site.succeeds("deleteAutoScalePolicy", &[("id", &up)]);
    assert_eq!(site.count("listAutoScaleVmGroups", &[]), 0);
}

#[test]
fn a_certificate_in_use_stays() {
    let site = Site::demo();
    let pair = [("name", "c"), ("certificate", CERTIFICATE), ("privatekey", CERTIFICATE)];
    let certificate = site.made("uploadSslCert", &pair);
    let balancer = site.balancer();
    let both = [("lbruleid", balancer.as_str()), ("certid", certificate.as_str())];
    site.succeeds("assignCertToLoadBalancer", &both);
    assert!(site.refused("assignCertToLoadBalancer", &both).contains("already bound"));
    assert_eq!(site.count("listSslCerts", &both[..1]), 1);
    assert!(site.refused("deleteSslCert", &[("id", &certificate)]).contains("in use"));
    site.succeeds("removeCertFromLoadBalancer", &both[..1]);
    site.succeeds("deleteSslCert", &[("id", &certificate)]);
    assert_eq!(site.count("listSslCerts", &both[..1]), 0);
}

#[test]
fn an_address_stands_for_one_guest_in_its_network() {
    let site = Site::demo();
    let (front, web) = (
        site.one("listNetworks", &[("keyword", "front")]),
        site.one("listVirtualMachines", &[("name", "web")]),
    );
    let db = site.one("listVirtualMachines", &[("name", "db")]);
    let take = || site.made("associateIpAddress", &[("networkid", &front)]);
    let (first, second) = (take(), take());
    let enabling = |address: &str, machine: &str, more: &[(&str, &str)]| {
        let answer = site.done(
            "enableStaticNat",
            &[&[("ipaddressid", address), ("virtualmachineid", machine)], more].concat(),
        );
        (answer["errorcode"].as_u64(), answer["errortext"].as_str().unwrap_or_default().to_owned())
    };

    // Who is in another network cannot have it, and neither can an address that the card does not have.
    let (code, text) = enabling(&first, &site.one("listVirtualMachines", &[("name", "alice-one")]), &[]);
    assert_eq!((code, text.as_str()), (Some(431), "Vm doesn't belong to the network with specified id"));
    let (code, text) = enabling(&first, &web, &[("vmguestip", "10.1.1.77")]);
    assert_eq!((code, text.as_str()), (Some(431), "VM ip 10.1.1.77 address not belongs to the vm"));

    // An address with rules for ports does nothing else.
    let ports = [("publicport", "22"), ("privateport", "22"), ("protocol", "tcp")];
    let rule = [&ports[..], &[("ipaddressid", &first), ("virtualmachineid", &web)]].concat();
    let rule = site.made("createPortForwardingRule", &rule);
    let (code, text) = enabling(&first, &web, &[]);
    assert!(code == Some(537) && text.ends_with("as it already has PortForwarding rules assigned"), "{text}");
    site.succeeds("deletePortForwardingRule", &[("id", &rule)]);

    assert_eq!(enabling(&first, &web, &[]), (None, String::new()));
    let shown = site.call("listPublicIpAddresses", &[("id", &first)])["publicipaddress"][0].clone();
    assert_eq!(shown["isstaticnat"], true, "{shown}");
    assert_eq!(
        (&shown["vmipaddress"], &shown["virtualmachinetype"]),
        (&"10.1.1.2".into(), &"User".into()),
        "{shown}"
    );
    let (code, text) = enabling(&first, &db, &[]);
    assert!(code == Some(537) && text.ends_with("as it's already assigned to antoher vm"), "{text}");
    let (code, text) = enabling(&second, &web, &[]);
    assert!(code == Some(431) && text.contains("is already associated with another public ip"), "{text}");

    // A further address of the card may have one of its own, and stays as long as that is so.
    let nic = site.call("listNics", &[("virtualmachineid", &web)])["nic"][0]["id"]
        .as_str()
        .expect("a card")
        .to_owned();
    let further = site.done("addIpToNic", &[("nicid", &nic), ("ipaddress", "10.1.1.77")]);
    assert_eq!(enabling(&second, &web, &[("vmguestip", "10.1.1.77")]), (None, String::new()));
    let id = further["nicsecondaryip"]["id"].as_str().unwrap_or_else(|| panic!("{further}"));
    assert!(site.refused("removeIpFromNic", &[("id", id)]).contains("is associate with static NAT rule"));
    site.succeeds("disableStaticNat", &[("ipaddressid", &second)]);
    site.succeeds("removeIpFromNic", &[("id", id)]);
}

#[test]
fn forwarding_rules_need_an_address_that_stands_for_a_machine() {
    let site = Site::demo();
    let (address, machine) = (site.address(), site.one("listVirtualMachines", &[("name", "web")]));
    let rule = [("ipaddressid", address.as_str()), ("protocol", "tcp"), ("startport", "22")];
    assert!(site.refused("createIpForwardingRule", &rule).contains("Can't do static nat"));
    site.succeeds("enableStaticNat", &[("ipaddressid", &address), ("virtualmachineid", &machine)]);
    let made = site.made("createIpForwardingRule", &rule);
    assert_eq!(site.count("listIpForwardingRules", &[("virtualmachineid", &machine)]), 1);
    assert!(site.refused("createIpForwardingRule", &rule).contains("conflicts"));
    site.succeeds("deleteIpForwardingRule", &[("id", &made)]);
    assert_eq!(site.count("listIpForwardingRules", &[]), 0);
}

#[test]
fn prefixes_and_rules_of_ipv6_are_checked_and_kept() {
    let site = Site::demo();
    let (zone, network) = (site.one("listZones", &[]), site.one("listNetworks", &[]));
    let prefix = |text: &'static str| [("zoneid", zone.clone()), ("prefix", text.to_owned())];
    let pairs = prefix("fd17:5::/48");
    let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (*name, value.as_str())).collect();
    site.done("createGuestNetworkIpv6Prefix", &pairs);
    let listed = site.call("listGuestNetworkIpv6Prefixes", &[]);
    assert_eq!(listed["guestnetworkipv6prefix"][0]["totalsubnets"], 65_536, "{listed}");
    assert!(site.refused("createGuestNetworkIpv6Prefix", &pairs).contains("overlaps"));
    let id = site.one("listGuestNetworkIpv6Prefixes", &[]);
    site.succeeds("deleteGuestNetworkIpv6Prefix", &[("id", &id)]);
    let rule = [("networkid", network.as_str()), ("protocol", "tcp"), ("startport", "80")];
    let made = site.made("createIpv6FirewallRule", &rule);
    assert_eq!(site.count("listIpv6FirewallRules", &[("traffictype", "ingress")]), 1);
    assert_eq!(site.count("listIpv6FirewallRules", &[("traffictype", "egress")]), 0);
    let v4 = [&rule[..], &[("cidrlist", "10.0.0.0/8")]].concat();
    assert!(site.refused("createIpv6FirewallRule", &v4).contains("IPv6 CIDR"));
    assert!(site.refused("createRoutingFirewallRule", &rule).contains("ROUTED"));
    assert!(site.refused("deleteRoutingFirewallRule", &[("id", &made)]).contains("Unable to find"));
    site.succeeds("deleteIpv6FirewallRule", &[("id", &made)]);
    assert_eq!(site.count("listIpv6FirewallRules", &[]), 0);
}

#[test]
fn a_kubernetes_cluster_goes_through_its_states() {
    let site = Site::demo();
    let zone = site.one("listZones", &[]);
    let version = site.made(
        "addKubernetesSupportedVersion",
        &[
            ("semanticversion", "1.30.0"),
            ("mincpunumber", "2"),
            ("minmemory", "2048"),
            ("url", "http://10.0.0.1/k.iso"),
        ],
    );
    let offering = site.made(
        "createServiceOffering",
        &[("name", "n"), ("displaytext", "n"), ("cpunumber", "2"), ("cpuspeed", "500"), ("memory", "2048")],
    );
    let of_cluster = [
        ("name", "k"),
        ("zoneid", zone.as_str()),
        ("kubernetesversionid", version.as_str()),
        ("serviceofferingid", offering.as_str()),
    ];
    assert!(site.refused("createKubernetesCluster", &of_cluster[..2]).contains("version"));
    let cluster = site.made("createKubernetesCluster", &of_cluster);
    let own = [("id", cluster.as_str())];
    let state = || site.call("listKubernetesClusters", &own)["kubernetescluster"][0]["state"].clone();
    assert_eq!(state(), "Running");
    site.succeeds("stopKubernetesCluster", &own);
    assert_eq!(state(), "Stopped");
    let upgrade = [own[0], ("kubernetesversionid", version.as_str())];
    assert!(site.refused("upgradeKubernetesCluster", &upgrade).contains("is not in running state"));
    site.made("startKubernetesCluster", &own);
    let scaled = site.done("scaleKubernetesCluster", &[own[0], ("size", "3")]);
    assert_eq!(scaled["kubernetescluster"]["size"], 3, "{scaled}");
    site.made("upgradeKubernetesCluster", &upgrade);
    let machine = site.one("listVirtualMachines", &[]);
    site.made("addNodesToKubernetesCluster", &[own[0], ("nodeids", &machine)]);
    let twice = site.refused("addNodesToKubernetesCluster", &[own[0], ("nodeids", &machine)]);
    assert!(twice.contains("already part"), "{twice}");
    site.made("removeNodesFromKubernetesCluster", &[own[0], ("nodeids", &machine)]);
    assert_eq!(site.call("getKubernetesClusterConfig", &own)["clusterconfig"]["name"], "k");
    let others = [own[0], ("virtualmachineids", machine.as_str())];
    assert!(site.refused("addVirtualMachinesToKubernetesCluster", &others).contains("externally managed"));
    site.succeeds("deleteKubernetesCluster", &own);
    assert_eq!(site.count("listKubernetesClusters", &[]), 0);
}

#[test]
fn an_external_kubernetes_cluster_takes_machines_and_no_orders() {
    let site = Site::demo();
    let zone = site.one("listZones", &[]);
    let external = [("name", "k"), ("zoneid", zone.as_str()), ("clustertype", "ExternalManaged")];
    let cluster = site.made("createKubernetesCluster", &external);
    let machine = site.one("listVirtualMachines", &[]);
    let both = [("id", cluster.as_str()), ("virtualmachineids", machine.as_str())];
    site.succeeds("addVirtualMachinesToKubernetesCluster", &both);
    let listed = site.call("listKubernetesClusters", &both[..1]);
    assert_eq!(listed["kubernetescluster"][0]["virtualmachines"][0]["id"], machine.as_str());
    assert!(site.refused("stopKubernetesCluster", &both[..1]).contains("externally managed"));
    assert_eq!(site.count("removeVirtualMachinesFromKubernetesCluster", &both), 1);
    site.succeeds("deleteKubernetesCluster", &both[..1]);
}

#[test]
fn zones_and_clusters_keep_hosts_from_their_controllers() {
    let site = Site::demo();
    let (zone, cluster) = (site.one("listZones", &[]), site.one("listClusters", &[]));
    let host = site.one("listHosts", &[("type", "Routing")]);
    let off = site.done("disableOutOfBandManagementForZone", &[("zoneid", &zone)]);
    assert_eq!(off["outofbandmanagement"]["enabled"], false, "{off}");
    let new = [("hostid", host.as_str()), ("password", "x")];
    assert!(site.refused("changeOutOfBandManagementPassword", &new).contains("disabled for zone"));
    site.done("enableOutOfBandManagementForZone", &[("zoneid", &zone)]);
    site.done("disableOutOfBandManagementForCluster", &[("clusterid", &cluster)]);
    assert!(site.refused("changeOutOfBandManagementPassword", &new).contains("disabled for cluster"));
    site.done("enableOutOfBandManagementForCluster", &[("clusterid", &cluster)]);
    assert!(site.refused("changeOutOfBandManagementPassword", &new).contains("not configured"));
    for command in ["enableHAForZone", "disableHAForZone"] {
        site.succeeds(command, &[("zoneid", &zone)]);
    }
    for command in ["enableHAForCluster", "disableHAForCluster"] {
        site.succeeds(command, &[("clusterid", &cluster)]);
    }
}

#[test]
fn the_authority_issues_and_revokes() {
    let site = Site::demo();
    let root = site.call("listCaCertificate", &[]);
    let issued = site.done("issueCertificate", &[("domain", "host.example")]);
    assert_eq!(
        issued["certificates"]["cacertificates"], root["cacertificates"]["cacertificates"],
        "{issued}"
    );
    assert!(site.refused("issueCertificate", &[]).contains("none of them"));
    assert!(site.refused("listCaCertificate", &[("provider", "other")]).contains("other"));
    site.succeeds("revokeCertificate", &[("serial", "1a2b")]);
    assert!(site.refused("revokeCertificate", &[("serial", "xyz")]).contains("xyz"));
    let host = site.one("listHosts", &[("type", "Routing")]);
    site.succeeds("provisionCertificate", &[("hostid", &host)]);
    let zone = site.one("listZones", &[]);
    let download =
        [("name", "d"), ("certificate", CERTIFICATE), ("zoneid", zone.as_str()), ("hypervisor", "KVM")];
    let made = site.made("uploadTemplateDirectDownloadCertificate", &download);
    assert!(site.refused("uploadTemplateDirectDownloadCertificate", &download).contains("already created"));
    assert_eq!(site.count("listTemplateDirectDownloadCertificates", &[]), 1);
    site.call("revokeTemplateDirectDownloadCertificate", &[("id", &made), ("zoneid", &zone)]);
    assert_eq!(site.count("listTemplateDirectDownloadCertificates", &[]), 0);
}

#[test]
fn a_graphics_card_is_in_a_host() {
    let site = Site::demo();
    let host = site.one("listHosts", &[("type", "Routing")]);
    let card = site.made(
        "createGpuCard",
        &[("name", "c"), ("deviceid", "1"), ("devicename", "c"), ("vendorname", "v"), ("vendorid", "2")],
    );
    let profile = site.made("createVgpuProfile", &[("name", "p"), ("gpucardid", &card)]);
    let device = [
        ("hostid", host.as_str()),
        ("busaddress", "00:01.0"),
        ("gpucardid", card.as_str()),
        ("vgpuprofileid", profile.as_str()),
    ];
    let made = site.made("createGpuDevice", &device);
    assert!(site.refused("createGpuDevice", &device).contains("already exists"));
    assert_eq!(site.count("discoverGpuDevices", &[("id", &host)]), 1);
    let changed = site.call("updateGpuDevice", &[("id", &made), ("numanode", "1")]);
    assert_eq!(changed["gpudevice"]["numanode"], "1", "{changed}");
    site.succeeds("unmanageGpuDevice", &[("ids", &made)]);
    assert_eq!(site.call("listGpuDevices", &[])["gpudevice"][0]["managedstate"], "Unmanaged");
    site.succeeds("deleteGpuDevice", &[("ids", &made)]);
    assert_eq!(site.count("listGpuDevices", &[]), 0);
}

#[test]
fn a_plan_moves_machines_and_is_kept() {
    let site = Site::demo();
    let cluster = site.one("listClusters", &[]);
    let own = [("id", cluster.as_str())];
    let plan = site.call("generateClusterDrsPlan", &own);
    assert!(plan.to_string().contains(&cluster), "{plan}");
    assert!(site.refused("generateClusterDrsPlan", &[own[0], ("migrations", "0")]).contains("invalid"));
    assert!(site.refused("executeClusterDrsPlan", &own).contains("no migrations"));
    let machine = site.one("listVirtualMachines", &[("state", "Running")]);
    let host = site.one("listHosts", &[("type", "Routing")]);
    let to = [own[0], ("migrateto[0].vm", machine.as_str()), ("migrateto[0].host", host.as_str())];
    let done = site.done("executeClusterDrsPlan", &to);
    assert!(done.to_string().contains("COMPLETED"), "{done}");
    assert_eq!(site.count("listClusterDrsPlan", &[("clusterid", &cluster)]), 1);
    let machine = [("virtualmachineid", machine.as_str())];
    assert!(site.refused("migrateVirtualMachineWithVolume", &machine).contains("autoselect"));
}

#[test]
fn deliveries_fail_and_are_kept_until_they_are_deleted() {
    let site = Site::demo();
    let webhook = site.made("createWebhook", &[("name", "w"), ("payloadurl", "http://10.1.2.3/hook")]);
    let own = [("webhookid", webhook.as_str())];
    let sent = site.call("executeWebhookDelivery", &[own[0], ("payload", "x")]);
    assert_eq!(sent["webhookdelivery"]["success"], false, "{sent}");
    assert_eq!(site.count("listWebhookDeliveries", &own), 1);
    assert!(site.refused("executeWebhookDelivery", &[]).contains("must be specified"));
    site.succeeds("deleteWebhookDelivery", &own);
    assert_eq!(site.count("listWebhookDeliveries", &own), 0);
}

#[test]
fn what_nothing_can_be_made_of_is_listed_empty() {
    let site = Site::demo();
    for list in ["listNetscalerLoadBalancers", "listInternalLoadBalancerVMs"] {
        assert_eq!(site.count(list, &[]), 0, "{list}");
    }
    let router = site.one("listRouters", &[]);
    for command in ["startInternalLoadBalancerVM", "stopInternalLoadBalancerVM"] {
        assert!(site.refused(command, &[("id", &router)]).contains("internal lb vm"));
    }
    assert!(site.count("listSystemVmsUsageHistory", &[]) > 0);
    let purged = site.done("purgeExpungedResources", &[]);
    assert!(purged.to_string().contains("resourcecount"), "{purged}");
    assert!(site.refused("purgeExpungedResources", &[("resourcetype", "Volume")]).contains("Volume"));
    let store = site.one("listImageStores", &[]);
    let alone = [("srcpool", store.as_str()), ("destpools", store.as_str())];
    assert!(site.refused("migrateSecondaryStorageData", &alone).contains("No destination"));
}

#[test]
fn mappings_of_guest_systems_are_those_that_were_added() {
    let site = Site::demo();
    let system = site.one("listOsTypes", &[]);
    let mapping = [
        ("ostypeid", system.as_str()),
        ("hypervisor", "KVM"),
        ("hypervisorversion", "default"),
        ("osnameforhypervisor", "centos"),
    ];
    let made = site.made("addGuestOsMapping", &mapping);
    assert!(site.refused("addGuestOsMapping", &mapping).contains("already exists"));
    assert_eq!(site.count("listGuestOsMapping", &[("hypervisor", "KVM")]), 1);
    site.succeeds("removeGuestOsMapping", &[("id", &made)]);
    assert_eq!(site.count("listGuestOsMapping", &[]), 0);
}

#[test]
fn an_action_has_no_program_to_run() {
    let site = Site::demo();
    let extension = site.made("createExtension", &[("name", "e"), ("type", "Orchestrator")]);
    let action = site.made("addCustomAction", &[("name", "a"), ("extensionid", &extension)]);
    let machine = site.one("listVirtualMachines", &[]);
    let run = [("customactionid", action.as_str()), ("resourceid", machine.as_str())];
    assert!(site.refused("runCustomAction", &run).contains("not enabled"));
    site.call("updateCustomAction", &[("id", &action), ("enabled", "true")]);
    let result = site.done("runCustomAction", &run);
    assert_eq!(result["customactionresult"]["success"], false, "{result}");
    assert!(
        site.refused("runCustomAction", &[run[0], ("resourceid", &extension)]).contains("Invalid resource")
    );
}

#[test]
fn a_machine_is_made_from_a_backup_in_its_zone() {
    let site = Site::demo();
    let (zone, machine) = (site.one("listZones", &[]), site.one("listVirtualMachines", &[]));
    let offering = site.made(
        "importBackupOffering",
        &[
            ("name", "gold"),
            ("description", "gold"),
            ("externalid", "gold-policy"),
            ("zoneid", &zone),
            ("allowuserdrivenbackups", "true"),
        ],
    );
    site.succeeds(
        "assignVirtualMachineToBackupOffering",
        &[("virtualmachineid", &machine), ("backupofferingid", &offering)],
    );
    site.succeeds("createBackup", &[("virtualmachineid", &machine)]);
    let backup = site.one("listBackups", &[]);
    let made =
        site.made("createVMFromBackup", &[("backupid", &backup), ("zoneid", &zone), ("name", "again")]);
    assert_ne!(made, machine);
    assert_eq!(site.count("listVirtualMachines", &[("name", "again")]), 1);
}

#[test]
fn pages_of_volumes_hold_the_newest_first_and_show_them_last() {
    let site = Site::demo();
    let (zone, disk) = (site.one("listZones", &[]), site.one("listDiskOfferings", &[("name", "Small")]));
    for name in ["paged-1", "paged-2", "paged-3"] {
        site.made("createVolume", &[("name", name), ("zoneid", &zone), ("diskofferingid", &disk)]);
    }
    for command in ["listVolumes", "listVolumesMetrics"] {
        let page = |number| {
            let page = [("keyword", "paged"), ("page", number), ("pagesize", "2"), ("listall", "true")];
            let answer = site.call(command, &page);
            let rows = answer["volume"].as_array().cloned().unwrap_or_default();
            rows.iter().map(|row| row["name"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(
            (page("1"), page("2")),
            (vec!["paged-2".into(), "paged-3".into()], vec!["paged-1".into()])
        );
    }
}
