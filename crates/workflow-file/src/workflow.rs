use crate::{
    Library, Outline, Problem, Severity, Token, call, check, grammar, injection, load::load,
    problem::Problems, reader,
};

/// A file as it was read.
#[derive(Clone, Debug)]
pub struct Reading {
    /// What is in it; none when it is no YAML document.
    pub root: Option<Token>,
    /// What is wrong with it, in the order of the file.
    pub problems: Vec<Problem>,
}

impl Reading {
    /// Whether GitHub would take the file.
    pub fn is_valid(&self) -> bool {
        self.problems.iter().all(|problem| problem.severity != Severity::Error)
    }

    /// What there is to say of a workflow in a line: its name, events and jobs.
    pub fn outline(&self) -> Outline {
        self.root.as_ref().map(Outline::of).unwrap_or_default()
    }
}

/// Reads a workflow file. `file` is what it is called in problems.
pub fn read_workflow(file: &str, text: &str) -> Reading {
    read(file, text, None)
}

/// Reads a workflow file, and the workflows of the same repository that its jobs call, to hold them to each other.
pub fn read_workflow_with(file: &str, text: &str, library: &dyn Library) -> Reading {
    read(file, text, Some(library))
}

fn read(file: &str, text: &str, library: Option<&dyn Library>) -> Reading {
    let mut problems = Problems::new(file, text);
    let root = load(&mut problems, text).map(|document| {
        let root = reader::read(&mut problems, &grammar::WORKFLOW, &document, "root");
        // As GitHub does: what does not fit the grammar would be told again in other words.
        if !problems.any_error() {
            check::workflow(&mut problems, &root);
        }
        injection::find(&mut problems, &root);
        if let Some(library) = library.filter(|_| !problems.any_error()) {
            call::check(&mut problems, &root, library);
        }
        root
    });
    Reading { root, problems: problems.finish() }
}
