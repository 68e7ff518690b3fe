use std::path::Path;

use tidegate_steering::{KeepError, keep};

use crate::{NginxRouter, NginxSettings, files::Files, master::Master};

/// What this kind of router calls itself.
pub const KIND: &str = "nginx";

/// Keeps nginx until SIGTERM or SIGINT, then lets requests end up to the drain timeout. Blocks the
/// calling thread.
pub fn serve(settings: NginxSettings) -> Result<(), KeepError> {
    let data = settings.data.clone();
    keep(&data, KIND, NginxRouter::open(settings))
}

/// The process of an nginx that runs in a data folder, whether or not somebody keeps it.
pub fn left_behind(data: &Path) -> Option<u32> {
    // Its program is of no interest here: nothing is started.
    Master { program: KIND.into(), files: Files::of(data) }.pid()
}
