use std::path::Path;
use std::{env, fs};

use serde_json::{Value, json};

use super::*;
use crate::world::clock::VIRTUAL_EPOCH;
use crate::world::preset;

fn demo() -> World {
    let (_, text) = preset::NAMED[0];
    preset::build("demo", text, 7, VIRTUAL_EPOCH).expect("the demo world is valid")
}

/// The saved demo world after a change by hand.
fn changed(change: impl FnOnce(&mut Value)) -> String {
    let mut file = serde_json::from_str(&save(&demo())).expect("a saved world is JSON");
    change(&mut file);
    file.to_string()
}

#[track_caller]
fn refused(text: &str, expected: &[&str]) {
    let said = load(text).expect_err("what cannot be is refused").to_string();
    for part in expected {
        assert!(said.contains(part), "{part:?} is missing in {said:?}");
    }
}

#[test]
fn the_published_schema_is_that_of_the_types() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/schema/world.json");
    let schema = serde_json::to_value(schemars::schema_for!(File)).expect("a schema is JSON");
    let text = serde_json::to_string_pretty(&schema).expect("JSON can be written") + "\n";
    if env::var_os("UPDATE_SCHEMA").is_some() {
        fs::write(&path, text).expect("a writable fixture");
        return;
    }
    let published = fs::read_to_string(&path).expect("the published schema");
    assert!(
        published == text,
        "make the schema anew: UPDATE_SCHEMA=1 cargo test -p cloudstack-simulator --lib saved::"
    );
}

#[test]
fn another_format_or_version_is_refused_with_what_to_do() {
    refused("", &["no JSON object"]);
    refused("[]", &["no JSON object"]);
    refused("{}", &["\"format\"", "missing"]);
    refused(&changed(|file| file["format"] = json!("toml")), &["\"format\"", "toml"]);
    refused(&changed(|file| file["version"] = json!(VERSION + 1)), &["\"version\"", "newer simulator"]);
    refused(&changed(|file| file["version"] = json!(VERSION - 1)), &["\"version\"", "older simulator"]);
    refused(&changed(|file| file["version"] = json!(0)), &["\"version\" must be 2, not 0"]);
    refused(&(save(&demo()) + "{}"), &["no JSON object", "trailing"]);
    let text = save(&demo());
    refused(&text[..text.len() / 2], &["no JSON object", "line"]);
}

#[test]
fn members_are_known_typed_and_all_there() {
    let user = |change: fn(&mut Value)| changed(|file| change(&mut file["world"]["users"]["rows"]["2"]));
    refused(&user(|row| row["shoesize"] = json!(44)), &["world.users.rows.2.shoesize", "unknown field"]);
    refused(&user(|row| row["account"] = json!("admin")), &["world.users.rows.2.account", "invalid type"]);
    refused(
        &user(|row| drop(row.as_object_mut().expect("a row").remove("username"))),
        &["users.rows.2", "username"],
    );
    refused(&changed(|file| file["world"]["colour"] = json!("red")), &["world.colour", "unknown field"]);
    refused(&changed(|file| file["more"] = json!(1)), &["more", "unknown field"]);
    refused(&changed(|file| file["world"]["ids"]["state"] = json!("7")), &["world.ids.state", "sixteen"]);
}

#[test]
fn what_comes_twice_is_refused() {
    let text = save(&demo());
    let twice = text.replacen("\"rows\": {\n", "\"rows\": {\n\"1\": null,\n", 1);
    assert_ne!(twice, text);
    refused(&twice, &["rows.1"]);
    let row = "\"regions\": {\n";
    let region = "\"1\": {\"name\": \"a\", \"endpoint\": \"b\"},\n";
    refused(&text.replacen(row, &format!("{row}{region}"), 1), &["world.regions", "\"1\" is there twice"]);
    let same = changed(|file| {
        let accounts = &mut file["world"]["accounts"]["rows"];
        accounts["2"]["uuid"] = accounts["1"]["uuid"].clone();
    });
    refused(&same, &["Account 1 and Account 2", "same identifier"]);
    let nic = changed(|file| file["world"]["last_nic"] = json!(0));
    refused(&nic, &["world.last_nic", "is in use"]);
}

#[test]
fn what_is_nowhere_is_refused() {
    let table =
        |name: &'static str, change: fn(&mut Value)| changed(move |file| change(&mut file["world"][name]));
    refused(
        &table("users", |users| users["rows"]["2"]["account"] = json!(99)),
        &["world.users.rows.2.account", "no row 99 in world.accounts"],
    );
    refused(
        &table("domains", |domains| domains["rows"]["1"]["parent"] = json!(1)),
        &["world.domains.rows.1.parent", "inside itself"],
    );
    refused(
        &table("domains", |domains| domains["rows"]["1"]["parent"] = json!(99)),
        &["world.domains.rows.1.parent", "no row 99"],
    );
    refused(&table("zones", |zones| zones["last"] = json!(0)), &["world.zones", "1 to 0"]);
    refused(&table("zones", |zones| zones["last"] = json!(u64::MAX)), &["world.zones", "no room"]);
    refused(
        &table("jobs", |jobs| jobs["rows"]["1"]["command"] = json!("doNothing")),
        &["world.jobs.rows.1.command", "doNothing"],
    );
    refused(
        &table("settings", |settings| settings["values"]["no.such"] = json!("1")),
        &["world.settings", "no.such"],
    );
    refused(
        &changed(|file| file["world"]["quirks"] = json!(["ignore-expiration"])),
        &["world.quirks", "ignore-expiry"],
    );
    refused(&changed(|file| file["world"]["release"] = json!("four")), &["world.release", "four"]);
    refused(&changed(|file| file["world"]["release"] = json!("4.99")), &["world.release", "4.99"]);
}

/// Names live as long as the program, so a file cannot bring any number of any length.
#[test]
fn names_are_short() {
    let long = "x".repeat(1000);
    let text = changed(|file| file["world"]["events"]["rows"] = json!({}));
    load(&text).expect("events may be missing");
    assert!(form::word::of(&long).is_err());
    let short = form::word::of("a-name").expect("a short name");
    assert!(std::ptr::eq(short, form::word::of("a-name").expect("a short name")), "each name is kept once");
}
