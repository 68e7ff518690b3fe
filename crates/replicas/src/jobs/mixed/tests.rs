use tidegate_testkit::FakeJobs;
use tidegate_units::{Epoch, ObjectKey, Owner};
use tidegate_workload::{JobRestart, JobSpec};

use super::*;
use crate::fixtures::{container, template};

fn order(name: &str, image: &str) -> JobOrder {
    let mut main = container("main", &[]);
    main.image = String::from(image);
    JobOrder {
        name: name.to_owned(),
        epoch: Epoch::default(),
        owner: Owner::rollout(&ObjectKey::new("default", "web")),
        spec: JobSpec {
            template: template(vec![main]),
            restart: JobRestart::Never,
            completions: None,
            parallelism: 1,
            backoff_limit: 0,
            active_deadline: None,
        },
        config_maps: Arc::default(),
        secrets: Arc::default(),
    }
}

fn names(jobs: &FakeJobs) -> Vec<String> {
    jobs.started().into_iter().map(|order| order.name).collect()
}

#[tokio::test]
async fn a_job_is_run_on_one_side_and_stays_there() {
    let (first, second) = (Arc::new(FakeJobs::default()), Arc::new(FakeJobs::default()));
    for jobs in [&first, &second] {
        jobs.end(Ok(JobEnd::Complete));
    }
    let both = MixedJobs::new(
        Arc::<FakeJobs>::clone(&first),
        Arc::<FakeJobs>::clone(&second),
        Box::new(|template| match template.containers[0].image.as_str() {
            "process" => Side::First,
            _ => Side::Second,
        }),
    );
    for (name, image) in [("a", "process"), ("b", "docker"), ("a", "docker"), ("b", "process")] {
        assert_eq!(both.run(order(name, image)).await, Ok(JobEnd::Complete));
    }
    assert_eq!((names(&first), names(&second)), (vec!["a".to_owned()], vec!["b".to_owned()]));
    assert!(both.knows("a") && both.knows("b") && !both.knows("c"));
    both.keep(Epoch::default(), ["b".to_owned()].into());
    assert!(!both.knows("a") && both.knows("b"));
    both.keep(Epoch::default(), BTreeSet::new());
    assert!(!both.knows("b"));
}
