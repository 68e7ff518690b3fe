//! Who gets notifications: a web server that answers as it is told, and aiosmtpd for e-mail.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// What came to a path: the delivery's id, and the body.
pub(crate) type Came = (String, String);

/// A web server that answers with 200, unless it is told otherwise for a path.
pub(crate) struct Hooks {
    pub(crate) address: SocketAddr,
    told: Arc<Told>,
    serving: JoinHandle<()>,
}

#[derive(Default)]
struct Told {
    came: Mutex<BTreeMap<String, Vec<Came>>>,
    /// The statuses of the next answers; 0 never answers.
    next: Mutex<BTreeMap<String, Vec<u16>>>,
}

impl Hooks {
    pub(crate) async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let told = Arc::<Told>::default();
        let all = Arc::clone(&told);
        let serving = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(answer(stream, Arc::clone(&all)));
            }
        });
        Self { address, told, serving }
    }

    /// What the next answers at a path are; 0 never answers.
    pub(crate) fn answer(&self, path: &str, statuses: &[u16]) {
        self.told.next.lock().unwrap().insert(path.to_owned(), statuses.to_vec());
    }

    /// What came to a path, in its order.
    pub(crate) fn came(&self, path: &str) -> Vec<Came> {
        self.told.came.lock().unwrap().get(path).cloned().unwrap_or_default()
    }
}

impl Drop for Hooks {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn answer(mut stream: TcpStream, told: Arc<Told>) {
    let mut read = Vec::new();
    let (head, body) = loop {
        let mut piece = [0; 4096];
        let length = stream.read(&mut piece).await.unwrap_or_default();
        if length == 0 {
            return;
        }
        read.extend(piece.into_iter().take(length));
        let text = String::from_utf8_lossy(&read).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let wanted = field(head, "content-length").parse().unwrap_or(0);
        if body.len() >= wanted {
            break (head.to_owned(), body.to_owned());
        }
    };
    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
    let came = (field(&head, "tidegate-delivery"), body);
    told.came.lock().unwrap().entry(path.clone()).or_default().push(came);
    let status = {
        let mut next = told.next.lock().unwrap();
        next.get_mut(&path).filter(|left| !left.is_empty()).map_or(200, |left| left.remove(0))
    };
    if status == 0 {
        std::future::pending::<()>().await;
    }
    let answer = format!("HTTP/1.1 {status} So\r\nContent-Length: 2\r\n\r\nso");
    // Whoever asked may be gone.
    let _ = stream.write_all(answer.as_bytes()).await;
}

fn field(head: &str, name: &str) -> String {
    let lines = head.lines().filter_map(|line| line.split_once(": "));
    let mut found = lines.filter(|(key, _)| key.eq_ignore_ascii_case(name));
    found.next().map(|(_, value)| value.to_owned()).unwrap_or_default()
}

/// aiosmtpd of Debian, until it is dropped.
pub(crate) struct Mailbox {
    child: Child,
    lines: BufReader<ChildStdout>,
    pub(crate) port: u16,
}

impl Mailbox {
    pub(crate) fn open() -> Self {
        let port = tidegate_testkit::ports::free_port();
        let script =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../notifier/tests/it/smtp_server.py");
        let child = Command::new("/usr/bin/python3")
            .arg(script)
            .arg(format!("{{\"port\": {port}}}"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let mut child = child.unwrap_or_else(|_| panic!("apt-get install python3-aiosmtpd"));
        let lines = BufReader::new(child.stdout.take().unwrap());
        let mut mailbox = Self { child, lines, port };
        assert_eq!(mailbox.next(), "{\"ready\": true}", "apt-get install python3-aiosmtpd");
        mailbox
    }

    /// The next e-mail that comes, as JSON.
    pub(crate) fn next(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        line.trim().to_owned()
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
