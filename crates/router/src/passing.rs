//! How a router hands its sockets to the one that takes its place: what the two say to each other.
//!
//! Over one connection of a Unix socket, frames of a length in four bytes and JSON. After the first
//! frame come bytes with file descriptors (`SCM_RIGHTS`, unix(7)): the lock of the folder, the
//! socket for metrics if there is one, and those that clients come to.

use std::{
    io::{self, IoSlice, IoSliceMut, Read, Write},
    mem::MaybeUninit,
    net::SocketAddr,
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::net::UnixStream,
    },
};

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tidegate_traffic::{RouteTable, TrafficReading};

/// What a router of another language says nothing to.
pub(crate) const LANGUAGE: u32 = 1;
/// Descriptors in one message: Linux takes 253.
const AT_ONCE: usize = 64;
/// A reading of many rollouts stays below, as in the control plane's own client.
const FRAME_BYTES: u32 = 256 * 1024 * 1024;

/// The first that the old router says; the descriptors follow.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Offer {
    /// Its language, [`LANGUAGE`].
    pub(crate) language: u32,
    /// Where its socket for metrics is.
    pub(crate) metrics: Option<SocketAddr>,
    /// Where the other sockets are, in their order.
    pub(crate) sockets: Vec<SocketAddr>,
}

/// What the old router says later.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum FromOld {
    /// It takes no more connections and no more orders: this is what it held, with its counts.
    Yours(Box<RouteTable>, Box<TrafficReading>),
    /// What it has counted by now.
    Counts(Box<TrafficReading>),
    /// It follows the table that it was told.
    Follows,
}

/// What the new router says.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum FromNew {
    /// It can begin.
    Ready,
    /// Requests that the old one still has are to follow this.
    Table(Box<RouteTable>),
    /// The old one is never to come back, whatever becomes of the new one.
    Settled,
    /// The old one is to end its requests as if it was told to stop itself.
    Stop,
}

/// A frame as it is on the wire.
pub(crate) fn frame(value: &impl Serialize) -> io::Result<Vec<u8>> {
    let text = serde_json::to_vec(value)?;
    let length = u32::try_from(text.len()).map_err(io::Error::other)?;
    let mut bytes = length.to_be_bytes().to_vec();
    bytes.extend_from_slice(&text);
    Ok(bytes)
}

/// The length that a frame begins with.
pub(crate) fn length(bytes: [u8; 4]) -> io::Result<usize> {
    let length = u32::from_be_bytes(bytes);
    if length > FRAME_BYTES {
        return Err(io::ErrorKind::InvalidData.into());
    }
    usize::try_from(length).map_err(io::Error::other)
}

/// Writes one frame.
pub(crate) fn say(mut stream: &UnixStream, value: &impl Serialize) -> io::Result<()> {
    stream.write_all(&frame(value)?)
}

/// Reads one frame.
pub(crate) fn hear<T: DeserializeOwned>(mut stream: &UnixStream) -> io::Result<T> {
    let mut bytes = [0; 4];
    stream.read_exact(&mut bytes)?;
    let mut text = vec![0; length(bytes)?];
    stream.read_exact(&mut text)?;
    Ok(serde_json::from_slice(&text)?)
}

/// Passes descriptors on, in their order.
pub(crate) fn pass(stream: &UnixStream, all: &[OwnedFd]) -> io::Result<()> {
    for some in all.chunks(AT_ONCE) {
        let some: Vec<BorrowedFd<'_>> = some.iter().map(AsFd::as_fd).collect();
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(AT_ONCE))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        if !control.push(SendAncillaryMessage::ScmRights(&some)) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        sendmsg(stream, &[IoSlice::new(&[0])], &mut control, SendFlags::empty())?;
    }
    Ok(())
}

/// Takes `count` descriptors.
pub(crate) fn take(stream: &UnixStream, count: usize) -> io::Result<Vec<OwnedFd>> {
    let mut all = Vec::new();
    while all.len() < count {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(AT_ONCE))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let mut byte = [0];
        let read = IoSliceMut::new(&mut byte);
        let got = recvmsg(stream, &mut [read], &mut control, RecvFlags::CMSG_CLOEXEC)?;
        let before = all.len();
        for message in control.drain() {
            if let RecvAncillaryMessage::ScmRights(some) = message {
                all.extend(some);
            }
        }
        if got.bytes == 0 || all.len() == before {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn sockets_arrive_in_their_order_and_take_connections() {
        let (old, new) = UnixStream::pair().unwrap();
        let sockets: Vec<_> = (0..150).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        let addresses: Vec<_> = sockets.iter().map(|it| it.local_addr().unwrap()).collect();
        let offer = Offer { language: LANGUAGE, metrics: None, sockets: addresses.clone() };
        say(&old, &offer).unwrap();
        let all: Vec<OwnedFd> = sockets.into_iter().map(OwnedFd::from).collect();
        pass(&old, &all).unwrap();
        drop((old, all));
        let heard: Offer = hear(&new).unwrap();
        let taken = take(&new, heard.sockets.len()).unwrap();
        for (socket, address) in taken.into_iter().map(TcpListener::from).zip(addresses) {
            assert_eq!(socket.local_addr().unwrap(), address);
            let client = std::net::TcpStream::connect(address).unwrap();
            assert_eq!(socket.accept().unwrap().1, client.local_addr().unwrap());
        }
        assert!(take(&new, 1).is_err());
    }

    #[test]
    fn what_is_no_frame_is_refused() {
        let (old, new) = UnixStream::pair().unwrap();
        (&old).write_all(&[255; 8]).unwrap();
        assert!(hear::<Offer>(&new).is_err());
        let (old, new) = UnixStream::pair().unwrap();
        (&old).write_all(&[0, 0, 0, 2, b'{', b'x']).unwrap();
        assert!(hear::<Offer>(&new).is_err());
        let (old, new) = UnixStream::pair().unwrap();
        drop(old);
        assert!(hear::<FromNew>(&new).is_err());
    }
}
