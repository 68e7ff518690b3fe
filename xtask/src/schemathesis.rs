//! Schemathesis asks a real server everything that its `OpenAPI` says it can be asked.

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};

use crate::shell::{output, root, run, target};

/// What Schemathesis looks at in each answer. Whether a request that its schema allows makes sense is left out: a text
/// can be no query of `PromQL`, and a number belong to no revision.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,\
                      response_schema_conformance,negative_data_rejection,unsupported_method,allow_header_conformance,\
                      ignored_auth";

/// Watches never end by themselves; the tests of the API read them.
const ENDLESS: &str = "^watch";

/// A run that takes longer hangs: the longest has some 1,500 requests, which are a minute's work, and several where much
/// else runs beside it.
const TIME_LIMIT: Duration = Duration::from_mins(5);

/// Asks a server as an admin, as one who may only look, and as nobody.
pub(crate) fn check() -> Result<()> {
    let program = install()?;
    let server = Server::start()?;
    let admin = fs::read_to_string(server.data.join("token"))?;
    let (admin, viewer) = (admin.trim(), server.viewer()?);
    let there = root().join("xtask/schemathesis/web.toml");
    let there = there.to_str().context("the path of the repository is not UTF-8")?;
    // What takes things away comes last, so that they are there for all else.
    let ask = |what: &str, token: Option<&str>, more: &[&str]| {
        eprintln!("-- {what}");
        server.ask(&program, token, more).with_context(|| what.to_owned())
    };
    let outcomes = [
        ask("a viewer", Some(&viewer), &["run", "--phases", "examples,fuzzing", "-n", "2"]),
        ask("nobody", None, &["run", "--phases", "examples"]),
        ask(
            "an admin, of what is there",
            Some(admin),
            &[
                "--config-file",
                there,
                "run",
                "--phases",
                "fuzzing",
                "-n",
                "5",
                "--exclude-method",
                "DELETE",
                "--include-path-regex",
                "/rollouts/",
            ],
        ),
        ask("an admin", Some(admin), &["run", "--phases", "examples,coverage,fuzzing", "-n", "3"]),
    ];
    let failed: Vec<_> = outcomes.into_iter().filter_map(Result::err).collect();
    let told = failed.iter().map(|error| format!("{error:#}")).collect::<Vec<_>>();
    if told.is_empty() { Ok(()) } else { bail!("{}", told.join("; ")) }
}

/// Schemathesis and all that it needs in versions that are written down, in a folder below the target.
fn install() -> Result<PathBuf> {
    let wanted = root().join("xtask/schemathesis/requirements.txt");
    let folder = target().join("schemathesis");
    let (program, known) = (folder.join("bin/schemathesis"), folder.join("requirements.txt"));
    let text = fs::read(&wanted).context("what Schemathesis needs is not written down")?;
    if program.is_file() && fs::read(&known).is_ok_and(|known| known == text) {
        return Ok(program);
    }
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))
        .context("Schemathesis needs Python 3.10 or later with `venv`")?;
    let mut pip = Command::new(folder.join("bin/pip"));
    pip.args(["install", "--quiet", "--disable-pip-version-check", "--requirement"]).arg(&wanted);
    run(&mut pip).context("Schemathesis could not be installed from PyPI")?;
    fs::write(&known, text)?;
    Ok(program)
}

/// A server with a release on its way; it is taken down with all that it runs.
struct Server {
    data: PathBuf,
    address: String,
    tidegate: PathBuf,
    child: Child,
}

impl Server {
    fn start() -> Result<Self> {
        let data = target().join("schemathesis-data");
        if data.exists() {
            fs::remove_dir_all(&data)?;
        }
        fs::create_dir_all(&data)?;
        let tidegate = target().join("debug/tidegate");
        let free = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let log = fs::File::create(data.with_extension("log"))?;
        let child = Command::new(&tidegate)
            .arg("server")
            .arg("--data")
            .arg(&data)
            .args(["--listen", &free.to_string(), "--metrics-with-token"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .context("cannot start tidegate; `cargo build --workspace --bins` builds it")?;
        let server = Self { data, address: free.to_string(), tidegate, child };
        server.furnish()?;
        Ok(server)
    }

    /// Waits until it answers, and begins a release.
    fn furnish(&self) -> Result<()> {
        let begun = Instant::now();
        while !(self.data.join("server.json").is_file() && self.said(&["get", "rollouts"]).is_ok())
        {
            if begun.elapsed() > Duration::from_secs(30) {
                bail!("the server did not begin to answer within 30 s");
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        let house = fs::read_to_string(root().join("xtask/schemathesis/house.yaml"))?;
        let sample = target().join("debug/tidegate-sample");
        let file = self.data.with_extension("yaml");
        fs::write(&file, house.replace("SAMPLE", &sample.to_string_lossy()))?;
        self.said(&["apply", "-f", &file.to_string_lossy()])?;
        self.said(&["rollout", "status", "web", "--timeout", "60s"])?;
        self.said(&["rollout", "set-image", "web", "web=sample:v2"])?;
        Ok(())
    }

    /// What a command of the server's owner prints.
    fn said(&self, words: &[&str]) -> Result<String> {
        output(Command::new(&self.tidegate).args(words).arg("--data").arg(&self.data))
    }

    /// The token of somebody who may only look.
    fn viewer(&self) -> Result<String> {
        self.said(&["access", "user", "add", "vera"])?;
        self.said(&["access", "bind", "viewer", "--account", "vera"])?;
        let told = self.said(&["access", "token", "create", "vera"])?;
        let token = told.split_whitespace().find(|word| word.starts_with("tg"));
        Ok(token.with_context(|| format!("no token in {told:?}"))?.to_owned())
    }

    fn ask(&self, program: &Path, token: Option<&str>, words: &[&str]) -> Result<()> {
        let mut command = Command::new(program);
        command.args(words).arg(format!("http://{}/v1/openapi.json", self.address));
        command.args(["--exclude-operation-id-regex", ENDLESS, "--checks", CHECKS]);
        // The same requests each time, but for what depends on what was answered.
        command.args(["--seed", "6", "--request-timeout", "15", "--suppress-health-check", "all"]);
        command.args(["--continue-on-failure", "--warnings", "off", "--no-shrink"]);
        command.args(token.map(|token| format!("--header=Authorization: Bearer {token}")));
        // It keeps what it found where it runs.
        let mut child = command.current_dir(&self.data).spawn()?;
        let begun = Instant::now();
        loop {
            match child.try_wait()? {
                Some(status) if status.success() => return Ok(()),
                Some(status) => bail!("Schemathesis ended with {status}"),
                None if begun.elapsed() > TIME_LIMIT => {
                    child.kill()?;
                    child.wait()?;
                    bail!("Schemathesis did not end within {} s", TIME_LIMIT.as_secs());
                }
                None => std::thread::sleep(Duration::from_millis(100)),
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.said(&["down"]);
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
