use tidegate_condition::{Condition, ConditionError, Value};

fn check(condition: &str, result: &Value, expect: bool) {
    let outcome = Condition::parse(condition).unwrap().holds_value(result);
    assert_eq!(outcome, Ok(expect), "{condition} for {result:?}");
}

/// A threshold that NaN neither meets nor breaks: whoever writes conditions has to ask for it.
#[test]
fn nan_and_the_infinities_can_be_a_result() {
    let (nan, infinite) = (Value::Float(f64::NAN), Value::Float(f64::INFINITY));
    check("isNaN(result)", &nan, true);
    check("result == result", &nan, false);
    check("result < 1 || result >= 1", &nan, false);
    check("isNaN(result) || result < 0.05", &nan, true);
    check("isInf(result)", &infinite, true);
    check("isInf(result)", &Value::Float(f64::NEG_INFINITY), true);
    check("result > 1e300", &infinite, true);
    check("any(result, isNaN(#))", &Value::list([Value::Float(1.0), nan]), true);
}

#[test]
fn ints_stay_ints_and_json_numbers_are_floats() {
    check("result % 2 == 1 && type(result) == 'int'", &Value::Int(7), true);
    check("result == 9007199254740993", &Value::Int(9_007_199_254_740_993), true);
    check("type(result) == 'float' && result == 7", &Value::from(&serde_json::json!(7)), true);
    let odd = Condition::parse("result % 2 == 1").unwrap();
    assert!(odd.holds(&serde_json::json!(7)).is_err());
}

#[test]
fn values_are_made_from_what_rust_has() {
    let result = Value::map([
        ("flag", Value::from(true)),
        ("name", Value::from("web")),
        ("list", Value::from(vec![Value::from(1_i64), Value::from(2.5)])),
    ]);
    check("result.flag && result.name == 'web' && sum(result.list) == 3.5", &result, true);
    let Value::Map(map) = &result else { panic!("a map") };
    assert_eq!(map.get("name"), Some(&Value::text("web")));
    let Some(Value::List(list)) = map.get("list") else { panic!("a list") };
    assert_eq!(list.items().len(), 2);
}

#[test]
fn a_condition_keeps_its_text_and_can_be_read_from_it() -> Result<(), ConditionError> {
    let condition: Condition = "result < 1".parse()?;
    assert_eq!(condition.source(), "result < 1");
    assert!(condition.holds(&serde_json::json!(0.5))?);
    Ok(())
}
