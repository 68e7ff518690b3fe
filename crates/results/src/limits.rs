use std::time::Duration;

const GIB: u64 = 1 << 30;
const MIB: u64 = 1 << 20;
const DAY: Duration = Duration::from_hours(24);

/// How much is taken, and how long it is kept. The defaults are GitHub's, where it has them.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes of one artifact. GitHub names no limit; this is that of its caches, so that one job
    /// cannot fill a disk by mistake.
    pub artifact_bytes: u64,
    /// Artifacts that one job may make: `actions/upload-artifact` documents 500.
    pub artifacts_of_job: u64,
    /// How long an artifact is kept where nothing is said, and at most: 90 days.
    pub artifact_retention: Duration,
    /// Bytes of all cache entries; beyond it the least recently used go. GitHub has 10 GiB.
    pub cache_bytes: u64,
    /// Cache entries that one job may be saving at once. GitHub takes 200 uploads a minute; clients
    /// that cache each object file, as `sccache` does, send a few at a time.
    pub cache_uploads_of_job: u64,
    /// How long a cache entry is kept unused: 7 days.
    pub cache_unused: Duration,
    /// Bytes of one block of an upload. Clients send 8 to 128 MiB, and Azure takes 4000.
    pub block_bytes: u64,
    /// Blocks of one upload; Azure takes 50,000.
    pub blocks: usize,
    /// How long an upload may take, from the day its address is signed; then what it left is
    /// cleared away. Azure's addresses hold for an hour, and the longest jobs for six.
    pub upload: Duration,
    /// How long an address to download from holds: a download that began goes on.
    pub download: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            artifact_bytes: 10 * GIB,
            artifacts_of_job: 500,
            artifact_retention: 90 * DAY,
            cache_bytes: 10 * GIB,
            cache_uploads_of_job: 200,
            cache_unused: 7 * DAY,
            block_bytes: 512 * MIB,
            blocks: 50_000,
            upload: Duration::from_hours(6),
            download: Duration::from_mins(10),
        }
    }
}

/// Characters of a cache's key: the official client refuses longer ones.
pub(crate) const KEY_CHARACTERS: usize = 512;

/// Keys of one look-up, the first and those to restore by: the official client refuses more.
pub(crate) const KEYS: usize = 10;

/// Characters of a cache's version: the official client sends a SHA-256 in hexadecimal, others
/// may send what they like, within reason.
pub(crate) const VERSION_CHARACTERS: usize = 512;

/// Characters of an artifact's name: what a file system takes for the name of a file.
pub(crate) const NAME_CHARACTERS: usize = 255;

/// Bytes of a request that is a message: ten keys of 512 characters, each of them escaped, fit twice.
pub(crate) const MESSAGE_BYTES: usize = 128 * 1024;

/// Bytes of a list of blocks: 50,000 names of 64 bytes, with their tags.
pub(crate) const LIST_BYTES: usize = 8 * 1024 * 1024;

/// Files of an archive that is packed or unpacked here, so that one of a few bytes does not make millions.
pub(crate) const ARCHIVE_FILES: usize = 1_000_000;

/// Bytes that an archive may unpack to: four times what is taken packed.
pub(crate) const UNPACKED_BYTES: u64 = 40 * GIB;
