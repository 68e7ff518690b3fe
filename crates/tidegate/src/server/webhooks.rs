//! The secrets of webhooks.

use std::{fs, path::PathBuf};

use tidegate_api::WebhookSecrets;
use tidegate_webhook::{Forge, MOST_SECRETS, WebhookSecret};

use crate::error::{CliError, ErrorKind};

/// Reads them from their files.
pub(crate) fn secrets(given: &[(Forge, PathBuf)]) -> Result<WebhookSecrets, CliError> {
    let usage = |message: String| CliError::new(ErrorKind::Usage, message);
    if given.len() > MOST_SECRETS {
        return Err(usage(format!("--webhook-secret is given more than {MOST_SECRETS} times")));
    }
    given.iter().try_fold(WebhookSecrets::default(), |secrets, (forge, file)| {
        let file_name = file.display();
        let text = fs::read_to_string(file).map_err(|error| {
            usage(format!("the secret of {forge} cannot be read from {file_name}")).because(&error)
        })?;
        let secret = WebhookSecret::new(&text).map_err(|error| {
            usage(format!("{file_name}: {error}"))
                .hint("make one: head -c 32 /dev/urandom | base64; the forge is given the same")
        })?;
        Ok(secrets.with(*forge, secret))
    })
}
