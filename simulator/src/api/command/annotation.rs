//! Annotations: remarks on things.

use uuid::Uuid;

use super::{Behaviour, EventTexts};
use crate::api::caller::Caller;
use crate::api::error::ApiError;
use crate::api::parameter::Arguments;
use crate::api::{access, listing, view};
use crate::reply::Reply;
use crate::world::World;
use crate::world::kind::Kind;
use crate::world::table::Id;

/// The words for kinds of things; the first ones are those that users may put remarks on.
const WORDS: [&str; 30] = [
    "VM",
    "VOLUME",
    "SNAPSHOT",
    "VM_SNAPSHOT",
    "INSTANCE_GROUP",
    "SSH_KEYPAIR",
    "USER_DATA",
    "NETWORK",
    "VPC",
    "PUBLIC_IP_ADDRESS",
    "VPN_CUSTOMER_GATEWAY",
    "TEMPLATE",
    "ISO",
    "KUBERNETES_CLUSTER",
    "AUTOSCALE_VM_GROUP",
    "AFFINITY_GROUP",
    "SERVICE_OFFERING",
    "DISK_OFFERING",
    "NETWORK_OFFERING",
    "ZONE",
    "POD",
    "CLUSTER",
    "HOST",
    "DOMAIN",
    "PRIMARY_STORAGE",
    "SECONDARY_STORAGE",
    "VR",
    "SYSTEM_VM",
    "MANAGEMENT_SERVER",
    "OBJECT_STORAGE",
];

/// How many of the words users may name.
const OPEN_TO_USERS: usize = 16;

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "addAnnotation",
        events: Some(EventTexts {
            scheduled: "",
            action: "creating an annotation on an entity",
            created: None,
        }),
        run: |world, caller, arguments| {
            let word = word(arguments.required("entitytype"))?;
            let text = arguments.required("annotation");
            let id = arguments.required("entityid");
            let entity = Uuid::try_parse(id).map_err(|_| no_entity(id, word))?;
            require_mine(world, *caller, entity, word)?;
            // Only administrators may hide what they say.
            let admins_only = caller.is_root_admin() && arguments.flag("adminsonly");
            let text = text.to_owned();
            let id = world.annotate(word, entity, &text, caller.user, admins_only);
            show(world, id)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "listAnnotations",
        run: |world, caller, arguments| {
            let id = arguments.filled("id");
            let word = arguments.filled("entitytype").map(word).transpose()?;
            let entity = arguments.filled("entityid");
            if entity.is_some() && word.is_none() {
                return Err(ApiError::parameter("\"entityid\" should be accompanied by \"entitytype\""));
            }
            let own = arguments.filled("annotationfilter").is_some_and(|word| word == "self");
            let user = arguments.filled("userid");
            let is = |uuid: Uuid, text: Option<&str>| text.is_none_or(|text| text == uuid.to_string());
            let writer = |id: Id| world.users.get(id).map(|row| row.uuid).unwrap_or_default();
            let matches: Vec<Id> = world
                .annotations
                .iter()
                .filter(|(_, row)| sees(world, *caller, row))
                .filter(|(_, row)| is(row.uuid, id) && is(row.entity, entity))
                .filter(|(_, row)| word.is_none_or(|word| row.entity_type == word))
                .filter(|(_, row)| is(writer(row.user), user))
                .filter(|(_, row)| !own || row.user == caller.user)
                .filter(|(_, row)| listing::keyword_matches(arguments, &[&row.text]))
                .map(|(id, _)| id)
                .collect();
            listing::page(world, arguments, matches, |id| view::annotation(world, id))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "updateAnnotationVisibility",
        run: |world, caller, arguments| {
            let id = find(world, arguments)?;
            if !caller.is_root_admin() {
                return Err(ApiError::permission("Only administrators can update annotations' visibility"));
            }
            if let Some(row) = world.annotations.get_mut(id) {
                row.admins_only = arguments.flag("adminsonly");
            }
            show(world, id)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "removeAnnotation",
        events: Some(EventTexts {
            scheduled: "",
            action: "removing an annotation on an entity",
            created: None,
        }),
        run: |world, caller, arguments| {
            let id = find(world, arguments)?;
            if let Some(row) = world.annotations.get(id)
                && row.user != caller.user
                && !caller.is_root_admin()
            {
                return Err(ApiError::runtime(format!(
                    "Only administrators or entity owner users can delete annotations, \
                     cannot remove annotation with uuid: {} - type: {} ",
                    row.uuid, row.entity_type
                )));
            }
            let shown = show(world, id);
            world.annotations.remove(id);
            shown
        },
        ..Behaviour::PLAIN
    },
];

fn show(world: &World, id: Id) -> Result<Reply, ApiError> {
    Ok(Reply::Object(view::annotation(world, id)))
}

/// The word for a kind of thing in its own spelling.
fn word(sent: &str) -> Result<&'static str, ApiError> {
    WORDS.iter().copied().find(|word| word.eq_ignore_ascii_case(sent)).ok_or_else(|| {
        ApiError::api(530, format!("'{sent}' is not a valid EntityType to put annotations on"))
    })
}

fn no_entity(id: &str, word: &str) -> ApiError {
    ApiError::runtime(format!("Could not find an entity with type: {word} and ID: {id}"))
}

/// Refuses things that are not the caller's; administrators may speak of everything.
fn require_mine(world: &World, caller: Caller, entity: Uuid, word: &str) -> Result<(), ApiError> {
    let found = world.find(entity).filter(|found| world.uuid_of(*found).is_some());
    if found.is_none() && entity != world.management_server {
        return Err(no_entity(&entity.to_string(), word));
    }
    let is_open = WORDS.iter().take(OPEN_TO_USERS).any(|open| *open == word);
    let is_mine = is_open && found.is_some_and(|found| access::may(world, caller, found, false));
    if caller.is_root_admin() || is_mine {
        return Ok(());
    }
    Err(ApiError::permission(format!(
        "Only administrators or entity owner users can add annotations, cannot add one on {word}"
    )))
}

/// Whether a caller sees a remark: administrators all, others those for everybody on what they reach.
fn sees(world: &World, caller: Caller, row: &crate::world::annotation::Annotation) -> bool {
    caller.is_root_admin()
        || row.user == caller.user
        || (!row.admins_only
            && world
                .find(row.entity)
                .is_some_and(|found| found.kind != Kind::Host && access::may(world, caller, found, true)))
}

/// The remark that `id` names. The real server trips over one that is gone.
fn find(world: &World, arguments: &Arguments) -> Result<Id, ApiError> {
    let id = arguments.required("id");
    world.annotations.iter().find(|(_, row)| row.uuid.to_string() == id).map(|(id, _)| id).ok_or_else(|| {
        ApiError::api(
            530,
            "Cannot invoke \"org.apache.cloudstack.annotation.AnnotationVO.getEntityType()\" because \
             \"annotation\" is null",
        )
    })
}
