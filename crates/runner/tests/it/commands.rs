use tidegate_runner::{Outcome, Step};

use crate::rig::{Rig, check, map};

#[tokio::test]
async fn outputs_come_from_the_file_and_from_commands() {
    let script = "echo a=1 >> $GITHUB_OUTPUT\nprintf 'b<<END\\nx\\ny\\nEND\\n' >> $GITHUB_OUTPUT\necho '::set-output name=c::3'";
    let seen = Rig::new().run(&[Step::script("it", script)]).await.remove(0);
    assert_eq!(seen.end.report.outputs, map(&[("a", "1"), ("b", "x\ny"), ("c", "3")]));
    assert!(
        seen.log[0].starts_with("##[warning]The `set-output` command is deprecated"),
        "{:?}",
        seen.log
    );
}

#[tokio::test]
async fn a_file_that_is_wrong_fails_the_step_and_what_came_before_counts() {
    let seen = Rig::new()
        .run(&[Step::script("it", "printf 'a=1\\nnonsense\\nb=2\\n' > $GITHUB_OUTPUT")])
        .await
        .remove(0);
    assert_eq!(seen.end.outcome, Outcome::Failure);
    assert_eq!(seen.end.exit_code, Some(0));
    assert_eq!(seen.end.report.outputs, map(&[("a", "1")]));
    assert_eq!(seen.log[0], "##[error]Unable to process file command 'output' successfully.");
    assert!(
        seen.log[1].contains("GITHUB_OUTPUT: line 2: Invalid format 'nonsense'"),
        "{:?}",
        seen.log
    );
}

#[tokio::test]
async fn a_file_that_is_none_any_more_is_not_read() {
    let secret =
        "ln -sf /etc/passwd $GITHUB_OUTPUT; rm $GITHUB_ENV; mkfifo $GITHUB_ENV; rm $GITHUB_STATE";
    let seen = Rig::new().run(&[Step::script("it", secret)]).await.remove(0);
    assert_eq!(seen.end.outcome, Outcome::Failure);
    assert!(seen.end.report.outputs.is_empty());
    assert_eq!(
        seen.log.iter().filter(|line| line.contains("Unable to process file command")).count(),
        2
    );
}

#[tokio::test]
async fn what_is_secret_is_shown_nowhere() {
    let rig = Rig::with(|job| {
        job.secrets = vec!["hunter22".to_owned(), "first line\nsecond line".to_owned()];
    });
    let script = "echo is hunter22; printf hun; printf 'ter22\\n'; printf hunter22 | base64; echo the second line\n\
        echo '::error title=hunter22::why hunter22'; echo '::add-mask::later'; echo later; \
        echo '# hunter22' >> $GITHUB_STEP_SUMMARY; echo '::group::hunter22'; echo '::debug::hunter22'";
    let mut step = Step::script("it", script);
    step.variables = vec![("TOKEN".to_owned(), "hunter22".to_owned())];
    step.name = "Say hunter22".to_owned();
    let end = rig.job.run(&step, &tidegate_runner::Cancel::new()).await;
    let events = rig.finish().await;
    assert!(!format!("{events:?}").contains("hunter22"), "{events:?}");
    assert_eq!(
        crate::rig::log_of(&events, &end),
        ["is ***", "***", "***", "the ***", "##[error]why ***", "***", "##[group]***",]
    );
    assert_eq!(end.report.summary.as_deref(), Some("# ***\n"));
    let annotation = &end.report.annotations[0];
    assert_eq!(
        (annotation.title.as_deref(), annotation.message.as_str()),
        (Some("***"), "why ***")
    );
}

#[tokio::test]
async fn half_a_secret_in_a_line_that_is_cut_is_not_shown() {
    let rig = Rig::with(|job| job.secrets = vec!["supersecret".to_owned()]);
    let script = "head -c 1048570 /dev/zero | tr '\\0' x; echo supersecret; echo next";
    let seen = rig.run(&[Step::script("it", script)]).await.remove(0);
    assert_eq!(seen.log[0].len(), 1_048_570 + " [the rest of the line is left out]".len());
    assert!(seen.log[0].ends_with("xxx [the rest of the line is left out]"));
    assert_eq!(seen.log[1], "next");
}

#[tokio::test]
async fn a_summary_that_is_too_long_is_left_out() {
    let script = "head -c 1048577 /dev/zero | tr '\\0' x > $GITHUB_STEP_SUMMARY";
    let seen = Rig::new().run(&[Step::script("it", script)]).await.remove(0);
    assert_eq!(seen.end.report.summary, None);
    assert!(
        seen.log[1].contains("supports content up to a size of 1024k, got 1024k"),
        "{:?}",
        seen.log
    );
}

#[tokio::test]
async fn problems_are_found_in_what_is_printed_and_by_later_steps() {
    let matcher = r#"{"problemMatcher": [{"owner": "cc", "pattern": [{"regexp": "^(.+):(\\d+): (.*)$", "file": 1, "line": 2, "message": 3}]}]}"#;
    let set = format!(
        "mkdir src; touch src/a.c; cat > m.json <<'END'\n{matcher}\nEND\necho '::add-matcher::m.json'; echo 'src/a.c:3: odd'"
    );
    let seen = Rig::new()
        .run(&[
            Step::script("set", set),
            Step::script(
                "again",
                "echo 'none.c:4: bad'; echo '::remove-matcher owner=CC::'; echo 'src/a.c:5: fine'",
            ),
            Step::script("off", "echo 'src/a.c:6: fine'"),
        ])
        .await;
    let places = |index: usize| {
        let annotations = &seen[index].end.report.annotations;
        annotations
            .iter()
            .map(|told| (told.file.clone(), told.line, told.message.clone()))
            .collect::<Vec<_>>()
    };
    assert_eq!(places(0), [(Some("src/a.c".to_owned()), Some(3), "odd".to_owned())]);
    assert_eq!(places(1), [(None, Some(4), "bad".to_owned())]);
    assert_eq!(places(2), []);
    assert_eq!(seen[0].log, ["##[error]src/a.c:3: odd"]);
    assert_eq!(seen[1].log[1], "src/a.c:5: fine");
}

#[tokio::test]
async fn matchers_of_no_file_fail_the_step() {
    let end = check(
        "echo '::add-matcher::none.json'",
        &["##[error]none.json: there is no such file of problem matchers"],
    )
    .await;
    assert_eq!(end.outcome, Outcome::Failure);
}

#[tokio::test]
async fn a_step_that_said_too_much_has_failed_whatever_it_ends_with() {
    let seen = Rig::new()
        .run(&[Step::script("it", "echo '::set-env name=A::1'; echo on")])
        .await
        .remove(0);
    assert_eq!((seen.end.outcome, seen.end.exit_code), (Outcome::Failure, Some(0)));
    assert_eq!(seen.log.last().unwrap(), "on");
    let mut trusted = Step::script("it", "echo '::set-env name=A::1'; echo '::add-path::/opt/x'");
    trusted.variables = vec![("ACTIONS_ALLOW_UNSECURE_COMMANDS".to_owned(), "true".to_owned())];
    let seen = Rig::new().run(&[trusted, Step::script("show", "echo $A ${PATH%%:*}")]).await;
    assert_eq!(seen[1].log, ["1 /opt/x"]);
}

#[tokio::test]
async fn ten_remarks_of_a_level_are_kept_and_all_are_logged() {
    let seen = Rig::new()
        .run(&[Step::script(
            "it",
            "for i in $(seq 15); do echo \"::warning::w$i\"; done; echo ::notice::n",
        )])
        .await
        .remove(0);
    assert_eq!(seen.log.len(), 16);
    assert_eq!(seen.end.report.annotations.len(), 11);
}

#[tokio::test]
async fn detail_is_logged_when_it_is_asked_for() {
    let script = "echo ::debug::why; echo '::echo::off'";
    check(script, &[]).await;
    let seen =
        Rig::with(|job| job.detailed = true).run(&[Step::script("it", script)]).await.remove(0);
    assert_eq!(
        seen.log,
        ["##[debug]why", "::echo::off", "##[debug]Setting echo command value to 'off'"]
    );
}
