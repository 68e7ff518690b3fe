use std::fmt::Write as _;

use crate::{
    labels::Labels,
    number::{number_text, plain_text},
    series::{Point, Series, Value},
};

/// A value as the `data` of Prometheus' HTTP API, in JSON.
pub fn answer_text(value: &Value) -> String {
    let mut text = format!("{{\"resultType\":\"{}\",\"result\":", value.value_type().name());
    match value {
        Value::Scalar(point) => pair(&mut text, point.at, &plain_text(point.value)),
        Value::Text(at, said) => pair(&mut text, *at, said),
        Value::Vector(all) => list(&mut text, all, |text, series| {
            text.push_str("\"value\":");
            if let Some(Point { at, value }) = series.points.first() {
                pair(text, *at, &number_text(*value));
            }
        }),
        Value::Matrix(all) => list(&mut text, all, |text, series| {
            text.push_str("\"values\":");
            separated(text, &series.points, |text, Point { at, value }| {
                pair(text, *at, &number_text(*value));
            });
        }),
    }
    text.push('}');
    text
}

/// Labels as a JSON object.
pub fn labels_text(labels: &Labels) -> String {
    let mut text = String::from("{");
    for (index, (name, value)) in labels.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        quoted(&mut text, name);
        text.push(':');
        quoted(&mut text, value);
    }
    text.push('}');
    text
}

fn list(text: &mut String, all: &[Series], samples: impl Fn(&mut String, &Series)) {
    separated(text, all, |text, series| {
        text.push_str("{\"metric\":");
        text.push_str(&labels_text(&series.labels));
        text.push(',');
        samples(text, series);
        text.push('}');
    });
}

fn separated<T>(text: &mut String, all: &[T], write: impl Fn(&mut String, &T)) {
    text.push('[');
    for (index, one) in all.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        write(text, one);
    }
    text.push(']');
}

/// `[1735689600.123,"0.95"]`
fn pair(text: &mut String, at: i64, value: &str) {
    let (seconds, millis) = (at.unsigned_abs() / 1000, at.unsigned_abs() % 1000);
    let sign = if at < 0 { "-" } else { "" };
    // Writing into a string cannot fail.
    let _ = write!(text, "[{sign}{seconds}");
    if millis > 0 {
        let _ = write!(text, ".{millis:03}");
    }
    text.push(',');
    quoted(text, value);
    text.push(']');
}

fn quoted(text: &mut String, value: &str) {
    text.push('"');
    for letter in value.chars() {
        match letter {
            '"' | '\\' => text.extend(['\\', letter]),
            '\n' => text.push_str("\\n"),
            control if u32::from(control) < 0x20 => {
                let _ = write!(text, "\\u{:04x}", u32::from(control));
            }
            other => text.push(other),
        }
    }
    text.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(value: &Value, expect: &str) {
        let text = answer_text(value);
        assert_eq!(text, expect);
        serde_json::from_str::<serde_json::Value>(&text).unwrap();
    }

    fn series(points: &[(i64, f64)]) -> Series {
        let labels = Labels::new([("a", "b\"\\\n\u{1}"), ("__name__", "up")]);
        Series { labels, points: points.iter().map(|&(at, value)| Point { at, value }).collect() }
    }

    #[test]
    fn values_are_written_as_prometheus_writes_them() {
        let at = 1_735_689_600_120;
        check(
            &Value::Scalar(Point { at, value: 1e-7 }),
            r#"{"resultType":"scalar","result":[1735689600.120,"0.0000001"]}"#,
        );
        check(&Value::Text(-1500, "a".into()), r#"{"resultType":"string","result":[-1.500,"a"]}"#);
        check(
            &Value::Vector(vec![series(&[(1000, 1e-7)])]),
            r#"{"resultType":"vector","result":[{"metric":{"__name__":"up","a":"b\"\\\n\u0001"},"value":[1,"1e-07"]}]}"#,
        );
        check(
            &Value::Matrix(vec![
                Series { labels: Labels::default(), points: vec![] },
                series(&[(0, 1.0), (5, f64::NAN)]),
            ]),
            r#"{"resultType":"matrix","result":[{"metric":{},"values":[]},{"metric":{"__name__":"up","a":"b\"\\\n\u0001"},"values":[[0,"1"],[0.005,"NaN"]]}]}"#,
        );
        check(&Value::Vector(vec![]), r#"{"resultType":"vector","result":[]}"#);
    }
}
