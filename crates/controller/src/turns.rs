//! Whose turn it is to be judged by the last reading of the router.

use std::collections::VecDeque;

use tidegate_units::Owner;

/// So many are judged in one tick: some 20 ms of it. With thousands at once whoever asks for something,
/// and every replica that ended, would wait until all of them are.
const AT_ONCE: usize = 512;

/// Those that are still to be judged by a reading, in the order that they have been in before.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    waiting: VecDeque<Owner>,
}

impl Turns {
    /// Lets all of these have their turn. The next reading waits until they had.
    pub(crate) fn begin(&mut self, judged: impl Iterator<Item = Owner>) {
        self.waiting.extend(judged);
    }

    /// Those whose turn it is now.
    pub(crate) fn next(&mut self) -> impl Iterator<Item = Owner> {
        self.waiting.drain(..AT_ONCE.min(self.waiting.len()))
    }

    /// Whether anybody has not had their turn.
    pub(crate) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Who has not.
    #[cfg(debug_assertions)]
    pub(crate) fn waiting(&self) -> impl Iterator<Item = &Owner> {
        self.waiting.iter()
    }
}

#[cfg(test)]
mod tests {
    use tidegate_units::ObjectKey;

    use super::*;

    #[test]
    fn each_has_one_turn_and_few_have_it_at_once() {
        let all: Vec<_> = (0..1_300)
            .map(|number| Owner::rollout(&ObjectKey::new("default", &format!("web-{number}"))))
            .collect();
        let mut turns = Turns::default();
        turns.begin(all.iter().cloned());
        let mut had = Vec::new();
        let mut ticks = Vec::new();
        while turns.is_waiting() {
            let now: Vec<_> = turns.next().collect();
            ticks.push(now.len());
            had.extend(now);
        }
        assert_eq!(ticks, [512, 512, 276]);
        assert_eq!(had, all);
        assert_eq!(turns.next().count(), 0);
    }
}
