//! Deliberate faults. Each variant is one sin that a plausible implementation might commit; the
//! suite must notice every one of them. All are off unless named with `--quirk`.
//!
//! A sin is committed where the rule that it breaks is kept: search for the variant.

use std::fmt;
use std::str::FromStr;

macro_rules! quirks {
    ($($(#[doc = $doc:literal])+ $variant:ident $name:literal;)*) => {
        /// A deliberate fault.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Quirk {
            $($(#[doc = $doc])+ $variant,)*
        }

        impl Quirk {
            /// Every fault, in the order of this file.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name on the command line.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// What it does, in a sentence.
            #[must_use]
            pub fn about(self) -> &'static str {
                match self {
                    $(Self::$variant => concat!($($doc),+).trim_ascii(),)*
                }
            }
        }
    };
}

quirks! {
    // Signatures.
    /// Any signature is good.
    AcceptAnySignature "accept-any-signature";
    /// Parameters are sorted by lower-cased names before signing.
    SortNamesIgnoringCase "sort-names-ignoring-case";
    /// Parameters with empty values are not signed.
    SkipEmptyValues "skip-empty-values";
    /// The cache buster `_` is not signed.
    SkipCacheBuster "skip-cache-buster";
    /// Names are escaped before signing.
    EscapeNames "escape-names";
    /// Values are lower-cased before they are escaped.
    LowerBeforeEncoding "lower-before-encoding";
    /// The signature protects the case of letters.
    SignatureProtectsCase "signature-protects-case";
    /// Blanks in a signature count as plus signs.
    SpacesInSignatureBecomePlus "spaces-in-signature-become-plus";
    /// Only the first characters of a signature are compared.
    ComparePrefixOfSignature "compare-prefix-of-signature";
    /// Values are escaped as RFC 3986 has it: a bare tilde, an escaped asterisk.
    Rfc3986Encoding "rfc3986-encoding";
    /// Requests never expire.
    IgnoreExpiry "ignore-expiry";
    /// Version 3 without a readable `expires` passes.
    MissingExpiryPasses "missing-expiry-passes";
    /// Requests live five minutes longer than they say.
    GraceOnExpiry "grace-on-expiry";

    // Access.
    /// Roles decide nothing.
    RolesAreIgnored "roles-are-ignored";
    /// Disabled users may call.
    DisabledUsersMayCall "disabled-users-may-call";
    /// Things of other accounts are accessible.
    ForeignThingsAreAccessible "foreign-things-are-accessible";
    /// An unknown command without good credentials is told apart from bad credentials.
    UnknownCommandsAreTold "unknown-commands-are-told";

    // Parameters.
    /// Compulsory parameters may be missing.
    MissingParametersPass "missing-parameters-pass";
    /// Texts may be longer than declared.
    LongTextsPass "long-texts-pass";
    /// Blanks around integers are dropped.
    IntegersAreTrimmed "integers-are-trimmed";

    // Sessions.
    /// Any password is good.
    AnyPasswordIsGood "any-password-is-good";
    /// A login by GET is taken.
    LoginByGet "login-by-get";
    /// A login sets the container's cookie alone.
    LoginSetsOneCookie "login-sets-one-cookie";
    /// The cookie alone proves the session key.
    SessionKeyByCookieAlone "session-key-by-cookie-alone";
    /// A session lives on after a wrong session key.
    SessionsSurviveABadKey "sessions-survive-a-bad-key";
    /// A session lives on after its logout.
    LogoutKeepsTheSession "logout-keeps-the-session";

    // Answers.
    /// Envelopes lack the word `response`.
    EnvelopeWithoutResponse "envelope-without-response";
    /// Every refusal stands in `errorresponse`.
    OneErrorEnvelope "one-error-envelope";
    /// Refusals have status 200.
    ErrorsWithStatus200 "errors-with-status-200";
    /// Refusals say that they are XML.
    ErrorsAlwaysInXml "errors-always-in-xml";
    /// JSON is the default format.
    JsonByDefault "json-by-default";
    /// The content type names no character set.
    ContentTypeWithoutCharset "content-type-without-charset";
    /// The security headers are missing.
    NoSecurityHeaders "no-security-headers";
    /// The description header is missing.
    NoDescriptionHeader "no-description-header";
    /// Answers may be cached.
    CachingHeaders "caching-headers";
    /// Every origin may call.
    CorsIsOpen "cors-is-open";
    /// Answers are compressed although nobody asked.
    CompressUnasked "compress-unasked";
    /// A 401 asks for credentials by header.
    AuthenticateHeader "authenticate-header";
    /// XML names the version before the caller is known.
    VersionBeforeLogin "version-before-login";
    /// `success` is a text.
    SuccessIsText "success-is-text";
    /// Fields for administrators are shown to everybody.
    AdminFieldsLeak "admin-fields-leak";
    /// Internal texts are shown to everybody.
    InternalTextsLeak "internal-texts-leak";

    // Lists.
    /// `count` is a text.
    CountIsText "count-is-text";
    /// `count` is the number of elements on the page.
    CountIsThePage "count-is-the-page";
    /// An empty list has a count.
    EmptyListsHaveACount "empty-lists-have-a-count";
    /// Pages count from zero.
    PagesCountFromZero "pages-count-from-zero";
    /// `page` and `pagesize` are not checked against each other.
    PagingIsNotChecked "paging-is-not-checked";
    /// `listall` shows users what is not theirs.
    ListAllShowsForeign "list-all-shows-foreign";

    // Jobs.
    /// The identifier in the answer to a two-step command is not the thing's.
    CreateAnswersAnotherId "create-answers-another-id";
    /// The answer to a two-step command has no identifier.
    CreateAnswersNoId "create-answers-no-id";
    /// `jobstatus` is a text.
    JobStatusIsText "job-status-is-text";
    /// A pending job has a result.
    PendingJobsHaveAResult "pending-jobs-have-a-result";
    /// A pending job has a time of completion.
    PendingJobsAreCompleted "pending-jobs-are-completed";
    /// `cmd` is the name of the command.
    JobShowsTheCommandName "job-shows-the-command-name";
    /// Finished jobs are listed.
    FinishedJobsAreListed "finished-jobs-are-listed";
    /// Jobs of other accounts are shown.
    ForeignJobsAreShown "foreign-jobs-are-shown";

    // Events.
    /// Nothing is written down.
    EventsAreNotRecorded "events-are-not-recorded";
    /// Events do not name the first of their chain.
    EventsHaveNoParent "events-have-no-parent";

    // Machines.
    /// States are written in lower case.
    StatesAreLowerCase "states-are-lower-case";
    /// Starting a machine that runs succeeds.
    StartIsIdempotent "start-is-idempotent";
    /// Stopping a machine that is stopped fails.
    StopOfStoppedFails "stop-of-stopped-fails";
    /// A machine runs on after it was stopped.
    StopLeavesItRunning "stop-leaves-it-running";
    /// A reboot starts a machine that is stopped.
    RebootStartsStopped "reboot-starts-stopped";
    /// Destroying only stops.
    DestroyOnlyStops "destroy-only-stops";
    /// Users see machines that were destroyed.
    DestroyedAreShownToUsers "destroyed-are-shown-to-users";
    /// A machine recovers from any state.
    RecoverFromAnyState "recover-from-any-state";
    /// A machine that runs can be expunged.
    ExpungeTakesRunning "expunge-takes-running";
    /// Two machines of a network may have one host name.
    DuplicateHostNamesPass "duplicate-host-names-pass";

    // User data and metadata.
    /// New user data is not stored on a change of the machine.
    UserDataNeedsRestart "user-data-needs-restart";

    // The router.
    /// Metadata values end with a newline.
    MetadataNewline "metadata-newline";
    /// Legacy URLs of metadata types answer 404.
    LegacyUrlMissing "legacy-url-missing";
    /// Legacy URLs of the public address serve the local one.
    LegacyUrlStale "legacy-url-stale";
    /// Legacy URLs of the domain serve the machine's identifier, as the reference does.
    LegacyCloudDomainIsTheVmId "legacy-cloud-domain-is-the-vm-id";
    /// User data is served as the base64 text that was stored.
    UserDataStaysBase64 "user-data-stays-base64";
    /// Bytes of user data that are not UTF-8 are replaced.
    UserDataIsText "user-data-is-text";
    /// A machine without user data gets a 404 for it.
    UserData404WhenNone "user-data-404-when-none";
    /// `X-Forwarded-For` says who asks the router.
    MetadataTrustsForwardedFor "metadata-trusts-forwarded-for";
    /// Guests can read the folders of other guests.
    ForeignMetadataReadable "foreign-metadata-readable";
    /// An address without data gets the data of the first guest.
    StrangersReadTheFirstGuest "strangers-read-the-first-guest";
    /// Guests of different networks with the same address share their data.
    NetworksShareMetadata "networks-share-metadata";
    /// Folders are listed.
    DirectoriesAreListed "directories-are-listed";
    /// A metadata type that does not exist is an empty 200.
    UnknownTypeIsEmpty200 "unknown-type-is-empty-200";
    /// `instance-id` is the name on the hypervisor.
    InstanceIdIsTheInternalName "instance-id-is-the-internal-name";
    /// `local-hostname` is the display name.
    LocalHostnameIsTheDisplayName "local-hostname-is-the-display-name";
    /// `local-hostname` ends with the domain.
    LocalHostnameIsFullyQualified "local-hostname-is-fully-qualified";
    /// `service-offering` is the name of the offering.
    ServiceOfferingIsTheName "service-offering-is-the-name";
    /// `public-ipv4` is the router's address although another one stands for the machine.
    PublicIpv4IsAlwaysTheRouter "public-ipv4-is-always-the-router";
    /// `hypervisor-host-name` is told without permission.
    HostNameIsExposed "host-name-is-exposed";
    /// The index of metadata is sorted.
    MetadataIndexSorted "metadata-index-sorted";
    /// The index of metadata lists a name that answers 404.
    MetadataIndexNamesMissing "metadata-index-names-missing";
    /// The index of metadata is JSON.
    MetadataIndexIsJson "metadata-index-is-json";
    /// URLs of user data and metadata types with a slash at their end answer 404.
    MetadataTrailingSlash404 "metadata-trailing-slash-404";
    /// A query string makes any URL of the router a 404.
    QueryStringIs404 "query-string-is-404";
    /// The router does not answer to `data-server`.
    HostHeaderIsChecked "host-header-is-checked";
    /// The router refuses HEAD.
    HeadIsRefused "head-is-refused";
    /// The router hands out tokens as EC2 does.
    ImdsTokenIsGiven "imds-token-is-given";
    /// User data and metadata have a content type.
    MetadataHasAContentType "metadata-has-a-content-type";
    /// User data and metadata are compressed for clients that accept it.
    MetadataIsCompressed "metadata-is-compressed";
    /// Entity tags lack the closing quote, as the reference's do.
    EtagWithoutClosingQuote "etag-without-closing-quote";

    // Leases.
    /// Leases name no server.
    LeaseWithoutServerIdentifier "lease-without-server-identifier";
    /// Leases name another server than the one with the metadata.
    LeaseNamesAnotherServer "lease-names-another-server";
    /// Leases of all cards name a router.
    LeaseRoutesEveryCard "lease-routes-every-card";
    /// Leases end after an hour.
    LeaseLastsAnHour "lease-lasts-an-hour";
    /// Leases end at a word instead of a date.
    LeaseNeverEnds "lease-never-ends";
}

/// A set of faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Quirks {
    bits: [u64; 4],
}

impl Quirks {
    /// Whether a fault is on.
    #[must_use]
    pub fn has(&self, quirk: Quirk) -> bool {
        let number = quirk as usize;
        self.bits[number / 64] & (1 << (number % 64)) != 0
    }

    /// Switches a fault on.
    pub fn add(&mut self, quirk: Quirk) {
        let number = quirk as usize;
        self.bits[number / 64] |= 1 << (number % 64);
    }

    /// The faults that are on.
    pub fn iter(&self) -> impl Iterator<Item = Quirk> {
        Quirk::ALL.iter().copied().filter(|quirk| self.has(*quirk))
    }
}

impl FromIterator<Quirk> for Quirks {
    fn from_iter<I: IntoIterator<Item = Quirk>>(quirks: I) -> Self {
        let mut set = Self::default();
        for quirk in quirks {
            set.add(quirk);
        }
        set
    }
}

/// A name that is no quirk.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name:?} is no quirk{}", nearest.map(|near| format!(" (did you mean {near}?)")).unwrap_or_default())]
pub struct UnknownQuirk {
    name: String,
    nearest: Option<&'static str>,
}

impl FromStr for Quirk {
    type Err = UnknownQuirk;

    fn from_str(name: &str) -> Result<Self, UnknownQuirk> {
        Self::ALL.iter().copied().find(|quirk| quirk.name() == name).ok_or_else(|| UnknownQuirk {
            name: name.to_owned(),
            nearest: Self::ALL
                .iter()
                .map(|quirk| quirk.name())
                .max_by_key(|known| shared_words(known, name))
                .filter(|known| shared_words(known, name) > 0),
        })
    }
}

fn shared_words(one: &str, two: &str) -> usize {
    two.split('-').filter(|word| one.split('-').any(|other| other == *word)).count()
}

impl fmt::Display for Quirk {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique_and_read_back() {
        let names: BTreeSet<&str> = Quirk::ALL.iter().map(|quirk| quirk.name()).collect();
        assert_eq!(names.len(), Quirk::ALL.len());
        for quirk in Quirk::ALL {
            assert_eq!(quirk.name().parse(), Ok(*quirk));
            assert!(quirk.about().ends_with('.'), "{quirk}");
        }
        assert!(Quirk::ALL.len() <= 256);
    }

    #[test]
    fn an_unknown_name_gets_a_hint() {
        let error = "ignore-expiration".parse::<Quirk>().expect_err("no quirk");
        assert!(error.to_string().contains("ignore-expiry"), "{error}");
    }

    #[test]
    fn a_set_holds_what_was_added() {
        let mut set = Quirks::default();
        let last = *Quirk::ALL.last().expect("there are quirks");
        set.add(last);
        assert_eq!(set.iter().collect::<Vec<_>>(), [last]);
    }
}
