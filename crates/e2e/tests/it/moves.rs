//! A state moves from a data folder into a database and back, by a backup, with the real programs.

use std::{
    fs,
    path::Path,
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

use tidegate_e2e::{House, Manifest, Step};
use tidegate_testkit::postgres::Postgres;

/// A canary that takes some seconds, so that there is a middle of it.
const STEPS: [Step; 5] =
    [Step::Weight(20), Step::Pause(2), Step::Weight(50), Step::Pause(2), Step::Weight(80)];

const PATIENCE: Duration = Duration::from_mins(1);

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// The head that a command printed last.
fn head_of(said: &str) -> String {
    said.lines().last().unwrap().strip_prefix("head ").unwrap().to_owned()
}

#[track_caller]
fn check_fails(output: &Output, code: i32, words: &[&str]) {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{said}");
    for word in words {
        assert!(said.contains(word), "{said} should say {word:?}");
    }
}

/// Backs up in the middle of a canary of `version` under load, and kills the server then. Returns the
/// head of the backup.
async fn backed_up_in_the_middle(house: &mut House, version: &str, path: &Path) -> String {
    house.apply(&Manifest::good(version).steps(&STEPS)).unwrap();
    house.until("it has begun", PATIENCE, |view| view.status.step_index >= 1).await.unwrap();
    let said = house.tidegate(&["backup", text(path), "--unencrypted"]).unwrap();
    house.kill_server().unwrap();
    head_of(&said)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_release_goes_on_in_a_database_and_then_in_a_folder_again() {
    let server = Postgres::start(&[]);
    let url = server.database();
    let folder = tempfile::tempdir().unwrap();
    let mut house = House::build().unwrap();
    house.apply(&Manifest::good("v1")).unwrap();
    house.until_stable("v1").await.unwrap();
    let load = house.load(100.0);

    let path = folder.path().join("folder.backup");
    let head = backed_up_in_the_middle(&mut house, "v2", &path).await;
    let store = ["--store", &url];
    let restore = ["restore", text(&path), store[0], store[1]];
    check_fails(&house.run(&restore).unwrap(), 1, &["has a store", "--replace"]);
    let said = house.tidegate(&[&restore[..], &["--replace"]].concat()).unwrap();
    assert!(said.starts_with("restored into postgres://tidegate@127.0.0.1"), "{said}");
    assert!(!house.folder().join("state.db").exists());
    let said = house.tidegate(&["verify", store[0], store[1], "--head", &head]).unwrap();
    assert!(said.contains(" holds: "), "{said}");
    house.keep_in(Some(&url));
    house.start_server().unwrap();
    house.until_stable("v2").await.unwrap();

    let path = folder.path().join("database.backup");
    let head = backed_up_in_the_middle(&mut house, "v3", &path).await;
    let said = house.run(&["restore", text(&path)]).unwrap();
    check_fails(&said, 1, &["has its state in postgres://", "--replace"]);
    house.tidegate(&["restore", text(&path), "--replace"]).unwrap();
    assert!(!house.folder().join("database.json").exists());
    house.tidegate(&["verify", "--head", &head]).unwrap();
    house.keep_in(None);
    house.start_server().unwrap();
    house.until_stable("v3").await.unwrap();
    let counts = load.stop().await;
    assert_eq!((counts.lost, counts.router_failed), (0, 0), "{counts:?}");
    let said = house.tidegate(&["ledger", "show", "--tail", "0"]).unwrap();
    assert_eq!(said.matches(" Restored ").count(), 2, "{said}");
    house.tidegate(&["ledger", "verify"]).unwrap();
    house.end().unwrap();
}

/// A house with documents of some megabytes, so that a restore of them takes a while.
fn filled() -> House {
    let house = House::build().unwrap();
    let mut rng = fastrand::Rng::with_seed(7);
    for number in 0..12 {
        let text: String = (0..100_000).map(|_| rng.alphanumeric()).collect();
        let yaml = format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: config-{number}}}\ndata: {{text: {text}}}\n"
        );
        house.apply_text(&yaml).unwrap();
    }
    house
}

/// Restores on a machine that has nothing but the backup.
fn restore(house: &House, folder: &Path, backup: &Path, url: &str) -> Command {
    let mut command = house.elsewhere(&["restore", text(backup), "--store", url]);
    command.args(["--data", text(folder)]).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn done(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_restore_into_a_database_that_is_killed_gives_all_of_it_or_nothing() {
    let server = Postgres::start(&[]);
    let house = filled();
    let folder = tempfile::tempdir().unwrap();
    let backup = folder.path().join("all.backup");
    let head = head_of(&house.tidegate(&["backup", text(&backup), "--unencrypted"]).unwrap());
    let begun = Instant::now();
    let first = server.database();
    done(&mut restore(&house, &folder.path().join("first"), &backup, &first));
    let whole = begun.elapsed();
    // How long one takes is another thing each time: the kills close in on the moment at which it is done,
    // and go on until one of them came before that.
    let (mut early, mut late) = (Duration::ZERO, whole.mul_f64(1.6));
    let (mut none, mut all) = (0, 0);
    for number in 0_u32.. {
        if number >= 6 && none > 0 {
            break;
        }
        assert!(number < 30, "none of them was killed half-way, {all} were whole");
        let moment = (early + late) / 2;
        let url = server.database();
        let name = url.rsplit('/').next().unwrap();
        let to = folder.path().join(format!("to-{number}"));
        let mut child = restore(&house, &to, &backup, &url).spawn().unwrap();
        std::thread::sleep(moment);
        child.kill().unwrap();
        child.wait().unwrap();
        // Whoever was killed may have its connection for a moment still, and the last that it asked for in
        // it may be the commit: then the database holds all of it a moment after it had nothing.
        let again = Instant::now();
        let is_whole = || {
            let there = server.try_sql(name, "SELECT count(*) FROM tidegate.ledger");
            there.is_ok_and(|count| count != "0")
        };
        let mut refused = None;
        let was_whole = loop {
            if is_whole() {
                break true;
            }
            let output = restore(&house, &to, &backup, &url).output().unwrap();
            if output.status.success() {
                break false;
            }
            assert!(
                again.elapsed() < PATIENCE,
                "it cannot be restored again: {refused:?}, {output:?}"
            );
            refused = Some(output);
            std::thread::sleep(Duration::from_millis(100));
        };
        if was_whole {
            all += 1;
            late = moment;
        } else {
            none += 1;
            early = moment;
        }
        let mut verify = house.elsewhere(&["verify", "--store", &url, "--head", &head]);
        assert!(done(&mut verify).contains(" holds: "));
    }
    house.end().unwrap();
}

#[test]
fn a_database_that_is_in_use_is_not_restored_into_and_no_password_is_told() {
    let server = Postgres::start(&[]);
    let (url, other) = (server.database(), server.database());
    let house = House::storing(&url).unwrap();
    house
        .apply_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: one}\n")
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (backup, to) = (folder.path().join("all.backup"), folder.path().join("to"));
    let secret = url.replace("tidegate@", "tidegate:s3cret@");
    // Given in the environment, where nobody sees it, the password is in no answer either.
    let with_secret = |args: &[&str], url: &str| {
        let mut command = house.elsewhere(args);
        command.env("TIDEGATE_STORE", url).args(["--data", text(&to)]);
        let output = command.output().unwrap();
        for said in [&output.stdout, &output.stderr] {
            assert!(!String::from_utf8_lossy(said).contains("s3cret"), "{output:?}");
        }
        output
    };
    // With the token of its folder.
    let mut command = house.prepared(&["backup", text(&backup), "--unencrypted"]);
    done(command.env("TIDEGATE_STORE", &secret));
    let said = with_secret(&["verify", "-o", "json"], &secret);
    assert!(said.status.success(), "{said:?}");

    let said = with_secret(&["restore", text(&backup)], &secret);
    check_fails(&said, 1, &["nothing was restored", "a server leads", "tidegate down"]);
    let shown = house.elsewhere(&["restore", text(&backup), "--store", &secret]).output().unwrap();
    check_fails(&shown, 2, &["PGPASSWORD"]);
    house.tidegate(&["down"]).unwrap();
    let said = with_secret(&["restore", text(&backup)], &secret);
    check_fails(&said, 1, &["there is a store in the database already", "createdb"]);
    let gone = secret.rsplit_once('/').unwrap().0.to_owned() + "/nowhere";
    let said = with_secret(&["restore", text(&backup)], &gone);
    check_fails(&said, 1, &["nowhere", "see to the database"]);

    let secret = other.replace("tidegate@", "tidegate:s3cret@");
    let said = with_secret(&["restore", text(&backup), "-o", "json"], &secret);
    assert!(said.status.success(), "{said:?}");
    let told: serde_json::Value = serde_json::from_slice(&said.stdout).unwrap();
    assert!(told["database"].as_str().unwrap().starts_with("postgres://tidegate@"), "{told}");
    let said = with_secret(&["ledger", "export", "--offline"], &secret);
    assert!(String::from_utf8_lossy(&said.stdout).contains("Restored"), "{said:?}");
    assert_eq!(fs::read(to.join("token")).unwrap().len(), 64);
    assert!(!to.join("state.db").exists());
    house.end().unwrap();
}

#[test]
fn of_two_restores_into_a_database_one_wins_and_the_other_says_so() {
    let server = Postgres::start(&[]);
    let house = filled();
    let folder = tempfile::tempdir().unwrap();
    let backup = folder.path().join("all.backup");
    house.tidegate(&["backup", text(&backup), "--unencrypted"]).unwrap();
    let url = server.database();
    let start = |name: &str| restore(&house, &folder.path().join(name), &backup, &url).spawn();
    let both = [start("one").unwrap(), start("other").unwrap()];
    let outputs = both.map(|child| child.wait_with_output().unwrap());
    let (good, bad): (Vec<_>, Vec<_>) = outputs.iter().partition(|it| it.status.success());
    assert_eq!((good.len(), bad.len()), (1, 1));
    let said = String::from_utf8_lossy(&bad[0].stderr).into_owned();
    let late = said.contains("there is a store in the database already");
    assert!(late || said.contains("another restore is at work"), "{said}");
    done(&mut house.elsewhere(&["verify", "--store", &url]));
    house.end().unwrap();
}

#[test]
fn a_database_is_restored_to_a_position_as_a_folder_is() {
    let server = Postgres::start(&[]);
    let house = House::storing(&server.database()).unwrap();
    for value in ["one", "two", "three"] {
        let data = format!("data: {{a: {value}}}\n");
        house
            .apply_text(&format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\n{data}"))
            .unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let backup = path("all.backup");
    let head = head_of(&house.tidegate(&["backup", text(&backup), "--unencrypted"]).unwrap());
    let last: u64 = head.split(':').next().unwrap().parse().unwrap();
    let to = (last - 1).to_string();
    let url = server.database();
    let mut into = restore(&house, &path("database"), &backup, &url);
    into.args(["--to", &to]);
    let said = done(&mut into);
    assert!(said.contains(&format!("up to entry {to}; ")), "{said}");
    let mut into = house.elsewhere(&["restore", text(&backup), "--to", &to]);
    into.args(["--data", text(&path("folder"))]);
    done(&mut into);
    let export = |args: &[&str]| {
        let said = done(&mut house.elsewhere(&[&["ledger", "export", "--offline"], args].concat()));
        said.lines().take(usize::try_from(last - 1).unwrap()).map(str::to_owned).collect::<Vec<_>>()
    };
    let there = export(&["--store", &url]);
    assert_eq!(there, export(&["--data", text(&path("folder"))]));
    assert_eq!(there.len() as u64, last - 1);
    let name = url.rsplit('/').next().unwrap();
    let value = server.sql(name, "SELECT body FROM tidegate.document WHERE kind = 'ConfigMap'");
    assert!(value.contains("two") && !value.contains("three"), "{value}");
    done(&mut house.elsewhere(&["verify", "--store", &url]));
    house.end().unwrap();
}
