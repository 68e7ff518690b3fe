use tokio_util::sync::CancellationToken;

/// Ends what runs: politely, with time to clean up, or at once.
///
/// Clones are the same; what is cancelled stays so.
#[derive(Clone, Debug, Default)]
pub struct Cancel {
    politely: CancellationToken,
    now: CancellationToken,
}

impl Cancel {
    /// Nothing is cancelled yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Interrupts what runs, and ends it when its patience is over.
    pub fn politely(&self) {
        self.politely.cancel();
    }

    /// Ends what runs, and all that it started, at once.
    pub fn now(&self) {
        self.now.cancel();
        self.politely.cancel();
    }

    /// Whether one of the two was asked for.
    pub fn is_cancelled(&self) -> bool {
        self.politely.is_cancelled()
    }

    /// Waits until one of the two is asked for.
    pub async fn asked(&self) {
        self.politely.cancelled().await;
    }

    /// Waits until an end at once is asked for.
    pub(crate) async fn asked_for_now(&self) {
        self.now.cancelled().await;
    }
}
