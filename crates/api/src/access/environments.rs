use std::collections::BTreeMap;

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State, rejection::BytesRejection},
    http::StatusCode,
};
use serde_json::json;
use tidegate_access::{Environment, Verb};

use crate::{
    access::{
        ENVIRONMENT,
        accounts::{Items, missing},
        change::Changing,
    },
    caller::Caller,
    dry_run::Changes,
    problem::{Problem, ProblemKind},
    read,
    routes::Api,
};

/// Namespaces at most of which anything is set.
const ENVIRONMENTS: usize = 10_000;

/// The namespaces that the caller sees anything of: those of which anything is set, and those with a rollout.
pub(crate) async fn list(State(api): State<Api>, caller: Caller) -> Json<Items<Environment>> {
    let directory = api.access.directory();
    let mut all = BTreeMap::new();
    for key in api.control.rollout_keys() {
        if caller.sees(&key.namespace, &key.name)
            && let Ok(name) = key.namespace.parse()
        {
            let protected = directory.is_protected(&key.namespace);
            all.entry(key.namespace.to_string()).or_insert(Environment { name, protected });
        }
    }
    for one in directory.environments() {
        if caller.decide(Verb::ManageSettings, one.name.as_str(), "*").is_ok() {
            all.insert(one.name.to_string(), one.clone());
        }
    }
    Json(Items { items: all.into_values().collect() })
}

/// Sets what holds for a namespace.
pub(crate) async fn put(
    Changes(api): Changes,
    caller: Caller,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Environment>, Problem> {
    let wish: Environment = read::json(body)?;
    caller.may(Verb::ManageSettings, wish.name.as_str(), "*")?;
    let mut change = Changing::begin(&api).await;
    let directory = change.directory();
    let known = directory.environments().find(|one| one.name == wish.name);
    if known.is_none() && directory.environments().count() >= ENVIRONMENTS {
        let detail =
            format!("there are {ENVIRONMENTS} environments, which are as many as there may be");
        return Err(Problem::new(ProblemKind::Conflict, detail));
    }
    if known != Some(&wish) {
        change.put(ENVIRONMENT, wish.name.as_str(), &wish);
        let detail = json!({ "protected": wish.protected });
        change.note(&caller, ("Environment", wish.name.as_str()), "EnvironmentSet", detail);
        change.done().await?;
    }
    Ok(Json(wish))
}

/// Takes back what was set: what holds by default holds again.
pub(crate) async fn delete(
    Changes(api): Changes,
    Path(name): Path<String>,
    caller: Caller,
) -> Result<StatusCode, Problem> {
    caller.may(Verb::ManageSettings, &name, "*")?;
    let mut change = Changing::begin(&api).await;
    let directory = change.directory();
    let known = directory.environments().find(|one| one.name.as_str() == name);
    let known = known.ok_or_else(|| missing("environment", &name))?;
    change.delete(ENVIRONMENT, known.name.as_str());
    change.note(&caller, ("Environment", known.name.as_str()), "EnvironmentUnset", json!({}));
    change.done().await?;
    Ok(StatusCode::NO_CONTENT)
}
