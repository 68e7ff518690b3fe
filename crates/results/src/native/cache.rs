use std::{
    ffi::OsStr,
    fs,
    io::{self, BufRead as _, BufReader, Read},
    os::unix::fs::PermissionsExt as _,
    path::{Component, Path, PathBuf},
};

use flate2::{bufread::MultiGzDecoder, write::GzEncoder};
use tidegate_glob::{Glob, Options, Place};

use super::tar;
use crate::{CacheEntry, Digest, Error, Grant, Lookup, Store};

/// What the official client hashes with the paths, so that it can let go of all that was.
const SALT: &str = "1.0";

/// How zstd packs where nothing is said.
const LEVEL: i32 = 3;

/// How caches are packed. The official client packs by what the machine has, and finds only what
/// was packed alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// Where there is the program `zstd`.
    Zstd,
    /// Elsewhere.
    Gzip,
}

impl Compression {
    /// As the official client chooses in a job with this `PATH`.
    pub fn of_path(path: &OsStr) -> Self {
        let is_program = |folder: PathBuf| {
            fs::metadata(folder.join("zstd"))
                .is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
        };
        if std::env::split_paths(path).any(is_program) { Self::Zstd } else { Self::Gzip }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Zstd => "zstd-without-long",
            Self::Gzip => "gzip",
        }
    }
}

/// What is cached: the lines of `path`, where they begin and how they are packed.
#[derive(Clone, Copy, Debug)]
pub struct CachePaths<'a> {
    /// Files, folders and patterns, one a line, as they are written.
    pub paths: &'a [&'a str],
    /// Where they begin.
    pub place: Place<'a>,
    /// How they are packed.
    pub compression: Compression,
}

/// The version of a cache, as the official client makes it of the same paths, as they are written.
pub fn cache_version(paths: &[&str], compression: Compression) -> String {
    let mut parts = paths.to_vec();
    parts.extend([compression.word(), SALT]);
    Digest::of(parts.join("|").as_bytes()).to_string()
}

/// Saves what is found there. Whoever was faster is told by [`Error::AlreadyExists`], and a job that
/// may not by [`Error::Denied`].
pub fn save_cache(
    store: &Store,
    grant: &Grant,
    what: CachePaths<'_>,
    key: &str,
) -> Result<CacheEntry, Error> {
    let options = Options { implicit_descendants: false, ..Options::default() };
    let found = what.glob()?.find(options).map_err(|error| Error::Invalid(error.to_string()))?;
    if found.is_empty() {
        return Err(Error::Invalid(
            "Path Validation Error: Path(s) specified in the action for caching do(es) not exist, hence no cache is being saved."
                .to_owned(),
        ));
    }
    let version = cache_version(what.paths, what.compression);
    let failed = || Error::failed("cannot pack a cache");
    store.put_cache(grant, key, &version, |draft| match what.compression {
        Compression::Zstd => {
            let mut packed = zstd::Encoder::new(draft, LEVEL).map_err(failed())?;
            let workers = std::thread::available_parallelism().map_or(1, usize::from);
            packed.multithread(u32::try_from(workers).unwrap_or(1)).map_err(failed())?;
            tar::pack(&mut packed, what.place.folder, &found)?;
            packed.finish().map(|_| ()).map_err(failed())
        }
        Compression::Gzip => {
            let mut packed = GzEncoder::new(draft, flate2::Compression::default());
            tar::pack(&mut packed, what.place.folder, &found)?;
            packed.finish().map(|_| ()).map_err(failed())
        }
    })
}

/// Restores what the keys lead to, if anything. Only what lies at one of the paths is written.
pub fn restore_cache(
    store: &Store,
    grant: &Grant,
    what: CachePaths<'_>,
    keys: &[&str],
) -> Result<Option<CacheEntry>, Error> {
    let version = cache_version(what.paths, what.compression);
    let lookup = Lookup { keys, version: &version };
    let Some(entry) = store.find_cache(grant, lookup)? else { return Ok(None) };
    let roots = what.glob()?.search_paths();
    let file = BufReader::new(store.read(entry.blob.digest)?);
    tar::unpack(unpacked(file)?, what.place.folder, &roots)?;
    Ok(Some(entry))
}

impl CachePaths<'_> {
    fn glob(&self) -> Result<Glob, Error> {
        Glob::parse(&self.paths.join("\n"), self.place)
            .map_err(|error| Error::Invalid(error.to_string()))
    }
}

/// By what it begins with: whoever saved it may have had another program.
fn unpacked(mut file: BufReader<fs::File>) -> Result<Box<dyn Read>, Error> {
    let failed = || Error::failed("cannot read a cache");
    let begin = file.fill_buf().map_err(failed())?;
    if begin.starts_with(&[0x1f, 0x8b]) {
        return Ok(Box::new(MultiGzDecoder::new(file)));
    }
    if begin.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        return Ok(Box::new(zstd::Decoder::with_buffer(file).map_err(failed())?));
    }
    Err(failed()(io::Error::other("it is neither gzip nor zstd")))
}

/// How `to` is reached from `from`, both of them absolute.
pub(super) fn relative(from: &Path, to: &Path) -> PathBuf {
    let same = from.components().zip(to.components()).take_while(|(one, other)| one == other);
    let same = same.count();
    let up = from.components().skip(same).map(|_| Component::ParentDir);
    let path: PathBuf = up.chain(to.components().skip(same)).collect();
    if path.as_os_str().is_empty() { PathBuf::from(".") } else { path }
}

/// Where a path leads, without a look at the disk.
pub(super) fn absolute(folder: &Path, path: &Path) -> PathBuf {
    let mut found = PathBuf::from("/");
    for component in folder.join(path).components() {
        match component {
            Component::ParentDir => drop(found.pop()),
            Component::Normal(part) => found.push(part),
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_those_of_the_official_client() {
        // As `getCacheVersion` of @actions/cache 6.3.0 has them.
        let version = cache_version(&["kept"], Compression::Zstd);
        assert_eq!(version, Digest::of(b"kept|zstd-without-long|1.0").to_string());
        let version = cache_version(&["a", "~/b"], Compression::Gzip);
        assert_eq!(version, Digest::of(b"a|~/b|gzip|1.0").to_string());
    }

    #[test]
    fn paths_lead_there_and_back() {
        for (from, to, expect) in [
            ("/w", "/w/a/b", "a/b"),
            ("/w", "/w", "."),
            ("/w/x", "/h/.npm", "../../h/.npm"),
            ("/", "/a", "a"),
        ] {
            let path = relative(Path::new(from), Path::new(to));
            assert_eq!(path, Path::new(expect));
            assert_eq!(absolute(Path::new(from), &path), Path::new(to));
        }
        assert_eq!(absolute(Path::new("/w"), Path::new("../../../a")), Path::new("/a"));
        assert_eq!(absolute(Path::new("/w"), Path::new("/a/./b")), Path::new("/a/b"));
    }
}
