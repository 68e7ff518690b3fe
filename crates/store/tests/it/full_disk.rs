use std::{
    fs::{self, File},
    io::Write as _,
    path::Path,
    process::Command,
};

use tidegate_ports::{Store as _, StoreError};
use tidegate_store::{SqliteStore, read_only};

use crate::bed::{NOBODY, folder, step};

/// Names a file system of its own, and a small one, to a child.
const FOLDER: &str = "TIDEGATE_STORE_TEST_SMALL_DISK";
/// How large it is: room for the reserve, and not for another.
const SIZE: &str = "size=6m";

/// Takes all free space, to the last block. What another program has eaten is not given back.
fn fill(folder: &Path) {
    let mut file = File::options().append(true).create(true).open(folder.join("fill")).unwrap();
    for piece in [[b'x'; 4096].as_slice(), b"x"] {
        while file.write_all(piece).is_ok() {}
    }
}

fn held(folder: &Path) -> u64 {
    fs::metadata(folder.join("reserve")).unwrap().len()
}

/// The child's part. Run by itself, on no small disk, it has nothing to do.
#[test]
fn the_process_on_a_small_disk() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let folder = Path::new(&folder);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let commit = |store: &SqliteStore, number| {
        runtime.block_on(store.commit(NOBODY, step("web", number))).map(drop)
    };

    let store = SqliteStore::open(folder).unwrap();
    let whole = held(folder);
    assert!(whole >= 1 << 20);
    commit(&store, 1).unwrap();
    assert_eq!(held(folder), whole);
    // What was given up is eaten at once, again and again: the next decision is taken all the same.
    for number in 2..=6 {
        fill(folder);
        commit(&store, number).unwrap();
    }
    assert!(held(folder) < whole && held(folder) > 0, "{} of {whole}", held(folder));
    // And once nobody else is at it, there is room for thousands.
    for number in 7..=3000 {
        commit(&store, number).unwrap();
    }
    assert!(held(folder) > 0);

    drop(store);
    fill(folder);
    let store = SqliteStore::open(folder).unwrap();
    commit(&store, 3001).unwrap();

    // All has an end, and that is told with what mends it.
    let refused = (3002..1_000_000).find_map(|number| {
        fill(folder);
        commit(&store, number).err().map(|error| (number, error))
    });
    let (number, error) = refused.unwrap();
    assert!(matches!(error, StoreError::Full(_)), "{error:?}");
    assert_eq!(held(folder), 0);
    fs::remove_file(folder.join("fill")).unwrap();
    commit(&store, number).unwrap();
    assert_eq!(read_only(folder).unwrap().verify(None).unwrap().entries, number);
}

/// A command in a mount namespace of its own, with a small disk at `folder`.
fn on_a_small_disk(folder: &Path) -> Command {
    let mut command = Command::new("unshare");
    command
        .args(["--user", "--map-root-user", "--mount", "sh", "-c"])
        .args(["mount -t tmpfs -o \"$0\" none \"$1\" && shift && exec \"$@\"", SIZE])
        .arg(folder);
    command
}

#[test]
fn on_a_full_disk_what_is_small_is_written_still() {
    let folder = folder();
    let mounted = on_a_small_disk(folder.path()).arg("true").status();
    assert!(
        mounted.is_ok_and(|done| done.success()),
        "this test needs a file system of its own: `unshare --user --map-root-user --mount` must be \
         allowed to mount a tmpfs"
    );
    let output = on_a_small_disk(folder.path())
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "full_disk::the_process_on_a_small_disk", "--nocapture"])
        .env(FOLDER, folder.path())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("1 passed"), "{text}");
}
