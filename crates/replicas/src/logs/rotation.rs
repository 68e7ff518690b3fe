//! Looks at the logs of all replicas: at one that grows fast more often.

use std::{
    collections::BTreeMap,
    fs::{self, OpenOptions},
    io,
    path::{Path, PathBuf},
    sync::{Arc, Weak},
    time::{Duration, Instant},
};

use crate::{Carrier, logs::LogFile, state::Shared};

/// The longest pause between two looks. One costs a `stat` per container.
const LONGEST: Duration = Duration::from_secs(1);
/// The shortest one: what the fastest writer fills a disk with meanwhile is some 100 MB.
const SHORTEST: Duration = Duration::from_millis(100);
/// One container's log.
#[derive(Debug)]
struct Watched {
    log: LogFile,
    leader: Option<u32>,
}

/// How long the logs were when they were last looked at, by path.
type Lengths = BTreeMap<PathBuf, u64>;

/// Rotates the logs of all replicas until the runtime is dropped.
pub(crate) async fn rotate_again_and_again<C: Carrier>(shared: Arc<Shared<C>>) {
    let weak: Weak<Shared<C>> = Arc::downgrade(&shared);
    drop(shared);
    let mut before = Lengths::new();
    let mut last = Instant::now();
    let mut pause = Duration::ZERO;
    loop {
        tokio::time::sleep(pause).await;
        let Some(shared) = weak.upgrade() else { return };
        let watched = watched(&shared);
        drop(shared);
        let begun = Instant::now();
        let over = begun - std::mem::replace(&mut last, begun);
        let known = std::mem::take(&mut before);
        let looked = tokio::task::spawn_blocking(move || look(&watched, &known, over)).await;
        let (lengths, until_full) = looked.unwrap_or_default();
        before = lengths;
        pause = pause_for(until_full, begun.elapsed());
    }
}

/// Twice as often as the fastest one needs to reach its limit, and at least as long as the look
/// before it took, up to the longest pause: so looking takes at most half a core, and that only
/// while a container writes as fast as it can.
fn pause_for(until_full: Duration, took: Duration) -> Duration {
    (until_full / 2).clamp(SHORTEST, LONGEST).max(took.min(LONGEST))
}

fn watched<C: Carrier>(shared: &Shared<C>) -> Vec<Watched> {
    let state = shared.state();
    let replicas = state.replicas.values().map(|replica| &replica.record);
    replicas
        .flat_map(|record| {
            let folder = shared.logs.replica(record);
            record.containers.iter().map(move |(name, container)| Watched {
                log: shared.logs.file(&folder, name),
                leader: container.process.as_ref().and_then(C::log_writer),
            })
        })
        .collect()
}

/// Rotates what is over its limit. Says how long each is then, and how soon the fastest reaches
/// its limit if it goes on as before.
fn look(watched: &[Watched], before: &Lengths, over: Duration) -> (Lengths, Duration) {
    let mut lengths = Lengths::new();
    let mut soonest = LONGEST * 2;
    for Watched { log, leader } in watched {
        let Some(length) = log.length() else {
            if let Some(leader) = leader {
                empty_removed(*leader, log);
            }
            continue;
        };
        let then = before.get(log.path());
        // At the first look a rotation that was cut short is completed.
        if (then.is_none() || length >= log.limit())
            && let Err(error) = log.rotate()
        {
            tracing::warn!(path = %log.path().display(), %error, "a log cannot be rotated");
        }
        let now = log.length().unwrap_or(0);
        let grown = length.saturating_sub(then.copied().unwrap_or(0));
        if grown > 0 {
            let room = log.limit().saturating_sub(now);
            #[expect(clippy::cast_precision_loss, reason = "a pause need not be exact")]
            let looks = room as f64 / grown as f64;
            soonest = soonest.min(over.mul_f64(looks.min(1000.0)));
        }
        lengths.insert(log.path().to_owned(), now);
    }
    (lengths, soonest)
}

/// Somebody removed the file, and the container writes on where nobody can read it: that takes
/// space all the same, which is given back when it is over the limit.
fn empty_removed(leader: u32, log: &LogFile) {
    let emptied = || -> io::Result<()> {
        let output = Path::new("/proc").join(leader.to_string()).join("fd/1");
        let mut removed = log.path().as_os_str().to_owned();
        removed.push(" (deleted)");
        if fs::read_link(&output)?.as_os_str() == removed
            && fs::metadata(&output)?.len() >= log.limit()
        {
            OpenOptions::new().write(true).open(output)?.set_len(0)?;
        }
        Ok(())
    };
    // It has ended, or gives its output to somebody else.
    let _ = emptied();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fast_log_is_looked_at_more_often_and_never_all_the_time() {
        let millis = Duration::from_millis;
        assert_eq!(pause_for(LONGEST * 9, millis(1)), LONGEST);
        assert_eq!(pause_for(millis(600), millis(1)), millis(300));
        assert_eq!(pause_for(Duration::ZERO, millis(1)), SHORTEST);
        assert_eq!(pause_for(Duration::ZERO, millis(50)), SHORTEST);
        assert_eq!(pause_for(Duration::ZERO, millis(500)), millis(500));
        assert_eq!(pause_for(Duration::ZERO, millis(5000)), LONGEST);
    }
}
