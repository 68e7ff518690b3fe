//! Programs that took steps: called when it is their turn, for what holds, and none left out.

use tidegate_checker::OrderViolation;
use tidegate_rollout::{
    Abort, AbortReason, Action, AnalysisUse, PluginCall, PluginStep, PluginTask, RunKind, RunSeen,
    Step,
};
use tidegate_units::RunName;

use crate::{
    planner::by_program,
    scene::{Scene, bad, good, hash, weight},
    world::canary_of,
};

/// The program of step 1 is done, that of step 2 is on its way.
fn scene() -> Scene {
    let mut scene = Scene::new();
    canary_of(&mut scene.spec).steps = vec![
        Step::SetWeight(weight(20)),
        Step::Analysis(by_program()),
        Step::Analysis(by_program()),
    ];
    scene.at_step(2);
    let step = |step: usize, done| PluginStep {
        step,
        run: RunName::from(format!("run-{step}")),
        stable: hash("stable"),
        done,
        ended: false,
    };
    scene.before.plugin_steps = vec![step(1, true), step(2, false)];
    scene.plan.status.plugin_steps = scene.before.plugin_steps.clone();
    scene
}

fn call(step: usize, task: PluginTask) -> PluginCall {
    let mut plugin = *by_program().plugin.unwrap();
    (plugin.task, plugin.of) = (task, Some(RunName::from(format!("run-{step}"))));
    let run = RunName::from(format!("run-{step}-{task:?}"));
    PluginCall { run, step, plugin, canary: hash("new"), stable: hash("stable") }
}

fn starts(scene: &mut Scene, call: &PluginCall) {
    let plugin = Some(Box::new(call.plugin.clone()));
    scene.plan.actions.push(Action::StartRun {
        run: call.run.clone(),
        kind: RunKind::PluginCall(call.step),
        analysis: Some(AnalysisUse { plugin, ..AnalysisUse::default() }),
        canary: call.canary.clone(),
        stable: call.stable.clone(),
    });
}

/// Taken back, with these calls owed.
fn taken_back(steps: &'static [usize]) -> impl Fn(&mut Scene) {
    move |scene| {
        let reason = AbortReason::User { who: "ann".into(), why: None };
        scene.plan.status.abort = Some(Abort { at: scene.now, reason });
        scene.plan.status.weight = weight(0);
        scene.plan.status.plugin_steps.clear();
        scene.plan.status.plugin_calls =
            steps.iter().map(|step| call(*step, PluginTask::Abort)).collect();
        scene.routes(&[("new", 0), ("stable", 100)]);
    }
}

fn wrong(run: &str, why: &'static str) -> OrderViolation {
    OrderViolation::PluginCallRefused { run: run.into(), why }
}

#[test]
fn what_is_taken_back_is_undone_the_last_step_first() {
    good(scene(), |scene| {
        taken_back(&[2, 1])(scene);
        starts(scene, &call(2, PluginTask::Abort));
    });
    bad(scene(), taken_back(&[1, 2]), wrong("run-1-Abort", "the last step is not undone first"));
    let left_out = "its program is not told that the release is taken back";
    bad(scene(), taken_back(&[2]), wrong("run-1", left_out));
    good(scene(), |scene| {
        scene.seen.runs.insert("run-2".into(), RunSeen::Failed("no".to_owned()));
        taken_back(&[1])(scene);
    });
    bad(
        scene(),
        |scene| scene.plan.status.plugin_calls = vec![call(1, PluginTask::Abort)],
        wrong("run-1-Abort", "the release was not taken back"),
    );
}

#[test]
fn a_program_is_stopped_when_the_release_is_complete_without_it() {
    let stop = |step| {
        move |scene: &mut Scene| {
            scene.plan.status.plugin_calls = vec![call(step, PluginTask::Terminate)];
        }
    };
    let in_full = |step| {
        move |scene: &mut Scene| {
            scene.before.promote_full = true;
            scene.plan.status.promote_full = true;
            stop(step)(scene);
        }
    };
    good(scene(), in_full(2));
    bad(scene(), stop(2), wrong("run-2-Terminate", "the release is not complete"));
    bad(scene(), in_full(1), wrong("run-1-Terminate", "its program is done"));
}

#[test]
fn calls_are_made_one_by_one_and_stay_owed_until_they_ended() {
    let owed = |scene: &mut Scene| {
        scene.before.plugin_calls = vec![call(2, PluginTask::Abort), call(1, PluginTask::Abort)];
        scene.plan.status.plugin_calls = scene.before.plugin_calls.clone();
    };
    good(scene(), owed);
    bad(
        scene(),
        |scene| {
            owed(scene);
            starts(scene, &call(1, PluginTask::Abort));
        },
        wrong("run-1-Abort", "it is not the one whose turn it is"),
    );
    bad(
        scene(),
        |scene| {
            owed(scene);
            scene.seen.runs.insert("run-2-Abort".into(), RunSeen::Running);
            starts(scene, &call(2, PluginTask::Abort));
        },
        wrong("run-2-Abort", "it is made already"),
    );
    let next = |scene: &mut Scene| {
        owed(scene);
        scene.plan.status.plugin_calls.remove(0);
    };
    bad(scene(), next, wrong("run-2-Abort", "it is owed, and forgotten"));
    good(scene(), |scene| {
        next(scene);
        scene.seen.runs.insert("run-2-Abort".into(), RunSeen::Error("gone".to_owned()));
        starts(scene, &call(1, PluginTask::Abort));
    });
}
