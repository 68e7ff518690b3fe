//! Values of Secrets on their way to the servers that are asked: filled in at the last moment, and
//! taken out of whatever comes back.

use std::collections::BTreeMap;

use tidegate_analysis::{Answer, Ask, Errand, JobEnd, Query, Redaction, SecretKey};
use tidegate_planted::{Mistake, makes};
use tidegate_units::ObjectKey;
use tidegate_workload::Secret;

use crate::{asking::Asker, world::World};

/// An errand with all that is needed for it.
pub(crate) struct Question {
    pub(crate) errand: Errand,
    /// Credentials that the query names.
    pub(crate) secret: Option<Secret>,
    /// What nothing may show that is kept of an answer.
    redaction: Redaction,
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
        let errand = if values.is_empty() {
            ask.errand.clone()
        } else {
            ask.errand.with_secrets(&values)?
        };
        let (secret, credentials) = match errand.query() {
            Some(query) => credentials(world, &owner.key(), query),
            None => (None, Vec::new()),
        };
        let hidden = values.into_values().chain(credentials);
        Ok(Self { errand, secret, redaction: Redaction::new(hidden, Secret::HIDDEN) })
    }

    /// The end of a job with no secret in it.
    pub(crate) fn censor_end(&self, end: Result<JobEnd, String>) -> Result<JobEnd, String> {
        match end {
            Ok(JobEnd::Complete) => Ok(JobEnd::Complete),
            Ok(JobEnd::Failed(why)) => Ok(JobEnd::Failed(self.redaction.of(&why))),
            Ok(JobEnd::NoImage(why)) => Ok(JobEnd::NoImage(self.redaction.of(&why))),
            Err(problem) => Err(self.redaction.of(&problem)),
        }
    }

    /// An answer with no secret in what is kept of it. Its value is judged as it came.
    pub(crate) fn censor(&self, answer: Result<Answer, String>) -> Result<Answer, String> {
        let told = makes(Mistake::RepeatsSecrets);
        let censor = |text: &str| if told { text.to_owned() } else { self.redaction.of(text) };
        match answer {
            Ok(Answer { value, shown, metadata, verdict, again, redaction: _ }) => Ok(Answer {
                value,
                verdict,
                again,
                shown: censor(&shown),
                metadata: metadata.iter().map(|(key, text)| (key.clone(), censor(text))).collect(),
                redaction: self.redaction.clone(),
            }),
            Err(problem) => Err(censor(&problem)),
        }
    }
}

/// Where Argo Rollouts keeps the credentials for the services that metrics ask.
pub(crate) const SHARED_NAMESPACE: &str = "argo-rollouts";

/// The Secret that a query names, and the values in it that nobody may see.
fn credentials(world: &World, rollout: &ObjectKey, query: &Query) -> (Option<Secret>, Vec<String>) {
    let Some(wanted) = query.secret() else { return (None, Vec::new()) };
    let shared = Some(ObjectKey::new(SHARED_NAMESPACE, wanted.name)).filter(|_| !wanted.own);
    let mut places = shared.into_iter().chain([rollout.sibling(wanted.name)]);
    let found = places.find_map(|place| world.secrets.get(&place));
    let values = |secret: &Secret| {
        let named = wanted.hidden.iter().filter_map(|name| secret.data.get(*name));
        named.map(|value| value.trim().to_owned()).collect()
    };
    let hidden = found.map(|found| values(&found.value)).unwrap_or_default();
    (found.map(|found| found.value.clone()), hidden)
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
