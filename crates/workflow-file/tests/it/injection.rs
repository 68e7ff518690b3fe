//! Text of outsiders in scripts.

use tidegate_workflow_file::{read_action, read_workflow};

use crate::{check, steps, told};

fn warning(at: &str, name: &str, key: &str) -> String {
    format!(
        "{at} warning: Script injection: '{name}' is text that outsiders choose, and it becomes part of the '{key}' script before the script is read"
    )
}

#[track_caller]
fn found(expression: &str, name: &str) {
    let text = steps(&format!("- run: echo ${{{{ {expression} }}}}"));
    check(&text, &[&warning("6:19", name, "run")]);
}

#[track_caller]
fn harmless(expression: &str) {
    check(&steps(&format!("- run: echo ${{{{ {expression} }}}}")), &[]);
}

#[test]
fn titles_texts_and_branches_are_chosen_by_outsiders() {
    found("github.event.issue.title", "github.event.issue.title");
    found("GitHub.Event.Issue['Title']", "github.event.issue.title");
    found("github.head_ref", "github.head_ref");
    found("github.event.pull_request.head.ref", "github.event.pull_request.head.ref");
    found("github.event.commits[0].message", "github.event.commits.*.message");
    found("github.event.commits.*.author.name", "github.event.commits.*.author.name");
    found("join(github.event.commits.*.message, ' ')", "github.event.commits.*.message");
    found("github.event.comment.body || 'none'", "github.event.comment.body");
    found("format('{0}', github.event.review.body)", "github.event.review.body");
    found("toJSON(github.event.issue)", "github.event.issue");
    found("toJSON(github.event)", "github.event");
}

#[test]
fn what_cannot_be_a_script_is_harmless() {
    harmless("github.event.issue.number");
    harmless("github.sha");
    harmless("github.event.pull_request.head.sha");
    harmless("github.event.issue.title == 'x'");
    harmless("contains(github.event.issue.title, 'x')");
    harmless("!github.event.issue.title");
    harmless("github.event");
    harmless("toJSON(github.event.issue.number)");
    check(
        &steps("- run: echo \"$TITLE\"\n  env: { TITLE: '${{ github.event.issue.title }}' }"),
        &[],
    );
    check(&steps("- run: a\n  if: github.event.issue.title"), &[]);
    check(&steps("- uses: a/b@v1\n  with: { script: '${{ github.event.issue.title }}' }"), &[]);
}

#[test]
fn scripts_of_github_script_are_scripts() {
    check(
        &steps(
            "- uses: actions/github-script@v7\n  with:\n    script: |\n      log('${{ github.event.comment.body }}')",
        ),
        &[&warning("9:18", "github.event.comment.body", "script")],
    );
}

#[test]
fn steps_side_by_side_are_looked_at_too() {
    check(
        &steps("- parallel:\n    - run: ${{ github.head_ref }}"),
        &[&warning("7:18", "github.head_ref", "run")],
    );
}

#[test]
fn an_action_is_looked_at_too() {
    let reading = read_action(
        "action.yml",
        "name: a\ndescription: b\nruns:\n  using: composite\n  steps:\n    - run: echo ${{ github.head_ref }}\n      shell: bash\n",
    );
    assert_eq!(told(&reading), [warning("6:17", "github.head_ref", "run")]);
}

#[test]
fn a_warning_says_how_to_mend_it_and_does_not_refuse() {
    let reading = read_workflow("w.yml", &steps("- run: echo ${{ github.head_ref }}"));
    assert!(reading.is_valid());
    assert_eq!(
        reading.problems[0].hint.as_deref(),
        Some(
            "hand it over as a variable: `env: { NAME: \"${{ github.head_ref }}\" }`, and use \"$NAME\" in the script"
        )
    );
    assert_eq!(
        (reading.problems[0].width, reading.problems[0].source.trim()),
        (22, "- run: echo ${{ github.head_ref }}")
    );
}
