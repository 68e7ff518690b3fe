//! Backups and restores that go wrong half-way.

use std::{
    fmt::Write as _,
    fs,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use tidegate_e2e::House;

/// So much that a backup of it takes a while, and that a small disk does not hold it: of random
/// letters, which cannot be compressed away.
fn filled() -> House {
    let house = House::build().unwrap();
    let mut rng = fastrand::Rng::with_seed(7);
    for number in 0..8 {
        let text: String = (0..100_000).map(|_| rng.alphanumeric()).collect();
        let mut yaml = "apiVersion: v1\nkind: ConfigMap\n".to_owned();
        writeln!(yaml, "metadata: {{name: config-{number}}}\ndata: {{text: {text:?}}}").unwrap();
        house.apply_text(&yaml).unwrap();
    }
    house
}

/// The names in a folder.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<_> =
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// When a program is killed.
#[derive(Clone, Copy, Debug)]
enum Kill {
    /// So long after its start, unless it has ended.
    After(Duration),
    /// Once it has begun to write, which a busy machine puts off for as long as it likes.
    AtSight,
}

/// Starts a program, and kills it then. `begun` says whether it has begun to write.
fn killed(mut command: Command, kill: Kill, begun: impl Fn() -> bool) {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    match kill {
        Kill::After(wait) => std::thread::sleep(wait),
        Kill::AtSight => while !begun() && child.try_wait().unwrap().is_none() {},
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Moments from the first to beyond the last of what takes so long, closer where it begins, and some
/// at which it has surely begun.
fn moments(whole: Duration) -> impl Iterator<Item = Kill> {
    let parts = [0.05, 0.2, 0.4, 0.6, 0.8, 0.9, 1.0, 1.2];
    let after = parts.into_iter().map(move |part| Kill::After(whole.mul_f64(part)));
    after.chain([Kill::AtSight; 4])
}

fn how_long(work: impl FnOnce()) -> Duration {
    let begun = std::time::Instant::now();
    work();
    begun.elapsed()
}

#[test]
fn a_backup_that_is_killed_leaves_a_draft_that_the_next_one_clears() {
    let house = filled();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("all.backup");
    let args = ["backup", text(&path), "--unencrypted"];
    let whole = how_long(|| drop(house.tidegate(&args).unwrap()));
    let mut drafts = 0;
    for moment in moments(whole) {
        fs::remove_file(&path).ok();
        let begun =
            || names(folder.path()).iter().any(|name| name.starts_with("all.backup.partial-"));
        killed(house.prepared(&args), moment, begun);
        if path.exists() {
            house.tidegate(&["verify", text(&path)]).unwrap();
        }
        let left = names(folder.path());
        let others: Vec<_> = left.iter().filter(|name| *name != "all.backup").collect();
        assert!(others.len() <= 1, "{left:?}");
        assert!(others.iter().all(|name| name.starts_with("all.backup.partial-")), "{left:?}");
        drafts += others.len();
        fs::remove_file(&path).ok();
        house.tidegate(&args).unwrap();
        assert_eq!(names(folder.path()), ["all.backup"]);
    }
    assert!(drafts > 0, "none of them was killed half-way");
    house.tidegate(&["verify", text(&path)]).unwrap();
    // The server is none the worse for it.
    house
        .apply_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: last}\ndata: {a: b}\n")
        .unwrap();
    house.tidegate(&["ledger", "verify"]).unwrap();
    house.end().unwrap();
}

#[test]
fn a_restore_that_is_killed_gives_the_whole_store_or_none() {
    let house = filled();
    let folder = tempfile::tempdir().unwrap();
    let backup = folder.path().join("all.backup");
    house.tidegate(&["backup", text(&backup), "--unencrypted"]).unwrap();
    let head = house.tidegate(&["ledger", "verify"]).unwrap();
    let head = head.lines().last().unwrap().strip_prefix("head ").unwrap().to_owned();
    let into = |name: &str| folder.path().join(name);
    let restore = |to: &Path| house.elsewhere(&["--data", text(to), "restore", text(&backup)]);
    let run = |to: &Path| restore(to).output().unwrap();
    let whole = how_long(|| assert!(run(&into("first")).status.success()));
    let (mut refused, mut again) = (0, 0);
    for (number, moment) in moments(whole).enumerate() {
        let to = into(&format!("to-{number}"));
        killed(restore(&to), moment, || to.join("restoring").exists());
        if !to.join("state.db").exists() {
            if to.join("restoring").exists() {
                let server = ["--data", text(&to), "server", "--listen", "127.0.0.1:0"];
                let said = house.elsewhere(&server).output().unwrap();
                let words = String::from_utf8_lossy(&said.stderr).into_owned();
                assert!(words.contains("is not whole; restore it again"), "{words}");
                refused += 1;
            }
            let said = run(&to);
            assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
            again += 1;
        }
        let verify = ["--data", text(&to), "verify", "--head", &head];
        let said = house.elsewhere(&verify).output().unwrap();
        assert!(said.status.success(), "{moment:?}: {}", String::from_utf8_lossy(&said.stdout));
        // Killed before it had cleared up, it leaves the folder to whoever comes next.
        assert!(!to.join("restoring/state.db").exists());
        let token = |folder: &Path| fs::read(folder.join("token")).unwrap();
        assert_eq!(token(&to), token(house.folder()));
    }
    assert!(refused > 0 && again > 0, "none of them was killed half-way");
    house.end().unwrap();
}

#[test]
fn of_two_backups_at_once_each_is_whole_or_refused() {
    let house = filled();
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let start = |name: &str| {
        let mut command = house.prepared(&["backup", text(&path(name)), "--unencrypted"]);
        command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let both = [start("one.backup"), start("other.backup")];
    for child in both {
        assert!(child.wait_with_output().unwrap().status.success());
    }
    let both = [start("same.backup"), start("same.backup")];
    let done = both.map(|child| child.wait_with_output().unwrap());
    let (good, bad): (Vec<_>, Vec<_>) = done.iter().partition(|it| it.status.success());
    assert_eq!((good.len(), bad.len()), (1, 1));
    let words = String::from_utf8_lossy(&bad[0].stderr).into_owned();
    assert!(words.contains("no backup was made") && words.contains("exists"), "{words}");
    assert_eq!(names(folder.path()), ["one.backup", "other.backup", "same.backup"]);
    for name in names(folder.path()) {
        house.tidegate(&["verify", text(&path(&name))]).unwrap();
    }
    house.end().unwrap();
}

#[test]
fn a_backup_for_which_the_disk_is_too_small_is_none() {
    let house = filled();
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    let mut command = Command::new("unshare");
    // A root user of its own may mount; so may the real one.
    command.args(["--user", "--map-root-user", "--mount", "sh", "-c"]);
    let backup = house.prepared(&["backup", text(&place.join("all.backup")), "--unencrypted"]);
    let words = std::iter::once(backup.get_program()).chain(backup.get_args());
    let line: Vec<_> = words.map(|word| format!("'{}'", word.to_string_lossy())).collect();
    let script = format!(
        "mount -t tmpfs -o size=256k none '{0}' && {{ {1}; echo \"ended with $?\"; ls -A '{0}'; }}",
        place.display(),
        line.join(" ")
    );
    let output = command.arg(script).output().unwrap();
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(out, "ended with 1\n", "nothing is left there: {words}");
    assert!(words.contains("no backup was made"), "{words}");
    assert!(words.contains("No space left on device"), "{words}");
    house.tidegate(&["ledger", "verify"]).unwrap();
    house.end().unwrap();
}
