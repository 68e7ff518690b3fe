use std::path::{Path, PathBuf};

use tidegate_replicas::{Carrier as _, Keeping, LogLimits, PortPool, RestartBackoff};

use crate::{auth, carrier::Containers};

/// The file for the socket of the engine.
const LAST: &str = "engine";

/// How the containers of an engine are run.
#[derive(Clone, Debug)]
pub struct ContainerSettings {
    /// The data folder. The runtime keeps `containers/` and `logs/` in it, mode 0700.
    pub data: PathBuf,
    /// The socket of the engine.
    pub engine: EngineSocket,
    /// Files with credentials for registries, the first that has some for a registry counts.
    /// Default: those of the user who runs the server.
    pub auth_files: Vec<PathBuf>,
    /// Which ports of this machine replicas are given.
    pub ports: PortPool,
    /// How much of what a container writes is kept.
    pub logs: LogLimits,
    /// How soon a container that ended is started again.
    pub backoff: RestartBackoff,
    /// How many replicas this machine runs at the most. Default 1000, as for processes.
    pub most_replicas: usize,
}

impl ContainerSettings {
    /// The defaults, with everything kept in `data`.
    pub fn new(data: PathBuf, engine: EngineSocket) -> Self {
        Self {
            data,
            engine,
            auth_files: auth::files(|name| std::env::var(name).ok()),
            ports: PortPool::default(),
            logs: LogLimits::default(),
            backoff: RestartBackoff::default(),
            most_replicas: 1000,
        }
    }

    pub(crate) fn keeping(&self) -> Keeping {
        Keeping {
            data: self.data.clone(),
            ports: self.ports.clone(),
            logs: self.logs,
            backoff: self.backoff,
            most_replicas: self.most_replicas,
        }
    }
}

/// The unix socket of a Docker or Podman engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineSocket(PathBuf);

impl EngineSocket {
    /// Reads an address as `DOCKER_HOST` has it: `unix:///run/docker.sock`, or a path.
    ///
    /// # Errors
    /// For every other kind of address, in a sentence: a replica's ports are on the machine of its
    /// engine, and the router reaches those of this one.
    pub fn read(address: &str) -> Result<Self, String> {
        let path = address.strip_prefix("unix://").unwrap_or(address);
        if path.starts_with('/') {
            return Ok(Self(PathBuf::from(path)));
        }
        Err(format!(
            "{address:?} is no address of an engine on this machine: write unix:// and the path of \
             its socket, such as unix:///run/docker.sock"
        ))
    }

    /// The one that the last runtime of a data folder used, wherever engines are now.
    pub fn last(data: &Path) -> Option<Self> {
        let text = std::fs::read_to_string(data.join(Containers::FOLDER).join(LAST)).ok()?;
        Self::read(text.trim()).ok()
    }

    /// Writes down that it is used for a data folder.
    pub(crate) fn keep(&self, data: &Path) -> std::io::Result<()> {
        let text = self.0.display().to_string();
        std::fs::write(data.join(Containers::FOLDER).join(LAST), text)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Where engines listen when nobody says otherwise: `DOCKER_HOST`, then Docker's and Podman's
    /// own places. The first that is there; `None` when none is.
    ///
    /// # Errors
    /// When `DOCKER_HOST` is no socket of this machine.
    pub fn find(get: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, String> {
        if let Some(address) = get("DOCKER_HOST").filter(|address| !address.is_empty()) {
            return Self::read(&address).map(Some).map_err(|why| format!("DOCKER_HOST: {why}"));
        }
        let own = get("XDG_RUNTIME_DIR").map(PathBuf::from);
        let own =
            own.iter().flat_map(|run| [run.join("docker.sock"), run.join("podman/podman.sock")]);
        let places = ["/run/docker.sock", "/var/run/docker.sock", "/run/podman/podman.sock"];
        let found = places.iter().map(PathBuf::from).chain(own).find(|path| path.exists());
        Ok(found.map(Self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_socket_of_this_machine() {
        let check = |address: &str, expect: Option<&str>| {
            let read = EngineSocket::read(address).ok();
            assert_eq!(read, expect.map(|path| EngineSocket(path.into())), "{address}");
        };
        check("unix:///run/x.sock", Some("/run/x.sock"));
        check("/run/x.sock", Some("/run/x.sock"));
        check("tcp://10.0.0.1:2375", None);
        check("ssh://host", None);
        check("x.sock", None);
    }

    #[test]
    fn docker_host_goes_before_every_other_place() {
        let folder = tempfile::tempdir().unwrap();
        let own = folder.path().join("podman/podman.sock");
        std::fs::create_dir_all(own.parent().unwrap()).unwrap();
        std::fs::write(&own, "").unwrap();
        let run = folder.path().display().to_string();
        let find = |host: Option<&str>| {
            EngineSocket::find(|name| match name {
                "DOCKER_HOST" => host.map(str::to_owned),
                "XDG_RUNTIME_DIR" => Some(run.clone()),
                _ => None,
            })
        };
        assert_eq!(find(Some("unix:///a.sock")), Ok(Some(EngineSocket("/a.sock".into()))));
        assert!(find(Some("tcp://a")).unwrap_err().starts_with("DOCKER_HOST: "));
        // Whoever runs this may have an engine in its usual place, which goes first.
        assert!(find(None).unwrap().is_some());
    }
}
