//! How long the programs wait for a processor, as the kernel counts it for each of their threads.
//!
//! A request goes through the load, the router and a replica, one after the other. On a machine that is
//! busy with other things it is late for what each of them waits, and that is nobody's fault. What they
//! wait is measured, so that nothing has to be excused on suspicion.

use std::{
    collections::BTreeMap,
    fs,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::processes::{Role, which};

/// A thread: of which process, and which.
type Thread = (u32, u32);

/// What was waited for a processor, sample by sample.
#[derive(Default)]
pub(crate) struct Starvation(Mutex<Seen>);

#[derive(Default)]
struct Seen {
    /// Up to when, in milliseconds since 1970, and what each thread had waited by then, in nanoseconds.
    last: Option<(i64, BTreeMap<Thread, u64>)>,
    spans: Vec<Span>,
}

/// What the thread that waited longest did, between two moments in milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// From then.
    pub from: i64,
    /// Until then.
    pub to: i64,
    /// For so many milliseconds of that.
    pub waited: i64,
}

impl Starvation {
    /// Looks at what is waited by the load, the routers and the replicas.
    pub(crate) fn sample(&self, at: i64) {
        let served = which(|role| matches!(role, Role::Router | Role::Replica { .. }));
        let pids = served.iter().map(|process| process.pid).chain([std::process::id()]);
        let now: BTreeMap<_, _> = pids.flat_map(threads).collect();
        let mut seen = self.seen();
        if let Some((from, before)) = &seen.last {
            // Of one that was not there before it is not known.
            let more = now
                .iter()
                .filter_map(|(thread, waited)| Some(waited.saturating_sub(*before.get(thread)?)));
            let longest = more.max().unwrap_or(0) / 1_000_000;
            let waited = i64::try_from(longest).unwrap_or(i64::MAX).min(at - from);
            let span = Span { from: *from, to: at, waited };
            seen.spans.push(span);
        }
        seen.last = Some((at, now));
    }

    /// What was seen so far.
    pub(crate) fn spans(&self) -> Vec<Span> {
        self.seen().spans.clone()
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// For how many milliseconds between two moments somebody waited that a request needs.
pub fn waited(spans: &[Span], from: i64, to: i64) -> i64 {
    let within = spans.iter().filter(|span| span.from < to && span.to > from);
    within.map(|span| span.waited).sum::<i64>().min((to - from).max(0))
}

/// The threads of a process, each with what it has waited.
fn threads(pid: u32) -> Vec<(Thread, u64)> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let read = |entry: fs::DirEntry| {
        let thread = entry.file_name().to_str()?.parse().ok()?;
        let text = fs::read_to_string(entry.path().join("schedstat")).ok()?;
        // Time on a processor, time of waiting for one, how often.
        Some(((pid, thread), text.split_whitespace().nth(1)?.parse().ok()?))
    };
    tasks.filter_map(read).collect()
}
