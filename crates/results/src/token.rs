//! What a job shows to be let in: a JSON Web Token, signed by HMAC with SHA-256, which the official
//! clients take apart to learn which run and job they are of.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::hmac;
use serde::{Deserialize, Serialize};
use tidegate_units::Timestamp;

use crate::{CacheScope, Error, Grant, Permission, Store};

/// The name of the key in the store.
const KEY: &str = "tokens";

/// The scope by which the official clients find run and job.
const RESULTS: &str = "Actions.Results";

/// Signs and reads tokens.
#[derive(Clone)]
pub struct Tokens(hmac::Key);

#[derive(Serialize, Deserialize)]
struct Claims {
    scp: String,
    /// JSON within JSON: the clients of other languages read from it whose caches they see.
    ac: String,
    iss: String,
    nbf: i64,
    exp: i64,
    /// Ours: the attempt and the ref, which no client reads.
    attempt: u32,
    reference: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Access {
    scope: String,
    permission: u8,
}

impl Tokens {
    /// With the key of this store, so that a token holds over a restart.
    pub(crate) fn new(store: &Store) -> Result<Self, Error> {
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &store.secret(KEY)?)))
    }

    /// A token for this, for so long.
    ///
    /// Errors where run or job cannot be told apart in it: they are letters, digits, `-`, `_` and `.`.
    pub fn sign(&self, grant: &Grant, now: Timestamp, lasts: Duration) -> Result<String, Error> {
        check_id("run", &grant.run)?;
        check_id("job", &grant.job)?;
        let access: Vec<_> = grant.caches.iter().map(Access::of).collect();
        let claims = Claims {
            scp: format!("{RESULTS}:{}:{}", grant.run, grant.job),
            ac: encode(&access)?,
            iss: "tidegate".to_owned(),
            nbf: seconds(now),
            exp: seconds(now.after(lasts)),
            attempt: grant.attempt,
            reference: grant.reference.clone(),
        };
        let header = URL_SAFE_NO_PAD.encode(br#"{"alg":"HS256","typ":"JWT"}"#);
        let signed = format!("{header}.{}", URL_SAFE_NO_PAD.encode(encode(&claims)?));
        let signature = hmac::sign(&self.0, signed.as_bytes());
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// What the token lets one do, if it was signed here and holds now.
    pub(crate) fn read(&self, token: &str, now: Timestamp) -> Result<Grant, Error> {
        let denied = |why: &str| Error::Denied(format!("the token {why}"));
        let parts = token.rsplit_once('.').and_then(|(signed, signature)| {
            Some((signed, URL_SAFE_NO_PAD.decode(signature).ok()?))
        });
        let (signed, signature) = parts.ok_or_else(|| denied("is none"))?;
        // Compares in constant time. The header is signed too, so the algorithm is ours.
        hmac::verify(&self.0, signed.as_bytes(), &signature)
            .map_err(|_| denied("was not signed here"))?;
        let claims: Claims = signed
            .split_once('.')
            .and_then(|(_, claims)| URL_SAFE_NO_PAD.decode(claims).ok())
            .and_then(|claims| serde_json::from_slice(&claims).ok())
            .ok_or_else(|| denied("says nothing"))?;
        if seconds(now) >= claims.exp {
            return Err(denied("has expired"));
        }
        claims.grant().ok_or_else(|| denied("says nothing of run and job"))
    }
}

impl Claims {
    fn grant(self) -> Option<Grant> {
        let mut ids = self.scp.strip_prefix(RESULTS)?.strip_prefix(':')?.split(':');
        let (run, job) = (ids.next()?.to_owned(), ids.next()?.to_owned());
        let access: Vec<Access> = serde_json::from_str(&self.ac).ok()?;
        let caches = access.into_iter().map(Access::scope).collect::<Option<_>>()?;
        Some(Grant { run, attempt: self.attempt, job, reference: self.reference, caches })
    }
}

impl Access {
    fn of(scope: &CacheScope) -> Self {
        let permission = match scope.permission {
            Permission::Read => 1,
            Permission::Write => 2,
            Permission::ReadWrite => 3,
        };
        Self { scope: scope.reference.clone(), permission }
    }

    fn scope(self) -> Option<CacheScope> {
        let permission = match self.permission {
            1 => Permission::Read,
            2 => Permission::Write,
            3 => Permission::ReadWrite,
            _ => return None,
        };
        Some(CacheScope { reference: self.scope, permission })
    }
}

fn check_id(what: &str, id: &str) -> Result<(), Error> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if id.is_empty() || !id.bytes().all(fits) {
        return Err(Error::Invalid(format!(
            "the id of a {what} is letters, digits, '-', '_' and '.': {id:?}"
        )));
    }
    Ok(())
}

fn encode(value: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string(value).map_err(Error::failed("cannot write a token"))
}

fn seconds(moment: Timestamp) -> i64 {
    moment.as_millis().div_euclid(1000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Trust;

    fn tokens(key: u8) -> Tokens {
        Tokens(hmac::Key::new(hmac::HMAC_SHA256, &[key; 32]))
    }

    fn grant() -> Grant {
        Grant {
            run: "7d6a-1".to_owned(),
            attempt: 2,
            job: "b.2".to_owned(),
            reference: "refs/heads/ä".to_owned(),
            caches: CacheScope::of_run("refs/heads/ä", None, Some("main"), Trust::Full),
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_millis(second * 1000)
    }

    #[test]
    fn a_token_is_read_as_it_was_signed_until_it_expires() {
        let token = tokens(1).sign(&grant(), at(100), Duration::from_secs(50)).unwrap();
        assert_eq!(tokens(1).read(&token, at(149)).unwrap(), grant());
        let expired = tokens(1).read(&token, at(150)).unwrap_err();
        assert_eq!(expired.to_string(), "the token has expired");
        tokens(2).read(&token, at(100)).unwrap_err();
    }

    #[test]
    fn a_token_that_was_changed_lets_nobody_in() {
        let token = tokens(1).sign(&grant(), at(100), Duration::from_secs(50)).unwrap();
        let parts: Vec<_> = token.split('.').collect();
        let other = URL_SAFE_NO_PAD.encode(
            String::from_utf8(URL_SAFE_NO_PAD.decode(parts[1]).unwrap())
                .unwrap()
                .replace("7d6a-1", "7d6a-2"),
        );
        let none = URL_SAFE_NO_PAD.encode(br#"{"alg":"none","typ":"JWT"}"#);
        for forged in [
            String::new(),
            ".".to_owned(),
            format!("{}.{other}.{}", parts[0], parts[2]),
            format!("{none}.{}.{}", parts[1], parts[2]),
            format!("{none}.{}.", parts[1]),
            format!("{}.{}", parts[0], parts[1]),
            token[..token.len() - 2].to_owned(),
        ] {
            let error = tokens(1).read(&forged, at(100)).unwrap_err();
            assert!(matches!(error, Error::Denied(_)), "{forged}");
        }
    }

    #[test]
    fn ids_that_would_be_read_as_something_else_are_refused() {
        for id in ["", "a:b", "a b", "ä"] {
            let wrong = Grant { job: id.to_owned(), ..grant() };
            tokens(1).sign(&wrong, at(0), Duration::from_secs(1)).unwrap_err();
        }
    }
}
