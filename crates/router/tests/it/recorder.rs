//! A replica that keeps every byte that it gets, and reads requests narrowly.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::{
    backend::{Backend, answer},
    narrow::{Narrow, narrow, text},
};

/// Such a replica.
pub(crate) struct Recorder {
    backend: Backend,
    connections: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Recorder {
    /// On a free port.
    pub(crate) async fn new() -> Self {
        let connections: Arc<Mutex<Vec<Vec<u8>>>> = Arc::default();
        let kept = Arc::clone(&connections);
        let backend = Backend::new(move |mut stream, _| {
            let kept = Arc::clone(&kept);
            async move {
                let number = push(&kept);
                let (mut bytes, mut read) = (Vec::new(), 0);
                loop {
                    while let Ok(Some(request)) = narrow(bytes.get(read..).unwrap_or_default()) {
                        read += request.length;
                        if stream.write_all(answer(200, "seen").as_bytes()).await.is_err() {
                            return;
                        }
                    }
                    if !matches!(stream.read_buf(&mut bytes).await, Ok(1..)) {
                        return;
                    }
                    kept.lock().unwrap_or_else(PoisonError::into_inner)[number].clone_from(&bytes);
                }
            }
        })
        .await;
        Self { backend, connections }
    }

    /// Where it is.
    pub(crate) fn address(&self) -> SocketAddr {
        self.backend.address
    }

    /// The requests that came whole. An error when any byte of any connection can be read in two
    /// ways; a request that was cut is none.
    pub(crate) fn requests(&self) -> Result<Vec<Narrow>, String> {
        let mut all = Vec::new();
        for bytes in self.connections.lock().unwrap().iter() {
            let mut rest = bytes.as_slice();
            while let Some(request) =
                narrow(rest).map_err(|why| format!("{why}: {}", text(bytes)))?
            {
                rest = &rest[request.length..];
                all.push(request);
            }
        }
        Ok(all)
    }
}

fn push(kept: &Mutex<Vec<Vec<u8>>>) -> usize {
    let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
    kept.push(Vec::new());
    kept.len() - 1
}
