use std::{collections::BTreeMap, ops::ControlFlow};

use tidegate_promql::{Labels, Matcher, NAME, Point, STALE, Series, SeriesSource, is_stale};
use tidegate_units::Owner;

use crate::{
    family::{FAMILIES, Family},
    history::History,
    row::{Row, RowKey},
    ticks::Tick,
    track::Track,
};

/// What somebody sees of a history: the series of some owners.
#[derive(Clone, Copy)]
pub struct View<'a> {
    pub(crate) history: &'a History,
    sees: &'a dyn Fn(&Owner) -> bool,
}

impl SeriesSource for View<'_> {
    fn select(&self, matchers: &[Matcher], from: i64, to: i64, room: usize) -> Option<Vec<Series>> {
        let ticks: Vec<Tick> = self.history.ticks.between(from, to).collect();
        let (mut found, mut samples) = (Found::default(), 0_usize);
        self.each(matchers, |family, row, labels, tracks| {
            let points = points(family, row, tracks, &ticks);
            samples += points.len();
            if !points.is_empty() {
                found.add(labels, points);
            }
            if samples <= room { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        (samples <= room).then_some(found.series)
    }
}

impl History {
    /// What of it is the series of those that `sees` says yes to.
    pub fn view<'a>(&'a self, sees: &'a dyn Fn(&Owner) -> bool) -> View<'a> {
        View { history: self, sees }
    }
}

impl View<'_> {
    /// Shows the labels of each series that all `matchers` match and that has a sample from `from`
    /// to `to`, in milliseconds since 1970.
    pub fn labels(&self, matchers: &[Matcher], from: i64, to: i64, mut show: impl FnMut(&Labels)) {
        let mut ticks = self.history.ticks.between(from, to);
        let first = ticks.next();
        let last = ticks.last().or(first);
        let (Some(first), Some(last)) = (first, last) else { return };
        self.each(matchers, |_, row, labels, tracks| {
            let begun = tracks.iter().any(|track| track.at(last.number).is_some());
            if begun && row.ended.is_none_or(|ended| first.number < ended) {
                show(&labels);
            }
            ControlFlow::Continue(())
        });
    }

    /// Each series that all matchers match, with the counts that it adds up, until told to stop.
    pub(crate) fn each(
        &self,
        matchers: &[Matcher],
        mut take: impl FnMut(&Family, &Row, Labels, &[&Track]) -> ControlFlow<()>,
    ) {
        let named = |family: &&Family| {
            matchers.iter().filter(|it| *it.name == *NAME).all(|it| it.matches(family.name))
        };
        for family in FAMILIES.iter().copied().flatten().filter(named) {
            let rows = self.history.rows.iter().filter(|(key, _)| (self.sees)(&key.owner));
            for (key, row) in rows {
                for (labels, tracks) in series(family, key, row) {
                    let wanted = matchers.iter().all(|matcher| matcher.matches_labels(&labels));
                    if wanted && take(family, row, labels, &tracks).is_break() {
                        return;
                    }
                }
            }
        }
    }
}

/// The series of a family that a row has, each with the counts that it adds up.
pub(crate) fn series<'a>(
    family: &Family,
    key: &RowKey,
    row: &'a Row,
) -> BTreeMap<Labels, Vec<&'a Track>> {
    let mut all: BTreeMap<Labels, Vec<&Track>> = BTreeMap::new();
    for (measure, track) in &row.tracks {
        for labels in family.labels(key, measure) {
            all.entry(labels.with(NAME, family.name)).or_default().push(track);
        }
    }
    all
}

/// Series, each with labels of its own.
#[derive(Default)]
struct Found {
    series: Vec<Series>,
    /// Where the series of some labels is.
    places: BTreeMap<Labels, usize>,
}

impl Found {
    /// A row begins anew when its revision comes to stand elsewhere. Other routers do not tell all
    /// places apart: what has the same labels there is one series, the sum of both.
    fn add(&mut self, labels: Labels, points: Vec<Point>) {
        let known = self.places.get(&labels).and_then(|place| self.series.get_mut(*place));
        if let Some(known) = known {
            known.points = sum(&known.points, &points);
        } else {
            self.places.insert(labels.clone(), self.series.len());
            self.series.push(Series { labels, points });
        }
    }
}

/// The sum of two counts at the moments of either. One that ended stays at what it came to, so that
/// the sum does not seem to begin anew; the sum ends where both have.
fn sum(a: &[Point], b: &[Point]) -> Vec<Point> {
    let mut moments: Vec<i64> = a.iter().chain(b).map(|point| point.at).collect();
    moments.sort_unstable();
    moments.dedup();
    let (mut a, mut b) = (Count::new(a), Count::new(b));
    let at = |at: i64| {
        a.go_to(at);
        b.go_to(at);
        let value = if a.goes_on || b.goes_on { a.value + b.value } else { STALE };
        Point { at, value }
    };
    moments.into_iter().map(at).collect()
}

/// A count that is followed from moment to moment.
struct Count<'a> {
    rest: &'a [Point],
    value: f64,
    goes_on: bool,
}

impl<'a> Count<'a> {
    fn new(points: &'a [Point]) -> Self {
        Self { rest: points, value: 0.0, goes_on: false }
    }

    fn go_to(&mut self, at: i64) {
        let Some((next, rest)) = self.rest.split_first().filter(|(next, _)| next.at <= at) else {
            return;
        };
        self.rest = rest;
        self.goes_on = !is_stale(next.value);
        if self.goes_on {
            self.value = next.value;
        }
    }
}

/// The sum of counts at each reading; a series that ended is marked as such.
fn points(family: &Family, row: &Row, tracks: &[&Track], ticks: &[Tick]) -> Vec<Point> {
    let ended = |tick: &Tick| row.ended.is_some_and(|ended| tick.number >= ended);
    let mut points = Vec::with_capacity(ticks.len());
    for tick in ticks {
        if ended(tick) {
            points.push(Point { at: tick.at, value: STALE });
            break;
        }
        let values = tracks.iter().filter_map(|track| track.at(tick.number));
        if let Some(value) = values.reduce(|sum, value| sum + value) {
            points.push(Point { at: tick.at, value: value * family.scale() });
        }
    }
    points
}
