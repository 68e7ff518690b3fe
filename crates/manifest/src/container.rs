//! A container of a pod template.

use tidegate_workload::{
    Container, ContainerPort, InitContainer, InitKind, Lifecycle, ProbeAction, PullPolicy,
    ResourceAmounts, Resources, Security,
};

use crate::{
    env,
    fields::pod::{AMOUNTS, CONTAINER, LIFECYCLE, PORT, POST_START, PRE_STOP, RESOURCES},
    given::Fields,
    names::{self, LABEL},
    probe::{self, Use},
    quantity::{cpu_millis, memory_bytes},
    report::Complaint,
    security, volume,
    walk::Spot,
};

/// What a pod says of all its containers.
#[derive(Clone, Copy)]
pub(crate) struct Around<'a> {
    pub(crate) security: &'a Security,
    /// The name of its service account.
    pub(crate) account: &'a str,
}

/// Reads one of `containers`.
pub(crate) fn read(spot: &Spot<'_>, around: &Around<'_>) -> Option<Container> {
    let fields = spot.fields(&CONTAINER)?;
    if let Some(spot) = fields.get("restartPolicy") {
        let complaint = Complaint::new("only an init container has one of its own");
        spot.complain(complaint.hint("leave it out: that of the template holds"));
    }
    Some(all_of(&fields, around))
}

/// Reads one of `initContainers`.
pub(crate) fn read_init(spot: &Spot<'_>, around: &Around<'_>) -> Option<InitContainer> {
    const OF_SIDECARS: [&str; 4] = ["startupProbe", "readinessProbe", "livenessProbe", "lifecycle"];
    let fields = spot.fields(&CONTAINER)?;
    let kinds = [("Always", InitKind::Sidecar)];
    let kind = fields.or("restartPolicy", InitKind::Task, |spot| spot.word(&kinds));
    let is_task = fields.get("restartPolicy").is_none();
    for spot in OF_SIDECARS.iter().filter_map(|name| fields.get(name)).filter(|_| is_task) {
        let complaint = Complaint::new("an init container has none, as in Kubernetes");
        let hint = "leave it out: its exit code decides; or write restartPolicy: Always, for one \
                    that stays";
        spot.complain(complaint.hint(hint));
    }
    Some(InitContainer { container: all_of(&fields, around), kind })
}

fn all_of(fields: &Fields<'_>, pod: &Around<'_>) -> Container {
    let spot = &fields.of;
    let before = spot.reports.len();
    let ports = fields.or("ports", Vec::new(), ports);
    // A port that was reported may be the one that a probe means.
    let known = (spot.reports.len() == before).then_some(ports.as_slice());
    let probe = |name, used| fields.get(name).and_then(|spot| probe::read(spot, used, known));
    let image = fields.need("image").and_then(image).unwrap_or_default();
    let name = fields.need("name").and_then(|spot| LABEL.read(spot)).unwrap_or_default();
    let resources = fields.or("resources", Resources::default(), resources);
    let around = env::Around { container: &name, resources: &resources, account: pod.account };
    Container {
        pull_policy: fields.get("imagePullPolicy").and_then(|spot| pull_policy(spot, &image)),
        image,
        command: fields.or("command", Vec::new(), Spot::texts),
        args: fields.or("args", Vec::new(), Spot::texts),
        env: fields.or("env", Vec::new(), |spot| env::vars(spot, &around)),
        env_from: fields.or("envFrom", Vec::new(), env::from),
        working_dir: fields.get("workingDir").and_then(Spot::filled_text).map(str::to_owned),
        startup: probe("startupProbe", Use::Startup),
        readiness: probe("readinessProbe", Use::Readiness),
        liveness: probe("livenessProbe", Use::Liveness),
        resources: resources.clone(),
        lifecycle: fields.or("lifecycle", Lifecycle::default(), |spot| lifecycle(spot, known)),
        security: security::of_container(fields.get("securityContext"), pod.security),
        mounts: fields.or("volumeMounts", Vec::new(), volume::mounts),
        ports,
        name,
    }
}

const PULL_POLICIES: &[(&str, PullPolicy)] = &[
    ("Always", PullPolicy::Always),
    ("IfNotPresent", PullPolicy::IfNotPresent),
    ("Never", PullPolicy::Never),
];

/// What is the default is no other revision when it is written out, as a cluster does.
fn pull_policy(spot: &Spot<'_>, image: &str) -> Option<PullPolicy> {
    spot.word(PULL_POLICIES).filter(|policy| *policy != PullPolicy::default_for(image))
}

fn image(spot: &Spot<'_>) -> Option<String> {
    let text = spot.filled_text()?;
    if text.trim() != text || text == "file:" {
        spot.refuse("file: and a path, or the name of an image");
        return None;
    }
    Some(text.to_owned())
}

fn ports(spot: &Spot<'_>) -> Option<Vec<ContainerPort>> {
    let mut ports: Vec<ContainerPort> = Vec::new();
    for item in spot.items()? {
        let Some(port) = port(&item) else {
            continue;
        };
        for other in &ports {
            if (other.number, other.udp) == (port.number, port.udp) {
                let message = format!("the port {} is given twice", port.number);
                item.complain(Complaint::new(message).hint("keep one of the two"));
            }
            if port.name.is_some() && other.name == port.name {
                let name = port.name.as_deref().unwrap_or_default();
                let message = format!("another port is called {name:?}");
                item.complain(Complaint::new(message).allow("a name of its own"));
            }
        }
        ports.push(port);
    }
    Some(ports)
}

fn port(spot: &Spot<'_>) -> Option<ContainerPort> {
    let fields = spot.fields(&PORT)?;
    let udp = fields.or("protocol", false, |spot| spot.word(&[("TCP", false), ("UDP", true)]));
    let name = fields.get("name").and_then(|spot| names::PORT.read(spot));
    let number = fields.need("containerPort")?.number(1, 65_535)?;
    Some(ContainerPort { number, name, udp })
}

fn resources(spot: &Spot<'_>) -> Option<Resources> {
    let fields = spot.fields(&RESOURCES)?;
    let part = |name| fields.get(name).and_then(amounts).unwrap_or_default();
    let (mut requests, limits): (ResourceAmounts, ResourceAmounts) =
        (part("requests"), part("limits"));
    let pairs = [
        ("cpu", requests.cpu_millis, limits.cpu_millis),
        ("memory", requests.memory_bytes, limits.memory_bytes),
    ];
    for (name, request, limit) in pairs {
        if let (Some(request), Some(limit)) = (request, limit)
            && request > limit
        {
            let complaint = Complaint::new(format!("the request of {name} is above its limit"))
                .allow("at most the limit");
            fields.get("requests").unwrap_or(spot).complain(complaint);
        }
    }
    requests.cpu_millis = requests.cpu_millis.or(limits.cpu_millis);
    requests.memory_bytes = requests.memory_bytes.or(limits.memory_bytes);
    Some(Resources { requests, limits })
}

fn amounts(spot: &Spot<'_>) -> Option<ResourceAmounts> {
    let fields = spot.fields(&AMOUNTS)?;
    Some(ResourceAmounts {
        cpu_millis: fields.get("cpu").and_then(cpu_millis),
        memory_bytes: fields.get("memory").and_then(memory_bytes),
    })
}

fn lifecycle(spot: &Spot<'_>, ports: Option<&[ContainerPort]>) -> Option<Lifecycle> {
    let fields = spot.fields(&LIFECYCLE)?;
    let hook = |name, table, actions: &[&'static str]| -> Option<ProbeAction> {
        let hook = fields.get(name)?.fields(table)?;
        probe::action(&hook, actions, ports)
    };
    Some(Lifecycle {
        post_start: hook("postStart", &POST_START, &["exec", "httpGet"]),
        pre_stop: hook("preStop", &PRE_STOP, &["exec", "httpGet", "sleep"]),
    })
}
