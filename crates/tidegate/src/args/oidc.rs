use std::path::PathBuf;

use clap::Args;

/// Where people sign in.
#[derive(Debug, Args)]
pub(crate) struct OidcArgs {
    /// What the address of this server begins with in browsers, where that is another one than the
    /// one it listens on, as behind a proxy that speaks TLS
    #[arg(long, value_name = "URL", value_parser = public_url)]
    pub(crate) public_url: Option<String>,
    /// Let people sign in at this provider of `OpenID` Connect. It is told that they come back to
    /// the public URL's /v1/session/oidc/callback
    #[arg(long, value_name = "URL", requires = "oidc_client_id")]
    pub(crate) oidc_issuer: Option<String>,
    /// What the provider calls this server
    #[arg(long, value_name = "ID", requires = "oidc_issuer")]
    pub(crate) oidc_client_id: Option<String>,
    /// The file of the secret that this server shows to the provider
    #[arg(long, value_name = "FILE", requires = "oidc_issuer")]
    pub(crate) oidc_client_secret_file: Option<PathBuf>,
    /// What the provider is asked for besides openid; may be given several times [default: profile,
    /// email]
    #[arg(long, value_name = "SCOPE", requires = "oidc_issuer")]
    pub(crate) oidc_scope: Vec<String>,
    /// The claim that is a person's name here [default: email where it is verified, else sub]
    #[arg(long, value_name = "CLAIM", requires = "oidc_issuer")]
    pub(crate) oidc_user_claim: Option<String>,
    /// The claim that lists a person's groups
    #[arg(long, value_name = "CLAIM", default_value = "groups")]
    pub(crate) oidc_groups_claim: String,
}

/// A URL of this server, with no path below it.
fn public_url(text: &str) -> Result<String, String> {
    let wrong = || "it is a URL without a path, such as https://tidegate.example.com".to_owned();
    let url = url::Url::parse(text).map_err(|_| wrong())?;
    let is_plain = matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty();
    if is_plain { Ok(text.trim_end_matches('/').to_owned()) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_url_has_a_host_and_no_path() {
        for (text, expect) in [
            ("https://tidegate.example.com", Some("https://tidegate.example.com")),
            ("http://127.0.0.1:7420/", Some("http://127.0.0.1:7420")),
            ("https://a.example/tidegate", None),
            ("https://a.example?x", None),
            ("https://me@a.example", None),
            ("ftp://a.example", None),
            ("a.example", None),
            ("", None),
        ] {
            assert_eq!(public_url(text).ok().as_deref(), expect, "{text}");
        }
    }
}
