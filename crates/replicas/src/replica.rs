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
    Carrier, Draft, Place,
    container::Keeper,
    env::Surroundings,
    logs::prune,
    ports::{ADDRESS, Assigned, assign, needed},
    probe::attempt::Target,
    records::{ContainerRecord, Means, OrderRecord, ReplicaOf, ReplicaRecord, private_folder},
    state::{Replica, Run, Shared, now},
    turn::{Part, in_order},
};

/// The images of a revision's containers, by the containers' names.
pub(crate) type Images<C> = BTreeMap<String, <C as Carrier>::Image>;

/// Makes a replica and starts it.
pub(crate) fn create<C: Carrier>(
    shared: &Arc<Shared<C>>,
    order: &OrderRecord,
    means: &Means,
    images: &Images<C>,
) -> Result<(), String> {
    let most = shared.keeping.most_replicas;
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
    let lent = shared
        .ports
        .lend(needed(means.template.all(), C::PUBLISHED))
        .map_err(|error| error.to_string())?;
    let record = draft(shared, order, means, images, &id, &lent).and_then(|record| {
        shared
            .records
            .save_replica(&record)
            .map_err(|error| format!("a new replica cannot be written down: {error}"))?;
        Ok(record)
    });
    match record {
        Ok(record) => {
            run(shared, record, Found::default());
            Ok(())
        }
        Err(why) => {
            shared.ports.give_back(lent);
            Err(why)
        }
    }
}

fn draft<C: Carrier>(
    shared: &Shared<C>,
    order: &OrderRecord,
    means: &Means,
    images: &Images<C>,
    id: &ReplicaId,
    lent: &[u16],
) -> Result<ReplicaOf<C>, String> {
    let ports = assign(means.template.all(), lent, C::PUBLISHED);
    let folder = shared.logs.revision(&order.owner, &order.revision).join(id.as_str());
    private_folder(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut containers = BTreeMap::new();
    for container in means.template.all() {
        let Some(image) = images.get(&container.name) else {
            return Err(format!("container {:?} has no image", container.name));
        };
        let log = shared.logs.file(&folder, &container.name);
        let around = Around { order, means, id, log: Some(log.path()) };
        let spec = shared.carrier.spec(&around.draft(container, &ports), image)?;
        let record = ContainerRecord {
            spec: Arc::new(spec),
            image: C::pin(image),
            process: None,
            restarts: 0,
            failures: 0,
            started: false,
            ready: false,
            passed: None,
        };
        containers.insert(container.name.clone(), record);
    }
    Ok(ReplicaRecord {
        id: id.clone(),
        owner: order.owner.clone(),
        revision: order.revision.clone(),
        // One that is made for a restart is not older than that, whatever the clock says by now: it would
        // be replaced, and what replaces it too.
        started_at: order.restart_before.map_or_else(now, |moment| moment.max(now())),
        ready_since: None,
        was_ready: false,
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
    pub(crate) log: Option<&'a Path>,
}

impl<'a> Around<'a> {
    /// What the start of this container is worked out from.
    pub(crate) fn draft(&self, container: &'a Container, assigned: &'a Assigned) -> Draft<'a> {
        let Means { template, config_maps, secrets } = self.means;
        Draft {
            container,
            template,
            assigned,
            around: Surroundings {
                replica: self.id,
                owner: &self.order.owner,
                meta: &template.meta,
                config_maps,
                secrets,
                address: ADDRESS,
            },
            revision: &self.order.revision,
            log: self.log,
        }
    }
}

/// What an earlier control plane has left of a replica, by container.
#[derive(Debug)]
pub(crate) struct Found<P> {
    /// Those that run.
    pub(crate) running: BTreeMap<String, P>,
    /// Those that did, and may have left something behind.
    pub(crate) ended: BTreeSet<String>,
}

impl<P> Default for Found<P> {
    fn default() -> Self {
        Self { running: BTreeMap::new(), ended: BTreeSet::new() }
    }
}

/// Runs a replica until it is released and gone.
pub(crate) fn run<C: Carrier>(
    shared: &Arc<Shared<C>>,
    record: ReplicaOf<C>,
    found: Found<C::Process>,
) {
    let (id, owner) = (record.id.clone(), record.owner.clone());
    let mut replica = Replica::new(record);
    for name in found.running.keys() {
        if let Some(now) = replica.containers.get_mut(name) {
            now.run = Run::Running;
        }
    }
    let keepers = keepers(shared, &mut replica, &found);
    shared.state().replicas.insert(id.clone(), replica);
    shared.changed(&owner);
    let shared = Arc::clone(shared);
    Arc::clone(&shared).spawn(async move {
        if let Err(error) = keep_all(keepers, found.running).await {
            // Its record stays, so that the next start of the control plane takes it over.
            tracing::error!(replica = %id, %error, "a replica is no longer looked after");
            return;
        }
        shared.carrier.gone(&id).await;
        forget(&shared, &id);
    });
}

/// The containers end side by side: the grace period is one for the whole replica.
async fn keep_all<C: Carrier>(
    keepers: Vec<Keeper<C>>,
    mut adopted: BTreeMap<String, C::Process>,
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

fn keepers<C: Carrier>(
    shared: &Arc<Shared<C>>,
    replica: &mut Replica<C>,
    found: &Found<C::Process>,
) -> Vec<Keeper<C>> {
    let record = &replica.record;
    let folder = shared.logs.replica(record);
    let mut keepers = Vec::new();
    for (container, role) in in_order(&record.template) {
        let Some(kept) = record.containers.get(&container.name) else {
            continue;
        };
        if role.part == Part::Task && kept.passed.is_some() {
            continue;
        }
        let log = shared.logs.file(&folder, &container.name);
        let place = Place {
            replica: &record.id,
            owner: &record.owner,
            revision: &record.revision,
            container,
            template: &record.template,
            assigned: &record.ports,
            log: log.path(),
        };
        let (unit, warnings) = shared.carrier.unit(&place, Arc::clone(&kept.spec));
        if let Some(now) = replica.containers.get_mut(&container.name) {
            now.warnings = warnings;
        }
        keepers.push(Keeper {
            shared: Arc::clone(shared),
            replica: record.id.clone(),
            target: Target { container: container.clone(), assigned: record.ports.clone(), unit },
            grace: record.template.termination_grace,
            wanted: replica.wanted.subscribe(),
            role,
            turns: replica.turns.subscribe(),
            left: found.ended.contains(&container.name),
        });
    }
    keepers
}

/// Nothing of it runs any more: its record goes, and its ports are free.
fn forget<C: Carrier>(shared: &Shared<C>, id: &ReplicaId) {
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
    shared.changed(&record.owner);
}
