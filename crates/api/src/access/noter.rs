use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use serde_json::Value;
use tidegate_controller::{ControlPlane, KeptChange, KeptEntry};
use tidegate_ports::Clock;

/// So long what happens again is only counted.
const WINDOW: Duration = Duration::from_mins(1);
/// Different things that are told of at a time; what is more than that is told as one. With at most two entries each
/// for a window, nobody can fill the ledger by being refused.
const WINDOWS: usize = 64;
/// What stands for all that is more.
const OTHERS: &str = "others";

/// Writes into the ledger what may happen without end: once at once, and then once a minute how often it has.
pub(crate) struct Noter {
    control: ControlPlane,
    clock: Arc<dyn Clock>,
    /// How often each has happened again since it was written down.
    again: Mutex<BTreeMap<String, u64>>,
}

impl Noter {
    pub(crate) fn new(control: ControlPlane, clock: Arc<dyn Clock>) -> Self {
        Self { control, clock, again: Mutex::default() }
    }

    /// Tells of `entry`, which is the same as all others of `key`.
    pub(crate) fn note(self: &Arc<Self>, key: &str, entry: KeptEntry) {
        let Some(key) = self.opens(key) else { return };
        let noter = Arc::clone(self);
        tokio::spawn(async move {
            noter.write(entry.clone(), 1).await;
            noter.clock.sleep(WINDOW).await;
            let more = noter.lock().remove(&key).unwrap_or_default();
            if more > 0 {
                noter.write(entry, more).await;
            }
        });
    }

    /// The window that begins with it; none where one is open, in which it is counted.
    fn opens(&self, key: &str) -> Option<String> {
        let mut again = self.lock();
        let is_new = !again.contains_key(key);
        let key = if is_new && again.len() >= WINDOWS { OTHERS } else { key };
        if let Some(more) = again.get_mut(key) {
            *more += 1;
            return None;
        }
        again.insert(key.to_owned(), 0);
        Some(key.to_owned())
    }

    async fn write(&self, mut entry: KeptEntry, times: u64) {
        if let Value::Object(detail) = &mut entry.detail
            && times > 1
        {
            detail.insert("times".to_owned(), times.into());
        }
        let change = KeptChange { entries: vec![entry], ..KeptChange::default() };
        if let Err(problem) = self.control.keep(change).await {
            tracing::warn!(%problem, "a refusal could not be written into the ledger");
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, u64>> {
        self.again.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
