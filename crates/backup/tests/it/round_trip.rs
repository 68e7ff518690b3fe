use tidegate_backup::{Keys, Seal};

use crate::bed::{Content, check_error, lock, read_all};

#[test]
fn what_was_written_is_read() {
    let (seal, keys) = lock();
    for content in [Content::of(0, 0), Content::of(1, 10), Content::of(40, 90_000)] {
        for (seal, keys) in [(&seal, &keys), (&Seal::Open, &Keys::default())] {
            let (manifest, found) = read_all(&content.write(seal), keys).unwrap();
            assert_eq!(manifest, content.manifest());
            assert_eq!(found, content);
        }
    }
    let bare = Content { token: None, ..Content::of(3, 10) };
    assert_eq!(read_all(&bare.write(&seal), &keys).unwrap().1, bare);
}

#[test]
fn what_is_not_what_the_manifest_says_is_not_written() {
    let content = Content::of(3, 10);
    let mut manifest = content.manifest();
    manifest.counts.documents += 1;
    check_error(content.write_as(&Seal::Open, manifest), "the backup was not made");
}

#[test]
fn a_backup_of_a_newer_version_is_refused() {
    let content = Content::of(1, 10);
    let mut manifest = content.manifest();
    manifest.format += 1;
    let bytes = content.write_as(&Seal::Open, manifest).unwrap();
    check_error(read_all(&bytes, &Keys::default()), "has format 2, this version knows up to 1");
}

#[test]
fn a_ledger_that_is_no_chain_is_refused_though_all_sums_are_right() {
    let mut content = Content::of(5, 10);
    content.entries[2].draft.what = "Forged".into();
    check_error(read_all(&content.write(&Seal::Open), &Keys::default()), "entry 3 was altered");

    let mut cut = Content::of(5, 10);
    cut.entries.pop();
    let manifest =
        tidegate_backup::Manifest { head: Content::of(5, 10).manifest().head, ..cut.manifest() };
    let bytes = cut.write_as(&Seal::Open, manifest).unwrap();
    check_error(read_all(&bytes, &Keys::default()), "its ledger ends at entry 4, it says at 5");
}
