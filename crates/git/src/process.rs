use std::{
    io::{self, Read, Write as _},
    os::unix::process::CommandExt as _,
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process_group};

use crate::{Error, Interrupt, interrupt::Listening};

/// So much of what it wrote to standard error is told: its end says what is wrong.
const MOST_STDERR: usize = 4_000;
/// Pieces that wait to be put together: with a few, a process that writes much is not held up.
const PIECES: usize = 16;
const PIECE: usize = 64 * 1024;

/// What is told to whoever waits for a process.
#[derive(Debug)]
pub(crate) enum Told {
    Out(Vec<u8>),
    Err(Vec<u8>),
    Ended,
    Failed(io::Error),
    Stop,
    Nothing,
}

/// What a process answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

/// How long, how much, and until when a process may run.
#[derive(Clone, Debug)]
pub(crate) struct Bounds {
    pub(crate) patience: Duration,
    pub(crate) limit: usize,
    pub(crate) interrupt: Interrupt,
}

/// Runs `command`, which people know as `name`, to its end, and whatever it started with it.
pub(crate) fn run(
    mut command: Command,
    name: &str,
    input: Option<Vec<u8>>,
    bounds: &Bounds,
) -> Result<Answer, Error> {
    let unrunnable = |source| Error::Unrunnable { command: name.to_owned(), source };
    let (told, hears) = sync_channel(PIECES);
    if bounds.interrupt.listen(told.clone()) == Listening::Stopped {
        return Err(Error::Interrupted { command: name.to_owned() });
    }
    command.stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() });
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let mut child = command.spawn().map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => Error::NoProgram,
        _ => unrunnable(source),
    })?;
    let group = Pid::from_child(&child);
    listen(&mut child, input, &told);
    drop(told);
    let gathered = gather(&hears, name, bounds);
    drop(hears);
    if gathered.is_err() {
        // It may have ended by itself meanwhile; its group is then empty, and that is as wanted.
        let _ = kill_process_group(group, Signal::KILL);
    }
    let status = child.wait().map_err(unrunnable)?;
    bounds.interrupt.forget();
    let (stdout, stderr) = gathered?;
    Ok(Answer { code: status.code(), stdout, stderr: told_error(&stderr) })
}

/// Threads that hand on what the process writes, and give it what it reads. Each ends with its pipe.
fn listen(child: &mut Child, input: Option<Vec<u8>>, told: &SyncSender<Told>) {
    if let Some(stdout) = child.stdout.take() {
        hand_on(stdout, told.clone(), Told::Out);
    }
    if let Some(stderr) = child.stderr.take() {
        hand_on(stderr, told.clone(), Told::Err);
    }
    if let (Some(mut stdin), Some(input)) = (child.stdin.take(), input) {
        // A process that ends without reading all of it says why by itself.
        thread::spawn(move || stdin.write_all(&input));
    }
}

fn hand_on(mut from: impl Read + Send + 'static, told: SyncSender<Told>, as_: fn(Vec<u8>) -> Told) {
    thread::spawn(move || {
        let mut piece = vec![0; PIECE];
        loop {
            let told_of = match from.read(&mut piece) {
                Ok(0) => Told::Ended,
                Ok(read) => as_(piece.get(..read).unwrap_or_default().to_vec()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => Told::Failed(error),
            };
            let last = matches!(told_of, Told::Ended | Told::Failed(_));
            if told.send(told_of).is_err() || last {
                return;
            }
        }
    });
}

/// Everything that is written until both pipes ended.
fn gather(
    hears: &Receiver<Told>,
    name: &str,
    bounds: &Bounds,
) -> Result<(Vec<u8>, Vec<u8>), Error> {
    let command = || name.to_owned();
    let end = Instant::now() + bounds.patience;
    let (mut stdout, mut stderr, mut open) = (Vec::new(), Vec::new(), 2);
    while open > 0 {
        let left = end.saturating_duration_since(Instant::now());
        match hears.recv_timeout(left) {
            Ok(Told::Out(piece)) => stdout.extend(piece),
            Ok(Told::Err(piece)) => {
                stderr.extend(piece);
                let over = stderr.len().saturating_sub(MOST_STDERR);
                stderr.drain(..over);
            }
            Ok(Told::Ended) => open -= 1,
            Ok(Told::Failed(source)) => {
                return Err(Error::Unrunnable { command: command(), source });
            }
            Ok(Told::Stop) => return Err(Error::Interrupted { command: command() }),
            Ok(Told::Nothing) => {}
            Err(RecvTimeoutError::Timeout) => {
                return Err(Error::TimedOut { command: command(), patience: bounds.patience });
            }
            Err(RecvTimeoutError::Disconnected) => break,
        }
        if bounds.interrupt.is_stopped() {
            return Err(Error::Interrupted { command: command() });
        }
        if stdout.len() > bounds.limit {
            return Err(Error::TooMuch { command: command(), limit: bounds.limit });
        }
    }
    Ok((stdout, stderr))
}

/// What it wrote, as one line that says what is wrong.
fn told_error(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let lines: Vec<_> = text
        .lines()
        .map(|line| line.rsplit('\r').next().unwrap_or(line).trim())
        .filter(|line| !line.is_empty() && !line.starts_with("hint:"))
        .collect();
    let printable = |c: char| if c.is_control() { ' ' } else { c };
    lines.join("; ").chars().map(printable).collect()
}
