//! The server itself: what it can do and how it is set.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Behaviour;
use crate::api::access;
use crate::api::caller::Caller;
use crate::api::discovery::{self, ApiFacts, ParamFacts, ResponseFacts};
use crate::api::error::ApiError;
use crate::api::signature::mac;
use crate::catalog::{Command, RoleType};
use crate::quirk::{Quirk, Quirks};
use crate::release::Release;
use crate::reply::{Object, Reply, Value};
use crate::world::World;

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "listCapabilities",
        run: |world, caller, _| {
            let object = capabilities(world, *caller);
            if world.sins(Quirk::CapabilitiesAreAList) {
                return Ok(Reply::all(vec![object]));
            }
            Ok(Reply::Object(object))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "listApis",
        run: |world, caller, arguments| {
            let name = arguments.filled("name");
            let filter = name.filter(|_| world.sins(Quirk::ApiNamesAreFilters));
            let role = match world.sins(Quirk::RestrictedParametersAreListed) {
                true => RoleType::Admin,
                false => caller.role_type(),
            };
            let mut facts = discovery::listing(
                world.release,
                // What is said of a command depends on all that a real server has, played or not.
                &|command| command.served_by_default_build() || super::is_served(command),
                &|command| is_listed(world, *caller, command),
                role,
                if filter.is_some() { None } else { name },
            );
            if let Some(part) = filter {
                facts.retain(|fact| fact.name.contains(part));
            }
            if facts.is_empty() && name.is_some() && !world.sins(Quirk::UnknownApisAreAnEmptyList) {
                return Err(ApiError::api(
                    530,
                    "Api Discovery plugin was unable to find an api by that name or process any apis",
                ));
            }
            Ok(Reply::all(facts.into_iter().map(|fact| api(&world.quirks, fact)).collect()))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "getCloudIdentifier",
        run: |world, caller, arguments| {
            let user = arguments.id("userid").and_then(|id| world.users.get(id));
            let Some(user) = user else {
                return Err(ApiError::invalid("Unable to find active user of specified id"));
            };
            if !caller.reaches(world, world.owner_of(user.account)) {
                return Err(ApiError::permission(
                    "Caller does not have permission to operate with provided resource.",
                ));
            }
            let identifier = world.settings.text("cloud.identifier");
            // Who has no key has no signature either.
            let signed = user.secret_key.as_deref().map(|secret| mac(identifier, secret));
            let signature = signed.map(|signed| STANDARD.encode(signed)).unwrap_or_default();
            Ok(Reply::Object(Object::new().with("cloudidentifier", identifier).with("signature", signature)))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "getApiLimit",
        run: |world, caller, _| {
            require_throttling(world)?;
            let per_user = world.sins(Quirk::LimitsArePerUser);
            let window = world.window_of(if per_user { caller.user } else { caller.account });
            let name = world.accounts.get(caller.account).map(|account| account.name.clone());
            let names = if world.sins(Quirk::LimitFieldsInLowerCase) {
                ["apiissued", "apiallowed", "expireafter"]
            } else {
                ["apiIssued", "apiAllowed", "expireAfter"]
            };
            let answer = Object::new()
                .with("accountid", world.ids.uuid())
                .with("account", name)
                .with(names[0], window.issued)
                .with(names[1], world.calls_allowed() - window.issued)
                .with(names[2], window.ends.0 - world.now.0);
            Ok(Reply::Object(answer))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "resetApiLimit",
        run: |world, _, arguments| {
            require_throttling(world)?;
            if !world.sins(Quirk::ResetLeavesTheLimit) {
                world.forget_calls(arguments.id("account"));
            }
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
];

/// Refuses questions about a limit that does not exist (API-LIM-003).
fn require_throttling(world: &World) -> Result<(), ApiError> {
    if world.is_throttled() || world.sins(Quirk::LimitWithoutThrottling) {
        return Ok(());
    }
    Err(ApiError::api(432, "This api is only available when api.throttling.enabled = true."))
}

/// The release that the server says it is.
fn claim(world: &World) -> String {
    if world.sins(Quirk::ClaimsAnOlderRelease) {
        return Release::new(18, 0).claim();
    }
    if world.sins(Quirk::ReleaseIsUnknown) { "unknown".to_owned() } else { world.version.clone() }
}

/// Whether a caller is told of a command (API-DIS-008): what the role allows, and of the commands
/// that log in the built-in role of root administrators alone (API-DIS-010). One whose setting is off is not there.
fn is_listed(world: &World, caller: Caller, command: Command) -> bool {
    if command.is_authenticator() {
        return caller.is_root_admin() || world.sins(Quirk::LoginIsListedToAll);
    }
    let is_allowed = access::allows(world, caller, command.name(), Some(command));
    let is_there = super::is_served(command) && super::known(world, command.name()).is_some();
    is_there && (is_allowed || world.sins(Quirk::OneListingForAll))
}

fn capabilities(world: &World, caller: Caller) -> Object {
    let setting = |name: &str| world.settings.flag(name);
    let support_elb =
        if world.sins(Quirk::SupportElbIsAFlag) { Value::Flag(false) } else { Value::from("false") };
    // Only where calls are limited (API-DIS-011).
    let limit = |name: &str| world.is_throttled().then(|| world.settings.number(name));
    let version = setting("expose.cloudstack.version.api.list.capabilities").then(|| claim(world));
    // Administrators may whatever the setting says.
    let may = |name: &str| caller.is_root_admin() || caller.is_domain_admin() || setting(name);
    Object::new()
        .with("securitygroupsenabled", world.zones.iter().any(|(_, zone)| zone.security_groups))
        .with("dynamicrolesenabled", setting("dynamic.apichecker.enabled"))
        .with("cloudstackversion", version)
        .with("userpublictemplateenabled", true)
        .with("supportELB", support_elb)
        .with("projectinviterequired", setting("project.invite.required"))
        .with("allowusercreateprojects", setting("allow.user.create.projects"))
        .with("customdiskofferingminsize", 1)
        .with("customdiskofferingmaxsize", 1024)
        .with("regionsecondaryenabled", false)
        .with("apilimitinterval", limit("api.throttling.interval"))
        .with("kvmsnapshotenabled", true)
        .with("apilimitmax", limit("api.throttling.max"))
        .with("allowuserviewdestroyedvm", may("allow.user.view.destroyed.vm"))
        .with("allowuserexpungerecovervm", may("allow.user.expunge.recover.vm"))
        .with("allowuserexpungerecovervolume", may("allow.user.expunge.recover.volume"))
        .with("allowuserviewalldomainaccounts", false)
        .with("allowuserforcestopvm", true)
        .with("kubernetesserviceenabled", true)
        .with("kubernetesclusterexperimentalfeaturesenabled", false)
        .with("customhypervisordisplayname", "Custom")
        .with("defaultuipagesize", 20)
        .with("instancesstatsretentiontime", 720)
        .with("instancesstatsuseronly", false)
        .with("instancesdisksstatsretentionenabled", false)
        .with("instancesdisksstatsretentiontime", 720)
        .with("sharedfsvmmincpucount", 2)
        .with("sharedfsvmminramsize", 1024)
        .with("instanceleaseenabled", false)
        .with(
            "extensionspath",
            caller.is_root_admin().then_some("/usr/share/cloudstack-management/extensions"),
        )
        .with("dynamicscalingenabled", true)
        .with("additionalconfigenabled", false)
}

fn api(quirks: &Quirks, facts: ApiFacts) -> Object {
    let flag = if quirks.has(Quirk::AsyncFlagIsNamedAsync) { "async" } else { "isasync" };
    Object::new()
        .with("name", facts.name)
        .with("description", facts.description)
        .with("since", facts.since)
        .with(flag, facts.isasync)
        .with("related", facts.related)
        .with("params", facts.params.into_iter().map(|fact| param(quirks, fact)).collect::<Vec<_>>())
        .with("response", fields(quirks, facts.response))
}

fn param(quirks: &Quirks, facts: ParamFacts) -> Object {
    let is_required = facts.required && !quirks.has(Quirk::NothingIsRequired);
    let required = match quirks.has(Quirk::RequiredIsText) {
        true => Value::from(is_required.to_string()),
        false => Value::Flag(is_required),
    };
    let param_type = match quirks.has(Quirk::TypesAreUpperCase) {
        true => facts.param_type.to_uppercase(),
        false => facts.param_type.to_owned(),
    };
    Object::new()
        .with("name", facts.name)
        .with("description", facts.description)
        .with("type", param_type)
        .with("length", facts.length)
        .with("required", required)
        .with("since", facts.since)
        .with("related", facts.related)
}

fn fields(quirks: &Quirks, facts: Vec<ResponseFacts>) -> Vec<Object> {
    let leaves_out = |fact: &ResponseFacts| {
        matches!(fact, ResponseFacts::Blank) && quirks.has(Quirk::BlankFieldsAreLeftOut)
    };
    facts.into_iter().filter(|fact| !leaves_out(fact)).map(|fact| field(quirks, fact)).collect()
}

fn field(quirks: &Quirks, facts: ResponseFacts) -> Object {
    match facts {
        ResponseFacts::Blank => Object::new(),
        ResponseFacts::Named { name, description, field_type, response: nested } => {
            let nested = fields(quirks, nested);
            let package = if quirks.has(Quirk::FieldTypesHaveAPackage) { "java.lang." } else { "" };
            Object::new()
                .with("name", name)
                .with("description", description)
                .with("type", format!("{package}{field_type}"))
                .with("response", (!nested.is_empty()).then_some(nested))
        }
    }
}
