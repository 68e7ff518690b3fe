use std::{
    fmt::Write as _,
    fs::{self, DirBuilder, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::Path,
};

use tidegate_api::Token;

use crate::{
    error::CliError,
    place::{Place, ServerNote, read_token},
};

/// Makes the data folder, for its owner only: there are secrets in it.
pub(crate) fn prepare(place: &Place) -> Result<(), CliError> {
    DirBuilder::new().recursive(true).mode(0o700).create(place.folder()).map_err(|error| {
        cannot(place.folder(), &error).hint("choose another folder with --data or TIDEGATE_DATA")
    })
}

/// The token of the data folder; made at the first start.
pub(crate) fn token(place: &Place) -> Result<Token, CliError> {
    let path = place.token_file();
    if !path.exists() {
        let token = random_token()?;
        write_private(&path, token.as_bytes()).map_err(|error| cannot(&path, &error))?;
    }
    read_token(&path)
}

/// Writes down where the server listens, at once and whole.
pub(crate) fn write_note(place: &Place, note: &ServerNote) -> Result<(), CliError> {
    let path = place.note_file();
    let text = serde_json::to_vec_pretty(note).map_err(|error| cannot(&path, &error))?;
    write_private(&path, &text).map_err(|error| cannot(&path, &error))
}

/// Takes the note away. When that fails a client finds nobody at the address, which it tells too.
pub(crate) fn remove_note(place: &Place) {
    if let Err(error) = fs::remove_file(place.note_file()) {
        tracing::warn!(%error, "server.json could not be removed");
    }
}

/// 32 random bytes as hexadecimal digits.
fn random_token() -> Result<String, CliError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)
        .map_err(|error| CliError::failed("the kernel gives no random bytes").because(&error))?;
    let mut text = String::with_capacity(64);
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    Ok(text)
}

/// Writes a file of mode 0600 that is there whole or not at all.
fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = path.with_extension(format!("new-{}", std::process::id()));
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&beside, path)
}

fn cannot(path: &Path, error: &dyn std::error::Error) -> CliError {
    CliError::failed(format!("{} cannot be written", path.display())).because(error)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_token_is_random_and_only_its_owner_can_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let (one, other) = (random_token().unwrap(), random_token().unwrap());
        assert_ne!(one, other);
        assert!(one.len() == 64 && one.bytes().all(|byte| byte.is_ascii_hexdigit()));
        write_private(&path, one.as_bytes()).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        write_private(&path, other.as_bytes()).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), other);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
