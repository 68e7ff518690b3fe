//! `metadata`, which every object has.

use std::collections::BTreeMap;

use tidegate_units::ObjectKey;

use crate::{
    fields::object::META,
    given::Fields,
    names::{self, LABEL, NameRule},
    report::Complaint,
    suggest::nearest,
    walk::{Spot, one_of},
};

/// What `metadata` says.
pub(crate) struct Meta<'a> {
    pub(crate) key: ObjectKey,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) annotations: BTreeMap<String, String>,
    /// The annotations with their places.
    pub(crate) notes: BTreeMap<&'a str, Spot<'a>>,
}

/// The prefix of the annotations that are ours.
const OURS: &str = "tidegate.dev/";

/// Reads `metadata` of an object whose name follows `rule`. Of the annotations under
/// `tidegate.dev/`, those in `known` are allowed.
pub(crate) fn read<'a>(object: &Fields<'a>, rule: NameRule, known: &[&'static str]) -> Meta<'a> {
    object.pass_head();
    let fields = object.need("metadata").and_then(|spot| spot.fields(&META));
    let Some(fields) = fields else {
        return Meta {
            key: ObjectKey::new("default", ""),
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
            notes: BTreeMap::new(),
        };
    };
    // Where it counts, it was made a name before: see `generate`.
    fields.get("generateName").map(Spot::text);
    let name = fields.need("name").and_then(|spot| rule.read(spot)).unwrap_or_default();
    let namespace = fields.or("namespace", "default".to_owned(), |spot| LABEL.read(spot));
    let notes = fields.get("annotations");
    Meta {
        key: ObjectKey::new(&namespace, &name),
        labels: fields.or("labels", BTreeMap::new(), names::labels),
        annotations: fields.or("annotations", BTreeMap::new(), names::annotations),
        notes: notes.map_or_else(BTreeMap::new, |spot| notes_of(spot, known)),
    }
}

/// Annotations with their places. One of ours that is not among `known` is reported.
pub(crate) fn notes_of<'a>(
    annotations: &Spot<'a>,
    known: &[&'static str],
) -> BTreeMap<&'a str, Spot<'a>> {
    let entries: BTreeMap<_, _> = annotations.entries().unwrap_or_default().into_iter().collect();
    for (key, spot) in &entries {
        let ours = key.starts_with(OURS)
            || nearest(key.split('/').next().unwrap_or_default(), ["tidegate.dev"]).is_some();
        if ours && !known.contains(key) {
            spot.complain_of_key(unknown(key, known));
        }
    }
    entries
}

fn unknown(key: &str, known: &[&'static str]) -> Complaint {
    let complaint = Complaint::new(format!("unknown annotation \"{key}\""));
    if known.is_empty() {
        return complaint.allow("none under tidegate.dev/ on this kind");
    }
    // The prefix is long, and would make any two names alike.
    let meant = match key.strip_prefix(OURS) {
        Some(name) => {
            let names = known.iter().filter_map(|known| known.strip_prefix(OURS));
            nearest(name, names).map(|name| format!("{OURS}{name}"))
        }
        None => nearest(key, known.iter().copied()).map(str::to_owned),
    };
    complaint.allow(one_of(known.iter().copied())).suggest(meant.as_deref())
}
