//! Releases that the real Prometheus decides, by what it scraped of the router.

use std::time::Duration;

use tidegate_controller::RolloutView;
use tidegate_e2e::{House, Manifest, Prometheus, Step};

/// Whether at least 95 % of the canary's answers were no errors, asked three times.
fn template(prometheus: &Prometheus) -> String {
    format!(
        r#"apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: {{name: success-rate}}
spec:
  args:
  - name: canary
  metrics:
  - name: all-requests
    initialDelay: 5s
    successCondition: "len(result) > 2 && all(result, # >= 0)"
    provider:
      prometheus:
        address: http://{0}
        query: sum(tidegate_router_requests_total{{revision="{{{{args.canary}}}}"}})
        rangeQuery:
          start: now() - duration("1m")
          end: now()
          step: 1s
  - name: scraped
    successCondition: result == "1"
    provider:
      web:
        url: http://{0}/api/v1/query?query=up{{job="tidegate"}}
        jsonPath: "{{$.data.result[0].value[1]}}"
  - name: success-rate
    initialDelay: 5s
    interval: 1s
    count: 3
    successCondition: result[0] >= 0.95
    provider:
      prometheus:
        address: http://{0}
        query: |
          sum(rate(tidegate_router_requests_total{{revision="{{{{args.canary}}}}",class!="5xx"}}[30s]))
          /
          sum(rate(tidegate_router_requests_total{{revision="{{{{args.canary}}}}"}}[30s]))
"#,
        prometheus.address()
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_prometheus_scraped_promotes_a_good_canary_and_takes_a_bad_one_back() {
    let house = House::build().unwrap();
    let prometheus = Prometheus::start(house.folder(), house.metrics()).unwrap();
    house.apply_text(&template(&prometheus)).unwrap();
    house.apply(&Manifest::good("v1")).unwrap();
    house.until_stable("v1").await.unwrap();
    let load = house.load(150.0);
    let steps = [Step::Weight(40), Step::Analysis("success-rate")];

    house.apply(&Manifest::good("v2").steps(&steps)).unwrap();
    let view = house.until_stable("v2").await.unwrap();
    let run = &view.runs[0];
    let metric = &run.status.metrics["success-rate"];
    assert_eq!((metric.successful, metric.count), (3, 3), "{run:#?}");
    assert_eq!(metric.measurements[2].value, "[1]");
    assert_eq!(run.status.metrics["scraped"].measurements[0].value, "\"1\"");
    let canary = view.status.stable.clone().unwrap();
    assert!(metric.metadata["ResolvedPrometheusQuery"].contains(canary.as_str()), "{run:#?}");

    house.apply(&Manifest::good("v3").failing(0.5).steps(&steps)).unwrap();
    let taken_back = |view: &RolloutView| view.status.abort.is_some();
    let view = house.until("taken back", Duration::from_secs(40), taken_back).await.unwrap();
    let why = format!("{:?}", view.report.aborted);
    assert!(why.contains("success-rate") && why.contains("the last value was [0."), "{why}");
    load.stop().await;

    // Nobody who could tell is no reason to promote, and holds nothing up.
    drop(prometheus);
    house.apply(&Manifest::good("v4").steps(&steps)).unwrap();
    let failed = |view: &RolloutView| {
        let metrics = view.runs.iter().flat_map(|run| run.status.metrics.values());
        metrics.into_iter().any(|metric| metric.message.contains("Connection refused"))
    };
    house.until("an error", Duration::from_secs(40), failed).await.unwrap();
    house.tidegate(&["rollout", "abort", "web"]).unwrap();
    house.until("taken back", Duration::from_secs(40), taken_back).await.unwrap();
    house.end().unwrap();
}
