use std::sync::{Arc, PoisonError};

use serde::Serialize;
use serde_json::Value;
use tidegate_access::Directory;
use tidegate_controller::{ControlPlane, KeptChange, KeptEntry, KeptKind, Refused};
use tidegate_ledger::Subject;
use tidegate_units::ObjectKey;
use tokio::sync::MutexGuard;

use crate::{
    access::{Access, directory},
    caller::Caller,
    problem::Problem,
    routes::Api,
};

/// A change of who may do what that is being prepared. Nobody else changes anything meanwhile.
pub(crate) struct Changing<'a> {
    access: &'a Access,
    /// Where it is made; a rehearsal if that was asked for.
    control: ControlPlane,
    change: KeptChange,
    _alone: MutexGuard<'a, ()>,
}

impl<'a> Changing<'a> {
    /// Begins a change.
    pub(crate) async fn begin(api: &'a Api) -> Self {
        let alone = api.access.writing.lock().await;
        let control = api.control.clone();
        Self { access: &api.access, control, change: KeptChange::default(), _alone: alone }
    }

    /// What it changes.
    pub(crate) fn directory(&self) -> Arc<Directory> {
        self.access.directory()
    }

    /// Makes a document so.
    pub(crate) fn put(&mut self, kind: KeptKind, name: &str, content: &impl Serialize) {
        let body = serde_json::to_string(content).unwrap_or_else(|_| "null".to_owned());
        self.change.writes.push((kind, ObjectKey::everywhere(name), Some(body.into())));
    }

    /// Takes one away.
    pub(crate) fn delete(&mut self, kind: KeptKind, name: &str) {
        self.change.writes.push((kind, ObjectKey::everywhere(name), None));
    }

    /// Says in the ledger what it means.
    pub(crate) fn note(
        &mut self,
        caller: &Caller,
        (kind, name): (&str, &str),
        what: &str,
        detail: Value,
    ) {
        self.change.entries.push(KeptEntry {
            actor: caller.actor(),
            subject: Subject { kind: kind.to_owned(), key: ObjectKey::everywhere(name) },
            what: what.to_owned(),
            detail,
        });
    }

    /// Makes all of it so.
    pub(crate) async fn done(self) -> Result<(), Problem> {
        let Self { access, control, change, _alone } = self;
        let kept: Result<(), Refused> = control.keep(change).await;
        kept?;
        if control.is_rehearsing() {
            return Ok(());
        }
        let next = Arc::new(directory(&access.control));
        *access.directory.write().unwrap_or_else(PoisonError::into_inner) = next;
        Ok(())
    }
}
