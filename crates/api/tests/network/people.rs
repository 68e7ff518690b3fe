//! Who asks the server for something, and who looks on.

use std::{sync::Arc, time::Duration};

use fastrand::Rng;
use http_body_util::{BodyExt as _, Full};
use hyper::{
    Method, Request, Response, StatusCode,
    body::{Bytes, Incoming},
    client::conn::http1,
};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::{
    task::JoinSet,
    time::{sleep, timeout},
};
use turmoil::net::TcpStream;

use crate::world::{PORT, TOKEN, TROUBLE, World};

/// How long anybody waits for an answer.
const PATIENCE: Duration = Duration::from_secs(8);
/// A watch that says nothing for so long is dead: it is to give a sign every 10 s.
const SILENCE: Duration = Duration::from_secs(25);
/// The last release of a life.
const LAST: &str = "web:last";

const ROLLOUT: &str = "/v1/namespaces/default/rollouts/web";

/// Releases and gives orders until there is no more trouble, and insists on an answer to each.
pub(crate) async fn person(world: Arc<World>, name: &'static str, seed: u64) -> turmoil::Result {
    let mut chance =
        Rng::with_seed(seed ^ u64::from(name.as_bytes().first().copied().unwrap_or(0)));
    let mut number = 0;
    while turmoil::sim_elapsed().unwrap_or_default() < TROUBLE {
        sleep(Duration::from_millis(chance.u64(100..5_000))).await;
        number += 1;
        let who = format!("{name}/{number}");
        let deed = match chance.u8(0..8) {
            0 | 1 => Deed::Apply(format!("web:{name}-{number}")),
            2 => Deed::Order("promote"),
            3 => Deed::Order("promote-full"),
            4 => Deed::Order("abort"),
            5 => Deed::Order("retry"),
            6 => Deed::Order("pause"),
            _ => Deed::Order("resume"),
        };
        insist(&world, &who, &deed, 3).await;
    }
    Ok(())
}

/// Once there is no more trouble: a release, which must get to all users.
pub(crate) async fn the_last(world: Arc<World>) -> turmoil::Result {
    sleep(TROUBLE + Duration::from_secs(20)).await;
    let deed = Deed::Apply(LAST.to_owned());
    let answered = insist(&world, "alan/0", &deed, 10).await;
    if answered != Some(StatusCode::OK) {
        return Err(format!("the last release was answered with {answered:?}").into());
    }
    for number in 1..100 {
        sleep(Duration::from_secs(1)).await;
        let Ok((_, body)) = ask("alan", Method::GET, &format!("{ROLLOUT}/view"), "").await else {
            continue;
        };
        let view: Value = serde_json::from_slice(&body)?;
        if has_ended(&view) {
            world.note("the last release has all users");
            return Ok(());
        }
        let order = match view["report"]["phase"].as_str() {
            Some("Paused") if view["status"]["pause"]["reason"] == "User" => "resume",
            Some("Paused") => "promote-full",
            Some("Degraded") => "retry",
            _ => continue,
        };
        insist(&world, &format!("alan/{number}"), &Deed::Order(order), 3).await;
    }
    Err("the last release does not end".into())
}

/// Looks on until the last release has ended, and comes back when its watch ends.
pub(crate) async fn watcher(world: Arc<World>, name: &'static str) -> turmoil::Result {
    loop {
        let seen = watch(name).await;
        world.note(&format!("the watch of {name} ended: {seen:?}"));
        if seen == Ok(()) {
            return Ok(());
        }
        sleep(Duration::from_secs(1)).await;
    }
}

/// Watches until the last release has all users.
async fn watch(name: &str) -> Result<(), String> {
    let mut tasks = JoinSet::new();
    let path = format!("{ROLLOUT}/watch");
    let begun = begin(&mut tasks, name, Method::GET, &path, "");
    let answer = timeout(PATIENCE, begun).await.map_err(|_| "no answer")??;
    let mut body = answer.into_body();
    let mut text = String::new();
    loop {
        let frame = timeout(SILENCE, body.frame()).await.map_err(|_| "silence")?;
        let frame = frame.ok_or("it ended")?.map_err(|error| error.to_string())?;
        let bytes = frame.into_data().map_err(|_| "trailers")?;
        text.push_str(std::str::from_utf8(&bytes).map_err(|error| error.to_string())?);
        while let Some((event, rest)) = text.split_once("\n\n") {
            let data = event.lines().find_map(|line| line.strip_prefix("data:"));
            let data = data.filter(|data| data.contains(LAST));
            let view = data.and_then(|data| serde_json::from_str(data).ok());
            if view.as_ref().is_some_and(has_ended) {
                return Ok(());
            }
            text = rest.to_owned();
        }
    }
}

/// Whether the last release has all users.
fn has_ended(view: &Value) -> bool {
    view["report"]["phase"] == "Healthy"
        && view["images"] == serde_json::json!([LAST])
        && view["status"]["stable"] == view["status"]["current"]
}

/// What people ask for.
enum Deed {
    Apply(String),
    Order(&'static str),
}

/// Asks until there is an answer, each time under another name, so many times at most.
async fn insist(world: &World, who: &str, deed: &Deed, times: u32) -> Option<StatusCode> {
    for attempt in 0..times {
        let name = format!("{who}/{attempt}");
        let (path, body) = match deed {
            Deed::Apply(image) => ("/v1/apply?file=web.yaml".to_owned(), manifest(image)),
            Deed::Order(order) => (format!("{ROLLOUT}/{order}"), String::new()),
        };
        match ask(&name, Method::POST, &path, &body).await {
            Ok((status, answer)) => {
                world.note(&format!("{name}: {path}: {status}"));
                let unchanged = matches!(deed, Deed::Apply(_))
                    && String::from_utf8_lossy(&answer).contains("unchanged");
                if status.is_success() && !unchanged {
                    world.promises.lock().unwrap().insert(name, path);
                }
                return Some(status);
            }
            Err(why) => world.note(&format!("{name}: {path}: {why}")),
        }
        sleep(Duration::from_millis(500)).await;
    }
    None
}

async fn ask(
    who: &str,
    method: Method,
    path: &str,
    body: &str,
) -> Result<(StatusCode, Bytes), String> {
    let mut tasks = JoinSet::new();
    let asked = async {
        let (parts, body) = begin(&mut tasks, who, method, path, body).await?.into_parts();
        let body = body.collect().await.map_err(|error| error.to_string())?;
        Ok((parts.status, body.to_bytes()))
    };
    timeout(PATIENCE, asked).await.map_err(|_| "no answer")?
}

/// Asks on a connection of its own, which ends with `tasks`.
async fn begin(
    tasks: &mut JoinSet<()>,
    who: &str,
    method: Method,
    path: &str,
    body: &str,
) -> Result<Response<Incoming>, String> {
    let told = |error: &dyn std::error::Error| error.to_string();
    let stream = TcpStream::connect(("server", PORT)).await.map_err(|error| told(&error))?;
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(|error| told(&error))?;
    tasks.spawn(async { drop(connection.await) });
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "tidegate")
        .header("authorization", format!("Bearer {TOKEN}"))
        .header("tidegate-user", who)
        .body(Full::new(Bytes::from(body.to_owned())))
        .map_err(|error| told(&error))?;
    sender.send_request(request).await.map_err(|error| told(&error))
}

fn manifest(image: &str) -> String {
    format!(
        "apiVersion: v1
kind: Service
metadata: {{name: web}}
spec:
  selector: {{app: web}}
  ports: [{{port: 80, targetPort: 8080}}]
---
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {{name: web}}
spec:
  replicas: 2
  selector: {{matchLabels: {{app: web}}}}
  strategy:
    canary:
      trafficRouting: {{plugins: {{tidegate/router: {{}}}}}}
      steps: [{{setWeight: 10}}, {{pause: {{duration: 2s}}}}, {{setWeight: 50}}, {{pause: {{}}}}]
  template:
    metadata: {{labels: {{app: web}}}}
    spec:
      containers: [{{name: web, image: \"{image}\", ports: [{{containerPort: 8080}}]}}]
"
    )
}
