use std::{collections::BTreeSet, time::Duration};

use crate::{
    Action, Decision, Evidence, Finding, JUDGE, KpiSnapshot, Outcome, PREDICTION, Part, Prediction,
    Rule, Severity, Showing, Violation,
    kpi::is_load,
    shown::{filled, sentence},
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
    /// What a model predicts, or why that is not known, where one is asked.
    pub prediction: Option<Result<&'a Prediction, &'a str>>,
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
/// | nothing | continue | 1 less the prediction's, else less `1 - 1/e`; times the share that is known |
///
/// What may be known: each rule, the judge where it shows the revision to be no worse, and a prediction.
///
/// That someone may have to take back what was overridden does not matter here: what is overridden
/// does not count.
pub fn decide(input: &Input<'_>) -> Decision {
    let findings: Vec<Finding> = input.rules.iter().map(|rule| find(rule, input)).collect();
    let all: Vec<_> = input.rules.iter().zip(&findings).collect();
    let (action, confidence, reason, chosen, time) = choose(input, &all);
    let violations = chosen.iter().map(|(rule, finding)| violation(rule, finding)).collect();
    let monitoring_duration = (action == Action::MonitorClosely).then_some(input.monitoring);
    let otherwise = otherwise(input, action, &chosen, &all);
    let prediction = input.prediction.and_then(Result::ok).cloned();
    let no_prediction = input.prediction.and_then(Result::err).map(str::to_owned);
    let known = is_known(input, counted(input), &all);
    Decision {
        action,
        confidence,
        reason,
        violations,
        time_to_rollback: time,
        monitoring_duration,
        evidence: input.evidence.cloned(),
        prediction,
        no_prediction,
        known,
        otherwise,
        rules: findings,
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
    let (evidence, prediction) = counted(input);
    if let Some(evidence) = evidence.filter(|evidence| evidence.shows == Showing::Worse) {
        let reason = format!("The judge shows the revision to be worse: {}", evidence.summary);
        let sure = evidence.confidence();
        return (Action::ImmediateRollback, sure, reason, Vec::new(), Some(AT_ONCE));
    }
    let sure = |found: &&Prediction| found.should_rollback && found.confidence > SURE;
    if let Some(prediction) = prediction.filter(sure) {
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
    watch_or_go_on(input, (evidence, prediction), violated(&|_| true), all)
}

/// The evidence and the prediction, as far as they are not overridden.
fn counted<'a>(input: &Input<'a>) -> (Option<&'a Evidence>, Option<&'a Prediction>) {
    let counts = |name: &str| !input.overridden.contains(name);
    let prediction = input.prediction.and_then(Result::ok);
    (input.evidence.filter(|_| counts(JUDGE)), prediction.filter(|_| counts(PREDICTION)))
}

fn watch_or_go_on<'a>(
    input: &Input<'_>,
    (evidence, prediction): (Option<&Evidence>, Option<&Prediction>),
    minor: Vec<Weighed<'a>>,
    all: &[Weighed<'a>],
) -> Choice<'a> {
    let watch = |confidence, rules| {
        let reason = "Potential issues detected, monitoring closely".to_owned();
        (Action::MonitorClosely, confidence, reason, rules, None)
    };
    let likely = |found: &&Prediction| found.should_rollback && found.confidence > LIKELY;
    if let Some(prediction) = prediction.filter(likely) {
        return watch(prediction.confidence, minor);
    }
    let suspicion = evidence.map_or(0.0, Evidence::confidence);
    if suspicion > SURE {
        return watch(suspicion, minor);
    }
    if !minor.is_empty() {
        return watch(MINOR_CONFIDENCE, minor);
    }
    let mut reason = "All metrics within acceptable ranges".to_owned();
    let sources = sources(evidence, prediction, all);
    let known = sources.iter().filter(|known| **known).count();
    if !is_known(input, (evidence, prediction), all) {
        "Too little is known yet".clone_into(&mut reason);
    } else if known < sources.len() {
        reason.push_str(", as far as they are known");
    }
    let beside = disregarded(input, all);
    if beside > 0 {
        reason = format!("{reason}, beside {beside} overridden");
    }
    let against = prediction.map_or(suspicion, |prediction| prediction.confidence);
    #[expect(clippy::cast_precision_loss, reason = "a few rules")]
    let share = known as f64 / sources.len().max(1) as f64;
    (Action::Continue, (1.0 - against) * share, reason, Vec::new(), None)
}

/// What could speak for going on, and whether it does: each rule that counts, and the judge and a
/// model where they have said something.
fn sources(
    evidence: Option<&Evidence>,
    prediction: Option<&Prediction>,
    all: &[Weighed<'_>],
) -> Vec<bool> {
    let counts = all.iter().filter(|(_, finding)| finding.outcome != Outcome::Overridden);
    let rules = counts.map(|(_, finding)| finding.outcome != Outcome::Unknown);
    let judged = evidence.filter(|evidence| evidence.shows == Showing::NoWorse).map(|_| true);
    rules.chain(judged).chain(prediction.map(|_| true)).collect()
}

/// Whether something is known of how the revision answers: the judge has shown it to be no worse, a
/// model has spoken, or a rule is known by more than the load. That is enough where no rule asks for
/// more, nor a judge or a model is asked.
fn is_known(
    input: &Input<'_>,
    (evidence, prediction): (Option<&Evidence>, Option<&Prediction>),
    all: &[Weighed<'_>],
) -> bool {
    let is_load = |part: &&Part| is_load(&part.name);
    let only_load = input.evidence.is_none()
        && input.prediction.is_none()
        && all.iter().flat_map(|(_, finding)| &finding.parts).all(|part| is_load(&part));
    let tells = |part: &Part| part.value.is_some() && (only_load || !is_load(&part));
    let told = |(_, finding): &Weighed<'_>| {
        finding.outcome != Outcome::Unknown && finding.parts.iter().any(tells)
    };
    prediction.is_some()
        || evidence.is_some_and(|evidence| evidence.shows == Showing::NoWorse)
        || all.iter().any(told)
}

/// How much would have decided, had nobody overridden it.
fn disregarded(input: &Input<'_>, all: &[Weighed<'_>]) -> usize {
    let overridden = |(rule, finding): &&Weighed<'_>| {
        let holds = || rule.condition.holds(&input.kpis.asked_by(&rule.condition));
        finding.outcome == Outcome::Overridden && holds() == Some(true)
    };
    let worse = |evidence: &Evidence| evidence.shows == Showing::Worse;
    let likely = |found: &Prediction| found.should_rollback && found.confidence > LIKELY;
    let model = input.prediction.and_then(Result::ok);
    all.iter().filter(overridden).count()
        + usize::from(input.overridden.contains(JUDGE) && input.evidence.is_some_and(worse))
        + usize::from(input.overridden.contains(PREDICTION) && model.is_some_and(likely))
}

fn find(rule: &Rule, input: &Input<'_>) -> Finding {
    let kpis = input.kpis.asked_by(&rule.condition);
    let parts = rule.condition.parts(&kpis);
    let holds = rule.condition.holds(&kpis);
    let outcome = if input.overridden.contains(&rule.name) {
        Outcome::Overridden
    } else {
        Outcome::of(holds)
    };
    let values = sentence(&parts);
    let message = match rule.message.as_ref().filter(|_| holds == Some(true)) {
        Some(message) => format!("{}: {values}", filled(message, &parts)),
        None => values,
    };
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
    weighed: &[Weighed<'_>],
) -> Vec<String> {
    let mut all: Vec<String> = chosen.iter().map(|one| turn(one, input)).collect();
    if action < Action::ImmediateRollback {
        let kept = weighed.iter().filter(|(_, finding)| finding.outcome == Outcome::Kept);
        all.extend(kept.map(|one| turn(one, input)));
    }
    if let Some(evidence) = input.evidence.filter(|evidence| evidence.shows != Showing::Worse) {
        all.push(format!("{JUDGE}: {}", evidence.summary));
    }
    all
}

/// What would have to change for a rule to come out otherwise.
fn turn((rule, finding): &Weighed<'_>, input: &Input<'_>) -> String {
    let broken = finding.outcome == Outcome::Violated;
    let word = if broken { "would be kept" } else { "would be violated" };
    let kpis = input.kpis.asked_by(&rule.condition);
    format!("{} {word} if {}", rule.name, rule.condition.turning(&kpis, !broken))
}

impl Decision {
    /// Whether the revision has to go now.
    pub fn is_immediate(&self) -> bool {
        self.action == Action::ImmediateRollback
    }
}
