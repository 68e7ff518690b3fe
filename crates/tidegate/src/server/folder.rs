use std::{
    fmt::Write as _,
    fs::{self, DirBuilder, OpenOptions, Permissions},
    io::{self, ErrorKind, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::Path,
};

use tidegate_api::Token;

use crate::{
    error::CliError,
    place::{Place, ServerNote, read_token},
    server::store::DatabaseNote,
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
    tighten(&path);
    read_token(&path)
}

/// Lets nobody but the owner read the token: who has it commands the server.
fn tighten(path: &Path) {
    let open = |found: fs::Metadata| found.permissions().mode() & 0o077 != 0;
    if !fs::metadata(path).is_ok_and(open) {
        return;
    }
    let file = path.display();
    match fs::set_permissions(path, Permissions::from_mode(0o600)) {
        Ok(()) => tracing::warn!(
            "others could use {file}; its mode is 0600 now (remove it and start the server again \
             to have a new token)"
        ),
        Err(error) => tracing::warn!(%error, "others can use {file}; chmod 600 it"),
    }
}

/// Writes down where the server listens, at once and whole; over what a killed server left there
/// when the disk has no room for another file.
pub(crate) fn write_note(place: &Place, note: &ServerNote) -> Result<(), CliError> {
    let path = place.note_file();
    let text = serde_json::to_vec_pretty(note).map_err(|error| cannot(&path, &error.into()))?;
    let mut written = write_private(&path, &text);
    if written.as_ref().is_err_and(is_full) && write_over(&path, &text).is_ok() {
        written = Ok(());
    }
    written.map_err(|error| cannot(&path, &error))
}

/// Notes which database has the state of this folder, and where its ledger ends.
pub(super) fn write_database_note(place: &Place, note: &DatabaseNote) -> io::Result<()> {
    let mut text = serde_json::to_vec_pretty(note)?;
    text.push(b'\n');
    write_private(&place.database_file(), &text)
}

/// Takes the note away, unless another server has put its own there. When that fails a client finds
/// nobody at the address, which it tells too.
pub(crate) fn remove_note(place: &Place) {
    if !place.note().is_ok_and(|note| note.is_some_and(|it| it.pid == std::process::id())) {
        return;
    }
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
    let written = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&beside)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written
}

/// Writes into the space that a file has already.
fn write_over(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).open(path)?;
    file.write_all(bytes)?;
    file.set_len(u64::try_from(bytes.len()).unwrap_or(0))
}

fn cannot(path: &Path, error: &io::Error) -> CliError {
    let told = CliError::failed(format!("{} cannot be written", path.display())).because(error);
    if is_full(error) { told.hint("free space on the disk that it is on") } else { told }
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded)
}

#[cfg(test)]
mod tests {
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

    #[test]
    fn what_cannot_be_written_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("server.json");
        fs::create_dir(&path).unwrap();
        write_private(&path, b"{}").unwrap_err();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_is_written_over_leaves_nothing_of_before() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("server.json");
        write_over(&path, b"{}").unwrap_err();
        fs::write(&path, "much longer").unwrap();
        write_over(&path, b"{}").unwrap();
        assert_eq!(fs::read(path).unwrap(), b"{}");
    }
}
