use std::{cmp::Ordering, collections::BTreeMap, sync::Arc};

use crate::{
    error::EvalError,
    eval::{
        Evaluated, Run,
        dates::Date,
        relabel,
        steps::{Input, Output, distinct},
        windows::WindowFunction,
    },
    function::{Body, Function, Own},
    labels::{Labels, NAME},
    matcher::MatchKind,
    quantile::{Bucket, bucket_quantile},
    series::{Point, Series, Span},
    syntax::{Expr, ExprKind, ValueType},
};

/// The label of a bucket's bound.
const BOUND: &str = "le";

impl Run<'_> {
    pub(super) fn call(
        &self,
        function: &Function,
        arguments: &[Expr],
        span: Span,
    ) -> Evaluated<Vec<Series>> {
        match function.body {
            Body::Math(math) => self.map(first(arguments)?, span, math),
            Body::Window(window) => self.over_windows(window, arguments, span),
            Body::Date(part) => self.dates(part, arguments, span),
            Body::Own(own) => self.own(own, arguments, span),
        }
    }

    /// Each number becomes another, which is another quantity.
    fn map(&self, vector: &Expr, span: Span, map: impl Fn(f64) -> f64) -> Evaluated<Vec<Series>> {
        self.map_by_step(vector, span, |_, value| Some(map(value)))
    }

    fn map_by_step(
        &self,
        vector: &Expr,
        span: Span,
        map: impl Fn(usize, f64) -> Option<f64>,
    ) -> Evaluated<Vec<Series>> {
        let all = self.eval(vector, span)?;
        let named: Vec<Labels> = all.iter().map(|series| series.labels.without_name()).collect();
        self.by_step([&all], span, |step, [inputs]| {
            let one = |input: &Input| {
                let labels = named.get(input.series)?.clone();
                Some(Output { labels, value: map(step, input.value)? })
            };
            Ok(inputs.iter().filter_map(one).collect())
        })
    }

    fn over_windows(
        &self,
        function: WindowFunction,
        arguments: &[Expr],
        span: Span,
    ) -> Evaluated<Vec<Series>> {
        let mut parameters = Vec::new();
        let mut matrix = None;
        for argument in arguments {
            match argument.value_type() {
                ValueType::Matrix => matrix = Some(argument),
                _ => parameters.push(self.scalars(argument, span)?),
            }
        }
        let matrix = matrix.ok_or_else(|| EvalError::execution("a range is wanted"))?;
        let windows = self.windows(matrix, span)?;
        let mut all = Vec::new();
        for series in &windows.series {
            self.in_time()?;
            let mut points = Vec::new();
            for (index, at) in span.moments().enumerate() {
                let window = self.window(&windows, series, at);
                if window.points.is_empty() {
                    continue;
                }
                let given: Vec<_> =
                    parameters.iter().filter_map(|of_steps| of_steps.get(index).copied()).collect();
                if let Some(value) = function.apply(&window, &given)? {
                    points.push(Point { at, value });
                }
            }
            self.spend(points.len())?;
            if !points.is_empty() {
                let keeps_name = function == WindowFunction::Last;
                let labels = &series.labels;
                let labels = if keeps_name { labels.clone() } else { labels.without_name() };
                all.push(Series { labels, points });
            }
        }
        distinct(all)
    }

    /// Without an argument, of the moment that is asked about.
    fn dates(
        &self,
        part: fn(Date) -> i64,
        arguments: &[Expr],
        span: Span,
    ) -> Evaluated<Vec<Series>> {
        match arguments.first() {
            Some(vector) => self.map(vector, span, |value| Date::part(value, part)),
            None => self.each_moment(span, |at| Date::part(seconds(at).floor(), part)),
        }
    }

    /// One series without labels.
    fn each_moment(&self, span: Span, value: impl Fn(i64) -> f64) -> Evaluated<Vec<Series>> {
        self.spend(span.count())?;
        let points = span.moments().map(|at| Point { at, value: value(at) }).collect();
        Ok(vec![Series { labels: Labels::default(), points }])
    }

    fn own(&self, own: Own, arguments: &[Expr], span: Span) -> Evaluated<Vec<Series>> {
        match own {
            Own::Absent => self.absent(first(arguments)?, span),
            Own::AbsentOverTime => self.absent_over_time(first(arguments)?, span),
            Own::Clamp | Own::ClampMax | Own::ClampMin => self.clamp(own, arguments, span),
            Own::HistogramQuantile => self.histogram_quantile(arguments, span),
            Own::LabelJoin => relabel::join(self, arguments, span),
            Own::LabelReplace => relabel::replace(self, arguments, span),
            Own::NativeHistogram => Ok(Vec::new()),
            Own::Pi => self.constant(std::f64::consts::PI, span),
            Own::Round => self.round(arguments, span),
            Own::Scalar => self.scalar(first(arguments)?, span),
            Own::Sort | Own::SortDesc => self.sort(own, first(arguments)?, span),
            Own::Time => self.each_moment(span, seconds),
            Own::Timestamp => self.timestamp(first(arguments)?, span),
            Own::Vector => self.eval(first(arguments)?, span),
        }
    }

    /// A sample's own time where a selector is asked of directly, else the moment asked about.
    fn timestamp(&self, vector: &Expr, span: Span) -> Evaluated<Vec<Series>> {
        let mut all = match &vector.bare().kind {
            ExprKind::Selector(selector) => self.taken(selector, span)?,
            _ => self.eval(vector, span)?,
        };
        let direct = matches!(vector.bare().kind, ExprKind::Selector(_));
        for series in &mut all {
            series.labels = series.labels.without_name();
            for point in series.points.iter_mut().filter(|_| !direct) {
                point.value = seconds(point.at);
            }
        }
        self.together(&all, span)
    }

    fn scalar(&self, vector: &Expr, span: Span) -> Evaluated<Vec<Series>> {
        let all = self.eval(vector, span)?;
        self.by_step([&all], span, |_, [inputs]| {
            let value = match inputs {
                [only] => only.value,
                _ => f64::NAN,
            };
            Ok(vec![Output { labels: Labels::default(), value }])
        })
    }

    fn absent(&self, vector: &Expr, span: Span) -> Evaluated<Vec<Series>> {
        let all = self.eval(vector, span)?;
        let labels = labels_asked_for(vector);
        self.by_step([&all], span, |_, [inputs]| {
            let missing = inputs.is_empty();
            Ok(missing.then(|| Output { labels: labels.clone(), value: 1.0 }).into_iter().collect())
        })
    }

    fn absent_over_time(&self, matrix: &Expr, span: Span) -> Evaluated<Vec<Series>> {
        let windows = self.windows(matrix, span)?;
        let nothing = |at: &i64| {
            windows.series.iter().all(|series| self.window(&windows, series, *at).points.is_empty())
        };
        let one = |at| Point { at, value: 1.0 };
        let points: Vec<_> = span.moments().filter(nothing).map(one).collect();
        self.spend(points.len())?;
        let labels = labels_asked_for(matrix);
        let found = !points.is_empty();
        Ok(found.then_some(Series { labels, points }).into_iter().collect())
    }

    fn clamp(&self, own: Own, arguments: &[Expr], span: Span) -> Evaluated<Vec<Series>> {
        let bound = |index: usize, beyond: f64| match arguments.get(index) {
            Some(argument) => self.scalars(argument, span),
            None => Ok(vec![beyond; span.count()]),
        };
        let (lower, upper) = match own {
            Own::ClampMax => (vec![f64::NEG_INFINITY; span.count()], bound(1, f64::INFINITY)?),
            _ => (bound(1, f64::NEG_INFINITY)?, bound(2, f64::INFINITY)?),
        };
        self.map_by_step(first(arguments)?, span, |step, value| {
            let (lower, upper) = (lower.get(step)?, upper.get(step)?);
            let crossed = own == Own::Clamp && upper < lower;
            let below = if own == Own::ClampMin { value } else { least(*upper, value) };
            let kept = if own == Own::ClampMax { below } else { greatest(*lower, below) };
            (!crossed).then_some(kept)
        })
    }

    /// Ties go up.
    fn round(&self, arguments: &[Expr], span: Span) -> Evaluated<Vec<Series>> {
        let nearest = match arguments.get(1) {
            Some(argument) => self.scalars(argument, span)?,
            None => vec![1.0; span.count()],
        };
        self.map_by_step(first(arguments)?, span, |step, value| {
            let inverse = 1.0 / nearest.get(step)?;
            Some((value * inverse + 0.5).floor() / inverse)
        })
    }

    fn sort(&self, own: Own, vector: &Expr, span: Span) -> Evaluated<Vec<Series>> {
        let all = self.eval(vector, span)?;
        self.by_step([&all], span, |_, [inputs]| {
            let mut sorted = inputs.to_vec();
            sorted.sort_by(|one, other| order(one.value, other.value, own == Own::SortDesc));
            let one = |input: Input| {
                let labels = all.get(input.series)?.labels.clone();
                Some(Output { labels, value: input.value })
            };
            Ok(sorted.into_iter().filter_map(one).collect())
        })
    }

    fn histogram_quantile(&self, arguments: &[Expr], span: Span) -> Evaluated<Vec<Series>> {
        let [q, vector] = arguments else {
            return Err(EvalError::execution("histogram_quantile takes a number and buckets"));
        };
        let q = self.scalars(q, span)?;
        let all = self.eval(vector, span)?;
        let bound: [Arc<str>; 1] = [BOUND.into()];
        let of_series = |series: &Series| {
            let upper: f64 = series.labels.get(BOUND).parse().ok()?;
            // Two metrics may be in the vector: the name tells their buckets apart.
            Some((series.labels.without(&bound), upper))
        };
        let bounds: Vec<Option<(Labels, f64)>> = all.iter().map(of_series).collect();
        self.by_step([&all], span, |step, [inputs]| {
            let q = q.get(step).copied().unwrap_or(f64::NAN);
            let mut histograms: BTreeMap<&Labels, Vec<Bucket>> = BTreeMap::new();
            for input in inputs {
                if let Some(Some((labels, upper))) = bounds.get(input.series) {
                    let bucket = Bucket { upper: *upper, count: input.value };
                    histograms.entry(labels).or_default().push(bucket);
                }
            }
            let one = |(labels, buckets): (&Labels, _)| Output {
                labels: labels.without_name(),
                value: bucket_quantile(q, buckets),
            };
            Ok(histograms.into_iter().map(one).collect())
        })
    }
}

fn first(arguments: &[Expr]) -> Evaluated<&Expr> {
    arguments.first().ok_or_else(|| EvalError::execution("an argument is wanted"))
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds are below 2^53")]
fn seconds(at: i64) -> f64 {
    at as f64 / 1000.0
}

/// By value, NaNs last.
pub(super) fn order(one: f64, other: f64, largest_first: bool) -> Ordering {
    let by_value = one.partial_cmp(&other).unwrap_or(Ordering::Equal);
    let by_value = if largest_first { by_value.reverse() } else { by_value };
    one.is_nan().cmp(&other.is_nan()).then(by_value)
}

/// The smaller; a NaN only when neither is -∞.
fn least(one: f64, other: f64) -> f64 {
    let infinite = one == f64::NEG_INFINITY || other == f64::NEG_INFINITY;
    if !infinite && (one.is_nan() || other.is_nan()) { f64::NAN } else { one.min(other) }
}

/// The larger; a NaN only when neither is +∞.
fn greatest(one: f64, other: f64) -> f64 {
    let infinite = one == f64::INFINITY || other == f64::INFINITY;
    if !infinite && (one.is_nan() || other.is_nan()) { f64::NAN } else { one.max(other) }
}

/// The labels that a series would have to have, as far as a selector says: those that are asked to
/// be equal to one value, once.
fn labels_asked_for(expr: &Expr) -> Labels {
    let (ExprKind::Selector(selector) | ExprKind::Range(selector, _)) = &expr.bare().kind else {
        return Labels::default();
    };
    let mut asked: BTreeMap<&str, Option<&str>> = BTreeMap::new();
    for matcher in selector.matchers.iter().filter(|matcher| *matcher.name != *NAME) {
        let equal = matcher.kind == MatchKind::Equal;
        let again = asked.contains_key(&*matcher.name);
        let value = (equal && !again).then_some(&*matcher.value);
        asked.insert(&matcher.name, value);
    }
    Labels::new(asked.into_iter().filter_map(|(name, value)| Some((name, value?))))
}
