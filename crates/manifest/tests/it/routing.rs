//! `trafficRouting` blocks of other routers, as people write them.

use std::time::Duration;

use tidegate_manifest::{Resource, read};
use tidegate_rollout::{RolloutResource, Route, RouteKind, Step};
use tidegate_traffic::{HeaderMatch, RequestMatch, TextMatch};
use tidegate_units::Weight;

use crate::canary;

/// A rollout with both Services of a canary and this block, in flow style.
fn with(services: &str, routing: &str) -> String {
    canary::rollout(&format!("      trafficRouting: {routing}\n{services}"))
}

const BOTH: &str = "      stableService: web-stable\n      canaryService: web-canary\n";

fn rollout(services: &str, routing: &str) -> RolloutResource {
    let text = with(services, routing);
    match read("web.yaml", &text).unwrap_or_else(|problems| panic!("{problems}")).remove(0).resource
    {
        Resource::Rollout(rollout) => rollout,
        other => panic!("{other:#?}"),
    }
}

fn problem(services: &str, routing: &str) -> String {
    let text = with(services, routing);
    let problems = match read("web.yaml", &text) {
        Ok(documents) => panic!("{documents:#?}"),
        Err(problems) => problems.to_string(),
    };
    let path = "spec.strategy.canary.";
    let lines: Vec<_> =
        problems.lines().filter_map(|line| Some(line.split_once(path)?.1)).collect();
    lines.join("\n")
}

#[test]
fn every_router_is_carried_with_every_field() {
    for (block, carries) in [
        (
            "{istio: {virtualService: {name: vsvc.other, routes: [primary], tlsRoutes: \
             [{port: 443, sniHosts: [a.example]}], tcpRoutes: [{port: 3000}]}}}",
            "istio",
        ),
        ("{istio: {virtualServices: [{name: a, routes: [x]}, {name: b}]}}", "istio"),
        (
            "{nginx: {stableIngress: web, annotationPrefix: custom.example, \
             additionalIngressAnnotations: {canary-by-header: X-Canary}, \
             canaryIngressAnnotations: {my: own}}}",
            "nginx",
        ),
        ("{nginx: {stableIngresses: [web, web-two], stableIngress: ''}}", "nginx"),
        ("{alb: {ingress: web, servicePort: 443, annotationPrefix: a.example}}", "alb"),
        ("{alb: {ingresses: [web, other], servicePort: 80}}", "alb"),
        ("{smi: {trafficSplitName: web-split}}", "smi"),
        ("{smi: {}}", "smi"),
        ("{ambassador: {mappings: [web-mapping]}}", "ambassador"),
        (
            "{appMesh: {virtualService: {name: web, routes: [r]}, virtualNodeGroup: \
             {canaryVirtualNodeRef: {name: c}, stableVirtualNodeRef: {name: s}}}}",
            "appMesh",
        ),
        ("{traefik: {weightedTraefikServiceName: web}}", "traefik"),
        ("{apisix: {route: {name: web, rules: [one]}}}", "apisix"),
        (
            "{plugins: {argoproj-labs/gatewayAPI: {httpRoutes: [{name: a, useHeaderRoutes: true}], \
             namespace: default, any: [1, {deep: null}]}}}",
            "argoproj-labs/gatewayAPI",
        ),
        ("{plugins: {argoproj-labs/contour: null, tidegate/router: {}}}", "argoproj-labs/contour"),
        ("{nginx: {stableIngress: web}, smi: {}}", "nginx smi"),
        ("{plugins: {tidegate/router: {}}}", ""),
        ("{}", ""),
    ] {
        let found = rollout(BOTH, block);
        assert!(found.spec.canary().routed, "{block}");
        assert_eq!(found.carries.join(" "), carries, "{block}");
        assert_eq!((found.root_service, found.stickiness), (None, None), "{block}");
    }
}

#[test]
fn a_root_service_and_stickiness_are_followed() {
    let block = "{alb: {ingress: web, servicePort: 80, rootService: web-root, \
                 stickinessConfig: {enabled: true, durationSeconds: 3600}}}";
    let found = rollout(BOTH, block);
    assert_eq!(found.root_service.as_deref(), Some("web-root"));
    assert_eq!(found.stickiness, Some(Duration::from_hours(1)));
    let off = "{alb: {ingress: web, servicePort: 80, \
               stickinessConfig: {enabled: false, durationSeconds: 0}}}";
    assert_eq!(rollout(BOTH, off).stickiness, None);
    let smi = rollout(BOTH, "{smi: {rootService: web-root}}");
    assert_eq!(smi.root_service.as_deref(), Some("web-root"));
}

#[test]
fn both_services_are_needed_exactly_where_argo_needs_them() {
    let istio = "virtualService: {name: vsvc}";
    let rule = "destinationRule: {name: rule, canarySubsetName: canary, stableSubsetName: stable, \
                additionalSubsetNames: [other]}";
    for block in [
        format!("{{istio: {{{istio}, {rule}}}}}"),
        "{plugins: {any/thing: {}}}".to_owned(),
        "{plugins: {tidegate/router: {}}}".to_owned(),
        "{}".to_owned(),
    ] {
        rollout("", &block);
    }
    for (block, router) in [
        (format!("{{istio: {{{istio}}}}}"), "istio"),
        ("{nginx: {stableIngress: web}}".to_owned(), "nginx"),
        ("{alb: {ingress: web, servicePort: 80}}".to_owned(), "alb"),
        ("{smi: {}}".to_owned(), "smi"),
        ("{ambassador: {mappings: [a]}}".to_owned(), "ambassador"),
        ("{appMesh: {}}".to_owned(), "appMesh"),
        ("{traefik: {weightedTraefikServiceName: a}}".to_owned(), "traefik"),
        ("{apisix: {route: {name: a}}}".to_owned(), "apisix"),
        (format!("{{istio: {{{istio}, {rule}}}, smi: {{}}}}"), "smi"),
    ] {
        let found = problem("", &block);
        for name in ["stableService", "canaryService"] {
            let expected = format!(
                "\"{name}\" is missing; trafficRouting.{router} needs stableService and canaryService"
            );
            assert!(problem_lines(&with("", &block)).contains(&expected), "{block}: {found}");
        }
    }
}

pub(crate) fn problem_lines(text: &str) -> String {
    read("web.yaml", text).err().map(|problems| problems.to_string()).unwrap_or_default()
}

#[test]
fn what_argo_refuses_is_refused_with_its_place() {
    let at = "trafficRouting.";
    for (block, expected) in [
        (
            "{istio: {}}",
            "istio: none is given; allowed: exactly one of virtualService or virtualServices",
        ),
        (
            "{istio: {virtualService: {name: a}, virtualServices: [{name: b}]}}",
            "istio: found virtualService and virtualServices together; allowed: exactly one of \
             virtualService or virtualServices",
        ),
        ("{istio: {virtualService: {}}}", "istio.virtualService: \"name\" is missing"),
        (
            "{istio: {virtualService: {name: a}, destinationRule: {name: r, stableSubsetName: s}}}",
            "istio.destinationRule: \"canarySubsetName\" is missing",
        ),
        (
            "{nginx: {}}",
            "nginx: none is given; allowed: exactly one of stableIngress or stableIngresses",
        ),
        ("{nginx: {stableIngress: [a]}}", "nginx.stableIngress: found a list; allowed: a text"),
        ("{alb: {ingress: a}}", "alb: \"servicePort\" is missing"),
        (
            "{alb: {ingress: a, servicePort: 80, stickinessConfig: {enabled: true, durationSeconds: 0}}}",
            "alb.stickinessConfig.durationSeconds: found the number 0; allowed: a whole number from 1 to 604800",
        ),
        ("{ambassador: {}}", "ambassador: \"mappings\" is missing"),
        ("{traefik: {}}", "traefik: \"weightedTraefikServiceName\" is missing"),
        ("{apisix: {route: {}}}", "apisix.route: \"name\" is missing"),
        (
            "{appMesh: {virtualNodeGroup: {canaryVirtualNodeRef: {name: a}}}}",
            "appMesh.virtualNodeGroup: \"stableVirtualNodeRef\" is missing",
        ),
        ("{isto: {}}", "isto: unknown field \"isto\""),
        ("{managedRoutes: [{}]}", "managedRoutes[0]: \"name\" is missing"),
    ] {
        let found = problem(BOTH, block);
        assert!(found.starts_with(&format!("{at}{expected}")), "{block}: {found}");
    }
}

/// The steps of a rollout with these managed routes, in flow style.
fn steps(routing: &str, steps: &str) -> Vec<Step> {
    let text = with(BOTH, routing).replace(
        "  strategy:\n    canary:\n",
        &format!("  strategy:\n    canary:\n      steps: {steps}\n"),
    );
    match read("web.yaml", &text).unwrap_or_else(|problems| panic!("{problems}")).remove(0).resource
    {
        Resource::Rollout(rollout) => rollout.spec.canary().steps.clone(),
        other => panic!("{other:#?}"),
    }
}

fn step_problem(routing: &str, step: &str) -> String {
    let text = with(BOTH, routing)
        .replace("    canary:\n", &format!("    canary:\n      steps: [{step}]\n"));
    let problems = problem_lines(&text);
    problems
        .lines()
        .filter_map(|line| Some(line.split_once("steps[0].")?.1.to_owned()))
        .collect::<Vec<_>>()
        .join("\n")
}

const ISTIO: &str = "{istio: {virtualService: {name: v}}, managedRoutes: [{name: a}, {name: b}]}";

fn exact(text: &str) -> TextMatch {
    TextMatch::Exact(text.to_owned())
}

fn header(name: &str, any: Vec<TextMatch>) -> HeaderMatch {
    HeaderMatch { name: name.to_owned(), any }
}

fn of_headers(headers: Vec<HeaderMatch>) -> RequestMatch {
    RequestMatch { headers, ..RequestMatch::default() }
}

fn regex(pattern: &str) -> TextMatch {
    TextMatch::Regex(pattern.to_owned())
}

#[test]
fn header_routes_are_joined_as_their_router_joins_them() {
    let given = "[{setHeaderRoute: {name: a, match: [{headerName: x, headerValue: {exact: one}}, \
                 {headerName: X, headerValue: {exact: two*}}, {headerName: z, headerValue: {exact: '3'}}]}}]";
    let found = |routing: &str| match steps(routing, given).remove(0) {
        Step::SetRoute(route) => {
            assert_eq!((route.name.as_str(), route.kind), ("a", RouteKind::Header));
            route.any
        }
        other => panic!("{other:?}"),
    };
    let or = ["x", "X", "z"].into_iter().zip(["one", "two*", "3"]);
    let or: Vec<_> =
        or.map(|(name, value)| of_headers(vec![header(name, vec![exact(value)])])).collect();
    assert_eq!(found(ISTIO), or);
    assert_eq!(found("{plugins: {any/thing: {}}, managedRoutes: [{name: a}]}"), or);
    let apisix = "{apisix: {route: {name: r}}, managedRoutes: [{name: a}]}";
    let all = or.iter().flat_map(|it| it.headers.clone()).collect();
    assert_eq!(found(apisix), [of_headers(all)]);
    let alb = "{alb: {ingress: i, servicePort: 80}, managedRoutes: [{name: a}]}";
    let wild = [regex("(?is)one"), regex("(?is)two.*")];
    let all = vec![header("x", wild.to_vec()), header("z", vec![regex("(?is)3")])];
    assert_eq!(found(alb), [of_headers(all)]);
}

#[test]
fn mirror_routes_take_writes_only_when_they_are_named() {
    let given = "[{setMirrorRoute: {name: b, percentage: 35, match: [{path: {prefix: /}, headers: {x: {regex: a.*}, z: {}}}, \
                 {method: {exact: POST}}]}}, {setMirrorRoute: {name: b, match: [{}]}}, {setMirrorRoute: {name: b}}]";
    let steps = steps(ISTIO, given);
    let safe = vec![exact("GET"), exact("HEAD"), exact("OPTIONS")];
    let first = RequestMatch {
        method: safe.clone(),
        path: Some(TextMatch::Prefix("/".to_owned())),
        headers: vec![header("x", vec![regex("a.*")]), header("z", vec![TextMatch::Present])],
        ..RequestMatch::default()
    };
    let second = RequestMatch { method: vec![exact("POST")], ..RequestMatch::default() };
    let route = |any, share| {
        let kind = RouteKind::Mirror(Weight::new(share).unwrap());
        Step::SetRoute(Route { name: "b".to_owned(), any, kind })
    };
    let third = RequestMatch { method: safe, ..RequestMatch::default() };
    assert_eq!(
        steps,
        [route(vec![first, second], 35), route(vec![third], 100), route(vec![], 100)]
    );
}

#[test]
fn a_step_without_a_match_removes_its_route() {
    for given in ["{name: a}", "{name: a, match: []}", "{name: a, match: null}"] {
        let steps = steps(ISTIO, &format!("[{{setHeaderRoute: {given}}}]"));
        let removed = Route { name: "a".to_owned(), any: vec![], kind: RouteKind::Header };
        assert_eq!(steps, [Step::SetRoute(removed)], "{given}");
    }
}

#[test]
fn a_route_that_argo_refuses_is_refused() {
    let good = "match: [{headerName: x, headerValue: {exact: y}}]";
    for (routing, step, expected) in [
        (ISTIO, "{setHeaderRoute: {name: c}}".to_owned(), "setHeaderRoute.name: found the text \"c\"; allowed: a name in trafficRouting.managedRoutes"),
        (ISTIO, "{setHeaderRoute: {match: []}}".to_owned(), "setHeaderRoute: \"name\" is missing"),
        ("{istio: {virtualService: {name: v}}}", format!("{{setHeaderRoute: {{name: a, {good}}}}}"), "setHeaderRoute.name: found the text \"a\"; allowed: a name in trafficRouting.managedRoutes; add it there: - name: a"),
        ("{nginx: {stableIngress: i}, managedRoutes: [{name: a}]}", format!("{{setHeaderRoute: {{name: a, {good}}}}}"), "setHeaderRoute: needs trafficRouting.istio, trafficRouting.alb, trafficRouting.apisix or a plugin"),
        ("{alb: {ingress: i, servicePort: 80}, managedRoutes: [{name: a}]}", "{setMirrorRoute: {name: a}}".to_owned(), "setMirrorRoute: needs trafficRouting.istio or a plugin"),
        (ISTIO, "{setHeaderRoute: {name: a, match: [{headerName: x, headerValue: {}}]}}".to_owned(), "setHeaderRoute.match[0].headerValue: none is given; allowed: exactly one of exact, prefix or regex"),
        (ISTIO, "{setHeaderRoute: {name: a, match: [{headerName: x, headerValue: {exact: a, regex: b}}]}}".to_owned(), "setHeaderRoute.match[0].headerValue: found exact and regex together"),
        (ISTIO, "{setHeaderRoute: {name: a, match: [{headerName: x, headerValue: {regex: '('}}]}}".to_owned(), "setHeaderRoute.match[0].headerValue.regex: regex parse error"),
        (ISTIO, "{setHeaderRoute: {name: a, match: [{headerName: 'x y', headerValue: {exact: a}}]}}".to_owned(), "setHeaderRoute.match[0].headerName: found \"x y\""),
        ("{alb: {ingress: i, servicePort: 80}, managedRoutes: [{name: a}]}", "{setHeaderRoute: {name: a, match: [{headerName: x, headerValue: {prefix: a}}]}}".to_owned(), "setHeaderRoute.match[0].headerValue: ALB knows no other match; allowed: exact"),
        (ISTIO, "{setMirrorRoute: {name: a, percentage: 101}}".to_owned(), "setMirrorRoute.percentage: found the number 101"),
        (ISTIO, "{setMirrorRoute: {name: a, match: [{method: {}}]}}".to_owned(), "setMirrorRoute.match[0].method: none is given"),
    ] {
        let found = step_problem(routing, &step);
        assert!(found.starts_with(expected), "{step}\n{found}");
    }
}
