use std::collections::BTreeMap;

use tidegate_ledger::Digest;
use tidegate_units::Timestamp;

use crate::{Account, Binding, Environment, Name, Pattern, Rights, Role, Scope, TokenRecord, Verb};

/// All that is known of who may do what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directory {
    accounts: BTreeMap<Name, Account>,
    bindings: BTreeMap<Name, Binding>,
    tokens: BTreeMap<Name, TokenRecord>,
    environments: BTreeMap<Name, Environment>,
    /// Which token has which digest.
    by_digest: BTreeMap<[u8; 32], Name>,
}

/// Why a token lets nobody in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unknown {
    /// There is none like it.
    #[error("the token is not one of this server")]
    Token,
    /// Its time is over.
    #[error("the token has expired")]
    Expired,
    /// It was taken back.
    #[error("the token was revoked")]
    Revoked,
    /// Its account is disabled.
    #[error("the account is disabled")]
    Disabled,
    /// Somebody has the name of a program's account.
    #[error("an account of a program has that name")]
    Program,
}

impl Directory {
    /// Takes in an account, in place of one of its name.
    pub fn put_account(&mut self, account: Account) {
        self.accounts.insert(account.name.clone(), account);
    }

    /// Takes in a binding, in place of one of its name.
    pub fn put_binding(&mut self, binding: Binding) {
        self.bindings.insert(binding.id.clone(), binding);
    }

    /// Takes in a token, in place of one of its name.
    pub fn put_token(&mut self, token: TokenRecord) {
        self.by_digest.insert(token.digest.0, token.id.clone());
        self.tokens.insert(token.id.clone(), token);
    }

    /// Takes in what is set for a namespace, in place of what was.
    pub fn put_environment(&mut self, environment: Environment) {
        self.environments.insert(environment.name.clone(), environment);
    }

    /// All accounts, by name.
    pub fn accounts(&self) -> impl Iterator<Item = &Account> {
        self.accounts.values()
    }

    /// All bindings.
    pub fn bindings(&self) -> impl Iterator<Item = &Binding> {
        self.bindings.values()
    }

    /// All tokens that are kept, revoked and expired ones too.
    pub fn tokens(&self) -> impl Iterator<Item = &TokenRecord> {
        self.tokens.values()
    }

    /// What is set for namespaces.
    pub fn environments(&self) -> impl Iterator<Item = &Environment> {
        self.environments.values()
    }

    /// An account.
    pub fn account(&self, name: &str) -> Option<&Account> {
        self.accounts.get(&name.parse().ok()?)
    }

    /// A binding.
    pub fn binding(&self, id: &str) -> Option<&Binding> {
        self.bindings.get(&id.parse().ok()?)
    }

    /// A token.
    pub fn token(&self, id: &str) -> Option<&TokenRecord> {
        self.tokens.get(&id.parse().ok()?)
    }

    /// Whether what is done in a namespace has to be confirmed on the page.
    pub fn is_protected(&self, namespace: &str) -> bool {
        let set = namespace.parse().ok().and_then(|name| self.environments.get(&name));
        let default = || Environment::is_protected_by_default(namespace);
        set.map_or_else(default, |environment| environment.protected)
    }

    /// Whose a token of this digest is, and the token.
    ///
    /// # Errors
    /// If it lets nobody in, for whatever reason.
    pub fn identify(
        &self,
        digest: Digest,
        now: Timestamp,
    ) -> Result<(&Account, &TokenRecord), Unknown> {
        let id = self.by_digest.get(&digest.0).ok_or(Unknown::Token)?;
        self.account_of(id, now)
    }

    /// The same, by the token's name.
    ///
    /// # Errors
    /// If it lets nobody in, for whatever reason.
    pub fn account_of(
        &self,
        token: &Name,
        now: Timestamp,
    ) -> Result<(&Account, &TokenRecord), Unknown> {
        let token = self.tokens.get(token).ok_or(Unknown::Token)?;
        if token.revoked_at.is_some() {
            return Err(Unknown::Revoked);
        }
        if token.has_expired(now) {
            return Err(Unknown::Expired);
        }
        let account = self.accounts.get(&token.account).ok_or(Unknown::Token)?;
        if account.disabled { Err(Unknown::Disabled) } else { Ok((account, token)) }
    }

    /// The accounts that may do something there, as far as their tokens reach, by name. Whoever has the right by a
    /// group and signs in without an account is not among them.
    pub fn who_may<'a>(
        &'a self,
        verb: Verb,
        namespace: &'a str,
        name: &'a str,
    ) -> impl Iterator<Item = &'a Account> {
        let may = move |account: &&Account| {
            let given = self.given(account);
            Rights { given, scope: Scope::default() }.decide(verb, namespace, name).is_ok()
        };
        self.accounts.values().filter(|account| !account.disabled).filter(may)
    }

    /// All that an account may do with a token.
    pub fn rights(&self, account: &Account, token: &TokenRecord) -> Rights {
        Rights { given: self.given(account), scope: token.scope.clone() }
    }

    /// The roles of an account and of its groups, each with where they reach.
    pub(crate) fn given(&self, account: &Account) -> Vec<(Role, Pattern, Pattern)> {
        let own = self.bindings.values().filter(|binding| binding.subject.is(account));
        own.map(|own| (own.role, own.namespace.clone(), own.application.clone())).collect()
    }
}
