//! What the suite tells about itself: its checks, and the rules that they judge by.

use super::{ExitCode, Printed, arguments::ListArguments, nothing_selected};
use crate::{
    check::Check,
    checks::{self, AREAS},
    rules::{self, Rule},
    runner::Selection,
};

pub(super) fn known_check(id: &str) -> Result<&'static Check, Printed> {
    checks::find(id).ok_or_else(|| {
        let near =
            checks::all().map(|check| check.id).find(|other| other.contains(id) || id.contains(*other));
        let hint = near
            .map_or("the subcommand list shows all ids".to_owned(), |near| format!("did you mean {near}?"));
        Printed::failure(ExitCode::Usage, &format!("could not find the check {id}"), &hint)
    })
}

pub(super) fn listed(arguments: &ListArguments) -> Printed {
    let selection =
        Selection { profile: arguments.profile, filters: arguments.filters.clone(), ..Selection::default() };
    let selected = selection.checks();
    if selected.is_empty() {
        return nothing_selected(&selection);
    }
    let mut output = String::new();
    for area in AREAS {
        let of_area: Vec<_> = selected.iter().filter(|check| check.area() == area.name).collect();
        if of_area.is_empty() {
            continue;
        }
        output.push_str(&format!("{}  {}\n", area.name, area.title));
        for check in of_area {
            output.push_str(&format!("  {:<50} {:<6} {}\n", check.id, check.level, check.profile));
        }
    }
    Printed::output(output)
}

pub(super) fn explained(id: &str) -> Result<Printed, Printed> {
    if let Some(rule) = rules::find(&id.to_ascii_uppercase()) {
        return Ok(explained_rule(rule));
    }
    let check = known_check(id)?;
    let needs: Vec<String> = check.needs.iter().map(ToString::to_string).collect();
    let facts = [
        ("level", check.level.to_string()),
        ("profile", check.profile.to_string()),
        ("needs", if needs.is_empty() { "nothing".to_owned() } else { needs.join(", ") }),
        ("source", check.source.to_owned()),
        ("rules", check.rules.join(", ")),
        ("run it", format!("cloudstack-conformance --check {}", check.id)),
    ];
    let mut output = format!("{}\n{}\n\n", check.id, check.requirement);
    for (name, value) in facts {
        output.push_str(&format!("{name:<8} {value}\n"));
    }
    Ok(Printed::output(output))
}

/// Every rule with its level and the checks that cover it: those of the protocol in its order, then the others.
pub(super) fn requirements() -> String {
    let covering: Vec<(&str, &str)> =
        checks::all().flat_map(|check| check.rules.iter().map(|&rule| (rule, check.id))).collect();
    let mut others: Vec<&str> =
        covering.iter().map(|(rule, _)| *rule).filter(|rule| rules::find(rule).is_none()).collect();
    others.sort_unstable();
    others.dedup();
    let known = rules::all().iter().map(|rule| (rule.id, rule.level.to_string()));
    let others = others.into_iter().map(|id| (id, String::new()));
    let mut output = String::new();
    for (id, level) in known.chain(others) {
        let ids: Vec<&str> =
            covering.iter().filter(|(rule, _)| *rule == id).map(|(_, check)| *check).collect();
        output.push_str(format!("{id:<14} {level:<6} {}", ids.join(", ")).trim_end());
        output.push('\n');
    }
    output
}

/// Everything about one rule.
pub(super) fn explained_rule(rule: &Rule) -> Printed {
    let covering: Vec<&str> =
        checks::all().filter(|check| check.rules.contains(&rule.id)).map(|check| check.id).collect();
    let facts = [
        ("level", rule.level.to_string()),
        ("evidence", rule.evidence.to_owned()),
        ("source", rule.source.to_owned()),
        ("mutant", rule.mutant.to_owned()),
        ("checks", covering.join(", ")),
        ("unseen", rules::unseen(rule.id).unwrap_or_default().to_owned()),
    ];
    let mut output = format!("{}\n{}\n\n", rule.id, rule.text);
    for (name, value) in facts.iter().filter(|(_, value)| !value.is_empty()) {
        output.push_str(&format!("{name:<8} {value}\n"));
    }
    Printed::output(output)
}
