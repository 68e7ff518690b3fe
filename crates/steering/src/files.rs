use std::path::{Path, PathBuf};

/// The folder of the router's files in a data folder.
pub fn folder(data: &Path) -> PathBuf {
    data.join("router")
}

/// The Unix socket that takes orders.
pub fn socket(data: &Path) -> PathBuf {
    folder(data).join("control.sock")
}

/// The Unix socket where a router takes over from the one that runs.
pub fn handover(data: &Path) -> PathBuf {
    folder(data).join("handover.sock")
}

/// The last table that was applied.
pub fn table(data: &Path) -> PathBuf {
    folder(data).join("table.json")
}

/// Where the address of `/metrics` is written.
pub fn metrics_address(data: &Path) -> PathBuf {
    folder(data).join("metrics.addr")
}
