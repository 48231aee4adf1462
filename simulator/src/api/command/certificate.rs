//! Certificates of load balancers. What is in them is not looked at beyond the form: blocks of
//! PEM around something that begins and ends as DER says.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha512};

use super::load_balancer::balancer;
use super::register::{Field, Row, Scope, add, delete, row, show, shown};
use super::{Behaviour, EventTexts};
use crate::api::error::{ApiError, Fault};
use crate::reply::Reply;
use crate::world::World;
use crate::world::kind::Kind;
use crate::world::table::Id;

pub(super) const ROWS: &[Row] = &[Row {
    kind: Kind::SslCertificate,
    noun: "SslCert",
    fields: &[
        Field::of("certificate"),
        Field::of("certchain"),
        Field::of("privatekey").hidden(),
        Field::of("fingerprint"),
    ],
    hides: &["accountid"],
    scope: Scope::Account,
    gone: "Invalid certificate id: {id}",
    in_use: Some(|world, certificate| {
        let used: Vec<String> = balancers(world, certificate.id).collect();
        if used.is_empty() {
            return Ok(());
        }
        Err(ApiError::runtime(format!("Certificate in use by a loadbalancer(s){}", used.join(","))))
    }),
    extra: Some(|world, certificate, _, object| {
        let used: Vec<String> = balancers(world, certificate.id).collect();
        if !used.is_empty() {
            object.push("loadbalancerrulelist", used);
        }
    }),
    ..Row::PLAIN
}];

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "uploadSslCert",
        run: |world, caller, arguments| {
            // The real server's reader has no words for what is no PEM (API-ERR-032).
            let unreadable = || ApiError { text: None, ..ApiError::api(530, "") };
            let certificate = der(arguments.required("certificate")).ok_or_else(unreadable)?;
            der(arguments.required("privatekey")).ok_or_else(unreadable)?;
            let row = row(arguments);
            let id = add(world, caller, arguments, row)?;
            if let Some(record) = world.register.get_mut(row.kind, id) {
                record.fields.insert("fingerprint", fingerprint(&certificate).into());
            }
            show(world, row, id)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "listSslCerts",
        run: |world, caller, arguments| {
            if !["certid", "accountid", "lbruleid", "projectid"].iter().any(|name| arguments.has(name)) {
                return Err(ApiError::new(
                    Fault::AddressCapacity,
                    "Invalid parameters either certificate ID or Account ID or Loadbalancer ID or Project ID required",
                ));
            }
            let row = row(arguments);
            let of_balancer = arguments.id("lbruleid").map(|rule| bound(world, rule));
            let of_project =
                arguments.id("projectid").and_then(|id| world.projects.get(id)).map(|row| row.account);
            let account = arguments.id("accountid").or(of_project);
            // This list has no pages.
            let matches = world
                .register
                .iter(row.kind)
                .filter(|(_, record)| caller.reaches(world, record.owner))
                .filter(|(id, _)| !arguments.has("certid") || arguments.id("certid") == Some(*id))
                .filter(|(id, _)| of_balancer.is_none_or(|bound| bound == Some(*id)))
                .filter(|(_, record)| account.is_none_or(|account| record.owner.account == account))
                .map(|(id, _)| shown(world, row, id));
            Ok(Reply::all(matches.collect()))
        },
        ..Behaviour::PLAIN
    },
    delete("deleteSslCert"),
    Behaviour {
        name: "assignCertToLoadBalancer",
        about: Some("lbruleid"),
        events: Some(EventTexts::of("Assigning a certificate to a load balancer")),
        run: |world, _, arguments| {
            let (rule, row) = balancer(world, arguments, "lbruleid")?;
            let certificate = arguments.id("certid").unwrap_or_default();
            if world.register.get(Kind::SslCertificate, certificate).is_none() {
                return Err(ApiError::invalid(format!("Invalid certificate id: {certificate}")));
            }
            let balancing = row.balancing.as_ref();
            if balancing.and_then(|one| one.protocol.as_deref()) != Some("ssl") {
                return Err(ApiError::invalid("Ssl termination not supported by the loadbalancer"));
            }
            if bound(world, rule).is_some() && !arguments.flag("forced") {
                return Err(ApiError::invalid("Another certificate is already bound to the LB"));
            }
            bind(world, rule, Some(certificate));
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "removeCertFromLoadBalancer",
        about: Some("lbruleid"),
        events: Some(EventTexts::of("Removing a certificate from a load balancer")),
        run: |world, _, arguments| {
            let (rule, _) = balancer(world, arguments, "lbruleid")?;
            if bound(world, rule).is_none() {
                return Err(ApiError::invalid(format!("No certificate is bound to lb with id: {rule}")));
            }
            bind(world, rule, None);
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
];

/// The load balancers that show a certificate.
fn balancers(world: &World, certificate: Id) -> impl Iterator<Item = String> {
    let rules = world.firewall_rules.iter().map(|(_, row)| row);
    let showing = rules.filter(move |row| {
        row.balancing.as_ref().is_some_and(|balancing| balancing.certificate == Some(certificate))
    });
    showing.map(|row| row.uuid.to_string())
}

/// The certificate that a load balancer shows.
fn bound(world: &World, rule: Id) -> Option<Id> {
    world.firewall_rules.get(rule)?.balancing.as_ref()?.certificate
}

fn bind(world: &mut World, rule: Id, certificate: Option<Id>) {
    if let Some(balancing) = world.firewall_rules.get_mut(rule).and_then(|row| row.balancing.as_mut()) {
        balancing.certificate = certificate;
    }
}

/// What is in the first block of a PEM text: one sequence of DER, whole and nothing else.
pub(super) fn der(pem: &str) -> Option<Vec<u8>> {
    let (_, rest) = pem.split_once("-----BEGIN ")?;
    let (_, rest) = rest.split_once("-----")?;
    let (body, _) = rest.split_once("-----END ")?;
    let text: String = body.chars().filter(|letter| !letter.is_whitespace()).collect();
    let bytes = STANDARD.decode(text).ok()?;
    is_sequence(&bytes).then_some(bytes)
}

/// Whether bytes are one sequence in DER, by its tag and length.
fn is_sequence(bytes: &[u8]) -> bool {
    let [0x30, first, rest @ ..] = bytes else { return false };
    if *first < 0x80 {
        return rest.len() == usize::from(*first);
    }
    let octets = usize::from(first & 0x7f);
    let Some((length, content)) = rest.split_at_checked(octets) else { return false };
    let told =
        length.iter().try_fold(0usize, |sum, octet| sum.checked_mul(256)?.checked_add((*octet).into()));
    octets > 0 && told == Some(content.len())
}

/// The fingerprint of a certificate: its SHA-512 in pairs of capital digits (upstream's
/// `CertServiceImpl.generateFingerPrint`).
fn fingerprint(certificate: &[u8]) -> String {
    let pairs: Vec<String> = Sha512::digest(certificate).iter().map(|byte| format!("{byte:02X}")).collect();
    pairs.join(":")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_sequence_is_read() {
        let pem = |bytes: &[u8]| {
            format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", STANDARD.encode(bytes))
        };
        let long = [&[0x30, 0x81, 0x80][..], &[0; 128]].concat();
        assert_eq!(der(&pem(&[0x30, 2, 1, 2])), Some(vec![0x30, 2, 1, 2]));
        assert_eq!(der(&pem(&long)), Some(long));
        for wrong in [&[0x30, 3, 1, 2][..], &[0x31, 0], &[0x30], &[0x30, 0x80], &[0x30, 0x82, 1], &[]] {
            assert_eq!(der(&pem(wrong)), None, "{wrong:?}");
        }
        assert_eq!(der("not a cert"), None);
        assert_eq!(fingerprint(b"x").len(), 64 * 3 - 1);
    }
}
