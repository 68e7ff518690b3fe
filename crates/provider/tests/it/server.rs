//! A server that answers as a test says, and remembers what it was asked.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
};

use http_body_util::{BodyExt as _, Full};
use hyper::{
    Request, Response, body::Bytes, body::Incoming, server::conn::http1, service::service_fn,
};
use hyper_util::rt::TokioIo;
use tidegate_http_client::Url;
use tokio::net::TcpListener;

/// What was asked: method, target, headers as lines, body.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<String>,
    pub(crate) body: String,
}

/// What is answered.
pub(crate) struct Told {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

pub(crate) fn json(status: u16, body: &serde_json::Value) -> Told {
    let headers = vec![("content-type", "application/json".to_owned())];
    Told { status, headers, body: body.to_string() }
}

pub(crate) struct Server {
    pub(crate) url: Url,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    /// All that was asked, in order.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

/// Serves until the test ends.
pub(crate) async fn serve(answer: impl Fn(&Asked) -> Told + Send + Sync + 'static) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let (answer, known) = (Arc::new(answer), Arc::clone(&asked));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (answer, known) = (Arc::clone(&answer), Arc::clone(&known));
            let service = service_fn(move |request| {
                let (answer, known) = (Arc::clone(&answer), Arc::clone(&known));
                async move {
                    let asked = read(request).await;
                    known.lock().unwrap().push(asked.clone());
                    Ok::<_, Infallible>(response(answer(&asked)))
                }
            });
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    Server { url, asked }
}

async fn read(request: Request<Incoming>) -> Asked {
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let line = |(name, value): (&hyper::header::HeaderName, &hyper::header::HeaderValue)| {
        format!("{name}: {}", value.to_str().unwrap())
    };
    Asked {
        method: head.method.to_string(),
        target: head.uri.to_string(),
        headers: head.headers.iter().map(line).collect(),
        body: String::from_utf8_lossy(&body).into_owned(),
    }
}

fn response(told: Told) -> Response<Full<Bytes>> {
    let mut response = Response::builder().status(told.status);
    for (name, value) in told.headers {
        response = response.header(name, value);
    }
    response.body(Full::new(told.body.into())).unwrap()
}
