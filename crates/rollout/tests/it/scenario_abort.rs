//! Releases that are taken back.

use tidegate_rollout::{Action, Command, Phase, RunKind, RunSeen, Step};

use crate::world::{World, rev, routed, set_weight};

#[test]
fn a_failed_watch_takes_the_canary_back_in_the_same_plan() {
    let mut spec = routed(vec![set_weight(25), Step::Pause(None)]);
    spec.canary.default_watch = true;
    let mut world = World::updating(spec);
    world.until(10, |world| world.status.phase == Phase::Paused);
    world.judge(RunKind::Watch, &RunSeen::Failed("errors".to_owned()));
    let plan = world.plan();
    let first = plan.actions.first();
    assert!(
        matches!(first, Some(Action::Route { weights, .. }) if weights.len() == 1 && weights[0].0 == rev("a"))
    );
    assert_eq!(plan.report.phase, Phase::Degraded);
    world.run(20);
    assert_eq!(world.count_of("b"), 1, "the replicas stay a while");
    world.run(20);
    assert_eq!((world.count_of("b"), world.weight_of("a")), (0, 100));
    world.assert_at_rest();
    world.command(&Command::Retry).unwrap();
    world.until(10, |world| world.weight_of("b") == 25);
}
