//! "Did you mean": the nearest of the words that are allowed.

/// The candidate nearest to `word`, when it is near enough to be meant: at most a third of the
/// word's letters differ, and one may always; upper and lower case and `-` and `_` do not count.
pub(crate) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    // A longer word is no slip of the keys, and the distance takes time with its square.
    if word.chars().count() > 64 {
        return None;
    }
    let plain_word = plain(word);
    let most = (plain_word.len() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (distance(&plain_word, &plain(candidate)), candidate))
        .filter(|(distance, candidate)| *distance <= most && *distance < candidate.len())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

fn plain(word: &str) -> Vec<char> {
    word.chars().filter(|c| !matches!(c, '-' | '_')).flat_map(char::to_lowercase).collect()
}

/// Edits from one word to the other: letters put in, taken out, changed, or two neighbours swapped
/// (optimal string alignment).
fn distance(from: &[char], to: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in to.iter().enumerate() {
            let at = |row: &[usize], index: usize| row.get(index).copied().unwrap_or(usize::MAX);
            let change = at(&last, j).saturating_add(usize::from(a != b));
            let take_out = at(&last, j + 1).saturating_add(1);
            let put_in = at(&row, j).saturating_add(1);
            let swapped = i > 0 && j > 0 && from.get(i - 1) == Some(b) && to.get(j - 1) == Some(a);
            let swap = if swapped { at(&before, j - 1).saturating_add(1) } else { usize::MAX };
            row.push(change.min(take_out).min(put_in).min(swap));
        }
        before = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_those_of_optimal_string_alignment() {
        let d = |a: &str, b: &str| distance(&plain(a), &plain(b));
        assert_eq!(d("", ""), 0);
        assert_eq!(d("", "abc"), 3);
        assert_eq!(d("abc", ""), 3);
        assert_eq!(d("kitten", "sitting"), 3);
        assert_eq!(d("ab", "ba"), 1);
        assert_eq!(d("ca", "abc"), 3);
    }

    #[test]
    fn only_what_is_near_is_suggested() {
        let fields = ["replicas", "selector", "strategy", "template", "name"];
        let check = |word, expect| assert_eq!(nearest(word, fields), expect, "{word}");
        check("replcas", Some("replicas"));
        check("REPLICAS", Some("replicas"));
        check("slector", Some("selector"));
        check("tempalte", Some("template"));
        check("nmae", Some("name"));
        check("colour", None);
        check("x", None);
        check(&"replicas".repeat(20), None);
    }
}
