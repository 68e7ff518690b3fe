use tidegate_judge::{Direction, IntervalSettings, Sample, Verdict, judge_interval};
use tidegate_kayenta::{Class, MetricSettings, classify};

use super::{Scale, percent, share_of_runs};
use crate::{Alarm, Alarms, Stream, Table, parallel};

/// Rows of each revision: an hour of minutes.
const ROWS: usize = 60;

/// Fewer rows than this are not judged: nobody's judge says anything of them.
const FEWEST: usize = 4;

/// How much a canary is changed that is to be found.
const HARM: f64 = 1.5;

const NONE: (f64, usize) = (1.0, 0);

/// The row at which harm begins that begins midway.
const MIDWAY: usize = ROWS / 2;

/// A minute in mid-2026.
const BEGINS: f64 = 1.78e9;

/// Series as monitoring has them: around 100, with noise of a tenth.
#[derive(Clone, Copy)]
struct Kind {
    name: &'static str,
    /// How much of a revision's own noise is left in the next row.
    stays: f64,
    /// What moves both revisions, as a share, over the whole time.
    both: fn(f64) -> f64,
    /// Every 20th row is some 100 % higher.
    spikes: bool,
    /// The canary's rows are what follows on those of the stable revision.
    apart: bool,
}

const CALM: Kind =
    Kind { name: "independent rows", stays: 0.0, both: |_| 0.0, spikes: false, apart: false };

const KINDS: [Kind; 7] = [
    CALM,
    Kind { name: "autocorrelated, 0.6", stays: 0.6, ..CALM },
    Kind { name: "autocorrelated, 0.9", stays: 0.9, ..CALM },
    Kind { name: "a trend of both, x 2", both: |t| t, ..CALM },
    Kind { name: "waves of both, 40 %", both: |t| 0.4 * libm::sin(12.0 * t), ..CALM },
    Kind { name: "spikes", spikes: true, ..CALM },
    Kind { name: "two halves of one run, autocorrelated, 0.6", stays: 0.6, apart: true, ..CALM },
];

impl Kind {
    /// The canary and the stable revision in the run number `run`, the canary `times` as high from
    /// a row on.
    fn series(self, seed: u64, run: u64, (times, from): (f64, usize)) -> [Vec<Sample>; 2] {
        let mut streams = ["canary rows", "stable rows"].map(|noun| Stream::of(seed, run, noun));
        if self.apart {
            let [stream, _] = &mut streams;
            let mut both = self.rows(stream, 2 * ROWS);
            let canary = scaled(both.split_off(ROWS), times, from);
            return [canary, both];
        }
        let [canary, stable] = streams.map(|mut stream| self.rows(&mut stream, ROWS));
        [scaled(canary, times, from), stable]
    }

    #[expect(clippy::cast_precision_loss, reason = "at most 120 rows")]
    fn rows(self, stream: &mut Stream, count: usize) -> Vec<Sample> {
        let fresh = libm::sqrt(1.0 - self.stays * self.stays);
        let mut noise = stream.normal();
        (0..count)
            .map(|row| {
                noise = self.stays * noise + fresh * stream.normal();
                let spike =
                    if self.spikes && stream.share() < 0.05 { stream.exponential() } else { 0.0 };
                let moved = 1.0 + (self.both)(row as f64 / ROWS as f64) + 0.1 * noise + spike;
                Sample { at: BEGINS + 60.0 * row as f64, value: 100.0 * moved }
            })
            .collect()
    }
}

fn scaled(mut rows: Vec<Sample>, times: f64, from: usize) -> Vec<Sample> {
    for row in rows.iter_mut().skip(from) {
        row.value *= times;
    }
    rows
}

/// The first row at which the judge calls the canary worse, looking at each.
fn judged([canary, stable]: &[Vec<Sample>; 2], apart: bool) -> Option<Alarm> {
    let settings =
        IntervalSettings { direction: Direction::Increase, ..IntervalSettings::default() };
    first(|rows| {
        // Where one ran before the other, that one is there whole.
        let stable = if apart { Some(stable.as_slice()) } else { stable.get(..rows) };
        let (canary, stable) = (canary.get(..rows)?, stable?);
        Some(judge_interval(canary, stable, &settings).verdict == Verdict::Worse)
    })
}

/// The same by Kayenta's judge, looking at each row from `from` on.
fn by_kayenta([canary, stable]: &[Vec<Sample>; 2], from: usize) -> Option<Alarm> {
    let settings = MetricSettings {
        direction: tidegate_kayenta::Direction::Increase,
        ..MetricSettings::default()
    };
    let values = |rows: &[Sample]| rows.iter().map(|row| row.value).collect::<Vec<_>>();
    let (canary, stable) = (values(canary), values(stable));
    first(|rows| {
        let (canary, stable) = (canary.get(..rows)?, stable.get(..rows)?);
        Some(rows >= from && classify(&settings, canary, stable).class == Class::High)
    })
}

fn first(worse: impl Fn(usize) -> Option<bool>) -> Option<Alarm> {
    let row = (FEWEST..=ROWS).find(|rows| worse(*rows) == Some(true))?;
    Some(Alarm { second: u32::try_from(row).ok()?, canary_requests: 0 })
}

/// How often the judge of recorded series calls a revision worse than itself, looking at every row,
/// and how soon it finds one that is.
pub fn rows(scale: Scale) -> String {
    let mut table = Table::new(&[
        "series of 60 rows",
        "runs",
        "Tidegate, each row, alpha 1 % (95 % interval)",
        "Kayenta, once",
        "Kayenta, each row",
        "x 1.5 found at row (median)",
        "the same from row 30 on",
    ]);
    for kind in KINDS {
        scale.tell(&[kind.name.to_owned()]);
        let watch =
            |runs, harm, watch: &(dyn Fn(&[Vec<Sample>; 2]) -> Option<Alarm> + Sync)| -> Alarms {
                parallel(runs, scale.threads, &|run| watch(&kind.series(scale.seed, run, harm)))
            };
        let ours = watch(scale.alike, NONE, &|series| judged(series, kind.apart));
        let once = watch(scale.alike / 10, NONE, &|series| by_kayenta(series, ROWS));
        let each = watch(scale.alike / 10, NONE, &|series| by_kayenta(series, FEWEST));
        let found = watch(scale.worse, (HARM, 0), &|series| judged(series, kind.apart));
        let late = watch(scale.worse, (HARM, MIDWAY), &|series| judged(series, kind.apart));
        table.row(vec![
            kind.name.to_owned(),
            ours.len().to_string(),
            share_of_runs(&ours),
            percent(&once),
            percent(&each),
            median_row(&found),
            median_row(&late),
        ]);
    }
    table.to_string()
}

fn median_row(found: &Alarms) -> String {
    let share = percent(found);
    let mut rows: Vec<u32> =
        found.iter().map(|one| one.map_or(u32::MAX, |one| one.second)).collect();
    rows.sort_unstable();
    match rows.get(rows.len() / 2) {
        Some(&row) if row < u32::MAX => format!("{row}, {share} found"),
        _ => format!("{share} found"),
    }
}
