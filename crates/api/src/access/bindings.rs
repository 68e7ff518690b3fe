use axum::{
    Json,
    body::Bytes,
    extract::{Path, State, rejection::BytesRejection},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tidegate_access::{Binding, BindingSubject, Pattern, Role};

use crate::{
    access::{
        BINDING,
        accounts::{Items, missing},
        change::Changing,
        fresh_name,
    },
    caller::Caller,
    dry_run::Changes,
    problem::{Problem, ProblemKind},
    read,
    routes::Api,
};

/// Bindings at most: each decision looks at all of them.
const BINDINGS: usize = 5_000;

/// What a binding is to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BindingWish {
    /// Who is to have the role.
    #[schema(value_type = Value)]
    pub subject: BindingSubject,
    /// The role.
    #[schema(value_type = String)]
    pub role: Role,
    /// In which namespaces; in all when absent.
    #[serde(default = "Pattern::everything")]
    #[schema(value_type = String)]
    pub namespace: Pattern,
    /// Over what in them; over all when absent.
    #[serde(default = "Pattern::everything")]
    #[schema(value_type = String)]
    pub application: Pattern,
}

/// All bindings.
pub(crate) async fn list(State(api): State<Api>) -> Json<Items<Binding>> {
    Json(Items { items: api.access.directory().bindings().cloned().collect() })
}

/// Gives a role. One that is there already is answered as it is.
pub(crate) async fn create(
    Changes(api): Changes,
    caller: Caller,
    body: Result<Bytes, BytesRejection>,
) -> Result<(StatusCode, Json<Binding>), Problem> {
    let BindingWish { subject, role, namespace, application } = read::json(body)?;
    let mut change = Changing::begin(&api).await;
    let directory = change.directory();
    if let BindingSubject::Account(name) = &subject
        && directory.account(name.as_str()).is_none()
    {
        return Err(missing("account", name.as_str()));
    }
    let same = |one: &&Binding| {
        one.subject == subject
            && one.role == role
            && one.namespace == namespace
            && one.application == application
    };
    if let Some(known) = directory.bindings().find(same) {
        return Ok((StatusCode::OK, Json(known.clone())));
    }
    if directory.bindings().count() >= BINDINGS {
        let detail = format!("there are {BINDINGS} bindings, which are as many as there may be");
        return Err(Problem::new(ProblemKind::Conflict, detail)
            .with_hint("bind groups in place of accounts"));
    }
    let binding = Binding {
        id: fresh_name("binding")?,
        subject,
        role,
        namespace,
        application,
        created_at: api.access.now(),
        created_by: caller.name().to_owned(),
    };
    change.put(BINDING, binding.id.as_str(), &binding);
    change.note(&caller, ("Binding", binding.id.as_str()), "RoleGiven", told(&binding));
    change.done().await?;
    Ok((StatusCode::CREATED, Json(binding)))
}

/// Takes a role away.
pub(crate) async fn delete(
    Changes(api): Changes,
    Path(id): Path<String>,
    caller: Caller,
) -> Result<StatusCode, Problem> {
    let mut change = Changing::begin(&api).await;
    let directory = change.directory();
    let binding = directory.binding(&id).ok_or_else(|| missing("binding", &id))?;
    change.delete(BINDING, binding.id.as_str());
    change.note(&caller, ("Binding", binding.id.as_str()), "RoleTaken", told(binding));
    change.done().await?;
    Ok(StatusCode::NO_CONTENT)
}

fn told(binding: &Binding) -> serde_json::Value {
    let Binding { subject, role, namespace, application, .. } = binding;
    json!({ "subject": subject, "role": role, "namespace": namespace, "application": application })
}
