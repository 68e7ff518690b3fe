use std::collections::{BTreeMap, BTreeSet};

use crate::{
    error::EvalError,
    eval::{Evaluated, Run},
    labels::Labels,
    series::{Point, Series, Span},
};

/// The number of one series at one moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Input {
    /// Which series of its argument it is.
    pub(super) series: usize,
    pub(super) value: f64,
}

/// A number that was worked out for one moment.
#[derive(Clone, Debug)]
pub(super) struct Output {
    pub(super) labels: Labels,
    pub(super) value: f64,
}

const SAME: &str = "vector cannot contain metrics with the same labelset";

/// Refuses two series with the same labels.
pub(super) fn distinct(all: Vec<Series>) -> Evaluated<Vec<Series>> {
    let labels: BTreeSet<_> = all.iter().map(|series| &series.labels).collect();
    if labels.len() == all.len() { Ok(all) } else { Err(EvalError::execution(SAME)) }
}

impl Run<'_> {
    /// Works out each moment of a span by itself, from its index and what the arguments are then.
    pub(super) fn by_step<const N: usize>(
        &self,
        arguments: [&[Series]; N],
        span: Span,
        mut work: impl FnMut(usize, [&[Input]; N]) -> Evaluated<Vec<Output>>,
    ) -> Evaluated<Vec<Series>> {
        let mut cursors = arguments.map(|all| vec![0_usize; all.len()]);
        let mut inputs: [Vec<Input>; N] = std::array::from_fn(|_| Vec::new());
        let mut answer = Answer::new(span);
        for (index, at) in span.moments().enumerate() {
            self.in_time()?;
            for ((all, cursors), inputs) in arguments.iter().zip(&mut cursors).zip(&mut inputs) {
                gather(all, cursors, at, inputs);
            }
            let made = work(index, std::array::from_fn(|i| inputs.get(i).map_or(&[][..], |v| v)))?;
            self.spend(made.len())?;
            answer.add(at, made)?;
        }
        Ok(answer.series())
    }
}

impl Run<'_> {
    /// Series with the same labels are one, where no two have a sample at one moment.
    pub(super) fn together(&self, all: &[Series], span: Span) -> Evaluated<Vec<Series>> {
        self.by_step([all], span, |_, [inputs]| {
            let one = |input: &Input| {
                let labels = all.get(input.series)?.labels.clone();
                Some(Output { labels, value: input.value })
            };
            Ok(inputs.iter().filter_map(one).collect())
        })
    }
}

/// What `all` are at a moment; cursors only ever go forward.
fn gather(all: &[Series], cursors: &mut [usize], at: i64, inputs: &mut Vec<Input>) {
    inputs.clear();
    for (index, (series, cursor)) in all.iter().zip(cursors).enumerate() {
        if let Some(point) = series.points.get(*cursor).filter(|point| point.at == at) {
            inputs.push(Input { series: index, value: point.value });
            *cursor += 1;
        }
    }
}

/// Series that grow moment by moment.
enum Answer {
    /// The order of one moment is kept: it may be sorted by value.
    Instant(Vec<Series>),
    Range(BTreeMap<Labels, Vec<Point>>),
}

impl Answer {
    fn new(span: Span) -> Self {
        if span.start == span.end {
            Self::Instant(Vec::new())
        } else {
            Self::Range(BTreeMap::new())
        }
    }

    fn add(&mut self, at: i64, made: Vec<Output>) -> Evaluated<()> {
        match self {
            Self::Instant(all) => {
                let one =
                    |Output { labels, value }| Series { labels, points: vec![Point { at, value }] };
                *all = distinct(made.into_iter().map(one).collect())?;
            }
            Self::Range(all) => {
                for Output { labels, value } in made {
                    let points = all.entry(labels).or_default();
                    if points.last().is_some_and(|last| last.at == at) {
                        return Err(EvalError::execution(SAME));
                    }
                    points.push(Point { at, value });
                }
            }
        }
        Ok(())
    }

    fn series(self) -> Vec<Series> {
        match self {
            Self::Instant(all) => all,
            Self::Range(all) => {
                all.into_iter().map(|(labels, points)| Series { labels, points }).collect()
            }
        }
    }
}
