//! Views of experiments, after the last finished tick.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};
use tidegate_analysis::{RunSpec, RunStatus, ShadowSettings};
use tidegate_experiment::{ExperimentSpec, ExperimentStatus, Report};
use tidegate_ports::ReplicaSeen;
use tidegate_units::{ObjectKey, RevisionHash, Timestamp};

use crate::{
    Kind, ResourceView, ServiceAddress, TrafficView,
    experiment_entry::{ExperimentEntry, MadeService},
    routes,
    shared::Snapshot,
    show::{declared, status},
};

/// All that is known of an experiment at one moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ExperimentView {
    /// Where it is found.
    pub key: ObjectKey,
    /// When this was so.
    pub at: Timestamp,
    /// When it was first applied.
    pub created_at: Timestamp,
    /// Whether it is being deleted.
    pub deleting: bool,
    /// What is wanted.
    pub spec: ExperimentSpec,
    /// The images of each template, by its name.
    pub images: BTreeMap<String, Vec<String>>,
    /// Where it is and what it waits for.
    pub report: Report,
    /// As it is stored.
    pub status: ExperimentStatus,
    /// The last seconds of traffic of each template.
    pub traffic: BTreeMap<RevisionHash, TrafficView>,
    /// Its analysis runs, by name.
    pub runs: Vec<ExperimentRunView>,
    /// Its replicas.
    pub replicas: Vec<ReplicaSeen>,
    /// The Services before it, and where they listen.
    pub services: Vec<ServiceAddress>,
    /// Rules of safety that the last plan broke, so that it was not carried out. Always empty, but
    /// for a defect of Tidegate.
    pub violations: Vec<String>,
}

/// An analysis run of an experiment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ExperimentRunView {
    /// What is measured.
    pub spec: RunSpec,
    /// What came of it.
    pub status: RunStatus,
}

impl Snapshot {
    pub(crate) fn experiments(
        &self,
        namespace: Option<&str>,
        now: Timestamp,
    ) -> Vec<ExperimentView> {
        let keys = self.world.experiments.keys();
        let wanted = keys.filter(|key| namespace.is_none_or(|name| *key.namespace == *name));
        wanted.filter_map(|key| self.experiment(key, now)).collect()
    }

    pub(crate) fn experiment(&self, key: &ObjectKey, now: Timestamp) -> Option<ExperimentView> {
        let entry = self.world.experiments.get(key)?;
        let spec = &entry.declared.value.spec;
        let images = spec.templates.iter().filter_map(|template| {
            let pod = entry.pods.get(&template.revision)?;
            let images = pod.containers.iter().map(|one| one.image.clone()).collect();
            Some((template.name.clone(), images))
        });
        Some(ExperimentView {
            key: key.clone(),
            at: now,
            created_at: entry.declared.created_at,
            deleting: entry.deleting,
            spec: spec.clone(),
            images: images.collect(),
            report: entry.latest.report.clone(),
            status: entry.status.clone(),
            traffic: self.traffic(&entry.owner(), now, &ShadowSettings::default()),
            runs: runs(entry),
            replicas: self.sight.of(&entry.owner()).to_vec(),
            services: self.services_of_experiment(entry),
            violations: entry.latest.violations.clone(),
        })
    }

    fn services_of_experiment(&self, entry: &ExperimentEntry) -> Vec<ServiceAddress> {
        let made = self.world.made_services().into_values();
        let own = made.filter(|made| made.entry.key() == entry.key());
        let own = own.map(|made| made.service.key);
        let applied = self.world.services.values().map(|one| &one.value);
        let selecting = applied
            .filter(|service| !self.index.selection().behind().contains_key(&service.key))
            .filter(|service| {
                routes::experiment_behind(&self.world, service)
                    .is_some_and(|(behind, _)| behind.key() == entry.key())
            });
        own.chain(selecting.map(|service| service.key.clone()))
            .flat_map(|key| self.addresses(&key))
            .collect()
    }

    /// A Service that was made for a template, in the shape of one that was applied.
    pub(crate) fn made_service(&self, made: &MadeService<'_>) -> ResourceView {
        let ports = made.service.ports.iter().map(|port| {
            serde_json::json!({
                "name": port.name, "port": port.port, "targetPort": port.port, "protocol": "TCP",
            })
        });
        let key = &made.service.key;
        ResourceView {
            manifest: serde_json::json!({
                "apiVersion": "v1",
                "kind": Kind::Service.as_str(),
                "metadata": {
                    "name": key.name,
                    "namespace": key.namespace,
                    "annotations": {
                        "experiment.argoproj.io/name": made.entry.key().name,
                        "experiment.argoproj.io/template-name": made.template.name,
                    },
                },
                "spec": {
                    "selector": made.service.selector,
                    "ports": ports.collect::<Vec<_>>(),
                },
            }),
            status: Some(status(&self.addresses(key))),
            ..declared(Kind::Service, key, &made.entry.declared)
        }
    }
}

fn runs(entry: &ExperimentEntry) -> Vec<ExperimentRunView> {
    let view = |run: &Arc<crate::world::Run>| ExperimentRunView {
        spec: RunSpec::clone(&run.spec),
        status: run.status.clone(),
    };
    entry.runs.values().map(view).collect()
}

pub(crate) fn experiment_resource(entry: &ExperimentEntry) -> ResourceView {
    ResourceView {
        status: Some(status(&entry.status)),
        ..declared(Kind::Experiment, entry.key(), &entry.declared)
    }
}
