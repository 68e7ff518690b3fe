use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};

/// The programs under test.
#[derive(Clone, Debug)]
pub struct Programs {
    /// `tidegate`.
    pub tidegate: PathBuf,
    /// The sample service.
    pub sample: PathBuf,
}

impl Programs {
    /// Those that were built beside the program that asks.
    pub fn find() -> anyhow::Result<Self> {
        let this = std::env::current_exe().context("where am I?")?;
        let folders = this.ancestors().skip(1).take(2);
        let found = folders.map(Self::inside).find(|pair| pair.tidegate.exists());
        let found = found.unwrap_or_else(|| Self::inside(&this));
        for program in [&found.tidegate, &found.sample] {
            ensure!(
                program.exists(),
                "{} is not built: run `cargo build -p tidegate -p tidegate-sample` first",
                program.display()
            );
        }
        Ok(found)
    }

    fn inside(folder: &Path) -> Self {
        Self { tidegate: folder.join("tidegate"), sample: folder.join("tidegate-sample") }
    }
}
