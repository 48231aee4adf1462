//! What is known of every command of the CloudStack API: facts, no behaviour.
//!
//! The facts stand in `fixtures/catalog/` and become constant data when the program is built
//! (`build.rs`), so that a start costs nothing and a look-up is a binary search. What a command
//! *does* is the business of `api::command`.

mod command;
mod data;
mod entity;
pub mod network_offering;
mod param;
mod role;
pub mod service;

pub use self::{
    command::{Build, Command, Gate, JobInstance, Shape},
    entity::{Entity, Field},
    param::{Access, Param, ParamType, Validation},
    role::{RoleType, Roles},
};

use std::cmp::Ordering;

/// The response class of a bare success flag, for which no related commands are documented.
pub(crate) const SUCCESS: &str = "SuccessResponse";

/// The command of this name, in exact case as on the wire.
#[must_use]
pub fn command(name: &str) -> Option<Command> {
    command_ignoring_case(name).filter(|command| command.name() == name)
}

/// The command of this name in any case, for rules and for people.
#[must_use]
pub fn command_ignoring_case(name: &str) -> Option<Command> {
    let found = data::COMMANDS.binary_search_by(|row| cmp_ignoring_case(row.name.get(), name));
    found.ok().map(command_at)
}

/// All commands in the order of their names, ignoring case.
pub fn commands() -> impl ExactSizeIterator<Item = Command> + Clone {
    (0..Command::COUNT).map(command_at)
}

/// The response class of this simple name.
#[must_use]
pub fn entity(class: &str) -> Option<Entity> {
    let found = data::ENTITIES.binary_search_by(|row| row.class.get().cmp(class));
    found.ok().map(entity_at)
}

/// All response classes in the order of their names.
pub fn entities() -> impl ExactSizeIterator<Item = Entity> + Clone {
    (0..data::ENTITIES.len()).map(entity_at)
}

#[expect(clippy::cast_possible_truncation, reason = "positions are generated as 16-bit numbers")]
fn command_at(at: usize) -> Command {
    Command(at as u16)
}

#[expect(clippy::cast_possible_truncation, reason = "positions are generated as 16-bit numbers")]
fn entity_at(at: usize) -> Entity {
    Entity(at as u16)
}

fn cmp_ignoring_case(a: &str, b: &str) -> Ordering {
    let lower = |byte: u8| byte.to_ascii_lowercase();
    a.bytes().map(lower).cmp(b.bytes().map(lower))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a panic is how a test fails")]
mod tests {
    use std::{collections::HashSet, fs};

    use serde_json::Value;

    use super::*;

    fn facts(file: &str) -> Vec<Value> {
        let path = format!("{}/../fixtures/catalog/{file}", env!("CARGO_MANIFEST_DIR"));
        let text = fs::read_to_string(path).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn one_or_more(fact: &Value) -> Vec<&str> {
        match fact {
            Value::Array(texts) => texts.iter().filter_map(Value::as_str).collect(),
            other => other.as_str().into_iter().collect(),
        }
    }

    fn set(fact: &Value) -> HashSet<&str> {
        one_or_more(fact).into_iter().collect()
    }

    fn named(name: &str) -> Command {
        command(name).unwrap_or_else(|| panic!("no {name}"))
    }

    #[test]
    fn every_command_of_the_facts_is_found_by_its_name() {
        let facts = facts("commands.jsonl");
        assert_eq!(facts.len(), 917);
        assert_eq!(commands().len(), facts.len());
        for fact in &facts {
            let name = fact["name"].as_str().unwrap();
            assert_eq!(named(name).name(), name);
            assert_eq!(command_ignoring_case(&name.to_uppercase()), command(name));
            assert_eq!(command(&name.to_uppercase()), None);
        }
        assert_eq!(command(""), None);
        assert_eq!(command("listZone"), None);
        assert_eq!(command("zzz"), None);
    }

    #[test]
    fn every_fact_of_a_command_is_kept() {
        for fact in facts("commands.jsonl") {
            let command = named(fact["name"].as_str().unwrap());
            let text = |key: &str| fact.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
            let flag = |key: &str| fact.get(key).and_then(Value::as_bool).unwrap_or(false);
            assert_eq!(command.is_async(), flag("isasync"), "{command:?}");
            assert_eq!(command.is_create(), flag("is_create"), "{command:?}");
            assert_eq!(command.is_list(), flag("is_list"), "{command:?}");
            assert_eq!(command.is_authenticator(), flag("auth"), "{command:?}");
            assert_eq!(command.since(), text("since"), "{command:?}");
            assert_eq!(Some(command.response_name()), text("response_name"), "{command:?}");
            assert_eq!(
                Some(command.error_name()),
                text("error_name").or(text("response_name")),
                "{command:?}"
            );
            assert_eq!(command.object(), text("object"), "{command:?}");
            assert_eq!(command.create_event(), text("create_event"), "{command:?}");
            assert_eq!(command.resource_types().collect::<Vec<_>>(), one_or_more(&fact["resource_type"]));
            assert_eq!(command.events().collect::<Vec<_>>(), one_or_more(&fact["event"]));
            assert_eq!(command.read_only(), text("http") == Some("read"), "{command:?}");
            assert_eq!(command.post_only(), text("http") == Some("post_only"), "{command:?}");
            assert_eq!(Some(command.response_class().class()), text("response_class"), "{command:?}");
            assert_eq!(
                Some(command.wire_class().class()),
                text("wire_class").or(text("response_class")),
                "{command:?}"
            );
            let names = |roles: Roles| roles.iter().map(RoleType::name).collect::<HashSet<_>>();
            assert_eq!(names(command.default_roles()), set(&fact["default_roles"]), "{command:?}");
            assert_eq!(names(command.roles()), set(&fact["roles"]), "{command:?}");
            assert_eq!(format!("{:?}", command.shape()).to_lowercase(), fact["shape"], "{command:?}");
            assert_eq!(command.action_events().collect::<HashSet<_>>(), set(&fact["action_events"]));
            assert_eq!(command.entity_types().collect::<HashSet<_>>(), set(&fact["entity_type"]));
            assert_eq!(command.gate().map(|gate| gate.setting), fact["gate"]["config"].as_str());
            let path = format!("{}.java", command.class_name(false).replace('.', "/"));
            assert!(fact["class"].as_str().unwrap().ends_with(&path), "{command:?}");
            if command.response_class().class() != SUCCESS {
                assert_eq!(
                    command.related().map(Command::name).collect::<HashSet<_>>(),
                    set(&fact["related"])
                );
            }
        }
    }

    #[test]
    fn parameters_keep_their_order_and_their_facts() {
        for fact in facts("commands.jsonl") {
            let command = named(fact["name"].as_str().unwrap());
            let params = fact["params"].as_array().unwrap();
            assert_eq!(command.params().len(), params.len());
            for (param, fact) in command.params().zip(params) {
                let text = |key: &str| fact.get(key).and_then(Value::as_str);
                assert_eq!(Some(param.name()), text("name"), "{command:?}");
                assert_eq!(Some(param.field_type().name()), text("type"), "{command:?} {param:?}");
                assert_eq!(param.list_of().map(ParamType::name), text("of"), "{command:?} {param:?}");
                assert_eq!(param.since(), text("since"), "{command:?} {param:?}");
                assert_eq!(param.required(), fact.get("required").is_some(), "{command:?} {param:?}");
                let length = fact.get("length").map_or(255, |length| length.as_u64().unwrap());
                assert_eq!(param.length() as u64, length, "{command:?} {param:?}");
                let entities = fact.get("entity").and_then(Value::as_array).cloned().unwrap_or_default();
                assert!(param.entities().eq(entities.iter().map(|class| class.as_str().unwrap())));
                assert_eq!(
                    format!("{:?}", param.acl()),
                    text("acl").map_or("None".into(), |acl| format!("Some({acl})"))
                );
                let flag = |key: &str| fact.get(key).and_then(Value::as_bool);
                assert_eq!(param.full_view_only(), text("view").is_some(), "{command:?} {param:?}");
                assert_eq!(param.exposed(), flag("expose").unwrap_or(true), "{command:?} {param:?}");
                assert_eq!(param.documented(), flag("doc").unwrap_or(true), "{command:?} {param:?}");
                assert_eq!(param.admin_port(), flag("adminport").unwrap_or(true), "{command:?} {param:?}");
                assert_eq!(param.doubled(), flag("dup").unwrap_or(false), "{command:?} {param:?}");
                let roles: HashSet<_> = param.roles().iter().map(RoleType::name).collect();
                assert_eq!(roles, set(&fact["roles"]), "{command:?} {param:?}");
                let validations: HashSet<_> =
                    param.validations().map(|validation| format!("{validation:?}").to_lowercase()).collect();
                let expected = set(&fact["validations"]).into_iter().map(str::to_lowercase).collect();
                assert_eq!(validations, expected, "{command:?} {param:?}");
                assert_eq!(command.param(&param.name().to_lowercase()), Some(param));
            }
        }
    }

    #[test]
    fn the_fields_of_an_answer_are_those_of_its_wire_class() {
        for fact in facts("commands.jsonl") {
            let command = named(fact["name"].as_str().unwrap());
            let response = fact["response"].as_array().unwrap();
            let fields = command.wire_class().fields();
            assert_eq!(fields.len(), response.len(), "{command:?}");
            for (field, fact) in fields.zip(response) {
                let text = |key: &str| fact.get(key).and_then(Value::as_str);
                assert_eq!(Some(field.name()), text("name"), "{command:?}");
                assert_eq!(Some(field.field_type()), text("type"), "{command:?} {field:?}");
                assert_eq!(field.nested().map(Entity::class), text("nested"), "{command:?} {field:?}");
            }
        }
    }

    #[test]
    fn every_response_class_is_found_by_its_name() {
        let facts = facts("entities.jsonl");
        assert_eq!(entities().len(), facts.len());
        for fact in &facts {
            let class = fact["class"].as_str().unwrap();
            let entity = entity(class).unwrap_or_else(|| panic!("no {class}"));
            assert_eq!(entity.class(), class);
            assert_eq!(entity.extends(), fact.get("extends").and_then(Value::as_str), "{class}");
            assert_eq!(entity.objects().collect::<Vec<_>>(), one_or_more(&fact["object"]), "{class}");
            assert_eq!(entity.stands_for().collect::<Vec<_>>(), one_or_more(&fact["entity"]), "{class}");
            for (field, fact) in entity.fields().zip(fact["fields"].as_array().unwrap()) {
                assert_eq!(field.name(), fact["name"], "{class}");
                let roles: HashSet<_> = field.roles().iter().map(RoleType::name).collect();
                assert_eq!(roles, set(&fact["roles"]), "{class} {field:?}");
                assert_eq!(field.constants().collect::<Vec<_>>(), one_or_more(&fact["enum"]), "{class}");
                assert_eq!(field.sensitive(), fact.get("sensitive").is_some(), "{class} {field:?}");
            }
            let names: Vec<_> = entity.fields().map(Field::name).collect();
            assert!(names.ends_with(&["jobid", "jobstatus"]), "{class}");
        }
        assert_eq!(entity("zoneresponse"), None);
    }

    #[test]
    fn a_default_server_has_the_commands_that_no_gate_closes() {
        assert_eq!(commands().filter(|command| command.build() == Build::Default).count(), 838);
        assert_eq!(commands().filter(|command| command.served_by_default_build()).count(), 788);
        let gate = named("listBackups").gate().unwrap();
        assert_eq!((gate.setting, gate.default), ("backup.framework.enabled", false));
    }

    #[test]
    fn a_root_administrator_runs_the_class_with_the_full_view() {
        let deploy = named("deployVirtualMachine");
        assert_eq!(deploy.class_name(false), "org.apache.cloudstack.api.command.user.vm.DeployVMCmd");
        assert_eq!(deploy.class_name(true), "org.apache.cloudstack.api.command.admin.vm.DeployVMCmdByAdmin");
        // Its admin class exists but was never registered.
        let update = named("updateTemplate");
        assert_eq!(update.class_name(true), update.class_name(false));
        assert!(!update.has_admin_class());
    }

    #[test]
    fn the_oddities_of_the_facts_come_through() {
        assert_eq!(named("associateIpAddress").events().collect::<Vec<_>>().len(), 2);
        assert_eq!(named("migrateVolume").job_instance(), JobInstance::BothOrType);
        assert_eq!(named("listZones").job_instance(), JobInstance::None);
        assert_eq!(named("scaleVirtualMachine").admin_response_class().class(), SUCCESS);
        assert_eq!(named("updateVolume").param("domainid").map(Param::name), None);
        assert!(named("updateRole").param("DESCRIPTION").unwrap().doubled());
        assert!(!named("updateUser").param("password").unwrap().admin_port());
        assert!(!named("updateIpAddress").param("accountid").unwrap().exposed());
        assert!(named("login").post_only());
        let alternatives: Vec<_> = named("listNics").shape_alternatives().collect();
        assert_eq!(alternatives, [(Shape::List, entity("NicSecondaryIpResponse").unwrap())]);
    }

    /// Constant data that is never looked at stays on disk, but it should not get out of hand.
    #[test]
    #[expect(clippy::print_stderr, reason = "the number is worth seeing with --nocapture")]
    fn the_catalogue_takes_less_than_half_a_mebibyte() {
        let size = data::size();
        eprintln!("the catalogue takes {size} bytes of the program");
        assert!(size < 512 * 1024, "{size} bytes");
    }
}
