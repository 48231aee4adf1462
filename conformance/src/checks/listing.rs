//! Lists: counting, paging, filters, and whose things they show.
//!
//! Most checks read `listNetworkOfferings`, which every caller may and which has several elements on every server.

use super::{prelude::*, setup};
use crate::{check::Capability, wire::api::ApiRequest};

const LONG_LIST: &[Capability] = &[Command("listNetworkOfferings")];

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "listing/count-is-all-matches",
        level: Must,
        profile: ReadOnly,
        needs: LONG_LIST,
        requirement: "The count of a list is the number of all matches, not of the elements on the page.",
        source: "ListResponse.java:36-51",
        rules: &["API-RSP-013"],
        run: |target| {
            let all = long_list(target).send()?;
            let count = all.success()?.text_at("count").unwrap_or_default();
            page(target, 1, 1)?.expect_field("count", count)
        },
    },
    Check {
        id: "listing/pages-are-slices",
        level: Must,
        profile: ReadOnly,
        needs: LONG_LIST,
        requirement: "The pages of a list, put together, are the list.",
        source: "BaseListCmd.java:90-118",
        rules: &["API-ERR-043", "API-ERR-044"],
        run: |target| {
            let whole = page(target, 1, 6)?;
            whole.expect_present("networkoffering")?;
            let whole = ids(&whole)?;
            for (number, part) in (1..).zip(whole.chunks(2)) {
                let reply = page(target, number, 2)?;
                reply.expect_equal("the elements of the page", part.join(" "), ids(&reply)?.join(" "))?;
            }
            Ok(())
        },
    },
    Check {
        id: "listing/order-is-stable",
        level: Should,
        profile: ReadOnly,
        needs: LONG_LIST,
        requirement: "A list has the same order whenever it is asked for, with or without paging.",
        source: "BaseListCmd.java:90-118, GenericDaoBase.java:1163-1176",
        rules: &["API-ERR-043"],
        run: |target| {
            let first = long_list(target).send()?;
            long_list(target).send()?.expect_body_of(&first)?;
            let paged = page(target, 1, 500)?;
            paged.expect_equal("the elements", ids(&first)?.join(" "), ids(&paged)?.join(" "))
        },
    },
    Check {
        id: "listing/page-past-the-end",
        level: Should,
        profile: ReadOnly,
        needs: LONG_LIST,
        requirement: "A page past the end has the count of all matches without any element.",
        source: "ApiResponseSerializer.java:101-135",
        rules: &["API-RSP-014"],
        run: |target| {
            let reply = page(target, 1_000_000, 500)?;
            reply.expect_success()?;
            let members: Vec<&str> = reply.body().members().iter().map(|(name, _)| name.as_str()).collect();
            reply.expect_equal("the members", "count", members.join(" "))
        },
    },
    Check {
        id: "listing/nothing-found",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "A list without matches is an empty object, without a count.",
        source: "ApiResponseSerializer.java:100-135",
        rules: &["API-RSP-012", "JOB-077"],
        run: |target| {
            let reply = target.api("listZones").param("name", target.fresh_name("zone")).send()?;
            let body = reply.success()?;
            reply.expect_equal("body", "{}", body.to_string())
        },
    },
    Check {
        id: "listing/page-size-needs-a-page",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "A page size without a page is refused with 431.",
        source: "BaseListCmd.java:120-139",
        rules: &["API-ERR-040", "JOB-076"],
        run: |target| {
            let text = "\"page\" parameter is required when \"pagesize\" is specified";
            target.api("listZones").param("pagesize", 10).send()?.expect_error_text(431, text)
        },
    },
    Check {
        id: "listing/page-needs-a-page-size",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "A page without a page size is refused with 431.",
        source: "BaseListCmd.java:120-139",
        rules: &["API-ERR-040", "JOB-076"],
        run: |target| {
            let text = "\"pagesize\" parameter is required when \"page\" is specified";
            target.api("listZones").param("page", 1).send()?.expect_error_text(431, text)
        },
    },
    Check {
        id: "listing/unlimited",
        level: Must,
        profile: ReadOnly,
        needs: LONG_LIST,
        requirement: "A page size of -1 without a page shows every match.",
        source: "BaseListCmd.java:60-82,120-139",
        rules: &["API-ERR-040"],
        run: |target| {
            let reply = long_list(target).param("pagesize", -1).send()?;
            let shown = reply.success()?.items("networkoffering").len();
            reply.expect_field("count", shown)
        },
    },
    Check {
        id: "listing/unlimited-has-no-pages",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "A page of a list with page size -1 is refused with 431.",
        source: "BaseListCmd.java:66-68",
        rules: &["API-ERR-042"],
        run: |target| {
            let text = "Can't specify page parameter when pagesize is -1 (Unlimited)";
            let request = target.api("listZones").param("page", 1).param("pagesize", -1);
            request.send()?.expect_error_text(431, text)
        },
    },
    Check {
        id: "listing/largest-page",
        level: Must,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "A page size above the limit of the server is refused with 431.",
        source: "BaseListCmd.java:60-82",
        rules: &["API-ERR-041"],
        run: |target| {
            target.api("listZones").param("page", 1).param("pagesize", 1_000_000).send()?.expect_error(431)
        },
    },
    Check {
        id: "listing/pages-count-from-one",
        level: Should,
        profile: ReadOnly,
        needs: LONG_LIST,
        requirement: "Page 0 is the first page.",
        source: "BaseListCmd.java:104-118",
        rules: &["API-ERR-044"],
        run: |target| page(target, 0, 2)?.expect_body_of(&page(target, 1, 2)?),
    },
    Check {
        id: "listing/default-page",
        level: Must,
        profile: ReadOnly,
        needs: &[Command("listNetworkOfferings"), Setting("default.page.size", "3")],
        requirement: "A list without paging shows the first default.page.size elements with the count of all.",
        source: "BaseListCmd.java:90-118",
        rules: &["API-ERR-043"],
        run: |target| {
            let reply = long_list(target).send()?;
            reply.expect_items("networkoffering", 3)?;
            let count = reply.expect_present("count")?.integer().unwrap_or_default();
            reply.expect_equal("count is more than the page", true, count > 3)
        },
    },
    Check {
        id: "listing/page-size-zero",
        level: Should,
        profile: ReadOnly,
        needs: LONG_LIST,
        requirement: "A page of no elements has the count of all matches.",
        source: "BaseListCmd.java:104-118",
        rules: &["API-ERR-044"],
        run: |target| {
            let reply = page(target, 1, 0)?;
            reply.expect_present("count")?;
            reply.expect_absent("networkoffering")
        },
    },
    Check {
        id: "listing/empty-page-size",
        level: Should,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "A page size without a value is refused with 431 and the text of a number that cannot be read.",
        source: "ParamProcessWorker.java:394-401, BaseListCmd.java:124-128",
        rules: &["API-ERR-045"],
        run: |target| {
            let reply = target.api("listZones").param("pagesize", "").send()?;
            reply.expect_error_text(431, "For input string: \"\"")
        },
    },
    Check {
        id: "listing/keyword",
        level: Should,
        profile: ReadOnly,
        needs: &[ApiKeys],
        requirement: "A keyword that no element contains leaves nothing of a list.",
        source: "BaseListCmd.java:33-34, ListZonesCmd.java:47-57",
        rules: &["API-ERR-049"],
        run: |target| {
            target
                .api("listZones")
                .param("keyword", target.fresh_name("zone"))
                .send()?
                .expect_items("zone", 0)
        },
    },
    Check {
        id: "listing/id-or-ids",
        level: Must,
        profile: Core,
        needs: setup::MACHINES,
        requirement: "A list that is asked for both `id` and `ids` is refused with 431.",
        source: "MutualExclusiveIdsManagerBase.java:53",
        rules: &["API-ERR-048"],
        run: |target| {
            let machine = setup::us(target).stopped_machine()?;
            let request =
                target.api("listVirtualMachines").param("id", &machine.id).param("ids", &machine.id);
            request.send()?.expect_error_text(431, "Specify either id or ids but not both parameters")
        },
    },
    Check {
        id: "listing/account-or-project",
        level: Must,
        profile: ReadOnly,
        needs: &[Command("listVirtualMachines"), Command("listUsers")],
        requirement: "A list that is asked for both `account` and `projectid` is refused with 431.",
        source: "AccountManagerImpl.java:3319-3366",
        rules: &["API-ERR-048"],
        run: |target| {
            let us = target.api("listUsers").send()?;
            let text = |path: &str| Ok::<_, Stop>(us.expect_present(path)?.text().unwrap_or_default());
            let request = target
                .api("listVirtualMachines")
                .param("account", text("user.account")?)
                .param("domainid", text("user.domainid")?)
                .param("projectid", -1);
            request.send()?.expect_error_text(431, "Account and projectId can't be specified together")
        },
    },
    Check {
        id: "listing/domain-alone",
        level: Must,
        profile: Core,
        needs: &[RootAdmin],
        requirement: "A list of a domain shows what is in the domains below it only when asked to.",
        source: "BaseListDomainResourcesCmd.java:33-47, AccountManagerImpl.java:3307-3390",
        rules: &["API-ERR-047"],
        run: |target| {
            let above = setup::domain(target, None)?;
            let below = setup::domain(target, Some(&above))?;
            let user = setup::newcomer(target, Some(&below), ("accounttype", "0"))?;
            for (recursive, expected) in [(None, 0), (Some("false"), 0), (Some("true"), 1)] {
                let request = target.api("listUsers").param("domainid", &above);
                let request =
                    recursive.into_iter().fold(request, |request, flag| request.param("isrecursive", flag));
                let reply = request.send()?;
                let users = reply.success()?.items("user");
                let seen = users.iter().filter(|one| one.text_at("username").as_ref() == Some(&user.name));
                reply.expect_equal("users of the domain below", expected, seen.count())?;
            }
            Ok(())
        },
    },
    Check {
        id: "listing/things-of-projects",
        level: Must,
        profile: Core,
        needs: &[Command("createProject"), Command("createNetwork")],
        requirement: "What a project has is listed when the project is asked for, and not among the caller's own.",
        source: "AccountManagerImpl.java:3307-3390",
        rules: &["API-ERR-047"],
        run: |target| {
            let project = setup::project(target, None)?;
            let us = setup::us(target);
            let network = us.network_of(Some(&project))?;
            for (filter, expected) in [(None, 0), (Some(project.as_str()), 1), (Some("-1"), 1)] {
                let request = us.api("listNetworks");
                let request = filter.into_iter().fold(request, |request, id| request.param("projectid", id));
                let reply = request.send()?;
                let networks = reply.success()?.items("network");
                let seen = networks.iter().filter(|one| one.text_at("id").as_ref() == Some(&network)).count();
                reply.expect_equal("the network of the project", expected, seen)?;
            }
            Ok(())
        },
    },
    Check {
        id: "listing/everything-of-a-user",
        level: Must,
        profile: Core,
        needs: &[SecondUser, Command("createNetwork")],
        requirement: "A user who asks for everything is not shown what belongs to another account.",
        source: "AccountManagerImpl.java:3307-3390",
        rules: &["API-ERR-047"],
        run: |target| {
            let network = setup::us(target).network()?;
            let user = setup::ordinary_user(target)?;
            let reply = user.api("listNetworks").param("listall", "true").send()?;
            let foreign = reply.success()?.items("network");
            let seen = foreign.iter().filter(|one| one.text_at("id").as_ref() == Some(&network)).count();
            reply.expect_equal("elements of the other account", 0, seen)
        },
    },
    Check {
        id: "listing/only-the-count",
        level: Should,
        profile: Core,
        needs: &[Command("createNetwork"), Since("4.19")],
        requirement: "A list of which only the count is asked for has no elements.",
        source: "BaseListRetrieveOnlyResourceCountCmd.java:21-27",
        rules: &["API-ERR-050"],
        run: |target| {
            setup::us(target).network()?;
            let reply = target.api("listNetworks").param("retrieveonlyresourcecount", "true").send()?;
            reply.expect_present("count")?;
            reply.expect_absent("network")
        },
    },
    Check {
        id: "listing/events-run-forward",
        level: Must,
        profile: Core,
        needs: setup::MACHINES_AND_EVENTS,
        requirement: "The events of an answer are in the order in which they happened.",
        source: "QueryManagerImpl.java:917-920",
        rules: &["EVT-012"],
        run: |target| {
            let machine = setup::us(target).stopped_machine()?;
            let request = target.api("listEvents").param("resourcetype", "VirtualMachine");
            let reply = request.param("resourceid", &machine.id).param("type", "VM.CREATE").send()?;
            let states = reply.success()?.items("event");
            let states: Vec<_> = states.iter().filter_map(|event| event.text_at("state")).collect();
            reply.expect_equal("the first state", "Scheduled", states.first().map_or("none", |state| state))
        },
    },
    Check {
        id: "listing/machines-of-the-caller",
        level: Should,
        profile: Core,
        needs: &[SecondUser, RootAdmin, Command("createNetwork"), Command("deployVirtualMachine")],
        requirement: "A list of machines shows administrators their own alone unless they ask for everything.",
        source: "AccountManagerImpl.java:3307-3390, seen on a running server",
        rules: &["REA-005"],
        run: |target| {
            let machine = setup::ordinary_user(target)?.stopped_machine()?;
            for (all, expected) in [(false, 0), (true, 1)] {
                let reply =
                    target.api("listVirtualMachines").param("listall", all).param("name", &machine.name);
                reply.send()?.expect_items("virtualmachine", expected)?;
            }
            let reply = target.api("listVirtualMachines").param("name", &machine.name).send()?;
            reply.expect_items("virtualmachine", 0)
        },
    },
    Check {
        id: "listing/unknown-account",
        level: Should,
        profile: ReadOnly,
        needs: &[Command("listVirtualMachines")],
        requirement: "A list of machines of an account that nobody knows is refused with 431.",
        source: "AccountManagerImpl.java:3319-3366, seen on a running server",
        rules: &["REA-005"],
        run: |target| {
            let name = target.fresh_name("account");
            let reply = target.api("listVirtualMachines").param("account", &name).send()?;
            reply.expect_error_start(431, &format!("could not find account {name} in domain "))
        },
    },
    Check {
        id: "listing/machines-of-others",
        level: Should,
        profile: Core,
        needs: &[SecondUser, Command("createNetwork"), Command("deployVirtualMachine")],
        requirement: "A user who asks for another account's machine finds none.",
        source: "AccountManagerImpl.java:3307-3390, seen on a running server",
        rules: &["REA-005"],
        run: |target| {
            let machine = setup::us(target).stopped_machine()?;
            let user = setup::ordinary_user(target)?;
            user.listed(&machine.id)?.expect_items("virtualmachine", 0)
        },
    },
];

fn long_list(target: &Target) -> ApiRequest<'_> {
    target.api("listNetworkOfferings")
}

fn page(target: &Target, number: u32, size: u32) -> Result<Reply, Stop> {
    let reply = long_list(target).param("page", number).param("pagesize", size).send()?;
    reply.expect_success()?;
    Ok(reply)
}

fn ids(reply: &Reply) -> Result<Vec<String>, Stop> {
    Ok(reply.success()?.items("networkoffering").into_iter().filter_map(|item| item.text_at("id")).collect())
}
