//! Response classes: which fields an answer has, in which order.

use std::fmt;

use super::{
    Roles,
    data::{ENTITIES, EntityRow, FIELD_LISTS, FIELDS, FieldRow, NOT_NESTED},
};
use crate::release::Release;

/// A response class.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Entity(pub(super) u16);

impl Entity {
    fn row(self) -> &'static EntityRow {
        &ENTITIES[usize::from(self.0)]
    }

    /// The simple name of the Java class.
    #[must_use]
    pub fn class(self) -> &'static str {
        self.row().class.get()
    }

    /// The class that it extends, where that is not the plain base of all responses.
    #[must_use]
    pub fn extends(self) -> Option<&'static str> {
        self.row().extends.optional()
    }

    /// The keys under which its objects are seen.
    pub fn objects(self) -> impl ExactSizeIterator<Item = &'static str> + Clone {
        self.row().objects.texts()
    }

    /// The kinds of things that it stands for when a parameter refers to it.
    pub fn stands_for(self) -> impl ExactSizeIterator<Item = &'static str> + Clone {
        self.row().stands_for.texts()
    }

    /// All fields in wire order; `jobid` and `jobstatus`, which every class has, are the last.
    pub fn fields(self) -> impl ExactSizeIterator<Item = Field> + Clone {
        self.row().fields.of(&FIELD_LISTS).iter().copied().map(Field)
    }

    /// The field of this name, in exact case.
    #[must_use]
    pub fn field(self, name: &str) -> Option<Field> {
        self.fields().find(|field| field.name() == name)
    }

    /// How many fields without name and annotation it has, beyond the two of the base class.
    /// They are never sent, yet `listApis` shows an empty object for each.
    #[must_use]
    pub fn blanks(self) -> usize {
        self.row().blanks.into()
    }
}

impl fmt::Debug for Entity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Entity({})", self.class())
    }
}

/// One field of a response class.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Field(u16);

impl Field {
    fn row(self) -> &'static FieldRow {
        &FIELDS[usize::from(self.0)]
    }

    /// The name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().name.get()
    }

    /// The simple name of its Java type in lower case, as `listApis` prints it.
    #[must_use]
    pub fn field_type(self) -> &'static str {
        self.row().field_type.get()
    }

    /// The type of the members of a list or map, in lower case and parted by commas, where known.
    #[must_use]
    pub fn of(self) -> Option<&'static str> {
        self.row().of.optional()
    }

    /// The class of the object or of the objects that it holds.
    #[must_use]
    pub fn nested(self) -> Option<Entity> {
        let nested = self.row().nested;
        (nested != NOT_NESTED).then_some(Entity(nested))
    }

    /// Whether its annotation names the nested class, which is when `listApis` can describe it.
    #[must_use]
    pub fn expanded(self) -> bool {
        self.row().expanded
    }

    /// The names of the constants, where its type is an enumeration.
    pub fn constants(self) -> impl ExactSizeIterator<Item = &'static str> + Clone {
        self.row().constants.texts()
    }

    /// The version that brought it, where the server says so.
    #[must_use]
    pub fn since(self) -> Option<&'static str> {
        self.row().since.optional()
    }

    /// Whether a release has it, as far as [`since`](Self::since) tells.
    #[must_use]
    pub fn is_in(self, release: Release) -> bool {
        self.row().arrival <= release
    }

    /// The role types that see it. Empty: all.
    #[must_use]
    pub fn roles(self) -> Roles {
        self.row().roles
    }

    /// Whether its value is a secret.
    #[must_use]
    pub fn sensitive(self) -> bool {
        self.row().sensitive
    }

    /// Whether it is sent, but shown as an empty object by `listApis`.
    #[must_use]
    pub fn undocumented(self) -> bool {
        self.row().undocumented
    }

    /// Whether it has no serialized name: JSON shows the name of the Java field, XML nothing.
    #[must_use]
    pub fn json_only(self) -> bool {
        self.row().json_only
    }

    /// Whether its annotation asks to be part of documents. `listApis` does not heed it.
    #[must_use]
    pub fn documented(self) -> bool {
        self.row().documented
    }
}

impl fmt::Debug for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Field({})", self.name())
    }
}
