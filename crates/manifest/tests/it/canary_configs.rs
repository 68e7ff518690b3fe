//! Canary configurations of Kayenta, and what is told of a judgement.

use std::collections::BTreeMap;

use serde_json::json;
use tidegate_kayenta::{
    CanaryConfig, Direction, EffectSize, Measure, Metric, MetricQuery, MetricSettings, NanStrategy,
    Outliers, Pair, PrometheusQuery, Thresholds, judge,
};
use tidegate_manifest::{canary_judge_result, read_canary_config};

/// With tabs, as some editors write JSON.
const WHOLE: &str = r#"{
	"createdTimestamp": 1522263130000,
	"updatedTimestamp": 1522263130000,
	"createdTimestampIso": "2018-03-28T18:52:10Z",
	"name": "shop-canary",
	"description": "The shop's golden signals",
	"configVersion": "1.0",
	"applications": ["shop"],
	"judge": {"name": "NetflixACAJudge-v1.0", "judgeConfigurations": {}},
	"metrics": [
		{
			"name": "errors \/ minute",
			"query": {
				"type": "prometheus",
				"serviceType": "prometheus",
				"metricName": "requests_total",
				"labelBindings": ["code=~\"5..\""],
				"groupByFields": ["zone"],
				"customFilterTemplate": "by-scope"
			},
			"groups": ["errors"],
			"analysisConfigurations": {
				"canary": {
					"direction": "increase",
					"nanStrategy": "replace",
					"critical": true,
					"mustHaveData": true,
					"effectSize": {
						"allowedIncrease": 1.1, "allowedDecrease": 0.9,
						"criticalIncrease": 5, "criticalDecrease": 5e-1
					},
					"outliers": {"strategy": "remove", "outlierFactor": 2.5}
				}
			},
			"scopeName": "web"
		},
		{
			"name": "cpu",
			"query": {"type": "stackdriver", "metricType": "cpu", "perSeriesAligner": "ALIGN_MEAN"},
			"groups": ["system", "all"],
			"analysisConfigurations": {"canary": {"effectSize": {"measure": "cles"}}}
		}
	],
	"templates": {"by-scope": "scope=\"${scope}\""},
	"classifier": {
		"groupWeights": {"errors": 60.5, "system": 29.5},
		"scoreThresholds": {"pass": 95.0, "marginal": 75}
	}
}
"#;

fn read(text: &str) -> (CanaryConfig, Vec<String>) {
    let (config, notes) =
        read_canary_config("c.json", text).unwrap_or_else(|problems| panic!("{problems}"));
    let told = |note: tidegate_manifest::Problem| format!("{}: {}", note.field, note.message);
    (config, notes.into_iter().map(told).collect())
}

fn refused(text: &str) -> String {
    match read_canary_config("c.json", text) {
        Ok(read) => panic!("{read:?}"),
        Err(problems) => problems.to_string(),
    }
}

/// A configuration of one metric, with something in it.
fn one(inside: &str) -> String {
    format!(r#"{{"metrics": [{{"name": "a", "groups": ["g"], {inside}}}]}}"#)
}

fn canary(settings: &str) -> String {
    one(&format!(r#""analysisConfigurations": {{"canary": {settings}}}"#))
}

#[test]
fn a_whole_configuration_is_read() {
    let (config, notes) = read(WHOLE);
    assert_eq!(notes, [""; 0]);
    let errors = MetricSettings {
        direction: Direction::Increase,
        nan: NanStrategy::Replace,
        outliers: Outliers::Remove { factor: 2.5 },
        critical: true,
        must_have_data: true,
        muted: false,
        effect: EffectSize {
            measure: Measure::MeanRatio,
            allowed_increase: 1.1,
            allowed_decrease: 0.9,
            critical_increase: 5.0,
            critical_decrease: 0.5,
        },
    };
    let query = PrometheusQuery {
        metric_name: "requests_total".to_owned(),
        label_bindings: vec![r#"code=~"5..""#.to_owned()],
        group_by: vec!["zone".to_owned()],
        filter_template: "by-scope".to_owned(),
        ..PrometheusQuery::default()
    };
    let expect = CanaryConfig {
        id: String::new(),
        name: "shop-canary".to_owned(),
        applications: vec!["shop".to_owned()],
        metrics: vec![
            Metric {
                name: "errors / minute".to_owned(),
                groups: vec!["errors".to_owned()],
                settings: errors,
                scope: "web".to_owned(),
                query: Some(MetricQuery::Prometheus(query)),
            },
            Metric {
                name: "cpu".to_owned(),
                groups: vec!["system".to_owned(), "all".to_owned()],
                settings: MetricSettings {
                    effect: EffectSize::any(Measure::Cles),
                    ..MetricSettings::default()
                },
                scope: "default".to_owned(),
                query: Some(MetricQuery::Other("stackdriver".to_owned())),
            },
        ],
        templates: [("by-scope".to_owned(), r#"scope="${scope}""#.to_owned())].into(),
        group_weights: [("errors".to_owned(), 60.5), ("system".to_owned(), 29.5)].into(),
        thresholds: Some(Thresholds { pass: 95.0, marginal: 75.0 }),
    };
    assert_eq!(config, expect);
}

#[test]
fn what_is_left_out_is_as_kayenta_has_it() {
    let without = read(&one(r#""scopeName": null"#)).0;
    for same in [
        r#""scopeName": "default""#,
        r#""analysisConfigurations": {}"#,
        r#""analysisConfigurations": {"canary": {}}"#,
        r#""analysisConfigurations": {"canary": {"direction": "either", "nanStrategy": "remove"}}"#,
        r#""analysisConfigurations": {"canary": {"nanStrategy": "none", "critical": false}}"#,
        r#""analysisConfigurations": {"canary": {"mustHaveData": false, "muted": false}}"#,
        r#""analysisConfigurations": {"canary": {"effectSize": {"measure": "meanRatio"}}}"#,
        r#""analysisConfigurations": {"canary": {"outliers": {"strategy": "keep"}}}"#,
        r#""analysisConfigurations": {"canary": {"outliers": {"strategy": "none"}}}"#,
        r#""analysisConfigurations": {"canary": {"effectSize": {
            "allowedIncrease": 1, "allowedDecrease": 1, "criticalIncrease": 1,
            "criticalDecrease": 1}}}"#,
    ] {
        assert_eq!(read(&one(same)).0, without, "{same}");
    }
    let head = |head: &str| {
        let with = one(r#""scopeName": "default""#);
        read(&with.replacen('{', &format!("{{{head}, "), 1)).0
    };
    for same in [
        r#""applications": []"#,
        r#""templates": {}"#,
        r#""classifier": {}"#,
        r#""classifier": {"groupWeights": {}}"#,
        r#""judge": {"name": "NetflixACAJudge-v1.0"}"#,
        r#""judge": {}"#,
    ] {
        assert_eq!(head(same), without, "{same}");
    }
    assert_ne!(head(r#""applications": ["a"]"#), without);
    assert_ne!(head(r#""templates": {"a": "b"}"#), without);
    let cles = r#"{"effectSize": {"measure": "cles", "allowedIncrease": 0.5, "allowedDecrease": 0.5,
        "criticalIncrease": 0.5, "criticalDecrease": 0.5}}"#;
    assert_eq!(read(&canary(r#"{"effectSize": {"measure": "cles"}}"#)), read(&canary(cles)));
    let remove = |factor: &str| {
        read(&canary(&format!(r#"{{"outliers": {{"strategy": "remove"{factor}}}}}"#))).0
    };
    assert_eq!(remove(""), remove(r#", "outlierFactor": 3"#));
    let keep = r#"{"outliers": {"strategy": "keep", "outlierFactor": 0}}"#;
    assert_eq!(
        read(&canary(keep)),
        read(&canary("{}")),
        "nothing is left out, whatever the factor"
    );
    let query = |query: &str| read(&one(&format!(r#""query": {{"type": "prometheus"{query}}}"#))).0;
    assert_eq!(query(""), query(r#", "labelBindings": [], "groupByFields": []"#));
    assert_ne!(query(""), query(r#", "labelBindings": ["a=\"b\""]"#));
    assert_ne!(query(""), query(r#", "groupByFields": ["a"]"#));
}

#[test]
fn what_decides_the_verdict_is_never_ignored() {
    for (text, expect) in [
        (canary(r#"{"directions": "increase"}"#), "did you mean \"direction\"?"),
        (canary(r#"{"tolerance": 0.1}"#), "unknown field \"tolerance\""),
        (canary(r#"{"effectSize": {"allowed": 1.1}}"#), "unknown field \"allowed\""),
        (canary(r#"{"outliers": {"factor": 2}}"#), "unknown field \"factor\""),
        (canary(r#"{"direction": "Increase"}"#), "did you mean \"increase\"?"),
        (canary(r#"{"critical": "true"}"#), "write true, without quotes"),
        (canary(r#"{"effectSize": {"allowedIncrease": "1.1"}}"#), "write 1.1, without quotes"),
        (canary(r#"{"outliers": {"strategy": "remove", "outlierFactor": 0}}"#), "above 0"),
        (canary(r#"{"outliers": {"outlierFactor": -1, "strategy": "remove"}}"#), "above 0"),
        (canary(r#"{"outliers": {"strategy": "keep", "outlierFactor": "3"}}"#), "without quotes"),
        (one(r#""analysisConfiguration": {}"#), "did you mean \"analysisConfigurations\"?"),
        (one(r#""query": {"metricName": "a"}"#), "\"type\" is missing"),
        (one(r#""query": {"type": "prometheus", "customFilter": "a"}"#), "customInlineTemplate"),
        (r#"{"metrics": [{"name": "a"}]}"#.to_owned(), "\"groups\" is missing"),
        (r#"{"metrics": [], "judge": {"name": "dredd-v1.0"}}"#.to_owned(), "by lot"),
        (r#"{"metrics": [], "classifier": {"weights": {}}}"#.to_owned(), "unknown field"),
        (
            r#"{"metrics": [], "classifier": {"scoreThresholds": {"pass": 9}}}"#.to_owned(),
            "\"marginal\" is missing",
        ),
        (r#"{"name": "a"}"#.to_owned(), "\"metrics\" is missing"),
        ("[]".to_owned(), "c.json:1:1: found a list; allowed: a mapping"),
        (String::new(), "found 0 documents"),
    ] {
        let problems = refused(&text);
        assert!(problems.contains(expect), "{text}\n{problems}");
    }
}

#[test]
fn a_problem_has_its_place() {
    let text = WHOLE.replace("\"direction\": \"increase\"", "\"direction\": \"up\"");
    assert_eq!(
        refused(&text).lines().next().unwrap(),
        "c.json:24:19: metrics[0].analysisConfigurations.canary.direction: found the text \"up\"; \
         allowed: increase, decrease or either"
    );
    let twice = r#"{"metrics": [{"name": "a", "groups": []}, {"name": "a", "groups": []}]}"#;
    assert!(refused(twice).starts_with("c.json:1:52: metrics[1].name: a second metric \"a\""));
}

#[test]
fn what_kayenta_does_not_know_is_told_and_has_no_effect() {
    let text =
        one(r#""extensions": {}, "query": {"type": "prometheus", "aggregationPeriod": "60s"}"#)
            .replacen('{', r#"{"owner": "web team", "#, 1);
    assert_eq!(
        read(&text).1,
        [
            "owner: nothing here knows this field: it has no effect",
            "metrics[0].extensions: nothing here knows this field: it has no effect",
            "metrics[0].query.aggregationPeriod: nothing here knows this field: it has no effect",
        ]
    );
}

#[test]
fn weights_that_do_not_come_to_100_are_told() {
    for (weights, told) in [
        (r#"{"g": 100}"#, false),
        ("{}", false),
        (r#"{"h": 40}"#, false),
        (r#"{"g": 40}"#, true),
        (r#"{"g": 70, "h": 70}"#, true),
    ] {
        let classifier = format!(r#"{{"classifier": {{"groupWeights": {weights}}}, "#);
        let text = one(r#""scopeName": "default""#).replacen('{', &classifier, 1);
        assert_eq!(!read(&text).1.is_empty(), told, "{weights}");
    }
}

#[test]
fn a_judgement_is_told_as_kayenta_tells_it() {
    let (config, _) = read(&one(r#""scopeName": "default""#).replacen(
        '{',
        r#"{"classifier": {"scoreThresholds": {"pass": 90, "marginal": 50}}, "#,
        1,
    ));
    let pair = |experiment: &[f64], control: &[f64], tags: &[(&str, &str)]| Pair {
        name: "a".to_owned(),
        tags: tags
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect::<BTreeMap<_, _>>(),
        experiment: experiment.to_vec(),
        control: control.to_vec(),
    };
    let pairs = [
        pair(&[1.0, 2.0], &[2.0, 1.0], &[]),
        pair(&[4.0, 5.0, 6.0], &[0.0, 0.0, 0.0], &[("zone", "b")]),
    ];
    let told = canary_judge_result(&judge(&config, None, &pairs).unwrap());
    let low = told["results"][1]["resultMetadata"]["shift"]["low"].clone();
    let estimate = told["results"][1]["resultMetadata"]["shift"]["estimate"].clone();
    let stats = |min: f64, max: f64, mean: f64, std: f64, count: usize| json!({ "stats": { "min": min, "max": max, "mean": mean, "std": std, "count": count } });
    let half = 0.5_f64.sqrt();
    assert_eq!(
        told,
        json!({
            "judgeName": "NetflixACAJudge-v1.0",
            "results": [
                {
                    "name": "a",
                    "id": "a",
                    "tags": {},
                    "classification": "Pass",
                    "classificationReason": "The Canary and Baseline data are identical",
                    "explanation": "both sides have the same values",
                    "groups": ["g"],
                    "experimentMetadata": stats(1.0, 2.0, 1.5, half, 2),
                    "controlMetadata": stats(1.0, 2.0, 1.5, half, 2),
                    "resultMetadata": { "ratio": 1.0 },
                    "critical": false,
                    "muted": false,
                },
                {
                    "name": "a",
                    "id": "a{zone=\"b\"}",
                    "tags": { "zone": "b" },
                    "classification": "High",
                    "classificationReason": "a was classified as High",
                    "explanation": "the canary's values are higher by 5 (98 % interval 4 to 6)",
                    "groups": ["g"],
                    "experimentMetadata": stats(4.0, 6.0, 5.0, 1.0, 3),
                    "controlMetadata": stats(0.0, 0.0, 0.0, 0.0, 3),
                    "resultMetadata": {
                        "ratio": "NaN",
                        "effect": "NaN",
                        "shift": { "low": low, "estimate": estimate, "high": 6.0 },
                    },
                    "critical": false,
                    "muted": false,
                },
            ],
            "groupScores": [
                { "name": "g", "score": 50.0, "classification": "", "classificationReason": "" },
            ],
            "score": { "score": 50.0, "classification": "Marginal", "classificationReason": "" },
        })
    );
}
