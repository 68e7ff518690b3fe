//! Sign-in by a provider of OpenID Connect: discovery, the authorization code flow with PKCE, and
//! the check of the ID token.
//!
//! What is checked is what OpenID Connect Core 1.0, section 3.1.3.7, asks for, with the algorithms
//! that need no shared secret; what RFC 9700 asks of clients besides: PKCE always, an exact issuer,
//! the issuer of the answer where the provider tells it (RFC 9207), and no redirect of a question.
//!
//! Invariant: nothing of a token, a code or a secret is in an error, a log or a `Debug` form.

mod algorithms;
mod asking;
mod claims;
mod discovery;
mod keys;
mod provider;
mod redeem;
mod settings;

pub use provider::Provider;
pub use settings::{ClientSecret, Settings, SettingsError};
