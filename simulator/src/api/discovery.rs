//! What `listApis` says of each command, derived from the catalogue.
//!
//! The answer has oddities that clients can come to rely on, and they are reproduced: the order
//! of a Java hash map, lists of related commands that shrink while the document is built, and
//! empty objects for fields without annotation. Where they come from is told in
//! `fixtures/catalog/README.md`. Descriptions are our own, made from names. Writing the answer
//! out is not done here.

use std::collections::HashMap;

use crate::catalog::{self, Command, Entity, Field, Param, RoleType};
use crate::release::Release;

/// What is said of one command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiFacts {
    pub(crate) name: &'static str,
    pub(crate) description: String,
    pub(crate) since: Option<&'static str>,
    pub(crate) isasync: bool,
    /// Names joined by commas. Nothing where no list was ever made, empty where none is left.
    pub(crate) related: Option<String>,
    pub(crate) params: Vec<ParamFacts>,
    pub(crate) response: Vec<ResponseFacts>,
}

/// What is said of one parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ParamFacts {
    pub(crate) name: &'static str,
    pub(crate) description: String,
    /// `type` on the wire.
    pub(crate) param_type: &'static str,
    pub(crate) length: usize,
    pub(crate) required: bool,
    pub(crate) since: Option<&'static str>,
    pub(crate) related: Option<String>,
}

/// What is said of one field of the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ResponseFacts {
    /// A field without annotation: an empty object.
    Blank,
    /// A field with a name.
    Named {
        name: &'static str,
        description: String,
        /// `type` on the wire.
        field_type: &'static str,
        /// The fields of the objects that it holds; `response` is absent where there are none.
        response: Vec<Self>,
    },
}

/// The commands that a caller gets from `listApis`, in the order of the answer.
///
/// `release` is that of the server; what came later is not listed. `served` says which commands the server has, and so shapes what is said of every one of them;
/// `visible` says which of those the caller may call. `name` asks for one, in exact case; the
/// answer is empty when there is no such command for the caller, which `listApis` refuses.
pub(crate) fn listing(
    release: Release,
    served: &dyn Fn(Command) -> bool,
    visible: &dyn Fn(Command) -> bool,
    role: RoleType,
    name: Option<&str>,
) -> Vec<ApiFacts> {
    let mut commands: Vec<_> =
        catalog::commands().filter(|&command| command.is_in(release) && served(command)).collect();
    sort_like_java(&mut commands);
    let mut related = Related::of(&commands);
    let mut listing = Vec::new();
    for command in commands {
        let is_asked_for = name.is_none_or(|name| name == command.name());
        let params = (is_asked_for && visible(command)).then(|| params(release, command, role, &related));
        related.take_out(command);
        if let Some(params) = params {
            let class = shown_class(command);
            listing.push(ApiFacts {
                name: command.name(),
                description: words(command.name()),
                since: shown_since(command),
                isasync: command.is_async(),
                related: related.joined(class.class()),
                params,
                response: response(release, class),
            });
        }
        if is_asked_for && name.is_some() {
            break;
        }
    }
    listing
}

/// Sorts like a Java hash map of names iterates: by bucket, then by registration.
fn sort_like_java(commands: &mut [Command]) {
    let buckets = java_buckets(commands.len());
    commands.sort_by_cached_key(|command| {
        let hash = java_hash(command.name());
        ((hash ^ (hash >> 16)) & (buckets - 1), command.registration_rank())
    });
}

/// How many buckets a Java hash map has after so many insertions: it starts with 16 and doubles
/// when it is more than three quarters full.
fn java_buckets(len: usize) -> u32 {
    let mut buckets = 16;
    while len * 4 > buckets as usize * 3 {
        buckets *= 2;
    }
    buckets
}

/// `String.hashCode()`.
pub(super) fn java_hash(text: &str) -> u32 {
    text.encode_utf16().fold(0, |hash: u32, unit| hash.wrapping_mul(31).wrapping_add(unit.into()))
}

/// The commands that answer with each response class, less those already described.
struct Related(HashMap<&'static str, Vec<&'static str>>);

impl Related {
    fn of(commands: &[Command]) -> Self {
        let mut lists: HashMap<_, Vec<_>> = HashMap::new();
        let mut in_name_order = commands.to_vec();
        in_name_order.sort();
        for command in in_name_order {
            // Both classes of a command with a full view count, so its name can be there twice.
            let full_view = command.has_admin_class().then(|| command.admin_response_class());
            for class in [Some(command.response_class()), full_view].into_iter().flatten() {
                if class.class() != catalog::SUCCESS {
                    lists.entry(class.class()).or_default().push(command.name());
                }
            }
        }
        Self(lists)
    }

    /// Removes one mention of a command, which may leave another.
    fn take_out(&mut self, command: Command) {
        if let Some(names) = self.0.get_mut(shown_class(command).class())
            && let Some(at) = names.iter().position(|&name| name == command.name())
        {
            names.remove(at);
        }
    }

    fn joined(&self, class: &str) -> Option<String> {
        self.0.get(class).map(|names| names.join(","))
    }
}

/// The class for root administrators describes a command to everybody.
fn shown_class(command: Command) -> Entity {
    if command.has_admin_class() { command.admin_response_class() } else { command.response_class() }
}

fn shown_since(command: Command) -> Option<&'static str> {
    if command.has_admin_class() { command.admin_since() } else { command.since() }
}

fn params(release: Release, command: Command, role: RoleType, related: &Related) -> Vec<ParamFacts> {
    let is_shown = |param: &Param| {
        let is_in_shown_class = !param.full_view_only() || command.has_admin_class();
        let is_for_caller =
            role == RoleType::Admin || param.roles().is_empty() || param.roles().contains(role);
        param.is_in(release) && param.exposed() && param.documented() && is_in_shown_class && is_for_caller
    };
    let mut facts = Vec::new();
    for param in command.params().filter(is_shown) {
        let fact = ParamFacts {
            name: param.name(),
            description: param_description(param),
            param_type: param.type_name_in(release),
            length: param.length_in(release),
            required: param.required_in(release),
            since: param.since(),
            related: param.entities().next().and_then(|class| related.joined(class)),
        };
        if param.doubled() {
            facts.push(fact.clone());
        }
        facts.push(fact);
    }
    facts
}

/// The fields of a class as the top of an answer.
fn response(release: Release, class: Entity) -> Vec<ResponseFacts> {
    // The plain base of all responses has two fields without annotation.
    described(release, class.fields(), class.blanks() + 2)
}

/// The fields of a class inside another: only its own, and only when it is easily reflected on.
fn nested(release: Release, field: Field) -> Vec<ResponseFacts> {
    match field.nested() {
        Some(class) if field.expanded() && class.extends().is_none() => {
            let inherited = ["jobid", "jobstatus"];
            let own = class.fields().filter(|field| !inherited.contains(&field.name()));
            described(release, own, class.blanks())
        }
        _ => Vec::new(),
    }
}

fn described(release: Release, fields: impl Iterator<Item = Field>, blanks: usize) -> Vec<ResponseFacts> {
    let describe = |field: Field| {
        if field.undocumented() || field.json_only() {
            return ResponseFacts::Blank;
        }
        ResponseFacts::Named {
            name: field.name(),
            description: format!("the {} of the answer", words(field.name())),
            field_type: field.field_type(),
            response: nested(release, field),
        }
    };
    fields
        .filter(|field| field.is_in(release))
        .map(describe)
        .chain((0..blanks).map(|_| ResponseFacts::Blank))
        .collect()
}

fn param_description(param: Param) -> String {
    let entity = param.entities().next().map(|class| {
        let class = class.strip_suffix("Response").unwrap_or(class);
        words(class.strip_suffix("Cmd").unwrap_or(class))
    });
    match entity {
        Some(entity) => format!("the {} to go by: {entity}", words(param.name())),
        None => format!("the {} of the request", words(param.name())),
    }
}

/// The words of a camel-case name, which is ASCII. Abbreviations stay as they are.
fn words(name: &str) -> String {
    let mut words = String::with_capacity(name.len() + name.len() / 2);
    let (mut before, mut letters) = (None, name.bytes().peekable());
    while let Some(letter) = letters.next() {
        let after_small = before.is_some_and(|before: u8| !before.is_ascii_uppercase());
        let before_small = letters.peek().is_some_and(u8::is_ascii_lowercase);
        let is_start = letter.is_ascii_uppercase() && (after_small || before_small);
        if is_start && before.is_some() {
            words.push(' ');
        }
        let shown = if is_start && before_small { letter.to_ascii_lowercase() } else { letter };
        words.push(char::from(shown));
        before = Some(letter);
    }
    words
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a panic is how a test fails")]
mod tests {
    use std::fs;

    use serde_json::{Map, Value, json};

    use super::*;
    use crate::catalog::Build;

    /// The server whose answer was kept: with its simulator, and with backups switched on.
    fn recorded_server(command: Command) -> bool {
        let gate_is_open =
            command.gate().is_none_or(|gate| gate.default || gate.setting == "backup.framework.enabled");
        command.build() != Build::Noredist && gate_is_open
    }

    fn whole_listing() -> Vec<ApiFacts> {
        listing(Release::NEWEST, &recorded_server, &|_| true, RoleType::Admin, None)
    }

    fn recorded_listing() -> Vec<Value> {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/catalog/listapis-facts.jsonl");
        let text = fs::read_to_string(path).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn the_whole_listing_is_that_of_a_real_server() {
        let (ours, real) = (whole_listing(), recorded_listing());
        let names = |facts: &[Value]| facts.iter().map(|fact| fact["name"].clone()).collect::<Vec<_>>();
        let ours: Vec<_> = ours.iter().map(comparable).collect();
        assert_eq!(names(&ours), names(&real));
        let mut differences = Vec::new();
        for (ours, real) in ours.into_iter().zip(real) {
            let (ours, real) = (sorted(ours), sorted(real));
            if ours != real {
                differences.push(format!("{}\n  ours {ours}\n  real {real}", ours["name"]));
            }
        }
        assert!(differences.is_empty(), "{} commands differ\n{}", differences.len(), differences[0]);
    }

    #[test]
    fn one_command_is_described_as_among_all() {
        let all = whole_listing();
        for fact in &all {
            let one = listing(Release::NEWEST, &recorded_server, &|_| true, RoleType::Admin, Some(fact.name));
            assert_eq!(one, std::slice::from_ref(fact));
        }
        let none = |name, visible| {
            listing(Release::NEWEST, &recorded_server, &move |_| visible, RoleType::Admin, Some(name)).len()
        };
        assert_eq!(none("listZones", false), 0);
        assert_eq!(none("listzones", true), 0);
        assert_eq!(none("quotaSummary", true), 0);
    }

    #[test]
    fn a_caller_sees_the_admin_listing_with_parts_left_out() {
        let all = whole_listing();
        let visible = |command: Command| command.default_roles().contains(RoleType::User);
        let few = listing(Release::NEWEST, &recorded_server, &visible, RoleType::User, None);
        let mut same_commands = all.iter().filter(|fact| few.iter().any(|few| few.name == fact.name));
        for few in &few {
            let full = same_commands.next().unwrap();
            assert_eq!((few.name, &few.related, &few.response), (full.name, &full.related, &full.response));
            let command = catalog::command(few.name).unwrap();
            let admin_only = full.params.iter().filter(|param| !few.params.contains(param));
            for param in admin_only {
                assert!(
                    !command.param(param.name).unwrap().roles().is_empty(),
                    "{} {}",
                    few.name,
                    param.name
                );
            }
        }
        // `deploymentplanner` is read from root administrators alone; `hostid` has another rule.
        let deploy = few.iter().find(|fact| fact.name == "deployVirtualMachine").unwrap();
        assert!(deploy.params.iter().all(|param| param.name != "deploymentplanner"));
        assert!(deploy.params.iter().any(|param| param.name == "hostid"));
    }

    #[test]
    fn hashing_is_that_of_java() {
        assert_eq!(java_hash(""), 0);
        assert_eq!(java_hash("hello"), 99_162_322);
        let check = |len, expected| assert_eq!(java_buckets(len), expected, "{len}");
        check(0, 16);
        check(12, 16);
        check(13, 32);
        check(768, 1024);
        check(769, 2048);
    }

    #[test]
    fn names_become_words() {
        let check = |name, expected| assert_eq!(words(name), expected);
        check("startVirtualMachine", "start virtual machine");
        check("listVPCOfferings", "list VPC offerings");
        check("createVMSnapshot", "create VM snapshot");
        check("login", "login");
        check("NicExtraDhcpOption", "nic extra dhcp option");
        check("addIpToNic", "add ip to nic");
    }

    fn comparable(fact: &ApiFacts) -> Value {
        let mut value = json!({ "name": fact.name, "isasync": fact.isasync });
        insert(&mut value, "since", fact.since.map(Value::from));
        insert(&mut value, "related", fact.related.as_deref().map(split));
        insert(&mut value, "params", Some(fact.params.iter().map(comparable_param).collect()));
        insert(&mut value, "response", Some(fact.response.iter().map(comparable_field).collect()));
        value
    }

    fn comparable_param(param: &ParamFacts) -> Value {
        let mut value = json!({
            "name": param.name, "type": param.param_type, "length": param.length, "required": param.required,
        });
        insert(&mut value, "since", param.since.map(Value::from));
        insert(&mut value, "related", param.related.as_deref().map(split));
        value
    }

    fn comparable_field(field: &ResponseFacts) -> Value {
        match field {
            ResponseFacts::Blank => json!({}),
            ResponseFacts::Named { name, field_type, response, .. } => {
                let mut value = json!({ "name": name, "type": field_type });
                let inner = response.iter().map(comparable_field).collect::<Vec<_>>();
                insert(&mut value, "response", (!inner.is_empty()).then(|| inner.into()));
                value
            }
        }
    }

    fn insert(value: &mut Value, key: &str, member: Option<Value>) {
        if let (Some(object), Some(member)) = (value.as_object_mut(), member) {
            object.insert(key.to_owned(), member);
        }
    }

    fn split(joined: &str) -> Value {
        joined.split(',').filter(|name| !name.is_empty()).collect()
    }

    /// The same value with the members of every array and object in one order: multisets compare.
    fn sorted(value: Value) -> Value {
        match value {
            Value::Array(members) => {
                let mut members: Vec<_> = members.into_iter().map(sorted).collect();
                members.sort_by_cached_key(Value::to_string);
                members.into()
            }
            Value::Object(members) => {
                let mut members: Vec<_> =
                    members.into_iter().map(|(key, member)| (key, sorted(member))).collect();
                members.sort_by(|(a, _), (b, _)| a.cmp(b));
                Value::Object(members.into_iter().collect::<Map<_, _>>())
            }
            other => other,
        }
    }
}
