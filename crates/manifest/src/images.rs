//! The annotation `tidegate.dev/image-map`: what images mean as processes of this machine.

use std::collections::BTreeMap;

use tidegate_workload::ImageRule;

use crate::{
    fields::pod::IMAGE_RULE,
    load::load,
    node::Content,
    report::{Complaint, Reports},
    walk::Spot,
};

/// Reads an image map: YAML in the annotation, a list of rules, or a mapping from images to rules.
pub(crate) fn read(note: &Spot<'_>) -> Option<Vec<ImageRule>> {
    let text = note.text()?;
    let inner = Reports::new("", text);
    let documents = load(&inner, text);
    let rules = match documents.as_slice() {
        [] => Some(Vec::new()),
        [only] => rules(&Spot::root(&inner, only)),
        [..] => {
            note.complain(Complaint::new("found several documents").allow("one list of rules"));
            None
        }
    };
    for problem in inner.into_problems().into_iter().flat_map(|it| it.problems) {
        let field = match problem.field.as_str() {
            "" => note.path.clone(),
            inner if inner.starts_with('[') => format!("{}{inner}", note.path),
            inner => format!("{}.{inner}", note.path),
        };
        let place = note.inner_place(problem.line as usize, problem.column as usize);
        let mut complaint = match place {
            Some(_) => Complaint::new(problem.message),
            None => {
                Complaint::new(format!("in line {} of the text: {}", problem.line, problem.message))
            }
        };
        if let Some(allowed) = problem.allowed {
            complaint = complaint.allow(allowed);
        }
        if let Some(hint) = problem.hint {
            complaint = complaint.hint(hint);
        }
        note.complain_inside(place, &field, complaint);
    }
    rules
}

pub(crate) fn rules(root: &Spot<'_>) -> Option<Vec<ImageRule>> {
    match &root.node.content {
        Content::Null => Some(Vec::new()),
        Content::List(_) => {
            Some(root.items()?.iter().filter_map(|item| rule(item, None)).collect())
        }
        Content::Map(_) => {
            let entries = root.entries()?;
            let rules = entries.iter().filter_map(|(image, spot)| rule(spot, Some(image)));
            Some(rules.collect())
        }
        _ => {
            root.refuse("a list of rules, or a mapping from images to rules");
            None
        }
    }
}

/// A rule; in a mapping, its image is the key.
fn rule(spot: &Spot<'_>, image: Option<&str>) -> Option<ImageRule> {
    let fields = spot.fields(&IMAGE_RULE)?;
    let image = match (image, fields.get("image")) {
        (None, _) => fields.need("image").and_then(Spot::filled_text),
        (Some(image), None) => Some(image),
        (Some(_), Some(again)) => {
            let complaint = Complaint::new("the image is the key of the mapping");
            again.complain(complaint.hint("leave it out here"));
            None
        }
    };
    let rule = ImageRule {
        image: image.unwrap_or_default().to_owned(),
        command: fields.or("command", Vec::new(), Spot::texts),
        args: fields.or("args", Vec::new(), Spot::texts),
        env: fields.or("env", BTreeMap::new(), Spot::text_map),
        folder: fields.get("folder").and_then(Spot::filled_text).map(str::to_owned),
    };
    image.is_some().then_some(rule)
}
