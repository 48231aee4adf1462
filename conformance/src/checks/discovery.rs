//! What the target says that it can do: `listApis` and `listCapabilities`.

use super::{prelude::*, setup};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "discovery/name-is-exact",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "Asked for a name, listApis lists the command of exactly that name alone.",
        source: "ListApisCmd.java:36-62, ApiDiscoveryServiceImpl.java:249-298",
        rules: &["API-DIS-001"],
        run: |target| {
            let reply = target.api("listApis").param("name", "listUsers").send()?;
            reply.expect_items("api", 1)?;
            reply.expect_field("count", 1)?;
            reply.expect_field("api.name", "listUsers")?;
            for name in ["listusers", "listUser", "list*"] {
                // How this is refused is another check's.
                let other = target.api("listApis").param("name", name).send()?;
                other.expect_equal("number of commands", 0, other.body().items("api").len())?;
            }
            Ok(())
        },
    },
    Check {
        id: "discovery/unknown-name",
        level: Should,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "Asked for a name that no command has, listApis is refused with 530.",
        source: "ListApisCmd.java:55-58, ApiDiscoveryServiceImpl.java:258-269",
        rules: &["API-DIS-009"],
        run: |target| {
            let text = "Api Discovery plugin was unable to find an api by that name or process any apis";
            let request = target.api("listApis").param("name", "noSuchCommandAtAll");
            request.send()?.expect_error_text(530, text)
        },
    },
    Check {
        id: "discovery/fields-of-a-command",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "A listed command has name, description, isasync, params and response.",
        source: "ApiDiscoveryResponse.java:30-60",
        rules: &["API-DIS-002"],
        run: |target| {
            let reply = target.api("listApis").param("name", "listUsers").send()?;
            reply.expect_kind("api.name", "string")?;
            reply.expect_kind("api.description", "string")?;
            reply.expect_kind("api.isasync", "boolean")?;
            for list in ["params", "response"] {
                let node = reply.body().at("api").and_then(|api| api.get(list));
                let kind = node.map_or("absent", Node::kind);
                reply.expect_equal(&format!("api.{list}"), "array", kind)?;
            }
            Ok(())
        },
    },
    Check {
        id: "discovery/fields-of-a-parameter",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "A listed parameter has name, description, type, length and required, each of its own kind.",
        source: "ApiParameterResponse.java:29-57, ApiDiscoveryServiceImpl.java:207-226",
        rules: &["API-DIS-003"],
        run: |target| {
            const FIELDS: [(&str, &str); 5] = [
                ("name", "string"),
                ("description", "string"),
                ("type", "string"),
                ("length", "number"),
                ("required", "boolean"),
            ];
            each_parameter(target, |reply, place, parameter| {
                for (field, kind) in FIELDS {
                    let actual = parameter.get(field).map_or("absent", Node::kind);
                    reply.expect_equal(&format!("{place}.{field}"), kind, actual)?;
                }
                Ok(())
            })
        },
    },
    Check {
        id: "discovery/types-of-parameters",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "The type of a listed parameter is one of the twelve, in lower case.",
        source: "ApiDiscoveryServiceImpl.java:207-226, BaseCmd.java:114-116",
        rules: &["API-DIS-003", "API-PAR-013"],
        run: |target| {
            const TYPES: [&str; 12] = [
                "boolean", "date", "double", "float", "integer", "list", "long", "map", "object", "short",
                "string", "uuid",
            ];
            each_parameter(target, |reply, place, parameter| {
                let actual = parameter.text_at("type").unwrap_or_default();
                if TYPES.contains(&actual.as_str()) {
                    return Ok(());
                }
                Err(reply.mismatch(format!("{place}.type"), TYPES.join(" or "), actual))
            })
        },
    },
    Check {
        id: "discovery/fields-of-a-field",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "A listed field of an answer has name, description and a type in lower case without a package.",
        source: "ApiResponseResponse.java:28-42, ApiDiscoveryServiceImpl.java:163-190",
        rules: &["API-DIS-004"],
        run: |target| {
            each_field(target, |reply, place, field| {
                if field.members().is_empty() {
                    return Ok(());
                }
                for name in ["name", "description", "type"] {
                    let actual = field.get(name).map_or("absent", Node::kind);
                    reply.expect_equal(&format!("{place}.{name}"), "string", actual)?;
                }
                let actual = field.text_at("type").unwrap_or_default();
                let is_plain = actual.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
                if is_plain && !actual.is_empty() {
                    return Ok(());
                }
                Err(reply.mismatch(format!("{place}.type"), "a simple name in lower case", actual))
            })
        },
    },
    Check {
        id: "discovery/blank-fields",
        level: Should,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "The listed answer of a command has jobid, jobstatus and at least two objects without members.",
        source: "ApiDiscoveryServiceImpl.java:127-131,163-190",
        rules: &["API-DIS-005"],
        run: |target| {
            for command in DESCRIBED {
                let reply = target.api("listApis").param("name", command).send()?;
                let api = reply.success()?.at("api");
                let fields = api.map_or_else(Vec::new, |api| api.items("response"));
                for name in ["jobid", "jobstatus"] {
                    let is_there = fields.iter().any(|field| field.text_at("name").as_deref() == Some(name));
                    reply.expect_equal(&format!("{name} of {command}"), true, is_there)?;
                }
                let blank = fields.iter().filter(|field| field.members().is_empty()).count();
                if blank < 2 {
                    return Err(reply.mismatch(format!("{{}} of {command}"), "two or more", blank));
                }
            }
            Ok(())
        },
    },
    Check {
        id: "discovery/listing-of-a-user",
        level: Must,
        profile: Core,
        needs: &[SecondUser, Setting("dynamic.apichecker.enabled", "true")],
        requirement: "A caller is listed the commands that the caller may call and no others.",
        source: "ApiDiscoveryServiceImpl.java:272-318",
        rules: &["API-DIS-008"],
        run: |target| {
            let user = setup::ordinary_user(target)?;
            let reply = user.api("listApis").send()?;
            let apis = reply.success()?.items("api");
            let names: Vec<String> = apis.iter().filter_map(|api| api.text_at("name")).collect();
            for command in
                ["listZones", "listHosts", "listUsers", "listConfigurations", "listClusters", "listNetworks"]
            {
                let is_allowed = user.api(command).send()?.status() != 432;
                let is_listed = names.iter().any(|name| name == command);
                reply.expect_equal(&format!("{command} is listed"), is_allowed, is_listed)?;
            }
            Ok(())
        },
    },
    Check {
        id: "discovery/parameters-for-administrators",
        level: Must,
        profile: Core,
        needs: &[SecondUser, RootAdmin, Command("listVolumes")],
        requirement: "A parameter that is for administrators is listed to them alone.",
        source: "ApiDiscoveryServiceImpl.java:272-318",
        rules: &["API-DIS-008"],
        run: |target| {
            let user = setup::ordinary_user(target)?;
            for (caller, expected) in [(setup::us(target), true), (user, false)] {
                let reply = caller.api("listApis").param("name", "listVolumes").send()?;
                let api = reply.success()?.at("api");
                let parameters = api.map_or_else(Vec::new, |api| api.items("params"));
                let is_listed =
                    parameters.iter().any(|one| one.text_at("name").as_deref() == Some("clusterid"));
                reply.expect_equal("clusterid is listed", expected, is_listed)?;
            }
            Ok(())
        },
    },
    Check {
        id: "discovery/login-is-listed-to-root",
        level: Should,
        profile: Core,
        needs: &[SecondUser],
        requirement: "An ordinary user who asks for the command login is refused with 530 like for an unknown one.",
        source: "APIAuthenticationManagerImpl.java:75-98, ApiDiscoveryServiceImpl.java:258-318",
        rules: &["API-DIS-009", "API-DIS-010"],
        run: |target| {
            let user = setup::ordinary_user(target)?;
            user.api("listApis").param("name", "login").send()?.expect_error(530)
        },
    },
    Check {
        id: "discovery/required-parameters",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "A parameter without which a call is refused is listed as required.",
        source: "ApiDiscoveryServiceImpl.java:207-226, ParamProcessWorker.java:194-200",
        rules: &["API-DIS-003", "API-PAR-010"],
        run: |target| {
            let refusal = target.api("queryAsyncJobResult").send()?;
            let text = refusal.error_text().unwrap_or_default();
            let missing = text.rsplit(' ').next().unwrap_or_default();
            let reply = target.api("listApis").param("name", "queryAsyncJobResult").send()?;
            let api = reply.success()?.at("api");
            let parameters = api.map_or_else(Vec::new, |api| api.items("params"));
            let listed = parameters
                .into_iter()
                .find(|parameter| parameter.text_at("name").as_deref() == Some(missing));
            let required = listed.and_then(|parameter| parameter.text_at("required"));
            reply.expect_equal(
                &format!("required of {missing}"),
                "true",
                required.as_deref().unwrap_or("absent"),
            )
        },
    },
    Check {
        id: "discovery/capabilities-are-one-object",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "The reply of listCapabilities is one object without a count.",
        source: "ListCapabilitiesCmd.java:39-82",
        rules: &["API-DIS-011", "API-RSP-005"],
        run: |target| {
            let reply = target.api("listCapabilities").send()?;
            reply.expect_absent("count")?;
            let kind = reply.success()?.get("capability").map_or("absent", Node::kind);
            reply.expect_equal("capability", "object", kind)
        },
    },
    Check {
        id: "discovery/types-of-capabilities",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "Capabilities are flags and numbers, but for supportELB, which is a text.",
        source: "CapabilitiesResponse.java:28-154",
        rules: &["API-DIS-011", "API-RSP-021"],
        run: |target| {
            let reply = target.api("listCapabilities").send()?;
            for (field, kind) in [
                ("securitygroupsenabled", "boolean"),
                ("dynamicrolesenabled", "boolean"),
                ("userpublictemplateenabled", "boolean"),
                ("supportELB", "string"),
                ("customdiskofferingminsize", "number"),
                ("customdiskofferingmaxsize", "number"),
                ("kvmsnapshotenabled", "boolean"),
            ] {
                reply.expect_kind(&format!("capability.{field}"), kind)?;
            }
            if target.is_since("4.15.2")? {
                reply.expect_kind("capability.defaultuipagesize", "number")?;
            }
            Ok(())
        },
    },
];

/// A few commands that everybody may call.
const DESCRIBED: [&str; 4] = ["listUsers", "listZones", "queryAsyncJobResult", "listVirtualMachines"];

/// Looks at every parameter of them.
fn each_parameter(
    target: &Target,
    expect: impl Fn(&Reply, &str, &Node) -> Result<(), Stop>,
) -> Result<(), Stop> {
    for command in DESCRIBED {
        let reply = target.api("listApis").param("name", command).send()?;
        let api = reply.success()?.at("api");
        for (index, parameter) in api.map_or_else(Vec::new, |api| api.items("params")).iter().enumerate() {
            expect(&reply, &format!("api.params[{index}]"), parameter)?;
        }
    }
    Ok(())
}

/// Looks at every field of their answers, inside others too.
fn each_field(target: &Target, expect: impl Fn(&Reply, &str, &Node) -> Result<(), Stop>) -> Result<(), Stop> {
    for command in DESCRIBED {
        let reply = target.api("listApis").param("name", command).send()?;
        let api = reply.success()?.at("api");
        for (index, field) in api.map_or_else(Vec::new, |api| api.items("response")).iter().enumerate() {
            let place = format!("api.response[{index}]");
            expect(&reply, &place, field)?;
            for (index, inner) in field.items("response").iter().enumerate() {
                expect(&reply, &format!("{place}.response[{index}]"), inner)?;
            }
        }
    }
    Ok(())
}
