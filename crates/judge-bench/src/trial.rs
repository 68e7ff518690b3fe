use crate::{Make, Setting, World};

/// When a watcher called the canary worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// Seconds from the canary's first request.
    pub second: u32,
    /// How many requests the canary had got until then.
    pub canary_requests: u64,
}

/// What a watcher did in each run, in the order of the runs; none where it stayed calm.
pub type Alarms = Vec<Option<Alarm>>;

/// Simulates `runs` releases, watched by all of `watchers`: what each did. The same `seed` gives the
/// same, whatever `threads` is.
pub fn trials(
    setting: &Setting,
    watchers: &[Make],
    seed: u64,
    runs: u64,
    threads: u64,
) -> Vec<Alarms> {
    let tables = setting.tables();
    let one = |run| watch(World::new(setting, &tables, seed, run), watchers, setting.seconds);
    let outcomes = parallel(runs, threads, &one);
    (0..watchers.len())
        .map(|watcher| {
            outcomes.iter().map(|alarms| alarms.get(watcher).copied().flatten()).collect()
        })
        .collect()
}

/// One run: the alarm of each watcher. It ends when all have given one.
fn watch(mut world: World<'_>, watchers: &[Make], seconds: u32) -> Alarms {
    let mut watchers: Vec<_> = watchers.iter().map(|make| make()).collect();
    let mut alarms = vec![None; watchers.len()];
    for watcher in &mut watchers {
        watcher.calls_worse(0, &world.traffic);
    }
    for _ in 0..seconds {
        let second = world.pass();
        for (watcher, alarm) in watchers.iter_mut().zip(&mut alarms) {
            if alarm.is_none() && watcher.calls_worse(second, &world.traffic) {
                let canary_requests = world.traffic.canary.total.requests;
                *alarm = Some(Alarm { second, canary_requests });
            }
        }
        if alarms.iter().all(Option::is_some) {
            break;
        }
    }
    alarms
}

/// `work` of 0 to `count`, in that order, done by so many threads.
pub fn parallel<T: Send>(count: u64, threads: u64, work: &(impl Fn(u64) -> T + Sync)) -> Vec<T> {
    let threads = threads.clamp(1, 256);
    let mut parts: Vec<_> = std::thread::scope(|scope| {
        let part = |thread| {
            scope.spawn(move || {
                (thread..count)
                    .step_by(usize::try_from(threads).unwrap_or(1))
                    .map(work)
                    .collect::<Vec<T>>()
                    .into_iter()
            })
        };
        let running: Vec<_> = (0..threads).map(part).collect();
        let ended = running.into_iter().map(std::thread::ScopedJoinHandle::join);
        ended.map(|part| part.unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    });
    let mut all = Vec::new();
    while parts.iter_mut().map(Iterator::next).fold(false, |any, one| {
        let found = one.is_some();
        all.extend(one);
        any || found
    }) {}
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_do_not_change_the_order() {
        for threads in [1, 2, 3, 7] {
            let squares = parallel(10, threads, &|n| n * n);
            assert_eq!(squares, [0, 1, 4, 9, 16, 25, 36, 49, 64, 81], "{threads} threads");
        }
    }
}
