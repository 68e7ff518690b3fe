//! What every store has to do, done by this one and by the fake that other tests trust in.

use std::sync::Arc;

use async_trait::async_trait;
use tempfile::TempDir;
use tidegate_ports::Store;
use tidegate_store::SqliteStore;
use tidegate_testkit::{MemoryStore, shelf::Shelf};

use crate::bed::folder;

struct Disk(TempDir);

#[async_trait]
impl Shelf for Disk {
    async fn open(&self) -> Arc<dyn Store> {
        Arc::new(SqliteStore::open(self.0.path()).unwrap())
    }
}

struct Memory(Arc<MemoryStore>);

#[async_trait]
impl Shelf for Memory {
    async fn open(&self) -> Arc<dyn Store> {
        Arc::<MemoryStore>::clone(&self.0)
    }
}

mod on_disk {
    use super::*;
    tidegate_testkit::store_conformance!(Disk(folder()));
}

mod in_memory {
    use super::*;
    tidegate_testkit::store_conformance!(Memory(Arc::default()));
}
