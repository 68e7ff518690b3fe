use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
    time::sleep,
};

/// A replica that answers every request with its name.
pub(crate) struct Replica {
    pub(crate) name: String,
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    /// The requests that it got, head and body as one text.
    seen: Mutex<Vec<String>>,
    broken: AtomicBool,
    /// Whether requests of `/held` are answered.
    released: watch::Sender<bool>,
}

impl Replica {
    pub(crate) async fn start(name: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared::default());
        let (own, known) = (name.to_owned(), Arc::clone(&shared));
        let task = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream, own.clone(), Arc::clone(&known)));
            }
        });
        Self { name: name.to_owned(), address, shared, task }
    }

    /// Every request that it got.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.shared.seen.lock().unwrap().clone()
    }

    /// Waits until it has got so many requests.
    pub(crate) async fn until_asked(&self, count: usize) {
        for _ in 0..4000 {
            if self.seen().len() >= count {
                return;
            }
            sleep(Duration::from_millis(5)).await;
        }
        panic!("{} got {} requests within 20 s, not {count}", self.name, self.seen().len());
    }

    /// Answers requests of `/held`, those that came and those that come.
    pub(crate) fn release(&self) {
        self.shared.released.send_replace(true);
    }

    /// From now on it breaks its answers off in the middle.
    pub(crate) fn break_off(&self) {
        self.shared.broken.store(true, SeqCst);
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut stream: TcpStream, name: String, shared: Arc<Shared>) {
    while let Some(request) = read(&mut stream).await {
        shared.seen.lock().unwrap().push(request.clone());
        let path = request.split(' ').nth(1).unwrap_or("/").to_owned();
        let answer = match path.split_once('=') {
            Some(("/status", status)) => head(status, &name),
            Some(("/wait", millis)) => {
                sleep(Duration::from_millis(millis.parse().unwrap())).await;
                head("200", &name)
            }
            _ if path == "/held" => {
                shared.released.subscribe().wait_for(|released| *released).await.unwrap();
                head("200", &name)
            }
            Some(("/stall", millis)) => {
                let half = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf";
                stream.write_all(half.as_bytes()).await.unwrap();
                sleep(Duration::from_millis(millis.parse().unwrap())).await;
                return;
            }
            _ if request.contains("\r\nUpgrade: echo") => {
                let head = "HTTP/1.1 101 Go\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n";
                stream.write_all(head.as_bytes()).await.unwrap();
                return echo(stream).await;
            }
            _ if shared.broken.load(SeqCst) => {
                let half = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf";
                stream.write_all(half.as_bytes()).await.unwrap();
                return;
            }
            _ => head("200", &name),
        };
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

fn head(status: &str, name: &str) -> String {
    let length = name.len();
    format!("HTTP/1.1 {status} Said\r\nServer: own\r\nContent-Length: {length}\r\n\r\n{name}")
}

async fn echo(mut stream: TcpStream) {
    let (mut from, mut to) = stream.split();
    let _ = tokio::io::copy(&mut from, &mut to).await;
}

/// One request; none when the connection is at its end.
async fn read(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(": ")?;
                name.eq_ignore_ascii_case("content-length").then(|| value.parse::<usize>().unwrap())
            });
            if body.len() >= length.unwrap_or(0) {
                return Some(text);
            }
        }
        match stream.read(&mut piece).await {
            Ok(count) if count > 0 => bytes.extend_from_slice(&piece[..count]),
            _ => return None,
        }
    }
}
