//! Finds an image: among those that the engine has, or in its registry.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use serde::Deserialize;
use tidegate_replicas::ImageWish;
use tidegate_workload::{Container, PullPolicy};
use tokio::{sync::Semaphore, time::Instant};

use crate::{
    auth,
    client::{EngineError, Question},
    engine::{Engine, ImageConfig, ImageSeen},
    frames::chunk,
    name::ImageName,
};

/// An image, ready to be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// The engine's id of it: what is run, whatever the name means by then.
    pub(crate) id: String,
    /// What makes a later replica run the same.
    pub(crate) pin: String,
    pub(crate) config: ImageConfig,
}

/// An image that takes longer than this to be pulled is tried again from the start; an engine keeps
/// the layers that it has.
const LONGEST_PULL: Duration = Duration::from_mins(30);

/// How often the progress of a pull is told.
const TELL: Duration = Duration::from_millis(500);

/// So many images are pulled at the same time: more would only make each slower.
const CONCURRENT_PULLS: usize = 4;

/// After a pull that failed, as the kubelet does: registries count those who ask too often.
const FIRST_WAIT: Duration = Duration::from_secs(10);
/// The longest such wait, as the kubelet's.
const LONGEST_WAIT: Duration = Duration::from_mins(5);

/// Finds and pulls images.
#[derive(Debug)]
pub(crate) struct Images {
    pub(crate) engine: Engine,
    /// Credentials of the user who runs the server.
    auth_files: Vec<PathBuf>,
    pulls: Semaphore,
    failed: Mutex<BTreeMap<String, Failed>>,
}

/// A pull that failed.
#[derive(Clone, Debug)]
struct Failed {
    times: u32,
    again: Instant,
    why: String,
}

impl Images {
    pub(crate) fn new(engine: Engine, auth_files: Vec<PathBuf>) -> Self {
        Self {
            engine,
            auth_files,
            pulls: Semaphore::new(CONCURRENT_PULLS),
            failed: Mutex::new(BTreeMap::new()),
        }
    }

    /// The image that a container is to run.
    pub(crate) async fn find(&self, wish: &ImageWish<'_>) -> Result<Image, String> {
        let Container { name: container, image, .. } = wish.container;
        let name = ImageName::read(image).ok_or_else(|| {
            format!("image {image:?} of container {container:?} is no name of an image")
        })?;
        let found = match wish.pinned {
            Some(pin) => self.pinned(&name, pin, wish).await,
            None => self.named(&name, wish).await,
        };
        found.map_err(|why| format!("image {image:?} of container {container:?}: {why}"))
    }

    /// What the revision's earlier replicas ran, also if its tag has moved on since.
    async fn pinned(
        &self,
        name: &ImageName,
        pin: &str,
        wish: &ImageWish<'_>,
    ) -> Result<Image, String> {
        if let Some(seen) = self.here(pin).await? {
            return Ok(image(seen, pin.to_owned()));
        }
        let Some((_, digest)) = pin.split_once('@') else {
            return Err(format!(
                "{pin}, which the earlier replicas of this revision ran, was removed from the \
                 engine and is in no registry; build it again under another tag"
            ));
        };
        let exact = ImageName { digest: Some(digest.to_owned()), ..name.clone() };
        self.pull(&exact, wish).await?;
        match self.here(pin).await? {
            Some(seen) => Ok(image(seen, pin.to_owned())),
            None => Err(format!("{pin} was pulled and is not there")),
        }
    }

    async fn named(&self, name: &ImageName, wish: &ImageWish<'_>) -> Result<Image, String> {
        let by_default = PullPolicy::default_for(&wish.container.image);
        let policy = wish.container.pull_policy.unwrap_or(by_default);
        // What Podman has built is called so, and no registry is.
        let policy = match policy {
            PullPolicy::Always if name.registry == "localhost" => PullPolicy::IfNotPresent,
            other => other,
        };
        let written = &wish.container.image;
        let here = self.here(written).await?;
        let seen = match (policy, here) {
            (PullPolicy::IfNotPresent | PullPolicy::Never, Some(seen)) => seen,
            (PullPolicy::Never, None) => {
                return Err("the engine does not have it, and imagePullPolicy is Never".to_owned());
            }
            (PullPolicy::Always | PullPolicy::IfNotPresent, here) => {
                self.pull(name, wish).await.map_err(|why| match here {
                    Some(_) => format!(
                        "{why}. The engine has one of this name; imagePullPolicy: IfNotPresent \
                         runs it"
                    ),
                    None => why,
                })?;
                match self.here(&name.to_string()).await? {
                    Some(seen) => seen,
                    None => return Err(format!("{name} was pulled and is not there")),
                }
            }
        };
        let pin = pin(&seen, name);
        Ok(image(seen, pin))
    }

    async fn here(&self, name: &str) -> Result<Option<ImageSeen>, String> {
        match self.engine.image(name).await {
            Ok(seen) => Ok(Some(seen)),
            Err(error) if error.is_missing() => Ok(None),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Pulls, unless it has failed a moment ago.
    async fn pull(&self, name: &ImageName, wish: &ImageWish<'_>) -> Result<(), String> {
        let key = name.to_string();
        if let Some(failed) = self.failed().get(&key)
            && failed.again > Instant::now()
        {
            return Err(failed.why.clone());
        }
        let Ok(_permit) = self.pulls.acquire().await else {
            return Err("the runtime is closing".to_owned());
        };
        let pull = self.pull_now(name, wish);
        let pulled = tokio::time::timeout(LONGEST_PULL, pull).await;
        let pulled = pulled.unwrap_or_else(|_| Err(format!("it took over {LONGEST_PULL:?}")));
        let mut failed = self.failed();
        match &pulled {
            Ok(()) => {
                failed.remove(&key);
            }
            Err(why) => {
                let times = failed.get(&key).map_or(0, |failed| failed.times).saturating_add(1);
                let again = Instant::now() + wait(times);
                failed.insert(key, Failed { times, again, why: why.clone() });
            }
        }
        pulled
    }

    async fn pull_now(&self, name: &ImageName, wish: &ImageWish<'_>) -> Result<(), String> {
        (wish.tell)(format!("image {:?} is being pulled", wish.container.image));
        let named = &wish.template.pull_secrets;
        let credentials = auth::credentials(name, named, wish.secrets, &self.auth_files);
        let question = Question::post("/images/create")
            .with("fromImage", &name.repository())
            .with("tag", name.version())
            .credentials(credentials.as_deref())
            .patience(LONGEST_PULL);
        let shown = credentials.is_some();
        let refused = |error: EngineError| match &error {
            EngineError::Refused { message, .. } => explain(name, message, shown),
            EngineError::Silent { .. } => error.to_string(),
        };
        let answer = self.engine.client.stream(question).await.map_err(refused)?;
        let mut body = answer.into_body();
        let mut progress = Progress::default();
        let mut told = Instant::now();
        while let Some(bytes) = chunk(&mut body).await {
            progress.take(&bytes).map_err(|why| explain(name, &why, shown))?;
            if told.elapsed() >= TELL {
                told = Instant::now();
                (wish.tell)(format!(
                    "image {:?} is being pulled{}",
                    wish.container.image,
                    progress.so_far()
                ));
            }
        }
        Ok(())
    }

    fn failed(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Failed>> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn wait(times: u32) -> Duration {
    FIRST_WAIT.saturating_mul(1 << times.saturating_sub(1).min(10)).min(LONGEST_WAIT)
}

fn image(seen: ImageSeen, pin: String) -> Image {
    Image { id: seen.id, pin, config: seen.config.unwrap_or_default() }
}

/// The digest that its registry knows it by; of an image that was built here, its id.
fn pin(seen: &ImageSeen, name: &ImageName) -> String {
    let repository = format!("{}@", name.repository());
    let digests = seen.repo_digests.iter().flatten();
    // Docker leaves out its own registry in the names that it shows.
    let short = repository.trim_start_matches("docker.io/").trim_start_matches("library/");
    digests
        .clone()
        .find(|digest| digest.starts_with(&repository) || digest.starts_with(short))
        .filter(|_| name.registry != "localhost")
        .cloned()
        .unwrap_or_else(|| seen.id.clone())
}

/// What a registry's refusal means, with its mend.
fn explain(name: &ImageName, message: &str, shown: bool) -> String {
    let text = message.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let message = message.trim();
    let registry = &name.registry;
    if says(&["no space left on device"]) {
        return format!(
            "{name} cannot be kept by the engine, since its disk is full: make room there, such as \
             by podman system prune or docker system prune ({message})"
        );
    }
    if says(&["does not match provided manifest digest", "verification failed", "digest mismatch"])
    {
        return format!(
            "what {registry} gives out as {name} is not what its digest says, so it is not run: it \
             is damaged, or somebody has changed it ({message})"
        );
    }
    if says(&["unauthorized", "authentication required", "denied", "forbidden", "no basic auth"]) {
        let mend = if shown {
            "the credentials for it are not accepted"
        } else {
            "name a Secret with credentials in imagePullSecrets, or run docker login or podman \
             login as the user who runs the server"
        };
        return format!("{registry} does not give {name} out: {mend} ({message})");
    }
    if says(&["manifest unknown", "not found", "name unknown", "no such image"]) {
        return format!("{registry} has no {name}: look at its name and tag ({message})");
    }
    format!("{name} cannot be pulled from {registry}: {message}")
}

/// How far a pull is, by what the engine says of each layer.
#[derive(Debug, Default)]
struct Progress {
    /// A line of which the end has not come yet.
    rest: Vec<u8>,
    layers: BTreeMap<String, (u64, u64)>,
}

/// A line of what the engine says. Podman says why a pull failed in `error` alone.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct Line {
    id: Option<String>,
    error: Option<String>,
    progress_detail: Option<Detail>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Detail {
    current: u64,
    total: u64,
}

/// A line of an engine is some hundred bytes; more than this is none.
const LINE_BYTES: usize = 1 << 20;

impl Progress {
    /// Takes what the engine said next. A failure is its own words.
    fn take(&mut self, bytes: &[u8]) -> Result<(), String> {
        self.rest.extend_from_slice(bytes);
        while let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.rest.drain(..=end).collect();
            self.line(&line)?;
        }
        // Podman leaves out the last end of line.
        if serde_json::from_slice::<Line>(&self.rest).is_ok() {
            let line = std::mem::take(&mut self.rest);
            self.line(&line)?;
        }
        if self.rest.len() > LINE_BYTES {
            return Err("the engine tells of no progress that could be read".to_owned());
        }
        Ok(())
    }

    fn line(&mut self, text: &[u8]) -> Result<(), String> {
        let line: Line = serde_json::from_slice(text).unwrap_or_default();
        if let Some(error) = line.error.filter(|error| !error.is_empty()) {
            return Err(error);
        }
        if let (Some(id), Some(detail)) = (line.id, line.progress_detail)
            && detail.total > 0
        {
            self.layers.insert(id, (detail.current.min(detail.total), detail.total));
        }
        Ok(())
    }

    fn so_far(&self) -> String {
        let sum = |(a, b): (u64, u64), (current, total): &(u64, u64)| (a + current, b + total);
        match self.layers.values().fold((0, 0), sum) {
            (_, 0) => String::new(),
            (current, total) => format!(": {} of {} MB", current / 1_000_000, total / 1_000_000),
        }
    }
}

#[cfg(test)]
mod tests;
