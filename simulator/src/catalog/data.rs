//! The rows behind the catalogue, filled in by `build.rs`.
//!
//! Plain numbers only: a row refers to text and to other rows by position. The readable view is
//! one level up.

use super::{Access, Build, JobInstance, ParamType, Roles, Shape};
use crate::release::Release;

/// Every text of the catalogue, one after the other.
static TEXT: &str = include_str!(concat!(env!("OUT_DIR"), "/catalog.txt"));

include!(concat!(env!("OUT_DIR"), "/catalog.rs"));

/// Where a text starts and how long it is. Packed, because there are tens of thousands.
#[derive(Clone, Copy)]
#[repr(Rust, packed(2))]
pub(super) struct Text(u32, u16);

impl Text {
    pub(super) fn get(self) -> &'static str {
        let start = self.0 as usize;
        &TEXT[start..start + usize::from(self.1)]
    }

    /// The text, or nothing where it is empty.
    pub(super) fn optional(self) -> Option<&'static str> {
        (self.1 != 0).then(|| self.get())
    }
}

/// Neighbours in one of the lists.
#[derive(Clone, Copy)]
pub(super) struct Range {
    start: u16,
    len: u16,
}

impl Range {
    pub(super) fn of<T>(self, list: &'static [T]) -> &'static [T] {
        &list[usize::from(self.start)..][..usize::from(self.len)]
    }

    /// The texts of a range in [`TEXTS`].
    pub(super) fn texts(self) -> impl ExactSizeIterator<Item = &'static str> + Clone {
        self.of(&TEXTS).iter().map(|text| text.get())
    }
}

/// Which HTTP methods a command takes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Http {
    Read,
    Write,
    PostOnly,
}

/// What a parameter was before a release changed it.
#[derive(Clone, Copy)]
pub(super) enum Past {
    Required(bool),
    Length(u32),
    Type(Text),
}

pub(super) struct CommandRow {
    pub(super) name: Text,
    pub(super) since: Text,
    pub(super) response_name: Text,
    pub(super) error_name: Text,
    pub(super) object: Text,
    pub(super) create_event: Text,
    pub(super) class: Text,
    pub(super) admin_class: Text,
    pub(super) admin_since: Text,
    pub(super) gate: Text,
    pub(super) params: Range,
    pub(super) events: Range,
    pub(super) resource_types: Range,
    pub(super) action_events: Range,
    pub(super) object_alternatives: Range,
    pub(super) shape_alternatives: Range,
    pub(super) entity_types: Range,
    pub(super) response_class: u16,
    pub(super) wire_class: u16,
    pub(super) admin_response_class: u16,
    pub(super) rank: u16,
    pub(super) arrival: Release,
    pub(super) shape: Shape,
    pub(super) http: Http,
    pub(super) build: Build,
    pub(super) job_instance: JobInstance,
    pub(super) roles: Roles,
    pub(super) default_roles: Roles,
    pub(super) admin_roles: Roles,
    pub(super) is_async: bool,
    pub(super) is_create: bool,
    pub(super) is_list: bool,
    pub(super) is_authenticator: bool,
    pub(super) has_admin_class: bool,
    pub(super) gate_default: bool,
}

pub(super) struct ParamRow {
    pub(super) name: Text,
    pub(super) since: Text,
    pub(super) length: u32,
    pub(super) arrival: Release,
    pub(super) pasts: Range,
    pub(super) entities: Range,
    pub(super) field_type: ParamType,
    pub(super) list_of: Option<ParamType>,
    pub(super) access: Option<Access>,
    pub(super) validations: u8,
    pub(super) roles: Roles,
    pub(super) required: bool,
    pub(super) full_view_only: bool,
    pub(super) exposed: bool,
    pub(super) documented: bool,
    pub(super) admin_port: bool,
    pub(super) doubled: bool,
}

pub(super) struct EntityRow {
    pub(super) class: Text,
    pub(super) extends: Text,
    pub(super) objects: Range,
    pub(super) stands_for: Range,
    pub(super) fields: Range,
    pub(super) blanks: u8,
}

/// What [`FieldRow::nested`] holds when a field is not made of objects.
pub(super) const NOT_NESTED: u16 = u16::MAX;

pub(super) struct FieldRow {
    pub(super) name: Text,
    pub(super) field_type: Text,
    pub(super) of: Text,
    pub(super) since: Text,
    pub(super) arrival: Release,
    pub(super) constants: Range,
    pub(super) nested: u16,
    pub(super) roles: Roles,
    pub(super) expanded: bool,
    pub(super) sensitive: bool,
    pub(super) undocumented: bool,
    pub(super) json_only: bool,
    pub(super) documented: bool,
}

/// The bytes that the catalogue takes in the program.
#[cfg(test)]
pub(super) fn size() -> usize {
    TEXT.len()
        + size_of_val(&COMMANDS)
        + size_of_val(&PARAMS)
        + size_of_val(&PARAM_LISTS)
        + size_of_val(&ENTITIES)
        + size_of_val(&FIELDS)
        + size_of_val(&FIELD_LISTS)
        + size_of_val(&TEXTS)
        + size_of_val(&SHAPES)
        + size_of_val(&PASTS)
}
