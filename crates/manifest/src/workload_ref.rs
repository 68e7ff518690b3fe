//! `spec.workloadRef` of a Rollout: its pod template is that of a Deployment.
//!
//! Where that is in the same file, the template and the selector are put in the place of the
//! reference before the Rollout is read, so that a problem in the template is told where it stands:
//! in the Deployment. Otherwise the Rollout is read with no template, and whoever has the Deployment
//! puts the two together by `with_workload`.

use std::sync::Arc;

use crate::{
    fields::rollout::WORKLOAD_REF,
    names::SUBDOMAIN,
    node::{Content, Entry, Node},
    report::Complaint,
    suggest::nearest,
    walk::Spot,
};

/// The Deployments of a file, and which of them its Rollouts refer to.
#[derive(Default)]
pub(crate) struct Workloads<'a> {
    deployments: Vec<&'a Node>,
    rollouts: Vec<&'a Node>,
}

impl<'a> Workloads<'a> {
    /// Finds them among the documents of a file, and in its Lists.
    pub(crate) fn of(roots: &'a [Node]) -> Self {
        let mut found = Self::default();
        for root in roots {
            found.take(root);
        }
        found
    }

    fn take(&mut self, node: &'a Node) {
        match (text(node, &["apiVersion"]), text(node, &["kind"])) {
            (Some("apps/v1"), Some("Deployment")) => self.deployments.push(node),
            (Some("argoproj.io/v1alpha1"), Some("Rollout")) => self.rollouts.push(node),
            _ => {}
        }
        if let Some(Content::List(items)) = node.get("items").map(|items| &items.content) {
            // A List in a List is refused, so that one level is all that there is.
            items
                .iter()
                .filter(|item| item.get("items").is_none())
                .for_each(|item| self.take(item));
        }
    }

    /// Whether a Rollout of the file runs the template of this Deployment.
    pub(crate) fn refers_to(&self, deployment: &Node) -> bool {
        self.deployments.iter().any(|known| std::ptr::eq(*known, deployment))
            && self.rollouts.iter().any(|rollout| {
                let name = text(rollout, &["spec", "workloadRef", "name"]);
                name.is_some()
                    && name == text(deployment, &["metadata", "name"])
                    && namespace(rollout) == namespace(deployment)
            })
    }

    /// A Rollout with the template and the selector of the Deployment that it refers to in place of
    /// the reference. None: it refers to none, or to what is none and was reported.
    pub(crate) fn resolve(&self, rollout: &Spot<'_>) -> Option<Node> {
        let spec = rollout.entries()?.into_iter().find(|(key, _)| *key == "spec")?.1;
        let reference = spec.entries()?.into_iter().find(|(key, _)| *key == "workloadRef")?.1;
        let name = read(&reference)?;
        let template = spec.node.get("template").filter(|template| !is_empty(template));
        if template.is_some() {
            let complaint = Complaint::new("workloadRef together with template");
            reference.complain(complaint.hint("the template is the Deployment's; leave one out"));
            return None;
        }
        let beside =
            self.deployments.iter().filter(|one| namespace(one) == namespace(rollout.node));
        let names: Vec<_> =
            beside.clone().filter_map(|one| text(one, &["metadata", "name"])).collect();
        let mut beside = beside;
        let Some(deployment) = beside.find(|one| text(one, &["metadata", "name"]) == Some(&*name))
        else {
            let near = nearest(&name, names).map(|near| format!("; {near:?} is near"));
            reference.note(format!(
                "the pod template is that of the Deployment {name:?}, which is not in this file{}",
                near.unwrap_or_default()
            ));
            return None;
        };
        Some(with_template(rollout.node, deployment))
    }
}

/// The name of the Deployment.
fn read(reference: &Spot<'_>) -> Option<String> {
    let fields = reference.fields(&WORKLOAD_REF)?;
    let version = fields.need("apiVersion").and_then(|spot| spot.word(&[("apps/v1", ())]));
    let kind = fields.need("kind").and_then(|spot| spot.word(&[("Deployment", ())]));
    let words = [("never", ()), ("onsuccess", ()), ("progressively", ())];
    if let Some(spot) = fields.get("scaleDown") {
        spot.word(&words);
    }
    let name = fields.need("name").and_then(|spot| SUBDOMAIN.read(spot));
    version.and(kind).and(name)
}

fn with_template(rollout: &Node, deployment: &Node) -> Node {
    let mut rollout = rollout.clone();
    let spec = entries(&mut rollout).and_then(|entries| {
        entries.iter_mut().find(|entry| &*entry.key == "spec").map(|entry| &mut entry.value)
    });
    let Some(spec) = spec.and_then(entries) else { return rollout };
    spec.retain(|entry| {
        let empty = &*entry.key == "template" || is_empty(&entry.value);
        &*entry.key != "workloadRef" && !(empty && matches!(&*entry.key, "template" | "selector"))
    });
    for field in ["template", "selector"] {
        let own = deployment.get("spec").and_then(|spec| spec.get(field));
        if let Some(value) = own.filter(|_| spec.iter().all(|entry| &*entry.key != field)) {
            let key: Arc<str> = Arc::from(field);
            spec.push(Entry { key, key_place: value.place, value: value.clone() });
        }
    }
    rollout
}

fn entries(node: &mut Node) -> Option<&mut Vec<Entry>> {
    match &mut node.content {
        Content::Map(entries) => Some(entries),
        _ => None,
    }
}

fn is_empty(node: &Node) -> bool {
    match &node.content {
        Content::Null => true,
        Content::Map(entries) => entries.is_empty(),
        _ => false,
    }
}

fn namespace(node: &Node) -> &str {
    text(node, &["metadata", "namespace"]).unwrap_or("default")
}

fn text<'n>(node: &'n Node, path: &[&str]) -> Option<&'n str> {
    path.iter().try_fold(node, |node, field| node.get(field))?.as_text()
}
