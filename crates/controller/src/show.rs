//! Views of the last finished tick.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde::Serialize;
use tidegate_analysis::{RunSpec, ShadowSettings};
use tidegate_rollout::{RolloutResource, Step};
use tidegate_traffic::{Reach, RevisionTally, Tally};
use tidegate_units::{ObjectKey, Owner, RevisionHash, Timestamp};

use crate::{
    ComparisonView, HistoryItem, Kind, MirroredView, ResourceView, RolloutView, RunView,
    ServiceAddress, TrafficView,
    experiment_show::experiment_resource,
    routes::reach,
    shared::Snapshot,
    shared_map::SharedMap,
    stage::redacted,
    world::{Declared, RolloutEntry, Run},
};

/// Rates are shown over this many whole seconds: long enough to be calm, short enough to be live.
pub(crate) const RATE_SECONDS: u32 = 5;

impl Snapshot {
    pub(crate) fn resource(&self, kind: Kind, key: &ObjectKey) -> Option<ResourceView> {
        let world = &self.world;
        match kind {
            Kind::Rollout => world.rollouts.get(key).map(rollout_resource),
            Kind::Experiment => world.experiments.get(key).map(|one| experiment_resource(one)),
            Kind::AnalysisRun => {
                world.analysis_runs.get(key).map(|one| declared(kind, key, &one.declared))
            }
            Kind::AnalysisTemplate => world.templates.get(key).map(|one| declared(kind, key, one)),
            Kind::ClusterAnalysisTemplate => {
                world.cluster_templates.get(key).map(|one| declared(kind, key, one))
            }
            Kind::Deployment => world.deployments.get(key).map(|one| declared(kind, key, one)),
            Kind::Service => self.service(key),
            Kind::ConfigMap => world.config_maps.get(key).map(|one| declared(kind, key, one)),
            Kind::Secret => world.secrets.get(key).map(|one| declared(kind, key, one)),
        }
    }

    pub(crate) fn resources(&self, kind: Kind, namespace: Option<&str>) -> Vec<ResourceView> {
        fn keys<T: Clone>(map: &SharedMap<ObjectKey, T>) -> Vec<&ObjectKey> {
            map.keys().collect()
        }
        let made = self.world.made_services();
        let keys = match kind {
            Kind::Rollout => keys(&self.world.rollouts),
            Kind::AnalysisRun => keys(&self.world.analysis_runs),
            Kind::AnalysisTemplate => keys(&self.world.templates),
            Kind::ClusterAnalysisTemplate => keys(&self.world.cluster_templates),
            Kind::Experiment => keys(&self.world.experiments),
            Kind::Service => {
                let all: BTreeSet<_> = self.world.services.keys().chain(made.keys()).collect();
                all.into_iter().collect()
            }
            Kind::Deployment => keys(&self.world.deployments),
            Kind::ConfigMap => keys(&self.world.config_maps),
            Kind::Secret => keys(&self.world.secrets),
        };
        let wanted = |key: &&ObjectKey| {
            kind.is_cluster() || namespace.is_none_or(|name| *key.namespace == *name)
        };
        keys.into_iter().filter(wanted).filter_map(|key| self.resource(kind, key)).collect()
    }

    fn service(&self, key: &ObjectKey) -> Option<ResourceView> {
        let Some(one) = self.world.services.get(key) else {
            return self.world.made_services().get(key).map(|made| self.made_service(made));
        };
        Some(ResourceView {
            status: Some(status(&self.addresses(key))),
            ..declared(Kind::Service, key, one)
        })
    }

    pub(crate) fn rollouts(&self, namespace: Option<&str>, now: Timestamp) -> Vec<RolloutView> {
        let keys = self.world.rollouts.keys();
        let wanted = keys.filter(|key| namespace.is_none_or(|name| *key.namespace == *name));
        wanted.filter_map(|key| self.rollout(key, now)).collect()
    }

    pub(crate) fn rollout(&self, key: &ObjectKey, now: Timestamp) -> Option<RolloutView> {
        let entry = self.world.rollouts.get(key)?;
        let declared = &entry.declared.value;
        Some(RolloutView {
            key: key.clone(),
            at: now,
            created_at: entry.declared.created_at,
            deleting: entry.deleting,
            replicas_wanted: declared.spec.replicas,
            images: RolloutEntry::images(&declared.template),
            report: entry.latest.report.clone(),
            status: entry.status.clone(),
            traffic: self.traffic(&entry.owner(), now, &shadow_settings(declared)),
            router_answers: self.sight.router_answers,
            runs: runs(entry),
            replicas: self.sight.of(&entry.owner()).to_vec(),
            services: self.services_of(entry),
            carries: declared.carries.clone(),
            ping_pong: declared.ping_pong.is_some(),
            max_weight: declared.spec.canary().max_weight,
            revision_images: entry
                .revisions
                .iter()
                .map(|(hash, one)| (hash.clone(), RolloutEntry::images(&one.template)))
                .collect(),
            violations: entry.latest.violations.clone(),
        })
    }

    pub(crate) fn history(&self, key: &ObjectKey) -> Option<Vec<HistoryItem>> {
        let entry = self.world.rollouts.get(key)?;
        let status = &entry.status;
        let mut items: Vec<_> = status
            .revisions
            .iter()
            .filter_map(|(hash, record)| {
                let template = entry.revisions.get(hash)?;
                Some(HistoryItem {
                    number: record.number,
                    revision: hash.clone(),
                    created_at: record.created_at,
                    images: RolloutEntry::images(&template.template),
                    stable: status.stable.as_ref() == Some(hash),
                    current: status.current.as_ref() == Some(hash),
                    template: template.manifest.value(),
                })
            })
            .collect();
        items.sort_by_key(|item| std::cmp::Reverse(item.number));
        Some(items)
    }

    pub(crate) fn traffic(
        &self,
        owner: &Owner,
        now: Timestamp,
        shadows: &ShadowSettings,
    ) -> BTreeMap<RevisionHash, TrafficView> {
        let reading = self.sight.traffic.as_ref();
        let revisions = reading.and_then(|reading| reading.revisions.get(owner));
        revisions
            .into_iter()
            .flatten()
            .map(|(hash, tally)| (hash.clone(), rates(tally, now, shadows)))
            .collect()
    }

    fn services_of(&self, entry: &RolloutEntry) -> Vec<ServiceAddress> {
        let services = self.index.selection().services_of(entry.key());
        services.flat_map(|service| self.addresses(service)).collect()
    }

    pub(crate) fn addresses(&self, service: &ObjectKey) -> Vec<ServiceAddress> {
        let slots = self.world.addresses.from(&(service.clone(), 0));
        slots
            .take_while(|((key, _), _)| key == service)
            .map(|((key, port), address)| ServiceAddress {
                service: key.clone(),
                port: *port,
                address: *address,
                reach: self.reach(key),
                note: self.refused.get(key).cloned().or_else(|| {
                    (address.port() != *port && self.default_listen(key)).then(|| {
                        format!(
                            "port {port} belongs to another Service; choose an address with the \
                             annotation tidegate.dev/listen"
                        )
                    })
                }),
            })
            .collect()
    }

    fn reach(&self, service: &ObjectKey) -> Option<Reach> {
        let declared = self.world.services.get(service)?;
        let rollout = self.world.rollouts.get(self.index.selection().behind().get(service)?)?;
        reach(rollout, &declared.value)
    }

    fn default_listen(&self, service: &ObjectKey) -> bool {
        self.world.services.get(service).is_some_and(|one| one.value.listen.is_none())
    }
}

fn runs(entry: &RolloutEntry) -> Vec<RunView> {
    let mut runs: Vec<_> = entry.runs.values().map(Arc::clone).collect();
    runs.sort_by_key(|run| std::cmp::Reverse(run.created_at));
    let view = |run: &Arc<Run>| {
        let (spec, status) = (RunSpec::clone(&run.spec), run.status.clone());
        Some(RunView { kind: run.kind?, spec, status })
    };
    runs.iter().filter_map(view).collect()
}

fn rollout_resource(entry: &Arc<RolloutEntry>) -> ResourceView {
    ResourceView {
        status: Some(status(&entry.status)),
        ..declared(Kind::Rollout, entry.key(), &entry.declared)
    }
}

pub(crate) fn declared<T>(kind: Kind, key: &ObjectKey, one: &Declared<T>) -> ResourceView {
    ResourceView {
        kind,
        key: key.clone(),
        manifest: redacted(kind, one.manifest.value()),
        status: None,
        created_at: one.created_at,
        changed_at: one.changed_at,
    }
}

pub(crate) fn status(content: &impl Serialize) -> serde_json::Value {
    serde_json::to_value(content).unwrap_or_default()
}

/// How a comparison is judged where it is shown: by as many requests as its step asks for.
fn shadow_settings(declared: &RolloutResource) -> ShadowSettings {
    let mut steps = declared.spec.canary().steps.iter().rev();
    let least = steps.find_map(Step::shadow).map(|shadow| shadow.least);
    let usual = ShadowSettings::default();
    ShadowSettings { least: least.unwrap_or(usual.least), ..usual }
}

/// The rates of the last whole seconds before `now`.
fn rates(tally: &RevisionTally, now: Timestamp, shadows: &ShadowSettings) -> TrafficView {
    let from = now.as_millis() - i64::from(RATE_SECONDS + 1) * 1000;
    let mut sum = Tally::default();
    for (second, part) in &tally.seconds {
        if second.as_millis() >= from && second.as_millis() + 1000 <= now.as_millis() {
            sum.add(part);
        }
    }
    let millis = |p: f64| sum.latency.quantile(p).map(|micros| micros / 1000.0);
    #[expect(clippy::cast_precision_loss, reason = "counts of five seconds")]
    let (judged, errors) = (sum.judged() as f64, sum.errors() as f64);
    TrafficView {
        window_s: RATE_SECONDS,
        request_rate: judged / f64::from(RATE_SECONDS),
        error_rate: (judged > 0.0).then(|| errors / judged),
        p50_ms: millis(0.5),
        p95_ms: millis(0.95),
        p99_ms: millis(0.99),
        requests: tally.total.judged(),
        errors: tally.total.errors(),
        first_error: tally.first_error,
        mirrored: MirroredView {
            copies: tally.mirrored.total.requests,
            errors: tally.mirrored.total.errors(),
            dropped: tally.mirrored.dropped,
        },
        compared: tally
            .compared
            .as_ref()
            .map(|compared| Box::new(ComparisonView::new(compared, shadows))),
    }
}
