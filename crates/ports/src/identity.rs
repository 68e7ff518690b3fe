use std::{collections::BTreeSet, fmt};

use async_trait::async_trait;
use tidegate_units::Timestamp;

/// A server that knows people, and tells who one of them is once they have shown it.
#[async_trait]
pub trait IdentityProvider: Send + Sync {
    /// Begins a sign-in that ends at `callback`, an absolute URL of ours that the provider knows.
    async fn begin(&self, callback: &str) -> Result<SignIn, IdentityError>;

    /// Who came back to `callback`, by the `answer` that they brought along.
    async fn complete(
        &self,
        sign_in: &SignIn,
        answer: &SignInAnswer,
        now: Timestamp,
    ) -> Result<Identity, IdentityError>;
}

/// A sign-in on its way: where the browser is sent, and what is kept of it on our side.
#[derive(Clone, PartialEq, Eq)]
pub struct SignIn {
    /// Where the browser is sent.
    pub location: String,
    /// Where it is to come back to.
    pub callback: String,
    /// What it brings back unchanged; nobody can guess it.
    pub state: String,
    /// What the provider has to put into what it signs.
    pub nonce: String,
    /// What shows that whoever redeems the code is who asked for it (RFC 7636).
    pub verifier: String,
}

/// Without what nobody else may know.
impl fmt::Debug for SignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignIn").field("callback", &self.callback).finish_non_exhaustive()
    }
}

/// What a browser brings back from the provider: the parameters of its address.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct SignInAnswer {
    /// What is redeemed for who it is.
    pub code: Option<String>,
    /// What was to be brought back.
    pub state: Option<String>,
    /// Which provider says so (RFC 9207); not every one tells.
    pub issuer: Option<String>,
    /// Why there is no code, in the provider's word such as `access_denied`.
    pub error: Option<String>,
    /// The same in its sentence.
    pub error_description: Option<String>,
}

/// Whom a provider knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Their name here, for roles and for the ledger.
    pub name: String,
    /// What the provider calls them, never given to anybody else.
    pub subject: String,
    /// The groups that the provider says they are in.
    pub groups: BTreeSet<String>,
}

/// Why nobody is known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// The provider did not answer as it should; another try may help.
    #[error("{0}")]
    Unavailable(String),
    /// What came back proves nothing, or the provider said no.
    #[error("{0}")]
    Refused(String),
}
