//! What holds of any three answers.

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use tidegate_comparison::{Answer, Apart, Body, Settings, compare};

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (0_u8..4).prop_map(Value::from),
        "[ab]{0,2}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-c. ]{1,2}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

fn any_answer() -> impl Strategy<Value = Option<Answer>> {
    let fields = prop::collection::vec(("(etag|vary|set-cookie|date)", "[ab]"), 0..4);
    let body = prop_oneof![
        8 => any_json().prop_map(|value| Body::Whole(value.to_string().into_bytes())),
        1 => Just(Body::Unread),
        1 => prop::collection::vec(any::<u8>(), 0..8).prop_map(Body::Whole),
    ];
    let status = prop_oneof![9 => Just(200_u16), 1 => 200_u16..600];
    let answer = (status, fields, body, 0_u64..20_000)
        .prop_map(|(status, fields, body, micros)| Answer { status, fields, body, micros });
    prop_oneof![1 => Just(None), 9 => answer.prop_map(Some)]
}

fn standing(answers: [Option<&Answer>; 3]) -> Vec<(String, Apart)> {
    let found = compare(&Settings::default(), answers);
    found.differences.into_iter().map(|it| (it.field, it.apart)).collect()
}

/// Who stands apart after the candidate and the first have changed places.
fn swapped(apart: Apart) -> Apart {
    match apart {
        Apart::Candidate => Apart::First,
        Apart::First => Apart::Candidate,
        other => other,
    }
}

/// And after each has moved on by one place.
fn turned(apart: Apart) -> Apart {
    match apart {
        Apart::Candidate => Apart::First,
        Apart::First => Apart::Second,
        Apart::Second => Apart::Candidate,
        Apart::All => Apart::All,
    }
}

proptest! {
    /// The three are treated alike, which is what makes who stands apart a matter of chance.
    #[test]
    fn whoever_is_the_candidate_the_same_is_found(
        a in any_answer(), b in any_answer(), c in any_answer(),
    ) {
        let [a, b, c] = [a.as_ref(), b.as_ref(), c.as_ref()];
        let told = standing([a, b, c]);
        let change = |how: fn(Apart) -> Apart| -> Vec<(String, Apart)> {
            told.iter().map(|(field, apart)| (field.clone(), how(*apart))).collect()
        };
        prop_assert_eq!(standing([b, a, c]), change(swapped));
        prop_assert_eq!(standing([c, a, b]), change(turned));
    }

    #[test]
    fn an_answer_is_like_itself(a in any_answer()) {
        let a = a.as_ref();
        prop_assert_eq!(standing([a, a, a]), vec![]);
    }

    /// Nobody but the candidate stands apart from two that are the same.
    #[test]
    fn beside_two_that_are_alike_only_the_candidate_stands_apart(
        a in any_answer(), b in any_answer(),
    ) {
        let told = standing([a.as_ref(), b.as_ref(), b.as_ref()]);
        prop_assert!(told.iter().all(|(_, apart)| *apart == Apart::Candidate), "{told:?}");
    }

    /// A change of one field, wherever it is, is found by its name and hidden by its name.
    #[test]
    fn one_wrong_field_is_found_and_can_be_ignored(
        rest in any_json(), keys in prop::collection::vec("[a-z]{1,3}", 1..5),
    ) {
        let nested = |leaf: Value| {
            let inner = keys.iter().rev().fold(leaf, |inner, key| json!({ key.as_str(): [inner, 1] }));
            let body = json!({ "rest": rest, "wrong": inner });
            Answer {
                status: 200,
                fields: vec![],
                body: Body::Whole(body.to_string().into_bytes()),
                micros: 0,
            }
        };
        let (wrong, right) = (nested(json!("x")), nested(json!("y")));
        let field = format!("body.wrong.{}[]", keys.join("[]."));
        let three = [Some(&wrong), Some(&right), Some(&right)];
        prop_assert_eq!(standing(three), vec![(field.clone(), Apart::Candidate)]);
        let settings = Settings { ignored: vec![field], ..Settings::default() };
        prop_assert!(compare(&settings, three).differences.is_empty());
    }
}
