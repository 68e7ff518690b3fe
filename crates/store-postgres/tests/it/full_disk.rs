//! The disk of the database is full: of its tables, and of its write-ahead log. Each is a file system of its
//! own, in a mount namespace of a process of its own.

use std::{
    fs::{self, File},
    io::Write as _,
    path::Path,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tidegate_ledger::Entry;
use tidegate_ports::{Store as _, StoreError};
use tidegate_store_postgres::PostgresStore;
use tidegate_testkit::postgres::Postgres;
use tidegate_units::Epoch;

use crate::bed::{NOBODY, settings, step, try_open};

/// Names a small file system to a child.
pub(crate) const FOLDER: &str = "TIDEGATE_STORE_TEST_SMALL_DISK";

/// For the database to be away, and to come back, on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

/// Takes all free space, to the last block.
pub(crate) fn fill(folder: &Path) {
    let path = folder.join("fill");
    let Ok(mut file) = File::options().append(true).create(true).open(path) else { return };
    for piece in [[b'x'; 8192].as_slice(), &[b'x'; 512], b"x"] {
        while file.write_all(piece).is_ok() {}
    }
}

pub(crate) fn give_back(folder: &Path) {
    fs::remove_file(folder.join("fill")).unwrap();
}

/// What was acknowledged, and what was told of the rest.
#[derive(Default)]
struct Told {
    entries: Vec<Entry>,
    errors: Vec<StoreError>,
    number: u64,
}

impl Told {
    async fn commit(&mut self, store: &PostgresStore, epoch: Epoch) -> bool {
        self.number += 1;
        // Each with some kilobytes, so that no table has room for many.
        let mut batch = step(&format!("web-{}", self.number), self.number);
        if let Some(entry) = batch.entries.first_mut() {
            entry.detail = serde_json::json!({ "number": self.number, "text": noise(self.number) });
        }
        match store.commit(epoch, batch).await {
            Ok(done) => self.entries.extend(done.entries),
            Err(error) => {
                self.errors.push(error);
                return false;
            }
        }
        true
    }

    /// All that was acknowledged is there, and nothing else.
    async fn check(&self, store: &PostgresStore) {
        let kept = store.entries(0, usize::MAX).await.unwrap();
        assert_eq!(kept, self.entries, "what was acknowledged is what is there");
        assert_eq!(store.verify(None).await.unwrap().entries, kept.len() as u64);
        assert_eq!(store.load().await.unwrap().len(), kept.len());
    }
}

/// Text that does not compress.
pub(crate) fn noise(seed: u64) -> String {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let letter = |state: &mut u64| {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        char::from(b'a' + u8::try_from(*state % 26).unwrap())
    };
    (0..4000).map(|_| letter(&mut state)).collect()
}

/// The child's part. Run by itself, on no small disk, it has nothing to do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_tables_on_a_small_disk() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let folder = Path::new(&folder);
    // Its own folder is the small disk, where `TMPDIR` is; the log keeps what it has.
    let server = Postgres::start(&["wal_recycle=on", "min_wal_size=64MB", "max_wal_size=64MB"]);
    let store = try_open(&server.url("postgres"), settings()).await.unwrap();
    let epoch = store.lead(NOBODY).await.unwrap();
    let mut told = Told::default();
    for _ in 0..2 {
        for _ in 0..20 {
            assert!(told.commit(&store, epoch).await, "{:?}", told.errors);
        }
        let refused = told.errors.len();
        while told.errors.len() < refused + 5 {
            fill(folder);
            told.commit(&store, epoch).await;
        }
        for error in &told.errors {
            let words = error.to_string();
            assert!(matches!(error, StoreError::Full(_)), "{error:?}\n{}", server.log());
            assert!(words.contains("No space left on device"), "{words}");
            assert!(words.contains("free space on the disk of the database"), "{words}");
        }
        // What is there is read all the while.
        told.check(&store).await;
        give_back(folder);
    }
    for _ in 0..20 {
        assert!(told.commit(&store, epoch).await, "{:?}", told.errors);
    }
    told.check(&store).await;
    drop(store);
    told.check(&try_open(&server.url("postgres"), settings()).await.unwrap()).await;
}

/// So here. A database that cannot write its log stops: that is how it keeps what it has acknowledged.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_on_a_small_disk() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let folder = Path::new(&folder);
    let mut server = Postgres::logging_to(&folder.join("wal"), &["max_wal_size=32MB"]);
    let store = try_open(&server.url("postgres"), settings()).await.unwrap();
    let epoch = store.lead(NOBODY).await.unwrap();
    let mut told = Told::default();
    for _ in 0..20 {
        assert!(told.commit(&store, epoch).await, "{:?}", told.errors);
    }
    assert!(!server.log().contains("PANIC"), "{}", server.log());
    fill(folder);
    let (stop, committed) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let (ending, counted) = (Arc::clone(&stop), Arc::clone(&committed));
    let writing = tokio::spawn(async move {
        while !ending.load(Ordering::SeqCst) {
            if told.commit(&store, epoch).await {
                counted.fetch_add(1, Ordering::SeqCst);
            }
        }
        (store, told)
    });
    let begun = Instant::now();
    while !server.log().contains("PANIC") {
        assert!(begun.elapsed() < PATIENCE, "it is never full:\n{}", server.log());
        // A new file of the log, for which there is no space.
        let _ = server.try_sql("postgres", "SELECT pg_switch_wal()");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(server.log().contains("No space left on device"), "{}", server.log());
    // It does not come up without space, however often it tries.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let before = committed.load(Ordering::SeqCst);
    give_back(folder);
    server.revive();
    let begun = Instant::now();
    while committed.load(Ordering::SeqCst) < before + 20 {
        assert!(begun.elapsed() < PATIENCE, "it does not go on:\n{}", server.log());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    stop.store(true, Ordering::SeqCst);
    let (store, told) = writing.await.unwrap();
    for error in &told.errors {
        assert!(matches!(error, StoreError::Failed(_) | StoreError::Full(_)), "{error:?}");
    }
    told.check(&store).await;
}

/// Runs a test in a mount namespace of its own with a small disk, as somebody who is not root
/// there: the database refuses to run as root.
pub(crate) fn on_a_small_disk(test: &str, size: &str, temporary: &str) {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().display().to_string();
    let script = format!(
        "mount -t tmpfs -o size={size} none {place} && mkdir -p {place}/tmp && \
         exec unshare --user --map-user=1000 --map-group=1000 -- \"$@\""
    );
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount", "sh", "-c", &script, "sh"]);
    command
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(FOLDER, folder.path());
    if !temporary.is_empty() {
        command.env("TMPDIR", folder.path().join(temporary));
    }
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("1 passed"), "{said}");
}

#[test]
fn what_is_acknowledged_stays_when_the_disk_of_the_tables_is_full() {
    on_a_small_disk("full_disk::the_tables_on_a_small_disk", "192m", "tmp");
}

#[test]
fn what_is_acknowledged_stays_when_the_disk_of_the_log_is_full() {
    on_a_small_disk("full_disk::the_log_on_a_small_disk", "80m", "");
}
