//! Who may do what, as the server keeps it: accounts, bindings, tokens, sessions.
//!
//! What is decided is decided by the crate `access`; here it is kept, found and told.

pub(crate) mod accounts;
pub(crate) mod ask;
pub(crate) mod bindings;
mod change;
pub(crate) mod environments;
mod noter;
pub(crate) mod own_change;
pub(crate) mod provider;
pub(crate) mod refusals;
mod sessions;
pub(crate) mod sign_in;
pub(crate) mod tokens;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use serde::de::DeserializeOwned;
use tidegate_access::{Directory, Name, Person, Secret, SecretKind, Unknown};
use tidegate_controller::{ControlPlane, KeptKind};
use tidegate_ledger::Digest;
use tidegate_ports::Clock;
use tidegate_units::Timestamp;

use crate::{
    access::{noter::Noter, refusals::Refusals, sessions::Sessions},
    auth::Token,
    caller::{Caller, Credential},
    problem::{Problem, ProblemKind},
};

pub(crate) const ACCOUNT: KeptKind = KeptKind::new("Account");
pub(crate) const BINDING: KeptKind = KeptKind::new("Binding");
pub(crate) const TOKEN: KeptKind = KeptKind::new("AccessToken");
pub(crate) const ENVIRONMENT: KeptKind = KeptKind::new("Environment");
pub(crate) const SESSION: KeptKind = KeptKind::new("Session");

/// Who may do what, and who is known.
pub(crate) struct Access {
    pub(crate) control: ControlPlane,
    pub(crate) clock: Arc<dyn Clock>,
    owner: Token,
    directory: RwLock<Arc<Directory>>,
    /// Held by whoever changes it: what a change is made of is what it replaces.
    writing: tokio::sync::Mutex<()>,
    sessions: Mutex<Sessions>,
    /// Who was not let in lately.
    pub(crate) refusals: Refusals,
    pub(crate) noter: Arc<Noter>,
}

impl Access {
    /// All that is kept of it.
    pub(crate) fn open(control: ControlPlane, clock: Arc<dyn Clock>, owner: Token) -> Self {
        let directory = RwLock::new(Arc::new(directory(&control)));
        let sessions = Mutex::new(Sessions::of(&control));
        let noter = Arc::new(Noter::new(control.clone(), Arc::clone(&clock)));
        Self {
            control,
            clock,
            owner,
            directory,
            writing: tokio::sync::Mutex::default(),
            sessions,
            refusals: Refusals::default(),
            noter,
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Who may do what now.
    pub(crate) fn directory(&self) -> Arc<Directory> {
        Arc::clone(&self.directory.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it is the token of the data folder.
    pub(crate) fn is_owner(&self, shown: &str) -> bool {
        self.owner.admits(shown)
    }

    /// The owner's token, as sessions remember it.
    fn owner_digest(&self) -> Digest {
        Digest::of(self.owner.reveal().as_bytes())
    }

    /// Whose this token of an account is.
    pub(crate) fn of_token(&self, shown: &str) -> Result<Caller, Unknown> {
        let secret = Secret::read(SecretKind::Token, shown).map_err(|_| Unknown::Token)?;
        let directory = self.directory();
        let (account, token) = directory.identify(secret.digest(), self.now())?;
        let rights = directory.rights(account, token);
        Ok(Caller::account(account, rights, Credential::Token(token.id.clone())))
    }

    fn of_token_id(&self, id: &Name, credential: Credential) -> Result<Caller, Unknown> {
        let directory = self.directory();
        let (account, token) = directory.account_of(id, self.now())?;
        Ok(Caller::account(account, directory.rights(account, token), credential))
    }

    fn of_person(&self, person: &Person, credential: Credential) -> Result<Caller, Unknown> {
        let (account, rights) = self.directory().of_person(person)?;
        Ok(Caller::account(&account, rights, credential))
    }

    /// The caller with the rights that they have by now; none when they are not let in any more. Whoever tells
    /// something for long asks before each time.
    pub(crate) fn again(&self, caller: &Caller) -> Option<Caller> {
        match caller.credential() {
            Credential::Owner => Some(caller.clone()),
            Credential::Token(id) => self.of_token_id(id, caller.credential().clone()).ok(),
            Credential::Session(key) => self.of_session(*key).ok(),
        }
    }
}

/// All that is kept of who may do what. What cannot be read gives nobody anything.
fn directory(control: &ControlPlane) -> Directory {
    let mut directory = Directory::default();
    read_all(control, ACCOUNT).for_each(|account| directory.put_account(account));
    read_all(control, BINDING).for_each(|binding| directory.put_binding(binding));
    read_all(control, TOKEN).for_each(|token| directory.put_token(token));
    read_all(control, ENVIRONMENT).for_each(|one| directory.put_environment(one));
    directory
}

fn read_all<T: DeserializeOwned>(
    control: &ControlPlane,
    kind: KeptKind,
) -> impl Iterator<Item = T> {
    control.kept(kind).into_iter().filter_map(move |kept| {
        let read = serde_json::from_str(&kept.body);
        read.inspect_err(
            |error| tracing::error!(%kind, key = %kept.key, %error, "a document cannot be read"),
        )
        .ok()
    })
}

/// 32 bytes that nobody can foresee.
fn random() -> Result<[u8; 32], Problem> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| {
        Problem::new(ProblemKind::Unavailable, format!("the kernel gives no random bytes: {error}"))
    })?;
    Ok(bytes)
}

/// A name that nothing has yet: ten random digits after its prefix.
fn fresh_name(prefix: &str) -> Result<Name, Problem> {
    let digits = Digest(random()?).to_string();
    let digits = digits.get(..10).unwrap_or(&digits);
    format!("{prefix}-{digits}").parse().map_err(|error| {
        Problem::new(ProblemKind::Unavailable, format!("no name could be made: {error}"))
    })
}
