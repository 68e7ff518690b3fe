//! What Kayenta's API answers of a judgement.

use serde_json::{Map, Value, json};
use tidegate_kayenta::{JUDGE, Judgement, MetricResult, Summary};

/// A judgement as Kayenta's API writes it (`CanaryJudgeResult`). What is not a number is a text, such
/// as `"NaN"`, as Jackson writes it. Beside Kayenta's `ratio` each result has the `shift` with its
/// interval and the `effect`, and beside Kayenta's `classificationReason` an `explanation` with
/// figures, where there are any.
pub fn canary_judge_result(judgement: &Judgement) -> Value {
    let Judgement { results, groups, score } = judgement;
    let groups: Vec<_> = groups
        .iter()
        .map(|group| {
            json!({
                "name": group.name,
                "score": number(group.score),
                "classification": "",
                "classificationReason": "",
            })
        })
        .collect();
    let mut total = Map::new();
    total.insert("score".to_owned(), number(score.score));
    if let Some(class) = score.class {
        total.insert("classification".to_owned(), class.as_str().into());
    }
    let reason = judgement.kayenta_reason().unwrap_or_default();
    total.insert("classificationReason".to_owned(), reason.into());
    if let Some(reason) = &score.reason {
        total.insert("explanation".to_owned(), reason.clone().into());
    }
    json!({
        "judgeName": JUDGE,
        "results": results.iter().map(result).collect::<Vec<_>>(),
        "groupScores": groups,
        "score": total,
    })
}

fn result(result: &MetricResult) -> Value {
    let MetricResult { name, tags, groups, muted, verdict } = result;
    let mut told = json!({
        "name": name,
        "tags": tags,
        "id": id(result),
        "classification": verdict.class.as_str(),
        "groups": groups,
        "experimentMetadata": { "stats": stats(&verdict.experiment) },
        "controlMetadata": { "stats": stats(&verdict.control) },
        "critical": verdict.critical,
        "muted": muted,
    });
    let mut more = Map::new();
    if let Some(ratio) = verdict.ratio {
        more.insert("ratio".to_owned(), number(ratio));
    }
    if let Some(effect) = verdict.effect {
        more.insert("effect".to_owned(), number(effect));
    }
    if let Some(shift) = verdict.shift {
        let shift = json!({
            "low": number(shift.low),
            "estimate": number(shift.estimate),
            "high": number(shift.high),
        });
        more.insert("shift".to_owned(), shift);
    }
    if let Value::Object(told) = &mut told {
        if !more.is_empty() {
            told.insert("resultMetadata".to_owned(), Value::Object(more));
        }
        let reasons = [
            ("classificationReason", result.kayenta_reason()),
            ("explanation", verdict.reason.clone()),
        ];
        for (field, reason) in reasons {
            told.extend(reason.map(|reason| (field.to_owned(), reason.into())));
        }
    }
    told
}

/// The metric's name, and its tags where it has any: one for each result.
fn id(result: &MetricResult) -> String {
    let tags: Vec<_> =
        result.tags.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
    if tags.is_empty() {
        result.name.clone()
    } else {
        format!("{}{{{}}}", result.name, tags.join(","))
    }
}

fn stats(summary: &Summary) -> Value {
    json!({
        "min": number(summary.min),
        "max": number(summary.max),
        "mean": number(summary.mean),
        "std": number(summary.std),
        "count": summary.count,
    })
}

fn number(value: f64) -> Value {
    let odd = || match value {
        f64::INFINITY => "Infinity",
        f64::NEG_INFINITY => "-Infinity",
        _ => "NaN",
    };
    serde_json::Number::from_f64(value).map_or_else(|| odd().into(), Value::Number)
}
