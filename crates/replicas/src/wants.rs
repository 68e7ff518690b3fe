//! What this machine lacks, told apart from what it says of something.

use std::io;

use rustix::io::Errno;

/// Whether a call failed for want of files, memory or ports. That says nothing of what was asked.
pub fn is_want(error: &io::Error) -> bool {
    let wants = [Errno::NFILE, Errno::MFILE, Errno::NOMEM, Errno::NOBUFS, Errno::ADDRNOTAVAIL];
    Errno::from_io_error(error).is_some_and(|errno| wants.contains(&errno))
}

/// What was read of something that may be gone; none when it is, or is not ours to see.
///
/// # Errors
/// When it could not be looked at, for a [want](is_want): it may be there.
pub fn if_there<T>(read: io::Result<T>) -> io::Result<Option<T>> {
    match read {
        Ok(value) => Ok(Some(value)),
        Err(error) if is_want(&error) => Err(error),
        Err(_) => Ok(None),
    }
}
