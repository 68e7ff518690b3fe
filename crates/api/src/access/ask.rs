use std::collections::BTreeMap;

use axum::{
    Json,
    extract::{Path, State},
    http::Uri,
};
use serde::{Deserialize, Serialize};
use tidegate_access::Verb;
use tidegate_controller::{Kind, Refused};
use tidegate_units::ObjectKey;

use crate::{
    access::own_change,
    caller::Caller,
    problem::{Problem, ProblemKind},
    read,
    routes::Api,
};

/// Whether something may be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Permission {
    /// Whether it may.
    pub allowed: bool,
    /// Why it may not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

#[derive(Deserialize)]
struct Asked {
    verb: String,
    #[serde(default = "everywhere")]
    namespace: String,
    #[serde(default = "everywhere")]
    name: String,
}

fn everywhere() -> String {
    ObjectKey::EVERYWHERE.to_owned()
}

/// Whether the caller may do something to what is named, as far as that can be told before it is asked for.
pub(crate) async fn can_i(
    State(api): State<Api>,
    uri: Uri,
    caller: Caller,
) -> Result<Json<Permission>, Problem> {
    let asked: Asked = read::query(&uri)?;
    let verb = asked.verb.parse::<Verb>();
    let verb = verb.map_err(|error| Problem::new(ProblemKind::BadRequest, error.to_string()))?;
    Ok(Json(permission(&api, &caller, verb, &ObjectKey::new(&asked.namespace, &asked.name))))
}

/// The same for every verb of a rollout.
pub(crate) async fn permissions(
    State(api): State<Api>,
    Path((namespace, name)): Path<(String, String)>,
    caller: Caller,
) -> Result<Json<BTreeMap<Verb, Permission>>, Problem> {
    let key = ObjectKey::new(&namespace, &name);
    if api.control.get(Kind::Rollout, &key).is_none() {
        return Err(Refused::NotFound { kind: Kind::Rollout, key }.into());
    }
    let told = |verb| (verb, permission(&api, &caller, verb, &key));
    Ok(Json(Verb::of_a_rollout().map(told).collect()))
}

fn permission(api: &Api, caller: &Caller, verb: Verb, key: &ObjectKey) -> Permission {
    let decided = caller.decide(verb, &key.namespace, &key.name).map_err(|why| why.to_string());
    let decided = decided
        .and_then(|()| own_change::decide(api, caller, verb, key).map_err(|why| why.to_string()));
    let reason = decided.err();
    Permission { allowed: reason.is_none(), reason }
}
