//! What every store has to do, done by this one.

use std::sync::Arc;

use async_trait::async_trait;
use tidegate_ports::Store;
use tidegate_testkit::shelf::Shelf;

use crate::bed::{open, shared};

struct Database(String);

#[async_trait]
impl Shelf for Database {
    async fn open(&self) -> Arc<dyn Store> {
        Arc::new(open(&self.0).await)
    }
}

tidegate_testkit::store_conformance!(Database(shared().database()));
