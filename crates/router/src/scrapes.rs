use std::{io, net::SocketAddr, rc::Rc};

use tokio::{
    net::TcpListener,
    task::{JoinHandle, spawn_local},
};

use crate::control::{self, Control};

/// The socket for metrics, and who takes its connections.
#[derive(Debug)]
pub(crate) struct Scrapes {
    socket: std::net::TcpListener,
    address: SocketAddr,
    task: Option<JoinHandle<()>>,
}

impl Scrapes {
    /// Takes the connections of `socket`.
    pub(crate) fn new(control: &Rc<Control>, socket: std::net::TcpListener) -> io::Result<Self> {
        let address = socket.local_addr()?;
        let mut scrapes = Self { socket, address, task: None };
        scrapes.take(control)?;
        Ok(scrapes)
    }

    /// Where it is.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// A copy of the socket.
    pub(crate) fn copy(&self) -> io::Result<std::net::TcpListener> {
        self.socket.try_clone()
    }

    /// Takes no more connections, and keeps the socket.
    pub(crate) fn pause(&self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }

    /// Takes connections again.
    pub(crate) fn resume(&mut self, control: &Rc<Control>) {
        if let Err(error) = self.take(control) {
            tracing::error!(%error, "metrics cannot be asked for any more");
        }
    }

    fn take(&mut self, control: &Rc<Control>) -> io::Result<()> {
        let socket = TcpListener::from_std(self.socket.try_clone()?)?;
        self.task = Some(spawn_local(control::serve_metrics(Rc::clone(control), socket)));
        Ok(())
    }
}
