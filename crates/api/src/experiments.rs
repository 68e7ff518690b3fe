//! What people ask of an experiment.

use axum::{extract::Path, http::HeaderMap, response::Response};
use tidegate_controller::Kind;
use tidegate_units::{ObjectKey, Owner};

use crate::{
    caller::Caller, dry_run::Changes, etag::provided, problem::Problem, terminate::terminate,
};

/// Carries out what the last part of the address says.
pub(crate) async fn act(
    Changes(api): Changes,
    Path((namespace, name, action)): Path<(String, String, String)>,
    headers: HeaderMap,
    caller: Caller,
) -> Result<Response, Problem> {
    let key = ObjectKey::new(&namespace, &name);
    let api = provided(api, &headers, Kind::Experiment, &key)?;
    let owner = Owner::experiment(&key);
    terminate(&api, owner, &action, "an experiment", &caller).await
}
