use std::{sync::Arc, time::Duration};

use axum::body::{Body, Bytes};
use futures_util::StreamExt as _;
use tokio::{sync::mpsc, time::timeout};

use super::{App, blocking};
use crate::{Error, store::Draft};

/// Pieces that wait for the disk: at the 16 to 400 KiB that hyper hands over, a few megabytes at most.
const WAITING: usize = 8;

/// How long a client may send nothing: the official one gives itself up after as long.
const PATIENCE: Duration = Duration::from_mins(5);

/// What goes to the thread that writes. A channel that closes without the end was cut off.
enum Piece {
    Bytes(Bytes),
    End,
}

/// Writes what is sent to a file that nobody sees yet. A body that breaks off leaves nothing.
pub(super) async fn receive(app: &App, body: Body, limit: u64) -> Result<Draft, Error> {
    let (sender, mut pieces) = mpsc::channel(WAITING);
    let store = Arc::clone(&app.store);
    let write = move || {
        let mut draft = store.draft(limit)?;
        loop {
            match pieces.blocking_recv() {
                Some(Piece::Bytes(bytes)) => draft.take(&bytes)?,
                Some(Piece::End) => return Ok(draft),
                None => return Err(Error::Invalid("the connection broke".to_owned())),
            }
        }
    };
    let (written, ()) = tokio::join!(blocking(write), forward(body, sender));
    written
}

/// Returns early where the writer refuses, whose error tells why, or where the client went away.
async fn forward(body: Body, sender: mpsc::Sender<Piece>) {
    let mut stream = body.into_data_stream();
    loop {
        let piece = match timeout(PATIENCE, stream.next()).await {
            Ok(Some(Ok(bytes))) => Piece::Bytes(bytes),
            Ok(None) => Piece::End,
            Ok(Some(Err(_))) | Err(_) => return,
        };
        let is_end = matches!(piece, Piece::End);
        if sender.send(piece).await.is_err() || is_end {
            return;
        }
    }
}
