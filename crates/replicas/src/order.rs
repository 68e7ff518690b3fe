//! What an order means for the replicas that are there. Pure.

use std::cmp::Reverse;

use tidegate_units::{ReplicaId, Timestamp};

/// A replica that is wanted so far, as far as an order cares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    /// Which.
    pub(crate) id: ReplicaId,
    /// When it was first started.
    pub(crate) started_at: Timestamp,
    /// Whether it is ready.
    pub(crate) ready: bool,
}

/// What is to be done now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Steps {
    /// So many are started.
    pub(crate) start: usize,
    /// These are retired.
    pub(crate) retire: Vec<ReplicaId>,
}

/// What is to be done so that `wanted` replicas stand, none of them started before
/// `restart_before`.
///
/// Too many: those that are not ready go first, then the youngest, since the older have the warmer
/// caches and have shown more; while a restart goes on, the old before the new. A restart replaces one replica at a time: one more than wanted is
/// started, and when all new ones are ready, one old one goes, the oldest first.
pub(crate) fn steps(
    wanted: usize,
    restart_before: Option<Timestamp>,
    standing: &[Standing],
) -> Steps {
    let is_old = |one: &Standing| restart_before.is_some_and(|moment| one.started_at < moment);
    let (mut old, mut new): (Vec<&Standing>, Vec<&Standing>) =
        standing.iter().partition(|one| is_old(one));
    old.sort_by_key(|one| (one.started_at, one.id.clone()));
    new.sort_by_key(|one| (Reverse(one.started_at), one.id.clone()));
    let mut dispensable: Vec<&Standing> = old.iter().chain(&new).copied().collect();
    dispensable.sort_by_key(|one| one.ready);

    let retire = |surplus: usize| Steps {
        start: 0,
        retire: dispensable.iter().take(surplus).map(|one| one.id.clone()).collect(),
    };
    let start = |start| Steps { start, retire: Vec::new() };
    let have = standing.len();
    let replacing = !old.is_empty() && wanted > 0;
    if have < wanted {
        start(wanted - have)
    } else if !replacing {
        retire(have - wanted)
    } else if have > wanted + 1 {
        retire(have - wanted - 1)
    } else if !new.iter().all(|one| one.ready) {
        start(0)
    } else if have == wanted {
        start(1)
    } else {
        retire(1)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A replica is written as the second of its start, and `!` when it is not ready.
    fn standing(text: &str) -> Vec<Standing> {
        text.split_whitespace()
            .map(|word| {
                let started = word.trim_end_matches('!');
                Standing {
                    id: ReplicaId::from(started),
                    started_at: Timestamp::from_millis(started.parse().unwrap()),
                    ready: !word.ends_with('!'),
                }
            })
            .collect()
    }

    fn check(wanted: usize, restart_before: Option<i64>, there: &str, expect: &str) {
        let steps = steps(wanted, restart_before.map(Timestamp::from_millis), &standing(there));
        let mut words = vec![format!("+{}", steps.start)];
        words.extend(steps.retire.iter().map(|id| format!("-{id}")));
        assert_eq!(words.join(" "), expect, "{wanted} {restart_before:?} of {there:?}");
    }

    #[test]
    fn more_are_started_and_the_least_useful_are_retired() {
        check(0, None, "", "+0");
        check(3, None, "", "+3");
        check(3, None, "1 2!", "+1");
        check(2, None, "1 2", "+0");
        check(2, None, "1! 2 3", "+0 -1");
        check(1, None, "1 2 3", "+0 -3 -2");
        check(1, None, "1 2! 3!", "+0 -3 -2");
        check(0, None, "1 2", "+0 -2 -1");
    }

    #[test]
    fn a_restart_replaces_one_at_a_time_the_new_one_ready_first() {
        check(2, Some(10), "1 2", "+1");
        check(2, Some(10), "1 2 11!", "+0");
        check(2, Some(10), "1 2 11", "+0 -1");
        check(2, Some(10), "2 11", "+1");
        check(2, Some(10), "2 11 12!", "+0");
        check(2, Some(10), "2 11 12", "+0 -2");
        check(2, Some(10), "11 12", "+0");
        // One that is broken goes before one that works.
        check(2, Some(10), "1 2! 11", "+0 -2");
        // Fewer are wanted in the middle of it.
        check(1, Some(10), "1 2 3 11!", "+0 -11 -1");
        check(2, Some(1), "0 00 8! 9!", "+0 -9");
        check(0, Some(10), "1 2 11", "+0 -1 -2 -11");
        check(3, Some(10), "1 2", "+1");
    }

    proptest! {
        #[test]
        fn carried_out_again_and_again_it_comes_to_rest_where_it_should(
            wanted in 0usize..6,
            there in proptest::collection::vec((0i64..20, any::<bool>()), 0..8),
            restart in proptest::option::of(0i64..20),
        ) {
            let restart = restart.map(Timestamp::from_millis);
            let mut now: Vec<Standing> = there
                .iter()
                .enumerate()
                .map(|(at, (started, ready))| Standing {
                    id: ReplicaId::from(format!("r{at}")),
                    started_at: Timestamp::from_millis(*started),
                    ready: *ready,
                })
                .collect();
            let most = now.len().max(wanted + 1);
            for round in 0.. {
                prop_assert!(round < 40, "it does not come to rest: {now:?}");
                let ready_before = now.iter().filter(|one| one.ready).count();
                let steps = steps(wanted, restart, &now);
                if steps == Steps::default() {
                    if now.iter().all(|one| one.ready) {
                        break;
                    }
                    for one in &mut now {
                        one.ready = true;
                    }
                    continue;
                }
                now.retain(|one| !steps.retire.contains(&one.id));
                let ready_after = now.iter().filter(|one| one.ready).count();
                prop_assert!(ready_after >= ready_before.min(wanted), "{steps:?}");
                for more in 0..steps.start {
                    now.push(Standing {
                        id: ReplicaId::from(format!("n{round}-{more}")),
                        started_at: Timestamp::from_millis(100),
                        ready: false,
                    });
                }
                prop_assert!(now.len() <= most);
            }
            prop_assert_eq!(now.len(), wanted);
            let fresh = |one: &Standing| restart.is_none_or(|moment| one.started_at >= moment);
            prop_assert!(now.iter().all(fresh));
        }
    }
}
