//! From the target of a request to the one path that it means.
//!
//! Everything is decoded once, repeated slashes become one and dot segments are resolved before
//! anything is matched, so that no spelling of a path leads past a rule (ISO-001, MD-035). What a
//! path means is decided in [`metadata`](super::metadata).

use std::borrow::Cow;

/// The longest request line that the web server reads (MD-047).
const LINE_BYTES: usize = 8190;
/// The longest name that a file can have (MD-047).
const NAME_BYTES: usize = 255;

/// Why a target means no path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Not a path, or one that leaves the tree.
    Bad,
    /// A byte that no path may hold, hidden behind an escape.
    Hidden,
    /// A control file, or a name that no file can have (MD-033).
    Forbidden,
    /// Longer than the web server reads.
    TooLong,
}

/// The path of a target: absolute, decoded, without empty and dot segments; a slash at its end
/// stays, for it has a meaning.
pub(super) fn resolve<'a>(method: &str, target: &'a str) -> Result<Cow<'a, str>, Refusal> {
    if is_plain(target) {
        return Ok(Cow::Borrowed(target));
    }
    if method.len() + target.len() + " HTTP/1.1".len() + 1 > LINE_BYTES {
        return Err(Refusal::TooLong);
    }
    settle(target).map(Cow::Owned)
}

/// Whether a target is the path that it means already, as nearly all are: one look at each byte.
fn is_plain(target: &str) -> bool {
    let mut before = 0;
    target.len() <= NAME_BYTES
        && target.starts_with('/')
        && target.bytes().all(|byte| {
            let is_special =
                matches!(byte, b'%' | b'?' | b'#') || before == b'/' && matches!(byte, b'/' | b'.');
            before = byte;
            !is_special
        })
}

fn settle(target: &str) -> Result<String, Refusal> {
    let target = origin_form(target);
    let path = target.split(['?', '#']).next().unwrap_or_default();
    let decoded = decode(path.strip_prefix('/').ok_or(Refusal::Bad)?)?;
    let mut clean = String::with_capacity(decoded.len() + 2);
    let mut ends_with_slash = true;
    for segment in decoded.split('/') {
        ends_with_slash = matches!(segment, "" | "." | "..");
        match segment {
            "" | "." => {}
            ".." => clean.truncate(clean.rfind('/').ok_or(Refusal::Bad)?),
            name => {
                clean.push('/');
                clean.push_str(name);
            }
        }
    }
    let mut names = clean.as_bytes().split(|byte| *byte == b'/');
    if names.any(|name| name.starts_with(b".ht") || name.len() > NAME_BYTES) {
        return Err(Refusal::Forbidden);
    }
    if ends_with_slash {
        clean.push('/');
    }
    Ok(clean)
}

/// Cuts scheme and host off: absolute targets work, whatever host they name (MD-038).
fn origin_form(target: &str) -> &str {
    let has_scheme =
        |scheme: &str| target.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    let Some(scheme) = ["http://", "https://"].into_iter().find(|scheme| has_scheme(scheme)) else {
        return target;
    };
    let rest = &target[scheme.len()..];
    rest.find('/').map_or("/", |start| &rest[start..])
}

fn decode(path: &str) -> Result<Cow<'_, str>, Refusal> {
    if !path.contains('%') {
        return Ok(path.into());
    }
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let [high, low, tail @ ..] = rest else { return Err(Refusal::Bad) };
        rest = tail;
        let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let (Some(high), Some(low)) = (digit(high), digit(low)) else { return Err(Refusal::Bad) };
        match high << 4 | low {
            // Apache: AllowEncodedSlashes Off.
            0 | b'/' => return Err(Refusal::Hidden),
            byte => bytes.push(byte),
        }
    }
    // No file has a name that is not UTF-8.
    String::from_utf8(bytes).map(Cow::Owned).map_err(|_| Refusal::Hidden)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(target: &str, expected: Result<&str, Refusal>) {
        let path = resolve("GET", target);
        assert_eq!(path.as_deref().map_err(|refusal| *refusal), expected, "{target}");
    }

    #[test]
    fn spellings_of_one_path() {
        check("/latest/user-data", Ok("/latest/user-data"));
        check("/latest/user%2Ddata", Ok("/latest/user-data"));
        check("//latest///user-data", Ok("/latest/user-data"));
        check("/latest/user-data?x=1", Ok("/latest/user-data"));
        check("/latest/./meta-data/../user-data", Ok("/latest/user-data"));
        check("/latest/%2e%2e/userdata/", Ok("/userdata/"));
        check("http://elsewhere.example:81/latest/user-data", Ok("/latest/user-data"));
        check("http://elsewhere.example", Ok("/"));
    }

    #[test]
    fn a_slash_at_the_end_stays() {
        check("/latest/meta-data//", Ok("/latest/meta-data/"));
        check("/latest/meta-data/x/..", Ok("/latest/meta-data/"));
        check("/latest/..", Ok("/"));
        check("/", Ok("/"));
    }

    #[test]
    fn what_is_no_path_is_refused() {
        check("/latest/../../etc/passwd", Err(Refusal::Bad));
        check("/%2e%2e", Err(Refusal::Bad));
        check("*", Err(Refusal::Bad));
        check("/latest/%zz", Err(Refusal::Bad));
        check("/latest/%2", Err(Refusal::Bad));
        check("/latest/..%2fuserdata", Err(Refusal::Hidden));
        check("/latest/user-data%00", Err(Refusal::Hidden));
        check("/latest/meta-data/.htaccess", Err(Refusal::Forbidden));
        check(&format!("/{}", "a".repeat(300)), Err(Refusal::Forbidden));
        check(&format!("/{}", "a/".repeat(4500)), Err(Refusal::TooLong));
    }

    proptest! {
        #[test]
        fn a_plain_target_is_the_path_that_it_means(target in "(/([a-z]{1,4}|a\\.b|é|\\.ht|%2e|\\?|)){1,3}/?") {
            prop_assume!(is_plain(&target));
            prop_assert_eq!(settle(&target), Ok(target));
        }

        #[test]
        fn a_path_is_clean_whatever_was_asked(target in "/([a-z./%]|%2e|%2F|\\.\\./|//){0,40}") {
            if let Ok(path) = resolve("GET", &target) {
                prop_assert!(path.starts_with('/'));
                prop_assert!(!path.contains("//"), "{}", path);
                prop_assert!(path.split('/').all(|segment| segment != ".." && segment != "."), "{}", path);
            }
        }

        #[test]
        fn any_text_is_survived(method in ".{0,10}", target in ".{0,60}") {
            let _ = resolve(&method, &target);
        }
    }
}
