//! A rollout in the middle of everything, for the tests of this module.

use std::{collections::BTreeMap, time::Duration};

use tidegate_analysis::{
    JudgeSettings, Metric, Provider, RunObservation, RunPhase, RunSpec, RunStatus, RunTraffic,
    plan_run,
};
use tidegate_controller::{MirroredView, RolloutView, RunView, ServiceAddress, TrafficView};
use tidegate_ports::{ReplicaSeen, ReplicaState, RunsAs, Usage};
use tidegate_rollout::{
    AbortReason, Phase, Report, RevisionRole, RevisionView, RolloutStatus, RunKind, StepState,
    StepView, Waiting,
};
use tidegate_traffic::{Reach, RevisionTally, Tally};
use tidegate_units::{ObjectKey, Owner, Timestamp, Weight};

/// The moment of every view here.
pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_767_225_600_000);

/// Revision 2 at 5 %, failing one request in sixty; the judge is not sure yet.
pub(crate) fn judged() -> RolloutView {
    let key = ObjectKey::new("default", "web");
    let steps = [
        ("setWeight: 5", StepState::Done),
        ("pause: 10s", StepState::Active),
        ("setWeight: 25", StepState::Ahead),
        ("pause: 10s", StepState::Ahead),
        ("setWeight: 50", StepState::Ahead),
    ];
    let until = NOW.after(Duration::from_secs(4));
    RolloutView {
        key: key.clone(),
        at: NOW,
        created_at: NOW.before(Duration::from_hours(1)),
        deleting: false,
        replicas_wanted: 3,
        images: vec!["ghcr.io/acme/shop/web:2.0.0-rc1".to_owned()],
        report: Report {
            phase: Phase::Progressing,
            steps: steps.map(|(label, state)| StepView { label: label.to_owned(), state }).to_vec(),
            wanted_weight: Weight::new(5).unwrap(),
            actual_weight: Some(Weight::new(5).unwrap()),
            revisions: vec![
                revision(2, RevisionRole::Canary, 5, 1),
                revision(1, RevisionRole::Stable, 95, 3),
            ],
            waiting: vec![Waiting::PauseUntil { until }],
            aborted: None,
            rings: Vec::new(),
            blue_green: None,
            guests: Vec::new(),
        },
        status: RolloutStatus::default(),
        traffic: BTreeMap::from([
            ("bbbbbbbbbb".into(), traffic(10.2, 0.0163)),
            ("aaaaaaaaaa".into(), traffic(191.0, 0.0)),
        ]),
        router_answers: true,
        runs: vec![run(&key, 60)],
        replicas: vec![
            replica(&key, "bbbbbbbbbb", "k9lkl", ReplicaState::Ready),
            replica(&key, "aaaaaaaaaa", "rgl2p", ReplicaState::Ready),
            replica(&key, "aaaaaaaaaa", "5cw9t", ReplicaState::BackOff),
        ],
        services: vec![ServiceAddress {
            service: key,
            port: 80,
            address: ([127, 0, 0, 1], 8080).into(),
            reach: Some(Reach::All),
            note: None,
        }],
        carries: Vec::new(),
        ping_pong: false,
        max_weight: 100,
        revision_images: BTreeMap::from([
            ("bbbbbbbbbb".into(), vec!["ghcr.io/acme/shop/web:2.0.0-rc1".to_owned()]),
            ("aaaaaaaaaa".into(), vec!["web:1".to_owned()]),
        ]),
        violations: Vec::new(),
    }
}

/// The same once the judge is sure.
pub(crate) fn taken_back() -> RolloutView {
    let mut view = judged();
    view.runs = vec![run(&view.key, 2)];
    let decided = &view.runs[0];
    assert_eq!(decided.status.phase, RunPhase::Failed, "{:?}", decided.status);
    let reason = AbortReason::Analysis {
        run: decided.spec.name.clone(),
        message: decided.status.message.clone(),
    };
    view.report.phase = Phase::Degraded;
    view.report.aborted = Some(reason);
    view.report.wanted_weight = Weight::ZERO;
    view.report.actual_weight = Some(Weight::ZERO);
    view.report.revisions[0].weight = Weight::ZERO;
    view.report.revisions[1].weight = Weight::FULL;
    view.report.waiting = vec![Waiting::ScaleDown {
        revision: "bbbbbbbbbb".into(),
        until: NOW.after(Duration::from_secs(30)),
    }];
    view
}

/// The same before anything was released beside it.
pub(crate) fn healthy() -> RolloutView {
    let mut view = judged();
    view.report = Report {
        phase: Phase::Healthy,
        wanted_weight: Weight::FULL,
        actual_weight: Some(Weight::FULL),
        revisions: vec![revision(1, RevisionRole::Stable, 100, 3)],
        ..Report::default()
    };
    view.runs = Vec::new();
    view.replicas.retain(|seen| seen.state == ReplicaState::Ready);
    view
}

fn revision(number: u64, role: RevisionRole, weight: u8, wanted: u32) -> RevisionView {
    RevisionView {
        revision: if number == 1 { "aaaaaaaaaa".into() } else { "bbbbbbbbbb".into() },
        number,
        role,
        weight: Weight::new(weight).unwrap(),
        wanted,
        replicas: wanted,
        ready: wanted,
        available: wanted,
        scale_down_at: None,
    }
}

fn traffic(rate: f64, errors: f64) -> TrafficView {
    TrafficView {
        window_s: 10,
        request_rate: rate,
        error_rate: Some(errors),
        p50_ms: Some(2.1),
        p95_ms: Some(14.7),
        p99_ms: Some(122.0),
        requests: 1000,
        errors: 10,
        first_error: None,
        mirrored: MirroredView::default(),
        compared: None,
    }
}

fn replica(key: &ObjectKey, hash: &str, end: &str, state: ReplicaState) -> ReplicaSeen {
    let broken = state == ReplicaState::BackOff;
    ReplicaSeen {
        id: format!("web-{hash}-{end}").into(),
        owner: Owner::rollout(key),
        revision: hash.into(),
        state,
        started_at: NOW,
        ready_since: None,
        ports: BTreeMap::new(),
        restarts: u32::from(broken) * 3,
        message: broken.then(|| "it ended with exit code 1".to_owned()),
        pids: BTreeMap::new(),
        usage: (!broken).then_some(Usage { cpu_millis: 17, memory_bytes: 23 << 20 }),
        init: None,
        runs_as: RunsAs::default(),
        images: BTreeMap::new(),
    }
}

/// A run of the judge, planned for real: 30 seconds at 10 requests per second for a canary of which
/// one request in `failing` fails, and 190, of which one in 400 fails,
/// for the stable one.
fn run(key: &ObjectKey, failing: u64) -> RunView {
    let spec = RunSpec {
        name: "bbbbbbbbbb-2-watch".into(),
        owner: Owner::rollout(key),
        canary: "bbbbbbbbbb".into(),
        stable: "aaaaaaaaaa".into(),
        metrics: vec![Metric::new("judge", Provider::Judge(JudgeSettings::default()))],
        terminate: false,
        secrets: BTreeMap::new(),
        labels: BTreeMap::new(),
        annotations: BTreeMap::new(),
        overrides: BTreeMap::new(),
    };
    let mut status = RunStatus::default();
    for second in 0..=30 {
        let at = NOW.before(Duration::from_secs(30 - second));
        let canary = 10 * second;
        let observation = RunObservation {
            traffic: Some(RunTraffic {
                at,
                epoch: 1,
                canary: tally(canary, canary / failing),
                stable: tally(canary * 19, canary * 19 / 400),
                share: Some(0.05),
                by_chance: true,
            }),
            ..RunObservation::default()
        };
        status = plan_run(&spec, &status, &observation, at).status;
    }
    RunView { kind: RunKind::Watch, spec, status }
}

fn tally(requests: u64, errors: u64) -> RevisionTally {
    let mut latency = tidegate_traffic::Histogram::default();
    for request in 0..requests {
        latency.record(2000 + request % 100);
    }
    RevisionTally {
        total: Tally {
            requests,
            by_class: [0, requests - errors, 0, 0, errors],
            latency,
            ..Tally::default()
        },
        ..RevisionTally::default()
    }
}
