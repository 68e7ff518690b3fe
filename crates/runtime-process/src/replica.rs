//! A replica: how it comes to be, and how it goes.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
};

use tidegate_units::ReplicaId;
use tidegate_workload::Container;
use tokio::task::{JoinError, JoinSet};

use crate::{
    cgroup::Group,
    container::Keeper,
    env::{Surroundings, environment},
    expand::expand,
    identity::ProcessIdentity,
    image::{Image, command_line, working_folder},
    launch::LaunchSpec,
    logs::prune,
    members::{Members, RUNTIME_MARK},
    ports::{Assigned, assign, needed, variables},
    probe::attempt::Target,
    records::{ContainerRecord, Means, OrderRecord, ReplicaRecord, private_folder},
    state::{Replica, Run, Shared, now},
};

/// How readily the kernel ends a replica when the machine's memory runs out: more readily than the
/// control plane, which is needed to start it again.
const OOM_SCORE: i32 = 300;

/// The images of a revision's containers, by the containers' names.
pub(crate) type Images = BTreeMap<String, Image>;

/// Makes a replica and starts it.
pub(crate) fn create(
    shared: &Arc<Shared>,
    order: &OrderRecord,
    means: &Means,
    images: &Images,
) -> Result<(), String> {
    let most = shared.settings.most_replicas;
    if shared.state().replicas.len() >= most {
        return Err(format!(
            "{} replicas are wanted, and this machine runs at most {most} in all; \
             ask for fewer, or raise the limit in the server's settings",
            order.replicas
        ));
    }
    let id = ReplicaId::from(format!(
        "{}-{}-{}",
        order.owner.name,
        order.revision,
        crate::chance::letters(10)
    ));
    let lent =
        shared.ports.lend(needed(&means.template.containers)).map_err(|error| error.to_string())?;
    let record = draft(shared, order, means, images, &id, &lent).and_then(|record| {
        shared
            .records
            .save_replica(&record)
            .map_err(|error| format!("a new replica cannot be written down: {error}"))?;
        Ok(record)
    });
    match record {
        Ok(record) => {
            run(shared, record, BTreeMap::new());
            Ok(())
        }
        Err(why) => {
            shared.ports.give_back(lent);
            Err(why)
        }
    }
}

fn draft(
    shared: &Shared,
    order: &OrderRecord,
    means: &Means,
    images: &Images,
    id: &ReplicaId,
    lent: &[u16],
) -> Result<ReplicaRecord, String> {
    let ports = assign(&means.template.containers, lent);
    let folder = shared.logs.revision(&order.owner, &order.revision).join(id.as_str());
    private_folder(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut containers = BTreeMap::new();
    for container in &means.template.containers {
        let image = images.get(&container.name).cloned().unwrap_or_default();
        let around = Around { order, means, id };
        let mut spec = spec(container, &image, &ports, &around)?;
        spec.log = Some(shared.logs.file(&folder, &container.name).path().to_owned());
        let record = ContainerRecord {
            spec: Arc::new(spec),
            process: None,
            restarts: 0,
            failures: 0,
            started: false,
            ready: false,
        };
        containers.insert(container.name.clone(), record);
    }
    Ok(ReplicaRecord {
        id: id.clone(),
        owner: order.owner.clone(),
        revision: order.revision.clone(),
        started_at: now(),
        ready_since: None,
        retired_at: None,
        released: false,
        ports,
        template: Arc::clone(&means.template),
        containers,
    })
}

/// For whom a container's command is worked out.
#[derive(Clone, Copy)]
pub(crate) struct Around<'a> {
    pub(crate) order: &'a OrderRecord,
    pub(crate) means: &'a Means,
    pub(crate) id: &'a ReplicaId,
}

/// How a container is started. What it refers to and does not find is the obstacle.
pub(crate) fn spec(
    container: &Container,
    image: &Image,
    ports: &Assigned,
    around: &Around<'_>,
) -> Result<LaunchSpec, String> {
    let Means { template, config_maps, secrets } = around.means;
    let ports = variables(&template.containers, container, ports);
    let surroundings = Surroundings {
        replica: around.id,
        owner: &around.order.owner,
        meta: &template.meta,
        config_maps,
        secrets,
    };
    let env = environment(container, &image.env, &ports, &surroundings)
        .map_err(|error| error.to_string())?;
    let mut words = command_line(container, image)
        .map_err(|error| error.to_string())?
        .into_iter()
        .map(|word| expand(&word, |name| env.get(name).cloned()));
    let program = words.next().unwrap_or_default();
    Ok(LaunchSpec {
        program,
        args: words.collect(),
        folder: working_folder(container, image).map_err(|error| error.to_string())?,
        env,
        log: None,
        cgroups: Vec::new(),
        oom_score_adj: OOM_SCORE,
    })
}

/// Runs a replica until it is released and gone. `adopted` are those of its processes that run.
pub(crate) fn run(
    shared: &Arc<Shared>,
    record: ReplicaRecord,
    adopted: BTreeMap<String, ProcessIdentity>,
) {
    let id = record.id.clone();
    let mut replica = Replica::new(record);
    for name in adopted.keys() {
        if let Some(now) = replica.containers.get_mut(name) {
            now.run = Run::Running;
        }
    }
    let keepers = keepers(shared, &mut replica);
    shared.state().replicas.insert(id.clone(), replica);
    shared.changed();
    let shared = Arc::clone(shared);
    Arc::clone(&shared).spawn(async move {
        let groups: Vec<Group> = keepers.iter().map(|keeper| keeper.group.clone()).collect();
        if let Err(error) = keep_all(keepers, adopted).await {
            // Its record stays, so that the next start of the control plane takes it over.
            tracing::error!(replica = %id, %error, "a replica is no longer looked after");
            return;
        }
        for group in groups {
            group.remove();
        }
        forget(&shared, &id);
    });
}

/// The containers end side by side: the grace period is one for the whole replica.
async fn keep_all(
    keepers: Vec<Keeper>,
    mut adopted: BTreeMap<String, ProcessIdentity>,
) -> Result<(), JoinError> {
    let mut tasks = JoinSet::new();
    for keeper in keepers {
        let process = adopted.remove(&keeper.target.container.name);
        tasks.spawn(keeper.keep(process));
    }
    while let Some(ended) = tasks.join_next().await {
        ended?;
    }
    Ok(())
}

fn keepers(shared: &Arc<Shared>, replica: &mut Replica) -> Vec<Keeper> {
    let record = &replica.record;
    let mut keepers = Vec::new();
    for container in &record.template.containers {
        let Some(kept) = record.containers.get(&container.name) else {
            continue;
        };
        let name = Path::new(record.id.as_str()).join(&container.name);
        let (group, warnings) = Group::create(&shared.places, &name, &container.resources.limits);
        if let Some(now) = replica.containers.get_mut(&container.name) {
            now.warnings = warnings;
        }
        let mut spec = LaunchSpec { cgroups: group.procs(), ..(*kept.spec).clone() };
        spec.env.insert(RUNTIME_MARK.to_owned(), shared.id.clone());
        keepers.push(Keeper {
            shared: Arc::clone(shared),
            replica: record.id.clone(),
            target: Target {
                container: container.clone(),
                assigned: record.ports.clone(),
                spec,
                launcher: shared.settings.launcher.clone(),
            },
            members: Members {
                replica: record.id.to_string(),
                container: Some(container.name.clone()),
                groups: group.procs(),
            },
            group,
            grace: record.template.termination_grace,
            wanted: replica.wanted.subscribe(),
        });
    }
    keepers
}

/// Nothing of it runs any more: its record goes, and its ports are free.
fn forget(shared: &Shared, id: &ReplicaId) {
    let mut state = shared.state();
    let Some(replica) = state.replicas.remove(id) else {
        return;
    };
    let record = replica.record;
    let there: BTreeSet<String> = state.replicas.keys().map(ToString::to_string).collect();
    let key = (record.owner.clone(), record.revision.clone());
    if let Some(revision) = state.revisions.get(&key) {
        revision.wake.notify_one();
    }
    drop(state);
    shared.records.remove_replica(id);
    shared.ports.give_back(record.ports.values().flat_map(|given| given.values().copied()));
    let folder = shared.logs.revision(&record.owner, &record.revision);
    prune(&folder, |name| there.contains(name));
    shared.changed();
}
