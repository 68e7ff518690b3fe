use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use hyper::{Request, Response, body::Incoming, client::conn::http1, header::HOST};
use hyper_util::rt::TokioIo;
use tokio::{
    net::TcpStream,
    time::{Instant, timeout},
};

use crate::{
    Plan,
    count::{Counter, End, Outcome},
};

type Sender = http1::SendRequest<Empty<Bytes>>;

/// Connections to one address, kept alive.
pub(crate) struct Client {
    plan: Plan,
    host: String,
    idle: Mutex<Vec<Sender>>,
}

impl Client {
    pub(crate) fn new(plan: &Plan) -> Self {
        let host = plan.address.to_string();
        Self { plan: plan.clone(), host, idle: Mutex::new(Vec::new()) }
    }

    /// Sends one request and counts what becomes of it.
    pub(crate) async fn send_one(&self, counter: &Counter) {
        let begin = Instant::now();
        match timeout(self.plan.timeout, self.exchange()).await {
            Ok(Ok((outcome, version))) => counter.answered(&version, outcome, begin.elapsed()),
            Ok(Err(problem)) => counter.lost(&End::Broken(problem), begin.elapsed()),
            Err(_) => counter.lost(&End::Late(self.plan.timeout), begin.elapsed()),
        }
    }

    async fn exchange(&self) -> Result<(Outcome, String), String> {
        let (sender, answer) = self.send().await?;
        let outcome = outcome(&answer);
        let version = answer.headers().get(self.plan.version_header);
        let version = version.and_then(|value| value.to_str().ok()).unwrap_or("").to_owned();
        let closing = answer.headers().get("connection").is_some_and(|value| value == "close");
        answer.into_body().collect().await.map_err(|problem| describe(&problem))?;
        if !closing {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(sender);
        }
        Ok((outcome, version))
    }

    /// Sends a request on a connection that takes it. One that was just being closed for its idle time
    /// has carried nothing, so another one is taken, as every client does.
    async fn send(&self) -> Result<(Sender, Response<Incoming>), String> {
        loop {
            let mut sender = self.connection().await?;
            let request = Request::get(&self.plan.path)
                .header(HOST, &self.host)
                .body(Empty::new())
                .map_err(|problem| problem.to_string())?;
            match sender.send_request(request).await {
                Ok(answer) => return Ok((sender, answer)),
                Err(problem) if problem.is_canceled() => {}
                Err(problem) => return Err(describe(&problem)),
            }
        }
    }

    async fn connection(&self) -> Result<Sender, String> {
        loop {
            let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            match idle {
                Some(mut sender) if !sender.is_closed() => {
                    if sender.ready().await.is_ok() {
                        return Ok(sender);
                    }
                }
                Some(_) => {}
                None => return self.connect().await,
            }
        }
    }

    async fn connect(&self) -> Result<Sender, String> {
        let stream = TcpStream::connect(self.plan.address)
            .await
            .map_err(|problem| format!("no connection: {problem}"))?;
        stream.set_nodelay(true).map_err(|problem| problem.to_string())?;
        let (sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|problem| describe(&problem))?;
        tokio::spawn(async move { drop(connection.await) });
        Ok(sender)
    }
}

fn outcome(answer: &Response<Incoming>) -> Outcome {
    if let Some(why) = answer.headers().get("x-tidegate-error") {
        Outcome::RouterFailed(String::from_utf8_lossy(why.as_bytes()).into_owned())
    } else if answer.status().is_server_error() {
        Outcome::ServiceFailed
    } else {
        Outcome::Good
    }
}

fn describe(problem: &hyper::Error) -> String {
    use std::error::Error as _;
    problem.source().map_or_else(|| problem.to_string(), |source| format!("{problem}: {source}"))
}
