//! What would become of a change, without any of it happening: `?dryRun=All`, as Kubernetes calls it.
//!
//! Everything is looked at as for the change itself: the right to it, whose change it lets through, its confirmation, `If-Match`
//! and whether it makes sense. The handler then asks a control plane that only rehearses.

use std::sync::Arc;

use axum::{
    Json,
    extract::{FromRef as _, FromRequestParts},
    http::{Method, Uri, request::Parts},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use tidegate_controller::{ControlPlane, Rehearsal};
use tidegate_ledger::{Actor, Draft, Subject};

use crate::{
    problem::{Problem, ProblemKind},
    read, repeats,
    routes::Api,
};

/// Whether to do it, in words of its own or in those of Kubernetes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum DryRun {
    /// It is done.
    #[default]
    False,
    /// It is not.
    True,
    /// The same.
    #[serde(rename = "All")]
    All,
}

impl DryRun {
    pub(crate) fn is_asked(self) -> bool {
        self != Self::False
    }
}

#[derive(Deserialize)]
struct Asked {
    #[serde(default, rename = "dryRun")]
    dry_run: DryRun,
}

/// What would become of a change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Foreseen {
    /// That nothing was done: `All`.
    #[schema(example = "All")]
    pub dry_run: String,
    /// What the ledger would be told, in its order: that it was asked for, and what the next plan comes to. Nothing where
    /// everything is so already.
    pub entries: Vec<ForeseenEntry>,
}

/// An entry that the ledger would get.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ForeseenEntry {
    /// Who decides.
    pub actor: Actor,
    /// About what.
    pub subject: Subject,
    /// What, in one word.
    #[schema(example = "Promoted")]
    pub what: String,
    /// The decision with its evidence.
    pub detail: serde_json::Value,
}

impl From<Draft> for ForeseenEntry {
    fn from(draft: Draft) -> Self {
        let Draft { actor, subject, what, detail, .. } = draft;
        Self { actor, subject, what, detail }
    }
}

/// A change that only rehearses. The door puts it into the request.
#[derive(Clone)]
pub(crate) struct Rehearsing {
    control: ControlPlane,
    rehearsal: Arc<Rehearsal>,
}

/// Addresses whose changes cannot be rehearsed: what they do is not of the world of rollouts.
const NEVER: [&str; 3] = ["/v1/session", "/v1/session/codes", "/v1/notifications/trials"];

/// Whether the changes of an address can be rehearsed. An apply works out by itself what it would come to, and a forge
/// tells what was done already.
pub(crate) fn is_possible(path: &str) -> bool {
    !NEVER.contains(&path) && path != "/v1/apply" && !path.starts_with("/v1/webhooks/")
}

/// The rehearsal that a request asks for, if it does. What an apply would come to is worked out by itself.
pub(crate) fn asked(api: &Api, method: &Method, uri: &Uri) -> Result<Option<Rehearsing>, Problem> {
    let path = uri.path();
    if !repeats::changes(method, path) {
        return Ok(None);
    }
    let Asked { dry_run } = read::query(uri)?;
    if !dry_run.is_asked() || path == "/v1/apply" {
        return Ok(None);
    }
    if !is_possible(path) {
        let detail = format!("there is no dry run of {method} {path}: nothing was done");
        return Err(Problem::new(ProblemKind::BadRequest, detail)
            .with_hint("leave `dryRun` out to have it done"));
    }
    let (control, rehearsal) = api.control.rehearsing();
    Ok(Some(Rehearsing { control, rehearsal }))
}

impl Rehearsing {
    /// What would have happened, in place of the answer that it was done.
    pub(crate) fn told(&self, answer: Response) -> Response {
        if !answer.status().is_success() {
            return answer;
        }
        let entries = self.rehearsal.entries().into_iter().map(ForeseenEntry::from).collect();
        Json(Foreseen { dry_run: "All".to_owned(), entries }).into_response()
    }
}

/// What a handler changes: the server, or the rehearsal that was asked for.
pub(crate) struct Changes(pub(crate) Api);

impl FromRequestParts<Api> for Changes {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let api = Api::from_ref(api);
        Ok(Self(match parts.extensions.get::<Rehearsing>() {
            Some(rehearsing) => Api { control: rehearsing.control.clone(), ..api },
            None => api,
        }))
    }
}
