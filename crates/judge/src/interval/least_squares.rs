//! Least squares with few unknowns, none of them negative.

/// The number of unknowns.
pub(super) const TERMS: usize = 4;

/// What a term more has to take off the weighted squares: so that a fit which is as good with fewer
/// terms has fewer (half of Akaike's 2 for a difference of squares that is doubled there).
const PER_TERM: f64 = 1.0;

/// A point to fit: what each unknown adds to it, its value, its weight.
pub(super) struct Point {
    pub(super) of: [f64; TERMS],
    pub(super) value: f64,
    pub(super) weight: f64,
}

/// The unknowns and the normal matrix of the fit, with the rows of the unused ones left empty.
pub(super) struct Fit {
    pub(super) terms: [f64; TERMS],
    pub(super) used: [bool; TERMS],
    normal: Matrix,
}

type Matrix = [[f64; TERMS]; TERMS];

/// The best fit of all choices of unknowns that leave none negative: with four unknowns they are
/// fifteen, and trying each is exact. None if no choice can be solved.
pub(super) fn fit(points: &[Point]) -> Option<Fit> {
    let mut best: Option<(f64, Fit)> = None;
    for choice in 1..(1_u32 << TERMS) {
        let used = std::array::from_fn(|term| choice >> term & 1 == 1);
        let normal = normal(points, used);
        let Some(terms) = solve(&normal, right_side(points, used)) else { continue };
        if terms.iter().any(|term| *term < 0.0) {
            continue;
        }
        let cost = cost(points, &terms) + PER_TERM * f64::from(choice.count_ones());
        if best.as_ref().is_none_or(|(least, _)| cost < *least) {
            best = Some((cost, Fit { terms, used, normal }));
        }
    }
    best.map(|(_, fit)| fit)
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

fn cost(points: &[Point], terms: &[f64; TERMS]) -> f64 {
    points.iter().map(|point| point.weight * (point.value - dot(&point.of, terms)).powi(2)).sum()
}

fn normal(points: &[Point], used: [bool; TERMS]) -> Matrix {
    let entry = |row: usize, column: usize| {
        if !at(&used, row) || !at(&used, column) {
            return if row == column { 1.0 } else { 0.0 };
        }
        points.iter().map(|p| p.weight * at(&p.of, row) * at(&p.of, column)).sum()
    };
    std::array::from_fn(|row| std::array::from_fn(|column| entry(row, column)))
}

fn right_side(points: &[Point], used: [bool; TERMS]) -> [f64; TERMS] {
    let entry = |row: usize| points.iter().map(|p| p.weight * at(&p.of, row) * p.value).sum();
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
