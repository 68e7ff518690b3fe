use std::{
    net::SocketAddr,
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::ensure;
use tokio::time::{MissedTickBehavior, interval};

use crate::{
    Settings, after,
    apps::{App, now},
    deaths::{self, Dying},
    metric::Metric,
    release::manifest,
    round::{Scene, play},
    script::{Draw, FAULTS, Kind},
    stand::Stand,
    strike::Hands,
    world,
};

/// Where the first application is reached; the others follow. Nobody else is in this world.
const FIRST_PORT: u32 = 8001;

/// A sample that comes so much later than the one before shows a machine that stands still.
const STANDSTILL_MS: i64 = 1_000;

/// A server answers so soon after its first start.
const READY: Duration = Duration::from_secs(40);

/// A sample of what was answered is taken so often.
const SAMPLE: Duration = Duration::from_millis(100);

/// Plays the script of a seed, round by round, and says how it went.
#[expect(clippy::print_stdout, reason = "a program whose output is what it saw")]
pub async fn run(settings: Settings) -> anyhow::Result<ExitCode> {
    let draw = draw(&settings)?;
    println!("torture: seed {}", draw.seed);
    if settings.script {
        (1..=settings.rounds).for_each(|number| print!("{}", draw.round(number)));
        return Ok(ExitCode::SUCCESS);
    }
    world::furnish(&settings.base)?;
    let scene = Arc::new(begin(&settings).await?);
    let samples = tokio::spawn(sample(Arc::clone(&scene)));
    let begun = Instant::now();
    let mut played = 0;
    for number in 1..=settings.rounds {
        let late = settings.minutes.is_some_and(|most| begun.elapsed().as_secs() >= most * 60);
        if late || !scene.stand.story.is_good() {
            break;
        }
        play(&scene, &draw.round(number)).await;
        played = number;
    }
    samples.abort();
    println!("{}", figures(&scene, played));
    after::everything(&scene).await;
    after::secrets(&scene);
    if scene.stand.story.is_good() {
        println!("torture: everything held");
        return Ok(ExitCode::SUCCESS);
    }
    println!("{}", scene.stand.story.whole());
    let logs = settings.base.join("logs");
    world::copy(&scene.stand.data().join("logs"), &logs.join("replicas"))?;
    for name in ["router.log", "router/table.json"] {
        drop(std::fs::copy(scene.stand.data().join(name), logs.join(name.replace('/', "-"))));
    }
    println!(
        "torture: seed {}, round {played}: something did not hold; the logs are in {}\n\
         again: cargo xtask torture --seed {} --rounds {played}",
        draw.seed,
        settings.base.display(),
        draw.seed,
    );
    Ok(ExitCode::FAILURE)
}

fn draw(settings: &Settings) -> anyhow::Result<Draw> {
    let seed = settings.seed.unwrap_or_else(|| fastrand::u64(..1_000_000));
    let mut faults = FAULTS.to_vec();
    if !settings.only.is_empty() {
        for name in &settings.only {
            let known = FAULTS.iter().any(|fault| fault.name() == name);
            ensure!(known, "there is no fault `{name}`: --script prints those that there are");
        }
        faults.retain(|fault| settings.only.iter().any(|name| name == fault.name()));
    }
    Ok(Draw { seed, apps: settings.apps, faults })
}

/// A server with applications that serve.
async fn begin(settings: &Settings) -> anyhow::Result<Scene> {
    let stand = Arc::new(Stand::new(settings.base.clone(), settings.verbose)?);
    let keeper = Arc::clone(&stand);
    tokio::spawn(async move { keeper.supervise().await });
    let metric = Metric::default();
    tokio::spawn(metric.clone().serve());
    let ready = stand.until_answering(READY).await;
    ensure!(ready.is_some(), "no server answers within {READY:?}");
    let mut apps = Vec::new();
    for number in 0..settings.apps {
        let port = u16::try_from(FIRST_PORT + number)?;
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let version = format!("first-a{number}");
        let yaml = manifest(number, address, &stand.sample(), &version, Kind::Good);
        let applied = stand.run("operator", &["apply", "-f", "-"], &yaml).await;
        ensure!(applied.is_some_and(|it| it.status.success()), "{version} was not taken");
        let healthy = stand.ask(&["rollout", "status", &format!("app-{number}")]).await;
        ensure!(healthy.is_some(), "{version} does not become healthy");
        let app = App::new(number, address, settings.rate);
        app.known().stable = version;
        apps.push(Arc::new(app));
    }
    Ok(Scene { stand, apps, hands: Hands::default(), metric })
}

/// Takes samples of what is answered, for ever. They come late where the machine has no time for
/// anybody, and then requests are late for no fault of Tidegate's.
async fn sample(scene: Arc<Scene>) {
    let mut tick = interval(SAMPLE);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut before, mut dying) = (now(), Dying::new());
    loop {
        tick.tick().await;
        let at = now();
        if at - before > STANDSTILL_MS {
            let why = format!("this machine let nobody run for {} ms", at - before);
            scene.stand.story.tell(&why);
            scene.stand.excuse(None, before, at, &why);
        }
        scene.stand.starvation.sample(at);
        dying = deaths::sample(&scene, dying, before, at);
        before = at;
        scene.apps.iter().for_each(|app| app.sample());
    }
}

/// What was done and seen, in a few lines.
fn figures(scene: &Scene, rounds: u32) -> String {
    let stand = &scene.stand;
    let counts: Vec<_> = scene.apps.iter().map(|app| app.counts()).collect();
    let sent: u64 = counts.iter().map(|counts| counts.sent).sum();
    let lost: u64 = counts.iter().map(|counts| counts.lost + counts.router_failed).sum();
    let kept = stand.kept();
    let faults: Vec<_> =
        kept.faults.iter().map(|(name, count)| format!("{count} {name}")).collect();
    format!(
        "torture: {rounds} rounds in {:.0} s: {sent} requests, {lost} of them lost, {} for a reason that \
         the script gave; {} commands, {} of them done; {} control planes\n\
         torture: faults: {}",
        stand.story.at().as_secs_f64(),
        kept.excused,
        kept.commands,
        kept.promises.len(),
        stand.starts(),
        faults.join(", ")
    )
}
