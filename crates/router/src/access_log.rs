use std::{
    fs::{File, OpenOptions},
    io::{self, BufWriter, Write as _},
    net::SocketAddr,
    path::{Path, PathBuf},
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
    time::Instant,
};

use hyper::{Method, StatusCode, Uri};
use serde::Serialize;
use tidegate_units::Timestamp;

use crate::{refusal::Refusal, shared::wall_clock, ticket::Ticket, worker::Worker};

/// Lines that wait for the disk; with more, lines are dropped and counted, never requests held.
const QUEUE: usize = 8192;

/// Writes one JSON line for each request, on a thread of its own.
#[derive(Debug)]
pub(crate) struct AccessLog {
    lines: SyncSender<Vec<u8>>,
    sent: AtomicU64,
    written: Arc<AtomicU64>,
    dropped: AtomicU64,
}

/// One request, written down when this is dropped.
#[derive(Debug)]
pub(crate) struct Line {
    worker: Rc<Worker>,
    started: Instant,
    fields: Fields,
    /// Bytes of the answer's body.
    pub(crate) bytes: u64,
}

#[derive(Debug, Serialize)]
struct Fields {
    at: Timestamp,
    client: String,
    method: String,
    path: String,
    service: String,
    revision: Option<String>,
    replica: Option<String>,
    status: u16,
    error: Option<&'static str>,
}

#[derive(Serialize)]
struct Written<'a> {
    #[serde(flatten)]
    fields: &'a Fields,
    bytes: u64,
    micros: u64,
}

impl AccessLog {
    /// Writes to `path`, which is moved to `path.1` whenever it has grown beyond `limit` bytes.
    pub(crate) fn open(path: &Path, limit: u64) -> io::Result<Self> {
        let mut file = Rotating::open(path, limit)?;
        let (lines, queue) = sync_channel(QUEUE);
        let written = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&written);
        thread::Builder::new().name("access-log".to_owned()).stack_size(256 * 1024).spawn(
            move || {
                if let Err(error) = write_all(&mut file, &queue, &count) {
                    tracing::error!(%error, "the access log ends here");
                }
            },
        )?;
        Ok(Self { lines, sent: AtomicU64::new(0), written, dropped: AtomicU64::new(0) })
    }

    /// Lines that were not written.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped.load(Relaxed)
    }

    /// Whether every line that was taken is in the file.
    pub(crate) fn is_written(&self) -> bool {
        self.written.load(Relaxed) >= self.sent.load(Relaxed)
    }

    fn write(&self, line: Vec<u8>) {
        match self.lines.try_send(line) {
            Ok(()) => self.sent.fetch_add(1, Relaxed),
            Err(_) => self.dropped.fetch_add(1, Relaxed),
        };
    }
}

fn write_all(
    file: &mut Rotating,
    queue: &Receiver<Vec<u8>>,
    written: &AtomicU64,
) -> io::Result<()> {
    while let Ok(line) = queue.recv() {
        file.write(&line)?;
        let mut count = 1;
        while let Ok(line) = queue.try_recv() {
            file.write(&line)?;
            count += 1;
        }
        file.writer.flush()?;
        written.fetch_add(count, Relaxed);
    }
    Ok(())
}

#[derive(Debug)]
struct Rotating {
    path: PathBuf,
    writer: BufWriter<File>,
    size: u64,
    limit: u64,
}

impl Rotating {
    fn open(path: &Path, limit: u64) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        Ok(Self {
            path: path.to_owned(),
            size: file.metadata()?.len(),
            writer: BufWriter::new(file),
            limit,
        })
    }

    fn write(&mut self, line: &[u8]) -> io::Result<()> {
        if self.size >= self.limit {
            self.writer.flush()?;
            let mut old = self.path.clone().into_os_string();
            old.push(".1");
            std::fs::rename(&self.path, old)?;
            *self = Self::open(&self.path, self.limit)?;
        }
        self.size += line.len() as u64;
        self.writer.write_all(line)
    }
}

impl Line {
    /// A request that just arrived; none when no log is kept.
    pub(crate) fn new(
        worker: &Rc<Worker>,
        client: SocketAddr,
        method: &Method,
        uri: &Uri,
    ) -> Option<Self> {
        worker.shared.log.as_ref()?;
        Some(Self {
            worker: Rc::clone(worker),
            started: Instant::now(),
            fields: Fields {
                at: wall_clock(),
                client: client.to_string(),
                method: method.to_string(),
                path: uri.path_and_query().map_or("/", |it| it.as_str()).to_owned(),
                service: String::new(),
                revision: None,
                replica: None,
                status: 0,
                error: None,
            },
            bytes: 0,
        })
    }

    /// Who answered.
    pub(crate) fn answered(&mut self, ticket: &Ticket, status: StatusCode) {
        let (route, place) = (ticket.route(), ticket.place());
        self.fields.service = route.shared.service.to_string();
        self.fields.revision =
            route.destination(place.destination).map(|it| it.revision.to_string());
        self.fields.replica = route.replica(place).map(|it| it.shared.id.to_string());
        self.fields.status = status.as_u16();
    }

    /// The router answered itself.
    pub(crate) fn refused(&mut self, refusal: Refusal) {
        self.fields.status = refusal.status().as_u16();
        self.fields.error = Some(refusal.reason());
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let Some(log) = &self.worker.shared.log else {
            return;
        };
        let written = Written {
            fields: &self.fields,
            bytes: self.bytes,
            micros: u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX),
        };
        if let Ok(mut line) = serde_json::to_vec(&written) {
            line.push(b'\n');
            log.write(line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_file_is_moved_away_and_the_old_one_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("access.log");
        let mut file = Rotating::open(&path, 10).unwrap();
        for line in ["123456\n", "abcdef\n", "uvwxyz\n", "987654\n", "last\n"] {
            file.write(line.as_bytes()).unwrap();
        }
        file.writer.flush().unwrap();
        let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
        assert_eq!(read("access.log"), "last\n");
        assert_eq!(read("access.log.1"), "uvwxyz\n987654\n");
    }
}
