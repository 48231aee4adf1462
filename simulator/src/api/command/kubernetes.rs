//! Versions of Kubernetes that clusters may be made of. Each brings an ISO of its own.

use super::register::{Default, Field, Row, add, change, delete, list, reachable, row, show};
use super::{Behaviour, EventTexts};
use crate::api::error::ApiError;
use crate::api::parameter::Arguments;
use crate::reply::Reply;
use crate::world::World;
use crate::world::kind::{Handle, Kind};
use crate::world::register::{Record, Stored};
use crate::world::table::Id;
use crate::world::template::Template;

/// The oldest version that the service works with.
const OLDEST: Version = [1, 11, 0];
/// The first one with more than one control node.
const HIGHLY_AVAILABLE: Version = [1, 16, 0];
/// The first one that scales by itself.
const AUTOSCALING: Version = [1, 15, 0];
/// The least of a node.
const LEAST_CORES: i64 = 2;
/// The least memory of a node in MB.
const LEAST_MEMORY: i64 = 2048;

type Version = [u64; 3];

pub(super) const ROWS: &[Row] = &[Row {
    kind: Kind::KubernetesVersion,
    noun: "KubernetesSupportedVersion",
    fields: &[
        Field::of("semanticversion"),
        Field::of("zoneid").named("zonename").unfiltered(),
        Field::of("isoid").named("isoname"),
        Field::of("arch").or(Default::Text("x86_64")),
        Field::of("mincpunumber"),
        Field::of("minmemory"),
        Field::of("directdownload").or(Default::Flag(false)),
        Field::of("state")
            .one_of(&["Enabled", "Disabled"], "Invalid value for state parameter")
            .or(Default::Text("Enabled")),
    ],
    gone: "Invalid Kubernetes version id specified",
    shows: Some(|world, _, arguments, record| {
        let zone = arguments.handle("zoneid");
        let base = arguments
            .id("minimumkubernetesversionid")
            .and_then(|id| world.register.get(Kind::KubernetesVersion, id))
            .and_then(|record| record.field("semanticversion"));
        let least = arguments.filled("minimumsemanticversion").or(base).and_then(version);
        record.thing("zoneid").is_none_or(|own| zone.is_none_or(|zone| zone == own))
            && least.is_none_or(|least| version_of(record) >= least)
    }),
    extra: Some(|world, _, record, object| {
        let iso = record.thing("isoid").and_then(|iso| world.template(iso.id));
        object.push("isostate", iso.map(|_| "Active"));
        object.push("supportsha", version_of(record) >= HIGHLY_AVAILABLE);
        object.push("supportsautoscaling", version_of(record) >= AUTOSCALING);
    }),
    ..Row::PLAIN
}];

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "addKubernetesSupportedVersion",
        events: Some(EventTexts {
            scheduled: "",
            action: "Adding Kubernetes supported version",
            created: None,
        }),
        run: |world, caller, arguments| {
            require_sound(arguments)?;
            let id = add(world, caller, arguments, row(arguments))?;
            name_it(world, id);
            let iso = add_iso(world, id, arguments);
            if let Some(record) = world.register.get_mut(Kind::KubernetesVersion, id) {
                record.fields.insert("isoid", Handle { kind: Kind::Template, id: iso }.into());
            }
            show(world, row(arguments), id)
        },
        ..Behaviour::PLAIN
    },
    list("listKubernetesSupportedVersions"),
    Behaviour {
        name: "updateKubernetesSupportedVersion",
        about: Some("id"),
        events: Some(EventTexts {
            scheduled: "",
            action: "updating Kubernetes supported version",
            created: None,
        }),
        run: |world, caller, arguments| {
            let id = change(world, caller, arguments, row(arguments))?;
            show(world, row(arguments), id)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        events: Some(EventTexts {
            scheduled: "Deleting Kubernetes supported version {}",
            action: "deleting Kubernetes supported version",
            created: None,
        }),
        run: |world, caller, arguments| {
            let id = reachable(world, *caller, row(arguments), arguments)?;
            let record = world.register.get(Kind::KubernetesVersion, id);
            if let Some(iso) = record.and_then(|record| record.thing("isoid")) {
                world.remove_template(iso.id, None);
            }
            world.register.remove(Kind::KubernetesVersion, id);
            Ok(Reply::SUCCESS)
        },
        ..delete("deleteKubernetesSupportedVersion")
    },
];

/// Refuses versions that the service cannot work with, and nodes that are too small.
fn require_sound(arguments: &Arguments) -> Result<(), ApiError> {
    let sent = arguments.required("semanticversion");
    let Some(found) = version(sent) else {
        return Err(ApiError::parameter(format!(
            "Invalid version format: {sent}. Version must be specified in MAJOR.MINOR.PATCH format"
        )));
    };
    if found < OLDEST {
        let [major, minor, patch] = OLDEST;
        return Err(ApiError::invalid(format!(
            "New supported Kubernetes version cannot be added as {major}.{minor}.{patch} is minimum version \
             supported by Kubernetes Service"
        )));
    }
    if arguments.integer("mincpunumber").is_none_or(|cores| cores < LEAST_CORES) {
        return Err(ApiError::invalid(format!(
            "Invalid value for mincpunumber parameter. Minimum {LEAST_CORES} vCPUs required."
        )));
    }
    if arguments.integer("minmemory").is_none_or(|memory| memory < LEAST_MEMORY) {
        return Err(ApiError::invalid(format!(
            "Invalid value for minmemory parameter. Minimum {LEAST_MEMORY}MB memory required"
        )));
    }
    let url = arguments.filled("url");
    if !url.is_some_and(|url| ["http://", "https://"].iter().any(|scheme| url.starts_with(scheme))) {
        let url = url.unwrap_or("null");
        return Err(ApiError::invalid(format!("Invalid URL for ISO specified, {url}")));
    }
    Ok(())
}

/// Refuses to go back to an older version, or to leave one out in between.
pub(super) fn require_upgrade(
    world: &World,
    from: Option<Handle>,
    to: Option<Handle>,
) -> Result<(), ApiError> {
    let of = |thing: Option<Handle>| {
        thing.and_then(|thing| world.register.get(thing.kind, thing.id)).map(version_of).unwrap_or_default()
    };
    let ([major, minor, _], wanted) = (of(from), of(to));
    if wanted < of(from) {
        return Err(ApiError::invalid("Kubernetes cluster can not be downgraded"));
    }
    if wanted[0] != major || wanted[1] > minor + 1 {
        return Err(ApiError::invalid(format!(
            "Kubernetes cluster can be upgraded by one minor version only, from {major}.{minor} to {}.{}",
            wanted[0], wanted[1]
        )));
    }
    Ok(())
}

/// Gives a version its name where the call has none.
fn name_it(world: &mut World, id: Id) {
    let Some(record) = world.register.get(Kind::KubernetesVersion, id) else { return };
    if !record.name.is_empty() {
        return;
    }
    let version = record.field("semanticversion").unwrap_or_default();
    let zone = record.thing("zoneid").and_then(|zone| world.name_of(zone));
    let name = zone.map_or_else(|| format!("v{version}"), |zone| format!("v{version}-{zone}"));
    if let Some(record) = world.register.get_mut(Kind::KubernetesVersion, id) {
        record.name = name;
    }
}

/// The ISO with the binaries of a version.
fn add_iso(world: &mut World, id: Id, arguments: &Arguments) -> Id {
    let record = world.register.get(Kind::KubernetesVersion, id);
    let zone = record.and_then(|record| record.thing("zoneid")).map(|zone| zone.id);
    let name =
        format!("{}-Kubernetes-Binaries-ISO", record.map(|record| record.name.as_str()).unwrap_or_default());
    let owner = world.owner_of(crate::world::account::SYSTEM);
    world.add_template(Template {
        format: "ISO".to_owned(),
        is_iso: true,
        bootable: false,
        is_public: true,
        zones: zone.into_iter().collect(),
        cross_zones: zone.is_none(),
        direct_download: arguments.flag("directdownload"),
        checksum: arguments.filled("checksum").map(str::to_owned),
        url: arguments.filled("url").map(str::to_owned),
        ready: true,
        ..Template::new(&name, owner, 0, world.now)
    })
}

/// A version of three numbers; what follows a `-` says nothing.
fn version(text: &str) -> Option<Version> {
    let numbers = text.split('-').next().unwrap_or_default();
    let parts: Vec<u64> = numbers.split('.').map(str::parse).collect::<Result<_, _>>().ok()?;
    parts.try_into().ok()
}

fn version_of(record: &Record) -> Version {
    let text = match record.fields.get("semanticversion") {
        Some(Stored::Text(text)) => text.as_str(),
        _ => "",
    };
    version(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_number() {
        assert!(version("1.9.3") < version("1.16.0") && version("1.16.0-rc1") == Some([1, 16, 0]));
        for wrong in ["", "1", "1.2", "1.2.x", "1.2.3.4", "v1.2.3"] {
            assert_eq!(version(wrong), None, "{wrong}");
        }
    }
}
