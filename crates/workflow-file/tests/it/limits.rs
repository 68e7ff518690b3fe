//! What a file may have at most.

use proptest::prelude::*;
use tidegate_workflow_file::{read_action, read_workflow};

use crate::{check, job, steps, told};

#[test]
fn a_file_has_a_mebi_of_characters() {
    let rest = 1024 * 1024 - steps("- run: ").len() - 1;
    let fits = steps(&format!("- run: ä{}", "x".repeat(rest)));
    check(&fits, &[]);
    check(
        &format!("{fits}#"),
        &["1:1 The maximum file size of 1048576 characters has been exceeded"],
    );
}

#[test]
fn things_are_50_deep() {
    // The root, `jobs`, the job, `strategy`, `matrix` and `a` are six.
    let nested = |count: usize| {
        job(&format!(
            "runs-on: x\nstrategy: {{ matrix: {{ a: {}{} }} }}",
            "[".repeat(count),
            "]".repeat(count)
        ))
    };
    check(&nested(45), &[]);
    check(&nested(46), &["5:75 Maximum object depth exceeded"]);
}

#[test]
fn an_alias_is_as_deep_as_what_it_stands_for() {
    let text = job(&format!(
        "runs-on: x\nstrategy: {{ matrix: {{ a: &a {}{}, b: {}*a{} }} }}",
        "[".repeat(30),
        "]".repeat(30),
        "[".repeat(16),
        "]".repeat(16),
    ));
    let told = told(&read_workflow("w.yml", &text));
    assert!(told.len() == 1 && told[0].ends_with("Maximum object depth exceeded"), "{told:?}");
}

#[test]
fn aliases_count_as_what_they_stand_for() {
    let bomb: String =
        (1..8).fold("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned(), |text, level| {
            let before = format!("*a{}", level - 1);
            format!("{text}    a{level}: &a{level} [{}]\n", vec![before; 10].join(", "))
        });
    let told = told(&read_workflow("w.yml", &format!("on: push\njobs:\n  x:\n    {bomb}")));
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].ends_with("Maximum YAML nodes exceeded"), "{told:?}");
}

#[test]
fn at_most_500_problems_are_told() {
    let key = |number| format!("k{number}: x\n");
    let keys = (0..2_000).map(key).collect::<Vec<_>>().concat();
    assert_eq!(read_workflow("w.yml", &keys).problems.len(), 500);
}

#[test]
fn a_text_may_be_nothing_but_expressions() {
    // 100,000 on one line: what costs their square would not end.
    let many = "${{1}}".repeat(100_000);
    check(&steps(&format!("- run: {many}")), &["6:14 Exceeded max expression length 21000"]);
    let few = format!("{}{}", "ä${{ 1 }} ".repeat(200), "${{ x }}");
    check(
        &steps(&format!("- run: {few}")),
        &["6:2018 Unrecognized named-value: 'x'. Located at position 1 within expression: x"],
    );
}

#[test]
fn a_long_line_is_shown_in_part() {
    let text = format!("name: {}\nunknown: {}\non: push\njobs: {{}}", "x", "y".repeat(10_000));
    let reading = read_workflow("w.yml", &text);
    assert_eq!(reading.problems[0].source.chars().count(), 400);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Whatever the text is, reading ends, and each problem is at a place of the file.
    #[test]
    fn any_text_is_read(text in "[ \\n:\\[\\]{},&*!|>'\"#%@a-c${}?-]{0,120}") {
        for reading in [read_workflow("w.yml", &text), read_action("a.yml", &text)] {
            prop_assert!(reading.root.is_some() || !reading.is_valid());
            for problem in reading.problems {
                let lines = text.split('\n').count();
                prop_assert!(problem.line >= 1 && problem.line as usize <= lines + 1, "{problem}");
                prop_assert!(problem.column >= 1 && problem.width >= 1, "{problem}");
            }
        }
    }

    /// A file with a part taken out of it is read too, and told the same twice.
    #[test]
    fn a_damaged_file_is_read(from in 0usize..1200, length in 1usize..200) {
        let text = include_str!("../fixtures/recorded/good.yml");
        let cut = |at: usize| text.char_indices().map(|(index, _)| index).nth(at).unwrap_or(text.len());
        let damaged = format!("{}{}", &text[..cut(from)], &text[cut(from + length)..]);
        let reading = read_workflow("w.yml", &damaged);
        prop_assert_eq!(&reading.problems, &read_workflow("w.yml", &damaged).problems);
    }
}
