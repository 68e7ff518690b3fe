use std::{collections::BTreeMap, ops::ControlFlow};

use tidegate_promql::{Labels, Matcher, NAME, Point, STALE, Series, SeriesSource};

use crate::{
    family::{FAMILIES, Family},
    history::History,
    row::Row,
    ticks::Tick,
    track::Track,
};

impl SeriesSource for History {
    fn select(&self, matchers: &[Matcher], from: i64, to: i64, room: usize) -> Option<Vec<Series>> {
        let ticks: Vec<Tick> = self.ticks.between(from, to).collect();
        let (mut found, mut samples) = (Vec::new(), 0_usize);
        self.each(matchers, |family, row, labels, tracks| {
            let points = points(family, row, tracks, &ticks);
            samples += points.len();
            found.push(Series { labels, points });
            if samples <= room { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        found.retain(|series| !series.points.is_empty());
        (samples <= room).then_some(found)
    }
}

impl History {
    /// Shows the labels of each series that all `matchers` match and that has a sample from `from`
    /// to `to`, in milliseconds since 1970.
    pub fn labels(&self, matchers: &[Matcher], from: i64, to: i64, mut show: impl FnMut(&Labels)) {
        let mut ticks = self.ticks.between(from, to);
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
            for (key, row) in &self.rows {
                let mut all: BTreeMap<Labels, Vec<&Track>> = BTreeMap::new();
                for (measure, track) in &row.tracks {
                    for labels in family.labels(key, measure) {
                        all.entry(labels.with(NAME, family.name)).or_default().push(track);
                    }
                }
                for (labels, tracks) in all {
                    let wanted = matchers.iter().all(|matcher| matcher.matches_labels(&labels));
                    if wanted && take(family, row, labels, &tracks).is_break() {
                        return;
                    }
                }
            }
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
