//! Questions to Kayenta, with the fields of Argo Rollouts.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tidegate_condition::Value;
use tidegate_units::{RunPhase, Timestamp};

/// `provider.kayenta`: a canary is compared with a baseline by a server of its own, which gives a
/// score from 0 to 100.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KayentaQuery {
    /// The server's URL.
    pub address: String,
    /// The application that the configuration is for.
    pub application: String,
    /// The name of the configuration.
    pub canary_config_name: String,
    /// Where the values are.
    pub metrics_account_name: String,
    /// Where the configuration is.
    pub configuration_account_name: String,
    /// Where the result is kept.
    pub storage_account_name: String,
    /// From this score on it is a success.
    pub pass: i64,
    /// From this score on it is no failure.
    pub marginal: i64,
    /// What is compared.
    pub scopes: Vec<KayentaScope>,
    /// Whether each comparison begins where the run did; else one interval ago.
    pub lookback: bool,
    /// When the run began. It is filled in when the server is asked.
    #[serde(default)]
    pub run_started: Option<Timestamp>,
    /// How often it is measured. It is filled in when the server is asked.
    #[serde(default)]
    pub interval: Option<Duration>,
}

/// What is compared, by the name that the configuration gives it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KayentaScope {
    /// That name.
    pub name: String,
    /// What it is compared with.
    pub control: KayentaScopeDetail,
    /// What is judged.
    pub experiment: KayentaScopeDetail,
}

/// One side of a comparison.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KayentaScopeDetail {
    /// What the values are found by.
    pub scope: String,
    /// Where it runs.
    pub region: String,
    /// Seconds from one value to the next.
    pub step: i64,
    /// From when, as RFC 3339 writes it; empty: as `lookback` says.
    pub start: String,
    /// Until when; empty: now.
    pub end: String,
}

impl KayentaQuery {
    /// What is wrong with it, in one sentence.
    pub fn problem(&self) -> Option<String> {
        let one_of = |a: &str, b: &str| a.is_empty() != b.is_empty();
        self.scopes.iter().find_map(|scope| {
            let (control, experiment) = (&scope.control, &scope.experiment);
            let field = if one_of(&control.start, &experiment.start) {
                "start"
            } else if one_of(&control.end, &experiment.end) {
                "end"
            } else {
                return None;
            };
            let name = &scope.name;
            Some(format!(
                "scope {name:?}: controlScope.{field} and experimentScope.{field} go together: \
                 write both or neither"
            ))
        })
    }

    /// What a score comes to.
    pub fn verdict(&self, score: &Value) -> Option<RunPhase> {
        let Value::Int(score) = score else { return None };
        Some(if *score >= self.pass {
            RunPhase::Successful
        } else if *score >= self.marginal {
            RunPhase::Inconclusive
        } else {
            RunPhase::Failed
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_is_a_success_a_failure_or_neither() {
        let query = KayentaQuery { pass: 90, marginal: 75, ..KayentaQuery::default() };
        for (score, expect) in [
            (100, RunPhase::Successful),
            (90, RunPhase::Successful),
            (89, RunPhase::Inconclusive),
            (75, RunPhase::Inconclusive),
            (74, RunPhase::Failed),
        ] {
            assert_eq!(query.verdict(&Value::Int(score)), Some(expect), "{score}");
        }
    }

    #[test]
    fn a_time_is_given_for_both_sides_or_for_none() {
        let mut query =
            KayentaQuery { scopes: vec![KayentaScope::default()], ..KayentaQuery::default() };
        assert_eq!(query.problem(), None);
        query.scopes[0].control.end = "2026-01-01T00:00:00Z".to_owned();
        assert!(query.problem().unwrap().contains("experimentScope.end"));
        query.scopes[0].experiment.end = "2026-01-01T00:00:00Z".to_owned();
        assert_eq!(query.problem(), None);
    }
}
