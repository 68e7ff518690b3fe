//! Label selectors as Kubernetes writes them: `team=pay,tier in (web, api),!legacy`.

use std::collections::BTreeMap;

/// What labels have to be; nothing is anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selector(Vec<Requirement>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Requirement {
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
    Exists(String),
    Absent(String),
}

impl Selector {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut requirements = Vec::new();
        for part in split(text) {
            let part = part.trim();
            if !part.is_empty() {
                requirements.push(requirement(part).ok_or_else(|| {
                    format!("{part:?} is no requirement of a label; write key=value, key in (a, b), key or !key")
                })?);
            }
        }
        Ok(Self(requirements))
    }

    pub(crate) fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        self.0.iter().all(|requirement| match requirement {
            Requirement::In(key, values) => labels.get(key).is_some_and(|it| values.contains(it)),
            Requirement::NotIn(key, values) => {
                !labels.get(key).is_some_and(|it| values.contains(it))
            }
            Requirement::Exists(key) => labels.contains_key(key),
            Requirement::Absent(key) => !labels.contains_key(key),
        })
    }
}

/// At commas that are in no parentheses.
fn split(text: &str) -> Vec<&str> {
    let (mut parts, mut begin, mut inside) = (Vec::new(), 0, false);
    for (at, sign) in text.char_indices() {
        match sign {
            '(' => inside = true,
            ')' => inside = false,
            ',' if !inside => {
                parts.extend(text.get(begin..at));
                begin = at + 1;
            }
            _ => {}
        }
    }
    parts.extend(text.get(begin..));
    parts
}

fn requirement(part: &str) -> Option<Requirement> {
    let is_key = |key: &&str| !key.is_empty() && !key.contains([' ', '(', ')', '=', '!', '<', '>']);
    let key = |text: &str| Some(text.trim()).filter(is_key).map(str::to_owned);
    let values = |text: &str| {
        let inner = text.trim().strip_prefix('(')?.strip_suffix(')')?;
        Some(inner.split(',').map(|value| value.trim().to_owned()).collect())
    };
    if let Some(absent) = part.strip_prefix('!') {
        return key(absent).map(Requirement::Absent);
    }
    if let Some((name, value)) = part.split_once("!=") {
        return Some(Requirement::NotIn(key(name)?, vec![value.trim().to_owned()]));
    }
    if let Some((name, value)) = part.split_once("==").or_else(|| part.split_once('=')) {
        return Some(Requirement::In(key(name)?, vec![value.trim().to_owned()]));
    }
    if let Some((name, list)) = part.split_once(" notin ") {
        return Some(Requirement::NotIn(key(name)?, values(list)?));
    }
    if let Some((name, list)) = part.split_once(" in ") {
        return Some(Requirement::In(key(name)?, values(list)?));
    }
    key(part).map(Requirement::Exists)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_selected_as_kubernetes_does() {
        let labels = [("team", "pay"), ("tier", "web")];
        let labels = labels.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
        let check = |text: &str, expect: bool| {
            assert_eq!(Selector::parse(text).unwrap().matches(&labels), expect, "{text}");
        };
        check("", true);
        check("team=pay", true);
        check("team==pay, tier in (api, web)", true);
        check("team!=pay", false);
        check("tier notin (api),missing!=x", true);
        check("team,!legacy", true);
        check("legacy", false);
        for wrong in ["a b", "in (a)", "=x", "a in b"] {
            assert!(Selector::parse(wrong).is_err(), "{wrong}");
        }
    }
}
