//! Blue-green when it does not go well: aborts, retries, returns, deadlines.

use super::*;

#[test]
fn an_abort_leaves_the_preview_for_its_time_or_for_ever() {
    for (delay, left) in [(Some(secs(30)), 0), (None, 4), (Some(Duration::from_hours(1)), 4)] {
        let mut world = updating(BlueGreen { abort_scale_down_delay: delay, ..by_hand() });
        world.until(30, |world| world.status.phase == Phase::Paused);
        world.command(&ABORT).unwrap();
        world.run(20);
        assert_eq!(world.count_of("b"), 4, "{delay:?}");
        world.run(20);
        assert_eq!((world.count_of("a"), world.count_of("b")), (4, left), "{delay:?}");
        assert_eq!(world.status.phase, Phase::Degraded);
    }
}

#[test]
fn an_aborted_revision_stays_until_the_stable_one_is_whole() {
    let settings = BlueGreen { abort_scale_down_delay: Some(secs(30)), ..by_hand() };
    let mut world = updating(settings);
    world.until(30, |world| world.status.phase == Phase::Paused);
    for replica in world.revisions.get_mut(&rev("a")).unwrap().iter_mut().skip(1) {
        replica.broken = true;
    }
    world.command(&ABORT).unwrap();
    world.run(60);
    assert_eq!(world.count_of("b"), 4, "it is all that could help");
    for replica in world.revisions.get_mut(&rev("a")).unwrap() {
        replica.broken = false;
    }
    world.run(25);
    assert_eq!(world.count_of("b"), 4, "and its time begins");
    world.run(10);
    assert_eq!(world.count_of("b"), 0);
}

#[test]
fn a_retry_takes_every_gate_again() {
    let settings = BlueGreen { promotion: Promotion::ByHand, ..with_both_analyses() };
    let mut world = updating(settings);
    until_run(&mut world, RunKind::PrePromotion);
    world.judge(RunKind::PrePromotion, &RunSeen::Successful);
    world.until(10, |world| world.status.phase == Phase::Paused);
    world.command(&ABORT).unwrap();
    world.run(50);
    assert_eq!(world.count_of("b"), 0);
    world.command(&Command::Retry).unwrap();
    world.until(10, |world| world.runs.len() == 2);
    assert_eq!(world.count_of("b"), 4);
    world.judge(RunKind::PrePromotion, &RunSeen::Successful);
    world.until(10, |world| world.status.phase == Phase::Paused);
    assert_eq!(world.weight_of("a"), 100);
    world.command(&Command::Promote).unwrap();
    until_active(&mut world, "b");
}

#[test]
fn the_stable_revision_wanted_again_takes_everything_back_at_once() {
    let mut world = updating(BlueGreen { pre_promotion: None, ..with_both_analyses() });
    until_run(&mut world, RunKind::PostPromotion);
    world.spec.revision = rev("a");
    world.plan();
    assert_eq!(routed_to(&world), Some(vec![("a".to_owned(), 100)]));
    world.until(5, |world| world.status.phase == Phase::Healthy);
}

#[test]
fn a_revision_that_is_superseded_while_active_serves_until_the_next_takes_over() {
    let mut world = updating(BlueGreen { pre_promotion: None, ..with_both_analyses() });
    until_run(&mut world, RunKind::PostPromotion);
    world.start_time.insert(rev("c"), Some(secs(10)));
    world.spec.revision = rev("c");
    world.run(8);
    assert_eq!((world.weight_of("b"), world.count_of("b")), (100, 4));
    assert_eq!(world.count_of("a"), 4, "the last proven one stands behind it");
    until_active(&mut world, "c");
    assert_eq!(world.status.stable, Some(rev("a")));
    world.command(&ABORT).unwrap();
    world.plan();
    assert_eq!(routed_to(&world), Some(vec![("a".to_owned(), 100)]), "not the unproven one");
}

#[test]
fn only_so_many_old_revisions_stand_by() {
    let mut settings =
        BlueGreen { scale_down_delay: Duration::from_hours(1), ..BlueGreen::default() };
    settings.scale_down_revision_limit = Some(1);
    let mut world = updating(settings);
    world.until(30, |world| world.status.stable == Some(rev("b")));
    world.run(5);
    assert_eq!(world.count_of("a"), 4);
    world.spec.revision = rev("c");
    world.until(30, |world| world.status.stable == Some(rev("c")));
    world.run(5);
    assert_eq!((world.count_of("a"), world.count_of("b"), world.count_of("c")), (0, 4, 4));
}

#[test]
fn by_default_all_old_revisions_stand_by() {
    let mut world =
        updating(BlueGreen { scale_down_delay: Duration::from_hours(1), ..BlueGreen::default() });
    for next in ["b", "c", "d"] {
        world.spec.revision = rev(next);
        world.until(30, |world| world.status.stable == Some(rev(next)));
        world.run(5);
    }
    assert_eq!(["a", "b", "c", "d"].map(|name| world.count_of(name)), [4; 4]);
}

#[test]
fn a_revision_with_nobody_left_gives_everything_back_until_it_is_whole() {
    let mut world = updating(BlueGreen { pre_promotion: None, ..with_both_analyses() });
    until_run(&mut world, RunKind::PostPromotion);
    for replica in world.revisions.get_mut(&rev("b")).unwrap() {
        replica.broken = true;
    }
    world.plan();
    assert_eq!(routed_to(&world), Some(vec![("a".to_owned(), 100)]));
    let replicas = world.revisions.get_mut(&rev("b")).unwrap();
    replicas.iter_mut().skip(1).for_each(|replica| replica.broken = false);
    world.run(20);
    assert_eq!(world.weight_of("a"), 100, "three of four are not enough");
    world.revisions.get_mut(&rev("b")).unwrap()[0].broken = false;
    until_active(&mut world, "b");
}

#[test]
fn an_unhealthy_revision_misses_the_deadline_and_is_aborted_where_that_is_wanted() {
    for abort in [false, true] {
        let mut world = updating(BlueGreen::default());
        world.spec.progress_deadline = secs(60);
        world.spec.progress_deadline_abort = abort;
        world.start_time.insert(rev("b"), None);
        world.run(70);
        assert_eq!((world.status.phase, world.weight_of("a")), (Phase::Degraded, 100));
        assert_eq!(world.status.abort.is_some(), abort);
    }
}

#[test]
fn neither_a_pause_nor_an_analysis_misses_the_deadline() {
    let settings = BlueGreen { promotion: Promotion::ByHand, ..with_both_analyses() };
    let mut world = updating(settings);
    world.spec.progress_deadline = secs(20);
    until_run(&mut world, RunKind::PrePromotion);
    world.run(50);
    world.judge(RunKind::PrePromotion, &RunSeen::Successful);
    world.run(50);
    assert_eq!(world.status.phase, Phase::Paused);
    world.command(&Command::Promote).unwrap();
    until_run(&mut world, RunKind::PostPromotion);
    world.run(50);
    assert_eq!(world.status.phase, Phase::Progressing);
    assert!(!world.events.contains(&Event::DeadlineExceeded));
}

#[test]
fn what_a_person_holds_does_not_take_over() {
    let mut world = updating(by_hand());
    world.until(30, |world| world.status.phase == Phase::Paused);
    world.command(&Command::Pause).unwrap();
    world.run(5);
    assert_eq!(world.status.message, "manually paused");
    world.command(&Command::Resume).unwrap();
    world.run(5);
    assert_eq!(world.status.message, "BlueGreenPause", "the pause before the switch goes on");
    world.command(&Command::Pause).unwrap();
    world.command(&Command::Promote).unwrap();
    world.until(3, |world| world.weight_of("b") == 100);
}

#[test]
fn a_promotion_is_refused_where_nothing_waits_for_it() {
    let mut world = updating(with_both_analyses());
    until_run(&mut world, RunKind::PrePromotion);
    let refused = world.command(&Command::Promote).unwrap_err();
    assert_eq!(
        (refused.reason.as_str(), refused.hint.as_deref()),
        (
            "cannot promote: an analysis is under way, and nothing else holds it",
            Some("wait with rollout status, or promote in full to go on without the analysis"),
        )
    );
    let mut world = updating(BlueGreen::default());
    world.start_time.insert(rev("b"), Some(secs(30)));
    world.run(3);
    let refused = world.command(&Command::Promote).unwrap_err();
    assert_eq!(refused.reason, "cannot promote: nothing holds it, the replicas are on their way");
    let mut world = updating(by_hand());
    world.until(30, |world| world.status.phase == Phase::Paused);
    let refused = world.command(&Command::Resume).unwrap_err();
    assert_eq!(refused.reason, "cannot resume: it waits to take over, no person holds it");
}

#[test]
fn the_first_revision_takes_no_gates() {
    let settings = BlueGreen { promotion: Promotion::ByHand, ..with_both_analyses() };
    let world = World::settled(spec(settings));
    assert!(world.runs.is_empty());
    assert_eq!((world.weight_of("a"), world.count_of("a")), (100, 4));
    assert!(steps(&world).iter().all(|(_, state)| *state == StepState::Skipped));
}

#[test]
fn a_restart_replaces_the_replicas_of_both() {
    let mut world = updating(by_hand());
    world.until(30, |world| world.status.phase == Phase::Paused);
    let moment = world.now.after(secs(2));
    world.spec.restart_at = Some(moment);
    world.run(20);
    let replicas = world.revisions.values().flatten();
    assert!(replicas.clone().count() == 8 && replicas.clone().all(|one| one.started >= moment));
    assert!(world.events.contains(&Event::Restarted));
    assert_eq!((world.status.phase, world.weight_of("a")), (Phase::Paused, 100));
}
