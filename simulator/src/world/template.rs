//! Guest operating systems, templates and ISOs.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::clock::Moment;
use super::kind::{Handle, Kind};
use super::table::Id;
use super::{Owner, World};

/// A guest operating system.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct GuestSystem {
    /// Its identifier.
    pub uuid: Uuid,
    /// Its name.
    pub description: String,
}

/// A template or an ISO. The row of a removed one stays: its machines go on naming it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Template {
    /// Its identifier.
    pub uuid: Uuid,
    /// Its name.
    pub name: String,
    /// What it is, in a line.
    pub display_text: String,
    /// Whose it is.
    pub owner: Owner,
    /// `SYSTEM`, `BUILTIN` or `USER`.
    pub template_type: String,
    /// `VHD`, `QCOW2`, `ISO` …
    pub format: String,
    /// Whether it is an ISO.
    pub is_iso: bool,
    /// Whether a machine can boot from it.
    pub bootable: bool,
    /// Whether everybody may use it.
    pub is_public: bool,
    /// Whether it is shown first.
    pub is_featured: bool,
    /// Whether it may be downloaded.
    pub extractable: bool,
    /// Whether its machines get a password.
    pub password_enabled: bool,
    /// Whether its machines get a public key.
    pub ssh_key_enabled: bool,
    /// Whether its machines need hardware virtualisation.
    pub requires_hvm: bool,
    /// Whether its machines may grow while they run.
    pub dynamically_scalable: bool,
    /// Whether hosts load it themselves.
    pub direct_download: bool,
    /// Whether it exists in every zone.
    pub cross_zones: bool,
    /// The zones of a template that is not in every zone.
    pub zones: Vec<Id>,
    /// Primary storage that keeps a copy.
    pub pools: Vec<Id>,
    /// The guest operating system.
    pub guest_system: Id,
    /// Bytes.
    pub size: u64,
    /// Bytes on secondary storage, where they are told.
    pub physical_size: Option<u64>,
    /// The checksum that its owner gave.
    pub checksum: Option<String>,
    /// Where it was loaded from.
    pub url: Option<String>,
    /// The template of the volume that it was made from.
    pub source: Option<Id>,
    /// The label of the hosts that its machines need.
    pub tag: Option<String>,
    /// Free details.
    pub details: Vec<(String, String)>,
    /// The accounts that may use it besides its owner.
    pub permitted: Vec<Id>,
    /// Whether machines may be made from it.
    pub ready: bool,
    /// Whether it was removed.
    pub removed: bool,
    /// The user data that is linked to it.
    pub user_data: Option<Id>,
    /// What happens when a machine brings user data too.
    pub user_data_policy: Option<String>,
    /// When it was registered.
    pub created: Moment,
}

impl Template {
    /// A template of a user that nobody else sees, in no zone yet.
    #[must_use]
    pub fn new(name: &str, owner: Owner, guest_system: Id, created: Moment) -> Self {
        Self {
            uuid: Uuid::nil(),
            name: name.to_owned(),
            display_text: name.to_owned(),
            owner,
            template_type: "USER".to_owned(),
            format: "QCOW2".to_owned(),
            is_iso: false,
            bootable: true,
            is_public: false,
            is_featured: false,
            extractable: false,
            password_enabled: false,
            ssh_key_enabled: false,
            requires_hvm: true,
            dynamically_scalable: false,
            direct_download: false,
            cross_zones: false,
            zones: Vec::new(),
            pools: Vec::new(),
            guest_system,
            size: 0,
            physical_size: None,
            checksum: None,
            url: None,
            source: None,
            tag: None,
            details: Vec::new(),
            permitted: Vec::new(),
            ready: false,
            removed: false,
            user_data: None,
            user_data_policy: None,
            created,
        }
    }

    /// Whether it is in a zone.
    #[must_use]
    pub fn is_in(&self, zone: Id) -> bool {
        self.cross_zones || self.zones.contains(&zone)
    }
}

impl World {
    /// Adds a guest operating system.
    pub fn add_guest_system(&mut self, description: &str) -> Id {
        let uuid = self.name_row(Kind::GuestSystem, self.guest_systems.next_id());
        self.guest_systems.insert(GuestSystem { uuid, description: description.to_owned() })
    }

    /// Adds a template or an ISO under a fresh identifier.
    pub fn add_template(&mut self, template: Template) -> Id {
        let uuid = self.name_row(Kind::Template, self.templates.next_id());
        self.templates.insert(Template { uuid, ..template })
    }

    /// A template or an ISO that was not removed.
    #[must_use]
    pub fn template(&self, id: Id) -> Option<&Template> {
        self.templates.get(id).filter(|row| !row.removed)
    }

    /// Removes a template or an ISO from a zone, or altogether; without a zone left it is gone.
    pub fn remove_template(&mut self, id: Id, zone: Option<Id>) {
        let all: Vec<Id> = self.zones.iter().map(|(id, _)| id).collect();
        let Some(row) = self.templates.get_mut(id) else { return };
        let before = if row.cross_zones { all } else { row.zones.clone() };
        row.zones = before.into_iter().filter(|other| zone.is_some_and(|zone| zone != *other)).collect();
        row.cross_zones = false;
        if row.zones.is_empty() {
            row.removed = true;
            self.forget_tags(Handle { kind: Kind::Template, id });
        }
    }

    /// The machines that were made from a template, or have an ISO in their drive, in a zone or in
    /// all, oldest first.
    #[must_use]
    pub fn machines_with(&self, template: Id, zone: Option<Id>) -> Vec<Id> {
        self.virtual_machines
            .iter()
            .filter(|(_, row)| row.template == template || row.iso == Some(template))
            .filter(|(_, row)| zone.is_none_or(|zone| zone == row.zone))
            .map(|(id, _)| id)
            .collect()
    }

    /// Remembers that primary storage keeps a copy of a template.
    pub fn keep_template_on(&mut self, template: Id, pool: Id) {
        if let Some(row) = self.templates.get_mut(template)
            && !row.pools.contains(&pool)
        {
            row.pools.push(pool);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::account::ADMIN;
    use crate::world::preset;

    #[test]
    fn a_template_without_a_zone_left_is_gone_but_still_named() {
        let mut world = preset::install(1, Moment(0));
        let owner = world.owner_of(ADMIN);
        let template = Template { zones: vec![1, 2], ..Template::new("small", owner, 1, Moment(0)) };
        let id = world.add_template(template);
        world.remove_template(id, Some(1));
        assert!(world.template(id).is_some_and(|row| row.is_in(2) && !row.is_in(1)));
        world.remove_template(id, Some(2));
        assert!(world.template(id).is_none());
        assert_eq!(world.templates.get(id).map(|row| row.name.as_str()), Some("small"));
    }
}
