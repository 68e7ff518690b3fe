//! Where expressions may be, what they may use, and where exactly they are wrong.

use crate::{check, job, steps};

#[test]
fn an_error_is_where_the_word_is() {
    check(
        &steps("- run: echo ${{ github.sha }} ${{ foo.bar }}"),
        &["6:41 Unrecognized named-value: 'foo'. Located at position 1 within expression: foo.bar"],
    );
    check(
        &steps("- run: |\n    one\n    ${{ github.ref == nope }}"),
        &[
            "8:29 Unrecognized named-value: 'nope'. Located at position 15 within expression: github.ref == nope",
        ],
    );
    check(
        &steps("- run: >-\n\n    one\n\n    two ${{ nope }}\n    ${{ neither }}"),
        &[
            "10:19 Unrecognized named-value: 'nope'. Located at position 1 within expression: nope",
            "11:15 Unrecognized named-value: 'neither'. Located at position 1 within expression: neither",
        ],
    );
    check(
        &steps("- run: 'it''s ${{ nope }}'"),
        &["6:25 Unrecognized named-value: 'nope'. Located at position 1 within expression: nope"],
    );
    check(
        &job("runs-on: x\nif: github.ref == nope"),
        &[
            "5:23 Unrecognized named-value: 'nope'. Located at position 15 within expression: github.ref == nope",
        ],
    );
    check(
        &job("runs-on: x\nif: ${{ nope }}"),
        &["5:13 Unrecognized named-value: 'nope'. Located at position 1 within expression: nope"],
    );
    // Where the text is not in the file as it is, its beginning is told.
    check(
        &steps("- run: \"\\x24{{ nope }}\""),
        &["6:14 Unrecognized named-value: 'nope'. Located at position 1 within expression: nope"],
    );
}

#[test]
fn each_place_has_its_own_names() {
    let unknown = |at: &str, name: &str| {
        format!(
            "{at} Unrecognized named-value: '{name}'. Located at position 1 within expression: {name}.x"
        )
    };
    let refused = |lines: &str, at: &str, name: &str| check(&job(lines), &[&unknown(at, name)]);
    let taken = |lines: &str| check(&job(lines), &[]);
    refused("runs-on: ${{ env.x }}", "4:18", "env");
    taken("runs-on: ${{ matrix.x }}${{ needs.x }}${{ inputs.x }}");
    refused("runs-on: x\nenv: { A: '${{ steps.x }}' }", "5:20", "steps");
    taken("runs-on: x\nenv: { A: '${{ secrets.x }}' }");
    refused("runs-on: x\nif: matrix.x", "5:9", "matrix");
    refused("runs-on: x\nif: secrets.x", "5:9", "secrets");
    refused("runs-on: x\ncontainer: { image: a, env: { A: '${{ jobs.x }}' } }", "5:43", "jobs");
    taken(
        "runs-on: x\ncontainer: { image: a, env: { A: '${{ runner.x }}' }, credentials: { username: '${{ secrets.x }}' } }",
    );
    refused("runs-on: x\ncontainer: { image: '${{ secrets.x }}' }", "5:30", "secrets");
    refused("runs-on: x\nenvironment: { name: '${{ steps.x }}' }", "5:31", "steps");
    taken("runs-on: x\nenvironment: { name: a, url: '${{ steps.x }}' }");
    refused("runs-on: x\nstrategy: { matrix: { a: ['${{ matrix.x }}'] } }", "5:36", "matrix");
    refused("runs-on: x\noutputs: { a: '${{ jobs.x }}' }", "5:24", "jobs");
    refused("runs-on: x\nconcurrency: '${{ env.x }}'", "5:23", "env");
    refused("runs-on: x\nsteps: [{ run: a, if: secrets.x }]", "5:27", "secrets");
    taken("runs-on: x\nsteps: [{ run: a, if: env.x, env: { A: '${{ secrets.x }}' } }]");
    refused(
        "uses: a/b/.github/workflows/c.yml@v1\nwith: { a: '${{ secrets.x }}' }",
        "5:21",
        "secrets",
    );
    taken("uses: a/b/.github/workflows/c.yml@v1\nsecrets: { a: '${{ secrets.x }}' }");
}

#[test]
fn functions_are_those_of_the_place() {
    check(
        &job("runs-on: ${{ hashFiles('a') }}"),
        &[
            "4:18 Unrecognized function: 'hashFiles'. Located at position 1 within expression: hashFiles('a')",
        ],
    );
    check(
        &job("runs-on: x\nname: ${{ always() }}"),
        &[
            "5:15 Unrecognized function: 'always'. Located at position 1 within expression: always()",
        ],
    );
    check(&job("runs-on: x\nif: success('a', 'b')"), &[]);
    check(
        &steps("- run: a\n  if: success('a')"),
        &[
            "7:13 Too many parameters supplied: 'success'. Located at position 1 within expression: success('a')",
        ],
    );
    check(&steps("- run: a\n  if: hashFiles('a') != ''"), &[]);
}

#[test]
fn some_places_have_no_expressions() {
    let refused = "A template expression is not allowed in this context";
    let steps_refused = |lines: &str, at: &str| check(&steps(lines), &[&format!("{at} {refused}")]);
    check(&job("runs-on: x\npermissions: { contents: '${{ 1 }}' }"), &[&format!("5:30 {refused}")]);
    check("name: ${{ 1 }}\non: push\njobs: { a: { runs-on: x } }", &[&format!("1:7 {refused}")]);
    check("on: push\njobs: { '${{ 1 }}': { runs-on: x } }", &[&format!("2:9 {refused}")]);
    check(
        "on: { push: { branches: ['${{ 1 }}'] } }\njobs: { a: { runs-on: x } }",
        &[&format!("1:26 {refused}")],
    );
    check(
        "on: push\ndefaults: { run: { shell: '${{ 1 }}' } }\njobs: { a: { runs-on: x } }",
        &[&format!("2:27 {refused}")],
    );
    // Of a name that is unknown, that is told.
    steps_refused("- uses: ${{ 1 }}", "6:15");
    steps_refused("- id: ${{ 1 }}\n  run: a", "6:13");
    steps_refused("- run: a\n  shell: ${{ 1 }}", "7:16");
}

#[test]
fn what_is_between_braces_is_closed_and_something() {
    let closed = "The expression is not closed. An unescaped ${{ sequence was found, but the closing }} sequence was not found.";
    check(&steps("- run: echo ${{ github.sha }"), &[&format!("6:19 {closed}")]);
    check(&steps("- run: echo ${{ 'a }}"), &[&format!("6:19 {closed}")]);
    check(&steps("- run: ${{ 1 }} ${{"), &[&format!("6:23 {closed}")]);
    check(&steps("- run: ${{}}"), &["6:14 An expression was expected"]);
    check(&steps("- run: ${{   }} a"), &["6:14 An expression was expected"]);
    check(&steps("- run: $ {{ nothing }} $${{ 1 }}"), &[]);
}

#[test]
fn insert_stands_alone_as_a_key() {
    check(&steps("- run: a\n  env: { '${{ insert }}': '${{ vars.x }}' }"), &[]);
    check(&steps("- run: ${{ insert }}"), &["6:14 Unexpected value '${{ insert }}'"]);
    check(
        &steps("- run: ${{ insert 1 }}"),
        &[
            "6:14 Exactly 0 parameter(s) were expected following the directive 'insert'. Actual parameter count: 1",
        ],
    );
    check(
        &steps("- run: ${{ inserted }}"),
        &[
            "6:18 Unrecognized named-value: 'inserted'. Located at position 1 within expression: inserted",
        ],
    );
}

#[test]
fn an_expression_has_21000_characters_at_most() {
    let long = |count: usize| format!("- run: a ${{{{ '{}' }}}}", "x".repeat(count));
    // Together with what `format` and its quotes add.
    check(&steps(&long(20_980)), &[]);
    check(&steps(&long(20_999)), &["6:16 Exceeded max expression length 21000"]);
    check(&steps(&format!("- run: {}", "x".repeat(100_000))), &[]);
}
