//! Jobs of analyses while the control plane dies.

use std::{
    fs,
    time::{Duration, Instant},
};

use tidegate_e2e::{House, Manifest, Step};

/// An engine takes seconds for what processes do at once.
const PATIENCE: Duration = Duration::from_mins(1);

/// A job that says that it ran, and ends well once `go` is there. `folder` is where both are, for
/// processes and, by a volume of that path, for containers of the image.
fn template(folder: &str, image: &str) -> String {
    format!(
        r#"apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: {{name: smoke}}
spec:
  args: [{{name: canary}}]
  metrics:
    - name: smoke
      provider:
        job:
          spec:
            backoffLimit: 0
            template:
              metadata:
                annotations:
                  tidegate.dev/image-map: |
                    - {{image: "sh:*", command: [sh], folder: "{folder}"}}
              spec:
                restartPolicy: Never
                containers:
                  - name: smoke
                    image: {image}
                    command: [sh, -c]
                    workingDir: {folder}
                    args: ["echo {{{{args.canary}}}} >> ran; until test -e go; do sleep 0.1; done"]
                    volumeMounts: [{{name: folder, mountPath: "{folder}"}}]
                volumes: [{{name: folder, hostPath: {{path: "{folder}"}}}}]
"#
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_outlives_the_control_plane_and_counts_once() {
    counts_once(House::build().unwrap(), "sh:1", 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn so_does_one_that_is_a_container() {
    let house = House::of_containers(&["v1", "v2"]).unwrap();
    counts_once(house, "localhost/sample:v1", 1).await;
}

/// `containers` are those of the job while it runs.
async fn counts_once(mut house: House, image: &str, containers: usize) {
    let folder = house.folder().join("smoke");
    fs::create_dir(&folder).unwrap();
    house.apply_text(&template(&folder.display().to_string(), image)).unwrap();
    house.apply(&Manifest::good("v1")).unwrap();
    house.until_stable("v1").await.unwrap();
    let steps = [Step::Weight(20), Step::Analysis("smoke")];
    house.apply(&Manifest::good("v2").steps(&steps)).unwrap();
    let ran = || fs::read_to_string(folder.join("ran")).unwrap_or_default().lines().count();
    let begun = Instant::now();
    while ran() == 0 {
        assert!(begun.elapsed() < PATIENCE, "it does not run: {}", house.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let jobs = house.job_containers();
    assert_eq!(jobs.len(), containers);
    house.kill_server().unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(house.job_containers(), jobs, "it runs on");
    house.start_server().unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    fs::write(folder.join("go"), "").unwrap();
    let view = house.until_stable("v2").await.unwrap();
    assert_eq!(ran(), 1, "it was run once");
    assert!(house.job_containers().is_empty());
    let metric = &view.runs.iter().find_map(|run| run.status.metrics.get("smoke")).unwrap();
    assert_eq!((metric.count, metric.successful), (1, 1), "{metric:?}");
    house.end().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_is_gone_once_its_rollout_is() {
    let house = House::build().unwrap();
    let folder = house.folder().join("smoke");
    fs::create_dir(&folder).unwrap();
    house.apply_text(&template(&folder.display().to_string(), "sh:1")).unwrap();
    house.apply(&Manifest::good("v1")).unwrap();
    house.until_stable("v1").await.unwrap();
    house.apply(&Manifest::good("v2").steps(&[Step::Analysis("smoke")])).unwrap();
    let work = house.folder().join("jobs/work");
    let jobs = || fs::read_dir(&work).map_or(0, Iterator::count);
    let until = async |what: &str, holds: &dyn Fn() -> bool| {
        let begun = Instant::now();
        while !holds() {
            assert!(begun.elapsed() < PATIENCE, "never: {what}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    until("it runs", &|| folder.join("ran").exists()).await;
    house.tidegate(&["delete", "rollout", "web"]).unwrap();
    until("it is gone", &|| jobs() == 0).await;
    house.end().unwrap();
}
