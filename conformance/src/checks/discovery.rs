//! What the target says that it can do: `listApis` and `listCapabilities`.

use super::prelude::*;

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
                ("defaultuipagesize", "number"),
            ] {
                reply.expect_kind(&format!("capability.{field}"), kind)?;
            }
            Ok(())
        },
    },
];

/// Looks at every parameter of a few commands that everybody may call.
fn each_parameter(
    target: &Target,
    expect: impl Fn(&Reply, &str, &Node) -> Result<(), Stop>,
) -> Result<(), Stop> {
    for command in ["listUsers", "listZones", "queryAsyncJobResult", "listVirtualMachines"] {
        let reply = target.api("listApis").param("name", command).send()?;
        let api = reply.success()?.at("api");
        for (index, parameter) in api.map_or_else(Vec::new, |api| api.items("params")).iter().enumerate() {
            expect(&reply, &format!("api.params[{index}]"), parameter)?;
        }
    }
    Ok(())
}
