//! The management server ends and starts again: what was in its memory is lost, what its jobs had begun is swept up.

use cloudstack_simulator::Cloud;
use serde_json::Value;

use crate::zone::Site;

impl Site {
    fn patient() -> Self {
        let builder = Cloud::builder().world("demo").virtual_clock().jobs("steps:2").expect("a pace");
        Self(builder.start_blocking().expect("a free port"))
    }

    /// The state of the only thing in a list that has this identifier.
    fn state(&self, command: &str, list: &str, id: &str) -> Option<String> {
        let answer = self.call(command, &[("id", id), ("listall", "true")]);
        answer[list][0]["state"].as_str().map(str::to_owned)
    }
}

fn text<'a>(answer: &'a Value, name: &str) -> &'a str {
    answer[name].as_str().unwrap_or_else(|| panic!("no {name} in {answer}"))
}

#[test]
fn open_jobs_end_without_a_result_and_what_they_began_is_swept_up() {
    let site = Site::patient();
    let machine = site.first("listVirtualMachines", &[("listall", "true"), ("state", "Running")]);
    let volume = site.first("listVolumes", &[("listall", "true"), ("virtualmachineid", &machine)]);
    let snapshot = site.call("createSnapshot", &[("volumeid", &volume)]);
    let stop = site.call("stopVirtualMachine", &[("id", &machine)]);
    let start = site.call("startVirtualMachine", &[("id", &machine)]);
    let states = || {
        (
            site.state("listVirtualMachines", "virtualmachine", &machine),
            site.state("listVolumes", "volume", &volume),
            site.state("listSnapshots", "snapshot", text(&snapshot, "id")),
        )
    };
    let told = |states: [&str; 3]| states.map(|state| Some(state.to_owned())).into();
    assert_eq!(states(), told(["Stopping", "Snapshotting", "Creating"]));
    site.0.restart();
    for job in [&snapshot, &stop, &start] {
        let job = site.call("queryAsyncJobResult", &[("jobid", text(job, "jobid"))]);
        assert_eq!((&job["jobstatus"], &job["jobresultcode"]), (&2.into(), &530.into()), "{job}");
        assert!(job.get("jobresult").is_none() && job.get("completed").is_some(), "{job}");
        assert!(job.get("managementserverid").is_some(), "{job}");
    }
    assert_eq!(states(), told(["Running", "Ready", "Error"]));
    // Nothing stands before the next job of the machine.
    let again = site.call("stopVirtualMachine", &[("id", &machine)]);
    let status =
        || site.call("queryAsyncJobResult", &[("jobid", text(&again, "jobid"))])["jobstatus"].clone();
    assert_eq!([status(), status(), status()], [0, 0, 1]);
}

#[test]
fn settings_that_waited_are_in_force() {
    let site = Site::patient();
    let rows = || site.call("listServiceOfferings", &[])["serviceoffering"].as_array().map_or(0, Vec::len);
    site.call("updateConfiguration", &[("name", "default.page.size"), ("value", "1")]);
    assert!(rows() > 1);
    site.0.restart();
    assert_eq!(rows(), 1);
}
