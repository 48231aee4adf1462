//! Object stores and the buckets in them.

use super::register::{
    Default, Field, Row, Scope, change, create, create_then_show, delete, list, reachable, row, update,
};
use super::{Behaviour, EventTexts};
use crate::api::error::ApiError;
use crate::api::parameter::Arguments;
use crate::reply::Reply;
use crate::world::World;
use crate::world::kind::Kind;

/// The software that a server can talk to.
const PROVIDERS: &[&str] = &["Simulator", "MinIO", "Ceph", "Cloudian HyperStore"];

/// Bytes in a gibibyte.
const GIBIBYTE: i64 = 1 << 30;

pub(super) const ROWS: &[Row] = &[
    Row {
        kind: Kind::ObjectStore,
        noun: "ObjectStoragePool",
        fields: &[Field::of("url"), Field::of("providername").from("provider"), Field::of("size").hidden()],
        gone: "Unable to find object store with ID: {id}",
        check: Some(|world, _, arguments| {
            let provider = arguments.required("provider");
            if !PROVIDERS.iter().any(|known| known.eq_ignore_ascii_case(provider)) {
                return Err(ApiError::invalid(format!("can't find object store provider: {provider}")));
            }
            require_url(world, arguments, arguments.required("url"))
        }),
        in_use: Some(|world, store| {
            if world.register.naming(Kind::Bucket, "objectstorageid", store).next().is_some() {
                return Err(ApiError::invalid("Cannot delete object store with buckets"));
            }
            Ok(())
        }),
        extra: Some(|world, store, record, object| {
            let quotas = world
                .register
                .naming(Kind::Bucket, "objectstorageid", store)
                .filter_map(|bucket| world.register.get(Kind::Bucket, bucket));
            let allocated: i64 = quotas.fold(0, |all: i64, bucket| {
                all.saturating_add(bucket.number("quota").saturating_mul(GIBIBYTE))
            });
            let size = record.number("size");
            object.push("storagetotal", (size > 0).then(|| size.saturating_mul(GIBIBYTE)));
            object.push("storageallocated", allocated);
            object.push("storageused", 0);
        }),
        ..Row::PLAIN
    },
    Row {
        kind: Kind::Bucket,
        noun: "Bucket",
        fields: &[
            Field::of("objectstorageid").named("objectstore").unfiltered(),
            Field::of("size").or(Default::Number(0)),
            Field::of("state").or(Default::Text("Created")),
            Field::of("quota"),
            Field::of("encryption").or(Default::Flag(false)),
            Field::of("versioning").or(Default::Flag(false)),
            Field::of("objectlocking").or(Default::Flag(false)),
            Field::of("policy")
                .one_of(&["private", "public"], "Invalid bucket policy: {value}")
                .or(Default::Text("private")),
        ],
        hides: &["accountid"],
        scope: Scope::Account,
        gone: "Unable to find bucket with ID: {id}",
        check: Some(|world, _, arguments| {
            let name = arguments.required("name");
            require_bucket_name(name)?;
            require_quota(arguments)?;
            // Buckets of a store are called by their names alone.
            let store = arguments.handle("objectstorageid");
            let is_same = |(_, record): (_, &crate::world::register::Record)| {
                record.name == name && record.thing("objectstorageid") == store
            };
            if world.register.iter(Kind::Bucket).any(is_same) {
                return Err(ApiError::invalid(format!("Bucket with name {name} already exists")));
            }
            Ok(())
        }),
        extra: Some(|world, _, record, object| {
            let store = record.thing("objectstorageid");
            let store = store.and_then(|store| world.register.get(store.kind, store.id));
            let url = store.and_then(|store| store.field("url")).unwrap_or_default();
            object.push("url", format!("{}/{}", url.trim_end_matches('/'), record.name));
            object.push("provider", store.and_then(|store| store.field("providername")));
            object.push("tags", Vec::<crate::reply::Object>::new());
        }),
        ..Row::PLAIN
    },
];

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        events: Some(EventTexts { scheduled: "", action: "creating object storage", created: None }),
        ..create("addObjectStoragePool")
    },
    list("listObjectStoragePools"),
    Behaviour {
        events: Some(EventTexts { scheduled: "", action: "updating object storage", created: None }),
        run: |world, caller, arguments| {
            if let Some(url) = arguments.filled("url") {
                require_url(world, arguments, url)?;
            }
            let id = change(world, caller, arguments, row(arguments))?;
            super::register::show(world, row(arguments), id)
        },
        ..update("updateObjectStoragePool")
    },
    Behaviour {
        events: Some(EventTexts { scheduled: "", action: "deleting object storage", created: None }),
        ..delete("deleteObjectStoragePool")
    },
    Behaviour {
        events: Some(EventTexts {
            scheduled: "creating bucket: {}",
            action: "creating bucket",
            created: Some("creating bucket"),
        }),
        ..create_then_show("createBucket")
    },
    list("listBuckets"),
    Behaviour {
        events: Some(EventTexts { scheduled: "", action: "updating bucket", created: None }),
        run: |world, caller, arguments| {
            require_quota(arguments)?;
            change(world, caller, arguments, row(arguments))?;
            Ok(Reply::SUCCESS)
        },
        ..update("updateBucket")
    },
    Behaviour {
        events: Some(EventTexts { scheduled: "", action: "deleting bucket", created: None }),
        run: |world, caller, arguments| {
            let id = reachable(world, *caller, row(arguments), arguments)?;
            world.register.remove(Kind::Bucket, id);
            Ok(Reply::SUCCESS)
        },
        ..delete("deleteBucket")
    },
];

/// Refuses what is no URL, and one that another store has.
fn require_url(world: &World, arguments: &Arguments, url: &str) -> Result<(), ApiError> {
    let host = url.split_once("://").filter(|(scheme, _)| ["http", "https"].contains(scheme));
    if !host.is_some_and(|(_, host)| !host.is_empty() && !host.contains(char::is_whitespace)) {
        return Err(ApiError::invalid(format!("{url} is not a valid URL")));
    }
    let own = arguments.command().param("id").and_then(|_| arguments.id("id"));
    let is_same = |(id, record): (_, &crate::world::register::Record)| {
        record.field("url") == Some(url) && own != Some(id)
    };
    if world.register.iter(Kind::ObjectStore).any(is_same) {
        return Err(ApiError::invalid(format!("Object store with url {url} already exists")));
    }
    Ok(())
}

fn require_quota(arguments: &Arguments) -> Result<(), ApiError> {
    if arguments.integer("quota").is_some_and(|quota| quota < 0) {
        return Err(ApiError::invalid("Bucket quota must be a positive number"));
    }
    Ok(())
}

/// Refuses names that object stores do not take.
fn require_bucket_name(name: &str) -> Result<(), ApiError> {
    let refused = |text: &str| Err(ApiError::invalid(text));
    let edge = |letter: Option<char>| letter.is_some_and(|letter| letter == '-' || letter == '.');
    if !(3..=63).contains(&name.chars().count()) {
        return refused("Bucket name should be between 3 and 63 characters long");
    }
    if name.chars().any(|letter| letter.is_ascii_uppercase()) {
        return refused("Bucket name should not contain uppercase characters");
    }
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '.';
    if !name.chars().all(is_plain) {
        return refused("Bucket name should only contain lowercase letters, numbers, dots and hyphens");
    }
    if edge(name.chars().next()) || edge(name.chars().last()) || name.contains("..") {
        return refused("Bucket name should begin and end with a letter or a number");
    }
    if name.parse::<std::net::Ipv4Addr>().is_ok() {
        return refused("Bucket name must not be formatted as an IP Address");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bucket_names_are_those_of_hosts() {
        assert!(require_bucket_name("my-bucket.1").is_ok());
        for wrong in ["ab", "My-bucket", "a_b", "-ab", "a..b", "10.1.2.3", &"a".repeat(64)] {
            assert!(require_bucket_name(wrong).is_err(), "{wrong}");
        }
    }
}
