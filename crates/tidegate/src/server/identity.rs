//! The provider of identities that people sign in at.

use std::{fs, net::SocketAddr, sync::Arc};

use tidegate_oidc::{ClientSecret, Provider, Settings};
use tidegate_ports::IdentityProvider;

use crate::{
    args::OidcArgs,
    error::{CliError, ErrorKind},
};

/// The provider, if one is named.
pub(crate) fn provider(args: &OidcArgs) -> Result<Option<Arc<dyn IdentityProvider>>, CliError> {
    let (Some(issuer), Some(client)) = (&args.oidc_issuer, &args.oidc_client_id) else {
        return Ok(None);
    };
    let usage = |message: String| CliError::new(ErrorKind::Usage, message);
    let mut settings = Settings::new(issuer, client);
    if let Some(file) = &args.oidc_client_secret_file {
        let cannot = format!("the client secret cannot be read from {}", file.display());
        let text = fs::read_to_string(file).map_err(|error| usage(cannot).because(&error))?;
        settings.client_secret = Some(ClientSecret::new(&text));
    }
    if !args.oidc_scope.is_empty() {
        settings.scopes.clone_from(&args.oidc_scope);
    }
    settings.user_claim.clone_from(&args.oidc_user_claim);
    settings.groups_claim.clone_from(&args.oidc_groups_claim);
    let provider = Provider::new(settings).map_err(|error| usage(error.to_string()))?;
    Ok(Some(Arc::new(provider)))
}

/// What the address of this server begins with in browsers: as it was said, else where it listens, for sign-ins
/// that come back.
pub(crate) fn public_url(args: &OidcArgs, scheme: &str, address: SocketAddr) -> Option<String> {
    let here = || args.oidc_issuer.is_some().then(|| format!("{scheme}://{address}"));
    args.public_url.clone().or_else(here)
}
