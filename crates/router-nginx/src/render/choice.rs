//! Where a request goes: by a rule, by its cookie, by the split.

use tidegate_steering::{FINEST, literal, rounding};
use tidegate_traffic::{Destination, Listener, RuleAction, Sticky};
use tidegate_units::Weight;

use super::{
    quoted,
    rules::{Translated, map},
    upstream,
};

/// Writes the variables of a listener:
///
/// | variable | what it is |
/// |---|---|
/// | `$tgN_rule` | the place of the rule that the request meets |
/// | `$tgN_sent` | the upstream that a rule sends it to |
/// | `$tgN_cookie`, `$tgN_kept` | the revision that its cookie names, and that one's upstream |
/// | `$tgN_split` | the upstream whose turn it is |
/// | `$tgN_to` | the upstream that it is for |
/// | `$tgN_up` | the same, where a replica is there for it |
/// | `$tgN_copy` | the upstream that gets a copy |
/// | `$tgN_set` | the cookie that its answer sets |
pub(super) fn write(text: &mut String, place: usize, listener: &Listener, rules: &[Translated]) {
    for rule in rules {
        text.push_str(&rule.maps);
    }
    if !rules.is_empty() {
        by_rules(text, place, rules);
    }
    if let Some(sticky) = &listener.sticky {
        by_cookie(text, place, listener, sticky);
    }
    split(text, place, listener);
    let to = match (!rules.is_empty(), listener.sticky.is_some()) {
        (false, false) => vec![],
        (true, false) => vec!["sent"],
        (false, true) => vec!["kept"],
        (true, true) => vec!["sent", "kept"],
    };
    // The first that is not empty, the split after all.
    let keys: Vec<_> = to.iter().map(|name| format!("$tg{place}_{name}|")).collect();
    let entries: Vec<_> = (0..to.len())
        .map(|at| {
            let before = "\\|".repeat(at);
            (format!("~\\A{before}(?<tg{place}_first{at}>[^|]+)"), format!("$tg{place}_first{at}"))
        })
        .collect();
    text.push_str(&map(
        &keys.concat(),
        &format!("tg{place}_to"),
        &entries,
        &format!("$tg{place}_split"),
    ));
    let there: Vec<_> = (0..listener.destinations.len())
        .filter(|&index| !servers(listener, index).0.is_empty())
        .map(|index| (upstream(place, index), upstream(place, index)))
        .collect();
    text.push_str(&map(&format!("$tg{place}_to"), &format!("tg{place}_up"), &there, ""));
}

fn by_rules(text: &mut String, place: usize, rules: &[Translated]) {
    let keys: Vec<_> = rules.iter().map(|rule| format!("${}", rule.variable)).collect();
    let first: Vec<_> =
        (0..rules.len()).map(|at| (format!("~\\A0{{{at}}}1"), at.to_string())).collect();
    text.push_str(&map(&keys.concat(), &format!("tg{place}_rule"), &first, ""));
    let numbered = || rules.iter().enumerate();
    let sent: Vec<_> = numbered()
        .filter(|(_, rule)| rule.copies.is_none())
        .map(|(at, rule)| (at.to_string(), upstream(place, rule.destination)))
        .collect();
    let rule = format!("$tg{place}_rule");
    text.push_str(&map(&rule, &format!("tg{place}_sent"), &sent, ""));
    let mut copied = Vec::new();
    for (at, of) in numbered() {
        let Some(wanted) = of.copies else { continue };
        let variable = format!("tg{place}_share{at}");
        let to = upstream(place, of.destination);
        let shares = [(wanted.share, to), (wanted.share.rest(), String::new())];
        text.push_str(&split_clients(&format!("{variable} $request_id"), &variable, &shares));
        copied.push((at.to_string(), format!("${variable}")));
    }
    if !copied.is_empty() {
        text.push_str(&map(&rule, &format!("tg{place}_copy"), &copied, ""));
    }
}

/// By the value of the first cookie of the name, while the revision that it names has a weight.
fn by_cookie(text: &mut String, place: usize, listener: &Listener, sticky: &Sticky) {
    let cookie = format!("tg{place}_cookie");
    text.push_str(&super::rules::cookie(&sticky.cookie, &cookie));
    let numbered = || listener.destinations.iter().enumerate();
    let kept: Vec<_> = numbered()
        .filter(|(_, it)| it.weight > Weight::ZERO)
        .map(|(at, it)| {
            (format!("~\\A{}\\z", literal(it.revision.as_str().as_bytes())), upstream(place, at))
        })
        .collect();
    text.push_str(&map(&format!("${cookie}"), &format!("tg{place}_kept"), &kept, ""));
    // No cookie for who came by a rule, or has it already.
    let sent = if listener.rules.is_empty() { String::new() } else { format!("$tg{place}_sent") };
    let mut cookies = vec![("~\\A[^|]".to_owned(), String::new())];
    for (_, destination) in numbered().filter(|(_, it)| !it.endpoints.is_empty()) {
        let revision = literal(destination.revision.as_str().as_bytes());
        let by = format!("(?:.*[ ,])?(?:{})\\z", addresses(destination));
        cookies.push((format!("~\\A\\|{revision}\\|{by}"), String::new()));
        cookies.push((format!("~\\A\\|[^|]*\\|{by}"), set_cookie(sticky, destination)));
    }
    let key = format!("{sent}|${cookie}|$upstream_addr");
    text.push_str(&map(&key, &format!("tg{place}_set"), &cookies, ""));
}

fn addresses(destination: &Destination) -> String {
    let all = destination.endpoints.iter();
    all.map(|it| literal(it.address.to_string().as_bytes())).collect::<Vec<_>>().join("|")
}

fn set_cookie(sticky: &Sticky, destination: &Destination) -> String {
    format!(
        "{}={}; Max-Age={}; Path=/; HttpOnly; SameSite=Lax",
        sticky.cookie,
        destination.revision,
        sticky.max_age.as_secs()
    )
}

fn split(text: &mut String, place: usize, listener: &Listener) {
    let shares: Vec<_> = listener
        .destinations
        .iter()
        .enumerate()
        .map(|(at, destination)| (destination.weight, upstream(place, at)))
        .collect();
    // nginx makes the id of a request at random; the place keeps listeners apart.
    let key = format!("{place} $request_id");
    text.push_str(&split_clients(&key, &format!("tg{place}_split"), &shares));
}

/// The weights of a listener that nginx rounds to what it can split by.
pub(super) fn rounded(listener: &Listener) -> Vec<String> {
    let copied = listener.rules.iter().filter_map(|rule| match &rule.then {
        RuleAction::Mirror { to, share } => Some((format!("the copies of revision {to}"), *share)),
        RuleAction::Send { .. } | RuleAction::Compare(_) => None,
    });
    let split =
        listener.destinations.iter().map(|it| (format!("revision {}", it.revision), it.weight));
    // `split_clients` takes two decimals of a percent.
    split.chain(copied).filter_map(|(of, weight)| rounding("nginx", &of, weight)).collect()
}

/// Shares out by hundredths of a percent, the nearest ones; the last that has any takes what is left
/// over.
fn split_clients(key: &str, variable: &str, shares: &[(Weight, String)]) -> String {
    let shares = shares.iter().map(|(share, to)| (share.out_of(FINEST), to));
    let some: Vec<_> = shares.filter(|(share, _)| *share > 0).collect();
    let (last, others) = match some.split_last() {
        Some(((_, last), others)) => (last.as_str(), others),
        None => ("", &[] as &[_]),
    };
    let lines =
        others.iter().map(|(share, to)| format!("        {} {};\n", percent(*share), quoted(to)));
    let lines: String = lines.collect();
    let (key, last) = (quoted(key), quoted(last));
    format!("    split_clients {key} ${variable} {{\n{lines}        * {last};\n    }}\n")
}

/// So many of [`FINEST`] as nginx writes a share.
fn percent(share: u32) -> String {
    match (share / 100, share % 100) {
        (whole, 0) => format!("{whole}%"),
        (whole, rest) => format!("{whole}.{rest:02}%"),
    }
}

/// The replicas of a destination, and those that stand in while none of it takes a connection: of the
/// one with the most weight that has any, never one without weight. Where it has none of its own,
/// those are all there is.
pub(crate) fn servers(listener: &Listener, index: usize) -> (Vec<String>, Vec<String>) {
    let of = |destination: &Destination| -> Vec<String> {
        destination.endpoints.iter().map(|it| it.address.to_string()).collect()
    };
    let own = listener.destinations.get(index).map(of).unwrap_or_default();
    let numbered = listener.destinations.iter().enumerate();
    let other = numbered
        .filter(|(at, it)| *at != index && it.weight > Weight::ZERO && !it.endpoints.is_empty())
        .max_by_key(|(_, it)| it.weight)
        .map(|(_, it)| of(it))
        .unwrap_or_default();
    if own.is_empty() { (other, vec![]) } else { (own, other) }
}
