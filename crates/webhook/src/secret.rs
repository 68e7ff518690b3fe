use std::fmt;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// Secrets of one forge at a time: the one in use, and the one before it while it is changed over,
/// for a few repositories or groups with one each.
pub const MOST_SECRETS: usize = 16;

/// Shorter ones can be guessed.
const SHORTEST: usize = 16;

/// What a forge and this server know. Its `Debug` form hides it.
#[derive(Clone)]
pub struct WebhookSecret(String);

/// A text that is too weak to be a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the secret of a webhook has at least {SHORTEST} characters")]
pub struct SecretError;

impl WebhookSecret {
    /// Takes `text` as the secret, without the white space around it.
    pub fn new(text: &str) -> Result<Self, SecretError> {
        let text = text.trim();
        if text.len() < SHORTEST { Err(SecretError) } else { Ok(Self(text.to_owned())) }
    }

    /// Whether it is what `shown` says, for a forge that sends it along. Digests are compared, so
    /// that not even the length is told.
    pub(crate) fn is(&self, shown: &str) -> bool {
        let (own, other) = (Sha256::digest(&self.0), Sha256::digest(shown));
        own.as_slice().ct_eq(other.as_slice()).into()
    }

    /// Whether `tag` is the HMAC-SHA256 of these parts, one after the other.
    pub(crate) fn signs(&self, parts: &[&[u8]], tag: &[u8]) -> bool {
        verify(self.0.as_bytes(), parts, tag)
    }

    /// The same by the rules of Standard Webhooks: of a secret that begins with `whsec_` the key is
    /// what the rest stands for in base64.
    pub(crate) fn signs_by_standard(&self, parts: &[&[u8]], tag: &[u8]) -> bool {
        let coded = self.0.strip_prefix("whsec_").map(|rest| BASE64_STANDARD.decode(rest));
        match coded {
            Some(Ok(key)) => verify(&key, parts, tag),
            _ => self.signs(parts, tag),
        }
    }
}

fn verify(key: &[u8], parts: &[&[u8]], tag: &[u8]) -> bool {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return false;
    };
    for part in parts {
        mac.update(part);
    }
    mac.verify_slice(tag).is_ok()
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret(hidden)")
    }
}
