use std::sync::{Arc, Mutex, PoisonError, mpsc::SyncSender};

use crate::process::Told;

/// Ends whatever git does for somebody, now and from now on. Clones are the same one.
#[derive(Clone, Debug, Default)]
pub struct Interrupt {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    stopped: bool,
    listeners: Vec<SyncSender<Told>>,
}

impl Interrupt {
    /// Ends what runs, with all that it started; what is asked after it is not begun.
    pub fn stop(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.stopped = true;
        for listener in state.listeners.drain(..) {
            // One that is gone has ended already; one that is full reads on and looks here after each piece.
            let _ = listener.try_send(Told::Stop);
        }
    }

    /// Whether it was stopped.
    pub fn is_stopped(&self) -> bool {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).stopped
    }

    /// Has `listener` told when it is stopped, unless it is already.
    pub(crate) fn listen(&self, listener: SyncSender<Told>) -> Listening {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.stopped {
            return Listening::Stopped;
        }
        state.listeners.push(listener);
        Listening::Yes
    }

    /// Forgets those that ended.
    pub(crate) fn forget(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        // A listener is told of nothing by being sent nothing: what it answers is whether it is there.
        state.listeners.retain(|listener| {
            !matches!(
                listener.try_send(Told::Nothing),
                Err(std::sync::mpsc::TrySendError::Disconnected(_))
            )
        });
    }
}

/// Whether one is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Listening {
    Yes,
    Stopped,
}
