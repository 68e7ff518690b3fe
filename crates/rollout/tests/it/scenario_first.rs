//! A first revision that is followed before it was whole.

use tidegate_rollout::{BlueGreen, Command, Event, Phase, Promotion, RolloutSpec, Step, Strategy};

use crate::world::{World, rev, routed, secs, set_weight, unrouted};

const ABORT: Command = Command::Abort { why: None };

/// A world in which `a`, the first revision, serves users with all replicas but one, and `b` is
/// wanted.
fn followed(spec: RolloutSpec) -> World {
    let mut world = World::new(spec);
    world.run(2);
    world.revisions.get_mut(&rev("a")).unwrap()[0].broken = true;
    world.run(10);
    assert_eq!((world.weight_of("a"), world.status.phase), (100, Phase::Progressing));
    assert_eq!(world.status.stable, None, "it is not whole");
    world.spec.revision = rev("b");
    world
}

fn steps() -> Vec<Step> {
    vec![set_weight(50), Step::Pause(None)]
}

#[test]
fn its_users_reach_the_second_by_the_steps() {
    for spec in [routed(steps()), unrouted(4, steps())] {
        let mut world = followed(spec);
        world.plan();
        assert_eq!(world.status.stable, Some(rev("a")));
        assert!(world.events.contains(&Event::Promoted { revision: rev("a") }));
        for _ in 0..30 {
            world.tick();
            assert!(world.weight_of("b") <= 60 && world.status.step_index < 2);
        }
        assert_eq!(world.status.phase, Phase::Paused, "{:?}", world.status.message);
        world.command(&Command::Promote).unwrap();
        world.until(30, |world| world.status.phase == Phase::Healthy);
        assert_eq!((world.status.stable.clone(), world.weight_of("b")), (Some(rev("b")), 100));
    }
}

#[test]
fn its_users_can_come_back() {
    let by_hand = BlueGreen { promotion: Promotion::ByHand, ..BlueGreen::default() };
    let blue_green = RolloutSpec { strategy: Strategy::BlueGreen(by_hand), ..routed(Vec::new()) };
    for spec in [routed(steps()), unrouted(4, steps()), blue_green] {
        let mut world = followed(spec);
        let refused = world.command(&ABORT).unwrap_err();
        assert_eq!(refused.reason, "cannot abort: the new revision is not taken up yet");
        world.until(30, |world| world.status.phase == Phase::Paused);
        world.command(&ABORT).unwrap();
        world.run(60);
        assert_eq!((world.status.phase, world.weight_of("a")), (Phase::Degraded, 100));
        world.spec.revision = rev("a");
        world.plan();
        assert!(world.events.contains(&Event::RolledBack { to: rev("a") }));
    }
}

#[test]
fn it_keeps_its_users_while_the_second_does_not_come() {
    for spec in [routed(steps()), unrouted(4, steps())] {
        let mut world = followed(spec);
        world.start_time.insert(rev("b"), None);
        for _ in 0..30 {
            world.tick();
            assert!(world.count_of("a") >= 3, "the only ones that serve");
            assert_eq!(world.weight_of("a"), 100);
        }
    }
}

/// Nobody is harmed by what replaces a revision that answers nobody.
#[test]
fn with_nobody_to_answer_it_gives_way_at_once() {
    for spec in [routed(steps()), unrouted(4, steps())] {
        let mut world = World::new(spec);
        world.start_time.insert(rev("a"), None);
        world.run(10);
        world.spec.revision = rev("b");
        world.until(30, |world| world.status.phase == Phase::Healthy);
        assert_eq!(world.status.stable, Some(rev("b")));
        world.assert_at_rest();
    }
}

#[test]
fn it_is_kept_when_it_answers_again_before_the_second_does() {
    for spec in [routed(steps()), unrouted(4, steps())] {
        let mut world = followed(spec);
        world.start_time.insert(rev("b"), Some(secs(5)));
        let mut unseen = world.observe();
        unseen.revisions.clear();
        world.plan_on(&unseen);
        assert_eq!((world.status.stable.clone(), world.status.step_index), (None, 2));
        world.plan();
        assert_eq!((world.status.stable.clone(), world.status.step_index), (Some(rev("a")), 0));
        world.until(30, |world| world.status.phase == Phase::Paused);
        assert_eq!(world.status.step_index, 1);
        world.command(&ABORT).unwrap();
        world.until(60, |world| world.weight_of("a") == 100);
    }
}
