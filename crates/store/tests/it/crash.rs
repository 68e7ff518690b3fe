use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use tidegate_ports::Store as _;
use tidegate_store::{SqliteStore, read_only};

use crate::bed::{Chance, NOBODY, folder, step};

/// Names the folder to a child that is this very test binary.
const FOLDER: &str = "TIDEGATE_STORE_TEST_FOLDER";
const KILLS: u64 = 25;
const CALLERS: u64 = 4;

/// The child's part: callers commit step after step, and each tells what was acknowledged.
/// Run by itself it commits a few steps and sees to it that they are told.
#[test]
fn the_committing_process() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        commit_all(Path::new(&folder), u64::MAX);
        return;
    }
    let folder = folder();
    commit_all(folder.path(), 3);
    let summary = read_only(folder.path()).unwrap().verify(None).unwrap();
    assert_eq!(summary.entries, 3 * CALLERS);
}

fn commit_all(folder: &Path, steps: u64) {
    let store = Arc::new(SqliteStore::open(folder).unwrap());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let begun = last_steps(&store).await;
        let callers: Vec<_> = (0..CALLERS)
            .map(|caller| {
                let name = format!("web-{caller}");
                let first = begun.get(&name).map_or(1, |last| last + 1);
                tokio::spawn(commit_steps(Arc::clone(&store), name, first, steps))
            })
            .collect();
        for caller in callers {
            caller.await.unwrap();
        }
    });
}

async fn commit_steps(store: Arc<SqliteStore>, name: String, first: u64, steps: u64) {
    for number in first..first.saturating_add(steps) {
        store.commit(NOBODY, step(&name, number)).await.unwrap();
        // The test harness writes without ending its lines.
        println!("\nacknowledged {name} {number}");
    }
}

async fn last_steps(store: &SqliteStore) -> BTreeMap<String, u64> {
    let statuses = store.load().await.unwrap();
    statuses
        .iter()
        .map(|status| (status.key.name.to_string(), status.body["step"].as_u64().unwrap()))
        .collect()
}

#[test]
fn nothing_acknowledged_is_lost_to_kill_9() {
    let folder = folder();
    let mut acknowledged = BTreeMap::new();
    let mut chance = Chance(0x7469_6465);
    for _ in 0..KILLS {
        let told = run_until_killed(folder.path(), Duration::from_micros(chance.below(30_000)));
        assert!(!told.is_empty());
        acknowledged.extend(told);
        check_kept(folder.path(), &acknowledged);
    }
    assert_eq!(acknowledged.len() as u64, CALLERS);
}

/// Starts a child, lets it commit for `life` after its first commit, kills it, and gives the last
/// step that each of its callers was told of.
fn run_until_killed(folder: &Path, life: Duration) -> BTreeMap<String, u64> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash::the_committing_process", "--nocapture"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    let (begun, wait) = mpsc::channel();
    let listener = thread::spawn(move || {
        let mut told = BTreeMap::new();
        for line in output.split(b'\n') {
            if let Some((name, step)) = acknowledgement(&line.unwrap()) {
                told.insert(name, step);
                let _ = begun.send(());
            }
        }
        told
    });
    wait.recv_timeout(Duration::from_secs(20)).unwrap();
    thread::sleep(life);
    kill(&mut child);
    listener.join().unwrap()
}

fn kill(child: &mut Child) {
    kill_process(Pid::from_child(child), Signal::KILL).unwrap();
    child.wait().unwrap();
}

/// Reads a whole line; one that the kill cut short was not told.
fn acknowledgement(line: &[u8]) -> Option<(String, u64)> {
    let text = std::str::from_utf8(line).ok()?;
    let (name, step) = text.strip_prefix("acknowledged ")?.split_once(' ')?;
    Some((name.to_owned(), step.parse().ok()?))
}

/// The chain is whole, everything told is there, and each status is the one that the last entry
/// about it explains.
fn check_kept(folder: &Path, acknowledged: &BTreeMap<String, u64>) {
    let reader = read_only(folder).unwrap();
    let summary = reader.verify(None).unwrap();
    let mut explained = BTreeMap::new();
    for entry in reader.entries(0, usize::MAX).unwrap() {
        let name = entry.draft.subject.key.name.to_string();
        let step = entry.draft.detail["step"].as_u64().unwrap();
        let before = explained.insert(name, step).unwrap_or(0);
        assert_eq!(step, before + 1);
    }
    assert_eq!(explained.values().sum::<u64>(), summary.entries);
    let kept: BTreeMap<_, _> = reader
        .documents()
        .unwrap()
        .iter()
        .map(|status| (status.key.name.to_string(), status.body["step"].as_u64().unwrap()))
        .collect();
    assert_eq!(kept, explained);
    for (name, step) in acknowledged {
        assert!(kept[name] >= *step, "{name} was told {step}, kept is {}", kept[name]);
    }
}
