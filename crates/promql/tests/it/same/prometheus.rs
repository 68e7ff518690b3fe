//! The program of Debian's package, with series of which the test knows each sample.

use std::{
    net::{SocketAddr, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use tempfile::TempDir;
use tidegate_testkit::ports::free_address;

/// Ended with the test.
pub(super) struct Prometheus {
    pub(super) address: SocketAddr,
    child: Child,
    _folder: TempDir,
}

impl Prometheus {
    pub(super) fn with(open_metrics: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("series.txt"), open_metrics).unwrap();
        std::fs::write(at("prometheus.yml"), "global: {}\n").unwrap();
        let made = Command::new("promtool")
            .args(["tsdb", "create-blocks-from", "openmetrics"])
            .args([at("series.txt"), at("data")])
            .output()
            .unwrap_or_else(|error| panic!("promtool, which `cargo xtask test` installs: {error}"));
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let address = free_address();
        let child = start(folder.path(), address);
        let started = Self { address, child, _folder: folder };
        let begin = Instant::now();
        while !started.is_ready() {
            assert!(begin.elapsed() < Duration::from_secs(30), "prometheus does not start");
            std::thread::sleep(Duration::from_millis(50));
        }
        started
    }

    fn is_ready(&self) -> bool {
        use std::io::{Read as _, Write as _};
        let Ok(mut stream) = TcpStream::connect(self.address) else { return false };
        let mut reply = String::new();
        stream.write_all(b"GET /-/ready HTTP/1.0\r\n\r\n").unwrap();
        stream.read_to_string(&mut reply).is_ok() && reply.starts_with("HTTP/1.0 200")
    }
}

fn start(folder: &Path, address: SocketAddr) -> Child {
    Command::new("prometheus")
        .arg(format!("--config.file={}", folder.join("prometheus.yml").display()))
        .arg(format!("--storage.tsdb.path={}", folder.join("data").display()))
        // The series are of 2023.
        .arg("--storage.tsdb.retention.time=100y")
        .arg(format!("--web.listen-address={address}"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
