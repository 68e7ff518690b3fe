//! The old router's part of a hand-over: it gives its sockets away, ends what it has, and takes
//! everything back when the new one is gone before it is done.

use std::{
    fs::File,
    io,
    os::fd::OwnedFd,
    path::Path,
    rc::Rc,
    time::{Duration, Instant},
};

use tidegate_steering as steering;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{UnixListener, UnixStream, unix::OwnedReadHalf},
    sync::mpsc,
    task::spawn_blocking,
    time::{interval, sleep, timeout},
};

use crate::{
    control::Control,
    passing::{self, FromNew, FromOld, LANGUAGE, Offer},
    scrapes::Scrapes,
    shared::Leaving,
};

/// Time for the new router to take what it is given, and to be ready: it starts in milliseconds.
const PATIENCE: Duration = Duration::from_secs(10);
/// The old router stays at least so long, to take everything back from one that does not last.
const WATCH: Duration = Duration::from_secs(2);
/// How often the new router is told of the counts.
const TELL: Duration = Duration::from_millis(250);

/// How a hand-over ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// Everything is as it was.
    Stays,
    /// The other router has everything, and nothing is left here.
    Gone,
}

/// Serves `socket`, where a router may come to take the place of this one. Returns when one has, and
/// all requests of this one have ended.
pub(crate) async fn serve(control: Rc<Control>, lock: File, mut socket: UnixListener) {
    loop {
        let stream = match socket.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "a router that would take over could not be heard");
                sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        match hand_over(&control, &lock, stream).await {
            Ok(End::Gone) => return,
            Ok(End::Stays) => {
                // The other one may have had its own in the place of this.
                match steering::open_handover(&control.shared.settings.data) {
                    Ok(opened) => socket = opened,
                    Err(error) => tracing::warn!(%error, "no router can take over any more"),
                }
                if let Err(error) = control.take_orders() {
                    tracing::error!(%error, "no orders can be given any more");
                }
            }
            // It was never ready, so the socket is still this one's, and the next may wait there.
            Err(error) => tracing::warn!(%error, "a router did not take over"),
        }
    }
}

async fn hand_over(control: &Rc<Control>, lock: &File, stream: UnixStream) -> io::Result<End> {
    let (offer, all) = offer(control, lock).await?;
    let stream = stream.into_std()?;
    let given = spawn_blocking(move || {
        stream.set_nonblocking(false)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        passing::say(&stream, &offer)?;
        passing::pass(&stream, &all)?;
        match passing::hear(&stream)? {
            FromNew::Ready => stream.set_nonblocking(true).map(|()| stream),
            other => Err(io::Error::other(format!("{other:?} before it is ready"))),
        }
    });
    let stream = UnixStream::from_std(given.await??)?;
    tracing::info!("another router takes the place of this one");
    let end = after(control, stream).await;
    if end == End::Stays {
        tracing::warn!("the router that took over is gone: this one goes on");
        control.take_back().await;
    }
    Ok(end)
}

async fn offer(control: &Control, lock: &File) -> io::Result<(Offer, Vec<OwnedFd>)> {
    let copies = control.listeners.lock().await.copies()?;
    let scrapes = control.scrapes.borrow();
    let mut all = vec![OwnedFd::from(lock.try_clone()?)];
    if let Some(scrapes) = &*scrapes {
        all.push(scrapes.copy()?.into());
    }
    let metrics = scrapes.as_ref().map(Scrapes::address);
    let sockets = copies.keys().copied().collect();
    all.extend(copies.into_values().map(OwnedFd::from));
    Ok((Offer { language: LANGUAGE, metrics, sockets }, all))
}

/// What is left to do for the new router, once it is ready.
async fn after(control: &Rc<Control>, stream: UnixStream) -> End {
    let (table, reading) = control.hand_over().await;
    let (reader, mut writer) = stream.into_split();
    let (said, mut heard) = mpsc::channel(4);
    tokio::task::spawn_local(listen(reader, said));
    let begun = Instant::now();
    let mut next = Some(FromOld::Yours(Box::new(table), Box::new(reading)));
    let mut clock = interval(TELL);
    let limits = &control.shared.settings.limits;
    let (mut may_come_back, mut end_by) = (true, begun + limits.handover_timeout);
    loop {
        if let Some(told) = next.take() {
            // One that does not listen is heard to end, or to be there again.
            let Ok(bytes) = passing::frame(&told) else { return End::Stays };
            let _ = timeout(PATIENCE, writer.write_all(&bytes)).await;
        }
        if Instant::now() > end_by || (is_done(control) && begun.elapsed() > WATCH) {
            let last = FromOld::Counts(Box::new(control.reading().await));
            if let Ok(bytes) = passing::frame(&last) {
                let _ = timeout(PATIENCE, writer.write_all(&bytes)).await;
            }
            return End::Gone;
        }
        tokio::select! {
            biased;
            said = heard.recv() => match said {
                Some(FromNew::Table(table)) => {
                    control.follow_after(*table).await;
                    next = Some(FromOld::Follows);
                }
                Some(FromNew::Settled) => may_come_back = false,
                Some(FromNew::Stop) => {
                    may_come_back = false;
                    end_by = Instant::now() + limits.drain_timeout;
                    control.shared.leave(Leaving::Stopping);
                }
                Some(FromNew::Ready) => {}
                None if may_come_back => return End::Stays,
                None => {
                    // Nobody listens any more, so nobody is told.
                    while !is_done(control) && Instant::now() < end_by {
                        sleep(Duration::from_millis(20)).await;
                    }
                    return End::Gone;
                }
            },
            _ = clock.tick() => {
                next = Some(FromOld::Counts(Box::new(control.reading().await)));
            }
        }
    }
}

fn is_done(control: &Control) -> bool {
    control.shared.connections() == 0 && control.predecessor.borrow().is_none()
}

async fn listen(mut reader: OwnedReadHalf, said: mpsc::Sender<FromNew>) {
    while let Ok(frame) = read(&mut reader).await {
        if said.send(frame).await.is_err() {
            return;
        }
    }
}

/// Reads one frame.
pub(crate) async fn read<T: serde::de::DeserializeOwned>(
    reader: &mut OwnedReadHalf,
) -> io::Result<T> {
    let mut length = [0; 4];
    reader.read_exact(&mut length).await?;
    let mut text = vec![0; passing::length(length)?];
    reader.read_exact(&mut text).await?;
    Ok(serde_json::from_slice(&text)?)
}

/// Takes the name of the socket away, where it is still this router's.
pub(crate) fn close(data: &Path) {
    let _ = std::fs::remove_file(steering::handover(data));
}
