use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

use tidegate_glob::NamePattern;

use super::{tree::Tree, zip};
use crate::{Artifact, Digest, Error, Store, digest::Hasher};

/// What `actions/download-artifact` takes.
#[derive(Clone, Debug)]
pub struct Download {
    /// Which artifacts.
    pub which: Which,
    /// Where to.
    pub path: PathBuf,
    /// Whether several go to the same folder; otherwise each to one of its name.
    pub merge_multiple: bool,
    /// Whether they stay packed.
    pub skip_decompress: bool,
}

/// Which artifacts of a run.
#[derive(Clone, Debug)]
pub enum Which {
    /// The one of this name.
    Name(String),
    /// Those of these numbers; some may be missing.
    Ids(Vec<i64>),
    /// Those whose names match.
    Pattern(String),
    /// All.
    All,
}

/// Downloads, and says which artifacts: the latest of each name.
pub fn download(store: &Store, run: &str, asked: &Download) -> Result<Vec<Artifact>, Error> {
    let artifacts = select(store, run, &asked.which)?;
    let is_single = matches!(asked.which, Which::Name(_)) || artifacts.len() == 1;
    for artifact in &artifacts {
        let folder = if is_single || asked.merge_multiple {
            asked.path.clone()
        } else {
            // The name was checked when the artifact was made: it is the name of a file.
            asked.path.join(&artifact.name)
        };
        fetch(store, artifact, &folder, asked.skip_decompress)?;
    }
    Ok(artifacts)
}

fn select(store: &Store, run: &str, which: &Which) -> Result<Vec<Artifact>, Error> {
    if let Which::Name(name) = which {
        return Ok(vec![store.artifact_named(run, name)?]);
    }
    let mut latest = BTreeMap::new();
    for artifact in store.artifacts(run)? {
        latest.insert(artifact.name.clone(), artifact);
    }
    let mut artifacts: Vec<_> = latest.into_values().collect();
    match which {
        Which::Ids(ids) => {
            artifacts.retain(|artifact| ids.contains(&artifact.id));
            if artifacts.is_empty() {
                return Err(Error::NotFound(
                    "None of the provided artifact IDs were found".to_owned(),
                ));
            }
        }
        Which::Pattern(pattern) => {
            let pattern =
                NamePattern::parse(pattern).map_err(|error| Error::Invalid(error.to_string()))?;
            artifacts.retain(|artifact| pattern.matches(&artifact.name));
        }
        Which::Name(_) | Which::All => {}
    }
    Ok(artifacts)
}

/// One artifact, if its bytes are still those that were uploaded.
fn fetch(store: &Store, artifact: &Artifact, to: &Path, packed: bool) -> Result<(), Error> {
    let mut file = store.read(artifact.blob.digest)?;
    let found = hash(&mut file)?;
    if found != artifact.blob.digest {
        return Err(Error::Mismatch(format!(
            "artifact {:?} was sha256:{} and is sha256:{found}: the disk lost it",
            artifact.name, artifact.blob.digest
        )));
    }
    let mut file = store.read(artifact.blob.digest)?;
    let is_zip = artifact.mime == "application/zip";
    if is_zip && !packed {
        zip::unpack(file, to)?;
        return Ok(());
    }
    let name = if is_zip && !artifact.name.to_lowercase().ends_with(".zip") {
        format!("{}.zip", artifact.name)
    } else {
        artifact.name.clone()
    };
    let mut out = Tree::open(to)?.file(Path::new(&name), 0o666)?;
    io::copy(&mut file, &mut out).map_err(Error::failed(format!("cannot write {name}")))?;
    Ok(())
}

fn hash(from: &mut impl io::Read) -> Result<Digest, Error> {
    let mut hasher = Hasher::default();
    let mut piece = vec![0; 1 << 20];
    loop {
        let read = from.read(&mut piece).map_err(Error::failed("cannot read an artifact"))?;
        if read == 0 {
            return Ok(hasher.finish());
        }
        hasher.update(piece.get(..read).unwrap_or_default());
    }
}
