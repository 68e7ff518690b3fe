use crate::request::Arm;

/// One metric over time.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// The column, or the series with the labels that tell it apart.
    pub name: String,
    /// Which revision it is of, where one recording holds both.
    pub arm: Option<Arm>,
    /// Its values, oldest first, one for each moment.
    pub points: Vec<Point>,
}

/// A value at a moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// When, in microseconds: since the epoch, or since the recording's own zero.
    pub at_micros: i64,
    /// A number, never an infinity or `NaN`.
    pub value: f64,
}

/// Puts the points in order. Those of one moment become their mean; how many were too many.
pub(crate) fn in_order(points: &mut Vec<Point>) -> usize {
    points.sort_by_key(|point| point.at_micros);
    let before = points.len();
    let mut merged: Vec<Point> = Vec::with_capacity(before);
    let mut same = 1.0;
    for point in points.drain(..) {
        match merged.last_mut() {
            Some(last) if last.at_micros == point.at_micros => {
                same += 1.0;
                last.value += (point.value - last.value) / same;
            }
            _ => {
                same = 1.0;
                merged.push(point);
            }
        }
    }
    *points = merged;
    before - points.len()
}

/// The growth per second of what only grows, at the end of each span. What fell began anew at zero,
/// as the counters of a process do that was started again.
pub(crate) fn rates(points: &[Point]) -> Vec<Point> {
    let pairs = points.iter().zip(points.iter().skip(1));
    let rate = |(then, now): (&Point, &Point)| {
        let grown = if now.value < then.value { now.value } else { now.value - then.value };
        #[expect(clippy::cast_precision_loss, reason = "spans are far below 2^53 microseconds")]
        let seconds = (now.at_micros - then.at_micros) as f64 / 1e6;
        (seconds > 0.0).then_some(Point { at_micros: now.at_micros, value: grown / seconds })
    };
    pairs.filter_map(rate).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(values: &[(i64, f64)]) -> Vec<Point> {
        values
            .iter()
            .map(|(at, value)| Point { at_micros: at * 1_000_000, value: *value })
            .collect()
    }

    #[test]
    fn points_are_put_in_order_and_those_of_one_moment_together() {
        let mut all = points(&[(3, 1.0), (1, 2.0), (3, 4.0), (3, 7.0)]);
        assert_eq!(in_order(&mut all), 2);
        assert_eq!(all, points(&[(1, 2.0), (3, 4.0)]));
    }

    #[test]
    fn a_counter_that_falls_began_anew() {
        let all = points(&[(0, 10.0), (10, 30.0), (20, 5.0), (30, 5.0)]);
        assert_eq!(rates(&all), points(&[(10, 2.0), (20, 0.5), (30, 0.0)]));
    }
}
