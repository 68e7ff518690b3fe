//! Rollouts whose pod template is that of a Deployment: made whole wherever one of the two comes in,
//! so that it does not matter which comes first.

use serde_json::{Value, json};
use tidegate_controller::{Kind, Resource};
use tidegate_manifest::{resource_of, with_workload, workload_of};
use tidegate_units::ObjectKey;

use crate::{problem::Problem, routes::Api};

/// What the ledger says of a Rollout that nobody named: the Deployment that it follows changed.
pub(crate) const WORKLOAD_APPLIED: &str = "WorkloadApplied";

/// Resources, each with its manifest.
pub(crate) type Wanted = Vec<(Resource, Value)>;

/// The resources with their templates, and after them the Rollouts that are there already and take
/// their template from a Deployment among them.
pub(crate) fn complete(api: &Api, wanted: Wanted) -> Result<Wanted, Problem> {
    let mut whole = Vec::with_capacity(wanted.len());
    for (resource, manifest) in wanted {
        let resource = if is_open(&resource) { resolved(api, &manifest)? } else { resource };
        whole.push((resource, manifest));
    }
    let followers = followers(api, &whole)?;
    whole.extend(followers);
    Ok(whole)
}

/// Whether a Rollout has no template yet.
fn is_open(resource: &Resource) -> bool {
    matches!(resource, Resource::Rollout(rollout) if rollout.template.containers.is_empty())
}

/// A manifest's resource, its template that of the Deployment it refers to, if that is there. Where
/// it is not, a Rollout that had one keeps it, and another one waits.
pub(crate) fn resolved(api: &Api, manifest: &Value) -> Result<Resource, Problem> {
    let resource = resource_of(manifest)?;
    let Some(name) = workload_of(manifest).filter(|_| is_open(&resource)) else {
        return Ok(resource);
    };
    let key = resource.key();
    if let Some(deployment) = api.control.get(Kind::Deployment, &key.sibling(name)) {
        return Ok(resource_of(&with_workload(manifest, &deployment.manifest))?);
    }
    let history = api.control.history(key).unwrap_or_default();
    match history.iter().find(|item| item.current) {
        Some(item) => {
            let labels = item.template.pointer("/metadata/labels");
            let deployment = json!({"spec": {
                "template": item.template,
                "selector": {"matchLabels": labels},
            }});
            Ok(resource_of(&with_workload(manifest, &deployment))?)
        }
        None => Ok(resource),
    }
}

/// Rollouts that are there and take their template from one of these Deployments.
fn followers(api: &Api, wanted: &Wanted) -> Result<Wanted, Problem> {
    let mut found = Vec::new();
    let deployments = wanted.iter().filter(|(resource, _)| resource.kind() == Kind::Deployment);
    for (deployment, workload) in deployments {
        let key = deployment.key();
        for view in api.control.list(Kind::Rollout, Some(&key.namespace)) {
            let refers = workload_of(&view.manifest) == Some(&*key.name);
            let given = |key: &ObjectKey| {
                let mut all = wanted.iter().map(|(resource, _)| resource);
                all.any(|one| one.kind() == Kind::Rollout && one.key() == key)
            };
            if refers && !given(&view.key) {
                let resource = resource_of(&with_workload(&view.manifest, workload))?;
                found.push((resource, view.manifest));
            }
        }
    }
    Ok(found)
}

/// The manifest with the pod template of a Rollout, and the Rollout's own: its Deployment, or itself.
pub(crate) fn template_holder(api: &Api, key: &ObjectKey, rollout: &Value) -> Option<Value> {
    let deployment = key.sibling(workload_of(rollout)?);
    api.control.get(Kind::Deployment, &deployment).map(|view| view.manifest)
}
