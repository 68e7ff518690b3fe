//! A disk that takes what is written and then says that it is not there: the kernel is told to
//! answer so, by a filter of system calls on a process of its own.

use std::{collections::BTreeMap, fs, path::Path, process::Command};

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule,
};
use serde_json::json;
use tidegate_ports::{Batch, Store as _, StoreError, Write};
use tidegate_store::{SqliteStore, read_only};
use tokio::runtime::Runtime;

use crate::bed::{NOBODY, draft, folder, open, status, step};

/// Names the folder, and which file fails, to a child.
const FOLDER: &str = "TIDEGATE_STORE_TEST_NO_FSYNC";
const FILE: &str = "TIDEGATE_STORE_TEST_NO_FSYNC_OF";
const EIO: u32 = 5;
/// `fdatasync` and `fsync`.
const CALLS: [i64; 2] = if cfg!(target_arch = "x86_64") { [75, 74] } else { [83, 82] };

/// From here on this process syncs the file no more, in none of its threads.
fn break_fsync_of(file: &Path) {
    let descriptors = fs::read_dir("/proc/self/fd").unwrap().flatten();
    let open: Vec<u64> = descriptors
        .filter(|one| fs::read_link(one.path()).is_ok_and(|link| link == file))
        .map(|one| one.file_name().to_str().unwrap().parse().unwrap())
        .collect();
    assert!(!open.is_empty(), "{} is not open", file.display());
    let is = |descriptor: u64| {
        let first = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, descriptor);
        SeccompRule::new(vec![first.unwrap()]).unwrap()
    };
    let rules: Vec<SeccompRule> = open.into_iter().map(is).collect();
    let filter = SeccompFilter::new(
        BTreeMap::from(CALLS.map(|call| (call, rules.clone()))),
        SeccompAction::Allow,
        SeccompAction::Errno(EIO),
        std::env::consts::ARCH.try_into().unwrap(),
    );
    let program: BpfProgram = filter.unwrap().try_into().unwrap();
    seccompiler::apply_filter_all_threads(&program).unwrap();
}

fn large(number: u64) -> Batch {
    Batch {
        writes: vec![Write::Put(
            status("large", json!(number.to_string().repeat(3_000_000))).into(),
        )],
        entries: vec![draft("large", json!({ "step": number }))],
    }
}

/// The child's part. Run by itself, on a disk that works, all is kept.
#[test]
fn the_process_whose_disk_lies() {
    let (given, broken) = (std::env::var_os(FOLDER), std::env::var(FILE));
    let Some(given) = given else {
        let folder = folder();
        assert_eq!(commits(folder.path(), None).map(|outcome| outcome.is_ok()), [true; 5]);
        return;
    };
    for outcome in commits(Path::new(&given), Some(&broken.unwrap())) {
        let told = match outcome {
            Ok(()) => String::new(),
            Err(StoreError::Broken(why)) => format!("for good: {why}"),
            Err(error) => format!("perhaps: {error}"),
        };
        println!("\noutcome {told}");
    }
}

/// A small one; and with a file that fails from then on two large ones, which make a checkpoint,
/// and two small ones.
fn commits(folder: &Path, broken: Option<&str>) -> [Result<(), StoreError>; 5] {
    let runtime = Runtime::new().unwrap();
    let store = SqliteStore::open(folder).unwrap();
    let commit = |batch| runtime.block_on(store.commit(NOBODY, batch)).map(drop);
    let first = commit(step("web", 1));
    if let Some(file) = broken {
        break_fsync_of(&folder.join(file));
    }
    [first, commit(large(1)), commit(large(2)), commit(step("web", 2)), commit(step("web", 3))]
}

/// What became of each, told by a process that cannot sync `file`.
fn outcomes(folder: &Path, file: &str) -> Vec<String> {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "fsync::the_process_whose_disk_lies", "--nocapture"])
        .env(FOLDER, folder)
        .env(FILE, file)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    text.lines().filter_map(|line| line.strip_prefix("outcome ")).map(str::to_owned).collect()
}

#[tokio::test]
async fn a_commit_whose_fsync_fails_is_the_last() {
    let folder = folder();
    let told = outcomes(folder.path(), "state.db-wal");
    assert_eq!((told.len(), told[0].as_str()), (5, ""), "{told:?}");
    assert!(told[1].starts_with("for good: it is not known whether"), "{told:?}");
    for later in &told[2..] {
        assert!(later.contains("for good: nothing more is written"), "{told:?}");
    }
    // Whoever opens it next finds the one batch or does not, and nothing that came after it.
    let store = open(&folder);
    let kept = store.entries(0, 10).await.unwrap().len();
    assert!((1..=2).contains(&kept), "{kept}");
    assert_eq!(store.load().await.unwrap().len(), kept);
    store.commit(NOBODY, step("web", 2)).await.unwrap();
    let verified = read_only(folder.path()).unwrap().verify(None).unwrap();
    assert_eq!(verified.entries, kept as u64 + 1);
}

#[tokio::test]
async fn a_checkpoint_whose_fsync_fails_stops_the_writing_and_loses_nothing() {
    let folder = folder();
    let told = outcomes(folder.path(), "state.db");
    let kept = told.iter().filter(|told| told.is_empty()).count();
    assert!((2..5).contains(&kept), "{told:?}");
    for later in &told[kept..] {
        assert!(later.contains("for good: nothing more is written"), "{told:?}");
    }
    let store = open(&folder);
    assert_eq!(store.entries(0, 10).await.unwrap().len(), kept);
    store.commit(NOBODY, step("web", 2)).await.unwrap();
    let verified = read_only(folder.path()).unwrap().verify(None).unwrap();
    assert_eq!(verified.entries, kept as u64 + 1);
}
