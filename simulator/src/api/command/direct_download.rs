//! Certificates of servers that hosts download templates from. They are kept for KVM hosts, and
//! simulated hosts are none, so no host is ever given one.

use super::Behaviour;
use super::certificate::der;
use super::register::{Field, Row, add, list, row, show};
use crate::api::error::ApiError;
use crate::reply::Reply;
use crate::world::kind::Kind;
use crate::world::table::Id;

pub(super) const ROWS: &[Row] = &[Row {
    kind: Kind::DownloadCertificate,
    noun: "TemplateDirectDownloadCertificate",
    fields: &[
        Field::of("alias").from("name"),
        Field::of("zoneid").named("zonename"),
        Field::of("hypervisor"),
        Field::of("certificate").hidden(),
    ],
    hides: &["hasannotations"],
    gone: "Unable to find the certificate with ID {id}",
    check: Some(|world, _, arguments| {
        if !arguments.required("hypervisor").eq_ignore_ascii_case("KVM") {
            return Err(ApiError::runtime("Currently supporting KVM hosts only"));
        }
        let (alias, zone) = (arguments.required("name"), arguments.handle("zoneid"));
        let mut known = world.register.iter(Kind::DownloadCertificate);
        if known.any(|(_, row)| row.name == alias && row.thing("zoneid") == zone) {
            return Err(ApiError::runtime(format!("Certificate alias {alias} has been already created")));
        }
        if der(arguments.required("certificate")).is_none() {
            return Err(ApiError::runtime("The certificate could not be parsed"));
        }
        Ok(())
    }),
    ..Row::PLAIN
}];

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "uploadTemplateDirectDownloadCertificate",
        run: |world, caller, arguments| {
            let row = row(arguments);
            let id = add(world, caller, arguments, row)?;
            show(world, row, id)
        },
        ..Behaviour::PLAIN
    },
    list("listTemplateDirectDownloadCertificates"),
    Behaviour {
        name: "provisionTemplateDirectDownloadCertificate",
        run: |_, _, _| Err(ApiError::runtime("Currently supporting KVM hosts only")),
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "revokeTemplateDirectDownloadCertificate",
        run: |world, _, arguments| {
            let zone = arguments.handle("zoneid");
            let (id, alias) = (arguments.id("id"), arguments.filled("name"));
            if id.is_none() && alias.is_none() {
                return Err(ApiError::invalid("Certificate ID or alias must be specified"));
            }
            let found: Option<Id> = world
                .register
                .iter(Kind::DownloadCertificate)
                .filter(|(_, row)| row.thing("zoneid") == zone)
                .find(|(own, row)| id == Some(*own) || (id.is_none() && alias == Some(&row.name)))
                .map(|(own, _)| own);
            let Some(found) = found else {
                return Err(ApiError::runtime("Certificate does not exist"));
            };
            if arguments.id("hostid").is_none() {
                world.register.remove(Kind::DownloadCertificate, found);
            }
            // One line for each host that had it.
            Ok(Reply::all(Vec::new()))
        },
        ..Behaviour::PLAIN
    },
];
