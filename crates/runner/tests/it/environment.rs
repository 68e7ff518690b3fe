use tidegate_runner::{Outcome, Step};

use crate::rig::{Rig, map};

#[tokio::test]
async fn each_variable_is_over_those_before_it() {
    let rig = Rig::with(|job| {
        job.variables = map(&[("A", "job"), ("B", "job"), ("C", "job"), ("GITHUB_SHA", "mine")]);
        job.context = map(&[("GITHUB_SHA", "theirs"), ("GITHUB_REF_NAME", "main")]);
    });
    let set =
        Step::script("set", "echo B=file >> $GITHUB_ENV\necho C=file >> $GITHUB_ENV; echo $B");
    let mut show = Step::script("show", "echo $A $B $C $GITHUB_SHA $GITHUB_REF_NAME");
    show.variables = vec![("C".to_owned(), "step".to_owned())];
    let seen = rig.run(&[set, show]).await;
    assert_eq!(seen[0].log, ["job"]);
    assert_eq!(seen[1].log, ["job file step theirs main"]);
}

#[tokio::test]
async fn the_runner_says_where_a_step_is() {
    let rig = Rig::new();
    let root = rig.root.canonicalize().unwrap().display().to_string();
    let script = "echo $CI $GITHUB_ACTIONS $RUNNER_NAME $RUNNER_ENVIRONMENT $RUNNER_OS\n\
        pwd; echo $GITHUB_WORKSPACE; echo $RUNNER_WORKSPACE; echo $RUNNER_TEMP; cd; pwd; ls $GITHUB_OUTPUT $GITHUB_STATE | wc -l";
    let seen = rig.run(&[Step::script("it", script)]).await;
    assert_eq!(
        seen[0].log,
        [
            "true true here self-hosted Linux".to_owned(),
            format!("{root}/_work/site/site"),
            format!("{root}/_work/site/site"),
            format!("{root}/_work/site"),
            format!("{root}/_work/_temp"),
            format!("{root}/home"),
            "2".to_owned(),
        ]
    );
}

#[tokio::test]
async fn nothing_else_of_the_runners_own_is_passed_on() {
    let seen = Rig::new()
        .run(&[Step::script("it", "env | grep -c ^CARGO_ || true; test -n \"$PATH\"")])
        .await;
    let passed = usize::from(std::env::var_os("CARGO_HOME").is_some());
    assert_eq!(seen[0].log, [passed.to_string()]);
    assert_eq!(seen[0].end.outcome, Outcome::Success);
}

#[tokio::test]
async fn ci_can_be_said_otherwise_and_the_others_cannot() {
    let mut step = Step::script("it", "echo $CI $GITHUB_ACTIONS $RUNNER_NAME");
    step.variables = ["CI", "GITHUB_ACTIONS", "RUNNER_NAME"]
        .map(|name| (name.to_owned(), "no".to_owned()))
        .to_vec();
    assert_eq!(Rig::new().run(&[step]).await[0].log, ["no true here"]);
}

#[tokio::test]
async fn folders_come_before_the_path_the_last_first() {
    let set = "mkdir a b; for d in a b; do printf '#!/bin/sh\\necho '$d > $d/tool; chmod +x $d/tool; echo $PWD/$d >> $GITHUB_PATH; done";
    let again = Step::script("again", "tool; echo $PWD/a >> $GITHUB_PATH");
    let seen =
        Rig::new().run(&[Step::script("set", set), again, Step::script("show", "tool")]).await;
    assert_eq!(
        (seen[1].log.as_slice(), seen[2].log.as_slice()),
        (&["b".to_owned()][..], &["a".to_owned()][..])
    );
}

#[tokio::test]
async fn a_shell_is_found_in_folders_of_steps_before() {
    let set = "mkdir bin; printf '#!/bin/sh\\necho mine $1 | sed s/step.*/file/' > bin/own; chmod +x bin/own; echo $PWD/bin >> $GITHUB_PATH";
    let seen =
        Rig::new().run(&[Step::script("set", set), Step::script_in("it", "own {0}", "x")]).await;
    assert!(seen[1].log[0].starts_with("mine "), "{:?}", seen[1].log);
}

#[tokio::test]
async fn a_step_runs_in_its_folder() {
    let mut inside = Step::script("inside", "basename $PWD");
    inside.folder = Some("sub/dir".into());
    let mut missing = inside.clone();
    missing.folder = Some("none".into());
    let seen = Rig::new().run(&[Step::script("make", "mkdir -p sub/dir"), inside, missing]).await;
    assert_eq!(seen[1].log, ["dir"]);
    assert_eq!((seen[2].end.outcome, seen[2].end.exit_code), (Outcome::Failure, None));
    assert!(
        seen[2].log[0].ends_with("/none: the working directory is not there"),
        "{:?}",
        seen[2].log
    );
}

#[tokio::test]
async fn node_options_are_not_for_steps_to_set() {
    let seen = Rig::new()
        .run(&[
            Step::script("set", "echo NODE_OPTIONS=--bad >> $GITHUB_ENV; echo A=1 >> $GITHUB_ENV"),
            Step::script("show", "echo ${NODE_OPTIONS:-none} $A"),
        ])
        .await;
    assert_eq!(
        seen[0].log,
        ["##[error]Can't store NODE_OPTIONS output parameter using '$GITHUB_ENV' command."]
    );
    assert_eq!(seen[0].end.outcome, Outcome::Success);
    assert_eq!(seen[1].log, ["none 1"]);
}
