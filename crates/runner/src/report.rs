use std::collections::BTreeMap;

use tidegate_workflow_commands::{Annotation, Level, MOST_ANNOTATIONS_PER_LEVEL};

/// What a step said to its runner.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Its outputs, as they are: they may hold secrets.
    pub outputs: BTreeMap<String, String>,
    /// Variables for the steps that follow.
    pub variables: BTreeMap<String, String>,
    /// What its later stages are given.
    pub state: BTreeMap<String, String>,
    /// Folders for the `PATH` of the steps that follow; the last comes first there.
    pub paths: Vec<String>,
    /// Its summary in Markdown, masked.
    pub summary: Option<String>,
    /// Its remarks, masked: the first ten of each level.
    pub annotations: Vec<Annotation>,
    /// Whether it said something that fails it, whatever its program ends with.
    pub failed: bool,
}

impl Report {
    /// Whether there was room for it.
    pub(crate) fn annotate(&mut self, annotation: &Annotation) -> bool {
        let same =
            |level: Level| self.annotations.iter().filter(|known| known.level == level).count();
        let room = same(annotation.level) < MOST_ANNOTATIONS_PER_LEVEL;
        if room {
            self.annotations.push(annotation.clone());
        }
        room
    }

    /// A folder that is named again moves to the front.
    pub(crate) fn add_path(&mut self, folder: &str) {
        add_path(&mut self.paths, folder);
    }
}

pub(crate) fn add_path(paths: &mut Vec<String>, folder: &str) {
    paths.retain(|known| known != folder);
    paths.push(folder.to_owned());
}
