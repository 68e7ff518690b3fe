use crate::{
    eval::{dates::Date, windows::WindowFunction},
    syntax::ValueType::{self, Matrix, Scalar, Text, Vector},
};

/// A function of the language.
#[derive(Debug)]
pub struct Function {
    /// As it is written.
    pub name: &'static str,
    /// What it takes; the last may be missing or repeated.
    pub arguments: &'static [ValueType],
    /// How often the last argument may be there.
    pub last: Last,
    /// What it returns.
    pub returns: ValueType,
    /// What it does, in one line.
    pub summary: &'static str,
    pub(crate) body: Body,
}

/// How often a function's last argument may be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Last {
    /// Once.
    Once,
    /// Once or not at all.
    Optional,
    /// Any number of times, or not at all.
    Repeated,
}

/// How a function is worked out.
#[derive(Debug)]
pub(crate) enum Body {
    /// Each number of a vector becomes another.
    Math(fn(f64) -> f64),
    /// Each window of a series becomes a number.
    Window(WindowFunction),
    /// The moment that each number of a vector is becomes a number.
    Date(fn(Date) -> i64),
    /// In a way of its own.
    Own(Own),
}

/// Functions that are like no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Own {
    Absent,
    AbsentOverTime,
    Clamp,
    ClampMax,
    ClampMin,
    HistogramQuantile,
    LabelJoin,
    LabelReplace,
    NativeHistogram,
    Pi,
    Round,
    Scalar,
    Sort,
    SortDesc,
    Time,
    Timestamp,
    Vector,
}

/// A function by its name.
pub(crate) fn function(name: &str) -> Option<&'static Function> {
    FUNCTIONS.iter().find(|function| function.name == name)
}

const fn new(
    name: &'static str,
    arguments: &'static [ValueType],
    body: Body,
    summary: &'static str,
) -> Function {
    Function { name, arguments, last: Last::Once, returns: Vector, summary, body }
}

const fn math(name: &'static str, body: fn(f64) -> f64, summary: &'static str) -> Function {
    new(name, &[Vector], Body::Math(body), summary)
}

const fn window(name: &'static str, body: WindowFunction, summary: &'static str) -> Function {
    new(name, &[Matrix], Body::Window(body), summary)
}

const fn date(name: &'static str, body: fn(Date) -> i64, summary: &'static str) -> Function {
    let function = new(name, &[Vector], Body::Date(body), summary);
    Function { last: Last::Optional, ..function }
}

const fn scalar(name: &'static str, own: Own, summary: &'static str) -> Function {
    Function { returns: Scalar, ..new(name, &[], Body::Own(own), summary) }
}

/// All functions, by name.
pub static FUNCTIONS: &[Function] = &[
    math("abs", f64::abs, "the absolute value"),
    new("absent", &[Vector], Body::Own(Own::Absent), "1 when there is no series"),
    new(
        "absent_over_time",
        &[Matrix],
        Body::Own(Own::AbsentOverTime),
        "1 when no series has a sample",
    ),
    math("acos", f64::acos, "the arccosine"),
    math("acosh", f64::acosh, "the inverse hyperbolic cosine"),
    math("asin", f64::asin, "the arcsine"),
    math("asinh", f64::asinh, "the inverse hyperbolic sine"),
    math("atan", f64::atan, "the arctangent"),
    math("atanh", f64::atanh, "the inverse hyperbolic tangent"),
    window("avg_over_time", WindowFunction::Avg, "the mean of the samples"),
    math("ceil", f64::ceil, "rounded up"),
    window("changes", WindowFunction::Changes, "how often the value changed"),
    new("clamp", &[Vector, Scalar, Scalar], Body::Own(Own::Clamp), "kept between two numbers"),
    new("clamp_max", &[Vector, Scalar], Body::Own(Own::ClampMax), "at most a number"),
    new("clamp_min", &[Vector, Scalar], Body::Own(Own::ClampMin), "at least a number"),
    math("cos", f64::cos, "the cosine"),
    math("cosh", f64::cosh, "the hyperbolic cosine"),
    window("count_over_time", WindowFunction::Count, "the number of samples"),
    date("day_of_month", |date| date.day, "1 to 31, in UTC"),
    date("day_of_week", |date| date.weekday, "0 (Sunday) to 6, in UTC"),
    date("day_of_year", |date| date.day_of_year, "1 to 366, in UTC"),
    date("days_in_month", |date| date.days_in_month, "28 to 31, in UTC"),
    math("deg", |v| v * 180.0 / std::f64::consts::PI, "radians in degrees"),
    window("delta", WindowFunction::Delta, "how much a gauge changed, extrapolated to the range"),
    window("deriv", WindowFunction::Deriv, "a gauge's slope per second, by linear regression"),
    math("exp", f64::exp, "e to that power"),
    math("floor", f64::floor, "rounded down"),
    NATIVE_COUNT,
    new(
        "histogram_fraction",
        &[Scalar, Scalar, Vector],
        Body::Own(Own::NativeHistogram),
        "of native histograms, of which there are none here: no series",
    ),
    new(
        "histogram_quantile",
        &[Scalar, Vector],
        Body::Own(Own::HistogramQuantile),
        "a quantile of what was counted in buckets",
    ),
    NATIVE_SUM,
    new(
        "holt_winters",
        &[Matrix, Scalar, Scalar],
        Body::Window(WindowFunction::HoltWinters),
        "a smoothed value, by double exponential smoothing",
    ),
    date("hour", |date| date.hour, "0 to 23, in UTC"),
    window("idelta", WindowFunction::Idelta, "the difference of the last two samples"),
    window(
        "increase",
        WindowFunction::Increase,
        "how much a counter grew, extrapolated to the range",
    ),
    window("irate", WindowFunction::Irate, "a counter's growth per second in the last two samples"),
    Function {
        last: Last::Repeated,
        ..new(
            "label_join",
            &[Vector, Text, Text, Text],
            Body::Own(Own::LabelJoin),
            "with a label made of other labels",
        )
    },
    new(
        "label_replace",
        &[Vector, Text, Text, Text, Text],
        Body::Own(Own::LabelReplace),
        "with a label made of what a pattern found in another",
    ),
    window("last_over_time", WindowFunction::Last, "the last sample"),
    math("ln", f64::ln, "the natural logarithm"),
    math("log10", f64::log10, "the decimal logarithm"),
    math("log2", f64::log2, "the binary logarithm"),
    window("max_over_time", WindowFunction::Max, "the largest sample"),
    window("min_over_time", WindowFunction::Min, "the smallest sample"),
    date("minute", |date| date.minute, "0 to 59, in UTC"),
    date("month", |date| date.month, "1 to 12, in UTC"),
    scalar("pi", Own::Pi, "π"),
    new(
        "predict_linear",
        &[Matrix, Scalar],
        Body::Window(WindowFunction::PredictLinear),
        "a gauge's value in so many seconds, by linear regression",
    ),
    window("present_over_time", WindowFunction::Present, "1 when there is a sample"),
    new(
        "quantile_over_time",
        &[Scalar, Matrix],
        Body::Window(WindowFunction::Quantile),
        "a quantile of the samples",
    ),
    math("rad", |v| v * std::f64::consts::PI / 180.0, "degrees in radians"),
    window(
        "rate",
        WindowFunction::Rate,
        "a counter's growth per second, extrapolated to the range",
    ),
    window("resets", WindowFunction::Resets, "how often a counter began anew"),
    Function {
        last: Last::Optional,
        ..new(
            "round",
            &[Vector, Scalar],
            Body::Own(Own::Round),
            "rounded to a multiple of a number",
        )
    },
    Function {
        returns: Scalar,
        ..new(
            "scalar",
            &[Vector],
            Body::Own(Own::Scalar),
            "the number of the only series, else NaN",
        )
    },
    math("sgn", sign, "-1, 0 or 1"),
    math("sin", f64::sin, "the sine"),
    math("sinh", f64::sinh, "the hyperbolic sine"),
    new("sort", &[Vector], Body::Own(Own::Sort), "sorted by value, smallest first"),
    new("sort_desc", &[Vector], Body::Own(Own::SortDesc), "sorted by value, largest first"),
    math("sqrt", f64::sqrt, "the square root"),
    window("stddev_over_time", WindowFunction::Stddev, "the samples' standard deviation"),
    window("stdvar_over_time", WindowFunction::Stdvar, "the samples' variance"),
    window("sum_over_time", WindowFunction::Sum, "the sum of the samples"),
    math("tan", f64::tan, "the tangent"),
    math("tanh", f64::tanh, "the hyperbolic tangent"),
    scalar("time", Own::Time, "the moment that is asked about, in seconds since 1970"),
    new("timestamp", &[Vector], Body::Own(Own::Timestamp), "when each sample was taken"),
    new("vector", &[Scalar], Body::Own(Own::Vector), "a number as a series without labels"),
    date("year", |date| date.year, "the year, in UTC"),
];

const NATIVE_COUNT: Function = new(
    "histogram_count",
    &[Vector],
    Body::Own(Own::NativeHistogram),
    "of native histograms, of which there are none here: no series",
);

const NATIVE_SUM: Function = Function { name: "histogram_sum", ..NATIVE_COUNT };

/// Zero and NaN stay what they are.
fn sign(v: f64) -> f64 {
    if v < 0.0 {
        -1.0
    } else if v > 0.0 {
        1.0
    } else {
        v
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_sorted_by_name() {
        let names: Vec<_> = FUNCTIONS.iter().map(|function| function.name).collect();
        assert!(names.is_sorted(), "{names:?}");
        assert_eq!(function("rate").map(|found| found.name), Some("rate"));
        assert!(function("Rate").is_none());
    }
}
