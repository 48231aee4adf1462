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
    /// Who asks for everything, or for one thing, is shown what is not theirs.
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

    /// A machine without a display name shows none.
    DisplayNamesMayLack "display-names-may-lack";
    /// A destroyed machine starts.
    DestroyedMachinesStart "destroyed-machines-start";
    /// Destroying a destroyed machine fails.
    DestroyedOnesAreRefused "destroyed-ones-are-refused";
    /// Users recover their machines.
    UsersRecoverMachines "users-recover-machines";
    /// Users expunge their machines.
    UsersExpungeMachines "users-expunge-machines";
    /// The result of a destruction shows a machine that was expunged.
    ExpungedMachinesAreTold "expunged-machines-are-told";
    /// Recovering an expunged machine is refused like everything else about it.
    ExpungedMachinesReadAlike "expunged-machines-read-alike";
    /// A machine is destroyed although it is protected.
    ProtectedMachinesAreDestroyed "protected-machines-are-destroyed";
    /// Every deployed machine runs.
    DeploymentsAlwaysStart "deployments-always-start";
    /// A deployment must name its networks.
    NetworksMustBeNamed "networks-must-be-named";
    /// Users may name hosts, which does nothing.
    UsersChooseHosts "users-choose-hosts";
    /// A machine that is too large for every host is an internal error.
    NoRoomIs530 "no-room-is-530";

    // What changes in machines.
    /// The size of a machine is changed in any state.
    MachinesChangeSizeInAnyState "machines-change-size-in-any-state";
    /// A machine is given the offering that it has.
    SameOfferingsPass "same-offerings-pass";
    /// A machine that runs becomes smaller.
    RunningMachinesShrink "running-machines-shrink";
    /// A machine is migrated in any state, and to any host.
    MigrationsGoAnywhere "migrations-go-anywhere";
    /// What is wrong with an update has the code of other parameters.
    UpdatesFailWith431 "updates-fail-with-431";
    /// Passwords are reset whatever the template knows.
    EveryMachineHasAPassword "every-machine-has-a-password";
    /// Passwords, keys and user data of a machine that runs are reset.
    RunningMachinesAreReset "running-machines-are-reset";
    /// A password that was reset is not told.
    ResetPasswordsAreNotTold "reset-passwords-are-not-told";
    /// Lists of machines show passwords.
    PasswordsAreListed "passwords-are-listed";
    /// A machine is given keys that nobody knows.
    UnknownKeysPass "unknown-keys-pass";
    /// A destroyed machine is restored.
    DestroyedMachinesAreRestored "destroyed-machines-are-restored";
    /// A restored machine keeps its root volume.
    RestoresKeepTheVolume "restores-keep-the-volume";

    // Hosts that refuse.
    /// A machine is stopped although its host refused.
    RefusedStopsStop "refused-stops-stop";
    /// A start that hosts refused has the code of one without room.
    RefusedStartsAre533 "refused-starts-are-533";
    /// A machine moves although its host refused.
    RefusedMigrationsMove "refused-migrations-move";
    /// Every order for agents has a number of its own.
    OrdersPileUp "orders-pile-up";
    /// Of two orders for agents the newer one counts.
    NewestOrderCounts "newest-order-counts";
    /// An agent that breaks uses up its order.
    BreakingAgentsAreCounted "breaking-agents-are-counted";

    // Machines, their surroundings and their lists.
    /// Users stop machines by force whatever the setting says.
    UsersStopByForce "users-stop-by-force";
    /// A machine is destroyed while a snapshot of it is taken.
    SnapshotsHoldNothing "snapshots-hold-nothing";
    /// A volume that is not ready is migrated.
    UnreadyVolumesMove "unready-volumes-move";
    /// A router that is stopped is started by a reboot.
    StoppedRoutersReboot "stopped-routers-reboot";
    /// Networks may be named in a zone of type Basic.
    BasicZonesTakeNetworks "basic-zones-take-networks";
    /// A transition that there is not names neither state nor event.
    TransitionsAreNotNamed "transitions-are-not-named";
    /// Lists show everything unless told otherwise.
    ListsShowEverything "lists-show-everything";
    /// The list of an unknown account is empty.
    UnknownAccountsHaveNothing "unknown-accounts-have-nothing";
    /// Groups that scale are enabled, disabled and resized in any state.
    GroupsChangeInAnyState "groups-change-in-any-state";
    /// The states of groups that scale are written in small letters.
    StatesOfGroupsAreSmall "states-of-groups-are-small";

    /// The job of a thing stands before the thing's own fields.
    JobsOfThingsComeFirst "jobs-of-things-come-first";
    /// Lists lack fields that the results of jobs have.
    ListsLeaveFieldsOut "lists-leave-fields-out";

    // VPCs.
    /// The states of VPCs and of connections between sites are written in capitals.
    StatesOfVpcsAreCapitals "states-of-vpcs-are-capitals";
    /// Jobs that are about `None` do not say so.
    NoneIsNotTold "none-is-not-told";
    /// A tier is implemented from the start.
    TiersStartImplemented "tiers-start-implemented";
    /// A VPC is deleted with its tiers.
    VpcsTakeTheirTiers "vpcs-take-their-tiers";
    /// Rules of network ACL lists stay as they were noted.
    AclRulesStayAdded "acl-rules-stay-added";
    /// The identifiers of removed rules of network ACL lists are still known.
    RemovedAclRulesAreKnown "removed-acl-rules-are-known";

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
    /// Blank user data is refused.
    BlankUserDataIsRefused "blank-user-data-is-refused";
    /// User data that still has percent escapes is refused.
    UserDataIsDecodedOnce "user-data-is-decoded-once";
    /// Plus signs of user data without percent escapes become blanks.
    PlusesOfUserDataAreBlanks "pluses-of-user-data-are-blanks";
    /// User data that decodes to no byte counts as none.
    EmptyUserDataPasses "empty-user-data-passes";
    /// Base64 within the base64 of user data is decoded too.
    UserDataIsDecodedTwice "user-data-is-decoded-twice";
    /// Settings take any number.
    SettingsHaveNoMost "settings-have-no-most";
    /// Machines with user data are deployed into networks that serve none.
    UserDataNeedsNoService "user-data-needs-no-service";
    /// A reset of user data without new details keeps the old ones.
    ResetsKeepUserDataDetails "resets-keep-user-data-details";

    // Registered user data.
    /// Registering user data answers success alone.
    RegisteredUserDataIsNotTold "registered-user-data-is-not-told";
    /// An account may have several user data of one name.
    UserDataNamesRepeat "user-data-names-repeat";
    /// An account may register the same user data again.
    UserDataRepeats "user-data-repeats";
    /// Two spellings of the same bytes count as the same user data.
    SameUserDataIsDecoded "same-user-data-is-decoded";
    /// Lists of user data search within names.
    UserDataNamesAreSearched "user-data-names-are-searched";
    /// User data that is linked or in use is deleted.
    UserDataInUseIsDeleted "user-data-in-use-is-deleted";
    /// Parameters of user data may be named like files of the router.
    ReservedParamsPass "reserved-params-pass";
    /// Blanks around the parameters of user data are dropped before they are compared.
    ParamsAreTrimmed "params-are-trimmed";
    /// Every parameter of registered user data needs a value.
    UserDataParamsAreCompulsory "user-data-params-are-compulsory";
    /// Links of user data that cannot be made are refused with 431.
    UserDataLinksFailWith431 "user-data-links-fail-with-431";
    /// Policies of links are known in capitals alone.
    UserDataPoliciesAreUpperCase "user-data-policies-are-upper-case";
    /// Machines do not get the user data of their template.
    LinkedUserDataIsIgnored "linked-user-data-is-ignored";
    /// A machine's user data replaces its template's under every policy.
    UserDataIsAlwaysOverridden "user-data-is-always-overridden";
    /// A template's user data comes behind a machine's.
    UserDataIsAppendedInReverse "user-data-is-appended-in-reverse";
    /// Joined user data loses a line although it has no header.
    AppendingDropsALine "appending-drops-a-line";
    /// Joined user data is one text, whatever its kinds.
    AppendedUserDataIsOneText "appended-user-data-is-one-text";
    /// Gzipped user data is joined with other user data.
    GzipIsAppended "gzip-is-appended";
    /// User data with an unknown header is joined with other user data.
    UnknownUserDataIsAppended "unknown-user-data-is-appended";
    /// Joined user data may have any length.
    UserDataSumsAreFree "user-data-sums-are-free";

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
    /// `instance-id` is empty.
    InstanceIdIsEmpty "instance-id-is-empty";
    /// User data cannot be read by the guest that it is for.
    UserDataIsForbidden "user-data-is-forbidden";
    /// There is no `service-offering`.
    ServiceOfferingIsMissing "service-offering-is-missing";
    /// There are no `public-keys` for a machine without a key.
    PublicKeys404WhenNone "public-keys-404-when-none";
    /// User data and metadata have a content type.
    MetadataHasAContentType "metadata-has-a-content-type";
    /// User data and metadata are compressed for clients that accept it.
    MetadataIsCompressed "metadata-is-compressed";
    /// Entity tags lack the closing quote, as the reference's do.
    EtagWithoutClosingQuote "etag-without-closing-quote";
    /// The password of a guest is a metadata type.
    PasswordIsMetadata "password-is-metadata";
    /// `vm-id` is the number in the database.
    VmIdIsANumber "vm-id-is-a-number";
    /// `public-hostname` is a name instead of an address.
    PublicHostnameIsAName "public-hostname-is-a-name";
    /// Several public keys share a line.
    KeysShareALine "keys-share-a-line";
    /// Details of user data are no metadata types.
    DetailsAreNotMetadata "details-are-not-metadata";
    /// Details of user data are split at the last equals sign.
    DetailsSplitAtTheLastEquals "details-split-at-the-last-equals";
    /// Details of user data win over every type.
    DetailsWin "details-win";
    /// Details of user data may name any file.
    DetailsNameAnyFile "details-name-any-file";
    /// Details of user data are escaped like types.
    DetailsAreEscaped "details-are-escaped";
    /// Metadata values beyond ASCII are UTF-8.
    MetadataIsUtf8 "metadata-is-utf-8";
    /// `hypervisor-host-name` is the first host of the cloud, wherever the machine is.
    HostNameIsTheFirst "host-name-is-the-first";
    /// All cards of a machine have the address of its default card in their metadata.
    CardsShareTheDefaultAddress "cards-share-the-default-address";
    /// Only the documented types have legacy URLs.
    LegacyUrlsOfSevenTypes "legacy-urls-of-seven-types";
    /// Legacy URLs with a slash at their end answer 404.
    LegacySlash404 "legacy-slash-404";
    /// The names in the index of metadata are parted by commas.
    MetadataIndexWithCommas "metadata-index-with-commas";
    /// The index of metadata repeats its names, as that of 4.20.0 did.
    MetadataIndexRepeats "metadata-index-repeats";
    /// The index of metadata begins with another name each time.
    MetadataIndexTurns "metadata-index-turns";
    /// The versioned trees of EC2 lead to the metadata.
    Ec2VersionsAreServed "ec2-versions-are-served";
    /// A long path is a failure of the router.
    RouterFailsOnLongPaths "router-fails-on-long-paths";
    /// The control files of the router's web server are served.
    ControlFilesAreServed "control-files-are-served";
    /// The router tells the version of its web server.
    RouterTellsItsVersion "router-tells-its-version";
    /// The user data of an expunged machine is served to the next one at its address, as the reference does.
    FoldersOutliveMachines "folders-outlive-machines";
    /// For ten seconds after a change user data is cut short.
    UserDataIsTorn "user-data-is-torn";

    // The password server.
    /// A password is told once, whether its guest has it or not.
    PasswordsAreTakenOnce "passwords-are-taken-once";
    /// What a guest says when it has its password changes nothing.
    PasswordAckIsIgnored "password-ack-is-ignored";
    /// One guest's word that it has its password takes those of all guests away.
    PasswordAckIsGlobal "password-ack-is-global";
    /// Passwords end with a newline.
    PasswordNewline "password-newline";
    /// A guest without a password is told nothing.
    NoPasswordIsEmpty "no-password-is-empty";
    /// Unknown wishes of guests have status 400.
    UnknownWishesAre400 "unknown-wishes-are-400";
    /// Guests may store passwords.
    GuestsStorePasswords "guests-store-passwords";
    /// Every card of a guest is told its password.
    PasswordsReachEveryCard "passwords-reach-every-card";
    /// A router that starts again has forgotten the passwords.
    PasswordsDieWithTheRouter "passwords-die-with-the-router";
    /// New SSH keys bring a new password, as before 4.16.
    NewKeysBringAPassword "new-keys-bring-a-password";
    /// The router is given another password than the caller is told.
    RoutersGetAnotherPassword "routers-get-another-password";

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
    /// Leases have a server identifier of three bytes.
    LeaseIdentifierIsMalformed "lease-identifier-is-malformed";
    /// Statements of leases begin with a tab.
    LeaseIsIndentedByTabs "lease-is-indented-by-tabs";
    /// Lease files end without a newline.
    LeaseWithoutFinalNewline "lease-without-final-newline";
    /// Strings in leases lack their quotes.
    LeaseStringsAreBare "lease-strings-are-bare";
    /// Leases are for another address than the guest has.
    LeaseNamesAnotherAddress "lease-names-another-address";
    /// Leases for ever last thirty days, as those of routers before 4.13.1.
    LeaseLastsAMonth "lease-lasts-a-month";
    /// Leases name no router to go out by.
    LeaseWithoutGateway "lease-without-gateway";
    /// Leases name the resolvers of the zone before the router.
    LeaseNamesTheRouterLast "lease-names-the-router-last";
    /// Leases name the router as a resolver where it is none.
    LeaseNamesTheRouterAnyway "lease-names-the-router-anyway";
    /// Leases name no domain.
    LeaseWithoutDomain "lease-without-domain";
    /// Leases name no MTU.
    LeaseWithoutMtu "lease-without-mtu";
    /// Leases have the netmask of a class.
    LeaseMaskIsClassful "lease-mask-is-classful";
    /// Leases broadcast to every network.
    LeaseBroadcastsEverywhere "lease-broadcasts-everywhere";
    /// Leases call guests by their whole names.
    LeaseNamesTheGuestWhole "lease-names-the-guest-whole";
    /// The domain of a network that was made without one is the suffix alone.
    DefaultDomainIsTheSuffix "default-domain-is-the-suffix";
    /// Networks take any text for their domain.
    OddDomainsPass "odd-domains-pass";

    // DHCP.
    /// Cards that no machine has get an address.
    DhcpAnswersStrangers "dhcp-answers-strangers";
    /// Whoever asks again for the address that it had is refused.
    DhcpForgetsLeases "dhcp-forgets-leases";
    /// A lease cannot be renewed.
    DhcpRefusesRenewals "dhcp-refuses-renewals";
    /// Any address that is asked for is given.
    DhcpGivesWhatIsWanted "dhcp-gives-what-is-wanted";
    /// Cards that were taken away keep their addresses.
    DhcpKeepsRemovedCards "dhcp-keeps-removed-cards";
    /// Leases without end say when they are to be renewed.
    DhcpRenewsForever "dhcp-renews-forever";
    /// Guests are called what they call themselves.
    DhcpEchoesNames "dhcp-echoes-names";
    /// Offers name the guest, too.
    DhcpOffersName "dhcp-offers-name";
    /// Long domains are cut.
    DhcpCutsDomains "dhcp-cuts-domains";
    /// Offers of long domains never come.
    DhcpIsSilentAboutLongDomains "dhcp-is-silent-about-long-domains";

    // Names.
    /// The router is not called `data-server`.
    DnsNoDataServer "dns-no-data-server";
    /// `data-server` is the router's public address.
    DataServerIsThePublicAddress "data-server-is-the-public-address";
    /// Every plain name is the router.
    DnsAnswersEverything "dns-answers-everything";
    /// Names are known in their own case of letters alone.
    DnsNamesAreCaseSensitive "dns-names-are-case-sensitive";
    /// Names are known without the domain alone.
    DnsKnowsNoDomain "dns-knows-no-domain";
    /// Guests are not known by name.
    DnsKnowsNoGuests "dns-knows-no-guests";
    /// Answers may be kept for a day.
    DnsAnswersAreKept "dns-answers-are-kept";
    /// Answers are not authoritative.
    DnsAnswersAreSecondHand "dns-answers-are-second-hand";
    /// Addresses lead to names without the domain.
    DnsPointersAreShort "dns-pointers-are-short";
    /// A name without an IPv6 address is no name.
    DnsAaaaIsNxdomain "dns-aaaa-is-nxdomain";

    // Parameters, answers and their encoding.
    /// What looks like a JSON escape in a text is undone after the answer was written, as the real server does it.
    JsonEscapesAreUndone "json-escapes-are-undone";
    /// JSON texts escape angle brackets, ampersands and apostrophes by number.
    JsonEscapesHtml "json-escapes-html";
    /// XML leaves apostrophes as they are.
    ApostrophesStayInXml "apostrophes-stay-in-xml";
    /// XML elements stand on lines of their own.
    XmlIsIndented "xml-is-indented";
    /// Empty XML elements have no end tag.
    EmptyElementsCloseThemselves "empty-elements-close-themselves";
    /// The fields of an object stand in the envelope.
    ObjectsAreNotWrapped "objects-are-not-wrapped";
    /// JSON has no envelope.
    BodiesAreBare "bodies-are-bare";
    /// Envelopes keep the letter case of the command.
    EnvelopesInCamelCase "envelopes-in-camel-case";
    /// Lists have the plural of their elements' name.
    ListsArePlural "lists-are-plural";
    /// XML lists stand in an element of their own.
    XmlListsHaveAContainer "xml-lists-have-a-container";
    /// JSON says null where there is nothing.
    AbsentFieldsAreNull "absent-fields-are-null";
    /// JSON leaves out empty lists.
    EmptyListsAreDropped "empty-lists-are-dropped";
    /// A page behind the last one has an empty list.
    PagesPastTheEndHaveAList "pages-past-the-end-have-a-list";
    /// Numbers are texts.
    NumbersAreText "numbers-are-text";
    /// Floats that are whole have no fraction.
    FloatsLoseTheirPoint "floats-lose-their-point";
    /// Flags in XML begin with a capital.
    XmlFlagsInCapitals "xml-flags-in-capitals";
    /// Dates have milliseconds.
    DatesHaveMilliseconds "dates-have-milliseconds";
    /// XML has an element for each entry of a map.
    XmlMapsAreNested "xml-maps-are-nested";
    /// XML puts a list inside an object into one element.
    XmlWrapsInnerLists "xml-wraps-inner-lists";
    /// XML leaves out objects inside objects.
    XmlDropsInnerObjects "xml-drops-inner-objects";
    /// XML leaves out lists of texts.
    XmlDropsListsOfTexts "xml-drops-lists-of-texts";
    /// Secret keys are blanked wherever they are told.
    SecretsAreBlanked "secrets-are-blanked";
    /// `encode.api.response` does nothing.
    TextsAreNeverEncoded "texts-are-never-encoded";
    /// Finished jobs name their management server.
    FinishedJobsNameTheirServer "finished-jobs-name-their-server";
    /// The fields of a job stand in an object.
    JobAnswersAreWrapped "job-answers-are-wrapped";
    /// The fields of a result stand in `jobresult` without the object's name.
    JobResultsAreNotWrapped "job-results-are-not-wrapped";
    /// The text of a job's success is called `displaytext` in JSON too.
    JobSuccessHasADisplayText "job-success-has-a-display-text";
    /// The thing in a result does not name its job.
    ResultsNameNoJob "results-name-no-job";
    /// An accepted job is answered with 202.
    AcceptedJobsAre202 "accepted-jobs-are-202";
    /// An accepted job is called `jobId`.
    JobIdInCamelCase "job-id-in-camel-case";
    /// A job begins with its id and status.
    JobFieldsComeFirst "job-fields-come-first";
    /// XML names the field of a thing that a refusal is about as JSON does.
    UuidListKeepsItsNames "uuid-list-keeps-its-names";
    /// `uuidList` is written in lower case.
    UuidListInLowerCase "uuid-list-in-lower-case";
    /// The codes of a refusal are texts.
    ErrorCodesAreText "error-codes-are-text";
    /// Refusals have no class code.
    NoClassCodes "no-class-codes";
    /// Whatever the work refuses is an internal error.
    EveryFailureIs530 "every-failure-is-530";
    /// A refusal without a text says null.
    MissingTextsAreNull "missing-texts-are-null";
    /// An identifier that nothing has is refused with 404.
    MissingThingsAre404 "missing-things-are-404";
    /// Refusals name the command in its own letter case.
    TextsKeepCamelCase "texts-keep-camel-case";
    /// A value of the wrong type is an internal error.
    BadValuesAre530 "bad-values-are-530";
    /// Texts that are too long are cut.
    LongTextsAreCut "long-texts-are-cut";
    /// Malformed maps are refused with 431.
    MalformedMapsAre431 "malformed-maps-are-431";
    /// Control characters are refused with 430.
    ControlCharactersAre430 "control-characters-are-430";
    /// Control characters are refused before anybody asks who calls.
    ControlCharactersComeFirst "control-characters-come-first";
    /// All missing parameters are named at once.
    AllFaultsAreTold "all-faults-are-told";
    /// Integers are written in ASCII digits alone.
    IntegersAreAscii "integers-are-ascii";
    /// A blank integer is a bad value.
    BlankIntegersAreRefused "blank-integers-are-refused";
    /// A long integer that is empty counts as absent.
    EmptyLongsPass "empty-longs-pass";
    /// A date of the end without a time is the begin of that day.
    EndDatesAreMidnight "end-dates-are-midnight";
    /// The fields of maps are lower-cased like names.
    MapFieldsAreLowered "map-fields-are-lowered";
    /// A map ends where an index is missing.
    IndicesCountFromZero "indices-count-from-zero";
    /// Tags are read like details: the field is the key.
    TagsAreMerged "tags-are-merged";
    /// A tag may lack its value.
    TagsNeedNoValue "tags-need-no-value";
    /// Every text of a refusal of the work is masked for users.
    EveryTextIsMasked "every-text-is-masked";
    /// A text for a map is an empty map.
    PlainMapsAreEmpty "plain-maps-are-empty";
    /// Zero counts as a positive number.
    ZeroIsPositive "zero-is-positive";
    /// Host names may begin with a digit.
    HostNamesBeginWithDigits "host-names-begin-with-digits";
    /// Internal numbers are no identifiers.
    NumbersAreNoIds "numbers-are-no-ids";
    /// What is no UUID is refused by parameters of any age.
    NonUuidsAreRefused "non-uuids-are-refused";
    /// Blanks around the items of a list are dropped.
    ItemsAreTrimmed "items-are-trimmed";
    /// The identifier of what was removed is unknown.
    RemovedThingsAreUnknown "removed-things-are-unknown";
    /// The limit of user data counts decoded bytes.
    UserDataCountsDecoded "user-data-counts-decoded";
    /// Any text may be the id of a job, taken ones too.
    AnyJobIdIsGood "any-job-id-is-good";

    // First passwords.
    /// The password that was drawn for a deployment is not told.
    FirstPasswordsAreNotTold "first-passwords-are-not-told";

    // Config drives.
    /// Config drives have the label of another data source.
    DriveHasAnotherLabel "drive-has-another-label";
    /// Config drives have no tree of Joliet.
    DriveWithoutJoliet "drive-without-joliet";
    /// Config drives have no names of Rock Ridge.
    DriveWithoutRockRidge "drive-without-rock-ridge";
    /// Values without a text have an empty file on the config drive.
    DriveHasBlankFiles "drive-has-blank-files";
    /// Files of metadata on the config drive end with a newline.
    DriveFilesEndWithANewline "drive-files-end-with-a-newline";
    /// User data stays in base64 on the config drive.
    DriveUserDataIsBase64 "drive-user-data-is-base64";
    /// User data is on the config drive for scripts of CloudStack alone, not where OpenStack has it.
    DriveLacksOpenstackUserData "drive-lacks-openstack-user-data";
    /// `meta_data.json` has the names of the router.
    DriveMetadataHasRouterNames "drive-metadata-has-router-names";
    /// `keys` in `meta_data.json` is a text.
    DriveKeysAreAText "drive-keys-are-a-text";
    /// Keys of three words are named by the third one in `meta_data.json`.
    DriveKeysAreNamedByTheirRemark "drive-keys-are-named-by-their-remark";
    /// `meta_data.json` lacks the variables of the user data.
    DriveLeavesVariablesOut "drive-leaves-variables-out";
    /// `vendor_data.json` lacks the password.
    DriveVendorDataLacksThePassword "drive-vendor-data-lacks-the-password";
    /// `vendor_data.json` is empty when there is nothing to say.
    DriveVendorDataIsEmpty "drive-vendor-data-is-empty";
    /// `network_data.json` says nothing.
    DriveNetworkDataIsEmpty "drive-network-data-is-empty";
    /// `network_data.json` has other addresses than the machine.
    DriveNetworkDataHasOtherAddresses "drive-network-data-has-other-addresses";
    /// The public address on the config drive is the router's.
    DriveHasTheRoutersAddress "drive-has-the-routers-address";
    /// Details of the user data stand on the config drive as they were given.
    DriveDetailsAreNotEscaped "drive-details-are-not-escaped";

    // Releases.
    /// The server says that it is of release 4.18, whatever it is.
    ClaimsAnOlderRelease "claims-an-older-release";
    /// The server says that its release is unknown.
    ReleaseIsUnknown "release-is-unknown";

    // Authenticators and directories.
    /// Clients must send the MD5 sum of their password.
    ClientsHashPasswords "clients-hash-passwords";
    /// Every authenticator is asked, whoever knows the user's password.
    SourcesAreIgnored "sources-are-ignored";
    /// Authenticators that the settings exclude are asked all the same.
    ExclusionIsIgnored "exclusion-is-ignored";
    /// The directory is asked before the other authenticators.
    DirectoryGoesFirst "directory-goes-first";
    /// An empty password is right for whoever is in the directory.
    EmptyPasswordsBind "empty-passwords-bind";
    /// A password that the directory refuses does not count toward the lock-out.
    DirectoryRefusalsDoNotCount "directory-refusals-do-not-count";
    /// In a linked domain, a first login makes no user.
    FirstLoginCreatesNobody "first-login-creates-nobody";
    /// In a linked domain, a login does not let in again who was disabled.
    DirectoryLeavesUsersDisabled "directory-leaves-users-disabled";
    /// Users who are gone from the directory stay enabled.
    GoneUsersStayEnabled "gone-users-stay-enabled";
    /// The refusal of a login tells that the directory refused.
    LoginTellsWhoRefused "login-tells-who-refused";
    /// The answer to a login tells that a directory knows the password.
    LoginTellsWhoAccepted "login-tells-who-accepted";
    /// The commands for directories have envelopes and object names made of their own names.
    DirectoryNamesAreRegular "directory-names-are-regular";
    /// The deprecated commands for directories answer like those that took their place.
    OlderDirectoryCommandsAreAliases "older-directory-commands-are-aliases";
    /// Refusals about directory servers lack the name of the Java class.
    DirectoryTextsLackTheClass "directory-texts-lack-the-class";
    /// A directory server that cannot be reached is added all the same.
    UnreachableDirectoriesPass "unreachable-directories-pass";
    /// A list of people in the directory does not tell who of them is known.
    ConflictingSourceIsMissing "conflicting-source-is-missing";
    /// Somebody who is not in the directory is refused with 431.
    MissingPeopleAre431 "missing-people-are-431";
    /// Accounts for people in the directory need no type.
    PeopleNeedNoType "people-need-no-type";
    /// Somebody without a mail address or a name in the directory may get an account.
    IncompletePeoplePass "incomplete-people-pass";
    /// A domain may be linked to a directory twice.
    DomainsAreLinkedTwice "domains-are-linked-twice";

    // Sessions, second factor and standing.
    /// A login names its domain by a path that is complete at both ends.
    PathsOfDomainsAreExact "paths-of-domains-are-exact";
    /// The path of a domain counts before its identifier.
    PathsOfDomainsGoFirst "paths-of-domains-go-first";
    /// Zero is no number of a domain.
    ZeroIsNoDomain "zero-is-no-domain";
    /// Every refusal of a login reads alike.
    LoginRefusalsAreAlike "login-refusals-are-alike";
    /// A login without a password passes.
    EmptyPasswordsPass "empty-passwords-pass";
    /// A signature of single sign-on counts for ever.
    SingleSignOnNeverExpires "single-sign-on-never-expires";
    /// The cookie of the session key goes everywhere.
    SessionKeyForEveryPath "session-key-for-every-path";
    /// The setting for `SameSite` is not obeyed.
    SameSiteIsAlwaysLax "same-site-is-always-lax";
    /// The cookie for encrypted connections comes beside the other one.
    SecureCookieBesideThePlainOne "secure-cookie-beside-the-plain-one";
    /// Wrong passwords count from the first day on.
    FailedLoginsAreNeverForgotten "failed-logins-are-never-forgotten";
    /// A user is locked out one wrong password too late.
    LockOutComesOneLater "lock-out-comes-one-later";
    /// A user is locked out one wrong password too early.
    LockOutComesOneEarlier "lock-out-comes-one-earlier";
    /// A user who is locked out is told so, whatever the password.
    LockedOutUsersAreTold "locked-out-users-are-told";
    /// A user who is removed takes the sessions along.
    RemovedUsersTakeTheirSessions "removed-users-take-their-sessions";
    /// A session is found by the beginning of its id.
    SessionIdsMatchByTheirBeginning "session-ids-match-by-their-beginning";
    /// Sessions of users who may no longer act live on.
    SessionsOutliveTheirUsers "sessions-outlive-their-users";
    /// A logout sends no expired cookies.
    LogoutKeepsTheCookies "logout-keeps-the-cookies";
    /// Switches of key access are not obeyed.
    KeyAccessIsIgnored "key-access-is-ignored";
    /// The account's switch of key access counts before the user's.
    AccountKeyAccessGoesFirst "account-key-access-goes-first";
    /// The setting for key access counts outside of domains alone.
    DomainKeyAccessIsIgnored "domain-key-access-is-ignored";
    /// A user who needs a second factor cannot log in without it.
    LoginNeedsTheSecondFactor "login-needs-the-second-factor";
    /// A domain cannot mandate a second factor.
    MandateIsIgnored "mandate-is-ignored";
    /// A call before the code is refused as unauthorized.
    MissingCodesAre401 "missing-codes-are-401";
    /// A session lives on after a call before its code.
    UnverifiedSessionsLiveOn "unverified-sessions-live-on";
    /// No command is open before the code.
    NothingIsOpenBeforeTheCode "nothing-is-open-before-the-code";
    /// Who has a second factor and who is to set one up read the same.
    OneTextForTheSecondFactor "one-text-for-the-second-factor";
    /// A right code leaves its session unverified.
    CodesVerifyNothing "codes-verify-nothing";
    /// A right code verifies every session of its user.
    CodesVerifyTheUser "codes-verify-the-user";
    /// A wrong code is told as plain text.
    WrongCodesAreToldPlainly "wrong-codes-are-told-plainly";
    /// A session lives on after a wrong code.
    WrongCodesKeepTheSession "wrong-codes-keep-the-session";
    /// No code is a wrong code.
    MissingCodesAreWrong "missing-codes-are-wrong";
    /// A static pin serves for its set-up alone.
    StaticPinsWorkOnce "static-pins-work-once";
    /// One-time passwords have steps of a minute.
    OneTimePasswordsLastAMinute "one-time-passwords-last-a-minute";
    /// Names of providers are written in capitals.
    ProvidersInCapitals "providers-in-capitals";
    /// The answer to a set-up is called by the name of its provider.
    SetUpIsNamedProvider "set-up-is-named-provider";
    /// A set-up binds before a code has proven it.
    UnverifiedSetUpsStay "unverified-set-ups-stay";
    /// A second factor can be set up whatever the setting says.
    SetUpWhileOff "set-up-while-off";
    /// An unknown command is told apart before the code.
    UnknownCommandsGoBeforeTheGate "unknown-commands-go-before-the-gate";
    /// A logout needs the code.
    LogoutIsGated "logout-is-gated";
    /// Signed calls need the code as well.
    SecondFactorForKeys "second-factor-for-keys";
    /// Passwords can be reset whatever the setting says.
    PasswordResetIsAlwaysThere "password-reset-is-always-there";
    /// Whoever forgot a password is told whether there is such a user.
    ForgottenUsersAreTold "forgotten-users-are-told";
    /// The list of OAuth providers asks for credentials.
    OauthProvidersNeedCredentials "oauth-providers-need-credentials";
    /// Refusals of `oauthlogin` stand in the envelope of `login`.
    OauthRefusalsNameTheLogin "oauth-refusals-name-the-login";
    /// The commands of SAML exist whatever the setting says.
    SamlIsAlwaysThere "saml-is-always-there";
    /// The list of identity providers asks for credentials.
    IdentityProvidersNeedCredentials "identity-providers-need-credentials";
    /// A sign-on by SAML answers in an envelope instead of leading on.
    SignOnIsEnveloped "sign-on-is-enveloped";

    // Transport, addresses of clients, the integration port, request decoding, limits.
    /// The path of the API needs a slash at its end.
    ApiPathNeedsASlash "api-path-needs-a-slash";
    /// The path of the API is matched in any letter case.
    ApiPathInAnyCase "api-path-in-any-case";
    /// Every answer closes its connection.
    EveryAnswerCloses "every-answer-closes";
    /// Answers say what time it is and which server sent them.
    ServerTellsItself "server-tells-itself";
    /// TRACE is answered like GET.
    TraceIsTaken "trace-is-taken";
    /// A body in JSON is read as parameters.
    JsonBodiesAreRead "json-bodies-are-read";
    /// The content security policies stand in one header.
    SecurityPoliciesAreFolded "security-policies-are-folded";
    /// Refusals lack the security headers.
    RefusalsLackSecurityHeaders "refusals-lack-security-headers";
    /// Line ends of a text end the description header too.
    DescriptionKeepsLineEnds "description-keeps-line-ends";
    /// A bad percent escape is refused in an envelope.
    BadEscapesHaveAnEnvelope "bad-escapes-have-an-envelope";
    /// Forms that are too large are cut off.
    LargeFormsAreCutOff "large-forms-are-cut-off";
    /// Changes by GET pass although POST is enforced.
    ChangesByGetPass "changes-by-get-pass";
    /// Where POST is enforced, it is for reading commands too.
    ReadsNeedPost "reads-need-post";
    /// A change by GET is refused only after its signature was looked at.
    GateFollowsTheSignature "gate-follows-the-signature";
    /// Unknown commands by GET pass the gate for changes.
    GateKnowsItsCommands "gate-knows-its-commands";
    /// Headers have no say in where a request comes from.
    ForwardedIsIgnored "forwarded-is-ignored";
    /// The last entry of a forwarding header counts.
    LastForwardedCounts "last-forwarded-counts";
    /// The first entry of a proxy's header is taken for an address whatever it says.
    FirstTokenIsTheAddress "first-token-is-the-address";
    /// An address that cannot be resolved is passed over.
    UnresolvedAddressesPass "unresolved-addresses-pass";
    /// Accounts may be used from everywhere.
    SourceAddressesAreFree "source-addresses-are-free";
    /// A session is refused with 403 from where its account may not be used.
    ForbiddenAddressesAre403 "forbidden-addresses-are-403";
    /// A session lives on although it came from where its account may not be used.
    SessionsSurviveABadAddress "sessions-survive-a-bad-address";
    /// A login from where its account may not be used reads like a wrong password.
    LoginHidesTheAddress "login-hides-the-address";
    /// The integration port is open and the setting says that it is not.
    IntegrationPortIsUnnamed "integration-port-is-unnamed";
    /// The integration port demands a signature.
    IntegrationDemandsASignature "integration-demands-a-signature";
    /// The integration port reads forms.
    IntegrationReadsForms "integration-reads-forms";
    /// On the integration port a semicolon separates nothing.
    IntegrationKeepsSemicolons "integration-keeps-semicolons";
    /// The integration port knows GET and POST alone.
    IntegrationKnowsTwoMethods "integration-knows-two-methods";
    /// The integration port merges parameters as the main port does.
    IntegrationTakesTheLast "integration-takes-the-last";
    /// The integration port takes `response` in any letter case.
    IntegrationFormatsInAnyCase "integration-formats-in-any-case";
    /// The integration port has the headers of the main port.
    IntegrationHasMainHeaders "integration-has-main-headers";
    /// Reason phrases of the integration port are the registered ones.
    IntegrationReasonsAreRegistered "integration-reasons-are-registered";
    /// The integration port runs logins.
    IntegrationLogsIn "integration-logs-in";
    /// The integration port takes passwords.
    IntegrationTakesPasswords "integration-takes-passwords";
    /// Internal texts are hidden on the integration port.
    IntegrationIsMasked "integration-is-masked";
    /// XML of the integration port names the version.
    IntegrationNamesTheVersion "integration-names-the-version";
    /// API keys are found under one spelling of their name.
    KeysHaveOneSpelling "keys-have-one-spelling";
    /// The caller's word for who calls counts in jobs.
    ContextParametersCount "context-parameters-count";
    /// Signatures by SHA-256 are good too.
    Sha256SignaturesPass "sha256-signatures-pass";
    /// Signatures in hexadecimal digits are good too.
    HexSignaturesPass "hex-signatures-pass";
    /// `response` is not signed.
    ResponseIsNotSigned "response-is-not-signed";
    /// The API key is not signed.
    ApiKeyIsNotSigned "api-key-is-not-signed";
    /// Names and values together are sorted before signing.
    PairsAreSortedWhole "pairs-are-sorted-whole";
    /// Values are escaped as browsers do: quotes, brackets and exclamation marks stay.
    UriComponentEncoding "uri-component-encoding";
    /// Signatures are compared in any letter case.
    SignaturesInAnyCase "signatures-in-any-case";
    /// A request with two spellings of its key's name is refused.
    TwoSpellingsAreRefused "two-spellings-are-refused";
    /// Unknown versions of signatures are refused.
    UnknownVersionsAreRefused "unknown-versions-are-refused";
    /// `expires` may never lie more than 15 minutes ahead.
    ExpiryIsAlwaysLimited "expiry-is-always-limited";
    /// `expires` may lie as far ahead as it likes although time stamps are enforced.
    EnforcedExpiryIsUnlimited "enforced-expiry-is-unlimited";
    /// Requests without time stamp pass although they are enforced.
    EnforcedTimeStampsMayLack "enforced-time-stamps-may-lack";
    /// `expires` is read without a zone too.
    ZonelessExpiryPasses "zoneless-expiry-passes";
    /// Blanks in `expires` count as plus signs.
    BlanksInExpiryBecomePlus "blanks-in-expiry-become-plus";
    /// The signature is looked at before the role.
    SignatureGoesFirst "signature-goes-first";
    /// Windows of the rate limit begin again with each call.
    WindowsSlide "windows-slide";
    /// Each user has a rate limit, not each account.
    LimitsArePerUser "limits-are-per-user";
    /// Root administrators have a rate limit.
    AdministratorsAreLimited "administrators-are-limited";
    /// Calls above the limit are refused with 503.
    LimitAnswers503 "limit-answers-503";
    /// A refusal above the limit says by header when to come again.
    LimitSaysRetryAfter "limit-says-retry-after";
    /// The fields of `getApiLimit` are in lower case.
    LimitFieldsInLowerCase "limit-fields-in-lower-case";
    /// `getApiLimit` is answered although nothing is limited.
    LimitWithoutThrottling "limit-without-throttling";
    /// Resetting the limit of an account changes nothing.
    ResetLeavesTheLimit "reset-leaves-the-limit";
    /// `listApis` counts once for each command that it lists.
    ListApisCountsEachCommand "list-apis-counts-each-command";

    // Accidents of the recorded server.
    /// Where upstream runs into a failure that it did not expect, the answer is empty, null or said twice, as recorded.
    UnexpectedFailuresAreEmpty "unexpected-failures-are-empty";
    /// No host goes into maintenance, as once on the recorded server.
    HostsRefuseMaintenance "hosts-refuse-maintenance";

    // Access, discovery and the scope of lists.
    /// Roles decide about commands that list, and about no others.
    RolesGuardListsAlone "roles-guard-lists-alone";
    /// Of the rules of a role that speak of a command the last decides.
    LastRuleDecides "last-rule-decides";
    /// A command that no rule of a role speaks of may be called.
    UnruledCommandsPass "unruled-commands-pass";
    /// A command that no rule of a role speaks of is refused.
    UnruledCommandsAreRefused "unruled-commands-are-refused";
    /// A command that the role does not allow is refused with 531.
    ForbiddenCommandsAre531 "forbidden-commands-are-531";
    /// Every denial has the text of a role that lacks the command.
    DenialsHaveOneText "denials-have-one-text";
    /// A rule speaks of every command that contains it.
    RulesMatchParts "rules-match-parts";
    /// Rules are compared in their own case.
    RulesAreExact "rules-are-exact";
    /// Rules may have any characters.
    AnyTextIsARule "any-text-is-a-rule";
    /// Accounts of domain administrators and of resource domains are taken for each other.
    DomainAdminsAreSwapped "domain-admins-are-swapped";
    /// The permission of a rule is written in upper case.
    PermissionsAreUpperCase "permissions-are-upper-case";
    /// The refusals of role commands have one text.
    RoleRefusalsAreVague "role-refusals-are-vague";
    /// A parameter for administrators is refused when others send it.
    RestrictedParametersAreRefused "restricted-parameters-are-refused";
    /// Things in a list of identifiers may be anybody's.
    ForeignItemsPass "foreign-items-pass";
    /// A thing of another account is refused as if there were none.
    ForeignThingsAreUnknown "foreign-things-are-unknown";
    /// A thing of another account is refused with 403.
    ForeignThingsAre403 "foreign-things-are-403";
    /// The project of a request is found under its name in any case.
    ProjectContextInAnyCase "project-context-in-any-case";
    /// Strangers may call in the name of a project.
    ProjectsAreOpen "projects-are-open";
    /// An unknown command of a known caller is refused with 404.
    UnknownCommandsAre404 "unknown-commands-are-404";
    /// The listing of commands is the same for all callers.
    OneListingForAll "one-listing-for-all";
    /// Parameters for administrators are listed to everybody.
    RestrictedParametersAreListed "restricted-parameters-are-listed";
    /// Commands that log in are listed to everybody.
    LoginIsListedToAll "login-is-listed-to-all";
    /// Types of fields have their package.
    FieldTypesHaveAPackage "field-types-have-a-package";
    /// Fields without a name are left out of what is listed of a command.
    BlankFieldsAreLeftOut "blank-fields-are-left-out";
    /// A list shows everything when no page is asked for.
    DefaultPageIsEverything "default-page-is-everything";
    /// A page size of 0 is the default one.
    PageSizeZeroIsTheDefault "page-size-zero-is-the-default";
    /// An empty page size counts as absent.
    EmptyPageSizeIsAbsent "empty-page-size-is-absent";
    /// Lists of a domain show the domains below, too.
    ListsAreRecursive "lists-are-recursive";
    /// Default lists show what the caller's projects have.
    ProjectThingsAreMixedIn "project-things-are-mixed-in";
    /// Of account and project the account decides a list.
    AccountWinsOverProject "account-wins-over-project";
    /// Keywords that are too long are cut.
    LongKeywordsAreCut "long-keywords-are-cut";

    // Snapshots, templates and ISOs.
    /// A snapshot leaves its volume `Ready` while it is taken.
    SnapshotsLeaveTheVolumeReady "snapshots-leave-the-volume-ready";
    /// A listed thing does not name the job that is at work on it.
    ListedThingsNameNoJob "listed-things-name-no-job";
    /// A finished snapshot is `Ready`.
    SnapshotsAreReady "snapshots-are-ready";
    /// A snapshot of a volume that is not ready fails in its job.
    SnapshotsFailLate "snapshots-fail-late";
    /// A volume is made from a snapshot in any state.
    AnySnapshotMakesAVolume "any-snapshot-makes-a-volume";
    /// A snapshot can be deleted again.
    SnapshotsAreDeletedTwice "snapshots-are-deleted-twice";
    /// A volume goes back to a snapshot while its machine runs.
    RunningMachinesAreReverted "running-machines-are-reverted";
    /// A machine that is off has a memory to take a snapshot of.
    StoppedMachinesHaveMemory "stopped-machines-have-memory";
    /// A running machine goes back to a snapshot of its disks.
    AnyVmSnapshotIsReverted "any-vm-snapshot-is-reverted";
    /// Two snapshots of a machine are taken at the same time.
    VmSnapshotsOverlap "vm-snapshots-overlap";
    /// Templates and ISOs in use can be deleted.
    TemplatesInUseGo "templates-in-use-go";
    /// An ISO can be taken out of an empty drive.
    EmptyDrivesAreEmptied "empty-drives-are-emptied";
    /// A ready ISO has the status of a ready template.
    IsosAreDownloaded "isos-are-downloaded";
    /// A change answers a template as ready.
    ChangedTemplatesAreReady "changed-templates-are-ready";

    // What accounts have.
    /// Lists of volumes show those of other accounts.
    VolumesOfOthersAreListed "volumes-of-others-are-listed";
    /// Destroyed machines count as machines of their account.
    DestroyedMachinesAreCounted "destroyed-machines-are-counted";
    /// Data volumes of a deleted account stay.
    DeletedAccountsLeaveVolumes "deleted-accounts-leave-volumes";
    /// The job of a reboot stays pending.
    RebootsNeverEnd "reboots-never-end";

    // Networks, addresses and their rules.
    /// A network is implemented from the start.
    NetworksStartImplemented "networks-start-implemented";
    /// A network that machines use is shown as one that waits.
    UsedNetworksStayAllocated "used-networks-stay-allocated";
    /// A network that nothing uses is restarted.
    UnusedNetworksRestart "unused-networks-restart";
    /// A network that cannot be deleted says why, with another code.
    NetworksTellWhyTheyStay "networks-tell-why-they-stay";
    /// Deleting a network again is accepted, and fails in the job.
    DeletedNetworksFailLate "deleted-networks-fail-late";
    /// Ordinary users may delete networks by force.
    UsersForceDeletions "users-force-deletions";
    /// Networks are listed oldest first.
    NetworksRunForward "networks-run-forward";
    /// A part of its name finds a network.
    NetworkNamesAreParts "network-names-are-parts";
    /// An acquired address stays as it was at first.
    AddressesStayAllocating "addresses-stay-allocating";
    /// An address that nobody has is released.
    FreeAddressesAreReleased "free-addresses-are-released";
    /// An address that machines go out by cannot be released, which has the code 431.
    SourceNatStaysWith431 "source-nat-stays-with-431";
    /// Rules of firewalls and forwarded ports stay as they were noted.
    RulesStayAdded "rules-stay-added";
    /// Two rules may have one port.
    PortConflictsPass "port-conflicts-pass";
    /// The identifiers of removed rules are still known.
    RemovedRulesAreKnown "removed-rules-are-known";
    /// A load balancer works without machines.
    EmptyBalancersAreActive "empty-balancers-are-active";
    /// A load balancer stays as it was noted when it gets machines.
    BalancersStayAdded "balancers-stay-added";

    // Groups and tags.
    /// An account may have two security groups `default`.
    DefaultGroupsAreMadeAgain "default-groups-are-made-again";
    /// The identifiers of removed groups are still known.
    RemovedGroupsAreKnown "removed-groups-are-known";
    /// An affinity group that has machines is not deleted.
    UsedAffinityGroupsStay "used-affinity-groups-stay";
    /// The affinity groups of a machine that runs are changed.
    RunningMachinesChangeGroups "running-machines-change-groups";
    /// What was made in two steps has no event of its own.
    CreationsAreNotTold "creations-are-not-told";
    /// A tag that is there already is written again.
    TagsAreReplaced "tags-are-replaced";
    /// Tags that are not there are deleted.
    AbsentTagsAreDeleted "absent-tags-are-deleted";
    /// An unknown type of things has the code of an internal failure.
    TagsOfUnknownTypesAre530 "tags-of-unknown-types-are-530";

    // Events, limits and jobs again.
    /// The states of events are found in any case.
    EventStatesInAnyCase "event-states-in-any-case";
    /// The type of the thing whose events are wanted need not be named.
    ThingsOfEventsNeedNoType "things-of-events-need-no-type";
    /// Unknown types of things have no events.
    UnknownThingsHaveNoEvents "unknown-things-have-no-events";
    /// A chain of events is listed without its first.
    ChainsLackTheirRoot "chains-lack-their-root";
    /// Accounts may have more than their limits.
    LimitsAreIgnored "limits-are-ignored";
    /// What is beyond a limit is refused as if it were forbidden.
    LimitsAre531 "limits-are-531";
    /// Limits below none are set.
    BadLimitsPass "bad-limits-pass";
    /// An unknown kind of resource has the code of an internal failure.
    UnknownResourcesAre530 "unknown-resources-are-530";
    /// Domain administrators set the limits of their own domain.
    OwnDomainsAreLimited "own-domains-are-limited";

    // Volumes.
    /// A new volume is ready at once.
    NewVolumesAreReady "new-volumes-are-ready";
    /// A volume stays allocated when it is attached.
    AttachedVolumesStayAllocated "attached-volumes-stay-allocated";
    /// A volume that a machine has is attached.
    VolumesAreAttachedTwice "volumes-are-attached-twice";
    /// A volume that no machine has is detached.
    VolumesAreDetachedTwice "volumes-are-detached-twice";
    /// A size that is refused has the code of other parameters.
    ResizesFailWith431 "resizes-fail-with-431";
    /// A volume that a machine has is destroyed.
    AttachedVolumesAreDestroyed "attached-volumes-are-destroyed";
    /// A volume that a machine has is deleted.
    AttachedVolumesAreDeleted "attached-volumes-are-deleted";
    /// A volume is deleted although it is protected.
    ProtectedVolumesAreDeleted "protected-volumes-are-deleted";
    /// A volume that was never attached is destroyed, not expunged.
    AllocatedVolumesAreDestroyed "allocated-volumes-are-destroyed";
    /// A destroyed volume is expunged.
    DestroyedVolumesAreGone "destroyed-volumes-are-gone";
    /// A volume is recovered that was not destroyed.
    VolumesRecoverFromAnyState "volumes-recover-from-any-state";
    /// What names a removed volume fails in the job.
    RemovedVolumesFailLate "removed-volumes-fail-late";

    // Infrastructure and accounts.
    /// The two states of hosts stand for each other.
    HostStatesAreSwapped "host-states-are-swapped";
    /// The states of primary storage are written in capitals.
    StatesOfPoolsAreCapitals "states-of-pools-are-capitals";
    /// Whether things may be placed somewhere is told in lower case.
    AllocationStatesAreLowerCase "allocation-states-are-lower-case";
    /// Routers are told apart by an older word.
    RoutersAreMasters "routers-are-masters";
    /// The maintenance of a host that is in none is cancelled.
    NoMaintenanceIsCancelled "no-maintenance-is-cancelled";
    /// A new zone is enabled.
    ZonesStartEnabled "zones-start-enabled";
    /// A zone is deleted although it has pods.
    ZonesTakeTheirPods "zones-take-their-pods";
    /// A new physical network has no providers.
    PhysicalNetworksAreEmpty "physical-networks-are-empty";
    /// The states of accounts are written in capitals.
    AccountStatesAreCapitals "account-states-are-capitals";
    /// An account that is to be locked is disabled.
    LockedAccountsAreDisabled "locked-accounts-are-disabled";
    /// A domain is deleted with its accounts.
    DomainsTakeTheirAccounts "domains-take-their-accounts";
    /// A project is deleted with all that is in it.
    ProjectsTakeTheirThings "projects-take-their-things";
    /// The state of a job's process tells what became of it.
    JobsShowTheirProgress "jobs-show-their-progress";
    /// Every job names the thing that it is about.
    JobsNameEveryThing "jobs-name-every-thing";
    /// Another user of an account may not ask for its jobs.
    JobsAreTheirUsers "jobs-are-their-users";
    /// Jobs are listed newest first.
    NewestJobsComeFirst "newest-jobs-come-first";

    // Jobs, accepted and over.
    /// The answer to a two-step command has the job first.
    JobIdComesFirst "job-id-comes-first";
    /// XML has an element around the identifiers of an accepted job.
    AcceptedJobsAreWrapped "accepted-jobs-are-wrapped";
    /// Every envelope is the command's name in lower case.
    EnvelopesAreRegular "envelopes-are-regular";
    /// A deployment that names no image lacks a template.
    DeployNeedsATemplate "deploy-needs-a-template";
    /// Jobs can be cancelled.
    JobsCanBeCancelled "jobs-can-be-cancelled";
    /// A job is over before it was accepted.
    JobsEndBeforeTheyBegin "jobs-end-before-they-begin";
    /// The fields of a job are sorted by name.
    JobFieldsAreSorted "job-fields-are-sorted";
    /// A failure in XML is a text.
    FailuresAreTextInXml "failures-are-text-in-xml";
    /// A failure without a text has none.
    FailuresHaveNoDefaultText "failures-have-no-default-text";
    /// A job without a result has succeeded.
    EmptyResultsAreSuccesses "empty-results-are-successes";
    /// The texts of failed jobs are not told to users.
    JobTextsAreMasked "job-texts-are-masked";
    /// The server's own jobs on machines are listed.
    WorkJobsAreListed "work-jobs-are-listed";
    /// Things are listed with the last job about them, over or not.
    FinishedJobsStayOnThings "finished-jobs-stay-on-things";

    // Events again.
    /// Events of failures are no errors.
    FailuresAreInformation "failures-are-information";
    /// A job that is refused leaves an event.
    RefusedJobsAreScheduled "refused-jobs-are-scheduled";
    /// Events name the number of a thing.
    EventsNameNumbers "events-name-numbers";
    /// Every event belongs to whom the thing belongs.
    EventsFollowTheirThings "events-follow-their-things";
    /// Users are shown the events of hidden things.
    HiddenEventsAreListed "hidden-events-are-listed";

    // What every server has.
    /// Accounts that came with the server are not listed.
    DefaultAccountsAreHidden "default-accounts-are-hidden";
    /// Offerings that came with the server say so in their names.
    DefaultOfferingsAreRenamed "default-offerings-are-renamed";
    /// Lists do not tell which roles came with the server.
    DefaultRolesAreNone "default-roles-are-none";
    /// A cluster or a host that was added is one object.
    AddedHardwareIsAnObject "added-hardware-is-an-object";
    /// Keys are made once.
    KeysAreMadeOnce "keys-are-made-once";
    /// System machines are listed before their zone is enabled.
    SystemVmsComeEarly "system-vms-come-early";
}

/// How many words hold a bit for every fault.
const WORDS: usize = Quirk::ALL.len().div_ceil(64);

/// A set of faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Quirks {
    bits: [u64; WORDS],
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

    /// Switches a fault off.
    pub fn remove(&mut self, quirk: Quirk) {
        let number = quirk as usize;
        self.bits[number / 64] &= !(1 << (number % 64));
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
        set.remove(last);
        assert_eq!(set, Quirks::default());
    }
}
