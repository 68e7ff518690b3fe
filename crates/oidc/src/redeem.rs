//! A code redeemed for tokens (RFC 6749, section 4.1.3; RFC 7636, section 4.5).

use serde::Deserialize;
use tidegate_http_client::{
    HeaderMap, Method, Proof, Question, Trust, Url, basic,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue},
};
use tidegate_ports::{IdentityError, SignIn};
use url::form_urlencoded::{Serializer, byte_serialize};

use crate::{
    asking::{ask, read},
    discovery::{ClientProof, Discovery},
    settings::{ClientSecret, Settings},
};

const WHAT: &str = "the provider did not redeem the code";

/// What it gives.
#[derive(Deserialize)]
pub(crate) struct Tokens {
    pub(crate) id_token: Option<String>,
    pub(crate) access_token: Option<String>,
}

/// What it says instead.
#[derive(Default, Deserialize)]
struct Failure {
    error: Option<String>,
    error_description: Option<String>,
}

/// Redeems a code, once.
pub(crate) async fn redeem(
    trust: &Trust,
    discovery: &Discovery,
    settings: &Settings,
    sign_in: &SignIn,
    code: &str,
) -> Result<Tokens, IdentityError> {
    let question = question(discovery, settings, sign_in, code)?;
    let reply = ask(trust, &question, WHAT).await?;
    if reply.status.is_client_error() {
        let failure: Failure = serde_json::from_slice(&reply.body).unwrap_or_default();
        let word = failure.error.unwrap_or_else(|| reply.status.to_string());
        let more = failure.error_description.map(|more| format!(": {more}")).unwrap_or_default();
        return Err(IdentityError::Refused(format!("{WHAT}: {word}{more}")));
    }
    read(&reply, WHAT)
}

fn question(
    discovery: &Discovery,
    settings: &Settings,
    sign_in: &SignIn,
    code: &str,
) -> Result<Question, IdentityError> {
    let wrong = |problem: String| IdentityError::Unavailable(format!("{WHAT}: {problem}"));
    let mut headers = HeaderMap::new();
    let form = HeaderValue::from_static("application/x-www-form-urlencoded");
    headers.insert(CONTENT_TYPE, form);
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    let mut body = Serializer::new(String::new());
    body.append_pair("grant_type", "authorization_code")
        .append_pair("code", code)
        .append_pair("redirect_uri", &sign_in.callback)
        .append_pair("code_verifier", &sign_in.verifier);
    match (&settings.client_secret, discovery.client_proof()) {
        (Some(secret), ClientProof::Header) => {
            headers.insert(AUTHORIZATION, proof(&settings.client_id, secret).map_err(wrong)?);
        }
        (secret, _) => {
            body.append_pair("client_id", &settings.client_id);
            if let Some(secret) = secret {
                body.append_pair("client_secret", secret.reveal());
            }
        }
    }
    let url = Url::parse(&discovery.token_endpoint).map_err(wrong)?;
    let body = body.finish().into();
    Ok(Question { method: Method::POST, url, headers, body, proof: Proof::Trusted })
}

/// Both are escaped before they are joined (RFC 6749, section 2.3.1).
fn proof(client: &str, secret: &ClientSecret) -> Result<HeaderValue, String> {
    let escaped = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    basic(&escaped(client), &escaped(secret.reveal()))
}

/// What the provider tells of whoever an access token is of.
pub(crate) async fn user_info(
    trust: &Trust,
    endpoint: &str,
    access_token: &str,
) -> Result<serde_json::Map<String, serde_json::Value>, IdentityError> {
    const WHAT: &str = "the provider does not tell who signed in";
    let wrong = |problem: String| IdentityError::Unavailable(format!("{WHAT}: {problem}"));
    let url = Url::parse(endpoint).map_err(wrong)?;
    let mut question = crate::discovery::question(url);
    let bearer = HeaderValue::from_str(&format!("Bearer {access_token}"));
    let mut bearer = bearer.map_err(|_| wrong("its access token is no word".to_owned()))?;
    bearer.set_sensitive(true);
    question.headers.insert(AUTHORIZATION, bearer);
    question.headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    read(&ask(trust, &question, WHAT).await?, WHAT)
}
