use std::collections::BTreeSet;

use crate::{Kind, Token, problem::Problems};

/// The matrix of a strategy, as far as it is known before the run.
pub(super) fn check(problems: &mut Problems<'_>, strategy: &Token) {
    let Some(matrix) = strategy.get("matrix") else { return };
    let Some(pairs) = matrix.pairs() else { return };
    let mut any = false;
    let mut vectors = BTreeSet::new();
    for pair in pairs {
        let Some(name) = pair.key.text() else {
            any = true;
            continue;
        };
        match name {
            "include" => any |= !matches!(&pair.value.kind, Kind::List(items) if items.is_empty()),
            "exclude" => {}
            _ => {
                any = true;
                vectors.insert(name.to_lowercase());
                if matches!(&pair.value.kind, Kind::List(items) if items.is_empty()) {
                    let message = format!("Matrix vector '{name}' does not contain any values");
                    problems.error(pair.value.span, message);
                }
            }
        }
    }
    if !any {
        problems.error(matrix.span, "Matrix must define at least one vector");
    }
    // What is only known at the run may have the keys that are missing here.
    if !matrix.has_expression() {
        filters(problems, matrix, &vectors);
    }
}

fn filters(problems: &mut Problems<'_>, matrix: &Token, vectors: &BTreeSet<String>) {
    for item in matrix.get("include").and_then(Token::items).unwrap_or_default() {
        if item.pairs().is_some_and(<[_]>::is_empty) {
            problems.error(item.span, "Matrix include mapping does not contain any values");
        }
    }
    for item in matrix.get("exclude").and_then(Token::items).unwrap_or_default() {
        let Some(pairs) = item.pairs() else { continue };
        if pairs.is_empty() {
            problems.error(item.span, "Matrix exclude filter must not be empty");
        }
        for pair in pairs {
            let name = pair.key.text().unwrap_or_default();
            if !vectors.contains(&name.to_lowercase()) {
                let message =
                    format!("Matrix exclude key '{name}' does not match any key within the matrix");
                problems.error(pair.key.span, message);
            }
        }
    }
}
