//! Rules as `map` blocks.

use std::fmt::Write as _;

use tidegate_steering::{literal, pcre};
use tidegate_traffic::{
    Listener, Matcher, RequestMatch, Rule, RuleAction, TextMatch, UserKey, UserShare,
};
use tidegate_units::Weight;

use super::quoted;

/// A rule that nginx can follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Translated {
    /// The place of the revision that it concerns.
    pub(super) destination: usize,
    /// The share of copies, where it asks for any; it sends the request itself there otherwise.
    pub(super) copies: Option<Copies>,
    /// The variable that is 1 where a request meets it, else 0.
    pub(super) variable: String,
    /// What makes the variable.
    pub(super) maps: String,
}

/// What is copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Copies {
    /// Of how many requests.
    pub(super) share: Weight,
    /// Whether any of them may have a body.
    pub(super) with_bodies: bool,
}

/// The rules of a listener that nginx can follow, and why it cannot follow the others.
pub(super) fn translate(place: usize, listener: &Listener) -> (Vec<Translated>, Vec<String>) {
    let (mut followed, mut left_out) = (Vec::new(), Vec::new());
    for (index, rule) in listener.rules.iter().enumerate() {
        match one(place, index, listener, rule) {
            Ok(rule) => followed.push(rule),
            Err(why) => left_out.push(format!("nginx does not follow rule {}: {why}", rule.name)),
        }
    }
    (followed, left_out)
}

fn one(place: usize, index: usize, listener: &Listener, rule: &Rule) -> Result<Translated, String> {
    let revision = rule.then.revision();
    let destination = listener.destinations.iter().position(|it| it.revision == *revision);
    let destination = destination.ok_or_else(|| format!("revision {revision} is not there"))?;
    // What the built-in router refuses is not followed here either.
    Matcher::new(&rule.any).map_err(|error| error.to_string())?;
    let variable = format!("tg{place}_r{index}");
    let mut maps = String::new();
    let mut met = String::new();
    for (number, conditions) in rule.any.iter().enumerate() {
        let name = format!("{variable}_m{number}");
        maps.push_str(&conditions_of(&name, conditions)?);
        met.push('$');
        met.push_str(&name);
    }
    let copies = match &rule.then {
        RuleAction::Send { .. } => None,
        RuleAction::Mirror { share, .. } => {
            let with_bodies = rule.any.iter().any(may_have_a_body);
            Some(Copies { share: *share, with_bodies })
        }
        RuleAction::Compare(_) => {
            return Err("it compares answers, which the built-in router alone does".to_owned());
        }
    };
    // A copy is not copied again.
    let (key, pattern) = match copies {
        None => (met, "~1"),
        Some(_) => (format!("$tg_original|{met}"), "~\\A1\\|.*1"),
    };
    maps.push_str(&map(&key, &variable, &[(pattern.to_owned(), "1".to_owned())], "0"));
    Ok(Translated { destination, copies, variable, maps })
}

/// The conditions of one match, all of which have to hold.
fn conditions_of(name: &str, conditions: &RequestMatch) -> Result<String, String> {
    let mut maps = String::new();
    let mut tests = Vec::new();
    let mut test = |source: &str, patterns: Vec<String>| {
        let variable = format!("{name}_t{}", tests.len());
        let entries: Vec<_> =
            patterns.into_iter().map(|pattern| (pattern, "1".to_owned())).collect();
        maps.push_str(&map(source, &variable, &entries, "0"));
        tests.push(variable);
    };
    if !conditions.method.is_empty() {
        test("$request_method", patterns(&conditions.method)?);
    }
    match &conditions.path {
        None => {}
        Some(prefix @ TextMatch::Prefix(_)) => test("$request_uri", vec![pattern(prefix)?]),
        Some(other) => test("$tg_path", vec![pattern(other)?]),
    }
    for header in &conditions.headers {
        test(&field(&header.name)?, patterns(&header.any)?);
    }
    let mut more = String::new();
    for (number, of) in conditions.cookies.iter().enumerate() {
        let value = format!("{name}_c{number}");
        more.push_str(&cookie(&of.name, &value));
        test(&format!("${value}"), vec![pattern(&of.is)?]);
    }
    if let Some(region) = &conditions.region {
        let names = region.any.iter().filter(|name| !name.is_empty());
        let mut any: Vec<_> =
            names.map(|name| format!("~\\A{}\\z", literal(name.as_bytes()))).collect();
        if region.here {
            // Expressions are not asked about a field that is not there.
            any.push(String::new());
        }
        test(&field(&region.header)?, any);
    }
    if let Some(share) = &conditions.users {
        let (side, maps) = users(name, share)?;
        more.push_str(&maps);
        test(&format!("${side}"), vec!["1".to_owned()]);
    }
    let mut maps = more + &maps;
    let keys: Vec<_> = tests.iter().map(|variable| format!("${variable}")).collect();
    let all = "1".repeat(tests.len());
    maps.push_str(&match tests.len() {
        // No condition is met by every request.
        0 => map("1", name, &[], "1"),
        _ => map(&keys.concat(), name, &[(all, "1".to_owned())], "0"),
    });
    Ok(maps)
}

/// What makes a variable of the value of the first cookie of the name.
pub(super) fn cookie(name: &str, variable: &str) -> String {
    let name = literal(name.as_bytes());
    let value = format!("{variable}_value");
    let pattern = format!("~(?:\\A|;)\\s*{name}=\"?(?<{value}>[^;\"\\s|]*)");
    map("$http_cookie", variable, &[(pattern, format!("${value}"))], "")
}

/// The variable that is 1 for the users of a share, and what makes it. nginx has the same hash.
fn users(name: &str, share: &UserShare) -> Result<(String, String), String> {
    if share.salt.contains('$') {
        return Err(format!("it takes a part of {:?} for a variable", share.salt));
    }
    let (mut maps, key) = match &share.by {
        UserKey::Header(header) => (String::new(), field(header)?),
        UserKey::Cookie(of) => {
            let variable = format!("{name}_user");
            (cookie(of, &variable), format!("${variable}"))
        }
        UserKey::Visitor => (String::new(), "$tg_visitor".to_owned()),
    };
    let (drawn, side) = (format!("{name}_drawn"), format!("{name}_side"));
    let shares = match share.hundredths {
        0 => "        * 0;\n".to_owned(),
        10_000.. => "        * 1;\n".to_owned(),
        some => format!("        {}.{:02}% 1;\n        * 0;\n", some / 100, some % 100),
    };
    let split = quoted(&format!("{}/{key}", share.salt));
    let _ = write!(maps, "    split_clients {split} ${drawn} {{\n{shares}    }}\n");
    // Who has no key is nobody's user.
    let inside = ("~\\A1\\|.".to_owned(), "1".to_owned());
    maps.push_str(&map(&format!("${drawn}|{key}"), &side, &[inside], "0"));
    Ok((side, maps))
}

fn patterns(any: &[TextMatch]) -> Result<Vec<String>, String> {
    any.iter().map(pattern).collect()
}

/// What a `map` compares a value with. Always an expression: other words are compared in whatever
/// case. None of them is met by nothing at all, which is how nginx shows a field that is not there.
fn pattern(of: &TextMatch) -> Result<String, String> {
    let some = |text: &str| if text.is_empty() { Err(EMPTY.to_owned()) } else { Ok(()) };
    Ok(match of {
        TextMatch::Exact(text) => {
            some(text)?;
            format!("~\\A{}\\z", literal(text.as_bytes()))
        }
        TextMatch::Prefix(text) => format!("~\\A(?!\\z){}", literal(text.as_bytes())),
        TextMatch::Regex(text) => {
            format!("~\\A(?!\\z)(?:{})\\z", pcre(text).map_err(|error| error.to_string())?)
        }
        TextMatch::Present => "~.".to_owned(),
    })
}

const EMPTY: &str = "a field without a value is to it like one that is not there";

/// The variable that holds a field of the request.
fn field(name: &str) -> Result<String, String> {
    let letters: Option<String> = name
        .chars()
        .map(|char| match char {
            '-' | '_' => Some('_'),
            _ if char.is_ascii_alphanumeric() => Some(char.to_ascii_lowercase()),
            _ => None,
        })
        .collect();
    let letters = letters.filter(|letters| !letters.is_empty());
    let letters = letters.ok_or_else(|| format!("it has no variable for the field {name:?}"))?;
    Ok(format!("$http_{letters}"))
}

/// A `map` block; the first expression that is met counts.
pub(super) fn map(
    source: &str,
    variable: &str,
    entries: &[(String, String)],
    default: &str,
) -> String {
    let lines =
        entries.iter().map(|(key, value)| format!("        {} {};\n", quoted(key), quoted(value)));
    let lines: String = lines.collect();
    let (source, default) = (quoted(source), quoted(default));
    format!("    map {source} ${variable} {{\n        default {default};\n{lines}    }}\n")
}

/// Whether a request that meets the conditions may have a body: any whose method is not one of those
/// that have none.
fn may_have_a_body(conditions: &RequestMatch) -> bool {
    let without = |test: &TextMatch| matches!(test, TextMatch::Exact(method) if ["GET", "HEAD", "OPTIONS"].contains(&method.as_str()));
    conditions.method.is_empty() || !conditions.method.iter().all(without)
}
