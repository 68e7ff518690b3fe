//! People who ask for things, and what they were promised.

use crate::{
    apps::{App, now},
    release::{bad_share, manifest},
    round::Scene,
    script::{Command, Kind},
};

/// What is said of a thing that is already as somebody wants it. Nothing was decided then, so nothing
/// is written down.
const UNCHANGED: &str = "unchanged";

/// Releases a revision of an application. Whether that was taken.
pub(crate) async fn release(scene: &Scene, app: &App, version: &str, kind: Kind) -> bool {
    let yaml = manifest(app.number, app.address, &scene.stand.sample(), version, kind);
    {
        let mut known = app.known();
        known.newest = Some((version.to_owned(), kind));
        known.promotes = 0;
        if kind == Kind::OutOfMemory {
            known.starving.insert(version.to_owned());
        }
        if !kind.is_good() {
            known.bad.insert(version.to_owned(), vec![(now(), bad_share(0))]);
        }
    }
    ask(scene, &["apply", "-f", "-"], &yaml, &format!("apply {version} ({kind:?})")).await
}

/// Says one thing about an application.
pub(crate) async fn say(scene: &Scene, app: &App, command: Command) {
    let name = app.name();
    let rollout = |word| ["rollout", word, name.as_str()];
    let args = match command {
        Command::Promote => {
            allow_more(app);
            rollout("promote")
        }
        Command::Abort => rollout("abort"),
        Command::Retry => rollout("retry"),
        Command::Pause => rollout("pause"),
        Command::Resume => rollout("resume"),
        Command::Undo => rollout("undo"),
        Command::Restart => rollout("restart"),
        Command::Apply(kind) => {
            let version = format!("{}-{}", app.name(), scene.stand.kept().commands);
            release(scene, app, &version, kind).await;
            return;
        }
    };
    ask(scene, &args, "", &args.join(" ")).await;
}

/// Who lets a bad revision go on lets more users have it.
fn allow_more(app: &App) {
    let mut known = app.known();
    known.promotes += 1;
    let share = bad_share(known.promotes);
    let newest = known.newest.as_ref().map(|(version, _)| version.clone());
    if let Some(shares) = newest.and_then(|version| known.bad.get_mut(&version)) {
        shares.push((now(), share));
    }
}

/// Gives a command under a name that nobody else has, so that the ledger shows whether it was kept.
/// Whether it was answered with success.
pub(crate) async fn ask(scene: &Scene, args: &[&str], input: &str, what: &str) -> bool {
    let stand = &scene.stand;
    let number = {
        let mut kept = stand.kept();
        kept.commands += 1;
        kept.commands
    };
    let who = format!("person-{number}");
    stand.story.tell(format!("{who}: {what}"));
    let output = stand.run(&who, args, input).await;
    let Some(output) = output else {
        stand.story.tell(format!("{who}: no answer"));
        return false;
    };
    let done = output.status.success();
    let told = String::from_utf8_lossy(&output.stdout);
    if done && told.lines().all(|line| line.ends_with(UNCHANGED)) {
        stand.story.tell(format!("{who}: it is so already"));
    } else if done {
        stand.kept().promises.push((who.clone(), what.to_owned()));
        stand.story.tell(format!("{who}: done"));
    } else {
        let words = String::from_utf8_lossy(&output.stderr);
        stand.story.tell(format!("{who}: {}", words.lines().next().unwrap_or("no")));
    }
    done
}
