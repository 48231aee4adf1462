//! Our decoder finds the same facts in both formats wherever a real server was asked the same in both.
//!
//! Pairs are: recorded exchanges whose ids end in `-json` and `-xml`, steps of scenarios that were asked again in
//! XML, and the last answers of jobs. Identifiers and dates may differ between the two questions.

use std::{collections::BTreeMap, fs, path::PathBuf};

use cloudstack_conformance::wire::{decode::Node, parity::difference};
use serde_json::Value;

/// Pairs that are not one answer in two formats, with the reason.
const NO_PAIRS: &[(&str, &str)] = &[
    ("async/query-job-early-json", "the job ended between the two questions"),
    ("escape/list-escape-text-u005c-json", "an accident of JSON alone (API-RSP-042)"),
    ("escape/list-nul-escape-json", "an accident of JSON alone (API-RSP-042)"),
    ("ldap/add-configuration-again-json", "the second one of two configurations is refused"),
    ("ldap/create-account-json", "the second one of two accounts is refused"),
    ("login/method-get-json", "answered outside the envelope"),
    ("login/method-head-json", "answered outside the envelope"),
    ("login/success-user-json", "every login has a key of its own"),
    ("network/firewall-rule-2-json", "the second one of two rules is refused"),
    ("success/delete-volume-json", "the second one of two removals is refused"),
    ("userdata/register-json", "the second one of two registrations is refused"),
];

#[test]
fn recorded_answers_say_the_same_in_both_formats() {
    let pairs = [wire_pairs(), scenario_pairs()].concat();
    assert!(pairs.len() > 500, "{} pairs", pairs.len());
    let mut found = Vec::new();
    for (id, json, xml) in &pairs {
        let excuse = NO_PAIRS.iter().find(|(other, _)| other == id);
        match (compared(json, xml), excuse) {
            (Some(text), None) => found.push(format!("{id}: {text}")),
            (None, Some((_, reason))) => found.push(format!("{id} needs no excuse: {reason}")),
            _ => {}
        }
    }
    for (id, _) in NO_PAIRS {
        if !pairs.iter().any(|(other, _, _)| other == id) {
            found.push(format!("{id} is no pair"));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// How two answers differ, if they do.
fn compared(json: &str, xml: &str) -> Option<String> {
    let json = match Node::from_json(&masked(json)) {
        Ok(json) => json,
        Err(error) => return Some(format!("JSON: {error}")),
    };
    match Node::from_xml(&masked(xml)) {
        Ok((xml, _)) => difference(&json, &xml).map(|part| format!("{part:?}")),
        Err(error) => Some(format!("XML: {error}")),
    }
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../fixtures/recorded")
}

fn lines(path: PathBuf) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Id, JSON and XML.
type Pair = (String, String, String);

fn wire_pairs() -> Vec<Pair> {
    let exchanges: BTreeMap<String, Value> =
        lines(folder().join("wire.jsonl")).into_iter().map(|line| (text(&line["id"]), line)).collect();
    let body = |exchange: &Value| {
        let last = exchange["steps"].as_array().and_then(|steps| steps.last()).unwrap_or(exchange);
        // One character is one byte.
        let body = text(&last["response"]["body"]);
        let bytes: Vec<u8> = body.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    exchanges
        .iter()
        .filter_map(|(id, exchange)| {
            let other = exchanges.get(&format!("{}-xml", id.strip_suffix("-json")?))?;
            Some((id.clone(), body(exchange), body(other)))
        })
        .collect()
}

fn scenario_pairs() -> Vec<Pair> {
    let mut pairs = Vec::new();
    for entry in fs::read_dir(folder().join("lifecycle")).unwrap() {
        for scenario in lines(entry.unwrap().path()) {
            let id = text(&scenario["id"]);
            let mut before = &Value::Null;
            for (number, step) in scenario["steps"].as_array().unwrap().iter().enumerate() {
                let name = format!("{id}, step {number}, {}", text(&step["command"]));
                let polls = step["job"]["polls"].as_array();
                if let (Some(xml), Some(last)) =
                    (step["job"]["final_xml"].as_str(), polls.and_then(|polls| polls.last()))
                {
                    pairs.push((format!("{name}, job"), text(&last[1]), xml.to_owned()));
                }
                let again = ["command", "params", "caller"].iter().all(|key| step[*key] == before[*key]);
                if again && before["format"] == "json" && step["format"] == "xml" {
                    pairs.push((name, text(&before["body"]), text(&step["body"])));
                }
                before = step;
            }
        }
    }
    pairs
}

/// A body with one identifier and one date for all.
fn masked(body: &str) -> String {
    const FORMS: [(&str, &str); 2] =
        [("hhhhhhhh-hhhh-hhhh-hhhh-hhhhhhhhhhhh", "{id}"), ("dddd-dd-ddTdd:dd:dd", "{date}")];
    let fits = |form: &str, at: usize| {
        let window = body.as_bytes().get(at..at + form.len());
        window.is_some_and(|window| {
            window.iter().zip(form.bytes()).all(|(byte, kind)| match kind {
                b'h' => byte.is_ascii_hexdigit(),
                b'd' => byte.is_ascii_digit(),
                other => *byte == other,
            })
        })
    };
    let mut out = String::with_capacity(body.len());
    let mut at = 0;
    while at < body.len() {
        let length = if let Some((form, word)) = FORMS.iter().find(|(form, _)| fits(form, at)) {
            out.push_str(word);
            form.len()
        } else {
            let character = body[at..].chars().next().unwrap();
            out.push(character);
            character.len_utf8()
        };
        at += length;
    }
    out
}
