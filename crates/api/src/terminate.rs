//! What people ask of runs that are declared by themselves: to end early.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use tidegate_units::Owner;

use crate::{
    caller::Caller,
    problem::{Problem, ProblemKind},
    routes::Api,
};

/// Carries out `action` on what `owner` names, where it is `terminate`, all that there is. `what`
/// says it with its article.
pub(crate) async fn terminate(
    api: &Api,
    owner: Owner,
    action: &str,
    what: &str,
    caller: &Caller,
) -> Result<Response, Problem> {
    if action != "terminate" {
        let detail = format!("{what} cannot be asked to {action:?}");
        return Err(
            Problem::new(ProblemKind::NotFound, detail).with_hint("it can be asked to terminate")
        );
    }
    api.control.terminate(owner, caller.actor()).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
