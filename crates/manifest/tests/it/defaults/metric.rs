//! Analyses: templates, runs, metrics and their providers.

use super::{
    Proof::{Acts, Beside, Means, Not},
    Proofs,
};

const KIND: &str = "AnalysisTemplate, ClusterAnalysisTemplate and AnalysisRun";
const RUN: &str = "{apiVersion: argoproj.io/v1alpha1, kind: AnalysisRun, metadata: {name: a}, spec: \
                   {metrics: [{name: m, provider: {prometheus: {query: up}}}], @}}";
const PROVIDER: &str = "{apiVersion: argoproj.io/v1alpha1, kind: AnalysisTemplate, metadata: \
                        {name: a}, spec: {metrics: [{name: m, interval: 1m, provider: {@}}]}}";
/// The default rules, written out.
const DEFAULT_RULES: &str = "[\
    {name: error-rate-threshold, severity: critical, condition: errorRate > 5, autoRollback: true, \
     message: 'Error rate {errorRate}% exceeds critical threshold of 5%'}, \
    {name: response-time-degradation, severity: major, condition: responseTimeChange.p95 > 50, \
     autoRollback: true, \
     message: 'P95 response time increased by {responseTimeChange.p95}%'}, \
    {name: conversion-rate-impact, severity: major, condition: conversionRateChange < -10, \
     message: 'Conversion rate decreased by {conversionRateChange}%'}, \
    {name: memory-leak-detection, severity: critical, condition: memoryUsage > 85 && memoryLeak, \
     message: Potential memory leak detected}]";

const PLUGIN: &str = "plugin: {@}";
const LIMITS: &str = "analysis/tests/it/limits.rs";
const SERVICES: &str = "metrics/tests/it/services.rs";
const TIMEOUTS: super::Proof =
    Acts("analysis/tests/it/queries.rs", "an_answer_is_waited_for_as_long_as_argo_waits");
const CLOUD_WATCH: &str = "cloudWatch: {metricDataQueries: [{id: a, @}]}";
const JOB: &str =
    "job: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: a, image: b}]}}, @}}";

pub(super) const ALL: &[Proofs] = &[
    Proofs {
        table: (KIND, "AnalysisRun.spec"),
        around: &[RUN],
        fields: &[("terminate", Not("true")), ("ttlStrategy", Not("{secondsAfterCompletion: 9}"))],
    },
    Proofs {
        table: (KIND, "spec.metrics[]"),
        around: &[],
        fields: &[
            (
                "initialDelay",
                Acts(
                    LIMITS,
                    "measurements_come_after_the_delay_at_the_interval_and_sooner_after_an_error",
                ),
            ),
            ("count", Acts(LIMITS, "the_count_ends_a_metric_and_an_interval_alone_never_does")),
            ("failureLimit", Acts(LIMITS, "a_limit_is_broken_by_one_more_than_it_allows")),
            ("inconclusiveLimit", Acts(LIMITS, "a_limit_is_broken_by_one_more_than_it_allows")),
            ("consecutiveErrorLimit", Acts(LIMITS, "a_limit_is_broken_by_one_more_than_it_allows")),
            (
                "consecutiveSuccessLimit",
                Acts(LIMITS, "the_count_ends_a_metric_and_an_interval_alone_never_does"),
            ),
        ],
    },
    Proofs {
        table: (KIND, "spec.metrics[].provider.plugin[\"tidegate/router\"]"),
        around: &[PROVIDER, PLUGIN, "tidegate/router: {measure: error-rate, @}"],
        fields: &[("of", Not("stable")), ("window", Not("61s"))],
    },
    Proofs {
        table: (KIND, "spec.metrics[].provider.plugin[\"tidegate/judge\"]"),
        around: &[PROVIDER, PLUGIN, "tidegate/judge: {@}"],
        fields: &[
            ("alpha", Not("0.02")),
            ("errorOddsMargin", Not("1.26")),
            ("quantiles", Not("[0.5, 0.9]")),
            ("latencyMargin", Not("0.2")),
            ("warmUp", Not("3s")),
            ("design", Acts("judge/tests/it/evidence.rs", "alpha_is_shared_over_the_tests")),
            ("metrics", Not("[{name: a, canary: b, stable: c}]")),
        ],
    },
    Proofs {
        table: (KIND, "spec.metrics[].provider.plugin[\"tidegate/judge\"].design"),
        around: &[PROVIDER, PLUGIN, "tidegate/judge: {design: {requests: 1000, @}}"],
        fields: &[("spending", Not("pocock")), ("looks", Not("4"))],
    },
    Proofs {
        table: (KIND, "spec.metrics[].provider.plugin[\"tidegate/judge\"].metrics[]"),
        around: &[
            PROVIDER,
            PLUGIN,
            "tidegate/judge: {metrics: [{name: a, canary: b, stable: c, @}]}",
        ],
        fields: &[
            ("harm", Acts("manifest/tests/it/good.rs", "the_judge_may_compare_other_metrics")),
            ("margin", Not("0.2")),
        ],
    },
    Proofs {
        table: (KIND, "spec.metrics[].provider.plugin[\"tidegate/shadow\"]"),
        around: &[PROVIDER, PLUGIN, "tidegate/shadow: {@}"],
        fields: &[("alpha", Not("0.02")), ("minRequests", Not("99")), ("wait", Not("6m"))],
    },
    Proofs {
        table: (KIND, "spec.metrics[].provider.plugin[\"tidegate/decision\"]"),
        around: &[PROVIDER, PLUGIN, "tidegate/decision: {@}"],
        fields: &[
            ("rules", Means(DEFAULT_RULES, "[]")),
            ("override", Not("[ada]")),
            ("window", Not("50s")),
            ("minRequests", Not("99")),
            ("judge", Not("false")),
            ("monitoring", Not("29m")),
            ("warmUp", Not("61s")),
        ],
    },
    Proofs {
        table: (KIND, "spec.metrics[].provider.plugin[\"tidegate/decision\"].rules[]"),
        around: &[
            PROVIDER,
            PLUGIN,
            "tidegate/decision: {override: [ada], rules: [{name: a, severity: critical, condition: errorRate > 5, @}]}",
        ],
        fields: &[
            ("autoRollback", Means("true", "false")),
            (
                "rollbackAfter",
                Acts(
                    "decision/tests/it/order.rs",
                    "severity_and_permission_to_roll_back_make_the_action",
                ),
            ),
            ("override", Means("[ada]", "[]")),
        ],
    },
    Proofs {
        table: (KIND, "spec.metrics[].provider.plugin[\"tidegate/decision\"].values.*"),
        around: &[PROVIDER, PLUGIN, "tidegate/decision: {values: {a: {metric: m, @}}}"],
        fields: &[("unit", Not("ms"))],
    },
    Proofs {
        table: (KIND, "spec.metrics[].provider.plugin[\"tidegate/decision\"].prediction"),
        around: &[PROVIDER, PLUGIN, "tidegate/decision: {prediction: {metric: m, @}}"],
        fields: &[("rollbackAfter", Not("4m"))],
    },
    Proofs {
        table: (KIND, "spec.metrics[].provider.prometheus"),
        around: &[PROVIDER, "prometheus: {query: up, @}"],
        fields: &[
            (
                "address",
                Acts("metrics/tests/it/embedded.rs", "they_answer_where_no_server_is_named"),
            ),
            ("timeout", TIMEOUTS),
            ("insecure", Not("true")),
            ("rangeQuery", Acts("metrics/tests/it/prometheus.rs", "a_query_is_posted_as_a_form")),
        ],
    },
    Proofs {
        table: (KIND, "spec.metrics[].provider.{prometheus,web}.authentication.sigv4"),
        around: &[],
        fields: &[(
            "region",
            Acts(
                "metrics/src/prometheus/tests.rs",
                "amazons_are_asked_with_the_region_of_the_environment_where_none_is_given",
            ),
        )],
    },
    Proofs {
        table: (KIND, "spec.metrics[].provider.web"),
        around: &[PROVIDER, "web: {url: 'http://a.example', @}"],
        fields: &[
            ("method", Not("POST")),
            ("timeoutSeconds", TIMEOUTS),
            (
                "jsonPath",
                Acts("metrics/src/web/tests.rs", "json_is_read_and_anything_else_is_a_text"),
            ),
            ("insecure", Not("true")),
        ],
    },
    Proofs {
        table: (KIND, "spec.metrics[].provider.datadog"),
        around: &[PROVIDER, "datadog: {query: a, @}"],
        fields: &[
            ("apiVersion", Not("v2")),
            ("interval", Acts(SERVICES, "datadog_v1_is_asked_with_the_keys_of_the_environment")),
            ("aggregator", Acts(SERVICES, "datadog_v2_is_asked_with_the_keys_of_a_secret")),
            ("secretRef", Acts(SERVICES, "datadog_v1_is_asked_with_the_keys_of_the_environment")),
            ("requestTimeout", TIMEOUTS),
        ],
    },
    Proofs {
        table: (KIND, "spec.metrics[].provider.datadog.secretRef"),
        around: &[PROVIDER, "datadog: {query: a, secretRef: {@}}"],
        fields: &[("namespaced", Beside("name: a, ", "true"))],
    },
    Proofs {
        table: (KIND, "spec.metrics[].provider.newRelic"),
        around: &[],
        fields: &[
            (
                "profile",
                Acts(
                    "controller/tests/it/secrets.rs",
                    "credentials_are_where_argo_rollouts_keeps_them_else_beside_the_rollout",
                ),
            ),
            ("timeout", Acts(SERVICES, "new_relic_is_asked_in_graphql")),
        ],
    },
    Proofs {
        table: (KIND, "spec.metrics[].provider.cloudWatch"),
        around: &[],
        fields: &[("interval", Acts(SERVICES, "cloudwatch_is_asked_with_a_signature"))],
    },
    Proofs {
        table: (KIND, "spec.metrics[].provider.cloudWatch.metricDataQueries[]"),
        around: &[PROVIDER, CLOUD_WATCH],
        fields: &[("returnData", Acts(SERVICES, "cloudwatch_is_asked_with_a_signature"))],
    },
    Proofs {
        table: (KIND, "spec.metrics[].provider.cloudWatch.metricDataQueries[].metricStat"),
        around: &[
            PROVIDER,
            CLOUD_WATCH,
            "metricStat: {metric: {metricName: a}, period: 60, stat: Sum, @}",
        ],
        fields: &[("unit", Not("Count"))],
    },
    Proofs {
        table: (KIND, "spec.metrics[].provider.influxdb"),
        around: &[],
        fields: &[(
            "profile",
            Acts(
                "controller/tests/it/secrets.rs",
                "credentials_are_where_argo_rollouts_keeps_them_else_beside_the_rollout",
            ),
        )],
    },
    Proofs {
        table: (KIND, "spec.metrics[].provider.kayenta"),
        around: &[
            PROVIDER,
            "kayenta: {address: 'http://a.example', canaryConfigName: a, threshold: {pass: 9, marginal: 8}, scopes: [{name: a, controlScope: {}, experimentScope: {}}], @}",
        ],
        fields: &[("lookback", Not("true"))],
    },
    Proofs {
        table: (KIND, "spec.metrics[].provider.kayenta.scopes[].controlScope, experimentScope"),
        around: &[],
        fields: &[
            (
                "start",
                Acts(
                    "metrics/tests/it/kayenta.rs",
                    "a_score_is_waited_for_and_its_fraction_left_out",
                ),
            ),
            (
                "end",
                Acts(
                    "metrics/tests/it/kayenta.rs",
                    "a_score_is_waited_for_and_its_fraction_left_out",
                ),
            ),
        ],
    },
    Proofs {
        table: (KIND, "spec.metrics[].provider.job.spec"),
        around: &[PROVIDER, JOB],
        fields: &[
            ("backoffLimit", Not("5")),
            (
                "activeDeadlineSeconds",
                Acts("manifest/tests/it/jobs.rs", "what_is_not_said_is_as_in_kubernetes"),
            ),
            (
                "completions",
                Acts(
                    "replicas/src/jobs/plan/tests.rs",
                    "one_success_is_enough_unless_something_else_is_said",
                ),
            ),
            (
                "parallelism",
                Acts("manifest/tests/it/jobs.rs", "what_is_not_said_is_as_in_kubernetes"),
            ),
        ],
    },
];
