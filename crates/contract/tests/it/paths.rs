use proptest::prelude::*;
use tidegate_contract::{Path, Place, Token};

#[track_caller]
fn check(text: &str, expect: &[Token]) {
    let path = Path::parse(text).unwrap();
    assert_eq!(path.tokens(), expect, "{text}");
    let again = Path::parse(&path.to_string()).unwrap();
    assert_eq!(again, path, "{path}");
}

fn field(name: &str) -> Token {
    Token::Field(name.to_owned())
}

#[test]
fn paths_are_read_as_consumers_write_them() {
    check("$", &[Token::Root]);
    check("$.a.b", &[Token::Root, field("a"), field("b")]);
    check("$['a key']['it\\'s']", &[Token::Root, field("a key"), field("it's")]);
    check("$[\"a\"][0]", &[Token::Root, field("a"), Token::Index(0)]);
    check("$.items[*].*", &[Token::Root, field("items"), Token::StarIndex, Token::Star]);
    check("$.order-id.@href", &[Token::Root, field("order-id"), field("@href")]);
    check("X-Header", &[Token::Root, field("X-Header")]);
    check("", &[]);
}

#[test]
fn what_is_no_path_is_told_with_its_place() {
    for (text, expect) in [
        ("$a", "'a' is neither \".\" nor \"[\" at character 2"),
        ("$.", "a name is missing at character 3"),
        ("$.a..b", "a name is missing at character 5"),
        ("$[", "an index, a quoted name or * is missing at character 3"),
        ("$[1", "\"]\" is missing at character 4"),
        ("$['a", "the closing '\\'' is missing at character 5"),
        ("$[99999999999999999999]", "an index, a quoted name or * is missing"),
    ] {
        let problem = Path::parse(text).unwrap_err().to_string();
        assert!(problem.starts_with(expect), "{text}: {problem}");
        assert!(problem.contains("$.orders[*].id"), "it tells what is allowed: {problem}");
    }
}

#[test]
fn a_path_that_is_too_long_is_refused() {
    assert!(Path::parse(&format!("$.{}", "a".repeat(4094))).is_ok());
    let problem = Path::parse(&format!("$.{}", "a".repeat(4095))).unwrap_err();
    assert!(problem.to_string().contains("more than 4096 characters"), "{problem}");
}

#[test]
fn places_are_written_as_paths_are() {
    for (parts, expect) in [
        (vec!["a", "0", "b"], "$.a[0].b"),
        (vec!["a key", "it's"], "$['a key']['it\\'s']"),
        (vec!["@name", "#text"], "$.@name.#text"),
        (vec![""], "$['']"),
    ] {
        let place = parts.into_iter().fold(Place::root(), |place, part| place.join(part));
        assert_eq!(place.to_string(), expect);
    }
}

proptest! {
    #[test]
    fn whatever_is_read_is_read_again_as_it_is_written(text in "[$.\\[\\]'*a-c0-2\\\\]{0,12}") {
        if let Ok(path) = Path::parse(&text) {
            prop_assert_eq!(Path::parse(&path.to_string()), Ok(path));
        }
    }
}
