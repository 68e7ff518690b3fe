use std::io::{BufRead, BufReader, Read};

use age::{
    DecryptError, Decryptor, Identity, IdentityFile, armor::ArmoredReader, scrypt,
    secrecy::SecretString,
};
use flate2::bufread::GzDecoder;

use crate::{BackupError, seal::passphrase};

/// A passphrase that was given more work than 2^22 rounds is refused: it would take minutes.
const MOST_WORK: u8 = 22;

const GZIP: &[u8] = &[0x1f, 0x8b];
const AGE: &[u8] = b"age-encryption.org/";
const ARMOR: &[u8] = b"-----BEGIN AGE ENCRYPTED FILE-----";
const SQLITE: &[u8] = b"SQLite format 3";

/// What opens a backup.
#[derive(Default)]
pub struct Keys {
    identities: Vec<Box<dyn Identity>>,
    passphrase: Option<SecretString>,
}

impl Keys {
    /// Adds the secret keys of a file as `age-keygen` writes it; `whence` names it.
    pub fn identities(&mut self, text: &str, whence: &str) -> Result<(), BackupError> {
        let unfit = |why: String| BackupError::Key(format!("{whence}: {why}"));
        if text.as_bytes().starts_with(AGE) || text.as_bytes().starts_with(ARMOR) {
            return Err(unfit(
                "the key is itself encrypted; decrypt it with `age -d` first".into(),
            ));
        }
        if text.starts_with("-----BEGIN") {
            return Err(unfit("it is a key of SSH; backups are opened with those of age".into()));
        }
        let file = IdentityFile::from_buffer(text.as_bytes()).map_err(|e| unfit(e.to_string()))?;
        let found = file.into_identities().map_err(|error| unfit(error.to_string()))?;
        if found.is_empty() {
            return Err(unfit("there is no secret key in it".to_owned()));
        }
        self.identities.extend(found);
        Ok(())
    }

    /// Sets the passphrase. A line end after it is not part of it.
    pub fn passphrase(&mut self, text: &str) -> Result<(), BackupError> {
        self.passphrase = Some(passphrase(text)?);
        Ok(())
    }

    fn decrypt<'a>(&self, file: impl BufRead + 'a) -> Result<Box<dyn BufRead + 'a>, BackupError> {
        let decryptor = Decryptor::new_buffered(ArmoredReader::new(file)).map_err(unreadable)?;
        let opened = if decryptor.is_scrypt() {
            let Some(passphrase) = &self.passphrase else {
                return Err(BackupError::Key(
                    "the backup is encrypted with a passphrase, and none was given".to_owned(),
                ));
            };
            let mut identity = scrypt::Identity::new(passphrase.clone());
            identity.set_max_work_factor(MOST_WORK);
            decryptor.decrypt(std::iter::once(&identity as &dyn Identity))
        } else if self.identities.is_empty() {
            return Err(BackupError::Key(
                "the backup is encrypted for the holders of keys, and none was given".to_owned(),
            ));
        } else {
            decryptor.decrypt(self.identities.iter().map(|key| &**key as &dyn Identity))
        };
        Ok(Box::new(BufReader::with_capacity(1 << 16, opened.map_err(unreadable)?)))
    }
}

fn unreadable(error: DecryptError) -> BackupError {
    match error {
        DecryptError::Io(error) => BackupError::reading(error),
        DecryptError::NoMatchingKeys => {
            BackupError::Key("none of the keys that were given opens the backup".to_owned())
        }
        DecryptError::DecryptionFailed | DecryptError::KeyDecryptionFailed => {
            BackupError::Key("the passphrase does not open the backup".to_owned())
        }
        DecryptError::ExcessiveWork { required, .. } => BackupError::Key(format!(
            "the passphrase costs 2^{required} rounds to try, at most 2^{MOST_WORK} are made"
        )),
        DecryptError::UnknownFormat => {
            BackupError::Foreign("it is of a version of age that is not known".to_owned())
        }
        DecryptError::InvalidHeader | DecryptError::InvalidMac => {
            BackupError::Damaged("its header was altered".to_owned())
        }
    }
}

/// The archive in a backup, decrypted and decompressed.
pub(crate) struct Opened<'a> {
    gzip: GzDecoder<Box<dyn BufRead + 'a>>,
}

impl<'a> Opened<'a> {
    pub(crate) fn new(mut file: impl BufRead + 'a, keys: &Keys) -> Result<Self, BackupError> {
        let begin = file.fill_buf().map_err(BackupError::reading)?;
        let inner: Box<dyn BufRead> = if begin.starts_with(GZIP) {
            Box::new(file)
        } else if begin.starts_with(AGE) || begin.starts_with(ARMOR) {
            keys.decrypt(file)?
        } else {
            return Err(BackupError::Foreign(what_it_is(begin).to_owned()));
        };
        Ok(Self { gzip: GzDecoder::new(inner) })
    }

    /// Reads to the end, where the last checks are: nothing may follow the archive.
    pub(crate) fn finish(mut self) -> Result<(), BackupError> {
        let mut rest = [0; 4096];
        loop {
            match self.gzip.read(&mut rest).map_err(BackupError::reading)? {
                0 => break,
                // What fills a tar archive up is zeros.
                count if rest.iter().take(count).all(|byte| *byte == 0) => {}
                _ => return Err(BackupError::Damaged("something follows its end".to_owned())),
            }
        }
        let mut inner = self.gzip.into_inner();
        if inner.fill_buf().map_err(BackupError::reading)?.is_empty() {
            return Ok(());
        }
        Err(BackupError::Damaged("something follows its end".to_owned()))
    }
}

impl Read for Opened<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> std::io::Result<usize> {
        self.gzip.read(bytes)
    }
}

fn what_it_is(begin: &[u8]) -> &'static str {
    match begin {
        [] => "it is empty",
        _ if begin.starts_with(SQLITE) => {
            "it is an SQLite database; a copy of state.db is put back as DIR/state.db by itself"
        }
        _ => "it begins neither as age does nor as gzip does",
    }
}
