//! OCI image layouts: an index, a manifest, a configuration and layers, each by its digest.
//! (OCI image specification 1.1, "Image Layout", "Image Manifest", "Image Configuration".)

use std::{
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
};

use serde::{Deserialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};

use crate::settings::ImageLimits;

use super::{
    archive::{self, Budget, Kind, Packing},
    store::{ImageConfig, UnpackError, named},
};

/// More than any index, manifest or configuration: registries refuse manifests over 4 MiB.
const DOCUMENT: u64 = 4 << 20;
/// More than any builder makes: Docker stops at 127.
const LAYERS: usize = 512;
/// An index may name an index for each platform; deeper is a mistake.
const DEPTH: u32 = 3;

#[derive(Deserialize)]
struct Index {
    manifests: Vec<Descriptor>,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    #[serde(default)]
    media_type: String,
    digest: String,
    platform: Option<Platform>,
}

#[derive(Clone, Deserialize)]
struct Platform {
    architecture: String,
    os: String,
}

#[derive(Deserialize)]
struct Manifest {
    config: Descriptor,
    layers: Vec<Descriptor>,
}

#[derive(Deserialize)]
struct Configuration {
    config: Option<Settings>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Settings {
    entrypoint: Option<Vec<String>>,
    cmd: Option<Vec<String>>,
    env: Option<Vec<String>>,
    working_dir: Option<String>,
}

/// Whether a folder is an OCI layout.
pub(super) fn is_layout(folder: &Path) -> bool {
    folder.join("oci-layout").is_file() && folder.join("index.json").is_file()
}

/// The digest of the manifest that is meant for this machine, as the store names it.
pub(super) fn digest(layout: &Path) -> Result<String, UnpackError> {
    let manifest = manifest(layout)?;
    Ok(format!("sha256-{}", hex(&manifest.digest)?))
}

/// Unpacks the image that is meant for this machine.
pub(super) fn unpack(
    layout: &Path,
    root: &Path,
    limits: ImageLimits,
) -> Result<ImageConfig, UnpackError> {
    let manifest: Manifest = document(layout, &manifest(layout)?.digest)?;
    if manifest.layers.len() > LAYERS {
        return Err(UnpackError::TooLarge { limit: LAYERS as u64, of: "layers" });
    }
    let configuration: Configuration = document(layout, &manifest.config.digest)?;
    let mut budget = Budget::new(limits);
    for layer in &manifest.layers {
        let path = blob(layout, &layer.digest)?;
        let digest = archive::unpack(&path, packing(layer)?, root, Kind::Layer, &mut budget)?;
        if digest != format!("sha256-{}", hex(&layer.digest)?) {
            return Err(wrong(&layer.digest));
        }
    }
    Ok(configuration.config.map(config).unwrap_or_default())
}

fn config(settings: Settings) -> ImageConfig {
    ImageConfig {
        entrypoint: settings.entrypoint.unwrap_or_default(),
        cmd: settings.cmd.unwrap_or_default(),
        env: settings
            .env
            .unwrap_or_default()
            .iter()
            .filter_map(|entry| entry.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        working_dir: settings.working_dir.filter(|folder| !folder.is_empty()),
    }
}

fn manifest(layout: &Path) -> Result<Descriptor, UnpackError> {
    let path = layout.join("index.json");
    let text = read(&path)?;
    let mut index: Index = parse(&path, &text)?;
    for _ in 0..DEPTH {
        let chosen = choose(&index.manifests)?;
        if !chosen.media_type.contains("index") && !chosen.media_type.contains("manifest.list") {
            return Ok(chosen);
        }
        index = document(layout, &chosen.digest)?;
    }
    Err(UnpackError::Malformed(format!("its index names indexes, {DEPTH} deep")))
}

/// The one for this machine, or the only one if it does not say for which machine it is.
fn choose(manifests: &[Descriptor]) -> Result<Descriptor, UnpackError> {
    let fits =
        |platform: &Platform| platform.os == "linux" && platform.architecture == architecture();
    let fitting = manifests.iter().find(|one| one.platform.as_ref().is_some_and(fits));
    if let Some(one) = fitting {
        return Ok(one.clone());
    }
    match manifests {
        [one] if one.platform.is_none() => Ok(one.clone()),
        others => Err(UnpackError::Malformed(format!(
            "none of its {} manifests is for linux/{}",
            others.len(),
            architecture()
        ))),
    }
}

/// As Go, and so OCI, names it.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "386",
        "powerpc64" => "ppc64le",
        other => other,
    }
}

fn packing(layer: &Descriptor) -> Result<Packing, UnpackError> {
    let kind = layer.media_type.as_str();
    if kind.ends_with("tar+gzip") || kind.ends_with("tar.gzip") {
        Ok(Packing::Gzip)
    } else if kind.ends_with("tar") {
        Ok(Packing::Plain)
    } else {
        Err(UnpackError::Malformed(format!(
            "its layer {} is {kind:?}; only tar and tar+gzip can be unpacked",
            layer.digest
        )))
    }
}

fn document<T: DeserializeOwned>(layout: &Path, digest: &str) -> Result<T, UnpackError> {
    let path = blob(layout, digest)?;
    let text = read(&path)?;
    if named(Sha256::digest(&text)) != format!("sha256-{}", hex(digest)?) {
        return Err(wrong(digest));
    }
    parse(&path, &text)
}

fn wrong(digest: &str) -> UnpackError {
    UnpackError::Malformed(format!("its blob {digest} does not have that digest"))
}

fn parse<T: DeserializeOwned>(path: &Path, text: &[u8]) -> Result<T, UnpackError> {
    serde_json::from_slice(text)
        .map_err(|error| UnpackError::Malformed(format!("{}: {error}", path.display())))
}

fn read(path: &Path) -> Result<Vec<u8>, UnpackError> {
    let mut text = Vec::new();
    File::open(path)
        .and_then(|file| file.take(DOCUMENT + 1).read_to_end(&mut text))
        .map_err(UnpackError::io(path))?;
    if text.len() as u64 > DOCUMENT {
        return Err(UnpackError::Malformed(format!(
            "{} is larger than {DOCUMENT} bytes",
            path.display()
        )));
    }
    Ok(text)
}

/// A blob's file. It must be a plain file of the layout: a link there could lead anywhere.
fn blob(layout: &Path, digest: &str) -> Result<PathBuf, UnpackError> {
    let path = layout.join("blobs/sha256").join(hex(digest)?);
    let meta = fs::symlink_metadata(&path).map_err(UnpackError::io(&path))?;
    if !meta.is_file() {
        return Err(UnpackError::Malformed(format!("its blob {digest} is no plain file")));
    }
    Ok(path)
}

fn hex(digest: &str) -> Result<&str, UnpackError> {
    digest
        .strip_prefix("sha256:")
        .filter(|hex| {
            hex.len() == 64 && hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        })
        .ok_or_else(|| UnpackError::Malformed(format!("{digest:?} is no sha256 digest")))
}
