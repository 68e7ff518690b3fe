//! What the real Prometheus makes of a scrape.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use tempfile::TempDir;
use tidegate_series::{Part, Standing};
use tidegate_testkit::ports::free_address;
use tidegate_traffic::TrafficReading;
use tidegate_units::{ObjectKey, Owner, RevisionHash, Timestamp};

use crate::house::House;

/// The program of Debian's package, ended with the test.
struct Prometheus {
    child: Child,
    address: SocketAddr,
    _folder: TempDir,
}

impl Prometheus {
    /// Prometheus, which scrapes `target` every second.
    fn start(target: SocketAddr) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let config = format!(
            "global: {{scrape_interval: 1s, scrape_timeout: 1s}}\n\
             scrape_configs:\n- job_name: tidegate\n  static_configs: [{{targets: [\"{target}\"]}}]\n"
        );
        std::fs::write(at("prometheus.yml"), config).unwrap();
        let address = free_address();
        let child = Command::new("prometheus")
            .arg(format!("--config.file={}", at("prometheus.yml").display()))
            .arg(format!("--storage.tsdb.path={}", at("data").display()))
            .arg(format!("--web.listen-address={address}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| {
                panic!("prometheus, which `cargo xtask test` installs: {error}")
            });
        Self { child, address, _folder: folder }
    }

    fn get(&self, path: &str) -> String {
        let mut reply = String::new();
        let Ok(mut stream) = TcpStream::connect(self.address) else { return reply };
        let request = format!("GET {path} HTTP/1.0\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        drop(stream.read_to_string(&mut reply));
        reply
    }

    /// What it answers to a query, by value, once it has scraped.
    fn after_a_scrape(&self, query: &str) -> String {
        let encoded: String = url::form_urlencoded::byte_serialize(query.as_bytes()).collect();
        let begin = Instant::now();
        while !self.get("/api/v1/query?query=up==1").contains("\"value\"") {
            assert!(begin.elapsed() < Duration::from_mins(1), "prometheus does not scrape");
            std::thread::sleep(Duration::from_millis(100));
        }
        self.get(&format!("/api/v1/query?query={encoded}"))
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Revision `new` answers beside `old`, and after ten seconds in its place.
fn promote(house: &House) {
    let owner = Owner::rollout(&ObjectKey::new("default", "web"));
    let mut reading = TrafficReading::default();
    for second in 0..20 {
        reading.at = Timestamp::from_millis(1_700_000_000_000 + second * 1000);
        let standing = |_: &_, revision: &RevisionHash| {
            let is_canary = revision.as_str() == "new" && second <= 10;
            let service = if is_canary { "web-canary" } else { "web-stable" };
            Standing {
                part: if is_canary { Part::Canary } else { Part::Stable },
                listener: Some(ObjectKey::new("default", "web")),
                service: Some((ObjectKey::new("default", service), 80)),
            }
        };
        house.recorder.history().record(&Arc::new(reading.clone()), standing);
        for name in ["old", "new"] {
            let revisions = reading.revisions.entry(owner.clone()).or_default();
            let total = &mut revisions.entry(name.into()).or_default().total;
            total.requests += 10;
            total.by_code.record(200, 10);
            for _ in 0..10 {
                total.latency.record(20_000);
            }
        }
    }
}

/// What Traefik counts of a Service is of every revision that stood behind it: of a series that a scrape
/// has twice, Prometheus would keep the one or the other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_prometheus_finds_each_series_once_in_a_scrape_after_a_promotion() {
    let house = House::build().await;
    promote(&house);
    let prometheus = Prometheus::start(house.address);
    let query = "traefik_service_requests_total{service=~\"default-web-stable-.*\",code=\"200\"}";
    let answer = tokio::task::spawn_blocking(move || prometheus.after_a_scrape(query)).await;
    let answer = answer.unwrap();
    assert_eq!(answer.matches("\"value\"").count(), 1, "{answer}");
    // 190 of the old one, and 90 of the new one since it stands there.
    assert!(answer.contains(",\"280\"]"), "{answer}");
}
