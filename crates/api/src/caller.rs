use std::sync::Arc;

use axum::{extract::FromRequestParts, http::request::Parts};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tidegate_access::{Account, AccountKind, Denied, Name, Rights, Verb};
use tidegate_controller::KeptEntry;
use tidegate_ledger::{Actor, Digest, Subject};
use tidegate_units::ObjectKey;

use crate::problem::{Problem, ProblemKind};

/// Who asks. The door puts it into each request that it lets in; a handler takes it as a parameter.
///
/// Invariant: a handler that takes one is never called without: a request that came past the door is refused.
#[derive(Clone, Debug)]
pub struct Caller {
    kind: CallerKind,
    name: Arc<str>,
    /// What they may do; none: everything.
    rights: Option<Arc<Rights>>,
    credential: Credential,
}

/// What kind of caller it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum CallerKind {
    /// Whoever has the token of the data folder: may do everything, in the name that they give.
    Owner,
    /// A person who has an account.
    User,
    /// A program that has an account.
    ServiceAccount,
}

/// By what a caller is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Credential {
    /// The token of the data folder.
    Owner,
    /// A token of an account.
    Token(Name),
    /// The cookie of a session whose digest this is.
    Session(Digest),
}

impl Caller {
    /// The owner of the data folder, who speaks for whom `name` says.
    pub(crate) fn owner(name: &str, credential: Credential) -> Self {
        Self { kind: CallerKind::Owner, name: name.into(), rights: None, credential }
    }

    /// Somebody who has an account.
    pub(crate) fn account(account: &Account, rights: Rights, credential: Credential) -> Self {
        let kind = match account.kind {
            AccountKind::User => CallerKind::User,
            AccountKind::ServiceAccount => CallerKind::ServiceAccount,
        };
        let (name, rights) = (account.name.as_str().into(), Some(Arc::new(rights)));
        Self { kind, name, rights, credential }
    }

    /// What they are called in the ledger.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What kind of caller it is.
    pub const fn kind(&self) -> CallerKind {
        self.kind
    }

    pub(crate) const fn credential(&self) -> &Credential {
        &self.credential
    }

    /// What an account may do; none of the owner, who may do everything.
    pub(crate) fn rights(&self) -> Option<&Rights> {
        self.rights.as_deref()
    }

    /// Whether they may do `verb` to what `namespace` and `name` say.
    pub(crate) fn decide(&self, verb: Verb, namespace: &str, name: &str) -> Result<(), Denied> {
        self.rights.as_ref().map_or(Ok(()), |rights| rights.decide(verb, namespace, name))
    }

    /// Whether they may do `verb` to what `namespace` and `name` say, or the problem that they may not.
    pub fn may(&self, verb: Verb, namespace: &str, name: &str) -> Result<(), Problem> {
        let place = match (namespace, name) {
            (ObjectKey::EVERYWHERE, ObjectKey::EVERYWHERE) => "everything".to_owned(),
            (ObjectKey::EVERYWHERE, name) => name.to_owned(),
            _ => format!("{namespace}/{name}"),
        };
        let decided = self.decide(verb, namespace, name);
        decided.map_err(|denied| self.refused(&format!("{verb} {place}"), &denied))
    }

    /// Whether they may do `verb` to anything at all.
    pub(crate) fn may_somewhere(&self, verb: Verb) -> Result<(), Problem> {
        let decided = self.rights.as_ref().map_or(Ok(()), |rights| rights.decide_anywhere(verb));
        decided.map_err(|denied| self.refused(&format!("{verb} anything"), &denied))
    }

    fn refused(&self, what: &str, denied: &Denied) -> Problem {
        let detail = format!("{} may not {what}: {denied}", self.name);
        Problem::new(ProblemKind::Forbidden, detail)
            .with_hint("GET /v1/session tells your roles and /v1/can-i what they allow; an admin gives roles at /v1/access/bindings")
    }

    /// Whether they may see it, for lists and watches.
    pub fn sees(&self, namespace: &str, name: &str) -> bool {
        self.decide(Verb::Read, namespace, name).is_ok()
    }

    /// Who it is, for the ledger.
    pub(crate) fn actor(&self) -> Actor {
        let name = self.name.to_string();
        match self.kind {
            CallerKind::Owner => Actor::Person { name },
            CallerKind::User => Actor::User { name },
            CallerKind::ServiceAccount => Actor::ServiceAccount { name },
        }
    }

    /// An entry of the ledger about themselves.
    pub(crate) fn entry(&self, what: &str) -> KeptEntry {
        let subject =
            Subject { kind: "Account".to_owned(), key: ObjectKey::everywhere(&self.name) };
        KeptEntry { actor: self.actor(), subject, what: what.to_owned(), detail: json!({}) }
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts
            .extensions
            .get::<Self>()
            .cloned()
            .ok_or_else(|| Problem::new(ProblemKind::Forbidden, "nobody is let in at this address"))
    }
}
