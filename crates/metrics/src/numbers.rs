//! Numbers and times as the services write them.

use std::time::{SystemTime, UNIX_EPOCH};

use tidegate_condition::Value;

/// A number with no exponent.
pub(crate) fn plain(number: f64) -> String {
    if number.is_infinite() {
        if number > 0.0 { "+Inf".to_owned() } else { "-Inf".to_owned() }
    } else {
        number.to_string()
    }
}

/// A list of numbers, and how it is shown.
pub(crate) fn list(numbers: impl IntoIterator<Item = f64>) -> (Value, String) {
    let numbers: Vec<f64> = numbers.into_iter().collect();
    let shown: Vec<_> = numbers.iter().copied().map(plain).collect();
    (Value::list(numbers.into_iter().map(Value::Float)), format!("[{}]", shown.join(",")))
}

/// Seconds since 1970.
pub(crate) fn unix_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
