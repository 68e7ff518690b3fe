//! Matching rules by part and path, as version 2 and as versions 3 and 4 write them.

use tidegate_contract::{Category, Combine, Path, RuleList, Rules, Token};

use crate::{
    node::{Node, Problems},
    rule,
};

pub(crate) fn read(node: &Node<'_>, problems: &mut Problems) -> Rules {
    let mut rules = Rules::default();
    for (key, value) in node.fields(problems) {
        if key.starts_with('$') {
            of_version_2(key, &value, &mut rules, problems);
        } else if let Some(category) = category(key, &mut rules) {
            *category = of_part(key, &value, problems);
        } else if key != "method" {
            let parts = "method, path, query, header, body, content, status, metadata";
            problems.add(&value, format!("{key:?} has no matching rules; {parts} have"));
        }
    }
    rules
}

fn category<'a>(name: &str, rules: &'a mut Rules) -> Option<&'a mut Category> {
    match name {
        "path" => Some(&mut rules.path),
        "query" => Some(&mut rules.query),
        "header" | "headers" => Some(&mut rules.header),
        "body" | "content" | "contents" => Some(&mut rules.body),
        "status" => Some(&mut rules.status),
        "metadata" => Some(&mut rules.metadata),
        _ => None,
    }
}

/// `"$.body.items[*]": {"match": "type"}`
fn of_version_2(key: &str, value: &Node<'_>, rules: &mut Rules, problems: &mut Problems) {
    let list = |problems: &mut Problems| RuleList {
        rules: rule::read(value, problems).into_iter().collect(),
        combine: Combine::And,
    };
    let path = match Path::parse(key) {
        Ok(path) => path,
        Err(problem) => return problems.add(value, problem.to_string()),
    };
    let mut tokens = path.tokens().iter().skip(1);
    let Some(Token::Field(part)) = tokens.next() else {
        return problems
            .add(value, format!("{key:?} does not say of which part it is, as $.body does"));
    };
    let rest: Vec<Token> = tokens.cloned().collect();
    let path = match part.as_str() {
        "path" | "status" => Path::empty(),
        "body" => Path::below_root(rest),
        _ => Path::below_root(rest.into_iter().take(1)),
    };
    match category(part, rules) {
        Some(category) => category.add(path, list(problems)),
        None if part == "method" => {}
        None => problems.add(
            value,
            format!("{part:?} has no matching rules; body, headers, path and query have"),
        ),
    }
}

/// `"body": {"$.items[*]": {"matchers": [..], "combine": "AND"}}`
fn of_part(name: &str, node: &Node<'_>, problems: &mut Problems) -> Category {
    let mut category = Category::default();
    if node.get("matchers").is_some_and(|it| it.value.is_array()) {
        category.add(Path::empty(), list(node, problems));
        return category;
    }
    for (key, value) in node.fields(problems) {
        let path = match name {
            "header" | "headers" | "query" if !key.starts_with('$') => {
                Ok(Path::below_root([Token::Field(key.to_owned())]))
            }
            "path" | "status" => Ok(Path::empty()),
            _ => Path::parse(key),
        };
        match path {
            Ok(path) => category.add(path, list(&value, problems)),
            Err(problem) => problems.add(&value, problem.to_string()),
        }
    }
    category
}

/// `{"matchers": [..], "combine": "AND"}`
pub(crate) fn list(node: &Node<'_>, problems: &mut Problems) -> RuleList {
    let combine = match node.get("combine") {
        Some(told) if told.loose_text().eq_ignore_ascii_case("or") => Combine::Or,
        Some(told) if !told.loose_text().eq_ignore_ascii_case("and") => {
            problems.add(&told, "AND or OR is expected here");
            Combine::And
        }
        _ => Combine::And,
    };
    let Some(matchers) = node.get("matchers") else {
        problems.add(node, "\"matchers\" are missing");
        return RuleList::default();
    };
    let rules = matchers.items(problems);
    let rules = rules.iter().filter_map(|matcher| rule::read(matcher, problems)).collect();
    RuleList { rules, combine }
}

/// Rules by path, as a variant of `arrayContains` has them.
pub(crate) fn by_path(node: &Node<'_>, problems: &mut Problems) -> Category {
    of_part("body", node, problems)
}
