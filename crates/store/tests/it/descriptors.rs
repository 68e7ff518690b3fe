//! A process that can open nothing more: what it decides is written in the files that it has.

use std::{path::Path, process::Command};

use rustix::process::{Resource, Rlimit, setrlimit};
use serde_json::json;
use tidegate_ports::{Batch, Store as _, StoreError, Write};
use tidegate_store::{SqliteStore, read_only};
use tokio::runtime::Runtime;

use crate::bed::{NOBODY, draft, folder, status};

/// Names the folder to a child.
const FOLDER: &str = "TIDEGATE_STORE_TEST_NO_DESCRIPTORS";

/// Another text each time, long enough that taking it back would need a file.
fn large(number: u64) -> Batch {
    Batch {
        writes: vec![Write::Put(
            status("large", json!(number.to_string().repeat(1_000_000))).into(),
        )],
        entries: vec![draft("large", json!({ "step": number }))],
    }
}

fn commits(folder: &Path, exhausted: bool) -> [Result<(), StoreError>; 4] {
    let runtime = Runtime::new().unwrap();
    let store = SqliteStore::open(folder).unwrap();
    [1, 2, 3, 4].map(|number| {
        if exhausted && number == 2 {
            // No number below this one is free.
            let none = Rlimit { current: Some(3), maximum: Some(3) };
            setrlimit(Resource::Nofile, none).unwrap();
            std::fs::File::open("/dev/null").unwrap_err();
        }
        runtime.block_on(store.commit(NOBODY, large(number))).map(drop)
    })
}

/// The child's part. Run by itself, it has all that it wants.
#[test]
fn the_process_without_descriptors() {
    let given = std::env::var_os(FOLDER);
    let folder = folder();
    let place = given.as_ref().map_or(folder.path(), Path::new);
    assert_eq!(commits(place, given.is_some()), [Ok(()), Ok(()), Ok(()), Ok(())]);
}

#[test]
fn what_is_decided_is_written_also_when_nothing_more_can_be_opened() {
    let folder = folder();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "descriptors::the_process_without_descriptors", "--nocapture"])
        .env(FOLDER, folder.path())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
    assert_eq!(read_only(folder.path()).unwrap().verify(None).unwrap().entries, 4);
}
