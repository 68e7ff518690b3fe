use std::{
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use tidegate_testkit::ports::free_address;

/// The program of Debian's package, ended when it is dropped.
pub struct Prometheus {
    child: Child,
    address: SocketAddr,
}

impl Prometheus {
    /// Prometheus with its data in `folder`, which scrapes `target` every second.
    pub fn start(folder: &Path, target: SocketAddr) -> anyhow::Result<Self> {
        let folder = folder.join("prometheus");
        std::fs::create_dir(&folder)?;
        let config = format!(
            "global: {{scrape_interval: 1s, scrape_timeout: 1s}}\n\
             scrape_configs:\n- job_name: tidegate\n  static_configs: [{{targets: [\"{target}\"]}}]\n"
        );
        std::fs::write(folder.join("prometheus.yml"), config)?;
        let log = std::fs::File::create(folder.join("log"))?;
        let address = free_address();
        let child = Command::new("prometheus")
            .arg(format!("--config.file={}", folder.join("prometheus.yml").display()))
            .arg(format!("--storage.tsdb.path={}", folder.join("data").display()))
            .arg(format!("--web.listen-address={address}"))
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .context("prometheus, which `cargo xtask test` installs")?;
        let started = Self { child, address };
        // It begins to scrape five seconds after it began to listen.
        let begin = Instant::now();
        while !started.has_scraped()? {
            ensure!(begin.elapsed() < Duration::from_secs(30), "prometheus does not scrape");
            std::thread::sleep(Duration::from_millis(200));
        }
        Ok(started)
    }

    /// Where it answers.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    fn has_scraped(&self) -> anyhow::Result<bool> {
        let url = format!("http://{}/api/v1/query?query=up==1", self.address);
        let answer = Command::new("curl").args(["-s", "--max-time", "5", &url]).output()?;
        Ok(String::from_utf8_lossy(&answer.stdout).contains("\"value\""))
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
