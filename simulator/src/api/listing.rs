//! Lists: scope, paging and counting, once for all kinds (API-ERR-040 to -049).

use std::collections::BTreeMap;

use super::caller::Caller;
use super::error::{ApiError, Fault};
use super::parameter::Arguments;
use crate::quirk::Quirk;
use crate::reply::{Object, Reply};
use crate::world::table::Id;
use crate::world::{Owner, World};

/// Refuses `page` and `pagesize` that do not go together.
///
/// # Errors
///
/// 431 with the texts of API-ERR-040 to -042 and -045.
pub fn check_paging(
    world: &World,
    arguments: &Arguments,
    pairs: &[(String, String)],
) -> Result<(), ApiError> {
    let sent = |wanted: &str| {
        pairs.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value)
    };
    if sent("pagesize").is_some_and(|value| value.is_empty()) && !world.sins(Quirk::EmptyPageSizeIsAbsent) {
        return Err(ApiError::parameter("For input string: \"\""));
    }
    let (page, size) = (arguments.integer("page"), arguments.integer("pagesize"));
    if world.sins(Quirk::PagingIsNotChecked) {
        return Ok(());
    }
    if world.sins(Quirk::UnlimitedIsRefused) && size == Some(-1) {
        return Err(ApiError::invalid("Page size can't be negative"));
    }
    match (page, size) {
        (Some(_), None) => {
            Err(ApiError::parameter("\"pagesize\" parameter is required when \"page\" is specified"))
        }
        (None, Some(size)) if size != -1 => {
            Err(ApiError::parameter("\"page\" parameter is required when \"pagesize\" is specified"))
        }
        (Some(_), Some(-1)) => {
            Err(ApiError::invalid("Can't specify page parameter when pagesize is -1 (Unlimited)"))
        }
        (Some(_), Some(size)) => {
            let most = world.settings.number("default.page.size");
            if most != -1 && size > most {
                let text = format!("Page size can't exceed max allowed page size value: {most}");
                // This one command looks at its page size itself.
                return Err(if arguments.command().name() == "listConfigurations" {
                    ApiError::parameter(text)
                } else {
                    ApiError::invalid(text)
                });
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

/// The tags that a list is filtered by: `tags[i].key=k&tags[i].value=v` (API-PAR-004).
///
/// # Errors
///
/// 431 for a key without a value.
pub fn tag_filters(world: &World, arguments: &Arguments) -> Result<Vec<BTreeMap<String, String>>, ApiError> {
    let tags = arguments.grouped("tags");
    let lonely = tags.iter().find(|tag| !tag.contains_key("value")).and_then(|tag| tag.get("key"));
    match lonely.filter(|_| !world.sins(Quirk::TagsNeedNoValue)) {
        Some(key) => Err(ApiError::invalid(format!("No value is passed in for key {key}"))),
        None => Ok(tags),
    }
}

/// Refuses `page` without `pagesize`, whatever the command: a sin.
///
/// # Errors
///
/// 431 as on a list.
pub fn refuse_lone_page(pairs: &[(String, String)]) -> Result<(), ApiError> {
    let is_sent = |wanted: &str| pairs.iter().any(|(name, _)| name.eq_ignore_ascii_case(wanted));
    if is_sent("page") && !is_sent("pagesize") {
        return Err(ApiError::parameter("\"pagesize\" parameter is required when \"page\" is specified"));
    }
    Ok(())
}

/// Cuts the page out of all matches and shows only that.
///
/// # Errors
///
/// 530 for a negative page size other than -1 (API-ERR-044).
pub fn page<T>(
    world: &World,
    arguments: &Arguments,
    mut matches: Vec<T>,
    show: impl FnMut(T) -> Object,
) -> Result<Reply, ApiError> {
    let count = matches.len();
    if world.sins(Quirk::PagesRunBackwards) && arguments.has("page") {
        matches.reverse();
    }
    if arguments.command().param("retrieveonlyresourcecount").is_some()
        && arguments.flag("retrieveonlyresourcecount")
        && !world.sins(Quirk::OnlyTheCountShowsAll)
    {
        return Ok(Reply::List { count, items: Vec::new() });
    }
    let limit = world.settings.number("default.page.size");
    let size = match arguments.integer("pagesize") {
        Some(-1) => None,
        Some(size) if size < 0 => {
            return Err(ApiError::new(
                Fault::Runtime,
                format!(
                    "Unable to find on DB, due to: You have an error in your SQL syntax; check the manual that \
                     corresponds to your MariaDB server version for the right syntax to use near '{size}' at line 1"
                ),
            ));
        }
        Some(0) if world.sins(Quirk::PageSizeZeroIsTheDefault) => Some(limit),
        Some(size) => Some(size),
        None if limit == -1 || world.sins(Quirk::DefaultPageIsEverything) => None,
        None => Some(limit),
    };
    let first_page = if world.sins(Quirk::PagesCountFromZero) { 0 } else { 1 };
    let page = arguments.integer("page").unwrap_or(first_page).max(first_page) - first_page;
    let items = match size.and_then(|size| usize::try_from(size).ok()) {
        None => matches.into_iter().map(show).collect(),
        Some(size) => {
            let skip = usize::try_from(page).unwrap_or(0).saturating_mul(size);
            let skip = if world.sins(Quirk::PagesWrapAround) && skip >= count { 0 } else { skip };
            matches.into_iter().skip(skip).take(size).map(show).collect()
        }
    };
    Ok(Reply::List { count, items: with_icons(world, arguments, items) })
}

/// Adds the icons of things where the list is asked to show them, each in its place.
fn with_icons(world: &World, arguments: &Arguments, mut items: Vec<Object>) -> Vec<Object> {
    let command = arguments.command();
    if command.param("showicon").is_none() || !arguments.flag("showicon") {
        return items;
    }
    let order: Vec<&str> = command.wire_class().fields().map(|field| field.name()).collect();
    let rank = |name: &str| order.iter().position(|other| *other == name).unwrap_or(order.len());
    for item in &mut items {
        let uuid = item.text("id").and_then(|id| uuid::Uuid::try_parse(id).ok());
        let Some((of, image)) = uuid.and_then(|uuid| world.icons.get(&uuid)) else { continue };
        let icon = Object::new()
            .with("resourcetype", super::command::tag_word(world, *of))
            .with("resourceid", uuid)
            .with("base64image", image);
        let at = item.fields.iter().position(|field| rank(field.name) > rank("icon"));
        item.push("icon", icon);
        if let Some(at) = at {
            // From the end to its place.
            item.fields[at..].rotate_right(1);
        }
    }
    items
}

/// Whose things a list is about (API-ERR-047).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    reach: Reach,
    /// Whether the things of projects are left out.
    skips_projects: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Reach {
    /// These accounts'.
    Accounts(Vec<Id>),
    /// A domain's, perhaps with all below.
    Domain { domain: Id, below: bool },
    /// Every project's.
    Projects,
    /// Everybody's.
    All,
}

impl Scope {
    /// Whether an owner's things are in scope.
    #[must_use]
    pub fn covers(&self, world: &World, owner: Owner) -> bool {
        let is_reached = match &self.reach {
            Reach::Accounts(accounts) => accounts.contains(&owner.account),
            Reach::Domain { domain, below: false } => owner.domain == *domain,
            Reach::Domain { domain, below: true } => world.is_within(owner.domain, *domain),
            Reach::Projects => world.is_of_project(owner.account),
            Reach::All => true,
        };
        is_reached && !(self.skips_projects && world.is_of_project(owner.account))
    }
}

/// Decides the scope of a list from `account`, `domainid`, `projectid`, `listall`, `isrecursive`
/// and whether one thing is asked for by identifier.
///
/// # Errors
///
/// 431 and 531 as API-ERR-048 has them.
pub fn scope(world: &World, caller: Caller, arguments: &Arguments) -> Result<Scope, ApiError> {
    let declares = |name: &str| arguments.command().param(name).is_some();
    let by_id = (declares("id") && arguments.has("id")) || (declares("ids") && arguments.has("ids"));
    scope_of(world, caller, arguments, by_id)
}

/// The same for a list that says by another parameter whether single things are asked for.
///
/// # Errors
///
/// As [`scope`].
pub fn scope_of(
    world: &World,
    caller: Caller,
    arguments: &Arguments,
    by_id: bool,
) -> Result<Scope, ApiError> {
    let declares = |name: &str| arguments.command().param(name).is_some();
    let unasked = world.sins(Quirk::ListsShowEverything) && !arguments.has("listall");
    let all = declares("listall") && (arguments.flag("listall") || unasked);
    let named = declares("account").then(|| arguments.filled("account")).flatten();
    if declares("projectid") && arguments.has("projectid") {
        if named.is_none() {
            let reach = projects(world, caller, arguments, all)?;
            return Ok(Scope { reach, skips_projects: false });
        }
        if !world.sins(Quirk::AccountWinsOverProject) {
            return Err(ApiError::invalid("Account and projectId can't be specified together"));
        }
    }
    let domain = declares("domainid").then(|| arguments.id("domainid")).flatten();
    if let Some(domain) = domain
        && !reaches_domain(world, caller, domain)
    {
        return Err(domain_refusal(world, caller, domain));
    }
    let is_admin = caller.is_root_admin() || caller.is_domain_admin();
    let below = declares("isrecursive") && arguments.flag("isrecursive");
    let own = || Reach::Accounts(vec![caller.account]);
    let reach = if let Some(name) = named {
        Reach::Accounts(vec![account_of(world, caller, name, domain.unwrap_or(caller.domain))?])
    } else if let Some(domain) = domain {
        if is_admin { Reach::Domain { domain, below } } else { own() }
    } else if (all || by_id) && !is_admin && world.sins(Quirk::ListAllShowsForeign) {
        Reach::All
    } else {
        match (caller.is_root_admin(), caller.is_domain_admin(), all || by_id) {
            (true, _, true) => Reach::All,
            (_, true, true) => Reach::Domain { domain: caller.domain, below: true },
            _ => mixed_in(world, caller, own()),
        }
    };
    let skips_projects = !by_id && !world.sins(Quirk::ProjectThingsAreMixedIn);
    Ok(Scope { reach, skips_projects })
}

/// An account that a filter names, within the caller's reach.
///
/// # Errors
///
/// 431 if nobody has the name, 531 if the account is out of reach (API-ERR-048).
pub fn account_of(world: &World, caller: Caller, name: &str, domain: Id) -> Result<Id, ApiError> {
    if world.sins(Quirk::UnknownAccountsHaveNothing) && world.account_by_name(name, domain).is_none() {
        return Ok(0);
    }
    let account = world.account_by_name(name, domain).ok_or_else(|| {
        let domain = domain_dump(world, domain);
        ApiError::invalid(format!("could not find account {name} in domain {domain}"))
    })?;
    if caller.reaches(world, world.owner_of(account)) {
        return Ok(account);
    }
    Err(ApiError::permission("Caller does not have permission to operate with provided resource."))
}

/// What `projectid` reaches: one project, or with -1 all that the caller is a member of.
fn projects(world: &World, caller: Caller, arguments: &Arguments, all: bool) -> Result<Reach, ApiError> {
    if arguments.is_minus_one("projectid") {
        if caller.is_root_admin() {
            return Ok(if all { Reach::All } else { Reach::Projects });
        }
        let joined = world
            .projects
            .iter()
            .filter(|(id, _)| world.member(*id, caller.account, caller.user).is_some())
            .map(|(_, row)| row.account);
        return Ok(Reach::Accounts(joined.chain(all.then_some(caller.account)).collect()));
    }
    let id = arguments.id("projectid").unwrap_or_default();
    let Some(project) = world.projects.get(id) else {
        return Err(ApiError::invalid("Unable to find project by id"));
    };
    if !caller.reaches(world, world.owner_of(project.account)) {
        let account = view_account_dump(world, caller.account);
        return Err(ApiError::permission(format!("Account {account} can't access project id={id}")));
    }
    Ok(Reach::Accounts(vec![project.account]))
}

/// A sin of default lists: what the caller's projects have is among the caller's own.
fn mixed_in(world: &World, caller: Caller, own: Reach) -> Reach {
    match own {
        Reach::Accounts(mut accounts) if world.sins(Quirk::ProjectThingsAreMixedIn) => {
            let joined = world
                .projects
                .iter()
                .filter(|(id, _)| world.member(*id, caller.account, caller.user).is_some());
            accounts.extend(joined.map(|(_, row)| row.account));
            Reach::Accounts(accounts)
        }
        own => own,
    }
}

/// Whether a caller may name a domain.
#[must_use]
pub fn reaches_domain(world: &World, caller: Caller, domain: Id) -> bool {
    caller.is_root_admin()
        || domain == caller.domain
        || (caller.is_domain_admin() && world.is_within(domain, caller.domain))
}

/// The refusal of a domain that is out of reach (API-ERR-028).
#[must_use]
pub fn domain_refusal(world: &World, caller: Caller, domain: Id) -> ApiError {
    let domain = world.domains.get(domain).map(|row| row.uuid).unwrap_or_default();
    ApiError::permission(format!(
        "Account {} does not have permission to operate within domain id={domain}",
        view_account_dump(world, caller.account)
    ))
}

/// Upstream's text of a domain in refusals.
#[must_use]
pub fn domain_dump(world: &World, domain: Id) -> String {
    world.domains.get(domain).map_or_else(String::new, |row| {
        // The slashes of the path are escaped in the text itself.
        let path = row.path.replace('/', "\\/");
        format!(
            "Domain {{\"id\":{domain},\"name\":\"{}\",\"path\":\"{path}\",\"uuid\":\"{}\"}}",
            row.name, row.uuid
        )
    })
}

/// Upstream's text of an account in refusals.
#[must_use]
pub fn view_account_dump(world: &World, account: Id) -> String {
    world.accounts.get(account).map_or_else(String::new, |row| {
        format!("Account [{{\"accountName\":\"{}\",\"id\":{account},\"uuid\":\"{}\"}}]", row.name, row.uuid)
    })
}

/// Leaves the limits out where `details` asks for the least. What is used of secondary storage stays.
#[must_use]
pub fn as_detailed(arguments: &Arguments, mut object: Object) -> Object {
    if arguments.texts("details").iter().any(|word| word.eq_ignore_ascii_case("min")) {
        let is_limit =
            |name: &str| name.ends_with("limit") || name.ends_with("available") || name.ends_with("total");
        let is_kept = |name: &str| name == "secondarystoragetotal" || !is_limit(name);
        object.fields.retain(|field| is_kept(field.name) && !matches!(field.name, "vmstopped" | "vmrunning"));
    }
    object
}

/// Whether a keyword is part of any of the texts, case ignored; no keyword matches everything.
#[must_use]
pub fn keyword_matches(arguments: &Arguments, texts: &[&str]) -> bool {
    let Some(keyword) = arguments.text("keyword").filter(|keyword| !keyword.is_empty()) else { return true };
    let keyword = keyword.to_lowercase();
    texts.iter().any(|text| text.to_lowercase().contains(&keyword))
}

/// Whether `id`, and `ids` where the command has them, ask for this one. Both together are refused.
///
/// # Errors
///
/// 431 `Specify either id or ids but not both parameters`.
pub fn wanted(arguments: &Arguments) -> Result<Option<Vec<Id>>, ApiError> {
    let declares = |name: &str| arguments.command().param(name).is_some();
    let one = declares("id") && arguments.has("id");
    let many = declares("ids") && arguments.has("ids");
    match (one, many) {
        (true, true) => Err(ApiError::invalid("Specify either id or ids but not both parameters")),
        // -1 and what counts as absent name nothing that exists.
        (true, false) => Ok(Some(arguments.id("id").into_iter().collect())),
        (false, true) => Ok(Some(arguments.ids("ids"))),
        (false, false) => Ok(None),
    }
}
