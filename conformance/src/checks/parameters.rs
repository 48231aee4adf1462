//! How a request is read: names, values and where they may stand.
//!
//! What is wrong with a value, and how that is said, is in [`errors`](super::errors); who signs what in
//! [`signing`](super::signing).

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{prelude::*, setup, signing::signed};
use crate::wire::api::ApiRequest;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "parameters/names-in-any-case",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "The name of a command's parameter is matched in any letter case.",
        source: "ParamUnpackWorker.java:34-114, ParamProcessWorker.java:193",
        rules: &["API-REQ-007"],
        run: |target| {
            let plain = target.api("listApis").param("name", "listZones").send()?;
            plain.expect_items("api", 1)?;
            let masks = proptest::collection::vec(any::<bool>(), 4);
            for_all(target, &masks, |mask| {
                let name = flip_case("name", mask);
                target.api("listApis").param(&name, "listZones").send()?.expect_body_of(&plain)
            })
        },
    },
    Check {
        id: "parameters/command-is-spelt-exactly",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "The parameter command is matched in lower case alone.",
        source: "ApiServlet.java:235-269, ApiServer.java:958-962",
        rules: &["API-REQ-005"],
        run: |target| {
            let request = target.api_without_command().param("commAnd", "listZones");
            request.send()?.expect_error(401)
        },
    },
    Check {
        id: "parameters/commands-are-spelt-exactly",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "A command in another letter case than its own is unknown.",
        source: "ApiServer.java:975,1407-1411",
        rules: &["API-REQ-008"],
        run: |target| {
            for command in ["listzones", "ListZones", "LISTZONES"] {
                target.api(command).send()?.expect_error(401)?;
            }
            Ok(())
        },
    },
    Check {
        id: "parameters/names-of-the-verifier",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys, Since("4.13")],
        requirement: "The names signature, apikey, signatureversion and expires are matched in any letter case.",
        source: "ApiServer.java:997-1006",
        rules: &["API-REQ-006"],
        run: |target| {
            for spell in [str::to_lowercase, str::to_uppercase] as [fn(&str) -> String; 2] {
                let mut parameters = target.api("listZones").version3(expires_in(600)).parameters()?;
                for (name, _) in &mut parameters {
                    if !matches!(name.as_str(), "command" | "response") {
                        *name = spell(name);
                    }
                }
                target.api("listZones").raw_query(&signed(target, parameters)?).send()?.expect_success()?;
                // A version and an expiry that were not found would not expire.
                let mut expired = target.api("listZones").version3(expires_in(-60)).parameters()?;
                for (name, _) in &mut expired {
                    if matches!(name.as_str(), "signatureversion" | "expires") {
                        *name = spell(name);
                    }
                }
                target.api("listZones").raw_query(&signed(target, expired)?).send()?.expect_error(401)?;
            }
            Ok(())
        },
    },
    Check {
        id: "parameters/nobody-says-who-calls",
        level: Should,
        profile: Core,
        needs: &[Command("createNetwork"), Command("deleteNetwork")],
        requirement: "What a request says about who calls has no say in whose a job is.",
        source: "ApiServlet.java:412-413, ApiServer.java:790-817",
        rules: &["API-REQ-012"],
        run: |target| {
            let job = |pairs: &[(&str, &str)]| {
                let network = setup::us(target).network()?;
                let request = target.api("deleteNetwork").param("id", network);
                let request = pairs.iter().fold(request, |request, (name, value)| request.param(name, value));
                Ok::<_, Stop>(request.send()?.finish_job()?.reply)
            };
            let plain = job(&[])?;
            let claims =
                [("ctxUserId", "1"), ("ctxAccountId", "1"), ("ctxStartEventId", "1"), ("httpmethod", "PUT")];
            let claiming = job(&claims)?;
            for name in ["userid", "accountid"] {
                let ours = plain.expect_present(name)?.text().unwrap_or_default();
                claiming.expect_field(name, ours)?;
            }
            Ok(())
        },
    },
    Check {
        id: "parameters/last-of-a-query-counts",
        level: Should,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "Of two parameters with one name in the query the last counts.",
        source: "ApiServlet.java:198-207",
        rules: &["API-REQ-003"],
        run: |target| {
            let plain = target.api("listApis").param("name", "listZones").send()?;
            plain.expect_success()?;
            let query = target.api("listApis").param("name", "listZones").query()?;
            let request = target.api("listApis").raw_query(&format!("name=listUsers&{query}"));
            request.send()?.expect_body_of(&plain)
        },
    },
    Check {
        id: "parameters/query-goes-over-form",
        level: Should,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "Of two parameters with one name, in the query and in the form, that in the query counts.",
        source: "ApiServlet.java:198-207,228-233",
        rules: &["API-REQ-003"],
        run: |target| {
            let plain = target.api("listApis").param("name", "listZones").send()?;
            plain.expect_success()?;
            let query = target.api("listApis").param("name", "listZones").query()?;
            let request = target.api("listApis").raw_query(&query).form_param("name", "listUsers");
            request.send()?.expect_body_of(&plain)
        },
    },
    Check {
        id: "parameters/place-does-not-matter",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "Whether a parameter stands in the query or in the form changes nothing.",
        source: "ApiServlet.java:142-150,228-233",
        rules: &["API-HTTP-010", "API-SIG-010"],
        run: |target| {
            const PARAMETERS: [(&str, &str); 4] =
                [("name", "listZones"), ("keyword", "a b"), ("unknown", "+&="), ("_", "17")];
            let plain = target.api("listApis").param("name", "listZones").send()?;
            plain.expect_items("api", 1)?;
            let places = proptest::collection::vec(any::<bool>(), PARAMETERS.len());
            for_all(target, &places, |places| {
                let mut request = target.api("listApis").method("POST");
                for ((name, value), &in_form) in PARAMETERS.iter().zip(places) {
                    request =
                        if in_form { request.form_param(name, value) } else { request.param(name, value) };
                }
                request.send()?.expect_body_of(&plain)
            })
        },
    },
    Check {
        id: "parameters/plus-is-a-blank",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "A plus sign in a query or form is a blank.",
        source: "ApiServlet.java:160-187",
        rules: &["API-REQ-001"],
        run: |target| {
            let query = quoting(target, "x y").query()?.replace("%20", "+");
            let reply = quoting(target, "x y").raw_query(&query).send()?;
            expect_quoted(&reply, "x y")
        },
    },
    Check {
        id: "parameters/first-equals-sign-splits",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "Only the first equals sign of a pair splits it, and a semicolon splits nothing.",
        source: "ApiServlet.java:168-172",
        rules: &["API-REQ-002"],
        run: |target| {
            let query = quoting(target, "a=b;c=d").query()?.replace("a%3Db%3Bc%3Dd", "a=b;c=d");
            let reply = quoting(target, "a=b;c=d").raw_query(&query).send()?;
            expect_quoted(&reply, "a=b;c=d")
        },
    },
    Check {
        id: "parameters/name-without-equals-sign",
        level: Should,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "A name without an equals sign is a parameter with an empty value.",
        source: "ApiServlet.java:168-175",
        rules: &["API-REQ-004"],
        run: |target| {
            let request = || target.api("listZones").param("unknownvalue", "");
            let query = request().query()?.replace("unknownvalue=", "unknownvalue");
            request().raw_query(&format!("&&{query}&")).send()?.expect_success()
        },
    },
    Check {
        id: "parameters/bytes-that-are-not-utf-8",
        level: Should,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "An escaped byte that is not UTF-8 is read as U+FFFD.",
        source: "ApiServlet.java:160-187",
        rules: &["API-HTTP-033"],
        run: |target| {
            let query = quoting(target, "x\u{fffd}").query()?.replace("%EF%BF%BD", "%E9");
            let reply = quoting(target, "x\u{fffd}").raw_query(&query).send()?;
            expect_quoted(&reply, "x\u{fffd}")
        },
    },
    Check {
        id: "parameters/only-true-is-true",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "A flag is true if it says true in any case, and false whatever else it says.",
        source: "ParamProcessWorker.java:372-374",
        rules: &["API-PAR-013", "API-ERR-050"],
        run: |target| {
            let listed = |value: &str| target.api("listZones").param("showcapacities", value).send();
            // What the zone of the check holds changes all the time; whether it is shown does not.
            zone(target)?;
            for value in ["true", "TrUe"] {
                listed(value)?.expect_present("zone.capacity")?;
            }
            for value in ["false", "yes", "1", "on", "", "true "] {
                let reply = listed(value)?;
                reply.expect_present("zone.id")?;
                reply.expect_absent("zone.capacity")?;
            }
            Ok(())
        },
    },
    Check {
        id: "parameters/identifiers-in-any-case",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "An identifier is matched in any letter case.",
        source: "ParamProcessWorker.java:505-571, UuidUtils.java:29,41-43",
        rules: &["API-PAR-030"],
        run: |target| {
            let id = zone(target)?;
            let reply = target.api("listZones").param("id", id.to_uppercase()).send()?;
            reply.expect_items("zone", 1)?;
            reply.expect_field("zone.id", id)
        },
    },
    Check {
        id: "parameters/minus-one-is-an-identifier",
        level: Must,
        profile: ReadOnly,
        needs: &[Command("listVirtualMachines")],
        requirement: "Where an identifier is expected, -1 passes.",
        source: "ParamProcessWorker.java:506-510",
        rules: &["API-PAR-032"],
        run: |target| target.api("listVirtualMachines").param("projectid", -1).send()?.expect_success(),
    },
    Check {
        id: "parameters/empty-items-vanish",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys, Since("4.19")],
        requirement: "Empty items of a list count for nothing.",
        source: "ParamProcessWorker.java:402-431",
        rules: &["API-PAR-013", "API-PAR-034"],
        run: |target| {
            let id = zone(target)?;
            let reply = target.api("listZones").param("ids", format!(",{id},,")).send()?;
            reply.expect_items("zone", 1)
        },
    },
    Check {
        id: "parameters/dates-without-a-time",
        level: Must,
        profile: ReadOnly,
        needs: &[Command("listEvents")],
        requirement: "A date may lack the time, or have one after a blank.",
        source: "ParamProcessWorker.java:463-503, BaseCmd.java:107",
        rules: &["API-PAR-020"],
        run: |target| {
            for date in ["2030-01-02", "2030-01-02 03:04:05", "2030-01-02T03:04:05+0000"] {
                target.api("listEvents").param("startdate", date).send()?.expect_success()?;
            }
            Ok(())
        },
    },
    Check {
        id: "parameters/page-is-for-lists",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "Commands without pages ignore the parameter page.",
        source: "ParamGenericValidationWorker.java:58-61",
        rules: &["API-ERR-046", "API-DIS-001"],
        run: |target| {
            for command in ["listCapabilities", "listApis"] {
                let plain = target.api(command).send()?;
                plain.expect_success()?;
                target.api(command).param("page", 1).send()?.expect_body_of(&plain)?;
            }
            Ok(())
        },
    },
    Check {
        id: "parameters/any-text-is-kept",
        level: Must,
        profile: Core,
        needs: &[Command("registerUserData"), Command("listUserData"), Command("deleteUserData")],
        requirement: "Any printable text that is stored is listed as it was sent, in either format.",
        source: "ApiServlet.java:160-187, ApiResponseSerializer.java:79-86,356-377",
        rules: &["API-REQ-001", "API-RSP-040", "API-RSP-041"],
        run: |target| {
            for_all(target, &text(16), |text| {
                let fresh = target.fresh_name("text");
                // A blank at the end is the business of the database.
                let name = format!("{fresh} {text}.");
                let content = STANDARD.encode(&fresh);
                let request = target.api("registerUserData").param("name", &name);
                let made = request.param("userdata", content).post().send()?;
                made.expect_field("userdata.name", &name)?;
                let id = made.body().text_at("userdata.id").unwrap_or_default();
                for format in [Format::Json, Format::Xml] {
                    let listed = target.api("listUserData").param("id", &id).format(format).send()?;
                    listed.expect_field("userdata.name", &name)?;
                }
                target.api("deleteUserData").param("id", &id).send()?.expect_success()
            })
        },
    },
    Check {
        id: "parameters/accept-decides-nothing",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "The header Accept does not choose the format of the reply.",
        source: "ApiServlet.java:257-266",
        rules: &["API-REQ-010"],
        run: |target| {
            let reply = target.api("listZones").xml().header("Accept", "application/json").send()?;
            reply.expect_header("content-type", "text/xml;charset=utf-8")
        },
    },
];

/// A call that is refused with a text that quotes the value (API-ERR-022).
fn quoting<'t>(target: &'t Target, value: &str) -> ApiRequest<'t> {
    target.api("listZones").param("page", 1).param("pagesize", value)
}

fn expect_quoted(reply: &Reply, value: &str) -> Result<(), Stop> {
    let text = format!(
        "Unable to execute API command listzones due to invalid value {value} for parameter pagesize"
    );
    reply.expect_error_text(431, &text)
}

/// The identifier of some zone.
pub(super) fn zone(target: &Target) -> Result<String, Stop> {
    let reply = target.api("listZones").send()?;
    let id = reply.success()?.text_at("zone.id");
    id.ok_or(Stop::Unsupported(Listed("listZones", "zone")))
}
