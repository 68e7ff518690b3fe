//! Action files.

use tidegate_workflow_file::read_action;

use crate::told;

#[track_caller]
fn check(runs: &str, expect: &[&str]) {
    let text = format!("name: a\ndescription: b\nruns:\n{runs}");
    assert_eq!(told(&read_action("action.yml", &text)), expect, "{text}");
}

#[test]
fn there_are_three_kinds_of_actions() {
    check("  using: node20\n  main: index.js\n  post: post.js\n  post-if: success()\n", &[]);
    check(
        "  using: docker\n  image: Dockerfile\n  args: ['${{ inputs.a }}']\n  env: { A: b }\n",
        &[],
    );
    check(
        "  using: composite\n  steps:\n    - run: echo\n      shell: bash\n    - uses: ./other\n",
        &[],
    );
}

#[test]
fn each_kind_has_what_it_needs() {
    check(
        "  using: node20\n",
        &[
            "4:3 There's not enough info to determine what you meant. Add one of these properties: args, entrypoint, env, image, main, post, post-entrypoint, pre, pre-entrypoint, steps",
        ],
    );
    check("  using: node20\n  pre: a.js\n", &["4:3 Required property is missing: main"]);
    check("  using: node18\n  main: a.js\n", &["4:10 Unexpected value 'node18'"]);
    check(
        "  using: node20\n  steps: []\n",
        &["4:10 An action using 'node20' has 'main', and not 'steps'"],
    );
    check(
        "  using: composite\n  image: a\n",
        &["4:10 An action using 'composite' has 'steps', and not 'image'"],
    );
    check(
        "  using: composite\n  steps:\n    - run: a\n",
        &["6:7 Required property is missing: shell"],
    );
}

#[test]
fn expressions_are_those_of_actions() {
    check(
        "  using: composite\n  steps:\n    - run: ${{ secrets.A }}\n      shell: bash\n",
        &[
            "6:16 Unrecognized named-value: 'secrets'. Located at position 1 within expression: secrets.A",
        ],
    );
    check(
        "  using: composite\n  steps:\n    - run: a\n      shell: bash\n      if: inputs.a && hashFiles('a') && failure()\n",
        &[],
    );
    check(
        "  using: docker\n  image: a\n  args: ['${{ github.a }}']\n",
        &[
            "6:15 Unrecognized named-value: 'github'. Located at position 1 within expression: github.a",
        ],
    );
    check(
        "  using: node20\n  main: a\n  pre-if: needs.a\n",
        &[
            "6:11 Unrecognized named-value: 'needs'. Located at position 1 within expression: needs.a",
        ],
    );
}

#[test]
fn steps_have_names_of_their_own() {
    check(
        "  using: composite\n  steps:\n    - { id: a, run: x, shell: sh }\n    - { id: A, run: x, shell: sh }\n",
        &["7:13 The identifier 'A' may not be used more than once within the same scope."],
    );
}

#[test]
fn an_action_says_what_it_is() {
    let told = told(&read_action("action.yml", "author: me\nicon: x\n"));
    assert_eq!(
        told,
        [
            "1:1 Required property is missing: name",
            "1:1 Required property is missing: description",
            "1:1 Required property is missing: runs",
            "2:1 Unexpected value 'icon'",
        ]
    );
    let text = "name: a\ndescription: b\ninputs:\n  a: { default: '${{ github.sha }}', required: true, other: 1 }\n  b:\n    default: ${{ inputs.a }}\noutputs:\n  c: { value: '${{ steps.x.outputs.y }}' }\nbranding: { icon: box, color: pink }\nruns: { using: node20, main: a.js }\n";
    let told = crate::told(&read_action("action.yml", text));
    assert_eq!(
        told,
        [
            "6:18 Unrecognized named-value: 'inputs'. Located at position 1 within expression: inputs.a",
            "9:31 Unexpected value 'pink'",
        ]
    );
}
