//! Jobs over time: when they are over, how long they are kept, which of them wait for each other.

use std::time::Duration;

use cloudstack_simulator::Cloud;
use serde_json::Value;

use crate::zone::Site;

/// A small cloud whose jobs have this pace.
fn site(pace: &str) -> Site {
    let builder = Cloud::builder().world("demo").virtual_clock().setting("job.expire.minutes", "1");
    Site(builder.jobs(pace).expect("a pace").start_blocking().expect("a free port"))
}

impl Site {
    /// The identifiers of two machines that run.
    fn two_machines(&self) -> [String; 2] {
        let answer = self.call("listVirtualMachines", &[("listall", "true"), ("state", "Running")]);
        let machines = answer["virtualmachine"].as_array().expect("machines").iter();
        let ids: Vec<String> = machines.filter_map(|one| one["id"].as_str()).map(str::to_owned).collect();
        ids[..2].to_vec().try_into().expect("two of them")
    }

    /// Submits a job about a machine.
    fn submitted(&self, command: &str, pairs: &[(&str, &str)]) -> String {
        self.call(command, pairs)["jobid"].as_str().expect("a job").to_owned()
    }

    /// What is known of a job.
    fn job(&self, id: &str) -> Value {
        self.call("queryAsyncJobResult", &[("jobid", id)])
    }
}

#[test]
fn a_job_may_be_over_before_its_answer_is_read() {
    let site = site("instant");
    let [machine, _] = site.two_machines();
    let job = site.submitted("stopVirtualMachine", &[("id", &machine)]);
    assert_eq!(site.job(&job)["jobstatus"], 1);
}

#[test]
fn a_job_takes_its_time_at_the_pace_of_the_reference() {
    let site = site("reference");
    let [machine, _] = site.two_machines();
    let job = site.submitted("stopVirtualMachine", &[("id", &machine)]);
    assert_eq!(site.job(&job)["jobstatus"], 0);
    site.0.advance(Duration::from_secs(20));
    assert_eq!(site.job(&job)["jobstatus"], 1);
}

#[test]
fn jobs_of_two_machines_do_not_wait_for_each_other() {
    let site = site("steps:1");
    let [first, second] = site.two_machines();
    let older = site.submitted("stopVirtualMachine", &[("id", &first)]);
    let newer = site.submitted("stopVirtualMachine", &[("id", &second)]);
    assert_eq!(site.job(&newer)["jobstatus"], 0);
    assert_eq!(site.job(&newer)["jobstatus"], 1);
    assert_eq!(site.job(&older)["jobstatus"], 0);
}

#[test]
fn what_is_gone_when_the_work_begins_fails_with_431() {
    let site = site("steps:0");
    let [machine, _] = site.two_machines();
    // The agent holds the removal up, and the start waits behind it.
    site.call("configureSimulator", &[("name", "StopCommand"), ("value", "wait:3000")]);
    let removal = site.submitted("destroyVirtualMachine", &[("id", &machine), ("expunge", "true")]);
    let start = site.submitted("startVirtualMachine", &[("id", &machine)]);
    site.0.advance(Duration::from_secs(5));
    assert_eq!(site.job(&removal)["jobstatus"], 1);
    let start = site.job(&start);
    assert_eq!((&start["jobstatus"], &start["jobresult"]["errorcode"]), (&2.into(), &431.into()), "{start}");
}

#[test]
fn finished_jobs_are_forgotten_when_their_time_is_over() {
    let site = site("instant");
    let [machine, _] = site.two_machines();
    let job = site.submitted("stopVirtualMachine", &[("id", &machine)]);
    site.0.advance(Duration::from_secs(59));
    assert_eq!(site.job(&job)["jobstatus"], 1);
    site.0.advance(Duration::from_secs(2));
    assert_eq!(site.job(&job)["errorcode"], 431);
}

#[test]
fn unfinished_jobs_are_forgotten_too_and_hold_nothing_up() {
    let site = site("steps:9");
    let [machine, _] = site.two_machines();
    let job = site.submitted("stopVirtualMachine", &[("id", &machine)]);
    assert_eq!(site.job(&job)["jobstatus"], 0);
    site.0.advance(Duration::from_secs(61));
    assert_eq!(site.job(&job)["errorcode"], 431);
    let listed = site.call("listVirtualMachines", &[("id", &machine), ("listall", "true")]);
    assert_eq!(listed["virtualmachine"][0]["state"], "Stopped", "{listed}");
}

#[test]
fn a_fresh_cloud_has_what_a_fresh_server_has() {
    let cloud = Cloud::builder().world("advdualzone").start_blocking().expect("a free port");
    assert_eq!(cloud.ready().credentials[0].password, "password");
    let site = Site(cloud);
    let find = |command: &str, pairs: &[(&str, &str)], kind: &str, name: &str| -> Value {
        let answer = site.call(command, &[pairs, &[("listall", "true")]].concat());
        let items = answer[kind].as_array().expect("a list");
        let found = items.iter().find(|one| one["name"] == name);
        found.unwrap_or_else(|| panic!("{command} lists no {name}: {answer}")).clone()
    };
    for (name, speed, memory) in [("Small Instance", 500, 512), ("Medium Instance", 1000, 1024)] {
        let one = find("listServiceOfferings", &[], "serviceoffering", name);
        let facts = (&one["cpunumber"], &one["cpuspeed"], &one["memory"]);
        assert_eq!(facts, (&1.into(), &speed.into(), &memory.into()), "{name}");
    }
    for (name, size) in [("Small", 5), ("Medium", 20), ("Large", 100), ("Custom", 0)] {
        let one = find("listDiskOfferings", &[], "diskoffering", name);
        assert_eq!((&one["disksize"], &one["iscustomized"]), (&size.into(), &(size == 0).into()), "{name}");
    }
    let system = [("templatefilter", "all")];
    let one = find("listTemplates", &system, "template", "SystemVM Template (simulator)");
    assert_eq!(one["templatetype"], "SYSTEM");
    let featured = [("templatefilter", "featured")];
    let one = find("listTemplates", &featured, "template", "CentOS 5.6 (64-bit) no GUI (Simulator)");
    let facts = (&one["templatetype"], &one["isready"], &one["ispublic"], &one["isfeatured"]);
    assert_eq!(facts, (&"BUILTIN".into(), &true.into(), &true.into(), &true.into()), "{one}");
}
