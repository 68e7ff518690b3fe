//! Sums over one series that neither overflow nor lose what is small beside what is large.

/// The mean; each value is divided first, so that 1e300 does not overflow.
pub(crate) fn mean(values: &[f64]) -> f64 {
    let n = count(values.len());
    values.iter().map(|value| value / n).sum()
}

/// The variance about the mean, of the values as they are (divided by their number).
pub(crate) fn variance(values: &[f64]) -> f64 {
    let centre = mean(values);
    let n = count(values.len());
    values.iter().map(|value| (value - centre).powi(2) / n).sum()
}

/// The median; it orders the values. None of none.
pub(crate) fn median(values: &mut [f64]) -> Option<f64> {
    let half = values.len() / 2;
    if values.is_empty() {
        return None;
    }
    let (_, middle, _) = values.select_nth_unstable_by(half, f64::total_cmp);
    Some(*middle)
}

/// The median and 1.4826 times the median absolute deviation from it, which is the standard
/// deviation of normal values.
pub(crate) fn centre_and_spread(values: &[f64]) -> (f64, f64) {
    let centre = median(&mut values.to_vec()).unwrap_or(0.0);
    let mut away: Vec<f64> = values.iter().map(|value| (value - centre).abs()).collect();
    (centre, 1.4826 * median(&mut away).unwrap_or(0.0))
}

/// Pulls values in to `reach` spreads from the median. A series that is mostly one value has no
/// spread and stays as it is.
pub(crate) fn pulled_in(values: &[f64], reach: f64) -> Vec<f64> {
    let (centre, spread) = centre_and_spread(values);
    if spread <= 0.0 || !spread.is_finite() {
        return values.to_vec();
    }
    let (low, high) = (centre - reach * spread, centre + reach * spread);
    values.iter().map(|value| value.clamp(low, high)).collect()
}

/// The rise of the straight line of least squares from the first row to the last.
pub(crate) fn rise(values: &[f64]) -> f64 {
    let (n, centre) = (count(values.len()), mean(values));
    let middle = (n - 1.0) / 2.0;
    let along = |row: usize| count(row) - middle;
    let with: f64 = values.iter().enumerate().map(|(row, v)| along(row) * (v - centre)).sum();
    let of: f64 = (0..values.len()).map(|row| along(row).powi(2)).sum();
    if of > 0.0 { with / of * n } else { 0.0 }
}

#[expect(clippy::cast_precision_loss, reason = "rows are far fewer than 2^53")]
pub(crate) fn count(rows: usize) -> f64 {
    rows as f64
}
