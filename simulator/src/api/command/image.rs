//! What the commands of templates and of ISOs have in common.

use super::{acting_owner, require_room};
use crate::api::access;
use crate::api::caller::Caller;
use crate::api::error::{ApiError, Fault};
use crate::api::parameter::Arguments;
use crate::api::view::{self, Detail};
use crate::api::{listing, listing::Scope};
use crate::reply::{Object, Reply};
use crate::world::World;
use crate::world::kind::{Handle, Kind};
use crate::world::table::Id;
use crate::world::template::Template;

/// How large an image is that the simulated secondary storage loads from anywhere.
const LOADED_BYTES: u64 = 5_242_880;

/// The sets that `templatefilter` and `isofilter` name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Filter {
    /// Shown first, and for everybody.
    Featured,
    /// One's own.
    Own {
        /// Whether only ready ones.
        ready: bool,
    },
    /// Others', which one may use.
    Shared {
        /// Whether only ready ones.
        ready: bool,
    },
    /// All ready ones that one may use.
    Executable,
    /// For everybody, but not shown first.
    Community,
    /// All.
    All,
}

impl Filter {
    /// The set of a name. Case counts.
    ///
    /// # Errors
    ///
    /// 431 as Java's enumerations refuse a name.
    pub(super) fn named(name: &str) -> Result<Self, ApiError> {
        Ok(match name {
            "featured" => Self::Featured,
            "self" => Self::Own { ready: false },
            "selfexecutable" => Self::Own { ready: true },
            "shared" => Self::Shared { ready: false },
            "sharedexecutable" => Self::Shared { ready: true },
            "executable" => Self::Executable,
            "community" => Self::Community,
            "all" => Self::All,
            _ => {
                return Err(ApiError::new(
                    Fault::IllegalArgument,
                    format!(
                        "No enum constant com.cloud.template.VirtualMachineTemplate.TemplateFilter.{name}"
                    ),
                ));
            }
        })
    }

    /// Whether an image is in the set.
    fn holds(self, world: &World, caller: Caller, scope: &Scope, row: &Template) -> bool {
        let is_own = row.owner.account == caller.account;
        let is_shared = !is_own && row.permitted.contains(&caller.account);
        let is_system = row.template_type == "SYSTEM";
        match self {
            Self::Featured => row.is_featured && row.is_public && !is_system,
            Self::Own { ready } => scope.covers(world, row.owner) && (row.ready || !ready) && !is_system,
            Self::Shared { ready } => is_shared && (row.ready || !ready) && !is_system,
            Self::Executable => {
                (is_own || is_shared || row.is_public || row.is_featured) && row.ready && !is_system
            }
            Self::Community => row.is_public && !row.is_featured && !is_system,
            Self::All => row.is_public || caller.reaches(world, row.owner),
        }
    }
}

/// The answer of a list of images: a row for each zone that an image is in.
pub(super) fn list(
    world: &World,
    caller: Caller,
    arguments: &Arguments,
    filter: Filter,
    fits: impl Fn(&Template) -> bool,
) -> Result<Reply, ApiError> {
    if filter == Filter::All && !caller.is_root_admin() && !caller.is_domain_admin() {
        return Err(ApiError::invalid("Filter all can be specified by admin only"));
    }
    let scope = listing::scope(world, caller, arguments)?;
    let wanted = listing::wanted(arguments)?;
    let (name, zone) = (arguments.filled("name"), arguments.id("zoneid"));
    let ready = arguments.maybe_flag("isready");
    let tags = arguments.grouped("tags");
    let is_unique = arguments.flag("showunique");
    let names_owner = arguments.has("account") || arguments.has("projectid");
    let mut matches: Vec<(Id, Option<Id>)> = Vec::new();
    for (id, row) in world.templates.iter() {
        let is_wanted = !row.removed
            && fits(row)
            && filter.holds(world, caller, &scope, row)
            && (!names_owner || scope.covers(world, row.owner))
            && wanted.as_ref().is_none_or(|wanted| wanted.contains(&id))
            && name.is_none_or(|name| row.name.eq_ignore_ascii_case(name))
            && ready.is_none_or(|ready| row.ready == ready)
            && tags.iter().all(|tag| world.has_tag(Handle { kind: Kind::Template, id }, tag))
            && listing::keyword_matches(arguments, &[&row.name, &row.display_text]);
        if is_wanted {
            let mut zones = zones(world, row, zone).peekable();
            if is_unique && zones.peek().is_some() {
                matches.push((id, None));
            } else {
                matches.extend(zones.map(|zone| (id, Some(zone))));
            }
        }
    }
    let detail = if caller.is_root_admin() { Detail::Full } else { Detail::Restricted };
    listing::page(world, arguments, matches, |(id, zone)| view::template(world, id, zone, caller, detail))
}

/// The zones that an image is in, less all but one if one is named.
fn zones(world: &World, row: &Template, only: Option<Id>) -> impl Iterator<Item = Id> {
    world
        .zones
        .iter()
        .map(|(zone, _)| zone)
        .filter(move |zone| row.is_in(*zone) && only.is_none_or(|only| only == *zone))
}

/// An image with a row for each of its zones, as registering answers it (TPL-001).
pub(super) fn rows(world: &World, id: Id, zone: Option<Id>, viewer: Caller, detail: Detail) -> Reply {
    let objects: Vec<Object> = world
        .templates
        .get(id)
        .map(|row| {
            zones(world, row, zone)
                .map(|zone| view::template(world, id, Some(zone), viewer, detail))
                .collect()
        })
        .unwrap_or_default();
    Reply::all(objects)
}

/// An image as registering asks for it, from parameters that templates and ISOs share. It is
/// ready at once: the simulated secondary storage loads anything from anywhere (TPL-001).
pub(super) fn registered(
    world: &World,
    caller: &Caller,
    arguments: &Arguments,
    guest_system: Id,
) -> Result<Template, ApiError> {
    let owner = acting_owner(world, caller, arguments)?;
    let url = arguments.required("url");
    let scheme = url.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    if !scheme.is_some_and(|scheme| ["http", "https", "file", "metalink"].contains(&scheme.as_str())) {
        return Err(ApiError::new(Fault::IllegalArgument, format!("Unsupported scheme for url: {url}")));
    }
    require_room(world, owner, "template", 1)?;
    require_room(world, owner, "secondary_storage", i64::try_from(LOADED_BYTES).unwrap_or(i64::MAX))?;
    let name = arguments.required("name");
    Ok(Template {
        display_text: arguments.filled("displaytext").unwrap_or(name).to_owned(),
        is_public: arguments.flag("ispublic"),
        // Only administrators put something in front of everybody.
        is_featured: arguments.flag("isfeatured") && caller.is_root_admin(),
        extractable: arguments.flag("isextractable"),
        password_enabled: arguments.flag("passwordenabled"),
        dynamically_scalable: arguments.flag("isdynamicallyscalable"),
        direct_download: arguments.flag("directdownload"),
        size: LOADED_BYTES,
        physical_size: Some(LOADED_BYTES),
        checksum: arguments.filled("checksum").map(str::to_owned),
        url: Some(url.to_owned()),
        ready: true,
        ..Template::new(name, owner, guest_system, world.now)
    })
}

/// The image that a change is about; users change their own ones only.
pub(super) fn changeable(world: &World, caller: Caller, arguments: &Arguments) -> Result<Id, ApiError> {
    let id = arguments.id("id").unwrap_or_default();
    let row = world
        .template(id)
        .ok_or_else(|| ApiError::invalid(format!("unable to find template with id {id}")))?;
    require_operator(world, caller, row)?;
    Ok(id)
}

/// Refuses whoever may not operate an image.
pub(super) fn require_operator(world: &World, caller: Caller, row: &Template) -> Result<(), ApiError> {
    if caller.is_root_admin() || row.owner.account == caller.account {
        return Ok(());
    }
    if !row.is_public && caller.reaches(world, row.owner) {
        return Ok(());
    }
    let text = if row.is_public {
        "Domain Admin and regular users can modify only their own Public templates"
    } else {
        "Caller does not have permission to operate with provided resource."
    };
    Err(ApiError::permission(text))
}

/// The template or ISO that is to be deleted.
pub(super) fn to_delete<'a>(
    world: &'a World,
    arguments: &Arguments,
    word: &str,
) -> Result<(Id, &'a Template), ApiError> {
    let id = arguments.id("id").unwrap_or_default();
    let row = world.template(id);
    row.map(|row| (id, row)).ok_or_else(|| ApiError::invalid(format!("unable to find {word} with id {id}")))
}

/// Deletes a template or an ISO, in one zone if that is named.
pub(super) fn delete(world: &mut World, _: &Caller, arguments: &Arguments) -> Result<Reply, ApiError> {
    world.remove_template(arguments.id("id").unwrap_or_default(), arguments.id("zoneid"));
    Ok(Reply::SUCCESS)
}

/// A removed image is refused while the request waits (REA-004).
pub(super) fn refuse_removed(world: &World, _: &Caller, arguments: &Arguments) -> Result<(), ApiError> {
    let id = arguments.id("id").unwrap_or_default();
    if world.template(id).is_some() {
        return Ok(());
    }
    Err(ApiError::invalid(format!("Unable to find UUID for id [{id}] of type [VirtualMachineTemplate]")))
}

/// Changes what a change of an image names, and answers it.
pub(super) fn update(world: &mut World, caller: &Caller, arguments: &Arguments) -> Result<Reply, ApiError> {
    let id = changeable(world, *caller, arguments)?;
    let format = arguments.filled("format").map(image_format).transpose()?;
    if let Some(row) = world.templates.get_mut(id) {
        if let Some(name) = arguments.filled("name") {
            name.clone_into(&mut row.name);
        }
        if let Some(text) = arguments.filled("displaytext") {
            text.clone_into(&mut row.display_text);
        }
        if let Some(format) = format {
            format.clone_into(&mut row.format);
        }
        if let Some(system) = arguments.id("ostypeid") {
            row.guest_system = system;
        }
        let flags = [
            ("passwordenabled", &mut row.password_enabled),
            ("sshkeyenabled", &mut row.ssh_key_enabled),
            ("bootable", &mut row.bootable),
            ("requireshvm", &mut row.requires_hvm),
            ("isdynamicallyscalable", &mut row.dynamically_scalable),
        ];
        for (name, flag) in flags {
            *flag = arguments.maybe_flag(name).unwrap_or(*flag);
        }
        let details = arguments.merged("details");
        if arguments.flag("cleanupdetails") {
            row.details.clear();
        } else if !details.is_empty() {
            row.details = details;
        }
    }
    let row = world.templates.get(id);
    Ok(Reply::Object(row.map(|row| view::updated_template(world, id, row)).unwrap_or_default()))
}

/// Changes who may use an image.
pub(super) fn update_permissions(
    world: &mut World,
    caller: &Caller,
    arguments: &Arguments,
) -> Result<Reply, ApiError> {
    let id = changeable(world, *caller, arguments)?;
    let operation = arguments.filled("op").unwrap_or_default().to_ascii_lowercase();
    let accounts = arguments.texts("accounts").to_vec();
    let names_accounts = arguments.has("accounts");
    let is_known = ["add", "remove", "reset"].contains(&operation.as_str());
    if names_accounts && !is_known {
        let given = arguments.filled("op").unwrap_or("null");
        return Err(ApiError::invalid(format!(
            "Invalid operation on accounts, the operation must be either 'add' or 'remove' in order to modify launch \
             permissions.  Given operation is: '{given}'"
        )));
    }
    if let Some(row) = world.templates.get_mut(id) {
        let flags = [
            ("ispublic", &mut row.is_public),
            ("isfeatured", &mut row.is_featured),
            ("isextractable", &mut row.extractable),
        ];
        for (name, flag) in flags {
            *flag = arguments.maybe_flag(name).unwrap_or(*flag);
        }
    }
    if matches!(operation.as_str(), "add" | "remove") && !names_accounts {
        return Err(ApiError::invalid(format!(
            "Operation {operation} requires accounts or projectIds to be passed in"
        )));
    }
    // Accounts are looked up in the owner's domain, whatever domain is named.
    let domain = world.templates.get(id).map(|row| row.owner.domain).unwrap_or_default();
    let mut known = Vec::new();
    for name in &accounts {
        match world.account_by_name(name, domain) {
            Some(account) => known.push(account),
            None if operation == "add" => {
                let domain = world.domains.get(domain).map(|row| row.uuid).unwrap_or_default();
                return Err(ApiError::invalid(format!(
                    "Unable to grant a launch permission to account {name} in domain id={domain}, account not found.  \
                     No permissions updated, please verify the account names and retry."
                )));
            }
            None => {}
        }
    }
    if let Some(row) = world.templates.get_mut(id) {
        match operation.as_str() {
            "add" => {
                for account in known {
                    if account != caller.account && !row.permitted.contains(&account) {
                        row.permitted.push(account);
                    }
                }
            }
            "remove" => row.permitted.retain(|account| !known.contains(account)),
            "reset" => {
                row.permitted.clear();
                row.is_public = false;
                row.is_featured = false;
            }
            _ => {}
        }
    }
    Ok(Reply::SUCCESS)
}

/// Says who may use an image.
pub(super) fn list_permissions(
    world: &mut World,
    caller: &Caller,
    arguments: &Arguments,
) -> Result<Reply, ApiError> {
    let id = arguments.id("id").unwrap_or_default();
    let row = world
        .template(id)
        .ok_or_else(|| ApiError::invalid(format!("unable to find template with id {id}")))?;
    require_operator(world, *caller, row)?;
    Ok(Reply::Object(view::permissions(world, row, *caller)))
}

/// What refuses a copy to another zone, until the copy fails for want of somebody to do it.
pub(super) fn copy(world: &mut World, _: &Caller, arguments: &Arguments) -> Result<Reply, ApiError> {
    let id = arguments.id("id").unwrap_or_default();
    let row = world
        .template(id)
        .filter(|row| row.ready)
        .ok_or_else(|| ApiError::invalid("Unable to find template with the given id"))?;
    let source = arguments.id("sourcezoneid");
    let targets: Vec<Id> =
        arguments.id("destzoneid").into_iter().chain(arguments.ids("destzoneids")).collect();
    if targets.is_empty() {
        return Err(ApiError::parameter("Either destzoneid or destzoneids parameters have to be specified."));
    }
    if source.is_some_and(|source| targets.contains(&source)) {
        return Err(ApiError::invalid("Please specify different source and destination zones."));
    }
    if source.is_some_and(|source| !row.is_in(source)) {
        return Err(ApiError::invalid(
            "There is no template in secondary storage in zone specified as source zone.",
        ));
    }
    Err(ApiError::runtime("No secondary VM in running state in source template zone "))
}

/// What refuses an upload: the simulated secondary storage has nobody to take it.
pub(super) fn refuse_upload(world: &World, arguments: &Arguments) -> ApiError {
    let zone = arguments.id("zoneid");
    let store = world.image_stores.iter().find(|(_, store)| store.zone == zone);
    let dump = store.map(|(id, store)| {
        let name = store.name.replace('/', "\\/");
        format!("ImageStore {{\"id\":{id},\"name\":\"{name}\",\"uuid\":\"{}\"}}", store.uuid)
    });
    ApiError::runtime(format!(
        "There is no secondary storage VM for downloading template to image store {}",
        dump.unwrap_or_default()
    ))
}

/// An image format by its name.
///
/// # Errors
///
/// 431 with all formats.
pub(super) fn image_format(name: &str) -> Result<&'static str, ApiError> {
    const FORMATS: [&str; 13] = [
        "QCOW2",
        "RAW",
        "VHD",
        "ISO",
        "OVA",
        "VHDX",
        "BAREMETAL",
        "EXTERNAL",
        "VMDK",
        "VDI",
        "TAR",
        "ZIP",
        "DIR",
    ];
    FORMATS.into_iter().find(|format| format.eq_ignore_ascii_case(name)).ok_or_else(|| {
        let all: String = FORMATS.iter().map(|format| format!("{format}, ")).collect();
        ApiError::parameter(format!("Image format: {name} is incorrect. Supported formats are [{all}]"))
    })
}

/// Whether a caller may use an image.
pub(super) fn may_use(world: &World, caller: Caller, id: Id) -> bool {
    let is_shared = world.template(id).is_some_and(|row| row.permitted.contains(&caller.account));
    is_shared || access::may(world, caller, Handle { kind: Kind::Template, id }, true)
}
