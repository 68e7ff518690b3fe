//! What has to be so at a provider before it is asked, as verifiers tell providers.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tidegate_contract::State;
use tidegate_http_client::Url;

use crate::ask::Asking;

/// Whether a state begins or ends.
#[derive(Clone, Copy)]
pub(crate) enum Action {
    Setup,
    Teardown,
}

/// Tells a provider of a state; what it answers are values for the request.
pub(crate) async fn change(
    asking: &Asking,
    url: &Url,
    consumer: &str,
    state: &State,
    action: Action,
) -> Result<BTreeMap<String, Value>, String> {
    let action = match action {
        Action::Setup => "setup",
        Action::Teardown => "teardown",
    };
    let body = json!({
        "consumer": consumer,
        "state": state.name,
        "params": state.params,
        "action": action,
    });
    let reply = asking.post(url, &body).await?;
    if !reply.status.is_success() {
        let refusal = reply.refusal();
        return Err(format!("the {action} of the state {:?} failed: {refusal}", state.name));
    }
    match serde_json::from_slice(&reply.body) {
        Ok(Value::Object(told)) => Ok(told.into_iter().collect()),
        _ => Ok(BTreeMap::new()),
    }
}
