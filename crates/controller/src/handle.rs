use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tidegate_analysis::Query;
use tidegate_ledger::{Actor, Entry, Head, Summary};
use tidegate_ports::{Batch, LogChunk, LogQuery, RuntimeError, StoreError, VerifyError};
use tidegate_rollout::{Command, Step};
use tidegate_traffic::RouteTable;
use tidegate_units::{Epoch, ObjectKey, Owner, ReplicaId};
use tokio::sync::{mpsc, oneshot, watch};

use crate::{
    AnalysisRunView, Ended, ExperimentView, Fleet, HistoryItem, Kind, Ports, Refused, Rehearsal,
    Resource, ResourceView, Restoration, RolloutView, behind,
    beyond::Recall,
    document,
    driver::Driver,
    index::Index,
    pace::Pace,
    request::Request,
    restore::{DocumentError, restore},
    run_start::of_plugin,
    shared::Shared,
    steady::SteadyClock,
    takeover::Takeover,
    version::Proviso,
};

/// The running control plane, as the API sees it. Cheap to clone; when the last one is dropped the
/// driver ends after its current tick.
#[derive(Clone)]
pub struct ControlPlane {
    requests: mpsc::Sender<Request>,
    pub(crate) shared: Arc<Shared>,
    ended: watch::Receiver<Option<Ended>>,
    ports: Ports,
    epoch: Epoch,
    /// What the next request is held to, if anything.
    pub(crate) proviso: Option<Arc<Proviso>>,
    /// Where requests go of which nothing is to happen.
    pub(crate) rehearsal: Option<Arc<Rehearsal>>,
}

/// Why a control plane does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What is stored cannot be read.
    #[error(transparent)]
    Document(#[from] DocumentError),
}

/// What an apply came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Applied {
    /// What it is.
    pub kind: Kind,
    /// Where it is found.
    pub key: ObjectKey,
    /// Whether it changed anything.
    pub outcome: Outcome,
}

/// Whether an apply changed anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It was not there.
    Created,
    /// It was there, and differed.
    Configured,
    /// It was there, and the same.
    Unchanged,
}

/// Requests that wait for the driver; more have to wait to be taken in.
const WAITING_REQUESTS: usize = 1_024;
/// Ledger entries in one answer.
const LEDGER_PAGE: usize = 10_000;

impl ControlPlane {
    /// Takes the lead, reads what is stored and starts the driver. Everything that runs is adopted
    /// as it is.
    pub async fn start(ports: Ports, pace: Pace) -> Result<Self, StartError> {
        let held = ports.router.held().await.inspect_err(|problem| {
            tracing::warn!(%problem, "the router did not tell which table it holds");
        });
        let held = held.ok().flatten();
        // What is read after it, nobody else changes any more.
        let epoch = ports.store.lead(least_epoch(&ports, held.as_ref())).await?;
        let texts = ports.store.load_texts().await?;
        let restored = Restoration::of(&texts)?;
        let mut world = restore(&texts)?;
        drop(texts);
        let clock = Arc::new(SteadyClock::new(Arc::clone(&ports.clock), world.newest()));
        let ports = Ports { clock: Arc::clone(&clock) as _, ..ports };
        let mut batch = Batch { writes: vec![document::put_epoch(epoch)], ..Batch::default() };
        let now = ports.clock.now();
        if restored.as_ref().is_some_and(|it| it.position.is_some()) {
            batch.writes.extend(Restoration::raise(&mut world, now));
        }
        let behind = behind::go_on(&mut world, restored.as_ref(), &*ports.runtime, now);
        let is_behind = restored.is_some() || !behind.overtaken.is_empty();
        batch.writes.extend(behind.batch.writes);
        batch.entries.extend(behind.batch.entries);
        ports.store.commit(epoch, batch).await?;
        let written = ports.store.head().await?;
        let mut index = Index::default();
        index.follow(&world);
        let shared = Arc::new(Shared::new(world.clone(), index.clone(), written));
        let (requests, inbox) = mpsc::channel(WAITING_REQUESTS);
        let recall = Recall::of(&world, restored.as_ref(), now);
        let mut driver = Driver::new(
            ports.clone(),
            (clock, pace),
            inbox,
            Arc::clone(&shared),
            (world, index),
            (epoch, written),
        );
        driver.takeover = Takeover::of(is_behind, now);
        driver.overtaken = behind.overtaken;
        driver.recall = recall;
        let (end, ended) = watch::channel(None);
        tokio::spawn(async move {
            if let Some(why) = driver.run().await {
                end.send_replace(Some(why));
            }
        });
        Ok(Self { requests, shared, ended, ports, epoch, proviso: None, rehearsal: None })
    }

    /// Returns when nothing more is done, ever: another control plane leads, or nothing can be
    /// written down any more. Whoever runs this one should end then.
    pub async fn ended(&self) -> Ended {
        let mut ended = self.ended.clone();
        let why = ended.wait_for(Option::is_some).await;
        why.ok().and_then(|why| why.clone()).unwrap_or(Ended::Defect)
    }

    /// Whether a resource can be carried out here at all, apart from what else there is.
    pub fn check(&self, resource: &Resource) -> Result<(), Refused> {
        let queries = queries(resource);
        let refused = queries.iter().find_map(|query| self.ports.metrics.refuses(query));
        match refused {
            Some(reason) => {
                let (kind, key) = (resource.kind(), resource.key());
                Err(Refused::Conflict { reason: format!("{kind} {key}: {reason}"), hint: None })
            }
            None => Ok(()),
        }
    }

    /// Makes a resource so. `intent` is the word in the ledger: `Applied`, `Undone`, `ImageSet`, `Restarted`.
    pub async fn apply(
        &self,
        resource: Resource,
        manifest: serde_json::Value,
        who: impl Into<Actor>,
        intent: &str,
    ) -> Result<Applied, Refused> {
        let (who, intent) = (who.into(), intent.to_owned());
        let resource = Box::new(resource);
        self.ask(|reply| Request::Apply { resource, manifest, who, intent, reply }).await
    }

    /// Takes a resource away. For a Rollout or an Experiment that means its replicas too, drained
    /// first; it is gone once they are.
    pub async fn delete(
        &self,
        kind: Kind,
        key: ObjectKey,
        who: impl Into<Actor>,
    ) -> Result<(), Refused> {
        let who = who.into();
        self.ask(|reply| Request::Delete { kind, key, who, reply }).await
    }

    /// Asks something of a rollout.
    pub async fn command(
        &self,
        key: ObjectKey,
        command: Command,
        who: impl Into<Actor>,
    ) -> Result<(), Refused> {
        let who = who.into();
        self.ask(|reply| Request::Command { key, command, who, reply }).await
    }

    /// Lets a rule of a decision no longer count for the wanted revision of a rollout.
    pub async fn override_rule(
        &self,
        key: ObjectKey,
        rule: &str,
        reason: &str,
        who: impl Into<Actor>,
    ) -> Result<(), Refused> {
        let (rule, reason, who) = (rule.to_owned(), reason.to_owned(), who.into());
        self.ask(|reply| Request::Override { key, rule, reason, who, reply }).await
    }

    /// Ends an experiment, or a run that was declared by itself, before its time.
    pub async fn terminate(&self, owner: Owner, who: impl Into<Actor>) -> Result<(), Refused> {
        let who = who.into();
        self.ask(|reply| Request::Terminate { owner, who, reply }).await
    }

    pub(crate) async fn ask<T>(
        &self,
        request: impl FnOnce(oneshot::Sender<Result<T, Refused>>) -> Request,
    ) -> Result<T, Refused> {
        let (reply, answer) = oneshot::channel();
        let ended = || Refused::Unavailable("the controller has ended".to_owned());
        let request = self.held_to_proviso(request(reply));
        match &self.rehearsal {
            Some(rehearsal) => rehearsal.take(request, self.ports.clock.now()),
            None => self.requests.send(request).await.map_err(|_| ended())?,
        }
        answer.await.map_err(|_| ended())?
    }

    /// One resource.
    pub fn get(&self, kind: Kind, key: &ObjectKey) -> Option<ResourceView> {
        self.shared.snapshot().resource(kind, key)
    }

    /// All resources of a kind, in one namespace or in all, by their keys.
    pub fn list(&self, kind: Kind, namespace: Option<&str>) -> Vec<ResourceView> {
        self.shared.snapshot().resources(kind, namespace)
    }

    /// A rollout with all that is known of it.
    pub fn rollout(&self, key: &ObjectKey) -> Option<RolloutView> {
        self.shared.snapshot().rollout(key, self.ports.clock.now())
    }

    /// All rollouts, in one namespace or in all.
    pub fn rollouts(&self, namespace: Option<&str>) -> Vec<RolloutView> {
        self.shared.snapshot().rollouts(namespace, self.ports.clock.now())
    }

    /// The keys of all rollouts.
    pub fn rollout_keys(&self) -> Vec<ObjectKey> {
        self.shared.snapshot().world.rollouts.keys().cloned().collect()
    }

    /// Whose a replica is that there is.
    pub fn owner_of(&self, replica: &ReplicaId) -> Option<Owner> {
        self.shared.snapshot().owner_of(replica)
    }

    /// An experiment with all that is known of it.
    pub fn experiment(&self, key: &ObjectKey) -> Option<ExperimentView> {
        self.shared.snapshot().experiment(key, self.ports.clock.now())
    }

    /// All experiments, in one namespace or in all.
    pub fn experiments(&self, namespace: Option<&str>) -> Vec<ExperimentView> {
        self.shared.snapshot().experiments(namespace, self.ports.clock.now())
    }

    /// A run that was declared by itself, with what came of it.
    pub fn analysis_run(&self, key: &ObjectKey) -> Option<AnalysisRunView> {
        self.shared.snapshot().analysis_run(key)
    }

    /// The revisions of a rollout, newest first.
    pub fn history(&self, key: &ObjectKey) -> Option<Vec<HistoryItem>> {
        self.shared.snapshot().history(key)
    }

    /// Changes whenever a view may have: look again then. While anybody holds one of these, the
    /// router is asked more often, so hold it only as long as somebody watches.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.shared.changes()
    }

    /// In which it leads: no other control plane of this store ever did or will.
    pub const fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// All rollouts in short, as they are now.
    pub fn fleet(&self) -> Fleet {
        Fleet::new(self.shared.snapshot(), self.ports.clock.now())
    }

    /// Changes whenever a rollout or the ledger did. Unlike [`Self::changes`] it asks nothing more of
    /// anybody, so that whoever likes may hold it for ever; rates alone do not change it.
    pub fn fleet_changes(&self) -> watch::Receiver<u64> {
        self.shared.published()
    }

    /// What a replica wrote.
    pub async fn logs(&self, query: LogQuery) -> Result<LogChunk, Refused> {
        self.ports.runtime.logs(query).await.map_err(|problem| match problem {
            RuntimeError::Unknown(replica) => Refused::NoReplica(replica),
            other => Refused::Unavailable(other.to_string()),
        })
    }

    /// Ledger entries after a sequence number, oldest first, at most `limit` (and 10,000) of them.
    pub async fn ledger(&self, after: u64, limit: usize) -> Result<Vec<Entry>, Refused> {
        let page = self.ports.store.entries(after, limit.min(LEDGER_PAGE)).await;
        page.map_err(|problem| Refused::from(&problem))
    }

    /// Checks the whole ledger as it is kept, and that it reaches `expected` if that is given.
    pub async fn verify_ledger(&self, expected: Option<Head>) -> Result<Summary, VerifyError> {
        self.ports.store.verify(expected).await
    }
}

/// An epoch that is later than that of the table that the router holds, which a store may not know whose
/// disk lost what it had acknowledged.
fn least_epoch(ports: &Ports, held: Option<&RouteTable>) -> Epoch {
    let after = held.and_then(|table| Epoch::of(table.generation).next()).unwrap_or_default();
    Epoch::at(ports.clock.now()).max(after)
}

/// What a resource asks of the network and of programs.
fn queries(resource: &Resource) -> Vec<Query> {
    let metrics = match resource {
        Resource::AnalysisTemplate(template) | Resource::ClusterAnalysisTemplate(template) => {
            &template.metrics
        }
        Resource::AnalysisRun(run) => &run.template.metrics,
        Resource::Rollout(rollout) => {
            let parts = rollout.spec.canary().steps.iter().flat_map(Step::parts);
            let plugins = parts.filter_map(Step::analysis).filter_map(|it| it.plugin.as_ref());
            let resolved =
                plugins.flat_map(|plugin| of_plugin(plugin, serde_json::Value::Null).metrics);
            return resolved.filter_map(|metric| metric.provider.query().cloned()).collect();
        }
        _ => return Vec::new(),
    };
    metrics.iter().filter_map(|metric| metric.provider.query().cloned()).collect()
}
