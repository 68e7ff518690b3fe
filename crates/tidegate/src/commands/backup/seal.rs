//! What a backup is encrypted with, and what opens it.

use std::{fmt, path::Path};

use serde::Serialize;
use tidegate_backup::{BackupError, Keys, Seal};

use crate::{
    args::{BackupArgs, KeyArgs},
    error::{CliError, ErrorKind},
};

/// Where a passphrase is found that no file is named for.
const PASSPHRASE: &str = "TIDEGATE_BACKUP_PASSPHRASE";

/// How a backup is encrypted, for people and programs.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Encryption {
    Recipients(usize),
    Passphrase,
    None,
}

impl Encryption {
    pub(super) const fn of(seal: &Seal) -> Self {
        match seal {
            Seal::Recipients(keys) => Self::Recipients(keys.len()),
            Seal::Passphrase(_) => Self::Passphrase,
            Seal::Open => Self::None,
        }
    }
}

impl fmt::Display for Encryption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Recipients(1) => f.write_str("encrypted for 1 key"),
            Self::Recipients(count) => write!(f, "encrypted for {count} keys"),
            Self::Passphrase => f.write_str("encrypted with a passphrase"),
            Self::None => f.write_str("not encrypted"),
        }
    }
}

/// How to encrypt. Nothing said is refused: a backup holds every secret.
pub(super) fn of(args: &BackupArgs) -> Result<Seal, CliError> {
    if args.unencrypted {
        return Ok(Seal::Open);
    }
    let mut keys = Vec::new();
    for key in &args.recipient {
        keys.extend(Seal::recipients(key, "--recipient").map_err(|error| unfit(&error))?);
    }
    for path in &args.recipients_file {
        let whence = path.display().to_string();
        keys.extend(Seal::recipients(&read(path)?, &whence).map_err(|error| unfit(&error))?);
    }
    if !keys.is_empty() {
        return Ok(Seal::Recipients(keys));
    }
    match passphrase(args.passphrase_file.as_deref())? {
        Some(text) => Seal::passphrase(&text).map_err(|error| unfit(&error)),
        None => Err(CliError::new(ErrorKind::Usage, "it is not said how to encrypt the backup")
            .hint(
                "name a public key with --recipient (`tidegate backup keygen FILE` makes one), a \
             passphrase with --passphrase-file, or say --unencrypted",
            )),
    }
}

/// What was given to open a backup.
pub(super) fn keys(args: &KeyArgs) -> Result<Keys, CliError> {
    let mut keys = Keys::default();
    for path in &args.identity {
        let added = keys.identities(&read(path)?, &path.display().to_string());
        added.map_err(|error| unfit(&error))?;
    }
    if let Some(text) = passphrase(args.passphrase_file.as_deref())? {
        keys.passphrase(&text).map_err(|error| unfit(&error))?;
    }
    Ok(keys)
}

fn passphrase(file: Option<&Path>) -> Result<Option<String>, CliError> {
    match file {
        Some(path) => read(path).map(Some),
        None => Ok(std::env::var(PASSPHRASE).ok().filter(|text| !text.is_empty())),
    }
}

fn unfit(error: &BackupError) -> CliError {
    CliError::new(ErrorKind::Usage, error.to_string())
}

fn read(path: &Path) -> Result<String, CliError> {
    std::fs::read_to_string(path).map_err(|error| {
        CliError::new(ErrorKind::Usage, format!("{} cannot be read", path.display()))
            .because(&error)
    })
}
