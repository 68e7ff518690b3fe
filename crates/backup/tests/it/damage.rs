use std::io::{Read as _, Write as _};

use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use tidegate_backup::{Keys, Seal};

use crate::bed::{Content, check_error, lock, read_all};

/// Every byte altered, every place at which it may be cut off, and something added.
fn check_every_damage(seal: &Seal, keys: &Keys) {
    let content = Content::of(3, 10);
    let bytes = content.write(seal);
    for at in 0..bytes.len() {
        let mut altered = bytes.clone();
        altered[at] ^= 1 << (at % 8);
        // What gzip says of when it was made is no content, and some content can be packed in several
        // ways: what is read from those is the same.
        if let Ok((_, found)) = read_all(&altered, keys) {
            assert!(matches!(seal, Seal::Open), "byte {at} of {}", bytes.len());
            assert_eq!(found, content, "byte {at} of {}", bytes.len());
        }
        assert!(read_all(&bytes[..at], keys).is_err(), "cut off at {at}");
    }
    for more in [&b"\0"[..], b"x", &bytes] {
        assert!(read_all(&[&bytes, more].concat(), keys).is_err(), "{} bytes more", more.len());
    }
}

#[test]
fn no_damage_of_one_that_is_encrypted_goes_unnoticed() {
    let (seal, keys) = lock();
    check_every_damage(&seal, &keys);
}

#[test]
fn no_damage_of_one_that_is_open_goes_unnoticed() {
    check_every_damage(&Seal::Open, &Keys::default());
}

#[test]
fn what_is_no_backup_is_told_by_what_it_is() {
    let check = |bytes: &[u8], expect| check_error(read_all(bytes, &Keys::default()), expect);
    check(b"", "it is empty");
    check(b"hello", "begins neither as age does nor as gzip does");
    check(b"SQLite format 3\0", "a copy of state.db");
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(b"hello").unwrap();
    check(&gzip.finish().unwrap(), "the backup is damaged");
    check(&packed(|_| {}), "its end is missing");
    check(
        &packed(|tar| append(tar, "documents/000001.jsonl", b"")),
        "begins with \"documents/000001.jsonl\", not its manifest",
    );
}

type Tar = tar::Builder<GzEncoder<Vec<u8>>>;

fn packed(fill: impl FnOnce(&mut Tar)) -> Vec<u8> {
    let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    fill(&mut tar);
    tar.into_inner().unwrap().finish().unwrap()
}

fn append(tar: &mut Tar, name: &str, content: &[u8]) {
    let mut header = tar::Header::new_ustar();
    header.set_size(content.len() as u64);
    // By hand, for names that no honest archive has.
    header.as_ustar_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
    header.set_cksum();
    tar.append(&header, content).unwrap();
}

/// The members of a backup that is not encrypted.
fn members() -> Vec<(String, Vec<u8>)> {
    let bytes = Content::of(3, 10).write(&Seal::Open);
    let mut archive = tar::Archive::new(GzDecoder::new(&bytes[..]));
    let members = archive.entries().unwrap().map(|member| {
        let mut member = member.unwrap();
        let mut content = Vec::new();
        member.read_to_end(&mut content).unwrap();
        (member.path().unwrap().display().to_string(), content)
    });
    members.collect()
}

/// What somebody makes of the members is refused.
#[track_caller]
fn check_made(change: impl FnOnce(&mut Vec<(String, Vec<u8>)>), expect: &str) {
    let mut all = members();
    change(&mut all);
    let bytes = packed(|tar| all.iter().for_each(|(name, content)| append(tar, name, content)));
    check_error(read_all(&bytes, &Keys::default()), expect);
}

#[test]
fn members_that_are_left_out_added_or_moved_show() {
    let names: Vec<_> = members().into_iter().map(|(name, _)| name).collect();
    let expect = [
        "manifest.json",
        "token",
        "documents/000001.jsonl",
        "changes/000001.jsonl",
        "ledger/000001.jsonl",
        "SHA256SUMS",
    ];
    assert_eq!(names, expect);
    check_made(|all| drop(all.remove(1)), "documents/000001.jsonl is not what was written");
    check_made(|all| drop(all.remove(2)), "changes/000001.jsonl is not what was written");
    check_made(|all| drop(all.pop()), "its end is missing");
    check_made(|all| all.swap(2, 4), "is not what comes next");
    check_made(|all| all.push(("more".into(), vec![])), "\"more\" follows its end");
    check_made(|all| all.insert(5, ("../../etc/passwd".into(), vec![])), "is not what comes next");
    check_made(|all| all[1].1[0] ^= 1, "token is not what was written");
    check_made(|all| all[5].1.truncate(80), "is damaged");
    let beyond = ("documents/000001.jsonl".to_owned(), vec![b' '; 6 << 20]);
    check_made(|all| all[2] = beyond, "has 6291456 bytes, at most");
}

/// The name says where it would be written; it is refused before anything else of it is read.
#[test]
fn a_member_that_is_no_file_is_refused() {
    let bytes = packed(|tar| {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_size(0);
        tar.append_link(&mut header, "manifest.json", "/etc/passwd").unwrap();
    });
    check_error(read_all(&bytes, &Keys::default()), "\"manifest.json\" is no file");
}
