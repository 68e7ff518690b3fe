use std::{fmt, net::IpAddr};

use tidegate_http_client::Url;

/// What a sign-in needs to know of a provider.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Its name, exactly as it writes it itself: a URL below which `.well-known` is.
    pub issuer: String,
    /// What it calls us.
    pub client_id: String,
    /// What shows that we are us; a client that is public has none.
    pub client_secret: Option<ClientSecret>,
    /// What is asked for besides `openid`.
    pub scopes: Vec<String>,
    /// The claim that is a person's name here. When absent: `email` where the provider says that it
    /// is verified, else `sub`.
    pub user_claim: Option<String>,
    /// The claim that lists the groups of a person.
    pub groups_claim: String,
}

/// The secret that a client shows to its provider. Its `Debug` form hides it.
#[derive(Clone)]
pub struct ClientSecret(String);

impl ClientSecret {
    /// Takes `text` as the secret, without the white space around it.
    pub fn new(text: &str) -> Self {
        Self(text.trim().to_owned())
    }

    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientSecret(hidden)")
    }
}

/// Settings by which nobody can sign in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// The issuer is no URL.
    #[error("the issuer cannot be used: {0}")]
    Issuer(String),
    /// What is asked of the provider, and who signs in, could be read on the way.
    #[error("{0} is not asked over TLS: an issuer is an https:// URL, or one on this machine")]
    InTheClear(String),
    /// A client has a name.
    #[error("the client id is empty; it is what the provider calls this server")]
    NoClient,
}

impl Settings {
    /// Settings with what most providers need: who it is, their e-mail address and their groups.
    pub fn new(issuer: &str, client_id: &str) -> Self {
        Self {
            issuer: issuer.to_owned(),
            client_id: client_id.to_owned(),
            client_secret: None,
            scopes: ["profile", "email"].map(str::to_owned).to_vec(),
            user_claim: None,
            groups_claim: "groups".to_owned(),
        }
    }

    pub(crate) fn check(&self) -> Result<(), SettingsError> {
        if self.client_id.trim().is_empty() {
            return Err(SettingsError::NoClient);
        }
        let issuer = Url::parse(&self.issuer).map_err(SettingsError::Issuer)?;
        if is_safe(&issuer) { Ok(()) } else { Err(SettingsError::InTheClear(issuer.to_string())) }
    }
}

/// Whether nobody on the way can read what is asked there.
pub(crate) fn is_safe(url: &Url) -> bool {
    let host = url.host();
    let is_here = host.parse::<IpAddr>().map_or(host == "localhost", |it| it.is_loopback());
    url.is_tls() || is_here
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_asked_over_tls_or_is_on_this_machine() {
        let check = |issuer: &str, expect: &str| {
            let found = Settings::new(issuer, "tidegate").check();
            let found = found.map_or_else(|error| error.to_string(), |()| String::new());
            assert!(found.contains(expect) && found.is_empty() == expect.is_empty(), "{found}");
        };
        check("https://login.example.com/realms/a", "");
        check("http://localhost:5556/dex", "");
        check("http://127.0.0.1:1", "");
        check("http://[::1]:1", "");
        check("http://login.example.com", "http://login.example.com/ is not asked over TLS");
        check("http://127.0.0.1.example.com", "is not asked over TLS");
        check("login.example.com", "no URL");
        let nobody = Settings::new("https://login.example.com", " ").check();
        assert_eq!(nobody.unwrap_err(), SettingsError::NoClient);
    }

    #[test]
    fn a_secret_shows_nobody_what_it_is() {
        let mut settings = Settings::new("https://login.example.com", "tidegate");
        settings.client_secret = Some(ClientSecret::new(" hush-hush\n"));
        assert!(!format!("{settings:?}").contains("hush"));
        assert_eq!(settings.client_secret.unwrap().reveal(), "hush-hush");
    }
}
