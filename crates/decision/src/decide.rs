use std::{collections::BTreeSet, time::Duration};

use crate::{
    Action, Decision, Evidence, Finding, JUDGE, KpiSnapshot, Outcome, PREDICTION, Prediction, Rule,
    Severity, Showing, Violation,
    shown::{sentence, turning},
};

/// A revision that is taken back at once is gone within this time; measured, it takes two seconds.
const AT_ONCE: Duration = Duration::from_secs(30);

/// A prediction that is surer than this has the revision taken back in a while.
const SURE: f64 = 0.9;

/// One that is surer than this has it watched more closely.
const LIKELY: f64 = 0.6;

/// How sure it is that a person has to look at a violation.
const MAJOR_CONFIDENCE: f64 = 0.7;

/// How sure it is that a minor violation is worth a closer look. A person would shrug at either.
const MINOR_CONFIDENCE: f64 = 0.5;

/// What a decision follows from.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// The rules, in the order in which their violations are told.
    pub rules: &'a [Rule],
    /// What was measured.
    pub kpis: &'a KpiSnapshot,
    /// What the judge has shown, where one judges.
    pub evidence: Option<&'a Evidence>,
    /// What a model predicts, where one is asked.
    pub prediction: Option<&'a Prediction>,
    /// The rules that somebody has overridden, and [`JUDGE`] and [`PREDICTION`].
    pub overridden: &'a BTreeSet<String>,
    /// How long a scheduled rollback by a prediction leaves for a second look. Usually 5 min.
    pub scheduled_after: Duration,
    /// How long a revision is watched more closely. Usually 30 min.
    pub monitoring: Duration,
}

/// Decides, by the first of these that applies:
///
/// | what | action | confidence |
/// |---|---|---|
/// | a critical rule with `auto_rollback` is violated | immediate rollback, within 30 s | 1 |
/// | the judge has shown that the revision is worse | the same | `1 - 1/e` of its evidence |
/// | a prediction of rollback above 0.9 | scheduled rollback | the prediction's |
/// | a major rule with `rollback_after` is violated | scheduled rollback | 0.7 |
/// | a major rule, or a critical one without `auto_rollback`, is violated | alert | 0.7 |
/// | a prediction of rollback above 0.6 | monitor closely | the prediction's |
/// | evidence whose `1 - 1/e` is above 0.9 | monitor closely | that |
/// | a minor rule is violated | monitor closely | 0.5 |
/// | nothing | continue | 1 less the prediction's, else less `1 - 1/e`; 0 where nothing is known |
///
/// That someone may have to take back what was overridden does not matter here: what is overridden
/// does not count.
pub fn decide(input: &Input<'_>) -> Decision {
    let findings: Vec<Finding> = input.rules.iter().map(|rule| find(rule, input)).collect();
    let all: Vec<_> = input.rules.iter().zip(&findings).collect();
    let (action, confidence, reason, chosen, time) = choose(input, &all);
    let violations = chosen.iter().map(|(rule, finding)| violation(rule, finding)).collect();
    let monitoring_duration = (action == Action::MonitorClosely).then_some(input.monitoring);
    let otherwise = otherwise(input, action, &chosen, &findings);
    Decision {
        action,
        confidence,
        reason,
        violations,
        time_to_rollback: time,
        monitoring_duration,
        rules: findings,
        evidence: input.evidence.cloned(),
        prediction: input.prediction.cloned(),
        otherwise,
    }
}

/// A rule with what it came to.
type Weighed<'a> = (&'a Rule, &'a Finding);

/// What is to be done, how sure that is, why, by which rules, and how soon.
type Choice<'a> = (Action, f64, String, Vec<Weighed<'a>>, Option<Duration>);

fn choose<'a>(input: &Input<'_>, all: &[Weighed<'a>]) -> Choice<'a> {
    let violated = |fits: &dyn Fn(&Rule) -> bool| -> Vec<Weighed<'a>> {
        let violated = |(_, finding): &&Weighed<'a>| finding.outcome == Outcome::Violated;
        all.iter().filter(violated).filter(|(rule, _)| fits(rule)).copied().collect()
    };
    let critical = violated(&|rule| rule.severity == Severity::Critical && rule.auto_rollback);
    if !critical.is_empty() {
        let reason = "Critical business rule violations detected".to_owned();
        return (Action::ImmediateRollback, 1.0, reason, critical, Some(AT_ONCE));
    }
    let evidence = input.evidence.filter(|_| !input.overridden.contains(JUDGE));
    if let Some(evidence) = evidence.filter(|evidence| evidence.shows == Showing::Worse) {
        let reason = format!("The judge shows the revision to be worse: {}", evidence.summary);
        let sure = evidence.confidence();
        return (Action::ImmediateRollback, sure, reason, Vec::new(), Some(AT_ONCE));
    }
    let prediction = input.prediction.filter(|_| !input.overridden.contains(PREDICTION));
    let predicted = prediction.filter(|prediction| prediction.should_rollback);
    if let Some(prediction) = predicted.filter(|prediction| prediction.confidence > SURE) {
        let reason =
            format!("ML model predicts high rollback probability: {}", prediction.reasoning);
        let (action, time) = (Action::ScheduledRollback, Some(input.scheduled_after));
        return (action, prediction.confidence, reason, Vec::new(), time);
    }
    let scheduled = violated(&|rule| rule.rollback_after.is_some());
    if let Some(time) = scheduled.iter().filter_map(|(rule, _)| rule.rollback_after).min() {
        let reason = "Major violations detected, rollback scheduled".to_owned();
        return (Action::ScheduledRollback, MAJOR_CONFIDENCE, reason, scheduled, Some(time));
    }
    let major = violated(&|rule| rule.severity >= Severity::Major);
    if !major.is_empty() {
        let reason = "Major violations detected, human review required".to_owned();
        return (Action::AlertHuman, MAJOR_CONFIDENCE, reason, major, None);
    }
    watch_or_go_on(evidence, predicted, prediction, violated(&|_| true), all)
}

fn watch_or_go_on<'a>(
    evidence: Option<&Evidence>,
    predicted: Option<&Prediction>,
    prediction: Option<&Prediction>,
    minor: Vec<Weighed<'a>>,
    all: &[Weighed<'a>],
) -> Choice<'a> {
    let watch = |confidence, rules| {
        let reason = "Potential issues detected, monitoring closely".to_owned();
        (Action::MonitorClosely, confidence, reason, rules, None)
    };
    if let Some(prediction) = predicted.filter(|prediction| prediction.confidence > LIKELY) {
        return watch(prediction.confidence, minor);
    }
    let suspicion = evidence.map_or(0.0, Evidence::confidence);
    if suspicion > SURE {
        return watch(suspicion, minor);
    }
    if !minor.is_empty() {
        return watch(MINOR_CONFIDENCE, minor);
    }
    let unseen = evidence.is_none_or(|evidence| evidence.shows == Showing::Nothing);
    let unknown = all.iter().filter(|(_, finding)| finding.outcome == Outcome::Unknown).count();
    if unseen && prediction.is_none() && unknown == all.len() {
        let reason = "Nothing could be measured yet".to_owned();
        return (Action::Continue, 0.0, reason, Vec::new(), None);
    }
    let mut reason = "All metrics within acceptable ranges".to_owned();
    if unknown > 0 {
        reason = format!("{reason}, as far as they are known");
    }
    let against = prediction.map_or(suspicion, |prediction| prediction.confidence);
    (Action::Continue, 1.0 - against, reason, Vec::new(), None)
}

fn find(rule: &Rule, input: &Input<'_>) -> Finding {
    let parts = rule.condition.parts(input.kpis);
    let outcome = if input.overridden.contains(&rule.name) {
        Outcome::Overridden
    } else {
        Outcome::of(rule.condition.holds(input.kpis))
    };
    let message = sentence(&parts);
    Finding { rule: rule.name.clone(), severity: rule.severity, outcome, message, parts }
}

fn violation(rule: &Rule, finding: &Finding) -> Violation {
    Violation {
        severity: rule.severity,
        rule: rule.name.clone(),
        message: finding.message.clone(),
        auto_rollback: rule.auto_rollback,
    }
}

/// What it would have taken to come out otherwise: of what decided, for it not to; of the others, for
/// them to decide.
fn otherwise(
    input: &Input<'_>,
    action: Action,
    chosen: &[Weighed<'_>],
    findings: &[Finding],
) -> Vec<String> {
    let mut all: Vec<String> =
        chosen.iter().filter_map(|(_, finding)| turn(finding, true)).collect();
    if action < Action::ImmediateRollback {
        let kept = findings.iter().filter(|finding| finding.outcome == Outcome::Kept);
        all.extend(kept.filter_map(|finding| turn(finding, false)));
    }
    if let Some(evidence) = input.evidence.filter(|evidence| evidence.shows != Showing::Worse) {
        all.push(format!("{JUDGE}: {}", evidence.summary));
    }
    all
}

/// Which comparisons would have to turn for a rule to come out otherwise.
fn turn(finding: &Finding, holds: bool) -> Option<String> {
    let parts = finding.parts.iter().filter(|part| part.holds == Some(holds));
    let turned: Vec<_> = parts.filter_map(turning).collect();
    let word = if holds { "would be kept" } else { "would be violated" };
    (!turned.is_empty()).then(|| {
        format!("{} {word} if {}", finding.rule, turned.join(if holds { " or " } else { " and " }))
    })
}

impl Decision {
    /// Whether the revision has to go now.
    pub fn is_immediate(&self) -> bool {
        self.action == Action::ImmediateRollback
    }
}
