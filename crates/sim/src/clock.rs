use std::{sync::Mutex, time::Duration};

use async_trait::async_trait;
use tidegate_ports::Clock;
use tidegate_testkit::TokioClock;
use tidegate_units::Timestamp;

/// A machine's clock: it may be wrong, jump, and stand still. Waiting goes by true time.
pub(crate) struct WrongClock {
    truth: TokioClock,
    state: Mutex<State>,
}

#[derive(Clone, Copy, Default)]
struct State {
    ahead: Duration,
    behind: Duration,
    stands_at: Option<Timestamp>,
}

impl WrongClock {
    pub(crate) fn new(truth: TokioClock) -> Self {
        Self { truth, state: Mutex::default() }
    }

    pub(crate) fn jump_ahead(&self, by: Duration) {
        self.change(|state| state.ahead += by);
    }

    pub(crate) fn jump_back(&self, by: Duration) {
        self.change(|state| state.behind += by);
    }

    /// From now on it shows the same moment, until [`WrongClock::go_on`].
    pub(crate) fn stand(&self) {
        let now = self.now();
        self.change(|state| state.stands_at = Some(now));
    }

    pub(crate) fn go_on(&self) {
        self.change(|state| state.stands_at = None);
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
    }
}

#[async_trait]
impl Clock for WrongClock {
    fn now(&self) -> Timestamp {
        let state = *self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let shown = || self.truth.now().after(state.ahead).before(state.behind);
        state.stands_at.unwrap_or_else(shown)
    }

    async fn sleep(&self, duration: Duration) {
        self.truth.sleep(duration).await;
    }
}
