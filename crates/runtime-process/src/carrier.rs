//! Containers as processes of this machine.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use tidegate_replicas::{
    Carrier, Draft, Given, Home, ImageWish, Keeping, Look, Place, Published, Reading, RunsAs,
    Shared, Shown, Used, Variables, Volumes, environment, expand, private_folder, variables,
};
use tidegate_units::ReplicaId;
use tidegate_workload::HostAlias;
use tokio::sync::Semaphore;

use crate::{
    cgroup::{Group, Places},
    identity::ProcessIdentity,
    image::{Image, ImageStore, command_line, resolve, working_folder},
    jobs,
    launch::LaunchSpec,
    members::{Members, RUNTIME_MARK},
    orphans, rights,
    settings::ProcessSettings,
    unit::ProcessUnit,
    usage,
    view::View,
};

/// How readily the kernel ends a replica when the machine's memory runs out: more readily than the
/// control plane, which is needed to start it again.
const OOM_SCORE: i32 = 300;

/// Runs each container as a process.
#[derive(Debug)]
pub struct Processes {
    /// The name of this data folder.
    pub(crate) id: String,
    pub(crate) places: Places,
    settings: ProcessSettings,
    images: ImageStore,
    volumes: Volumes,
    /// An empty folder for [`View::stage`].
    stage: PathBuf,
    /// How many images are read at the same time.
    unpacks: Semaphore,
}

/// Where the names of this machine are.
const HOSTS: &str = "/etc/hosts";

/// Reading an image keeps a disk busy.
const CONCURRENT_UNPACKS: usize = 2;
impl Processes {
    fn at(settings: ProcessSettings, home: &Home<'_>, places: Places) -> io::Result<Self> {
        let images = home.data.join("images");
        let stage = home.data.join(Self::FOLDER).join("stage");
        private_folder(&images)?;
        private_folder(&stage)?;
        Ok(Self {
            volumes: Volumes::new(home.data, home.id),
            stage,
            id: home.id.to_owned(),
            places,
            images: ImageStore::new(images, settings.image_limits, settings.working_folder.clone()),
            unpacks: Semaphore::new(CONCURRENT_UNPACKS),
            settings,
        })
    }

    /// Runs the containers of jobs: apart from replicas, but for the volumes that are claimed.
    pub(crate) fn for_jobs(home: &jobs::Home) -> io::Result<Self> {
        let place = Home { id: &home.id, data: &home.folder };
        let own = Self::at(home.settings(), &place, home.places.clone())?;
        Ok(Self { volumes: own.volumes.claiming_in(&home.claims), ..own })
    }

    /// The names that a template adds, in an `/etc/hosts` of its own. Who mounts one has that.
    fn hosts(&self, draft: &Draft<'_>) -> Result<Option<Shown>, String> {
        let own = draft.container.mounts.iter().any(|mount| mount.path == HOSTS);
        let aliases = &draft.template.host_aliases;
        if own || aliases.is_empty() {
            return Ok(None);
        }
        let known = fs::read_to_string(HOSTS).unwrap_or_default();
        let line = |alias: &HostAlias| format!("{}\t{}", alias.address, alias.names.join("\t"));
        let lines: Vec<String> = aliases.iter().map(line).collect();
        let text = format!("{known}\n# hostAliases\n{}\n", lines.join("\n"));
        self.volumes.file(draft.around.replica, Path::new(HOSTS), &text).map(Some)
    }

    /// The names of replicas that have volumes.
    pub(crate) fn volume_owners(&self) -> BTreeSet<String> {
        self.volumes.owners()
    }

    /// Removes all images, which are unpacked again when they are needed.
    pub(crate) fn forget_images(&self) {
        self.images.clean(|_| false);
    }
}

impl Carrier for Processes {
    type Settings = ProcessSettings;
    type Spec = LaunchSpec;
    type Process = ProcessIdentity;
    type Image = Image;
    type Unit = ProcessUnit;

    const FOLDER: &'static str = "runtime";
    const RUNS_AS: RunsAs = RunsAs::Processes;
    const PUBLISHED: Published = Published::Declared;

    fn keeping(settings: &ProcessSettings) -> Keeping {
        Keeping {
            data: settings.data.clone(),
            ports: settings.ports.clone(),
            logs: settings.logs,
            backoff: settings.backoff,
            most_replicas: settings.most_replicas,
        }
    }

    fn open(settings: ProcessSettings, home: &Home<'_>) -> io::Result<Self> {
        Self::at(settings, home, Places::find(home.id))
    }

    async fn image(&self, wish: &ImageWish<'_>) -> Result<Image, String> {
        let Ok(_permit) = self.unpacks.acquire().await else {
            return Err("the runtime is closing".to_owned());
        };
        let (container, images) = (wish.container.clone(), self.images.clone());
        let (own, others) = (wish.template.images.clone(), self.settings.images.clone());
        let pinned = wish.pinned.map(str::to_owned);
        let work = move || resolve(&container, &[&own, &others], &images, pinned.as_deref());
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|error| format!("the images could not be read: {error}"))?
            .map_err(|error| error.to_string())
    }

    fn pin(image: &Image) -> Option<String> {
        image.digest.clone()
    }

    fn spec(&self, draft: &Draft<'_>, image: &Image) -> Result<LaunchSpec, String> {
        let Draft { container, template, assigned, .. } = draft;
        rights::check(container, rights::own_user())?;
        let mut base = of_this_machine();
        base.extend(image.env.clone());
        let given = Given { base, over: variables(template.all(), container, assigned) };
        let mut env =
            environment(container, &given, &draft.around).map_err(|error| error.to_string())?;
        let mut words = command_line(container, image)
            .map_err(|error| error.to_string())?
            .into_iter()
            .map(|word| expand(&word, |name| env.get(name).cloned()));
        let program = words.next().unwrap_or_default();
        let args = words.collect();
        env.insert(RUNTIME_MARK.to_owned(), self.id.clone());
        // Without a log nothing is to be started yet.
        let shown = if draft.log.is_some() {
            let mut shown = self.volumes.lay_out(template, container, &draft.around, &env)?;
            shown.extend(self.hosts(draft)?);
            shown
        } else {
            self.volumes.check(template, container, &draft.around)?;
            Vec::new()
        };
        let folder = working_folder(container, image).map_err(|error| error.to_string())?;
        Ok(LaunchSpec {
            program,
            args,
            folder,
            view: (!shown.is_empty() || container.security.read_only).then(|| View {
                shown,
                stage: self.stage.clone(),
                read_only: container.security.read_only,
            }),
            security: container.security.clone(),
            env,
            log: draft.log.map(Path::to_owned),
            cgroups: Vec::new(),
            oom_score_adj: OOM_SCORE,
        })
    }

    fn unit(&self, place: &Place<'_>, spec: Arc<LaunchSpec>) -> (ProcessUnit, Vec<String>) {
        let name = Path::new(place.replica.as_str()).join(&place.container.name);
        let limits = &place.container.resources.limits;
        let (group, warnings) = Group::create(&self.places, &name, limits);
        let mut spec = LaunchSpec { cgroups: group.procs(), ..(*spec).clone() };
        // A record of an earlier version does not have it.
        spec.env.insert(RUNTIME_MARK.to_owned(), self.id.clone());
        let given = place.assigned.get(&place.container.name);
        let unit = ProcessUnit {
            spec,
            launcher: self.settings.launcher.clone(),
            ports: given.into_iter().flat_map(|given| given.values().copied()).collect(),
            members: Members {
                replica: place.replica.to_string(),
                container: Some(place.container.name.clone()),
                groups: group.procs(),
            },
            group,
        };
        (unit, warnings)
    }

    fn is_alive(&self, process: &ProcessIdentity) -> bool {
        process.is_alive()
    }

    fn pid(process: &ProcessIdentity) -> Option<u32> {
        Some(process.pid)
    }

    fn log_writer(process: &ProcessIdentity) -> Option<u32> {
        Some(process.pid)
    }

    fn tidy(&self, used: &Used<'_, Self>) {
        self.places.forget(|name| used.replicas.contains(name));
        self.volumes.tidy(used.replicas);
        let folders: Vec<String> =
            used.specs.iter().map(|spec| spec.folder.display().to_string()).collect();
        self.images.clean(|name| {
            used.pins.iter().any(|pin| pin == name)
                || folders.iter().any(|folder| folder.contains(name))
        });
    }

    async fn readings(&self, looks: Vec<Look<Self>>) -> BTreeMap<ReplicaId, Reading> {
        let places = self.places.clone();
        let read = move || usage::read_all(&places, &looks);
        let read = tokio::task::spawn_blocking(read).await.map_err(io::Error::other);
        read.flatten().unwrap_or_default()
    }

    async fn end_orphans(shared: Arc<Shared<Self>>, unreadable: BTreeSet<String>) {
        orphans::end_orphans(shared, unreadable).await;
    }

    async fn gone(&self, replica: &ReplicaId) {
        self.volumes.remove(replica);
    }

    fn leave(&self) {
        self.places.leave();
    }
}

/// `PATH`, `HOME` and `LANG` of this machine, and nothing else of the server's.
pub(crate) fn of_this_machine() -> Variables {
    let fallback = [
        ("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
        ("HOME", "/"),
        ("LANG", "C.UTF-8"),
    ];
    fallback
        .map(|(name, default)| {
            let value = std::env::var(name).unwrap_or_else(|_| default.to_owned());
            (name.to_owned(), value)
        })
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_the_servers_own_environment_is_passed_on() {
        let base = of_this_machine();
        let names: Vec<&str> = base.keys().map(String::as_str).collect();
        assert_eq!(names, ["HOME", "LANG", "PATH"]);
    }
}
