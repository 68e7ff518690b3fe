use std::time::Duration;

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State, rejection::BytesRejection},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tidegate_access::{Name, Scope, Secret, SecretKind, TokenRecord};
use tidegate_units::Timestamp;

use crate::{
    access::{
        TOKEN,
        accounts::{Items, missing},
        change::Changing,
        fresh_name, random,
    },
    caller::Caller,
    dry_run::Changes,
    problem::{Problem, ProblemKind},
    read,
    routes::Api,
};

/// Tokens at most, of all accounts together.
const TOKENS: usize = 20_000;
/// What is no longer worth anything stays in the list for so long.
const SHOWN: Duration = Duration::from_hours(30 * 24);
/// The longest note, in bytes.
const NOTE: usize = 200;

/// What a token is to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TokenWish {
    /// Whose it is.
    #[schema(value_type = String)]
    pub account: Name,
    /// What it is for, in so many words.
    #[serde(default)]
    pub note: String,
    /// What it may be used for; for all that its account may do when absent.
    #[serde(default, deserialize_with = "read::object")]
    #[schema(value_type = Value)]
    pub scope: Scope,
    /// From when on it is worth nothing; never when absent.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
}

/// A token without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TokenView {
    /// Its name, which is no secret.
    #[schema(value_type = String)]
    pub id: Name,
    /// Whose it is.
    #[schema(value_type = String)]
    pub account: Name,
    /// What it is for.
    pub note: String,
    /// What it may be used for.
    #[schema(value_type = Value)]
    pub scope: Scope,
    /// Since when it is there.
    pub created_at: Timestamp,
    /// Who made it.
    pub created_by: String,
    /// From when on it is worth nothing.
    pub expires_at: Option<Timestamp>,
    /// When it was taken back.
    pub revoked_at: Option<Timestamp>,
}

/// A token that was just made. Its secret is told here and nowhere else.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewToken {
    /// The secret.
    pub token: String,
    /// All else of it.
    #[serde(flatten)]
    pub view: TokenView,
}

impl From<TokenRecord> for TokenView {
    fn from(record: TokenRecord) -> Self {
        let TokenRecord { id, account, note, scope, created_at, created_by, .. } = record;
        let TokenRecord { expires_at, revoked_at, .. } = record;
        Self { id, account, note, scope, created_at, created_by, expires_at, revoked_at }
    }
}

/// All tokens, without their secrets.
pub(crate) async fn list(State(api): State<Api>) -> Json<Items<TokenView>> {
    let directory = api.access.directory();
    Json(Items { items: directory.tokens().cloned().map(TokenView::from).collect() })
}

/// Makes a token of an account.
pub(crate) async fn create(
    Changes(api): Changes,
    caller: Caller,
    body: Result<Bytes, BytesRejection>,
) -> Result<(StatusCode, Json<NewToken>), Problem> {
    let TokenWish { account, note, scope, expires_at } = read::json(body)?;
    let now = api.access.now();
    if note.len() > NOTE || note.chars().any(char::is_control) {
        let detail = format!("a note has {NOTE} printable characters at most");
        return Err(Problem::new(ProblemKind::BadRequest, detail));
    }
    if expires_at.is_some_and(|at| at <= now) {
        return Err(Problem::new(ProblemKind::BadRequest, "`expiresAt` is over already"));
    }
    let mut change = Changing::begin(&api).await;
    let directory = change.directory();
    if directory.account(account.as_str()).is_none() {
        return Err(missing("account", account.as_str()));
    }
    let is_long_over = |token: &&TokenRecord| {
        let over = token.revoked_at.into_iter().chain(token.expires_at).min();
        over.is_some_and(|over| now.since(over) > SHOWN)
    };
    let over: Vec<_> = directory.tokens().filter(is_long_over).map(|it| it.id.clone()).collect();
    for id in &over {
        change.delete(TOKEN, id.as_str());
    }
    if directory.tokens().count() - over.len() >= TOKENS {
        let detail = format!("there are {TOKENS} tokens, which are as many as there may be");
        return Err(Problem::new(ProblemKind::Conflict, detail)
            .with_hint("delete accounts that nobody needs"));
    }
    let secret = Secret::new(SecretKind::Token, random()?);
    let record = TokenRecord {
        id: fresh_name("token")?,
        digest: secret.digest(),
        account,
        note,
        scope,
        created_at: now,
        created_by: caller.name().to_owned(),
        expires_at,
        revoked_at: None,
    };
    change.put(TOKEN, record.id.as_str(), &record);
    let view = TokenView::from(record);
    let detail = json!({
        "account": view.account, "note": view.note, "scope": view.scope, "expiresAt": view.expires_at,
    });
    change.note(&caller, ("AccessToken", view.id.as_str()), "TokenCreated", detail);
    change.done().await?;
    Ok((StatusCode::CREATED, Json(NewToken { token: secret.reveal().to_owned(), view })))
}

/// Takes a token back. Its sessions end with it.
pub(crate) async fn revoke(
    Changes(api): Changes,
    Path(id): Path<String>,
    caller: Caller,
) -> Result<StatusCode, Problem> {
    let mut change = Changing::begin(&api).await;
    let directory = change.directory();
    let token = directory.token(&id).ok_or_else(|| missing("token", &id))?;
    if token.revoked_at.is_none() {
        let revoked = TokenRecord { revoked_at: Some(api.access.now()), ..token.clone() };
        change.put(TOKEN, revoked.id.as_str(), &revoked);
        let detail = json!({ "account": revoked.account });
        change.note(&caller, ("AccessToken", revoked.id.as_str()), "TokenRevoked", detail);
        change.done().await?;
    }
    Ok(StatusCode::NO_CONTENT)
}
