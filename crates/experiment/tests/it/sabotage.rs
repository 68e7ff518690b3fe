//! The checker sees a good plan that was made harmful.

use tidegate_checker::{ExperimentViolation, check_experiment};
use tidegate_experiment::{Action, Phase, Plan, plan};
use tidegate_rollout::RunSeen;
use tidegate_units::{Generation, RunName};

use crate::world::{SECOND, World, analysis, spec};

fn running() -> World {
    let mut world = World::new(spec());
    world.spec.analyses = vec![analysis("must", true)];
    world.settle();
    world
}

/// The violations of the next plan once `harm` was done to it.
fn found(world: &World, harm: impl FnOnce(&mut Plan)) -> Vec<ExperimentViolation> {
    let mut made = plan(&world.spec, &world.status, &world.seen, world.now);
    let check =
        |made: &Plan| check_experiment(&world.spec, &world.status, &world.seen, made, world.now);
    assert_eq!(check(&made), Ok(()));
    harm(&mut made);
    check(&made).unwrap_err()
}

fn scale(made: &mut Plan, revision: &str, replicas: u32) {
    let generation = made.status.generation;
    made.actions.push(Action::Scale { revision: revision.into(), replicas, generation });
}

#[test]
fn more_than_is_asked_for() {
    let broken = found(&running(), |made| scale(made, "hash-a", 9));
    assert!(broken.iter().any(|one| matches!(one, ExperimentViolation::NotAskedFor { .. })));
    let broken = found(&running(), |made| scale(made, "stray", 1));
    assert!(broken.iter().any(|one| matches!(one, ExperimentViolation::NotAskedFor { .. })));
}

#[test]
fn what_is_still_needed_is_taken() {
    let broken = found(&running(), |made| {
        made.status.generation = made.status.generation.next();
        made.status.templates.get_mut("b").unwrap().wanted = 0;
        scale(made, "hash-b", 0);
    });
    assert_eq!(broken, [ExperimentViolation::TakenTooEarly { template: "b".to_owned() }]);
}

#[test]
fn a_success_that_was_not_earned() {
    let succeed = |made: &mut Plan| made.status.phase = Phase::Successful;
    let not_successful = |broken: &[ExperimentViolation]| {
        broken.iter().any(|one| matches!(one, ExperimentViolation::NotSuccessful { .. }))
    };
    assert!(not_successful(&found(&running(), succeed)));
    let mut world = running();
    world.seen.runs.insert("ex-must".into(), RunSeen::Failed("bad".to_owned()));
    assert!(not_successful(&found(&world, succeed)));
}

#[test]
fn an_end_that_is_taken_back() {
    let mut world = running();
    world.end("ex-must", RunSeen::Failed("bad".to_owned()));
    let broken = found(&world, |made| made.status.phase = Phase::Running);
    let (from, to) = (Phase::Failed, Phase::Running);
    assert_eq!(broken, [ExperimentViolation::EndTakenBack { from, to }]);
}

#[test]
fn something_begins_at_the_end_or_too_early() {
    let run = RunName::from("ex-must");
    let begin = |made: &mut Plan| {
        let analysis = "must".to_owned();
        made.actions.push(Action::StartRun { run: run.clone(), analysis });
    };
    let world = World::new(running().spec);
    let early = ExperimentViolation::MeasuredTooEarly { run: run.clone() };
    assert_eq!(found(&world, begin), [early]);
    let mut world = running();
    world.end("ex-must", RunSeen::Error("bad".to_owned()));
    world.after(5 * SECOND);
    let late = ExperimentViolation::BeginsAtTheEnd { what: run.to_string() };
    assert_eq!(found(&world, begin), [late]);
    let more = found(&world, |made| {
        made.status.generation = made.status.generation.next();
        made.status.templates.get_mut("a").unwrap().wanted = 1;
        scale(made, "hash-a", 1);
    });
    let late = ExperimentViolation::BeginsAtTheEnd { what: "hash-a".to_owned() };
    assert_eq!(more, [late]);
}

#[test]
fn a_time_that_has_not_begun_and_an_older_generation() {
    let world = World::new(running().spec);
    let now = world.now;
    let broken = found(&world, |made| made.status.available_at = Some(now));
    assert_eq!(broken, [ExperimentViolation::NotAvailable]);
    let broken = found(&world, |made| {
        let Some(Action::Scale { generation, .. }) = made.actions.first_mut() else { panic!() };
        *generation = Generation(0);
    });
    assert_eq!(broken.len(), 1);
    assert!(matches!(broken[0], ExperimentViolation::Unfenced { .. }));
}
