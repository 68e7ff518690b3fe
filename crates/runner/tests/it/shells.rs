use tidegate_runner::{Outcome, Shell, Step};

use crate::rig::{Rig, check};

async fn check_in(shell: &str, script: &str, outcome: Outcome, code: Option<i32>, expect: &[&str]) {
    let seen = Rig::new().run(&[Step::script_in("it", shell, script)]).await.remove(0);
    assert_eq!(seen.log, expect, "{shell}: {script}");
    assert_eq!((seen.end.outcome, seen.end.exit_code), (outcome, code), "{shell}: {script}");
}

#[tokio::test]
async fn the_usual_shell_stops_at_errors_but_not_in_pipes() {
    let end = check("echo one\nfalse | true\necho two", &["one", "two"]).await;
    assert_eq!((end.outcome, end.exit_code), (Outcome::Success, Some(0)));
    let end = check(
        "echo one\nfalse\necho two",
        &["one", "##[error]Process completed with exit code 1."],
    )
    .await;
    assert_eq!((end.outcome, end.exit_code), (Outcome::Failure, Some(1)));
}

#[tokio::test]
async fn bash_by_name_stops_in_pipes() {
    let failed = "##[error]Process completed with exit code 1.";
    check_in(
        "bash",
        "echo one\nfalse | true\necho two",
        Outcome::Failure,
        Some(1),
        &["one", failed],
    )
    .await;
    check_in("bash", "shopt -q login_shell || echo plain", Outcome::Success, Some(0), &["plain"])
        .await;
}

#[tokio::test]
async fn other_shells_run_their_scripts() {
    check_in("sh", "echo $0 | sed 's/.*\\.//'", Outcome::Success, Some(0), &["sh"]).await;
    check_in(
        "python",
        "import sys\nprint(1+1)\nsys.exit(3)",
        Outcome::Failure,
        Some(3),
        &["2", "##[error]Process completed with exit code 3."],
    )
    .await;
    check_in(
        "node {0}",
        "console.log([1,2].map(x => x * 2).join())",
        Outcome::Success,
        Some(0),
        &["2,4"],
    )
    .await;
}

#[tokio::test]
async fn a_command_line_may_say_how() {
    let seen = Rig::new()
        .run(&[Step::script_in("it", "bash -u {0}", "echo $NOT_SET; echo no")])
        .await
        .remove(0);
    assert!(seen.log[0].ends_with("line 1: NOT_SET: unbound variable"), "{:?}", seen.log);
    assert_eq!((seen.end.exit_code, seen.log.len()), (Some(1), 2));
}

#[tokio::test]
async fn a_shell_that_cannot_be_had_is_told() {
    let seen = Rig::new().run(&[Step::script_in("it", "no-such-shell {0}", "x")]).await.remove(0);
    assert!(
        seen.log[0].starts_with("##[error]no-such-shell: command not found in PATH ("),
        "{:?}",
        seen.log
    );
    assert_eq!((seen.end.outcome, seen.end.exit_code), (Outcome::Failure, None));
}

#[tokio::test]
async fn a_signal_has_a_code() {
    let end =
        check("echo one; kill -9 $$", &["one", "##[error]Process completed with exit code 137."])
            .await;
    assert_eq!(end.exit_code, Some(137));
}

#[tokio::test]
async fn both_outputs_are_one_in_their_order() {
    let script = "for i in 1 2 3 4 5 6 7 8 9; do echo out$i; echo err$i >&2; done";
    let expect: Vec<String> =
        (1..=9).flat_map(|i| [format!("out{i}"), format!("err{i}")]).collect();
    check(script, &expect.iter().map(String::as_str).collect::<Vec<_>>()).await;
}

#[tokio::test]
async fn a_last_line_without_an_end_and_what_is_no_text_are_told() {
    check("printf 'a\\r\\nb\\rc'", &["a", "b", "c"]).await;
    check("printf 'a\\xff\\n'", &["a\u{fffd}"]).await;
}

fn refuses(option: &str, expect: &str) {
    let told = Shell::find(Some(option), "/usr/bin:/bin").unwrap_err().to_string();
    assert!(told.contains(expect), "{told}");
}

#[test]
fn what_is_no_shell_is_refused() {
    refuses(
        "perl -e",
        "must be a valid built-in (bash, sh, pwsh, python) or a format string containing '{0}'",
    );
    refuses("ruby", "Invalid shell option 'ruby'");
    refuses("bash {0} {1}", "only '{0}' is replaced");
    refuses("no-such-shell {0}", "no-such-shell: command not found in PATH (/usr/bin:/bin)");
    assert!(Shell::find(None, "").is_err());
}

#[test]
fn the_file_is_one_word_wherever_it_stands() {
    let shell = Shell::find(Some("bash -c \"source '{0}'\" {{x}} {0}"), "/usr/bin:/bin").unwrap();
    let words = shell.arguments("/a b/s.sh".as_ref());
    assert_eq!(words, ["-c", "source '/a b/s.sh'", "{x}", "/a b/s.sh"]);
    let usual = Shell::find(None, "/usr/bin:/bin").unwrap();
    assert_eq!(
        (usual.arguments("/s".as_ref()), usual.extension()),
        (vec!["-e".into(), "/s".into()], ".sh")
    );
}
