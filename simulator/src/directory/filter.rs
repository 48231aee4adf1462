//! Which entries a search finds (RFC 4511, section 4.5.1.7). Case never matters: that is the rule for every attribute
//! that people have here.

use ldap3_proto::proto::{LdapFilter, LdapSearchScope, LdapSubstringFilter};

use super::Entry;

/// Whether a filter matches an entry. Extensible matches are not played and match nothing.
pub(super) fn matches(filter: &LdapFilter, entry: &Entry) -> bool {
    let any = |name: &str, is_match: &dyn Fn(&str) -> bool| {
        entry.values(name).map(str::to_lowercase).any(|value| is_match(&value))
    };
    match filter {
        LdapFilter::And(parts) => parts.iter().all(|part| matches(part, entry)),
        LdapFilter::Or(parts) => parts.iter().any(|part| matches(part, entry)),
        LdapFilter::Not(part) => !matches(part, entry),
        LdapFilter::Equality(name, wanted) | LdapFilter::Approx(name, wanted) => {
            let wanted = wanted.to_lowercase();
            any(name, &|value| value == wanted || is_same_name(value, &wanted))
        }
        LdapFilter::Substring(name, parts) => any(name, &|value| has_parts(value, parts)),
        LdapFilter::GreaterOrEqual(name, least) => any(name, &|value| value >= least.to_lowercase().as_str()),
        LdapFilter::LessOrEqual(name, most) => any(name, &|value| value <= most.to_lowercase().as_str()),
        LdapFilter::Present(name) => any(name, &|_| true),
        LdapFilter::Extensible(_) => false,
    }
}

/// Whether an entry is where a search looks.
pub(super) fn is_in_scope(scope: &LdapSearchScope, base: &str, name: &str) -> bool {
    let (base, name) = (parts(base), parts(name));
    let is_below = name.ends_with(&base);
    let depth = name.len().saturating_sub(base.len());
    is_below
        && match scope {
            LdapSearchScope::Base => depth == 0,
            LdapSearchScope::OneLevel => depth == 1,
            LdapSearchScope::Subtree => true,
            LdapSearchScope::Children => depth > 0,
        }
}

/// Whether two distinguished names are the same.
pub(super) fn is_same_name(one: &str, two: &str) -> bool {
    parts(one) == parts(two)
}

/// The parts of a distinguished name, without what does not matter. Commas in values are not played.
fn parts(name: &str) -> Vec<String> {
    name.split(',').map(|part| part.trim().to_lowercase()).filter(|part| !part.is_empty()).collect()
}

fn has_parts(value: &str, wanted: &LdapSubstringFilter) -> bool {
    let lower = |part: &Option<String>| part.as_deref().unwrap_or_default().to_lowercase();
    let Some(mut rest) = value.strip_prefix(&lower(&wanted.initial)) else { return false };
    for part in &wanted.any {
        match rest.split_once(part.to_lowercase().as_str()) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(&lower(&wanted.final_))
}

#[cfg(test)]
mod tests {
    use ldap3_proto::parse_ldap_filter_str;

    use super::*;

    fn check(filter: &LdapFilter, expected: bool) {
        let entry = Entry {
            name: "uid=alice,ou=people,dc=golden".to_owned(),
            attributes: vec![
                ("uid".to_owned(), vec!["alice".to_owned()]),
                ("memberOf".to_owned(), vec!["cn=Staff, dc=golden".to_owned()]),
            ],
        };
        assert_eq!(matches(filter, &entry), expected, "{filter:?}");
    }

    #[test]
    fn filters_mean_what_the_standard_says() {
        let parsed = |text| parse_ldap_filter_str(text).expect("well formed");
        for (text, expected) in [
            ("(uid=ALICE)", true),
            ("(uid=*)", true),
            ("(mail=*)", false),
            ("(uid=a*c*e)", true),
            ("(uid=a*x*e)", false),
            ("(!(uid=bob))", true),
            ("(|(uid=bob)(uid=alice))", true),
            ("(&(uid=bob)(uid=alice))", false),
        ] {
            check(&parsed(text), expected);
        }
    }

    #[test]
    fn names_are_equal_whatever_blanks_are_in_them() {
        let member = |group: &str| LdapFilter::Equality("memberof".to_owned(), group.to_owned());
        check(&member("cn=staff,dc=golden"), true);
        check(&member("cn=crew,dc=golden"), false);
    }

    #[test]
    fn a_scope_is_a_number_of_levels() {
        let is_in = |scope, base| is_in_scope(&scope, base, "uid=alice,ou=people,dc=golden");
        assert!(is_in(LdapSearchScope::Subtree, "DC=golden"));
        assert!(!is_in(LdapSearchScope::OneLevel, "dc=golden"));
        assert!(is_in(LdapSearchScope::OneLevel, "ou=people, dc=golden"));
        assert!(!is_in(LdapSearchScope::Subtree, "ou=groups,dc=golden"));
    }
}
