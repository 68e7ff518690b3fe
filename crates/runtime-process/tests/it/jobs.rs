//! Jobs on real processes.

use std::{
    collections::BTreeSet,
    fs,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use rustix::process::Signal;
use tidegate_analysis::JobEnd;
use tidegate_ports::{JobOrder, Jobs, LogQuery, Runtime};
use tidegate_runtime_process::{Launcher, ProcessJobs, ProcessRuntime};
use tidegate_units::{Epoch, ObjectKey, Owner, ReplicaId};
use tidegate_workload::{Container, JobRestart, JobSpec};

use crate::fixture::{SOON, World, kill, program, shell};

/// A runtime and its jobs, on a folder of their own.
struct House {
    world: World,
    runtime: Option<ProcessRuntime>,
    jobs: Option<Arc<ProcessJobs>>,
}

impl House {
    fn new() -> Self {
        let mut house = Self { world: World::new(), runtime: None, jobs: None };
        house.open();
        house
    }

    fn open(&mut self) {
        self.runtime = Some(self.world.open());
        let keeper = Launcher { program: program(), args: vec!["keep-job".to_owned()] };
        let wait = Duration::from_millis(10);
        let jobs = ProcessJobs::with_waits(&self.world.settings(), keeper, wait).unwrap();
        self.jobs = Some(Arc::new(jobs));
    }

    fn close(&mut self) {
        self.jobs = None;
        self.runtime = None;
    }

    /// A name that no other test's job has: processes are found by it, on the whole machine.
    fn name(&self, name: &str) -> String {
        let folder = self.world.folder.path().file_name().unwrap().to_string_lossy();
        format!("{folder}.{name}")
    }

    /// The folder of a job.
    fn folder(&self, name: &str) -> PathBuf {
        self.world.data().join("jobs/work").join(self.name(name))
    }

    fn order(&self, name: &str, spec: JobSpec) -> JobOrder {
        JobOrder {
            name: self.name(name),
            epoch: Epoch::default(),
            owner: Owner::rollout(&ObjectKey::new("default", "web")),
            spec,
            config_maps: Arc::default(),
            secrets: Arc::default(),
        }
    }

    fn spec(&self, lines: &[&str]) -> JobSpec {
        let container =
            |(index, line): (usize, &&str)| Container { name: format!("c{index}"), ..shell(line) };
        JobSpec {
            template: self.world.template(lines.iter().enumerate().map(container).collect()),
            restart: JobRestart::Never,
            completions: Some(1),
            parallelism: 1,
            backoff_limit: 0,
            active_deadline: None,
        }
    }

    async fn run(&self, name: &str, spec: JobSpec) -> Result<JobEnd, String> {
        let order = self.order(name, spec);
        let jobs = Arc::clone(self.jobs.as_ref().unwrap());
        tokio::time::timeout(SOON, async move { jobs.run(order).await }).await.unwrap()
    }

    /// Begins to wait for a job, and goes on once `file` is there.
    async fn begin(&self, name: &str, spec: JobSpec, file: &str) -> tokio::task::AbortHandle {
        let order = self.order(name, spec);
        let jobs = Arc::clone(self.jobs.as_ref().unwrap());
        let task = tokio::spawn(async move { jobs.run(order).await });
        let path = self.world.path(file);
        until("it runs", || path.exists()).await;
        task.abort_handle()
    }

    fn lines(&self, file: &str) -> usize {
        fs::read_to_string(self.world.path(file)).unwrap_or_default().lines().count()
    }
}

async fn until(what: &str, holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < SOON, "never: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn failed(why: &str) -> JobEnd {
    JobEnd::Failed(why.to_owned())
}

#[tokio::test]
async fn a_job_succeeds_when_all_of_its_containers_do() {
    let house = House::new();
    assert_eq!(house.run("a.1", house.spec(&["exit 0", "true"])).await, Ok(JobEnd::Complete));
    let why = "it failed once, over backoffLimit 0; the last time container c1: it ended with exit code 3";
    assert_eq!(house.run("a.2", house.spec(&["exit 0", "exit 3"])).await, Ok(failed(why)));
    assert_eq!(house.world.processes(), Vec::<u32>::new());
}

#[tokio::test]
async fn attempts_are_made_up_to_the_limit_and_a_late_success_counts() {
    let house = House::new();
    let count = house.spec(&["echo x >> tries; test $(wc -l < tries) -ge 3"]);
    for (name, restart) in [("n.1", JobRestart::Never), ("o.1", JobRestart::OnFailure)] {
        let _ = fs::remove_file(house.world.path("tries"));
        let spec = JobSpec { backoff_limit: 2, restart, ..count.clone() };
        assert_eq!(house.run(name, spec).await, Ok(JobEnd::Complete), "{restart:?}");
        assert_eq!(house.lines("tries"), 3);
    }
    let _ = fs::remove_file(house.world.path("tries"));
    let spec = JobSpec { backoff_limit: 1, restart: JobRestart::OnFailure, ..count };
    assert!(matches!(house.run("o.2", spec).await, Ok(JobEnd::Failed(_))));
}

#[tokio::test]
async fn what_a_job_starts_ends_with_it() {
    let house = House::new();
    let spec = house.spec(&["setsid sleep 100 & exit 0"]);
    assert_eq!(house.run("a.1", spec).await, Ok(JobEnd::Complete));
    assert_eq!(house.world.processes(), Vec::<u32>::new());
    let deadline = Some(Duration::from_secs(1));
    let spec = JobSpec { active_deadline: deadline, ..house.spec(&["sleep 100"]) };
    let why = "it took longer than activeDeadlineSeconds 1";
    assert_eq!(house.run("a.2", spec).await, Ok(failed(why)));
    assert_eq!(house.world.processes(), Vec::<u32>::new());
}

#[tokio::test]
async fn a_job_outlives_the_control_plane_and_is_run_once() {
    let mut house = House::new();
    let spec = house.spec(&["echo x >> ran; while ! test -e go; do sleep 0.05; done; exit 4"]);
    let waiting = house.begin("a.1", spec.clone(), "ran").await;
    waiting.abort();
    house.close();
    let end = house.folder("a.1").join("end.json");
    assert!(!house.world.processes().is_empty(), "it runs on: {:?}", fs::read_to_string(end));
    house.open();
    house.jobs.as_ref().unwrap().keep(Epoch::default(), BTreeSet::from([house.name("a.1")]));
    fs::write(house.world.path("go"), "").unwrap();
    let why = "it failed once, over backoffLimit 0; the last time container c0: it ended with exit code 4";
    assert_eq!(house.run("a.1", spec.clone()).await, Ok(failed(why)));
    // Asked again, before it is forgotten: it is not run again.
    house.close();
    house.open();
    assert_eq!(house.run("a.1", spec).await, Ok(failed(why)));
    assert_eq!(house.lines("ran"), 1);
}

#[tokio::test]
async fn who_leads_no_more_neither_runs_a_job_nor_ends_one() {
    let house = House::new();
    let spec = house.spec(&["echo x > ran; while ! test -e go; do sleep 0.05; done"]);
    let waiting = house.begin("a.1", spec.clone(), "ran").await;
    let jobs = Arc::clone(house.jobs.as_ref().unwrap());
    jobs.keep(Epoch(8), BTreeSet::from([house.name("a.1")]));
    jobs.keep(Epoch(7), BTreeSet::new());
    let old = JobOrder { epoch: Epoch(7), ..house.order("a.2", spec.clone()) };
    let refused = jobs.run(old).await.unwrap_err();
    assert!(refused.contains("epoch 7") && refused.contains("epoch 8"), "{refused}");
    assert!(!house.folder("a.2").exists());
    fs::write(house.world.path("go"), "").unwrap();
    waiting.abort();
    let leads = JobOrder { epoch: Epoch(8), ..house.order("a.1", spec) };
    assert_eq!(jobs.run(leads).await, Ok(JobEnd::Complete));
}

#[tokio::test]
async fn a_job_that_nobody_wants_is_stopped_and_forgotten() {
    let house = House::new();
    let spec = house
        .spec(&["trap 'echo y > told; exit 0' TERM; echo x > ran; while :; do sleep 0.05; done"]);
    let waiting = house.begin("a.1", spec.clone(), "ran").await;
    waiting.abort();
    let jobs = Arc::clone(house.jobs.as_ref().unwrap());
    jobs.keep(Epoch::default(), BTreeSet::new());
    let folder = house.folder("a.1");
    until("it is gone", || house.world.processes().is_empty() && !folder.exists()).await;
    assert_eq!(house.lines("told"), 1, "it was asked to end");
    let again = jobs.run(house.order("a.1", spec)).await;
    assert_eq!(again, Err("nobody asks for it any more".to_owned()));
}

#[tokio::test]
async fn a_job_whose_keeper_is_killed_is_ended_and_its_end_is_not_known() {
    let house = House::new();
    let spec = house.spec(&["echo x >> ran; sleep 100"]);
    let waiting = house.begin("a.1", spec.clone(), "ran").await;
    let begun = fs::read(house.folder("a.1").join("begun.json")).unwrap();
    let begun: serde_json::Value = serde_json::from_slice(&begun).unwrap();
    kill(u32::try_from(begun["pid"].as_u64().unwrap()).unwrap(), Signal::KILL);
    let end = house.run("a.1", spec).await;
    assert!(end.as_ref().is_err_and(|why| why.contains("its end is not known")), "{end:?}");
    assert_eq!(house.world.processes(), Vec::<u32>::new());
    assert_eq!(house.lines("ran"), 1);
    waiting.abort();
}

#[tokio::test]
async fn stopping_all_leaves_nothing_that_runs_and_no_end_that_is_known() {
    let mut house = House::new();
    let spec = house.spec(&["echo x >> ran; sleep 100"]);
    let waiting = house.begin("a.1", spec.clone(), "ran").await;
    waiting.abort();
    assert_eq!(house.jobs.as_ref().unwrap().stop_all().await, 1);
    assert_eq!(house.world.processes(), Vec::<u32>::new());
    house.close();
    house.open();
    let end = house.run("a.1", spec).await;
    assert_eq!(end, Err("it was stopped before it had ended".to_owned()));
    assert_eq!(house.lines("ran"), 1);
}

#[tokio::test]
async fn what_a_job_wrote_can_be_read_by_its_name() {
    let house = House::new();
    let name = "a.1";
    assert_eq!(house.run(name, house.spec(&["echo hello"])).await, Ok(JobEnd::Complete));
    house.jobs.as_ref().unwrap().keep(Epoch::default(), BTreeSet::new());
    let folder = house.folder(name);
    until("it is forgotten", || !folder.exists()).await;
    let query =
        LogQuery { replica: Some(ReplicaId::from(house.name(name))), ..LogQuery::default() };
    let log = house.runtime.as_ref().unwrap().logs(query).await.unwrap();
    assert_eq!(log.bytes, b"hello\n");
}

#[tokio::test]
async fn what_stands_in_the_way_is_told() {
    let house = House::new();
    let mut spec = house.spec(&["true"]);
    spec.template.containers[0].image = "acme/k6:1".to_owned();
    let end = house.run("a.1", spec).await;
    assert!(matches!(&end, Ok(JobEnd::NoImage(why)) if why.contains("acme/k6:1")), "{end:?}");
    let mut spec = house.spec(&["true"]);
    spec.template.containers[0].env_from = vec![tidegate_workload::EnvFrom::ConfigMap {
        name: "nope".to_owned(),
        prefix: String::new(),
        optional: false,
    }];
    let end = house.run("a.2", spec).await;
    assert!(end.as_ref().is_err_and(|why| why.contains("no ConfigMap \"nope\"")), "{end:?}");
}
