//! A disk that loses what it acknowledged, or on which bits turn over.

use std::time::Duration;

use tidegate_ports::{Store as _, StoreError, VerifyError};

use crate::{doors::Fate, life::World, script::Place};

/// So long it takes people to put back what has decayed, from a backup of a moment before.
const PUT_BACK_AFTER: Duration = Duration::from_mins(5);

impl World {
    /// The machine of the store ends, and with it all who may lead.
    pub(crate) async fn lost(&mut self, commits: usize, away: Duration) {
        for doors in self.doors_before.drain(..).chain([self.doors.clone()]) {
            doors.meets(Fate::Dies(0));
        }
        self.before.clear();
        *self.slot() = None;
        // Whoever was answered by then knows it.
        tokio::time::sleep(Duration::from_secs(1)).await;
        let lost = self.machine.store.lose(commits);
        self.machine.note(&format!("the disk has lost {lost} commits"));
        self.machine.state().rules.went_back(lost, &self.machine.runtime);
        tokio::time::sleep(away).await;
        self.start_plane().await;
    }

    /// Nobody notices until it is read.
    pub(crate) fn decays(&self, place: Place) {
        let store = &self.machine.store;
        let turned = match place {
            Place::Document { nth, bit } => store.turn_document(nth, bit),
            Place::Entry { nth, bit } => {
                store.turn_entry(nth, bit).map(|sequence| format!("ledger entry {sequence}"))
            }
        };
        if let Some(what) = turned {
            self.machine.note(&format!("a bit turns over in {what}"));
        }
    }

    /// A control plane does not start, for the store is damaged: people look where, and put it back.
    pub(crate) async fn mend(&self, why: &str) {
        self.machine.note(&format!("it does not start: {why}"));
        let decayed = self.machine.store.decayed();
        let entries = decayed.entries.iter().map(|sequence| format!("entry {sequence}"));
        if !decayed.documents.into_iter().chain(entries).any(|what| why.contains(&what)) {
            self.broken(format!("a start is refused, and not for what has decayed: {why}"));
        }
        tokio::time::sleep(PUT_BACK_AFTER).await;
        self.machine.store.put_back();
        self.machine.note("what had decayed is put back");
    }

    /// The ledger is whole. What has decayed and was not read until now is found by whoever looks, at the
    /// first place where it has; once that is put back, all is whole.
    pub(crate) async fn check_disk(&self) {
        let store = &self.machine.store;
        let decayed = store.decayed();
        if let Some(first) = decayed.documents.first() {
            let read = store.load_texts().await.map(|_| ());
            if !matches!(&read, Err(StoreError::Damaged(why)) if why.contains(first)) {
                self.broken(format!(
                    "a bit of {first} has turned over, and nobody is told: {read:?}"
                ));
            }
        }
        if let Some(first) = decayed.entries.first() {
            let found = store.verify(None).await;
            let whole = |held: u64| held + 1 == *first;
            if !matches!(&found, Err(VerifyError::Broken { held, .. }) if whole(held.entries)) {
                self.broken(format!("a bit of entry {first} has turned over: {found:?}"));
            }
        }
        store.put_back();
        if let Err(broken) = store.verify(None).await {
            self.broken(format!("the ledger: {broken}"));
        }
    }
}
