//! What a Prometheus is asked, and what is made of its answers.

use std::collections::BTreeMap;

use tidegate_kayenta::{
    CanaryConfig, Pair, PrometheusQuery, Scope, Side, TaggedValues, pairs, prometheus_query,
};

fn asked(query: &PrometheusQuery, location: &str) -> Result<String, String> {
    let template = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    let config = CanaryConfig {
        templates: [
            template("pods", "pod=~\"${scope}-.*\",zone=\"${location}\""),
            template("whole", "PromQL:sum(rate(hits{app=\"${scope}\"}[1m]))"),
        ]
        .into(),
        ..CanaryConfig::default()
    };
    let scope = Scope { scope: "shop".to_owned(), location: location.to_owned() };
    prometheus_query(&config, query, &scope)
}

fn query() -> PrometheusQuery {
    PrometheusQuery { metric_name: "hits".to_owned(), ..PrometheusQuery::default() }
}

#[test]
fn a_template_chooses_the_series_or_is_the_whole_query() {
    let text = str::to_owned;
    for (query, expect) in [
        (
            PrometheusQuery { inline_template: text("job='${scope}'"), ..query() },
            "avg(hits{job='shop'})",
        ),
        (
            PrometheusQuery {
                filter_template: text("pods"),
                label_bindings: vec![text("code=~\"5..\""), text("a=\"b\"")],
                group_by: vec![text("zone"), text("code")],
                ..query()
            },
            "avg(hits{pod=~\"shop-.*\",zone=\"eu\",code=~\"5..\",a=\"b\"}) by (zone,code)",
        ),
        (
            PrometheusQuery { filter_template: text("whole"), ..PrometheusQuery::default() },
            "sum(rate(hits{app=\"shop\"}[1m]))",
        ),
        (
            PrometheusQuery {
                filter_template: text("pods"),
                inline_template: text("PromQL:up{scope=\"${scope}\"}"),
                ..query()
            },
            "up{scope=\"shop\"}",
        ),
    ] {
        assert_eq!(asked(&query, "eu").as_deref(), Ok(expect));
    }
}

#[test]
fn a_kind_of_resource_chooses_the_instances_of_a_cloud() {
    for (kind, expect) in [
        ("gce_instance", "avg(hits{a=\"b\",instance=~\"shop-.{4}\",zone=~\".+/zones/eu-.{1}\"})"),
        ("aws_ec2_instance", "avg(hits{a=\"b\",asg_groupName=\"shop\",zone=~\"eu.{1}\"})"),
    ] {
        let label_bindings = vec!["a=\"b\"".to_owned()];
        let query = PrometheusQuery { resource_type: kind.to_owned(), label_bindings, ..query() };
        assert_eq!(asked(&query, "eu").as_deref(), Ok(expect));
        assert!(asked(&query, "").unwrap_err().contains("needs a location"));
    }
}

#[test]
fn a_query_that_cannot_be_made_says_why() {
    let text = str::to_owned;
    for (query, expect) in [
        (query(), "neither a template nor a resourceType"),
        (PrometheusQuery { resource_type: text("pod"), ..query() }, "the resourceType \"pod\""),
        (PrometheusQuery { filter_template: text("x"), ..query() }, "no template \"x\""),
        (PrometheusQuery { inline_template: text("${project}"), ..query() }, "known: scope"),
        (
            PrometheusQuery { inline_template: text("a=\"b\""), ..PrometheusQuery::default() },
            "no metricName",
        ),
    ] {
        let found = asked(&query, "").unwrap_err();
        assert!(found.contains(expect), "{found}");
    }
}

fn tags(zone: &str) -> BTreeMap<String, String> {
    let zone = (!zone.is_empty()).then(|| ("zone".to_owned(), zone.to_owned()));
    zone.into_iter().collect()
}

fn side(expected: usize, series: &[(&str, &[f64])]) -> Side {
    let series = series
        .iter()
        .map(|(zone, values)| TaggedValues { tags: tags(zone), values: values.to_vec() })
        .collect();
    Side { series, expected }
}

/// Pairs as text, for what is not a number is not itself.
fn paired(experiment: &Side, control: &Side) -> Vec<String> {
    let told = |Pair { tags, experiment, control, .. }: Pair| {
        let zone = tags.get("zone").cloned().unwrap_or_default();
        format!("{zone}: {experiment:?} {control:?}")
    };
    pairs("m", experiment, control).unwrap().into_iter().map(told).collect()
}

#[test]
fn series_are_paired_by_their_tags() {
    let both = side(3, &[("a", &[1.0, 2.0]), ("b", &[3.0, 4.0])]);
    let one = side(3, &[("b", &[5.0, 6.0])]);
    let plain = side(3, &[("", &[7.0, 8.0])]);
    let none = side(3, &[]);
    for (experiment, control, expect) in [
        (&plain, &plain, &[": [7.0, 8.0] [7.0, 8.0]"][..]),
        (&both, &one, &["a: [1.0, 2.0] [NaN, NaN]", "b: [3.0, 4.0] [5.0, 6.0]"]),
        (&one, &both, &["a: [NaN, NaN] [1.0, 2.0]", "b: [5.0, 6.0] [3.0, 4.0]"]),
        (&both, &none, &["a: [1.0, 2.0] [NaN, NaN, NaN]", "b: [3.0, 4.0] [NaN, NaN, NaN]"]),
        (&plain, &one, &["b: [NaN, NaN] [5.0, 6.0]"]),
        (&none, &plain, &[": [NaN, NaN, NaN] [7.0, 8.0]"]),
        (&none, &none, &[": [NaN, NaN, NaN] [NaN, NaN, NaN]"]),
    ] {
        assert_eq!(paired(experiment, control), expect);
    }
    let single = side(3, &[("a", &[1.0])]);
    assert_eq!(paired(&single, &one), ["a: [1.0] [NaN, NaN]", "b: [] [5.0, 6.0]"]);
}

#[test]
fn series_with_other_tags_cannot_be_paired() {
    let other = Side {
        series: vec![TaggedValues {
            tags: [("host".to_owned(), "x".to_owned())].into(),
            values: vec![1.0],
        }],
        expected: 3,
    };
    let problem = pairs("m", &other, &side(3, &[("a", &[1.0])])).unwrap_err();
    assert!(problem.contains("{\"host\"}") && problem.contains("{\"zone\"}"), "{problem}");
}
