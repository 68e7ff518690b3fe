use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Shells hand out 1,024 file descriptors, and may have more. Returns how many there may be; none
/// when there is no limit.
pub(crate) fn raise() -> Option<u64> {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, ..limit };
    match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(error) => {
            tracing::warn!(%error, "the limit on open files stays as it is");
            limit.current
        }
    }
}

/// Client connections for which there are `files`: each takes one, and one to a replica. Orders,
/// listeners and the access log need some too, or nobody could change anything any more.
pub(crate) fn room(files: Option<u64>) -> usize {
    let Some(files) = files else { return usize::MAX };
    let left = files.saturating_sub(32 + files / 8);
    usize::try_from(left / 2).unwrap_or(usize::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_files_for_everything_else() {
        assert_eq!(room(None), usize::MAX);
        assert_eq!(room(Some(1_048_576)), 458_736);
        assert_eq!(room(Some(1024)), 432);
        assert_eq!(room(Some(64)), 12);
        assert_eq!(room(Some(8)), 1);
    }
}
