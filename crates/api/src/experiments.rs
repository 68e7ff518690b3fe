//! What people ask of an experiment.

use axum::{
    Json,
    extract::{Path, State},
    http::HeaderMap,
    response::Response,
};
use tidegate_controller::{ExperimentView, Kind, Refused};
use tidegate_units::{ObjectKey, Owner};

use crate::{problem::Problem, routes::Api, terminate::terminate};

/// All that is known of an experiment now.
pub(crate) async fn view(
    State(api): State<Api>,
    Path((namespace, name)): Path<(String, String)>,
) -> Result<Json<ExperimentView>, Problem> {
    let key = ObjectKey::new(&namespace, &name);
    let missing = || Refused::NotFound { kind: Kind::Experiment, key: key.clone() };
    api.control.experiment(&key).map(Json).ok_or_else(|| missing().into())
}

/// Carries out what the last part of the address says.
pub(crate) async fn act(
    State(api): State<Api>,
    Path((namespace, name, action)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let owner = Owner::experiment(&ObjectKey::new(&namespace, &name));
    terminate(&api, owner, &action, "an experiment", &headers).await
}
