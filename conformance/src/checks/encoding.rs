//! How an answer is written in either format: names, lists, maps, numbers, escapes.
//!
//! What both formats must have in common is in [`parity`](super::parity); what every reply must have is judged on
//! every reply, see [`envelope`](super::envelope).

use super::{jobs::is_date, parameters, prelude::*, setup};
use crate::check::Capability;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "encoding/objects-have-a-name",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "The answer about one thing has one member with the thing's name.",
        source: "ApiResponseSerializer.java:140-148,202-226",
        rules: &["API-RSP-005"],
        run: |target| {
            for format in [Format::Json, Format::Xml] {
                let reply = target.api("listCapabilities").format(format).send()?;
                reply.expect_success()?;
                reply.expect_equal("the members", "capability", names(reply.body()))?;
            }
            Ok(())
        },
    },
    Check {
        id: "encoding/count-and-list",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "A list in JSON is a number called count, then an array with the name of its elements.",
        source: "ApiResponseSerializer.java:97-126",
        rules: &["API-RSP-010", "ENT-003"],
        run: |target| {
            let reply = target.api("listZones").send()?;
            if reply.success()?.get("count").is_none() {
                return Err(Stop::Unsupported(Listed("listZones", "zone")));
            }
            reply.expect_equal("the members", "count zone", names(reply.body()))?;
            reply.expect_kind("count", "number")?;
            match reply.body().get("zone") {
                Some(Node::List(_)) => Ok(()),
                other => Err(reply.mismatch("zone", "array", other.map_or("absent", Node::kind))),
            }
        },
    },
    Check {
        id: "encoding/xml-lists-have-no-container",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "The elements of a list in XML stand side by side behind the count.",
        source: "ApiResponseSerializer.java:188-200",
        rules: &["API-RSP-011", "ENT-003"],
        run: |target| {
            parameters::zone(target)?;
            let reply = target.api("listZones").xml().send()?;
            let body = reply.success()?;
            let others = body.members().iter().map(|(name, _)| name.as_str()).filter(|name| *name != "zone");
            let others: Vec<&str> = others.collect();
            reply.expect_equal("the elements that are no zones", "count", others.join(" "))?;
            let is_first = body.members().first().is_some_and(|(name, _)| name == "count");
            reply.expect_equal("whether count comes first", true, is_first)
        },
    },
    Check {
        id: "encoding/nothing-is-null",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "JSON leaves out what has no value.",
        source: "ApiResponseSerializer.java:285,297-343",
        rules: &["API-RSP-020", "ENT-002"],
        run: |target| {
            for command in ["listZones", "listUsers", "listCapabilities"] {
                let reply = target.api(command).send()?;
                if let Some(path) = null(command, reply.success()?) {
                    return Err(reply.mismatch(path, "a value or no member", "null"));
                }
            }
            Ok(())
        },
    },
    Check {
        id: "encoding/empty-lists-are-there",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "JSON has a list inside a thing even if it is empty.",
        source: "ApiResponseSerializer.java:285,297-343",
        rules: &["API-RSP-020"],
        run: |target| {
            let reply = target.api("listZones").send()?;
            for (index, zone) in reply.success()?.items("zone").into_iter().enumerate() {
                if !matches!(zone.get("tags"), Some(Node::List(_))) {
                    let actual = zone.get("tags").map_or("absent", Node::kind);
                    return Err(reply.mismatch(format!("zone[{index}].tags"), "array", actual));
                }
            }
            Ok(())
        },
    },
    Check {
        id: "encoding/floats-have-a-point",
        level: Must,
        profile: ReadOnly,
        needs: &[Command("listHosts")],
        requirement: "A floating number has a decimal point even if it is whole.",
        source: "ApiResponseGsonHelper.java:36-41",
        rules: &["API-RSP-021"],
        run: |target| {
            let reply = target.api("listHosts").param("type", "Routing").send()?;
            let mut loads =
                reply.success()?.items("host").into_iter().filter_map(|host| host.get("cpuloadaverage"));
            let Some(load) = loads.next() else { return Err(Stop::Unsupported(Command("listHosts"))) };
            match load {
                Node::Number(number) if number.to_string().contains(['.', 'e', 'E']) => Ok(()),
                other => Err(reply.mismatch("host.cpuloadaverage", "a number like 0.0", other)),
            }
        },
    },
    Check {
        id: "encoding/maps",
        level: Must,
        profile: Core,
        needs: DETAILED,
        requirement: "A map is an object in JSON and one text like {key=value} in XML.",
        source: "ApiResponseSerializer.java:341-351",
        rules: &["API-RSP-024", "ENT-004"],
        run: |target| {
            let machine = detailed_machine(target)?;
            let ask = || target.api("listVirtualMachines").param("id", &machine);
            ask().send()?.expect_field(&format!("virtualmachine.details.{DETAIL}"), VALUE)?;
            let reply = ask().xml().send()?;
            let text = reply.expect_present("virtualmachine.details")?.text().unwrap_or_default();
            let is_map = text.starts_with('{') && text.ends_with('}');
            if is_map && text.contains(&format!("{DETAIL}={VALUE}")) {
                return Ok(());
            }
            let expected = format!("{{{DETAIL}={VALUE}}}, perhaps with other entries");
            Err(reply.mismatch("virtualmachine.details", expected, text))
        },
    },
    Check {
        id: "encoding/lists-of-texts",
        level: Must,
        profile: ReadOnly,
        needs: &[Command("listPods")],
        requirement: "A list of texts is an array in JSON and one element for each in XML.",
        source: "ApiResponseSerializer.java:300-332",
        rules: &["API-RSP-027"],
        run: |target| {
            let json = target.api("listPods").send()?;
            let xml = target.api("listPods").xml().send()?;
            let pods = json.success()?.items("pod").len();
            for index in 0..pods {
                let path = format!("pod[{index}].startip");
                let Some(Node::List(texts)) = json.body().items("pod")[index].get("startip") else {
                    return Err(json.mismatch(path, "array", "something else"));
                };
                let told: Vec<String> = texts.iter().filter_map(Node::text).collect();
                let shown = xml.body().items("pod").get(index).map(|pod| pod.items("startip"));
                let shown: Vec<String> = shown.into_iter().flatten().filter_map(Node::text).collect();
                xml.expect_equal(&path, told.join(" "), shown.join(" "))?;
            }
            Ok(())
        },
    },
    Check {
        id: "encoding/secrets-are-told",
        level: Must,
        profile: ReadOnly,
        needs: &[Command("getUserKeys"), Command("listUsers")],
        requirement: "The keys of a user are told in full to who may ask for them.",
        source: "ApiResponseSerializer.java:271-273, ApiResponseGsonHelper.java:85-98",
        rules: &["API-RSP-031"],
        run: |target| {
            let Some((key, secret)) = target.api_keys() else { return Err(Stop::Unsupported(ApiKeys)) };
            let users = target.api("listUsers").param("listall", true).send()?;
            let is_us = |user: &&Node| user.text_at("apikey").as_deref() == Some(key);
            let us = users.success()?.items("user").into_iter().find(is_us).and_then(|us| us.text_at("id"));
            let us = us.ok_or_else(|| users.mismatch("user.apikey", "our key", "absent"))?;
            for format in [Format::Json, Format::Xml] {
                let reply = target.api("getUserKeys").param("id", &us).format(format).send()?;
                reply.expect_success()?;
                let told = reply.body().text_at("userkeys.secretkey");
                let is_ours = told.as_deref() == Some(secret);
                reply.expect_equal("whether secretkey is the secret key", true, is_ours)?;
            }
            Ok(())
        },
    },
    Check {
        id: "encoding/xml-is-compact",
        level: Should,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "XML begins with its declaration and has start and end tags with nothing between elements.",
        source: "ApiResponseSerializer.java:171-214",
        rules: &["API-RSP-002"],
        run: |target| {
            const DECLARATION: &str = r#"<?xml version="1.0" encoding="UTF-8"?><"#;
            let full = target.api("listZones").xml().send()?;
            let empty = target.api("listZones").param("name", target.fresh_name("zone")).xml().send()?;
            for reply in [full, empty] {
                reply.expect_success()?;
                let text = reply.answer.text();
                let start: String = text.chars().take(DECLARATION.len()).collect();
                reply.expect_equal("the start of the body", DECLARATION, start)?;
                let between = text
                    .split('>')
                    .skip(1)
                    .find(|part| part.starts_with(char::is_whitespace) && part.trim_start().starts_with('<'));
                if let Some(between) = between {
                    return Err(reply.mismatch("body", "no white space between elements", between));
                }
                reply.expect_equal("elements without an end tag", 0, text.matches("/>").count())?;
            }
            Ok(())
        },
    },
    Check {
        id: "encoding/xml-escapes",
        level: Should,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "XML writes the five special characters as their named entities and everything else as it is.",
        source: "ApiResponseSerializer.java:356-377",
        rules: &["API-RSP-040"],
        run: |target| {
            let reply = quoting(target, "a&<>\"'\u{e9}\u{65e5}/b").xml().send()?;
            reply.expect_error(431)?;
            expect_part(&reply, "a&amp;&lt;&gt;&quot;&apos;\u{e9}\u{65e5}/b")
        },
    },
    Check {
        id: "encoding/json-escapes",
        level: Should,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "JSON escapes quotation marks, backslashes and line ends and writes everything else as it is.",
        source: "ApiResponseSerializer.java:79-86",
        rules: &["API-RSP-041"],
        run: |target| {
            let reply = quoting(target, "a\"\\\n\r<>&='/\u{e9}\u{65e5}b").send()?;
            reply.expect_error(431)?;
            expect_part(&reply, "a\\\"\\\\\\n\\r<>&='/\u{e9}\u{65e5}b")
        },
    },
    Check {
        id: "encoding/texts-like-escapes",
        level: May,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "A text that looks like a JSON escape comes back as it was sent.",
        source: "ApiResponseSerializer.java:77-86",
        rules: &["API-RSP-042"],
        run: |target| {
            for value in ["x\\u0041y", "x\\u003cy", "x\\u0000y"] {
                // What comes instead is not always JSON, which is known of the real server and no other fault.
                let reply = quoting(target, value).outside_the_envelope().send()?;
                reply.expect_error_text(431, &format!("{QUOTED} {value} for parameter pagesize"))?;
            }
            Ok(())
        },
    },
    Check {
        id: "encoding/percent-encoding-on-request",
        level: May,
        profile: ReadOnly,
        needs: &[ApiKeys, Capability::Setting("encode.api.response", "true")],
        requirement: "With encode.api.response texts are percent-encoded, but for refusals in XML.",
        source: "ApiResponseSerializer.java:342-345,379-389, ApiServer.java:268-274",
        rules: &["API-RSP-043"],
        run: |target| {
            let json = target.api("queryAsyncJobResult").send()?;
            let encoded = "Unable%20to%20execute%20API%20command%20queryasyncjobresult%20due%20to%20missing\
                           %20parameter%20jobid";
            json.expect_error_text(431, encoded)?;
            let xml = target.api("queryAsyncJobResult").xml().send()?;
            xml.expect_error_text(431, &encoded.replace("%20", " "))
        },
    },
    Check {
        id: "encoding/members-in-order",
        level: Should,
        profile: Core,
        needs: &[Command("createNetwork"), Command("deployVirtualMachine"), Since("4.17")],
        requirement: "The fields that many things have come last: tags, annotations, then the job and its status.",
        source: "ApiResponseSerializer.java:228-243",
        rules: &["ENT-006"],
        run: |target| {
            let job = setup::us(target).stopped_machine()?.job;
            let members = job.object().members();
            let (first, last) =
                (members.iter().take(1), members.iter().skip(members.len().saturating_sub(4)));
            let found: Vec<&str> = first.chain(last).map(|(name, _)| name.as_str()).collect();
            let expected = "id tags hasannotations jobid jobstatus";
            job.reply.expect_equal("the first field and the last ones", expected, found.join(" "))
        },
    },
    Check {
        id: "encoding/dates-of-things",
        level: Must,
        profile: Core,
        needs: setup::MACHINES,
        requirement: "The dates of things have the form 2030-01-02T03:04:05+0000.",
        source: "BaseCmd.java:108, ApiResponseGsonHelper.java:37",
        rules: &["ENT-010"],
        run: |target| {
            let machine = setup::us(target).stopped_machine()?;
            let network = target.api("listNetworks").param("id", &machine.network).send()?;
            let volume = target.api("listVolumes").param("virtualmachineid", &machine.id).send()?;
            let mut dates =
                vec![(&machine.job.reply, "jobresult.virtualmachine.created"), (&volume, "volume.created")];
            // Networks tell theirs since then.
            if target.is_since("4.17")? {
                dates.push((&network, "network.created"));
            }
            for (reply, path) in dates {
                let date = reply.expect_present(path)?.text().unwrap_or_default();
                if !is_date(&date) {
                    return Err(reply.mismatch(path, "a date like 2030-01-02T03:04:05+0000", date));
                }
            }
            Ok(())
        },
    },
    Check {
        id: "encoding/things-are-the-same-everywhere",
        level: Should,
        profile: Core,
        needs: setup::MACHINES,
        requirement: "A list shows a machine with the fields that the result of its deployment has, but for the job.",
        source: "ViewResponseHelper.java",
        rules: &["ENT-011"],
        run: |target| {
            let machine = setup::us(target).stopped_machine()?;
            let listed = setup::us(target).listed(&machine.id)?;
            let fields = |node: &Node| -> Vec<String> {
                let names = node.members().iter().map(|(name, _)| name.clone());
                let mut names: Vec<String> =
                    names.filter(|name| !["jobid", "jobstatus"].contains(&name.as_str())).collect();
                names.sort();
                names
            };
            let items = listed.success()?.items("virtualmachine");
            let found = items.first().map(|item| fields(item)).unwrap_or_default();
            let expected = fields(machine.job.object());
            listed.expect_equal("the fields of the machine", expected.join(" "), found.join(" "))
        },
    },
];

/// What refuses a size of pages of `listZones`, as far as the value.
const QUOTED: &str = "Unable to execute API command listzones due to invalid value";

/// A call that is refused with a text that quotes the value (API-ERR-022).
fn quoting<'t>(target: &'t Target, value: &str) -> crate::wire::api::ApiRequest<'t> {
    target.api("listZones").param("page", 1).param("pagesize", value)
}

/// The body has this text somewhere, to the letter.
fn expect_part(reply: &Reply, part: &str) -> Result<(), Stop> {
    let text = reply.answer.text();
    if text.contains(part) { Ok(()) } else { Err(reply.mismatch("body", format!("…{part}…"), text)) }
}

/// The names of the members.
fn names(node: &Node) -> String {
    let names: Vec<&str> = node.members().iter().map(|(name, _)| name.as_str()).collect();
    names.join(" ")
}

/// The path of the first null.
fn null(path: &str, node: &Node) -> Option<String> {
    match node {
        Node::Null => Some(path.to_owned()),
        Node::List(items) => {
            items.iter().enumerate().find_map(|(index, item)| null(&format!("{path}[{index}]"), item))
        }
        Node::Object(members) => {
            members.iter().find_map(|(name, value)| null(&format!("{path}.{name}"), value))
        }
        _ => None,
    }
}

/// What a check needs that deploys a machine with a detail.
const DETAILED: &[Capability] =
    &[Command("createNetwork"), Command("deployVirtualMachine"), Command("listVirtualMachines")];

/// The name of a detail, in letters of both cases.
const DETAIL: &str = "CcDetail";

/// Its value, which needs escaping in XML and looks like the text of a map.
const VALUE: &str = "a<b>, c=d";

/// A machine with a detail.
fn detailed_machine(target: &Target) -> Result<String, Stop> {
    let us = setup::us(target);
    let (request, _) = us.deployment(&us.network()?)?;
    let job = request.param("startvm", false).param(&format!("details[0].{DETAIL}"), VALUE).finish()?;
    job.expect_success()?;
    Ok(job.reply.expect_present("jobresult.virtualmachine.id")?.text().unwrap_or_default())
}
