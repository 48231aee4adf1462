//! Condenses the catalogue of commands into a table: what the suite must know of a command before it sends it.
//!
//! Names, response names, whether a command answers with a job, whether it changes anything, and what tells that a
//! command or a parameter came with a later release than another.

use std::{collections::HashMap, env, fmt::Write as _, fs, path::Path};

use serde::Deserialize;

#[derive(Deserialize)]
struct Command {
    name: String,
    response_name: String,
    /// Of refusals, where it is another one.
    error_name: Option<String>,
    isasync: bool,
    http: String,
    #[serde(default)]
    since: String,
    #[serde(default)]
    build: String,
    gate: Option<serde::de::IgnoredAny>,
    #[serde(default)]
    auth: bool,
    #[serde(default)]
    params: Vec<Parameter>,
}

#[derive(Deserialize)]
struct Parameter {
    name: String,
    #[serde(default)]
    since: String,
}

/// The columns of `versions.tsv` that were made from a release, oldest first. What it calls absent was not there; where
/// a source did not cover a command it says so.
const SOURCES: [&str; 15] = [
    "4.11", "4.12", "4.15.1", "4.15.2", "4.16.0", "4.16.1", "4.17", "4.18", "4.19.0", "4.19.2", "4.20.0",
    "4.20.1", "4.21", "4.22.0", "src4.22",
];

/// A table with a header: columns by name.
fn table(facts: &Path, file: &str) -> Vec<HashMap<String, String>> {
    let path = facts.join(file);
    println!("cargo::rerun-if-changed={}", path.display());
    let text = fs::read_to_string(&path).expect("the history of the commands is part of the repository");
    let mut lines = text.lines().map(|line| line.split('\t').map(str::to_owned));
    let names: Vec<String> = lines.next().expect("a table has a header").collect();
    lines.map(|cells| names.iter().cloned().zip(cells).collect()).collect()
}

/// A literal of `Arrival`.
fn arrival(name: &str, absent: &str, seen: &str, since: &str) -> String {
    let (seen, since) = (seen.trim_start_matches("src"), since.trim_end_matches('+'));
    format!("Arrival {{ name: {name:?}, absent: {absent:?}, seen: {seen:?}, since: {since:?} }}")
}

fn main() {
    // Asked for when it runs: checkouts may share a target folder.
    let manifest = env::var_os("CARGO_MANIFEST_DIR").expect("cargo names the package's directory");
    let folder = Path::new(&manifest).join("../fixtures/catalog");
    let facts = folder.join("commands.jsonl");
    println!("cargo::rerun-if-changed={}", facts.display());
    println!("cargo::rerun-if-changed=build.rs");

    let text = fs::read_to_string(&facts).expect("the catalogue of commands is part of the repository");
    let mut commands: Vec<Command> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| serde_json::from_str(line).expect("each line of the catalogue is one command"))
        .collect();
    commands.sort_by(|left, right| left.name.cmp(&right.name));

    let sightings: HashMap<String, HashMap<String, String>> =
        table(&folder, "versions.tsv").into_iter().map(|row| (row["command"].clone(), row)).collect();
    // The newest release that was seen without a parameter, and the oldest with it.
    let mut sightings_of_params: HashMap<_, (String, String)> = HashMap::new();
    for row in table(&folder, "param-changes.tsv") {
        let param = (row["command"].clone(), row["param"].clone());
        if row["change"] == "added" {
            sightings_of_params.insert(param, (row["from"].clone(), row["to"].clone()));
        } else {
            // What changed and was never added is as old as the oldest source, whatever its annotation says.
            sightings_of_params.entry(param).or_insert_with(|| (String::new(), SOURCES[0].to_owned()));
        }
    }

    let mut table = String::from("pub(crate) static COMMANDS: &[Command] = &[\n");
    let mut history = String::from("pub(crate) static ARRIVALS: &[Arrivals] = &[\n");
    for Command { name, response_name, error_name, isasync, http, since, build, gate, auth, params } in
        commands
    {
        let error_name = error_name.unwrap_or_else(|| response_name.clone());
        let reads = http == "read";
        let takes_id = params.iter().any(|parameter| parameter.name == "id");
        writeln!(
            table,
            "    Command {{ name: {name:?}, response_name: {response_name:?}, error_name: {error_name:?}, is_async: {isasync}, reads: {reads}, takes_id: {takes_id} }},"
        )
        .expect("writing to a string does not fail");

        let row = &sightings[&name];
        let seen = SOURCES.iter().position(|source| row[*source] == "1").expect("a current command was seen");
        let absent = SOURCES[..seen].iter().rfind(|source| row[**source] == "0").copied().unwrap_or_default();
        // What a server must be told to have proves nothing by its absence, nor does a vendor's own build.
        let is_optional = gate.is_some() || auth || !build.is_empty();
        let command = (!is_optional).then(|| arrival(&name, absent, SOURCES[seen], &since));
        let parameters = params.iter().filter_map(|parameter| {
            let sightings = sightings_of_params.get(&(name.clone(), parameter.name.clone()));
            let (absent, seen) =
                sightings.map_or(("", ""), |(absent, seen)| (absent.as_str(), seen.as_str()));
            let tells = !absent.is_empty() || !parameter.since.is_empty();
            tells.then(|| arrival(&parameter.name, absent, seen, &parameter.since))
        });
        let parameters: Vec<String> = parameters.collect();
        let command = command.map_or("None".to_owned(), |command| format!("Some({command})"));
        writeln!(
            history,
            "    Arrivals {{ name: {name:?}, command: {command}, parameters: &[{}] }},",
            parameters.join(", ")
        )
        .expect("writing to a string does not fail");
    }
    table.push_str("];\n");
    table.push_str(&history);
    table.push_str("];\n");
    let out = Path::new(&env::var_os("OUT_DIR").expect("cargo sets OUT_DIR")).join("commands.rs");
    fs::write(out, table).expect("cargo's output folder can be written");
}
