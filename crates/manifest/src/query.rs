//! Where the values of a metric come from: `provider.prometheus` and `provider.web`.

use std::time::Duration;

use tidegate_analysis::{
    BasicAuth, Header, JsonPath, PrometheusQuery, RangeQuery, WebBody, WebMethod, WebQuery,
};

use crate::{
    fields::query::{AUTHENTICATION, BASIC_AUTH, HEADER, PROMETHEUS, RANGE, WEB},
    given::Fields,
    report::Complaint,
    walk::Spot,
};

/// Reads `provider.prometheus`.
pub(crate) fn prometheus(spot: &Spot<'_>) -> Option<PrometheusQuery> {
    let fields = spot.fields(&PROMETHEUS)?;
    let query = fields.need("query").and_then(Spot::filled_text);
    let timeout = fields.get("timeout").map(|spot| spot.number::<u32>(1, i64::from(i32::MAX)));
    let prometheus = PrometheusQuery {
        address: fields.get("address").and_then(url),
        query: query.unwrap_or_default().to_owned(),
        timeout: timeout.flatten().map(seconds),
        insecure: fields.or("insecure", false, Spot::boolean),
        headers: fields.or("headers", Vec::new(), headers),
        basic_auth: fields.get("authentication").and_then(basic_auth),
        range: fields.get("rangeQuery").and_then(range),
    };
    query.map(|_| prometheus)
}

/// Reads `provider.web`.
pub(crate) fn web(spot: &Spot<'_>) -> Option<WebQuery> {
    let fields = spot.fields(&WEB)?;
    let given = fields.need("url").and_then(url);
    let methods = [("GET", WebMethod::Get), ("POST", WebMethod::Post), ("PUT", WebMethod::Put)];
    let method = fields.or("method", WebMethod::Get, |spot| spot.word(&methods));
    let body = body(&fields);
    if method == WebMethod::Get && body != WebBody::None {
        let of = fields.get("jsonBody").or(fields.get("body")).unwrap_or(&fields.of);
        let complaint = Complaint::new("a GET request has no body");
        of.complain(complaint.hint("leave it out, or write method: POST"));
    }
    // As Argo Rollouts reads it, 0 is the default.
    let timeout = fields.or("timeoutSeconds", 0, |spot| spot.number(0, i64::from(i32::MAX)));
    let web = WebQuery {
        method,
        url: given.clone().unwrap_or_default(),
        headers: fields.or("headers", Vec::new(), headers),
        body,
        timeout: (timeout > 0).then(|| seconds(timeout)),
        json_path: fields.get("jsonPath").and_then(json_path),
        insecure: fields.or("insecure", false, Spot::boolean),
    };
    given.map(|_| web)
}

fn seconds(seconds: u32) -> Duration {
    Duration::from_secs(seconds.into())
}

/// A URL; one with arguments in it can be checked only once they are filled in.
fn url(spot: &Spot<'_>) -> Option<String> {
    let text = spot.text()?;
    let host = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
    let fits = text.contains("{{") || host.is_some_and(|host| !host.starts_with(['/', '?', '#']));
    if !fits || host == Some("") {
        spot.refuse("a URL such as http://prometheus.example.com:9090");
        return None;
    }
    Some(text.to_owned())
}

fn headers(spot: &Spot<'_>) -> Option<Vec<Header>> {
    let read = |item: &Spot<'_>| {
        let fields = item.fields(&HEADER)?;
        let name = fields.need("key").and_then(Spot::filled_text);
        let value = fields.need("value").and_then(Spot::text);
        Some(Header { name: name?.to_owned(), value: value?.to_owned() })
    };
    Some(spot.items()?.iter().filter_map(read).collect())
}

fn range(spot: &Spot<'_>) -> Option<RangeQuery> {
    let fields = spot.fields(&RANGE)?;
    let text = |name| fields.need(name).and_then(Spot::filled_text).map(str::to_owned);
    let (start, end, step) = (text("start"), text("end"), text("step"));
    let range = RangeQuery { start: start?, end: end?, step: step? };
    let waits = [&range.start, &range.end, &range.step].into_iter().any(|text| text.contains("{{"));
    if let Some((field, problem)) = range.problem().filter(|_| !waits) {
        fields.get(field).unwrap_or(&fields.of).complain(Complaint::new(problem));
    }
    Some(range)
}

fn basic_auth(spot: &Spot<'_>) -> Option<BasicAuth> {
    let fields = spot.fields(&AUTHENTICATION)?;
    let fields = fields.get("basicAuth")?.fields(&BASIC_AUTH)?;
    let text = |name| fields.get(name).and_then(Spot::text).unwrap_or_default().to_owned();
    let auth = BasicAuth { username: text("username"), password: text("password") };
    for (name, given, other) in
        [("username", &auth.username, &auth.password), ("password", &auth.password, &auth.username)]
    {
        if given.is_empty() && !other.is_empty() {
            let complaint = Complaint::new(format!("\"{name}\" is missing"));
            fields.of.complain(complaint.allow("username and password, or neither"));
        }
    }
    Some(auth).filter(|auth| !auth.username.is_empty())
}

fn body(fields: &Fields<'_>) -> WebBody {
    let text = fields.get("body").and_then(Spot::text).filter(|text| !text.is_empty());
    let json = fields.get("jsonBody");
    if let (Some(_), Some(spot)) = (text, json) {
        let complaint = Complaint::new("found body and jsonBody together");
        spot.complain(complaint.allow("one of them"));
    }
    match (text, json) {
        (_, Some(json)) => WebBody::Json(json.node.to_json()),
        (Some(text), None) => WebBody::Text(text.to_owned()),
        (None, None) => WebBody::None,
    }
}

fn json_path(spot: &Spot<'_>) -> Option<String> {
    let text = spot.text()?;
    if text.is_empty() {
        return None;
    }
    if !text.contains("{{")
        && let Err(problem) = JsonPath::parse(text)
    {
        let complaint = Complaint::new(format!("no path: {problem}"));
        spot.complain(complaint.allow("a path such as {$.data.value}"));
        return None;
    }
    Some(text.to_owned())
}
