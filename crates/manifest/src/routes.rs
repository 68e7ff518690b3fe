//! The steps `setHeaderRoute` and `setMirrorRoute`.

use tidegate_rollout::{Route, RouteKind};
use tidegate_traffic::{HeaderMatch, Matcher, RequestMatch, TextMatch};
use tidegate_units::Weight;

use crate::{
    fields::routing::{HEADER_MATCH, HEADER_ROUTE, MIRROR_ROUTE, REQUEST_MATCH, TEXT_MATCH},
    given::Fields,
    names::HEADER,
    report::Complaint,
    routing::Routing,
    suggest::nearest,
    walk::{Spot, one_of},
};

/// Methods that change nothing (RFC 9110, section 9.2.1), whose requests are copied without being
/// asked for by name.
const SAFE: [&str; 3] = ["GET", "HEAD", "OPTIONS"];

/// How a router joins the matches of a `setHeaderRoute`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Joined {
    /// By or, as Istio does.
    Or,
    /// By and, as APISIX does, whose expressions match anywhere in a value.
    And,
    /// By and, those of one field by or, as ALB does, which compares with `*` and `?` and in
    /// whatever case.
    AndOfFields,
}

/// Reads `setHeaderRoute`.
pub(crate) fn header(spot: &Spot<'_>, routing: Option<&Routing>) -> Option<Route> {
    let fields = spot.fields(&HEADER_ROUTE)?;
    needs_router(spot, routing, &["istio", "alb", "apisix"]);
    let joined = match routing {
        Some(routing) if routing.carries("alb") => Joined::AndOfFields,
        Some(routing) if routing.carries("apisix") => Joined::And,
        _ => Joined::Or,
    };
    let items = fields.or("match", Vec::new(), Spot::items);
    let headers: Vec<_> = items.iter().filter_map(|item| header_match(item, joined)).collect();
    Some(Route {
        name: name(&fields, routing)?,
        any: join(headers, joined),
        kind: RouteKind::Header,
    })
}

/// Reads `setMirrorRoute`.
pub(crate) fn mirror(spot: &Spot<'_>, routing: Option<&Routing>) -> Option<Route> {
    let fields = spot.fields(&MIRROR_ROUTE)?;
    needs_router(spot, routing, &["istio"]);
    let share = fields.or("percentage", 100, |spot| spot.number::<u8>(0, 100));
    let items = fields.or("match", Vec::new(), Spot::items);
    let safe = safe_methods();
    let any = items.iter().filter_map(|item| request_match(item, &safe)).collect();
    let kind = RouteKind::Mirror(Weight::new(share).unwrap_or(Weight::FULL));
    Some(Route { name: name(&fields, routing)?, any, kind })
}

/// Reports a step that no named router can take, as Argo Rollouts does.
fn needs_router(spot: &Spot<'_>, routing: Option<&Routing>, routers: &[&'static str]) {
    if !routing
        .is_some_and(|routing| routing.has_plugin || routers.iter().any(|it| routing.carries(it)))
    {
        let of = routers.iter().map(|name| format!("trafficRouting.{name}")).collect::<Vec<_>>();
        let needed = one_of(of.iter().map(String::as_str).chain(["a plugin"]));
        let complaint = Complaint::new(format!("needs {needed}"))
            .hint("write trafficRouting.plugins: {tidegate/router: {}}, beside any other router");
        spot.complain_of_key(complaint);
    }
}

/// The name of a route, which `managedRoutes` has to know.
fn name(fields: &Fields<'_>, routing: Option<&Routing>) -> Option<String> {
    let spot = fields.need("name")?;
    let name = spot.filled_text()?;
    let known = routing.map(|routing| routing.managed_routes.as_slice()).unwrap_or_default();
    if !known.iter().any(|known| known == name) {
        let known = known.iter().map(String::as_str);
        let complaint = spot.found().allow("a name in trafficRouting.managedRoutes");
        let meant = nearest(name, known);
        spot.complain(match meant {
            Some(_) => complaint.suggest(meant),
            None => complaint.hint(format!("add it there: - name: {name}")),
        });
    }
    Some(name.to_owned())
}

fn header_match(spot: &Spot<'_>, joined: Joined) -> Option<HeaderMatch> {
    let fields = spot.fields(&HEADER_MATCH)?;
    let name = fields.need("headerName").and_then(|spot| HEADER.read(spot));
    let value = fields.need("headerValue");
    let test = value.and_then(|value| Some((value, text_match(value)?)));
    let (value, test) = test?;
    let test = match (joined, test) {
        (Joined::AndOfFields, TextMatch::Exact(exact)) => TextMatch::Regex(wildcards(&exact)),
        (Joined::AndOfFields, _) => {
            value.complain(Complaint::new("ALB knows no other match").allow("exact"));
            return None;
        }
        (Joined::And, TextMatch::Regex(pattern)) => TextMatch::Regex(anywhere(&pattern)),
        (Joined::And, TextMatch::Prefix(pattern)) => TextMatch::Regex(format!("(?s:{pattern}.*)")),
        (_, test) => test,
    };
    Some(HeaderMatch { name: name?, any: vec![test] })
}

fn join(headers: Vec<HeaderMatch>, joined: Joined) -> Vec<RequestMatch> {
    let of = |headers| RequestMatch { headers, ..RequestMatch::default() };
    if joined == Joined::Or || headers.is_empty() {
        return headers.into_iter().map(|header| of(vec![header])).collect();
    }
    let mut all: Vec<HeaderMatch> = Vec::new();
    for header in headers {
        let mut known = all.iter_mut();
        let same = known.find(|known| known.name.eq_ignore_ascii_case(&header.name));
        match same.filter(|_| joined == Joined::AndOfFields) {
            Some(known) => known.any.extend(header.any),
            None => all.push(header),
        }
    }
    vec![of(all)]
}

/// What ALB means by a value: `*` is any text and `?` any letter, in whatever case.
fn wildcards(text: &str) -> String {
    let letter = |letter: char| match letter {
        '*' => ".*".to_owned(),
        '?' => ".".to_owned(),
        other => regex_literal(other),
    };
    format!("(?is){}", text.chars().map(letter).collect::<String>())
}

fn regex_literal(letter: char) -> String {
    let plain = letter.is_alphanumeric() || letter == ' ' || !letter.is_ascii();
    if plain { letter.to_string() } else { format!(r"\x{{{:x}}}", u32::from(letter)) }
}

/// An expression that matches anywhere in a text, as one that matches all of it.
fn anywhere(pattern: &str) -> String {
    format!("(?s:.*)(?:{pattern})(?s:.*)")
}

/// Methods whose requests are copied without being asked for by name.
pub(crate) fn safe_methods() -> Vec<TextMatch> {
    SAFE.map(|method| TextMatch::Exact(method.to_owned())).to_vec()
}

/// One of the matches of a `setMirrorRoute`. Without a method it means `methods`: to copy a write,
/// one has to say so.
pub(crate) fn request_match(spot: &Spot<'_>, methods: &[TextMatch]) -> Option<RequestMatch> {
    let fields = spot.fields(&REQUEST_MATCH)?;
    let method = fields.get("method").map(text_match);
    let path = fields.get("path").map(text_match);
    let headers = fields.or("headers", Vec::new(), |spot| {
        let entries = spot.entries()?;
        Some(entries.iter().filter_map(|(name, spot)| mirror_header(name, spot)).collect())
    });
    Some(RequestMatch {
        method: method.map_or_else(|| methods.to_vec(), |method| method.into_iter().collect()),
        path: path.flatten(),
        headers,
        ..RequestMatch::default()
    })
}

/// A field of a match; with nothing said of its value, it has to be there, as Istio has it.
fn mirror_header(name: &str, spot: &Spot<'_>) -> Option<HeaderMatch> {
    HEADER.check_key(spot, name);
    let test = if spot.says_nothing() { TextMatch::Present } else { text_match(spot)? };
    Some(HeaderMatch { name: name.to_owned(), any: vec![test] })
}

fn text_match(spot: &Spot<'_>) -> Option<TextMatch> {
    text_of(&spot.fields(&TEXT_MATCH)?)
}

/// The condition on a text that `exact`, `prefix` or `regex` among these fields says.
pub(crate) fn text_of(fields: &Fields<'_>) -> Option<TextMatch> {
    let (kind, given) = fields.exactly_one(&["exact", "prefix", "regex"])?;
    let value = given.filled_text()?.to_owned();
    let test = match kind {
        "exact" => TextMatch::Exact(value),
        "prefix" => TextMatch::Prefix(value),
        _ => TextMatch::Regex(value),
    };
    let probe = RequestMatch { method: vec![test.clone()], ..RequestMatch::default() };
    if let Err(error) = Matcher::new(&[probe]) {
        let complaint = Complaint::new(error.to_string().replace('\n', " "));
        given.complain(complaint.allow("a regular expression such as Mozilla(.*)"));
        return None;
    }
    Some(test)
}
