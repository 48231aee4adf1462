//! How many calls an account may start in a while, and who is told what about that.
//!
//! Callers are accounts that the checks make, so that nobody else's calls are counted or used up. The limit is small and
//! its window long, so that neither a slow target nor a slow suite leaves the window.

use std::time::Duration;

use super::{prelude::*, setup};
use crate::check::Capability;

/// Five calls a minute.
const LIMITED: &[Capability] = &[
    Setting("api.throttling.enabled", "true"),
    Setting("api.throttling.max", "5"),
    Setting("api.throttling.interval", "60"),
    Command("createDomain"),
    Command("createAccount"),
    Command("createUser"),
    Command("registerUserKeys"),
    Command("deleteAccount"),
    Command("deleteDomain"),
];
const CALLS: usize = 5;

/// So many calls that a check can watch a window for a while.
const WATCHED: &[Capability] = &[
    Setting("api.throttling.enabled", "true"),
    Setting("api.throttling.max", "10000"),
    Setting("api.throttling.interval", "60"),
    Command("createDomain"),
    Command("createAccount"),
    Command("registerUserKeys"),
    Command("deleteAccount"),
    Command("deleteDomain"),
];

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "limits/call-too-many",
        level: Must,
        profile: Core,
        needs: LIMITED,
        requirement: "A call above the limit is refused with 429, the rest of the window in its text, and no Retry-After.",
        source: "ApiRateLimitServiceImpl.java:156-208, ApiServer.java:1120-1122",
        rules: &["API-LIM-001", "API-LIM-002"],
        run: |target| {
            let member = setup::member(target)?;
            for _ in 0..CALLS {
                member.api("listZones").send()?.expect_success()?;
            }
            let reply = member.api("listZones").send()?;
            reply.expect_error(429)?;
            reply.expect_envelope("listzonesresponse")?;
            reply.expect_field("cserrorcode", 9999)?;
            reply.expect_no_header("retry-after")?;
            let (start, end) =
                ("The given user has reached his/her account api limit, please retry after [", "] ms.");
            let text = reply.error_text().unwrap_or_default();
            let millis = text.strip_prefix(start).and_then(|rest| rest.strip_suffix(end));
            match millis.and_then(|digits| digits.parse::<u64>().ok()) {
                Some(millis) if millis <= 60_000 => Ok(()),
                _ => Err(reply.mismatch("errortext", format!("{start}…{end}"), text)),
            }
        },
    },
    Check {
        id: "limits/administrators-are-free",
        level: Should,
        profile: Core,
        needs: &[
            RootAdmin,
            Setting("api.throttling.enabled", "true"),
            Setting("api.throttling.max", "5"),
            Setting("api.throttling.interval", "60"),
        ],
        requirement: "The calls of a root administrator are not limited.",
        source: "ApiRateLimitServiceImpl.java:174-208",
        rules: &["API-LIM-001"],
        run: |target| (0..2 * CALLS).try_for_each(|_| target.api("listZones").send()?.expect_success()),
    },
    Check {
        id: "limits/of-the-account",
        level: Should,
        profile: Core,
        needs: LIMITED,
        requirement: "The users of an account share its limit.",
        source: "ApiRateLimitServiceImpl.java:174-208",
        rules: &["API-LIM-001"],
        run: |target| {
            let member = setup::member(target)?;
            let other = setup::another_user(target, &member)?;
            for _ in 0..2 {
                member.api("listZones").send()?.expect_success()?;
            }
            other.api("getApiLimit").send()?.expect_field("apilimit.apiIssued", 3)
        },
    },
    Check {
        id: "limits/window-does-not-move",
        level: Should,
        profile: Core,
        needs: WATCHED,
        requirement: "The window of a limit ends a fixed time after its first call, whatever is called in it.",
        source: "ApiRateLimitServiceImpl.java:174-208",
        rules: &["API-LIM-001"],
        run: |target| {
            const LONG_ENOUGH: Duration = Duration::from_millis(30);
            let member = setup::member(target)?;
            let left = |reply: &Reply| -> Result<i64, Stop> {
                let left = reply.expect_present("apilimit.expireAfter")?.integer();
                left.ok_or_else(|| reply.mismatch("apilimit.expireAfter", "a number", "something else"))
            };
            let at_first = left(&member.api("getApiLimit").send()?)?;
            let mut passed = Duration::ZERO;
            while passed < LONG_ENOUGH {
                passed += member.api("getApiLimit").send()?.answer.elapsed;
            }
            // Between the first answer and this one, at least the calls in between have passed.
            let reply = member.api("getApiLimit").send()?;
            let last = left(&reply)?;
            if last <= at_first - 20 {
                return Ok(());
            }
            let expected = format!("at most {} after {} ms", at_first - 20, passed.as_millis());
            Err(reply.mismatch("apilimit.expireAfter", expected, last))
        },
    },
    Check {
        id: "limits/told-on-request",
        level: Should,
        profile: Core,
        needs: LIMITED,
        requirement: "A caller is told account, calls started, calls left and the rest of the window, this call included.",
        source: "GetApiLimitCmd.java:60-70, ApiLimitResponse.java:27-45",
        rules: &["API-LIM-003"],
        run: |target| {
            let member = setup::member(target)?;
            let reply = member.api("getApiLimit").send()?;
            reply.expect_envelope("getapilimitresponse")?;
            reply.expect_field("apilimit.account", &member.name)?;
            reply.expect_present("apilimit.accountid")?;
            reply.expect_field("apilimit.apiIssued", 1)?;
            reply.expect_field("apilimit.apiAllowed", 4)?;
            reply.expect_kind("apilimit.expireAfter", "number")
        },
    },
    Check {
        id: "limits/reset",
        level: Should,
        profile: Core,
        needs: LIMITED,
        requirement: "Resetting the limit of an account lets it call again.",
        source: "ResetApiLimitCmd.java:53-96",
        rules: &["API-LIM-003"],
        run: |target| {
            let member = setup::member(target)?;
            for _ in 0..CALLS {
                member.api("listZones").send()?.expect_success()?;
            }
            member.api("listZones").send()?.expect_error(429)?;
            let reset = target.api("resetApiLimit").param("account", &member.account).send()?;
            reset.expect_field("success", true)?;
            member.api("listZones").send()?.expect_success()
        },
    },
    Check {
        id: "limits/list-apis-is-one-call",
        level: Should,
        profile: Core,
        needs: LIMITED,
        requirement: "A question for all commands counts as one call.",
        source: "spring-server-core-misc-context.xml:45-49,68-71",
        rules: &["API-LIM-004"],
        run: |target| {
            let member = setup::member(target)?;
            member.api("listApis").send()?.expect_success()?;
            member.api("getApiLimit").send()?.expect_field("apilimit.apiIssued", 2)
        },
    },
    Check {
        id: "limits/nothing-to-tell",
        level: Should,
        profile: ReadOnly,
        needs: &[Command("getApiLimit"), Setting("api.throttling.enabled", "false")],
        requirement: "Where calls are not limited, a question for the limit is refused with 432.",
        source: "ApiRateLimitServiceImpl.java:110-140",
        rules: &["API-LIM-001", "API-LIM-003"],
        run: |target| {
            let reply = target.api("getApiLimit").send()?;
            let text = "This api is only available when api.throttling.enabled = true.";
            reply.expect_error_text(432, text)?;
            reply.expect_envelope("errorresponse")
        },
    },
];
