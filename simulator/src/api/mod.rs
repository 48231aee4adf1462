//! The management server: from a request to an answer, in upstream's order (section 0.3 of the
//! protocol): read, authenticate, find, check parameters, run, write.
//!
//! Synchronous and without sockets: [`answer`] is a function of a world and a request.

pub mod access;
pub mod authenticator;
pub mod caller;
pub mod command;
pub mod discovery;
pub mod envelope;
pub mod error;
pub mod job;
pub mod listing;
pub mod parameter;
pub mod request;
pub mod response;
pub mod session;
pub mod signature;
pub mod verify;
pub mod view;

use std::borrow::Cow;
use std::io::Write as _;

use caller::Caller;
use envelope::{Format, Style};
use error::ApiError;
use request::{Parameters, Port, Request};
use response::{Response, content_type};

use crate::catalog::{self, Command};
use crate::quirk::Quirk;
use crate::reply::{Object, Reply};
use crate::world::World;

/// The version that this server says it has.
pub const VERSION: &str = "4.22.0.0-SNAPSHOT";

/// Request line and headers together (API-HTTP-031).
const HEAD_BYTES: usize = 8192;

/// Answers a request.
pub fn answer(world: &mut World, request: &Request) -> Response {
    job::advance(world);
    world.expunge_overdue();
    let mut response = match request.port {
        Port::Main => main_port(world, request),
        Port::Integration => {
            let mut response = integration_port(world, request);
            // Only this port says what time it is.
            response.headers.insert(0, ("Date", world.now.http_date()));
            response
        }
    };
    if response.reason.is_none() {
        response.reason = response::reason_phrase(response.status);
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
    let Ok(mut parameters) = request.parameters_with(&world.quirks) else { return Response::error_page() };
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
    let authenticator = match name {
        Some(name) if !world.sins(Quirk::LoginByExactName) => Some(name.to_ascii_lowercase()),
        name => name.map(str::to_owned),
    };
    match authenticator.as_deref() {
        Some("login") => return session::login(world, request, &parameters, format),
        Some("logout") => return session::logout(world, request, &parameters, format),
        _ => {}
    }
    if let Some(refusal) = post_gate(world, request, &parameters) {
        return refused(world, request, &parameters, format, None, &refusal);
    }
    let signed = |world: &World| verify::signed(world, request, &parameters);
    let verdict = match session::of_request(world, request) {
        Some(_) if world.sins(Quirk::SessionsNeedASignature) => signed(world),
        None if world.sins(Quirk::UnknownSessionsAreTold) && session::is_claimed(request) => {
            Err(ApiError::unauthorized(error::SESSION))
        }
        Some(id) => session::caller(world, &id, request, &parameters).and_then(|caller| {
            let known = name.is_some_and(|name| {
                catalog::command(name).is_some() || (caller.is_root_admin() && !name.is_empty())
            });
            if let Some(name) = name.filter(|_| known || !caller.is_root_admin()) {
                verify::require_allowed(world, caller, name)?;
            }
            Ok(caller)
        }),
        None => signed(world),
    };
    let verdict = match verdict {
        Err(_) if world.sins(Quirk::SignatureSavesABadSession) => signed(world),
        other => other,
    };
    let caller = match verdict {
        Ok(caller) => caller,
        Err(refusal) => return refused(world, request, &parameters, format, None, &refusal),
    };
    serve(world, request, &parameters, format, caller)
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
    let is_api = path == "/client/api" || is_below;
    if !is_api {
        let host = request.header("host").unwrap_or("localhost");
        if path != "/client" && !path.starts_with("/client/") {
            let location = format!("http://{host}/client{}", request.target);
            return Some(Response { headers: vec![("Location", location)], ..Response::empty(301) });
        }
        if path == "/client" {
            let location = format!("http://{host}/client/");
            return Some(Response { headers: vec![("Location", location)], ..Response::empty(302) });
        }
        return Some(Response {
            headers: vec![
                ("Cache-Control", "must-revalidate,no-cache,no-store".to_owned()),
                ("Content-Type", "text/html;charset=iso-8859-1".to_owned()),
            ],
            body: b"<html><head><title>Error 404 Not Found</title></head><body><h2>HTTP ERROR 404 Not Found</h2>\
                    </body></html>"
                .to_vec(),
            ..Response::empty(404)
        });
    }
    match request.method.as_str() {
        "HEAD" if world.sins(Quirk::HeadIsRefused) => Some(Response::empty(405)),
        "PUT" | "DELETE" if world.sins(Quirk::PutIsTaken) => None,
        "GET" | "POST" | "HEAD" => None,
        "OPTIONS" => Some(Response {
            headers: vec![("Allow", "GET, HEAD, POST, TRACE, OPTIONS".to_owned())],
            ..Response::empty(200)
        }),
        "PUT" | "DELETE" => Some(Response::empty(405)),
        "TRACE" => Some(Response::empty(403)),
        _ => Some(Response::empty(501)),
    }
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
    let setting = "enforce.post.requests.and.timestamps";
    if !world.settings.flag(setting) || request.method == "POST" {
        return None;
    }
    let name = parameters.get("command")?;
    let lower = name.to_ascii_lowercase();
    let reads = ["get", "list", "query", "find"].iter().any(|verb| {
        lower.strip_prefix(verb).is_some_and(|rest| {
            !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        })
    });
    if reads || READ_ONLY.contains(&lower.as_str()) {
        return None;
    }
    if lower == "updateconfiguration" {
        let changed = parameters.get("name").unwrap_or_default();
        if changed.eq_ignore_ascii_case(setting) {
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
    let runs = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD"].contains(&request.method.as_str());
    if !runs {
        return Response {
            headers: vec![("Content-Type", "text/plain; charset=US-ASCII".to_owned())],
            body: format!("{} method not supported", request.method).into_bytes(),
            closes: true,
            ..Response::empty(501)
        };
    }
    let parameters = request.integration_parameters();
    let word = parameters.get_ignoring_case("response").unwrap_or_default();
    let format = if word == "json" { Format::Json } else { Format::Xml };
    let mut response = match parameters.get("command") {
        None => {
            let error = ApiError::api(432, "Invalid request, no command sent");
            refused(world, request, &parameters, format, Some(Caller::SYSTEM), &error)
        }
        Some(name) if catalog::command_ignoring_case(name).is_some_and(Command::is_authenticator) => {
            let text = match format {
                Format::Json => "{ \"error\" : { \"description\" : \"Internal Server Error\" } }",
                Format::Xml => "<error>Internal Server Error</error>",
            };
            let content_type = content_type(format == Format::Json, Port::Integration).to_owned();
            Response {
                headers: vec![("Content-Type", content_type)],
                body: text.as_bytes().to_vec(),
                ..Response::empty(200)
            }
        }
        Some(_) => serve(world, request, &parameters, format, Caller::SYSTEM),
    };
    response.closes = true;
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
            let style = style(world, format, Some(caller), request.port);
            let body = match outcome {
                Outcome::Reply(reply) => envelope::reply(&style, command, &reply),
                Outcome::Job { job, entity } => {
                    let status = world.sins(Quirk::AcceptedJobsHaveAStatus).then_some(0);
                    let fields =
                        Object::new().with("id", entity).with("jobid", job).with("jobstatus", status);
                    envelope::inline(&style, command.response_name(), &fields)
                }
            };
            succeeded(world, request, format, body)
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

fn run(
    world: &mut World,
    request: &Request,
    parameters: &Parameters,
    caller: Caller,
) -> Result<(Command, Outcome), ApiError> {
    let pairs = parameters.pairs();
    parameter::refuse_control_characters(&world.quirks, pairs)?;
    let name = parameters.get("command").unwrap_or_default();
    let known = catalog::command(name).filter(|command| command::is_served(*command));
    let Some(command) = known else {
        if world.sins(Quirk::UnknownCommandsAreUnverified) {
            return Err(ApiError::unauthorized(error::GENERIC));
        }
        return Err(ApiError::api(432, format!("Unknown API command: {name}")));
    };
    if request.port == Port::Integration {
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
        return job::submit(world, caller, &arguments, pairs).map(|outcome| (command, outcome));
    }
    let behaviour = command::find(command)?;
    let result = (behaviour.run)(world, &caller, &arguments);
    if !world.quirks.has(Quirk::EventsAreNotRecorded) {
        command::record_synchronous(world, caller, &arguments, behaviour, result.is_err());
    }
    result.map(|reply| (command, Outcome::Reply(reply)))
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

fn style<'a>(world: &World, format: Format, caller: Option<Caller>, port: Port) -> Style<'a> {
    let known = caller.is_some_and(|caller| !caller.is_system()) || world.sins(Quirk::VersionBeforeLogin);
    let exposed = world.settings.flag("expose.cloudstack.version.api.xml.response");
    Style {
        format,
        version: (known && exposed && port == Port::Main).then_some(VERSION),
        root_admin: caller.is_some_and(Caller::is_root_admin) || world.sins(Quirk::AdminFieldsLeak),
        quirks: world.quirks,
    }
}

fn succeeded(world: &World, request: &Request, format: Format, body: String) -> Response {
    let json = format == Format::Json;
    let content_type = content_type(json, request.port);
    if request.port == Port::Integration {
        return Response {
            headers: vec![("Content-Type", content_type.to_owned())],
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
    let mut response = Response::servlet(200, Vec::new(), content_type, body);
    if world.sins(Quirk::NoSecurityHeaders) {
        response.headers.truncate(1);
    }
    response.headers.push(("Vary", "Accept-Encoding, User-Agent".to_owned()));
    if zip {
        response.headers.push(("Content-Encoding", "gzip".to_owned()));
    }
    if world.sins(Quirk::CachingHeaders) {
        response.headers.push(("Cache-Control", "public, max-age=60".to_owned()));
    }
    if world.sins(Quirk::CorsIsOpen) {
        response.headers.push(("Access-Control-Allow-Origin", "*".to_owned()));
    }
    if world.sins(Quirk::EveryAnswerSetsACookie) {
        response.headers.push(("Set-Cookie", "JSESSIONID=node01.node0; Path=/client".to_owned()));
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
    let unmasked = caller.is_some_and(Caller::is_root_admin) || world.sins(Quirk::InternalTextsLeak);
    let mut error = if unmasked { error.clone() } else { error.clone().masked() };
    if error.code() == 401 && world.sins(Quirk::UnknownCallersAre403) {
        error.fault = error::Fault::Api(403);
    }
    let style = style(world, format, caller, request.port);
    let name = error_envelope(world, parameters, &error);
    let mut body = envelope::error(&style, &name, &error).into_bytes();
    if world.sins(Quirk::RefusalsHaveNoBody) {
        body.clear();
    }
    let json = format == Format::Json && !world.sins(Quirk::ErrorsAlwaysInXml);
    let content_type = content_type(json, request.port);
    let status = if world.sins(Quirk::ErrorsWithStatus200) { 200 } else { error.code() };
    if request.port == Port::Integration {
        // The reason phrase is the text itself (API-INT-006).
        return Response {
            reason: error.text.as_deref().map(|text| latin1_line(text, '?')),
            headers: vec![("Content-Type", content_type.to_owned())],
            body,
            ..Response::empty(status)
        };
    }
    let accepts = request.header("accept-encoding").unwrap_or_default();
    let zip = accepts.contains("gzip") && world.sins(Quirk::ErrorsAreCompressed);
    let body = if zip { gzip(&body) } else { body };
    let mut response = Response::servlet(status, Vec::new(), content_type, body);
    if zip {
        response.headers.push(("Content-Encoding", "gzip".to_owned()));
    }
    if error.described
        && let Some(text) = &error.text
        && !world.sins(Quirk::NoDescriptionHeader)
    {
        response.headers.push(("X-Description", latin1_line(text, ' ')));
    }
    if world.sins(Quirk::AuthenticateHeader) && status == 401 {
        response.headers.push(("WWW-Authenticate", "CloudStack".to_owned()));
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
        Some(name) => catalog::command(name)
            .filter(|command| command::is_served(*command))
            .map_or("errorresponse", Command::error_name)
            .into(),
    }
}
