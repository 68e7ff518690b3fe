//! Where the settings of notifications are.

use tidegate_api::NotificationSettings;
use tidegate_manifest::Resource;
use tidegate_notify::{Config, Sources};

use crate::{
    args::ServerArgs,
    error::{CliError, ErrorKind},
    files::{read_all, read_sources},
};

/// What the server was given, or where it is applied.
pub(crate) fn settings(args: &ServerArgs) -> Result<NotificationSettings, CliError> {
    if args.notifications.is_empty() {
        let namespace = args.notifications_namespace.clone();
        return Ok(NotificationSettings::Applied { namespace });
    }
    let usage = |message: String| CliError::new(ErrorKind::Usage, message);
    let read = read_all(&read_sources(&args.notifications)?).map_err(|problems| {
        usage("the settings of notifications cannot be read".to_owned()).problems(problems)
    })?;
    let mut sources = Sources::default();
    for document in read.documents {
        match document.resource {
            Resource::ConfigMap(map) => sources.settings.extend(map.data),
            Resource::Secret(secret) => sources.secrets.extend(secret.data),
            other => {
                let kind = other.kind().as_str();
                return Err(usage(format!("--notifications has a {kind}"))
                    .hint("it takes the ConfigMap and the Secret of notifications alone"));
            }
        }
    }
    let yaml = |text: &str| {
        tidegate_manifest::read_yaml("the setting", text).map_err(|problems| problems.to_string())
    };
    // What is applied may be wrong while the server runs; what it is given is told at once.
    if let Some(problem) = Config::read(&sources, yaml).problems.first() {
        return Err(usage(format!("a setting of notifications cannot be used: {problem}")));
    }
    Ok(NotificationSettings::Given(sources))
}
