use tidegate_workflow_commands::{Annotation, Effect, Interpreter, Level, Trust};

fn hear(lines: &[&str], trust: Trust) -> Vec<Option<Vec<Effect>>> {
    let mut interpreter = Interpreter::new("/w", trust);
    lines.iter().map(|line| interpreter.hear(line)).collect()
}

fn brief(effect: &Effect) -> String {
    match effect {
        Effect::Annotate(Annotation { level, message, .. }) => {
            format!("{}: {}", level.name(), message.split(". ").next().unwrap_or_default())
        }
        Effect::Debug(_) => "debug".to_owned(),
        other => format!("{other:?}"),
    }
}

/// For each line `text`, or its effects in brief.
fn check(lines: &[&str], trust: Trust, expect: &[&str]) {
    let told: Vec<_> = hear(lines, trust)
        .iter()
        .map(|heard| match heard {
            None => "text".to_owned(),
            Some(effects) => effects.iter().map(brief).collect::<Vec<_>>().join("; "),
        })
        .collect();
    assert_eq!(told, expect);
}

const NONE: Trust = Trust { unsecure_commands: false, unsecure_stop_tokens: false };
const COMMANDS: Trust = Trust { unsecure_commands: true, unsecure_stop_tokens: false };
const TOKENS: Trust = Trust { unsecure_commands: false, unsecure_stop_tokens: true };

#[test]
fn lines_are_text_or_take_effect() {
    check(&["hello", "a::b::c", "::unknown::x", ""], NONE, &["text", "text", "text", "text"]);
    check(
        &["::group::Build", "::endgroup::"],
        NONE,
        &[r###"Log("##[group]Build")"###, r###"Log("##[endgroup]")"###],
    );
    check(&["::debug::why"], NONE, &["debug"]);
    check(&["::add-matcher::.github/m.json"], NONE, &[r#"AddMatchers(".github/m.json")"#]);
    check(
        &["::remove-matcher owner=x::", "::remove-matcher::m.json"],
        NONE,
        &[r#"RemoveMatcher("x")"#, r#"RemoveMatchersOf("m.json")"#],
    );
}

#[test]
fn outputs_and_state_work_with_a_word_of_their_end() {
    check(
        &["::set-output name=a::1%0A2", "::save-state name=b::2"],
        NONE,
        &[
            "warning: The `set-output` command is deprecated and will be disabled soon; SetOutput { name: \"a\", value: \"1\\n2\" }",
            "warning: The `save-state` command is deprecated and will be disabled soon; SaveState { name: \"b\", value: \"2\" }",
        ],
    );
    check(
        &["::set-output::1"],
        NONE,
        &["warning: The `set-output` command is deprecated and will be disabled soon; \
         error: Unable to process command '::set-output::1' successfully.; \
         error: Required field 'name' is missing in ##[set-output] command.; Fail"],
    );
}

#[test]
fn the_environment_is_not_changed_by_what_is_printed() {
    for line in ["::set-env name=A::1", "::add-path::/bin"] {
        let heard = hear(&[line], NONE).remove(0).unwrap();
        let Effect::Annotate(why) = &heard[1] else { panic!("{heard:?}") };
        assert!(
            why.message.contains("is disabled")
                && why.message.contains("ACTIONS_ALLOW_UNSECURE_COMMANDS"),
            "{why:?}"
        );
        assert_eq!(heard[2], Effect::Fail);
    }
    check(
        &["::set-env name=A::1", "::add-path::/bin"],
        COMMANDS,
        &[r#"SetVariable { name: "A", value: "1" }"#, r#"AddPath("/bin")"#],
    );
    check(
        &["::set-env name=Node_Options::1"],
        COMMANDS,
        &["error: Can't update NODE_OPTIONS environment variable using ::set-env:: command."],
    );
    check(
        &["::add-path::"],
        COMMANDS,
        &[
            "error: Unable to process command '::add-path::' successfully.; error: ##[add-path] needs the path of a folder.; Fail",
        ],
    );
}

#[test]
fn masks_are_never_repeated() {
    check(
        &["::add-mask::secret", "::echo::on", "::add-mask::secret", "::add-mask:: "],
        NONE,
        &[
            r#"Mask("secret")"#,
            "debug",
            r#"Log("::add-mask::***"); Mask("secret")"#,
            "warning: Can't add secret mask for empty string in ##[add-mask] command.",
        ],
    );
}

#[test]
fn commands_stop_until_their_token() {
    check(
        &[
            "::stop-commands::resume-it",
            "::warning::x",
            "plain",
            "::other::",
            "::RESUME-it::",
            "::debug::x",
        ],
        NONE,
        &[
            r#"Log("::stop-commands::resume-it"); debug; Mask("resume-it")"#,
            "text",
            "text",
            "text",
            r#"Log("::RESUME-it::"); debug"#,
            "debug",
        ],
    );
    check(
        &["::stop-commands::short", "##[short]", "::short::"],
        NONE,
        &[r#"Log("::stop-commands::short"); debug"#, r###"Log("##[short]"); debug"###, "text"],
    );
}

#[test]
fn a_token_that_others_could_print_is_refused() {
    for token in ["", "pause-logging", "Pause-Logging", "add-mask", "stop-commands", "ERROR"] {
        let line = format!("::stop-commands::{token}");
        let heard = hear(&[&line, "::debug::still heard"], NONE);
        assert_eq!(heard[0].as_ref().unwrap().last(), Some(&Effect::Fail), "{token:?}");
        assert_eq!(heard[1], Some(vec![Effect::Debug("still heard".to_owned())]), "{token:?}");
    }
    check(
        &["::stop-commands::warning", "::error::x", "::warning::"],
        TOKENS,
        &[
            r#"Log("::stop-commands::warning"); debug; Mask("warning")"#,
            "text",
            r#"Log("::warning::"); debug"#,
        ],
    );
}

#[test]
fn echo_repeats_all_but_what_is_logged_anyway() {
    check(
        &["::echo::ON", "::add-matcher::m", "::error::x", "::echo:: off ", "::add-matcher::m"],
        NONE,
        &[
            "debug",
            r#"Log("::add-matcher::m"); AddMatchers("m")"#,
            "error: x",
            r#"Log("::echo:: off "); debug"#,
            r#"AddMatchers("m")"#,
        ],
    );
    check(
        &["::echo::perhaps"],
        NONE,
        &["error: Unable to process command '::echo::perhaps' successfully.; \
         error: Invalid echo command value; Fail"],
    );
    let mut interpreter = Interpreter::new("/w", NONE).echoing();
    assert_eq!(interpreter.hear("::add-matcher::m").unwrap().len(), 2);
}

#[test]
fn matchers_need_one_of_a_file_and_an_owner() {
    for line in ["::add-matcher::", "::remove-matcher::", "::remove-matcher owner=o::file"] {
        let heard = hear(&[line], NONE).remove(0).unwrap();
        let [Effect::Annotate(told)] = heard.as_slice() else { panic!("{heard:?}") };
        assert_eq!(told.level, Level::Warning);
    }
}

#[test]
fn trust_is_read_from_variables() {
    let of = |commands: &'static str, tokens: &'static str| {
        Trust::of(|name| {
            Some(if name == "ACTIONS_ALLOW_UNSECURE_COMMANDS" { commands } else { tokens })
        })
    };
    assert_eq!(of("true", ""), COMMANDS);
    assert_eq!(of(" TRUE ", "no"), COMMANDS);
    assert_eq!(of("1", "yes"), NONE);
    assert_eq!(of("", "1"), TOKENS);
    assert_eq!(of("false", "$True"), TOKENS);
    assert_eq!(Trust::of(|_| None), NONE);
}
