use std::{
    fs::File,
    io::{Read as _, Seek, Write},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use zip::{CompressionMethod, ZipArchive, ZipWriter, write::SimpleFileOptions};

use super::tree::Tree;
use crate::{
    Error,
    limits::{ARCHIVE_FILES, UNPACKED_BYTES},
    names,
};

/// Beyond it a file in a zip file needs longer fields.
const LARGE: u64 = u32::MAX as u64;

/// What a link is, among the modes of Unix.
const LINK: u32 = 0o120_000;
const KIND: u32 = 0o170_000;

/// Writes these files, each under its path below `root`. The same files give the same bytes: times
/// are left out, which nobody gets back either.
pub(super) fn pack(
    out: impl Write + Seek,
    root: &Path,
    files: &[PathBuf],
    level: u8,
) -> Result<(), Error> {
    if files.len() > ARCHIVE_FILES {
        return Err(Error::TooLarge(format!("more than {ARCHIVE_FILES} files in an artifact")));
    }
    let mut archive = ZipWriter::new(out);
    for path in files {
        add(&mut archive, root, path, level)?;
    }
    archive.finish().map_err(Error::failed("cannot pack an artifact"))?;
    Ok(())
}

fn add(
    archive: &mut ZipWriter<impl Write + Seek>,
    root: &Path,
    path: &Path,
    level: u8,
) -> Result<(), Error> {
    let failed = |why: &dyn std::fmt::Display| Error::Failed {
        what: format!("cannot pack {}", path.display()),
        why: why.to_string(),
    };
    let name = path.strip_prefix(root).map_err(|error| failed(&error))?;
    let name = name.to_str().ok_or_else(|| failed(&"its name is not Unicode"))?;
    names::check_path(name)?;
    let mut file = File::open(path).map_err(|error| failed(&error))?;
    let about = file.metadata().map_err(|error| failed(&error))?;
    let options = SimpleFileOptions::default()
        .unix_permissions(about.permissions().mode() & 0o777)
        .large_file(about.len() > LARGE);
    let options = match level {
        0 => options.compression_method(CompressionMethod::Stored),
        _ => options
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(i64::from(level))),
    };
    archive.start_file(name, options).map_err(|error| failed(&error))?;
    std::io::copy(&mut file, archive).map_err(|error| failed(&error))?;
    Ok(())
}

/// Unpacks a zip file below `folder`. Names that lead out of it, links and archives that come to too
/// much are refused before anything of them is written.
pub(super) fn unpack(from: File, folder: &Path) -> Result<u64, Error> {
    let failed = || Error::failed("cannot unpack an artifact");
    let mut archive = ZipArchive::new(std::io::BufReader::new(from)).map_err(failed())?;
    if archive.len() > ARCHIVE_FILES {
        return Err(Error::TooLarge(format!("more than {ARCHIVE_FILES} files in an artifact")));
    }
    let checked: Vec<_> = (0..archive.len())
        .map(|at| check(&archive.by_index(at).map_err(failed())?))
        .collect::<Result<_, _>>()?;
    let mut tree = Tree::open(folder)?;
    let mut left = UNPACKED_BYTES;
    for (at, name) in checked.iter().enumerate() {
        let entry = archive.by_index(at).map_err(failed())?;
        if name.as_os_str().is_empty() {
            continue;
        }
        if entry.is_dir() {
            tree.folder(name)?;
            continue;
        }
        // Modes are not kept: `actions/upload-artifact` says so, and people pack what needs them.
        let mut file = tree.file(name, 0o666)?;
        let written = std::io::copy(&mut entry.take(left + 1), &mut file)
            .map_err(Error::failed(format!("cannot unpack {}", name.display())))?;
        left = left.checked_sub(written).ok_or_else(|| {
            Error::TooLarge(format!("an artifact unpacks to more than {UNPACKED_BYTES} bytes"))
        })?;
    }
    Ok(UNPACKED_BYTES - left)
}

fn check<R: std::io::Read>(entry: &zip::read::ZipFile<'_, R>) -> Result<PathBuf, Error> {
    let name = entry.name().map_err(Error::failed("cannot read a name in an artifact"))?;
    let refused = |why: &str| Error::Invalid(format!("the artifact is refused: {name:?} {why}"));
    if entry.unix_mode().is_some_and(|mode| mode & KIND == LINK) {
        return Err(refused("is a link"));
    }
    if entry.encrypted() {
        return Err(refused("is encrypted"));
    }
    // Archives that were made by `archiver` begin no name with a slash; others may, by mistake.
    let is_plain = |part: &str| part != ".." && !part.contains('\0');
    if name.starts_with('/') || name.starts_with('\\') || !name.split(['/', '\\']).all(is_plain) {
        return Err(refused("leads out of where it is unpacked"));
    }
    let parts = name.split('/').filter(|part| !part.is_empty() && *part != ".");
    Ok(parts.collect())
}
