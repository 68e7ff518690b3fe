//! A pod template.

use std::{collections::BTreeMap, time::Duration};

use tidegate_workload::{
    Container, HostAlias, ImageRule, InitContainer, PodTemplate, Security, WorkloadMeta,
};

use crate::{
    change::{self, CHANGE},
    container::{self, Around},
    duration::seconds,
    edit::IMAGE_MAP,
    fields::pod::{DNS, HOST_ALIAS, OS, POD, PULL_SECRET, TEMPLATE, TEMPLATE_META},
    given::Fields,
    images,
    meta::notes_of,
    names::{self, SUBDOMAIN},
    node::Node,
    report::Complaint,
    security, volume,
    walk::Spot,
};

/// Reads a pod template. `images` is the image map of the Rollout; one of the template's own takes
/// its place.
pub(crate) fn read(spot: &Spot<'_>, images: Option<Vec<ImageRule>>) -> Option<PodTemplate> {
    read_for(spot, images, |pod| {
        if let Some(spot) = pod.get("restartPolicy") {
            spot.word(&[("Always", ())]);
        }
    })
}

/// The same for something that reads `restartPolicy`, and whatever else is its own, by itself.
pub(crate) fn read_for(
    spot: &Spot<'_>,
    images: Option<Vec<ImageRule>>,
    own_words: impl FnOnce(&Fields<'_>),
) -> Option<PodTemplate> {
    let fields = spot.fields(&TEMPLATE)?;
    let (meta, own) = fields.get("metadata").and_then(meta).unwrap_or_default();
    let pod = fields.need("spec")?.fields(&POD)?;
    own_words(&pod);
    check_words(&pod);
    let security = pod.or("securityContext", Security::default(), security::of_pod);
    let before = spot.reports.len();
    let volumes = pod.or("volumes", Vec::new(), volume::all);
    // A volume that was reported may be the one that a mount means.
    let lists = ["containers", "initContainers"].map(|name| pod.get(name));
    if spot.reports.len() == before {
        lists.into_iter().flatten().for_each(|list| volume::check(list, &volumes));
    }
    let around = Around { security: &security, account: account(&pod) };
    let containers = containers(&pod, &around);
    Some(PodTemplate {
        meta,
        init: pod.or("initContainers", Vec::new(), |spot| init(spot, &containers, &around)),
        containers,
        termination_grace: pod.or(
            "terminationGracePeriodSeconds",
            Duration::from_secs(30),
            |spot| seconds(spot, 0),
        ),
        images: own.or(images).unwrap_or_default(),
        volumes,
        host_aliases: pod.or("hostAliases", Vec::new(), host_aliases),
        pull_secrets: pod.or("imagePullSecrets", Vec::new(), pull_secrets),
    })
}

fn host_aliases(spot: &Spot<'_>) -> Option<Vec<HostAlias>> {
    let alias = |item: &Spot<'_>| {
        let fields = item.fields(&HOST_ALIAS)?;
        let names = fields.or("hostnames", Vec::new(), |spot| {
            Some(spot.items()?.iter().filter_map(|name| SUBDOMAIN.read(name)).collect())
        });
        let spot = fields.need("ip")?;
        let address = spot.text()?.parse();
        if address.is_err() {
            spot.refuse("an address, such as 10.0.0.7");
        }
        Some(HostAlias { address: address.ok()?, names }).filter(|alias| !alias.names.is_empty())
    };
    Some(spot.items()?.iter().filter_map(alias).collect())
}

fn pull_secrets(spot: &Spot<'_>) -> Option<Vec<String>> {
    let name = |item: &Spot<'_>| SUBDOMAIN.read(item.fields(&PULL_SECRET)?.need("name")?);
    Some(spot.items()?.iter().filter_map(name).collect())
}

/// Labels and annotations. The image map is taken out: it counts by what it means, not by how it
/// is written.
fn meta(spot: &Spot<'_>) -> Option<(WorkloadMeta, Option<Vec<ImageRule>>)> {
    let fields = spot.fields(&TEMPLATE_META)?;
    let known = [&[IMAGE_MAP], &CHANGE[..]].concat();
    let notes = fields.get("annotations").map_or_else(BTreeMap::new, |spot| notes_of(spot, &known));
    change::check(&notes);
    let mut annotations = fields.or("annotations", BTreeMap::new(), names::annotations);
    annotations.remove(IMAGE_MAP);
    let meta =
        WorkloadMeta { labels: fields.or("labels", BTreeMap::new(), names::labels), annotations };
    Some((meta, notes.get(IMAGE_MAP).and_then(images::read)))
}

/// Fields that have one meaning here, which may be written out.
fn check_words(pod: &Fields<'_>) {
    if let Some(spot) = pod.get("dnsPolicy") {
        spot.word(&[("ClusterFirst", ()), ("ClusterFirstWithHostNet", ()), ("Default", ())]);
    }
    pod.get("dnsConfig").map(|spot| spot.fields(&DNS));
    let os = pod.get("os").and_then(|spot| spot.fields(&OS));
    if let Some(name) = os.as_ref().and_then(|os| os.need("name")) {
        name.word(&[("linux", ())]);
    }
}

fn account<'a>(pod: &Fields<'a>) -> &'a str {
    let named = |name| pod.of.node.get(name).and_then(Node::as_text).filter(|it| !it.is_empty());
    named("serviceAccountName").or_else(|| named("serviceAccount")).unwrap_or("default")
}

fn containers(pod: &Fields<'_>, around: &Around<'_>) -> Vec<Container> {
    let Some(spot) = pod.need("containers") else {
        return Vec::new();
    };
    let Some(items) = spot.items() else {
        return Vec::new();
    };
    if items.is_empty() {
        spot.complain(Complaint::new("found no container").allow("at least one container"));
    }
    let mut containers: Vec<Container> = Vec::with_capacity(items.len());
    for item in items {
        let Some(container) = container::read(&item, around) else {
            continue;
        };
        own_name(&item, &container, containers.iter());
        containers.push(container);
    }
    containers
}

/// Reads `initContainers`, beside these others.
fn init(spot: &Spot<'_>, others: &[Container], around: &Around<'_>) -> Option<Vec<InitContainer>> {
    let mut init: Vec<InitContainer> = Vec::new();
    for item in spot.items()? {
        let Some(one) = container::read_init(&item, around) else {
            continue;
        };
        own_name(&item, &one.container, others.iter().chain(init.iter().map(|it| &it.container)));
        init.push(one);
    }
    Some(init)
}

fn own_name<'a>(
    spot: &Spot<'_>,
    container: &Container,
    mut others: impl Iterator<Item = &'a Container>,
) {
    let name = &container.name;
    if !name.is_empty() && others.any(|other| other.name == *name) {
        let message = format!("another container is called {name:?}");
        spot.complain(Complaint::new(message).allow("a name of its own"));
    }
}
