use std::{path::Path, process::Command};

use serde_json::json;
use tidegate_ports::{Batch, Store as _, Write};
use tidegate_store::{SqliteStore, read_only};

use crate::bed::{NOBODY, draft, folder, open, status, step};

/// Names the folder to a child that may write only small files.
const FOLDER: &str = "TIDEGATE_STORE_TEST_SMALL_FILES";

/// The child's part: with files limited by the kernel, a large batch meets an error that is not a
/// full disk. Run by itself, without the limit, the same batches are all kept.
#[test]
fn the_limited_process() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        for outcome in three_commits(Path::new(&folder)) {
            println!("\noutcome {}", outcome.err().unwrap_or_default());
        }
        return;
    }
    let folder = folder();
    assert_eq!(three_commits(folder.path()), [Ok(()), Ok(()), Ok(())]);
}

fn three_commits(folder: &Path) -> [Result<(), String>; 3] {
    let large = Batch {
        writes: vec![Write::Put(status("large", json!("x".repeat(1_000_000))).into())],
        entries: vec![draft("large", json!({}))],
    };
    let store = SqliteStore::open(folder).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    [step("web", 1), large, step("web", 2)].map(|batch| {
        let outcome = runtime.block_on(store.commit(NOBODY, batch));
        outcome.map(drop).map_err(|error| error.to_string())
    })
}

#[tokio::test]
async fn after_an_error_of_the_disk_nothing_more_is_written() {
    let folder = folder();
    // The limit is in blocks of 512 bytes: 200 KiB. Ignored, its signal becomes an error of write().
    let output = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 400; exec \"$@\"", "sh"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "io_error::the_limited_process", "--nocapture"])
        .env(FOLDER, folder.path())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let outcomes: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("outcome ")).collect();
    assert_eq!(outcomes.len(), 3, "{text}");
    assert_eq!(outcomes[0], "");
    assert!(outcomes[1].contains("disk I/O error"), "{text}");
    assert!(outcomes[2].contains("nothing more is written"), "{text}");
    assert!(outcomes[2].contains("start the server again"), "{text}");

    // The disk is mended: what was acknowledged is there, and the store goes on.
    let store = open(&folder);
    store.commit(NOBODY, step("web", 2)).await.unwrap();
    assert_eq!(store.load().await.unwrap(), [status("web", json!({"step": 2}))]);
    assert_eq!(read_only(folder.path()).unwrap().verify(None).unwrap().entries, 2);
}
