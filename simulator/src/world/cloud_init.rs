//! How the user data of a template and that of a machine become one document (UD-027, UD-028): one text where both are
//! of one kind, else a MIME message of parts as cloud-init reads it.
//!
//! When documents are joined at all is decided where machines are deployed and changed.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mail_parser::{ContentType, MessageParser, MessagePart, MimeHeaders as _, PartType};

use super::World;
use crate::quirk::Quirk;

/// What a document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    CloudConfig,
    Script,
    Boothook,
    Include,
    Mime,
}

impl Format {
    /// The format that a header line tells.
    fn of_header(line: &str) -> Result<Self, String> {
        if line.eq_ignore_ascii_case("#cloud-config") {
            Ok(Self::CloudConfig)
        } else if line.starts_with("#!") {
            Ok(Self::Script)
        } else if line.eq_ignore_ascii_case("#cloud-boothook") {
            Ok(Self::Boothook)
        } else if line.starts_with("#include") {
            Ok(Self::Include)
        } else if line.starts_with(MIME_HEADER) {
            Ok(Self::Mime)
        } else {
            // The blank that is missing after the full stop is upstream's.
            Err(format!(
                "Cannot recognise the user data format type from the header line: {line}.Supported types are: \
                 cloud-config, bash script, cloud-boothook, include file or MIME"
            ))
        }
    }

    /// The content type of a part; none for a message, which brings its own.
    fn content_type(self) -> Option<&'static str> {
        match self {
            Self::CloudConfig => Some("text/cloud-config"),
            Self::Script => Some("text/x-shellscript"),
            Self::Boothook => Some("text/cloud-boothook"),
            Self::Include => Some("text/x-include-url"),
            Self::Mime => None,
        }
    }
}

/// What a message begins with.
const MIME_HEADER: &str = "Content-Type:";

/// The first two bytes of everything that is gzipped.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Characters of base64 in a line of a message.
const LINE: usize = 76;

/// A part of the message.
struct Part {
    /// Its content type, without parameters.
    kind: String,
    /// Header and body as they will be sent.
    raw: Vec<u8>,
    /// Its text, if it has one that more can be added to.
    text: Option<String>,
}

impl Part {
    /// A part of ours.
    fn of_text(kind: &str, text: String) -> Self {
        let mut raw = format!("Content-Type: {kind}\r\nContent-Transfer-Encoding: base64\r\n\r\n");
        let mut rest = STANDARD.encode(&text);
        while rest.len() > LINE {
            let tail = rest.split_off(LINE);
            raw.push_str(&rest);
            raw.push_str("\r\n");
            rest = tail;
        }
        raw.push_str(&rest);
        Self { kind: kind.to_owned(), raw: raw.into_bytes(), text: Some(text) }
    }

    /// A part of somebody else's message, as it came.
    fn of_message(part: &MessagePart<'_>, message: &[u8]) -> Self {
        let place = |offset: u32| usize::try_from(offset).unwrap_or(usize::MAX);
        let raw = message.get(place(part.offset_header)..place(part.offset_end)).unwrap_or_default();
        let text = match &part.body {
            PartType::Text(text) | PartType::Html(text) => Some(text.clone().into_owned()),
            PartType::Binary(bytes) | PartType::InlineBinary(bytes) => {
                Some(String::from_utf8_lossy(bytes).into_owned())
            }
            PartType::Message(_) | PartType::Multipart(_) => None,
        };
        Self { kind: kind_of(part.content_type()), raw: raw.trim_ascii_end().to_vec(), text }
    }
}

/// A content type without its parameters; plain text where none is told.
fn kind_of(content_type: Option<&ContentType<'_>>) -> String {
    content_type.map_or_else(
        || "text/plain".to_owned(),
        |found| match &found.c_subtype {
            Some(subtype) => format!("{}/{subtype}", found.c_type),
            None => found.c_type.clone().into_owned(),
        },
    )
}

impl World {
    /// The user data of a template with that of a machine behind it.
    ///
    /// # Errors
    ///
    /// The text of the refusal, if the two cannot be joined.
    pub fn append_user_data(&mut self, first: &[u8], second: &[u8]) -> Result<Vec<u8>, String> {
        let (first, second) = match self.sins(Quirk::UserDataIsAppendedInReverse) {
            true => (second, first),
            false => (first, second),
        };
        self.joined(first, second).map_err(|reason| {
            format!("Error attempting to merge user data as a multipart user data. Reason: {reason}")
        })
    }

    fn joined(&mut self, first: &[u8], second: &[u8]) -> Result<Vec<u8>, String> {
        if (first.starts_with(&GZIP) || second.starts_with(&GZIP)) && !self.sins(Quirk::GzipIsAppended) {
            return Err("Gzipped user data can not be used together with other user data formats".to_owned());
        }
        let (first, second) = (String::from_utf8_lossy(first), String::from_utf8_lossy(second));
        let strays = self.sins(Quirk::UnknownUserDataIsAppended).then_some(Format::Script);
        let first_format = format_of(&first, None, strays)?;
        let second_format = format_of(&second, Some(first_format), strays)?;
        let drops = self.sins(Quirk::AppendingDropsALine);
        let is_plain = first_format == second_format
            && matches!(first_format, Format::CloudConfig | Format::Script)
            || self.sins(Quirk::AppendedUserDataIsOneText);
        if is_plain {
            return Ok(continued(&first, &second, drops).into_bytes());
        }
        let mut parts = Vec::new();
        for (text, format) in [(first, first_format), (second, second_format)] {
            match format.content_type() {
                Some(kind) => add(&mut parts, Part::of_text(kind, text.into_owned()), drops)?,
                None => add_message(&mut parts, &text, drops)?,
            }
        }
        Ok(self.message(&parts))
    }

    /// The parts as one message. What JavaMail draws for its boundary comes from the seed.
    fn message(&mut self, parts: &[Part]) -> Vec<u8> {
        let drawn = self.ids.number() & 0x7fff_ffff;
        let boundary = format!("----=_Part_1_{drawn}.{}", self.now.0);
        let date = self.now.http_date().replace("GMT", "+0000 (UTC)");
        let mut head = String::new();
        // Writing to a String cannot fail.
        let _ = write!(
            head,
            "Date: {date}\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; \r\n\tboundary=\"{boundary}\"\r\n\r\n"
        );
        let mut message = head.into_bytes();
        for part in parts {
            message.extend_from_slice(format!("--{boundary}\r\n").as_bytes());
            message.extend_from_slice(&part.raw);
            message.extend_from_slice(b"\r\n");
        }
        message.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
        message
    }
}

/// The line that tells the format, which need not be the first.
fn header_line(text: &str) -> Option<&str> {
    let is_header =
        |line: &&str| line.starts_with('#') && !line.starts_with("##") || line.starts_with(MIME_HEADER);
    text.split('\n').find(is_header)
}

/// The format of a document: that of its header line, else the one to assume. `strays` is that of unknown headers.
fn format_of(text: &str, assumed: Option<Format>, strays: Option<Format>) -> Result<Format, String> {
    if text.trim().is_empty() {
        return Err("User data expected but provided empty user data".to_owned());
    }
    match header_line(text) {
        Some(line) => Format::of_header(line).or_else(|refusal| strays.ok_or(refusal)),
        None => assumed.ok_or_else(|| {
            "Failed to detect the user data format type as it does not contain a header".to_owned()
        }),
    }
}

/// A text behind another of its kind: without its first line, if any line of it is a header.
fn continued(first: &str, second: &str, drops: bool) -> String {
    let has_header = header_line(second).is_some() || drops;
    let rest = second.split_once('\n').filter(|_| has_header).map_or(second, |(_, rest)| rest);
    format!("{first}\n\n{rest}")
}

/// Adds a part, to the one of its kind if there is one.
fn add(parts: &mut Vec<Part>, part: Part, drops: bool) -> Result<(), String> {
    let Some(known) = parts.iter_mut().find(|known| known.kind == part.kind) else {
        parts.push(part);
        return Ok(());
    };
    let (Some(before), Some(after)) = (&known.text, &part.text) else {
        return Err(format!("Failed to get content for multipart data with content type: {}", part.kind));
    };
    *known = Part::of_text(&part.kind, continued(before, after, drops));
    Ok(())
}

/// Adds the parts of a message. Those of the first document stay apart, whatever their kinds.
fn add_message(parts: &mut Vec<Part>, text: &str, drops: bool) -> Result<(), String> {
    let no_parts = || "Failed to get content for multipart data: the message has no parts".to_owned();
    let message = MessageParser::new().with_mime_headers().parse(text.as_bytes()).ok_or_else(no_parts)?;
    let Some(PartType::Multipart(inner)) = message.parts.first().map(|root| &root.body) else {
        return Err(no_parts());
    };
    let stay_apart = parts.is_empty();
    for part in inner.iter().filter_map(|number| message.parts.get(usize::try_from(*number).ok()?)) {
        let part = Part::of_message(part, text.as_bytes());
        if stay_apart { parts.push(part) } else { add(parts, part, drops)? }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::clock::VIRTUAL_EPOCH;
    use crate::world::preset;

    fn demo() -> World {
        let text = include_str!("../../../fixtures/world/demo.toml");
        preset::build("demo", text, 1, VIRTUAL_EPOCH).expect("the demo world can be built")
    }

    fn append(first: &str, second: &str) -> Result<String, String> {
        let joined = demo().append_user_data(first.as_bytes(), second.as_bytes())?;
        Ok(String::from_utf8(joined).expect("texts make a text"))
    }

    fn check(first: &str, second: &str, expected: &str) {
        assert_eq!(append(first, second).as_deref(), Ok(expected), "{first:?} and {second:?}");
    }

    fn refused(first: &str, second: &str, reason: &str) {
        let expected =
            format!("Error attempting to merge user data as a multipart user data. Reason: {reason}");
        assert_eq!(append(first, second), Err(expected), "{first:?} and {second:?}");
    }

    #[test]
    fn documents_of_one_kind_become_one_text() {
        check("#cloud-config\na: 1", "#cloud-config\nb: 2\n", "#cloud-config\na: 1\n\nb: 2\n");
        check("#!/bin/sh\necho a\n", "#!/bin/bash\necho b", "#!/bin/sh\necho a\n\n\necho b");
        // The header may come late; the first line goes all the same.
        check(
            "#cloud-config\na: 1",
            "b: 2\n#cloud-config\nc: 3",
            "#cloud-config\na: 1\n\n#cloud-config\nc: 3",
        );
    }

    #[test]
    fn a_second_document_without_a_header_stays_whole() {
        check("#cloud-config\na: 1", "b: 2\nc: 3", "#cloud-config\na: 1\n\nb: 2\nc: 3");
        check("## about\n#!/bin/sh", "echo b", "## about\n#!/bin/sh\n\necho b");
    }

    #[test]
    fn documents_of_two_kinds_become_a_message() {
        let joined = append("#cloud-config\na: 1\n", "#!/bin/sh\necho b\n").expect("both kinds are known");
        let (head, body) = joined.split_once("\r\n\r\n").expect("a head and a body");
        let [date, version, kind, place] = head.split("\r\n").collect::<Vec<_>>()[..] else {
            panic!("the head has four lines: {head:?}")
        };
        assert!(date.starts_with("Date: ") && date.ends_with(" +0000 (UTC)"), "{date}");
        assert_eq!((version, kind), ("MIME-Version: 1.0", "Content-Type: multipart/mixed; "));
        let boundary = place.strip_prefix("\tboundary=\"").and_then(|rest| rest.strip_suffix('"'));
        let boundary = boundary.expect("the boundary stands alone");
        assert!(boundary.starts_with("----=_Part_1_"), "{boundary}");
        assert_eq!(
            body,
            format!(
                "--{boundary}\r\nContent-Type: text/cloud-config\r\nContent-Transfer-Encoding: base64\r\n\r\n\
                 I2Nsb3VkLWNvbmZpZwphOiAxCg==\r\n\
                 --{boundary}\r\nContent-Type: text/x-shellscript\r\nContent-Transfer-Encoding: base64\r\n\r\n\
                 IyEvYmluL3NoCmVjaG8gYgo=\r\n--{boundary}--\r\n"
            )
        );
    }

    #[test]
    fn the_boundary_follows_from_the_seed() {
        let append = |world: &mut World| world.append_user_data(b"#cloud-config\n", b"#!/bin/sh\n");
        let (mut one, mut other) = (demo(), demo());
        assert_eq!(append(&mut one), append(&mut other));
        assert_ne!(append(&mut one), append(&mut demo()));
    }

    #[test]
    fn lines_of_a_message_are_short() {
        let long = format!("#cloud-config\n{}", "a: 1\n".repeat(60));
        let joined = append(&long, "#!/bin/sh\n").expect("both kinds are known");
        assert!(joined.split("\r\n").all(|line| line.len() <= LINE), "{joined}");
    }

    /// The kinds and the texts of the parts of a message.
    fn parts(message: &str) -> Vec<(String, String)> {
        let read = MessageParser::new().with_mime_headers().parse(message).expect("a message");
        let Some(PartType::Multipart(inner)) = read.parts.first().map(|root| &root.body) else {
            panic!("no message of parts: {message}")
        };
        let part = |number: &u32| {
            let part = &read.parts[usize::try_from(*number).expect("a small number")];
            (kind_of(part.content_type()), part.text_contents().expect("a text").to_owned())
        };
        inner.iter().map(part).collect()
    }

    #[test]
    fn a_message_takes_further_parts() {
        let message = "Content-Type: multipart/mixed; boundary=\"b\"\nMIME-Version: 1.0\n\n--b\nContent-Type: \
                       text/cloud-config\n\n#cloud-config\na: 1\n--b\nContent-Type: text/x-shellscript\n\n#!/bin/sh\n--b--\n";
        let config = "#cloud-config\nb: 2\n";
        let script = ("text/x-shellscript".to_owned(), "#!/bin/sh".to_owned());
        let joined = |text: &str| ("text/cloud-config".to_owned(), text.to_owned());
        let behind = append(message, config).expect("a message and a text");
        assert_eq!(parts(&behind), [joined("#cloud-config\na: 1\n\nb: 2\n"), script.clone()]);
        let before = append(config, message).expect("a text and a message");
        assert_eq!(parts(&before), [joined("#cloud-config\nb: 2\n\n\na: 1"), script]);
        // A kind that is not there yet comes last.
        let hook = append(message, "#cloud-boothook\n").expect("a message and a text");
        let kinds: Vec<_> = parts(&hook).into_iter().map(|(kind, _)| kind).collect();
        assert_eq!(kinds, ["text/cloud-config", "text/x-shellscript", "text/cloud-boothook"]);
    }

    #[test]
    fn what_cannot_be_joined_is_refused() {
        let unknown = "Cannot recognise the user data format type from the header line: #x.Supported types are: \
                       cloud-config, bash script, cloud-boothook, include file or MIME";
        refused("#x\n", "#!/bin/sh", unknown);
        refused("#!/bin/sh", "#x\n", unknown);
        let headless = "Failed to detect the user data format type as it does not contain a header";
        refused("a: 1", "#cloud-config\n", headless);
        refused("#cloud-config\n", " \n", "User data expected but provided empty user data");
        let gzip = "Gzipped user data can not be used together with other user data formats";
        for (first, second) in [(&[0x1f, 0x8b][..], &b"#!/bin/sh"[..]), (b"#!/bin/sh", &[0x1f, 0x8b, 8])] {
            let refusal = demo().append_user_data(first, second).expect_err("gzip");
            assert!(refusal.ends_with(gzip), "{refusal}");
        }
    }
}
