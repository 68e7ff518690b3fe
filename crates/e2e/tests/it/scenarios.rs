//! Every file in `scenarios/` is run as it is read.

use std::path::PathBuf;

use tidegate_e2e::{Carrier, House, run_scenario};

/// One test for each file, so that each is seen in the list; the last test finds forgotten ones.
macro_rules! scenarios {
    (@) => { House::build };
    (@ $house:expr) => { $house };
    ($($name:ident: $file:literal $(in $house:expr)?),* $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                check($file, scenarios!(@ $($house)?)).await;
            }
        )*

        #[test]
        fn no_scenario_is_forgotten() {
            let mut known = [$($file),*].map(str::to_owned).to_vec();
            let mut found: Vec<_> = std::fs::read_dir(folder())
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .filter(|name| name.ends_with(".md") && name != "README.md")
                .collect();
            known.sort();
            found.sort();
            assert_eq!(known, found);
        }
    };
}

scenarios! {
    a_bad_canary: "bad-canary.md",
    a_weight_that_follows_evidence: "auto.md",
    a_weight_that_outlives_the_control_plane: "auto-outlives.md",
    a_clusters_file: "a-clusters-file.md",
    a_good_canary: "good-canary.md",
    who_may_do_what: "access.md",
    doras_metrics: "dora.md",
    replicas_on_the_way: "canary-scale.md",
    a_rolling_update: "rolling-update.md",
    a_rollback_by_hand: "rollback.md",
    a_revision_that_never_comes_up: "stuck-revision.md",
    before_the_service_and_beside_it: "init-containers.md",
    an_abort_is_obeyed: "abort-is-obeyed.md",
    errors_are_no_success: "errors-are-no-success.md",
    a_header_route: "header-route.md",
    a_mirror_route: "mirror-route.md",
    a_step_by_a_program: "step-program.md" in || House::knowing("acme/flag", "scenario/flag"),
    one_request_in_a_thousand: "fine-weights.md",
    a_gradual_cut_over: "cut-over.md",
    rings_of_users: "rings.md",
    a_shadow: "shadow.md",
    a_shadow_of_users: "shadow-preview.md",
    a_shadow_while_nobody_looks: "shadow-outlives.md",
    a_decision_by_rules: "decision.md",
    recordings: "judge-files.md",
    bad_input: "bad-input.md",
    a_dead_control_plane: "dead-control-plane.md",
    a_backup: "backup-restore.md",
    an_analysis_for_all: "shared-analysis.md",
    a_test_that_decides: "job-analysis.md",
    a_template_without_prometheus: "no-prometheus.md",
    a_canary_judged_as_kayenta_does: "kayenta.md" in
        || House::judging("scenarios/canary-configs/web.json"),
    an_experiment: "experiment.md",
    an_experiment_as_a_step: "experiment-step.md",
    replicas_in_an_engine: "containers.md" in || House::of_containers(&[]),
    a_template_of_a_deployment: "workload-ref.md",
    an_analysis_run_by_itself: "analysis-run.md",
    blue_green: "blue-green.md",
    blue_green_taken_back: "blue-green-taken-back.md",
    haproxy_before_the_service: "haproxy.md" in || House::behind(Carrier::Haproxy),
    nginx_before_the_service: "nginx.md" in || House::behind(Carrier::Nginx),
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../scenarios")
}

async fn check(file: &str, build: fn() -> anyhow::Result<House>) {
    let text = std::fs::read_to_string(folder().join(file)).unwrap();
    let house = build().unwrap();
    if let Err(problem) = run_scenario(&house, &text).await {
        panic!("{file}: {problem:?}");
    }
    house.end().unwrap();
}
