//! What a provider says of itself (OpenID Connect Discovery 1.0).

use bytes::Bytes;
use serde::Deserialize;
use tidegate_http_client::{HeaderMap, Method, Proof, Question, Trust, Url};
use tidegate_ports::IdentityError;

use crate::{
    asking::{ask, read},
    settings::is_safe,
};

const WHAT: &str = "the provider's configuration cannot be had";

/// The parts of it that a sign-in needs.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Discovery {
    pub(crate) issuer: String,
    pub(crate) authorization_endpoint: String,
    pub(crate) token_endpoint: String,
    pub(crate) jwks_uri: String,
    pub(crate) userinfo_endpoint: Option<String>,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    /// Whether it says with each answer who it is (RFC 9207).
    #[serde(default)]
    pub(crate) authorization_response_iss_parameter_supported: bool,
}

/// How a client shows its secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClientProof {
    /// In the header field `Authorization`.
    Header,
    /// In the body.
    Body,
}

impl Discovery {
    /// Reads it of the provider, which has to call itself `issuer` exactly.
    pub(crate) async fn read(trust: &Trust, issuer: &str) -> Result<Self, IdentityError> {
        let wrong = |problem: String| IdentityError::Unavailable(format!("{WHAT}: {problem}"));
        let base = Url::parse(issuer).map_err(wrong)?;
        let url = base.below("/.well-known/openid-configuration");
        let found: Self = read(&ask(trust, &question(url), WHAT).await?, WHAT)?;
        if found.issuer != issuer {
            let detail = format!("it calls itself {:?}, not {issuer:?}", found.issuer);
            return Err(wrong(detail));
        }
        let endpoints = [&found.authorization_endpoint, &found.token_endpoint, &found.jwks_uri];
        for endpoint in endpoints.into_iter().chain(&found.userinfo_endpoint) {
            if !is_safe(&Url::parse(endpoint).map_err(wrong)?) {
                return Err(wrong(format!("{endpoint:?} is not asked over TLS")));
            }
        }
        Ok(found)
    }

    /// In the header unless it takes that in the body only, as the specification has it.
    pub(crate) fn client_proof(&self) -> ClientProof {
        let takes = |method: &str| {
            let methods = self.token_endpoint_auth_methods_supported.as_ref();
            methods.map(|methods| methods.iter().any(|one| one == method))
        };
        match (takes("client_secret_basic"), takes("client_secret_post")) {
            (Some(false), Some(true)) => ClientProof::Body,
            _ => ClientProof::Header,
        }
    }
}

/// A question for a document.
pub(crate) fn question(url: Url) -> Question {
    Question {
        method: Method::GET,
        url,
        headers: HeaderMap::new(),
        body: Bytes::new(),
        proof: Proof::Trusted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_shown_where_the_provider_takes_it() {
        let check = |methods: &str, expect: ClientProof| {
            let text = format!(
                r#"{{"issuer":"a","authorization_endpoint":"b","token_endpoint":"c","jwks_uri":"d"{methods}}}"#
            );
            let found: Discovery = serde_json::from_str(&text).unwrap();
            assert_eq!(found.client_proof(), expect, "{methods}");
        };
        let only =
            |methods: &str| format!(r#","token_endpoint_auth_methods_supported":[{methods}]"#);
        check("", ClientProof::Header);
        check(&only(r#""client_secret_post""#), ClientProof::Body);
        check(&only(r#""client_secret_post","client_secret_basic""#), ClientProof::Header);
        check(&only(r#""private_key_jwt""#), ClientProof::Header);
    }
}
