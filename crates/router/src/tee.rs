use std::sync::Arc;

use bytes::Bytes;
use hyper::{
    Method,
    header::{CONTENT_LENGTH, TRANSFER_ENCODING},
    http::request::Parts,
};

use crate::{
    direct_request::write_field,
    mirror::{BODY_BYTES, Goal, MARK, Room},
    shared::Shared,
};

/// Gathers the copies of a request whose body is on its way.
#[derive(Debug)]
pub(crate) struct Tee {
    shared: Arc<Shared>,
    goals: Vec<Goal>,
    head: Vec<u8>,
    to_head: bool,
    has_length: bool,
    pieces: Vec<Bytes>,
    bytes: usize,
    room: Room,
    /// Whether there was no room for it.
    spilt: bool,
}

impl Tee {
    /// The copies of a request that a replica is sent with this head; none for nobody.
    pub(crate) fn new(shared: &Arc<Shared>, parts: &Parts, goals: Vec<Goal>) -> Option<Self> {
        if goals.is_empty() {
            return None;
        }
        let mut head = Vec::with_capacity(512);
        let path = parts.uri.path_and_query().map_or("/", |it| it.as_str());
        for part in [parts.method.as_str(), " ", path, " HTTP/1.1\r\n"] {
            head.extend_from_slice(part.as_bytes());
        }
        for (name, value) in &parts.headers {
            if *name != CONTENT_LENGTH && *name != TRANSFER_ENCODING {
                write_field(&mut head, name.as_str(), value.as_bytes());
            }
        }
        write_field(&mut head, MARK, b"true");
        Some(Self {
            room: shared.mirror.room(),
            shared: Arc::clone(shared),
            goals,
            head,
            to_head: parts.method == Method::HEAD,
            has_length: parts.headers.contains_key(CONTENT_LENGTH),
            pieces: Vec::new(),
            bytes: 0,
            spilt: false,
        })
    }

    /// Takes a piece of the body. One that makes it too large is the end of the copies.
    pub(crate) fn take(&mut self, piece: &Bytes) {
        self.bytes = self.bytes.saturating_add(piece.len());
        self.spilt = self.spilt || self.bytes > BODY_BYTES || !self.room.grow(piece.len());
        if self.spilt {
            self.pieces = Vec::new();
        } else {
            self.pieces.push(piece.clone());
        }
    }

    /// The body is whole: lays the copies down.
    pub(crate) fn finish(self) {
        if self.spilt {
            return self.goals.iter().for_each(Goal::drop_copy);
        }
        let mut request = self.head;
        if self.has_length || self.bytes > 0 {
            write_field(&mut request, CONTENT_LENGTH.as_str(), self.bytes.to_string().as_bytes());
        }
        request.extend_from_slice(b"\r\n");
        for piece in &self.pieces {
            request.extend_from_slice(piece);
        }
        // The room that was gathered is given back when all have room of their own.
        let _room = self.room;
        for goal in self.goals {
            let room = self.shared.mirror.room();
            self.shared.mirror.offer(request.clone(), self.to_head, goal, room);
        }
    }
}
