//! One round: everything that its script says, and then what came of it.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use tokio::{
    task::JoinSet,
    time::{Instant, sleep, sleep_until},
};

use crate::{
    after,
    apps::{App, now},
    metric::Metric,
    people,
    processes::{Role, replicas},
    release::{JUDGED_BY_A_NUMBER, REPLICAS},
    script::{Command, Fault, Kind, Round},
    stand::Stand,
    starvation::waited,
    strike::{Hands, strike},
    watch::{excused, exposed},
};

/// A control plane answers so soon after the last fault.
const ANSWERING: Duration = Duration::from_secs(40);

/// A rollout ends where it should so soon after the last fault: its pauses, its deadline, the looks that
/// a verdict takes, and as much again for a slow machine.
const ENDED: Duration = Duration::from_secs(90);

/// A revision that is killed for its memory again and again is started ever more seldom, and gets no
/// requests meanwhile: too few to be judged by. After so long somebody takes it back.
const DOWN: Duration = Duration::from_secs(20);

/// Answers of so many samples show what users get; a sample is taken each 100 ms.
const LATELY: usize = 10;

/// Where everything happens.
pub(crate) struct Scene {
    pub(crate) stand: Arc<Stand>,
    pub(crate) apps: Vec<Arc<App>>,
    pub(crate) hands: Hands,
    pub(crate) metric: Metric,
}

/// Plays a round, and checks what came of it.
pub(crate) async fn play(scene: &Arc<Scene>, round: &Round) {
    scene.stand.story.turn();
    scene.stand.story.tell(format!("script of {}", round.to_string().trim_end()));
    scene.apps.iter().for_each(|app| app.turn());
    act(scene, round).await;
    scene.stand.story.tell("calm");
    if let Some(took) = scene.stand.until_answering(ANSWERING).await {
        scene.stand.story.tell(format!("the control plane answers after {took:.2?}"));
        let ends =
            scene.apps.iter().map(|app| end(Arc::clone(scene), Arc::clone(app), round.clone()));
        let mut ends: JoinSet<()> = ends.collect();
        while ends.join_next().await.is_some() {}
    } else {
        scene.stand.story.wrong(format!("the control plane does not answer within {ANSWERING:?}"));
    }
    lost(scene);
    shares(scene, round);
    after::ledger(scene).await;
    after::those_who_run(scene).await;
}

/// Carries out the script.
async fn act(scene: &Arc<Scene>, round: &Round) {
    let begin = Instant::now();
    let mut tasks = JoinSet::new();
    for one in round.releases.clone() {
        let (scene, number) = (Arc::clone(scene), round.number);
        tasks.spawn(async move {
            sleep_until(begin + one.at).await;
            if let Some(app) = scene.app(one.app) {
                release_at_last(&scene, app, &format!("r{number}-a{}", one.app), one.kind).await;
            }
        });
    }
    for one in round.words.clone() {
        let scene = Arc::clone(scene);
        tasks.spawn(async move {
            sleep_until(begin + one.at).await;
            if let Some(app) = scene.app(one.app) {
                people::say(&scene, app, one.command).await;
            }
        });
    }
    for one in round.strikes.clone() {
        let scene = Arc::clone(scene);
        tasks.spawn(async move {
            sleep_until(begin + one.at).await;
            if let Err(problem) = strike(&scene, &one).await {
                scene.stand.story.wrong(format!("{:?} could not be done: {problem:#}", one.fault));
            }
        });
    }
    while tasks.join_next().await.is_some() {}
}

/// Releases a revision, again and again until somebody takes it.
async fn release_at_last(scene: &Scene, app: &App, version: &str, kind: Kind) {
    let begun = Instant::now();
    while begun.elapsed() < ANSWERING {
        if people::release(scene, app, version, kind).await {
            return;
        }
        sleep(Duration::from_millis(300)).await;
    }
    scene.stand.story.wrong(format!("nobody took {version} within {ANSWERING:?}"));
}

/// Waits until an application is where it should be.
async fn end(scene: Arc<Scene>, app: Arc<App>, round: Round) {
    let untouched = round.words.iter().all(|word| word.app != app.number);
    let newest = app.known().newest.clone();
    let expected = match newest {
        Some((version, kind)) if untouched && kind.is_good() => version,
        Some(_) if untouched => app.known().stable.clone(),
        // After what people said anything may be; but from there on it has to go on.
        _ => {
            let version = format!("r{}-a{}-final", round.number, app.number);
            release_at_last(&scene, &app, &version, Kind::Good).await;
            // A pause by hand stays until it is taken back, whatever is applied.
            people::ask(&scene, &["rollout", "resume", &app.name()], "", "resume").await;
            version
        }
    };
    let bad = untouched && app.known().newest.as_ref().is_some_and(|(_, kind)| !kind.is_good());
    let out_of_memory =
        app.known().newest.as_ref().is_some_and(|(_, kind)| *kind == Kind::OutOfMemory);
    let (begun, from) = (Instant::now(), now());
    let mut retried = false;
    loop {
        let ended = ended(&scene, &app).await;
        let right = if bad { Ended::TakenBack } else { Ended::There };
        if ended == Some(right) && has_only(&app, &expected) {
            let took = begun.elapsed();
            scene.stand.story.tell(format!("{} has {expected} after {took:.2?}", app.name()));
            app.known().stable = expected;
            return;
        }
        if ended == Some(Ended::No) && bad && out_of_memory && !retried && begun.elapsed() > DOWN {
            retried = true;
            people::ask(&scene, &["rollout", "abort", &app.name()], "", "abort").await;
        }
        if ended == Some(Ended::TakenBack) && !bad && !retried {
            retried = true;
            taken_back(&scene, &app, &round).await;
        }
        // A machine that gives nobody a processor makes verdicts late: twice as late at most.
        let starved = waited(&scene.stand.starvation.spans(), from, now());
        let starved = Duration::from_millis(u64::try_from(starved).unwrap_or(0)).min(ENDED);
        if begun.elapsed() > ENDED + starved {
            let view = scene.stand.ask(&["rollout", "get", &app.name(), "-o", "json"]).await;
            let lately = app.lately(LATELY);
            scene.stand.story.wrong(format!(
                "{} does not have {expected} within {ENDED:?}: answers of {lately:?}, processes {:?}",
                app.name(),
                replicas(app.number)
            ));
            let view = view.unwrap_or_else(|| "no view".to_owned());
            drop(std::fs::write(scene.stand.base.join(format!("{}.json", app.name())), view));
            return;
        }
        sleep(Duration::from_millis(200)).await;
    }
}

/// A good revision was taken back. That is right where its replicas, or the router before them, were
/// killed or held: then it failed, as its users saw it, and somebody tries it again.
async fn taken_back(scene: &Scene, app: &App, round: &Round) {
    let hurt = round.strikes.iter().any(|strike| match strike.fault {
        Fault::KillReplica(of) | Fault::StopReplica(of) => of == app.number,
        Fault::Metric(_) => app.number == JUDGED_BY_A_NUMBER,
        // A clock that is set forth is past its deadline.
        Fault::Clock(ahead) => ahead > 0,
        Fault::KillRouter | Fault::StopRouter | Fault::FewFilesRouter(_) | Fault::NoPorts => true,
        Fault::KillControl
        | Fault::StopControl
        | Fault::FullDisk
        | Fault::ReadOnlyFolder
        | Fault::SlowDisk
        | Fault::FewFilesControl(_) => false,
    });
    if !hurt {
        let why = scene.stand.ask(&["ledger", "show", &app.name()]).await.unwrap_or_default();
        scene
            .stand
            .story
            .wrong(format!("{} was taken back, though it was good:\n{why}", app.name()));
    }
    people::ask(scene, &["rollout", "retry", &app.name()], "", "retry").await;
}

/// How an update has ended, as the program says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ended {
    /// All users have it.
    There,
    /// It was taken back.
    TakenBack,
    /// It has not.
    No,
}

/// What the program says of an update, if it says anything.
async fn ended(scene: &Scene, app: &App) -> Option<Ended> {
    let text = scene.stand.ask(&["rollout", "get", &app.name(), "-o", "json"]).await?;
    let view: serde_json::Value = serde_json::from_str(&text).ok()?;
    let at = |place: &str| view.pointer(place).cloned().unwrap_or_default();
    if !at("/status/abort").is_null() {
        return Some(Ended::TakenBack);
    }
    let there = at("/status/stable") == at("/status/current");
    Some(if there { Ended::There } else { Ended::No })
}

/// Whether all users get this version, and nothing else of the application runs.
fn has_only(app: &App, expected: &str) -> bool {
    let lately = app.lately(LATELY);
    let running = replicas(app.number);
    let others = running.iter().any(|process| match &process.role {
        Role::Replica { version, .. } => version != expected,
        _ => true,
    });
    lately.len() == 1 && lately.contains_key(expected) && !others && running.len() == REPLICAS
}

/// No request was lost but those that something held which the script killed or stopped.
fn lost(scene: &Scene) {
    let excuses = scene.stand.kept().excuses.clone();
    let spans = scene.stand.starvation.spans();
    for app in &scene.apps {
        let misses = app.misses();
        let wrong: Vec<_> =
            misses.iter().filter(|miss| !excused(miss, app.number, &excuses, &spans)).collect();
        if !misses.is_empty() {
            let right = misses.len() - wrong.len();
            scene.stand.story.tell(format!("{}: {right} requests lost with reason", app.name()));
        }
        scene.stand.kept().excused += misses.len() - wrong.len();
        if let Some(first) = wrong.first() {
            let kinds: BTreeSet<_> = wrong.iter().map(|miss| miss.why.clone()).collect();
            let count = wrong.len();
            scene.stand.story.wrong(format!(
                "{}: {count} requests lost for no reason, the first sent {:.2} s ago and ended {:.2} s ago: {kinds:?}",
                app.name(),
                ago(first.sent.as_millis()),
                ago(first.ended.as_millis()),
            ));
        }
    }
}

fn ago(at: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "seconds of a round")]
    let millis = (now() - at) as f64;
    millis / 1000.0
}

/// No bad revision had more than its steps allow.
fn shares(scene: &Scene, round: &Round) {
    for app in &scene.apps {
        // It may bring back any earlier revision, by the steps of another one.
        let undone = |word: &crate::script::Word| {
            word.app == app.number && matches!(word.command, Command::Undo)
        };
        if round.words.iter().any(undone) {
            continue;
        }
        let known = app.known();
        for (version, shares) in &known.bad {
            if let Some(how) = exposed(&known.samples, version, shares) {
                scene.stand.story.wrong(format!("{version} had more than its steps allow: {how}"));
            }
        }
    }
}

impl Scene {
    fn app(&self, number: u32) -> Option<&Arc<App>> {
        self.apps.iter().find(|app| app.number == number)
    }
}
