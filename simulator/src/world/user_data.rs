//! Registered user data, and what counts as valid user data at all (UD-001 to UD-014).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::clock::Moment;
use super::kind::Kind;
use super::table::Id;
use super::{Owner, World};

/// Registered user data.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct UserData {
    /// Its identifier.
    pub uuid: Uuid,
    /// Its name, unique within the account.
    pub name: String,
    /// The text as sent, in base64.
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

impl Encoded {
    /// Reads user data as a client sent it; nothing for a blank text (UD-001 to UD-011).
    ///
    /// # Errors
    ///
    /// The text of the refusal, which is always a 431.
    pub fn read(sent: &str, by_post: bool, limit: i64) -> Result<Option<Self>, String> {
        if sent.trim().is_empty() {
            return Ok(None);
        }
        let text = if sent.contains('%') { url_decode(sent)? } else { sent.to_owned() };
        let in_alphabet = |byte: u8| byte.is_ascii_alphanumeric() || b"+/-_= \t\n\r".contains(&byte);
        if !text.bytes().all(in_alphabet) {
            return Err("User data is not base64 encoded.".to_owned());
        }
        let bytes = lenient_decode(&text);
        if bytes.is_empty() {
            return Err("User data is too short.".to_owned());
        }
        let length = text.chars().count();
        if !by_post && length > GET_LENGTH {
            return Err("User data is too long for http GET request".to_owned());
        }
        if i64::try_from(length).unwrap_or(i64::MAX) > limit {
            return Err(format!("User data has exceeded configurable max length: {limit}"));
        }
        if length > POST_LENGTH {
            return Err("User data is too long for http POST request".to_owned());
        }
        Ok(Some(Self { text: STANDARD.encode(&bytes), bytes }))
    }
}

/// Both alphabets, white space skipped, the end at the first `=`, a lone last character dropped (UD-004).
fn lenient_decode(text: &str) -> Vec<u8> {
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

    fn check(sent: &str, expected: Result<&str, &str>) {
        let read =
            Encoded::read(sent, false, 32768).map(|read| read.map(|read| read.text).unwrap_or_default());
        assert_eq!(read.as_deref().map_err(String::as_str), expected, "{sent:?}");
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
        check(&"A".repeat(4097), Err("User data is too long for http GET request"));
        assert!(Encoded::read(&"A".repeat(4096), false, 32768).is_ok());
        assert!(Encoded::read(&"A".repeat(32768), true, 32768).is_ok());
        assert_eq!(
            Encoded::read(&"A".repeat(32769), true, 32768),
            Err("User data has exceeded configurable max length: 32768".to_owned())
        );
    }
}
