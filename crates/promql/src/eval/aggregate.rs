use std::{collections::BTreeMap, sync::Arc};

use crate::{
    error::EvalError,
    eval::{
        Evaluated, Run,
        call::order,
        steps::{Input, Output},
    },
    labels::{Labels, is_label_name},
    number::{plain_text, scientific},
    quantile::quantile,
    series::{Series, Span},
    syntax::{Aggregate, ExprKind, Grouping},
    token::Aggregator,
};

/// Beyond these, `topk`'s number is none.
const WHOLE: std::ops::RangeInclusive<f64> =
    -9_223_372_036_854_775_808.0..=9_223_372_036_854_774_784.0;

impl Run<'_> {
    pub(super) fn aggregate(&self, aggregate: &Aggregate, span: Span) -> Evaluated<Vec<Series>> {
        let label = match aggregate.parameter.as_ref().map(|parameter| &parameter.bare().kind) {
            Some(ExprKind::Text(label)) => Some(label.as_str()),
            _ => None,
        };
        let parameters = match &aggregate.parameter {
            Some(parameter) if label.is_none() => self.scalars(parameter, span)?,
            _ => Vec::new(),
        };
        let all = self.eval(&aggregate.expr, span)?;
        let groups: Vec<Labels> =
            all.iter().map(|series| group(&aggregate.grouping, &series.labels)).collect();
        self.by_step([&all], span, |step, [inputs]| {
            let grouped = Grouped::new(inputs, &groups);
            match (aggregate.aggregator, label) {
                (Aggregator::CountValues, label) => {
                    count_values(aggregate, label.unwrap_or_default(), inputs, &all)
                }
                (aggregator @ (Aggregator::Topk | Aggregator::Bottomk), _) => {
                    let limit = parameters.get(step).copied().unwrap_or(f64::NAN);
                    extremes(aggregator, limit, &grouped, &all)
                }
                (aggregator, _) => {
                    let parameter = parameters.get(step).copied().unwrap_or(f64::NAN);
                    let one = |(labels, inputs): &(&Labels, Vec<Input>)| Output {
                        labels: (*labels).clone(),
                        value: summary(aggregator, parameter, inputs),
                    };
                    Ok(grouped.0.iter().map(one).collect())
                }
            }
        })
    }
}

fn group(grouping: &Grouping, labels: &Labels) -> Labels {
    match grouping {
        Grouping::By(by) => labels.keep(by),
        Grouping::Without(without) => labels.without(without).without_name(),
    }
}

/// What belongs together, in the order in which the first of each comes.
struct Grouped<'a>(Vec<(&'a Labels, Vec<Input>)>);

impl<'a> Grouped<'a> {
    fn new(inputs: &[Input], groups: &'a [Labels]) -> Self {
        let mut places: BTreeMap<&Labels, usize> = BTreeMap::new();
        let mut grouped: Vec<(&Labels, Vec<Input>)> = Vec::new();
        for input in inputs {
            let Some(labels) = groups.get(input.series) else { continue };
            let place = *places.entry(labels).or_insert(grouped.len());
            match grouped.get_mut(place) {
                Some((_, members)) => members.push(*input),
                None => grouped.push((labels, vec![*input])),
            }
        }
        Self(grouped)
    }
}

/// One number of a group, which has at least one member.
fn summary(aggregator: Aggregator, parameter: f64, inputs: &[Input]) -> f64 {
    let values = inputs.iter().map(|input| input.value);
    #[expect(clippy::cast_precision_loss, reason = "counts are below 2^53")]
    let count = inputs.len() as f64;
    match aggregator {
        Aggregator::Sum => values.reduce(|sum, value| sum + value).unwrap_or(f64::NAN),
        Aggregator::Avg => mean(values),
        Aggregator::Min => values
            .reduce(|min, v| if min > v || min.is_nan() { v } else { min })
            .unwrap_or(f64::NAN),
        Aggregator::Max => values
            .reduce(|max, v| if max < v || max.is_nan() { v } else { max })
            .unwrap_or(f64::NAN),
        Aggregator::Group => 1.0,
        Aggregator::Stdvar => variance(values),
        Aggregator::Stddev => variance(values).sqrt(),
        Aggregator::Quantile => quantile(parameter, values.collect()),
        Aggregator::Count | Aggregator::CountValues | Aggregator::Topk | Aggregator::Bottomk => {
            count
        }
    }
}

/// Built up step by step, so that no sum overflows; an infinity stays.
fn mean(mut values: impl Iterator<Item = f64>) -> f64 {
    let (mut mean, mut count) = (values.next().unwrap_or(f64::NAN), 1.0);
    for value in values {
        count += 1.0;
        let same_infinity = value.is_infinite() && (mean > 0.0) == (value > 0.0);
        if mean.is_infinite() && (same_infinity || value.is_finite()) {
            continue;
        }
        mean += value / count - mean / count;
    }
    mean
}

/// Welford's way.
fn variance(mut values: impl Iterator<Item = f64>) -> f64 {
    let (mut mean, mut squares, mut count) = (values.next().unwrap_or(f64::NAN), 0.0, 1.0);
    for value in values {
        count += 1.0;
        let delta = value - mean;
        mean += delta / count;
        squares += delta * (value - mean);
    }
    squares / count
}

/// How many series have each value.
fn count_values(
    aggregate: &Aggregate,
    label: &str,
    inputs: &[Input],
    all: &[Series],
) -> Evaluated<Vec<Output>> {
    if !is_label_name(label) {
        return Err(EvalError::execution(format!("invalid label name {label:?}")));
    }
    let mut grouping = aggregate.grouping.clone();
    if let Grouping::By(by) = &mut grouping {
        by.push(Arc::from(label));
    }
    let with_value = |input: &Input| {
        let labels = all.get(input.series).map(|series| series.labels.clone());
        group(&grouping, &labels.unwrap_or_default().with(label, &plain_text(input.value)))
    };
    let groups: Vec<Labels> = inputs.iter().map(with_value).collect();
    let inputs: Vec<Input> = (0..inputs.len()).map(|series| Input { series, value: 1.0 }).collect();
    let grouped = Grouped::new(&inputs, &groups);
    let one = |(labels, members): &(&Labels, Vec<Input>)| Output {
        labels: (*labels).clone(),
        value: summary(Aggregator::Count, f64::NAN, members),
    };
    Ok(grouped.0.iter().map(one).collect())
}

/// The largest or smallest of each group, with all their labels.
fn extremes(
    aggregator: Aggregator,
    limit: f64,
    grouped: &Grouped<'_>,
    all: &[Series],
) -> Evaluated<Vec<Output>> {
    if !WHOLE.contains(&limit) {
        let shown = scientific(limit);
        return Err(EvalError::execution(format!("Scalar value {shown} overflows int64")));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it saturates")]
    let limit = limit.max(0.0) as usize;
    let largest_first = aggregator == Aggregator::Topk;
    let mut made = Vec::new();
    for (_, inputs) in &grouped.0 {
        let mut sorted = inputs.clone();
        sorted.sort_by(|one, other| order(one.value, other.value, largest_first));
        for input in sorted.into_iter().take(limit) {
            let labels = all.get(input.series).map(|series| series.labels.clone());
            made.push(Output { labels: labels.unwrap_or_default(), value: input.value });
        }
    }
    Ok(made)
}
