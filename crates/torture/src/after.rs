//! What is there when it is over, and what must not be.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::Value;
use tokio::time::{Instant, sleep};

use crate::{
    metric::ADDRESS,
    processes::{Role, all, listening, which},
    release::MARK,
    round::Scene,
    stand::files,
};

/// What was left to end has ended after this long.
const GONE: Duration = Duration::from_secs(40);

/// How many revisions of an application the runtime remembers: sixteen that ended
/// (`crates/replicas/src/orders.rs`), and those that have replicas.
const ORDERS: usize = 16 + 3;

/// The ledger is whole, and everything that was promised is in it.
pub(crate) async fn ledger(scene: &Scene) {
    let stand = &scene.stand;
    let verified = stand.run("operator", &["ledger", "verify"], "").await;
    if !verified.as_ref().is_some_and(|output| output.status.success()) {
        let words = verified.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
        stand.story.wrong(format!("the ledger does not verify: {words:?}"));
    }
    let Some(text) = stand.ask(&["ledger", "export"]).await else {
        return stand.story.wrong("the ledger cannot be exported");
    };
    if let Err(why) = linked(&text) {
        stand.story.wrong(format!("the ledger is no chain: {why}"));
    }
    let people = people(&text);
    let promises = stand.kept().promises.clone();
    for (who, what) in promises.iter().filter(|(who, _)| !people.contains(who)) {
        stand.story.wrong(format!(
            "{who} was told that `{what}` was done, and the ledger knows nothing of it"
        ));
    }
}

/// Whether each entry follows the one before it, as anyone can tell who has no Tidegate.
fn linked(text: &str) -> Result<(), String> {
    let mut last: Option<(u64, String)> = None;
    for line in text.lines() {
        let entry: Value = serde_json::from_str(line).map_err(|problem| problem.to_string())?;
        let word = |name: &str| entry.get(name).and_then(Value::as_str).unwrap_or("").to_owned();
        let sequence = entry.get("sequence").and_then(Value::as_u64).unwrap_or(0);
        if let Some((before, hash)) = last
            && (sequence != before + 1 || word("previous") != hash)
        {
            return Err(format!("entry {sequence} does not follow {before}"));
        }
        last = Some((sequence, word("hash")));
    }
    Ok(())
}

/// The names of all who asked for something.
fn people(text: &str) -> BTreeSet<String> {
    let entries = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    entries.filter_map(|entry| Some(entry.pointer("/actor/name")?.as_str()?.to_owned())).collect()
}

/// One control plane and one router run, and nobody who has nothing to do here.
pub(crate) async fn those_who_run(scene: &Scene) {
    let begun = Instant::now();
    loop {
        let controls = which(|role| *role == Role::Control).len();
        let routers = which(|role| *role == Role::Router).len();
        let others = which(|role| *role == Role::Other);
        let strangers: Vec<_> =
            others.iter().map(|one| format!("{} {}", one.pid, one.line)).collect();
        if controls == 1 && routers == 1 && strangers.is_empty() {
            return;
        }
        if begun.elapsed() > GONE {
            return scene.stand.story.wrong(format!(
                "{controls} control planes and {routers} routers run, and {strangers:?}"
            ));
        }
        sleep(Duration::from_millis(200)).await;
    }
}

/// Takes everything down, and looks for what stays.
pub(crate) async fn everything(scene: &Scene) {
    let stand = &scene.stand;
    let groups = groups(&stand.data());
    // `down` stops the server; nobody is to start it again.
    let child = stand.let_go();
    let down = stand.run("operator", &["down"], "").await;
    if !down.as_ref().is_some_and(|output| output.status.success()) {
        let words = down.map(|output| String::from_utf8_lossy(&output.stderr).into_owned());
        stand.story.wrong(format!("`tidegate down` failed: {words:?}"));
    }
    if let Some(mut child) = child {
        drop(tokio::task::spawn_blocking(move || child.wait()).await);
    }
    let left = all();
    if !left.is_empty() {
        stand.story.wrong(format!("these processes are left: {left:?}"));
    }
    let ports: Vec<_> = listening().into_iter().filter(|port| *port != ADDRESS.port()).collect();
    if !ports.is_empty() {
        stand.story.wrong(format!("somebody listens on ports {ports:?}"));
    }
    let mut kept: Vec<PathBuf> = ["runtime/replicas", "volumes", "jobs/work"]
        .iter()
        .flat_map(|name| files(&stand.data().join(name)))
        .collect();
    // libfaketime's own, which nobody removes when its process is killed.
    let faketime = |path: &PathBuf| path.to_string_lossy().contains("faketime");
    kept.extend(files(Path::new("/dev/shm")).into_iter().filter(|path| !faketime(path)));
    kept.extend(files(&stand.base.join("tmp")));
    if !kept.is_empty() {
        stand.story.wrong(format!("these files are left: {kept:?}"));
    }
    let orders = files(&stand.data().join("runtime/orders"));
    if orders.len() > scene.apps.len() * ORDERS {
        stand.story.wrong(format!("{} orders are left: {orders:?}", orders.len()));
    }
    let groups: Vec<_> = groups.into_iter().filter(|folder| folder.exists()).collect();
    if !groups.is_empty() {
        stand.story.wrong(format!("these control groups are left: {groups:?}"));
    }
}

/// The control groups of a data folder's replicas.
fn groups(data: &Path) -> Vec<PathBuf> {
    let Ok(id) = fs::read_to_string(data.join("runtime/id")) else { return Vec::new() };
    let mut found = Vec::new();
    let mut folders = vec![(PathBuf::from("/sys/fs/cgroup"), 0)];
    while let Some((folder, depth)) = folders.pop() {
        if folder.file_name().is_some_and(|name| name == id.trim()) {
            found.push(folder);
        } else if depth < 8 {
            let entries = fs::read_dir(folder).into_iter().flatten().flatten();
            let inner = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
            folders.extend(inner.map(|entry| (entry.path(), depth + 1)));
        }
    }
    found
}

/// The secret is in the store and in what the runtime starts replicas by, and nowhere else.
pub(crate) fn secrets(scene: &Scene) {
    let data = scene.stand.data();
    let places =
        ["state.db", "state.db-wal", "state.db-shm", "runtime"].map(|name| data.join(name));
    for file in files(&scene.stand.base) {
        if places.iter().any(|place| file.starts_with(place)) {
            continue;
        }
        let bytes = fs::read(&file).unwrap_or_default();
        if bytes.windows(MARK.len()).any(|window| window == MARK.as_bytes()) {
            scene.stand.story.wrong(format!("the secret is in {}", file.display()));
        }
    }
}
