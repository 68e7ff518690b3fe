//! Experiments that steps make: when they stand, who gets requests, and what their ends mean.

use std::collections::BTreeMap;

use tidegate_rollout::{
    AbortReason, Action, Command, Event, PauseReason, Phase, Step, StepExperiment, StepTemplate,
    TemplateOf, TemplateService, Waiting,
};
use tidegate_units::RunPhase;
use tidegate_workload::WorkloadMeta;

use crate::world::{World, percent, rev, routed, secs, set_weight, unrouted};

/// A template: its name, what it runs, and its share.
type Template<'a> = (&'a str, TemplateOf, Option<u8>);

pub(crate) fn experiment(templates: &[Template<'_>], duration: Option<u64>) -> Step {
    let template = |&(name, of, weight): &Template<'_>| StepTemplate {
        name: name.to_owned(),
        of,
        replicas: 1,
        meta: WorkloadMeta::default(),
        selector: BTreeMap::new(),
        weight: weight.map(percent),
        service: TemplateService::None,
    };
    Step::Experiment(StepExperiment {
        templates: templates.iter().map(template).collect(),
        duration: duration.map(secs),
        analyses: Vec::new(),
        scale_down_delay: secs(30),
    })
}

fn ab(old: Option<u8>, new: Option<u8>) -> Step {
    experiment(&[("old", TemplateOf::Stable, old), ("new", TemplateOf::Canary, new)], None)
}

/// Revision `b` under way with these steps, until its first experiment stands.
fn standing(world: World) -> (World, String) {
    let mut world = world;
    world.until(60, |world| !world.experiments.is_empty());
    world.run(3);
    let name = world.experiment().0;
    (world, name)
}

/// The shares of the templates of an experiment.
fn shares(world: &World, name: &str) -> [u32; 2] {
    ["old", "new"].map(|template| world.weight_of(&format!("{name}-{template}")))
}

fn told(world: &World) -> Vec<String> {
    let told = world.events.iter().filter_map(|event| match event {
        Event::ExperimentStarted { experiment } => Some(format!("{experiment} started")),
        Event::ExperimentEnded { experiment, outcome } => Some(format!("{experiment} {outcome}")),
        _ => None,
    });
    told.collect()
}

#[test]
fn a_step_waits_for_its_experiment_and_gives_its_templates_their_shares() {
    let spec = routed(vec![set_weight(20), ab(Some(5), Some(10)), Step::Pause(None)]);
    let (mut world, name) = standing(World::updating(spec));
    assert_eq!(name, "web-b-2-1");
    assert_eq!(shares(&world, &name), [5, 10]);
    assert_eq!((world.weight_of("b"), world.weight_of("a")), (20, 65), "out of the stable one's");
    let report = &world.tick().report;
    assert_eq!(report.waiting, [Waiting::Experiment { experiment: name.clone() }]);
    let guests: Vec<_> = report.guests.iter().map(|it| (&*it.template, it.weight)).collect();
    assert_eq!(guests, [("new", percent(10)), ("old", percent(5))]);
    world.run(20);
    assert_eq!((world.status.step_index, world.count_of("a")), (1, 4), "it is waited for");
    world.end_experiments(RunPhase::Successful);
    world.until(5, |world| world.status.phase == Phase::Paused);
    world.run(2);
    assert_eq!(shares(&world, &name), [0, 0]);
    assert_eq!((world.weight_of("b"), world.weight_of("a")), (20, 80));
    assert_eq!(told(&world), [format!("{name} started"), format!("{name} successful")]);
}

#[test]
fn templates_get_nothing_until_their_experiment_runs_and_while_they_cannot_answer() {
    let spec = routed(vec![ab(Some(5), Some(10)), Step::Pause(None)]);
    let (mut world, name) = standing(World::updating(spec));
    world.experiment().1.phase = RunPhase::Pending;
    world.run(2);
    assert_eq!(shares(&world, &name), [0, 0]);
    let seen = world.experiment().1;
    seen.phase = RunPhase::Running;
    seen.templates.get_mut("new").unwrap().available = 0;
    world.run(2);
    assert_eq!(shares(&world, &name), [5, 0]);
}

#[test]
fn without_a_router_templates_behind_the_same_service_get_as_much_as_they_are_many() {
    let spec = unrouted(4, vec![set_weight(25), ab(None, None), Step::Pause(None)]);
    let (mut world, name) = standing(World::updating(spec));
    // Four and one; only one of the two templates is selected by the Service of the rollout.
    assert_eq!(shares(&world, &name), [20, 0]);
    assert_eq!((world.weight_of("b"), world.weight_of("a")), (20, 60));
    world.command(&Command::Pause).unwrap();
    world.run(5);
    assert_eq!((world.weight_of("b"), shares(&world, &name)), (20, [20, 0]), "held as it is");
    world.command(&Command::Resume).unwrap();
    world.end_experiments(RunPhase::Successful);
    world.until(5, |world| world.status.phase == Phase::Paused);
    world.run(2);
    assert_eq!((world.weight_of("b"), world.weight_of("a")), (25, 75));
}

/// A revision that was superseded keeps what the stable one's replicas cannot carry, and templates
/// beside it take their part of that once, not anew with each look.
#[test]
fn templates_take_nothing_again_of_who_is_still_needed() {
    let spec = unrouted(4, vec![ab(None, None), set_weight(50), Step::Pause(None)]);
    let (mut world, _) = standing(World::updating(spec));
    world.end_experiments(RunPhase::Successful);
    world.until(40, |world| world.status.phase == Phase::Paused);
    assert_eq!((world.count_of("a"), world.count_of("b")), (2, 2));
    // Those that are there have been for longer; those that come back take their time.
    world.start_time.insert(rev("a"), Some(secs(40)));
    world.spec.revision = rev("c");
    let open = |world: &World| world.experiments.values().any(|seen| !seen.ending);
    world.until(40, open);
    world.run(3);
    let (name, _) = world.experiment();
    let split = |world: &World| {
        let [old, _] = shares(world, &name);
        (world.weight_of("a"), world.weight_of("b"), old)
    };
    let first = split(&world);
    assert_eq!(first, (50, 25, 25), "two, one and one");
    world.run(20);
    assert_eq!(split(&world), first);
    world.experiment().1.templates.get_mut("old").unwrap().available = 0;
    world.run(3);
    assert_eq!(split(&world), (75, 25, 0), "who goes is given nothing back");
}

#[test]
fn one_that_fails_or_errs_takes_the_update_back() {
    for phase in [RunPhase::Failed, RunPhase::Error] {
        let spec = routed(vec![set_weight(20), ab(Some(5), Some(10))]);
        let (mut world, name) = standing(World::updating(spec));
        world.experiment().1.message = "too slow".to_owned();
        world.end_experiments(phase);
        world.run(3);
        assert_eq!(world.status.phase, Phase::Degraded);
        let why = format!("experiment {name}: too slow");
        assert!(world.status.message.ends_with(&why), "{}", world.status.message);
        let reason = world.status.abort.clone().unwrap().reason;
        assert_eq!(
            reason,
            AbortReason::Experiment { experiment: name.clone(), message: "too slow".to_owned() }
        );
        assert_eq!((world.weight_of("a"), shares(&world, &name)), (100, [0, 0]));
    }
}

#[test]
fn one_that_cannot_tell_holds_the_rollout_until_somebody_decides() {
    let spec = routed(vec![ab(None, None), set_weight(50), Step::Pause(None)]);
    let (mut world, name) = standing(World::updating(spec));
    world.end_experiments(RunPhase::Inconclusive);
    world.run(10);
    assert_eq!(world.status.pause.unwrap().reason, PauseReason::InconclusiveExperiment);
    assert_eq!(world.status.message, "InconclusiveExperiment");
    assert_eq!(world.experiments.len(), 1, "it is not made again");
    assert!(world.command(&Command::Resume).is_err());
    assert!(world.command(&Command::Pause).is_err());
    world.command(&Command::Promote).unwrap();
    world.until(40, |world| world.weight_of("b") == 50);
    assert_eq!(told(&world), [format!("{name} started"), format!("{name} inconclusive")]);
}

#[test]
fn one_whose_end_was_noted_is_over_even_if_what_is_seen_is_older() {
    let (mut world, name) = standing(World::updating(routed(vec![ab(None, None)])));
    let earlier = world.observe();
    world.end_experiments(RunPhase::Inconclusive);
    world.run(3);
    assert_eq!(world.status.pause.unwrap().reason, PauseReason::InconclusiveExperiment);
    let plan = world.plan_on(&earlier);
    assert_eq!(plan.actions, Vec::new());
    assert!(world.status.experiment.as_ref().is_some_and(|it| it.ended && it.name == name));
}

#[test]
fn nobody_waits_for_one_any_more_when_its_step_is_left() {
    type Leave = fn(&mut World);
    let ways: [(&str, Leave); 5] = [
        ("abort", |world| world.command(&Command::Abort { why: None }).unwrap()),
        ("promote", |world| world.command(&Command::Promote).unwrap()),
        ("promote in full", |world| world.command(&Command::PromoteFull).unwrap()),
        ("another revision", |world| world.spec.revision = rev("c")),
        ("back to stable", |world| world.spec.revision = rev("a")),
    ];
    for (how, leave) in ways {
        let steps = vec![set_weight(20), ab(Some(5), Some(10)), Step::Pause(None)];
        let (mut world, name) = standing(World::updating(routed(steps)));
        leave(&mut world);
        world.run(3);
        assert!(world.experiments[&name].ending, "{how}");
        assert_eq!(shares(&world, &name), [0, 0], "{how}");
        let ended = format!("{name} stopped");
        assert!(told(&world).contains(&ended), "{how}");
    }
}

#[test]
fn a_retry_and_other_steps_make_one_of_another_name() {
    let spec = routed(vec![ab(Some(5), None), Step::Pause(None)]);
    let (mut world, first) = standing(World::updating(spec));
    world.end_experiments(RunPhase::Failed);
    world.run(5);
    world.command(&Command::Retry).unwrap();
    let (mut world, second) = standing(world);
    assert_eq!(second, format!("{first}-1"));
    world.spec.strategy = routed(vec![ab(Some(7), None)]).strategy;
    world.run(5);
    assert!(world.experiments[&second].ending);
    let third = world.experiment().0;
    assert_eq!(third, format!("{first}-2"));
    assert_eq!(shares(&world, &third), [7, 0]);
}

#[test]
fn a_name_that_somebody_else_has_is_left_to_them() {
    let mut world = World::updating(routed(vec![ab(None, None), Step::Pause(None)]));
    world.taken_names.insert("web-b-2-0".to_owned());
    let (mut world, name) = standing(world);
    assert_eq!(name, "web-b-2-0-1");
    // Somebody deletes it and makes one of that name: it is made again, under another one.
    world.experiments.clear();
    world.taken_names.insert(name);
    let (_, name) = standing(world);
    assert_eq!(name, "web-b-2-0-2");
}

#[test]
fn one_that_is_gone_is_made_again_and_an_order_that_is_lost_is_repeated() {
    let (mut world, name) = standing(World::updating(routed(vec![ab(None, None)])));
    world.experiments.clear();
    world.fates = vec![None];
    let lost = world.tick().actions.clone();
    assert!(matches!(&*lost, [Action::StartExperiment { experiment, .. }] if *experiment == name));
    world.fates = vec![Some(0)];
    let (world, again) = standing(world);
    assert_eq!(again, name);
    assert_eq!(told(&world).len(), 1, "told once");
}

#[test]
fn what_is_held_gives_nobody_more() {
    let spec = routed(vec![set_weight(20), ab(Some(5), Some(10))]);
    let (mut world, name) = standing(World::updating(spec));
    world.experiment().1.templates.get_mut("new").unwrap().available = 0;
    world.run(2);
    world.spec.paused = true;
    world.experiment().1.templates.get_mut("new").unwrap().available = 1;
    world.run(3);
    assert_eq!(shares(&world, &name), [5, 0]);
    world.end_experiments(RunPhase::Failed);
    world.run(3);
    assert_eq!(world.weight_of("a"), 100, "what fails is taken back all the same");
}

#[test]
fn an_experiment_is_no_reason_to_miss_the_deadline() {
    let mut spec = routed(vec![ab(None, None)]);
    spec.progress_deadline = secs(10);
    spec.progress_deadline_abort = true;
    let (mut world, _) = standing(World::updating(spec));
    world.run(60);
    assert_eq!(world.status.phase, Phase::Progressing);
}
