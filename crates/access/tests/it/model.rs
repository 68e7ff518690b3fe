//! Decisions beside a naive model: patterns are lists of parts, roles are lists of words.

use proptest::{collection::vec, option, prelude::*};
use tidegate_access::{Denied, Pattern, Rights, Role, Scope, Verb};

/// Whether a text meets a pattern, by trying every way to cut the text.
fn meets(pattern: &str, text: &str) -> bool {
    match pattern.chars().next() {
        None => text.is_empty(),
        Some('*') => (0..=text.len()).any(|at| meets(&pattern[1..], &text[at..])),
        Some(first) => text.starts_with(first) && meets(&pattern[1..], &text[1..]),
    }
}

/// The table of the documentation.
fn verbs(role: Role) -> Vec<&'static str> {
    let developer =
        ["read", "logs", "apply", "set-image", "restart", "pause", "resume", "abort"].to_vec();
    let approver =
        ["read", "logs", "promote", "promote-full", "resume", "override", "abort"].to_vec();
    match role {
        Role::Viewer => vec!["read"],
        Role::Developer => developer,
        Role::Approver => approver,
        Role::Operator => {
            [developer, approver, vec!["retry", "undo", "delete", "terminate"]].concat()
        }
        Role::Admin => Verb::ALL.map(Verb::name).to_vec(),
    }
}

type Given = (Role, String, String);

fn allows(given: &[Given], scope: &Scope, (verb, namespace, name): (Verb, &str, &str)) -> bool {
    let by_role = given.iter().any(|(role, namespaces, names)| {
        meets(namespaces, namespace) && meets(names, name) && verbs(*role).contains(&verb.name())
    });
    let in_verbs = scope.verbs.as_ref().is_none_or(|all| all.iter().any(|one| *one == verb));
    let in_namespaces = scope.namespaces.as_ref();
    let in_namespaces = in_namespaces
        .is_none_or(|all| all.iter().any(|pattern| meets(pattern.as_str(), namespace)));
    by_role && in_verbs && in_namespaces
}

fn rights(given: &[Given], scope: &Scope) -> Rights {
    let pattern = |text: &str| text.parse::<Pattern>().unwrap();
    let given = given.iter();
    let given = given.map(|(role, spaces, names)| (*role, pattern(spaces), pattern(names)));
    Rights { given: given.collect(), scope: scope.clone() }
}

fn pattern() -> impl Strategy<Value = String> {
    "[ab*-]{1,5}"
}

/// Texts that patterns of so few letters often meet, and what belongs to no namespace.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![9 => "[ab-]{1,6}", 1 => Just("*".to_owned())]
}

fn verb() -> impl Strategy<Value = Verb> {
    prop::sample::select(Verb::ALL.to_vec())
}

fn given() -> impl Strategy<Value = Vec<Given>> {
    vec((prop::sample::select(Role::ALL.to_vec()), pattern(), pattern()), 0..4)
}

fn scope() -> impl Strategy<Value = Scope> {
    let namespaces = option::of(vec(pattern(), 0..3));
    (option::of(vec(verb(), 0..6)), namespaces).prop_map(|(verbs, namespaces)| Scope {
        verbs: verbs.map(|verbs| verbs.into_iter().collect()),
        namespaces: namespaces.map(|all| all.iter().map(|text| text.parse().unwrap()).collect()),
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_decision_is_what_the_model_says(
        given in given(), scope in scope(), verb in verb(), namespace in text(), name in text(),
    ) {
        let decided = rights(&given, &scope).decide(verb, &namespace, &name);
        let expect = allows(&given, &scope, (verb, &namespace, &name));
        prop_assert_eq!(decided.is_ok(), expect);
        // Why says whether it is the token's fault.
        let of_account = allows(&given, &Scope::default(), (verb, &namespace, &name));
        match decided {
            Ok(()) => {}
            Err(Denied::NoRole { needs, .. }) => {
                prop_assert!(!of_account && needs.contains(&Role::Admin));
            }
            Err(_) => prop_assert!(of_account),
        }
        if expect {
            prop_assert!(rights(&given, &scope).decide_anywhere(verb).is_ok());
        }
    }

    #[test]
    fn bindings_only_add_and_scopes_only_narrow(
        given in given(), more in given(), scope in scope(), verb in verb(),
        namespace in text(), name in text(),
    ) {
        let decide = |given: &[Given], scope: &Scope| {
            rights(given, scope).decide(verb, &namespace, &name).is_ok()
        };
        let all = [given.clone(), more.clone()].concat();
        // Together they allow what either allows, and nothing else.
        let either = decide(&given, &scope) || decide(&more, &scope);
        prop_assert_eq!(decide(&all, &scope), either);
        prop_assert!(!decide(&given, &scope) || decide(&given, &Scope::default()));
        prop_assert!(!decide(&[], &scope));
    }

    #[test]
    fn a_pattern_is_met_as_the_model_says(pattern in "[ab*]{1,8}", text in "[ab]{0,10}") {
        prop_assert_eq!(pattern.parse::<Pattern>().unwrap().meets(&text), meets(&pattern, &text));
    }
}

#[test]
fn what_belongs_to_no_namespace_needs_all_of_them() {
    let check = |pattern: &str, expect: bool| {
        let given = [(Role::Admin, pattern.to_owned(), "*".to_owned())];
        let decided = rights(&given, &Scope::default()).decide(Verb::Delete, "*", "success-rate");
        assert_eq!(decided.is_ok(), expect, "{pattern}");
    };
    check("*", true);
    check("prod*", false);
    check("*prod", false);
    check("default", false);
}

#[test]
fn a_pattern_of_many_stars_takes_no_time() {
    let pattern: Pattern = "*a".repeat(100).parse().unwrap();
    assert!(!pattern.meets(&"ab".repeat(20_000)));
}
