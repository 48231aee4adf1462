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
        #[repr(u16)]
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

    // Signatures again.
    /// A call without a signature is the system's own.
    UnsignedCallsPass "unsigned-calls-pass";
    /// Refusals tell an unknown key from a wrong signature.
    RefusalsTellWhy "refusals-tell-why";
    /// The parameters of a form are not signed.
    FormsAreNotSigned "forms-are-not-signed";
    /// A signature in base64url counts too.
    UrlSafeSignaturesPass "url-safe-signatures-pass";
    /// `expires` is read with a numeric offset alone.
    ExpiryOnlyByOffset "expiry-only-by-offset";
    /// `expires` counts in every version of signatures.
    ExpiryWithoutVersion "expiry-without-version";

    // Sessions again.
    /// A login reads its form alone, not the query.
    LoginReadsTheFormAlone "login-reads-the-form-alone";
    /// The answer to a login is wrapped in an object.
    LoginIsNested "login-is-nested";
    /// The name of the login is matched in lower case alone.
    LoginByExactName "login-by-exact-name";
    /// The refusal of a login tells that the user does not exist.
    LoginTellsUnknownUsers "login-tells-unknown-users";
    /// Scripts can read the cookie of the session key.
    SessionCookieForScripts "session-cookie-for-scripts";
    /// Session keys end with padding.
    PaddedSessionKeys "padded-session-keys";
    /// The answer to a login has numbers and flags.
    LoginValuesAreTyped "login-values-are-typed";
    /// The parameter alone proves the session key.
    SessionKeyByParameterAlone "session-key-by-parameter-alone";
    /// A logout demands the session key.
    LogoutDemandsTheKey "logout-demands-the-key";
    /// A logout without a session succeeds.
    LogoutAlwaysSucceeds "logout-always-succeeds";
    /// An unknown session is refused, signature or not.
    UnknownSessionsAreTold "unknown-sessions-are-told";
    /// Every answer opens a session.
    EveryAnswerSetsACookie "every-answer-sets-a-cookie";
    /// A good signature makes up for a session without its key.
    SignatureSavesABadSession "signature-saves-a-bad-session";
    /// A login leaves the session alive that came with it.
    LoginKeepsTheOldSession "login-keeps-the-old-session";
    /// Calls of a session need a signature as well.
    SessionsNeedASignature "sessions-need-a-signature";

    // Answers again.
    /// JSON has a second member beside the envelope.
    SecondMember "second-member";
    /// Refusals have no body.
    RefusalsHaveNoBody "refusals-have-no-body";
    /// Unknown callers are refused with 403.
    UnknownCallersAre403 "unknown-callers-are-403";
    /// XML leaves out what is false.
    XmlDropsFalse "xml-drops-false";
    /// XML text is not escaped.
    XmlIsNotEscaped "xml-is-not-escaped";
    /// JSON refusals leave out an empty `uuidList`.
    ErrorsWithoutUuidList "errors-without-uuid-list";
    /// XML refusals have an empty `uuidList`.
    XmlErrorsHaveAnEmptyList "xml-errors-have-an-empty-list";
    /// Every refusal has the class code of an invalid parameter.
    EveryClassIs4350 "every-class-is-4350";
    /// Refusals of unknown callers have a class code.
    ClassOnEveryRefusal "class-on-every-refusal";
    /// An unknown command is refused in an envelope of its own.
    UnknownCommandsHaveEnvelopes "unknown-commands-have-envelopes";
    /// An unknown command of a known caller is refused with 401.
    UnknownCommandsAreUnverified "unknown-commands-are-unverified";

    // Parameters again.
    /// Unknown parameters are refused.
    UnknownParametersAreRefused "unknown-parameters-are-refused";
    /// Of several missing parameters the last is named.
    LastMissingIsNamed "last-missing-is-named";
    /// A compulsory parameter that is empty counts as missing.
    EmptyValuesAreMissing "empty-values-are-missing";
    /// An identifier that nothing has counts as absent.
    UnknownThingsAreAbsent "unknown-things-are-absent";
    /// A bad date is refused like any bad value.
    BadDatesAreBadValues "bad-dates-are-bad-values";
    /// Malformed maps are ignored.
    MalformedMapsAreIgnored "malformed-maps-are-ignored";
    /// Control characters pass.
    ControlCharactersPass "control-characters-pass";
    /// Line ends are refused like other control characters.
    LineEndsAreRefused "line-ends-are-refused";
    /// Names of parameters are matched in lower case alone.
    NamesAreExact "names-are-exact";
    /// The parameter `command` may be spelt in any case.
    CommandNameInAnyCase "command-name-in-any-case";
    /// Commands may be spelt in any case.
    CommandsInAnyCase "commands-in-any-case";
    /// The first of a name in the query counts.
    FirstOfAQueryCounts "first-of-a-query-counts";
    /// The form goes over the query.
    FormOverQuery "form-over-query";
    /// A POST ignores its query.
    PostIgnoresTheQuery "post-ignores-the-query";
    /// `yes` and `1` are true.
    YesIsTrue "yes-is-true";
    /// A plus sign in a query stays one.
    PlusStaysPlus "plus-stays-plus";
    /// A value ends at its first equals sign.
    ValuesEndAtEquals "values-end-at-equals";
    /// A name without an equals sign is dropped.
    BareNamesAreDropped "bare-names-are-dropped";
    /// Empty items of a list are refused.
    EmptyItemsAreRefused "empty-items-are-refused";
    /// Texts lose what is not ASCII.
    TextsAreAscii "texts-are-ascii";
    /// The header `Accept` decides the format.
    AcceptHeaderDecides "accept-header-decides";
    /// `page` is checked although the command lists nothing.
    PagingIsCheckedEverywhere "paging-is-checked-everywhere";
    /// `-1` is no identifier.
    MinusOneIsNoId "minus-one-is-no-id";
    /// Identifiers are matched in lower case alone.
    IdsAreExact "ids-are-exact";
    /// A date without a time is refused.
    DatesNeedATime "dates-need-a-time";

    // Transport.
    /// HEAD is refused.
    HeadIsRefused "head-is-refused";
    /// PUT and DELETE run the command.
    PutIsTaken "put-is-taken";
    /// A body is a form whatever its type.
    EveryBodyIsAForm "every-body-is-a-form";
    /// A GET reads the form in its body.
    GetReadsTheForm "get-reads-the-form";
    /// Nothing is ever compressed.
    NeverCompress "never-compress";
    /// Refusals are compressed too.
    ErrorsAreCompressed "errors-are-compressed";
    /// A request line may be of any length.
    LongLinesPass "long-lines-pass";
    /// A form may be of any size.
    LargeFormsPass "large-forms-pass";
    /// Bad percent escapes stay as they are.
    BadEscapesPass "bad-escapes-pass";
    /// Bytes that are not UTF-8 are refused.
    BadUtf8IsRefused "bad-utf8-is-refused";
    /// Only the exact path is the API.
    ExactPathOnly "exact-path-only";

    // Discovery.
    /// The name of an API is a filter.
    ApiNamesAreFilters "api-names-are-filters";
    /// An unknown API gives an empty list.
    UnknownApisAreAnEmptyList "unknown-apis-are-an-empty-list";
    /// `isasync` is called `async`.
    AsyncFlagIsNamedAsync "async-flag-is-named-async";
    /// `required` is a text.
    RequiredIsText "required-is-text";
    /// No parameter is declared compulsory.
    NothingIsRequired "nothing-is-required";
    /// Types are written in upper case.
    TypesAreUpperCase "types-are-upper-case";
    /// Capabilities are a list with a count.
    CapabilitiesAreAList "capabilities-are-a-list";
    /// `supportELB` is a flag.
    SupportElbIsAFlag "support-elb-is-a-flag";

    // Lists again.
    /// A page size of -1 is refused.
    UnlimitedIsRefused "unlimited-is-refused";
    /// A page past the end is the first one.
    PagesWrapAround "pages-wrap-around";
    /// Keywords find everything.
    KeywordIsIgnored "keyword-is-ignored";
    /// `id` and `ids` may be sent together.
    IdAndIdsTogetherPass "id-and-ids-together-pass";
    /// A list shows its elements although only their number is asked for.
    OnlyTheCountShowsAll "only-the-count-shows-all";
    /// A list that is asked for by pages runs backwards.
    PagesRunBackwards "pages-run-backwards";
    /// The events of an answer run backwards.
    EventsRunBackwards "events-run-backwards";
    /// Dates in JSON end in `Z`.
    JsonDatesEndInZ "json-dates-end-in-z";
    /// Flags in JSON are texts.
    FlagsAreText "flags-are-text";
    /// Names of fields that refer to a zone are in camel case.
    FieldsInCamelCase "fields-in-camel-case";
    /// The field `id` is called `uuid`.
    IdIsCalledUuid "id-is-called-uuid";

    // Jobs again.
    /// The answer to an accepted job has its status.
    AcceptedJobsHaveAStatus "accepted-jobs-have-a-status";
    /// The question for a failed job fails.
    FailedJobsFailTheQuestion "failed-jobs-fail-the-question";
    /// The result of a failed job has a class code.
    FailedJobsHaveAClass "failed-jobs-have-a-class";
    /// The result code of every job is zero.
    ResultCodeIsZero "result-code-is-zero";
    /// The result of a job is told once.
    ResultsAreToldOnce "results-are-told-once";
    /// Jobs do not say who submitted them.
    JobsNameNobody "jobs-name-nobody";
    /// Jobs get an identifier of their own whatever was chosen.
    ChosenJobIdsAreIgnored "chosen-job-ids-are-ignored";
    /// Pending jobs are not listed.
    PendingJobsAreHidden "pending-jobs-are-hidden";

    // Machines again.
    /// A deployed machine is left stopped.
    DeployLeavesItStopped "deploy-leaves-it-stopped";
    /// A recovered machine runs.
    RecoverStartsIt "recover-starts-it";
    /// An expunged machine stays in lists.
    ExpungedAreListed "expunged-are-listed";
    /// The slot of a network card is a number.
    SlotIsANumber "slot-is-a-number";
    /// Every network card is the default one.
    EveryCardIsDefault "every-card-is-default";

    // User data again.
    /// User data is answered decoded.
    UserDataIsAnsweredDecoded "user-data-is-answered-decoded";
    /// User data is stored as it was spelled.
    UserDataIsKeptAsSent "user-data-is-kept-as-sent";
    /// User data in the URL-safe alphabet is refused.
    UserDataIsStrict "user-data-is-strict";
    /// What is no base64 is dropped from user data.
    UserDataIsNotChecked "user-data-is-not-checked";
    /// User data is limited to 2048 characters.
    UserDataLimitIs2048 "user-data-limit-is-2048";
    /// User data by GET may be as long as by POST.
    UserDataByGetIsLong "user-data-by-get-is-long";
    /// Of two kinds of user data the registered one is taken.
    RegisteredUserDataWins "registered-user-data-wins";
    /// Lists of machines show user data.
    UserDataIsListed "user-data-is-listed";

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
    RouterRefusesHead "router-refuses-head";
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
    /// Leases are for another address than the guest has.
    LeaseNamesAnotherAddress "lease-names-another-address";
}

/// A set of faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Quirks {
    bits: [u64; 8],
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
        assert!(Quirk::ALL.len() <= 512);
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
