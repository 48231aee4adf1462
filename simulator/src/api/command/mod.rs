//! What commands do. What they *are* (parameters, envelopes, roles) is in the catalogue; a
//! [`Behaviour`] adds the rest, and the families below list all of them.
//!
//! To add a command: find its family, copy a neighbour, change the name. Its parameters are
//! typed and present by the time `run` is called.

mod account;
mod acl;
mod acl_item;
mod address;
mod address_range;
mod affinity_group;
mod alert;
mod annotation;
mod authority;
mod autoscale;
mod autoscale_group;
mod backup;
mod certificate;
mod console;
mod deployment;
mod direct_download;
mod directory;
mod directory_link;
mod domain;
mod drs_plan;
mod event;
mod extension;
mod fault;
mod firewall;
mod gpu_device;
mod guest_system_mapping;
mod host;
mod host_control;
mod image;
mod internal_balancer;
mod internal_balancer_vm;
mod ip_forwarding;
mod ipv6;
mod iso;
mod job;
mod kubernetes;
mod kubernetes_cluster;
mod kubernetes_node;
mod load_balancer;
mod machine_agent;
mod metrics;
mod migration;
mod netscaler;
mod network;
mod network_permission;
mod nic;
mod object_store;
mod offering;
mod physical_network;
mod pod;
mod private_gateway;
mod project;
mod project_invitation;
mod project_member;
mod project_role;
mod public_range;
mod purge;
mod quota;
mod region;
mod register;
mod registered;
mod resource_detail;
mod resource_icon;
mod role;
mod router;
mod routing_firewall;
mod security_group;
mod service_provider;
mod setting;
mod snapshot;
mod ssh_key_pair;
mod static_nat;
mod storage;
mod system;
mod system_vm;
mod tag;
mod template;
mod tier;
mod unmanaged;
mod usage;
mod user;
mod user_data;
mod virtual_machine;
mod virtual_machine_change;
mod virtual_machine_list;
mod vm_schedule;
mod vm_snapshot;
mod volume;
mod volume_change;
mod vpc;
mod vpc_offering;
mod vpn_access;
mod vpn_site;
mod webhook;
mod webhook_delivery;
mod zone;

use std::sync::OnceLock;

use uuid::Uuid;

use super::caller::Caller;
use super::error::ApiError;
use super::parameter::Arguments;
use crate::catalog::{self, Command, Shape};
use crate::quirk::Quirk;
use crate::reply::{Reply, Value};
use crate::world::World;
use crate::world::event::{EventState, NewEvent};
use crate::world::kind::{Handle, Kind};
use crate::world::project::ProjectState;
use crate::world::table::Id;

/// A step that only looks.
pub type Look = fn(&World, &Caller, &Arguments) -> Result<(), ApiError>;
/// A step that does something and answers `T`.
pub type Act<T> = fn(&mut World, &Caller, &Arguments) -> Result<T, ApiError>;

/// What becomes of a thing when its agent fails at a command, which is named: a refusal, or the work goes on.
pub type AgentFails = fn(&mut World, &Caller, &Arguments, &str) -> Result<(), ApiError>;

/// What a command does.
#[derive(Debug)]
pub struct Behaviour {
    /// The command, by the name that the catalogue knows.
    pub name: &'static str,
    /// Does the work and answers; inside the job if the command has one.
    pub run: Act<Reply>,
    /// What is refused while the request waits, before there is a job.
    pub check: Option<Look>,
    /// The first step of a two-step command: makes the thing while the request waits.
    pub create: Option<Act<Handle>>,
    /// What happens when the job begins: refusals of the state, and the transitional state.
    pub begin: Option<Act<()>>,
    /// The commands that the job sends to the agent of its thing once it has begun, in order.
    pub sends: Option<fn(&World, &Arguments) -> &'static [&'static str]>,
    /// What becomes of the thing when the agent fails at one of them, which is named. Without it the work goes on.
    pub agent_fails: Option<AgentFails>,
    /// The parameter that names the thing which the command is about.
    pub about: Option<&'static str>,
    /// Whether the answered entity carries the job that made it (JOB-065).
    pub joins_job: bool,
    /// What the events of the command say; `{}` stands for the thing's identifier, `{#}` for its
    /// internal number, `{@}` for that of its account, `{name}` for a parameter as sent, `null` if it was not.
    pub events: Option<EventTexts>,
    /// The same, where it depends on the parameters.
    pub events_of: Option<fn(&Arguments) -> EventTexts>,
    /// Whether its last event speaks of success whatever came of the job (EVT-008).
    pub always_logs_success: bool,
    /// Whether the job leaves no `Started` event, and none of its failure (EVT-007, EVT-008).
    pub starts_unseen: Option<fn(&Arguments) -> bool>,
}

/// What the events of a command say (EVT-001 to -007).
#[derive(Debug, Clone, Copy)]
pub struct EventTexts {
    /// The text of the `Scheduled` event.
    pub scheduled: &'static str,
    /// The text of the others, which begin it with a capital or put words before it; none, if it is empty.
    pub action: &'static str,
    /// The text of the `Created` event of a two-step command.
    pub created: Option<&'static str>,
}

impl EventTexts {
    /// The same text for all, of a command that makes nothing while the request waits.
    pub(super) const fn of(action: &'static str) -> Self {
        Self { scheduled: action, action, created: None }
    }
}

impl Behaviour {
    /// The start of every literal: a command that only runs.
    pub(super) const PLAIN: Self = Self {
        name: "",
        run: |_, _, _| Ok(Reply::Nothing),
        check: None,
        create: None,
        begin: None,
        sends: None,
        agent_fails: None,
        about: None,
        joins_job: false,
        events: None,
        events_of: None,
        always_logs_success: false,
        starts_unseen: None,
    };

    /// What its events say in this call.
    fn texts(&self, arguments: &Arguments) -> Option<EventTexts> {
        self.events_of.map(|events_of| events_of(arguments)).or(self.events)
    }

    /// Whether its job leaves no `Started` event in this call.
    fn is_unseen(&self, arguments: &Arguments) -> bool {
        self.starts_unseen.is_some_and(|unseen| unseen(arguments))
    }
}

/// Every family of commands.
const FAMILIES: &[&[Behaviour]] = &[
    system::COMMANDS,
    certificate::COMMANDS,
    job::COMMANDS,
    domain::COMMANDS,
    account::COMMANDS,
    user::COMMANDS,
    directory::COMMANDS,
    directory_link::COMMANDS,
    role::COMMANDS,
    project::COMMANDS,
    project_member::COMMANDS,
    project_invitation::COMMANDS,
    project_role::COMMANDS,
    setting::COMMANDS,
    zone::COMMANDS,
    pod::COMMANDS,
    host::COMMANDS,
    storage::COMMANDS,
    physical_network::COMMANDS,
    service_provider::COMMANDS,
    public_range::COMMANDS,
    address_range::COMMANDS,
    system_vm::COMMANDS,
    host_control::COMMANDS,
    metrics::COMMANDS,
    alert::COMMANDS,
    offering::COMMANDS,
    template::COMMANDS,
    iso::COMMANDS,
    network::COMMANDS,
    network_permission::COMMANDS,
    nic::COMMANDS,
    address::COMMANDS,
    static_nat::COMMANDS,
    firewall::COMMANDS,
    load_balancer::COMMANDS,
    router::COMMANDS,
    security_group::COMMANDS,
    vpc_offering::COMMANDS,
    vpc::COMMANDS,
    acl::COMMANDS,
    acl_item::COMMANDS,
    private_gateway::COMMANDS,
    internal_balancer::COMMANDS,
    vpn_site::COMMANDS,
    vpn_access::COMMANDS,
    virtual_machine::COMMANDS,
    virtual_machine_change::COMMANDS,
    virtual_machine_list::COMMANDS,
    migration::COMMANDS,
    console::COMMANDS,
    unmanaged::COMMANDS,
    volume::COMMANDS,
    volume_change::COMMANDS,
    snapshot::COMMANDS,
    vm_schedule::COMMANDS,
    vm_snapshot::COMMANDS,
    user_data::COMMANDS,
    event::COMMANDS,
    fault::COMMANDS,
    region::COMMANDS,
    tag::COMMANDS,
    annotation::COMMANDS,
    affinity_group::COMMANDS,
    registered::COMMANDS,
    ssh_key_pair::COMMANDS,
    resource_detail::COMMANDS,
    resource_icon::COMMANDS,
    webhook::COMMANDS,
    webhook_delivery::COMMANDS,
    backup::COMMANDS,
    kubernetes::COMMANDS,
    object_store::COMMANDS,
    extension::COMMANDS,
    usage::COMMANDS,
    autoscale::COMMANDS,
    autoscale_group::COMMANDS,
    direct_download::COMMANDS,
    drs_plan::COMMANDS,
    gpu_device::COMMANDS,
    guest_system_mapping::COMMANDS,
    ip_forwarding::COMMANDS,
    internal_balancer_vm::COMMANDS,
    ipv6::COMMANDS,
    kubernetes_cluster::COMMANDS,
    kubernetes_node::COMMANDS,
    routing_firewall::COMMANDS,
    netscaler::COMMANDS,
    purge::COMMANDS,
    quota::COMMANDS,
    authority::COMMANDS,
];

fn table() -> &'static [Option<&'static Behaviour>] {
    static TABLE: OnceLock<Vec<Option<&'static Behaviour>>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let mut table = vec![None; Command::COUNT];
        for behaviour in FAMILIES.iter().copied().flatten() {
            if let Some(command) = catalog::command(behaviour.name) {
                table[command.index()] = Some(behaviour);
            }
        }
        table
    })
}

/// The command of this name, in exact case, if the release of the world has it. One that came later is as good as
/// unknown.
#[must_use]
pub fn known(world: &World, name: &str) -> Option<Command> {
    catalog::command(name).filter(|command| command.is_in(world.release) && is_open(world, *command))
}

/// Whether the setting that a command depends on was true when the server started. What logs in
/// looks at its setting itself.
fn is_open(world: &World, command: Command) -> bool {
    command.is_authenticator()
        || command.gate().is_none_or(|gate| match crate::world::setting::default(gate.setting) {
            Some(_) => world.settings.flag(gate.setting),
            None => gate.default,
        })
}

/// Whether a command is played by a family. What opens and ends sessions is not among them.
#[must_use]
pub fn is_played(command: Command) -> bool {
    table()[command.index()].is_some()
}

/// Whether a command exists on this server: played, or a list of things that nothing can
/// create, which is truthfully empty.
#[must_use]
pub fn is_served(command: Command) -> bool {
    is_played(command) || is_empty_list(command)
}

fn is_empty_list(command: Command) -> bool {
    command.served_by_default_build()
        && command.is_list()
        && command.shape() == Shape::List
        && command.name().starts_with("list")
        && !command.is_async()
}

/// What a command does.
///
/// # Errors
///
/// 432 as for an unknown command: that is how a server without the plugin answers.
pub(super) fn find(command: Command) -> Result<&'static Behaviour, ApiError> {
    const EMPTY_LIST: Behaviour = Behaviour { run: |_, _, _| Ok(Reply::all(Vec::new())), ..Behaviour::PLAIN };
    static EMPTY: Behaviour = EMPTY_LIST;
    match table()[command.index()] {
        Some(behaviour) => Ok(behaviour),
        None if is_empty_list(command) => Ok(&EMPTY),
        None => Err(ApiError::api(432, format!("Unknown API command: {}", command.name()))),
    }
}

/// The word for a thing as the `resourcetype` of tags.
pub(super) fn tag_word(world: &World, of: Handle) -> &'static str {
    tag::tag_word(world, of)
}

/// How long the job of a command took on the recorded server (table 5.1 of the specification).
#[must_use]
pub fn reference_millis(command: &str) -> i64 {
    match command {
        "deployVirtualMachine" => 1560,
        "startVirtualMachine" => 2120,
        "stopVirtualMachine" => 1690,
        "rebootVirtualMachine" => 1840,
        "destroyVirtualMachine" => 6800,
        "restoreVirtualMachine" => 1900,
        "migrateVirtualMachine" => 1400,
        "createVolume" => 190,
        "attachVolume" | "detachVolume" => 1650,
        "resizeVolume" => 1140,
        "createSnapshot" => 1500,
        "createVMSnapshot" => 1650,
        "addNicToVirtualMachine" | "removeNicFromVirtualMachine" => 1880,
        "createVPC" => 3060,
        "deleteVPC" => 1470,
        _ => 200,
    }
}

fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

/// Fills the gaps of an event's text.
fn filled<'a>(
    template: &str,
    uuid: Option<Uuid>,
    about: Option<Handle>,
    owner: crate::world::Owner,
    sent: impl Fn(&str) -> Option<&'a str>,
) -> String {
    let mut text = String::new();
    let mut rest = template;
    while let Some((before, gap)) = rest.split_once('{') {
        let (name, after) = gap.split_once('}').unwrap_or((gap, ""));
        text.push_str(before);
        match name {
            "" => text.push_str(&uuid.map(|uuid| uuid.to_string()).unwrap_or_default()),
            "#" => text.push_str(&about.map(|about| about.id.to_string()).unwrap_or_default()),
            "@" => text.push_str(&owner.account.to_string()),
            name => text.push_str(sent(name).unwrap_or("null")),
        }
        rest = after;
    }
    text.push_str(rest);
    text
}

/// Whose an event is: accounts, users and domains are subjects only, and the event is the caller's.
fn event_owner(world: &World, about: Option<Handle>) -> Option<crate::world::Owner> {
    about
        .filter(|about| !matches!(about.kind, Kind::Account | Kind::User | Kind::Domain))
        .and_then(|about| super::access::owner(world, about))
}

/// Whose the events are that tell of the work, not of the request: whoever calls, or the project that the call
/// names (EVT-010).
fn acting_account<'a>(
    world: &World,
    account: Id,
    about: Option<Handle>,
    sent: impl Fn(&str) -> Option<&'a str>,
) -> crate::world::Owner {
    let followed = event_owner(world, about).filter(|_| world.sins(Quirk::EventsFollowTheirThings));
    let project = sent("projectid").and_then(|text| text.parse().ok()).and_then(|uuid| world.find(uuid));
    let project = project.filter(|found| found.kind == Kind::Project);
    let project = project.and_then(|found| world.projects.get(found.id)).map(|row| row.account);
    followed.unwrap_or_else(|| world.owner_of(project.unwrap_or(account)))
}

/// Writes the events down that come before the job: `Created` and `Scheduled`. Answers the root
/// of the chain (EVT-006).
pub(super) fn record_scheduled(
    world: &mut World,
    caller: Caller,
    arguments: &Arguments,
    behaviour: &Behaviour,
    about: Option<Handle>,
) -> Option<Id> {
    let event_type = arguments.command().event()?;
    let texts = behaviour.texts(arguments)?;
    if world.sins(Quirk::EventsAreNotRecorded) {
        return None;
    }
    let uuid = about.and_then(|about| world.uuid_of(about));
    let owner = event_owner(world, about).unwrap_or_else(|| caller.owner());
    let sent = |name: &str| arguments.sent(name);
    let mut event = NewEvent {
        user: caller.user,
        owner,
        event_type,
        state: EventState::Created,
        is_error: false,
        description: String::new(),
        parent: None,
        about,
    };
    if let Some(created) = texts.created.filter(|_| !world.sins(Quirk::CreationsAreNotTold)) {
        event.event_type = arguments.command().create_event().unwrap_or(event_type);
        event.description =
            format!("Successfully created entity for {}", filled(created, uuid, about, owner, sent));
        event.parent = Some(world.record(event.clone()));
    }
    event.event_type = event_type;
    event.state = EventState::Scheduled;
    event.description = filled(texts.scheduled, uuid, about, owner, sent);
    let parent = event.parent;
    let scheduled = world.record(event);
    Some(parent.unwrap_or(scheduled))
}

/// Writes the `Started` event of a job down.
pub(super) fn record_started(world: &mut World, job: Id, behaviour: &Behaviour, arguments: &Arguments) {
    if !behaviour.is_unseen(arguments) {
        record_of_job(world, job, behaviour.texts(arguments), EventState::Started, false, sentence);
    }
}

/// Writes the `Completed` event of a job down.
pub(super) fn record_completed(
    world: &mut World,
    job: Id,
    behaviour: &Behaviour,
    arguments: &Arguments,
    is_error: bool,
) {
    if is_error && behaviour.is_unseen(arguments) {
        return;
    }
    let is_told = !behaviour.always_logs_success && !world.sins(Quirk::FailuresAreInformation);
    let is_error = is_error && is_told;
    let completed = move |text: &str| {
        if is_error { format!("Error while {text}") } else { format!("Successfully completed {text}") }
    };
    record_of_job(world, job, behaviour.texts(arguments), EventState::Completed, is_error, completed);
}

fn record_of_job(
    world: &mut World,
    job: Id,
    texts: Option<EventTexts>,
    state: EventState,
    is_error: bool,
    describe: impl Fn(&str) -> String,
) {
    let Some(texts) = texts.filter(|texts| !texts.action.is_empty()) else { return };
    let Some(job) = world.jobs.get(job) else { return };
    let Some(event_type) = catalog::command(job.command).and_then(Command::event) else { return };
    let (user, about, parent, params) = (job.user, job.about, job.root_event, job.params.clone());
    if world.sins(Quirk::EventsAreNotRecorded) {
        return;
    }
    let parent = parent.filter(|_| !world.sins(Quirk::EventsHaveNoParent));
    let whose = event_owner(world, about)
        .or_else(|| parent.and_then(|parent| world.events.get(parent)).map(|event| event.owner))
        .unwrap_or_else(|| world.owner_of(job.account));
    let uuid = about.and_then(|about| world.uuid_of(about)).or(job.instance);
    let sent = |wanted: &str| {
        let found = params.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
        found.map(|(_, value)| value.as_str())
    };
    let description = describe(&filled(texts.action, uuid, about, whose, sent));
    let owner = acting_account(world, job.account, about, sent);
    world.record(NewEvent { user, owner, event_type, state, is_error, description, parent, about });
}

/// What a reply shows.
fn shown(world: &World, reply: &Reply) -> Option<Handle> {
    let Reply::Object(object) = reply else { return None };
    let Value::Text(id) = object.get("id")? else { return None };
    world.find(id.parse().ok()?)
}

/// Writes the one event of a synchronous command down, where its literal has a text for it; a
/// refusal by the service, which leaves no reply, leaves one too (EVT-008). A text that tells the number of something
/// that the command only makes tells it of what the reply shows.
pub(super) fn record_synchronous(
    world: &mut World,
    caller: Caller,
    arguments: &Arguments,
    behaviour: &Behaviour,
    reply: Option<&Reply>,
) {
    let Some(texts) = behaviour.texts(arguments) else { return };
    let command = arguments.command();
    let Some(event_type) = command.event().or_else(|| command.action_events().next()) else { return };
    let makes = behaviour.about.is_none() && texts.action.contains("{#}");
    let about = match reply {
        Some(reply) if makes => shown(world, reply),
        _ => behaviour.about.and_then(|name| arguments.handle(name)),
    };
    let owner = event_owner(world, about).unwrap_or_else(|| caller.owner());
    let uuid = about.and_then(|about| world.uuid_of(about));
    let is_error = reply.is_none();
    let words = if is_error { "Error while" } else { "Successfully completed" };
    // Nothing was made that could have a number.
    let plain = texts.action.split_once(". ").map_or(texts.action, |(text, _)| text);
    let text = filled(if is_error && makes { plain } else { texts.action }, uuid, about, owner, |name| {
        arguments.sent(name)
    });
    let owner = acting_account(world, caller.account, about, |name| arguments.sent(name));
    let description = format!("{words} {text}");
    world.record(NewEvent {
        user: caller.user,
        owner,
        event_type,
        state: EventState::Completed,
        is_error,
        description,
        parent: None,
        about,
    });
}

/// The account that a create command acts for: `account` with `domainid`, or the caller
/// (API-ERR-048).
///
/// # Errors
///
/// 431 and 531 where the account is half named, unknown or out of reach.
pub(super) fn acting_owner(
    world: &World,
    caller: &Caller,
    arguments: &Arguments,
) -> Result<crate::world::Owner, ApiError> {
    let declares = |name: &str| arguments.command().param(name).is_some();
    let account = declares("account").then(|| arguments.filled("account")).flatten();
    let domain = declares("domainid").then(|| arguments.id("domainid")).flatten();
    let Some(name) = account else { return project_owner(world, caller, arguments) };
    let Some(domain) = domain else {
        return Err(ApiError::invalid("Account must be specified with domainId parameter"));
    };
    let uuid = world.domains.get(domain).map(|row| row.uuid).unwrap_or_default();
    let account = world
        .account_by_name(name, domain)
        .ok_or_else(|| ApiError::invalid(format!("Unable to find account {name} in domain {uuid}")))?;
    let owner = world.owner_of(account);
    if !caller.reaches(world, owner) {
        return Err(ApiError::permission(
            "Caller does not have permission to operate with provided resource.",
        ));
    }
    Ok(owner)
}

/// The account behind the project that a create command names, or the caller (API-ACL-030).
fn project_owner(
    world: &World,
    caller: &Caller,
    arguments: &Arguments,
) -> Result<crate::world::Owner, ApiError> {
    let named = arguments.command().param("projectid").and_then(|_| arguments.id("projectid"));
    let Some(project) = named.and_then(|id| world.projects.get(id)) else { return Ok(caller.owner()) };
    if project.state != ProjectState::Active {
        let text = format!(
            "Can't add resources to the project with specified projectId in state={} as it's no longer active",
            project.state.name()
        );
        return Err(ApiError::permission(text).about(project.uuid, "projectId"));
    }
    let owner = world.owner_of(project.account);
    if !caller.reaches(world, owner) {
        return Err(ApiError::permission(
            "Caller does not have permission to operate with provided resource.",
        ));
    }
    Ok(owner)
}

/// Refuses what an account may not have more of; storage is wanted in bytes (REA-001).
pub(super) fn require_room(
    world: &World,
    owner: crate::world::Owner,
    resource: &str,
    wanted: i64,
) -> Result<(), ApiError> {
    let Some(resource) = crate::world::limit::Resource::named(resource) else { return Ok(()) };
    if world.sins(Quirk::LimitsAreIgnored) {
        return Ok(());
    }
    world.require_room(owner, resource, wanted).map_err(|text| match world.sins(Quirk::LimitsAre531) {
        true => ApiError::permission(text),
        false => ApiError::new(super::error::Fault::ResourceAllocation, text),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_literal_names_a_known_command_once() {
        let mut seen = BTreeSet::new();
        for behaviour in FAMILIES.iter().copied().flatten() {
            let command = catalog::command(behaviour.name)
                .unwrap_or_else(|| panic!("the catalogue has no command {}", behaviour.name));
            assert!(seen.insert(behaviour.name), "{} has two literals", behaviour.name);
            assert_eq!(behaviour.create.is_some(), command.is_create(), "{}", behaviour.name);
            if let Some(name) = behaviour.about {
                assert!(command.param(name).is_some(), "{} declares no {name}", behaviour.name);
            }
            if !command.is_async() {
                assert!(behaviour.begin.is_none() && behaviour.check.is_none(), "{}", behaviour.name);
            }
        }
    }
}
