//! The second factor of users: who needs one, what it is, and whether a code is right (API-AUTH-060 to -067).
//!
//! One-time passwords are those of RFC 6238 with SHA-1, steps of 30 seconds and six digits, as upstream's provider
//! `totp` makes them; `staticpin` is a number that stays. Which calls need the factor is the business of
//! [`crate::api::session`].

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha1::Sha1;

use super::World;
use super::clock::Moment;
use super::setting::Scope;
use super::table::Id;
use crate::quirk::Quirk;

/// The alphabet of secrets (RFC 4648, section 6).
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// How long a one-time password is good, in seconds.
const STEP_SECONDS: i64 = 30;

/// Something that makes and checks codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Provider {
    /// One-time passwords by time.
    Totp,
    /// A number of six digits that stays.
    StaticPin,
}

impl Provider {
    /// Every provider, as lists show them.
    pub const ALL: [Self; 2] = [Self::Totp, Self::StaticPin];

    /// The name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Totp => "totp",
            Self::StaticPin => "staticpin",
        }
    }

    /// What it is, as lists show it.
    #[must_use]
    pub fn about(self) -> &'static str {
        match self {
            Self::Totp => "TOTP user two factor authentication provider Plugin",
            Self::StaticPin => "Static Pin user two factor authentication provider Plugin",
        }
    }

    /// The provider of that name, letter case ignored.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|provider| provider.name().eq_ignore_ascii_case(name))
    }
}

/// What a user's codes are made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Factor {
    /// Who makes and checks them.
    pub provider: Provider,
    /// The pin, or the secret in base 32.
    pub secret: String,
    /// Whether a right code was seen since the set-up; until then it is provisional (API-AUTH-067).
    pub proven: bool,
}

/// The second factor of a user.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TwoFactor {
    /// Whether an administrator asked for it, by `updateUser`.
    pub mandated: bool,
    /// What was set up.
    pub factor: Option<Factor>,
}

impl TwoFactor {
    /// Whether the user has one, or must have one whatever the domain says.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.mandated || self.factor.is_some()
    }
}

/// What became of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tried {
    /// The user has no factor to try a code with.
    Nothing,
    /// It is right.
    Right,
    /// It is wrong.
    Wrong,
    /// It is wrong, and the set-up that it was to prove is gone.
    Cancelled,
}

impl World {
    /// A setting as it is in force in a domain.
    #[must_use]
    pub fn domain_setting(&self, name: &str, domain: Id) -> &str {
        let own = self.settings.of_scope(Scope::Domain(domain)).find(|(other, _)| *other == name);
        own.map_or_else(|| self.settings.text(name), |(_, value)| value)
    }

    /// Whether a setting is `true` in a domain.
    #[must_use]
    pub fn domain_flag(&self, name: &str, domain: Id) -> bool {
        self.domain_setting(name, domain).eq_ignore_ascii_case("true")
    }

    /// Whether a user's domain demands a second factor of everybody (API-AUTH-060).
    #[must_use]
    pub fn second_factor_is_mandated(&self, user: Id) -> bool {
        let Some(row) = self.users.get(user) else { return false };
        let domain = self.owner_of(row.account).domain;
        self.domain_flag("enable.user.2fa", domain)
            && self.domain_flag("mandate.user.2fa", domain)
            && !self.sins(Quirk::MandateIsIgnored)
    }

    /// Whether a session of the user needs a code (API-AUTH-060).
    #[must_use]
    pub fn needs_second_factor(&self, user: Id) -> bool {
        self.users.get(user).is_some_and(|row| row.two_factor.is_enabled())
            || self.second_factor_is_mandated(user)
    }

    /// Sets a factor up, provisionally, and answers its secret; nothing if there is one or no such user.
    pub fn set_up_second_factor(&mut self, user: Id, provider: Provider) -> Option<String> {
        if self.users.get(user)?.two_factor.factor.is_some() {
            return None;
        }
        let secret = match provider {
            Provider::Totp => base32(&self.ids.bytes::<20>()),
            Provider::StaticPin => format!("{}", 100_000 + self.ids.number() % 900_000),
        };
        let row = self.users.get_mut(user)?;
        row.two_factor.factor = Some(Factor { provider, secret: secret.clone(), proven: false });
        Some(secret)
    }

    /// Drops a set-up that no code has proven (API-AUTH-067).
    pub fn drop_unproven_factor(&mut self, user: Id) {
        if self.sins(Quirk::UnverifiedSetUpsStay) {
            return;
        }
        if let Some(row) = self.users.get_mut(user)
            && row.two_factor.factor.as_ref().is_some_and(|factor| !factor.proven)
        {
            row.two_factor.factor = None;
        }
    }

    /// Tries a code: a right one proves the set-up, a wrong one cancels it (API-AUTH-063, -064, -067).
    pub fn try_second_factor(&mut self, user: Id, code: &str) -> Tried {
        let step =
            if self.sins(Quirk::OneTimePasswordsLastAMinute) { 2 * STEP_SECONDS } else { STEP_SECONDS };
        let now = self.now;
        let Some(factor) = self.users.get(user).and_then(|row| row.two_factor.factor.clone()) else {
            return Tried::Nothing;
        };
        let expected = match factor.provider {
            Provider::StaticPin => Some(factor.secret.clone()),
            Provider::Totp => one_time_password(&factor.secret, now, step),
        };
        if expected.as_deref() != Some(code) {
            self.drop_unproven_factor(user);
            return if factor.proven { Tried::Wrong } else { Tried::Cancelled };
        }
        let is_spent = self.sins(Quirk::StaticPinsWorkOnce) && factor.proven;
        if let Some(row) = self.users.get_mut(user)
            && let Some(factor) = row.two_factor.factor.as_mut()
        {
            factor.proven = true;
        }
        if is_spent { Tried::Wrong } else { Tried::Right }
    }
}

/// The password of a moment; nothing if the secret is no base 32.
fn one_time_password(secret: &str, now: Moment, step_seconds: i64) -> Option<String> {
    let step = now.0.div_euclid(1000).div_euclid(step_seconds);
    // HMAC takes keys of every length.
    let mut mac = Hmac::<Sha1>::new_from_slice(&unbase32(secret)?).expect("HMAC takes keys of every length");
    mac.update(&step.to_be_bytes());
    let digest: [u8; 20] = mac.finalize().into_bytes().into();
    let offset = usize::from(digest[19] & 0xf);
    let four = [digest[offset] & 0x7f, digest[offset + 1], digest[offset + 2], digest[offset + 3]];
    Some(format!("{:06}", u32::from_be_bytes(four) % 1_000_000))
}

/// Base 32 without padding.
fn base32(bytes: &[u8]) -> String {
    let mut out = String::new();
    let (mut held, mut bits) = (0_u32, 0_u32);
    for byte in bytes {
        held = held << 8 | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            out.push(char::from(BASE32[(held >> bits & 31) as usize]));
            held &= (1 << bits) - 1;
        }
    }
    if bits > 0 {
        out.push(char::from(BASE32[(held << (5 - bits) & 31) as usize]));
    }
    out
}

fn unbase32(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let (mut held, mut bits) = (0_usize, 0_u32);
    for letter in text.trim_end_matches('=').bytes() {
        held = held << 5 | BASE32.iter().position(|known| *known == letter.to_ascii_uppercase())?;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            out.push(u8::try_from(held >> bits).ok()?);
            held &= (1 << bits) - 1;
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_time_passwords_are_those_of_the_standard() {
        // RFC 6238, appendix B, the last six of eight digits.
        let secret = base32(b"12345678901234567890");
        for (seconds, expected) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
        ] {
            let password = one_time_password(&secret, Moment(seconds * 1000), STEP_SECONDS);
            assert_eq!(password.as_deref(), Some(expected), "{seconds}");
        }
        assert_eq!(one_time_password("not base 32", Moment(0), STEP_SECONDS), None);
    }

    #[test]
    fn base_32_is_that_of_the_standard() {
        // RFC 4648, section 10.
        for (plain, expected) in [("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foobar", "MZXW6YTBOI")] {
            assert_eq!(base32(plain.as_bytes()), expected);
            assert_eq!(unbase32(expected).as_deref(), Some(plain.as_bytes()));
        }
    }
}
