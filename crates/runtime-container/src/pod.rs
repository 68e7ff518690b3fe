//! What the containers of a replica share: its network, held by a container that only waits.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};

use tidegate_replicas::{Assigned, Place, letters};
use tidegate_units::ReplicaId;
use tidegate_workload::{Container, HostAlias, PodTemplate};

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
    ports: Vec<PublishedPort>,
    /// Names that its containers know beside those of the engine.
    hosts: Vec<String>,
    /// The id of the holder, once it runs.
    holder: tokio::sync::Mutex<Option<String>>,
}

/// The pods that are there, by replica.
#[derive(Debug, Default)]
pub(crate) struct Pods(Mutex<BTreeMap<ReplicaId, Arc<Pod>>>);

impl Pods {
    /// The pod of a replica; none for one with a single container, which has its network alone.
    pub(crate) fn of(&self, runtime: &str, place: &Place<'_>) -> Option<Arc<Pod>> {
        if place.template.all().count() < 2 {
            return None;
        }
        let mut pods = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let pod = pods.entry(place.replica.clone()).or_insert_with(|| {
            Arc::new(Pod {
                runtime: runtime.to_owned(),
                replica: place.replica.clone(),
                labels: labels::of(runtime, place),
                ports: place
                    .template
                    .all()
                    .flat_map(|container| published(container, place.assigned))
                    .collect(),
                hosts: extra_hosts(place.template),
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
        let (ports, exposed) = bindings(&self.ports);
        let new = Creation {
            image: pause::IMAGE.to_owned(),
            hostname: Some(hostname(&self.replica)),
            entrypoint: vec![pause::PROGRAM.to_owned()],
            labels: self.labels.clone(),
            exposed_ports: exposed,
            host_config: HostConfig {
                port_bindings: ports,
                log_config: crate::unit::log_config(),
                extra_hosts: self.hosts.clone(),
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

/// A port of a container that is found at one of the loopback address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PublishedPort {
    /// As the engine has it, such as `80/tcp`.
    inside: String,
    pub(crate) outside: u16,
}

/// The ports of a container that are published: a number that is declared for UDP alone for that.
pub(crate) fn published(container: &Container, assigned: &Assigned) -> Vec<PublishedPort> {
    let given = assigned.get(&container.name).into_iter().flatten();
    let declared = |number: u16, udp: bool| {
        container.ports.iter().any(|port| port.number == number && port.udp == udp)
    };
    given
        .flat_map(|(inside, outside)| {
            let udp = declared(*inside, true);
            let tcp = !udp || declared(*inside, false);
            let protocols = [("tcp", tcp), ("udp", udp)].into_iter().filter(|(_, is)| *is);
            protocols.map(move |(protocol, _)| PublishedPort {
                inside: format!("{inside}/{protocol}"),
                outside: *outside,
            })
        })
        .collect()
}

/// Ports in the engine's words.
pub(crate) fn bindings(
    ports: &[PublishedPort],
) -> (BTreeMap<String, Vec<PortBinding>>, BTreeSet<String>) {
    let mut bindings: BTreeMap<String, Vec<PortBinding>> = BTreeMap::new();
    for port in ports {
        bindings.entry(port.inside.clone()).or_default().push(PortBinding {
            host_ip: tidegate_replicas::ADDRESS.to_string(),
            host_port: port.outside.to_string(),
        });
    }
    let exposed = bindings.keys().cloned().collect();
    (bindings, exposed)
}

/// The names of a template in the engine's words.
pub(crate) fn extra_hosts(template: &PodTemplate) -> Vec<String> {
    let line = |alias: &HostAlias, name: &String| format!("{name}:{}", alias.address);
    let lines = template.host_aliases.iter();
    lines.flat_map(|alias| alias.names.iter().map(move |name| line(alias, name))).collect()
}

/// What a replica is called inside; a host name has at most 63 letters.
pub(crate) fn hostname(replica: &ReplicaId) -> String {
    let name: String = replica.as_str().chars().take(63).collect();
    name.trim_end_matches(['-', '.']).to_owned()
}

#[cfg(test)]
mod tests {
    use tidegate_workload::ContainerPort;

    use super::*;

    #[test]
    fn a_port_is_published_for_what_it_is_declared_for() {
        let port = |number, udp| ContainerPort { number, name: None, udp };
        let container = Container {
            name: "web".to_owned(),
            ports: vec![port(53, true), port(53, false), port(80, false), port(90, true)],
            ..Container::default()
        };
        // 70 is one that only a probe names.
        let given = [(53, 1), (70, 2), (80, 3), (90, 4)].into();
        let (bindings, exposed) = bindings(&published(&container, &[("web".into(), given)].into()));
        let expect = ["53/tcp", "53/udp", "70/tcp", "80/tcp", "90/udp"].map(str::to_owned);
        assert_eq!(exposed, expect.into());
        assert_eq!(bindings["53/udp"], bindings["53/tcp"]);
        assert_eq!(bindings["90/udp"][0].host_port, "4");
    }
}
