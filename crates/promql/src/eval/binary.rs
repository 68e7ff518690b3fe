use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crate::{
    error::EvalError,
    eval::{
        Evaluated, Run,
        steps::{Input, Output},
    },
    labels::{Labels, NAME},
    series::{Series, Span},
    syntax::{Binary, Cardinality, Comparison, Matching, MatchingLabels, ValueType},
    token::Operator,
};

impl Run<'_> {
    pub(super) fn binary(&self, binary: &Binary, span: Span) -> Evaluated<Vec<Series>> {
        let scalar = |side: ValueType| side == ValueType::Scalar;
        let sides = (binary.left.value_type(), binary.right.value_type());
        let left = self.eval(&binary.left, span)?;
        let right = self.eval(&binary.right, span)?;
        match sides {
            (left_type, right_type) if scalar(left_type) && scalar(right_type) => {
                self.by_step([&left, &right], span, |_, [left, right]| {
                    Ok(scalars(binary.operator, left, right))
                })
            }
            (_, right_type) if scalar(right_type) => {
                self.by_step([&left, &right], span, |_, [inputs, scalar]| {
                    let Some(scalar) = scalar.first() else { return Ok(Vec::new()) };
                    Ok(with_scalar(binary, &left, inputs, |value| (value, scalar.value)))
                })
            }
            (left_type, _) if scalar(left_type) => {
                self.by_step([&left, &right], span, |_, [scalar, inputs]| {
                    let Some(scalar) = scalar.first() else { return Ok(Vec::new()) };
                    Ok(with_scalar(binary, &right, inputs, |value| (scalar.value, value)))
                })
            }
            _ => self.vectors(binary, &left, &right, span),
        }
    }

    fn vectors(
        &self,
        binary: &Binary,
        left: &[Series],
        right: &[Series],
        span: Span,
    ) -> Evaluated<Vec<Series>> {
        let signatures = |all: &[Series]| -> Vec<Labels> {
            all.iter().map(|series| signature(&binary.matching, &series.labels)).collect()
        };
        let join = Join {
            binary,
            left: Side { series: left, signatures: signatures(left) },
            right: Side { series: right, signatures: signatures(right) },
        };
        self.by_step([left, right], span, |_, [left, right]| match binary.operator {
            Operator::And | Operator::Or | Operator::Unless => Ok(join.set(left, right)),
            _ => join.one_by_one(left, right),
        })
    }
}

/// What both sides of a match have in common.
fn signature(matching: &Matching, labels: &Labels) -> Labels {
    match &matching.labels {
        MatchingLabels::On(on) => labels.keep(on),
        MatchingLabels::Ignoring(ignored) => labels.without(ignored).without_name(),
    }
}

fn scalars(operator: Operator, left: &[Input], right: &[Input]) -> Vec<Output> {
    let both = left.iter().zip(right);
    both.map(|(left, right)| {
        let (value, holds) = work_out(operator, left.value, right.value);
        let value = if operator.is_comparison() { f64::from(u8::from(holds)) } else { value };
        Output { labels: Labels::default(), value }
    })
    .collect()
}

/// Each number of a vector with a scalar; `order` puts them on their sides. A comparison keeps the
/// vector's number, on whichever side it is.
fn with_scalar(
    binary: &Binary,
    series: &[Series],
    inputs: &[Input],
    order: impl Fn(f64) -> (f64, f64),
) -> Vec<Output> {
    let Binary { operator, answer, .. } = binary;
    let is_bool = *answer == Comparison::Bool;
    let one = |input: &Input| {
        let (left, right) = order(input.value);
        let (value, holds) = work_out(*operator, left, right);
        let value = match (is_bool, operator.is_comparison()) {
            (true, _) => f64::from(u8::from(holds)),
            (false, true) => input.value,
            (false, false) => value,
        };
        let labels = &series.get(input.series)?.labels;
        let renamed = is_bool || operator.drops_name();
        let labels = if renamed { labels.without_name() } else { labels.clone() };
        (holds || is_bool).then_some(Output { labels, value })
    };
    inputs.iter().filter_map(one).collect()
}

/// What an operator makes of two numbers, and whether a comparison holds: one that holds gives the
/// left number.
fn work_out(operator: Operator, left: f64, right: f64) -> (f64, bool) {
    #[expect(clippy::float_cmp, reason = "the language compares floats exactly")]
    match operator {
        Operator::Add => (left + right, true),
        Operator::Sub => (left - right, true),
        Operator::Mul => (left * right, true),
        Operator::Div => (left / right, true),
        Operator::Mod => (left % right, true),
        Operator::Pow => (left.powf(right), true),
        Operator::Atan2 => (left.atan2(right), true),
        Operator::Equal => (left, left == right),
        Operator::NotEqual => (left, left != right),
        Operator::Greater => (left, left > right),
        Operator::Less => (left, left < right),
        Operator::GreaterOrEqual => (left, left >= right),
        Operator::LessOrEqual => (left, left <= right),
        Operator::And | Operator::Or | Operator::Unless => (left, true),
    }
}

struct Side<'a> {
    series: &'a [Series],
    /// Of each series.
    signatures: Vec<Labels>,
}

impl Side<'_> {
    fn labels(&self, input: &Input) -> Labels {
        self.series.get(input.series).map(|series| series.labels.clone()).unwrap_or_default()
    }

    fn signature(&self, input: &Input) -> Option<&Labels> {
        self.signatures.get(input.series)
    }

    fn present<'s>(&'s self, inputs: &[Input]) -> BTreeSet<Option<&'s Labels>> {
        inputs.iter().map(|input| self.signature(input)).collect()
    }

    fn output(&self, input: &Input) -> Output {
        Output { labels: self.labels(input), value: input.value }
    }
}

/// Two vectors that are matched by their labels.
struct Join<'a> {
    binary: &'a Binary,
    left: Side<'a>,
    right: Side<'a>,
}

impl Join<'_> {
    fn set(&self, left: &[Input], right: &[Input]) -> Vec<Output> {
        let on_right = self.right.present(right);
        let also = |input: &&Input| on_right.contains(&self.left.signature(input));
        let kept = |input: &Input| self.left.output(input);
        match self.binary.operator {
            Operator::And => left.iter().filter(also).map(kept).collect(),
            Operator::Unless => left.iter().filter(|input| !also(input)).map(kept).collect(),
            _ => {
                let on_left = self.left.present(left);
                let only = right.iter().filter(|it| !on_left.contains(&self.right.signature(it)));
                let only = only.map(|input| self.right.output(input));
                left.iter().map(kept).chain(only).collect()
            }
        }
    }

    fn one_by_one(&self, left: &[Input], right: &[Input]) -> Evaluated<Vec<Output>> {
        if left.is_empty() || right.is_empty() {
            return Ok(Vec::new());
        }
        let swapped = self.binary.matching.grouping == Cardinality::OneToMany;
        let (many, one) =
            if swapped { (&self.right, &self.left) } else { (&self.left, &self.right) };
        let (manies, ones) = if swapped { (right, left) } else { (left, right) };
        let ones = self.by_signature(one, ones)?;
        let mut matched = Matched::default();
        let mut made = Vec::new();
        for input in manies {
            let Some(signature) = many.signature(input) else { continue };
            let Some(partner) = ones.get(signature) else { continue };
            let (left, right) =
                if swapped { (partner.value, input.value) } else { (input.value, partner.value) };
            let (value, holds) = work_out(self.binary.operator, left, right);
            let is_bool = self.binary.answer == Comparison::Bool;
            if !holds && !is_bool {
                continue;
            }
            let value = if is_bool { f64::from(u8::from(holds)) } else { value };
            let labels = self.result_labels(&many.labels(input), &one.labels(partner));
            matched.insert(self.binary.matching.grouping, signature, &labels)?;
            made.push(Output { labels, value });
        }
        Ok(made)
    }

    /// Of the side that may have only one series for each match.
    fn by_signature<'s>(
        &self,
        side: &'s Side<'_>,
        inputs: &'s [Input],
    ) -> Evaluated<BTreeMap<&'s Labels, &'s Input>> {
        let mut found: BTreeMap<&Labels, &Input> = BTreeMap::new();
        for input in inputs {
            let Some(signature) = side.signature(input) else { continue };
            if let Some(other) = found.insert(signature, input) {
                let swapped = self.binary.matching.grouping == Cardinality::OneToMany;
                let hand = if swapped { "left" } else { "right" };
                let (this, other) = (side.labels(input), side.labels(other));
                return Err(EvalError::execution(format!(
                    "found duplicate series for the match group {signature} on the {hand} \
                     hand-side of the operation: [{this}, {other}];many-to-many matching not \
                     allowed: matching labels must be unique on one side"
                )));
            }
        }
        Ok(found)
    }

    fn result_labels(&self, many: &Labels, one: &Labels) -> Labels {
        let Binary { operator, matching, answer, .. } = self.binary;
        let mut labels = if operator.drops_name() { many.without_name() } else { many.clone() };
        if matching.grouping == Cardinality::OneToOne {
            labels = match &matching.labels {
                MatchingLabels::On(on) => labels.keep(on),
                MatchingLabels::Ignoring(ignored) => labels.without(ignored),
            };
        }
        for name in &matching.include {
            labels = labels.with(name, one.get(name));
        }
        let name: Arc<str> = NAME.into();
        if *answer == Comparison::Bool { labels.without(&[name]) } else { labels }
    }
}

/// Which matches were made, to refuse those that leave it open what belongs together.
#[derive(Default)]
struct Matched<'a>(BTreeMap<&'a Labels, BTreeSet<Labels>>);

impl<'a> Matched<'a> {
    fn insert(
        &mut self,
        grouping: Cardinality,
        signature: &'a Labels,
        result: &Labels,
    ) -> Evaluated<()> {
        let results = self.0.entry(signature).or_default();
        let again = !results.is_empty();
        let is_new = results.insert(result.clone());
        let problem = match grouping {
            Cardinality::OneToOne if again => {
                "multiple matches for labels: many-to-one matching must be explicit \
                 (group_left/group_right)"
            }
            Cardinality::ManyToOne | Cardinality::OneToMany if !is_new => {
                "multiple matches for labels: grouping labels must ensure unique matches"
            }
            _ => return Ok(()),
        };
        Err(EvalError::execution(problem))
    }
}
