//! Guest operating systems, templates and ISOs.

use uuid::Uuid;

use super::clock::Moment;
use super::kind::Kind;
use super::table::Id;
use super::{Owner, World};

/// A guest operating system.
#[derive(Debug, Clone)]
pub struct GuestSystem {
    /// Its identifier.
    pub uuid: Uuid,
    /// Its name.
    pub description: String,
}

/// A template or an ISO.
#[derive(Debug, Clone)]
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
    /// Whether everybody may use it.
    pub is_public: bool,
    /// Whether it is shown first.
    pub is_featured: bool,
    /// Whether its machines get a password.
    pub password_enabled: bool,
    /// Whether it exists in every zone.
    pub cross_zones: bool,
    /// The zone of a template that is in one zone only.
    pub zone: Option<Id>,
    /// The guest operating system.
    pub guest_system: Id,
    /// Bytes.
    pub size: u64,
    /// Where it was loaded from.
    pub url: String,
    /// Whether machines may be made from it.
    pub ready: bool,
    /// The user data that is linked to it.
    pub user_data: Option<Id>,
    /// What happens when a machine brings user data too.
    pub user_data_policy: Option<String>,
    /// When it was registered.
    pub created: Moment,
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
}
