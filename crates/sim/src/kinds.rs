//! What was done to a life, counted by kind.

use std::collections::BTreeMap;

use crate::script::Act;

/// How often each kind of deed was done, by its name: of people, machines and revisions.
pub(crate) fn count(acts: &[Act]) -> BTreeMap<String, u64> {
    let mut kinds = BTreeMap::new();
    for act in acts {
        *kinds.entry(kind(&format!("{:?}", act.deed))).or_default() += 1;
    }
    kinds
}

/// The kind of a deed by what it is called in the code, so that one that is added is counted: its
/// variant and that of the trouble in it, in words, as in `router: answers are lost`.
fn kind(deed: &str) -> String {
    let name = variant(deed);
    let named = |field: &str| deed.split_once(field).map(|(_, rest)| rest);
    let within = deed.get(name.len()..).and_then(|rest| rest.strip_prefix('('));
    let part = named(" trouble: ").or_else(|| named(" lie: ")).or(within).map(variant);
    match part.filter(|part| part.starts_with(char::is_uppercase)) {
        Some(part) => format!("{}: {}", words(name), words(part)),
        None => words(name),
    }
}

/// The name at the beginning of a text.
fn variant(text: &str) -> &str {
    text.split(|one: char| !one.is_alphanumeric()).next().unwrap_or_default()
}

/// `AnswersAreLost` as `answers are lost`.
fn words(name: &str) -> String {
    let mut words = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.extend(letter.to_lowercase());
    }
    words
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::script::{ClockTrouble, Deed, RouterTrouble, script};

    #[track_caller]
    fn check(deed: &Deed, expect: &str) {
        assert_eq!(kind(&format!("{deed:?}")), expect);
    }

    #[test]
    fn a_deed_is_named_in_words() {
        let trouble = RouterTrouble::AnswersAreLost;
        check(&Deed::Router { trouble, lasts: Duration::ZERO }, "router: answers are lost");
        check(&Deed::Clock(ClockTrouble::Back(Duration::ZERO)), "clock: back");
        check(&Deed::RouterRestarts, "router restarts");
        check(&Deed::Rate(5), "rate");
    }

    #[test]
    fn each_act_is_counted_once() {
        let acts = script(1, Duration::from_hours(24));
        let sum: u64 = count(&acts).values().sum();
        assert_eq!(usize::try_from(sum), Ok(acts.len()));
    }
}
