//! What the containers of a replica share: its network, held by a container that only waits.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};

use tidegate_replicas::{Assigned, Place, letters};
use tidegate_units::ReplicaId;

use crate::{
    client::EngineError,
    engine::{Creation, Engine, HostConfig, PortBinding},
    labels, pause,
};

/// A replica of several containers.
#[derive(Debug)]
pub(crate) struct Pod {
    runtime: String,
    replica: ReplicaId,
    labels: BTreeMap<String, String>,
    assigned: Assigned,
    /// The id of the holder, once it runs.
    holder: tokio::sync::Mutex<Option<String>>,
}

/// The pods that are there, by replica.
#[derive(Debug, Default)]
pub(crate) struct Pods(Mutex<BTreeMap<ReplicaId, Arc<Pod>>>);

impl Pods {
    /// The pod of a replica; none for one with a single container, which has its network alone.
    pub(crate) fn of(&self, runtime: &str, place: &Place<'_>) -> Option<Arc<Pod>> {
        if place.template.containers.len() < 2 {
            return None;
        }
        let mut pods = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let pod = pods.entry(place.replica.clone()).or_insert_with(|| {
            Arc::new(Pod {
                runtime: runtime.to_owned(),
                replica: place.replica.clone(),
                labels: labels::of(runtime, place),
                assigned: place.assigned.clone(),
                holder: tokio::sync::Mutex::new(None),
            })
        });
        Some(Arc::clone(pod))
    }

    /// Forgets the pod of a replica, and says whether it had one.
    pub(crate) fn remove(&self, replica: &ReplicaId) -> Option<Arc<Pod>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(replica)
    }
}

impl Pod {
    /// Sees to it that the holder runs, and says which container it is.
    pub(crate) async fn ensure(&self, engine: &Engine) -> Result<String, EngineError> {
        let mut holder = self.holder.lock().await;
        if let Some(id) = holder.as_ref()
            && engine.inspect(id).await.is_ok_and(|seen| seen.state.running)
        {
            return Ok(id.clone());
        }
        if let Some(id) = self.running(engine).await? {
            return Ok(holder.insert(id).clone());
        }
        pause::ensure(engine).await?;
        let (ports, exposed) = published(self.assigned.values().flatten());
        let new = Creation {
            image: pause::IMAGE.to_owned(),
            hostname: Some(hostname(&self.replica)),
            entrypoint: vec![pause::PROGRAM.to_owned()],
            labels: self.labels.clone(),
            exposed_ports: exposed,
            host_config: HostConfig {
                port_bindings: ports,
                log_config: crate::unit::log_config(),
                ..HostConfig::default()
            },
            ..Creation::default()
        };
        let id = engine.create(&format!("{}.pod.{}", self.replica, letters(5)), &new).await?;
        engine.start(&id).await?;
        Ok(holder.insert(id).clone())
    }

    /// The holder that an earlier control plane has started. One that has ended is removed.
    async fn running(&self, engine: &Engine) -> Result<Option<String>, EngineError> {
        let mut running = None;
        for one in self.list(engine).await? {
            if one.state == "running" {
                running = Some(one.id);
            } else {
                engine.remove(&one.id).await?;
            }
        }
        Ok(running)
    }

    /// Removes the holder.
    pub(crate) async fn end(&self, engine: &Engine) -> Result<(), EngineError> {
        for one in self.list(engine).await? {
            engine.remove(&one.id).await?;
        }
        Ok(())
    }

    async fn list(
        &self,
        engine: &Engine,
    ) -> Result<impl Iterator<Item = crate::engine::Listed>, EngineError> {
        let wanted =
            [(labels::RUNTIME, self.runtime.as_str()), (labels::REPLICA, self.replica.as_str())];
        let all = engine.list(&wanted).await?;
        Ok(all.into_iter().filter(|one| one.label(labels::CONTAINER).is_none()))
    }
}

/// Ports in the engine's words: each port of a container at one of the loopback address.
pub(crate) fn published<'a>(
    given: impl Iterator<Item = (&'a u16, &'a u16)>,
) -> (BTreeMap<String, Vec<PortBinding>>, BTreeSet<String>) {
    let mut bindings: BTreeMap<String, Vec<PortBinding>> = BTreeMap::new();
    for (inside, outside) in given {
        bindings.entry(format!("{inside}/tcp")).or_default().push(PortBinding {
            host_ip: tidegate_replicas::ADDRESS.to_string(),
            host_port: outside.to_string(),
        });
    }
    let exposed = bindings.keys().cloned().collect();
    (bindings, exposed)
}

/// What a replica is called inside; a host name has at most 63 letters.
pub(crate) fn hostname(replica: &ReplicaId) -> String {
    let name: String = replica.as_str().chars().take(63).collect();
    name.trim_end_matches(['-', '.']).to_owned()
}
