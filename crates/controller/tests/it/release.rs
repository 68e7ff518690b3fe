//! Good and bad revisions.

use std::{collections::BTreeMap, time::Duration};

use tidegate_analysis::{
    AnalysisTemplate, ArmMeasure, MetricTemplate, Provider, RevisionRole, RouterMeasure, RunPhase,
    Setting,
};
use tidegate_controller::Resource;
use tidegate_ports::{Clock as _, ScaleOrder};
use tidegate_rollout::{AbortReason, Command, Phase, Step};
use tidegate_units::ObjectKey;

use crate::bench::{Bench, analysed, blue_green, canary_of, key, rollout, service, sleep};

#[tokio::test(start_paused = true)]
async fn a_good_revision_takes_every_step_and_becomes_stable() {
    let bench = Bench::with_stable().await;
    bench.apply(Resource::Rollout(rollout("v2"))).await;
    bench.until("5 %", |_| bench.weight("v2") == 5).await;
    bench.until("50 %", |_| bench.weight("v2") == 50).await;
    bench.until("stable", |view| view.status.stable == Some("v2".into())).await;
    assert_eq!(bench.weight("v2"), 100);
    assert_eq!(bench.view().report.phase, Phase::Healthy);
    sleep(40).await;
    assert_eq!(bench.view().replicas.len(), 3, "the old replicas are gone after their delay");
    let shares: Vec<_> = bench
        .router
        .history()
        .iter()
        .filter_map(|table| {
            let parts = &table.listeners.first()?.destinations;
            parts.iter().find(|one| one.revision == "v2".into()).map(|one| one.weight.out_of(100))
        })
        .collect();
    assert!(shares.windows(2).all(|two| two[0] <= two[1]), "it only grew: {shares:?}");
}

#[tokio::test(start_paused = true)]
async fn a_revision_that_fails_half_its_requests_is_taken_back_within_two_seconds() {
    let bench = Bench::with_stable().await;
    bench.router.answers(&"v2".into(), 0.5, 10_000);
    bench.apply(Resource::Rollout(rollout("v2"))).await;
    bench.until("5 %", |_| bench.weight("v2") == 5).await;
    let exposed = bench.clock.now();
    bench.until("aborted", |view| view.status.abort.is_some()).await;
    let took = bench.clock.now().since(exposed);
    assert_eq!(bench.weight("v2"), 0);
    assert!(took <= Duration::from_secs(2), "{took:?}");
    let view = bench.view();
    assert_eq!(view.report.phase, Phase::Degraded);
    assert!(matches!(view.report.aborted, Some(AbortReason::Analysis { .. })), "{view:?}");

    let (requests, errors) = bench.router.counted(&key(), &"v2".into());
    sleep(60).await;
    assert_eq!(bench.router.counted(&key(), &"v2".into()), (requests, errors), "it stays at 0 %");
    assert_eq!(bench.view().replicas.len(), 3, "its replicas are gone after their delay");
    let ledger = bench.store.ledger();
    let abort = ledger.iter().find(|entry| entry.draft.what == "Aborted").unwrap();
    assert!(abort.draft.detail["evidence"].as_object().is_some_and(|runs| !runs.is_empty()));
}

#[tokio::test(start_paused = true)]
async fn a_revision_that_is_slower_is_taken_back() {
    let bench = Bench::with_stable().await;
    bench.router.answers(&"v2".into(), 0.0, 14_000);
    bench.apply(Resource::Rollout(rollout("v2"))).await;
    bench.until("aborted", |view| view.status.abort.is_some()).await;
    assert_eq!(bench.weight("v2"), 0);
}

fn error_rate_below(limit: &str) -> AnalysisTemplate {
    let provider = Provider::Router(RouterMeasure {
        measure: ArmMeasure::RequestRate,
        of: RevisionRole::Canary,
        window: Duration::from_secs(5),
    });
    let metric = MetricTemplate {
        interval: Some(Setting::Known(Duration::from_secs(2))),
        count: Some(Setting::Known(3)),
        success_condition: Some(format!("result < {limit}")),
        ..MetricTemplate::new("errors", provider)
    };
    AnalysisTemplate { metrics: vec![metric], ..AnalysisTemplate::new(key().sibling("errors")) }
}

#[tokio::test(start_paused = true)]
async fn an_analysis_whose_template_is_missing_takes_the_revision_back_and_says_so() {
    let bench = Bench::with_stable().await;
    bench.apply(Resource::Rollout(analysed("v2", "errors"))).await;
    bench.until("aborted", |view| view.status.abort.is_some()).await;
    let message = bench.view().status.message;
    assert!(message.contains("there is no AnalysisTemplate errors"), "{message}");
}

#[tokio::test(start_paused = true)]
async fn a_step_waits_for_its_analysis() {
    let bench = Bench::with_stable().await;
    bench.apply(Resource::AnalysisTemplate(error_rate_below("-1.0"))).await;
    bench.apply(Resource::Rollout(analysed("v2", "errors"))).await;
    bench.until("aborted", |view| view.status.abort.is_some()).await;
    assert_eq!(bench.weight("v2"), 0);
    let runs = bench.view().runs;
    assert_eq!(runs.len(), 1, "{runs:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_template_of_the_cluster_is_found_from_every_namespace() {
    let bench = Bench::with_stable().await;
    let mut template = error_rate_below("1000.0");
    template.key = ObjectKey::everywhere("errors");
    bench.apply(Resource::ClusterAnalysisTemplate(template)).await;
    let mut next = analysed("v2", "errors");
    let Step::Analysis(analysis) = &mut canary_of(&mut next.spec).steps[3] else {
        panic!("{next:?}")
    };
    analysis.templates[0].cluster = true;
    bench.apply(Resource::Rollout(next)).await;
    let bench = bench.restart().await;
    bench.until("v2 is stable", |view| view.status.stable == Some("v2".into())).await;
    let run = &bench.view().runs[0];
    assert_eq!((run.status.phase, run.spec.metrics.len()), (RunPhase::Successful, 1));
}

#[tokio::test(start_paused = true)]
async fn a_step_that_would_wait_for_ever_is_refused() {
    let bench = Bench::with_stable().await;
    let mut template = error_rate_below("1000.0");
    template.metrics[0].count = None;
    bench.apply(Resource::AnalysisTemplate(template)).await;
    bench.apply(Resource::Rollout(analysed("v2", "errors"))).await;
    bench.until("aborted", |view| view.status.abort.is_some()).await;
    let message = bench.view().status.message;
    assert!(message.contains("it would never end: add count"), "{message}");
}

#[tokio::test(start_paused = true)]
async fn as_many_ended_runs_are_kept_as_the_rollout_says() {
    for (kept, expected) in [(2, 2), (0, 0), (5, 4)] {
        let bench = Bench::with_stable().await;
        let mut next = analysed("v2", "missing");
        next.run_history.unsuccessful = kept;
        bench.apply(Resource::Rollout(next)).await;
        for _ in 0..3 {
            bench.until("aborted", |view| view.status.abort.is_some()).await;
            bench.command(Command::Retry).await;
            bench.until("tried again", |view| view.status.abort.is_none()).await;
        }
        bench.until("aborted", |view| view.status.abort.is_some()).await;
        sleep(2).await;
        assert_eq!(bench.view().runs.len(), expected, "{kept} are kept");
    }
}

#[tokio::test(start_paused = true)]
async fn ping_and_pong_take_turns_behind_a_root_service() {
    let bench = Bench::with_stable().await;
    let named = |name: &str| {
        let mut service = service();
        service.key = key().sibling(name);
        service
    };
    for name in ["ping", "pong"] {
        bench.apply(Resource::Service(named(name))).await;
    }
    let rollout = |revision| {
        let mut rollout = rollout(revision);
        rollout.root_service = Some("web".to_owned());
        rollout.ping_pong =
            Some(tidegate_rollout::PingPong { ping: "ping".to_owned(), pong: "pong".to_owned() });
        rollout
    };
    let reached = |name: &str| {
        let table = bench.router.table();
        let listener = table.listeners.iter().find(|one| &*one.service.name == name).unwrap();
        let revisions = listener.destinations.iter().map(|one| one.revision.to_string());
        revisions.collect::<Vec<_>>()
    };
    bench.apply(Resource::Rollout(rollout("v1"))).await;
    for (new, by_ping, by_pong) in [("v2", "v1", "v2"), ("v3", "v3", "v2")] {
        bench.apply(Resource::Rollout(rollout(new))).await;
        bench.until("on its way", |view| view.status.step_index == 3).await;
        assert_eq!(
            (reached("ping"), reached("pong")),
            (vec![by_ping.to_owned()], vec![by_pong.to_owned()])
        );
        assert_eq!(reached("web").len(), 2, "both");
        bench.until("stable", |view| view.status.stable == Some(new.into())).await;
    }
}

#[tokio::test(start_paused = true)]
async fn replicas_are_labelled_by_what_their_revision_is_to_users() {
    let bench = Bench::with_stable().await;
    let rollout = |revision: &str, replicas| {
        let mut rollout = rollout(revision);
        rollout.spec.replicas = replicas;
        let label = |role: &str| [("role".to_owned(), role.to_owned())].into();
        rollout.role_meta.stable.labels = label("stable");
        rollout.role_meta.canary.labels = label("canary");
        rollout
    };
    let roles = || {
        let orders = bench.runtime.orders();
        let role = |order: &ScaleOrder| order.template.meta.labels.get("role").cloned();
        orders.iter().map(|one| (one.revision.to_string(), role(one))).collect::<BTreeMap<_, _>>()
    };
    let mut only = service();
    only.key = key().sibling("only-canary");
    only.selector.insert("role".to_owned(), "canary".to_owned());
    bench.apply(Resource::Service(only)).await;
    bench.apply(Resource::Rollout(rollout("v2", 3))).await;
    bench.until("on its way", |view| view.status.step_index == 1).await;
    assert_eq!(roles()["v2"].as_deref(), Some("canary"));
    let table = bench.router.table();
    let listener = table.listeners.iter().find(|one| &*one.service.name == "only-canary").unwrap();
    assert_eq!(listener.destinations[0].revision.to_string(), "v2");
    bench.until("stable", |view| view.status.stable == Some("v2".into())).await;
    bench.apply(Resource::Rollout(rollout("v2", 4))).await;
    sleep(2).await;
    assert_eq!(roles()["v2"].as_deref(), Some("stable"), "what starts from now on");
    assert_eq!(bench.view().status.stable, Some("v2".into()), "and it is the same revision");
}

#[tokio::test(start_paused = true)]
async fn blue_green_labels_move_with_the_switch() {
    let bench = Bench::with_stable().await;
    let rollout = |revision: &str, replicas| {
        let mut rollout = blue_green(revision, None);
        rollout.spec.replicas = replicas;
        let label = |role: &str| [("role".to_owned(), role.to_owned())].into();
        rollout.role_meta.stable.labels = label("active");
        rollout.role_meta.canary.labels = label("preview");
        rollout
    };
    for role in ["active", "preview"] {
        let mut only = service();
        only.key = key().sibling(role);
        only.selector.insert("role".to_owned(), role.to_owned());
        bench.apply(Resource::Service(only)).await;
    }
    let reached = || {
        let table = bench.router.table();
        ["active", "preview"].map(|name| {
            let listener = table.listeners.iter().find(|one| &*one.service.name == name).unwrap();
            let revisions = listener.destinations.iter().map(|one| one.revision.to_string());
            revisions.collect::<Vec<_>>().join(" ")
        })
    };
    let role = |revision: &str| {
        let orders = bench.runtime.orders();
        let order = orders.iter().find(|one| one.revision.as_str() == revision).unwrap();
        order.template.meta.labels.get("role").cloned()
    };
    bench.apply(Resource::Rollout(rollout("v2", 3))).await;
    sleep(3).await;
    assert_eq!(bench.weight("v1"), 100, "before the switch");
    assert_eq!(reached(), ["v1", "v2"]);
    assert_eq!(role("v2").as_deref(), Some("preview"));
    bench.until("stable", |view| view.status.stable == Some("v2".into())).await;
    assert_eq!(reached(), ["v2", "v2"]);
    bench.apply(Resource::Rollout(rollout("v2", 4))).await;
    sleep(2).await;
    assert_eq!(role("v2").as_deref(), Some("active"), "what starts from now on");
}
