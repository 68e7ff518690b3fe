use std::{fs, io::Write as _, os::unix::fs::PermissionsExt as _};

use tidegate_backup::NewFile;

use crate::bed::check_error;

#[test]
fn a_file_is_there_whole_or_not_at_all_and_its_owners_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup");
    let begun = NewFile::create(&path).unwrap();
    assert!(!path.exists());
    drop(begun);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);

    let mut file = NewFile::create(&path).unwrap();
    file.write_all(b"whole").unwrap();
    file.finish().unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"whole");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_file_that_is_there_is_never_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup");
    let late = NewFile::create(&path).unwrap();
    fs::write(&path, "first").unwrap();
    check_error(NewFile::create(&path).map(drop), "cannot be written");
    check_error(late.finish(), "cannot be written");
    assert_eq!(fs::read(&path).unwrap(), b"first");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    check_error(NewFile::create(&folder.path().join("none/backup")).map(drop), "cannot be written");
}
