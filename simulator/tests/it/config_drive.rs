//! Config drives: the files follow the world, and the password of a deployment is where guests look for it. That any
//! user data is on them as it was sent is in `user_data.rs`.

use std::path::Path;

use cloudstack_simulator::Cloud;
use cloudstack_simulator::router::{self, password_server};
use cloudstack_simulator::world::World;
use serde_json::Value;

use crate::disc;
use crate::zone::Site;

/// The user data on the drive of a machine in a folder.
fn user_data(folder: &Path, id: &str) -> Vec<u8> {
    let image = std::fs::read(folder.join(format!("{id}.iso"))).expect("a drive");
    disc::files(&image, false)["/cloudstack/userdata/user_data.txt"].clone()
}

/// The names of the files in a folder.
fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("the folder");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn files_follow_what_happens_to_their_machines() {
    let folder = std::env::temp_dir().join(format!("cloudstack-drives-{}", std::process::id()));
    let builder = Cloud::builder().drives_in(&folder);
    let mut site = Site(builder.start_blocking().expect("a free port"));
    let guests = site.0.ready().guests.clone();
    let id = guests[0].id.as_str();
    let drive = folder.join(format!("{id}.iso")).display().to_string();
    assert_eq!(guests[0].drive.as_deref(), Some(drive.as_str()));
    let mut all: Vec<String> = guests.iter().map(|guest| format!("{}.iso", guest.id)).collect();
    all.sort();
    assert_eq!(names(&folder), all);
    assert_eq!(user_data(&folder, id), b"#cloud-config\nhostname: web\n");
    let before = site.0.snapshot();
    // A drive stays as it is until its machine starts again or moves.
    site.call("updateVirtualMachine", &[("id", id), ("userdata", "bmV3")]);
    assert_eq!(user_data(&folder, id), b"#cloud-config\nhostname: web\n");
    let other = std::fs::read(folder.join(&all[0])).expect("a drive");
    site.call("stopVirtualMachine", &[("id", id)]);
    assert!(!names(&folder).contains(&format!("{id}.iso")), "it does not run");
    site.call("startVirtualMachine", &[("id", id)]);
    assert_eq!(names(&folder), all);
    assert_eq!(user_data(&folder, id), b"new");
    site.call("updateVirtualMachine", &[("id", id), ("userdata", "bmV3ZXI=")]);
    assert_eq!(user_data(&folder, id), b"new");
    site.call("migrateVirtualMachine", &[("virtualmachineid", id)]);
    assert_eq!(user_data(&folder, id), b"newer");
    if all[0] != format!("{id}.iso") {
        assert_eq!(std::fs::read(folder.join(&all[0])).expect("a drive"), other);
    }
    site.0.restore(before).expect("its ports are there");
    assert_eq!(user_data(&folder, id), b"#cloud-config\nhostname: web\n");
    let fork = site.0.fork().expect("free ports");
    let own = fork.ready().guests[0].drive.clone().expect("a fork has drives too");
    assert!(!Path::new(&own).starts_with(&folder), "{own}");
    drop(fork);
    assert!(!Path::new(&own).exists(), "its folder goes with it");
    drop(site);
    assert_eq!(names(&folder), all, "a folder that was named stays");
    std::fs::remove_dir_all(&folder).expect("the folder is there");
}

#[test]
fn there_are_no_drives_unless_they_are_asked_for() {
    let cloud = Cloud::builder().start_blocking().expect("a free port");
    assert_eq!(cloud.ready().guests[0].drive, None);
    let line = serde_json::to_string(cloud.ready()).expect("a ready line");
    assert!(!line.contains("drive"), "{line}");
}

/// The job of a call that succeeds, once it is over.
fn done(site: &Site, command: &str, pairs: &[(&str, &str)]) -> Value {
    let job = site.call(command, pairs)["jobid"].as_str().expect("a job").to_owned();
    let job = site.call("queryAsyncJobResult", &[("jobid", &job)]);
    assert_eq!(job["jobstatus"], 1, "{job}");
    job["jobresult"]["virtualmachine"].clone()
}

/// What deploys a machine of a template by its escaped name, in a network with a router.
fn deployment(site: &Site, template: &str) -> [(&'static str, String); 6] {
    [
        ("account", "admin".to_owned()),
        ("domainid", site.first("listDomains", &[("name", "ROOT")])),
        ("zoneid", site.first("listZones", &[])),
        ("templateid", site.first("listTemplates", &[("templatefilter", "all"), ("name", template)])),
        ("serviceofferingid", site.first("listServiceOfferings", &[("name", "tiny")])),
        ("networkids", site.first("listNetworks", &[("listall", "true"), ("keyword", "front")])),
    ]
}

#[test]
fn a_deployment_tells_its_password_and_leaves_it_for_the_guest() {
    let builder = Cloud::builder().drives();
    let site = Site(builder.start_blocking().expect("a free port"));
    let given = deployment(&site, "Debian%2012%20with%20password");
    let given: Vec<(&str, &str)> = given.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let machine = done(&site, "deployVirtualMachine", &given);
    let (id, password) =
        (machine["id"].as_str().expect("an id"), machine["password"].as_str().expect("a password"));
    assert!(!password.is_empty());
    let listed = site.call("listVirtualMachines", &[("id", id)]);
    assert!(listed["virtualmachine"][0]["password"].is_null(), "{listed}");
    let folder = site.0.ready().guests[0].drive.clone().expect("drives");
    let place = Path::new(&folder).with_file_name(format!("{id}.iso"));
    let on_drive = |file: &str| {
        let image = std::fs::read(&place).expect("a drive");
        disc::files(&image, true).get(file).map(|bytes| String::from_utf8_lossy(bytes).into_owned())
    };
    assert_eq!(on_drive("/cloudstack/password/vm_password.txt").as_deref(), Some(password));
    let vendor =
        format!("{{\"cloud-init\":\"#cloud-config\\npassword: {password}\\nchpasswd:\\n  expire: False\"}}");
    assert_eq!(on_drive("/openstack/latest/vendor_data.json"), Some(vendor));

    // The router has it too, until the guest says that it has it.
    let mut world = site.0.snapshot();
    let nic = &machine["nic"][0];
    let address = nic["ipaddress"].as_str().expect("an address").parse().expect("an address");
    let network = nic["networkid"].as_str().expect("an id");
    let network =
        world.networks.iter().find(|(_, row)| row.uuid.to_string() == network).expect("its network").0;
    let ask = |world: &mut World, wish: &str| {
        let request = router::Request {
            method: "GET",
            target: "/",
            needs_host: false,
            headers: &[("domu_request", wish)],
        };
        String::from_utf8(password_server::answer(world, network, address, &request).body).expect("a text")
    };
    assert_eq!(ask(&mut world, "send_my_password"), password);

    // A later start has none to tell; an installation anew has another one.
    done(&site, "stopVirtualMachine", &[("id", id)]);
    assert!(done(&site, "startVirtualMachine", &[("id", id)])["password"].is_null());
    let restored = done(&site, "restoreVirtualMachine", &[("virtualmachineid", id)]);
    let renewed = restored["password"].as_str().expect("a password");
    assert_ne!(renewed, password);
    assert_eq!(on_drive("/cloudstack/password/vm_password.txt").as_deref(), Some(renewed));

    // A machine that was never started gets its password when it is; a chosen one stays.
    let idle = done(&site, "deployVirtualMachine", &[&given[..], &[("startvm", "false")]].concat());
    assert!(idle["password"].is_null(), "{idle}");
    let idle = idle["id"].as_str().expect("an id");
    let started = done(&site, "startVirtualMachine", &[("id", idle)]);
    assert!(started["password"].as_str().is_some_and(|password| !password.is_empty()), "{started}");
    let chosen = done(&site, "deployVirtualMachine", &[&given[..], &[("startvm", "false")]].concat());
    let chosen = chosen["id"].as_str().expect("an id");
    done(&site, "resetPasswordForVirtualMachine", &[("id", chosen), ("password", "Chosen-1234")]);
    assert!(done(&site, "startVirtualMachine", &[("id", chosen)])["password"].is_null());
    let world = site.0.snapshot();
    let row =
        world.virtual_machines.iter().find(|(_, row)| row.uuid.to_string() == chosen).expect("a machine");
    assert_eq!(row.1.guest_password.as_deref(), Some("Chosen-1234"));
}

#[test]
fn user_data_of_a_drive_cannot_change_while_its_machine_runs() {
    let site = Site(Cloud::builder().drives().start_blocking().expect("a free port"));
    let mut given = deployment(&site, "Debian%2012");
    let offering = site.first("listNetworkOfferings", &[("name", "DefaultL2NetworkOfferingConfigDrive")]);
    let zone = given.iter().find(|(name, _)| *name == "zoneid").expect("a zone").1.clone();
    let wanted = [("zoneid", zone.as_str()), ("networkofferingid", &offering), ("name", "layer-two")];
    given[5].1 = site.made("createNetwork", &wanted);
    given[0].1 = "system".to_owned();
    let given: Vec<(&str, &str)> = given.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let machine = done(&site, "deployVirtualMachine", &[&given[..], &[("userdata", "b2xk")]].concat());
    let id = machine["id"].as_str().unwrap_or_else(|| panic!("{machine}"));
    let stored = || {
        let answer = site.call("getVirtualMachineUserData", &[("virtualmachineid", id)]);
        answer["virtualmachineuserdata"]["userdata"].as_str().map(str::to_owned)
    };
    let refused = site.call("updateVirtualMachine", &[("id", id), ("userdata", "bmV3")]);
    assert_eq!(refused["errorcode"], 530, "{refused}");
    assert_eq!(refused["errortext"], "Failed to update VM, due to: VM should to stopped to reset password");
    assert_eq!(stored().as_deref(), Some("bmV3"));
    assert!(site.call("updateVirtualMachine", &[("id", id), ("displayname", "two")])["errorcode"].is_null());
    done(&site, "stopVirtualMachine", &[("id", id)]);
    assert!(
        site.call("updateVirtualMachine", &[("id", id), ("userdata", "bmV3ZXI=")])["errorcode"].is_null()
    );
}

#[test]
fn a_machine_of_a_plain_template_has_no_password() {
    let site = Site(Cloud::builder().start_blocking().expect("a free port"));
    let given = deployment(&site, "Debian%2012");
    let given: Vec<(&str, &str)> = given.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let machine = done(&site, "deployVirtualMachine", &given);
    assert_eq!(machine["state"], "Running", "{machine}");
    assert!(machine["password"].is_null(), "{machine}");
}

#[test]
fn new_keys_leave_the_password_alone_since_4_16() {
    for (release, leave_it) in [("4.15.2", false), ("4.16.0", true), ("4.22", true)] {
        let builder = Cloud::builder().release(release).expect("a release");
        let site = Site(builder.start_blocking().expect("a free port"));
        let given = deployment(&site, "Debian%2012%20with%20password");
        let given: Vec<(&str, &str)> = given.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let machine = done(&site, "deployVirtualMachine", &given);
        let (id, old) = (machine["id"].as_str().expect("an id"), &machine["password"]);
        let owner = [given[0], given[1]];
        site.call("createSSHKeyPair", &[&owner[..], &[("name", "renewed")]].concat());
        done(&site, "stopVirtualMachine", &[("id", id)]);
        let renewal = [&owner[..], &[("id", id), ("keypair", "renewed")]].concat();
        let told = done(&site, "resetSSHKeyForVirtualMachine", &renewal);
        let world = site.0.snapshot();
        let row =
            world.virtual_machines.iter().find(|(_, row)| row.uuid.to_string() == id).expect("a machine");
        let kept = row.1.guest_password.as_deref();
        assert!(kept.is_some(), "{release}");
        assert_eq!(kept == old.as_str(), leave_it, "{release}: {told}");
        // Whoever is given a password is told it.
        assert_eq!(told["password"].as_str(), kept.filter(|_| !leave_it), "{release}: {told}");
    }
}
