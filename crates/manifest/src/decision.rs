//! The plugin `tidegate/decision`.

use std::{collections::BTreeMap, time::Duration};

use tidegate_analysis::{
    DecisionSettings, KNOWN_VALUES, PredictionFrom, Rule, RuleCondition, Severity, Unit, ValueFrom,
    change_name,
};

use crate::{
    duration,
    fields::decision::{DECISION, PREDICTION, RULE, VALUE},
    given::Fields,
    judge,
    node::Content,
    provider,
    quoted::number,
    report::Complaint,
    suggest::nearest,
    walk::{Spot, one_of, shortened},
};

/// More rules than anyone follows, and few enough to ask every second.
const MOST_RULES: usize = 64;

/// What can be overridden beside rules.
const RESERVED: [&str; 2] = ["judge", "prediction"];

/// What the default rules speak of and only another metric can measure.
const BUSINESS: &str = "conversionRate";

/// Of these there is no change: one is none itself, the other is so or not.
const UNCHANGING: [&str; 2] = ["memoryTrend", "memoryLeak"];

/// Reads the metric.
pub(crate) fn metric(spot: &Spot<'_>) -> Option<DecisionSettings> {
    let usual = DecisionSettings::default();
    if spot.is_null() {
        return Some(usual);
    }
    let fields = spot.fields(&DECISION)?;
    let overriders = fields.or("override", Vec::new(), people);
    let values = fields.or("values", BTreeMap::new(), values);
    let known = Names::of(&values);
    let prediction = fields.get("prediction").and_then(|spot| prediction(spot, &overriders));
    let (prediction, scheduled_after) = match prediction {
        Some((from, after)) => (Some(from), after),
        None => (None, usual.scheduled_after),
    };
    let defaults = |rules: Vec<Rule>| -> Vec<Rule> {
        rules.into_iter().map(|rule| Rule { overriders: overriders.clone(), ..rule }).collect()
    };
    Some(DecisionSettings {
        rules: match fields.get("rules") {
            Some(spot) => rules(spot, &known, &overriders)?,
            None => defaults(usual.rules),
        },
        values,
        window: fields.or("window", usual.window, provider::window),
        least: fields.or("minRequests", usual.least, |spot| number(spot, 1, i64::from(u32::MAX))),
        judge: fields.get("judge").map_or(usual.judge, judged),
        judge_overriders: overriders,
        prediction,
        scheduled_after,
        monitoring: fields.or("monitoring", usual.monitoring, lasting),
        warm_up: fields.or("warmUp", usual.warm_up, duration::read),
    })
}

fn judged(spot: &Spot<'_>) -> Option<tidegate_analysis::JudgeSettings> {
    match &spot.node.content {
        Content::Bool(false) => None,
        Content::Bool(true) => Some(tidegate_analysis::JudgeSettings::default()),
        _ => judge::read(spot),
    }
}

/// A list of names.
fn people(spot: &Spot<'_>) -> Option<Vec<String>> {
    Some(spot.items()?.iter().filter_map(Spot::filled_text).map(str::to_owned).collect())
}

/// More than no time.
fn lasting(spot: &Spot<'_>) -> Option<Duration> {
    let duration = duration::read(spot)?;
    if duration.is_zero() {
        spot.refuse("more than no time, such as 5m");
    }
    Some(duration)
}

fn prediction(spot: &Spot<'_>, overriders: &[String]) -> Option<(PredictionFrom, Duration)> {
    let fields = spot.fields(&PREDICTION)?;
    let usual = DecisionSettings::default().scheduled_after;
    let after = fields.or("rollbackAfter", usual, lasting);
    let metric = fields.need("metric").and_then(Spot::filled_text)?.to_owned();
    Some((PredictionFrom { metric, overriders: overriders.to_vec() }, after))
}

fn values(spot: &Spot<'_>) -> Option<BTreeMap<String, ValueFrom>> {
    let entries = spot.entries()?;
    if entries.len() > MOST_RULES {
        let complaint = Complaint::new(format!("found {} values", entries.len()));
        spot.complain(complaint.allow(format!("at most {MOST_RULES}")));
    }
    let mut values = BTreeMap::new();
    for (name, spot) in entries {
        let alone = |text: &str| {
            let read = RuleCondition::parse(text).ok();
            read.is_some_and(|read| read.names() == [(text, true)])
        };
        let taken = KNOWN_VALUES.iter().any(|(known, _)| *known == name);
        if !alone(name) || taken {
            let complaint = Complaint::new(format!("found the name {:?}", shortened(name)));
            spot.complain_of_key(complaint.allow(
                "letters, digits, _ and ., a letter first, and no name of what is measured anyway",
            ));
        }
        values.extend(value(&spot).map(|value| (name.to_owned(), value)));
    }
    Some(values)
}

fn value(spot: &Spot<'_>) -> Option<ValueFrom> {
    let fields = spot.fields(&VALUE)?;
    let units = [
        ("percent", Unit::Percent),
        ("ms", Unit::Milliseconds),
        ("perSecond", Unit::PerSecond),
        ("number", Unit::Number),
    ];
    let unit = fields.or("unit", Unit::Number, |spot| spot.word(&units));
    let baseline = fields.get("baseline").and_then(Spot::filled_text).map(str::to_owned);
    let metric = fields.need("metric").and_then(Spot::filled_text)?.to_owned();
    Some(ValueFrom { metric, baseline, unit })
}

/// What rules may speak of, and what of it is so or not.
struct Names {
    all: Vec<(String, Unit)>,
    measures_business: bool,
}

impl Names {
    fn of(values: &BTreeMap<String, ValueFrom>) -> Self {
        let mut all = Vec::new();
        for (name, unit) in KNOWN_VALUES {
            all.push((name.to_owned(), unit));
            if !UNCHANGING.contains(&name) {
                all.push((change_name(name), Unit::Percent));
            }
        }
        if !values.contains_key(BUSINESS) {
            all.push((BUSINESS.to_owned(), Unit::Number));
            all.push((change_name(BUSINESS), Unit::Percent));
        }
        for (name, from) in values {
            all.push((name.clone(), from.unit));
            all.extend(from.baseline.as_ref().map(|_| (change_name(name), Unit::Percent)));
        }
        let measures_business = values.contains_key(BUSINESS);
        Self { all, measures_business }
    }

    fn check(&self, spot: &Spot<'_>, condition: &RuleCondition) {
        for (name, alone) in condition.names() {
            let Some((_, unit)) = self.all.iter().find(|(known, _)| known == name) else {
                let known = || self.all.iter().map(|(known, _)| known.as_str());
                let complaint = Complaint::new(format!("nothing measures {:?}", shortened(name)));
                let complaint = complaint.allow(one_of(known()));
                let lacks_baseline = known().any(|known| change_name(known) == name);
                spot.complain(match nearest(name, known()) {
                    Some(near) if !lacks_baseline => complaint.suggest(Some(near)),
                    _ => complaint.hint("declare it below values, with a baseline for its change"),
                });
                continue;
            };
            if name.starts_with(BUSINESS) && !self.measures_business {
                spot.note(format!("nothing measures {BUSINESS} until it is declared below values"));
            }
            match (alone, *unit == Unit::Flag) {
                (true, false) => {
                    let complaint = Complaint::new(format!("{name} is a number"));
                    spot.complain(complaint.hint(format!("compare it: {name} > 5")));
                }
                (false, true) => {
                    let complaint = Complaint::new(format!("{name} is so or not"));
                    spot.complain(complaint.hint(format!("write {name} alone, or !{name}")));
                }
                _ => {}
            }
        }
    }
}

fn rules(spot: &Spot<'_>, known: &Names, overriders: &[String]) -> Option<Vec<Rule>> {
    let items = spot.items()?;
    if items.len() > MOST_RULES {
        let complaint = Complaint::new(format!("found {} rules", items.len()));
        spot.complain(complaint.allow(format!("at most {MOST_RULES}")));
    }
    let mut rules: Vec<Rule> = Vec::new();
    for item in items {
        let Some(rule) = rule(&item, known, overriders) else { continue };
        if rules.iter().any(|other| other.name == rule.name) {
            let complaint = Complaint::new(format!("another rule is called {:?}", rule.name));
            item.complain(complaint.allow("a name of its own"));
        }
        rules.push(rule);
    }
    Some(rules)
}

fn rule(spot: &Spot<'_>, known: &Names, overriders: &[String]) -> Option<Rule> {
    let fields = spot.fields(&RULE)?;
    let name = fields.need("name").and_then(rule_name);
    let severities =
        [("critical", Severity::Critical), ("major", Severity::Major), ("minor", Severity::Minor)];
    let severity = fields.need("severity").and_then(|spot| spot.word(&severities));
    let condition = fields.need("condition").and_then(|spot| condition(spot, known));
    let auto = fields.get("autoRollback").and_then(Spot::boolean);
    let rollback_after = fields.get("rollbackAfter").and_then(lasting);
    let overriders = fields.or("override", overriders.to_vec(), people);
    let message = fields.get("message").and_then(|spot| message(spot, condition.as_ref()));
    let severity = severity?;
    check_rollback(&fields, severity, auto);
    Some(Rule {
        name: name?,
        severity,
        condition: condition?,
        message,
        auto_rollback: auto.unwrap_or(severity == Severity::Critical),
        rollback_after,
        overriders,
    })
}

/// Words, and in braces names of the condition.
fn message(spot: &Spot<'_>, condition: Option<&RuleCondition>) -> Option<String> {
    let text = spot.filled_text()?;
    let names = condition?.names();
    let braced = text.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0));
    for name in braced.filter(|name| names.iter().all(|(known, _)| known != name)) {
        let complaint = Complaint::new(format!("found {{{}}}", shortened(name)));
        spot.complain(complaint.allow(one_of(names.iter().map(|(known, _)| *known))));
    }
    Some(text.to_owned())
}

fn rule_name(spot: &Spot<'_>) -> Option<String> {
    let name = spot.filled_text()?;
    if RESERVED.contains(&name) {
        spot.refuse("a name other than judge and prediction, which are overridden by these names");
    }
    Some(name.to_owned())
}

/// A permission that nothing would come of is a mistake.
fn check_rollback(fields: &Fields<'_>, severity: Severity, auto: Option<bool>) {
    if let (Some(spot), true, Severity::Minor) =
        (fields.get("autoRollback"), auto == Some(true), severity)
    {
        let complaint = Complaint::new("a minor rule takes no revision back");
        spot.complain(complaint.hint("make it major or critical, or leave this out"));
    }
    let Some(spot) = fields.get("rollbackAfter") else { return };
    if severity != Severity::Major || auto != Some(true) {
        let complaint = Complaint::new("has no effect on this rule");
        let hint = "it is for severity: major with autoRollback: true; a critical rule takes the \
                    revision back at once";
        spot.complain(complaint.hint(hint));
    }
}

fn condition(spot: &Spot<'_>, known: &Names) -> Option<RuleCondition> {
    let text = spot.filled_text()?;
    match RuleCondition::parse(text) {
        Ok(condition) => {
            known.check(spot, &condition);
            Some(condition)
        }
        Err(error) => {
            let place = spot.inner_place(1, error.column);
            let complaint = Complaint::new(format!("no condition of a rule: {}", error.problem));
            spot.complain_inside(place, &spot.path, complaint);
            None
        }
    }
}
