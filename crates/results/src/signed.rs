//! Addresses that let whoever holds them send or fetch one thing for a while, as Azure's do.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::hmac;
use serde::Deserialize;
use tidegate_units::Timestamp;

use crate::{Error, Store};

/// The name of the key in the store.
const KEY: &str = "addresses";

/// Signs addresses, and knows those that it signed.
#[derive(Clone)]
pub(crate) struct Signer(hmac::Key);

/// What an address leads to, and what may be done there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// What is being sent under this number.
    Upload(i64),
    /// An artifact, to be fetched.
    Artifact(i64),
    /// A cache entry, to be fetched.
    Cache(i64),
}

/// What an address bears. The names are Azure's: the official clients mask what `sig` is.
#[derive(Debug, Deserialize)]
pub(crate) struct Signature {
    #[serde(default)]
    se: i64,
    #[serde(default)]
    sig: String,
}

impl Place {
    /// Azure's clients take the first part for an account and the second for a container.
    pub(crate) fn path(self) -> String {
        match self {
            Self::Upload(id) => format!("/blobs/uploads/{id}"),
            Self::Artifact(id) => format!("/blobs/artifacts/{id}"),
            Self::Cache(id) => format!("/blobs/caches/{id}"),
        }
    }
}

impl Signer {
    pub(crate) fn new(store: &Store) -> Result<Self, Error> {
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &store.secret(KEY)?)))
    }

    /// Path and query of an address that holds until then.
    pub(crate) fn sign(&self, place: Place, until: Timestamp) -> String {
        let (path, se) = (place.path(), until.as_millis());
        let signature = hmac::sign(&self.0, text(&path, se).as_bytes());
        format!("{path}?se={se}&sig={}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// Whether this address was signed here and holds now.
    pub(crate) fn check(
        &self,
        place: Place,
        signature: &Signature,
        now: Timestamp,
    ) -> Result<(), Error> {
        let denied = || Error::Denied("the address was not signed here".to_owned());
        let sig = URL_SAFE_NO_PAD.decode(&signature.sig).map_err(|_| denied())?;
        let text = text(&place.path(), signature.se);
        hmac::verify(&self.0, text.as_bytes(), &sig).map_err(|_| denied())?;
        if now.as_millis() >= signature.se {
            return Err(Error::Denied("the address has expired".to_owned()));
        }
        Ok(())
    }
}

fn text(path: &str, until: i64) -> String {
    format!("{path}\n{until}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_holds_for_its_place_and_time_alone() {
        let signer = Signer(hmac::Key::new(hmac::HMAC_SHA256, &[1; 32]));
        let until = Timestamp::from_millis(1000);
        let address = signer.sign(Place::Upload(7), until);
        let (path, query) = address.split_once("?se=1000&sig=").unwrap();
        assert_eq!(path, "/blobs/uploads/7");
        let check = |place, se, sig: &str, now| {
            let signature = Signature { se, sig: sig.to_owned() };
            signer.check(place, &signature, Timestamp::from_millis(now)).is_ok()
        };
        assert!(check(Place::Upload(7), 1000, query, 999));
        assert!(!check(Place::Upload(7), 1000, query, 1000));
        assert!(!check(Place::Upload(7), 2000, query, 999));
        assert!(!check(Place::Upload(8), 1000, query, 999));
        assert!(!check(Place::Artifact(7), 1000, query, 999));
        assert!(!check(Place::Upload(7), 1000, "", 999));
        assert!(!check(Place::Upload(7), 1000, &query[1..], 999));
    }
}
