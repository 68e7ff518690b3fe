//! Rules as conditions of `HAProxy`.

use tidegate_steering::{literal, pcre};
use tidegate_traffic::{Listener, Matcher, RequestMatch, Rule, RuleAction, TextMatch};

/// What sends a request to a revision: any of these conditions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sending {
    /// The place of the revision.
    pub(crate) destination: usize,
    /// Each a list of conditions that all have to hold.
    pub(crate) conditions: Vec<String>,
}

/// The rules of a listener that `HAProxy` can follow, and why it cannot follow the others.
pub(crate) fn translate(listener: &Listener) -> (Vec<Sending>, Vec<String>) {
    let (mut followed, mut left_out) = (Vec::new(), Vec::new());
    for rule in &listener.rules {
        match one(listener, rule) {
            Ok(sending) => followed.push(sending),
            Err(why) => left_out.push(format!("haproxy does not follow rule {}: {why}", rule.name)),
        }
    }
    (followed, left_out)
}

fn one(listener: &Listener, rule: &Rule) -> Result<Sending, String> {
    let to = match &rule.then {
        RuleAction::Send { to } => to,
        RuleAction::Mirror { .. } => return Err("it makes no copies of requests".to_owned()),
        RuleAction::Compare(_) => return Err("it compares no answers".to_owned()),
    };
    let destination = listener.destinations.iter().position(|it| it.revision == *to);
    let destination = destination.ok_or_else(|| format!("revision {to} is not there"))?;
    // What the built-in router refuses is not followed here either.
    Matcher::new(&rule.any).map_err(|error| error.to_string())?;
    let conditions = rule.any.iter().map(conditions_of).collect::<Result<Vec<_>, _>>()?;
    Ok(Sending { destination, conditions: conditions.concat() })
}

/// The conditions of one match, all of which have to hold; several where one is met in two ways.
fn conditions_of(of: &RequestMatch) -> Result<Vec<String>, String> {
    let mut all = Vec::new();
    if !of.method.is_empty() {
        all.push(any("method", &of.method)?);
    }
    match &of.path {
        None => {}
        Some(prefix @ TextMatch::Prefix(_)) => all.push(test("pathq", prefix)?),
        Some(other) => all.push(test("path", other)?),
    }
    for header in &of.headers {
        all.push(any(&field(&header.name)?, &header.any)?);
    }
    for cookie in &of.cookies {
        all.push(test(&format!("req.cook({})", cookie_name(&cookie.name)?), &cookie.is)?);
    }
    if of.users.is_some() {
        return Err("it has not the hash that tells users apart".to_owned());
    }
    let together = |more: &[String]| {
        let conditions = all.iter().chain(more).map(|it| format!("{{ {it} }}"));
        // None at all is met by every request.
        let conditions: Vec<_> = conditions.collect();
        if conditions.is_empty() { "TRUE".to_owned() } else { conditions.join(" ") }
    };
    let Some(region) = &of.region else { return Ok(vec![together(&[])]) };
    let of_region = field(&region.header)?;
    let names: Vec<_> = region.any.iter().cloned().map(TextMatch::Exact).collect();
    let mut ways = vec![together(&[any(&of_region, &names)?])];
    if region.here {
        ways.push(together(&[format!("{of_region} -m len 0")]));
        ways.push(format!("{} !{{ {of_region} -m found }}", together(&[])));
    }
    Ok(ways)
}

/// A condition that any of these tests meets.
fn any(fetch: &str, tests: &[TextMatch]) -> Result<String, String> {
    match tests {
        [one] => test(fetch, one),
        _ if tests.contains(&TextMatch::Present) => test(fetch, &TextMatch::Present),
        _ => {
            let patterns = tests.iter().map(pattern).collect::<Result<Vec<_>, _>>()?;
            Ok(format!("{fetch} -m reg {}", patterns.join(" ")))
        }
    }
}

fn test(fetch: &str, test: &TextMatch) -> Result<String, String> {
    match test {
        TextMatch::Present => Ok(format!("{fetch} -m found")),
        other => Ok(format!("{fetch} -m reg {}", pattern(other)?)),
    }
}

/// An expression in the quotes that leave everything as it is; no letter that could end them is left
/// in it.
fn pattern(of: &TextMatch) -> Result<String, String> {
    let expression = match of {
        TextMatch::Exact(text) => format!("\\A{}\\z", literal(text.as_bytes())),
        TextMatch::Prefix(text) => format!("\\A{}", literal(text.as_bytes())),
        TextMatch::Regex(text) => {
            format!("\\A(?:{})\\z", pcre(text).map_err(|error| error.to_string())?)
        }
        TextMatch::Present => String::new(),
    };
    Ok(format!("'{expression}'"))
}

fn field(name: &str) -> Result<String, String> {
    Ok(format!(
        "req.fhdr({})",
        plain(name).ok_or_else(|| format!("it cannot name the field {name:?}"))?
    ))
}

/// A cookie's name, where `HAProxy` can name it.
pub(crate) fn cookie_name(name: &str) -> Result<&str, String> {
    plain(name).ok_or_else(|| format!("it cannot name the cookie {name:?}"))
}

fn plain(name: &str) -> Option<&str> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    Some(name).filter(|name| !name.is_empty() && name.bytes().all(is_plain))
}
