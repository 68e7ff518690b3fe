/// The end of an error sentence: the name that was probably meant, if one is near enough.
pub(crate) fn suggestion<'a>(found: &str, known: impl Iterator<Item = &'a str>) -> String {
    let allowed = (found.chars().count() / 3).max(1);
    known
        .map(|name| (distance(&found.to_lowercase(), &name.to_lowercase()), name))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map_or_else(String::new, |(_, name)| format!("; did you mean `{name}`?"))
}

/// How many characters must be inserted, removed or replaced (Levenshtein 1966).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut next = vec![i + 1];
        for ((to, above), diagonal) in b.iter().zip(row.iter().skip(1)).zip(&row) {
            let before = next.last().copied().unwrap_or(0);
            let replaced = diagonal + usize::from(from != *to);
            next.push(replaced.min(above + 1).min(before + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_suggested() {
        let names = ["asInt", "asFloat", "isNaN", "len"];
        for (found, hint) in [
            ("asint", "; did you mean `asInt`?"),
            ("asFlot", "; did you mean `asFloat`?"),
            ("isNan", "; did you mean `isNaN`?"),
            ("lenn", "; did you mean `len`?"),
            ("rate", ""),
        ] {
            assert_eq!(suggestion(found, names.into_iter()), hint, "{found}");
        }
    }

    #[test]
    fn the_distance_counts_single_changes() {
        for (a, b, wanted) in [("", "abc", 3), ("kitten", "sitting", 3), ("abc", "abc", 0)] {
            assert_eq!(distance(a, b), wanted, "{a} {b}");
        }
    }
}
