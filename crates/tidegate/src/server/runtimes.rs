//! What runs replicas: processes, containers, or both.

use std::{io, path::PathBuf, sync::Arc};

use tidegate_ports::{Jobs, Runtime, RuntimeError};
use tidegate_replicas::{Carrier, Choice, Mixed, Side, jobs::MixedJobs};
use tidegate_runtime_container::{
    ContainerJobs, ContainerRuntime, ContainerSettings, Containers, EngineSocket,
};
use tidegate_runtime_process::{ProcessJobs, ProcessRuntime, ProcessSettings, is_known};
use tidegate_workload::ImageRule;

use super::{job_keeper, mend};
use crate::{
    args::{RuntimeKind, ServerArgs},
    error::CliError,
    place::Place,
};

/// Which runtimes a server uses.
#[derive(Debug)]
pub(super) struct Wish {
    pub(super) kind: RuntimeKind,
    /// The engine, if there is one or has to be.
    pub(super) engine: Option<EngineSocket>,
}

impl Wish {
    /// What the command line asks for, on this machine.
    pub(crate) fn of(args: &ServerArgs, place: &Place) -> Result<Self, CliError> {
        let kind = args.runtime;
        let engine = match (&args.engine, kind) {
            (Some(address), _) => Some(EngineSocket::read(address).map_err(|why| bad(&why))?),
            (None, RuntimeKind::Process) if !has_containers(place) => None,
            (None, _) => found(place)?,
        };
        if kind == RuntimeKind::Container && engine.is_none() {
            return Err(bad("no container engine was found").hint(
                "start one (Podman: systemctl start podman.socket; Docker: systemctl start \
                 docker), or say where its socket is with --engine",
            ));
        }
        Ok(Self { kind, engine })
    }

    /// The socket of the engine.
    pub(crate) fn socket(&self) -> Option<PathBuf> {
        self.engine.as_ref().map(|engine| engine.path().to_owned())
    }
}

/// Whether an earlier server had replicas run by an engine here: they have to be seen, whatever is
/// asked for now.
pub(crate) fn has_containers(place: &Place) -> bool {
    place.folder().join(Containers::FOLDER).is_dir()
}

/// The engine of this machine, else the one that an earlier server used here.
pub(crate) fn found(place: &Place) -> Result<Option<EngineSocket>, CliError> {
    let found = EngineSocket::find(|name| std::env::var(name).ok()).map_err(|why| bad(&why))?;
    match found {
        None => Ok(EngineSocket::last(place.folder())),
        found => Ok(found),
    }
}

fn bad(why: &str) -> CliError {
    CliError::failed(format!("the server does not start: {why}"))
}

/// Opens what is wished for, and adopts what runs.
pub(super) fn open(
    place: &Place,
    wish: &Wish,
    processes: ProcessSettings,
) -> Result<Arc<dyn Runtime>, CliError> {
    let failed = |error: RuntimeError| mend::runtime(place, &error);
    let rules = processes.images.clone();
    let processes: Arc<dyn Runtime> = Arc::new(ProcessRuntime::open(processes).map_err(failed)?);
    let Some(engine) = &wish.engine else {
        return Ok(processes);
    };
    let settings = ContainerSettings::new(place.folder().to_owned(), engine.clone());
    let containers = Arc::new(ContainerRuntime::open(settings).map_err(failed)?);
    Ok(Arc::new(Mixed::new(processes, containers, choice(wish.kind, rules))))
}

/// What runs jobs: the same as runs replicas of their templates.
pub(super) fn jobs(
    place: &Place,
    wish: &Wish,
    processes: &ProcessSettings,
) -> Result<Arc<dyn Jobs>, CliError> {
    let failed = |error: io::Error| CliError::failed("the server does not start").because(&error);
    let rules = processes.images.clone();
    let first = ProcessJobs::open(processes, job_keeper()?).map_err(failed)?;
    let Some(engine) = &wish.engine else {
        return Ok(Arc::new(first));
    };
    let settings = ContainerSettings::new(place.folder().to_owned(), engine.clone());
    let second = ContainerJobs::open(&settings).map_err(failed)?;
    Ok(Arc::new(MixedJobs::new(Arc::new(first), Arc::new(second), choice(wish.kind, rules))))
}

/// Which of the two runs a template that nobody runs yet.
fn choice(kind: RuntimeKind, rules: Vec<ImageRule>) -> Choice {
    Box::new(move |template| match kind {
        RuntimeKind::Process => Side::First,
        RuntimeKind::Auto if is_known(template, &rules) => Side::First,
        RuntimeKind::Container | RuntimeKind::Auto => Side::Second,
    })
}
