//! The server itself: what it can do and how it is set.

use super::Behaviour;
use crate::api::caller::Caller;
use crate::api::discovery::{self, ApiFacts, ParamFacts, ResponseFacts};
use crate::api::error::ApiError;
use crate::api::{VERSION, access};
use crate::quirk::{Quirk, Quirks};
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
            let mut facts = discovery::listing(
                &super::is_served,
                &|command| access::allows(world, *caller, command.name(), Some(command)),
                caller.role_type(),
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
    Behaviour { name: "getApiLimit", run: |_, _, _| Err(no_throttling()), ..Behaviour::PLAIN },
    Behaviour { name: "resetApiLimit", run: |_, _, _| Err(no_throttling()), ..Behaviour::PLAIN },
];

/// The simulator counts no calls, which is what a server does unless told otherwise (API-LIM-001).
fn no_throttling() -> ApiError {
    ApiError::api(432, "This api is only available when api.throttling.enabled = true.")
}

fn capabilities(world: &World, caller: Caller) -> Object {
    let setting = |name: &str| world.settings.flag(name);
    let support_elb =
        if world.sins(Quirk::SupportElbIsAFlag) { Value::Flag(false) } else { Value::from("false") };
    let version = setting("expose.cloudstack.version.api.list.capabilities").then_some(VERSION);
    Object::new()
        .with("securitygroupsenabled", world.zones.iter().any(|(_, zone)| zone.security_groups))
        .with("dynamicrolesenabled", true)
        .with("cloudstackversion", version)
        .with("userpublictemplateenabled", true)
        .with("supportELB", support_elb)
        .with("projectinviterequired", false)
        .with("allowusercreateprojects", setting("allow.user.create.projects"))
        .with("customdiskofferingminsize", 1)
        .with("customdiskofferingmaxsize", 1024)
        .with("regionsecondaryenabled", false)
        .with("kvmsnapshotenabled", true)
        .with("allowuserviewdestroyedvm", setting("allow.user.view.destroyed.vm"))
        .with("allowuserexpungerecovervm", setting("allow.user.expunge.recover.vm"))
        .with("allowuserexpungerecovervolume", setting("allow.user.expunge.recover.volume"))
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
        .with("response", facts.response.into_iter().map(response).collect::<Vec<_>>())
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

fn response(facts: ResponseFacts) -> Object {
    match facts {
        ResponseFacts::Blank => Object::new(),
        ResponseFacts::Named { name, description, field_type, response: nested } => {
            let nested: Vec<Object> = nested.into_iter().map(response).collect();
            Object::new()
                .with("name", name)
                .with("description", description)
                .with("type", field_type)
                .with("response", (!nested.is_empty()).then_some(nested))
        }
    }
}
