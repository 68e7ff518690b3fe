use std::sync::Arc;

use tidegate_expression::Value;
use tidegate_workflow::{Template, setting};

use crate::{Action, Pair, context::View, sequence::told};

/// What of the context `github` steps see as variables.
const GITHUB: &[&str] = &[
    "action",
    "action_path",
    "action_ref",
    "action_repository",
    "actor",
    "actor_id",
    "api_url",
    "artifacts",
    "artifacts_list",
    "base_ref",
    "env",
    "event_name",
    "event_path",
    "graphql_url",
    "head_ref",
    "job",
    "output",
    "path",
    "ref",
    "ref_name",
    "ref_protected",
    "ref_type",
    "repository",
    "repository_id",
    "repository_owner",
    "repository_owner_id",
    "retention_days",
    "run_attempt",
    "run_id",
    "run_number",
    "server_url",
    "sha",
    "state",
    "step_summary",
    "triggering_actor",
    "workflow",
    "workflow_ref",
    "workflow_sha",
    "workspace",
];

/// What an action is told.
#[derive(Clone, Debug, Default)]
pub(crate) struct Inputs {
    /// Names as they are written, and values.
    pub(crate) values: Vec<Pair>,
    /// What to say of them.
    pub(crate) warnings: Vec<String>,
}

impl Inputs {
    /// What a step tells an action, and what the action has for the rest.
    pub(crate) fn read(
        with: Option<&Template>,
        action: &Action,
        view: &View<'_>,
    ) -> Result<Self, Vec<String>> {
        let told_by_step = with.map(|with| setting::texts(with, view)).transpose().map_err(told)?;
        let mut inputs = Self { values: told_by_step.unwrap_or_default(), warnings: vec![] };
        inputs.warn(action);
        for input in &action.inputs {
            if inputs.get(&input.name).is_some() {
                continue;
            }
            let default = input.default.as_ref();
            let value = default.map(|default| default_text(default, view)).transpose()?;
            inputs.values.push((input.name.clone(), value.unwrap_or_else(|| "".into())));
        }
        Ok(inputs)
    }

    fn warn(&mut self, action: &Action) {
        let told = |name: &str| self.values.iter().any(|(own, _)| own.eq_ignore_ascii_case(name));
        let mut warnings: Vec<String> = action
            .inputs
            .iter()
            .filter(|input| told(&input.name))
            .filter_map(|input| {
                let message = input.deprecated.as_ref()?;
                Some(format!("Input '{}' has been deprecated with message: {message}", input.name))
            })
            .collect();
        let unknown: Vec<&str> = self
            .values
            .iter()
            .map(|(name, _)| &**name)
            .filter(|name| !action.knows(name))
            .collect();
        if !unknown.is_empty() {
            let known: Vec<&str> = action.inputs.iter().map(|input| &*input.name).collect();
            warnings.push(format!(
                "Unexpected input(s) '{}', valid inputs are ['{}']",
                unknown.join("', '"),
                known.join("', '")
            ));
        }
        self.warnings = warnings;
    }

    fn get(&self, name: &str) -> Option<&Arc<str>> {
        let named = self.values.iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value)
    }

    /// The context `inputs` of the steps of a composite action.
    pub(crate) fn context(&self) -> Value {
        let members = self.values.iter();
        members.map(|(name, value)| (name.clone(), Value::Text(value.clone()))).collect()
    }

    /// The variables by which an action of Node knows them.
    pub(crate) fn variables(&self) -> Vec<Pair> {
        let variable = |(name, value): &Pair| {
            (format!("INPUT_{}", name.replace(' ', "_").to_uppercase()).into(), value.clone())
        };
        self.values.iter().map(variable).collect()
    }
}

/// A default as text: unlike what a step tells, it may be of any kind.
fn default_text(default: &Template, view: &View<'_>) -> Result<Arc<str>, Vec<String>> {
    default.evaluate(view).map(|value| value.as_text()).map_err(told)
}

/// The variables that steps have from the contexts `github` and `runner`.
pub(crate) fn from_contexts(github: &Value, runner: &Value) -> Vec<Pair> {
    let known = |name: &str| GITHUB.iter().any(|known| known.eq_ignore_ascii_case(name));
    let github =
        github.members().filter(|(name, _)| known(name)).map(|pair| variable("GITHUB", pair));
    let runner = runner.members().map(|pair| variable("RUNNER", pair));
    github.chain(runner).flatten().collect()
}

fn variable(prefix: &str, (name, value): (&Arc<str>, &Value)) -> Option<Pair> {
    let value = matches!(value, Value::Text(_) | Value::Bool(_)).then(|| value.as_text())?;
    Some((format!("{prefix}_{}", name.to_uppercase()).into(), value))
}
