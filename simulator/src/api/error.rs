//! Refusals: the catalogue of codes and classes, and what clients get to read.
//!
//! Upstream throws Java exceptions; which one decides the code, and whether it was thrown while
//! a request waits or inside a job changes the code again (JOB-017). [`Fault`] is that class.

use uuid::Uuid;

use crate::quirk::{Quirk, Quirks};

/// The class of a refusal: upstream's exception.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// `ServerApiException`: the code is chosen by the thrower and kept everywhere.
    Api(u16),
    /// `ServerApiException` with 530 around another exception, whose class it shows.
    Wrapped(u16),
    /// `InvalidParameterValueException`.
    InvalidParameter,
    /// `IllegalArgumentException`, which is 431 in a request and 530 in a job (IPA-002).
    IllegalArgument,
    /// `PermissionDeniedException`.
    Permission,
    /// `AccountLimitException`.
    AccountLimit,
    /// `ResourceAllocationException`.
    ResourceAllocation,
    /// `InsufficientCapacityException`.
    Capacity,
    /// A guest address that is taken or does not fit, which comes with an empty class, like a list of certificates of nothing.
    AddressCapacity,
    /// `InsufficientServerCapacityException` where the command keeps the code inside a job (VM-028).
    ServerCapacity,
    /// `NetworkRuleConflictException`.
    RuleConflict,
    /// `ResourceUnavailableException`.
    Unavailable,
    /// `EntityExistsException`.
    EntityExists,
    /// `CloudRuntimeException` and everything else.
    Runtime,
    /// A two-factor refusal.
    TwoFactor,
}

impl Fault {
    /// The code while a request waits (section 5.1 of the protocol).
    #[must_use]
    pub fn code(self) -> u16 {
        match self {
            Self::Api(code) => code,
            Self::InvalidParameter | Self::IllegalArgument => 431,
            Self::Permission => 531,
            Self::AccountLimit => 532,
            Self::Capacity | Self::ServerCapacity => 533,
            Self::Unavailable => 534,
            Self::RuleConflict => 537,
            Self::ResourceAllocation => 535,
            Self::Runtime | Self::AddressCapacity | Self::EntityExists | Self::Wrapped(_) => 530,
            Self::TwoFactor => 511,
        }
    }

    /// The code inside a job (JOB-017).
    #[must_use]
    pub fn job_code(self) -> u16 {
        match self {
            Self::Api(code) => code,
            Self::InvalidParameter => 431,
            Self::ServerCapacity => 533,
            _ => 530,
        }
    }

    /// `cserrorcode` (API-ERR-002).
    #[must_use]
    pub fn class_code(self) -> u16 {
        match self {
            Self::Api(_) | Self::IllegalArgument | Self::EntityExists => 9999,
            Self::Wrapped(class) => class,
            Self::InvalidParameter => 4350,
            Self::Permission => 4365,
            Self::AccountLimit => 4280,
            Self::AddressCapacity => 0,
            Self::Capacity => 4325,
            Self::ServerCapacity => 4335,
            Self::Unavailable => 4380,
            Self::RuleConflict => 4360,
            Self::ResourceAllocation => 4370,
            Self::Runtime => 4250,
            Self::TwoFactor => 4295,
        }
    }
}

/// A refusal.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{fault:?}: {}", text.as_deref().unwrap_or("no text"))]
pub struct ApiError {
    /// Its class.
    pub fault: Fault,
    /// What clients read, if anything.
    pub text: Option<String>,
    /// Whether `cserrorcode` is shown: not on a plain 401 (API-ERR-010).
    pub shows_class: bool,
    /// Whether the text is repeated in `X-Description` (API-HTTP-023).
    pub described: bool,
    /// The things that the refusal is about, with the name of the field (API-ERR-013).
    pub about: Vec<(Uuid, Option<&'static str>)>,
}

/// What every unauthenticated caller reads (API-SIG-040).
pub const GENERIC: &str = "unable to verify user credentials and/or request signature";
/// What a caller with a broken session reads (API-AUTH-031).
pub const SESSION: &str = "unable to verify user credentials";
/// What callers read in place of an internal text (API-ERR-031).
pub const MASKED: &str = "Internal error executing command, please contact your system administrator";

impl ApiError {
    /// A refusal of a class with a text.
    pub fn new(fault: Fault, text: impl Into<String>) -> Self {
        Self { fault, text: Some(text.into()), shows_class: true, described: true, about: Vec::new() }
    }

    /// 431 with class 9999: the framework refuses a parameter.
    pub fn parameter(text: impl Into<String>) -> Self {
        Self::new(Fault::Api(431), text)
    }

    /// 431 with class 4350: the business logic refuses a value.
    pub fn invalid(text: impl Into<String>) -> Self {
        Self::new(Fault::InvalidParameter, text)
    }

    /// 531: the caller may not do this.
    pub fn permission(text: impl Into<String>) -> Self {
        Self::new(Fault::Permission, text)
    }

    /// 530: something failed.
    pub fn runtime(text: impl Into<String>) -> Self {
        Self::new(Fault::Runtime, text)
    }

    /// A refusal with a code of the thrower's choice.
    pub fn api(code: u16, text: impl Into<String>) -> Self {
        Self::new(Fault::Api(code), text)
    }

    /// 401 without a class code or a description header.
    #[must_use]
    pub fn unauthorized(text: &str) -> Self {
        Self { shows_class: false, described: false, ..Self::api(401, text) }
    }

    /// Names a thing that the refusal is about.
    #[must_use]
    pub fn about(mut self, uuid: Uuid, field: &'static str) -> Self {
        self.about.push((uuid, Some(field)));
        self
    }

    /// The code while a request waits.
    #[must_use]
    pub fn code(&self) -> u16 {
        self.fault.code()
    }

    /// The text for callers who are not root administrators (API-ERR-031).
    #[must_use]
    pub fn masked(self, quirks: &Quirks) -> Self {
        let is_internal = matches!(self.code(), 530 | 533 | 534)
            && !matches!(self.fault, Fault::Api(_) | Fault::Wrapped(_));
        let is_told = quirks.has(Quirk::EveryTextIsMasked) && self.code() != 401;
        self.masked_if(is_internal || is_told)
    }

    fn masked_if(mut self, is_masked: bool) -> Self {
        if is_masked {
            self.text = Some(MASKED.to_owned());
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_fault_has_two_codes() {
        for (fault, request, job) in [
            (Fault::InvalidParameter, 431, 431),
            (Fault::IllegalArgument, 431, 530),
            (Fault::Permission, 531, 530),
            (Fault::ResourceAllocation, 535, 530),
            (Fault::Api(432), 432, 432),
        ] {
            assert_eq!((fault.code(), fault.job_code()), (request, job), "{fault:?}");
        }
    }
}
