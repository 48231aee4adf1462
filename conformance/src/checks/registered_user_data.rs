//! User data that is registered for many machines: its life, its links to templates, and what machines get of both.
//!
//! What is linked to a template decides for everybody who deploys it, so these checks run alone and put back what was
//! linked before. What valid user data is stands in [`user_data`](super::user_data).

use base64::{Engine as _, engine::general_purpose::STANDARD};
use mail_parser::{MessageParser, MimeHeaders as _, PartType};

use super::{
    prelude::*,
    setup::{self, id_in},
    user_data::{ANSWER, deployed_with, fresh, of_machine, register},
};
use crate::check::Capability;

const NEEDS: &[Capability] =
    &[Command("registerUserData"), Command("deleteUserData"), Command("listUserData")];

const WITH_MACHINES: &[Capability] = &[
    Command("registerUserData"),
    Command("deleteUserData"),
    Command("createNetwork"),
    Command("deployVirtualMachine"),
];

const LINKED: &[Capability] = &[
    RootAdmin,
    Command("registerUserData"),
    Command("deleteUserData"),
    Command("linkUserDataToTemplate"),
    Command("createNetwork"),
    Command("deployVirtualMachine"),
    Command("getVirtualMachineUserData"),
];

/// The same where documents of different kinds are joined.
const JOINED: &[Capability] = &[
    RootAdmin,
    Command("registerUserData"),
    Command("deleteUserData"),
    Command("linkUserDataToTemplate"),
    Command("createNetwork"),
    Command("deployVirtualMachine"),
    Command("getVirtualMachineUserData"),
    Since("4.19"),
];

/// The same where the second document needs no header.
const JOINED_WITHOUT_HEADER: &[Capability] = &[
    RootAdmin,
    Command("registerUserData"),
    Command("deleteUserData"),
    Command("linkUserDataToTemplate"),
    Command("createNetwork"),
    Command("deployVirtualMachine"),
    Command("getVirtualMachineUserData"),
    Since("4.22"),
];

/// What every refusal of a link begins with.
const NO_LINK: &str = "Failed to link userdata to template, due to: ";

/// What every refusal to join two documents begins with.
const NO_MERGE: &str = "Error attempting to merge user data as a multipart user data. Reason: ";

/// What those read who are no root administrators.
const MASKED: &str = "Internal error executing command, please contact your system administrator";

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "registered-user-data/is-told",
        level: Should,
        profile: Core,
        needs: NEEDS,
        requirement: "Registering user data answers what was registered, and whose it is.",
        source: "RegisterUserDataCmd.java:49-77, ApiResponseHelper.java:3005-3017",
        rules: &["UD-018"],
        run: |target| {
            let (name, text) = (target.fresh_name("data"), fresh(target));
            let request = target.api("registerUserData").param("name", &name).param("userdata", &text);
            let reply = request.param("params", "colour,size").send()?;
            for (field, value) in [("name", name.as_str()), ("userdata", &text), ("params", "colour,size")] {
                reply.expect_field(&format!("userdata.{field}"), value)?;
            }
            for field in ["id", "account", "domainid", "domain", "hasannotations"] {
                reply.expect_present(&format!("userdata.{field}"))?;
            }
            reply.expect_absent("userdata.accountid")
        },
    },
    Check {
        id: "registered-user-data/name-is-taken",
        level: Should,
        profile: Core,
        needs: NEEDS,
        requirement: "A name that the account has given to user data is refused with 431, whatever else is wrong.",
        source: "ManagementServerImpl.java:5149-5185",
        rules: &["UD-019"],
        run: |target| {
            let (name, text) = (target.fresh_name("data"), fresh(target));
            let request =
                |text: &str| target.api("registerUserData").param("name", &name).param("userdata", text);
            request(&text).send()?.expect_success()?;
            let refusal = format!("A userdata with name {name} already exists for this account.");
            for text in [text.as_str(), &fresh(target), "a*b"] {
                request(text).send()?.expect_error_text(431, &refusal)?;
            }
            Ok(())
        },
    },
    Check {
        id: "registered-user-data/content-is-taken",
        level: Should,
        profile: Core,
        needs: NEEDS,
        requirement: "User data that the account has registered is refused with 431, unless it is spelled otherwise.",
        source: "ManagementServerImpl.java:5149-5185",
        rules: &["UD-019"],
        run: |target| {
            let text = fresh(target);
            let name = id_in(&register(target, &text)?, "userdata.name")?;
            let refusal = format!("Userdata {name} with same content already exists for this account.");
            register(target, &text)?.expect_error_text(431, &refusal)?;
            // A line break that the decoder skips.
            register(target, &format!("{text}\n"))?.expect_field("userdata.userdata", &text)
        },
    },
    Check {
        id: "registered-user-data/reserved-params",
        level: Should,
        profile: Core,
        needs: NEEDS,
        requirement: "Parameters that are named like files of the router are refused with 431, before the content is read.",
        source: "BaseRegisterUserDataCmd.java:78-86, NetworkModel.java:91-92",
        rules: &["UD-024", "UD-019"],
        run: |target| {
            let send = |params: &str, text: &str| {
                let request = target.api("registerUserData").param("name", target.fresh_name("data"));
                request.param("params", params).param("userdata", text).send()
            };
            let refusal =
                "Params passed here have a few virtual router metadata file names [vm-id, local-ipv4]";
            send("colour,vm-id,local-ipv4", "a*b")?.expect_error_text(431, refusal)?;
            // Elements are compared as they are, and two names are missing from the list.
            let free = "colour, vm-id,cloud-domain,cloud-domain-id";
            send(free, &fresh(target))?.expect_field("userdata.params", free)
        },
    },
    Check {
        id: "registered-user-data/lists",
        level: Should,
        profile: Core,
        needs: NEEDS,
        requirement: "User data is listed by its id, by its whole name, or by a part of it as keyword.",
        source: "ManagementServerImpl.java:5089-5130, ListUserDataCmd.java",
        rules: &["UD-020"],
        run: |target| {
            let name = target.fresh_name("data");
            let longer = format!("{name}-b");
            let mut ids = Vec::new();
            for name in [&name, &longer] {
                let request = target.api("registerUserData").param("name", name);
                let reply = request.param("userdata", fresh(target)).send()?;
                ids.push(id_in(&reply, "userdata.id")?);
            }
            let list = |by: &str, value: &str| target.api("listUserData").param(by, value).send();
            for (by, value) in [("id", &ids[0]), ("name", &name)] {
                let found = list(by, value)?;
                found.expect_items("userdata", 1)?;
                found.expect_field("userdata.id", &ids[0])?;
            }
            list("keyword", &name)?.expect_items("userdata", 2)
        },
    },
    Check {
        id: "registered-user-data/in-use",
        level: Should,
        profile: Core,
        needs: &[
            RootAdmin,
            Command("registerUserData"),
            Command("deleteUserData"),
            Command("createNetwork"),
            Command("deployVirtualMachine"),
        ],
        requirement: "User data that a machine uses is not deleted: the answer is 530.",
        source: "ManagementServerImpl.java:5067-5075",
        rules: &["UD-021"],
        run: |target| {
            let registered = register(target, &fresh(target))?;
            let (id, name) = (id_in(&registered, "userdata.id")?, id_in(&registered, "userdata.name")?);
            let network = setup::us(target).network()?;
            deployed_with(target, &network, &[("userdataid", &id)], false)?;
            let reply = target.api("deleteUserData").param("id", &id).send()?;
            let text = format!("Userdata {name} cannot be removed as it is being used by some VMs");
            reply.expect_error_text(530, &text)
        },
    },
    Check {
        id: "registered-user-data/details",
        level: Should,
        profile: Core,
        needs: WITH_MACHINES,
        requirement: "The details that come with registered user data need not be those that it was registered with.",
        source: "UserVmManagerImpl.java:2899-2902,6433-6435",
        rules: &["UD-033"],
        run: |target| {
            let request = target.api("registerUserData").param("name", target.fresh_name("data"));
            let registered =
                request.param("userdata", fresh(target)).param("params", "colour,size").send()?;
            let id = id_in(&registered, "userdata.id")?;
            let network = setup::us(target).network()?;
            let params = [("userdataid", id.as_str()), ("userdatadetails[0].shape", "round")];
            let machine = deployed_with(target, &network, &params, false)?;
            let listed = setup::us(target).listed(&machine.id)?;
            listed.expect_field("virtualmachine.userdataid", &id)?;
            listed.expect_field("virtualmachine.userdatadetails", "{shape=round}")?;
            let request = target.api("updateVirtualMachine").param("id", &machine.id);
            request.param("userdatadetails[0].colour", "red").send()?.expect_success()?;
            let listed = setup::us(target).listed(&machine.id)?;
            listed.expect_field("virtualmachine.userdatadetails", "{colour=red}")
        },
    },
    Check {
        id: "registered-user-data/reset",
        level: Should,
        profile: Core,
        needs: &[
            Command("registerUserData"),
            Command("deleteUserData"),
            Command("createNetwork"),
            Command("deployVirtualMachine"),
            Command("getVirtualMachineUserData"),
            Command("resetUserDataForVirtualMachine"),
        ],
        requirement: "A reset replaces user data, its id and its details; what is not given is gone.",
        source: "UserVmManagerImpl.java:969-1018, ResetVMUserDataCmd.java",
        rules: &["UD-029", "UD-033"],
        run: |target| {
            let text = fresh(target);
            let id = id_in(&register(target, &text)?, "userdata.id")?;
            let network = setup::us(target).network()?;
            let params = [("userdataid", id.as_str()), ("userdatadetails[0].shape", "round")];
            let machine = deployed_with(target, &network, &params, false)?;
            let reset = |params: &[(&str, &str)]| {
                let request = target.api("resetUserDataForVirtualMachine").param("id", &machine.id);
                let request =
                    params.iter().fold(request, |request, (name, value)| request.param(name, value));
                let reply = request.send()?;
                reply.expect_field("virtualmachine.id", &machine.id)?;
                Ok::<_, Stop>(reply)
            };
            let reply = reset(&[("userdataid", &id)])?;
            reply.expect_field("virtualmachine.userdataid", &id)?;
            reply.expect_absent("virtualmachine.userdatadetails")?;
            of_machine(target, &machine.id)?.expect_field(ANSWER, &text)?;
            reset(&[("userdata", "Zm9v")])?.expect_absent("virtualmachine.userdataid")?;
            of_machine(target, &machine.id)?.expect_field(ANSWER, "Zm9v")?;
            reset(&[])?;
            of_machine(target, &machine.id)?.expect_absent(ANSWER)
        },
    },
    Check {
        id: "registered-user-data/internal-texts-are-masked",
        level: Should,
        profile: Core,
        needs: &[SecondUser, Command("linkUserDataToTemplate"), Since("4.18")],
        requirement: "Why user data cannot be linked is not told to an ordinary user.",
        source: "ApiServer.java:720-727, BaseCmd.java:106",
        rules: &["UD-031"],
        run: |target| {
            setup::ordinary_user(target)?.api("linkUserDataToTemplate").send()?.expect_error_text(530, MASKED)
        },
    },
    Check {
        id: "registered-user-data/link",
        level: Should,
        profile: Full,
        needs: LINKED,
        requirement: "A link is answered with the template, under ALLOWOVERRIDE or a policy in any letter case, until it goes.",
        source: "LinkUserDataToTemplateCmd.java, TemplateManagerImpl.java:2488-2523",
        rules: &["UD-022", "UD-021"],
        run: |target| {
            linked(target, "append", b"", |link| {
                let reply = &link.reply;
                reply.expect_field("template.id", &link.template)?;
                reply.expect_field("template.userdataid", &link.id)?;
                reply.expect_field("template.userdataname", &link.name)?;
                reply.expect_field("template.userdatapolicy", "APPEND")?;
                let refused = target.api("deleteUserData").param("id", &link.id).send()?;
                let text = format!(
                    "Userdata {} cannot be removed as it is linked to active template/templates",
                    link.name
                );
                refused.expect_error_text(530, &text)?;
                let request = || target.api("linkUserDataToTemplate").param("templateid", &link.template);
                let again = request().param("userdataid", &link.id).send()?;
                again.expect_field("template.userdatapolicy", "ALLOWOVERRIDE")?;
                let none = request().send()?;
                none.expect_field("template.id", &link.template)?;
                none.expect_absent("template.userdataid")
            })
        },
    },
    Check {
        id: "registered-user-data/no-link",
        level: Should,
        profile: Full,
        needs: LINKED,
        requirement: "A link that cannot be made is refused with 530 and the reason behind a colon.",
        source: "LinkUserDataToTemplateCmd.java, TemplateManagerImpl.java:2488-2523",
        rules: &["UD-022"],
        run: |target| {
            linked(target, "ALLOWOVERRIDE", b"", |link| {
                let send = |params: &[(&str, &str)]| {
                    let request = target.api("linkUserDataToTemplate").param("userdataid", &link.id);
                    params.iter().fold(request, |request, (name, value)| request.param(name, value)).send()
                };
                let template = ("templateid", link.template.as_str());
                let reply = send(&[template, ("isoid", &link.template)])?;
                let text = "Both template ID and ISO ID are passed, API accepts only one";
                reply.expect_error_text(530, &format!("{NO_LINK}{text}"))?;
                let text = "Atleast one of template ID or ISO ID needs to be passed";
                send(&[])?.expect_error_text(530, &format!("{NO_LINK}{text}"))?;
                let reply = send(&[template, ("userdatapolicy", "never")])?;
                reply.expect_error_start(530, &format!("{NO_LINK}No enum constant "))
            })
        },
    },
    Check {
        id: "registered-user-data/denied",
        level: Should,
        profile: Full,
        needs: LINKED,
        requirement: "A template whose link denies it takes no user data with a deployment, and has its own.",
        source: "UserVmManagerImpl.java:6215-6252",
        rules: &["UD-025"],
        run: |target| {
            linked(target, "DENYOVERRIDE", b"", |link| {
                let (request, _) = setup::us(target).deployment(&link.network)?;
                let reply = request.param("userdata", "Zm9v").param("startvm", "false").send()?;
                let text = format!(
                    "UserData input is not allowed here since template {} is configured to deny any userdata",
                    link.template_name
                );
                reply.expect_error_text(530, &text)?;
                link.machine(target, None)?.expect_field(ANSWER, STANDARD.encode(&link.content))
            })
        },
    },
    Check {
        id: "registered-user-data/overridden",
        level: Should,
        profile: Full,
        needs: LINKED,
        requirement: "A template whose link allows it gives machines its user data unless they bring their own.",
        source: "UserVmManagerImpl.java:6215-6252",
        rules: &["UD-025"],
        run: |target| {
            linked(target, "ALLOWOVERRIDE", b"", |link| {
                link.machine(target, None)?.expect_field(ANSWER, STANDARD.encode(&link.content))?;
                link.machine(target, Some(b"foo"))?.expect_field(ANSWER, "Zm9v")
            })
        },
    },
    Check {
        id: "registered-user-data/appended",
        level: Should,
        profile: Full,
        needs: JOINED,
        requirement: "User data of the template's kind comes behind the template's, without its first line.",
        source: "UserVmManagerImpl.java:6215-6252, CloudInitUserDataProvider.java:165-276",
        rules: &["UD-025", "UD-027"],
        run: |target| {
            linked(target, "APPEND", b"#cloud-config\na: 1\n", |link| {
                link.machine(target, None)?.expect_field(ANSWER, STANDARD.encode(&link.content))?;
                let reply = link.machine(target, Some(b"#cloud-config\nb: 2\n"))?;
                expect_text(&reply, &[link.content.as_slice(), b"\n\nb: 2\n"].concat())
            })
        },
    },
    Check {
        id: "registered-user-data/appended-without-a-header",
        level: Should,
        profile: Full,
        needs: JOINED_WITHOUT_HEADER,
        requirement: "User data without a header is of the template's kind, and comes behind it whole.",
        source: "CloudInitUserDataProvider.java:83-117,165-276",
        rules: &["UD-027"],
        run: |target| {
            linked(target, "APPEND", b"#!/bin/sh\necho a\n", |link| {
                let reply = link.machine(target, Some(b"echo b\necho c\n"))?;
                expect_text(&reply, &[link.content.as_slice(), b"\n\necho b\necho c\n"].concat())
            })
        },
    },
    Check {
        id: "registered-user-data/appended-as-a-message",
        level: Should,
        profile: Full,
        needs: JOINED,
        requirement: "User data of two kinds becomes one MIME message, the template's part first.",
        source: "CloudInitUserDataProvider.java:83-117,165-276",
        rules: &["UD-027"],
        run: |target| {
            linked(target, "APPEND", b"#cloud-config\na: 1\n", |link| {
                let own: &[u8] = b"#!/bin/sh\necho b\n";
                let reply = link.machine(target, Some(own))?;
                let expected = [("text/cloud-config", &link.content[..]), ("text/x-shellscript", own)];
                expect_parts(&reply, &expected)
            })
        },
    },
    Check {
        id: "registered-user-data/not-appended",
        level: Should,
        profile: Full,
        needs: JOINED,
        requirement: "User data that cannot be joined with the template's is refused: gzip, unknown kinds, too much of it.",
        source: "CloudInitUserDataProvider.java:247-275, UserVmManagerImpl.java:6437",
        rules: &["UD-028"],
        run: |target| {
            let long = [b"#!/bin/sh\n# ".as_slice(), &[b'x'; 2400], b"\n"].concat();
            linked(target, "APPEND", &long, |link| {
                let send = |own: &[u8]| {
                    let (request, _) = setup::us(target).deployment(&link.network)?;
                    request.param("userdata", STANDARD.encode(own)).param("startvm", "false").send()
                };
                let gzip = "Gzipped user data can not be used together with other user data formats";
                send(b"\x1f\x8b\x08")?.expect_error_text(530, &format!("{NO_MERGE}{gzip}"))?;
                let unknown = "Cannot recognise the user data format type from the header line: #x.Supported types are: \
                               cloud-config, bash script, cloud-boothook, include file or MIME";
                send(b"#x\n")?.expect_error_text(530, &format!("{NO_MERGE}{unknown}"))?;
                // Neither is too long alone.
                let words = if target.is_since("4.19.1")? {
                    "for http GET request"
                } else {
                    "for an http GET request"
                };
                send(&long)?.expect_error_text(431, &format!("User data is too long {words}"))
            })
        },
    },
];

/// What is linked to the template that machines of checks are made of.
struct Link {
    /// The id of the template.
    template: String,
    /// Its name.
    template_name: String,
    /// The id of the user data.
    id: String,
    /// Its name.
    name: String,
    /// Its bytes.
    content: Vec<u8>,
    /// What linking it answered.
    reply: Reply,
    /// A network for machines.
    network: String,
}

impl Link {
    /// The user data of a new machine of the template that brings this of its own.
    fn machine(&self, target: &Target, own: Option<&[u8]>) -> Result<Reply, Stop> {
        let own = own.map(|own| STANDARD.encode(own));
        let params: Vec<_> = own.iter().map(|own| ("userdata", own.as_str())).collect();
        let machine = deployed_with(target, &self.network, &params, false)?;
        of_machine(target, &machine.id)
    }
}

/// Runs with this content under this policy linked to a template, then puts back what was linked. The content gets a
/// line of its own, so that nobody has registered the same.
fn linked(
    target: &Target,
    policy: &str,
    content: &[u8],
    body: impl FnOnce(&Link) -> Result<(), Stop>,
) -> Result<(), Stop> {
    let us = setup::us(target);
    let template = us.template()?;
    let listed =
        target.api("listTemplates").param("templatefilter", "executable").param("id", &template).send()?;
    let template_name = id_in(&listed, "template.name")?;
    let before = ["userdataid", "userdatapolicy"]
        .map(|name| (name, listed.body().text_at(&format!("template.{name}")).unwrap_or_default()));
    let content = [content, format!("## {}\n", target.fresh_name("line")).as_bytes()].concat();
    let registered = register(target, &STANDARD.encode(&content))?;
    let (id, name) = (id_in(&registered, "userdata.id")?, id_in(&registered, "userdata.name")?);
    let network = us.network()?;
    let request = target.api("linkUserDataToTemplate").param("templateid", &template);
    let reply = request.param("userdataid", &id).param("userdatapolicy", policy).send()?;
    let link = Link { template, template_name, id, name, content, reply, network };
    let result = link.reply.expect_success().and_then(|()| body(&link));
    let request = target.api("linkUserDataToTemplate").param("templateid", &link.template);
    let given = before.iter().filter(|(_, value)| !value.is_empty());
    let request = given.fold(request, |request, (name, value)| request.param(name, value));
    let restored = request.send()?.expect_success();
    result.and(restored)
}

/// The machine has this user data.
fn expect_text(reply: &Reply, expected: &[u8]) -> Result<(), Stop> {
    let actual = bytes(reply)?;
    let [expected, actual] = [expected, &actual].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    reply.expect_equal(ANSWER, format!("{expected:?}"), format!("{actual:?}"))
}

/// The machine's user data is a MIME message of these parts, each a content type and its content.
fn expect_parts(reply: &Reply, expected: &[(&str, &[u8])]) -> Result<(), Stop> {
    let raw = bytes(reply)?;
    let message = MessageParser::new().with_mime_headers().parse(&raw);
    let root = message.as_ref().and_then(|message| message.parts.first());
    let (Some(message), Some(PartType::Multipart(inner))) = (&message, root.map(|root| &root.body)) else {
        let actual = String::from_utf8_lossy(&raw).into_owned();
        return Err(reply.mismatch(ANSWER, "a MIME message of parts", format!("{actual:?}")));
    };
    let told = |kind: Option<&mail_parser::ContentType<'_>>| {
        let subtype = kind.and_then(|kind| kind.c_subtype.as_deref()).unwrap_or_default();
        format!("{}/{subtype}", kind.map_or("", |kind| &kind.c_type))
    };
    reply.expect_equal(
        "the type of the message",
        "multipart/mixed",
        told(root.and_then(|root| root.content_type())),
    )?;
    // It would tell who made it.
    reply.expect_equal("whether it has a Message-ID", false, message.header_raw("Message-ID").is_some())?;
    let parts: Vec<String> = inner
        .iter()
        .filter_map(|number| message.parts.get(usize::try_from(*number).ok()?))
        .map(|part| format!("{} {:?}", told(part.content_type()), String::from_utf8_lossy(part.contents())))
        .collect();
    let expected: Vec<String> =
        expected.iter().map(|(kind, text)| format!("{kind} {:?}", String::from_utf8_lossy(text))).collect();
    reply.expect_equal("the parts", expected.join(", "), parts.join(", "))
}

/// The bytes of the user data that was answered.
fn bytes(reply: &Reply) -> Result<Vec<u8>, Stop> {
    let text = id_in(reply, ANSWER)?;
    STANDARD.decode(&text).map_err(|error| reply.mismatch(ANSWER, "base64", format!("{text}: {error}")))
}
