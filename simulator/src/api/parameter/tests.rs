use super::convert::{decimal_digit, java_number};
use super::*;

fn unpacked(key: &str) -> Result<BTreeMap<String, Sent>, ApiError> {
    unpack(&[(key.to_owned(), "v".to_owned())], &Quirks::default())
}

#[test]
fn map_names_are_lowered_and_fields_are_not() {
    let raw = unpacked("Details[-3].Key.Part").expect("well formed");
    let Some(Sent::Map(entries)) = raw.get("details") else { panic!("no map") };
    assert_eq!((entries[0].index, entries[0].field.as_str()), (-3, "Key.Part"));
}

#[test]
fn malformed_maps_are_430() {
    for key in ["a[[0]].b", "a[0.b", "a]0[.b", "a[0]b", "a.b[0]", "a[x].b", "a[].b"] {
        let error = unpacked(key).err().unwrap_or_else(|| panic!("{key} passed"));
        assert_eq!(error.code(), 430, "{key}");
    }
    assert!(unpacked("[0].b").is_ok());
}

#[test]
fn floats_are_read_as_java_does() {
    for (text, expected) in [
        ("1", 1.0),
        ("+1.5", 1.5),
        ("-1e3", -1000.0),
        (" 1f ", 1.0),
        ("2.5D", 2.5),
        (".5", 0.5),
        ("1.", 1.0),
        ("Infinity", f64::INFINITY),
        ("-Infinity", f64::NEG_INFINITY),
        ("0x1p3", 8.0),
        ("-0X1.8p1", -3.0),
        ("0xap-1f", 5.0),
    ] {
        assert_eq!(java_number(text), Some(expected), "{text}");
    }
    assert!(java_number("NaN").is_some_and(f64::is_nan));
    for text in
        ["", " ", "-", "nan", "inf", "infinity", "1,5", "1_0", "0x1", "0xp1", "1 0", "+-1", "NaNf", "five"]
    {
        assert_eq!(java_number(text), None, "{text}");
    }
}

#[test]
fn integers_may_have_digits_of_any_script() {
    for (text, expected) in
        [("\u{665}", "5"), ("\u{6f0}\u{967}", "01"), ("\u{ff19}x", "9x"), ("\u{b2}", "\u{b2}")]
    {
        assert_eq!(text.chars().map(decimal_digit).collect::<String>(), expected);
    }
}

#[test]
fn domains_follow_the_rule() {
    let longest = format!("{0}.{0}.{1}", "a".repeat(63), "b".repeat(62));
    assert_eq!(longest.len(), 190);
    for good in ["cs2cloud.internal", "1.2", "A-1", &longest] {
        assert!(is_domain_name(good), "{good}");
    }
    let long_label = "a".repeat(64);
    let too_long = format!("{longest}b");
    for bad in ["", ".", "a..b", ".a", "a.", "a_b", "-a.b", "a-.b", "a b", "é", &long_label, &too_long] {
        assert!(!is_domain_name(bad), "{bad}");
    }
}

#[test]
fn host_names_follow_the_rule() {
    for (name, expected) in [
        ("a", true),
        ("web-1", true),
        ("1web", false),
        ("-a", false),
        ("a-", false),
        ("", false),
        ("a.b", false),
    ] {
        assert_eq!(is_host_name(name), expected, "{name}");
    }
    assert!(!is_host_name(&"a".repeat(64)));
}

#[test]
fn control_characters_are_refused_but_line_ends_pass() {
    let honest = Quirks::default();
    let refused =
        |value: &str| refuse_control_characters(&honest, &[("k".to_owned(), value.to_owned())]).is_err();
    for value in ["\t", "\u{1}", "a\u{7f}", "\u{b}"] {
        assert!(refused(value), "{value:?}");
    }
    for value in ["a\nb", "a\r\n", "é", ""] {
        assert!(!refused(value), "{value:?}");
    }
}
