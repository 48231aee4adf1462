//! The values of parameters: what each type accepts, in every spelling that clients use, and what it refuses.
//!
//! How names and pairs are read is in [`parameters`](super::parameters); the texts of refusals in
//! [`errors`](super::errors).

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{parameters, prelude::*, setup};

/// An identifier that nothing has.
const NOTHING: &str = "6e6f7468-696e-4720-8973-206e616d6564";

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "values/integers",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "An integer may have a sign, leading zeros and the decimal digits of any script.",
        source: "ParamProcessWorker.java:394-401",
        rules: &["API-PAR-013"],
        run: |target| {
            let ask = |value: &str| target.api("listZones").param("page", 1).param("pagesize", value).send();
            let plain = ask("5")?;
            plain.expect_success()?;
            for value in ["+5", "05", "0000000005", "\u{665}", "\u{6f5}", "\u{96b}", "\u{e55}", "\u{ff15}"] {
                ask(value)?.expect_body_of(&plain)?;
            }
            Ok(())
        },
    },
    Check {
        id: "values/no-integers",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "An integer has no fraction, no exponent, no other base and no more than 32 bits.",
        source: "ParamProcessWorker.java:209-216,394-401",
        rules: &["API-PAR-013", "API-ERR-022"],
        run: |target| {
            for value in
                ["1.0", "1e2", "0x1", "1,000", "-", "+", "--1", "1l", "-2147483649", "2147483648", "\u{b2}"]
            {
                let reply = target.api("listZones").param("page", value).param("pagesize", 5).send()?;
                expect_bad_value(&reply, "listzones", value, "page")?;
            }
            Ok(())
        },
    },
    Check {
        id: "values/blank-integers",
        level: Must,
        profile: ReadOnly,
        needs: &[Command("listEvents")],
        requirement: "An integer that is blank counts as absent.",
        source: "ParamProcessWorker.java:394-401",
        rules: &["API-PAR-013"],
        run: |target| {
            for value in ["", " ", "   "] {
                let request = target.api("listEvents").param("page", 1).param("pagesize", 1);
                request.param("entrytime", value).send()?.expect_success()?;
            }
            Ok(())
        },
    },
    Check {
        id: "values/long-integers",
        level: Must,
        profile: Core,
        needs: &[Command("createVolume")],
        requirement: "Empty text is no long integer, nor is what has more than 64 bits.",
        source: "ParamProcessWorker.java:209-216,436-441",
        rules: &["API-PAR-013", "API-ERR-022"],
        run: |target| {
            for value in ["", " ", "9223372036854775808", "1.0", "five"] {
                // Without an offering no volume can come of it.
                let request = target.api("createVolume").param("name", target.fresh_name("volume"));
                let reply = request.param("size", value).send()?;
                expect_bad_value(&reply, "createvolume", value, "size")?;
            }
            Ok(())
        },
    },
    Check {
        id: "values/dates",
        level: Must,
        profile: ReadOnly,
        needs: &[Command("listEvents")],
        requirement: "A date may be written with a zone in any of the usual forms, with a blank, or without a time.",
        source: "ParamProcessWorker.java:463-503, DateUtil.java:54-81",
        rules: &["API-PAR-020"],
        run: |target| {
            for date in [
                "2030-01-02T03:04:05Z",
                "2030-01-02t03:04:05z",
                "2030-01-02T03:04:05+00:00",
                "2030-01-02T03:04:05+05:30",
                "2030-01-02T03:04:05+05",
                "2030-01-02T03:04:05+0000",
                "2030-01-02T03:04:05-0530",
                "2030-01-02T03:04Z",
                "2030-01-02T03:04:05.1Z",
                "2030-01-02T03:04:05.123456789Z",
                "2030-01-02T03:04:05.123456+0000",
                "2030-01-02 03:04:05",
                "2030-01-02",
            ] {
                let request = target.api("listEvents").param("startdate", date);
                request.param("page", 1).param("pagesize", 1).send()?.expect_success()?;
            }
            Ok(())
        },
    },
    Check {
        id: "values/end-of-a-day",
        level: Must,
        profile: Core,
        needs: &[Command("listEvents"), Command("createNetwork")],
        requirement: "A date without a time begins with its day as a start and ends with it as an end.",
        source: "ParamProcessWorker.java:463-503",
        rules: &["API-PAR-020"],
        run: |target| {
            setup::us(target).network()?;
            let latest = target.api("listEvents").param("page", 1).param("pagesize", 1).send()?;
            latest.expect_success()?;
            let id = latest.expect_present("event.id")?.text().unwrap_or_default();
            let created = latest.expect_present("event.created")?.text().unwrap_or_default();
            // Dates are told and read in the zone of the server.
            let day: String = created.chars().take("2030-01-02".len()).collect();
            let same_day = |request: crate::wire::api::ApiRequest<'_>| {
                request.param("id", &id).param("page", 1).param("pagesize", 1).send()
            };
            let reply = same_day(target.api("listEvents").param("startdate", &day).param("enddate", &day))?;
            reply.expect_items("event", 1)
        },
    },
    Check {
        id: "values/map-members",
        level: Must,
        profile: Core,
        needs: setup::MACHINES,
        requirement: "The indices of a map may have gaps and signs, and its fields keep their letter case.",
        source: "ParamUnpackWorker.java:36-110, BaseCmd.java:477-490",
        rules: &["API-PAR-002", "API-PAR-004"],
        run: |target| {
            const DETAILS: [(&str, &str); 4] = [
                ("Details[-3].CcFirst", "1"),
                ("details[7].ccSecond", "2"),
                ("DETAILS[+0].CC.Third", "3"),
                ("details[2147483647].cc-fourth", "4"),
            ];
            let us = setup::us(target);
            let (request, _) = us.deployment(&us.network()?)?;
            let request = request.param("startvm", false);
            let job =
                DETAILS.iter().fold(request, |request, (name, value)| request.param(name, value)).finish()?;
            job.expect_success()?;
            let id = job.reply.expect_present("jobresult.virtualmachine.id")?.text().unwrap_or_default();
            let reply = us.listed(&id)?;
            let details = reply.expect_present("virtualmachine.details")?;
            for (name, value) in DETAILS {
                let field = name.split_once("].").map_or(name, |(_, field)| field);
                let told = details.get(field).and_then(Node::text).unwrap_or_else(|| "absent".to_owned());
                reply.expect_equal(&format!("virtualmachine.details, {field}"), value, told)?;
            }
            Ok(())
        },
    },
    Check {
        id: "values/tags-are-pairs",
        level: Should,
        profile: Core,
        needs: TAGS,
        requirement: "A tag is given as two members of a map, its key and its value.",
        source: "TaggedResources.java:35-75",
        rules: &["API-PAR-004"],
        run: |target| {
            let network = setup::us(target).network()?;
            let request =
                tagging(target, &network).param("tags[5].key", "CcKey").param("tags[5].value", "a,b");
            request.finish()?.expect_success()?;
            let reply = target.api("listTags").param("resourceid", &network).send()?;
            reply.expect_items("tag", 1)?;
            reply.expect_field("tag.key", "CcKey")?;
            reply.expect_field("tag.value", "a,b")
        },
    },
    Check {
        id: "values/tag-without-a-value",
        level: Should,
        profile: Core,
        needs: TAGS,
        requirement: "The job that is to make a tag without a value fails with 530.",
        source: "TaggedResources.java:35-75, ApiAsyncJobDispatcher.java:119-137",
        rules: &["API-PAR-004", "API-RSP-056", "JOB-063"],
        run: |target| {
            let network = setup::us(target).network()?;
            let job = tagging(target, &network).param("tags[0].key", "cc-key").finish()?;
            job.expect_failure(530)?;
            job.reply.expect_field("jobresult.errortext", "Command failed due to Internal Server Error")
        },
    },
    Check {
        id: "values/filter-without-a-value",
        level: Should,
        profile: ReadOnly,
        needs: &[Command("listVirtualMachines")],
        requirement: "A list that is to be filtered by a tag without a value is refused with 431.",
        source: "TaggedResources.java:35-75",
        rules: &["API-PAR-004"],
        run: |target| {
            let reply = target.api("listVirtualMachines").param("tags[0].key", "cc-key").send()?;
            reply.expect_error_text(431, "No value is passed in for key cc-key")
        },
    },
    Check {
        id: "values/text-for-a-map",
        level: Should,
        profile: ReadOnly,
        needs: &[Command("listVirtualMachines")],
        requirement: "A plain text where a map is expected is refused with 431.",
        source: "ParamProcessWorker.java:452-455",
        rules: &["API-PAR-005", "API-ERR-022"],
        run: |target| {
            let reply = target.api("listVirtualMachines").param("tags", "foo").send()?;
            expect_bad_value(&reply, "listvirtualmachines", "foo", "tags")
        },
    },
    Check {
        id: "values/host-names",
        level: Should,
        profile: Core,
        needs: &[Command("createNetwork"), Command("deployVirtualMachine"), Command("updateVirtualMachine")],
        requirement: "A host name has up to 63 letters, digits and hyphens, begins with a letter and does not end \
                      with a hyphen.",
        source: "ParamProcessWorker.java:99-178, NetUtils.java:1088-1105",
        rules: &["API-PAR-014"],
        run: |target| {
            let machine = setup::us(target).stopped_machine()?;
            let long = "a".repeat(64);
            for name in ["1abc", "-abc", "abc-", "a.b", "a_b", "a b", "\u{e9}", &long] {
                let request = target.api("updateVirtualMachine").param("id", &machine.id);
                let reply = request.param("name", name).send()?;
                reply.expect_error_text(431, HOST_NAME)?;
            }
            Ok(())
        },
    },
    Check {
        id: "values/zero-is-no-identifier",
        level: Should,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "An internal number that is not positive is refused with 431.",
        source: "ParamProcessWorker.java:99-178,512-539",
        rules: &["API-PAR-014", "API-PAR-033"],
        run: |target| {
            let text = "Unable to execute API command listzones due to invalid value. Invalid value provided for \
                        API arg: id";
            for value in ["0", "-2"] {
                target.api("listZones").param("id", value).send()?.expect_error_text(431, text)?;
            }
            Ok(())
        },
    },
    Check {
        id: "values/internal-numbers",
        level: Should,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "An old parameter takes an internal number for an identifier, whether anything has it or not.",
        source: "ParamProcessWorker.java:512-539",
        rules: &["API-PAR-033"],
        run: |target| {
            let reply = target.api("listZones").param("id", "9223372036854775806").send()?;
            reply.expect_items("zone", 0)
        },
    },
    Check {
        id: "values/newer-identifiers",
        level: Should,
        profile: ReadOnly,
        needs: &[Command("listVirtualMachines")],
        requirement: "A newer parameter takes text that is no identifier for absent.",
        source: "ParamProcessWorker.java:512-539",
        rules: &["API-PAR-033"],
        run: |target| target.api("listVirtualMachines").param("userdataid", "zzz").send()?.expect_success(),
    },
    Check {
        id: "values/items-keep-their-blanks",
        level: Should,
        profile: ReadOnly,
        needs: &[ApiKeys, Since("4.19")],
        requirement: "A blank before an item of a list is part of the item.",
        source: "ParamProcessWorker.java:412-417",
        rules: &["API-PAR-034"],
        run: |target| {
            let id = parameters::zone(target)?;
            target.api("listZones").param("ids", format!(" {id}")).send()?.expect_error(431)
        },
    },
    Check {
        id: "values/lists-of-strangers",
        level: Must,
        profile: ReadOnly,
        needs: &[Command("listVirtualMachines")],
        requirement: "An identifier in a list that nothing has is refused with 431.",
        source: "ParamProcessWorker.java:402-431",
        rules: &["API-PAR-034", "API-ERR-023"],
        run: |target| target.api("listVirtualMachines").param("ids", NOTHING).send()?.expect_error(431),
    },
    Check {
        id: "values/removed-things",
        level: Must,
        profile: Core,
        needs: &[Command("createNetwork"), Command("deleteNetwork"), Command("listNetworks")],
        requirement: "The identifier of a removed thing is known, so that a list of it is empty and no refusal.",
        source: "ParamProcessWorker.java:505-571",
        rules: &["API-PAR-030"],
        run: |target| {
            let network = setup::us(target).network()?;
            setup::done(target, "deleteNetwork", &network)?;
            target.api("listNetworks").param("id", network).send()?.expect_items("network", 0)
        },
    },
    Check {
        id: "values/callers-before-characters",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "A control character of an unknown caller is refused like any call of an unknown caller.",
        source: "ApiServer.java:593-611",
        rules: &["API-PAR-001"],
        run: |target| target.api("listZones").param("keyword", "a\tb").unsigned().send()?.expect_error(401),
    },
    Check {
        id: "values/user-data-by-get",
        level: Should,
        profile: Core,
        needs: &[Command("registerUserData"), Command("deleteUserData"), Since("4.19.1")],
        requirement: "Registered user data of more than 4096 characters of base64 is refused by GET.",
        source: "UserDataManagerImpl.java:158-169",
        rules: &["API-PAR-040"],
        run: |target| {
            // Its bytes would fit.
            let text = STANDARD.encode("x".repeat(3400));
            let request = target.api("registerUserData").param("name", target.fresh_name("data"));
            let reply = request.param("userdata", text).send()?;
            reply.expect_error_text(431, "User data is too long for http GET request")?;
            reply.expect_field("cserrorcode", 4350)
        },
    },
    Check {
        id: "values/user-data-is-base64",
        level: Should,
        profile: Core,
        needs: &[Command("registerUserData"), Command("deleteUserData"), Since("4.19.1")],
        requirement: "Registered user data that is not base64 is refused with 431.",
        source: "UserDataManagerImpl.java:158-169",
        rules: &["API-PAR-040"],
        run: |target| {
            let request = target.api("registerUserData").param("name", target.fresh_name("data"));
            let reply = request.param("userdata", "a*b").send()?;
            reply.expect_error_text(431, "User data is not base64 encoded.")
        },
    },
    Check {
        id: "values/job-ids",
        level: Should,
        profile: Core,
        needs: &[Command("createNetwork"), Command("deleteNetwork")],
        requirement: "A chosen job id that is no UUID in lower case is refused with 431.",
        source: "ApiServer.java:821-828, UUIDManagerImpl.java:61-84",
        rules: &["API-PAR-035"],
        run: |target| {
            let network = setup::us(target).network()?;
            for id in ["no-uuid", "6E6F7468-696E-4720-8973-206E616D6564"] {
                let request = target.api("deleteNetwork").param("id", &network).param("customjobid", id);
                let text = format!("UUID: {id} doesn't follow the UUID format");
                request.send()?.expect_error_text(431, &text)?;
            }
            Ok(())
        },
    },
];

/// What a check needs that tags a network.
const TAGS: &[crate::check::Capability] = &[
    Command("createNetwork"),
    Command("deleteNetwork"),
    Command("createTags"),
    Command("deleteTags"),
    Command("listTags"),
];

/// What refuses a host name of `updateVirtualMachine`.
const HOST_NAME: &str = "Unable to execute API command updatevirtualmachine due to invalid value. Invalid value \
                         provided for API arg: name - it can contain ASCII letters 'a' through 'z', the digits '0' \
                         through '9', and the hyphen ('-'), must be between 1 and 63 characters long, and can't start \
                         or end with \"-\" and can't start with digit";

/// A request that tags a network; the tags go with it.
fn tagging<'t>(target: &'t Target, network: &str) -> crate::wire::api::ApiRequest<'t> {
    target.api("createTags").param("resourceids", network).param("resourcetype", "Network")
}

/// Refused because a value is not of its type (API-ERR-022).
fn expect_bad_value(reply: &Reply, command: &str, value: &str, parameter: &str) -> Result<(), Stop> {
    let text = format!(
        "Unable to execute API command {command} due to invalid value {value} for parameter {parameter}"
    );
    reply.expect_error_text(431, &text)
}
