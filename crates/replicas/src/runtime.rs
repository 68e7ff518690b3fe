use std::{
    collections::BTreeMap,
    fs::{self, File},
    io,
    os::unix::fs::MetadataExt,
    path::{self, Path},
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use rustix::{
    fs::{FlockOperation, flock},
    io::Errno,
};
use tidegate_ports::{
    Fence, LogChunk, LogQuery, Look, ReplicaSeen, Runtime, RuntimeError, ScaleOrder, latest,
};
use tidegate_units::{Epoch, Generation, Owner, ReplicaId, RevisionHash};
use tokio::sync::watch;

use crate::{
    Carrier, Home, Keeping,
    adopt::adopt,
    logs::{any_container, read, rotate_again_and_again},
    orders,
    records::{Records, is_file_name, private_folder},
    state::{Shared, Wanted},
    usage::look_again_and_again,
    whole::read_there,
};

/// Runs replicas: the [`Runtime`] that a [`Carrier`] makes.
///
/// Dropping it ends its tasks and no replica.
#[derive(Debug)]
pub struct Replicas<C: Carrier> {
    shared: Arc<Shared<C>>,
    fence: Fence,
    /// Held as long as the data folder is in use.
    _lock: File,
}

impl<C: Carrier> Replicas<C> {
    /// Opens the data folder and adopts the replicas that run. Has to be called within a tokio
    /// runtime, on which its tasks then run.
    ///
    /// # Errors
    /// [`RuntimeError::Failed`] when the folder cannot be used, when another runtime has it open,
    /// or outside of a tokio runtime.
    pub fn open(settings: C::Settings) -> Result<Self, RuntimeError> {
        if tokio::runtime::Handle::try_current().is_err() {
            return Err(RuntimeError::Failed(
                "replicas need a tokio runtime to be looked after on".to_owned(),
            ));
        }
        let keeping = C::keeping(&settings);
        let data = path::absolute(&keeping.data).map_err(|error| {
            RuntimeError::Failed(format!("{}: {error}", keeping.data.display()))
        })?;
        let failed = |error: io::Error| {
            RuntimeError::Failed(format!("the data folder {}: {error}", data.display()))
        };
        let (home, logs) = (data.join(C::FOLDER), data.join("logs"));
        for folder in [&home, &logs] {
            private_folder(folder).map_err(failed)?;
        }
        let lock = lock(&home)?;
        let records = Records::open(&home).map_err(failed)?;
        let id = identity(&home).map_err(failed)?;
        let carrier = C::open(settings, &Home { id: &id, data: &data }).map_err(failed)?;
        let shared = Arc::new(Shared::new(
            carrier,
            Keeping { data: data.clone(), ..keeping },
            records,
            logs,
        ));
        adopt(&shared).map_err(failed)?;
        shared.spawn(look_again_and_again(Arc::clone(&shared)));
        shared.spawn(rotate_again_and_again(Arc::clone(&shared)));
        Ok(Self { shared, fence: Fence::default(), _lock: lock })
    }

    /// Waits until it was looked for what runs of replicas that no record knows any more, which is
    /// done at the opening, and says of how many replicas there is something. They are being ended.
    pub async fn orphans(&self) -> usize {
        let mut orphans = self.shared.orphans.subscribe();
        let looked = orphans.wait_for(Option::is_some).await;
        looked.ok().and_then(|count| *count).unwrap_or(0)
    }
}

impl<C: Carrier> Drop for Replicas<C> {
    fn drop(&mut self) {
        self.shared.closing.cancel();
        self.shared.carrier.leave();
    }
}

#[async_trait]
impl<C: Carrier> Runtime for Replicas<C> {
    async fn scale(&self, order: ScaleOrder) -> Result<(), RuntimeError> {
        self.fence.pass(order.epoch)?;
        let names = [&*order.owner.namespace, &*order.owner.name, order.revision.as_str()];
        let containers = order.template.all().map(|one| one.name.as_str());
        if let Some(name) = names.into_iter().chain(containers).find(|name| !is_file_name(name)) {
            return Err(RuntimeError::Failed(format!(
                "{name:?} cannot be the name of a file, so nothing of this name can be run; \
                 use letters, digits, '-', '_' and '.'"
            )));
        }
        let key = (order.owner.clone(), order.revision.clone());
        orders::take(&self.shared, &key, |last| orders::next(last, order)).await
    }

    async fn release(&self, epoch: Epoch, id: &ReplicaId) -> Result<(), RuntimeError> {
        self.fence.pass(epoch)?;
        let released = self.shared.change(id, |replica| {
            if replica.record.retired_at.is_none() {
                return Err(RuntimeError::Failed(format!(
                    "replica {id} is wanted, so it cannot be released: scale its revision down first"
                )));
            }
            replica.record.released = true;
            replica.wanted.send_replace(Wanted::Gone);
            Ok(())
        });
        released.unwrap_or_else(|| Err(RuntimeError::Unknown(id.clone())))
    }

    fn replicas(&self) -> Vec<ReplicaSeen> {
        let state = self.shared.state();
        state.replicas.values().map(crate::state::Replica::seen).collect()
    }

    fn look(&self, since: u64) -> Look {
        // The marks first: what changes after them is marked anew, and seen again.
        let (at, mut marked) = self.shared.marks.since(since);
        let whole = since == 0;
        let state = self.shared.state();
        let wanted = |owner: &Owner| whole || marked.contains(owner);
        let replicas = state.replicas.values().filter(|one| wanted(&one.record.owner));
        let mut look = Look { whole, ..Look::of(at, replicas.map(crate::state::Replica::seen)) };
        drop(state);
        marked.retain(|owner| !look.owners.contains_key(owner));
        for owner in marked {
            self.shared.marks.forget(&owner, at);
            look.owners.insert(owner, Vec::new());
        }
        look
    }

    fn taken(&self) -> BTreeMap<Owner, Generation> {
        let state = self.shared.state();
        let orders = state.revisions.values().map(|revision| &revision.order);
        latest(orders.map(|order| (order.owner.clone(), order.generation)))
    }

    fn obstacles(&self) -> BTreeMap<(Owner, RevisionHash), String> {
        let state = self.shared.state();
        state
            .revisions
            .iter()
            .filter(|(_, revision)| revision.order.replicas > 0)
            .filter_map(|(key, revision)| Some((key.clone(), revision.obstacle.clone()?)))
            .collect()
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.shared.watch()
    }

    async fn logs(&self, query: LogQuery) -> Result<LogChunk, RuntimeError> {
        let shared = Arc::clone(&self.shared);
        tokio::task::spawn_blocking(move || read_logs(&shared, &query))
            .await
            .unwrap_or_else(|error| Err(RuntimeError::Failed(error.to_string())))
    }
}

fn read_logs<C: Carrier>(shared: &Shared<C>, query: &LogQuery) -> Result<LogChunk, RuntimeError> {
    let Some(id) = &query.replica else {
        return Err(RuntimeError::Failed("say of which replica".to_owned()));
    };
    let there = shared.state().replicas.get(id).map(|replica| replica.record.clone());
    let folder = match &there {
        Some(record) => Some(shared.logs.replica(record)),
        None => shared.logs.find(id),
    };
    let folder = folder.ok_or_else(|| RuntimeError::Unknown(id.clone()))?;
    let first = there.as_ref().and_then(|record| record.template.containers.first());
    let container = query
        .container
        .clone()
        .or_else(|| first.map(|first| first.name.clone()))
        .or_else(|| any_container(&folder))
        .unwrap_or_default();
    let log = shared.logs.file(&folder, &container);
    let known = there.is_some_and(|record| record.containers.contains_key(&container));
    if !is_file_name(&container) || !(known || log.path().exists()) {
        return Err(RuntimeError::Failed(format!("replica {id} has no container {container:?}")));
    }
    read(&log, query.from, query.tail).map_err(|error| RuntimeError::Failed(error.to_string()))
}

/// How long another holder of the lock is waited for: a process that a killed server was about to
/// start holds a copy of its open files until it execs, some milliseconds later.
const LOCK_PATIENCE: Duration = Duration::from_secs(2);

fn lock(home: &Path) -> Result<File, RuntimeError> {
    let path = home.join("lock");
    let failed = |error: io::Error| RuntimeError::Failed(format!("{}: {error}", path.display()));
    let file = File::create(&path).map_err(failed)?;
    let deadline = Instant::now() + LOCK_PATIENCE;
    loop {
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(file),
            Err(Errno::WOULDBLOCK) if Instant::now() < deadline => {
                std::thread::sleep(Duration::from_millis(20));
            }
            Err(Errno::WOULDBLOCK) => {
                return Err(RuntimeError::Failed(format!(
                    "another server runs replicas from {}; stop it first, or use another data \
                     folder",
                    home.display()
                )));
            }
            Err(error) => return Err(failed(error.into())),
        }
    }
}

/// A name for this data folder, made at the first start: control groups and processes of runtimes
/// with different data folders are told apart by it. So a copy of a data folder is given another
/// name, known by the number that the file system has for the folder.
pub fn identity(home: &Path) -> io::Result<String> {
    let (path, place) = (home.join("id"), home.join("place"));
    let meta = fs::metadata(home)?;
    let here = format!("{}:{}", meta.dev(), meta.ino());
    // One that is there and cannot be read now is no reason for another: that would own nothing of
    // what runs.
    let (known, known_place) = (text(&path)?, text(&place)?);
    let is_here = known_place.as_ref().is_none_or(|known| *known == here);
    let id = match known.as_ref().map(|id| id.trim()).filter(|id| is_here && is_file_name(id)) {
        Some(id) if known_place.is_some() => return Ok(id.to_owned()),
        Some(id) => id.to_owned(),
        None => crate::chance::letters(10),
    };
    // Whole or not at all, and the place last: one without the other makes a new name.
    for (path, text) in [(&path, &id), (&place, &here)] {
        let draft = path.with_extension("draft");
        fs::write(&draft, text)?;
        fs::rename(&draft, path)?;
    }
    Ok(id)
}

/// What a file says; nothing when it is not there, or no text.
fn text(path: &Path) -> io::Result<Option<String>> {
    Ok(read_there(path)?.and_then(|bytes| String::from_utf8(bytes).ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_until_the_folder_is_a_copy_and_is_not_made_anew_for_one_that_cannot_be_read() {
        let folder = tempfile::tempdir().unwrap();
        let first = identity(folder.path()).unwrap();
        assert_eq!(identity(folder.path()).unwrap(), first);
        let (id, place) = (folder.path().join("id"), folder.path().join("place"));
        fs::write(&place, "1:2").unwrap();
        let second = identity(folder.path()).unwrap();
        assert_ne!(second, first, "a copy is another");
        for damaged in [&b""[..], b"\xff", b"../x"] {
            fs::write(&id, damaged).unwrap();
            assert_eq!(identity(folder.path()).unwrap().len(), 10);
        }
        for file in [id, place] {
            fs::remove_file(&file).unwrap();
            fs::create_dir(&file).unwrap();
            assert!(identity(folder.path()).is_err(), "it may be there");
            fs::remove_dir(&file).unwrap();
        }
    }
}
