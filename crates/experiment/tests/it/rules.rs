//! What an experiment does, rule by rule, as Argo Rollouts documents them.

use tidegate_experiment::{ExperimentSpec, Phase, TemplatePhase, Waiting};
use tidegate_rollout::{RevisionSeen, RunSeen};
use tidegate_units::RevisionHash;

use crate::world::{SECOND, World, analysis, spec};

fn with(analyses: &[(&str, bool)]) -> ExperimentSpec {
    let analyses = analyses.iter().map(|(name, required)| analysis(name, *required)).collect();
    ExperimentSpec { analyses, ..spec() }
}

#[test]
fn it_runs_for_its_duration_and_leaves_nothing() {
    let mut world = World::new(spec());
    let first = world.plan();
    world.is(Phase::Pending, "");
    world.obey(&first.actions);
    world.settle();
    world.is(Phase::Running, "");
    assert_eq!(world.replicas(), [("hash-a", 1), ("hash-b", 2)].into());
    world.after(59 * SECOND).is(Phase::Running, "");
    world.after(SECOND).is(Phase::Successful, "");
    // They stay for the delay, and then go.
    assert_eq!(world.replicas(), [("hash-a", 1), ("hash-b", 2)].into());
    world.leaves_nothing();
    world.is(Phase::Successful, "");
}

#[test]
fn its_time_begins_when_all_are_available() {
    let mut world = World::new(spec());
    world.broken = vec!["hash-b".into()];
    world.settle();
    world.after(20 * SECOND).is(Phase::Pending, "");
    assert_eq!(world.status.available_at, None);
    world.broken.clear();
    let up = RevisionSeen { replicas: 2, ready: 2, available: 2, ..RevisionSeen::default() };
    world.seen.revisions.insert("hash-b".into(), up);
    world.settle();
    assert_eq!(world.status.available_at, Some(world.now));
    world.after(59 * SECOND).is(Phase::Running, "");
    world.after(SECOND).is(Phase::Successful, "");
}

#[test]
fn a_template_that_makes_no_progress_fails_the_experiment() {
    let mut world = World::new(spec());
    world.broken = vec!["hash-b".into()];
    world.settle();
    world.seen.obstacles.insert("hash-b".into(), "no such program".to_owned());
    world.after(29 * SECOND).is(Phase::Pending, "");
    world.after(SECOND).is(
        Phase::Failed,
        "Template 'b' exceeded its progressDeadlineSeconds (30): no such program",
    );
    assert_eq!(world.status.templates["a"].phase, TemplatePhase::Successful);
    assert_eq!(world.status.templates["b"].phase, TemplatePhase::Failed);
    world.leaves_nothing();
}

#[test]
fn one_that_breaks_while_it_runs_has_the_deadline_to_come_back() {
    let mut world = World::new(spec());
    world.settle();
    world.after(10 * SECOND);
    let down = RevisionSeen { replicas: 1, ..RevisionSeen::default() };
    let up = RevisionSeen { ready: 1, available: 1, ..down };
    world.seen.revisions.insert("hash-a".into(), down);
    world.settle();
    world.is(Phase::Pending, "");
    world.seen.revisions.insert("hash-a".into(), up);
    world.settle();
    world.is(Phase::Running, "");
    world.seen.revisions.insert("hash-a".into(), down);
    world.settle();
    world.after(30 * SECOND);
    assert_eq!(world.status.phase, Phase::Failed);
}

#[test]
fn analyses_begin_once_it_is_available_and_a_bad_one_ends_it() {
    for (seen, phase) in [
        (RunSeen::Failed("too slow".to_owned()), Phase::Failed),
        (RunSeen::Error("too slow".to_owned()), Phase::Error),
        (RunSeen::Inconclusive("too slow".to_owned()), Phase::Inconclusive),
    ] {
        let mut world = World::new(with(&[("one", false), ("two", false)]));
        world.broken = vec!["hash-b".into()];
        world.settle();
        assert!(world.seen.runs.is_empty());
        world.broken.clear();
        let up = RevisionSeen { replicas: 2, ready: 2, available: 2, ..RevisionSeen::default() };
        world.seen.revisions.insert("hash-b".into(), up);
        world.settle();
        assert_eq!(world.seen.runs.len(), 2);
        world.end("ex-two", seen);
        world.is(phase, "too slow");
        world.leaves_nothing();
        world.is(phase, "too slow");
    }
}

#[test]
fn a_required_analysis_is_waited_for_beyond_the_duration() {
    let mut world = World::new(with(&[("free", false), ("must", true)]));
    world.settle();
    world.after(60 * SECOND).is(Phase::Running, "");
    assert_eq!(world.status.templates["a"].phase, TemplatePhase::Successful);
    world.after(5 * SECOND);
    assert_eq!(world.replicas(), [("hash-a", 0), ("hash-b", 0)].into());
    world.is(Phase::Running, "");
    world.end("ex-must", RunSeen::Successful);
    world.is(Phase::Successful, "Required AnalysisRuns completed");
    world.leaves_nothing();
}

#[test]
fn required_analyses_that_have_succeeded_end_it_before_its_time() {
    let mut world = World::new(with(&[("free", false), ("one", true), ("two", true)]));
    world.spec.duration = None;
    world.settle();
    world.end("ex-one", RunSeen::Successful);
    world.is(Phase::Running, "");
    world.end("ex-two", RunSeen::Successful);
    world.is(Phase::Successful, "Required AnalysisRuns completed");
    world.leaves_nothing();
}

#[test]
fn with_nothing_to_end_it_somebody_has_to() {
    let mut world = World::new(with(&[("free", false)]));
    world.spec.duration = None;
    world.settle();
    world.end("ex-free", RunSeen::Successful);
    world.after(3_600 * SECOND).is(Phase::Running, "");
    assert!(world.plan().report.waiting.contains(&Waiting::Termination));
    world.spec.terminate = true;
    world.settle();
    world.is(Phase::Successful, "");
    world.leaves_nothing();
}

#[test]
fn who_ends_it_while_a_required_analysis_runs_ends_that_too() {
    let mut world = World::new(with(&[("must", true)]));
    world.settle();
    world.spec.terminate = true;
    world.settle();
    assert_eq!(world.status.phase, Phase::Successful);
    world.leaves_nothing();
}

#[test]
fn one_that_is_ended_before_it_began_begins_nothing() {
    let mut world = World::new(ExperimentSpec { terminate: true, ..with(&[("must", true)]) });
    world.settle();
    world.is(Phase::Successful, "");
    assert!(world.seen.runs.is_empty() && world.seen.revisions.is_empty());
}

#[test]
fn an_analysis_that_cannot_begin_ends_it_before_replicas_are_waited_for() {
    let mut world = World::new(with(&[("one", false)]));
    world.broken = vec!["hash-a".into()];
    world.seen.unusable.insert("one".to_owned(), "there is no AnalysisTemplate t".to_owned());
    world.settle();
    world.is(Phase::Error, "there is no AnalysisTemplate t");
    world.leaves_nothing();
}

#[test]
fn a_template_whose_service_is_somebody_elses_ends_it() {
    let mut world = World::new(spec());
    world.seen.refused.insert("b".to_owned(), "Service web is there already".to_owned());
    world.settle();
    world.is(Phase::Error, "Service web is there already");
    assert_eq!(world.status.templates["b"].phase, TemplatePhase::Error);
    world.leaves_nothing();
}

#[test]
fn without_a_delay_replicas_go_at_once() {
    let mut world = World::new(spec());
    world.spec.scale_down_delay = std::time::Duration::ZERO;
    world.settle();
    world.after(60 * SECOND);
    assert!(world.replicas().values().all(|count| *count == 0));
}

#[test]
fn more_or_fewer_replicas_are_followed_while_it_runs() {
    let mut world = World::new(spec());
    world.settle();
    world.spec.templates[0].replicas = 3;
    world.spec.templates[1].replicas = 1;
    world.settle();
    assert_eq!(world.replicas(), [("hash-a", 3), ("hash-b", 1)].into());
    world.is(Phase::Running, "");
}

#[test]
fn replicas_of_what_nobody_knows_are_ended() {
    let mut world = World::new(spec());
    let there = RevisionSeen { replicas: 2, ..RevisionSeen::default() };
    world.seen.revisions.insert(RevisionHash::from("stray"), there);
    world.settle();
    assert_eq!(world.replicas()["stray"], 0);
}
