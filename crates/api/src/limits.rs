//! What one client may ask of the server, each with its reason.

use std::time::Duration;

/// The largest body that is read, in bytes. A manifest of thousands of resources is a few MiB;
/// more would only be a mistake.
pub const BODY_LIMIT: usize = 8 * 1024 * 1024;

/// The most ledger entries in one answer. An entry is about 1 KiB, so a page stays near 1 MiB.
pub const LEDGER_PAGE_LIMIT: usize = 1_000;

/// How long a request may take until it is given up, watches apart. An apply of a large file waits
/// for the disk a few times; nothing else takes longer than a tick of the controller.
pub(crate) const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a client may take to send its header fields: a local one needs milliseconds.
pub(crate) const HEADER_TIMEOUT: Duration = Duration::from_secs(10);

/// Connections at a time. A person has a handful; scripts and pages a few dozen. Each costs about
/// 20 KiB, so that all of them stay far below the memory that the server may use.
pub(crate) const CONNECTION_LIMIT: usize = 256;

/// Between two events of a watch: five a second are as many as a person can follow.
pub(crate) const WATCH_PERIOD: Duration = Duration::from_millis(200);

/// A watch with nothing to tell says so this often, so that a dead peer is noticed.
pub(crate) const HEARTBEAT: Duration = Duration::from_secs(10);

/// How long open connections may go on after the server was told to stop.
pub(crate) const GRACE: Duration = Duration::from_secs(2);

/// The longest name of a person that goes into the ledger, in characters.
pub(crate) const NAME_LIMIT: usize = 128;
