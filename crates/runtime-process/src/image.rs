//! What an image means as a process of this machine.

mod archive;
mod inside;
mod map;
mod oci;
mod store;
mod tree;

use std::path::{Path, PathBuf};

use tidegate_workload::{Container, ImageRule, PodTemplate};

use tidegate_replicas::{Variables, command};

pub(crate) use store::{ImageStore, Unpacked};

/// An image, ready to be run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Image {
    /// The program and its first arguments, where the container names no `command`.
    pub(crate) command: Vec<String>,
    /// The arguments, where the container names neither `command` nor `args`.
    pub(crate) args: Vec<String>,
    /// Environment below that of the container.
    pub(crate) env: Variables,
    /// The folder in which it runs.
    pub(crate) folder: PathBuf,
    /// The folder that stands for `/` of the image, when the image is a whole file system.
    pub(crate) root: Option<PathBuf>,
    /// The digest of what was unpacked: it stays what it is while the revision has replicas.
    pub(crate) digest: Option<String>,
}

/// Why an image cannot be run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ImageError {
    /// Neither way of naming it leads anywhere.
    #[error(
        "no process is known for image {image:?} of container {container:?}: either write \
         file:PATH as the image (a folder, a tar archive or an OCI layout), or add a rule for it \
         to the image map (annotation tidegate.dev/image-map of the Rollout, or the server's \
         settings), or start the server where a container engine runs (`tidegate server --help`, \
         --engine)"
    )]
    Unknown {
        /// The image as the manifest names it.
        image: String,
        /// Whose.
        container: String,
    },
    /// It cannot be unpacked.
    #[error("image {image:?} of container {container:?}: {problem}")]
    Unusable {
        /// The image as the manifest names it.
        image: String,
        /// Whose.
        container: String,
        /// What is wrong with it, and the mend.
        problem: String,
    },
    /// Nothing says what to run.
    #[error(
        "container {container:?} has no command, and image {image:?} names none: set `command` in \
         the manifest, or `command` in its rule of the image map"
    )]
    NoCommand {
        /// The image as the manifest names it.
        image: String,
        /// Whose.
        container: String,
    },
    /// The folder that it is to start in is not there.
    #[error(
        "container {container:?}: workingDir {folder:?} is no folder of its image or of this machine"
    )]
    NoFolder {
        /// The folder as the manifest names it.
        folder: String,
        /// Whose.
        container: String,
    },
}

/// Whether each container of a template is known as a process: by `file:`, by the template's own
/// image map, or by these rules.
pub fn is_known(template: &PodTemplate, rules: &[ImageRule]) -> bool {
    let applies = |image: &str| {
        let mut rules = template.images.iter().chain(rules);
        rules.any(|rule| map::apply(rule, image, Path::new("/")).is_some())
    };
    let known = |one: &Container| one.image.starts_with("file:") || applies(&one.image);
    template.all().all(known)
}

/// Finds out what the image of a container means: by `file:`, by the rules of the template, by
/// those of the settings. `pinned` is the digest that the revision's earlier replicas ran.
///
/// It reads, and may copy, the whole image: not for an async thread.
pub(crate) fn resolve(
    container: &Container,
    rules: &[&[ImageRule]],
    store: &ImageStore,
    pinned: Option<&str>,
) -> Result<Image, ImageError> {
    if let Some(path) = container.image.strip_prefix("file:") {
        let unpacked = store.unpack(path, pinned).map_err(|problem| ImageError::Unusable {
            image: container.image.clone(),
            container: container.name.clone(),
            problem: problem.to_string(),
        })?;
        return Ok(Image::from(unpacked));
    }
    rules
        .iter()
        .flat_map(|rules| rules.iter())
        .find_map(|rule| map::apply(rule, &container.image, store.working_folder()))
        .ok_or_else(|| ImageError::Unknown {
            image: container.image.clone(),
            container: container.name.clone(),
        })
}

impl From<Unpacked> for Image {
    fn from(unpacked: Unpacked) -> Self {
        let config = unpacked.config;
        let folder = match &config.working_dir {
            Some(inner) => unpacked.root.join(inner.trim_start_matches('/')),
            None => unpacked.root.clone(),
        };
        Self {
            command: config.entrypoint,
            args: config.cmd,
            env: config.env,
            folder,
            root: Some(unpacked.root),
            digest: Some(unpacked.digest),
        }
    }
}

/// What is run: the program, then its arguments, before references are expanded.
///
/// An absolute path that the image's file system has is meant there.
pub(crate) fn command_line(
    container: &Container,
    image: &Image,
) -> Result<Vec<String>, ImageError> {
    let (command, args) = command(container, (&image.command, &image.args));
    let mut words = command.iter().chain(args).cloned();
    let program = words.next().ok_or_else(|| ImageError::NoCommand {
        image: container.image.clone(),
        container: container.name.clone(),
    })?;
    let program = match inside_root(image, &program) {
        Some(path) => path.to_string_lossy().into_owned(),
        None => program,
    };
    Ok([program].into_iter().chain(words).collect())
}

/// The folder in which a container starts. It must be there.
pub(crate) fn working_folder(container: &Container, image: &Image) -> Result<PathBuf, ImageError> {
    let folder = match &container.working_dir {
        None => image.folder.clone(),
        Some(named) => match inside_root(image, named) {
            Some(folder) => folder,
            // An absolute path stays what it is.
            None => image.folder.join(named),
        },
    };
    let in_volume = container.mounts.iter().any(|mount| folder.starts_with(&mount.path));
    if in_volume || folder.is_dir() {
        return Ok(folder);
    }
    Err(ImageError::NoFolder {
        folder: container.working_dir.clone().unwrap_or_else(|| folder.display().to_string()),
        container: container.name.clone(),
    })
}

fn inside_root(image: &Image, path: &str) -> Option<PathBuf> {
    let root = image.root.as_ref()?;
    let inner = Path::new(path).strip_prefix("/").ok()?;
    let path = root.join(inner);
    path.exists().then_some(path)
}

#[cfg(test)]
mod tests;
