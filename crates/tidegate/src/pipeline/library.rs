//! Workflows that jobs call, and actions that steps use: of the same repository, or of mirrors on this machine.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use tidegate_git::{Checkout, Git, History, Repository, Submodules, Wanted};
use tidegate_steps::Action;
use tidegate_workflow::{MOST_CALLS_DEEP, Work, Workflow};
use tidegate_workflow_file::{read_action, read_workflow};

use crate::error::CliError;

/// No workflow or action file is longer: the reader takes no more.
const MOST_BYTES: usize = 1 << 20;

/// Where other repositories are: folders that have them as `owner/name` or `owner/name.git`.
#[derive(Clone, Debug)]
pub(crate) struct Library {
    git: Git,
    mirrors: Vec<PathBuf>,
    laying_out: Arc<Mutex<()>>,
}

/// What `owner/name/path@ref` names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Remote {
    pub(crate) repository: String,
    pub(crate) path: String,
    pub(crate) reference: String,
}

impl Remote {
    /// Reads what `uses` says; `None` for what is of the same repository, or no repository at all.
    pub(crate) fn read(uses: &str) -> Option<Self> {
        let (path, reference) = uses.split_once('@')?;
        let mut segments = path.splitn(3, '/');
        let (owner, name) = (segments.next()?, segments.next()?);
        let path = segments.next().unwrap_or_default().to_owned();
        let plain = |one: &str| !one.is_empty() && !one.starts_with('.') && !one.contains(':');
        let found =
            Self { repository: format!("{owner}/{name}"), path, reference: reference.to_owned() };
        (plain(owner) && plain(name)).then_some(found)
    }
}

impl Library {
    pub(crate) fn new(git: Git, mirrors: Vec<PathBuf>) -> Self {
        Self { git, mirrors, laying_out: Arc::default() }
    }

    /// The mirror of a repository.
    pub(crate) fn mirror(&self, repository: &str) -> Option<PathBuf> {
        let named = |folder: &PathBuf| {
            let plain = folder.join(repository);
            let bare = folder.join(format!("{repository}.git"));
            [plain, bare].into_iter().find(|path| path.is_dir())
        };
        self.mirrors.iter().find_map(named)
    }

    /// Whether an action of another repository can be had, or why not.
    pub(crate) fn has(&self, remote: &Remote) -> Result<(), String> {
        let folder = self.mirror(&remote.repository).ok_or_else(|| self.nowhere(remote))?;
        let repository = Repository::open(&self.git, &folder).map_err(|error| error.to_string())?;
        repository.commit(&remote.reference).map(drop).map_err(|error| error.to_string())
    }

    fn nowhere(&self, remote: &Remote) -> String {
        let folders: Vec<String> =
            self.mirrors.iter().map(|folder| folder.display().to_string()).collect();
        let looked = if folders.is_empty() {
            "no folder with actions".to_owned()
        } else {
            folders.join(", ")
        };
        format!(
            "{} is not on this machine ({looked} was named): clone it to DIR/{} and name DIR with --actions",
            remote.repository, remote.repository
        )
    }

    /// An action of another repository, laid out below `to`.
    pub(crate) fn action(&self, remote: &Remote, to: &Path) -> Result<Action, String> {
        let folder = self.mirror(&remote.repository).ok_or_else(|| self.nowhere(remote))?;
        let told = |error: tidegate_git::Error| format!("{}: {error}", remote.repository);
        let repository = Repository::open(&self.git, &folder).map_err(told)?;
        let commit = repository.commit(&remote.reference).map_err(told)?;
        // Of its commit: two references may be one, and two alike be two.
        let at = to.join(&remote.repository).join(commit.as_str());
        // Several steps may want it at once.
        let _turn = self.laying_out.lock().unwrap_or_else(PoisonError::into_inner);
        if !at.join(".git").exists() {
            let url = folder.display().to_string();
            let checkout = Checkout {
                url: &url,
                wanted: Wanted::Commit(&commit),
                history: History::Whole,
                submodules: Submodules::None,
                sparse: &[],
                large_files: false,
                credentials: None,
            };
            self.git.checkout(&at, &checkout).map_err(told)?;
        }
        let mut action = action_in(&at.join(&remote.path))?;
        action.repository = Some((remote.repository.clone(), remote.reference.clone()));
        Ok(action)
    }

    /// The workflow of a file of another repository.
    fn workflow(&self, remote: &Remote) -> Result<Workflow, String> {
        let folder = self.mirror(&remote.repository).ok_or_else(|| self.nowhere(remote))?;
        let repository = Repository::open(&self.git, &folder).map_err(|error| error.to_string())?;
        let read = repository.read_file(&remote.reference, &remote.path, MOST_BYTES);
        let bytes = read.map_err(|error| error.to_string())?;
        let bytes = bytes.ok_or_else(|| format!("{} has no {}", remote.repository, remote.path))?;
        let text = String::from_utf8_lossy(&bytes);
        let read = read_workflow(&remote.path, &text).workflow();
        read.map_err(|error| format!("{}/{}:{error}", remote.repository, remote.path))
    }
}

/// The action of a folder.
pub(crate) fn action_in(folder: &Path) -> Result<Action, String> {
    let files = ["action.yml", "action.yaml"].map(|name| folder.join(name));
    let Some(file) = files.iter().find(|file| file.is_file()) else {
        return Err(format!("{}: there is no action.yml in it", folder.display()));
    };
    let text = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let name = file.display().to_string();
    let mut action =
        read_action(&name, &text).action().map_err(|error| format!("{name}:{error}"))?;
    action.directory = folder.display().to_string();
    Ok(action)
}

/// A workflow with all workflows that its jobs call.
pub(crate) fn with_calls(
    workflow: Workflow,
    root: &Path,
    library: &Library,
) -> Result<Arc<Workflow>, CliError> {
    let mut known = BTreeMap::new();
    called(workflow, root, library, 1, &mut known).map(Arc::new).map_err(CliError::failed)
}

fn called(
    mut workflow: Workflow,
    root: &Path,
    library: &Library,
    depth: usize,
    known: &mut BTreeMap<String, Arc<Workflow>>,
) -> Result<Workflow, String> {
    for job in &mut workflow.jobs {
        let Work::Call(call) = &mut job.work else { continue };
        let uses = call.uses.what.clone();
        if let Some(found) = known.get(&uses) {
            call.workflow = Some(found.clone());
            continue;
        }
        if depth >= MOST_CALLS_DEEP {
            return Err(format!(
                "workflows call each other more than {MOST_CALLS_DEEP} deep, at {uses}"
            ));
        }
        let read = match (uses.strip_prefix("./"), Remote::read(&uses)) {
            (Some(path), _) => read_file(&root.join(path))?,
            (None, Some(remote)) => library.workflow(&remote)?,
            (None, None) => return Err(format!("{uses}: names no workflow")),
        };
        let read = Arc::new(called(read, root, library, depth + 1, known)?);
        known.insert(uses, read.clone());
        call.workflow = Some(read);
    }
    Ok(workflow)
}

/// The workflow of a file of this machine.
pub(crate) fn read_file(path: &Path) -> Result<Workflow, String> {
    let name = path.display().to_string();
    let text = fs::read_to_string(path).map_err(|error| format!("{name}: {error}"))?;
    read_workflow(&name, &text).workflow().map_err(|error| format!("{name}:{error}"))
}
