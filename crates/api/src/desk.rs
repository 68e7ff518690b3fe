use std::collections::BTreeMap;

use async_trait::async_trait;
use tidegate_controller::{
    Applied, ControlPlane, HistoryItem, Kind, Refused, Resource, ResourceView, RolloutView,
};
use tidegate_ledger::Entry;
use tidegate_ports::{LogChunk, LogQuery};
use tidegate_rollout::Command;
use tidegate_units::ObjectKey;
use tokio::sync::watch;

/// What the API asks of a control plane. [`ControlPlane`] is the one that people run.
#[async_trait]
pub trait Desk: Send + Sync {
    /// Makes a resource so; `intent` is the word in the ledger.
    async fn apply(
        &self,
        resource: Resource,
        manifest: serde_json::Value,
        who: &str,
        intent: &str,
    ) -> Result<Applied, Refused>;

    /// Takes a resource away.
    async fn delete(&self, kind: Kind, key: ObjectKey, who: &str) -> Result<(), Refused>;

    /// Asks something of a rollout.
    async fn command(&self, key: ObjectKey, command: Command, who: &str) -> Result<(), Refused>;

    /// One resource.
    fn get(&self, kind: Kind, key: &ObjectKey) -> Option<ResourceView>;

    /// All resources of a kind, in one namespace or in all, by their keys.
    fn list(&self, kind: Kind, namespace: Option<&str>) -> Vec<ResourceView>;

    /// A rollout with all that is known of it.
    fn rollout(&self, key: &ObjectKey) -> Option<RolloutView>;

    /// All rollouts with all that is known of them, by their keys.
    fn rollouts(&self, namespace: Option<&str>) -> BTreeMap<ObjectKey, RolloutView>;

    /// The revisions of a rollout, newest first.
    fn history(&self, key: &ObjectKey) -> Option<Vec<HistoryItem>>;

    /// Changes whenever a view may have.
    fn changes(&self) -> watch::Receiver<u64>;

    /// What a replica wrote.
    async fn logs(&self, query: LogQuery) -> Result<LogChunk, Refused>;

    /// Ledger entries after a sequence number, oldest first.
    async fn ledger(&self, after: u64, limit: usize) -> Result<Vec<Entry>, Refused>;
}

#[async_trait]
impl Desk for ControlPlane {
    async fn apply(
        &self,
        resource: Resource,
        manifest: serde_json::Value,
        who: &str,
        intent: &str,
    ) -> Result<Applied, Refused> {
        Self::apply(self, resource, manifest, who, intent).await
    }

    async fn delete(&self, kind: Kind, key: ObjectKey, who: &str) -> Result<(), Refused> {
        Self::delete(self, kind, key, who).await
    }

    async fn command(&self, key: ObjectKey, command: Command, who: &str) -> Result<(), Refused> {
        Self::command(self, key, command, who).await
    }

    fn get(&self, kind: Kind, key: &ObjectKey) -> Option<ResourceView> {
        Self::get(self, kind, key)
    }

    fn list(&self, kind: Kind, namespace: Option<&str>) -> Vec<ResourceView> {
        Self::list(self, kind, namespace)
    }

    fn rollout(&self, key: &ObjectKey) -> Option<RolloutView> {
        Self::rollout(self, key)
    }

    fn rollouts(&self, namespace: Option<&str>) -> BTreeMap<ObjectKey, RolloutView> {
        let views = Self::rollouts(self, namespace).into_iter();
        views.map(|view| (view.key.clone(), view)).collect()
    }

    fn history(&self, key: &ObjectKey) -> Option<Vec<HistoryItem>> {
        Self::history(self, key)
    }

    fn changes(&self) -> watch::Receiver<u64> {
        Self::changes(self)
    }

    async fn logs(&self, query: LogQuery) -> Result<LogChunk, Refused> {
        Self::logs(self, query).await
    }

    async fn ledger(&self, after: u64, limit: usize) -> Result<Vec<Entry>, Refused> {
        Self::ledger(self, after, limit).await
    }
}
