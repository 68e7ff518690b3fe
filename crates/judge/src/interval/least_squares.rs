//! Least squares with few unknowns, none of them negative.

/// The number of unknowns.
pub(super) const TERMS: usize = 3;

/// A point to fit: what each unknown adds to it, its value, its weight.
pub(super) struct Point {
    pub(super) of: [f64; TERMS],
    /// What is known of it without them.
    pub(super) known: f64,
    pub(super) value: f64,
    /// How many differences it is the mean of.
    pub(super) differences: f64,
}

/// The unknowns and the normal matrix of the fit, with the rows of the unused ones left empty.
pub(super) struct Fit {
    pub(super) terms: [f64; TERMS],
    used: [bool; TERMS],
    normal: Matrix,
}

type Matrix = [[f64; TERMS]; TERMS];

/// The fit with some of the unknowns, if what each point should be is about `expected`; none if it
/// cannot be solved.
pub(super) fn fit(points: &[Point], expected: &[f64], used: [bool; TERMS]) -> Option<Fit> {
    let normal = normal(points, expected, used);
    let terms = solve(&normal, right_side(points, expected, used))?;
    Some(Fit { terms, used, normal })
}

impl Fit {
    /// The variance of a sum of the unknowns, if each point's error has the variance 1 / weight.
    pub(super) fn variance_of(&self, of: [f64; TERMS]) -> Option<f64> {
        let of = std::array::from_fn(|term| if at(&self.used, term) { at(&of, term) } else { 0.0 });
        let solved = solve(&self.normal, of)?;
        Some(dot(&of, &solved))
    }
}

pub(super) fn dot(one: &[f64; TERMS], other: &[f64; TERMS]) -> f64 {
    one.iter().zip(other).map(|(one, other)| one * other).sum()
}

fn at<T: Copy + Default>(row: &[T; TERMS], index: usize) -> T {
    row.get(index).copied().unwrap_or_default()
}

/// Each point with its weight: the mean of `k` squares has the relative variance `2/k`.
fn weighted<'a>(
    points: &'a [Point],
    expected: &'a [f64],
) -> impl Iterator<Item = (&'a Point, f64)> {
    let weight =
        |point: &Point, expected: f64| point.differences / (2.0 * expected.max(1e-9).powi(2));
    points.iter().zip(expected).map(move |(point, expected)| (point, weight(point, *expected)))
}

fn normal(points: &[Point], expected: &[f64], used: [bool; TERMS]) -> Matrix {
    let entry = |row: usize, column: usize| {
        if !at(&used, row) || !at(&used, column) {
            return if row == column { 1.0 } else { 0.0 };
        }
        weighted(points, expected)
            .map(|(p, weight)| weight * at(&p.of, row) * at(&p.of, column))
            .sum()
    };
    std::array::from_fn(|row| std::array::from_fn(|column| entry(row, column)))
}

fn right_side(points: &[Point], expected: &[f64], used: [bool; TERMS]) -> [f64; TERMS] {
    let entry = |row: usize| {
        weighted(points, expected)
            .map(|(p, weight)| weight * at(&p.of, row) * (p.value - p.known))
            .sum()
    };
    std::array::from_fn(|row| if at(&used, row) { entry(row) } else { 0.0 })
}

/// Solves a symmetric positive system by its Cholesky factor; none if it is near singular.
#[expect(clippy::indexing_slicing, reason = "indices run below TERMS, the size of each array")]
fn solve(matrix: &Matrix, right: [f64; TERMS]) -> Option<[f64; TERMS]> {
    let mut factor = [[0.0; TERMS]; TERMS];
    for row in 0..TERMS {
        for column in 0..=row {
            let taken: f64 = (0..column).map(|k| factor[row][k] * factor[column][k]).sum();
            let rest = matrix[row][column] - taken;
            if row == column {
                if rest.is_nan() || rest <= 1e-12 * matrix[row][row] {
                    return None;
                }
                factor[row][row] = rest.sqrt();
            } else {
                factor[row][column] = rest / factor[column][column];
            }
        }
    }
    let mut solved = right;
    for row in 0..TERMS {
        let taken: f64 = (0..row).map(|k| factor[row][k] * solved[k]).sum();
        solved[row] = (solved[row] - taken) / factor[row][row];
    }
    for row in (0..TERMS).rev() {
        let taken: f64 = (row + 1..TERMS).map(|k| factor[k][row] * solved[k]).sum();
        solved[row] = (solved[row] - taken) / factor[row][row];
    }
    Some(solved)
}
