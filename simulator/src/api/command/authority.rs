//! The authority that certifies hosts. Its certificates have the form of X.509 and say whom they
//! are for; there is no key behind them, so the numbers in them are drawn and nothing can be
//! verified by them.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha512};

use super::host::host;
use super::{Behaviour, EventTexts};
use crate::api::error::ApiError;
use crate::api::parameter::Arguments;
use crate::reply::{Object, Reply};
use crate::world::World;
use crate::world::clock::Moment;
use crate::world::host::HostStatus;

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        name: "listCAProviders",
        run: |_, _, arguments| {
            let is_named = arguments.filled("name").is_none_or(|name| name.eq_ignore_ascii_case(ROOT));
            let root =
                Object::new().with("name", ROOT).with("description", "CloudStack's Root CA provider plugin");
            Ok(Reply::all(is_named.then_some(root).into_iter().collect()))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "listCaCertificate",
        run: |world, _, arguments| {
            require_provider(arguments)?;
            Ok(Reply::Object(Object::new().with("cacertificates", root_certificate(world))))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "issueCertificate",
        events: Some(EventTexts::of("issuing certificate")),
        run: |world, _, arguments| {
            require_provider(arguments)?;
            let request = arguments.filled("csr");
            if request.is_none() && arguments.filled("domain").is_none() {
                return Err(ApiError::parameter(
                    "Please provide the domains or the CSR, none of them are provided",
                ));
            }
            let days = arguments.integer("duration").unwrap_or(DAYS);
            if days < 1 {
                return Err(ApiError::parameter("Certificate validity duration must be a positive number"));
            }
            let subject = arguments.filled("domain").and_then(|names| names.split(',').next());
            let numbers: [u8; SERIAL + 2 * MODULUS] = world.ids.bytes();
            let until = world.now.plus_seconds(days.saturating_mul(86_400));
            let certificate = certificate(ISSUER, subject.unwrap_or(ISSUER), (world.now, until), &numbers);
            // Who sends a request has the key already.
            let key = request.is_none().then(|| {
                let numbers: [u8; KEY] = world.ids.bytes();
                pem("RSA PRIVATE KEY", &sequence(&[&integer(&[0]), &integer(&numbers)]))
            });
            Ok(Reply::Object(
                Object::new()
                    .with("certificate", pem("CERTIFICATE", &certificate))
                    .with("privatekey", key)
                    .with("cacertificates", root_certificate(world)),
            ))
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "provisionCertificate",
        about: Some("hostid"),
        events: Some(EventTexts::of("provisioning certificate for host")),
        run: |world, _, arguments| {
            require_provider(arguments)?;
            let (_, row) = host(world, arguments, "hostid")?;
            if row.status != HostStatus::Up {
                return Err(ApiError::runtime(format!(
                    "Failed to setup keystore and generate CSR on host {}: the agent is not connected",
                    row.name
                )));
            }
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
    Behaviour {
        name: "revokeCertificate",
        events: Some(EventTexts::of("revoking certificate")),
        run: |_, _, arguments| {
            require_provider(arguments)?;
            let serial = arguments.required("serial");
            if serial.is_empty() || !serial.chars().all(|letter| letter.is_ascii_hexdigit()) {
                return Err(ApiError::parameter(format!(
                    "Certificate serial must be a hexadecimal number: {serial}"
                )));
            }
            Ok(Reply::SUCCESS)
        },
        ..Behaviour::PLAIN
    },
];

/// The only provider.
const ROOT: &str = "root";
/// Who signs.
const ISSUER: &str = "ca.cloudstack.apache.org";
/// How long a certificate is good for, unless the call says otherwise (`ca.framework.cert.validity.period`).
const DAYS: i64 = 365;
/// Bytes of a serial number.
const SERIAL: usize = 8;
/// Bytes of the modulus of a key of 2048 bits, and of what it signs.
const MODULUS: usize = 256;
/// Bytes of the numbers of a private key.
const KEY: usize = 1024;

/// The algorithm `sha256WithRSAEncryption`, 1.2.840.113549.1.1.11, as DER.
const SHA256_WITH_RSA: &[u8] = b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b\x05\x00";
/// The algorithm `rsaEncryption`, 1.2.840.113549.1.1.1, as DER.
const RSA: &[u8] = b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00";
/// The attribute `commonName`, 2.5.4.3, as DER.
const COMMON_NAME: &[u8] = b"\x06\x03\x55\x04\x03";
/// The version of certificates, 3, as DER.
const VERSION: &[u8] = b"\xa0\x03\x02\x01\x02";

fn require_provider(arguments: &Arguments) -> Result<(), ApiError> {
    match arguments.filled("provider") {
        Some(other) if !other.eq_ignore_ascii_case(ROOT) => {
            Err(ApiError::runtime(format!("Failed to find provider by name: {other}")))
        }
        _ => Ok(()),
    }
}

/// The certificate of the authority itself, the same for as long as the server is the same.
fn root_certificate(world: &World) -> String {
    let mut numbers = Vec::new();
    let mut round: u8 = 0;
    while numbers.len() < SERIAL + 2 * MODULUS {
        let digest = Sha512::new().chain_update(world.management_server.as_bytes()).chain_update([round]);
        numbers.extend(digest.finalize());
        round += 1;
    }
    let begin = world.accounts.get(crate::world::account::SYSTEM).map(|row| row.created).unwrap_or_default();
    let until = begin.plus_seconds(30 * 365 * 86_400);
    pem("CERTIFICATE", &certificate(ISSUER, ISSUER, (begin, until), &numbers))
}

/// A certificate (RFC 5280, 4.1) with drawn numbers: the serial, the modulus, the signature.
fn certificate(issuer: &str, subject: &str, validity: (Moment, Moment), numbers: &[u8]) -> Vec<u8> {
    let (serial, rest) = numbers.split_at(SERIAL.min(numbers.len()));
    let (modulus, signature) = rest.split_at(MODULUS.min(rest.len()));
    let key = sequence(&[&integer(modulus), &integer(&[1, 0, 1])]);
    let content = sequence(&[
        VERSION,
        &integer(serial),
        SHA256_WITH_RSA,
        &name(issuer),
        &sequence(&[&utc_time(validity.0), &utc_time(validity.1)]),
        &name(subject),
        &sequence(&[RSA, &bit_string(&key)]),
    ]);
    sequence(&[&content, SHA256_WITH_RSA, &bit_string(&signature[..MODULUS.min(signature.len())])])
}

/// A tag, a length and the content.
fn tagged(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let octets = content.len().to_be_bytes();
    let length: Vec<u8> = octets.into_iter().skip_while(|octet| *octet == 0).collect();
    let head = match content.len() {
        0..0x80 => vec![tag, length.first().copied().unwrap_or(0)],
        _ => [&[tag, 0x80 | length.len().to_le_bytes()[0]][..], &length].concat(),
    };
    [head, content].concat()
}

fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    tagged(0x30, parts)
}

/// A number that is not negative.
fn integer(bytes: &[u8]) -> Vec<u8> {
    let sign: &[u8] = if bytes.first().is_some_and(|first| *first >= 0x80) { &[0] } else { &[] };
    tagged(0x02, &[sign, bytes])
}

fn bit_string(bytes: &[u8]) -> Vec<u8> {
    tagged(0x03, &[&[0], bytes])
}

/// A distinguished name of a common name only.
fn name(common: &str) -> Vec<u8> {
    let attribute = sequence(&[COMMON_NAME, &tagged(0x0c, &[common.as_bytes()])]);
    sequence(&[&tagged(0x31, &[&attribute])])
}

/// A point in time: two digits for the year, and no dashes and colons.
fn utc_time(moment: Moment) -> Vec<u8> {
    let text = moment.to_string();
    let digits: String =
        text.split('+').next().unwrap_or_default().chars().filter(char::is_ascii_digit).collect();
    tagged(0x17, &[digits.get(2..).unwrap_or_default().as_bytes(), b"Z"])
}

/// Bytes in a frame, 64 letters a line.
fn pem(label: &str, bytes: &[u8]) -> String {
    let mut text = format!("-----BEGIN {label}-----\n");
    for line in STANDARD.encode(bytes).as_bytes().chunks(64) {
        let _ = writeln!(text, "{}", String::from_utf8_lossy(line));
    }
    let _ = writeln!(text, "-----END {label}-----");
    text
}

#[cfg(test)]
mod tests {
    use super::super::certificate::der;
    use super::*;

    #[test]
    fn a_certificate_has_the_form_that_is_read_for_balancers() {
        let numbers = [0x91; SERIAL + 2 * MODULUS];
        let made = certificate(ISSUER, "host.example", (Moment(0), Moment(86_400_000)), &numbers);
        assert_eq!(der(&pem("CERTIFICATE", &made)), Some(made.clone()));
        let holds = |wanted: &[u8]| made.windows(wanted.len()).any(|window| window == wanted);
        assert!(holds(b"host.example") && holds(b"700101000000Z") && holds(b"700102000000Z"));
    }

    #[test]
    fn lengths_are_as_short_as_they_can_be() {
        assert_eq!(tagged(4, &[]), [4, 0]);
        assert_eq!(tagged(4, &[&[0; 127]])[..2], [4, 127]);
        assert_eq!(tagged(4, &[&[0; 128]])[..3], [4, 0x81, 128]);
        assert_eq!(tagged(4, &[&[0; 256]])[..4], [4, 0x82, 1, 0]);
    }
}
