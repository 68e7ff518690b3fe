//! Decisions as their users see them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod conditions;
mod order;
mod told;

use std::{collections::BTreeSet, time::Duration};

use tidegate_decision::{
    Decision, Evidence, Input, Kpi, KpiSnapshot, Prediction, Rule, Showing, Unit, decide,
    default_rules,
};

/// What a decision is made of, to be changed one thing at a time.
struct Case {
    rules: Vec<Rule>,
    kpis: KpiSnapshot,
    evidence: Option<Evidence>,
    prediction: Option<Prediction>,
    overridden: BTreeSet<String>,
}

impl Case {
    /// The default rules, everything measured, nothing wrong.
    fn good() -> Self {
        let mut kpis = KpiSnapshot::default();
        let percent = |value: f64| Kpi::new(value, Unit::Percent, "");
        kpis.insert("errorRate", Kpi::new(0.4, Unit::Percent, "500 requests in 60 s").against(0.4));
        kpis.insert("responseTime.p95", Kpi::new(100.0, Unit::Milliseconds, "").against(100.0));
        kpis.insert("conversionRate", percent(3.0).against(3.0));
        kpis.insert("memoryUsage", percent(40.0));
        kpis.insert("memoryLeak", Kpi::new(0.0, Unit::Flag, ""));
        Self {
            rules: default_rules(),
            kpis,
            evidence: None,
            prediction: None,
            overridden: BTreeSet::new(),
        }
    }

    fn with(mut self, name: &str, kpi: Kpi) -> Self {
        self.kpis.insert(name, kpi);
        self
    }

    fn errors(self, percent: f64) -> Self {
        self.with("errorRate", Kpi::new(percent, Unit::Percent, "500 requests in 60 s"))
    }

    /// p95 beside a stable revision's of 100 ms.
    fn p95(self, ms: f64) -> Self {
        self.with("responseTime.p95", Kpi::new(ms, Unit::Milliseconds, "").against(100.0))
    }

    fn predicts(mut self, probability: f64) -> Self {
        self.prediction = Prediction::of_probability(probability, "it looks like last time");
        self
    }

    /// Evidence of odds of `1 : e`.
    fn shown(mut self, shows: Showing, e: f64) -> Self {
        let summary = format!("errors, evidence 1 : {e}");
        self.evidence = Some(Evidence { shows, log_e: e.ln(), summary });
        self
    }

    fn overridden(mut self, rule: &str) -> Self {
        self.overridden.insert(rule.to_owned());
        self
    }

    fn decide(&self) -> Decision {
        decide(&Input {
            rules: &self.rules,
            kpis: &self.kpis,
            evidence: self.evidence.as_ref(),
            prediction: self.prediction.as_ref().map(Ok),
            overridden: &self.overridden,
            scheduled_after: Duration::from_mins(5),
            monitoring: Duration::from_mins(30),
        })
    }
}
