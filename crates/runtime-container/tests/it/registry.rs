//! A registry for the tests: Debian's docker-registry.

use std::{
    fs,
    net::TcpStream,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use tempfile::TempDir;
use tidegate_testkit::podman::Podman;

/// Who may pull from a registry that asks: `ada` with `s3cret`, as bcrypt has it.
const HTPASSWD: &str = "ada:$2b$04$9EUubbGfTK./2T9NeCQNceM.FhupI6VLdYnoPaSxSMoAheD60Uj2a\n";

/// Whether a registry asks who is there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    Open,
    Guarded,
}

/// How many were started by the tests of this run.
static STARTED: AtomicUsize = AtomicUsize::new(0);

/// A registry, ended when it is dropped.
pub(crate) struct Registry {
    child: Child,
    port: u16,
    door: Door,
    folder: TempDir,
}

impl Registry {
    /// Starts one at a port of its own that the engine trusts.
    pub(crate) fn start(podman: &Podman, door: Door) -> Self {
        let folder = TempDir::with_prefix("tidegate-registry-").unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        let port = podman.registry_ports[STARTED.fetch_add(1, Ordering::Relaxed)];
        let mut config = format!(
            "version: 0.1\nlog: {{ level: error }}\nstorage: {{ filesystem: {{ rootdirectory: {} }} }}\n\
             http: {{ addr: \"127.0.0.1:{port}\" }}\n",
            path("data")
        );
        if door == Door::Guarded {
            fs::write(path("htpasswd"), HTPASSWD).unwrap();
            let auth =
                format!("auth: {{ htpasswd: {{ realm: test, path: {} }} }}\n", path("htpasswd"));
            config.push_str(&auth);
        }
        fs::write(path("config.yml"), config).unwrap();
        let log = fs::File::create(path("log")).unwrap();
        let child = Command::new("docker-registry")
            .args(["serve", &path("config.yml")])
            .stdout(Stdio::null())
            .stderr(log)
            .spawn();
        let child = match child {
            Ok(child) => child,
            Err(error) => panic!("install docker-registry: apt-get install it ({error})"),
        };
        let deadline = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let log = fs::read_to_string(path("log")).unwrap_or_default();
            assert!(Instant::now() < deadline, "docker-registry does not listen: {log}");
            std::thread::sleep(Duration::from_millis(50));
        }
        Self { child, port, door, folder }
    }

    /// The name of an image in it.
    pub(crate) fn name(&self, image: &str) -> String {
        format!("127.0.0.1:{}/{image}", self.port)
    }

    /// Puts an image of the engine into it.
    pub(crate) fn push(&self, podman: &Podman, from: &str, image: &str) {
        let to = format!("docker://{}", self.name(image));
        let mut args = vec!["push", "-q", "--tls-verify=false"];
        if self.door == Door::Guarded {
            args.extend(["--creds", "ada:s3cret"]);
        }
        args.extend([from, to.as_str()]);
        podman.must(&args);
    }
}

impl Registry {
    /// Changes what it gives out for an image, under the digest that it had, and says which.
    pub(crate) fn tamper(&self, image: &str, tag: &str) -> String {
        let data = self.folder.path().join("data/docker/registry/v2");
        let link = format!("repositories/{image}/_manifests/tags/{tag}/current/link");
        let digest = fs::read_to_string(data.join(link)).unwrap();
        let hash = digest.strip_prefix("sha256:").unwrap();
        let manifest = data.join(format!("blobs/sha256/{}/{hash}/data", &hash[..2]));
        let text = fs::read_to_string(&manifest).unwrap();
        fs::write(manifest, format!(" {text}")).unwrap();
        digest
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
