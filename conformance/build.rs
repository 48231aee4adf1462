//! Condenses the catalogue of commands into a table: what the suite must know of a command before it sends it.
//!
//! Names, response names, whether a command answers with a job, and whether it changes anything.

use std::{env, fmt::Write as _, fs, path::Path};

use serde::Deserialize;

#[derive(Deserialize)]
struct Command {
    name: String,
    response_name: String,
    isasync: bool,
    http: String,
    #[serde(default)]
    params: Vec<Parameter>,
}

#[derive(Deserialize)]
struct Parameter {
    name: String,
}

fn main() {
    let facts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/catalog/commands.jsonl");
    println!("cargo::rerun-if-changed={}", facts.display());
    println!("cargo::rerun-if-changed=build.rs");

    let text = fs::read_to_string(&facts).expect("the catalogue of commands is part of the repository");
    let mut commands: Vec<Command> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| serde_json::from_str(line).expect("each line of the catalogue is one command"))
        .collect();
    commands.sort_by(|left, right| left.name.cmp(&right.name));

    let mut table = String::from("pub(crate) static COMMANDS: &[Command] = &[\n");
    for Command { name, response_name, isasync, http, params } in commands {
        let reads = http == "read";
        let takes_id = params.iter().any(|parameter| parameter.name == "id");
        writeln!(
            table,
            "    Command {{ name: {name:?}, response_name: {response_name:?}, is_async: {isasync}, reads: {reads}, takes_id: {takes_id} }},"
        )
        .expect("writing to a string does not fail");
    }
    table.push_str("];\n");
    let out = Path::new(&env::var_os("OUT_DIR").expect("cargo sets OUT_DIR")).join("commands.rs");
    fs::write(out, table).expect("cargo's output folder can be written");
}
