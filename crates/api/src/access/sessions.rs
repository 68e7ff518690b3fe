use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use tidegate_access::{Name, Person, Secret, SecretKind, Unknown};
use tidegate_controller::{ControlPlane, KeptChange};
use tidegate_ledger::Digest;
use tidegate_units::{ObjectKey, Timestamp};

use crate::{
    access::{Access, SESSION, random},
    caller::{Caller, Credential},
    problem::Problem,
};

/// A session ends so long after it began: a working day.
const LONGEST: Duration = Duration::from_hours(12);
/// And so long after it was last used.
const IDLE: Duration = Duration::from_hours(1);
/// How often it is written down that one is used: a restart ends none that was used within the time that is left of
/// [`IDLE`].
const SEEN: Duration = Duration::from_mins(5);
/// Sessions at a time; the one that was not used for longest ends for a new one.
const SESSIONS: usize = 1_000;
/// How long a code can be used to sign in.
const CODE: Duration = Duration::from_mins(1);
/// Codes at a time. Whoever makes them is known.
const CODES: usize = 100;

/// Whose session it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Principal {
    /// The owner's, while their token is this one, in a name.
    Owner { token: Digest, name: String },
    /// Of a token of an account, for as long as that lets in.
    Token(Name),
    /// Of somebody whom the provider of identities knows, in the groups that they were in when they signed in.
    Person(Person),
}

/// A browser that has signed in. It is kept by the digest of its cookie.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Session {
    pub(crate) principal: Principal,
    pub(crate) created_at: Timestamp,
    pub(crate) seen_at: Timestamp,
}

impl Session {
    /// When it ends if nobody uses it again.
    pub(crate) fn expires_at(&self) -> Timestamp {
        self.created_at.after(LONGEST).min(self.seen_at.after(IDLE))
    }
}

/// All of them, and codes to sign in with.
#[derive(Default)]
pub(crate) struct Sessions {
    open: BTreeMap<[u8; 32], Session>,
    codes: BTreeMap<[u8; 32], (Timestamp, Principal)>,
}

impl Sessions {
    pub(crate) fn of(control: &ControlPlane) -> Self {
        let kept = control.kept(SESSION).into_iter();
        let open = kept.filter_map(|kept| {
            let key: Digest = kept.key.name.parse().ok()?;
            Some((key.0, serde_json::from_str(&kept.body).ok()?))
        });
        Self { open: open.collect(), codes: BTreeMap::new() }
    }

    /// Takes away what has expired, and as many of the rest as are too many. Says which are gone.
    fn thin(&mut self, now: Timestamp) -> BTreeSet<[u8; 32]> {
        let over = |session: &Session| now >= session.expires_at();
        let ended = self.open.iter().filter(|(_, session)| over(session)).map(|(key, _)| *key);
        let mut gone: BTreeSet<_> = ended.collect();
        while self.open.len() - gone.len() >= SESSIONS {
            let left = self.open.iter().filter(|(key, _)| !gone.contains(*key));
            let Some((oldest, _)) = left.min_by_key(|(_, session)| session.seen_at) else { break };
            gone.insert(*oldest);
        }
        self.open.retain(|key, _| !gone.contains(key));
        gone
    }
}

impl Access {
    /// Whose a session is.
    pub(crate) fn of_session(&self, key: Digest) -> Result<Caller, Unknown> {
        let now = self.now();
        let session = self.sessions().open.get(&key.0).cloned().ok_or(Unknown::Token)?;
        if now >= session.expires_at() {
            return Err(Unknown::Expired);
        }
        match &session.principal {
            Principal::Token(id) => self.of_token_id(id, Credential::Session(key)),
            Principal::Person(person) => self.of_person(person, Credential::Session(key)),
            Principal::Owner { token, name } if *token == self.owner_digest() => {
                Ok(Caller::owner(name, Credential::Session(key)))
            }
            Principal::Owner { .. } => Err(Unknown::Token),
        }
    }

    /// The session itself.
    pub(crate) fn session(&self, key: Digest) -> Option<Session> {
        self.sessions().open.get(&key.0).cloned()
    }

    /// That a session is used.
    pub(crate) fn used(&self, key: Digest) {
        let now = self.now();
        let mut sessions = self.sessions();
        let Some(session) = sessions.open.get_mut(&key.0) else { return };
        if now.since(session.seen_at) < SEEN {
            return;
        }
        session.seen_at = now;
        let change = put(key, session);
        drop(sessions);
        let control = self.control.clone();
        tokio::spawn(async move {
            if let Err(problem) = control.keep(change).await {
                tracing::warn!(%problem, "it could not be written down that a session is used");
            }
        });
    }

    /// What a session of this caller hangs on.
    pub(crate) fn principal(&self, caller: &Caller) -> Option<Principal> {
        match caller.credential() {
            Credential::Owner => {
                let (token, name) = (self.owner_digest(), caller.name().to_owned());
                Some(Principal::Owner { token, name })
            }
            Credential::Token(id) => Some(Principal::Token(id.clone())),
            Credential::Session(key) => self.session(*key).map(|session| session.principal),
        }
    }

    /// Opens a session. Returns the secret of its cookie, once it is written down.
    pub(crate) async fn open_session(
        &self,
        caller: &Caller,
        principal: Principal,
    ) -> Result<Secret, Problem> {
        let secret = Secret::new(SecretKind::Session, random()?);
        let now = self.now();
        let session = Session { principal, created_at: now, seen_at: now };
        let key = secret.digest();
        let gone = self.sessions().thin(now);
        let mut change = put(key, &session);
        change.writes.extend(gone.into_iter().map(|gone| (SESSION, name(Digest(gone)), None)));
        change.entries.push(caller.entry("SignedIn"));
        self.control.keep(change).await?;
        self.sessions().open.insert(key.0, session);
        Ok(secret)
    }

    /// Ends a session, at once for whoever shows it.
    pub(crate) async fn end_session(&self, caller: &Caller, key: Digest) -> Result<(), Problem> {
        self.sessions().open.remove(&key.0);
        let writes = vec![(SESSION, name(key), None)];
        let entries = vec![caller.entry("SignedOut")];
        self.control.keep(KeptChange { writes, entries, ..KeptChange::default() }).await?;
        Ok(())
    }

    /// A code with which a browser becomes this caller, once, soon.
    pub(crate) fn code(&self, principal: Principal) -> Result<(Secret, Timestamp), Problem> {
        let code = Secret::new(SecretKind::Code, random()?);
        let now = self.now();
        let until = now.after(CODE);
        let mut sessions = self.sessions();
        sessions.codes.retain(|_, (until, _)| now < *until);
        if sessions.codes.len() >= CODES {
            let oldest = sessions.codes.iter().min_by_key(|(_, (until, _))| *until);
            let oldest = oldest.map(|(key, _)| *key);
            oldest.map(|key| sessions.codes.remove(&key));
        }
        sessions.codes.insert(code.digest().0, (until, principal));
        Ok((code, until))
    }

    /// Whose code it is; it is none from here on.
    pub(crate) fn take_code(&self, shown: &str) -> Result<Principal, Unknown> {
        let code = Secret::read(SecretKind::Code, shown).map_err(|_| Unknown::Token)?;
        let found = self.sessions().codes.remove(&code.digest().0);
        let (until, principal) = found.ok_or(Unknown::Token)?;
        if self.now() < until { Ok(principal) } else { Err(Unknown::Expired) }
    }

    /// Whoever a principal is now.
    pub(crate) fn of_principal(&self, principal: &Principal) -> Result<Caller, Unknown> {
        match principal {
            Principal::Owner { name, .. } => Ok(Caller::owner(name, Credential::Owner)),
            Principal::Token(id) => self.of_token_id(id, Credential::Token(id.clone())),
            // Until the session is there, nobody looks by what they are known.
            Principal::Person(person) => self.of_person(person, Credential::Owner),
        }
    }
}

fn name(key: Digest) -> ObjectKey {
    ObjectKey::everywhere(&key.to_string())
}

fn put(key: Digest, session: &Session) -> KeptChange {
    let body = serde_json::to_string(session).unwrap_or_else(|_| "null".to_owned());
    let writes = vec![(SESSION, name(key), Some(body.into()))];
    KeptChange { writes, ..KeptChange::default() }
}
