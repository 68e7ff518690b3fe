//! What an expression may use, and who answers it.

use std::cell::RefCell;

use tidegate_expression::{Expression, Kind, Names, Object, Scope, Value};

/// Answers each function by its arguments, and remembers who asked.
#[derive(Default)]
struct Step(RefCell<Vec<String>>);

impl Scope for Step {
    fn context(&self, name: &str) -> Value {
        format!("context {name}").into()
    }

    fn call(&self, function: &str, arguments: &[Value]) -> Result<Value, String> {
        self.0.borrow_mut().push(function.to_owned());
        match function {
            "failure" => Ok(false.into()),
            "hashFiles" => Ok(arguments.to_vec().into()),
            _ => Err(format!("no {function} here")),
        }
    }
}

fn names() -> Names {
    Names::read(["github", "Job", "hashFiles(1, 255)", "success(0,MAX)", "failure(0,0)"]).unwrap()
}

fn evaluate(source: &str) -> Result<Value, String> {
    let expression = Expression::parse(source, &names()).map_err(|error| error.to_string())?;
    expression.evaluate(&Step::default()).map_err(|error| error.message)
}

#[test]
fn names_are_told_as_they_were_given() {
    assert_eq!(evaluate("JOB"), Ok("context Job".into()));
    assert_eq!(evaluate("GITHUB"), Ok("context github".into()));
    assert_eq!(evaluate("HASHFILES(1, 'a')"), Ok(vec![1.0.into(), "a".into()].into()));
    assert_eq!(evaluate("failure() || 'no'"), Ok("no".into()));
    assert_eq!(evaluate("success(1, 2, 3)"), Err("no success here".to_owned()));
}

#[test]
fn numbers_of_arguments_hold() {
    let position = "Located at position 1 within expression";
    assert_eq!(
        evaluate("hashFiles()"),
        Err(format!("Too few parameters supplied: 'hashFiles'. {position}: hashFiles()"))
    );
    assert_eq!(
        evaluate("failure(1)"),
        Err(format!("Too many parameters supplied: 'failure'. {position}: failure(1)"))
    );
}

#[test]
fn a_function_that_does_not_matter_is_not_asked() {
    let step = Step::default();
    let expression = Expression::parse("true || failure()", &names()).unwrap();
    assert_eq!(expression.evaluate(&step), Ok(true.into()));
    assert!(step.0.borrow().is_empty());
}

#[test]
fn an_error_is_told_with_its_place() {
    let expression = Expression::parse("failure() || success()", &names()).unwrap();
    let error = expression.evaluate(&Step::default()).unwrap_err();
    assert_eq!((error.span.start, error.span.end), (13, 22));
}

#[test]
fn malformed_names() {
    for name in
        ["success(", "success()", "success(0)", "success(0,many)", "success(x,1)", "success(0,1"]
    {
        let error = Names::read([name]).unwrap_err().to_string();
        assert!(error.starts_with(&format!("'{name}' is neither")), "{error}");
    }
}

#[test]
fn any_name_may_be_used_where_none_is_known() {
    let parse = |source: &str| Expression::parse(source, &Names::any());
    assert!(parse("whatever.x == anything(1, 2)").is_ok());
    assert!(parse("join()").is_err());
}

#[test]
fn whether_status_is_asked_for() {
    let asks = |source: &str| Expression::parse(source, &Names::any()).unwrap().asks_status();
    assert!(asks("always()"));
    assert!(asks("github.a && !Cancelled()"));
    assert!(asks("contains(toJSON(success()), 'a')"));
    assert!(!asks("contains('always()', hashFiles('x'))"));
    assert!(!asks(""));
}

#[test]
fn every_part_can_be_walked() {
    let expression = Expression::parse("a.b[c] && !f(d, 'x')", &Names::any()).unwrap();
    let parts: Vec<String> = expression.nodes().map(ToString::to_string).collect();
    assert_eq!(
        parts,
        [
            "a.b[c] && !f(d, 'x')",
            "a.b[c]",
            "a.b",
            "a",
            "'b'",
            "c",
            "!f(d, 'x')",
            "f(d, 'x')",
            "d",
            "'x'"
        ]
    );
}

#[test]
fn every_part_knows_where_it_is() {
    let source = "( a.b ) [ c ] && ! f( d ) == ( 'x' )";
    let expression = Expression::parse(source, &Names::any()).unwrap();
    let written: Vec<&str> =
        expression.nodes().map(|node| &source[node.span.start..node.span.end]).collect();
    assert_eq!(
        written,
        [
            source,
            "( a.b ) [ c ]",
            "( a.b )",
            "a",
            "b",
            "c",
            "! f( d ) == ( 'x' )",
            "! f( d )",
            "f( d )",
            "d",
            "( 'x' )"
        ]
    );
}

#[test]
fn names_of_some_objects_differ_by_case() {
    let members = [("Path", 1.0.into()), ("PATH", 2.0.into())];
    let exact = Object::case_sensitive(members.clone());
    assert_eq!((exact.len(), exact.get("PATH"), exact.get("path")), (2, Some(&2.0.into()), None));
    let object: Object = members.into_iter().collect();
    assert_eq!((object.len(), object.get("path")), (1, Some(&2.0.into())));
    assert_eq!(object.iter().map(|(name, _)| name.as_ref()).collect::<Vec<_>>(), ["Path"]);
}

#[test]
fn large_objects_are_searched() {
    let members = (0..10_000).map(|number| (format!("Key{number}"), f64::from(number).into()));
    let object: Object = members.collect();
    assert!(
        (0..10_000).all(|number| {
            object.get(&format!("kEY{number}")) == Some(&f64::from(number).into())
        })
    );
    assert_eq!(object.get("key10000"), None);
}

#[test]
fn a_filters_result_is_an_array_like_any_other() {
    let first = Expression::parse("a.*", &Names::any()).unwrap();
    let scope = |value: Value| tidegate_expression::Contexts([("a", value)].into_iter().collect());
    let found = first.evaluate(&scope(Value::from_json(r#"[["x"], ["y"]]"#).unwrap())).unwrap();
    let second = Expression::parse("a[0]", &Names::any()).unwrap();
    assert_eq!(second.evaluate(&scope(found)), Ok(Value::from_json(r#"["x"]"#).unwrap()));
}

#[test]
fn names_behind_dots_are_literals() {
    let expression = Expression::parse("a.true", &Names::any()).unwrap();
    let Some(Kind::Index(parts)) = expression.root().map(|root| &root.kind) else { panic!() };
    assert_eq!(parts[1].kind, Kind::Literal("true".into()));
}
