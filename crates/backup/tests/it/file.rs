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

#[test]
fn what_a_killed_one_left_behind_is_cleared_and_what_another_writes_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let names = || {
        let names = fs::read_dir(folder.path()).unwrap().map(|it| it.unwrap().file_name());
        let mut names: Vec<_> = names.map(|it| it.into_string().unwrap()).collect();
        names.sort();
        names
    };
    let others = ["another.partial-7", "backup.partial-seven", "backup.partial-"];
    let left = ["backup.partial-4194305", "backup.partial-4194306"];
    for name in others.iter().chain(&left) {
        fs::write(path(name), "half").unwrap();
    }
    let lives = fs::File::create(path("backup.partial-4194307")).unwrap();
    lives.lock().unwrap();
    let mut file = NewFile::create(&path("backup")).unwrap();
    file.write_all(b"whole").unwrap();
    file.finish().unwrap();
    let mut expect = [&others[..], &["backup", "backup.partial-4194307"]].concat();
    expect.sort_unstable();
    assert_eq!(names(), expect);

    // Each has another name where they are named after the time.
    let (old, new) = ("tidegate-20260101T000000Z.backup", "tidegate-20260102T000000Z.backup");
    fs::write(path(&format!("{old}.partial-7")), "half").unwrap();
    NewFile::create(&path(new)).unwrap().finish().unwrap();
    assert!(path(new).exists() && !path(&format!("{old}.partial-7")).exists(), "{:?}", names());
}

#[test]
fn a_draft_of_a_process_that_had_the_same_id_is_no_obstacle() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup");
    fs::write(folder.path().join(format!("backup.partial-{}", std::process::id())), "half")
        .unwrap();
    NewFile::create(&path).unwrap().finish().unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"");
}
