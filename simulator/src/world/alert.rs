//! Alerts: what an administrator should know.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::World;
use super::clock::Moment;
use super::kind::Kind;
use super::table::Id;

/// An alert.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Alert {
    /// Its identifier.
    pub uuid: Uuid,
    /// The number of its type.
    pub alert_type: i64,
    /// The name of its type.
    pub name: String,
    /// What happened.
    pub description: String,
    /// When it was sent.
    pub sent: Moment,
    /// Whether it is out of sight.
    pub archived: bool,
}

/// The types that the server raises itself.
pub const DEFAULT_TYPES: &[(i64, &str)] = &[
    (0, "ALERT.MEMORY"),
    (1, "ALERT.CPU"),
    (2, "ALERT.STORAGE"),
    (3, "ALERT.STORAGE.ALLOCATED"),
    (4, "ALERT.NETWORK.PUBLICIP"),
    (5, "ALERT.NETWORK.PRIVATEIP"),
    (6, "ALERT.STORAGE.SECONDARY"),
    (7, "ALERT.COMPUTE.HOST"),
    (8, "ALERT.USERVM"),
    (9, "ALERT.SERVICE.DOMAINROUTER"),
    (10, "ALERT.SERVICE.CONSOLEPROXY"),
    (11, "ALERT.NETWORK.ROUTING"),
    (12, "ALERT.STORAGE.MISC"),
    (13, "ALERT.USAGE"),
    (14, "ALERT.MANAGEMENT"),
    (15, "ALERT.NETWORK.DOMAINROUTERMIGRATE"),
    (16, "ALERT.SERVICE.CONSOLEPROXYMIGRATE"),
    (17, "ALERT.USERVM.MIGRATE"),
    (18, "ALERT.NETWORK.VLAN"),
    (19, "ALERT.SERVICE.SSVM"),
    (20, "ALERT.USAGE.RESULT"),
    (21, "ALERT.STORAGE.DELETE"),
    (22, "ALERT.RESOURCE.COUNT"),
    (23, "ALERT.USAGE.SANITY"),
    (24, "ALERT.NETWORK.DIRECTPUBLICIP"),
    (25, "ALERT.STORAGE.LOCAL"),
    (26, "ALERT.RESOURCE.EXCEED"),
    (27, "ALERT.TYPE.SYNC"),
    (28, "ALERT.UPLOAD.FAILED"),
    (29, "ALERT.OOBM.AUTHERROR"),
    (30, "ALERT.HA.ACTION"),
    (31, "ALERT.CA.CERT"),
];

impl World {
    /// Raises an alert.
    pub fn raise_alert(&mut self, alert_type: i64, name: &str, description: &str) -> Id {
        let uuid = self.name_row(Kind::Alert, self.alerts.next_id());
        let sent = self.now;
        let (name, description) = (name.to_owned(), description.to_owned());
        self.alerts.insert(Alert { uuid, alert_type, name, description, sent, archived: false })
    }
}
