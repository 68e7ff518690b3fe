//! Values of Secrets on their way to the servers that are asked: filled in at the last moment, and
//! taken out of whatever comes back.

use std::collections::BTreeMap;

use tidegate_analysis::{Answer, Ask, Query, SecretKey};
use tidegate_units::ObjectKey;
use tidegate_workload::Secret;

use crate::{asking::Asker, world::World};

/// A question with all that is needed to ask it.
pub(crate) struct Question {
    pub(crate) query: Query,
    /// What no answer may show.
    hidden: Vec<String>,
}

impl Question {
    /// Makes a run's question whole; in one sentence why that cannot be.
    pub(crate) fn of(world: &World, (owner, run): &Asker, ask: &Ask) -> Result<Self, String> {
        let run = world.run(owner, run);
        let keys = run.map(|run| &run.spec.secrets).into_iter().flatten();
        let mut values = BTreeMap::new();
        for (name, key) in keys {
            let value = secret_value(world, &owner.key(), key);
            values.insert(
                name.clone(),
                value.map_err(|problem| format!("argument {name}: {problem}"))?.to_owned(),
            );
        }
        if values.is_empty() {
            return Ok(Self { query: ask.query.clone(), hidden: Vec::new() });
        }
        let query = ask.query.with_secrets(&values)?;
        // The longest first: one may be a part of another.
        let mut hidden: Vec<_> = values.into_values().filter(|value| !value.is_empty()).collect();
        hidden.sort_by_key(|value| std::cmp::Reverse(value.len()));
        Ok(Self { query, hidden })
    }

    /// An answer with no secret in it.
    pub(crate) fn censor(&self, answer: Result<Answer, String>) -> Result<Answer, String> {
        if self.hidden.is_empty() {
            return answer;
        }
        let censor = |text: &str| {
            let mut text = text.to_owned();
            for secret in &self.hidden {
                text = text.replace(secret, Secret::HIDDEN);
            }
            text
        };
        match answer {
            Ok(Answer { value, shown, metadata }) => Ok(Answer {
                value: value.with_texts(&censor),
                shown: censor(&shown),
                metadata: metadata.iter().map(|(key, text)| (key.clone(), censor(text))).collect(),
            }),
            Err(problem) => Err(censor(&problem)),
        }
    }
}

/// An entry of a Secret in the namespace of a rollout.
pub(crate) fn secret_value<'a>(
    world: &'a World,
    rollout: &ObjectKey,
    key: &SecretKey,
) -> Result<&'a str, String> {
    let place = rollout.sibling(&key.secret);
    let secret = world.secrets.get(&place).ok_or_else(|| format!("there is no Secret {place}"))?;
    let value = secret.value.data.get(&key.key);
    value.map(String::as_str).ok_or_else(|| format!("the Secret {place} has no key {}", key.key))
}
