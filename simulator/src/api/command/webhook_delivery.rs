//! What was sent for webhooks, on request only. A simulated cloud calls nobody, so every delivery
//! fails as if the other side did not answer.

use super::Behaviour;
use super::register::{Default, Field, Row};
use super::webhook::require_url;
use crate::api::caller::Caller;
use crate::api::error::ApiError;
use crate::api::listing;
use crate::api::parameter::Arguments;
use crate::reply::{Object, Reply};
use crate::world::World;
use crate::world::clock::Moment;
use crate::world::kind::Kind;
use crate::world::register::{Fields, Record, Stored};
use crate::world::table::Id;

/// The type of event of a delivery that somebody asks for.
const TEST: &str = "TEST.WEBHOOK";

/// How deliveries are shown.
const ROW: Row = Row {
    kind: Kind::WebhookDelivery,
    noun: "WebhookDelivery",
    fields: &[
        Field::of("eventtype").or(Default::Text(TEST)),
        Field::of("webhookid").named("webhookname"),
        Field::of("headers").or(Default::Text("")),
        Field::of("payload"),
        Field::of("success").or(Default::Flag(false)),
        Field::of("response"),
    ],
    gone: "Unable to find the webhook delivery with id {id}",
    extra: Some(|world, _, record, object| {
        object.push("managementserverid", world.management_server);
        object.push("managementservername", "localhost");
        object.push("startdate", record.created);
        object.push("enddate", record.created);
    }),
    ..Row::PLAIN
};

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "executeWebhookDelivery",
        run: |world, caller, arguments| {
            let again = arguments.id("id").and_then(|id| world.register.get(Kind::WebhookDelivery, id));
            let webhook = again.and_then(|row| row.thing("webhookid")).or(arguments.handle("webhookid"));
            let payload = arguments.filled("payload").or(again.and_then(|row| row.field("payload")));
            let payload = payload.unwrap_or_default().to_owned();
            if let Some(url) = arguments.filled("payloadurl") {
                require_url(url)?;
            } else if webhook.is_none() {
                return Err(ApiError::invalid(
                    "One of the parameters id, webhookid or payloadurl must be specified",
                ));
            }
            let hook = webhook.and_then(|hook| world.register.get(hook.kind, hook.id));
            if hook.is_some_and(|hook| !caller.reaches(world, hook.owner)) {
                return Err(ApiError::permission(
                    "Caller does not have permission to operate with provided resource.",
                ));
            }
            let owner = hook.map_or(caller.owner(), |hook| hook.owner);
            let mut fields = Fields::from_iter([
                ("eventtype", Stored::from(TEST)),
                ("payload", payload.into()),
                ("headers", "".into()),
                ("success", false.into()),
                ("response", "Connection refused".into()),
            ]);
            if let Some(webhook) = webhook {
                fields.insert("webhookid", webhook.into());
            }
            let id = world.add_record(Kind::WebhookDelivery, owner, "", fields);
            let shown = shown(world, id);
            // What belongs to no webhook is not kept.
            if webhook.is_none() {
                world.register.remove(Kind::WebhookDelivery, id);
            }
            Ok(Reply::Object(shown))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "listWebhookDeliveries",
        run: |world, caller, arguments| {
            let kind = arguments.filled("eventtype");
            let mut matches = matching(world, *caller, arguments);
            matches.retain(|id| {
                let row = world.register.get(Kind::WebhookDelivery, *id);
                kind.is_none_or(|kind| row.and_then(|row| row.field("eventtype")) == Some(kind))
            });
            listing::page(world, arguments, matches, |id| shown(world, id))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "deleteWebhookDelivery",
        run: |world, caller, arguments| {
            for id in matching(world, *caller, arguments) {
                world.register.remove(Kind::WebhookDelivery, id);
            }
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
];

/// A delivery as its list shows it.
fn shown(world: &World, id: Id) -> Object {
    super::register::shown(world, &ROW, id)
}

/// The deliveries that parameters ask for, of webhooks within reach, youngest first.
fn matching(world: &World, caller: Caller, arguments: &Arguments) -> Vec<Id> {
    let (id, webhook) = (arguments.id("id"), arguments.handle("webhookid"));
    let (from, until): (Option<Moment>, Option<Moment>) =
        (arguments.date("startdate"), arguments.date("enddate"));
    let server = arguments.sent("managementserverid");
    let is_meant = |(own, row): &(Id, &Record)| {
        caller.reaches(world, row.owner)
            && (!arguments.has("id") || id == Some(*own))
            && (!arguments.has("webhookid") || row.thing("webhookid") == webhook)
            && from.is_none_or(|from| row.created >= from)
            && until.is_none_or(|until| row.created <= until)
            && server.is_none_or(|server| server == world.management_server.to_string())
    };
    let mut found: Vec<Id> =
        world.register.iter(Kind::WebhookDelivery).filter(is_meant).map(|(id, _)| id).collect();
    found.reverse();
    found
}
