use proptest::prelude::*;
use tidegate_condition::{Condition, Value};

/// Words that make up conditions, so that random texts get past the first token.
const WORDS: [&str; 64] = [
    "result",
    "1",
    "2.5",
    "'a'",
    "\"\\n\"",
    "nil",
    "true",
    "false",
    "#",
    "#acc",
    "#index",
    ".",
    "?.",
    "[",
    "]",
    "(",
    ")",
    "{",
    "}",
    ",",
    ";",
    ":",
    "::",
    "?",
    "??",
    "|",
    "||",
    "&&",
    "==",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    "+",
    "-",
    "*",
    "/",
    "%",
    "**",
    "..",
    "not",
    "in",
    "matches",
    "contains",
    "startsWith",
    "let x =",
    "x",
    "if",
    "else",
    "map(",
    "filter(",
    "all(",
    "reduce(",
    "len(",
    "sort(",
    "groupBy(",
    "sum(",
    "split(",
    "-1",
    "[1, 2]",
    "{a: 1}",
    "1..3",
    "$env",
];

fn values() -> impl Strategy<Value = Value> {
    let plain = prop_oneof![
        Just(Value::Nil),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        any::<f64>().prop_map(Value::Float),
        "\\PC{0,8}".prop_map(Value::text),
    ];
    plain.prop_recursive(3, 20, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::list),
            prop::collection::vec(("[a-c]", inner), 0..4).prop_map(Value::map),
        ]
    })
}

const PLAIN: [&str; 17] = [
    "result",
    "1",
    "-1",
    "0",
    "2.5",
    "'ab'",
    "nil",
    "true",
    "[3, 1]",
    "{a: 1}",
    "result.a",
    "result?.a",
    "9223372036854775807",
    "0/0",
    "''",
    "[]",
    "'ä'",
];

const OPERATORS: [&str; 18] = [
    "+", "-", "*", "/", "%", "**", "==", "!=", "<", ">=", "in", "not in", "contains", "matches",
    "..", "&&", "||", "??",
];

const OF_ONE: [&str; 37] = [
    "len",
    "abs",
    "round",
    "int",
    "float",
    "string",
    "asInt",
    "asFloat",
    "isNaN",
    "upper",
    "trim",
    "max",
    "min",
    "mean",
    "median",
    "toJSON",
    "fromJSON",
    "first",
    "last",
    "keys",
    "values",
    "toPairs",
    "fromPairs",
    "reverse",
    "uniq",
    "concat",
    "flatten",
    "sort",
    "bitnot",
    "type",
    "sum",
    "count",
    "toBase64",
    "fromBase64",
    "isNil",
    "lower",
    "ceil",
];

const OF_TWO: [&str; 13] = [
    "split",
    "get",
    "take",
    "repeat",
    "indexOf",
    "join",
    "bitshl",
    "bitushr",
    "trimPrefix",
    "default",
    "splitAfter",
    "hasSuffix",
    "concat",
];

const FOLDS: [&str; 11] = [
    "all",
    "any",
    "one",
    "none",
    "filter",
    "map",
    "find",
    "findLastIndex",
    "groupBy",
    "sortBy",
    "reduce",
];

const FOLDS_OF_ITEMS: [&str; 6] = ["map", "sortBy", "groupBy", "sum", "filter", "reduce"];

fn one_of(words: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    prop::sample::select(words)
}

/// Expressions that are well formed, so that the computation is reached.
fn expressions() -> impl Strategy<Value = String> {
    let plain = one_of(&PLAIN).prop_map(str::to_owned);
    plain.prop_recursive(4, 24, 3, |inner| {
        let a = || inner.clone();
        prop_oneof![
            (a(), one_of(&OPERATORS), a()).prop_map(|(a, op, b)| format!("({a}) {op} ({b})")),
            (one_of(&OF_ONE), a()).prop_map(|(f, a)| format!("{f}({a})")),
            (one_of(&OF_TWO), a(), a()).prop_map(|(f, a, b)| format!("{f}({a}, {b})")),
            (one_of(&FOLDS), a(), a()).prop_map(|(f, a, b)| format!("{f}({a}, # == {b})")),
            (one_of(&FOLDS_OF_ITEMS), a()).prop_map(|(f, a)| format!("{f}({a}, #)")),
            (a(), a(), a()).prop_map(|(a, b, c)| format!("({a})[{b}:{c}]")),
            (a(), a()).prop_map(|(a, b)| format!("({a})[{b}]")),
            (a(), a()).prop_map(|(a, b)| format!("[{a}, {b}]")),
            (a(), a(), a()).prop_map(|(a, b, c)| format!("(({a}) ? {b} : {c})")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,200}") {
        let _ = Condition::parse(&text);
    }

    #[test]
    fn any_words_are_read_or_refused(words in prop::collection::vec(prop::sample::select(&WORDS[..]), 0..40), result in values()) {
        if let Ok(condition) = Condition::parse(&words.join(" ")) {
            let _ = condition.holds_value(&result);
        }
    }

    #[test]
    fn any_expression_has_an_outcome_and_keeps_it(expression in expressions(), result in values()) {
        if let Ok(condition) = Condition::parse(&format!("string({expression}) != ''")) {
            let outcome = condition.holds_value(&result);
            prop_assert_eq!(condition.holds_value(&result), outcome);
        }
    }

    #[test]
    fn errors_point_into_the_text(words in prop::collection::vec(prop::sample::select(&WORDS[..]), 0..12)) {
        let text = words.join(" ");
        if let Err(error) = Condition::parse(&text) {
            prop_assert_eq!(error.line, 1, "{}", text);
            prop_assert!((1..=text.chars().count() + 1).contains(&error.column), "{}: {}", text, error);
        }
    }

    #[test]
    fn a_negated_condition_has_the_other_outcome(expression in expressions(), result in values()) {
        let outcome = |text: &str| Condition::parse(text).and_then(|condition| condition.holds_value(&result));
        let plain = outcome(&format!("({expression}) == nil"));
        let negated = outcome(&format!("!(({expression}) == nil)"));
        prop_assert_eq!(plain.ok(), negated.ok().map(|outcome| !outcome));
    }
}
