//! A container engine for tests: Debian's Podman, on a socket and a storage of their own.
#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a fixture fails its test by panicking"
)]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{ChildStdin, Command, Output, Stdio},
    sync::OnceLock,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::ports::free_port;

/// An engine, ended by its keeper when the tests have ended, however they did.
#[derive(Debug)]
pub struct Podman {
    folder: PathBuf,
    /// Where registries listen, which the engine is to trust without TLS.
    pub registry_ports: [u16; 4],
    _keeper: ChildStdin,
}

/// Runs the engine until its input ends, which is when the tests have.
const KEEPER: &str = r#"
set -u
folder=$1; shift
"$@" system service --time 0 "unix://$folder/engine.sock" >"$folder/service.log" 2>&1 &
service=$!
cat >/dev/null
"$@" rm -fa -t 0 >/dev/null 2>&1
kill "$service"; wait "$service"
rm -rf "$folder"
"#;

impl Podman {
    /// The engine that all tests of one program share.
    pub fn shared() -> &'static Self {
        static PODMAN: OnceLock<Podman> = OnceLock::new();
        PODMAN.get_or_init(Self::start)
    }

    fn start() -> Self {
        let folder = TempDir::with_prefix("tidegate-podman-").unwrap().keep();
        let registry_ports = [(); 4].map(|()| free_port());
        fs::write(folder.join("containers.conf"), CONTAINERS_CONF).unwrap();
        fs::write(folder.join("auth.json"), "{}").unwrap();
        let trusted = registry_ports.map(|port| {
            format!("[[registry]]\nlocation = \"127.0.0.1:{port}\"\ninsecure = true\n")
        });
        fs::write(folder.join("registries.conf"), trusted.concat()).unwrap();
        let mut keeper = Command::new("sh");
        keeper.args(["-c", KEEPER, "keeper"]).arg(&folder).args(arguments(&folder));
        let started = environment(&mut keeper, &folder).stdin(Stdio::piped()).spawn();
        // It outlives the tests by a moment, and is then waited for by whoever adopts it.
        let input = started.unwrap().stdin.take().unwrap();
        let podman = Self { folder, registry_ports, _keeper: input };
        podman.wait();
        podman
    }

    fn wait(&self) {
        let deadline = Instant::now() + Duration::from_secs(30);
        while std::os::unix::net::UnixStream::connect(self.socket()).is_err() {
            let log = fs::read_to_string(self.folder.join("service.log")).unwrap_or_default();
            assert!(
                Instant::now() < deadline && !log.contains("not found"),
                "podman does not serve its API; install it: apt-get install podman runc\n{log}"
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Where it answers.
    pub fn socket(&self) -> PathBuf {
        self.folder.join("engine.sock")
    }

    /// Makes an image of programs of this machine, each with the path that it has inside, and of
    /// the libraries that they need. `changes` are lines of a Containerfile.
    pub fn import(&self, name: &str, programs: &[(&Path, &str)], changes: &[&str]) {
        let root = TempDir::with_prefix("tidegate-image-").unwrap();
        for (program, inside) in programs {
            copy(program, root.path(), Path::new(inside));
            for library in libraries(program) {
                copy(&library, root.path(), &library);
            }
        }
        let archive = root.path().with_extension("tar");
        let packed = Command::new("tar")
            .arg("-C")
            .arg(root.path())
            .arg("-cf")
            .args([archive.as_path(), Path::new(".")])
            .output()
            .unwrap();
        assert!(packed.status.success(), "{packed:?}");
        let mut args = vec!["import".to_owned()];
        for change in changes {
            args.extend(["--change".to_owned(), (*change).to_owned()]);
        }
        args.extend([archive.display().to_string(), name.to_owned()]);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        self.must(&args);
        fs::remove_file(archive).unwrap();
    }

    /// Runs the command line of the same engine.
    pub fn run(&self, args: &[&str]) -> Output {
        let own = arguments(&self.folder);
        let (program, own) = own.split_first().unwrap();
        let mut command = Command::new(program);
        environment(command.args(own).args(args), &self.folder).output().unwrap()
    }

    /// What it says, or the end of the test.
    pub fn must(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert!(output.status.success(), "podman {args:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }
}

/// This machine may have no systemd, and limits below those that Podman asks for by itself. Both
/// numbers of each are the same because Podman 4.3 takes one for the other.
const CONTAINERS_CONF: &str = r#"
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1000:1000"]
log_driver = "k8s-file"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
lock_type = "file"
runtime = "runc"
"#;

fn arguments(folder: &Path) -> Vec<String> {
    let path = |name: &str| folder.join(name).display().to_string();
    [
        "podman",
        "--root",
        &path("storage"),
        "--runroot",
        &path("run"),
        "--tmpdir",
        &path("tmp"),
        "--storage-driver",
        "vfs",
    ]
    .map(str::to_owned)
    .into()
}

fn environment<'a>(command: &'a mut Command, folder: &Path) -> &'a mut Command {
    command
        .env("CONTAINERS_CONF", folder.join("containers.conf"))
        .env("CONTAINERS_REGISTRIES_CONF", folder.join("registries.conf"))
        // Nobody's credentials but the tests' own.
        .env("REGISTRY_AUTH_FILE", folder.join("auth.json"))
}

fn copy(from: &Path, root: &Path, inside: &Path) {
    let to = root.join(inside.strip_prefix("/").unwrap());
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    fs::copy(from, to).unwrap();
}

/// The libraries that the linker of this machine finds for a program.
fn libraries(program: &Path) -> Vec<PathBuf> {
    let listed = Command::new("ldd").arg(program).output().unwrap();
    let text = String::from_utf8(listed.stdout).unwrap();
    text.split_whitespace().filter(|word| word.starts_with('/')).map(PathBuf::from).collect()
}
