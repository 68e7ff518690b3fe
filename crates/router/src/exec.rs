use std::{future::Future, rc::Rc, sync::Arc};

use hyper::rt::Executor;
use tokio::task::spawn_local;

use crate::{watch::Watch, worker::Worker};

tokio::task_local! {
    /// Who watches over the request of an HTTP/2 connection that is being answered.
    static STREAM: Arc<Watch>;
}

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

/// Runs the requests of an HTTP/2 connection, each under a watch of its own: signs of life of the
/// connection do not keep a request whose answer the client does not take.
#[derive(Clone, Debug)]
pub(crate) struct StreamExec(pub(crate) Rc<Worker>);

impl<F: Future + 'static> Executor<F> for StreamExec {
    fn execute(&self, future: F) {
        let worker = Rc::clone(&self.0);
        let (number, watch) = worker.watch_stream();
        spawn_local(async move {
            tokio::select! {
                biased;
                _ = STREAM.scope(Arc::clone(&watch), future) => {}
                // Dropped, so that the stream is reset and the replica's connection closed.
                () = watch.closed() => {}
            }
            worker.forget_stream(number);
        });
    }
}

/// The watch over the request that is being answered, if it came by HTTP/2.
pub(crate) fn stream() -> Option<Arc<Watch>> {
    STREAM.try_with(Arc::clone).ok()
}
