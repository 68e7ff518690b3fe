//! Containers as containers of an engine.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    net::{IpAddr, Ipv4Addr},
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use tidegate_replicas::{
    Assigned, Carrier, Draft, Given, Home, ImageWish, Keeping, Look, Place, Published, Reading,
    RunsAs, Shared, Surroundings, Used, Variables, Volumes, command, environment, expand,
    variables,
};
use tidegate_units::ReplicaId;
use tokio::task::JoinSet;

use crate::{
    client::Client,
    engine::Engine,
    image::{Image, Images},
    labels, orphans,
    pod::{Pods, extra_hosts, published},
    rights,
    settings::ContainerSettings,
    unit::{ContainerId, ContainerSpec, ContainerUnit},
};

/// Runs each container as a container of an engine.
#[derive(Debug)]
pub struct Containers {
    /// The name of this data folder.
    pub(crate) id: String,
    pub(crate) engine: Engine,
    images: Images,
    pods: Pods,
    volumes: Volumes,
}

/// What a container stops by when its image names nothing else.
const STOP_SIGNAL: &str = "SIGTERM";

/// Readings of a container that takes longer to tell are left out this time.
const READ: Duration = Duration::from_secs(5);

/// How long the engine is given to remove what a replica's containers shared.
const SHARED_GONE: Duration = Duration::from_secs(30);

impl Containers {
    /// Runs the containers of jobs: apart from replicas, but for the volumes that are claimed.
    pub(crate) fn for_jobs(
        settings: &ContainerSettings,
        data: &Path,
        id: &str,
    ) -> io::Result<Self> {
        let home = Home { id, data };
        let own = Self::open(settings.clone(), &home)?;
        let folder = format!("{}/jobs", Self::FOLDER);
        Ok(Self { volumes: Volumes::apart(data, &folder, id), ..own })
    }
}

impl Carrier for Containers {
    type Settings = ContainerSettings;
    type Spec = ContainerSpec;
    type Process = ContainerId;
    type Image = Image;
    type Unit = ContainerUnit;

    const FOLDER: &'static str = "containers";
    const RUNS_AS: RunsAs = RunsAs::Containers;
    const PUBLISHED: Published = Published::AndProbed;

    fn keeping(settings: &ContainerSettings) -> Keeping {
        settings.keeping()
    }

    fn open(settings: ContainerSettings, home: &Home<'_>) -> io::Result<Self> {
        settings.engine.keep(home.data)?;
        let engine = Engine { client: Client::new(settings.engine.path().to_owned()) };
        Ok(Self {
            id: home.id.to_owned(),
            images: Images::new(engine.clone(), settings.auth_files),
            pods: Pods::default(),
            volumes: Volumes::apart(home.data, Self::FOLDER, home.id),
            engine,
        })
    }

    async fn image(&self, wish: &ImageWish<'_>) -> Result<Image, String> {
        self.images.find(wish).await
    }

    fn pin(image: &Image) -> Option<String> {
        Some(image.pin.clone())
    }

    fn spec(&self, draft: &Draft<'_>, image: &Image) -> Result<ContainerSpec, String> {
        let container = draft.container;
        let user = rights::user(container, &image.config)?;
        let around = Surroundings { address: ANY, ..draft.around };
        let given = Given { base: own_ports(draft, image), over: Variables::new() };
        let env = environment(container, &given, &around).map_err(|error| error.to_string())?;
        let of_image = (
            image.config.entrypoint.as_deref().unwrap_or_default(),
            image.config.cmd.as_deref().unwrap_or_default(),
        );
        let (words, args) = command(container, of_image);
        if words.is_empty() && args.is_empty() {
            return Err(format!(
                "container {:?} has no command, and image {:?} names none: set `command` in the \
                 manifest",
                container.name, container.image
            ));
        }
        let expanded = |words: &[String]| {
            words.iter().map(|word| expand(word, |name| env.get(name).cloned())).collect()
        };
        let mounts = if draft.log.is_some() {
            self.volumes.lay_out(draft.template, container, &around, &env)?
        } else {
            self.volumes.check(draft.template, container, &around)?;
            Vec::new()
        };
        let signal = image.config.stop_signal.as_deref().filter(|signal| !signal.is_empty());
        Ok(ContainerSpec {
            image: image.id.clone(),
            command: expanded(words),
            args: expanded(args),
            folder: container.working_dir.clone(),
            env,
            mounts,
            user,
            security: container.security.clone(),
            stop_signal: signal.unwrap_or(STOP_SIGNAL).to_owned(),
        })
    }

    fn unit(&self, place: &Place<'_>, spec: Arc<ContainerSpec>) -> (ContainerUnit, Vec<String>) {
        let unit = ContainerUnit {
            engine: self.engine.clone(),
            spec,
            replica: place.replica.clone(),
            name: place.container.name.clone(),
            runtime: self.id.clone(),
            labels: labels::of(&self.id, place),
            ports: published(place.container, place.assigned),
            limits: place.container.resources.limits.clone(),
            hosts: extra_hosts(place.template),
            pod: self.pods.of(&self.id, place),
            log: place.log.to_owned(),
            current: Mutex::new(None),
        };
        (unit, Vec::new())
    }

    /// The engine may be on its way up too: whoever waits for the end of it will be told.
    fn is_alive(&self, _: &ContainerId) -> bool {
        true
    }

    /// Known to the engine, which may be on another kernel.
    fn pid(_: &ContainerId) -> Option<u32> {
        None
    }

    fn log_writer(_: &ContainerId) -> Option<u32> {
        None
    }

    /// Images are the engine's to keep: other people's containers may need them.
    fn tidy(&self, used: &Used<'_, Self>) {
        self.volumes.tidy(used.replicas);
    }

    async fn readings(&self, looks: Vec<Look<Self>>) -> BTreeMap<ReplicaId, Reading> {
        let mut tasks = JoinSet::new();
        for look in looks {
            let Some(ContainerId(id)) = look.process else { continue };
            let engine = self.engine.clone();
            tasks.spawn(async move {
                let stats = tokio::time::timeout(READ, engine.stats(&id)).await.ok()?.ok()?;
                let reading =
                    Reading { cpu_us: stats.cpu_us(), memory_bytes: stats.memory_bytes() };
                Some((look.replica, reading))
            });
        }
        let mut readings: BTreeMap<ReplicaId, Reading> = BTreeMap::new();
        while let Some(read) = tasks.join_next().await {
            if let Ok(Some((replica, reading))) = read {
                readings.entry(replica).or_default().add(reading);
            }
        }
        readings
    }

    async fn end_orphans(shared: Arc<Shared<Self>>, _: BTreeSet<String>) {
        orphans::end(shared).await;
    }

    async fn gone(&self, replica: &ReplicaId) {
        self.volumes.remove(replica);
        let Some(pod) = self.pods.remove(replica) else { return };
        let end = pod.end(&self.engine);
        // What is left is found by its labels at the next start.
        match tokio::time::timeout(SHARED_GONE, end).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%replica, %error, "its network is not removed"),
            Err(_) => tracing::warn!(%replica, "its network is not removed: the engine is slow"),
        }
    }

    fn leave(&self) {}
}

/// What `status.podIP` is: a server that binds it is reached, whatever address the engine gives.
const ANY: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

/// `PORT` and its like as processes have them, but each is the port that the manifest names; and
/// only where the image does not say otherwise.
fn own_ports(draft: &Draft<'_>, image: &Image) -> Variables {
    let own: Assigned = draft
        .template
        .all()
        .map(|one| {
            let ports = one.ports.iter().map(|port| (port.number, port.number)).collect();
            (one.name.clone(), ports)
        })
        .collect();
    let mut ports = variables(draft.template.all(), draft.container, &own);
    for entry in image.config.env.iter().flatten() {
        ports.remove(entry.split_once('=').map_or(entry.as_str(), |(name, _)| name));
    }
    ports
}
