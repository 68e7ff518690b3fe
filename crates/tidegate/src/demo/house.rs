//! The demo's own server in a folder of its own.

use std::{
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use tokio::process::{Child, Command};

use crate::{
    args::{ColorWhen, Format, Global},
    client::Client,
    error::CliError,
};

/// For the server to be ready; it takes a fraction of a second.
const READY_PATIENCE: Duration = Duration::from_secs(15);
/// For everything to end: replicas have ten seconds each, side by side.
const END_PATIENCE: Duration = Duration::from_secs(40);

/// A server with its router, its folder and a free port for the service.
pub(crate) struct House {
    folder: PathBuf,
    server: Child,
    client: Client,
    address: SocketAddr,
    sample: PathBuf,
}

impl House {
    /// Starts the server and waits until it answers.
    pub(crate) async fn build(sample: &Path) -> Result<Self, CliError> {
        let folder = folder()?;
        let address = free_address()?;
        let server = start_server(&folder)?;
        let client = connect(&folder).await?;
        Ok(Self { folder, server, client, address, sample: sample.to_owned() })
    }

    pub(crate) const fn client(&self) -> &Client {
        &self.client
    }

    /// Where users reach the service.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn sample(&self) -> &Path {
        &self.sample
    }

    /// Verifies the whole ledger: how many entries it has.
    pub(crate) async fn verify_ledger(&self) -> Result<u64, CliError> {
        let verdict: serde_json::Value = self.client.get("/v1/ledger/verify").await?;
        verdict
            .get("entries")
            .and_then(serde_json::Value::as_u64)
            .ok_or_else(|| CliError::failed(format!("the ledger does not verify: {verdict}")))
    }

    /// What to do in a house that was kept.
    pub(crate) fn what_next(&self) -> String {
        let program = std::env::current_exe().unwrap_or_else(|_| "tidegate".into());
        let (program, data) = (program.display(), self.folder.display());
        let address = self.address;
        format!(
            "Everything is left running. Try:\n\
             \n  alias tg='{program} --data {data}'\
             \n  tg get rollouts\
             \n  tg rollout watch web\
             \n  tg rollout history web\
             \n  tg ledger show\
             \n  curl -i http://{address}/\
             \n\nBreak it, while it is watched:\
             \n\n  tg rollout undo web --to-revision 2       # the revision that fails half\
             \n  tg rollout restart web\
             \n  kill -9 $(pgrep -f 'tidegate server')     # traffic flows on\
             \n\nEnd it:\n\n  tg down\n"
        )
    }

    /// Leaves everything running.
    pub(crate) fn keep(self) {
        // The server is a process of its own group; letting go of the handle does not end it.
        drop(self.server);
    }

    /// Ends the replicas, the router and the server, and removes the folder.
    pub(crate) async fn end(mut self) -> Result<(), CliError> {
        let down = command(&self.folder).arg("down").output();
        let output = tokio::time::timeout(END_PATIENCE, down).await;
        let output = output
            .map_err(|_| CliError::failed(format!("`tidegate down` took over {END_PATIENCE:?}")))?
            .map_err(|problem| {
                CliError::failed("`tidegate down` did not start").because(&problem)
            })?;
        if !output.status.success() {
            let words = String::from_utf8_lossy(&output.stderr).into_owned();
            return Err(CliError::failed("the demo could not be taken down").hint(words));
        }
        // `down` has ended it; only its exit code is left to be taken.
        drop(tokio::time::timeout(Duration::from_secs(5), self.server.wait()).await);
        // What is left in a folder of temporary files does no harm.
        drop(std::fs::remove_dir_all(&self.folder));
        Ok(())
    }
}

fn folder() -> Result<PathBuf, CliError> {
    let folder = std::env::temp_dir().join(format!("tidegate-demo-{}", std::process::id()));
    std::fs::create_dir_all(&folder).map_err(|problem| {
        CliError::failed(format!("cannot make {}", folder.display())).because(&problem)
    })?;
    Ok(folder)
}

fn free_address() -> Result<SocketAddr, CliError> {
    let taken = TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr());
    taken.map_err(|problem| CliError::failed("no port of 127.0.0.1 is free").because(&problem))
}

fn command(folder: &Path) -> Command {
    let program = std::env::current_exe().unwrap_or_else(|_| "tidegate".into());
    let mut command = Command::new(program);
    command.arg("--data").arg(folder).stdin(Stdio::null());
    command
}

fn start_server(folder: &Path) -> Result<Child, CliError> {
    let log = std::fs::File::create(folder.join("server.log"))
        .map_err(|problem| CliError::failed("cannot write the server's log").because(&problem))?;
    command(folder)
        .args(["server", "--listen", "127.0.0.1:0"])
        .stdout(Stdio::null())
        .stderr(log)
        .process_group(0)
        .spawn()
        .map_err(|problem| CliError::failed("the server does not start").because(&problem))
}

/// Waits until the server answers.
async fn connect(folder: &Path) -> Result<Client, CliError> {
    let begin = Instant::now();
    let global = Global {
        data: Some(folder.to_owned()),
        server: None,
        ca_file: None,
        token_file: None,
        namespace: "default".to_owned(),
        output: Format::Table,
        color: ColorWhen::Auto,
    };
    loop {
        let problem = match Client::find_now(&global) {
            Ok(client) => match client.read("/readyz").await {
                Ok(_) => return Ok(client),
                Err(problem) => problem,
            },
            Err(problem) => problem,
        };
        if begin.elapsed() > READY_PATIENCE {
            let log = std::fs::read_to_string(folder.join("server.log")).unwrap_or_default();
            return Err(problem.hint(format!("its log says:\n{log}")));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
