//! A process that is killed at any moment leaves a store that can be used, with all that it said
//! was there.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use tidegate_results::{Digest, Limits, NewArtifact, Store};

use crate::bed::{files, folder, grant, noise, open, time};

/// Names the folder to a child that is this very test binary.
const FOLDER: &str = "TIDEGATE_RESULTS_TEST_FOLDER";
const KILLS: u64 = 25;

/// The child's part: it makes and deletes artifacts and caches, and tells of each what it is.
/// Run by itself it makes a few.
#[test]
fn the_process_that_writes() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        write_all(Path::new(&folder), u64::MAX);
        return;
    }
    let folder = folder();
    write_all(folder.path(), 10);
    check_whole(folder.path());
}

fn write_all(folder: &Path, steps: u64) {
    let store = open(folder, &time(), Limits { artifacts_of_job: 1 << 40, ..Limits::default() });
    let begun = store.artifacts("run").unwrap().last().map_or(0, |last| last.id.unsigned_abs());
    for step in begun..begun.saturating_add(steps) {
        write_one(&store, step);
    }
}

fn write_one(store: &Store, step: u64) {
    let name = format!("artifact-{}-{step}", std::process::id());
    let length = usize::try_from(step * 7919 % 300_000).unwrap();
    let bytes = noise(step, length);
    let fill = |draft: &mut tidegate_results::Draft| {
        draft.write_all(&bytes).unwrap();
        Ok(())
    };
    let grant = grant("run", "job");
    let new = NewArtifact { name: name.clone(), ..NewArtifact::default() };
    let made = store.put_artifact(&grant, &new, fill).unwrap();
    // The test harness writes without ending its lines.
    println!("\nmade {name} {}", made.blob.digest);
    // Every second one has the bytes of a cache entry too.
    if step.is_multiple_of(2) {
        store.put_cache(&grant, &name, "v", fill).unwrap();
        println!("\nkept {name} {}", made.blob.digest);
    }
    if step.is_multiple_of(3) {
        println!("\ngoing {name} {}", made.blob.digest);
        store.delete_artifact("run", &name).unwrap();
    }
}

#[test]
fn nothing_that_was_told_is_lost_to_kill_9() {
    let folder = folder();
    let mut told = Vec::new();
    for kill in 0..KILLS {
        // Times that spread over what one step takes.
        told.extend(run_until_killed(folder.path(), Duration::from_micros(kill * 1_313 % 20_000)));
        let store = check_whole(folder.path());
        check_told(&store, &told);
    }
    assert!(told.len() as u64 > KILLS, "{}", told.len());
}

fn run_until_killed(folder: &Path, after: Duration) -> Vec<String> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash::the_process_that_writes", "--nocapture"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let is_told =
        |line: &String| ["made ", "kept ", "going "].iter().any(|word| line.starts_with(word));
    let first = lines.by_ref().map(Result::unwrap).find(is_told).unwrap();
    let pid = Pid::from_child(&child);
    let killer = thread::spawn(move || {
        thread::sleep(after);
        kill_process(pid, Signal::KILL).unwrap();
    });
    let mut told = vec![first];
    // The last line may be cut off.
    let whole =
        |line: &String| is_told(line) && line.split(' ').nth(2).is_some_and(|d| d.len() == 64);
    told.extend(lines.map_while(Result::ok).filter(whole));
    killer.join().unwrap();
    child.wait().unwrap();
    told
}

/// Opens the store and checks that its rows and its files are the same.
fn check_whole(folder: &Path) -> Store {
    let store = open(folder, &time(), Limits::default());
    let blobs = files(&folder.join("store/blobs"));
    let mut named: Vec<_> =
        store.artifacts("run").unwrap().iter().map(|artifact| artifact.blob).collect();
    named.extend(store.caches("").unwrap().iter().map(|entry| entry.blob));
    for blob in &named {
        let name = blob.digest.to_string();
        let bytes = &blobs[&format!("{}/{name}", &name[..2])];
        assert_eq!((Digest::of(bytes), bytes.len() as u64), (blob.digest, blob.size));
    }
    named.sort_by_key(|blob| blob.digest);
    named.dedup();
    // What was being sent when it was killed may still be sent.
    let extra = blobs.len() - named.len();
    assert!(extra <= usize::try_from(KILLS).unwrap(), "{extra}");
    let left = files(&folder.join("store/incoming"));
    assert!(left.keys().all(|name| !name.starts_with("draft-")), "{:?}", left.keys());
    store
}

fn check_told(store: &Store, told: &[String]) {
    let artifacts = store.artifacts("run").unwrap();
    let gone: Vec<_> = told.iter().filter_map(|line| line.strip_prefix("going ")).collect();
    for line in told {
        let (word, rest) = line.split_once(' ').unwrap();
        let (name, digest) = rest.split_once(' ').unwrap();
        let digest: Digest = digest.parse().unwrap();
        let is_there = match word {
            "made" if gone.contains(&rest) => continue,
            "made" => artifacts.iter().any(|one| one.name == name && one.blob.digest == digest),
            "kept" => store.caches(name).unwrap().iter().any(|one| one.blob.digest == digest),
            _ => continue,
        };
        assert!(is_there, "{line}");
    }
}
