mod aggregate;
mod binary;
mod call;
pub(crate) mod dates;
mod relabel;
mod select;
mod steps;
pub(crate) mod windows;

use std::cell::Cell;

use crate::{
    error::EvalError,
    series::{Point, Series, SeriesSource, Span, Value},
    syntax::{At, Expr, ExprKind, Moment, Sign, ValueType},
};

/// Answers queries over one source.
pub struct Engine<'a> {
    /// Where series come from.
    pub source: &'a dyn SeriesSource,
    /// What a query may take, and what counts as recent.
    pub limits: Limits<'a>,
}

/// What a query may take, and what counts as recent.
pub struct Limits<'a> {
    /// How old a sample may be that still counts, in milliseconds.
    pub lookback: i64,
    /// The step of subqueries that name none, in milliseconds.
    pub subquery_step: i64,
    /// Samples that a query may read and make, all its parts together.
    pub samples: usize,
    /// Whether the query's time is over.
    pub is_over: &'a dyn Fn() -> bool,
}

impl Limits<'_> {
    /// Those of Prometheus: five minutes back, subqueries each minute, fifty million samples, no
    /// end of time.
    pub fn prometheus() -> Self {
        Self { lookback: 300_000, subquery_step: 60_000, samples: 50_000_000, is_over: &|| false }
    }
}

impl Engine<'_> {
    /// What a query is at one moment, in milliseconds since 1970.
    pub fn instant(&self, expr: &Expr, at: i64) -> Result<Value, EvalError> {
        let span = Span::instant(at);
        let run = Run::new(self, span);
        let answer = match (expr.value_type(), &expr.bare().kind) {
            (ValueType::Text, ExprKind::Text(text)) => return Ok(Value::Text(at, text.clone())),
            _ => run.eval(expr, span)?,
        };
        Ok(match expr.value_type() {
            ValueType::Scalar => {
                let point = answer.first().and_then(|series| series.points.first()).copied();
                Value::Scalar(point.unwrap_or(Point { at, value: f64::NAN }))
            }
            ValueType::Matrix => Value::Matrix(answer),
            _ => Value::Vector(answer),
        })
    }

    /// What a query is at each moment of a span, sorted by labels.
    pub fn range(&self, expr: &Expr, span: Span) -> Result<Value, EvalError> {
        let found = expr.value_type();
        if !matches!(found, ValueType::Scalar | ValueType::Vector) {
            let (found, wanted) = (found.documented(), "must be Scalar or instant Vector");
            let problem = format!("invalid expression type {found:?} for range query, {wanted}");
            return Err(EvalError::Type(problem));
        }
        let mut answer = Run::new(self, span).eval(expr, span)?;
        answer.sort_by(|one, other| one.labels.cmp(&other.labels));
        Ok(Value::Matrix(answer))
    }
}

type Evaluated<T> = Result<T, EvalError>;

/// One query that is being answered.
struct Run<'a> {
    source: &'a dyn SeriesSource,
    limits: &'a Limits<'a>,
    /// What `start()` and `end()` are.
    whole: Span,
    spent: Cell<usize>,
}

impl<'a> Run<'a> {
    fn new(engine: &'a Engine<'a>, whole: Span) -> Self {
        let Engine { source, limits } = engine;
        Self { source: *source, limits, whole, spent: Cell::new(0) }
    }

    /// Counts samples that were read or made.
    fn spend(&self, samples: usize) -> Evaluated<()> {
        let spent = self.spent.get().saturating_add(samples);
        self.spent.set(spent);
        if spent > self.limits.samples { Err(EvalError::TooManySamples) } else { Ok(()) }
    }

    fn in_time(&self) -> Evaluated<()> {
        if (self.limits.is_over)() { Err(EvalError::Timeout) } else { Ok(()) }
    }

    /// When samples are taken for what is asked about `at`.
    fn resolve(&self, moment: &Moment, at: i64) -> i64 {
        let base = match moment.at {
            None => at,
            Some(At::Time(fixed)) => fixed,
            Some(At::Start) => self.whole.start,
            Some(At::End) => self.whole.end,
        };
        base.saturating_sub(moment.offset)
    }

    /// A scalar is one series without labels, with a point for each moment.
    fn eval(&self, expr: &Expr, span: Span) -> Evaluated<Vec<Series>> {
        self.in_time()?;
        match &expr.kind {
            ExprKind::Number(number) => self.constant(*number, span),
            ExprKind::Text(_) => Err(EvalError::execution("a text is no number")),
            ExprKind::Selector(selector) => self.selector(selector, span),
            ExprKind::Range(..) | ExprKind::Subquery(_) => self.matrix(expr, span),
            ExprKind::Call(function, arguments) => self.call(function, arguments, span),
            ExprKind::Aggregate(aggregate) => self.aggregate(aggregate, span),
            ExprKind::Binary(binary) => self.binary(binary, span),
            ExprKind::Paren(inner) | ExprKind::Sign(Sign::Plus, inner) => self.eval(inner, span),
            ExprKind::Sign(Sign::Minus, inner) => self.negative(inner, span),
        }
    }

    fn constant(&self, value: f64, span: Span) -> Evaluated<Vec<Series>> {
        self.spend(span.count())?;
        let points = span.moments().map(|at| Point { at, value }).collect();
        Ok(vec![Series { labels: crate::Labels::default(), points }])
    }

    /// The number that a scalar is at each moment.
    fn scalars(&self, expr: &Expr, span: Span) -> Evaluated<Vec<f64>> {
        let series = self.eval(expr, span)?;
        let points = series.into_iter().next().map(|series| series.points).unwrap_or_default();
        Ok(points.into_iter().map(|point| point.value).collect())
    }

    fn negative(&self, inner: &Expr, span: Span) -> Evaluated<Vec<Series>> {
        let mut all = self.eval(inner, span)?;
        for series in &mut all {
            series.labels = series.labels.without_name();
            for point in &mut series.points {
                point.value = -point.value;
            }
        }
        steps::distinct(all)
    }
}
