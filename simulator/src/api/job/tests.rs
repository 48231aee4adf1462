use std::net::IpAddr;

use super::*;
use crate::api::answer;
use crate::api::request::{Port, Request};
use crate::world::clock::VIRTUAL_EPOCH;
use crate::world::preset;
use crate::world::virtual_machine::MachineState;

/// Asks on the integration port and answers the body.
fn ask(world: &mut World, query: &str) -> String {
    let request = Request {
        port: Port::Integration,
        method: "GET".to_owned(),
        target: format!("/client/api?response=json&{query}"),
        headers: Vec::new(),
        body: Vec::new(),
        needs_host: false,
        peer: IpAddr::from([127, 0, 0, 1]),
    };
    String::from_utf8(answer(world, &request).body).expect("bodies are text")
}

fn demo(pace: Pace) -> World {
    let text = preset::NAMED.iter().find(|(name, _)| *name == "demo").expect("a named world").1;
    let mut world = preset::build("demo", text, 1, VIRTUAL_EPOCH).expect("a world");
    world.pace = pace;
    world
}

/// The jobs that were asked for: the server has one of its own.
fn asked_for(world: &World) -> Vec<Id> {
    world.jobs.iter().filter(|(_, job)| !job.command.is_empty()).map(|(id, _)| id).collect()
}

fn machine(world: &World) -> Uuid {
    world.virtual_machines.iter().next().expect("a machine").1.uuid
}

#[test]
fn a_job_is_pending_for_as_many_polls_as_the_pace_says() {
    let mut world = demo(Pace::Steps(2));
    let id = machine(&world);
    ask(&mut world, &format!("command=stopVirtualMachine&id={id}"));
    let job = world.jobs.get(asked_for(&world)[0]).expect("a job").uuid;
    let status = |world: &mut World| {
        let body = ask(world, &format!("command=queryAsyncJobResult&jobid={job}"));
        body.rsplit("\"jobstatus\":").next().map(str::to_owned)
    };
    let seen: Vec<_> = (0..4).map(|_| status(&mut world).unwrap_or_default()).collect();
    assert_eq!(seen, ["0}}", "0}}", "1}}", "1}}"]);
}

#[test]
fn a_job_whose_user_is_gone_ends() {
    let mut world = demo(Pace::Steps(1));
    let id = machine(&world);
    ask(&mut world, &format!("command=stopVirtualMachine&id={id}"));
    let job = asked_for(&world)[0];
    let user = world.jobs.get(job).expect("a job").user;
    world.users.remove(user);
    poll(&mut world, job);
    poll(&mut world, job);
    assert_eq!(world.jobs.get(job).expect("a job").progress, Progress::Failed { code: 530, text: None });
}

#[test]
fn an_agent_holds_a_job_up_and_its_failure_is_the_jobs() {
    let mut world = demo(Pace::Instant);
    let id = machine(&world);
    ask(&mut world, &format!("command=startVirtualMachine&id={id}"));
    let state = |world: &World| world.virtual_machines.iter().next().expect("a machine").1.state;
    ask(&mut world, "command=configureSimulator&name=StopCommand&value=wait:1500%7Cresult:fail&count=1");
    ask(&mut world, &format!("command=stopVirtualMachine&id={id}"));
    let job = *asked_for(&world).last().expect("a job");
    assert_eq!(
        (state(&world), world.jobs.get(job).expect("a job").is_done()),
        (MachineState::Stopping, false)
    );
    for _ in 0..3 {
        poll(&mut world, job);
    }
    let progress = &world.jobs.get(job).expect("a job").progress;
    assert!(
        matches!(progress, Progress::Failed { code: 530, text: Some(text) } if text.starts_with("Unable to stop"))
    );
    assert_eq!(state(&world), MachineState::Running);
    // The fault is used up.
    ask(&mut world, &format!("command=stopVirtualMachine&id={id}"));
    assert_eq!(state(&world), MachineState::Stopped);
}

#[test]
fn a_host_on_which_a_machine_stops_is_not_maintained() {
    let mut world = demo(Pace::Instant);
    let (id, host) = world
        .virtual_machines
        .iter()
        .find_map(|(id, row)| Some((id, row.host?)))
        .expect("a machine that runs");
    let uuid = world.hosts.get(host).expect("its host").uuid;
    let command = format!("command=prepareHostForMaintenance&id={uuid}");
    world.set_machine_state(id, MachineState::Stopping);
    ask(&mut world, &command);
    let job = *asked_for(&world).last().expect("a job");
    let progress = world.jobs.get(job).expect("a job").progress.clone();
    assert!(
        matches!(&progress, Progress::Failed { code: 530, text: Some(text) } if text.contains("starting/stopping")),
        "{progress:?}"
    );
    world.set_machine_state(id, MachineState::Running);
    ask(&mut world, &command);
    let job = *asked_for(&world).last().expect("a job");
    assert!(matches!(world.jobs.get(job).expect("a job").progress, Progress::Succeeded(_)));
}

#[test]
fn jobs_of_one_machine_run_in_order() {
    let mut world = demo(Pace::Steps(1));
    let id = machine(&world);
    ask(&mut world, &format!("command=stopVirtualMachine&id={id}"));
    ask(&mut world, &format!("command=startVirtualMachine&id={id}"));
    let jobs = asked_for(&world);
    assert_eq!(world.jobs.get(jobs[1]).expect("a job").progress, Progress::Queued);
    // Asking for the second one moves the first one on.
    for _ in 0..4 {
        poll(&mut world, jobs[1]);
    }
    assert!(jobs.iter().all(|job| world.jobs.get(*job).expect("a job").is_done()));
    let (_, machine) = world.virtual_machines.iter().next().expect("a machine");
    assert_eq!(machine.state, MachineState::Running);
}

#[test]
fn a_start_that_waits_behind_another_one_shares_its_work() {
    let mut world = demo(Pace::Steps(1));
    let id = machine(&world);
    ask(&mut world, &format!("command=stopVirtualMachine&id={id}"));
    let stopped = asked_for(&world)[0];
    (0..2).for_each(|_| poll(&mut world, stopped));
    for command in ["start", "stop", "start"] {
        ask(&mut world, &format!("command={command}VirtualMachine&id={id}"));
    }
    let [_, first, stop, second] = asked_for(&world)[..] else { panic!("four jobs") };
    (0..2).for_each(|_| poll(&mut world, first));
    let done = |world: &World, job: Id| world.jobs.get(job).expect("a job").is_done();
    assert_eq!((done(&world, first), done(&world, second)), (true, false));
    (0..2).for_each(|_| poll(&mut world, stop));
    (0..2).for_each(|_| poll(&mut world, second));
    let outcome = |job: Id| world.jobs.get(job).expect("a job").progress.clone();
    assert_eq!(outcome(second), outcome(first));
    assert!(matches!(outcome(stop), Progress::Succeeded(_)));
    let (_, machine) = world.virtual_machines.iter().next().expect("a machine");
    assert_eq!(machine.state, MachineState::Stopped);
}
