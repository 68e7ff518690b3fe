use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use tidegate_analysis::JobEnd;
use tidegate_ports::{Fence, JobOrder, Jobs};
use tidegate_units::Epoch;
use tokio::sync::watch;

/// Jobs in memory: each runs until the test says how it ends.
#[derive(Default)]
pub struct FakeJobs {
    fence: Fence,
    inner: Mutex<Inner>,
    changed: watch::Sender<u64>,
}

#[derive(Default)]
struct Inner {
    started: Vec<JobOrder>,
    known: BTreeMap<String, Option<Result<JobEnd, String>>>,
    stopped: Vec<String>,
    ends: Option<Result<JobEnd, String>>,
}

impl FakeJobs {
    /// All jobs end like this from now on, also those that run.
    pub fn end(&self, end: Result<JobEnd, String>) {
        let mut inner = self.lock();
        for running in inner.known.values_mut().filter(|running| running.is_none()) {
            *running = Some(end.clone());
        }
        inner.ends = Some(end);
        drop(inner);
        self.changed.send_modify(|count| *count += 1);
    }

    /// Jobs that are started from now on run until it is said how they end.
    pub fn endure(&self) {
        self.lock().ends = None;
    }

    /// Every job that was started, oldest first.
    pub fn started(&self) -> Vec<JobOrder> {
        self.lock().started.clone()
    }

    /// Those that run.
    pub fn running(&self) -> Vec<String> {
        let inner = self.lock();
        let running = inner.known.iter().filter(|(_, end)| end.is_none());
        running.map(|(name, _)| name.clone()).collect()
    }

    /// Those that were stopped before they had ended.
    pub fn stopped(&self) -> Vec<String> {
        self.lock().stopped.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Jobs for FakeJobs {
    async fn run(&self, order: JobOrder) -> Result<JobEnd, String> {
        self.fence.pass(order.epoch).map_err(|outdated| outdated.to_string())?;
        let mut changes = self.changed.subscribe();
        let name = order.name.clone();
        {
            let mut inner = self.lock();
            if !inner.known.contains_key(&name) {
                let end = inner.ends.clone();
                inner.known.insert(name.clone(), end);
                inner.started.push(order);
            }
        }
        loop {
            if let Some(Some(end)) = self.lock().known.get(&name) {
                return end.clone();
            }
            if changes.changed().await.is_err() {
                return Err("the fake is gone".to_owned());
            }
        }
    }

    fn knows(&self, name: &str) -> bool {
        self.lock().known.contains_key(name)
    }

    fn keep(&self, epoch: Epoch, wanted: BTreeSet<String>) {
        if self.fence.pass(epoch).is_err() {
            return;
        }
        let mut inner = self.lock();
        let gone: Vec<_> =
            inner.known.keys().filter(|name| !wanted.contains(*name)).cloned().collect();
        for name in gone {
            if inner.known.remove(&name) == Some(None) {
                inner.stopped.push(name);
            }
        }
    }
}
