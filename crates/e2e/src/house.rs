mod engine;
mod prepared;

use std::{
    io::Write as _,
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};
use tempfile::TempDir;
use tidegate_controller::RolloutView;
use tidegate_load::{Load, Plan};
use tidegate_rollout::Phase;
use tidegate_testkit::{podman::Podman, ports::free_address};

use crate::{Manifest, Programs};

/// For a server to answer, and for everything in it to end.
const PATIENCE: Duration = Duration::from_secs(40);

/// A data folder with a server, its router and the sample service in it.
pub struct House {
    programs: Programs,
    folder: TempDir,
    server: Option<Child>,
    address: SocketAddr,
    /// Where the router tells its metrics.
    metrics: SocketAddr,
    engine: Option<&'static Podman>,
    router: Carrier,
    given: Option<Given>,
    /// The address of the database that has the state, if it is not in the folder.
    store: Option<String>,
}

/// What a server is told of when it starts.
#[derive(Clone, Copy, Debug)]
enum Given {
    /// A program by the name that manifests have, and where it will be in the folder.
    Plugin(&'static str, &'static str),
    /// A canary configuration, by its path in the repository.
    CanaryConfig(&'static str),
}

/// What carries the requests of a house.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Carrier {
    /// The built-in router.
    #[default]
    BuiltIn,
    /// Debian's nginx.
    Nginx,
    /// Debian's `HAProxy`.
    Haproxy,
}

impl House {
    /// A new house whose server is ready.
    pub fn build() -> anyhow::Result<Self> {
        Self::behind(Carrier::BuiltIn)
    }

    /// A new house whose server runs replicas as containers. The engine has the sample service as
    /// images of these versions.
    pub fn of_containers(versions: &[&str]) -> anyhow::Result<Self> {
        let house = Self::build_with(Some(Podman::shared()), Carrier::BuiltIn, None)?;
        for version in versions {
            engine::image(Podman::shared(), house.sample(), version);
        }
        Ok(house)
    }

    /// A new house whose requests are carried by `router`.
    pub fn behind(router: Carrier) -> anyhow::Result<Self> {
        Self::build_with(None, router, None)
    }

    /// A new house whose server knows a program by a name; `place` is its path from the folder on.
    pub fn knowing(name: &'static str, place: &'static str) -> anyhow::Result<Self> {
        Self::build_with(None, Carrier::BuiltIn, Some(Given::Plugin(name, place)))
    }

    /// A new house whose server judges by a canary configuration, which stands at `path` in the
    /// repository.
    pub fn judging(path: &'static str) -> anyhow::Result<Self> {
        Self::build_with(None, Carrier::BuiltIn, Some(Given::CanaryConfig(path)))
    }

    /// A new house whose state is in the database of this address.
    pub fn storing(store: &str) -> anyhow::Result<Self> {
        let mut house = Self::unstarted(None, Carrier::BuiltIn, None)?;
        house.store = Some(store.to_owned());
        house.start_server()?;
        Ok(house)
    }

    fn build_with(
        engine: Option<&'static Podman>,
        router: Carrier,
        given: Option<Given>,
    ) -> anyhow::Result<Self> {
        let mut house = Self::unstarted(engine, router, given)?;
        house.start_server()?;
        Ok(house)
    }

    fn unstarted(
        engine: Option<&'static Podman>,
        router: Carrier,
        given: Option<Given>,
    ) -> anyhow::Result<Self> {
        Ok(Self {
            programs: Programs::find()?,
            folder: tempfile::tempdir()?,
            server: None,
            address: free_address(),
            metrics: free_address(),
            engine,
            router,
            given,
            store: None,
        })
    }

    /// The data folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Where users reach the service.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where Prometheus finds the router's metrics.
    pub const fn metrics(&self) -> SocketAddr {
        self.metrics
    }

    /// The program of the sample service.
    pub fn sample(&self) -> &Path {
        &self.programs.sample
    }

    /// The folder in which the programs under test lie.
    pub fn bin_folder(&self) -> &Path {
        self.programs.tidegate.parent().unwrap_or(Path::new("/"))
    }

    /// The server's process id.
    pub fn server_pid(&self) -> Option<u32> {
        self.server.as_ref().map(Child::id)
    }

    /// Starts the server; returns how long it took until it answered.
    pub fn start_server(&mut self) -> anyhow::Result<Duration> {
        self.server = Some(self.launch_server(&[])?);
        self.answers()
    }

    /// Starts a server that waits until no other leads.
    pub fn start_standby(&self) -> anyhow::Result<Child> {
        self.launch_server(&["--standby"])
    }

    /// From here on this is the server, which leads soon; returns how long it took until it answered.
    pub fn succeed_by(&mut self, server: Child) -> anyhow::Result<Duration> {
        self.server = Some(server);
        self.answers()
    }

    /// Waits until the server has ended by itself; its exit code.
    pub fn server_end(&mut self) -> anyhow::Result<Option<i32>> {
        let mut server = self.server.take().context("no server runs")?;
        let begin = Instant::now();
        loop {
            if let Some(status) = server.try_wait()? {
                return Ok(status.code());
            }
            if begin.elapsed() > PATIENCE {
                server.kill()?;
                bail!("the server does not end; its log:\n{}", self.log());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn launch_server(&self, more: &[&str]) -> anyhow::Result<Child> {
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(self.folder().join("server-test.log"))?;
        let metrics = self.metrics.to_string();
        let carried = match self.router {
            Carrier::BuiltIn => ["--metrics", &metrics],
            Carrier::Nginx => ["--router", "nginx"],
            Carrier::Haproxy => ["--router", "haproxy"],
        };
        let given = self.given.map(|given| match given {
            Given::Plugin(name, place) => {
                format!("--plugin={name}={}", self.folder().join(place).display())
            }
            Given::CanaryConfig(path) => {
                let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
                format!("--canary-configs={}", root.join(path).display())
            }
        });
        let store = self.store.iter().map(|store| format!("--store={store}"));
        Ok(self
            .command()
            .args(["server", "--listen", "127.0.0.1:0"])
            .args(carried)
            .args(given)
            .args(store)
            .args(more)
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()?)
    }

    fn answers(&self) -> anyhow::Result<Duration> {
        let begin = Instant::now();
        loop {
            if self.tidegate(&["get", "rollouts"]).is_ok() {
                return Ok(begin.elapsed());
            }
            if begin.elapsed() > PATIENCE {
                bail!("the server does not answer; its log:\n{}", self.log());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// `kill -9` of the control plane; the router and the replicas go on.
    pub fn kill_server(&mut self) -> anyhow::Result<()> {
        let mut server = self.server.take().context("no server runs")?;
        server.kill()?;
        server.wait()?;
        Ok(())
    }

    /// Runs `tidegate` with `args` in this house; its standard output when it exits with 0.
    pub fn tidegate(&self, args: &[&str]) -> anyhow::Result<String> {
        let output = self.command().args(args).output()?;
        ensure!(
            output.status.success(),
            "tidegate {} exited with {}: {}{}",
            args.join(" "),
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
        );
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Runs `tidegate` with `args` in this house, whatever it exits with.
    pub fn run(&self, args: &[&str]) -> anyhow::Result<Output> {
        Ok(self.command().args(args).output()?)
    }

    /// Applies a manifest as a person would: `tidegate apply -f -`.
    pub fn apply(&self, manifest: &Manifest) -> anyhow::Result<()> {
        let sample = self.engine.is_none().then_some(self.sample());
        self.apply_text(&manifest.yaml(sample, self.address))
    }

    /// Applies a manifest's text.
    pub fn apply_text(&self, text: &str) -> anyhow::Result<()> {
        let mut child = self
            .command()
            .args(["apply", "-f", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        child.stdin.take().context("no standard input")?.write_all(text.as_bytes())?;
        let output = child.wait_with_output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    }

    /// All that is known of the rollout.
    pub fn view(&self) -> anyhow::Result<RolloutView> {
        let text = self.tidegate(&["rollout", "get", "web", "-o", "json"])?;
        serde_json::from_str(&text).context("`rollout get -o json` is no view")
    }

    /// Waits for something to hold of the rollout.
    pub async fn until(
        &self,
        what: &str,
        patience: Duration,
        holds: impl Fn(&RolloutView) -> bool,
    ) -> anyhow::Result<RolloutView> {
        let begin = Instant::now();
        loop {
            let seen = self.view();
            match seen {
                Ok(view) if holds(&view) => return Ok(view),
                Ok(view) if begin.elapsed() > patience => {
                    bail!("not within {patience:?}: {what}\n{:#?}\n{}", view.report, self.log())
                }
                Err(problem) if begin.elapsed() > patience => {
                    return Err(problem.context(what.to_owned()));
                }
                _ => tokio::time::sleep(Duration::from_millis(25)).await,
            }
        }
    }

    /// Waits until the revision `version` is what all users get.
    pub async fn until_stable(&self, version: &str) -> anyhow::Result<RolloutView> {
        let image = format!("sample:{version}");
        self.until(&format!("{version} is stable"), PATIENCE, |view| {
            view.images.contains(&image)
                && view.status.stable == view.status.current
                && view.report.phase == Phase::Healthy
        })
        .await
    }

    /// Starts load on the service, at `rate` requests per second.
    pub fn load(&self, rate: f64) -> Load {
        self.load_with_patience(rate, Duration::from_secs(10))
    }

    /// The same by clients that give up after `timeout`.
    pub fn load_with_patience(&self, rate: f64, timeout: Duration) -> Load {
        Load::start(Plan {
            address: self.address,
            path: "/".to_owned(),
            rate,
            timeout,
            version_header: "x-version",
        })
    }

    /// Ends replicas, router and server.
    pub fn end(mut self) -> anyhow::Result<()> {
        self.down()
    }

    /// The process ids of every process that belongs to this house's folder.
    pub fn processes(&self) -> Vec<u32> {
        let folder = self.folder().display().to_string();
        let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        pids.filter(|pid: &u32| {
            let read =
                |file: &str| std::fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
            [read("cmdline"), read("environ")]
                .iter()
                .any(|bytes| String::from_utf8_lossy(bytes).contains(&folder))
        })
        .collect()
    }

    fn down(&mut self) -> anyhow::Result<()> {
        let ended = self.tidegate(&["down"]).map(drop);
        if let Some(mut server) = self.server.take() {
            let begin = Instant::now();
            while server.try_wait()?.is_none() {
                if begin.elapsed() > PATIENCE {
                    server.kill()?;
                }
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        ended
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.programs.tidegate);
        command.arg("--data").arg(self.folder()).env("USER", "ada").stdin(Stdio::null());
        command.envs(self.environment());
        command
    }

    /// What its servers have logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder().join("server-test.log")).unwrap_or_default()
    }
}

impl Drop for House {
    /// A test that failed leaves nothing running.
    fn drop(&mut self) {
        if self.server.is_some() {
            drop(self.down());
        }
    }
}
