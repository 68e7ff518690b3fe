//! Jobs in a real engine.

use std::{
    collections::BTreeSet,
    fs,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use tidegate_analysis::JobEnd;
use tidegate_ports::{JobOrder, Jobs};
use tidegate_replicas::jobs::Waits;
use tidegate_runtime_container::{ContainerJobs, ContainerSettings};
use tidegate_testkit::conformance::{SOON, template};
use tidegate_units::{Epoch, ObjectKey, Owner};
use tidegate_workload::{
    Container, HostKind, JobRestart, JobSpec, PullPolicy, Volume, VolumeMount, VolumeSource,
};
use tokio::task::JoinHandle;

use crate::{
    proxy::{Mood, Proxy},
    world::{IMAGE, World},
};

/// The jobs of a world, whose containers share its folder as `/shared`.
struct House {
    world: World,
    settings: ContainerSettings,
    jobs: Option<Arc<ContainerJobs>>,
    waiting: Vec<JoinHandle<Result<JobEnd, String>>>,
}

impl House {
    fn new() -> Self {
        let world = World::new();
        let settings = world.settings();
        Self::of(world, settings)
    }

    fn of(world: World, settings: ContainerSettings) -> Self {
        fs::create_dir(world.folder.path().join("shared")).unwrap();
        let mut house = Self { world, settings, jobs: None, waiting: Vec::new() };
        house.open();
        house
    }

    fn open(&mut self) {
        let first = Duration::from_millis(10);
        let waits = Waits { first, ..Waits::default() };
        let jobs = ContainerJobs::with_waits(&self.settings, waits).unwrap();
        self.jobs = Some(Arc::new(jobs));
    }

    /// As a control plane that is killed: its tasks are gone, its containers are not.
    async fn close(&mut self) {
        for waiting in self.waiting.drain(..) {
            waiting.abort();
            let _ = waiting.await;
        }
        let jobs = self.jobs.take().and_then(Arc::into_inner);
        assert!(jobs.is_some(), "somebody still waits");
        drop(jobs);
        // What is under way at this moment still ends.
        tokio::time::sleep(Duration::from_millis(100)).await;
    }

    fn jobs(&self) -> Arc<ContainerJobs> {
        Arc::clone(self.jobs.as_ref().unwrap())
    }

    fn path(&self, file: &str) -> PathBuf {
        self.world.folder.path().join("shared").join(file)
    }

    fn lines(&self, file: &str) -> usize {
        fs::read_to_string(self.path(file)).unwrap_or_default().lines().count()
    }

    fn containers(&self) -> Vec<String> {
        self.world.job_containers()
    }

    fn spec(&self, lines: &[&str]) -> JobSpec {
        let mount = VolumeMount {
            volume: "shared".to_owned(),
            path: "/shared".to_owned(),
            sub_path: None,
            expand: false,
            read_only: false,
        };
        let container = |(index, line): (usize, &&str)| Container {
            name: format!("c{index}"),
            image: IMAGE.to_owned(),
            command: ["sh", "-c", line].map(str::to_owned).into(),
            mounts: vec![mount.clone()],
            ..Container::default()
        };
        let mut template = template(&self.world, lines.iter().enumerate().map(container).collect());
        let path = self.path("").display().to_string();
        let source = VolumeSource::Host { path, kind: HostKind::Directory };
        template.volumes = vec![Volume { name: "shared".to_owned(), source }];
        // A busy engine takes its time to tell.
        template.termination_grace = Duration::from_secs(30);
        JobSpec {
            template,
            restart: JobRestart::Never,
            completions: Some(1),
            parallelism: 1,
            backoff_limit: 0,
            active_deadline: None,
        }
    }

    async fn run(&self, name: &str, spec: JobSpec) -> Result<JobEnd, String> {
        let jobs = self.jobs();
        let run = async move { jobs.run(order(name, spec)).await };
        tokio::time::timeout(SOON, run).await.unwrap()
    }

    /// Begins to wait for a job, and goes on once `file` is there.
    async fn begin(&mut self, name: &'static str, spec: JobSpec, file: &str) {
        self.ask(name, spec);
        let path = self.path(file);
        until("it runs", || path.exists()).await;
    }

    /// Asks for a job as long as this control plane lives.
    fn ask(&mut self, name: &'static str, spec: JobSpec) {
        let jobs = self.jobs();
        self.waiting.push(tokio::spawn(async move { jobs.run(order(name, spec)).await }));
    }
}

fn order(name: &str, spec: JobSpec) -> JobOrder {
    JobOrder {
        name: name.to_owned(),
        epoch: Epoch::default(),
        owner: Owner::rollout(&ObjectKey::new("default", "web")),
        spec,
        config_maps: Arc::default(),
        secrets: Arc::default(),
    }
}

async fn until(what: &str, holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < SOON, "never: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn failed(why: &str) -> JobEnd {
    JobEnd::Failed(why.to_owned())
}

/// `/shared/ran` counts the starts; it ends once `/shared/go` is there.
const WAITS_FOR_GO: &str =
    "echo x >> /shared/ran; while ! test -e /shared/go; do sleep 0.05; done; echo bye; exit 4";

const BYE: &str =
    "it failed once, over backoffLimit 0; the last time container c0: it ended with exit code 4";

#[tokio::test]
async fn a_job_succeeds_when_all_of_its_containers_do() {
    let house = House::new();
    let spec = house.spec(&["echo hello; exit 0", "exit 0"]);
    assert_eq!(house.run("a.1", spec).await, Ok(JobEnd::Complete));
    let why = "it failed once, over backoffLimit 0; the last time container c1: it ended with exit \
               code 3";
    assert_eq!(house.run("a.2", house.spec(&["exit 0", "exit 3"])).await, Ok(failed(why)));
    assert_eq!(house.containers(), [""; 0]);
    let log = house.world.folder.path().join("data/logs/default/web/jobs~/a.1/c0.log");
    assert_eq!(fs::read_to_string(log).unwrap(), "hello\n");
}

#[tokio::test]
async fn attempts_are_made_up_to_the_limit_and_a_late_success_counts() {
    let house = House::new();
    let line = "echo x >> /shared/tries; test -e /shared/b && exit 0; test -e /shared/a && touch /shared/b; \
                touch /shared/a; exit 1";
    for (name, restart) in [("n.1", JobRestart::Never), ("o.1", JobRestart::OnFailure)] {
        for file in ["tries", "a", "b"] {
            let _ = fs::remove_file(house.path(file));
        }
        let spec = JobSpec { backoff_limit: 2, restart, ..house.spec(&[line]) };
        assert_eq!(house.run(name, spec).await, Ok(JobEnd::Complete), "{restart:?}");
        assert_eq!(house.lines("tries"), 3);
    }
    let spec = house.spec(&["exit 1"]);
    let spec = JobSpec { backoff_limit: 1, restart: JobRestart::OnFailure, ..spec };
    assert!(matches!(house.run("o.2", spec).await, Ok(JobEnd::Failed(_))));
    let deadline = Some(Duration::from_secs(2));
    let spec = JobSpec { active_deadline: deadline, ..house.spec(&["exec sleep 100"]) };
    let why = "it took longer than activeDeadlineSeconds 2";
    assert_eq!(house.run("a.2", spec).await, Ok(failed(why)));
    assert_eq!(house.containers(), [""; 0]);
}

#[tokio::test]
async fn a_job_outlives_the_control_plane_and_is_run_once() {
    let mut house = House::new();
    let spec = house.spec(&[WAITS_FOR_GO]);
    house.begin("a.1", spec.clone(), "ran").await;
    house.close().await;
    assert_eq!(house.containers().len(), 1, "it runs on");
    house.open();
    assert!(house.jobs().knows("a.1") && !house.jobs().knows("a.2"));
    house.jobs().keep(Epoch::default(), BTreeSet::from(["a.1".to_owned()]));
    fs::write(house.path("go"), "").unwrap();
    assert_eq!(house.run("a.1", spec.clone()).await, Ok(failed(BYE)));
    // Asked again, before it is forgotten: it is not run again.
    house.close().await;
    house.open();
    assert_eq!(house.run("a.1", spec).await, Ok(failed(BYE)));
    assert_eq!(house.lines("ran"), 1);
    assert_eq!(house.containers(), [""; 0]);
}

#[tokio::test]
async fn what_ended_while_no_control_plane_was_there_is_known() {
    let mut house = House::new();
    let spec = house.spec(&[WAITS_FOR_GO]);
    house.begin("a.1", spec.clone(), "ran").await;
    house.close().await;
    fs::write(house.path("go"), "").unwrap();
    let running = house.containers();
    house.world.podman.must(&["wait", &running[0]]);
    house.open();
    assert_eq!(house.run("a.1", spec).await, Ok(failed(BYE)));
    assert_eq!(house.lines("ran"), 1);
    let log = house.world.folder.path().join("data/logs/default/web/jobs~/a.1/c0.log");
    assert_eq!(fs::read_to_string(log).unwrap(), "bye\n");
}

#[tokio::test]
async fn what_was_created_and_not_started_is_started_once() {
    let world = World::new();
    let proxy = Proxy::before(world.podman.socket(), world.folder.path());
    let mut settings = world.settings();
    settings.engine = proxy.socket();
    let mut house = House::of(world, settings);
    fs::write(house.path("go"), "").unwrap();
    let spec = house.spec(&[WAITS_FOR_GO]);
    for part in ["/containers/create", "/start"] {
        proxy.set(Mood::Slow(part, Duration::from_hours(1)));
        house.ask("a.1", spec.clone());
        until("it is asked", || proxy.holds() > 0).await;
        house.close().await;
        assert_eq!(house.lines("ran"), 0, "{part}");
        house.open();
    }
    assert_eq!(house.containers().len(), 1, "one was created");
    proxy.set(Mood::Good);
    assert_eq!(house.run("a.1", spec).await, Ok(failed(BYE)));
    assert_eq!(house.lines("ran"), 1);
    assert_eq!(house.containers(), [""; 0]);
}

#[tokio::test]
async fn an_engine_that_is_away_for_a_while_fails_no_job() {
    let world = World::new();
    let proxy = Proxy::before(world.podman.socket(), world.folder.path());
    let mut settings = world.settings();
    settings.engine = proxy.socket();
    let mut house = House::of(world, settings);
    let spec = house.spec(&[WAITS_FOR_GO]);
    house.begin("a.1", spec.clone(), "ran").await;
    proxy.set(Mood::Away);
    house.close().await;
    house.open();
    house.ask("a.1", spec.clone());
    fs::write(house.path("go"), "").unwrap();
    tokio::time::sleep(Duration::from_secs(3)).await;
    proxy.set(Mood::Good);
    assert_eq!(house.run("a.1", spec).await, Ok(failed(BYE)));
    assert_eq!(house.lines("ran"), 1);
    assert_eq!(house.containers(), [""; 0]);
}

#[tokio::test]
async fn the_end_of_a_container_that_somebody_removed_is_not_known() {
    let mut house = House::new();
    let spec = house.spec(&[WAITS_FOR_GO]);
    house.begin("a.1", spec.clone(), "ran").await;
    house.close().await;
    let mut remove = vec!["rm", "-f", "-t", "0"];
    let all = house.containers();
    remove.extend(all.iter().map(String::as_str));
    house.world.podman.must(&remove);
    house.open();
    let end = house.run("a.1", spec).await;
    assert!(end.as_ref().is_err_and(|why| why.contains("its end is not known")), "{end:?}");
    assert_eq!(house.lines("ran"), 1);
    assert_eq!(house.containers(), [""; 0]);
}

#[tokio::test]
async fn a_job_that_nobody_wants_is_stopped_and_forgotten() {
    let mut house = House::new();
    let line = "trap 'echo y > /shared/told; exit 0' TERM; echo x > /shared/ran; \
                while :; do sleep 0.05; done";
    let spec = house.spec(&[line]);
    house.begin("a.1", spec.clone(), "ran").await;
    house.jobs().keep(Epoch::default(), BTreeSet::new());
    until("it is gone", || house.containers().is_empty() && !house.jobs().knows("a.1")).await;
    assert_eq!(house.lines("told"), 1, "it was asked to end");
    let again = house.jobs().run(order("a.1", spec)).await;
    assert_eq!(again, Err("nobody asks for it any more".to_owned()));

    // So is one that ran when the last control plane was killed, and one without a note.
    house.close().await;
    for (round, forget) in [false, true].into_iter().enumerate() {
        house.open();
        fs::remove_file(house.path("ran")).unwrap();
        house.begin("b.1", house.spec(&[line]), "ran").await;
        house.close().await;
        if forget {
            let note = house.world.folder.path().join("data/containers/jobs/work").join("b.1.json");
            fs::remove_file(note).unwrap();
        }
        house.open();
        if !forget {
            house.jobs().keep(Epoch::default(), BTreeSet::new());
        }
        until("it is gone", || house.containers().is_empty()).await;
        until("it is forgotten", || !house.jobs().knows("b.1")).await;
        house.close().await;
        assert_eq!(house.lines("told"), 1, "{round}");
    }
}

#[tokio::test]
async fn stopping_all_leaves_nothing_that_runs_and_no_end_that_is_known() {
    let mut house = House::new();
    let spec = house.spec(&["echo x >> /shared/ran; exec sleep 100"]);
    house.begin("a.1", spec.clone(), "ran").await;
    assert_eq!(house.jobs().stop_all().await, 1);
    assert_eq!(house.containers(), [""; 0]);
    house.close().await;
    house.open();
    let end = house.run("a.1", spec).await;
    assert_eq!(end, Err("it was stopped before it had ended".to_owned()));
    assert_eq!(house.lines("ran"), 1);
}

#[tokio::test]
async fn what_stands_in_the_way_is_told() {
    let house = House::new();
    let mut spec = house.spec(&["exit 0"]);
    spec.template.containers[0].image = "localhost/nobody:1".to_owned();
    spec.template.containers[0].pull_policy = Some(PullPolicy::Never);
    let end = house.run("a.1", spec).await;
    assert!(matches!(&end, Ok(JobEnd::NoImage(why)) if why.contains("nobody:1")), "{end:?}");
    let mut spec = house.spec(&["exit 0"]);
    spec.template.containers[0].env_from = vec![tidegate_workload::EnvFrom::ConfigMap {
        name: "nope".to_owned(),
        prefix: String::new(),
        optional: false,
    }];
    let end = house.run("a.2", spec).await;
    assert!(end.as_ref().is_err_and(|why| why.contains("no ConfigMap \"nope\"")), "{end:?}");
    let outside = house.jobs().run(order("../a", house.spec(&["exit 0"]))).await;
    assert!(outside.unwrap_err().contains("cannot be the name of a file"));
}
