use crate::chart::Panel;

/// What a panel shows of each axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Frame {
    pub(crate) x: (f64, f64),
    pub(crate) y: (f64, f64),
}

/// Evidence below this power of ten is drawn on the lower edge: how small it is says nothing.
const LOWEST_POWER: f64 = -1.0;

impl Frame {
    /// Wide enough for every point that is finite; far beyond the levels, and far ends of bands, are
    /// cut off.
    pub(crate) fn of(panel: &Panel) -> Self {
        let lines = panel.lines.iter().flat_map(|line| &line.points);
        let mut x = Range::default();
        let mut y = Range::default();
        for (at, value) in lines.clone() {
            x.add(*at);
            y.add(*value);
        }
        if let Some((at, _)) = panel.moment {
            x.add(at);
        }
        let span = y.span().max(1e-12);
        let (low, high) = (y.low - 1.5 * span, y.high + 1.5 * span);
        for (at, from, to) in panel.bands.iter().flat_map(|band| &band.points) {
            x.add(*at);
            // A band that is wide at first and narrows is of interest where it is narrow.
            y.add(from.max(low));
            y.add(to.min(high));
        }
        panel.levels.iter().for_each(|level| y.add(level.y));
        if panel.powers {
            let top = panel.levels.iter().map(|level| level.y).fold(1.0, f64::max);
            return Self {
                x: x.widened(0.0),
                y: (LOWEST_POWER, y.high.clamp(top * 1.25, top * 3.0)),
            };
        }
        Self { x: x.widened(0.0), y: y.widened(0.06) }
    }

    /// Where a value is, 0 at the lower end and 1 at the upper.
    pub(crate) fn part((low, high): (f64, f64), value: f64) -> f64 {
        ((value - low) / (high - low)).clamp(0.0, 1.0)
    }
}

#[derive(Clone, Copy, Debug)]
struct Range {
    low: f64,
    high: f64,
}

impl Default for Range {
    fn default() -> Self {
        Self { low: f64::INFINITY, high: f64::NEG_INFINITY }
    }
}

impl Range {
    fn add(&mut self, value: f64) {
        if value.is_finite() {
            (self.low, self.high) = (self.low.min(value), self.high.max(value));
        }
    }

    fn span(&self) -> f64 {
        if self.high >= self.low { self.high - self.low } else { 0.0 }
    }

    /// With some room on both sides; never of no width.
    fn widened(self, by: f64) -> (f64, f64) {
        if self.high < self.low {
            return (0.0, 1.0);
        }
        let span = self.span();
        if span <= self.high.abs().max(1e-300) * 1e-9 {
            let half = if self.high == 0.0 { 0.5 } else { self.high.abs() * 0.05 };
            return (self.low - half, self.high + half);
        }
        (self.low - by * span, self.high + by * span)
    }
}

/// At most about `count` round numbers within a range, with their labels.
pub(crate) fn ticks((low, high): (f64, f64), count: f64, powers: bool) -> Vec<(f64, String)> {
    let rough = (high - low) / count.max(1.0);
    if !rough.is_finite() || rough <= 0.0 {
        return Vec::new();
    }
    let power = 10_f64.powf(rough.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|times| times * power);
    let mut step = steps.into_iter().find(|step| *step >= rough).unwrap_or(10.0 * power);
    if powers {
        step = step.max(1.0).ceil();
    }
    let first = (low / step).ceil();
    let values = (0..=20).map(|nth| (first + f64::from(nth)) * step);
    values
        .take_while(|value| *value <= high + step * 1e-9)
        .map(|value| (value, if powers { odds(value) } else { decimal(value, step) }))
        .collect()
}

/// Odds of `10^power`.
fn odds(power: f64) -> String {
    match power {
        power if power < 0.0 => String::new(),
        power if power < 6.0 => format!("1:{}", 10_f64.powf(power).round()),
        power => format!("1:1e{power}"),
    }
}

/// A number with as many places as steps of this size need.
fn decimal(value: f64, step: f64) -> String {
    let value = if value.abs() < step * 1e-6 { 0.0 } else { value };
    if !(1e-5..1e7).contains(&step) {
        return format!("{value:.1e}");
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 5")]
    let places = (-step.log10().floor()).max(0.0) as usize;
    format!("{value:.places$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(range: (f64, f64), count: f64, powers: bool) -> Vec<String> {
        ticks(range, count, powers).into_iter().map(|(_, label)| label).collect()
    }

    #[test]
    fn ticks_are_round_numbers() {
        assert_eq!(labels((0.0, 10.0), 5.0, false), ["0", "2", "4", "6", "8", "10"]);
        assert_eq!(labels((-0.013, 0.021), 4.0, false), ["-0.01", "0.00", "0.01", "0.02"]);
        assert_eq!(labels((-1.0, 3.4), 4.0, true), ["1:1", "1:100"]);
        assert!(labels((1.0, 1.0), 4.0, false).is_empty());
        assert!(labels((0.0, f64::INFINITY), 4.0, false).is_empty());
    }
}
