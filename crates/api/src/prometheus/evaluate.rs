use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tidegate_promql::{Engine, EvalError, Expr, Limits, Span, Value};
use tokio::sync::Semaphore;

use crate::prometheus::{answer::Wrong, seen::Seen};

/// Samples that one query may read and make: 80 MB.
const SAMPLES: usize = 5_000_000;

/// What a query is at one moment.
pub(super) async fn instant(
    seen: Seen,
    free: &Arc<Semaphore>,
    expr: Expr,
    at: i64,
    timeout: Duration,
) -> Result<Value, Wrong> {
    work_out(seen, free, timeout, move |engine| engine.instant(&expr, at)).await
}

/// What a query is at each moment of a span.
pub(super) async fn range(
    seen: Seen,
    free: &Arc<Semaphore>,
    expr: Expr,
    span: Span,
    timeout: Duration,
) -> Result<Value, Wrong> {
    work_out(seen, free, timeout, move |engine| engine.range(&expr, span)).await
}

async fn work_out(
    seen: Seen,
    free: &Arc<Semaphore>,
    timeout: Duration,
    work: impl FnOnce(&Engine<'_>) -> Result<Value, EvalError> + Send + 'static,
) -> Result<Value, Wrong> {
    let end = Instant::now() + timeout;
    let answered = on_a_thread(free, timeout, move || {
        let is_over = || Instant::now() >= end;
        let limits = Limits { samples: SAMPLES, is_over: &is_over, ..Limits::prometheus() };
        work(&Engine { source: &seen, limits })
    });
    Ok(answered.await??)
}

/// Does something on a thread of its own, so that it holds up nobody else, once one is `free`.
pub(super) async fn on_a_thread<T: Send + 'static>(
    free: &Arc<Semaphore>,
    timeout: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Wrong> {
    let waiting = tokio::time::timeout(timeout, Arc::clone(free).acquire_owned()).await;
    let Ok(Ok(permit)) = waiting else {
        return Err(Wrong::timeout("query timed out in query queue"));
    };
    let done = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        work()
    });
    done.await.map_err(|_| Wrong::internal("the query was given up"))
}
