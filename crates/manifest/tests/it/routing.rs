//! `trafficRouting` blocks of other routers, as people write them.

use std::time::Duration;

use tidegate_manifest::{Resource, read};
use tidegate_rollout::RolloutResource;

/// A rollout with both Services of a canary and this block, in flow style.
fn with(services: &str, routing: &str) -> String {
    format!(
        "apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {{name: web}}
spec:
  selector: {{matchLabels: {{app: web}}}}
  strategy:
    canary:
      trafficRouting: {routing}
{services}  template:
    metadata: {{labels: {{app: web}}}}
    spec: {{containers: [{{name: web, image: 'web:1'}}]}}
"
    )
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

fn problem_lines(text: &str) -> String {
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
