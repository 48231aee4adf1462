//! User data: what is registered (UD-018 to UD-022), and what a machine gets of it and of its template's (UD-023 to
//! UD-028).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::deployment::user_data_details;
use super::{Behaviour, acting_owner};
use crate::api::caller::Caller;
use crate::api::error::ApiError;
use crate::api::parameter::Arguments;
use crate::api::{listing, view};
use crate::quirk::Quirk;
use crate::reply::{Object, Reply};
use crate::world::World;
use crate::world::table::Id;
use crate::world::user_data::{Encoded, lenient_decode};

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "registerUserData",
        run: |world, caller, arguments| register(world, caller, arguments, Use::Machines),
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "listUserData",
        run: |world, caller, arguments| list(world, caller, arguments, Use::Machines),
        ..Behaviour::PLAIN
    },
    Behaviour { name: "deleteUserData", about: Some("id"), run: delete, ..Behaviour::PLAIN },
    Behaviour {
        name: "registerCniConfiguration",
        run: |world, caller, arguments| register(world, caller, arguments, Use::Clusters),
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "listCniConfiguration",
        run: |world, caller, arguments| list(world, caller, arguments, Use::Clusters),
        ..Behaviour::PLAIN
    },
    Behaviour { name: "deleteCniConfiguration", about: Some("id"), run: delete, ..Behaviour::PLAIN },
    Behaviour {
        name: "linkUserDataToTemplate",
        run: |world, _, arguments| {
            link(world, arguments).map_err(|reason| match world.sins(Quirk::UserDataLinksFailWith431) {
                true => ApiError::invalid(reason),
                false => ApiError::runtime(format!("Failed to link userdata to template, due to: {reason}")),
            })
        },
        ..Behaviour::PLAIN
    },
];

/// Links user data to a template or an ISO, or takes the link away (UD-022).
fn link(world: &mut World, arguments: &Arguments) -> Result<Reply, String> {
    let id = match (arguments.id("templateid"), arguments.id("isoid")) {
        (Some(_), Some(_)) => {
            return Err("Both template ID and ISO ID are passed, API accepts only one".to_owned());
        }
        (Some(id), None) | (None, Some(id)) => id,
        (None, None) => return Err("Atleast one of template ID or ISO ID needs to be passed".to_owned()),
    };
    let user_data = arguments.id("userdataid");
    let policy = match arguments.filled("userdatapolicy") {
        None => POLICIES[0],
        Some(word) => {
            let upper = word.to_uppercase();
            let wanted = if world.sins(Quirk::UserDataPoliciesAreUpperCase) { word } else { &upper };
            let known = POLICIES.iter().find(|policy| **policy == wanted);
            known.copied().ok_or_else(|| {
                format!("No enum constant com.cloud.user.UserData.UserDataOverridePolicy.{upper}")
            })?
        }
    };
    let Some(row) = world.templates.get_mut(id) else {
        return Err(format!("unable to find template/ISO with id {id}"));
    };
    row.user_data = user_data;
    row.user_data_policy = user_data.map(|_| policy.to_owned());
    let row = world.templates.get(id);
    Ok(Reply::Object(row.map(|row| view::linked_template(world, row)).unwrap_or_default()))
}

/// What user data is for. The configuration of cluster networks is kept like that of machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    Machines,
    Clusters,
}

impl Use {
    /// The parameter with the content.
    fn parameter(self) -> &'static str {
        match self {
            Self::Machines => "userdata",
            Self::Clusters => "cniconfig",
        }
    }
}

fn register(
    world: &mut World,
    caller: &Caller,
    arguments: &Arguments,
    used_for: Use,
) -> Result<Reply, ApiError> {
    let owner = acting_owner(world, caller, arguments)?;
    let name = arguments.required("name");
    let content = arguments.required(used_for.parameter());
    let own: Vec<_> =
        world.user_data.iter().filter(|(_, row)| row.owner == owner).map(|(_, row)| row).collect();
    let is_taken = own.iter().any(|row| row.name.eq_ignore_ascii_case(name));
    if is_taken && !world.sins(Quirk::UserDataNamesRepeat) {
        return Err(ApiError::invalid(format!(
            "A userdata with name {name} already exists for this account."
        )));
    }
    // What was sent is compared with what is stored, so another spelling of the same bytes is something else.
    let is_same = |stored: &str| match world.sins(Quirk::SameUserDataIsDecoded) {
        true => lenient_decode(stored) == lenient_decode(content),
        false => stored == content,
    };
    let same = own.iter().find(|row| is_same(&row.content));
    if let Some(same) = same.filter(|_| !world.sins(Quirk::UserDataRepeats)) {
        return Err(ApiError::invalid(format!(
            "Userdata {} with same content already exists for this account.",
            same.name
        )));
    }
    let params = arguments.filled("params").map(str::to_owned);
    refuse_reserved(world, params.as_deref().unwrap_or_default())?;
    let counts_decoded = world.sins(Quirk::UserDataCountsDecoded);
    let is_short = counts_decoded && lenient_decode(content).len() <= 4096;
    let read = read(world, content, arguments.by_post || is_short)?;
    let stored = read.map(|read| read.text).unwrap_or_default();
    let id = world.add_user_data(owner, name, &stored, params);
    if let Some(row) = world.user_data.get_mut(id) {
        row.is_cni = used_for == Use::Clusters;
    }
    if world.sins(Quirk::RegisteredUserDataIsNotTold) {
        return Ok(Reply::SUCCESS);
    }
    let row = world.user_data.get(id);
    Ok(Reply::Object(row.map(|row| view::user_data(world, row)).unwrap_or_default()))
}

/// Refuses parameters that are named like files of the router (UD-024).
fn refuse_reserved(world: &World, params: &str) -> Result<(), ApiError> {
    if world.sins(Quirk::ReservedParamsPass) {
        return Ok(());
    }
    let trims = world.sins(Quirk::ParamsAreTrimmed);
    let names = params.split(',').map(|name| if trims { name.trim() } else { name });
    let reserved: Vec<&str> = names.filter(|name| RESERVED.contains(name)).collect();
    if reserved.is_empty() {
        return Ok(());
    }
    Err(ApiError::invalid(format!(
        "Params passed here have a few virtual router metadata file names [{}]",
        reserved.join(", ")
    )))
}

fn list(world: &mut World, caller: &Caller, arguments: &Arguments, used_for: Use) -> Result<Reply, ApiError> {
    let wanted = listing::wanted(arguments)?;
    let scope = listing::scope(world, *caller, arguments)?;
    let name = arguments.filled("name");
    let matches: Vec<Object> = world
        .user_data
        .iter()
        .filter(|(_, row)| row.is_cni == (used_for == Use::Clusters))
        .filter(|(_, row)| scope.covers(world, row.owner))
        .filter(|(id, _)| wanted.as_ref().is_none_or(|wanted| wanted.contains(id)))
        .filter(|(_, row)| match name {
            Some(name) if world.sins(Quirk::UserDataNamesAreSearched) => row.name.contains(name),
            Some(name) => row.name.eq_ignore_ascii_case(name),
            None => true,
        })
        .filter(|(_, row)| listing::keyword_matches(arguments, &[&row.name]))
        .map(|(_, row)| view::user_data(world, row))
        .collect();
    listing::page(world, arguments, matches, |row| row)
}

fn delete(world: &mut World, caller: &Caller, arguments: &Arguments) -> Result<Reply, ApiError> {
    let id = arguments.id("id").unwrap_or_default();
    // The real server looks at whether the row exists and not at whose it is.
    let Some(row) = world.user_data.get(id) else {
        let owner = acting_owner(world, caller, arguments)?;
        let account = world.accounts.get(owner.account).map_or("", |row| row.name.as_str());
        let domain = world.domains.get(owner.domain).map(|row| row.uuid).unwrap_or_default();
        return Err(ApiError::invalid(format!(
            "A UserData with id '{id}' does not exist for account {account} in specified domain id"
        ))
        .about(domain, "domainId"));
    };
    if world.sins(Quirk::UserDataInUseIsDeleted) {
        world.user_data.remove(id);
        return Ok(Reply::SUCCESS);
    }
    let name = &row.name;
    if world.templates.iter().any(|(_, template)| template.user_data == Some(id) && !template.removed) {
        return Err(ApiError::runtime(format!(
            "Userdata {name} cannot be removed as it is linked to active template/templates"
        )));
    }
    if world.virtual_machines.iter().any(|(_, machine)| machine.user_data_id == Some(id)) {
        return Err(ApiError::runtime(format!(
            "Userdata {name} cannot be removed as it is being used by some VMs"
        )));
    }
    world.user_data.remove(id);
    Ok(Reply::SUCCESS)
}

/// The user data that a machine of a template gets from a command, and the registered one that it is linked to: what
/// the command brings, inline or registered (UD-023), what the template is linked to, or both (UD-025).
pub(super) fn finalised(
    world: &mut World,
    caller: Caller,
    arguments: &Arguments,
    template: Id,
) -> Result<(Option<String>, Option<Id>), ApiError> {
    let inline = arguments.filled("userdata");
    let linked = arguments.id("userdataid");
    if inline.is_some() && linked.is_some() {
        return Err(ApiError::invalid(
            "Both userdata and userdata ID inputs are not allowed, please provide only one",
        ));
    }
    let own = match linked {
        None => inline.map(str::to_owned),
        Some(id) => {
            let row = world.user_data.get(id).ok_or_else(|| ApiError::invalid("Unable to find UserData"))?;
            if !caller.reaches(world, row.owner) {
                return Err(ApiError::permission(
                    "Caller does not have permission to operate with provided resource.",
                ));
            }
            Some(row.content.clone())
        }
    };
    refuse_unknown_details(world, linked, arguments)?;
    let wanted = with_templates(world, template, own)?;
    let content = wanted.map(|wanted| read(world, &wanted, arguments.by_post)).transpose()?.flatten();
    Ok((content.map(|content| content.text), linked))
}

/// The user data of a machine that brings some of its own or none, under the policy of its template (UD-025).
fn with_templates(world: &mut World, template: Id, own: Option<String>) -> Result<Option<String>, ApiError> {
    let Some(row) = world.templates.get(template) else { return Ok(own) };
    let Some(linked) = row.user_data.filter(|_| !world.sins(Quirk::LinkedUserDataIsIgnored)) else {
        return Ok(own);
    };
    let policy = match world.sins(Quirk::UserDataIsAlwaysOverridden) {
        true => POLICIES[0],
        false => row.user_data_policy.as_deref().unwrap_or(POLICIES[0]),
    };
    if own.is_some() && policy == "DENYOVERRIDE" {
        return Err(ApiError::runtime(format!(
            "UserData input is not allowed here since template {} is configured to deny any userdata",
            row.name
        )));
    }
    let of_template = world.user_data.get(linked).map(|row| row.content.clone()).ok_or_else(|| {
        ApiError::runtime(format!("UserData linked to the template {} is not found", row.name))
    })?;
    match own {
        None => Ok(Some(of_template)),
        Some(own) if policy == "APPEND" => {
            // Nothing is checked before the two are one.
            let (first, second) = (lenient_decode(&of_template), lenient_decode(&own));
            let joined = world.append_user_data(&first, &second).map_err(ApiError::runtime)?;
            Ok(Some(STANDARD.encode(joined)))
        }
        Some(own) => Ok(Some(own)),
    }
}

/// The sin of holding the values of a command against the parameters that were registered (UD-033).
fn refuse_unknown_details(world: &World, linked: Option<Id>, arguments: &Arguments) -> Result<(), ApiError> {
    let Some(row) = linked.and_then(|id| world.user_data.get(id)) else { return Ok(()) };
    if !world.sins(Quirk::UserDataParamsAreCompulsory) {
        return Ok(());
    }
    let given = user_data_details(arguments);
    let mut names = row.params.iter().flat_map(|params| params.split(','));
    match names.find(|name| !given.iter().any(|(key, _)| key == name)) {
        Some(missing) => Err(ApiError::invalid(format!("No value is given for the parameter {missing}"))),
        None => Ok(()),
    }
}

/// Reads user data that came with a command, with the sins of reading it.
fn read(world: &World, sent: &str, by_post: bool) -> Result<Option<Encoded>, ApiError> {
    let mut bounds = world.user_data_bounds(by_post || world.sins(Quirk::UserDataByGetIsLong));
    let invalid = |text: &str| Err(ApiError::invalid(text));
    if world.sins(Quirk::BlankUserDataIsRefused) && sent.trim().is_empty() {
        return invalid("User data is too short.");
    }
    if world.sins(Quirk::UserDataIsStrict) && sent.contains(['-', '_']) {
        return invalid("User data is not base64 encoded.");
    }
    if world.sins(Quirk::UserDataLimitIs2048) && sent.len() > 2048 {
        return invalid("User data is too long for http GET request");
    }
    if world.sins(Quirk::UserDataIsDecodedOnce) && sent.contains('%') {
        return invalid("User data is not base64 encoded.");
    }
    if world.sins(Quirk::EmptyUserDataPasses) && lenient_decode(sent).is_empty() {
        return Ok(None);
    }
    if world.sins(Quirk::UserDataSumsAreFree) {
        (bounds.by_post, bounds.longest) = (true, i64::MAX);
    }
    let sent = match sent {
        _ if world.sins(Quirk::UserDataIsNotChecked) => {
            sent.chars().filter(|one| one.is_ascii_alphanumeric()).collect()
        }
        _ if world.sins(Quirk::PlusesOfUserDataAreBlanks) => sent.replace('+', " "),
        _ => sent.to_owned(),
    };
    let mut found = Encoded::read(&sent, bounds).map_err(ApiError::invalid)?;
    if world.sins(Quirk::UserDataIsDecodedTwice) {
        found = decoded_again(found);
    }
    Ok(match found {
        Some(content) if world.sins(Quirk::UserDataIsKeptAsSent) => Some(Encoded { text: sent, ..content }),
        other => other,
    })
}

/// The sin of decoding what is base64 within base64 (UD-034).
fn decoded_again(content: Option<Encoded>) -> Option<Encoded> {
    let inner = content.as_ref().and_then(|content| STANDARD.decode(&content.bytes).ok());
    inner.map(|bytes| Encoded { text: STANDARD.encode(&bytes), bytes }).or(content)
}

/// What happens when a machine brings user data of its own: what is said first holds unless another is named.
const POLICIES: [&str; 3] = ["ALLOWOVERRIDE", "APPEND", "DENYOVERRIDE"];

/// The files of the router that no parameter may be named after. Upstream's list lacks `cloud-domain` and
/// `cloud-domain-id`.
const RESERVED: [&str; 12] = [
    "service-offering",
    "availability-zone",
    "local-hostname",
    "local-ipv4",
    "public-hostname",
    "public-ipv4",
    "instance-id",
    "vm-id",
    "public-keys",
    "cloud-identifier",
    "cloud-name",
    "hypervisor-host-name",
];
