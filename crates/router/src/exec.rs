use std::future::Future;

use hyper::rt::Executor;
use tokio::task::spawn_local;

/// Runs hyper's tasks on the worker that they belong to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LocalExec;

impl<F: Future + 'static> Executor<F> for LocalExec {
    fn execute(&self, future: F) {
        spawn_local(async move {
            future.await;
        });
    }
}
