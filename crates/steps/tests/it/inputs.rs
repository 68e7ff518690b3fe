//! What actions of Node and of Tidegate are told.

use tidegate_steps::Runs;

use crate::bed::{Said as _, action, check_with, input, node, uses};

#[test]
fn inputs_are_variables_and_defaults_fill_what_is_not_told() {
    let mut one = action(Runs::Node(node(
        "see INPUT_WHO; see INPUT_HOW_MUCH; see INPUT_REST; see GITHUB_ACTION_REF; see GITHUB_ACTION_PATH",
    )));
    one.inputs =
        vec![input("who", None), input("how much", Some("${{ 2 }}")), input("rest", Some("empty"))];
    check_with(
        vec![("someone/one@v1", one)],
        vec![uses("u", "someone/one@v1", &[("WHO", "${{ github.event.number }}")])],
        "run Run someone/one@v1
         INPUT_WHO is 7
         INPUT_HOW_MUCH is 2
         INPUT_REST is empty
         GITHUB_ACTION_REF is v1
         GITHUB_ACTION_PATH is nothing
         Run someone/one@v1: success
         over: success",
    );
}

#[test]
fn what_an_action_does_not_know_is_told_to_it_and_to_people() {
    let mut one = action(Runs::Node(node("see INPUT_WHAT")));
    one.inputs = vec![input("who", None), input("old", None)];
    one.inputs[1].deprecated = Some("use who".to_owned());
    check_with(
        vec![("someone/one@v1", one)],
        vec![uses("u", "someone/one@v1", &[("what", "x"), ("old", "y")])],
        "Warning: Input 'old' has been deprecated with message: use who
         Warning: Unexpected input(s) 'what', valid inputs are ['who', 'old']
         run Run someone/one@v1
         INPUT_WHAT is x
         Run someone/one@v1: success
         over: success",
    );
}

#[test]
fn inputs_that_have_no_value_fail_the_step() {
    check_with(
        vec![("someone/one@v1", action(Runs::Node(node("x"))))],
        vec![uses("u", "someone/one@v1", &[("a", "${{ fromJSON('[') }}")]).whatever()],
        "Error: 1:1: the expression `fromJSON('[')` has no value: Error parsing fromJson: it ends where a value should be (line 1, column 2)
         Run someone/one@v1: failure, taken for success
         over: success",
    );
}
