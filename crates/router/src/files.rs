use std::path::{Path, PathBuf};

/// The folder of the router's files in a data folder.
pub(crate) fn folder(data: &Path) -> PathBuf {
    data.join("router")
}

/// The Unix socket that takes orders.
pub(crate) fn socket(data: &Path) -> PathBuf {
    folder(data).join("control.sock")
}

/// The last table that was applied.
pub(crate) fn table(data: &Path) -> PathBuf {
    folder(data).join("table.json")
}

/// Where the address of `/metrics` is written.
pub(crate) fn metrics_address(data: &Path) -> PathBuf {
    folder(data).join("metrics.addr")
}
