//! A file that says that it is a backup.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tidegate_backup::{BackupError, Keys, read};

fuzz_target!(|data: &[u8]| {
    let _ = read::<BackupError>(data, &Keys::default(), |_| Ok(()));
});
