//! The image map: from the name of a container image to a process.

use std::path::Path;

use tidegate_workload::ImageRule;

use super::Image;

/// `$1` to `$9` can be named, so more stars have no use; and each costs another try.
const MOST_STARS: usize = 9;

/// What a rule makes of an image, if it speaks of it. A relative folder is meant below `base`,
/// which is also where a rule without a folder runs.
pub(super) fn apply(rule: &ImageRule, image: &str, base: &Path) -> Option<Image> {
    let taken = matches(&rule.image, image)?;
    let put_in = |text: &String| substitute(text, &taken, tag(image));
    Some(Image {
        command: rule.command.iter().map(put_in).collect(),
        args: rule.args.iter().map(put_in).collect(),
        env: rule.env.iter().map(|(name, value)| (name.clone(), put_in(value))).collect(),
        folder: match &rule.folder {
            Some(folder) => base.join(put_in(folder)),
            None => base.to_owned(),
        },
        root: None,
        digest: None,
    })
}

/// What the stars of `pattern` took of `text`, if it fits. An earlier star takes as little as it can.
fn matches<'a>(pattern: &str, text: &'a str) -> Option<Vec<&'a str>> {
    if pattern.matches('*').count() > MOST_STARS {
        return None;
    }
    let Some((before, after)) = pattern.split_once('*') else {
        return (pattern == text).then(Vec::new);
    };
    let text = text.strip_prefix(before)?;
    let ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
    ends.map(|at| text.split_at(at)).find_map(|(taken, rest)| {
        let mut others = matches(after, rest)?;
        others.insert(0, taken);
        Some(others)
    })
}

/// The tag of an image; `latest` when it names none, as registries mean it.
fn tag(image: &str) -> &str {
    let name = image.split_once('@').map_or(image, |(name, _)| name);
    let last = name.rsplit_once('/').map_or(name, |(_, last)| last);
    last.split_once(':').map_or("latest", |(_, tag)| tag)
}

/// Puts in `$1` to `$9` and `$tag`. Every other `$` stays, `$(NAME)` above all.
fn substitute(text: &str, taken: &[&str], tag: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        let digit = after.chars().next().and_then(|first| first.to_digit(10));
        let star = digit.and_then(|digit| taken.get(usize::try_from(digit).ok()?.checked_sub(1)?));
        rest = match (star, after.strip_prefix("tag")) {
            (Some(taken), _) => {
                out.push_str(taken);
                after.get(1..).unwrap_or_default()
            }
            (None, Some(after)) => {
                out.push_str(tag);
                after
            }
            (None, None) => {
                out.push('$');
                after
            }
        };
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::words;

    #[test]
    fn stars_take_what_they_must() {
        let check = |pattern: &str, text: &str, expect: Option<&[&str]>| {
            assert_eq!(matches(pattern, text).as_deref(), expect, "{pattern} on {text}");
        };
        check("web:1", "web:1", Some(&[]));
        check("web:1", "web:10", None);
        check("web:*", "web:1", Some(&["1"]));
        check("web:*", "web:", Some(&[""]));
        check("web:*", "web", None);
        check("*", "ghcr.io/a/b:1", Some(&["ghcr.io/a/b:1"]));
        check("ghcr.io/*/*:*", "ghcr.io/acme/web:v1", Some(&["acme", "web", "v1"]));
        check("*/web:*", "a/web:b/web:1", Some(&["a", "b/web:1"]));
        check("*x", "axbx", Some(&["axb"]));
        check("**********", "a", None);
    }

    #[test]
    fn a_tag_is_what_follows_the_last_name() {
        for (image, expect) in [
            ("web:1.2", "1.2"),
            ("web", "latest"),
            ("localhost:5000/web", "latest"),
            ("localhost:5000/web:v3", "v3"),
            ("web:v3@sha256:abc", "v3"),
            ("web@sha256:abc", "latest"),
        ] {
            assert_eq!(tag(image), expect, "{image}");
        }
    }

    #[test]
    fn a_rule_puts_in_what_its_stars_took() {
        let rule = ImageRule {
            image: "ghcr.io/acme/*:*".to_owned(),
            command: words(&["./$1", "--port=$(PORT)"]),
            args: words(&["$2", "$tag", "$3", "$$1", "a$"]),
            env: [("VERSION".to_owned(), "$tag".to_owned())].into(),
            folder: Some("apps/$1".to_owned()),
        };
        let image = apply(&rule, "ghcr.io/acme/web:7", Path::new("/srv")).unwrap();
        assert_eq!(image.command, ["./web", "--port=$(PORT)"]);
        assert_eq!(image.args, ["7", "7", "$3", "$web", "a$"]);
        assert_eq!(image.env["VERSION"], "7");
        assert_eq!(image.folder, Path::new("/srv/apps/web"));
        assert_eq!(apply(&rule, "ghcr.io/other/web:7", Path::new("/srv")), None);
    }
}
