//! Webhooks. They are registered, listed, changed and removed, and no more: nobody is called when something happens.
//! What is sent on request is in [`webhook_delivery`](super::webhook_delivery).

use super::register::{Default, Field, Row, Scope, add, change, delete, list, reachable, row, show};
use super::{Behaviour, acting_owner};
use crate::api::error::{ApiError, Fault};
use crate::api::parameter::Arguments;
use crate::world::World;
use crate::world::account::AccountType;
use crate::world::kind::Kind;
use crate::world::table::Id;

const SCOPES: &[&str] = &["Local", "Domain", "Global"];

pub(super) const ROWS: &[Row] = &[Row {
    kind: Kind::Webhook,
    noun: "Webhook",
    fields: &[
        Field::of("description"),
        Field::of("state")
            .one_of(&["Enabled", "Disabled"], "Invalid state specified")
            .or(Default::Text("Enabled")),
        Field::of("payloadurl"),
        Field::of("secretkey"),
        Field::of("sslverification").or(Default::Flag(false)),
        Field::of("scope").one_of(SCOPES, "Invalid scope specified").or(Default::Text("Local")),
    ],
    hides: &["accountid"],
    scope: Scope::Account,
    gone: "Unable to find the webhook with id {id}",
    ..Row::PLAIN
}];

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "createWebhook",
        run: |world, caller, arguments| {
            let owner = acting_owner(world, caller, arguments)?;
            let account = world.accounts.get(owner.account);
            require_scope(account.map(|row| (row.name.as_str(), row.account_type)), arguments)?;
            let url = require_url(arguments.required("payloadurl"))?;
            require_ssl(&url, arguments)?;
            let same = |(_, record): (Id, &crate::world::register::Record)| {
                record.owner == owner && record.field("payloadurl") == Some(&url)
            };
            if world.register.iter(Kind::Webhook).any(same) {
                return Err(ApiError::invalid(format!(
                    "Payload URL: {url} is already in use by another webhook"
                )));
            }
            let id = add(world, caller, arguments, row(arguments))?;
            finish(world, id, Some(url), arguments);
            show(world, row(arguments), id)
        },
        ..Behaviour::PLAIN
    },
    list("listWebhooks"),
    Behaviour {
        name: "updateWebhook",
        about: Some("id"),
        run: |world, caller, arguments| {
            let id = reachable(world, *caller, row(arguments), arguments)?;
            let owner = world.register.get(Kind::Webhook, id).map(|record| record.owner.account);
            let account = owner.and_then(|owner| world.accounts.get(owner));
            require_scope(account.map(|row| (row.name.as_str(), row.account_type)), arguments)?;
            let url = arguments.filled("payloadurl").map(require_url).transpose()?;
            if let Some(url) = &url {
                require_ssl(url, arguments)?;
            }
            change(world, caller, arguments, row(arguments))?;
            finish(world, id, url, arguments);
            show(world, row(arguments), id)
        },
        ..Behaviour::PLAIN
    },
    delete("deleteWebhook"),
];

/// Refuses a scope that is wider than what the owner administers.
fn require_scope(owner: Option<(&str, AccountType)>, arguments: &Arguments) -> Result<(), ApiError> {
    let Some(sent) = arguments.filled("scope") else { return Ok(()) };
    let Some(scope) = SCOPES.iter().find(|scope| scope.eq_ignore_ascii_case(sent)) else {
        return Err(ApiError::invalid("Invalid scope specified"));
    };
    let (name, account_type) = owner.unwrap_or(("", AccountType::Normal));
    let is_allowed = match *scope {
        "Local" => true,
        "Domain" => account_type != AccountType::Normal,
        _ => account_type == AccountType::Admin,
    };
    if is_allowed {
        return Ok(());
    }
    Err(ApiError::api(530, format!("Scope {scope} can not be specified for owner {name}")))
}

/// A payload URL with its scheme, which may be left out. The host has to resolve, and a simulated
/// cloud has no names but addresses.
pub(super) fn require_url(sent: &str) -> Result<String, ApiError> {
    let refused = |text: String| Err(ApiError::new(Fault::IllegalArgument, text));
    let url = if sent.contains("://") { sent.to_owned() } else { format!("http://{sent}") };
    let (scheme, rest) = url.split_once("://").unwrap_or_default();
    let is_odd = |letter: char| letter.is_whitespace() || "<>\"{}|\\^`".contains(letter);
    if url.chars().any(is_odd) {
        return refused(format!("Invalid URL: {url}"));
    }
    if !["http", "https"].contains(&scheme.to_ascii_lowercase().as_str()) {
        return refused(format!("Unsupported scheme for url: {url}"));
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
    match host.parse::<std::net::Ipv4Addr>() {
        Ok(address)
            if address.is_loopback()
                || address.is_unspecified()
                || address.is_link_local()
                || address.is_multicast() =>
        {
            refused("Illegal host specified in url".to_owned())
        }
        Ok(_) => Ok(url),
        Err(_) if host == "localhost" => refused("Illegal host specified in url".to_owned()),
        Err(_) => refused(format!("Unable to resolve {host}.")),
    }
}

/// Refuses to check certificates where there are none.
fn require_ssl(url: &str, arguments: &Arguments) -> Result<(), ApiError> {
    if arguments.flag("sslverification") && !is_https(url) {
        return Err(ApiError::invalid(format!(
            "SSL verification can be specified only for HTTPS URLs, {url}"
        )));
    }
    Ok(())
}

fn is_https(url: &str) -> bool {
    url.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("https://"))
}

/// Stores the URL as it is called; certificates are checked unless the call says otherwise.
fn finish(world: &mut World, id: Id, url: Option<String>, arguments: &Arguments) {
    let Some(record) = world.register.get_mut(Kind::Webhook, id) else { return };
    let Some(url) = url else { return };
    let checks = is_https(&url) && arguments.maybe_flag("sslverification").unwrap_or(true);
    record.fields.insert("sslverification", checks.into());
    record.fields.insert("payloadurl", url.into());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_others_are_called() {
        for (sent, stored) in [
            ("10.1.2.3/hook", Some("http://10.1.2.3/hook")),
            ("https://10.1.2.3:8443/hook", Some("https://10.1.2.3:8443/hook")),
            ("http://localhost/", None),
            ("http://127.0.0.1/", None),
            ("ftp://10.1.2.3/", None),
            ("http://hooks.example/", None),
            ("bad url", None),
            ("", None),
        ] {
            assert_eq!(require_url(sent).ok().as_deref(), stored, "{sent}");
        }
    }
}
