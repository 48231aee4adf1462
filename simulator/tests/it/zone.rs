//! A zone that is built by calls from an empty world, as installers do, and used.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use cloudstack_simulator::Cloud;
use serde_json::Value;

use crate::cloud::address;

/// A cloud that is spoken to through the unauthenticated port.
pub(crate) struct Site(pub(crate) Cloud);

impl Site {
    fn empty() -> Self {
        Self(Cloud::builder().world("empty").virtual_clock().start_blocking().expect("a free port"))
    }

    /// Calls a command and answers what is in the envelope.
    pub(crate) fn call(&self, command: &str, pairs: &[(&str, &str)]) -> Value {
        let url = self.0.ready().integration.as_deref().expect("the port is open");
        let query: Vec<String> = pairs.iter().map(|(name, value)| format!("&{name}={value}")).collect();
        let host = address(url);
        let mut stream = TcpStream::connect(host).expect("the cloud listens");
        write!(
            stream,
            "GET /client/api?response=json&command={command}{} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n",
            query.concat()
        )
        .expect("a request can be sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer in UTF-8");
        let (_, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
        let body: Value = serde_json::from_str(body).expect("JSON");
        body.as_object().and_then(|envelope| envelope.values().next()).expect("an envelope").clone()
    }

    /// Calls a command, follows its job if it has one, and answers the identifier of what came of it.
    pub(crate) fn made(&self, command: &str, pairs: &[(&str, &str)]) -> String {
        let mut answer = self.call(command, pairs);
        if let Some(job) = answer.get("jobid").and_then(Value::as_str) {
            let job = self.call("queryAsyncJobResult", &[("jobid", job)]);
            assert_eq!(job["jobstatus"], 1, "{command}: {job}");
            answer = job["jobresult"].clone();
        }
        identifier(&answer).unwrap_or_else(|| panic!("{command} made nothing: {answer}"))
    }

    /// The identifier of the first thing in a list.
    pub(crate) fn first(&self, command: &str, pairs: &[(&str, &str)]) -> String {
        let answer = self.call(command, pairs);
        identifier(&answer).unwrap_or_else(|| panic!("{command} lists nothing: {answer}"))
    }
}

/// The first `id` in an answer.
fn identifier(answer: &Value) -> Option<String> {
    match answer {
        Value::Object(fields) => fields
            .get("id")
            .and_then(Value::as_str)
            .map(str::to_owned)
            .or_else(|| fields.values().find_map(identifier)),
        Value::Array(items) => items.iter().find_map(identifier),
        _ => None,
    }
}

/// Builds a zone that lacks nothing but to be enabled.
fn build(site: &Site) -> String {
    let zone = site.made(
        "createZone",
        &[
            ("name", "built"),
            ("dns1", "10.0.0.53"),
            ("internaldns1", "10.0.0.53"),
            ("networktype", "Advanced"),
            ("guestcidraddress", "10.1.1.0/24"),
        ],
    );
    let zone_id = ("zoneid", zone.as_str());
    let refused = site.call("updateZone", &[("id", &zone), ("allocationstate", "Enabled")]);
    assert_eq!(refused["errorcode"], 431, "a zone without traffic is not enabled: {refused}");
    let physical =
        site.made("createPhysicalNetwork", &[zone_id, ("name", "net"), ("isolationmethods", "VLAN")]);
    for traffic in ["Guest", "Management", "Public"] {
        site.made("addTrafficType", &[("physicalnetworkid", &physical), ("traffictype", traffic)]);
    }
    for (name, elements, configure) in [
        ("VirtualRouter", "listVirtualRouterElements", "configureVirtualRouterElement"),
        ("VpcVirtualRouter", "listVirtualRouterElements", "configureVirtualRouterElement"),
        ("InternalLbVm", "listInternalLoadBalancerElements", "configureInternalLoadBalancerElement"),
    ] {
        let asked = [("physicalnetworkid", physical.as_str()), ("name", name), ("state", "Disabled")];
        let provider = site.first("listNetworkServiceProviders", &asked);
        let element = site.first(elements, &[("nspid", &provider)]);
        site.made(configure, &[("id", &element), ("enabled", "true")]);
        site.made("updateNetworkServiceProvider", &[("id", &provider), ("state", "Enabled")]);
    }
    site.made("updatePhysicalNetwork", &[("id", &physical), ("state", "Enabled"), ("vlan", "100-200")]);
    let pod = site.made(
        "createPod",
        &[
            zone_id,
            ("name", "pod"),
            ("gateway", "172.16.0.1"),
            ("netmask", "255.255.255.0"),
            ("startip", "172.16.0.2"),
            ("endip", "172.16.0.200"),
        ],
    );
    let place = [zone_id, ("podid", pod.as_str())];
    let cluster = site.made(
        "addCluster",
        &[
            &place[..],
            &[("clustername", "cluster"), ("clustertype", "CloudManaged"), ("hypervisor", "Simulator")],
        ]
        .concat(),
    );
    let place = [zone_id, ("podid", pod.as_str()), ("clusterid", cluster.as_str())];
    for url in ["http://sim/c0/h0", "http://sim/c0/h1"] {
        let host =
            [("hypervisor", "Simulator"), ("username", "root"), ("password", "password"), ("url", url)];
        site.made("addHost", &[&place[..], &host].concat());
    }
    let pool = [("name", "primary"), ("url", "nfs://10.0.0.10:/export/primary")];
    site.made("createStoragePool", &[&place[..], &pool].concat());
    let public = [
        ("vlan", "50"),
        ("gateway", "192.168.2.1"),
        ("netmask", "255.255.255.0"),
        ("startip", "192.168.2.2"),
        ("endip", "192.168.2.200"),
        ("forvirtualnetwork", "true"),
    ];
    site.made("createVlanIpRange", &[&[zone_id][..], &public].concat());
    site.made("addImageStore", &[zone_id, ("provider", "NFS"), ("url", "nfs://10.0.0.10:/export/secondary")]);
    zone
}

#[test]
fn a_zone_built_by_calls_runs_a_machine() {
    let site = Site::empty();
    let zone = build(&site);
    assert_eq!(site.call("listSystemVms", &[]), serde_json::json!({}));
    site.made("updateZone", &[("id", &zone), ("allocationstate", "Enabled")]);
    let zone_id = ("zoneid", zone.as_str());
    assert_eq!(site.call("listSystemVms", &[zone_id])["count"], 2);
    let template = site.first("listTemplates", &[("templatefilter", "featured"), zone_id]);
    let offering = site.first("listServiceOfferings", &[("name", "Small%20Instance")]);
    let isolated = "DefaultIsolatedNetworkOfferingWithSourceNatService";
    let network_offering = site.first("listNetworkOfferings", &[("name", isolated)]);
    let network =
        site.made("createNetwork", &[zone_id, ("name", "net"), ("networkofferingid", &network_offering)]);
    let machine = site.made(
        "deployVirtualMachine",
        &[zone_id, ("templateid", &template), ("serviceofferingid", &offering), ("networkids", &network)],
    );
    let listed = site.call("listVirtualMachines", &[("id", &machine)]);
    assert_eq!(listed["virtualmachine"][0]["state"], "Running", "{listed}");
    assert_eq!(site.call("listRouters", &[("networkid", &network), ("listall", "true")])["count"], 1);
}

#[test]
fn a_zone_is_taken_down_from_the_inside_out() {
    let site = Site::empty();
    let zone = build(&site);
    let zone_id = ("zoneid", zone.as_str());
    let refused = site.call("deleteZone", &[("id", &zone)]);
    assert_eq!(refused["errorcode"], 530, "{refused}");
    let pool = site.first("listStoragePools", &[zone_id]);
    let refused = site.call("deleteStoragePool", &[("id", &pool)]);
    assert_eq!(refused["errorcode"], 431, "{refused}");
    site.made("enableStorageMaintenance", &[("id", &pool)]);
    assert_eq!(site.call("deleteStoragePool", &[("id", &pool)])["success"], true);
    for _ in 0..2 {
        let host = site.first("listHosts", &[zone_id]);
        assert_eq!(site.call("deleteHost", &[("id", &host), ("forced", "true")])["success"], true);
    }
    for (list, delete) in [
        ("listClusters", "deleteCluster"),
        ("listPods", "deletePod"),
        ("listVlanIpRanges", "deleteVlanIpRange"),
        ("listImageStores", "deleteImageStore"),
    ] {
        let id = site.first(list, &[zone_id]);
        assert_eq!(site.call(delete, &[("id", &id)])["success"], true, "{delete}");
    }
    let physical = site.first("listPhysicalNetworks", &[zone_id]);
    let job = site.call("deletePhysicalNetwork", &[("id", &physical)]);
    let job = site.call("queryAsyncJobResult", &[("jobid", job["jobid"].as_str().expect("a job"))]);
    assert_eq!(job["jobresult"]["success"], true, "{job}");
    assert_eq!(site.call("deleteZone", &[("id", &zone)])["success"], true);
    assert_eq!(site.call("listZones", &[]), serde_json::json!({}));
}
