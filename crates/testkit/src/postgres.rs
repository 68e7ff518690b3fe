//! `PostgreSQL` from the system's packages, for tests: a server of its own with its data in a temporary
//! folder, on its own port, as somebody who is not root.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a test without its database has failed"
)]

use std::{
    fmt, fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    thread::sleep,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::ports::free_port;

/// How long anything may take that should take a second or two. Generous: the machine may be busy.
const SOON: Duration = Duration::from_mins(1);

/// The superuser that is there from the beginning.
const USER: &str = "tidegate";

/// Ends the server when this process is gone, however it ended: then nobody has the other end of
/// standard input any more. What it leaves behind is one folder, taken away with it.
const KEEPER: &str = r#"
"$@" & server=$!
read -r word
if [ "$word" = wait ]; then wait $server; exit; fi
kill -QUIT $server 2>/dev/null; wait $server; rm -rf "$FOLDER""#;

/// A server of `PostgreSQL` that runs until this is dropped.
#[derive(Debug)]
pub struct Postgres {
    folder: PathBuf,
    port: u16,
    keeper: Option<Child>,
    settings: Vec<String>,
    databases: AtomicU32,
}

impl Postgres {
    /// Starts one with an empty cluster. `settings` are lines of its configuration, such as
    /// `wal_level = replica`.
    pub fn start(settings: &[&str]) -> Self {
        Self::begin(None, settings)
    }

    /// The same with its write-ahead log in a folder of its own, which is made.
    pub fn logging_to(log: &Path, settings: &[&str]) -> Self {
        Self::begin(Some(log), settings)
    }

    fn begin(log: Option<&Path>, settings: &[&str]) -> Self {
        let folder = TempDir::new().expect("a temporary folder").keep();
        own(&folder);
        let mut init = as_somebody("initdb");
        init.args(log.map(|log| format!("--waldir={}", log.display())));
        init.args(["--username", USER, "--auth", "trust", "--encoding", "UTF8", "--locale", "C"])
            .args(["--no-instructions", "--no-sync", "-D"])
            .arg(folder.join("data"));
        done(&mut init);
        let mut server = Self::in_folder(folder, settings);
        server.up();
        server
    }

    /// A standby that follows `primary`, with the same settings and `settings` besides.
    pub fn standby_of(primary: &Self, settings: &[&str]) -> Self {
        let folder = TempDir::new().expect("a temporary folder").keep();
        own(&folder);
        let mut copy = as_somebody("pg_basebackup");
        copy.args(["-h", "127.0.0.1", "-U", USER, "-p", &primary.port.to_string()])
            .args(["--checkpoint=fast", "--write-recovery-conf", "--no-sync", "-D"])
            .arg(folder.join("data"));
        done(&mut copy);
        let mut server = Self::in_folder(folder, settings);
        server.up();
        server
    }

    fn in_folder(folder: PathBuf, settings: &[&str]) -> Self {
        let settings = settings.iter().map(|line| (*line).to_owned()).collect();
        Self { folder, port: free_port(), keeper: None, settings, databases: AtomicU32::new(0) }
    }

    /// The port on 127.0.0.1.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Where it keeps everything.
    pub fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// The address of one of its databases.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://{USER}@127.0.0.1:{}/{database}", self.port)
    }

    /// The address of a database that nobody has used yet.
    pub fn database(&self) -> String {
        let name = format!("t{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.sql("postgres", &format!("CREATE DATABASE {name}"));
        self.url(&name)
    }

    /// What `psql` answers, without heads and lines.
    pub fn sql(&self, database: &str, sql: &str) -> String {
        match self.try_sql(database, sql) {
            Ok(answer) => answer,
            Err(problem) => panic!("{sql}: {problem}"),
        }
    }

    /// The same, or what it complains about.
    pub fn try_sql(&self, database: &str, sql: &str) -> Result<String, String> {
        let mut psql = Command::new(program("psql"));
        psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql])
            .arg(self.url(database));
        let output = psql.output().map_err(|error| error.to_string())?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
    }

    /// The process that all others of the server come from.
    pub fn pid(&self) -> u32 {
        let path = self.data().join("postmaster.pid");
        let text = fs::read_to_string(path).unwrap_or_default();
        let pid = text.lines().next().and_then(|line| line.trim().parse().ok());
        pid.unwrap_or_else(|| panic!("the server does not run:\n{}", self.log()))
    }

    /// `kill -9` of the server with all of its processes, as a machine ends that loses power; what it had
    /// on its disk is left.
    pub fn crash(&mut self) {
        let pid = self.pid();
        // The others end as soon as they see that the first is gone; some sooner than they may answer.
        done(Command::new("kill").args(["-STOP", &pid.to_string()]));
        let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
        for child in children.unwrap_or_default().split_whitespace() {
            // One that ended by itself meanwhile is as good.
            let _ = Command::new("kill").args(["-9", child]).stderr(Stdio::null()).status();
        }
        done(Command::new("kill").args(["-9", &pid.to_string()]));
        self.reap();
    }

    /// Ends it in order; every connection is cut.
    pub fn stop(&mut self) {
        done(Command::new("kill").args(["-INT", &self.pid().to_string()]));
        self.reap();
    }

    /// Makes a standby a primary.
    pub fn promote(&self) {
        assert_eq!(self.sql("postgres", "SELECT pg_promote()"), "t", "{}", self.log());
    }

    /// Starts it again on the same port, after [`Self::crash`] or [`Self::stop`].
    pub fn up(&mut self) {
        let deadline = Instant::now() + SOON;
        self.launch();
        while self.try_sql("postgres", "SELECT 1").is_err() {
            assert!(Instant::now() < deadline, "the server does not start:\n{}", self.log());
            let ended = |keeper: &mut Child| matches!(keeper.try_wait(), Ok(Some(_)));
            let ended = self.keeper.as_mut().is_some_and(ended);
            assert!(!ended, "the server ended:\n{}", self.log());
            sleep(Duration::from_millis(50));
        }
    }

    /// Starts it again where it has ended by itself, once it can, and waits until it answers.
    pub fn revive(&mut self) {
        let deadline = Instant::now() + SOON;
        while self.try_sql("postgres", "SELECT 1").is_err() {
            assert!(Instant::now() < deadline, "the server does not come up:\n{}", self.log());
            if !self.runs() {
                self.reap();
                return self.up();
            }
            sleep(Duration::from_millis(50));
        }
    }

    fn runs(&self) -> bool {
        let text = fs::read_to_string(self.data().join("postmaster.pid")).unwrap_or_default();
        let pid = text.lines().next().unwrap_or_default().trim();
        !pid.is_empty() && Path::new("/proc").join(pid).exists()
    }

    fn launch(&mut self) {
        let log = fs::OpenOptions::new().create(true).append(true).open(self.folder.join("log"));
        let log = log.expect("a log");
        let server = as_somebody("postgres");
        let mut keeper = Command::new("sh");
        keeper
            .args(["-c", KEEPER, "keeper"])
            .arg(server.get_program())
            .args(server.get_args())
            .arg("-D")
            .arg(self.data())
            .args(["-p", &self.port.to_string(), "-c", "listen_addresses=127.0.0.1"])
            .arg("-c")
            .arg(format!("unix_socket_directories={}", self.folder.display()))
            .args(["-c", "shared_buffers=32MB", "-c", "max_connections=60"]);
        for setting in &self.settings {
            keeper.args(["-c", setting]);
        }
        keeper.env("FOLDER", &self.folder).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(log);
        self.keeper = Some(keeper.spawn().expect("the server"));
    }

    /// Waits until the server is gone, and leaves its folder.
    fn reap(&mut self) {
        if let Some(mut keeper) = self.keeper.take() {
            let told = keeper.stdin.take().map(|mut stdin| stdin.write_all(b"wait\n"));
            told.expect("a keeper").expect("a keeper that listens");
            keeper.wait().expect("the keeper");
        }
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        match self.keeper.take() {
            Some(mut keeper) => {
                drop(keeper.stdin.take());
                let _ = keeper.wait();
            }
            None => drop(fs::remove_dir_all(&self.folder)),
        }
    }
}

impl fmt::Display for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "127.0.0.1:{}", self.port)
    }
}

/// A program of the server's, run by somebody who is not root: it refuses to run as root.
fn as_somebody(name: &str) -> Command {
    if !is_root() {
        return Command::new(program(name));
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=nobody", "--regid=nogroup", "--clear-groups", "--"]).arg(program(name));
    command
}

/// Gives a folder or a file to whoever the server runs as.
pub fn own(path: &Path) {
    if is_root() {
        done(Command::new("chown").arg("nobody:nogroup").arg(path));
    }
}

fn is_root() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().any(|line| line.starts_with("Uid:\t0\t"))
}

/// Debian has each version in a folder of its own, which is in nobody's `PATH`.
fn program(name: &str) -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let number = |path: &PathBuf| path.file_name()?.to_str()?.parse::<u32>().ok();
    let newest = versions.map(|entry| entry.path()).max_by_key(number);
    let inside = newest.map(|version| version.join("bin").join(name)).filter(|path| path.exists());
    inside.unwrap_or_else(|| PathBuf::from(name))
}

fn done(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output();
    match output {
        Ok(output) if output.status.success() => {}
        Ok(output) => panic!("{command:?}: {}", String::from_utf8_lossy(&output.stderr)),
        Err(error) => panic!("{command:?} (install the package postgresql): {error}"),
    }
}
