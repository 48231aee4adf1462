//! Single sign-on by SAML, as far as the server goes before an identity provider has answered (API-AUTH-080, -081).
//!
//! One identity provider is known, the one that the setting `saml2.default.idpid` names. Nothing signs on here: an
//! identity provider's answer is a signed document, and nobody who could sign one exists.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::entrance::Call;
use super::login::refusal;
use crate::api::envelope;
use crate::api::response::Response;
use crate::catalog;
use crate::quirk::Quirk;
use crate::reply::{Object, Reply};
use crate::world::World;

/// The setting that names the identity provider.
const PROVIDER: &str = "saml2.default.idpid";
/// The envelope of `samlSso`.
const SIGN_ON: &str = "loginresponse";

/// Answers `listIdps`, which asks for no credentials.
pub(super) fn list_providers(world: &mut World, call: &Call<'_>) -> Response {
    let Some(command) = catalog::command("listIdps") else { return Response::nothing() };
    let id = world.settings.text(PROVIDER).to_owned();
    let row = Object::new().with("id", id.as_str()).with("orgName", id.as_str()).with("orgUrl", id.as_str());
    call.answered(envelope::reply(&call.style(world), command, Reply::all(vec![row])))
}

/// Answers `samlSso`: sends the browser to the identity provider with a question.
pub(super) fn sign_on(world: &mut World, call: &Call<'_>) -> Response {
    let provider = world.settings.text(PROVIDER).to_owned();
    if call.parameters.get("SAMLResponse").is_some() {
        return call.refused(world, SIGN_ON, &refusal(531, "Received SAML response could not be verified"));
    }
    let asked = call.parameters.get("idpid").filter(|id| !id.is_empty());
    if asked.is_some_and(|id| id != provider) {
        return call.refused(world, SIGN_ON, &refusal(531, "IdP ID not found in our list of supported IdPs"));
    }
    let location = format!("{provider}?SAMLRequest={}", question(world, &provider));
    if world.sins(Quirk::SignOnIsEnveloped) {
        return call.succeeded(world, SIGN_ON, &Object::new().with("location", location));
    }
    Response { headers: vec![("Location", location.into())], ..Response::empty(302) }
}

/// A request for authentication in the form of the redirect binding: deflated, in base 64, escaped.
fn question(world: &mut World, provider: &str) -> String {
    let document = format!(
        "<samlp:AuthnRequest xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" ID=\"_{}\" Version=\"2.0\" \
         IssueInstant=\"{}\" Destination=\"{}\"/>",
        world.ids.uuid().simple(),
        world.now,
        provider.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;")
    );
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
    let deflated = encoder.write_all(document.as_bytes()).and_then(|()| encoder.finish());
    let text = STANDARD.encode(deflated.expect("a Vec takes every write"));
    text.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D")
}
