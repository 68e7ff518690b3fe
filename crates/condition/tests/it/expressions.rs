use serde_json::json;
use tidegate_condition::{Expression, Value};

const NAMES: &[&str] = &["rollout", "event"];

fn value(text: &str) -> Result<Value, String> {
    let values = Value::from(json!({"rollout": {"name": "a", "replicas": 5}, "event": null}));
    let read = Expression::parse(text, NAMES).map_err(|problem| problem.to_string())?;
    read.value(&values).map_err(|problem| problem.to_string())
}

#[test]
fn an_expression_sees_its_own_names() {
    let check = |text: &str, expect: Value| assert_eq!(value(text).unwrap(), expect, "{text}");
    check("rollout.name", Value::text("a"));
    check("rollout.name == 'a' and event == nil", Value::Bool(true));
    check("let it = rollout; it.replicas + 1", Value::Float(6.0));
    check("all([1, 2], # < rollout.replicas)", Value::Bool(true));
    check("rollout['name'] | upper()", Value::text("A"));
    check("{rollout: 1}.rollout", Value::Int(1));
}

#[test]
fn an_expression_sees_nothing_else() {
    let check = |text: &str, expect: &str| {
        let problem = value(text).unwrap_err();
        assert!(problem.contains(expect), "{text}: {problem}");
    };
    check("result", "the name `result` is unknown; there are `rollout`, `event`");
    check("app.name", "the name `app` is unknown; there are `rollout`, `event`");
    check("$env.rollout", "write the name itself");
    check("let rollout = 1; rollout", "`rollout` exists already");
    check("let result = 1; result", "");
    check("isNil(rollout)", "of conditions on a result only");
    check("default(rollout, 1)", "of conditions on a result only");
    check("time.Now()", "values have no methods");
    check("rollout.name + 1", "");
}
