//! Templates of Helm, and of whatever else writes `{{ ... }}`, that nobody has filled in yet.

use crate::{
    node::Place,
    report::{Complaint, Reports},
};

/// What only a template of Helm says.
const HELM: [&str; 8] = [
    ".Values",
    ".Release.",
    ".Chart.",
    ".Capabilities.",
    ".Files.",
    "include \"",
    "define \"",
    "template \"",
];

/// What a line of its own begins with in a template of Go.
const LINES: [&str; 7] = ["if ", "else", "end", "range ", "with ", "block ", "/*"];

/// Where a text is a template, and what stands there.
pub(crate) fn find(reports: &Reports<'_>, text: &str) -> Option<(Place, String)> {
    let lines = text.lines().enumerate();
    lines
        .flat_map(|(index, line)| line.match_indices("{{").map(move |at| (index, line, at.0)))
        .find_map(|(index, line, at)| {
            let inside = line.get(at..)?;
            let end = inside.find("}}").map_or(inside.len(), |end| end + 2);
            let inside = inside.get(..end)?;
            let words = inside.trim_start_matches(['{', '-']).trim_start();
            let alone = line.get(..at).is_some_and(|before| before.trim().is_empty());
            let is_helm = HELM.iter().any(|mark| words.contains(mark));
            let is_line = alone && LINES.iter().any(|mark| words.starts_with(mark));
            let column = line.get(..at)?.chars().count() + 1;
            (is_helm || is_line).then(|| (reports.clamp(index + 1, column), inside.to_owned()))
        })
}

/// The one problem that such a file has.
pub(crate) fn complaint(found: &str) -> Complaint {
    Complaint::new(format!("a template that is not filled in: {found}"))
        .allow("manifests as `helm template` or your own tool writes them")
        .hint("`helm template CHART | tidegate validate -f -` checks what comes out of it")
}
