//! Where the values of a metric come from: `provider.prometheus` and `provider.web`.

use std::time::Duration;

use tidegate_analysis::{
    BasicAuth, Header, JsonPath, OAuth2, PrometheusQuery, RangeQuery, SigV4, WebBody, WebMethod,
    WebQuery,
};

use crate::{
    fields::query::{AUTHENTICATION, BASIC_AUTH, HEADER, OAUTH2, PROMETHEUS, RANGE, SIGV4, WEB},
    given::Fields,
    report::Complaint,
    walk::Spot,
};

/// Reads `provider.prometheus`.
pub(crate) fn prometheus(spot: &Spot<'_>) -> Option<PrometheusQuery> {
    let fields = spot.fields(&PROMETHEUS)?;
    let query = fields.need("query").and_then(Spot::filled_text);
    let timeout = fields.get("timeout").map(|spot| spot.number::<u32>(1, i64::from(i32::MAX)));
    let (basic_auth, oauth2, sigv4) = authentication(&fields);
    let prometheus = PrometheusQuery {
        address: fields.get("address").and_then(url),
        query: query.unwrap_or_default().to_owned(),
        timeout: timeout.flatten().map(seconds),
        insecure: fields.or("insecure", false, Spot::boolean),
        headers: fields.or("headers", Vec::new(), headers),
        basic_auth,
        oauth2,
        sigv4,
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
    // As Argo Rollouts does it: a web server is asked with no signature.
    let (basic_auth, oauth2, _) = authentication(&fields);
    let web = WebQuery {
        method,
        url: given.clone().unwrap_or_default(),
        headers: fields.or("headers", Vec::new(), headers),
        body,
        timeout: (timeout > 0).then(|| seconds(timeout)),
        json_path: fields.get("jsonPath").and_then(json_path),
        insecure: fields.or("insecure", false, Spot::boolean),
        basic_auth,
        oauth2,
    };
    given.map(|_| web)
}

fn seconds(seconds: u32) -> Duration {
    Duration::from_secs(seconds.into())
}

/// A URL; one with arguments in it can be checked only once they are filled in.
pub(crate) fn url(spot: &Spot<'_>) -> Option<String> {
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

/// Who asks: a name and password, a client of OAuth 2.0, a signature.
fn authentication(fields: &Fields<'_>) -> (Option<BasicAuth>, Option<OAuth2>, Option<SigV4>) {
    let Some(fields) = fields.get("authentication").and_then(|spot| spot.fields(&AUTHENTICATION))
    else {
        return (None, None, None);
    };
    let basic = fields.get("basicAuth").and_then(basic_auth);
    let oauth2 = fields.get("oauth2").and_then(oauth2);
    (basic, oauth2, fields.get("sigv4").and_then(sigv4))
}

fn basic_auth(spot: &Spot<'_>) -> Option<BasicAuth> {
    let fields = spot.fields(&BASIC_AUTH)?;
    let auth =
        BasicAuth { username: given(&fields, "username"), password: given(&fields, "password") };
    if let Some(problem) = auth.problem() {
        fields.of.complain(Complaint::new(problem));
    }
    Some(auth).filter(|auth| !auth.username.is_empty())
}

fn oauth2(spot: &Spot<'_>) -> Option<OAuth2> {
    let fields = spot.fields(&OAUTH2)?;
    let client = OAuth2 {
        token_url: fields.get("tokenUrl").and_then(url).unwrap_or_default(),
        client_id: given(&fields, "clientId"),
        client_secret: given(&fields, "clientSecret"),
        scopes: fields.or("scopes", Vec::new(), Spot::texts),
    };
    // As in Argo Rollouts: without an address of tokens, it is off.
    let client = Some(client).filter(|client| !client.token_url.is_empty())?;
    if let Some(problem) = client.problem() {
        fields.of.complain(Complaint::new(problem));
    }
    Some(client)
}

fn sigv4(spot: &Spot<'_>) -> Option<SigV4> {
    let fields = spot.fields(&SIGV4)?;
    let region = given(&fields, "region");
    (!region.is_empty()).then_some(SigV4 { region })
}

fn given(fields: &Fields<'_>, name: &str) -> String {
    fields.get(name).and_then(Spot::text).unwrap_or_default().to_owned()
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
