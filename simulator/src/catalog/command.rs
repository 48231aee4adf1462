//! Commands: what each is called, takes, answers and leaves behind.

use std::fmt;

use super::{
    Entity, Param, Roles,
    data::{COMMANDS, CommandRow, Http, PARAM_LISTS, SHAPES},
};
use crate::release::Release;

/// What stands under the envelope of a success.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shape {
    /// A count and an array; nothing at all when it is empty.
    List,
    /// One object under its key.
    Object,
    /// A success flag, sometimes with a text.
    Success,
    /// The fields of one object, without a key.
    Inline,
    /// No response object: a synchronous call fails, a job has no result.
    None,
}

/// What the answers of a job say about the thing that it works on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JobInstance {
    /// Its type and its identifier.
    Both,
    /// Its type.
    Type,
    /// Nothing, whatever the resource type says.
    None,
    /// Its type, and its identifier depending on the thing.
    BothOrType,
}

/// Which build of the server has a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Build {
    /// Every build.
    Default,
    /// Builds with the parts that may not be redistributed.
    Noredist,
    /// Builds with the plugin of the server's own simulator.
    Simulator,
}

/// A setting that must be true when the server starts for a command to exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Gate {
    /// The name of the setting.
    pub setting: &'static str,
    /// Its value on a fresh installation.
    pub default: bool,
}

/// One command of the API. A handle of two bytes; the facts are constant data.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Command(pub(super) u16);

impl Command {
    /// How many commands there are, and so the bound of [`index`](Self::index).
    pub const COUNT: usize = COMMANDS.len();

    pub(super) fn row(self) -> &'static CommandRow {
        &COMMANDS[usize::from(self.0)]
    }

    /// Its place among all commands in the order of [`commands`](super::commands), for tables.
    #[must_use]
    pub fn index(self) -> usize {
        self.0.into()
    }

    /// The name, whose case matters on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().name.get()
    }

    /// Whether it answers with a job.
    #[must_use]
    pub fn is_async(self) -> bool {
        self.row().is_async
    }

    /// Whether it creates its object before the job starts, so that the answer has an `id`, too.
    #[must_use]
    pub fn is_create(self) -> bool {
        self.row().is_create
    }

    /// Whether it takes `keyword`, `page` and `pagesize`.
    #[must_use]
    pub fn is_list(self) -> bool {
        self.row().is_list
    }

    /// Whether it belongs to the login path, which runs before signatures and roles are checked.
    /// [`default_roles`](Self::default_roles) says nothing about such a command.
    #[must_use]
    pub fn is_authenticator(self) -> bool {
        self.row().is_authenticator
    }

    /// The version that brought it, where the server says so.
    #[must_use]
    pub fn since(self) -> Option<&'static str> {
        self.row().since.optional()
    }

    /// Whether a release has it. Unlike [`since`](Self::since) this is known of every command.
    #[must_use]
    pub fn is_in(self, release: Release) -> bool {
        self.row().arrival <= release
    }

    /// The envelope of a success; for a job that of the first answer. Four commands have the
    /// envelope `null`, as the server prints it.
    #[must_use]
    pub fn response_name(self) -> &'static str {
        self.row().response_name.get()
    }

    /// The envelope of an error.
    #[must_use]
    pub fn error_name(self) -> &'static str {
        self.row().error_name.get()
    }

    /// What stands under the envelope, or under `jobresult`.
    #[must_use]
    pub fn shape(self) -> Shape {
        self.row().shape
    }

    /// Other outcomes: their shapes and response classes.
    pub fn shape_alternatives(self) -> impl ExactSizeIterator<Item = (Shape, Entity)> {
        self.row().shape_alternatives.of(&SHAPES).iter().map(|&(shape, class)| (shape, Entity(class)))
    }

    /// The key of the object or of the array.
    #[must_use]
    pub fn object(self) -> Option<&'static str> {
        self.row().object.optional()
    }

    /// Other keys, by branch.
    pub fn object_alternatives(self) -> impl ExactSizeIterator<Item = &'static str> + Clone {
        self.row().object_alternatives.texts()
    }

    /// Whether GET always suffices.
    #[must_use]
    pub fn read_only(self) -> bool {
        self.row().http == Http::Read
    }

    /// Whether it is POST or nothing, whatever the settings say.
    #[must_use]
    pub fn post_only(self) -> bool {
        self.row().http == Http::PostOnly
    }

    /// The role types in the annotation, which is what a role without a matching rule falls back to.
    #[must_use]
    pub fn roles(self) -> Roles {
        self.row().roles
    }

    /// The built-in roles that may call it on a fresh installation.
    #[must_use]
    pub fn default_roles(self) -> Roles {
        self.row().default_roles
    }

    /// The kinds of things that the annotation says it is about.
    pub fn entity_types(self) -> impl ExactSizeIterator<Item = &'static str> + Clone {
        self.row().entity_types.texts()
    }

    /// The type of the event of its job; the first one where it depends on the target.
    #[must_use]
    pub fn event(self) -> Option<&'static str> {
        self.events().next()
    }

    /// All types that the event of its job may have.
    pub fn events(self) -> impl ExactSizeIterator<Item = &'static str> + Clone {
        self.row().events.texts()
    }

    /// The type of the event of its creating step, where that differs.
    #[must_use]
    pub fn create_event(self) -> Option<&'static str> {
        self.row().create_event.optional()
    }

    /// The events that the services called by it report; a best effort, and perhaps too many.
    pub fn action_events(self) -> impl ExactSizeIterator<Item = &'static str> + Clone {
        self.row().action_events.texts()
    }

    /// `jobinstancetype` of its jobs, which can be the literal `None`; the first one where it
    /// depends on the target.
    #[must_use]
    pub fn resource_type(self) -> Option<&'static str> {
        self.resource_types().next()
    }

    /// All values that `jobinstancetype` of its jobs may have.
    pub fn resource_types(self) -> impl ExactSizeIterator<Item = &'static str> + Clone {
        self.row().resource_types.texts()
    }

    /// What its jobs say about the thing that they work on; nothing for a synchronous command.
    #[must_use]
    pub fn job_instance(self) -> JobInstance {
        self.row().job_instance
    }

    /// The full name of the Java class that runs it, which is `cmd` of its jobs.
    #[must_use]
    pub fn class_name(self, root_admin: bool) -> &'static str {
        let row = self.row();
        if root_admin && row.has_admin_class { row.admin_class.get() } else { row.class.get() }
    }

    /// Whether root administrators get a class of their own, the "full view".
    #[must_use]
    pub fn has_admin_class(self) -> bool {
        self.row().has_admin_class
    }

    /// Like [`since`](Self::since), of the class for root administrators, registered or not.
    #[must_use]
    pub fn admin_since(self) -> Option<&'static str> {
        self.row().admin_since.optional()
    }

    /// Like [`roles`](Self::roles), of the class for root administrators, registered or not.
    #[must_use]
    pub fn admin_roles(self) -> Roles {
        self.row().admin_roles
    }

    /// Like [`response_class`](Self::response_class), of the class for root administrators,
    /// registered or not.
    #[must_use]
    pub fn admin_response_class(self) -> Entity {
        Entity(self.row().admin_response_class)
    }

    /// The build that has it.
    #[must_use]
    pub fn build(self) -> Build {
        self.row().build
    }

    /// The setting on which its existence depends.
    #[must_use]
    pub fn gate(self) -> Option<Gate> {
        let row = self.row();
        row.gate.optional().map(|setting| Gate { setting, default: row.gate_default })
    }

    /// Whether a default build with default settings has it.
    #[must_use]
    pub fn served_by_default_build(self) -> bool {
        self.build() == Build::Default && self.gate().is_none_or(|gate| gate.default)
    }

    /// Its parameters in the order of declaration, which decides which missing one is reported.
    pub fn params(self) -> impl ExactSizeIterator<Item = Param> + Clone {
        self.row().params.of(&PARAM_LISTS).iter().copied().map(Param)
    }

    /// The parameter of this name, ignoring case as requests do.
    #[must_use]
    pub fn param(self, name: &str) -> Option<Param> {
        self.params().find(|param| param.name().eq_ignore_ascii_case(name))
    }

    /// The documented response class.
    #[must_use]
    pub fn response_class(self) -> Entity {
        Entity(self.row().response_class)
    }

    /// The response class whose fields are really sent.
    #[must_use]
    pub fn wire_class(self) -> Entity {
        Entity(self.row().wire_class)
    }

    /// The other commands with the same documented response class; none for success flags.
    pub fn related(self) -> impl Iterator<Item = Self> {
        let class = self.response_class();
        super::commands()
            .filter(move |&other| other != self && other.response_class() == class)
            .filter(move |_| class.class() != super::SUCCESS)
    }

    /// The order of registration in the real server, as far as it shows: it decides between
    /// names that fall into one bucket of a hash map.
    pub(crate) fn registration_rank(self) -> u16 {
        self.row().rank
    }
}

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Command({})", self.name())
    }
}
