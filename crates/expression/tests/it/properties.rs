//! What holds for every text and every tree.

use proptest::prelude::*;
use tidegate_expression::{Contexts, Expression, Names, Value};

use super::{contexts, names};

/// Texts that are often nearly expressions.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[a-c.*\\[\\]()!&|=<>,' ]{1,3}",
        Just("github".to_owned()),
        Just("contains(".to_owned()),
        Just("toJSON(".to_owned()),
        Just("'x'".to_owned()),
        Just(" && ".to_owned()),
        Just("1e5".to_owned()),
        "\\PC{0,3}",
    ];
    proptest::collection::vec(piece, 0..20).prop_map(|pieces| pieces.concat())
}

/// Expressions, with more parentheses than they need.
fn expressions() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("github".to_owned()),
        Just("list".to_owned()),
        Just("null".to_owned()),
        any::<f64>()
            .prop_filter("written as a name", |number| number.is_finite())
            .prop_map(|number| number.to_string()),
        "[a-z' ]{0,4}".prop_map(|text| format!("'{}'", text.replace('\'', "''"))),
    ];
    leaf.prop_recursive(6, 40, 3, |inner| {
        let operator = prop::sample::select(vec!["==", "!=", "<", "<=", ">", ">=", "&&", "||"]);
        prop_oneof![
            (inner.clone(), operator, inner.clone())
                .prop_map(|(left, operator, right)| format!("({left}) {operator} ({right})")),
            inner.clone().prop_map(|inner| format!("!({inner})")),
            inner.clone().prop_map(|inner| format!("({inner}).name.*")),
            (inner.clone(), inner.clone()).prop_map(|(value, index)| format!("({value})[{index}]")),
            (inner.clone(), inner.clone()).prop_map(|(one, two)| format!("contains({one}, {two})")),
            inner.prop_map(|inner| format!("toJSON({inner})")),
        ]
    })
}

/// Values as JSON can have them.
fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(|number| f64::from(number).into()),
        any::<f64>().prop_map(Value::from),
        ".{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 30, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((".{0,4}", inner), 0..4)
                .prop_map(|members| members.into_iter().collect()),
        ]
    })
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(source in pieces()) {
        match Expression::parse(&source, &names()) {
            Ok(expression) => {
                let _ = expression.evaluate(&contexts());
                for node in expression.nodes() {
                    prop_assert!(source.get(node.span.start..node.span.end).is_some());
                }
            }
            Err(error) => prop_assert!(source.get(error.span.start..error.span.end).is_some()),
        }
    }

    #[test]
    fn what_is_printed_means_the_same(source in expressions()) {
        let expression = Expression::parse(&source, &names()).unwrap();
        let printed = expression.to_string();
        prop_assert!(printed.len() <= source.len() + 20 * source.matches('e').count(), "{}", printed);
        let again = Expression::parse(&printed, &names()).unwrap();
        prop_assert_eq!(again.to_string(), printed);
        prop_assert_eq!(&again, &expression);
        prop_assert_eq!(again.evaluate(&contexts()), expression.evaluate(&contexts()));
    }

    #[test]
    fn one_of_the_two_is_true(left in values(), right in values()) {
        let scope = Contexts([("left", left), ("right", right)].into_iter().collect());
        let ask = |source: &str| {
            let expression = Expression::parse(source, &Names::contexts(["left", "right"])).unwrap();
            expression.evaluate(&scope).unwrap()
        };
        prop_assert_ne!(ask("left == right"), ask("left != right"));
        prop_assert_eq!(ask("left == right"), ask("right == left"));
        prop_assert_eq!(ask("left < right"), ask("right > left"));
        prop_assert_eq!(ask("!left"), ask("!!!left"));
    }

    #[test]
    fn json_is_read_as_it_was_printed(value in values()) {
        prop_assert!(Value::from_json(&value.to_json()).is_ok());
        prop_assert_eq!(Value::from_json(&value.to_exact_json()), Ok(value));
    }

    #[test]
    fn no_json_makes_it_panic(text in "[\\[\\]{}:,'\"\\\\/*a-u0-9.eE+\\- \\n]{0,30}|\\PC{0,12}") {
        let _ = Value::from_json(&text);
    }
}
