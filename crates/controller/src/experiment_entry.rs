use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use tidegate_experiment::{ExperimentResource, ExperimentStatus, Report, Template};
use tidegate_traffic::{Service, ServicePort, Target};
use tidegate_units::{ObjectKey, Owner, RevisionHash, Timestamp};
use tidegate_workload::PodTemplate;

use crate::{
    runs::Runs,
    world::{Declared, World},
};

/// The label by which the Service of a template selects its replicas alone, as in Argo Rollouts.
const HASH_LABEL: &str = "rollouts-pod-template-hash";

/// An experiment with all that belongs to it.
#[derive(Clone)]
pub(crate) struct ExperimentEntry {
    pub(crate) declared: Arc<Declared<ExperimentResource>>,
    pub(crate) deleting: bool,
    pub(crate) status: ExperimentStatus,
    /// What its templates run. Not stored: it follows from what is declared.
    pub(crate) pods: BTreeMap<RevisionHash, Arc<PodTemplate>>,
    pub(crate) runs: Runs,
    pub(crate) latest: LatestExperiment,
}

/// What follows from the last plan. Not stored: the first plan after a start makes it anew.
#[derive(Clone, Default)]
pub(crate) struct LatestExperiment {
    pub(crate) report: Report,
    pub(crate) wake_at: Option<Timestamp>,
    /// Rules of safety that the last plan broke; it was not carried out.
    pub(crate) violations: Vec<String>,
}

impl ExperimentEntry {
    pub(crate) fn new(
        declared: Arc<Declared<ExperimentResource>>,
        status: ExperimentStatus,
    ) -> Self {
        let pods = pods(&declared.value);
        Self {
            declared,
            deleting: false,
            status,
            pods,
            runs: Runs::new(),
            latest: LatestExperiment::default(),
        }
    }

    /// Follows what is declared from now on.
    pub(crate) fn declare(&mut self, declared: Arc<Declared<ExperimentResource>>) {
        self.pods = pods(&declared.value);
        self.declared = declared;
    }

    pub(crate) fn key(&self) -> &ObjectKey {
        &self.declared.value.key
    }

    pub(crate) fn owner(&self) -> Owner {
        Owner::experiment(self.key())
    }

    /// The rollout whose step made it.
    pub(crate) fn rollout(&self) -> Option<Owner> {
        let made_by = self.declared.value.made_by.as_ref()?;
        Some(Owner::rollout(&self.key().sibling(&made_by.rollout)))
    }

    pub(crate) fn newest(&self) -> Timestamp {
        let status = &self.status;
        let runs = self.runs.values().filter_map(|run| run.newest());
        let records = status.templates.values().map(|record| record.changed_at);
        let rest = [status.available_at, status.finished_at, Some(self.declared.changed_at)];
        runs.chain(records).chain(rest.into_iter().flatten()).max().unwrap_or_default()
    }

    /// The templates that have replicas, or are to have some.
    pub(crate) fn serving(&self) -> impl Iterator<Item = &Template> {
        let templates = self.declared.value.spec.templates.iter().filter(|_| !self.deleting);
        templates.filter(|one| self.status.templates.get(&one.name).is_some_and(|it| it.wanted > 0))
    }

    /// The labels of a template's replicas.
    pub(crate) fn labels(&self, template: &Template) -> Option<&BTreeMap<String, String>> {
        self.pods.get(&template.revision).map(|pod| &pod.meta.labels)
    }

    /// The Services that are made for its templates: each while its template has replicas.
    fn services(&self) -> impl Iterator<Item = (Service, &Template)> {
        self.serving().filter_map(|template| {
            let name = template.service.as_ref()?;
            let pod = self.pods.get(&template.revision)?;
            let ports = ports(pod);
            let service = Service {
                key: self.key().sibling(name),
                selector: BTreeMap::from([(HASH_LABEL.to_owned(), template.revision.to_string())]),
                ports,
                listen: None,
                sticky: None,
                region: None,
            };
            (!service.ports.is_empty()).then_some((service, template))
        })
    }
}

/// A Service that was made for a template of an experiment.
pub(crate) struct MadeService<'a> {
    pub(crate) service: Service,
    pub(crate) entry: &'a ExperimentEntry,
    pub(crate) template: &'a Template,
}

impl World {
    /// The Services that are made for experiments, none of them under the name of one that was
    /// applied or that another experiment, earlier by key, has made.
    pub(crate) fn made_services(&self) -> BTreeMap<ObjectKey, MadeService<'_>> {
        let mut made = BTreeMap::new();
        for entry in self.experiments.values() {
            for (service, template) in entry.services() {
                if !self.services.contains_key(&service.key) {
                    let key = service.key.clone();
                    made.entry(key).or_insert(MadeService { service, entry, template });
                }
            }
        }
        made
    }

    /// Why a template cannot be served under the name that its Service is to have, by template.
    pub(crate) fn refused_services(&self, entry: &ExperimentEntry) -> BTreeMap<String, String> {
        let made = self.made_services();
        let templates = entry.declared.value.spec.templates.iter();
        let named = templates.filter_map(|one| Some((one, one.service.as_ref()?)));
        let mut own = BTreeSet::new();
        let mut refused = BTreeMap::new();
        for (template, name) in named {
            let key = entry.key().sibling(name);
            let others = made.get(&key).is_some_and(|made| made.entry.key() != entry.key());
            if self.services.contains_key(&key) || others || !own.insert(key.clone()) {
                let why = format!(
                    "Failed to create Service {name} for template '{}': Service {key} is there \
                     already; give the template's service another name",
                    template.name
                );
                refused.insert(template.name.clone(), why);
            }
        }
        refused
    }
}

fn pods(resource: &ExperimentResource) -> BTreeMap<RevisionHash, Arc<PodTemplate>> {
    let templates = resource.spec.templates.iter();
    let pods = templates.filter_map(|template| {
        let declared = resource.templates.get(&template.name)?;
        Some((template.revision.clone(), Arc::new(declared.template.clone())))
    });
    pods.collect()
}

/// A port of the Service for each port of the containers, as Argo Rollouts makes them.
fn ports(pod: &PodTemplate) -> Vec<ServicePort> {
    let mut seen = BTreeSet::new();
    let ports = pod.containers.iter().flat_map(|container| &container.ports);
    ports
        .filter(|port| seen.insert(port.number))
        .map(|port| ServicePort {
            name: port.name.clone(),
            port: port.number,
            node_port: None,
            target: Target::Number(port.number),
        })
        .collect()
}
