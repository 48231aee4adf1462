//! A request as the API sees it: method, parameters, headers, peer (API-REQ-001 to -012).

use std::net::IpAddr;

use crate::quirk::{Quirk, Quirks};

/// The port that a request came in by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Port {
    /// The signed port, 8080 in the field.
    Main,
    /// The unauthenticated port, 8096 in the field.
    Integration,
}

/// A request, read whole.
#[derive(Debug, Clone)]
pub struct Request {
    /// The port.
    pub port: Port,
    /// The method as sent.
    pub method: String,
    /// Path and query as sent, bytes as characters.
    pub target: String,
    /// Header names in lower case, with their values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// Whether it is HTTP/1.1, which demands a `Host` (API-HTTP-034).
    pub needs_host: bool,
    /// Who sent it.
    pub peer: IpAddr,
}

/// Why a request has no parameters at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// A percent sign without two hexadecimal digits (API-HTTP-033).
    #[error("a bad percent escape")]
    Escape,
    /// More names in a form than allowed (API-HTTP-032).
    #[error("too many form keys")]
    TooManyKeys,
    /// A form larger than allowed (API-HTTP-032).
    #[error("the form is too large")]
    TooLarge,
}

/// The largest form body (API-HTTP-032).
pub const FORM_BYTES: usize = 1_048_576;
/// The largest number of names in a form (API-HTTP-032).
pub const FORM_KEYS: usize = 5000;

/// Decoded parameters. A name occurs once; the order is that of first appearance.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Parameters {
    pairs: Vec<(String, String)>,
}

impl Parameters {
    /// Parameters from pairs, later ones replacing earlier ones of the same name.
    #[must_use]
    pub fn from_pairs(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut parameters = Self::default();
        for (name, value) in pairs {
            parameters.put(name, value);
        }
        parameters
    }

    /// All pairs.
    #[must_use]
    pub fn pairs(&self) -> &[(String, String)] {
        &self.pairs
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// The value of a name, exactly spelt (API-REQ-005).
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// The value of a name in any letter case; of several the one that sorts last (API-SIG-012).
    #[must_use]
    pub fn get_ignoring_case(&self, name: &str) -> Option<&str> {
        self.pairs
            .iter()
            .filter(|(other, _)| other.eq_ignore_ascii_case(name))
            .max_by(|(one, _), (two, _)| one.cmp(two))
            .map(|(_, value)| value.as_str())
    }

    /// How many spellings of a name there are that differ in letter case alone.
    #[must_use]
    pub fn spellings(&self, name: &str) -> usize {
        self.pairs.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name)).count()
    }

    /// Gives every name that differs from this one in letter case alone the spelling of this one.
    fn respell(&mut self, name: &str) {
        for (other, _) in &mut self.pairs {
            if other.eq_ignore_ascii_case(name) {
                name.clone_into(other);
            }
        }
    }

    /// Replaces the value of a name that is there.
    pub fn replace(&mut self, name: &str, value: &str) {
        if let Some((_, old)) = self.pairs.iter_mut().find(|(other, _)| other == name) {
            value.clone_into(old);
        }
    }

    fn put(&mut self, name: String, value: String) {
        match self.pairs.iter_mut().find(|(other, _)| *other == name) {
            Some((_, old)) => *old = value,
            None => self.pairs.push((name, value)),
        }
    }

    fn put_if_new(&mut self, name: String, value: String) {
        if self.get(&name).is_none() {
            self.pairs.push((name, value));
        }
    }
}

impl Request {
    /// The path of the target.
    #[must_use]
    pub fn path(&self) -> &str {
        self.target.split_once('?').map_or(self.target.as_str(), |(path, _)| path)
    }

    /// The query of the target, empty if there is none.
    #[must_use]
    pub fn query(&self) -> &str {
        self.target.split_once('?').map_or("", |(_, query)| query)
    }

    /// The first header of a name, given in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// A cookie.
    #[must_use]
    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .filter(|(other, _)| other == "cookie")
            .flat_map(|(_, value)| value.split(';'))
            .filter_map(|cookie| cookie.trim().split_once('='))
            .find(|(other, _)| *other == name)
            .map(|(_, value)| value)
    }

    /// The parameters of the main port: the query over the form, the last of a name in the query,
    /// the first of a name in the form (API-REQ-003).
    ///
    /// # Errors
    ///
    /// The container would not have passed the request on.
    pub fn parameters(&self) -> Result<Parameters, Malformed> {
        self.parameters_with(&Quirks::default())
    }

    /// The same with the sins of a world.
    ///
    /// # Errors
    ///
    /// The container would not have passed the request on.
    pub fn parameters_with(&self, quirks: &Quirks) -> Result<Parameters, Malformed> {
        let mut parameters = Parameters::default();
        let is_post = self.method == "POST";
        if !(is_post && quirks.has(Quirk::PostIgnoresTheQuery)) {
            for (name, value) in decode_pairs(self.query().as_bytes(), b"&", quirks)? {
                if quirks.has(Quirk::FirstOfAQueryCounts) {
                    parameters.put_if_new(name, value);
                } else {
                    parameters.put(name, value);
                }
            }
        }
        let has_form = is_post || quirks.has(Quirk::GetReadsTheForm);
        if has_form && (self.is_form() || quirks.has(Quirk::EveryBodyIsAForm)) {
            let any_size = quirks.has(Quirk::LargeFormsPass) || quirks.has(Quirk::LargeFormsAreCutOff);
            if self.body.len() > FORM_BYTES && !any_size {
                return Err(Malformed::TooLarge);
            }
            let form = self.decode_form(quirks)?;
            if form.len() > FORM_KEYS && !any_size {
                return Err(Malformed::TooManyKeys);
            }
            for (name, value) in form {
                if quirks.has(Quirk::FormOverQuery) {
                    parameters.put(name, value);
                } else {
                    parameters.put_if_new(name, value);
                }
            }
        }
        if is_post && quirks.has(Quirk::JsonBodiesAreRead) && !self.is_form() {
            for (name, value) in self.json_members() {
                parameters.put(name, value);
            }
        }
        if quirks.has(Quirk::CommandNameInAnyCase) {
            parameters.respell("command");
        }
        Ok(parameters)
    }

    /// The parameters of the form alone.
    ///
    /// # Errors
    ///
    /// As [`Request::parameters`].
    pub fn form_parameters(&self) -> Result<Parameters, Malformed> {
        Self { target: self.path().to_owned(), ..self.clone() }.parameters()
    }

    /// The parameters of the query alone.
    ///
    /// # Errors
    ///
    /// As [`Request::parameters`].
    pub fn query_parameters(&self) -> Result<Parameters, Malformed> {
        Self { body: Vec::new(), ..self.clone() }.parameters()
    }

    /// The parameters of the integration port: the query alone, the first of a name, `;` parts
    /// too, and nothing at all after a bad escape (API-INT-003, API-INT-004).
    #[must_use]
    pub fn integration_parameters(&self, quirks: &Quirks) -> Parameters {
        let mut parameters = Parameters::default();
        let honest = Quirks::default();
        let separators: &[u8] = if quirks.has(Quirk::IntegrationKeepsSemicolons) { b"&" } else { b"&;" };
        for (name, value) in decode_pairs(self.query().as_bytes(), separators, &honest).unwrap_or_default() {
            if quirks.has(Quirk::IntegrationTakesTheLast) {
                parameters.put(name, value);
            } else {
                parameters.put_if_new(name, value);
            }
        }
        if quirks.has(Quirk::IntegrationReadsForms) {
            for (name, value) in decode_pairs(&self.body, b"&", &honest).unwrap_or_default() {
                parameters.put_if_new(name, value);
            }
        }
        parameters
    }

    /// Whether any parameter `command`, in the query or in a form, has one of these values in any case. Says yes too
    /// often rather than too rarely: which one of several counts is not looked at.
    #[must_use]
    pub fn names_command(&self, names: &[&str]) -> bool {
        let honest = Quirks::default();
        let matches = |text: &[u8], name: &str| {
            text.len() <= 3 * name.len()
                && unescape(text, &honest).is_ok_and(|text| text.eq_ignore_ascii_case(name.as_bytes()))
        };
        let items = self.query().as_bytes().split(|byte| b"&;".contains(byte));
        items.chain(self.body.split(|byte| *byte == b'&')).any(|item| {
            let split = item.iter().position(|byte| *byte == b'=').unwrap_or(item.len());
            let (name, value) = item.split_at(split);
            matches(name, "command")
                && names.iter().any(|name| matches(value.get(1..).unwrap_or_default(), name))
        })
    }

    /// The texts in a body that is a JSON object, for a fault that reads them.
    fn json_members(&self) -> Vec<(String, String)> {
        let members: serde_json::Map<String, serde_json::Value> =
            serde_json::from_slice(&self.body).unwrap_or_default();
        members
            .into_iter()
            .filter_map(|(name, value)| value.as_str().map(|text| (name, text.to_owned())))
            .collect()
    }

    fn is_form(&self) -> bool {
        let content_type = self.header("content-type").unwrap_or_default();
        content_type
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .eq_ignore_ascii_case("application/x-www-form-urlencoded")
    }

    fn decode_form(&self, quirks: &Quirks) -> Result<Vec<(String, String)>, Malformed> {
        let content_type = self.header("content-type").unwrap_or_default().to_ascii_lowercase();
        if content_type.contains("charset=iso-8859-1") {
            return decode_pairs_with(&self.body, b"&", quirks, |bytes| {
                Ok(bytes.iter().map(|byte| char::from(*byte)).collect())
            });
        }
        decode_pairs(&self.body, b"&", quirks)
    }
}

fn decode_pairs(text: &[u8], separators: &[u8], quirks: &Quirks) -> Result<Vec<(String, String)>, Malformed> {
    decode_pairs_with(text, separators, quirks, |bytes| {
        if quirks.has(Quirk::BadUtf8IsRefused) {
            return String::from_utf8(bytes).map_err(|_| Malformed::Escape);
        }
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    })
}

/// Splits at the separators, drops empty items, splits each at its first `=`. An item without
/// `=` is present with an empty value (API-REQ-004).
fn decode_pairs_with(
    text: &[u8],
    separators: &[u8],
    quirks: &Quirks,
    to_text: impl Fn(Vec<u8>) -> Result<String, Malformed>,
) -> Result<Vec<(String, String)>, Malformed> {
    text.split(|byte| separators.contains(byte))
        .filter(|item| !item.is_empty())
        .filter(|item| item.contains(&b'=') || !quirks.has(Quirk::BareNamesAreDropped))
        .map(|item| {
            let (name, mut value) = match item.iter().position(|byte| *byte == b'=') {
                Some(split) => (&item[..split], &item[split + 1..]),
                None => (item, &item[..0]),
            };
            if quirks.has(Quirk::ValuesEndAtEquals) {
                value = value.split(|byte| *byte == b'=').next().unwrap_or_default();
            }
            Ok((to_text(unescape(name, quirks)?)?, to_text(unescape(value, quirks)?)?))
        })
        .collect()
}

fn unescape(text: &[u8], quirks: &Quirks) -> Result<Vec<u8>, Malformed> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        match first {
            b'+' if !quirks.has(Quirk::PlusStaysPlus) => out.push(b' '),
            b'%' if quirks.has(Quirk::BadEscapesPass) && !starts_with_byte(rest) => out.push(b'%'),
            b'%' => {
                let [high, low, tail @ ..] = rest else { return Err(Malformed::Escape) };
                out.push(hexadecimal(*high)? << 4 | hexadecimal(*low)?);
                rest = tail;
            }
            other => out.push(*other),
        }
    }
    Ok(out)
}

fn starts_with_byte(text: &[u8]) -> bool {
    matches!(text, [high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit())
}

fn hexadecimal(digit: u8) -> Result<u8, Malformed> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok()).ok_or(Malformed::Escape)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: &str, target: &str, body: &str) -> Request {
        Request {
            port: Port::Main,
            method: method.to_owned(),
            target: target.to_owned(),
            headers: vec![(
                "content-type".to_owned(),
                "application/x-www-form-urlencoded; charset=UTF-8".to_owned(),
            )],
            body: body.as_bytes().to_vec(),
            needs_host: false,
            peer: IpAddr::from([127, 0, 0, 1]),
        }
    }

    fn check(method: &str, target: &str, body: &str, expected: &[(&str, &str)]) {
        let parameters = request(method, target, body).parameters().expect("well formed");
        let expected: Vec<(String, String)> =
            expected.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        assert_eq!(parameters.pairs(), expected);
    }

    #[test]
    fn queries_are_decoded_and_merged_as_recorded() {
        check(
            "GET",
            "/client/api?a=1+2&b=a=b;c&c&&=v",
            "",
            &[("a", "1 2"), ("b", "a=b;c"), ("c", ""), ("", "v")],
        );
        check("GET", "/client/api?a=1&a=2", "", &[("a", "2")]);
        check("POST", "/client/api?a=q", "a=1&b=2&b=3", &[("a", "q"), ("b", "2")]);
        check("GET", "/client/api?a=q", "b=2", &[("a", "q")]);
        check("GET", "/client/api?a=%C3%A9%E9", "", &[("a", "é\u{fffd}")]);
    }

    #[test]
    fn a_bad_escape_is_malformed() {
        for target in ["/client/api?a=%", "/client/api?a=%zz", "/client/api?a=%4", "/client/api?%u0041=1"] {
            assert_eq!(request("GET", target, "").parameters(), Err(Malformed::Escape), "{target}");
        }
        assert!(request("GET", "/?a=%", "").integration_parameters(&Quirks::default()).is_empty());
    }

    #[test]
    fn the_integration_port_takes_the_first() {
        let parameters = request("GET", "/?a=1;b=2&a=3", "c=4").integration_parameters(&Quirks::default());
        assert_eq!(parameters.pairs(), [("a".to_owned(), "1".to_owned()), ("b".to_owned(), "2".to_owned())]);
    }

    #[test]
    fn of_two_spellings_the_last_in_order_counts() {
        let parameters = request("GET", "/?apikey=low&apiKey=camel", "").parameters().expect("well formed");
        assert_eq!(parameters.get_ignoring_case("APIKEY"), Some("low"));
    }
}
