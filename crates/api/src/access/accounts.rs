use std::collections::BTreeSet;

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State, rejection::BytesRejection},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tidegate_access::{Account, AccountKind, BindingSubject, GroupName, Name};

use crate::{
    access::{ACCOUNT, BINDING, TOKEN, change::Changing},
    caller::Caller,
    dry_run::Changes,
    problem::{Problem, ProblemKind},
    read,
    routes::Api,
};

/// Accounts at most: as many as a large company's departments have, in a few MiB.
const ACCOUNTS: usize = 10_000;

/// A list as it is answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Items<T> {
    /// All of them, by their names.
    pub items: Vec<T>,
}

/// What an account is to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AccountWish {
    /// What it is called.
    #[schema(value_type = String)]
    pub name: Name,
    /// Whose it is. It stays so.
    #[schema(value_type = String)]
    pub kind: AccountKind,
    /// The groups that it is in; as they were when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>)]
    pub groups: Option<BTreeSet<GroupName>>,
    /// Whether nothing of it is let in; as it was when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled: Option<bool>,
}

/// All accounts.
pub(crate) async fn list(State(api): State<Api>) -> Json<Items<Account>> {
    Json(Items { items: api.access.directory().accounts().cloned().collect() })
}

/// Makes an account so, whether it was there or not.
pub(crate) async fn put(
    Changes(api): Changes,
    caller: Caller,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Account>, Problem> {
    let AccountWish { name, kind, groups, disabled } = read::json(body)?;
    let mut change = Changing::begin(&api).await;
    let directory = change.directory();
    let known = directory.account(name.as_str());
    if known.is_none() && directory.accounts().count() >= ACCOUNTS {
        let detail = format!("there are {ACCOUNTS} accounts, which are as many as there may be");
        return Err(Problem::new(ProblemKind::Conflict, detail));
    }
    if known.is_some_and(|known| known.kind != kind) {
        let detail = format!("{name} is there already, and is not of this kind");
        return Err(Problem::new(ProblemKind::Conflict, detail)
            .with_hint("take another name: persons and programs share their names"));
    }
    let before = known.cloned();
    let account = Account {
        groups: groups.or_else(|| known.map(|it| it.groups.clone())).unwrap_or_default(),
        disabled: disabled.or_else(|| known.map(|it| it.disabled)).unwrap_or_default(),
        created_at: known.map_or_else(|| api.access.now(), |it| it.created_at),
        created_by: known.map_or_else(|| caller.name().to_owned(), |it| it.created_by.clone()),
        name,
        kind,
    };
    if before.as_ref() != Some(&account) {
        let what = if before.is_some() { "AccountChanged" } else { "AccountCreated" };
        let detail = json!({
            "kind": account.kind, "groups": account.groups, "disabled": account.disabled,
        });
        change.put(ACCOUNT, account.name.as_str(), &account);
        change.note(&caller, ("Account", account.name.as_str()), what, detail);
        change.done().await?;
    }
    Ok(Json(account))
}

/// Takes an account away, with its tokens and its roles: one of its name that comes later has none of them.
pub(crate) async fn delete(
    Changes(api): Changes,
    Path(name): Path<String>,
    caller: Caller,
) -> Result<StatusCode, Problem> {
    let mut change = Changing::begin(&api).await;
    let directory = change.directory();
    let account = directory.account(&name).ok_or_else(|| missing("account", &name))?;
    for token in directory.tokens().filter(|token| token.account == account.name) {
        change.delete(TOKEN, token.id.as_str());
    }
    let own = BindingSubject::Account(account.name.clone());
    for binding in directory.bindings().filter(|binding| binding.subject == own) {
        change.delete(BINDING, binding.id.as_str());
    }
    change.delete(ACCOUNT, account.name.as_str());
    change.note(&caller, ("Account", account.name.as_str()), "AccountDeleted", json!({}));
    change.done().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The problem that something is not there.
pub(crate) fn missing(what: &str, name: &str) -> Problem {
    Problem::new(ProblemKind::NotFound, format!("there is no {what} {name:?}"))
        .with_hint("GET /v1/access/accounts, /tokens and /bindings list what there is")
}
