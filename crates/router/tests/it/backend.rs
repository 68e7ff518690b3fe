//! Replicas that speak as a test tells them to.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

/// A replica on a free port, stopped when dropped.
pub(crate) struct Backend {
    pub(crate) address: SocketAddr,
    connections: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Backend {
    /// Calls `serve` with each connection and its number, from 0.
    pub(crate) async fn new<F, R>(serve: F) -> Self
    where
        F: Fn(TcpStream, usize) -> R + Send + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self::on(listener, serve)
    }

    /// The same, on a socket that is there already.
    pub(crate) fn on<F, R>(listener: TcpListener, serve: F) -> Self
    where
        F: Fn(TcpStream, usize) -> R + Send + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        let task = tokio::spawn(async move {
            let mut all = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let number = count.fetch_add(1, Ordering::SeqCst);
                all.spawn(serve(stream, number));
            }
        });
        Self { address, connections, task }
    }

    /// Answers each request, keeping its connections, with 200 and `name` as the body.
    pub(crate) async fn named(name: &'static str) -> Self {
        Self::answering(200, name, Duration::ZERO).await
    }

    /// Answers each request with a status and a body, after a delay.
    pub(crate) async fn answering(status: u16, body: &'static str, delay: Duration) -> Self {
        Self::new(move |mut stream, _| async move {
            while read_request(&mut stream).await.is_some() {
                tokio::time::sleep(delay).await;
                let answer = answer(status, body);
                if stream.write_all(answer.as_bytes()).await.is_err() {
                    return;
                }
            }
        })
        .await
    }

    /// Answers each request with 200 and `name` as the body; those of `/held` once it is told to, which
    /// may be before they come.
    pub(crate) async fn holding(name: &'static str) -> (Self, watch::Sender<bool>) {
        let (release, released) = watch::channel(false);
        let backend = Self::new(move |mut stream, _| {
            let mut released = released.clone();
            async move {
                while let Some(request) = read_request(&mut stream).await {
                    if request.contains(" /held ") {
                        // Without anybody who could tell it is told.
                        let _ = released.wait_for(|released| *released).await;
                    }
                    if stream.write_all(answer(200, name).as_bytes()).await.is_err() {
                        return;
                    }
                }
            }
        });
        (backend.await, release)
    }

    /// Answers each request with the request itself, head and body, as it came.
    pub(crate) async fn echoing() -> Self {
        Self::new(|mut stream, _| async move {
            while let Some(request) = read_request(&mut stream).await {
                let answer = answer(200, &request);
                if stream.write_all(answer.as_bytes()).await.is_err() {
                    return;
                }
            }
        })
        .await
    }

    /// Connections taken so far.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

/// A whole answer.
pub(crate) fn answer(status: u16, body: &str) -> String {
    format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

/// Reads one request, with a body of `content-length` or in chunks, as it is on the wire. None
/// when the connection ends first.
pub(crate) async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let head = head.to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let whole = match length {
            Some(length) => body.len() >= length.parse::<usize>().unwrap(),
            None if head.contains("transfer-encoding: chunked") => body.ends_with("0\r\n\r\n"),
            None => true,
        };
        if whole {
            return Some(text);
        }
    }
}
