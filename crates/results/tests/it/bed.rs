//! A store in a folder of its own, at a time that the test sets, and its services.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use tempfile::TempDir;
use tidegate_ports::Clock;
use tidegate_results::{CacheScope, Grant, Limits, Server, Store, Trust};
use tidegate_units::Timestamp;

/// 2026-01-01T00:00:00Z
const BEGIN: i64 = 1_767_225_600_000;

pub(crate) const DAY: Duration = Duration::from_hours(24);
pub(crate) const HOUR: Duration = Duration::from_hours(1);

/// A time that goes on when the test says so.
pub(crate) struct Time(AtomicI64);

impl Time {
    pub(crate) fn pass(&self, span: Duration) {
        self.0.fetch_add(i64::try_from(span.as_millis()).unwrap(), Ordering::SeqCst);
    }
}

#[async_trait::async_trait]
impl Clock for Time {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }

    async fn sleep(&self, _: Duration) {
        std::future::pending::<()>().await;
    }
}

/// A folder that ends with the test.
pub(crate) fn folder() -> TempDir {
    tempfile::Builder::new().prefix("tidegate-results-").tempdir().unwrap()
}

pub(crate) struct Bed {
    pub(crate) folder: TempDir,
    pub(crate) time: Arc<Time>,
    pub(crate) store: Arc<Store>,
}

impl Bed {
    pub(crate) fn new() -> Self {
        Self::with(Limits::default())
    }

    pub(crate) fn with(limits: Limits) -> Self {
        let folder = folder();
        let time = Arc::new(Time(AtomicI64::new(BEGIN)));
        let store = open(folder.path(), &time, limits);
        Self { folder, time, store: Arc::new(store) }
    }

    pub(crate) async fn serve(&self) -> Server {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Server::start(Arc::clone(&self.store), address).await.unwrap()
    }

    /// The same store, closed and opened.
    pub(crate) fn reopen(self) -> Self {
        let Self { folder, time, store } = self;
        drop(Arc::into_inner(store).expect("nothing holds the store any more"));
        let store = Arc::new(open(folder.path(), &time, Limits::default()));
        Self { folder, time, store }
    }

    /// A folder beside the store.
    pub(crate) fn make_folder(&self, name: &str) -> std::path::PathBuf {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(&path).unwrap();
        path
    }

    /// How many blobs lie on the disk.
    pub(crate) fn blobs(&self) -> usize {
        files(&self.folder.path().join("store/blobs")).len()
    }
}

pub(crate) fn open(folder: &Path, time: &Arc<Time>, limits: Limits) -> Store {
    let clock = Arc::clone(time) as Arc<dyn Clock>;
    Store::open(&folder.join("store"), clock, limits).unwrap()
}

/// The time at which each test begins.
pub(crate) fn time() -> Arc<Time> {
    Arc::new(Time(AtomicI64::new(BEGIN)))
}

/// What a job of `refs/heads/main` may do.
pub(crate) fn grant(run: &str, job: &str) -> Grant {
    of_ref(run, job, "refs/heads/main")
}

/// What a job of this ref may do, where main is the default branch.
pub(crate) fn of_ref(run: &str, job: &str, reference: &str) -> Grant {
    Grant {
        run: run.to_owned(),
        attempt: 1,
        job: job.to_owned(),
        reference: reference.to_owned(),
        caches: CacheScope::of_run(reference, None, Some("refs/heads/main"), Trust::Full),
    }
}

/// All files under a folder, by their path there, with what is in them.
pub(crate) fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                found.insert(name, std::fs::read(&path).unwrap());
            }
        }
    }
    found
}

/// Writes these files into a folder.
pub(crate) fn write(folder: &Path, files: &[(&str, &[u8])]) {
    for (name, bytes) in files {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
}

/// Bytes that no compression makes smaller, the same for the same seed.
pub(crate) fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}
