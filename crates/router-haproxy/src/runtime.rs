//! The runtime API.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    net::{IpAddr, SocketAddr},
    path::Path,
    time::Duration,
};

use tidegate_traffic::Endpoint;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::UnixStream,
    time::timeout,
};

use crate::{files::MAP, places::Server};

/// A command takes microseconds.
const PATIENCE: Duration = Duration::from_secs(3);
/// The answer about ten thousand servers stays below.
const ANSWER_BYTES: u64 = 16 * 1024 * 1024;
/// Commands or lines at once: what `HAProxy` reads has to fit into its buffer of 64 KiB.
const AT_ONCE: usize = 200;

/// Gives an order, or asks; the answer's text.
pub(crate) async fn ask(socket: &Path, command: &str) -> Result<String, String> {
    let told = |error: io::Error| format!("{}: {error}", socket.display());
    timeout(PATIENCE, exchange(socket, command))
        .await
        .map_err(|_| format!("haproxy does not answer within {PATIENCE:?}"))?
        .map_err(told)
}

async fn exchange(socket: &Path, command: &str) -> io::Result<String> {
    let mut stream = UnixStream::connect(socket).await?;
    stream.write_all(command.as_bytes()).await?;
    stream.write_all(b"\n").await?;
    // The master goes on to wait for a next one otherwise.
    stream.shutdown().await?;
    let mut answer = String::new();
    stream.take(ANSWER_BYTES).read_to_string(&mut answer).await?;
    Ok(answer)
}

/// The number of the configuration that it follows.
pub(crate) async fn number(socket: &Path) -> Option<u64> {
    number_in(&ask(socket, "show info").await.ok()?)
}

fn number_in(info: &str) -> Option<u64> {
    let told = info.lines().find_map(|line| line.strip_prefix("description: number-"))?;
    told.trim().parse().ok()
}

/// How a process stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    /// The configuration that it follows.
    pub(crate) number: u64,
    /// Whether it listens.
    pub(crate) listens: bool,
}

/// How the process `pid` of a master stands; none when it is gone, or does not answer yet.
pub(crate) async fn standing(master: &Path, pid: u32) -> Option<Standing> {
    let info = ask(master, &format!("@!{pid} show info")).await.ok()?;
    let number = number_in(&info)?;
    let is_stopping = info.lines().any(|line| line == "Stopping: 1");
    if !is_stopping {
        return Some(Standing { number, listens: true });
    }
    // It says that it is stopping a moment before it closes its listeners, and of a frontend that it
    // stopped after that. It closes all of them in one step, so the first will do.
    let first = ask(master, &format!("@!{pid} show stat tg0 1 -1")).await.ok()?;
    let listens = first.lines().filter(|line| line.starts_with("tg0,")).any(|line| {
        /// Where that is told.
        const STATUS: usize = 17;
        line.split(',').nth(STATUS) != Some("STOP")
    });
    Some(Standing { number, listens })
}

/// Lets the servers send to these replicas, and to nobody else.
pub(crate) async fn set_servers<'a>(
    socket: &Path,
    servers: impl Iterator<Item = (&'a Server, &'a Option<Endpoint>)>,
) -> Result<(), String> {
    let commands = servers.map(|(server, endpoint)| {
        let (backend, name) = server.name();
        match endpoint {
            Some(Endpoint { address, .. }) => format!(
                "set server {backend}/{name} addr {} port {}; \
                 set server {backend}/{name} state ready",
                address.ip(),
                address.port()
            ),
            None => format!("set server {backend}/{name} state maint"),
        }
    });
    let commands: Vec<_> = commands.collect();
    for some in commands.chunks(AT_ONCE) {
        let answer = ask(socket, &some.join("; ")).await?;
        // It says what it did to an address; anything else is a refusal.
        let refused = answer.lines().find(|line| {
            !line.trim().is_empty() && !["port", "IP", "no need"].iter().any(|it| line.contains(it))
        });
        if let Some(refused) = refused {
            return Err(refused.to_owned());
        }
    }
    Ok(())
}

/// Puts these entries in the place of all that the map has, in one step.
pub(crate) async fn set_map(
    socket: &Path,
    entries: &BTreeMap<String, String>,
) -> Result<(), String> {
    let prepared = ask(socket, &format!("prepare map {MAP}")).await?;
    let version = prepared.trim().strip_prefix("New version created: ");
    let version = version.ok_or_else(|| format!("no new map: {}", prepared.trim()))?.to_owned();
    let lines: Vec<_> = entries.iter().map(|(key, backend)| format!("{key} {backend}\n")).collect();
    let adds = lines.chunks(AT_ONCE);
    let adds = adds.map(|some| format!("add map @{version} {MAP} <<\n{}", some.concat()));
    for command in adds.chain([format!("commit map @{version} {MAP}")]) {
        let answer = ask(socket, &command).await?;
        if !answer.trim().is_empty() {
            return Err(answer.trim().to_owned());
        }
    }
    Ok(())
}

/// Requests under way, by listener, revision and place, whichever backend they came by.
pub(crate) async fn under_way(
    socket: &Path,
) -> Result<BTreeMap<(usize, usize, usize), u64>, String> {
    let mut all = BTreeMap::new();
    // Servers alone, of all proxies.
    for line in ask(socket, "show stat -1 4 -1").await?.lines() {
        let mut columns = line.split(',');
        let (Some(backend), Some(name)) = (columns.next(), columns.next()) else { continue };
        let place = backend.strip_prefix("tg").and_then(|it| it.split_once('_')?.0.parse().ok());
        let (Some(listener), Some((destination, place))) = (place, of_server(name)) else {
            continue;
        };
        let count = columns.nth(2).and_then(|it| it.parse::<u64>().ok()).unwrap_or(0);
        *all.entry((listener, destination, place)).or_default() += count;
    }
    Ok(all)
}

/// The revision and the place that a server's name tells.
pub(crate) fn of_server(name: &str) -> Option<(usize, usize)> {
    let (destination, place) = name.strip_prefix('d')?.split_once('s')?;
    Some((destination.parse().ok()?, place.parse().ok()?))
}

/// The servers that are not as they should be.
pub(crate) async fn differing(
    socket: &Path,
    wanted: &BTreeMap<Server, Option<Endpoint>>,
) -> Result<BTreeSet<String>, String> {
    /// What is told of one that was off in the configuration, whatever it is now.
    const BEGAN_OFF: u32 = 4;
    let answer = ask(socket, "show servers state").await?;
    let mut lines = answer.lines().skip_while(|line| !line.starts_with("# "));
    let names: Vec<_> = lines.next().unwrap_or_default().split(' ').skip(1).collect();
    let at = |name: &str| names.iter().position(|it| *it == name);
    let columns = ["be_name", "srv_name", "srv_addr", "srv_port", "srv_admin_state"].map(at);
    let mut found = BTreeMap::new();
    for line in lines {
        let values: Vec<_> = line.split(' ').collect();
        let [Some(backend), Some(name), Some(address), Some(port), Some(state)] =
            columns.map(|column| values.get(column?).copied())
        else {
            continue;
        };
        let ip = address.parse::<IpAddr>().ok();
        let address = ip.and_then(|ip| Some(SocketAddr::new(ip, port.parse().ok()?)));
        let is_off = state.parse::<u32>().is_ok_and(|state| state & !BEGAN_OFF != 0);
        found.insert((backend.to_owned(), name.to_owned()), address.filter(|_| !is_off));
    }
    let differs = wanted.iter().filter(|(server, endpoint)| {
        let is = found.get(&server.name());
        is.is_none_or(|is| *is != endpoint.as_ref().map(|it| it.address))
    });
    Ok(differs.map(|(server, _)| server.name()).map(|(of, name)| format!("{of}/{name}")).collect())
}
