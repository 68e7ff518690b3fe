//! The keys that a provider signs with, read anew when it changes them.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use jsonwebtoken::{
    DecodingKey, Header, Validation, decode, decode_header,
    jwk::{Jwk, PublicKeyUse},
};
use serde::Deserialize;
use serde_json::{Map, Value};
use tidegate_http_client::{Trust, Url};
use tidegate_ports::IdentityError;
use tokio::sync::Mutex;

use crate::{
    algorithms::ACCEPTED,
    asking::{ask, read},
    discovery::question,
};

const WHAT: &str = "the provider's keys cannot be had";

/// A key that was taken back counts no longer than this.
const OLDEST: Duration = Duration::from_hours(1);

/// Whoever sends us tokens with keys that do not exist makes us ask no more often than this.
const SOONEST: Duration = Duration::from_secs(5);

/// The most keys of one provider that are looked at; large ones have about ten.
const MOST_KEYS: usize = 64;

/// The keys, as they were last read.
#[derive(Default)]
pub(crate) struct Keys {
    read: Mutex<Option<(Instant, Arc<Vec<Jwk>>)>>,
}

/// A set of keys. Each is read by itself: one of a kind that nobody knows yet spoils no other.
#[derive(Deserialize)]
struct KeySet {
    keys: Vec<Value>,
}

impl Keys {
    /// The claims of a token whose signature holds. A key that is not known is looked for once more
    /// at the provider, which may have begun to sign with it since.
    pub(crate) async fn claims(
        &self,
        trust: &Trust,
        at: &str,
        token: &str,
    ) -> Result<Map<String, Value>, IdentityError> {
        let refused =
            |why: &str| IdentityError::Refused(format!("the ID token is not taken: {why}"));
        let header = decode_header(token).map_err(|_| refused("it cannot be read"))?;
        if !ACCEPTED.contains(&header.alg) {
            return Err(refused("it is signed in a way by which anybody could make one"));
        }
        let known = self.get(trust, at, OLDEST).await?;
        if let Some(claims) = verified(&known, &header, token) {
            return Ok(claims);
        }
        let newer = self.get(trust, at, SOONEST).await?;
        let found = (!Arc::ptr_eq(&known, &newer)).then(|| verified(&newer, &header, token));
        found.flatten().ok_or_else(|| refused("no key of the provider has signed it"))
    }

    /// The keys, no older than that.
    async fn get(
        &self,
        trust: &Trust,
        at: &str,
        oldest: Duration,
    ) -> Result<Arc<Vec<Jwk>>, IdentityError> {
        let mut kept = self.read.lock().await;
        if let Some((when, keys)) = kept.as_ref()
            && when.elapsed() < oldest
        {
            return Ok(Arc::clone(keys));
        }
        let url = Url::parse(at)
            .map_err(|problem| IdentityError::Unavailable(format!("{WHAT}: {problem}")))?;
        let found: KeySet = read(&ask(trust, &question(url), WHAT).await?, WHAT)?;
        let keys = found.keys.into_iter().take(MOST_KEYS);
        let keys = keys.filter_map(|key| serde_json::from_value(key).ok()).filter(signs).collect();
        let keys = Arc::new(keys);
        *kept = Some((Instant::now(), Arc::clone(&keys)));
        Ok(keys)
    }
}

/// Whether it is a key for signatures, as far as it says.
fn signs(key: &Jwk) -> bool {
    !matches!(key.common.public_key_use, Some(PublicKeyUse::Encryption))
}

/// The claims, if one of the keys has signed them: the one that the token names, where it names one.
fn verified(keys: &[Jwk], header: &Header, token: &str) -> Option<Map<String, Value>> {
    let named = |key: &&Jwk| header.kid.is_none() || key.common.key_id == header.kid;
    keys.iter().filter(named).find_map(|key| {
        let meant = key.common.key_algorithm.is_none_or(|it| it.to_string() == name(header));
        let mut validation = Validation::new(header.alg);
        // What the claims say is looked at by `claims`, with a time that is given.
        validation.required_spec_claims.clear();
        (validation.validate_exp, validation.validate_aud) = (false, false);
        let key = DecodingKey::from_jwk(key).ok().filter(|_| meant)?;
        decode(token, &key, &validation).ok().map(|found| found.claims)
    })
}

fn name(header: &Header) -> String {
    format!("{:?}", header.alg)
}
