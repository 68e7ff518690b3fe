//! How many files and connections this program may have open.

use std::ffi::OsStr;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Below this there may be too few for as many clients and replicas as there is room for otherwise.
const ENOUGH: u64 = 8_192;

/// Raises the limit as far as whoever started this program lets it, and says what it was before: programs that
/// select(2) break where they are given more than a thousand, so what this one starts gets that again.
pub(crate) fn raise() -> Option<u64> {
    let before = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: before.maximum, ..before };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::warn!(%error, "the limit of open files cannot be raised");
    }
    let now = getrlimit(Resource::Nofile).current;
    if now.is_some_and(|now| now < ENOUGH) {
        tracing::warn!(
            limit = now,
            "few files may be open: clients and replicas beyond that are refused; raise it with \
             `ulimit -Hn` or LimitNOFILE= of systemd"
        );
    }
    before.current
}

/// Takes back what [`raise`] did, by what it said.
pub(crate) fn restore(before: Option<&OsStr>) {
    let before = before.and_then(OsStr::to_str).and_then(|text| text.parse().ok());
    let Some(current) = before else { return };
    let limit = Rlimit { current: Some(current), ..getrlimit(Resource::Nofile) };
    // It only lowers what was raised, which nobody is refused.
    let _ = setrlimit(Resource::Nofile, limit);
}
