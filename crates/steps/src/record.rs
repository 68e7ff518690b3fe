use std::{collections::BTreeMap, sync::Arc};

use tidegate_expression::Value;

use crate::{Outcome, Pair};

/// What the steps before told and came to, by the composite action that they are in.
#[derive(Clone, Debug, Default)]
pub(crate) struct Records(BTreeMap<Arc<str>, Vec<(Arc<str>, Record)>>);

#[derive(Clone, Debug, Default)]
struct Record {
    outputs: Vec<Pair>,
    came_to: Option<(Outcome, Outcome)>,
}

impl Records {
    /// Takes what a step told and came to. Those that nobody gave an id to are seen by nobody.
    pub(crate) fn take(
        &mut self,
        scope: &Arc<str>,
        id: &Arc<str>,
        outputs: &[Pair],
        came_to: (Outcome, Outcome),
    ) {
        if id.starts_with("__") {
            return;
        }
        let steps = self.0.entry(scope.clone()).or_default();
        let at = steps.iter().position(|(other, _)| other.eq_ignore_ascii_case(id));
        let at = at.unwrap_or_else(|| {
            steps.push((id.clone(), Record::default()));
            steps.len() - 1
        });
        if let Some((_, record)) = steps.get_mut(at) {
            record.outputs.extend(outputs.iter().cloned());
            record.came_to = Some(came_to);
        }
    }

    /// The context `steps` of those in one composite action, or in none.
    pub(crate) fn context(&self, scope: &str) -> Value {
        let steps = self.0.get(scope).into_iter().flatten();
        steps.map(|(id, record)| (id.clone(), record.context())).collect()
    }
}

impl Record {
    fn context(&self) -> Value {
        let outputs = self.outputs.iter();
        let outputs = outputs.map(|(name, value)| (name.clone(), Value::Text(value.clone())));
        let outputs = ("outputs", outputs.collect());
        let came_to = self.came_to.iter().flat_map(|(outcome, conclusion)| {
            [("outcome", outcome.name().into()), ("conclusion", conclusion.name().into())]
        });
        std::iter::once(outputs).chain(came_to).collect()
    }
}
