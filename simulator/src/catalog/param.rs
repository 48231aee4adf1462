//! Parameters of commands, as the catalogue knows them.
//!
//! Values, defaults and rules across parameters are not facts of the catalogue; commands know them.

use std::fmt;

use super::{
    Roles,
    data::{PARAMS, PASTS, ParamRow, Past},
};
use crate::release::Release;

/// How the text of a parameter is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ParamType {
    /// The identifier of something: a UUID, or an internal number for those who may use one.
    Uuid,
    /// Any text.
    String,
    /// `true` or `false`, in any case.
    Boolean,
    /// A 32-bit number.
    Integer,
    /// A 64-bit number.
    Long,
    /// A 16-bit number.
    Short,
    /// A 32-bit number with a fraction.
    Float,
    /// A 64-bit number with a fraction.
    Double,
    /// A point in time.
    Date,
    /// Values parted by commas; [`Param::list_of`] names their type.
    List,
    /// Indexed keys and values, `details[0].key=value`.
    Map,
    /// Left to the command.
    Object,
}

impl ParamType {
    /// The name that `listApis` prints.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Uuid => "uuid",
            Self::String => "string",
            Self::Boolean => "boolean",
            Self::Integer => "integer",
            Self::Long => "long",
            Self::Short => "short",
            Self::Float => "float",
            Self::Double => "double",
            Self::Date => "date",
            Self::List => "list",
            Self::Map => "map",
            Self::Object => "object",
        }
    }
}

/// A rule about the text of a parameter which holds before the command runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Validation {
    /// A number above zero.
    PositiveNumber = 1,
    /// Some text.
    NotNullOrEmpty = 2,
    /// The form of a UUID.
    UuidString = 4,
    /// The form of a domain name.
    RfcComplianceDomainName = 8,
}

/// What a caller must be allowed to do with the thing that a parameter names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Access {
    /// To use it, as one uses a shared template.
    UseEntry,
    /// To change it, as its owner may.
    OperateEntry,
}

/// One declared parameter of a command.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Param(pub(super) u16);

impl Param {
    fn row(self) -> &'static ParamRow {
        &PARAMS[usize::from(self.0)]
    }

    /// The declared name. Requests are read ignoring its case.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().name.get()
    }

    /// How its text is read.
    #[must_use]
    pub fn field_type(self) -> ParamType {
        self.row().field_type
    }

    /// The type of the members of a list.
    #[must_use]
    pub fn list_of(self) -> Option<ParamType> {
        self.row().list_of
    }

    /// The greatest number of characters taken.
    #[must_use]
    pub fn length(self) -> usize {
        self.row().length as usize
    }

    /// Whether a request without it is refused.
    #[must_use]
    pub fn required(self) -> bool {
        self.row().required
    }

    /// The version that brought it, where the server says so.
    #[must_use]
    pub fn since(self) -> Option<&'static str> {
        self.row().since.optional()
    }

    /// Whether a release has it. Unlike [`since`](Self::since) this is known of every parameter.
    #[must_use]
    pub fn is_in(self, release: Release) -> bool {
        self.row().arrival <= release
    }

    /// What it was in a release: the first change after that release tells, for each attribute.
    fn past<T>(self, release: Release, attribute: impl Fn(Past) -> Option<T>) -> Option<T> {
        let pasts = self.row().pasts.of(&PASTS).iter().filter(|(until, _)| release < *until);
        pasts.filter_map(|(_, past)| attribute(*past)).next()
    }

    /// Whether a release refuses a request without it.
    #[must_use]
    pub fn required_in(self, release: Release) -> bool {
        let past = self.past(release, |past| match past {
            Past::Required(required) => Some(required),
            _ => None,
        });
        past.unwrap_or_else(|| self.required())
    }

    /// The greatest number of characters that a release takes.
    #[must_use]
    pub fn length_in(self, release: Release) -> usize {
        let past = self.past(release, |past| match past {
            Past::Length(length) => Some(length as usize),
            _ => None,
        });
        past.unwrap_or_else(|| self.length())
    }

    /// The type that `listApis` of a release prints. Values are read by [`field_type`](Self::field_type) in
    /// every release: what a type became takes what it took before.
    #[must_use]
    pub fn type_name_in(self, release: Release) -> &'static str {
        let past = self.past(release, |past| match past {
            Past::Type(name) => Some(name.get()),
            _ => None,
        });
        past.unwrap_or_else(|| self.field_type().name())
    }

    /// The response classes of the things that the value may name, the first being the one that
    /// `listApis` goes by. A class need not be among [`entities`](super::entities).
    pub fn entities(self) -> impl ExactSizeIterator<Item = &'static str> + Clone {
        self.row().entities.texts()
    }

    /// The role types whose value is read; sent by others it is ignored. Empty: everybody's.
    #[must_use]
    pub fn roles(self) -> Roles {
        self.row().roles
    }

    /// The rules about its text.
    pub fn validations(self) -> impl Iterator<Item = Validation> {
        use Validation::{NotNullOrEmpty, PositiveNumber, RfcComplianceDomainName, UuidString};
        let all = [PositiveNumber, NotNullOrEmpty, UuidString, RfcComplianceDomainName];
        all.into_iter().filter(move |&validation| self.row().validations & validation as u8 != 0)
    }

    /// The access check on the thing that it names.
    #[must_use]
    pub fn acl(self) -> Option<Access> {
        self.row().access
    }

    /// Whether only the class for root administrators declares it.
    #[must_use]
    pub fn full_view_only(self) -> bool {
        self.row().full_view_only
    }

    /// Whether it is read from requests at all.
    #[must_use]
    pub fn exposed(self) -> bool {
        self.row().exposed
    }

    /// Whether its annotation lets `listApis` show it.
    #[must_use]
    pub fn documented(self) -> bool {
        self.row().documented
    }

    /// Whether it is taken on the unauthenticated integration port.
    #[must_use]
    pub fn admin_port(self) -> bool {
        self.row().admin_port
    }

    /// Whether two classes of the chain declare it, so that `listApis` shows it twice.
    #[must_use]
    pub fn doubled(self) -> bool {
        self.row().doubled
    }
}

impl fmt::Debug for Param {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Param({})", self.name())
    }
}
