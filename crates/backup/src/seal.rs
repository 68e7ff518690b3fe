use std::io::{self, Write};

use age::{
    Encryptor, Recipient, scrypt,
    secrecy::{ExposeSecret as _, SecretString},
    stream::StreamWriter,
    x25519,
};

use crate::BackupError;

/// How much work a passphrase costs whoever guesses it: 2^18 rounds of scrypt, as the program `age`
/// has it. Each guess takes 256 MiB and about a second.
const WORK_FACTOR: u8 = 18;

/// How a backup is encrypted.
pub enum Seal {
    /// For the holders of keys: each of them can open it alone.
    Recipients(Vec<x25519::Recipient>),
    /// For whoever knows a passphrase.
    Passphrase(SecretString),
    /// Not at all: everybody who has the file has the secrets in it.
    Open,
}

/// A key that was made: its secret half opens what is encrypted for its public half.
pub struct NewKey {
    /// The text of a file that is to be kept secret, as `age-keygen` writes it.
    pub secret: String,
    /// The public half.
    pub public: String,
}

impl Seal {
    /// For these public keys: one a line, `age1…`; empty lines and those that begin with `#` mean
    /// nothing. `whence` names where they were found.
    ///
    /// Errors: [`BackupError::Key`] for a line that is no such key, and when there is none at all.
    pub fn recipients(text: &str, whence: &str) -> Result<Vec<x25519::Recipient>, BackupError> {
        let lines = text.lines().map(str::trim).enumerate();
        let keys = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
        let recipients = keys.map(|(number, line)| recipient(line, whence, number + 1));
        let recipients: Vec<_> = recipients.collect::<Result<_, _>>()?;
        if recipients.is_empty() {
            return Err(BackupError::Key(format!("{whence} has no public key in it")));
        }
        Ok(recipients)
    }

    /// For whoever knows this passphrase. A line end after it is not part of it.
    pub fn passphrase(text: &str) -> Result<Self, BackupError> {
        passphrase(text).map(Self::Passphrase)
    }

    /// Begins to encrypt.
    pub(crate) fn begin<W: Write>(&self, out: W) -> Result<Sealed<W>, BackupError> {
        let begun = match self {
            Self::Open => return Ok(Sealed::Open(out)),
            Self::Recipients(keys) => {
                Encryptor::with_recipients(keys.iter().map(|key| key as &dyn Recipient))
            }
            Self::Passphrase(passphrase) => {
                let mut recipient = scrypt::Recipient::new(passphrase.clone());
                recipient.set_work_factor(WORK_FACTOR);
                Encryptor::with_recipients(std::iter::once(&recipient as &dyn Recipient))
            }
        };
        let encryptor = begun.map_err(|error| BackupError::Key(error.to_string()))?;
        let writer = encryptor.wrap_output(out).map_err(BackupError::io(WRITING))?;
        Ok(Sealed::Age(Box::new(writer)))
    }
}

/// What is said of a write that fails.
pub(crate) const WRITING: &str = "the backup cannot be written";

pub(crate) fn passphrase(text: &str) -> Result<SecretString, BackupError> {
    let text = text.strip_suffix('\n').unwrap_or(text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.is_empty() {
        return Err(BackupError::Key("the passphrase is empty".to_owned()));
    }
    Ok(SecretString::from(text.to_owned()))
}

fn recipient(line: &str, whence: &str, number: usize) -> Result<x25519::Recipient, BackupError> {
    line.parse().map_err(|_| {
        let why = if line.starts_with("AGE-SECRET-KEY-") {
            "is a secret key; its public half, age1…, is wanted".to_owned()
        } else if line.starts_with("ssh-") {
            "is a key of SSH, for which backups are not encrypted; make one of age's".to_owned()
        } else {
            "is no public key of age: one is written age1… and has 62 letters".to_owned()
        };
        BackupError::Key(format!("{whence}: line {number} {why}"))
    })
}

impl NewKey {
    /// Makes a key by chance.
    pub fn make() -> Self {
        let identity = x25519::Identity::generate();
        let public = identity.to_public().to_string();
        let secret = identity.to_string();
        Self { secret: format!("# public key: {public}\n{}\n", secret.expose_secret()), public }
    }
}

/// What encrypts, or passes on as it is.
pub(crate) enum Sealed<W: Write> {
    Age(Box<StreamWriter<W>>),
    Open(W),
}

impl<W: Write> Sealed<W> {
    /// Writes the end; without it the backup counts as cut off.
    pub(crate) fn finish(self) -> io::Result<W> {
        match self {
            Self::Age(writer) => writer.finish(),
            Self::Open(out) => Ok(out),
        }
    }
}

impl<W: Write> Write for Sealed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Age(writer) => writer.write(bytes),
            Self::Open(out) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Age(writer) => writer.flush(),
            Self::Open(out) => out.flush(),
        }
    }
}
