use std::collections::{BTreeMap, btree_map::Entry};

use serde_json::Value;
use tidegate_resource::{Kind, Resource};
use tidegate_units::ObjectKey;

use crate::{
    LeftAlone, Problem, Problems, analysis, analysis_run, config, deployment, elsewhere,
    emit::to_yaml,
    experiment,
    fields::object::LIST,
    generate,
    load::load,
    node::{Content, Node, Place},
    report::{Complaint, Reports},
    rollout, service,
    suggest::nearest,
    unrendered,
    walk::{Spot, shortened},
    workload_ref::Workloads,
};

/// One resource of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// What it means.
    pub resource: Resource,
    /// What the user wrote, with aliases and merge keys filled in.
    pub manifest: Value,
    /// The line on which it begins, from 1.
    pub line: u32,
}

/// What a file holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reading {
    /// The resources, in the order of the file.
    pub documents: Vec<Document>,
    /// The objects that are left alone, in the order of the file.
    pub left: Vec<LeftAlone>,
    /// What is read in another sense than the file may mean, in the order of the file.
    pub notes: Vec<Problem>,
}

/// Reads the text of a file: YAML with any number of documents, or JSON. `file_name` is for the
/// problems only. A file of nothing but comments has no documents, and no problems.
pub fn read_file(file_name: &str, text: &str) -> Result<Reading, Problems> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let reports = Reports::new(file_name, text);
    let mut found = Found::default();
    let roots = load(&reports, text);
    let workloads = Workloads::of(&roots);
    for root in &roots {
        object(&Spot::root(&reports, root), &workloads, &mut found);
    }
    check_twice(&reports, &found.documents);
    if reports.len() > 0
        && let Some((place, what)) = unrendered::find(&reports, text)
    {
        let template = Reports::new(file_name, text);
        template.add_at(place, "", unrendered::complaint(&what));
        return Err(template.into_problems().unwrap_or_default());
    }
    let notes = reports.notes.take();
    match reports.into_problems() {
        None => {
            let documents = found.documents.into_iter().map(|(document, _)| document).collect();
            Ok(Reading { documents, left: found.left, notes })
        }
        Some(problems) => Err(problems),
    }
}

/// Reads the resources of a text of which nothing may be left alone.
pub fn read(file_name: &str, text: &str) -> Result<Vec<Document>, Problems> {
    let reading = read_file(file_name, text)?;
    if reading.left.is_empty() {
        return Ok(reading.documents);
    }
    let problems = reading.left.into_iter().map(|left| Problem::of_left(&left)).collect();
    Err(Problems { problems, omitted: 0 })
}

/// Reads one manifest that is at hand as a value, such as one out of the store or after an edit.
/// The places of its problems are those in [`crate::to_yaml`] of it.
pub fn resource_of(manifest: &Value) -> Result<Resource, Problems> {
    let text = to_yaml(manifest);
    let documents = read("manifest", &text)?;
    let mut resources = documents.into_iter().map(|document| document.resource);
    match (resources.next(), resources.next()) {
        (Some(resource), None) => Ok(resource),
        _ => Err(not_one(&text)),
    }
}

fn not_one(text: &str) -> Problems {
    let reports = Reports::new("manifest", text);
    let complaint = Complaint::new("found no object, or several").allow("one object");
    reports.add_at(reports.clamp(1, 1), "", complaint);
    reports.into_problems().unwrap_or_else(|| Problems { problems: Vec::new(), omitted: 0 })
}

/// The kinds that can be read, with their groups.
const KINDS: [(&str, Kind); 9] = [
    ("argoproj.io/v1alpha1", Kind::Rollout),
    ("argoproj.io/v1alpha1", Kind::Experiment),
    ("argoproj.io/v1alpha1", Kind::AnalysisRun),
    ("argoproj.io/v1alpha1", Kind::AnalysisTemplate),
    ("argoproj.io/v1alpha1", Kind::ClusterAnalysisTemplate),
    ("apps/v1", Kind::Deployment),
    ("v1", Kind::Service),
    ("v1", Kind::ConfigMap),
    ("v1", Kind::Secret),
];

/// What was found so far.
#[derive(Default)]
struct Found {
    /// Documents, and where each begins.
    documents: Vec<(Document, Place)>,
    left: Vec<LeftAlone>,
}

/// Whether this is a `List` as kubectl prints it, or a list of one kind as an API answers it.
fn is_list(version: Option<&str>, kind: Option<&str>) -> bool {
    let (Some(version), Some(of)) = (version, kind.and_then(|kind| kind.strip_suffix("List")))
    else {
        return false;
    };
    (version == "v1" && of.is_empty())
        || KINDS.iter().any(|(group, kind)| *group == version && kind.as_str() == of)
}

/// Reads one object, or the objects of a `List`.
fn object(root: &Spot<'_>, workloads: &Workloads<'_>, found: &mut Found) {
    if root.is_null() {
        return;
    }
    if !root.is_map() {
        root.refuse("an object with apiVersion, kind, metadata and spec");
        return;
    }
    let head = |name| root.node.get(name).filter(|node| node.content != Content::Null);
    match (head("apiVersion"), head("kind")) {
        (Some(version), Some(kind)) if is_list(version.as_text(), kind.as_text()) => {
            items(root, workloads, found);
        }
        (version, kind) => {
            if let Some(left) = left_alone(root) {
                found.left.push(left);
                return;
            }
            let Some(kind) = kind_of(root, version.is_some(), kind.is_some()) else {
                return;
            };
            root.reports.secret.set(kind == Kind::Secret);
            let before = root.reports.len();
            let named = generate::named(root);
            let root = &named.as_ref().map_or_else(|| root.clone(), |named| root.with_node(named));
            let own = Some(root).filter(|_| kind == Kind::Rollout);
            let own = own.and_then(|root| workloads.resolve(root));
            let whole = &own.as_ref().map_or_else(|| root.clone(), |own| root.with_node(own));
            if kind == Kind::Deployment && !workloads.refers_to(root.node) {
                root.note(
                    "kept for Rollouts whose workloadRef names it: a Deployment is not run by itself",
                );
            }
            let resource = resource(kind, whole);
            let clean = root.reports.len() == before;
            root.reports.secret.set(false);
            if let Some(resource) = resource.filter(|_| clean) {
                let manifest = root.node.to_json();
                let line = root.node.place.line;
                let document = Document { resource, manifest, line };
                found.documents.push((document, root.node.place));
            }
        }
    }
}

fn items(root: &Spot<'_>, workloads: &Workloads<'_>, found: &mut Found) {
    let Some(fields) = root.fields(&LIST) else {
        return;
    };
    fields.pass_head();
    let items = fields.need("items").and_then(Spot::items);
    for item in items.unwrap_or_default() {
        if is_list(text_of(&item, "apiVersion"), text_of(&item, "kind")) {
            item.complain(Complaint::new("a List in a List").hint("write its items one level up"));
            continue;
        }
        object(&item, workloads, found);
    }
}

/// What becomes of an object of a kind that is not read, when it is a known one.
fn left_alone(root: &Spot<'_>) -> Option<LeftAlone> {
    let (version, kind) = (text_of(root, "apiVersion")?, text_of(root, "kind")?);
    if KINDS.iter().any(|(group, ours)| *group == version && ours.as_str() == kind) {
        if kind == "Deployment" && !deployment::is_whole(root.node) {
            let reason = elsewhere::reason(version, kind)?;
            return Some(LeftAlone::new(root, version, kind, reason));
        }
        let is_alias = kind == "Service" && service::is_alias(root.node);
        return is_alias.then(|| LeftAlone::new(root, version, kind, elsewhere::ALIAS));
    }
    let reason = elsewhere::reason(version, kind)?;
    Some(LeftAlone::new(root, version, kind, reason))
}

impl LeftAlone {
    fn new(root: &Spot<'_>, version: &str, kind: &str, reason: &str) -> Self {
        let meta = |field| {
            let text = root.node.get("metadata")?.get(field)?.as_text()?;
            Some(text.to_owned())
        };
        Self {
            file: root.reports.file().to_owned(),
            line: root.node.place.line,
            api_version: version.to_owned(),
            kind: kind.to_owned(),
            namespace: meta("namespace"),
            name: meta("name"),
            reason: reason.to_owned(),
        }
    }
}

fn text_of<'a>(spot: &Spot<'a>, field: &str) -> Option<&'a str> {
    spot.node.get(field).and_then(Node::as_text)
}

/// The kind of an object; one that cannot be read is reported.
fn kind_of(root: &Spot<'_>, has_version: bool, has_kind: bool) -> Option<Kind> {
    let all = || root.entries().unwrap_or_default().into_iter();
    let field = |name: &str| all().find(|(key, _)| *key == name).map(|(_, spot)| spot);
    if !has_version || !has_kind {
        let missing: Vec<_> = [("apiVersion", has_version), ("kind", has_kind)]
            .into_iter()
            .filter_map(|(name, there)| (!there).then_some(name))
            .collect();
        for name in missing {
            let near = nearest(name, all().map(|(key, _)| key).filter(|key| *key != "metadata"));
            let complaint = Complaint::new(format!("\"{name}\" is missing")).allow(supported());
            root.complain(match near {
                Some(near) => {
                    complaint.hint(format!("\"{near}\" is near: did you mean \"{name}\"?"))
                }
                None => complaint,
            });
        }
        return None;
    }
    let (version, kind) = (field("apiVersion")?, field("kind")?);
    let (version_text, kind_text) = (version.text(), kind.text());
    let (version_text, kind_text) = (version_text?, kind_text?);
    let same = KINDS.iter().find(|(_, kind)| kind.as_str() == kind_text);
    match same {
        Some((group, kind)) if *group == version_text => return Some(*kind),
        Some((group, _)) => {
            let complaint = version.found().allow(format!("{group}, for the kind {kind_text}"));
            version.complain(complaint.suggest(nearest(version_text, [*group])));
        }
        None => {
            let names = KINDS.iter().map(|(_, kind)| kind.as_str());
            let complaint = Complaint::new(format!(
                "unknown kind {:?} of {:?}",
                shortened(kind_text),
                shortened(version_text)
            ));
            let complaint = complaint.allow(supported());
            kind.complain(complaint.suggest(nearest(kind_text, names)));
        }
    }
    None
}

fn supported() -> String {
    "argoproj.io/v1alpha1 Rollout, Experiment, AnalysisRun, AnalysisTemplate and ClusterAnalysisTemplate; apps/v1 Deployment; v1 Service, ConfigMap, Secret and List"
        .to_owned()
}

fn resource(kind: Kind, root: &Spot<'_>) -> Option<Resource> {
    match kind {
        Kind::Rollout => rollout::read(root).map(Resource::Rollout),
        Kind::Experiment => experiment::read(root).map(Resource::Experiment),
        Kind::AnalysisRun => analysis_run::read(root).map(Resource::AnalysisRun),
        Kind::AnalysisTemplate => analysis::read(root).map(Resource::AnalysisTemplate),
        Kind::ClusterAnalysisTemplate => analysis::read(root).map(|mut template| {
            template.key = ObjectKey::everywhere(&template.key.name);
            Resource::ClusterAnalysisTemplate(template)
        }),
        Kind::Deployment => deployment::read(root).map(Resource::Deployment),
        Kind::Service => service::read(root).map(Resource::Service),
        Kind::ConfigMap => config::config_map(root).map(Resource::ConfigMap),
        Kind::Secret => config::secret(root).map(Resource::Secret),
    }
}

/// Reports objects that stand in the file twice.
fn check_twice(reports: &Reports<'_>, documents: &[(Document, Place)]) {
    let mut seen = BTreeMap::new();
    for (document, place) in documents {
        let (kind, key) = (document.resource.kind(), document.resource.key());
        match seen.entry((kind, key.clone())) {
            Entry::Vacant(free) => {
                free.insert(place.line);
            }
            Entry::Occupied(first) => {
                let message = format!("{kind} {key} is given twice, first in line {}", first.get());
                let complaint = Complaint::new(message).hint("keep one of the two");
                reports.add_at(*place, "metadata.name", complaint);
            }
        }
    }
}
