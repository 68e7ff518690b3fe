use crate::{
    error::EvalError,
    eval::{Evaluated, Run, windows::Window},
    series::{Point, Series, Span, is_stale},
    syntax::{Expr, ExprKind, Moment, Selector},
};

/// Series with the windows that a function looks at.
pub(super) struct Windows<'a> {
    pub(super) series: Vec<Series>,
    /// How long each is, in milliseconds.
    range: i64,
    moment: &'a Moment,
}

impl Run<'_> {
    /// The newest sample of each series that is recent enough, at each moment.
    pub(super) fn selector(&self, selector: &Selector, span: Span) -> Evaluated<Vec<Series>> {
        self.newest(selector, span, |at, point| Point { at, value: point.value })
    }

    /// When that sample was taken, in seconds since 1970.
    pub(super) fn taken(&self, selector: &Selector, span: Span) -> Evaluated<Vec<Series>> {
        #[expect(clippy::cast_precision_loss, reason = "milliseconds are below 2^53")]
        self.newest(selector, span, |at, point| Point { at, value: point.at as f64 / 1000.0 })
    }

    fn newest(
        &self,
        selector: &Selector,
        span: Span,
        show: impl Fn(i64, &Point) -> Point,
    ) -> Evaluated<Vec<Series>> {
        let at = |moment| self.resolve(&selector.moment, moment);
        let lookback = self.limits.lookback;
        let found = self.found(selector, at(span.start).saturating_sub(lookback), at(span.end))?;
        let mut all = Vec::new();
        for Series { labels, points } in found {
            self.in_time()?;
            let mut next = 0;
            let newest = |moment| {
                let wanted = at(moment);
                let later = points.get(next..).unwrap_or_default().iter();
                next += later.take_while(|point| point.at <= wanted).count();
                let newest = next.checked_sub(1).and_then(|index| points.get(index))?;
                let counts =
                    newest.at >= wanted.saturating_sub(lookback) && !is_stale(newest.value);
                counts.then(|| show(moment, newest))
            };
            let shown: Vec<_> = span.moments().filter_map(newest).collect();
            self.spend(shown.len())?;
            if !shown.is_empty() {
                all.push(Series { labels, points: shown });
            }
        }
        Ok(all)
    }

    /// What the source has, no more than the query may still read.
    fn found(&self, selector: &Selector, from: i64, to: i64) -> Evaluated<Vec<Series>> {
        let room = self.limits.samples.saturating_sub(self.spent.get());
        let found = self.source.select(&selector.matchers, from, to, room);
        found.ok_or(EvalError::TooManySamples)
    }

    /// The samples of a range or subquery for one moment.
    pub(super) fn matrix(&self, expr: &Expr, span: Span) -> Evaluated<Vec<Series>> {
        let windows = self.windows(expr, span)?;
        let mut all = Vec::new();
        for series in &windows.series {
            let window = self.window(&windows, series, span.start);
            let points = window.points.to_vec();
            if !points.is_empty() {
                all.push(Series { labels: series.labels.clone(), points });
            }
        }
        Ok(all)
    }

    /// The samples of a range or subquery for all moments of a span.
    pub(super) fn windows<'e>(&self, expr: &'e Expr, span: Span) -> Evaluated<Windows<'e>> {
        let (mut series, range, moment) = match &expr.bare().kind {
            ExprKind::Range(selector, range) => {
                let at = |moment| self.resolve(&selector.moment, moment);
                let from = at(span.start).saturating_sub(*range);
                (self.found(selector, from, at(span.end))?, *range, &selector.moment)
            }
            ExprKind::Subquery(subquery) => {
                let step = subquery.step.unwrap_or(self.limits.subquery_step).max(1);
                let from = self.resolve(&subquery.moment, span.start);
                let from = from.saturating_sub(subquery.range);
                // Its moments are multiples of its step, whenever it is asked.
                let start = from.div_euclid(step) * step;
                let start = if start < from { start.saturating_add(step) } else { start };
                let end = self.resolve(&subquery.moment, span.end);
                let inner = Span { start, end, step };
                let found =
                    if start > end { Vec::new() } else { self.eval(&subquery.expr, inner)? };
                (found, subquery.range, &subquery.moment)
            }
            _ => return Err(EvalError::execution("a range is wanted")),
        };
        for series in &mut series {
            series.points.retain(|point| !is_stale(point.value));
            self.spend(series.points.len())?;
        }
        Ok(Windows { series, range, moment })
    }

    /// What a function looks at when it is asked about `at`: both ends are included.
    pub(super) fn window<'w>(
        &self,
        windows: &Windows<'_>,
        series: &'w Series,
        at: i64,
    ) -> Window<'w> {
        let end = self.resolve(windows.moment, at);
        let start = end.saturating_sub(windows.range);
        let first = series.points.partition_point(|point| point.at < start);
        let after = series.points.partition_point(|point| point.at <= end);
        let points = series.points.get(first..after).unwrap_or_default();
        Window { points, start, end, asked: at }
    }
}
