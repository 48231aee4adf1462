//! Public keys.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};

use super::register::{Field, Row, Scope, add, create, delete, list, named, row, shown};
use super::{Behaviour, acting_owner};
use crate::api::error::ApiError;
use crate::reply::{Object, Reply};
use crate::world::World;
use crate::world::kind::Kind;

pub(super) const ROWS: &[Row] = &[Row {
    kind: Kind::SshKeyPair,
    noun: "SSHKeyPair",
    fields: &[Field::of("fingerprint"), Field::of("publickey").hidden()],
    scope: Scope::Account,
    taken: Some("A key pair with name '{name}' already exists."),
    gone: "unable to find a key pair with id {id}",
    ..Row::PLAIN
}];

pub(super) const COMMANDS: &[Behaviour] = &[
    list("listSSHKeyPairs"),
    Behaviour {
        run: |world, caller, arguments| {
            let row = row(arguments);
            let id = add(world, caller, arguments, row)?;
            let (fingerprint, public, private) = key_material(world);
            if let Some(record) = world.register.get_mut(row.kind, id) {
                record.fields.insert("fingerprint", fingerprint.into());
                record.fields.insert("publickey", public.into());
            }
            // Only this answer has the private half, and before all else.
            let mut answer = Object::named("keypair").with("privatekey", private);
            answer.fields.extend(shown(world, row, id).fields);
            Ok(Reply::Object(answer))
        },
        ..create("createSSHKeyPair")
    },
    Behaviour {
        run: |world, caller, arguments| {
            let row = row(arguments);
            let owner = acting_owner(world, caller, arguments)?;
            let fingerprint = fingerprint(arguments.required("publickey"))
                .ok_or_else(|| ApiError::invalid("Public key is invalid"))?;
            let same = |(_, record): (_, &crate::world::register::Record)| {
                record.owner == owner && record.field("fingerprint") == Some(&fingerprint)
            };
            if world.register.iter(row.kind).any(same) {
                let public = arguments.required("publickey");
                return Err(ApiError::invalid(format!(
                    "A key pair with key '{public}' already exists for this account."
                )));
            }
            let id = add(world, caller, arguments, row)?;
            if let Some(record) = world.register.get_mut(row.kind, id) {
                record.fields.insert("fingerprint", fingerprint.into());
            }
            Ok(Reply::Object(Object { name: Some("keypair"), ..shown(world, row, id) }))
        },
        ..create("registerSSHKeyPair")
    },
    Behaviour {
        about: None,
        run: |world, caller, arguments| {
            let (row, name) = (row(arguments), arguments.required("name"));
            let owner = acting_owner(world, caller, arguments)?;
            let Some(id) = named(world, caller, arguments, row, name)? else {
                let account = world.accounts.get(owner.account).map_or("", |account| account.name.as_str());
                let domain = world.domains.get(owner.domain).map(|domain| domain.uuid).unwrap_or_default();
                return Err(ApiError::invalid(format!(
                    "A key pair with name '{name}' does not exist for account {account} in specified domain id"
                ))
                .about(domain, "domainId"));
            };
            world.register.remove(row.kind, id);
            Ok(Reply::SUCCESS)
        },
        ..delete("deleteSSHKeyPair")
    },
];

/// The beginning of every public RSA key of 2048 bits: the type, the exponent and the length of the modulus.
const RSA_2048: &[u8] = b"\0\0\0\x07ssh-rsa\0\0\0\x03\x01\0\x01\0\0\x01\x01\0";

/// The fingerprint of a public key, `ssh-rsa AAAA… comment`: the MD5 of what it encodes.
fn fingerprint(public: &str) -> Option<String> {
    let mut words = public.split_whitespace();
    let kind = words.next()?;
    let bytes = STANDARD.decode(words.next()?).ok()?;
    // A key says itself what it is.
    let said = bytes.get(4..)?.get(..kind.len())?;
    let pairs: Vec<String> = Md5::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    (said == kind.as_bytes()).then(|| pairs.join(":"))
}

/// A fingerprint, a public and a private key in their recorded forms. The keys are drawn from the seed: nothing
/// in a simulated guest asks for them, so there is no prime behind the texts.
fn key_material(world: &mut World) -> (String, String, String) {
    let blob = [RSA_2048, &world.ids.bytes::<256>()].concat();
    let public = format!("ssh-rsa {} \n", STANDARD.encode(blob));
    let text = STANDARD.encode(world.ids.bytes::<1190>());
    let mut private = String::from("-----BEGIN RSA PRIVATE KEY-----\n");
    for line in text.as_bytes().chunks(64) {
        private.push_str(&String::from_utf8_lossy(line));
        private.push('\n');
    }
    private.push_str("-----END RSA PRIVATE KEY-----\n");
    (fingerprint(&public).unwrap_or_default(), public, private)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_key_has_a_fingerprint() {
        let blob = [&[0, 0, 0, 7][..], b"ssh-rsa", &[0, 0, 0, 1, 3]].concat();
        let key = format!("ssh-rsa {} me@here", STANDARD.encode(&blob));
        assert_eq!(fingerprint(&key).map(|text| text.len()), Some(47));
        for wrong in ["", "ssh-rsa", "ssh-rsa !!", "ssh-dss AAAA", "key AAAA"] {
            assert_eq!(fingerprint(wrong), None, "{wrong}");
        }
    }
}
