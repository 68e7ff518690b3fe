use std::{
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::JoinSet,
    time::{sleep, timeout},
};

use crate::{
    pool::{connect, is_own_want},
    replica::Replica,
    settings::Probe,
    shared::Shared,
};

/// How often ejected replicas are looked at; an ejection is this much longer at most.
const EVERY: Duration = Duration::from_millis(100);

/// Asks ejected replicas whose time is over whether they are back, for as long as it runs.
pub(crate) async fn run(shared: Arc<Shared>) {
    loop {
        sleep(EVERY).await;
        let mut asked = JoinSet::new();
        for replica in due(&shared) {
            let probe = shared.settings.probe.clone();
            let patience = shared.settings.limits.connect_timeout;
            asked.spawn(async move {
                match ask(&replica, &probe, patience).await {
                    Ok(()) => replica.readmit(),
                    // It was not asked, so it is asked again.
                    Err(error) if is_own_want(&error) => {}
                    Err(_) => replica.keep_away(Instant::now()),
                }
            });
        }
        asked.join_all().await;
    }
}

fn due(shared: &Shared) -> Vec<Arc<Replica>> {
    let (routes, now) = (shared.routes(), Instant::now());
    let destinations = routes.by_address.values().flat_map(|it| &it.destinations);
    let replicas = destinations.flat_map(|it| &it.replicas);
    let mut due: Vec<_> =
        replicas.filter(|replica| replica.wants_probe(now)).map(Arc::clone).collect();
    due.sort_by_key(Arc::as_ptr);
    due.dedup_by_key(|replica| Arc::as_ptr(replica));
    due
}

async fn ask(replica: &Replica, probe: &Probe, patience: Duration) -> io::Result<()> {
    let mut stream = connect(replica.address, patience).await?;
    match probe {
        Probe::Connect => Ok(()),
        Probe::Get(path) => timeout(patience, get(&mut stream, replica, path))
            .await
            .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?,
    }
}

async fn get(stream: &mut TcpStream, replica: &Replica, path: &str) -> io::Result<()> {
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {}\r\nUser-Agent: tidegate-probe\r\nConnection: close\r\n\r\n",
        replica.address
    );
    stream.write_all(request.as_bytes()).await?;
    let mut start = [0; 12];
    stream.read_exact(&mut start).await?;
    match start {
        [b'H', b'T', b'T', b'P', b'/', b'1', b'.', _, b' ', b'1'..=b'4', ..] => Ok(()),
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}
