//! Refusals: their codes, texts and fields.
//!
//! Where a refusal's envelope comes from is in [`envelope`](super::envelope), refusals of callers in
//! [`signing`](super::signing) and [`login`](super::login). The texts are what clients search for, so they are
//! compared to the letter.

use super::prelude::*;

/// An identifier that nothing has.
const NOTHING: &str = "6e6f7468-696e-4720-8973-206e616d6564";

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "errors/missing-parameter",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "A call without a compulsory parameter is refused with 431 and a text that names it.",
        source: "ParamProcessWorker.java:186-200",
        rules: &["API-ERR-021", "API-PAR-010"],
        run: |target| {
            let text = "Unable to execute API command queryasyncjobresult due to missing parameter jobid";
            target.api("queryAsyncJobResult").send()?.expect_error_text(431, text)
        },
    },
    Check {
        id: "errors/first-missing-parameter",
        level: Must,
        profile: Core,
        needs: &[Command("createAccount")],
        requirement: "Of several missing parameters the first in the order of declaration is named.",
        source: "ParamProcessWorker.java:186-199, ReflectUtil.java:103-114",
        rules: &["API-ERR-021", "API-PAR-015"],
        run: |target| {
            let text = "Unable to execute API command createaccount due to missing parameter email";
            target.api("createAccount").send()?.expect_error_text(431, text)
        },
    },
    Check {
        id: "errors/empty-compulsory-parameter",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "A compulsory parameter that is empty is refused with 431 and a text of its own.",
        source: "ParamProcessWorker.java:93-97,128-134,201-203",
        rules: &["API-PAR-012"],
        run: |target| {
            let reply = target.api("queryAsyncJobResult").param("jobid", "").send()?;
            reply.expect_error_text(431, "Invalid value provided for API arg: jobid")
        },
    },
    Check {
        id: "errors/bad-integer",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "Text that is no integer is refused with 431, blanks around the digits included.",
        source: "ParamProcessWorker.java:209-216,394-401",
        rules: &["API-ERR-022", "API-PAR-013"],
        run: |target| {
            for value in [" 5", "5 ", "0x5", "5.0", "1_000", "2147483648", "five"] {
                let reply = target.api("listZones").param("page", 1).param("pagesize", value).send()?;
                reply.expect_error_text(431, &bad_page_size(value))?;
            }
            Ok(())
        },
    },
    Check {
        id: "errors/unknown-entity",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "An identifier that nothing has is refused with 431.",
        source: "ParamProcessWorker.java:223-225,505-571",
        rules: &["API-ERR-023", "API-PAR-030"],
        run: |target| {
            let text = format!(
                "Unable to execute API command listzones due to invalid value. Invalid parameter id \
                 value={NOTHING} due to incorrect long value format, or entity does not exist or due to \
                 incorrect parameter annotation for the field in api cmd class."
            );
            target.api("listZones").param("id", NOTHING).send()?.expect_error_text(431, &text)
        },
    },
    Check {
        id: "errors/too-long",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "A text of more UTF-16 units than declared is refused with 431.",
        source: "ParamProcessWorker.java:442-451, Parameter.java:30",
        rules: &["API-ERR-024", "API-ERR-049"],
        run: |target| {
            // Units, not bytes: this letter has two bytes.
            let longest = "\u{e9}".repeat(255);
            target.api("listZones").param("keyword", &longest).send()?.expect_success()?;
            let request = target.api("listZones").param("keyword", format!("2{longest}"));
            let reply = request.send()?;
            reply.expect_error(431)?;
            let start = "Unable to execute API command listzones due to invalid value. Value greater than max \
                         allowed length 255 for param: ";
            let text = reply.error_text().unwrap_or_default();
            if text.starts_with(start) {
                return Ok(());
            }
            Err(reply.mismatch("errortext", format!("{start}…"), text))
        },
    },
    Check {
        id: "errors/bad-date",
        level: Must,
        profile: ReadOnly,
        needs: &[Command("listEvents")],
        requirement: "Text that is no date is refused with 431 and a text of its own.",
        source: "ParamProcessWorker.java:217-222,463-494",
        rules: &["API-ERR-025", "API-PAR-020"],
        run: |target| {
            let text = "Unable to parse date foo for command listevents, please pass dates in the format \
                        mentioned in the api documentation";
            target.api("listEvents").param("startdate", "foo").send()?.expect_error_text(431, text)
        },
    },
    Check {
        id: "errors/malformed-map",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "A name that begins like a member of a map but is none is refused with 430.",
        source: "ParamUnpackWorker.java:39-86",
        rules: &["API-ERR-026", "API-PAR-003"],
        run: |target| {
            for name in ["tags[0", "tags[0]", "tags[x].key", "tags[[0]].key", "tags]0[.key", "a.b[0]"] {
                let text = format!(
                    "Unable to decode parameter {name}; if specifying an object array, please use \
                     parameter[index].field=XXX, e.g. userGroupList[0].group=httpGroup"
                );
                target.api("listZones").param(name, "x").send()?.expect_error_text(430, &text)?;
            }
            Ok(())
        },
    },
    Check {
        id: "errors/control-character",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "A value with a control character other than a line end is refused with 431.",
        source: "ApiServer.java:207-210,593-611",
        rules: &["API-ERR-027", "API-PAR-001"],
        run: |target| {
            let text =
                "Received value containing illegal ASCII non-printable characters for parameter keyword";
            for character in ['\0', '\t', '\u{b}', '\u{1f}', '\u{7f}'] {
                let reply = target.api("listZones").param("keyword", format!("a{character}b")).send()?;
                reply.expect_error_text(431, text)?;
            }
            Ok(())
        },
    },
    Check {
        id: "errors/line-ends-pass",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "A value may have line feeds and carriage returns.",
        source: "ApiServer.java:207-210,593-611",
        rules: &["API-PAR-001"],
        run: |target| target.api("listZones").param("keyword", "a\r\nb\n").send()?.expect_success(),
    },
    Check {
        id: "errors/unknown-command-of-a-known-caller",
        level: Must,
        profile: ReadOnly,
        needs: &[Passwords, RootAdmin],
        requirement: "An unknown command in a session of the root administrator is refused with 432.",
        source: "ApiServer.java:671-674",
        rules: &["API-ERR-020"],
        run: |target| {
            let session = target.login()?;
            let reply = target.api("noSuchCommandAtAll").session(&session).send()?;
            reply.expect_error_text(432, "Unknown API command: noSuchCommandAtAll")
        },
    },
    Check {
        id: "errors/unknown-command-of-the-integration-port",
        level: Should,
        profile: ReadOnly,
        needs: &[Integration],
        requirement: "An unknown command or none at all on the integration port is refused with 432.",
        source: "ApiServer.java:623-633,671-674",
        rules: &["API-INT-002", "API-INT-007", "JOB-015"],
        run: |target| {
            let reply = target.api("noSuchCommandAtAll").integration().send()?;
            reply.expect_error_text(432, "Unknown API command: noSuchCommandAtAll")?;
            let reply = target.api_without_command().integration().send()?;
            reply.expect_error_text(432, "Invalid request, no command sent")
        },
    },
    Check {
        id: "errors/unsupported-has-its-own-envelope",
        level: Must,
        profile: ReadOnly,
        needs: &[Passwords, RootAdmin],
        requirement: "A refusal with 432 stands in errorresponse.",
        source: "ApiServer.java:1568-1650",
        rules: &["API-ERR-012"],
        run: |target| {
            let session = target.login()?;
            let reply = target.api("noSuchCommandAtAll").session(&session).send()?;
            reply.expect_error(432)?;
            reply.expect_envelope("errorresponse")
        },
    },
    Check {
        id: "errors/fields-in-json",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "A refusal in JSON has the list uuidList, even if empty, two numeric codes and a text.",
        source: "ExceptionResponse.java:31-45",
        rules: &["API-ERR-010"],
        run: |target| {
            let reply = target.api("queryAsyncJobResult").send()?;
            reply.expect_error(431)?;
            let fields = reply.body().members().iter();
            let actual: Vec<String> =
                fields.map(|(name, value)| format!("{name}: {}", value.kind())).collect();
            let expected = "uuidList: array, errorcode: number, cserrorcode: number, errortext: string";
            reply.expect_equal("fields", expected, actual.join(", "))
        },
    },
    Check {
        id: "errors/fields-in-xml",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "A refusal in XML has no uuidList unless something stands in it.",
        source: "ApiResponseSerializer.java:307-337",
        rules: &["API-ERR-011"],
        run: |target| {
            let reply = target.api("queryAsyncJobResult").xml().send()?;
            reply.expect_error(431)?;
            let actual: Vec<&str> = reply.body().members().iter().map(|(name, _)| name.as_str()).collect();
            reply.expect_equal("fields", "errorcode, cserrorcode, errortext", actual.join(", "))
        },
    },
    Check {
        id: "errors/class-code",
        level: Should,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "A parameter that the framework refuses has cserrorcode 9999, an empty one 4350.",
        source: "ServerApiException.java:31-67, ApiServer.java:677-728, CSExceptionErrorCode.java:42-99",
        rules: &["API-ERR-002"],
        run: |target| {
            let request = || target.api("queryAsyncJobResult");
            request().send()?.expect_field("cserrorcode", 9999)?;
            request().param("jobid", NOTHING).send()?.expect_field("cserrorcode", 9999)?;
            request().param("jobid", "").send()?.expect_field("cserrorcode", 4350)
        },
    },
    Check {
        id: "errors/no-class-code-for-strangers",
        level: Must,
        profile: ReadOnly,
        needs: &[Api],
        requirement: "The refusal of an unknown caller has no cserrorcode.",
        source: "ApiServlet.java:418-428",
        rules: &["API-SIG-040", "API-ERR-010"],
        run: |target| {
            let reply = target.api("listZones").unsigned().send()?;
            reply.expect_error(401)?;
            reply.expect_absent("cserrorcode")
        },
    },
    Check {
        id: "errors/no-question-for-credentials",
        level: Must,
        profile: ReadOnly,
        needs: &[Api],
        requirement: "The refusal of an unknown caller has no header WWW-Authenticate.",
        source: "ApiServlet.java:418-428",
        rules: &["API-SIG-040"],
        run: |target| {
            let reply = target.api("listZones").unsigned().send()?;
            reply.expect_error(401)?;
            reply.expect_no_header("www-authenticate")
        },
    },
    Check {
        id: "errors/description-header",
        level: Should,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "The text of an error is repeated in the header X-Description.",
        source: "ApiServlet.java:430-433",
        rules: &["API-HTTP-023"],
        run: |target| {
            let reply = target.api("queryAsyncJobResult").send()?;
            reply.expect_error(431)?;
            let text = reply.error_text().unwrap_or_default();
            reply.expect_header("x-description", &text)
        },
    },
    Check {
        id: "errors/description-is-one-line",
        level: Should,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "Line ends of a text are blanks in the description header.",
        source: "ApiServlet.java:430-433",
        rules: &["API-HTTP-023"],
        run: |target| {
            let injection = "x\r\nX-Injected: y";
            let reply = target.api("queryAsyncJobResult").param("jobid", injection).send()?;
            reply.expect_error(431)?;
            reply.expect_no_header("x-injected")?;
            let text = reply.error_text().unwrap_or_default();
            if !text.contains(injection) {
                return Err(reply.mismatch("errortext", "the value that was sent", text));
            }
            reply.expect_header("x-description", &text.replace(['\r', '\n'], " "))
        },
    },
    Check {
        id: "errors/any-text-comes-back",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "Any printable text that a refusal quotes is that which was sent, in either format.",
        source: "ApiResponseSerializer.java:79-86,356-377",
        rules: &["API-RSP-040", "API-RSP-041"],
        run: |target| {
            // Blank text would count as absent.
            for_all(target, &text(16).prop_map(|text| format!("x{text}")), |value| {
                for format in [Format::Json, Format::Xml] {
                    let request = target.api("listZones").param("page", 1).param("pagesize", value);
                    request.format(format).send()?.expect_error_text(431, &bad_page_size(value))?;
                }
                Ok(())
            })
        },
    },
];

/// The text that refuses a size of pages of `listZones` (API-ERR-022).
fn bad_page_size(value: &str) -> String {
    format!("Unable to execute API command listzones due to invalid value {value} for parameter pagesize")
}
