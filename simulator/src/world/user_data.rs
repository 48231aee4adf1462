//! Registered user data, and what counts as valid user data at all (UD-001 to UD-014).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::clock::Moment;
use super::kind::Kind;
use super::table::Id;
use super::{Owner, World};
use crate::release::Release;

/// Registered user data.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct UserData {
    /// Its identifier.
    pub uuid: Uuid,
    /// Its name, unique within the account.
    pub name: String,
    /// The text as it is stored, in base64; empty if it was blank (UD-001).
    pub content: String,
    /// The names of its parameters, comma separated.
    pub params: Option<String>,
    /// Whose it is.
    pub owner: Owner,
    /// When it was registered.
    pub created: Moment,
    /// Whether it configures the network of Kubernetes clusters, not a machine.
    pub is_cni: bool,
}

/// User data as it is stored: standard base64 with padding, in one line (UD-006).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    /// The text.
    pub text: String,
    /// What it stands for.
    pub bytes: Vec<u8>,
}

/// The longest user data in a GET (UD-009).
const GET_LENGTH: usize = 4096;
/// The longest user data in a POST (UD-011).
const POST_LENGTH: usize = 1_048_576;
/// The same before there was a setting for it.
const OLD_POST_LENGTH: usize = 32_768;

/// The release whose limits are inclusive and whose refusals end with a full stop.
const INCLUSIVE: Release = Release::new(19, 1);
/// The release that brought the setting `vm.userdata.max.length`.
const CONFIGURABLE: Release = Release::new(16, 0);

/// How long user data may be, and in whose words it is refused.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Whether the request came by POST, wherever the parameter is (UD-012).
    pub by_post: bool,
    /// The setting `vm.userdata.max.length` (UD-010).
    pub longest: i64,
    /// The release that is played.
    pub release: Release,
}

impl Bounds {
    fn are_inclusive(self) -> bool {
        self.release >= INCLUSIVE
    }

    /// Why a text of this many characters is refused, if it is.
    fn refusal(self, length: usize) -> Option<String> {
        let method = if self.by_post { "POST" } else { "GET" };
        let most = match self.by_post {
            false => GET_LENGTH,
            true if self.release < CONFIGURABLE => OLD_POST_LENGTH,
            true => POST_LENGTH,
        };
        if self.are_inclusive() && length > most {
            return Some(format!("User data is too long for http {method} request"));
        }
        if !self.are_inclusive() && length >= most {
            return Some(format!("User data is too long for an http {method} request"));
        }
        let exceeds = i64::try_from(length).unwrap_or(i64::MAX) > self.longest;
        if !exceeds || self.release < CONFIGURABLE {
            return None;
        }
        let blank = if self.are_inclusive() { "" } else { " " };
        Some(format!("User data has exceeded configurable max length{blank}: {}", self.longest))
    }
}

impl Encoded {
    /// Reads user data as a client sent it; nothing for a blank text (UD-001 to UD-011).
    ///
    /// # Errors
    ///
    /// The text of the refusal, which is always a 431.
    pub fn read(sent: &str, bounds: Bounds) -> Result<Option<Self>, String> {
        if sent.trim().is_empty() {
            return Ok(None);
        }
        let stop = if bounds.are_inclusive() { "." } else { "" };
        let text = if sent.contains('%') { url_decode(sent)? } else { sent.to_owned() };
        let in_alphabet = |byte: u8| byte.is_ascii_alphanumeric() || b"+/-_= \t\n\r".contains(&byte);
        if !text.bytes().all(in_alphabet) {
            return Err(format!("User data is not base64 encoded{stop}"));
        }
        let bytes = lenient_decode(&text);
        let too_short = bytes.is_empty().then(|| format!("User data is too short{stop}"));
        let too_long = bounds.refusal(text.chars().count());
        // Older releases looked at the length first.
        let refusal = if bounds.are_inclusive() { too_short.or(too_long) } else { too_long.or(too_short) };
        match refusal {
            Some(refusal) => Err(refusal),
            None => Ok(Some(Self { text: STANDARD.encode(&bytes), bytes })),
        }
    }
}

/// Both alphabets, white space skipped, the end at the first `=`, a lone last character dropped (UD-004).
#[must_use]
pub fn lenient_decode(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0_u32, 0_u32);
    for byte in text.bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            b'=' => break,
            _ => continue,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).unwrap_or(0));
        }
    }
    bytes
}

/// Decodes percent escapes and plus signs once more, as upstream does for its own pages (UD-002).
fn url_decode(text: &str) -> Result<String, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        match first {
            b'+' => bytes.push(b' '),
            b'%' => {
                let [high, low, tail @ ..] = rest else {
                    return Err("URLDecoder: Incomplete trailing escape (%) pattern".to_owned());
                };
                let digit = |byte: &u8| char::from(*byte).to_digit(16);
                let (Some(high), Some(low)) = (digit(high), digit(low)) else {
                    return Err("URLDecoder: Illegal hex characters in escape (%) pattern".to_owned());
                };
                bytes.push(u8::try_from(high << 4 | low).unwrap_or(0));
                rest = tail;
            }
            other => bytes.push(*other),
        }
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

impl World {
    /// The bounds of user data in a request.
    #[must_use]
    pub fn user_data_bounds(&self, by_post: bool) -> Bounds {
        Bounds { by_post, longest: self.settings.number("vm.userdata.max.length"), release: self.release }
    }

    /// Registers user data.
    pub fn add_user_data(&mut self, owner: Owner, name: &str, content: &str, params: Option<String>) -> Id {
        let uuid = self.name_row(Kind::UserData, self.user_data.next_id());
        let created = self.now;
        self.user_data.insert(UserData {
            uuid,
            name: name.to_owned(),
            content: content.to_owned(),
            params,
            owner,
            created,
            is_cni: false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(sent: &str, by_post: bool, release: Release) -> Result<String, String> {
        let read = Encoded::read(sent, Bounds { by_post, longest: 32768, release });
        read.map(|read| read.map(|read| read.text).unwrap_or_default())
    }

    fn check(sent: &str, expected: Result<&str, &str>) {
        let read = read(sent, false, Release::NEWEST);
        assert_eq!(read.as_deref().map_err(String::as_str), expected, "{sent:?}");
    }

    /// What becomes of a text of this length.
    fn check_length(length: usize, by_post: bool, release: Release, expected: Result<(), &str>) {
        let read = read(&"A".repeat(length), by_post, release).map(|_| ());
        assert_eq!(read, expected.map_err(str::to_owned), "{length} in {release}");
    }

    #[test]
    fn what_is_stored_is_standard_base64() {
        check("Zm8", Ok("Zm8="));
        check("-_-_", Ok("+/+/"));
        check("Zm9v\n", Ok("Zm9v"));
        check("Zm%2B8%2Fw8%3D", Ok("Zm+8/w8="));
        check("Zm 8/w8=", Ok("Zm8/ww=="));
        check("hello", Ok("hell"));
        check("   ", Ok(""));
    }

    #[test]
    fn what_is_no_user_data_is_refused() {
        check("a*b", Err("User data is not base64 encoded."));
        check("=", Err("User data is too short."));
        check("A===", Err("User data is too short."));
        check("%ZZ", Err("URLDecoder: Illegal hex characters in escape (%) pattern"));
        check("ab%", Err("URLDecoder: Incomplete trailing escape (%) pattern"));
    }

    #[test]
    fn limits_are_inclusive() {
        let newest = Release::NEWEST;
        check_length(4096, false, newest, Ok(()));
        check_length(4097, false, newest, Err("User data is too long for http GET request"));
        check_length(32768, true, newest, Ok(()));
        check_length(32769, true, newest, Err("User data has exceeded configurable max length: 32768"));
    }

    #[test]
    fn a_setting_never_allows_more_than_a_request_may_carry() {
        let bounds = Bounds { by_post: true, longest: i64::MAX, release: Release::NEWEST };
        assert!(Encoded::read(&"A".repeat(1_048_576), bounds).is_ok());
        let refusal = Encoded::read(&"A".repeat(1_048_577), bounds);
        assert_eq!(refusal, Err("User data is too long for http POST request".to_owned()));
    }

    #[test]
    fn older_releases_have_exclusive_limits_and_other_words() {
        let (settled, fixed) = (Release::new(16, 0), Release::new(15, 2));
        for release in [settled, fixed, Release::new(19, 0)] {
            check_length(4095, false, release, Ok(()));
            check_length(4096, false, release, Err("User data is too long for an http GET request"));
            assert_eq!(read("a*b", true, release), Err("User data is not base64 encoded".to_owned()));
            assert_eq!(read("=", true, release), Err("User data is too short".to_owned()));
        }
        check_length(32768, true, settled, Ok(()));
        check_length(32769, true, settled, Err("User data has exceeded configurable max length : 32768"));
        check_length(32767, true, fixed, Ok(()));
        check_length(32768, true, fixed, Err("User data is too long for an http POST request"));
    }
}
