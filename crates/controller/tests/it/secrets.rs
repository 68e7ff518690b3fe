//! Arguments from Secrets: servers get them, and nobody else.

use std::{collections::BTreeMap, time::Duration};

use tidegate_analysis::{
    AnalysisTemplate, ArgDeclaration, ArgSource, DatadogQuery, Header, MetricTemplate, Provider,
    Query, RunPhase, SecretKey, Setting, WebQuery,
};
use tidegate_controller::{Resource, RolloutView};
use tidegate_ports::Store as _;
use tidegate_testkit::Says;
use tidegate_units::ObjectKey;
use tidegate_workload::Secret;

use crate::bench::{Bench, analysed, key};

const TOKEN: &str = "s3cret-t0ken";

fn template() -> AnalysisTemplate {
    let query = Query::Web(WebQuery {
        headers: vec![Header {
            name: "Authorization".to_owned(),
            value: "Bearer {{args.token}}".to_owned(),
        }],
        ..WebQuery::new("http://metrics")
    });
    let metric = MetricTemplate {
        interval: Some(Setting::Known(Duration::from_secs(10))),
        count: Some(Setting::Known(2)),
        success_condition: Some("result > 0.9".to_owned()),
        ..MetricTemplate::new("m", Provider::Query(query))
    };
    let source = SecretKey { secret: "keys".to_owned(), key: "token".to_owned() };
    AnalysisTemplate {
        args: vec![ArgDeclaration {
            name: "token".to_owned(),
            default: None,
            from: Some(ArgSource::Secret(source)),
        }],
        metrics: vec![metric],
        ..AnalysisTemplate::new(key().sibling("asking"))
    }
}

fn secret(value: &str) -> Resource {
    Resource::Secret(Secret {
        key: key().sibling("keys"),
        data: BTreeMap::from([("token".to_owned(), value.to_owned())]),
        bytes: BTreeMap::new(),
    })
}

/// A bench whose canary waits for an analysis with a secret.
async fn begun(says: Says) -> Bench {
    let bench = Bench::with_stable().await;
    bench.metrics.says(says);
    bench.apply(secret(TOKEN)).await;
    bench.apply(Resource::AnalysisTemplate(template())).await;
    bench.apply(Resource::Rollout(analysed("v2", "asking"))).await;
    bench
}

fn authorization(query: &Query) -> &str {
    if let Query::Web(query) = query { &query.headers[0].value } else { "" }
}

/// All that is kept, told and shown, but for the Secret itself.
async fn everything(bench: &Bench) -> String {
    let documents = bench.store.load().await.unwrap();
    let documents: Vec<_> = documents.iter().filter(|one| one.kind != "Secret").collect();
    let ledger = bench.store.entries(0, 10_000).await.unwrap();
    let view = serde_json::to_string(&bench.view()).unwrap();
    format!("{documents:?}\n{ledger:?}\n{view}")
}

#[tokio::test(start_paused = true)]
async fn a_server_gets_the_secret_and_nobody_else_sees_it() {
    let bench = begun(Says::Number(0.99)).await;
    bench.until("v2 is stable", |view| view.status.stable == Some("v2".into())).await;
    let asked = bench.metrics.asked();
    assert_eq!(asked.len(), 2);
    assert_eq!(authorization(&asked[0]), "Bearer s3cret-t0ken");
    let seen = everything(&bench).await;
    assert!(seen.contains("Bearer {{args.token}}"), "{seen}");
    assert!(!seen.contains(TOKEN), "{seen}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_repeats_the_secret_is_kept_without_it() {
    let echo = format!("401 for Bearer {TOKEN}");
    for says in [Says::Error(echo.clone()), Says::Text(echo)] {
        let bench = begun(says).await;
        bench.until("it is taken back", |view| view.report.aborted.is_some()).await;
        let seen = everything(&bench).await;
        assert!(seen.contains("401 for Bearer (secret)"), "{seen}");
        assert!(!seen.contains(TOKEN), "{seen}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_holds_the_secret_is_judged_as_it_came() {
    let is_it = format!("result == \"{TOKEN}\"");
    for (condition, passes) in [(is_it.as_str(), true), ("result > 0", false)] {
        let bench = Bench::with_stable().await;
        bench.metrics.says(Says::Text(TOKEN.to_owned()));
        bench.apply(secret(TOKEN)).await;
        let mut template = template();
        template.metrics[0].success_condition = Some(condition.to_owned());
        bench.apply(Resource::AnalysisTemplate(template)).await;
        bench.apply(Resource::Rollout(analysed("v2", "asking"))).await;
        let ended = |view: &RolloutView| {
            view.runs.first().is_some_and(|run| run.status.completed_at.is_some())
        };
        bench.until("an end", ended).await;
        let status = &bench.view().runs[0].status;
        assert_eq!(status.phase == RunPhase::Successful, passes, "{status:?}");
        let shown = serde_json::to_string(status).unwrap();
        assert!(shown.contains("(secret)") && !shown.contains(TOKEN), "{shown}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_secret_that_changes_is_used_from_then_on() {
    let bench = begun(Says::Slowly(0.99, Duration::from_secs(3))).await;
    bench
        .until("a measurement", |view| {
            view.runs.first().is_some_and(|run| run.status.metrics["m"].count == 1)
        })
        .await;
    bench.apply(secret("another")).await;
    bench.until("v2 is stable", |view| view.status.stable == Some("v2".into())).await;
    let asked = bench.metrics.asked();
    assert_eq!(authorization(&asked[1]), "Bearer another");
}

#[tokio::test(start_paused = true)]
async fn a_secret_that_is_not_there_ends_the_run_with_an_error_that_says_so() {
    let bench = Bench::with_stable().await;
    bench.apply(Resource::AnalysisTemplate(template())).await;
    bench.apply(Resource::Rollout(analysed("v2", "asking"))).await;
    bench.until("it is taken back", |view| view.report.aborted.is_some()).await;
    let run = bench.view().runs[0].clone();
    let expect = "argument token: there is no Secret default/keys";
    assert_eq!((run.status.phase, run.status.message.as_str()), (RunPhase::Error, expect));
    assert_eq!(bench.metrics.asked().len(), 0);
}

/// A canary whose analysis asks Datadog.
async fn asking_datadog(query: DatadogQuery, secrets: &[(&str, &str)]) -> Bench {
    let bench = Bench::with_stable().await;
    bench.metrics.says(Says::Text(format!("denied to {TOKEN}, see https://dd.example.com")));
    for (namespace, name) in secrets {
        let entries = [("api-key", TOKEN), ("app-key", "other-t0ken"), ("address", namespace)];
        let data = entries.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let secret = Secret {
            key: ObjectKey::new(namespace, name),
            data: data.into(),
            bytes: BTreeMap::new(),
        };
        bench.apply(Resource::Secret(secret)).await;
    }
    let metric = MetricTemplate::new("m", Provider::Query(Query::Datadog(query)));
    let template = AnalysisTemplate {
        metrics: vec![metric],
        ..AnalysisTemplate::new(key().sibling("asking"))
    };
    bench.apply(Resource::AnalysisTemplate(template)).await;
    bench.apply(Resource::Rollout(analysed("v2", "asking"))).await;
    bench.until("it is asked", |_| !bench.metrics.asked().is_empty()).await;
    bench.until("v2 is stable", |view| view.status.stable == Some("v2".into())).await;
    bench
}

#[tokio::test(start_paused = true)]
async fn credentials_are_where_argo_rollouts_keeps_them_else_beside_the_rollout() {
    let query = |secret: &str, namespaced| DatadogQuery {
        query: "a".to_owned(),
        secret: secret.to_owned(),
        namespaced,
        ..DatadogQuery::default()
    };
    let both = [("argo-rollouts", "keys"), ("default", "keys")];
    for (query, secrets, expect) in [
        (query("keys", false), &both[..], Some("argo-rollouts")),
        (query("keys", false), &both[1..], Some("default")),
        (query("keys", true), &both[..], Some("default")),
        (query("keys", true), &both[..1], None),
        (query("", false), &[("argo-rollouts", "datadog")], Some("argo-rollouts")),
    ] {
        let bench = asking_datadog(query, secrets).await;
        let given = bench.metrics.secrets().remove(0);
        let place = given.map(|secret| secret.key.namespace.to_string());
        assert_eq!(place.as_deref(), expect);
        let seen = everything(&bench).await;
        let told = if expect.is_some() { "(secret)" } else { TOKEN };
        assert!(seen.contains(&format!("denied to {told}, see https://dd.example.com")), "{seen}");
    }
}
