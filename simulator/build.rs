//! Turns the catalogue (`fixtures/catalog/`) into constant data of the program.
//!
//! What is generated has no pointers: one text, and rows of plain numbers that refer to it and to
//! each other. It lies in the read-only part of the program, needs no relocation and no parsing,
//! and costs nothing until somebody looks. The row types are in `src/catalog/data.rs`, the view
//! that the rest of the program sees is `src/catalog.rs`.

use std::{
    collections::HashMap,
    env,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use serde::{Deserialize, de::DeserializeOwned};

#[expect(
    dead_code,
    unreachable_pub,
    reason = "it is the program's, which needs more of it than the facts do"
)]
#[path = "src/release.rs"]
mod release;

use release::Release;

fn main() {
    let manifest = env::var_os("CARGO_MANIFEST_DIR").expect("cargo names the package's directory");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo names the output directory"));
    let facts = Path::new(&manifest).join("../fixtures/catalog");
    let mut commands: Vec<Command> = read(&facts.join("commands.jsonl"));
    let mut entities: Vec<Entity> = read(&facts.join("entities.jsonl"));
    let listed: Vec<Listed> = read(&facts.join("listapis-facts.jsonl"));
    let history = History::read(&facts);
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=src/release.rs");

    // The program searches by halves, ignoring case for commands (no two differ by case alone).
    commands.sort_by_key(|command| command.name.to_ascii_lowercase());
    entities.sort_by(|a, b| a.class.cmp(&b.class));

    let mut tables = Tables::default();
    let class_index = |class: &str| {
        let found = entities.binary_search_by(|entity| entity.class.as_str().cmp(class));
        found.unwrap_or_else(|_| panic!("entities.jsonl has no class {class}"))
    };
    let rank: HashMap<&str, usize> =
        listed.iter().enumerate().map(|(at, command)| (command.name.as_str(), at)).collect();
    for (at, command) in commands.iter().enumerate() {
        let rank = rank.get(command.name.as_str()).copied().unwrap_or(listed.len() + at);
        let row = command.row(rank, &class_index, &history, &mut tables);
        tables.commands.push(row);
    }
    for entity in &entities {
        let row = entity.row(&class_index, &mut tables);
        tables.entities.push(row);
    }

    let source = tables.source();
    println!(
        "catalogue: {} commands, {} parameters ({} different), {} classes, {} fields ({} different), {} bytes of text",
        tables.commands.len(),
        commands.iter().map(|command| command.params.len()).sum::<usize>(),
        tables.params.rows.len(),
        tables.entities.len(),
        entities.iter().map(|entity| entity.fields.len()).sum::<usize>(),
        tables.fields.rows.len(),
        tables.text.len(),
    );
    fs::write(out.join("catalog.txt"), &tables.text).expect("the output directory takes files");
    fs::write(out.join("catalog.rs"), source).expect("the output directory takes files");
}

/// Reads a file of one JSON object per line.
fn read<T: DeserializeOwned>(file: &Path) -> Vec<T> {
    println!("cargo::rerun-if-changed={}", file.display());
    let lines =
        fs::read_to_string(file).unwrap_or_else(|error| panic!("could not read {}: {error}", file.display()));
    let parse = |(at, line)| {
        serde_json::from_str(line)
            .unwrap_or_else(|error| panic!("could not read {}:{}: {error}", file.display(), at + 1))
    };
    lines.lines().enumerate().map(parse).collect()
}

/// Reads a table: columns by name, parted by tabs.
fn read_table(file: &Path) -> Vec<HashMap<String, String>> {
    println!("cargo::rerun-if-changed={}", file.display());
    let text =
        fs::read_to_string(file).unwrap_or_else(|error| panic!("could not read {}: {error}", file.display()));
    let mut lines = text.lines().map(|line| line.split('\t').map(str::to_owned));
    let names: Vec<String> = lines.next().expect("a table has a header").collect();
    lines.map(|cells| names.iter().cloned().zip(cells).collect()).collect()
}

// ---- Since when: the sightings of commands and the changes of parameters. ----

/// What is known of earlier releases.
struct History {
    /// By command: what each source with a release says, oldest first.
    sightings: HashMap<String, Vec<(Release, Sighting)>>,
    /// By command and parameter: what changed, oldest first.
    changes: HashMap<(String, String), Vec<Change>>,
}

/// What one source says of a command.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sighting {
    Seen,
    Absent,
    /// The source does not cover it.
    NoEvidence,
}

/// A change of a parameter between two releases that were looked at.
struct Change {
    what: String,
    from: Release,
    to: Release,
}

impl History {
    fn read(facts: &Path) -> Self {
        let sources = [
            "4.9", "4.11", "4.12", "4.15.1", "4.15.2", "4.16.0", "4.16.1", "4.17", "4.18", "4.19.0",
            "4.19.2", "4.20.0", "4.20.1", "4.21", "4.22.0", "src4.22",
        ];
        let sighting = |cell: &str| match cell {
            "1" => Sighting::Seen,
            "0" => Sighting::Absent,
            "-" | "~" => Sighting::NoEvidence,
            other => panic!("versions.tsv: what is {other:?}?"),
        };
        let mut sightings = HashMap::new();
        for row in read_table(&facts.join("versions.tsv")) {
            let cells = sources.iter().map(|source| (named_release(source), sighting(&row[*source])));
            sightings.insert(row["command"].clone(), cells.collect());
        }
        let mut changes: HashMap<_, Vec<Change>> = HashMap::new();
        for row in read_table(&facts.join("param-changes.tsv")) {
            let (from, to) = (named_release(&row["from"]), named_release(&row["to"]));
            let change = Change { what: row["change"].clone(), from, to };
            changes.entry((row["command"].clone(), row["param"].clone())).or_default().push(change);
        }
        for changes in changes.values_mut() {
            changes.sort_by_key(|change| change.to);
        }
        Self { sightings, changes }
    }

    /// The release that brought a command. Where none was looked at between the last one without it
    /// and the first one with it, the annotation decides, if it lies in between.
    fn arrival(&self, command: &Command) -> Release {
        let sightings = self.sightings.get(&command.name).map_or(&[][..], Vec::as_slice);
        let first = sightings.iter().find(|(_, sighting)| *sighting == Sighting::Seen);
        let seen = first.map_or(Release::NEWEST, |(release, _)| *release);
        let absent =
            sightings.iter().filter(|(release, sighting)| *release < seen && *sighting == Sighting::Absent);
        // What a server has to be told to have proves nothing by its absence.
        let is_optional = command.gate.is_some() || !command.build.is_empty();
        let absent = absent.map(|(release, _)| *release).next_back().filter(|_| !is_optional);
        annotated(&command.since)
            .filter(|since| *since <= seen && absent.is_none_or(|absent| absent < *since))
            .unwrap_or(seen)
            .max(Release::OLDEST)
    }

    /// The release that brought a parameter, likewise.
    fn arrival_of_param(&self, command: &str, param: &Param) -> Release {
        let annotated = annotated(&param.since);
        let changes = self.changes_of(command, &param.name);
        let release = match changes.iter().find(|change| change.what == "added") {
            Some(Change { from, to, .. }) => {
                annotated.filter(|since| from < since && since <= to).unwrap_or(*to)
            }
            // What was seen to change was there before, whatever the annotation says.
            None => annotated
                .filter(|since| changes.iter().all(|change| *since <= change.from))
                .unwrap_or(Release::OLDEST),
        };
        release.clamp(Release::OLDEST, Release::NEWEST)
    }

    fn changes_of(&self, command: &str, param: &str) -> &[Change] {
        self.changes.get(&(command.to_owned(), param.to_owned())).map_or(&[], Vec::as_slice)
    }

    /// What a parameter was before it became what it is, oldest first.
    fn pasts(&self, command: &str, param: &str, tables: &mut Tables) -> String {
        let mut pasts = Vec::new();
        for Change { what, to, .. } in self.changes_of(command, param) {
            let before = what.split_once(':').map_or(what.as_str(), |(_, change)| change);
            let (before, _) = before.split_once('>').unwrap_or_default();
            let past = match what.split(':').next().unwrap_or_default() {
                "added" | "removed" => continue,
                "required>optional" => "Past::Required(true)".to_owned(),
                "optional>required" => "Past::Required(false)".to_owned(),
                "length" => format!("Past::Length({before})"),
                "type" => format!("Past::Type({})", tables.text(before)),
                other => panic!("param-changes.tsv: what is {other:?}?"),
            };
            pasts.push(format!("({}, {past})", release_row(*to)));
        }
        tables.pasts.add(pasts)
    }
}

/// The release that a source of the facts was made from: `4.9`, `src4.22`.
fn named_release(source: &str) -> Release {
    source.trim_start_matches("src").parse().unwrap_or_else(|error| panic!("{source}: {error}"))
}

/// The release in an annotation, `4.9+` and `4.19.2.0` among them; empty where there is none.
fn annotated(since: &str) -> Option<Release> {
    let text = since.trim_end_matches('+');
    (!text.is_empty()).then(|| text.parse().unwrap_or_else(|error| panic!("since {since}: {error}")))
}

/// A release as Rust source.
fn release_row(release: Release) -> String {
    format!("Release::from_numbers({:?})", release.numbers())
}

// ---- The facts, as they stand in the files. Keys that nothing reads are left out. ----

#[derive(Deserialize)]
struct Listed {
    name: String,
}

#[derive(Deserialize)]
struct Command {
    name: String,
    isasync: bool,
    #[serde(default)]
    is_create: bool,
    #[serde(default)]
    is_list: bool,
    #[serde(default)]
    auth: bool,
    #[serde(default)]
    since: String,
    response_name: String,
    error_name: Option<String>,
    shape: String,
    #[serde(default)]
    shape_alts: Vec<(String, String)>,
    #[serde(default)]
    object: String,
    #[serde(default)]
    object_alts: Vec<String>,
    http: String,
    #[serde(default)]
    roles: Vec<String>,
    default_roles: Vec<String>,
    #[serde(default)]
    entity_type: Vec<String>,
    event: Option<OneOrMore>,
    #[serde(default)]
    create_event: String,
    #[serde(default)]
    action_events: Vec<String>,
    resource_type: Option<OneOrMore>,
    #[serde(default)]
    job_instance: String,
    class: String,
    admin_class: Option<String>,
    admin_class_registered: Option<bool>,
    #[serde(default)]
    admin_diff: AdminDiff,
    #[serde(default)]
    build: String,
    gate: Option<Gate>,
    response_class: String,
    wire_class: Option<String>,
    params: Vec<Param>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct AdminDiff {
    since: Option<String>,
    roles: Option<Vec<String>>,
    response_class: Option<String>,
}

#[derive(Deserialize)]
struct Gate {
    config: String,
    default: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Param {
    name: String,
    r#type: String,
    of: Option<String>,
    length: Option<u32>,
    #[serde(default)]
    required: bool,
    #[serde(default)]
    since: String,
    #[serde(default)]
    entity: Vec<String>,
    #[serde(default)]
    roles: Vec<String>,
    #[serde(default)]
    validations: Vec<String>,
    acl: Option<String>,
    view: Option<String>,
    expose: Option<bool>,
    doc: Option<bool>,
    adminport: Option<bool>,
    #[serde(default)]
    dup: bool,
}

#[derive(Deserialize)]
struct Entity {
    class: String,
    #[serde(default)]
    blanks: u8,
    #[serde(default)]
    object: Vec<String>,
    #[serde(default)]
    extends: String,
    #[serde(default)]
    entity: Vec<String>,
    fields: Vec<Field>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Field {
    name: String,
    r#type: String,
    #[serde(default)]
    of: String,
    nested: Option<String>,
    expand: Option<bool>,
    #[serde(default)]
    r#enum: Vec<String>,
    #[serde(default)]
    since: String,
    #[serde(default)]
    roles: Vec<String>,
    #[serde(default)]
    sensitive: bool,
    #[serde(default)]
    undocumented: bool,
    #[serde(default)]
    jsononly: bool,
    doc: Option<bool>,
}

// ---- The rows, as Rust source. ----

/// A literal of a row type: its name, then every field and its value.
macro_rules! row {
    ($name:literal, $($field:ident: $value:expr,)*) => {{
        let mut row = String::from(concat!($name, " {"));
        $(write!(row, concat!(" ", stringify!($field), ": {},"), $value).expect("a string takes all");)*
        row.push_str(" }");
        row
    }};
}

impl Command {
    fn row(
        &self,
        rank: usize,
        class_index: &dyn Fn(&str) -> usize,
        history: &History,
        tables: &mut Tables,
    ) -> String {
        let diff = &self.admin_diff;
        let response_class = class_index(&self.response_class);
        let admin_class = self.admin_class.as_deref().map(java_class).unwrap_or_default();
        let has_admin_class = !admin_class.is_empty() && self.admin_class_registered != Some(false);
        let params =
            self.params.iter().map(|param| param.row(&self.name, history, tables)).collect::<Vec<_>>();
        let params = params.into_iter().map(|param| tables.params.add(param)).collect();
        let shapes = self.shape_alts.iter();
        let shapes =
            shapes.map(|(shape, class)| format!("(Shape::{}, {})", variant(shape), class_index(class)));
        row! { "CommandRow",
            name: tables.text(&self.name),
            since: tables.text(&self.since),
            response_name: tables.text(&self.response_name),
            error_name: tables.text(self.error_name.as_ref().unwrap_or(&self.response_name)),
            object: tables.text(&self.object),
            create_event: tables.text(&self.create_event),
            class: tables.text(&java_class(&self.class)),
            admin_class: tables.text(&admin_class),
            admin_since: tables.text(diff.since.as_ref().unwrap_or(&self.since)),
            gate: tables.text(self.gate.as_ref().map_or("", |gate| gate.config.as_str())),
            params: tables.param_lists.add(params),
            events: tables.texts(all(&self.event)),
            resource_types: tables.texts(all(&self.resource_type)),
            action_events: tables.texts(&self.action_events),
            object_alternatives: tables.texts(&self.object_alts),
            shape_alternatives: tables.shapes.add(shapes.collect()),
            entity_types: tables.texts(&self.entity_type),
            response_class: response_class,
            wire_class: self.wire_class.as_deref().map_or(response_class, class_index),
            admin_response_class: diff.response_class.as_deref().map_or(response_class, class_index),
            rank: rank,
            arrival: release_row(history.arrival(self)),
            shape: format!("Shape::{}", variant(&self.shape)),
            http: format!("Http::{}", variant(&self.http)),
            build: format!("Build::{}", variant(if self.build.is_empty() { "default" } else { &self.build })),
            job_instance: format!("JobInstance::{}", match self.job_instance.as_str() {
                "" => "None".into(),
                "both|type" => "BothOrType".into(),
                other => variant(other),
            }),
            roles: roles(&self.roles),
            default_roles: roles(&self.default_roles),
            admin_roles: roles(diff.roles.as_ref().unwrap_or(&self.roles)),
            is_async: self.isasync,
            is_create: self.is_create,
            is_list: self.is_list,
            is_authenticator: self.auth,
            has_admin_class: has_admin_class,
            gate_default: self.gate.as_ref().is_some_and(|gate| gate.default == "true"),
        }
    }
}

impl Param {
    fn row(&self, command: &str, history: &History, tables: &mut Tables) -> String {
        let optional = |kind: &str, value: Option<String>| match value {
            None => "None".into(),
            Some(value) => format!("Some({kind}::{value})"),
        };
        let view = self.view.as_deref();
        assert!(matches!(view, None | Some("full")), "{}: what is view {view:?}?", self.name);
        let validations = self.validations.iter().map(|name| match name.as_str() {
            "PositiveNumber" => 1,
            "NotNullOrEmpty" => 2,
            "UuidString" => 4,
            "RFCComplianceDomainName" => 8,
            _ => panic!("{}: what is validation {name}?", self.name),
        });
        row! { "ParamRow",
            name: tables.text(&self.name),
            since: tables.text(&self.since),
            length: self.length.unwrap_or(255),
            arrival: release_row(history.arrival_of_param(command, self)),
            pasts: history.pasts(command, &self.name, tables),
            entities: tables.texts(&self.entity),
            field_type: format!("ParamType::{}", variant(&self.r#type)),
            list_of: optional("ParamType", self.of.as_deref().map(variant)),
            access: optional("Access", self.acl.clone()),
            validations: validations.sum::<u8>(),
            roles: roles(&self.roles),
            required: self.required,
            full_view_only: view.is_some(),
            exposed: self.expose.unwrap_or(true),
            documented: self.doc.unwrap_or(true),
            admin_port: self.adminport.unwrap_or(true),
            doubled: self.dup,
        }
    }
}

impl Entity {
    fn row(&self, class_index: &dyn Fn(&str) -> usize, tables: &mut Tables) -> String {
        let fields = self.fields.iter().map(|field| field.row(class_index, tables)).collect::<Vec<_>>();
        let fields = fields.into_iter().map(|field| tables.fields.add(field)).collect();
        row! { "EntityRow",
            class: tables.text(&self.class),
            extends: tables.text(&self.extends),
            objects: tables.texts(&self.object),
            stands_for: tables.texts(&self.entity),
            fields: tables.field_lists.add(fields),
            blanks: self.blanks,
        }
    }
}

impl Field {
    fn row(&self, class_index: &dyn Fn(&str) -> usize, tables: &mut Tables) -> String {
        row! { "FieldRow",
            name: tables.text(&self.name),
            field_type: tables.text(&self.r#type),
            of: tables.text(&self.of),
            since: tables.text(&self.since),
            arrival: release_row(annotated(&self.since).unwrap_or(Release::OLDEST).max(Release::OLDEST)),
            constants: tables.texts(&self.r#enum),
            nested: self.nested.as_deref().map_or("NOT_NESTED".into(), |class| class_index(class).to_string()),
            roles: roles(&self.roles),
            expanded: self.expand.unwrap_or(true),
            sensitive: self.sensitive,
            undocumented: self.undocumented,
            json_only: self.jsononly,
            documented: self.doc.unwrap_or(true),
        }
    }
}

fn all(texts: &Option<OneOrMore>) -> &[String] {
    match texts {
        None => &[],
        Some(OneOrMore::One(text)) => std::slice::from_ref(text),
        Some(OneOrMore::More(texts)) => texts,
    }
}

/// The full name of a Java class from the path of its source.
fn java_class(path: &str) -> String {
    let (_, class) = path.split_once("src/main/java/").expect("sources lie under src/main/java");
    class.strip_suffix(".java").expect("sources end in .java").replace('/', ".")
}

/// The Rust variant for a lower-case name of the catalogue: `post_only` is `PostOnly`.
fn variant(name: &str) -> String {
    let mut variant = String::new();
    for word in name.split('_') {
        variant.push_str(&word[..1].to_ascii_uppercase());
        variant.push_str(&word[1..]);
    }
    variant
}

/// The set of role types, with the bit values of the real server.
fn roles(names: &[String]) -> String {
    let bits = names.iter().map(|name| match name.as_str() {
        "Admin" => 1,
        "ResourceAdmin" => 2,
        "DomainAdmin" => 4,
        "User" => 8,
        _ => panic!("what is role type {name}?"),
    });
    format!("Roles({})", bits.fold(0, |all: u8, bit| all | bit))
}

// ---- Tables: every text, row and list is kept once. ----

#[derive(Default)]
struct Tables {
    text: String,
    known: HashMap<String, usize>,
    commands: Vec<String>,
    entities: Vec<String>,
    params: Pool,
    fields: Pool,
    param_lists: Lists,
    field_lists: Lists,
    texts: Lists,
    shapes: Lists,
    pasts: Lists,
}

impl Tables {
    /// Where a text stands, as source; it is added when it stands nowhere yet.
    fn text(&mut self, text: &str) -> String {
        let at = match self.known.get(text) {
            Some(&at) => at,
            None => {
                let at = self.text.find(text).unwrap_or_else(|| {
                    self.text.push_str(text);
                    self.text.len() - text.len()
                });
                self.known.insert(text.to_owned(), at);
                at
            }
        };
        format!("Text({at}, {})", text.len())
    }

    fn texts(&mut self, texts: &[String]) -> String {
        let texts = texts.iter().map(|text| self.text(text)).collect();
        self.texts.add(texts)
    }

    fn source(&self) -> String {
        let mut source = String::new();
        let mut table = |name: &str, row: &str, rows: &[String]| {
            writeln!(source, "pub(super) static {name}: [{row}; {}] = [", rows.len())
                .expect("a string takes all");
            rows.iter().for_each(|row| {
                source.push_str(row);
                source.push_str(",\n");
            });
            source.push_str("];\n");
        };
        table("COMMANDS", "CommandRow", &self.commands);
        table("PARAMS", "ParamRow", &self.params.rows);
        table("PARAM_LISTS", "u16", &self.param_lists.items);
        table("ENTITIES", "EntityRow", &self.entities);
        table("FIELDS", "FieldRow", &self.fields.rows);
        table("FIELD_LISTS", "u16", &self.field_lists.items);
        table("TEXTS", "Text", &self.texts.items);
        table("SHAPES", "(Shape, u16)", &self.shapes.items);
        table("PASTS", "(Release, Past)", &self.pasts.items);
        source
    }
}

/// Rows without repetition.
#[derive(Default)]
struct Pool {
    rows: Vec<String>,
    known: HashMap<String, usize>,
}

impl Pool {
    fn add(&mut self, row: String) -> String {
        let next = self.rows.len();
        let at = *self.known.entry(row).or_insert_with_key(|row| {
            self.rows.push(row.clone());
            next
        });
        at.to_string()
    }
}

/// Lists one after the other, equal ones once.
#[derive(Default)]
struct Lists {
    items: Vec<String>,
    known: HashMap<Vec<String>, usize>,
}

impl Lists {
    fn add(&mut self, list: Vec<String>) -> String {
        let (next, len) = (self.items.len(), list.len());
        let start = *self.known.entry(list).or_insert_with_key(|list| {
            self.items.extend_from_slice(list);
            next
        });
        format!("Range {{ start: {start}, len: {len} }}")
    }
}
