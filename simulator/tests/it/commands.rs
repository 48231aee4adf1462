//! The list of commands against the catalogue, and against its own source.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use cloudstack_simulator::api::command;
use cloudstack_simulator::catalog;

/// The readers of arguments that take a parameter's name.
const READERS: [&str; 15] = [
    "has",
    "text",
    "filled",
    "required",
    "maybe_flag",
    "flag",
    "integer",
    "float",
    "date",
    "id",
    "handle",
    "ids",
    "texts",
    "merged",
    "grouped",
];

/// What stands before the name of a command where a family declares it: a literal, or a verb of the register.
const DECLARERS: [&str; 6] =
    ["name: \"", "create(\"", "create_then_show(\"", "list(\"", "update(\"", "delete(\""];

#[test]
fn no_argument_is_asked_for_that_its_commands_do_not_declare() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/api/command");
    let mut wrong = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder of families") {
        let path = entry.expect("a readable folder").path();
        let source = fs::read_to_string(&path).expect("a source file");
        let names = DECLARERS.iter().flat_map(|start| quoted_after(&source, start));
        let commands: Vec<_> = names.filter_map(catalog::command).collect();
        if commands.is_empty() {
            continue;
        }
        for reader in READERS {
            for name in quoted_after(&source, &format!("arguments.{reader}(\"")) {
                // A function of a family may serve several of its commands; one must declare the name.
                if !commands.iter().any(|command| command.param(name).is_some()) {
                    wrong.push(format!("{}: {reader}({name:?})", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn quoted_after<'a>(source: &'a str, start: &str) -> Vec<&'a str> {
    source.split(start).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

#[test]
fn the_played_commands_are_these() {
    let played: Vec<&str> = catalog::commands()
        .filter(|command| command::is_played(*command))
        .map(|command| command.name())
        .collect();
    insta::with_settings!({ snapshot_path => "../../../snapshots/reply", prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("played-commands", played.join("\n"));
    });
}

#[test]
fn every_command_of_the_catalogue_is_known_and_none_pretends() {
    assert_eq!(catalog::commands().count(), 917);
    let empty_lists: BTreeSet<&str> = catalog::commands()
        .filter(|command| command::is_served(*command) && !command::is_played(*command))
        .map(|command| command.name())
        .collect();
    assert!(empty_lists.iter().all(|name| name.starts_with("list")), "{empty_lists:?}");
}
