//! Single sign-on: a login without a password, proven by a signature of somebody who knows the key that the setting
//! `security.singlesignon.key` holds (API-AUTH-014).

use crate::api::request::Parameters;
use crate::api::signature;
use crate::quirk::Quirk;
use crate::world::World;

/// Whether a login without a password is signed, and lately.
pub(super) fn is_proven(world: &World, parameters: &Parameters) -> bool {
    if world.sins(Quirk::EmptyPasswordsPass) {
        return true;
    }
    let key = world.settings.text("security.singlesignon.key");
    let timestamp = parameters.get_ignoring_case("timestamp").and_then(|text| text.parse::<i64>().ok());
    let (Some(signature), Some(timestamp)) = (parameters.get_ignoring_case("signature"), timestamp) else {
        return false;
    };
    let tolerance = world.settings.number("security.singlesignon.tolerance.millis");
    let distance = i64::try_from(world.now.0.abs_diff(timestamp)).unwrap_or(i64::MAX);
    let is_recent = distance <= tolerance || world.sins(Quirk::SingleSignOnNeverExpires);
    let canonical = signature::canonical(parameters, &world.quirks);
    // No key means that nobody signs on this way.
    !key.is_empty() && is_recent && signature::verify(&canonical, key, signature, &world.quirks)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::clock::Moment;

    #[test]
    fn a_signature_counts_for_as_long_as_the_tolerance() {
        let pairs = [
            ("command", "login"),
            ("username", "Jane Doe"),
            ("domain", "/Sub/"),
            ("timestamp", "1700000000000"),
            ("response", "json"),
            ("signature", "qMnpwZcDMNBQ3A6TbYKM2LKnBJo="),
        ];
        let parameters =
            Parameters::from_pairs(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let mut world = World::blank(1, Moment(1_700_000_000_000));
        assert!(!is_proven(&world, &parameters), "there is no key");
        world.settings.set("security.singlesignon.key", "sso-KEY-1").expect("a known setting");
        assert!(is_proven(&world, &parameters));
        for (millis, expected) in [(300_000, true), (300_001, false), (-300_000, true), (-300_001, false)] {
            world.now = Moment(1_700_000_000_000 + millis);
            assert_eq!(is_proven(&world, &parameters), expected, "{millis}");
        }
    }
}
