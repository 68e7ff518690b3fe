use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

/// Tells all who listen that something changed, in the order in which they came: the receivers of one
/// channel wake in an order that is left to chance, and a simulated world has none but its seed's.
#[derive(Clone, Default)]
pub(crate) struct Bell {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    rung: u64,
    silent: bool,
    /// One channel for each who listens.
    listeners: Vec<watch::Sender<u64>>,
}

impl Bell {
    /// How often it has rung, from now on.
    pub(crate) fn listen(&self) -> watch::Receiver<u64> {
        let mut state = self.lock();
        let (sender, receiver) = watch::channel(state.rung);
        state.listeners.push(sender);
        receiver
    }

    /// Something changed.
    pub(crate) fn ring(&self) {
        let mut state = self.lock();
        if state.silent {
            return;
        }
        state.rung += 1;
        let rung = state.rung;
        // Whoever does not listen any more cannot be told.
        state.listeners.retain(|listener| listener.send(rung).is_ok());
    }

    /// From now on it never rings.
    pub(crate) fn fall_silent(&self) {
        self.lock().silent = true;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn those_who_listen_are_told_in_the_order_in_which_they_came() {
        let bell = Bell::default();
        let told = Arc::new(Mutex::new(Vec::new()));
        let waiting: Vec<_> = (0..16)
            .map(|number| {
                let (mut rings, told) = (bell.listen(), Arc::clone(&told));
                tokio::spawn(async move {
                    rings.changed().await.unwrap();
                    told.lock().unwrap().push(number);
                })
            })
            .collect();
        tokio::task::yield_now().await;
        bell.ring();
        for one in waiting {
            one.await.unwrap();
        }
        assert_eq!(*told.lock().unwrap(), (0..16).collect::<Vec<_>>());
    }

    #[test]
    fn whoever_left_is_forgotten() {
        let bell = Bell::default();
        let stays = bell.listen();
        drop(bell.listen());
        bell.ring();
        assert_eq!((bell.lock().listeners.len(), *stays.borrow()), (1, 1));
        bell.fall_silent();
        bell.ring();
        assert_eq!(*stays.borrow(), 1);
    }
}
