//! An engine with moods: a socket before the real one, which does to some questions what a machine
//! in trouble does.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use tidegate_runtime_container::EngineSocket;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional},
    net::{UnixListener, UnixStream},
    sync::watch,
    task::JoinHandle,
};

/// How the engine is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    /// As the real one is.
    Good,
    /// It takes no questions.
    Away,
    /// It takes questions and answers none of them.
    Hanging,
    /// To questions whose line has this in it, it answers so much later.
    Slow(&'static str, Duration),
    /// To questions whose line has this in it, it answers with this status and body.
    Answering(&'static str, u16, &'static str),
}

/// The socket. Its tasks end with it.
pub(crate) struct Proxy {
    path: PathBuf,
    mood: watch::Sender<Mood>,
    /// Questions that were met with [`Mood::Slow`].
    held: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Proxy {
    /// A socket in a folder, before the engine at `real`.
    pub(crate) fn before(real: PathBuf, folder: &Path) -> Self {
        let path = folder.join("moody.sock");
        let listener = UnixListener::bind(&path).unwrap();
        let mood = watch::Sender::new(Mood::Good);
        let moods = mood.subscribe();
        let held = Arc::new(AtomicUsize::new(0));
        let holds = Arc::clone(&held);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, real.clone(), moods.clone(), Arc::clone(&holds)));
            }
        });
        Self { path, mood, held, task }
    }

    pub(crate) fn socket(&self) -> EngineSocket {
        EngineSocket::read(&self.path.display().to_string()).unwrap()
    }

    /// Who waits for an answer of before is let go without one.
    pub(crate) fn set(&self, mood: Mood) {
        self.held.store(0, SeqCst);
        self.mood.send_replace(mood);
    }

    /// How many questions it has met with [`Mood::Slow`] since that was set.
    pub(crate) fn holds(&self) -> usize {
        self.held.load(SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(
    mut client: UnixStream,
    real: PathBuf,
    mut moods: watch::Receiver<Mood>,
    waiting: Arc<AtomicUsize>,
) {
    let Some(head) = head(&mut client).await else { return };
    let line = String::from_utf8_lossy(&head).lines().next().unwrap_or_default().to_owned();
    let mood = *moods.borrow_and_update();
    match mood {
        Mood::Away => return,
        Mood::Hanging => {
            let _ = moods.changed().await;
            return;
        }
        Mood::Slow(part, pause) if line.contains(part) => {
            waiting.fetch_add(1, SeqCst);
            tokio::time::sleep(pause).await;
        }
        Mood::Answering(part, status, body) if line.contains(part) => {
            let answer = format!(
                "HTTP/1.1 {status} -\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
            let _ = client.write_all(answer.as_bytes()).await;
            return;
        }
        _ => {}
    }
    let Ok(mut engine) = UnixStream::connect(real).await else { return };
    if engine.write_all(&head).await.is_ok() {
        // What runs already is told on, whatever the mood is by then.
        let _ = copy_bidirectional(&mut client, &mut engine).await;
    }
}

/// All that came up to the end of the head, and what came with it.
async fn head(client: &mut UnixStream) -> Option<Vec<u8>> {
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        let mut piece = [0; 4096];
        match client.read(&mut piece).await {
            Ok(1..) if head.len() > 1 << 20 => return None,
            Ok(count @ 1..) => head.extend_from_slice(&piece[..count]),
            _ => return None,
        }
    }
    Some(head)
}
