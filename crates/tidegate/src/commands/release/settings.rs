use std::path::Path;

use tidegate_conventional::{Component, Rules, TagForm};
use tidegate_git::Repository;
use tidegate_release_file::{Package, Settings, release_please, semantic_release};

use super::write::told;
use crate::{args::ReleaseArgs, error::CliError};

const CONFIG: &str = "release-please-config.json";
const MANIFEST: &str = ".release-please-manifest.json";
const SEMANTIC: [&str; 2] = [".releaserc.json", ".releaserc"];
/// Settings are some KiB; this is where a wrong file is told from a right one.
const LONGEST: usize = 1 << 20;

/// What the repository releases by: the settings that are committed, or what is usual.
pub(super) fn of(repository: &Repository, args: &ReleaseArgs) -> Result<Settings, CliError> {
    let mut settings = match committed(repository, CONFIG)? {
        Some(config) => {
            let manifest = committed(repository, MANIFEST)?;
            let manifest = manifest.as_deref().map(|text| (MANIFEST, text));
            release_please((CONFIG, &config), manifest)
                .map_err(|error| CliError::failed(error.to_string()))?
        }
        None => usual(repository, args)?,
    };
    if let Some(channel) = &args.channel {
        for package in &mut settings.packages {
            package.component.rules.channel = Some(channel.clone());
        }
    }
    Ok(settings)
}

/// One component: the whole repository, or the folder that was named within it.
fn usual(repository: &Repository, args: &ReleaseArgs) -> Result<Settings, CliError> {
    let folder = inside(repository, &args.path);
    let name = folder.rsplit('/').next().unwrap_or_default().to_owned();
    let mut rules = Rules::usual();
    let mut tag =
        if folder.is_empty() { TagForm::plain() } else { TagForm::of_component(&name, "-") };
    let mut without_meaning = Vec::new();
    for file in SEMANTIC {
        if let Some(text) = committed(repository, file)? {
            let branches = semantic_release(file, &text)
                .map_err(|error| CliError::failed(error.to_string()))?;
            let branch = repository.head().map_err(|error| told(&error))?.branch;
            rules.channel = branch.and_then(|branch| branches.channel(&branch).cloned());
            // As semantic-release has it: there is no 0.x, and the first release is 1.0.0.
            rules.bump_minor_pre_major = false;
            rules.initial = semver::Version::new(1, 0, 0);
            tag = branches.tag;
            without_meaning = branches.without_meaning;
            break;
        }
    }
    let package = Package {
        component: Component {
            name: if name.is_empty() { ".".to_owned() } else { name },
            path: folder.clone(),
            exclude: Vec::new(),
            tag,
            rules,
            depends_on: Vec::new(),
        },
        last: None,
        release_as: None,
        changelog: Some("CHANGELOG.md".to_owned()),
        files: Vec::new(),
        host: None,
        tagged: true,
        known_files: true,
        authors: false,
        folder,
    };
    Ok(Settings {
        packages: vec![package],
        groups: Vec::new(),
        follows: false,
        since: None,
        without_meaning,
    })
}

/// The path of a folder from the top of the repository.
fn inside(repository: &Repository, path: &Path) -> String {
    let whole = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let inside = whole.strip_prefix(repository.folder()).unwrap_or(Path::new(""));
    inside.to_string_lossy().into_owned()
}

/// A file as it is committed, as text.
pub(super) fn committed(repository: &Repository, path: &str) -> Result<Option<String>, CliError> {
    let bytes = repository.read_file("HEAD", path, LONGEST).map_err(|error| told(&error))?;
    bytes.map(|bytes| text(path, bytes)).transpose()
}

/// Bytes as text, or whose they are.
pub(super) fn text(path: &str, bytes: Vec<u8>) -> Result<String, CliError> {
    String::from_utf8(bytes).map_err(|_| CliError::failed(format!("{path} is not UTF-8")))
}
