use std::{sync::Arc, time::Duration};

use tidegate_controller::ControlPlane;
use tidegate_series::Recorder;

/// A reading is taken in at most once a second, so that none is missed.
const EVERY: Duration = Duration::from_millis(500);

/// Takes every reading of the router into the recorder, for ever.
pub(super) async fn keep(control: ControlPlane, recorder: Arc<Recorder>) {
    loop {
        control.record(&mut recorder.history());
        tokio::time::sleep(EVERY).await;
    }
}
