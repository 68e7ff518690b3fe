//! The names of fields: `status`, `header.etag`, `body.items[].price`, `body["odd key"]`.

/// A name is cut at so many bytes: a key of a body may be of any length.
const LONGEST: usize = 200;

/// Adds a key to a name; returns what to cut it back to.
pub(crate) fn push_key(path: &mut String, key: &str) -> usize {
    let before = path.len();
    let plain = !key.is_empty()
        && key.chars().all(|letter| letter.is_alphanumeric() || "_-$@".contains(letter));
    if plain {
        path.push('.');
        path.push_str(key);
    } else {
        let quoted = key.replace(['"', ']'], "?");
        path.push_str("[\"");
        path.push_str(&quoted);
        path.push_str("\"]");
    }
    before
}

/// A name as it is kept.
pub(crate) fn shortened(path: &str) -> String {
    if path.len() <= LONGEST {
        return path.to_owned();
    }
    let end = (0..=LONGEST).rev().find(|end| path.is_char_boundary(*end)).unwrap_or(0);
    format!("{}...", path.get(..end).unwrap_or_default())
}

/// Whether a name is, or is within, what a pattern names: `*` stands for any one part.
pub(crate) fn covers(pattern: &str, path: &str) -> bool {
    let (mut pattern, mut path) = (pattern, path);
    loop {
        let (wanted, pattern_rest) = part(pattern);
        let (found, path_rest) = part(path);
        if wanted.is_empty() {
            return true;
        }
        let any = wanted == "*" && found != "[]" && !found.is_empty();
        if !any && wanted != found {
            return false;
        }
        (pattern, path) = (pattern_rest, path_rest);
    }
}

/// Whether a text names a field: `status`, `latency`, `header.NAME`, or `body` and what is in it.
pub fn is_pattern(text: &str) -> bool {
    let (first, rest) = part(text);
    match first {
        "status" | "latency" => rest.is_empty(),
        "header" => !rest.is_empty() && part(rest).1.is_empty() && rest.len() > 1,
        "body" => has_parts(rest),
        _ => false,
    }
}

fn has_parts(mut rest: &str) -> bool {
    while !rest.is_empty() {
        let (first, after) = part(rest);
        if first.is_empty() || after.len() >= rest.len() {
            return false;
        }
        rest = after;
    }
    true
}

/// The first part of a name, and the rest: a key, `[]`, or a key between `["` and `"]`.
fn part(path: &str) -> (&str, &str) {
    if let Some(rest) = path.strip_prefix("[]") {
        return ("[]", rest);
    }
    if let Some(rest) = path.strip_prefix("[\"") {
        return rest.split_once("\"]").unwrap_or((rest, ""));
    }
    let path = path.strip_prefix('.').unwrap_or(path);
    let end = path.find(['.', '[']).unwrap_or(path.len());
    path.split_at_checked(end).unwrap_or((path, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_covers_what_it_names_and_all_within() {
        for (pattern, path, expect) in [
            ("body", "body", true),
            ("body", "body.a[].b", true),
            ("body.a", "body.a", true),
            ("body.a", "body.ab", false),
            ("body.a", "body", false),
            ("body.a[].b", "body.a[].b.c", true),
            ("body.a[].b", "body.a[]", false),
            ("body.*.id", "body.user.id", true),
            ("body.*.id", "body[].id", false),
            ("body.*", "body", false),
            ("header.*", "header.etag", true),
            ("body[\"odd key\"]", "body[\"odd key\"].x", true),
            ("body.*.x", "body[\"odd key\"].x", true),
            ("latency", "latency", true),
            ("status", "latency", false),
        ] {
            assert_eq!(covers(pattern, path), expect, "{pattern} {path}");
        }
    }

    #[test]
    fn a_pattern_begins_with_what_is_compared() {
        for good in ["status", "latency", "header.x-build", "body", "body.a[].b", "body[\"a b\"].*"]
        {
            assert!(is_pattern(good), "{good}");
        }
        for bad in ["", "a", "status.x", "header", "header.", "header.a.b", "body.", "body..a"] {
            assert!(!is_pattern(bad), "{bad}");
        }
    }

    #[test]
    fn keys_are_written_so_that_they_can_be_read_back() {
        for (key, expect) in [
            ("id", "body.id"),
            ("a b", "body[\"a b\"]"),
            ("", "body[\"\"]"),
            ("x.y", "body[\"x.y\"]"),
        ] {
            let mut path = "body".to_owned();
            let before = push_key(&mut path, key);
            assert_eq!(path, expect);
            path.truncate(before);
            assert_eq!(path, "body");
        }
        assert_eq!(shortened(&"é".repeat(200)).len(), LONGEST + 3);
    }
}
