//! A server with nothing real behind it, and a client that says what it wants byte by byte.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use http_body_util::{BodyExt as _, Full};
use hyper::{
    HeaderMap, Method, Request, StatusCode,
    body::{Bytes, Incoming},
    client::conn::http1,
};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tidegate_api::{
    Limits, Listener, Metrics, MetricsAccess, Options, Reach, Token, listen, serve,
};
use tidegate_controller::{ControlPlane, Pace, Ports, RolloutView};
use tidegate_series::Recorder;
use tidegate_testkit::{
    FakeJobs, FakeMetrics, FakeRouter, FakeRuntime, MemoryStore, Says, TokioClock,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
    time::Instant,
};

pub(crate) const TOKEN: &str = "5f1d0c2b3a495867768594a3b2c1d0e05f1d0c2b3a495867768594a3b2c1d0e0";

pub(crate) struct House {
    pub(crate) address: SocketAddr,
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) recorder: Arc<Recorder>,
    stop: Option<oneshot::Sender<()>>,
    server: JoinHandle<()>,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// That it is a problem of this status whose text and hint contain these.
    #[track_caller]
    pub(crate) fn refused(&self, status: u16, detail: &str, hint: &str) {
        assert_eq!(self.status, status, "{}", self.text());
        assert_eq!(self.headers["content-type"], "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["status"], status);
        let found = |member: &str| problem[member].as_str().unwrap_or_default().to_owned();
        assert!(found("type").starts_with("urn:tidegate:problem:"), "{problem}");
        assert!(found("detail").contains(detail), "{problem}");
        assert!(found("hint").contains(hint), "{problem}");
    }
}

impl House {
    pub(crate) async fn build() -> Self {
        Self::with_access(MetricsAccess::Open).await
    }

    pub(crate) async fn with_access(access: MetricsAccess) -> Self {
        Self::with(|options| options.metrics.access = access).await
    }

    /// A server with other options.
    pub(crate) async fn with(change: impl FnOnce(&mut Options)) -> Self {
        Self::over(Arc::default(), change).await
    }

    /// The next server on what this one has stored.
    pub(crate) async fn next(&self) -> Self {
        Self::over(Arc::clone(&self.store), |_| {}).await
    }

    /// A server whose connections come in another way, and where.
    pub(crate) async fn at<L: Listener + Send + Sync + 'static>(
        through: impl FnOnce(TcpListener) -> L,
        limits: Limits,
    ) -> (Self, SocketAddr) {
        let house =
            Self::listening(Arc::default(), through, |options| options.limits = limits).await;
        let address = house.address;
        (house, address)
    }

    /// A server over what another one has left.
    pub(crate) async fn over(store: Arc<MemoryStore>, change: impl FnOnce(&mut Options)) -> Self {
        Self::listening(store, |listener| listener, change).await
    }

    async fn listening<L: Listener + Send + Sync + 'static>(
        store: Arc<MemoryStore>,
        through: impl FnOnce(TcpListener) -> L,
        change: impl FnOnce(&mut Options),
    ) -> Self {
        let clock = TokioClock::new();
        let ports = Ports {
            clock: Arc::new(clock),
            runtime: Arc::new(FakeRuntime::new(clock, Duration::from_millis(20))),
            router: Arc::new(FakeRouter::new(clock, 100.0)),
            store: Arc::clone(&store) as _,
            metrics: Arc::new(FakeMetrics::new(Says::Number(1.0))),
            jobs: Arc::new(FakeJobs::default()),
        };
        let control = ControlPlane::start(ports, Pace::default()).await.unwrap();
        let recorder = Arc::new(Recorder::default());
        let listener = listen(([127, 0, 0, 1], 0).into(), Reach::ThisMachine).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let metrics = Metrics { recorder: Arc::clone(&recorder), access: MetricsAccess::Open };
        let mut options = Options::new(Token::new(TOKEN).unwrap(), metrics, Arc::new(clock));
        change(&mut options);
        let stop_it = async { drop(stopped.await) };
        let server = tokio::spawn(serve(through(listener), control, options, stop_it));
        Self { address, store, recorder, stop: Some(stop), server }
    }

    /// The same with `web` released in one revision.
    pub(crate) async fn with_web() -> Self {
        let house = Self::build().await;
        let answer = house.apply(&format!("{SERVICE}---\n{}", rollout("v1"))).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        house.until(|view| view["report"]["phase"] == "Healthy").await;
        house
    }

    /// Tells the server to stop and waits until it has.
    pub(crate) async fn end(&mut self) {
        drop(self.stop.take());
        tokio::time::timeout(Duration::from_secs(10), &mut self.server).await.unwrap().unwrap();
    }

    pub(crate) async fn apply(&self, text: &str) -> Answer {
        self.ask(Method::POST, "/v1/apply?file=web.yaml", text).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, "").await
    }

    pub(crate) async fn act(&self, action: &str, body: &str) -> Answer {
        let path = format!("/v1/namespaces/default/rollouts/web/{action}");
        self.ask(Method::POST, &path, body).await
    }

    pub(crate) async fn ask(&self, method: Method, path: &str, body: &str) -> Answer {
        let bearer = format!("Bearer {TOKEN}");
        let headers = [("authorization", bearer.as_str()), ("tidegate-user", "ada")];
        self.ask_with(method, path, &headers, body).await
    }

    pub(crate) async fn ask_with(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let response = self.begin(method, path, headers, body).await;
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    pub(crate) async fn begin(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> hyper::Response<Incoming> {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let mut request = Request::builder().method(method).uri(path);
        let names_host = headers.iter().any(|(name, _)| *name == "host");
        let host = (!names_host).then_some(("host", "localhost"));
        for (name, value) in headers.iter().chain(&host) {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(Bytes::from(body.to_owned()))).unwrap();
        sender.send_request(request).await.unwrap()
    }

    /// Waits for something to hold of `web`.
    pub(crate) async fn until(&self, holds: impl Fn(&Value) -> bool) -> RolloutView {
        let begin = Instant::now();
        loop {
            let answer = self.get("/v1/namespaces/default/rollouts/web/view").await;
            let view = answer.json();
            if holds(&view) {
                return serde_json::from_value(view).unwrap();
            }
            assert!(begin.elapsed() < Duration::from_secs(20), "{view:#}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

pub(crate) const SERVICE: &str = r"apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  selector: {app: web}
  ports:
  - port: 80
    targetPort: 8080
";

pub(crate) fn rollout(version: &str) -> String {
    format!(
        r"apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata:
  name: web
  labels: {{team: shop}}
spec:
  replicas: 2
  selector:
    matchLabels: {{app: web}}
  strategy:
    canary:
      trafficRouting:
        plugins:
          tidegate/router: {{}}
      steps:
      - setWeight: 10
      - pause: {{}}
  template:
    metadata:
      labels: {{app: web}}
    spec:
      containers:
      - name: web
        image: web:{version}
        ports:
        - containerPort: 8080
"
    )
}
