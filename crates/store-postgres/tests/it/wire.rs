//! What stands between a store and its database, and can be told to cut or to hold what passes.

use std::sync::{Arc, Mutex};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    time::{Duration, sleep},
};

/// What becomes of the next message that it is meant for. It happens once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// After so many messages the connection is cut, and this one does not arrive.
    CutBefore(usize),
    /// It arrives, the connection is cut, and its answer does not.
    CutAfter(usize),
    /// The same of the message that ends a transaction.
    CutBeforeCommit,
    /// And so that its answer is lost.
    CutAfterCommit,
    /// From this message on nothing passes any more, and nobody is told.
    Hold(usize),
    /// The message that ends a transaction arrives, its answer does not, and nobody is told.
    HoldAfterCommit,
}

#[derive(Default)]
struct Plan {
    fault: Option<Fault>,
    passed: usize,
    done: usize,
    /// With the fault the database is gone.
    goes: bool,
    gone: bool,
}

/// The wire.
#[derive(Clone, Default)]
pub(crate) struct Wire {
    plan: Arc<Mutex<Plan>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    Held,
    Cut,
}

impl Wire {
    /// Listens on a port of its own and passes everything on to `port`.
    pub(crate) async fn to(port: u16) -> (Self, u16) {
        let wire = Self::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let own = listener.local_addr().unwrap().port();
        let accepting = wire.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if accepting.plan.lock().unwrap().gone {
                    continue;
                }
                let server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                accepting.pass(client, server);
            }
        });
        (wire, own)
    }

    /// From the next message on.
    pub(crate) fn plan(&self, fault: Fault) {
        let mut plan = self.plan.lock().unwrap();
        (plan.fault, plan.passed) = (Some(fault), 0);
    }

    /// The same, and from then on no connection comes about.
    pub(crate) fn plan_the_end(&self, fault: Fault) {
        self.plan(fault);
        self.plan.lock().unwrap().goes = true;
    }

    /// Connections come about again.
    pub(crate) fn mend(&self) {
        let mut plan = self.plan.lock().unwrap();
        (plan.goes, plan.gone) = (false, false);
    }

    /// Whatever was planned and has not happened does not.
    pub(crate) fn forget(&self) {
        self.plan.lock().unwrap().fault = None;
    }

    /// How many faults have happened.
    pub(crate) fn done(&self) -> usize {
        self.plan.lock().unwrap().done
    }

    fn pass(&self, client: TcpStream, server: TcpStream) {
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = server.into_split();
        let (state, _) = watch::channel(State::Open);
        let state = Arc::new(state);
        tokio::spawn(self.clone().asked(from_client, to_server, Arc::clone(&state)));
        tokio::spawn(answered(from_server, to_client, state));
    }

    async fn asked(
        self,
        mut from: OwnedReadHalf,
        mut to: OwnedWriteHalf,
        state: Arc<watch::Sender<State>>,
    ) {
        let mut buffer = vec![0; 1 << 16];
        while let Ok(read @ 1..) = from.read(&mut buffer).await {
            if *state.borrow() == State::Held {
                continue;
            }
            let message = &buffer[..read];
            let Some(fault) = self.strikes(message) else {
                if to.write_all(message).await.is_err() {
                    break;
                }
                continue;
            };
            let hold = matches!(fault, Fault::Hold(_) | Fault::HoldAfterCommit);
            // The answer is kept back before it can be given.
            state.send_replace(State::Held);
            if matches!(fault, Fault::CutAfter(_) | Fault::CutAfterCommit | Fault::HoldAfterCommit)
            {
                to.write_all(message).await.unwrap();
                // Long enough for the database to do it.
                sleep(Duration::from_millis(100)).await;
            }
            if !hold {
                break;
            }
        }
        state.send_replace(State::Cut);
    }

    fn strikes(&self, message: &[u8]) -> Option<Fault> {
        let mut plan = self.plan.lock().unwrap();
        let fault = plan.fault?;
        let commits = message.windows(7).any(|word| word == b"COMMIT\0");
        let strikes = match fault {
            Fault::CutBefore(at) | Fault::CutAfter(at) | Fault::Hold(at) => plan.passed == at,
            Fault::CutBeforeCommit | Fault::CutAfterCommit | Fault::HoldAfterCommit => commits,
        };
        plan.passed += 1;
        if !strikes {
            return None;
        }
        plan.done += 1;
        plan.gone = plan.goes;
        plan.fault.take()
    }
}

async fn answered(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    state: Arc<watch::Sender<State>>,
) {
    let mut buffer = vec![0; 1 << 16];
    let mut changes = state.subscribe();
    loop {
        let read = tokio::select! {
            _ = changes.wait_for(|state| *state == State::Cut) => return,
            read = from.read(&mut buffer) => read,
        };
        let Ok(read @ 1..) = read else { return };
        if *state.borrow() == State::Open && to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}
