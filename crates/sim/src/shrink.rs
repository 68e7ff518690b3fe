//! The shortest story that still fails.

use crate::{
    life::{Life, live},
    script::Act,
    trace::clock_of,
};

/// Takes away acts, many at once and then one by one, for as long as something is still broken.
pub(crate) fn shrink(seed: u64, mut acts: Vec<Act>) -> Option<(Vec<String>, Life)> {
    let fails = |acts: &[Act]| !live(seed, acts, false).broken.is_empty();
    if !fails(&acts) {
        return None;
    }
    let mut size = acts.len().div_ceil(2);
    while size > 0 {
        let mut from = 0;
        while from < acts.len() {
            let mut fewer = acts.clone();
            fewer.drain(from..(from + size).min(acts.len()));
            if fails(&fewer) {
                acts = fewer;
            } else {
                from += size;
            }
        }
        size /= 2;
    }
    let story = acts.iter().map(|act| format!("{} {:?}", clock_of(act.at), act.deed)).collect();
    Some((story, live(seed, &acts, true)))
}
