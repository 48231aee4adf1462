//! The management server: from a request to an answer, in upstream's order (section 0.3 of the
//! protocol): read, authenticate, find, check parameters, run, write.
//!
//! Synchronous and without sockets: [`answer`] is a function of a world and a request.

pub mod access;
pub mod authenticator;
pub mod caller;
pub mod client_address;
pub mod command;
pub mod directory;
pub mod discovery;
pub mod envelope;
pub mod errand;
pub mod error;
pub mod job;
pub mod listing;
pub mod parameter;
pub mod release;
pub mod request;
pub mod response;
pub mod session;
pub mod signature;
mod sinful;
pub mod verify;
pub mod view;

use std::borrow::Cow;
use std::io::Write as _;
use std::net::IpAddr;

use caller::Caller;
use envelope::{Format, Style};
use error::ApiError;
use request::{Parameters, Port, Request};
use response::{Response, content_type};

use crate::catalog::{self, Command};
use crate::quirk::Quirk;
use crate::reply::{Object, Reply};
use crate::world::World;

/// Request line and headers together (API-HTTP-031).
const HEAD_BYTES: usize = 8192;

/// Answers a request.
pub fn answer(world: &mut World, request: &Request) -> Response {
    job::advance(world);
    world.look_after();
    job::act_on_schedules(world);
    let mut response = match request.port {
        Port::Main => main_port(world, request),
        Port::Integration => {
            let mut response = integration_port(world, request);
            // Only this port says what time it is.
            response.headers.insert(0, ("Date", world.now.http_date().into()));
            response
        }
    };
    if request.port == Port::Main && world.sins(Quirk::ServerTellsItself) {
        response.headers.insert(0, ("Date", world.now.http_date().into()));
        response.headers.insert(0, ("Server", "Jetty".into()));
    }
    response.closes |= world.sins(Quirk::EveryAnswerCloses);
    if world.sins(Quirk::SecurityPoliciesAreFolded) {
        response.fold("content-security-policy");
    }
    if request.method == "HEAD" {
        response.headers.retain(|(name, _)| *name != "Vary");
    }
    response
}

fn main_port(world: &mut World, request: &Request) -> Response {
    if let Some(refusal) = container(world, request) {
        return refusal;
    }
    let address = match client_address::of(world, request) {
        Ok(address) => address,
        // Nobody has asked yet in which format the answer should be (API-HTTP-042).
        Err(error) => {
            return refused(world, request, &Parameters::default(), Format::Xml, None, &error);
        }
    };
    let Ok(mut parameters) = request.parameters_with(&world.quirks) else {
        if world.sins(Quirk::BadEscapesHaveAnEnvelope) {
            let error = ApiError::parameter("Malformed request");
            return refused(world, request, &Parameters::default(), Format::Json, None, &error);
        }
        return Response::error_page();
    };
    if world.sins(Quirk::CommandsInAnyCase)
        && let Some(command) = parameters.get("command").and_then(catalog::command_ignoring_case)
    {
        parameters.replace("command", command.name());
    }
    let accepts_json = || request.header("accept").is_some_and(|accept| accept.contains("json"));
    let format = match parameters.get("response") {
        _ if world.sins(Quirk::AcceptHeaderDecides) && accepts_json() => Format::Json,
        Some(word) if word.eq_ignore_ascii_case("json") => Format::Json,
        None if world.sins(Quirk::JsonByDefault) => Format::Json,
        _ => Format::Xml,
    };
    let name = parameters.get("command");
    if let Some(entrance) = name.and_then(|name| session::entrance::find(world, name)) {
        return session::entrance::answer(world, entrance, request, &parameters, format, address);
    }
    if name == Some("cancelAsyncJob") && world.sins(Quirk::JobsCanBeCancelled) {
        let content_type = content_type(true, Port::Main);
        let body = b"{\"cancelasyncjobresponse\":{\"success\":true}}".to_vec();
        return Response {
            headers: vec![("Content-Type", content_type.into())],
            body,
            ..Response::empty(200)
        };
    }
    if world.sins(Quirk::ControlCharactersComeFirst)
        && let Err(refusal) = parameter::refuse_control_characters(&world.quirks, parameters.pairs())
    {
        return refused(world, request, &parameters, format, None, &refusal);
    }
    // What upstream did not expect ends without an answer (API-ERR-061, API-ERR-064).
    let is_unexpected = access::lacks_its_project(&parameters) || name.is_none() && is_gated(world, request);
    if is_unexpected && world.sins(Quirk::UnexpectedFailuresAreEmpty) {
        return Response::nothing();
    }
    if let Some(id) = session::of_request(world, request) {
        let mut response = of_session(world, request, &parameters, format, address, &id);
        session::repeat_cookie(request, &id, &mut response);
        return response;
    }
    if !world.sins(Quirk::GateFollowsTheSignature)
        && let Some(refusal) = post_gate(world, request, &parameters)
    {
        return refused(world, request, &parameters, format, None, &refusal);
    }
    if world.sins(Quirk::UnknownSessionsAreTold) && session::is_claimed(request) {
        return refused(world, request, &parameters, format, None, &ApiError::unauthorized(error::SESSION));
    }
    match verify::signed(world, request, &parameters, address) {
        Ok(caller) => serve_ungated(world, request, &parameters, format, caller),
        Err(refusal) => refused(world, request, &parameters, format, None, &refusal),
    }
}

/// Answers a call that brings a living session: the second factor first, then the gate for changes, the session key,
/// and access.
fn of_session(
    world: &mut World,
    request: &Request,
    parameters: &Parameters,
    format: Format,
    address: IpAddr,
    id: &str,
) -> Response {
    session::touch(world, id);
    let name = parameters.get("command").unwrap_or_default();
    let refuse = |world: &World, error: &ApiError| refused(world, request, parameters, format, None, error);
    if let Err(refusal) = session::two_factor::gate(world, id, name) {
        return refuse(world, &refusal);
    }
    if !world.sins(Quirk::GateFollowsTheSignature)
        && let Some(refusal) = post_gate(world, request, parameters)
    {
        return refuse(world, &refusal);
    }
    let mut verified = None;
    if name == session::two_factor::VALIDATE {
        let code = parameters.get("codefor2fa");
        match session::two_factor::validate(world, id, code, format) {
            session::two_factor::Outcome::Right(body) => verified = Some(body),
            session::two_factor::Outcome::Refused(refusal) => return refuse(world, &refusal),
            session::two_factor::Outcome::Nothing if world.sins(Quirk::UnexpectedFailuresAreEmpty) => {
                return Response::nothing();
            }
            session::two_factor::Outcome::Nothing => {
                return refuse(world, &ApiError::runtime("The user has no two factor authentication set up"));
            }
        }
    }
    let verdict = if world.sins(Quirk::SessionsNeedASignature) {
        verify::signed(world, request, parameters, address)
    } else {
        session::caller(world, id, request, parameters)
    };
    let verdict = match verdict {
        Err(_) if world.sins(Quirk::SignatureSavesABadSession) => {
            verify::signed(world, request, parameters, address)
        }
        other => other,
    };
    match (verdict, verified) {
        (Ok(_), Some(body)) => succeeded(world, request, format, body),
        // The code was right and the key is not: the recorded server tells both, in one body (API-AUTH-065).
        (Err(refusal), Some(body)) if world.sins(Quirk::UnexpectedFailuresAreEmpty) => {
            let mut response = refuse(world, &refusal);
            response.body.splice(0..0, body.into_bytes());
            response
        }
        (Err(refusal), _) => refuse(world, &refusal),
        (Ok(caller), None) => {
            let is_told = !caller.is_root_admin() || command::known(world, name).is_some();
            if let Some(name) = parameters.get("command").filter(|_| is_told)
                && let Err(refusal) = verify::require_access(world, caller, name, parameters, address)
            {
                let refusal = without_access(world, id, refusal);
                // Who calls from a wrong address is nobody.
                let told = Some(caller).filter(|_| refusal.code() != 401);
                return refused(world, request, parameters, format, told, &refusal);
            }
            serve_ungated(world, request, parameters, format, caller)
        }
    }
}

/// Serves a call that has passed the gate for changes, which a sinner looks at last.
fn serve_ungated(
    world: &mut World,
    request: &Request,
    parameters: &Parameters,
    format: Format,
    caller: Caller,
) -> Response {
    let gate_last = world.sins(Quirk::GateFollowsTheSignature);
    match post_gate(world, request, parameters).filter(|_| gate_last) {
        Some(refusal) => refused(world, request, parameters, format, None, &refusal),
        None => serve(world, request, parameters, format, caller),
    }
}

/// What becomes of a session whose call is refused: one from a wrong address ends (API-AUTH-036).
fn without_access(world: &mut World, session: &str, refusal: ApiError) -> ApiError {
    if refusal.code() != 401 {
        return refusal;
    }
    if !world.sins(Quirk::SessionsSurviveABadAddress) {
        session::end(world, session);
    }
    let code = if world.sins(Quirk::ForbiddenAddressesAre403) { 403 } else { 401 };
    ApiError { fault: error::Fault::Api(code), ..refusal }
}

/// What the container refuses before the API sees it (API-HTTP-002, -003, -012, -031, -034).
fn container(world: &World, request: &Request) -> Option<Response> {
    let head: usize = request.method.len()
        + request.target.len()
        + "  HTTP/1.1\r\n".len()
        + request.headers.iter().map(|(name, value)| name.len() + value.len() + 4).sum::<usize>();
    let any_length = world.sins(Quirk::LongLinesPass);
    if request.target.len() + request.method.len() + 1 > HEAD_BYTES && !any_length {
        return Some(Response::bad_message(414, "URI Too Long"));
    }
    if head > HEAD_BYTES && !any_length {
        return Some(Response::bad_message(431, "Request Header Fields Too Large"));
    }
    if request.needs_host && request.header("host").is_none() {
        return Some(Response::bad_message(400, "No Host"));
    }
    let path = request.path();
    let is_below = path.starts_with("/client/api/") && !world.sins(Quirk::ExactPathOnly);
    let is_exact = path == "/client/api" && !world.sins(Quirk::ApiPathNeedsASlash);
    let is_alike = path.eq_ignore_ascii_case("/client/api") && world.sins(Quirk::ApiPathInAnyCase);
    let is_api = is_exact || is_below || is_alike;
    if !is_api {
        let host = request.header("host").unwrap_or("localhost");
        if path != "/client" && !path.starts_with("/client/") {
            let location = format!("http://{host}/client{}", request.target);
            return Some(Response { headers: vec![("Location", location.into())], ..Response::empty(301) });
        }
        if path == "/client" {
            let location = format!("http://{host}/client/");
            return Some(Response { headers: vec![("Location", location.into())], ..Response::empty(302) });
        }
        return Some(Response::not_found(path));
    }
    match request.method.as_str() {
        "HEAD" if world.sins(Quirk::HeadIsRefused) => Some(Response::empty(405)),
        "PUT" | "DELETE" if world.sins(Quirk::PutIsTaken) => None,
        "GET" | "POST" | "HEAD" => None,
        "OPTIONS" => Some(Response {
            headers: vec![("Allow", "GET, HEAD, POST, TRACE, OPTIONS".into())],
            ..Response::empty(200)
        }),
        "PUT" | "DELETE" => Some(Response::empty(405)),
        "TRACE" if world.sins(Quirk::TraceIsTaken) => None,
        "TRACE" => Some(Response::empty(403)),
        _ => Some(Response::empty(501)),
    }
}

/// The setting that makes POST and time stamps compulsory.
const ENFORCED: &str = "enforce.post.requests.and.timestamps";

/// Whether a request is looked at by the gate for changes.
fn is_gated(world: &World, request: &Request) -> bool {
    world.settings.flag(ENFORCED) && request.method != "POST" && !world.sins(Quirk::ChangesByGetPass)
}

/// Refuses changes that do not come by POST, while that is enforced (API-HTTP-030).
fn post_gate(world: &World, request: &Request, parameters: &Parameters) -> Option<ApiError> {
    const READ_ONLY: [&str; 9] = [
        "isaccountallowedtocreateofferingswithtags",
        "readyforshutdown",
        "cloudianisenabled",
        "quotabalance",
        "quotasummary",
        "quotatarifflist",
        "quotaisenabled",
        "quotastatement",
        "verifyoauthcodeandgetuser",
    ];
    if !is_gated(world, request) {
        return None;
    }
    let name = parameters.get("command")?;
    let lower = name.to_ascii_lowercase();
    let reads = ["get", "list", "query", "find"].iter().any(|verb| {
        lower.strip_prefix(verb).is_some_and(|rest| {
            !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        })
    });
    if world.sins(Quirk::GateKnowsItsCommands) && catalog::command_ignoring_case(name).is_none() {
        return None;
    }
    if !world.sins(Quirk::ReadsNeedPost) && (reads || READ_ONLY.contains(&lower.as_str())) {
        return None;
    }
    if lower == "updateconfiguration" {
        let changed = parameters.get("name").unwrap_or_default();
        if changed.eq_ignore_ascii_case(ENFORCED) {
            return None;
        }
        return Some(ApiError {
            described: false,
            ..ApiError::api(
                400,
                format!("Changes for configuration {changed} needs to be sent using POST request"),
            )
        });
    }
    Some(ApiError {
        described: false,
        ..ApiError::api(400, format!("State changing command {name} needs to be sent using POST request"))
    })
}

fn integration_port(world: &mut World, request: &Request) -> Response {
    let mut methods = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD"].as_slice();
    if world.sins(Quirk::IntegrationKnowsTwoMethods) {
        methods = &methods[..2];
    }
    if !methods.contains(&request.method.as_str()) {
        return Response {
            headers: vec![("Content-Type", "text/plain; charset=US-ASCII".into())],
            body: format!("{} method not supported", request.method).into_bytes(),
            closes: true,
            ..Response::empty(501)
        };
    }
    let parameters = request.integration_parameters(&world.quirks);
    let word = parameters.get_ignoring_case("response").unwrap_or_default();
    let any_case = world.sins(Quirk::IntegrationFormatsInAnyCase) && word.eq_ignore_ascii_case("json");
    let format = if word == "json" || any_case { Format::Json } else { Format::Xml };
    let mut response = match parameters.get("command") {
        _ if world.sins(Quirk::IntegrationDemandsASignature) => {
            let error = ApiError::unauthorized(error::GENERIC);
            refused(world, request, &parameters, format, None, &error)
        }
        Some("login") if world.sins(Quirk::IntegrationLogsIn) => {
            match session::entrance::find(world, "login") {
                Some(login) => {
                    session::entrance::answer(world, login, request, &parameters, format, request.peer)
                }
                None => Response::nothing(),
            }
        }
        None => {
            let error = ApiError::api(432, "Invalid request, no command sent");
            refused(world, request, &parameters, format, Some(Caller::SYSTEM), &error)
        }
        Some(name) if catalog::command_ignoring_case(name).is_some_and(Command::is_authenticator) => {
            let text = match format {
                Format::Json => "{ \"error\" : { \"description\" : \"Internal Server Error\" } }",
                Format::Xml => "<error>Internal Server Error</error>",
            };
            let content_type = content_type(format == Format::Json, Port::Integration);
            Response {
                headers: vec![("Content-Type", content_type.into())],
                body: text.as_bytes().to_vec(),
                ..Response::empty(200)
            }
        }
        Some(_) => serve(world, request, &parameters, format, Caller::SYSTEM),
    };
    response.closes = true;
    response.ends_with_connection = !world.sins(Quirk::IntegrationHasMainHeaders);
    response
}

/// Runs the command of a caller who is known and allowed.
fn serve(
    world: &mut World,
    request: &Request,
    parameters: &Parameters,
    format: Format,
    caller: Caller,
) -> Response {
    let mut response = match run(world, request, parameters, caller) {
        Ok((command, outcome)) => {
            let outcome = outcome.in_release(world, command);
            let style = style(world, format, Some(caller), request.port);
            let status = if matches!(outcome, Outcome::Job { .. }) && world.sins(Quirk::AcceptedJobsAre202) {
                202
            } else {
                200
            };
            let body = match outcome {
                Outcome::Reply(reply) => envelope::reply(&style, command, reply),
                Outcome::Job { job, entity } => {
                    let status = world.sins(Quirk::AcceptedJobsHaveAStatus).then_some(0);
                    let name = if world.sins(Quirk::JobIdInCamelCase) { "jobId" } else { "jobid" };
                    let mut fields =
                        Object::new().with("id", entity).with(name, job).with("jobstatus", status);
                    if world.sins(Quirk::JobIdComesFirst) {
                        fields.fields.reverse();
                    }
                    if world.sins(Quirk::AcceptedJobsAreWrapped) && format == Format::Xml {
                        fields = Object::new().with("asyncjobs", fields);
                    }
                    envelope::inline(&style, command.response_name(), &fields)
                }
            };
            let undone = match world.sins(Quirk::JsonEscapesAreUndone) && format == Format::Json {
                true => sinful::with_escapes_undone(&body),
                false => Ok(body),
            };
            match undone {
                Ok(body) => Response { status, ..succeeded(world, request, format, body) },
                Err(text) => {
                    let error = ApiError::parameter(text);
                    refused(world, request, parameters, format, Some(caller), &error)
                }
            }
        }
        Err(error) => refused(world, request, parameters, format, Some(caller), &error),
    };
    let asked_for = parameters.get("command").and_then(catalog::command);
    response.unplayed = asked_for.filter(|command| !command::is_played(*command)).map(Command::name);
    response
}

/// What running a command came to.
pub(crate) enum Outcome {
    /// An answer.
    Reply(Reply),
    /// A job was accepted; two-step commands name what they created.
    Job {
        /// The job.
        job: uuid::Uuid,
        /// What was created.
        entity: Option<uuid::Uuid>,
    },
}

impl Outcome {
    /// The same as the release of the world tells it.
    fn in_release(self, world: &World, command: Command) -> Self {
        match self {
            Self::Reply(reply) => Self::Reply(release::reply_in(world.release, command.wire_class(), reply)),
            job @ Self::Job { .. } => job,
        }
    }
}

fn run(
    world: &mut World,
    request: &Request,
    parameters: &Parameters,
    caller: Caller,
) -> Result<(Command, Outcome), ApiError> {
    let pairs = parameters.pairs();
    parameter::refuse_control_characters(&world.quirks, pairs)?;
    let name = parameters.get("command").unwrap_or_default();
    let known = command::known(world, name).filter(|command| command::is_served(*command));
    let Some(command) = known else {
        if world.sins(Quirk::UnknownCommandsAreUnverified) {
            return Err(ApiError::unauthorized(error::GENERIC));
        }
        let code = if world.sins(Quirk::UnknownCommandsAre404) { 404 } else { 432 };
        return Err(ApiError::api(code, format!("Unknown API command: {name}")));
    };
    if request.port == Port::Integration && !world.sins(Quirk::IntegrationTakesPasswords) {
        refuse_off_this_port(command, pairs)?;
    }
    let by_post = request.method == "POST";
    let arguments = parameter::parse(world, caller, command, pairs, by_post)?;
    if command.is_list() {
        listing::check_paging(world, &arguments, pairs)?;
    } else if world.sins(Quirk::PagingIsCheckedEverywhere) {
        listing::refuse_lone_page(pairs)?;
    }
    if command.is_async() {
        let accepted = job::submit(world, caller, &arguments, pairs);
        return accepted.map(|outcome| (command, outcome)).map_err(|error| failure(world, error));
    }
    let behaviour = command::find(command)?;
    let result = (behaviour.run)(world, &caller, &arguments);
    if !world.quirks.has(Quirk::EventsAreNotRecorded) {
        command::record_synchronous(world, caller, &arguments, behaviour, result.as_ref().ok());
    }
    result.map(|reply| (command, Outcome::Reply(reply))).map_err(|error| failure(world, error))
}

/// What the work refused (API-ERR-030).
fn failure(world: &World, error: ApiError) -> ApiError {
    let is_lumped = world.sins(Quirk::EveryFailureIs530);
    ApiError { fault: if is_lumped { error::Fault::Runtime } else { error.fault }, ..error }
}

/// Parameters that only the signed port takes (API-INT-009).
fn refuse_off_this_port(command: Command, pairs: &[(String, String)]) -> Result<(), ApiError> {
    for (name, _) in pairs {
        let lower = name.to_lowercase();
        if command.param(&lower).is_some_and(|param| !param.admin_port()) {
            return Err(ApiError::api(
                531,
                format!("Parameter {lower} can't be passed through the API integration port"),
            ));
        }
    }
    Ok(())
}

/// Whether texts are percent-encoded (API-RSP-043).
fn encodes(world: &World) -> bool {
    world.settings.flag("encode.api.response") && !world.sins(Quirk::TextsAreNeverEncoded)
}

fn style<'a>(world: &'a World, format: Format, caller: Option<Caller>, port: Port) -> Style<'a> {
    let known = caller.is_some_and(|caller| !caller.is_system()) || world.sins(Quirk::VersionBeforeLogin);
    let shown = known && port == Port::Main || world.tells_strangers_its_version();
    let exposed = world.settings.flag("expose.cloudstack.version.api.xml.response");
    let everywhere = world.sins(Quirk::IntegrationNamesTheVersion);
    Style {
        format,
        version: ((shown && exposed) || everywhere).then_some(&*world.version),
        root_admin: caller.is_some_and(Caller::is_root_admin) || world.sins(Quirk::AdminFieldsLeak),
        encodes: encodes(world),
        quirks: world.quirks,
    }
}

fn succeeded(world: &World, request: &Request, format: Format, body: String) -> Response {
    let json = format == Format::Json;
    let content_type = content_type(json, request.port);
    if request.port == Port::Integration {
        return Response {
            headers: vec![("Content-Type", content_type.into())],
            body: body.into_bytes(),
            ..Response::empty(200)
        };
    }
    let content_type = if world.sins(Quirk::ContentTypeWithoutCharset) {
        content_type.split(';').next().unwrap_or_default()
    } else {
        content_type
    };
    let accepts = request.header("accept-encoding").unwrap_or_default();
    let zip =
        accepts.contains("gzip") && !world.sins(Quirk::NeverCompress) || world.sins(Quirk::CompressUnasked);
    let body = if zip { gzip(body.as_bytes()) } else { body.into_bytes() };
    let mut response = Response::servlet(200, content_type, body);
    if world.sins(Quirk::NoSecurityHeaders) {
        response.headers.truncate(1);
    }
    response.headers.push(("Vary", "Accept-Encoding, User-Agent".into()));
    if zip {
        response.headers.push(("Content-Encoding", "gzip".into()));
    }
    if world.sins(Quirk::CachingHeaders) {
        response.headers.push(("Cache-Control", "public, max-age=60".into()));
    }
    if world.sins(Quirk::CorsIsOpen) {
        response.headers.push(("Access-Control-Allow-Origin", "*".into()));
    }
    if world.sins(Quirk::EveryAnswerSetsACookie) {
        response.headers.push(("Set-Cookie", "JSESSIONID=node01.node0; Path=/client".into()));
    }
    response
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(body).and_then(|()| encoder.finish()).expect("a Vec takes every write")
}

/// Writes a refusal. `caller` is none while nobody is authenticated.
fn refused(
    world: &World,
    request: &Request,
    parameters: &Parameters,
    format: Format,
    caller: Option<Caller>,
    error: &ApiError,
) -> Response {
    let masks_here = request.port == Port::Integration && world.sins(Quirk::IntegrationIsMasked);
    let unmasked =
        caller.is_some_and(Caller::is_root_admin) && !masks_here || world.sins(Quirk::InternalTextsLeak);
    let mut error = if unmasked { error.clone() } else { error.clone().masked(&world.quirks) };
    if error.code() == 401 && world.sins(Quirk::UnknownCallersAre403) {
        error.fault = error::Fault::Api(403);
    }
    let style = style(world, format, caller, request.port);
    let name = error_envelope(world, parameters, &error);
    let mut body = envelope::error(&style, &name, &error);
    if world.sins(Quirk::JsonEscapesAreUndone) && format == Format::Json {
        // A refusal that cannot be changed so stays as it is.
        body = sinful::with_escapes_undone(&body).unwrap_or(body);
    }
    let mut body = body.into_bytes();
    if world.sins(Quirk::RefusalsHaveNoBody) {
        body.clear();
    }
    let json = format == Format::Json && !world.sins(Quirk::ErrorsAlwaysInXml);
    let content_type = content_type(json, request.port);
    let status = if world.sins(Quirk::ErrorsWithStatus200) { 200 } else { error.code() };
    if request.port == Port::Integration && !world.sins(Quirk::IntegrationHasMainHeaders) {
        // The reason phrase is the text itself (API-INT-006).
        let text = error.text.as_deref().filter(|_| !world.sins(Quirk::IntegrationReasonsAreRegistered));
        return Response {
            reason: text.map(|text| latin1_line(text, '?')),
            headers: vec![("Content-Type", content_type.into())],
            body,
            ..Response::empty(status)
        };
    }
    let accepts = request.header("accept-encoding").unwrap_or_default();
    let zip = accepts.contains("gzip") && world.sins(Quirk::ErrorsAreCompressed);
    let body = if zip { gzip(&body) } else { body };
    let mut response = Response::servlet(status, content_type, body);
    if zip {
        response.headers.push(("Content-Encoding", "gzip".into()));
    }
    if world.sins(Quirk::RefusalsLackSecurityHeaders) {
        response.headers.truncate(1);
    }
    if world.sins(Quirk::LimitSaysRetryAfter) && status == 429 {
        response.headers.push(("Retry-After", "1".into()));
    }
    if error.described
        && let Some(text) = &error.text
        && !world.sins(Quirk::NoDescriptionHeader)
    {
        let line =
            if world.sins(Quirk::DescriptionKeepsLineEnds) { text.clone() } else { latin1_line(text, ' ') };
        response.headers.push(("X-Description", line.into()));
    }
    if world.sins(Quirk::AuthenticateHeader) && status == 401 {
        response.headers.push(("WWW-Authenticate", "CloudStack".into()));
    }
    response
}

/// A text fit for a header: no line ends, nothing outside Latin-1 (API-HTTP-023).
fn latin1_line(text: &str, substitute: char) -> String {
    text.chars()
        .map(|character| match character {
            '\r' | '\n' => ' ',
            other if u32::from(other) > 0xff => substitute,
            other => other,
        })
        .collect()
}

/// The envelope of a refusal (API-ERR-012).
fn error_envelope(world: &World, parameters: &Parameters, error: &ApiError) -> Cow<'static, str> {
    let name = parameters.get("command");
    if error.code() == 432
        && world.sins(Quirk::UnknownCommandsHaveEnvelopes)
        && let Some(name) = name
    {
        return format!("{}response", name.to_lowercase()).into();
    }
    if error.code() == 432 || parameters.is_empty() || world.sins(Quirk::OneErrorEnvelope) {
        return "errorresponse".into();
    }
    match name {
        None => "null".into(),
        Some(name) if world.sins(Quirk::EnvelopesAreRegular) => {
            format!("{}response", name.to_lowercase()).into()
        }
        Some(name) => command::known(world, name)
            .filter(|command| command::is_served(*command))
            .map_or("errorresponse", Command::error_name)
            .into(),
    }
}
