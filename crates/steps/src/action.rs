use std::sync::Arc;

use tidegate_workflow::{Condition, Step, Template};

/// An action, as its `action.yml` has it or as Tidegate brings it.
#[derive(Clone, Debug)]
pub struct Action {
    /// Its name, for people.
    pub name: String,
    /// The folder that it is in; empty for one without.
    pub directory: String,
    /// Its repository and the revision of it that was asked for; `None` for one of the job's own workspace.
    pub repository: Option<(String, String)>,
    /// What it can be told.
    pub inputs: Vec<ActionInput>,
    /// What a composite action tells.
    pub outputs: Vec<ActionOutput>,
    /// How it runs.
    pub runs: Runs,
}

/// Something that an action can be told.
#[derive(Clone, Debug)]
pub struct ActionInput {
    /// Its name, without regard to case.
    pub name: Arc<str>,
    /// What it is where it is not told.
    pub default: Option<Template>,
    /// What to say to those who still tell it.
    pub deprecated: Option<String>,
}

/// Something that a composite action tells.
#[derive(Clone, Debug)]
pub struct ActionOutput {
    /// Its name.
    pub name: Arc<str>,
    /// A text that may be of the outputs of its steps.
    pub value: Template,
}

/// How an action runs.
#[derive(Clone, Debug)]
pub enum Runs {
    /// By Node.
    Node(NodeAction),
    /// By steps of its own.
    Composite(Arc<[Step]>),
    /// By Tidegate itself.
    Native {
        /// Which of those that Tidegate has.
        name: &'static str,
        /// When what it does after all steps is done; `None` where there is nothing.
        post: Option<Condition>,
    },
}

/// Scripts that Node runs.
#[derive(Clone, Debug)]
pub struct NodeAction {
    /// The runtime that it asks for, such as `node24`.
    pub runtime: String,
    /// What runs in its place among the steps, below the action's folder.
    pub main: String,
    /// What runs before all steps, and when.
    pub pre: Option<(String, Condition)>,
    /// What runs after all steps, and when.
    pub post: Option<(String, Condition)>,
}

impl Action {
    /// When what it does after all steps is done, where there is something.
    pub(crate) fn post(&self) -> Option<&Condition> {
        match &self.runs {
            Runs::Node(node) => node.post.as_ref().map(|(_, condition)| condition),
            Runs::Native { post, .. } => post.as_ref(),
            Runs::Composite(_) => None,
        }
    }

    pub(crate) fn knows(&self, input: &str) -> bool {
        self.inputs.iter().any(|known| known.name.eq_ignore_ascii_case(input))
    }
}
