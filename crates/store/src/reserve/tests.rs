use std::os::unix::fs::PermissionsExt as _;

use tempfile::TempDir;

use super::*;

fn kept() -> (TempDir, Reserve) {
    let folder = tempfile::tempdir().unwrap();
    let reserve = Reserve::keep(folder.path());
    (folder, reserve)
}

#[track_caller]
fn check_takes_up(reserve: &Reserve, expect: u64) {
    let found = fs::metadata(reserve.path()).unwrap();
    assert_eq!((found.len(), reserve.held), (expect, expect));
    assert!(found.blocks() * 512 >= expect, "{} blocks", found.blocks());
    assert_eq!(found.permissions().mode() & 0o777, 0o600);
}

/// As if the time to the next look had passed.
fn later(reserve: &mut Reserve) {
    reserve.looked = Instant::now().checked_sub(LOOK).unwrap();
}

#[test]
fn it_takes_up_space_and_is_kept_as_it_is() {
    let (folder, reserve) = kept();
    check_takes_up(&reserve, SIZE);
    assert_eq!(reserve.due_in(), None);
    check_takes_up(&Reserve::keep(folder.path()), SIZE);
}

#[test]
fn it_is_given_up_in_slices_and_made_whole_after_a_while() {
    let (_folder, mut reserve) = kept();
    for left in (0..8).rev() {
        assert!(reserve.give_up());
        check_takes_up(&reserve, left * SLICE);
    }
    assert!(!reserve.give_up());
    assert!(reserve.due_in().unwrap() > Duration::ZERO);
    assert!(!reserve.look(), "not yet");
    later(&mut reserve);
    assert!(reserve.look());
    check_takes_up(&reserve, SIZE);
}

#[test]
fn one_with_holes_is_filled() {
    let folder = tempfile::tempdir().unwrap();
    File::create(folder.path().join("reserve")).unwrap().set_len(SIZE).unwrap();
    check_takes_up(&Reserve::keep(folder.path()), SIZE);
}

#[test]
fn what_stands_in_its_place_is_left_alone_and_nothing_fails() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("reserve")).unwrap();
    let mut reserve = Reserve::keep(folder.path());
    assert!(!reserve.give_up());
    later(&mut reserve);
    assert!(!reserve.look());
    assert!(folder.path().join("reserve").is_dir());
}
