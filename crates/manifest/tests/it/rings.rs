//! Rings, as steps of the plugin `tidegate/ring`.

use std::time::Duration;

use tidegate_manifest::{Resource, read};
use tidegate_rollout::{CanaryScale, Ring, RolloutResource};
use tidegate_traffic::{
    CookieMatch, HeaderMatch, RegionMatch, RequestMatch, TextMatch, UserKey, UserShare,
};

use crate::routing::problem_lines;

const ROUTED: &str = "trafficRouting: {plugins: {tidegate/router: {}}}";

fn text(canary: &str) -> String {
    format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {{name: web, namespace: shop}}\nspec:\n  \
         selector: {{matchLabels: {{app: web}}}}\n  strategy: {{canary: {{{canary}}}}}\n  \
         template: {{metadata: {{labels: {{app: web}}}}, spec: {{containers: [{{name: web, image: 'web:1'}}]}}}}\n"
    )
}

fn rollout(canary: &str) -> RolloutResource {
    let text = text(canary);
    let documents = read("web.yaml", &text).unwrap_or_else(|problems| panic!("{problems}"));
    match documents.into_iter().next().unwrap().resource {
        Resource::Rollout(rollout) => rollout,
        other => panic!("{other:#?}"),
    }
}

fn step(config: &str) -> String {
    format!("{{plugin: {{name: tidegate/ring, config: {config}}}}}")
}

fn ring(config: &str) -> Ring {
    let canary = format!("{ROUTED}, steps: [{}]", step(config));
    let rollout = rollout(&canary);
    rollout.spec.canary().steps[0].ring().unwrap_or_else(|| panic!("a ring")).clone()
}

/// The problems of one step with this ring, without their places.
fn problem(config: &str) -> String {
    let canary = format!("{ROUTED}, steps: [{}]", step(config));
    let problems = problem_lines(&text(&canary));
    let lines = problems.lines().filter_map(|line| line.split_once("steps[0]."));
    lines.map(|(_, line)| line.to_owned()).collect::<Vec<_>>().join("\n")
}

fn any(config: &str) -> Vec<RequestMatch> {
    ring(&format!("{{ring: a, match: {config}}}")).any
}

fn share(hundredths: u16, by: UserKey) -> RequestMatch {
    let users = UserShare { hundredths, by, salt: "shop/web".to_owned() };
    RequestMatch { users: Some(users), ..RequestMatch::default() }
}

#[test]
fn a_ring_is_read_as_one_step() {
    let ring = ring(
        "{ring: testers, match: [{header: {name: X-Tester}}], scale: {replicas: '2'}, soak: 10m, \
         analysis: {templates: [{templateName: smoke}]}}",
    );
    let header = HeaderMatch { name: "X-Tester".to_owned(), any: vec![TextMatch::Present] };
    assert_eq!(ring.name, "testers");
    assert_eq!(ring.any, [RequestMatch { headers: vec![header], ..RequestMatch::default() }]);
    assert_eq!(ring.scale, Some(CanaryScale::Replicas(2)));
    assert_eq!(ring.soak, Duration::from_mins(10));
    assert_eq!(ring.analysis.unwrap().templates[0].name, "smoke");
}

#[test]
fn what_a_ring_leaves_out_is_none() {
    let ring = ring("{ring: a, match: [{users: {percent: 5}}]}");
    assert_eq!((ring.scale, ring.soak, ring.analysis), (None, Duration::ZERO, None));
    assert_eq!(ring.any, [share(500, UserKey::Visitor)], "visitors, salted by the rollout");
}

#[test]
fn a_ring_with_an_analysis_takes_the_place_of_the_default_one() {
    let with = |analysis: &str| {
        let config = format!("{{ring: a, match: [{{region: eu}}]{analysis}}}");
        rollout(&format!("{ROUTED}, steps: [{}]", step(&config))).spec.canary().default_watch
    };
    assert!(with(""));
    assert!(!with(", analysis: {templates: [{templateName: smoke}]}"));
}

#[test]
fn conditions_of_a_match_are_joined_and_matches_are_any() {
    let region = |names: &[&str], header: &str| RegionMatch {
        header: header.to_owned(),
        any: names.iter().map(|name| (*name).to_owned()).collect(),
        here: false,
    };
    let of_region = |region| RequestMatch { region: Some(region), ..RequestMatch::default() };
    assert_eq!(
        any("[{region: eu}, {region: [eu, us]}, {region: {names: [eu], header: CF-IPCountry}}]"),
        [
            of_region(region(&["eu"], "X-Region")),
            of_region(region(&["eu", "us"], "X-Region")),
            of_region(region(&["eu"], "CF-IPCountry")),
        ]
    );
    let cookie = |is| CookieMatch { name: "plan".to_owned(), is };
    let of_cookie = |is| RequestMatch { cookies: vec![cookie(is)], ..RequestMatch::default() };
    assert_eq!(
        any(
            "[{cookie: {name: plan, exact: gold}}, {cookie: {name: plan, regex: g.*}}, {cookie: {name: plan}}]"
        ),
        [
            of_cookie(TextMatch::Exact("gold".to_owned())),
            of_cookie(TextMatch::Regex("g.*".to_owned())),
            of_cookie(TextMatch::Present),
        ]
    );
    let all = any(
        "[{region: eu, users: {percent: 10, by: {cookie: sid}}, header: {name: a, prefix: b}}]",
    );
    let header = HeaderMatch { name: "a".to_owned(), any: vec![TextMatch::Prefix("b".to_owned())] };
    let expect = RequestMatch {
        region: Some(region(&["eu"], "X-Region")),
        headers: vec![header],
        ..share(1000, UserKey::Cookie("sid".to_owned()))
    };
    assert_eq!(all, [expect]);
}

#[test]
fn a_share_is_counted_in_hundredths_of_a_percent() {
    for (written, hundredths) in [
        ("5", 500),
        ("'5'", 500),
        ("5%", 500),
        ("0.01", 1),
        ("0.5", 50),
        ("12.25", 1225),
        ("100", 10_000),
        ("'99.9'", 9990),
    ] {
        let read = any(&format!("[{{users: {{percent: {written}, by: {{header: X-User}}}}}}]"));
        assert_eq!(read, [share(hundredths, UserKey::Header("X-User".to_owned()))], "{written}");
    }
    for written in ["0", "0.001", "100.01", "101", "-5", "'five'", "1e1", "'5.'", ".5", "0.00"] {
        let problem = problem(&format!("{{ring: a, match: [{{users: {{percent: {written}}}}}]}}"));
        // `5.` is five, as YAML and people have it.
        assert_eq!(
            problem.contains("users.percent: found"),
            written != "'5.'",
            "{written}: {problem}"
        );
    }
}

#[test]
fn the_same_salt_chooses_the_same_users_in_several_rollouts() {
    let read = any("[{users: {percent: 5, salt: journey}}]");
    assert_eq!(read[0].users.as_ref().unwrap().salt, "journey");
}

#[test]
fn a_ring_that_says_nothing_or_too_much_is_refused() {
    let good = "match: [{region: eu}]";
    for (config, expected) in [
        ("{}".to_owned(), "plugin.config: \"ring\" is missing"),
        (
            "{ring: a, match: []}".to_owned(),
            "plugin.config.match: found nobody; allowed: at least one match",
        ),
        (
            "{ring: a, match: [{}]}".to_owned(),
            "plugin.config.match[0]: none is given; allowed: one of header, cookie, region or users",
        ),
        (
            "{ring: a, match: [{headers: {}}]}".to_owned(),
            "plugin.config.match[0].headers: unknown field \"headers\"; allowed: header, cookie, region or users; did you mean \"header\"?",
        ),
        (
            format!("{{ring: a, {good}, weight: 5}}"),
            "plugin.config.weight: unknown field \"weight\"; allowed: ring, match, scale, soak or analysis",
        ),
        (
            format!("{{ring: a, {good}, scale: {{replicas: 0}}}}"),
            "plugin.config.scale.replicas: found the number 0; allowed: a whole number from 1 to 2147483647",
        ),
        (
            format!("{{ring: a, {good}, scale: {{replicas: 1, percent: 5}}}}"),
            "plugin.config.scale: found replicas and percent together; allowed: exactly one of replicas or percent",
        ),
        (
            format!("{{ring: a, {good}, soak: soon}}"),
            "plugin.config.soak: found the text \"soon\"; allowed: seconds, or a duration such as 30s, 5m or 1h30m",
        ),
        (
            "{ring: a, match: [{header: {name: x, exact: a, regex: b}}]}".to_owned(),
            "plugin.config.match[0].header: found exact and regex together; allowed: exactly one of exact, prefix or regex",
        ),
        (
            "{ring: a, match: [{header: {name: x, regex: (}}]}".to_owned(),
            "plugin.config.match[0].header.regex: regex parse error",
        ),
        (
            "{ring: a, match: [{header: {name: 'x y'}}]}".to_owned(),
            "plugin.config.match[0].header.name: found \"x y\"; allowed: letters, digits",
        ),
        (
            "{ring: a, match: [{region: []}]}".to_owned(),
            "plugin.config.match[0].region: found no region; allowed: at least one region",
        ),
        (
            "{ring: a, match: [{users: {percent: 5, by: {header: a, cookie: b}}}]}".to_owned(),
            "plugin.config.match[0].users.by: found header and cookie together",
        ),
        ("null".to_owned(), "plugin: \"config\" is missing; it says who is in the ring"),
    ] {
        let found = problem(&config);
        assert!(found.starts_with(expected), "{config}: {found}");
    }
}

#[test]
fn a_ring_stands_alone_under_a_name_of_its_own_before_a_router() {
    let ring = |name: &str| step(&format!("{{ring: {name}, match: [{{region: eu}}]}}"));
    let problems = |canary: &str| problem_lines(&text(canary));
    let found = problems(&format!("{ROUTED}, steps: [{}, {}]", ring("a"), ring("a")));
    let expected =
        "steps[1].plugin.config.ring: another ring is called \"a\"; allowed: a name of its own";
    assert!(found.contains(expected), "{found}");
    let found = problems(&format!("steps: [{}]", ring("a")));
    assert!(
        found.contains("steps[0].plugin: needs trafficRouting, for users who are told apart"),
        "{found}"
    );
    let routes = "trafficRouting: {managedRoutes: [{name: a}], plugins: {tidegate/router: {}}}";
    let found = problems(&format!("{routes}, steps: [{}]", ring("a")));
    assert!(
        found.contains("allowed: a name that is not in trafficRouting.managedRoutes"),
        "{found}"
    );
    let beside = ring("a").replacen('{', "{setWeight: 5, ", 1);
    let found = problems(&format!("{ROUTED}, steps: [{beside}]"));
    assert!(
        found.contains("steps[0]: a ring beside another action; allowed: a ring alone"),
        "{found}"
    );
}

#[test]
fn a_service_stands_in_the_region_of_its_label() {
    for (labels, region) in [
        ("{topology.kubernetes.io/region: eu-north}", Some("eu-north")),
        ("{topology.kubernetes.io/region: \"\"}", None),
        ("{region: eu-north}", None),
    ] {
        let text = format!(
            "{{apiVersion: v1, kind: Service, metadata: {{name: web, labels: {labels}}},
             spec: {{selector: {{app: web}}, ports: [{{port: 80}}]}}}}"
        );
        let Resource::Service(service) = read("web.yaml", &text).unwrap().remove(0).resource else {
            panic!("a Service")
        };
        assert_eq!(service.region.as_deref(), region, "{labels}");
    }
}
