//! The step of the plugin `tidegate/ring`.

use std::time::Duration;

use tidegate_rollout::{CanaryScale, Ring, Step};
use tidegate_traffic::{
    CookieMatch, HeaderMatch, RegionMatch, RequestMatch, TextMatch, UserKey, UserShare,
};
use tidegate_units::ObjectKey;

use crate::{
    analysis_use,
    duration::seconds_or_text,
    fields::ring::{
        RING, RING_MATCH, RING_REGION, RING_SCALE, RING_TEXT, RING_USER_KEY, RING_USERS,
    },
    names::{COOKIE, HEADER, NameRule},
    node::Content,
    report::Complaint,
    routes,
    routing::{self, Routing},
    walk::Spot,
};

/// The field in which an edge tells the region of a request, where nothing is said.
const REGION_HEADER: &str = "X-Region";

/// Kubernetes' `int32`.
const MOST: u32 = i32::MAX as u32;

/// Reads the `config` of a ring.
pub(crate) fn read(
    step: &Spot<'_>,
    config: Option<&Spot<'_>>,
    routing: Option<&Routing>,
) -> Option<Step> {
    routing::needed_for("users who are told apart", step, routing);
    let Some(config) = config else {
        step.complain(Complaint::new("\"config\" is missing").hint("it says who is in the ring"));
        return None;
    };
    let fields = config.fields(&RING)?;
    let name = fields.need("ring").and_then(|spot| name(spot, routing));
    let any = fields.need("match").and_then(matches);
    let scale = fields.get("scale").map(scale);
    let soak = fields.or("soak", Duration::ZERO, seconds_or_text);
    let analysis = fields.get("analysis").map(analysis_use::read);
    let scale = scale.map_or(Some(None), |scale| scale.map(Some))?;
    let analysis = analysis.map_or(Some(None), |analysis| analysis.map(Some))?;
    Some(Step::Ring(Ring { name: name?, any: any?, scale, soak, analysis }))
}

/// Reports rings that have the name of an earlier one.
pub(crate) fn refuse_twins<'s>(steps: impl Iterator<Item = (&'s Spot<'s>, &'s Step)>) {
    let mut names: Vec<&str> = Vec::new();
    for (spot, step) in steps {
        let Some(ring) = step.ring() else { continue };
        if names.contains(&ring.name.as_str()) {
            let place =
                spot.at("plugin").and_then(|it| it.at("config")).and_then(|it| it.at("ring"));
            let complaint = Complaint::new(format!("another ring is called {:?}", ring.name));
            place.as_ref().unwrap_or(spot).complain(complaint.allow("a name of its own"));
        }
        names.push(&ring.name);
    }
}

/// Gives shares that name no salt that of their rollout.
pub(crate) fn salt(steps: &mut [Step], rollout: &ObjectKey) {
    let rings = steps.iter_mut().filter_map(|step| match step {
        Step::Ring(ring) => Some(ring),
        _ => None,
    });
    for users in rings.flat_map(|ring| &mut ring.any).filter_map(|it| it.users.as_mut()) {
        if users.salt.is_empty() {
            users.salt = rollout.to_string();
        }
    }
}

fn name(spot: &Spot<'_>, routing: Option<&Routing>) -> Option<String> {
    let name = spot.filled_text()?;
    let routes = routing.map(|routing| routing.managed_routes.as_slice()).unwrap_or_default();
    if routes.iter().any(|route| route == name) {
        spot.complain(spot.found().allow("a name that is not in trafficRouting.managedRoutes"));
    }
    Some(name.to_owned())
}

fn matches(spot: &Spot<'_>) -> Option<Vec<RequestMatch>> {
    let items = spot.items()?;
    if items.is_empty() {
        spot.complain(Complaint::new("found nobody").allow("at least one match"));
    }
    let count = items.len();
    let any: Vec<_> = items.iter().filter_map(request_match).collect();
    (any.len() == count).then_some(any)
}

fn request_match(spot: &Spot<'_>) -> Option<RequestMatch> {
    let fields = spot.fields(&RING_MATCH)?;
    let names: Vec<_> = RING_MATCH.names().collect();
    if fields.some_of(&names, &[]).is_empty() {
        return None;
    }
    let header = fields.get("header").map(|spot| text_match(spot, HEADER));
    let cookie = fields.get("cookie").map(|spot| text_match(spot, COOKIE));
    let region = fields.get("region").map(region);
    let users = fields.get("users").map(users);
    let headers = header.map_or(Some(Vec::new()), |header| {
        header.map(|(name, is)| vec![HeaderMatch { name, any: vec![is] }])
    });
    let cookies = cookie
        .map_or(Some(Vec::new()), |cookie| cookie.map(|(name, is)| vec![CookieMatch { name, is }]));
    let region = region.map_or(Some(None), |region| region.map(Some));
    let users = users.map_or(Some(None), |users| users.map(Some));
    Some(RequestMatch {
        headers: headers?,
        cookies: cookies?,
        region: region?,
        users: users?,
        ..RequestMatch::default()
    })
}

/// A condition on a field or cookie by its name; with nothing said of its value, it has to be there.
fn text_match(spot: &Spot<'_>, rule: NameRule) -> Option<(String, TextMatch)> {
    let fields = spot.fields(&RING_TEXT)?;
    let name = fields.need("name").and_then(|spot| rule.read(spot));
    let kinds = ["exact", "prefix", "regex"];
    let said = kinds.iter().any(|kind| fields.get(kind).is_some());
    let is = if said { routes::text_of(&fields)? } else { TextMatch::Present };
    Some((name?, is))
}

fn region(spot: &Spot<'_>) -> Option<RegionMatch> {
    let (any, header) = if spot.is_map() {
        let fields = spot.fields(&RING_REGION)?;
        let header = fields.get("header").map(|spot| HEADER.read(spot));
        let header = header.unwrap_or_else(|| Some(REGION_HEADER.to_owned()));
        (fields.need("names").and_then(regions), header)
    } else {
        (regions(spot), Some(REGION_HEADER.to_owned()))
    };
    Some(RegionMatch { header: header?, any: any?, here: false })
}

fn regions(spot: &Spot<'_>) -> Option<Vec<String>> {
    if !spot.is_list() {
        return Some(vec![spot.filled_text()?.to_owned()]);
    }
    let items = spot.items()?;
    if items.is_empty() {
        spot.complain(Complaint::new("found no region").allow("at least one region"));
    }
    items.iter().map(|item| item.filled_text().map(str::to_owned)).collect()
}

fn users(spot: &Spot<'_>) -> Option<UserShare> {
    let fields = spot.fields(&RING_USERS)?;
    let hundredths = fields.need("percent").and_then(hundredths);
    let by = fields.get("by").map_or(Some(UserKey::Visitor), user_key);
    let salt = fields.or("salt", String::new(), |spot| spot.filled_text().map(str::to_owned));
    Some(UserShare { hundredths: hundredths?, by: by?, salt })
}

fn user_key(spot: &Spot<'_>) -> Option<UserKey> {
    let fields = spot.fields(&RING_USER_KEY)?;
    match fields.exactly_one(&["header", "cookie"])? {
        ("header", spot) => HEADER.read(spot).map(UserKey::Header),
        (_, spot) => COOKIE.read(spot).map(UserKey::Cookie),
    }
}

/// A share in percent as hundredths of it. What a plugin is configured with may be a text.
fn hundredths(spot: &Spot<'_>) -> Option<u16> {
    let text = written(spot);
    let digits = text.as_deref().map(|text| text.strip_suffix('%').unwrap_or(text));
    let share = digits.and_then(in_hundredths).filter(|share| (1..=10_000).contains(share));
    if share.is_none() {
        spot.refuse("a number above 0, up to 100, with two digits after the point at most");
    }
    share
}

fn in_hundredths(text: &str) -> Option<u16> {
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || rest.len() > 2 || !plain(whole) || !plain(rest) {
        return None;
    }
    let whole: u16 = whole.parse().ok()?;
    let rest: u16 = format!("{rest:0<2}").parse().ok()?;
    whole.checked_mul(100)?.checked_add(rest)
}

fn scale(spot: &Spot<'_>) -> Option<CanaryScale> {
    let fields = spot.fields(&RING_SCALE)?;
    match fields.exactly_one(&["replicas", "percent"])? {
        ("replicas", spot) => count(spot).map(CanaryScale::Replicas),
        (_, spot) => count(spot).map(CanaryScale::Share),
    }
}

fn count(spot: &Spot<'_>) -> Option<u32> {
    let count = written(spot).and_then(|text| text.parse().ok());
    let count = count.filter(|count| (1..=MOST).contains(count));
    if count.is_none() {
        spot.refuse(format!("a whole number from 1 to {MOST}"));
    }
    count
}

/// A number or a text as it is written.
fn written(spot: &Spot<'_>) -> Option<String> {
    match &spot.node.content {
        Content::Number(number) => Some(number.written.to_string()),
        Content::Text(text) => Some(text.trim().to_owned()),
        _ => None,
    }
}
