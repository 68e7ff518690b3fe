//! The fields of `trafficRouting`, and of the steps that set routes.
//!
//! What a block names (an Ingress, a `VirtualService`) belongs to the router that the block is
//! written for. On one machine this machine's router does its work; the names are checked and shown.

use super::{Field, Table, read};

/// What becomes of the name of an object of another router.
const ELSEWHERE: &str = "a text; not looked up here: this machine's router does its work";
const REQUIRED: &str = "a text; not looked up here: this machine's router does its work; required";
const TEXTS: &str = "a list of texts; not looked up here: this machine's router does its work";

pub(crate) static TRAFFIC_ROUTING: Table = Table {
    place: "spec.strategy.canary.trafficRouting",
    fields: &[
        read(
            "plugins",
            "a mapping by plugin: tidegate/router is this machine's router; it carries every other, whatever \
             its settings, too",
        ),
        read("istio", "carried by this machine's router"),
        read("nginx", "carried by this machine's router"),
        read("alb", "carried by this machine's router"),
        read("smi", "carried by this machine's router"),
        read("ambassador", "carried by this machine's router"),
        read("appMesh", "carried by this machine's router"),
        read("traefik", "carried by this machine's router"),
        read("apisix", "carried by this machine's router"),
        read(
            "managedRoutes",
            "a list of routes that steps set: where several are met, the first in this list counts",
        ),
        read(
            "maxTrafficWeight",
            "the weight that is all of the traffic, of setWeight, of setCanaryScale.weight and of an \
             experiment's templates; with 1000, setWeight: 1 is 0.1 %",
        )
        .default("100"),
    ],
};

pub(crate) static ROUTER_PLUGIN: Table = Table {
    place: "spec.strategy.canary.trafficRouting.plugins[\"tidegate/router\"]",
    fields: &[read("service", "the Service whose traffic is split")
        .or_empty()
        .by_default("each that selects the template's labels, but for canaryService")],
};

pub(crate) static MANAGED_ROUTE: Table = Table {
    place: "trafficRouting.managedRoutes[]",
    fields: &[read("name", "a text, unique; required")],
};

pub(crate) static ISTIO: Table = Table {
    place: "trafficRouting.istio",
    fields: &[
        read("virtualService", "this or virtualServices is required"),
        read("virtualServices", "a list of VirtualServices"),
        read(
            "destinationRule",
            "one Service for both revisions: stableService and canaryService may be left out",
        ),
    ],
};

pub(crate) static VIRTUAL_SERVICE: Table = Table {
    place: "trafficRouting.istio.virtualService, virtualServices[]",
    fields: &[
        read("name", REQUIRED),
        read("routes", TEXTS),
        read("tlsRoutes", "a list; not looked up here: this machine's router takes HTTP alone"),
        read("tcpRoutes", "a list; not looked up here: this machine's router takes HTTP alone"),
    ],
};

pub(crate) static TLS_ROUTE: Table = Table {
    place: "trafficRouting.istio.virtualService.tlsRoutes[]",
    fields: &[ROUTE_PORT, read("sniHosts", TEXTS)],
};

pub(crate) static TCP_ROUTE: Table =
    Table { place: "trafficRouting.istio.virtualService.tcpRoutes[]", fields: &[ROUTE_PORT] };

const ROUTE_PORT: Field =
    read("port", "a port; not looked up here: Services say which ports there are");

pub(crate) static DESTINATION_RULE: Table = Table {
    place: "trafficRouting.istio.destinationRule",
    fields: &[
        read("name", REQUIRED),
        read("canarySubsetName", REQUIRED),
        read("stableSubsetName", REQUIRED),
        read("additionalSubsetNames", TEXTS),
    ],
};

pub(crate) static NGINX: Table = Table {
    place: "trafficRouting.nginx",
    fields: &[
        read("stableIngress", ELSEWHERE),
        read("stableIngresses", "a list of texts, in place of stableIngress; not looked up here"),
        read("annotationPrefix", ELSEWHERE),
        read("additionalIngressAnnotations", "a mapping of texts; there is no canary Ingress here"),
        read("canaryIngressAnnotations", "a mapping of texts; there is no canary Ingress here"),
    ],
};

pub(crate) static ALB: Table = Table {
    place: "trafficRouting.alb",
    fields: &[
        read("ingress", ELSEWHERE),
        read("ingresses", "a list of texts, in place of ingress; not looked up here"),
        read("servicePort", "a port; Services say which ports there are; required"),
        read("rootService", "the Service whose traffic is split")
            .or_empty()
            .by_default("stableService"),
        read("annotationPrefix", ELSEWHERE),
        read("stickinessConfig", "whether a client keeps its revision, by a cookie"),
    ],
};

pub(crate) static STICKINESS: Table = Table {
    place: "trafficRouting.alb.stickinessConfig",
    fields: &[
        read("enabled", "true or false; required"),
        read("durationSeconds", "how long a client keeps it, 1 to 604800 (7 days); required"),
    ],
};

pub(crate) static SMI: Table = Table {
    place: "trafficRouting.smi",
    fields: &[
        read("rootService", "the Service whose traffic is split")
            .or_empty()
            .by_default("stableService"),
        read("trafficSplitName", ELSEWHERE),
    ],
};

pub(crate) static AMBASSADOR: Table = Table {
    place: "trafficRouting.ambassador",
    fields: &[read(
        "mappings",
        "a list of texts; not looked up here: this machine's router does its work; required",
    )],
};

pub(crate) static APP_MESH: Table = Table {
    place: "trafficRouting.appMesh",
    fields: &[
        read("virtualService", "a name and routes; not looked up here"),
        read("virtualNodeGroup", "two names; not looked up here"),
    ],
};

pub(crate) static APP_MESH_SERVICE: Table = Table {
    place: "trafficRouting.appMesh.virtualService",
    fields: &[read("name", REQUIRED), read("routes", TEXTS)],
};

pub(crate) static NODE_GROUP: Table = Table {
    place: "trafficRouting.appMesh.virtualNodeGroup",
    fields: &[
        read("canaryVirtualNodeRef", "a name; not looked up here; required"),
        read("stableVirtualNodeRef", "a name; not looked up here; required"),
    ],
};

pub(crate) static NODE_REF: Table = Table {
    place: "trafficRouting.appMesh.virtualNodeGroup.canaryVirtualNodeRef, stableVirtualNodeRef",
    fields: &[read("name", REQUIRED)],
};

pub(crate) static TRAEFIK: Table = Table {
    place: "trafficRouting.traefik",
    fields: &[read("weightedTraefikServiceName", REQUIRED)],
};

pub(crate) static APISIX: Table =
    Table { place: "trafficRouting.apisix", fields: &[read("route", "a name and rules")] };

pub(crate) static APISIX_ROUTE: Table = Table {
    place: "trafficRouting.apisix.route",
    fields: &[read("name", REQUIRED), read("rules", TEXTS)],
};

pub(crate) static HEADER_ROUTE: Table = Table {
    place: "steps[].setHeaderRoute",
    fields: &[
        read("name", "one of managedRoutes; required"),
        read(
            "match",
            "a list of headers, any of which is enough (all of them with apisix and, of different \
             names, with alb); []: the route is removed",
        )
        .default("[]"),
    ],
};

pub(crate) static HEADER_MATCH: Table = Table {
    place: "steps[].setHeaderRoute.match[]",
    fields: &[
        read("headerName", "in whatever case; required"),
        read("headerValue", "exact, prefix or regex; with alb exact, and * and ? in it; required"),
    ],
};

pub(crate) static MIRROR_ROUTE: Table = Table {
    place: "steps[].setMirrorRoute",
    fields: &[
        read("name", "one of managedRoutes; required"),
        read("match", "a list, any of which is enough; []: the route is removed").default("[]"),
        read("percentage", "of how many requests that match copies are made, 0 to 100")
            .default("100"),
    ],
};

pub(crate) static REQUEST_MATCH: Table = Table {
    place: "steps[].setMirrorRoute.match[]",
    fields: &[
        read("method", "exact, prefix or regex").by_default("GET, HEAD and OPTIONS"),
        read("path", "exact, prefix or regex; exact and regex without the query"),
        read("headers", "a mapping of names to exact, prefix, regex or {}: that it is there"),
    ],
};

pub(crate) static TEXT_MATCH: Table = Table {
    place: "headerValue, method, path, headers.*",
    fields: &[
        read("exact", "the whole text; this, prefix or regex").or_empty(),
        read("prefix", "how the text begins").or_empty(),
        read("regex", "an expression that matches the whole text, in time linear in its length")
            .or_empty(),
    ],
};
