//! Who asks.

use serde::{Deserialize, Serialize};

/// A user's name and password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BasicAuth {
    /// The name.
    pub username: String,
    /// The password.
    pub password: String,
}

/// The client credentials of OAuth 2.0 (RFC 6749, section 4.4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OAuth2 {
    /// Where a token is had.
    pub token_url: String,
    /// The client's name.
    pub client_id: String,
    /// The client's password.
    pub client_secret: String,
    /// What the token is for.
    pub scopes: Vec<String>,
}

/// AWS' signatures, version 4, by the credentials in the server's environment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SigV4 {
    /// The region; default: that of the environment.
    pub region: String,
}

impl BasicAuth {
    /// What is wrong with it, in one sentence.
    pub fn problem(&self) -> Option<String> {
        let missing = match (self.username.is_empty(), self.password.is_empty()) {
            (true, false) => "username",
            (false, true) => "password",
            _ => return None,
        };
        Some(format!("authentication.basicAuth.{missing} is empty: write both or neither"))
    }
}

impl OAuth2 {
    /// What is wrong with it, in one sentence.
    pub fn problem(&self) -> Option<String> {
        let missing = match (self.client_id.is_empty(), self.client_secret.is_empty()) {
            (true, _) => "clientId",
            (_, true) => "clientSecret",
            _ => return None,
        };
        Some(format!("authentication.oauth2.{missing} is empty: write both or no tokenUrl"))
    }
}
