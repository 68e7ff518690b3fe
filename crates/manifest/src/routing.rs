//! `trafficRouting` of a canary: which routers it is written for, and what of it this machine's
//! router follows.

use std::{collections::BTreeSet, time::Duration};

use tidegate_units::Weight;

use crate::{
    fields::routing as tables,
    given::Fields,
    names::SERVICE,
    report::Complaint,
    suggest::nearest,
    walk::{Spot, shortened},
};

/// What `trafficRouting` says.
#[derive(Default)]
pub(crate) struct Routing {
    /// The Service whose traffic is split, when it is named.
    pub(crate) root_service: Option<String>,
    /// The routers of others whose work this machine's router does, as the block names them.
    pub(crate) carried: Vec<String>,
    /// How long a client keeps its revision.
    pub(crate) stickiness: Option<Duration>,
    /// The names of the routes that steps may set, the first counting first.
    pub(crate) managed_routes: Vec<String>,
    /// `maxTrafficWeight`: the weight that is all of the traffic, where it is not 100.
    pub(crate) max_weight: Option<u32>,
    /// The first router that needs both Services of a canary.
    needs_services: Option<&'static str>,
    /// Whether a plugin is named.
    pub(crate) has_plugin: bool,
    /// Whether `istio` names a `DestinationRule`.
    by_subset: bool,
}

/// The plugin that stands for this machine's router.
const ROUTER: &str = "tidegate/router";

/// AWS keeps a client with its target group for 7 days at most.
const LONGEST_STICKINESS: i64 = 604_800;

type Reader = fn(&Spot<'_>, &mut Routing);

/// Every router with a block of its own, and what reads the block.
const ROUTERS: [(&str, Reader); 8] = [
    ("istio", istio),
    ("nginx", nginx),
    ("alb", alb),
    ("smi", smi),
    ("ambassador", ambassador),
    ("appMesh", app_mesh),
    ("traefik", traefik),
    ("apisix", apisix),
];

/// Complains of a step of ours where no router could take it.
pub(crate) fn needed_for(what: &str, step: &Spot<'_>, routing: Option<&Routing>) {
    if routing.is_none() {
        let complaint = Complaint::new(format!("needs trafficRouting, for {what}"));
        step.complain(complaint.hint("write trafficRouting: {plugins: {tidegate/router: {}}}"));
    }
}

/// Reads `trafficRouting`.
pub(crate) fn read(spot: &Spot<'_>) -> Routing {
    let mut routing = Routing::default();
    let Some(fields) = spot.fields(&tables::TRAFFIC_ROUTING) else {
        return routing;
    };
    for (name, reader) in ROUTERS {
        if let Some(block) = fields.get(name) {
            routing.carried.push(name.to_owned());
            reader(block, &mut routing);
            // Argo's rule: a DestinationRule splits one Service by labels.
            if (name, routing.by_subset) != ("istio", true) {
                routing.needs_services.get_or_insert(name);
            }
        }
    }
    if let Some(plugins) = fields.get("plugins") {
        read_plugins(plugins, &mut routing);
    }
    routing.managed_routes = fields.or("managedRoutes", Vec::new(), managed_routes);
    let most = i64::from(i32::MAX);
    routing.max_weight = fields.get("maxTrafficWeight").and_then(|spot| spot.number(1, most));
    routing
}

/// The weight that is all of the traffic: 100, or as much as `maxTrafficWeight` says.
pub(crate) fn whole(routing: Option<&Routing>) -> u32 {
    routing.and_then(|it| it.max_weight).unwrap_or(100)
}

/// A share of the traffic, out of the weight that is all of it.
pub(crate) fn weight(spot: &Spot<'_>, routing: Option<&Routing>) -> Option<Weight> {
    let whole = whole(routing);
    let part = spot.number(0, i64::from(whole))?;
    let weight = Weight::of(part, whole);
    if weight.is_none() {
        let complaint = Complaint::new(format!("{part} of {whole} cannot be kept exactly"));
        spot.complain(complaint.hint("write it out of 1000, 10000 or another power of ten"));
    }
    weight
}

impl Routing {
    /// Reports the Services of a canary that are missing where a router needs both, as Argo
    /// Rollouts does it.
    pub(crate) fn check_services(&self, canary: &Fields<'_>) {
        if let Some(ping_pong) = canary.get("pingPong") {
            self.check_ping_pong(ping_pong);
        }
        let Some(router) = self.needs_services else { return };
        let in_place = matches!(router, "alb" | "istio") && canary.get("pingPong").is_some();
        if in_place {
            return;
        }
        for name in ["stableService", "canaryService"] {
            if canary.get(name).is_none() {
                let complaint = Complaint::new(format!("\"{name}\" is missing"))
                    .hint(format!("trafficRouting.{router} needs stableService and canaryService"));
                canary.of.complain(complaint);
            }
        }
    }

    /// Whether it is written for this router.
    pub(crate) fn carries(&self, router: &str) -> bool {
        self.carried.iter().any(|name| name == router)
    }
}

impl Routing {
    /// Reports `pingPong` where Argo Rollouts refuses it.
    fn check_ping_pong(&self, spot: &Spot<'_>) {
        let carries = |name: &str| self.carried.iter().any(|known| known == name);
        let others = ["nginx", "smi", "ambassador", "appMesh", "traefik", "apisix"];
        let unable = |name: &String| others.contains(&name.as_str());
        if !self.carried.is_empty() && self.carried.iter().all(unable) {
            let complaint = Complaint::new("pingPong with a router that has none")
                .allow("pingPong with trafficRouting.alb, .istio or .plugins");
            spot.complain(complaint);
        }
        if carries("alb") && self.root_service.is_none() {
            let complaint = Complaint::new("trafficRouting.alb.rootService is missing")
                .hint("with pingPong, users come in at the root Service");
            spot.complain(complaint);
        }
    }
}

fn read_plugins(plugins: &Spot<'_>, routing: &mut Routing) {
    for (name, plugin) in plugins.entries().unwrap_or_default() {
        routing.has_plugin = true;
        if name == ROUTER {
            if !plugin.is_null()
                && let Some(config) = plugin.fields(&tables::ROUTER_PLUGIN)
            {
                routing.root_service = config.get("service").and_then(|spot| SERVICE.read(spot));
            }
        } else if name.starts_with("tidegate/") {
            let complaint = Complaint::new(format!("unknown plugin {:?}", shortened(name)));
            plugin.complain_of_key(complaint.allow(ROUTER).suggest(nearest(name, [ROUTER])));
        } else {
            routing.carried.push(name.to_owned());
        }
    }
}

fn managed_routes(spot: &Spot<'_>) -> Option<Vec<String>> {
    let mut seen = BTreeSet::new();
    let mut names = Vec::new();
    for item in spot.items()? {
        let Some(fields) = item.fields(&tables::MANAGED_ROUTE) else { continue };
        let Some(place) = fields.need("name") else { continue };
        let Some(name) = place.filled_text() else { continue };
        // One that is named twice counts where it is named first.
        if seen.insert(name) {
            names.push(name.to_owned());
        }
    }
    Some(names)
}

fn istio(spot: &Spot<'_>, routing: &mut Routing) {
    let Some(fields) = spot.fields(&tables::ISTIO) else { return };
    match either(&fields, "virtualService", "virtualServices") {
        Some(("virtualService", spot)) => virtual_service(spot),
        Some((_, spot)) => spot.items().unwrap_or_default().iter().for_each(virtual_service),
        None => {}
    }
    if let Some(rule) = fields.get("destinationRule") {
        routing.by_subset = true;
        if let Some(rule) = rule.fields(&tables::DESTINATION_RULE) {
            needs(&rule, &["name", "canarySubsetName", "stableSubsetName"]);
            texts(&rule, "additionalSubsetNames");
        }
    }
}

fn virtual_service(spot: &Spot<'_>) {
    let Some(fields) = spot.fields(&tables::VIRTUAL_SERVICE) else { return };
    needs(&fields, &["name"]);
    texts(&fields, "routes");
    for (name, table) in [("tlsRoutes", &tables::TLS_ROUTE), ("tcpRoutes", &tables::TCP_ROUTE)] {
        for route in fields.get(name).and_then(Spot::items).unwrap_or_default() {
            let Some(route) = route.fields(table) else { continue };
            route.get("port").map(|port| port.whole(0, 65_535));
            if name == "tlsRoutes" {
                texts(&route, "sniHosts");
            }
        }
    }
}

fn nginx(spot: &Spot<'_>, _: &mut Routing) {
    let Some(fields) = spot.fields(&tables::NGINX) else { return };
    ingress(&fields, "stableIngress", "stableIngresses");
    text(&fields, "annotationPrefix");
    for name in ["additionalIngressAnnotations", "canaryIngressAnnotations"] {
        fields.get(name).map(Spot::text_map);
    }
}

fn alb(spot: &Spot<'_>, routing: &mut Routing) {
    let Some(fields) = spot.fields(&tables::ALB) else { return };
    ingress(&fields, "ingress", "ingresses");
    fields.need("servicePort").map(|port| port.whole(1, 65_535));
    text(&fields, "annotationPrefix");
    routing.root_service = fields.get("rootService").and_then(|spot| SERVICE.read(spot));
    routing.stickiness = fields.get("stickinessConfig").and_then(stickiness);
}

fn stickiness(spot: &Spot<'_>) -> Option<Duration> {
    let fields = spot.fields(&tables::STICKINESS)?;
    let enabled = fields.need("enabled").and_then(Spot::boolean);
    let least = i64::from(enabled == Some(true));
    let seconds = fields.need("durationSeconds")?.number(least, LONGEST_STICKINESS)?;
    (enabled == Some(true)).then(|| Duration::from_secs(seconds))
}

fn smi(spot: &Spot<'_>, routing: &mut Routing) {
    let Some(fields) = spot.fields(&tables::SMI) else { return };
    routing.root_service = fields.get("rootService").and_then(|spot| SERVICE.read(spot));
    text(&fields, "trafficSplitName");
}

fn ambassador(spot: &Spot<'_>, _: &mut Routing) {
    let Some(fields) = spot.fields(&tables::AMBASSADOR) else { return };
    fields.need("mappings").map(Spot::texts);
}

fn app_mesh(spot: &Spot<'_>, _: &mut Routing) {
    let Some(fields) = spot.fields(&tables::APP_MESH) else { return };
    let service = fields.get("virtualService");
    if let Some(service) = service.and_then(|spot| spot.fields(&tables::APP_MESH_SERVICE)) {
        needs(&service, &["name"]);
        texts(&service, "routes");
    }
    let group = fields.get("virtualNodeGroup");
    if let Some(group) = group.and_then(|spot| spot.fields(&tables::NODE_GROUP)) {
        for name in ["canaryVirtualNodeRef", "stableVirtualNodeRef"] {
            if let Some(node) = group.need(name).and_then(|spot| spot.fields(&tables::NODE_REF)) {
                needs(&node, &["name"]);
            }
        }
    }
}

fn traefik(spot: &Spot<'_>, _: &mut Routing) {
    if let Some(fields) = spot.fields(&tables::TRAEFIK) {
        needs(&fields, &["weightedTraefikServiceName"]);
    }
}

fn apisix(spot: &Spot<'_>, _: &mut Routing) {
    let Some(fields) = spot.fields(&tables::APISIX) else { return };
    let Some(route) = fields.get("route") else { return };
    if let Some(route) = route.fields(&tables::APISIX_ROUTE) {
        needs(&route, &["name"]);
        texts(&route, "rules");
    }
}

/// One Ingress or a list of them.
fn ingress(fields: &Fields<'_>, one: &'static str, several: &'static str) {
    match either(fields, one, several) {
        Some((name, spot)) if name == one => drop(spot.text()),
        Some((_, spot)) => drop(spot.texts()),
        None => {}
    }
}

/// The one that is given of a field and its plural; an empty text or list is as good as none, as
/// it is in Argo Rollouts.
fn either<'f, 'a>(
    fields: &'f Fields<'a>,
    one: &'static str,
    several: &'static str,
) -> Option<(&'static str, &'f Spot<'a>)> {
    let given = |name| fields.get(name).filter(|spot| !spot.says_nothing());
    match (given(one), given(several)) {
        (Some(spot), None) => Some((one, spot)),
        (None, Some(spot)) => Some((several, spot)),
        _ => fields.exactly_one(&[one, several]),
    }
}

fn needs(fields: &Fields<'_>, names: &[&str]) {
    for name in names {
        fields.need(name).map(Spot::text);
    }
}

fn text(fields: &Fields<'_>, name: &str) {
    fields.get(name).map(Spot::text);
}

fn texts(fields: &Fields<'_>, name: &str) {
    fields.get(name).map(Spot::texts);
}
