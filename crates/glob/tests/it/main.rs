//! Files on a real disk. What the official package finds of a larger tree is compared in the tests
//! of `tidegate-results`, which has that package installed.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fs, os::unix::fs::symlink, path::Path};

use tempfile::TempDir;
use tidegate_glob::{Glob, Options, Place};

fn plant() -> TempDir {
    let folder = TempDir::new().unwrap();
    for name in ["b", "a/z", "a/b/c.txt", "a/.hidden/d", "A"] {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, name).unwrap();
    }
    symlink("nowhere", folder.path().join("broken")).unwrap();
    symlink(".", folder.path().join("a/itself")).unwrap();
    folder
}

fn find(folder: &Path, text: &str, options: Options) -> Vec<String> {
    let folder = fs::canonicalize(folder).unwrap();
    let glob = Glob::parse(text, Place { folder: &folder, home: &folder }).unwrap();
    let found = glob.find(options).unwrap();
    let name = |path: &Path| path.strip_prefix(&folder).unwrap().to_str().unwrap().to_owned();
    found.iter().map(|path| name(path)).collect()
}

#[track_caller]
fn check(text: &str, options: Options, expect: &[&str]) {
    let folder = plant();
    assert_eq!(find(folder.path(), text, options), expect, "{text}");
}

const FILES: fn() -> Options = || Options { folders: false, ..Options::default() };

#[test]
fn files_come_in_the_order_of_their_bytes_each_folder_at_its_place() {
    check("*", FILES(), &["A", "a/.hidden/d", "a/b/c.txt", "a/z", "b"]);
    check("a", Options::default(), &["a", "a/.hidden", "a/.hidden/d", "a/b", "a/b/c.txt", "a/z"]);
    check("b\na/b\n~/A", FILES(), &["b", "a/b/c.txt", "A"]);
}

#[test]
fn later_patterns_take_away_and_add_again() {
    check("a\n!a/b", FILES(), &["a/.hidden/d", "a/z"]);
    check("a\n!**\na/z", FILES(), &["a/z"]);
    check("!a", FILES(), &[]);
}

#[test]
fn options_leave_out_what_they_say() {
    let hidden = Options { exclude_hidden: true, ..FILES() };
    check("a", hidden, &["a/b/c.txt", "a/z"]);
    check("a/.hidden", hidden, &[]);
    let flat = Options { implicit_descendants: false, ..Options::default() };
    check("a", flat, &["a"]);
    check("*/", flat, &["a"]);
    let links = Options { follow_links: false, ..FILES() };
    check("a/i*", links, &["a/itself"]);
    check("broken", links, &["broken"]);
    check("broken", FILES(), &[]);
}

#[test]
fn a_broken_link_is_an_error_where_it_is_to_be_one() {
    let folder = plant();
    let place = Place { folder: folder.path(), home: folder.path() };
    let glob = Glob::parse("broken", place).unwrap();
    let options = Options { omit_broken_links: false, ..FILES() };
    assert_eq!(glob.find(options).unwrap_err().path, folder.path().join("broken"));
}

#[test]
fn what_is_not_there_is_not_found() {
    check("none\nnone/*\n/none/at/all", FILES(), &[]);
}

#[test]
fn files_hash_as_hash_files_has_them() {
    let folder = plant();
    let hash = |text: &str| {
        let place = Place { folder: folder.path(), home: Path::new("/") };
        let glob = Glob::parse(text, place).unwrap();
        glob.hash(folder.path(), Options { follow_links: false, ..Options::default() }).unwrap()
    };
    // As `hashFiles` of @actions/glob 0.7.0 has them.
    let of_b = "39361160903c6695c6804b7157c7bd10013e9ba89b1f954243bc8e3990b08db9";
    assert_eq!(hash("b").as_deref(), Some(of_b));
    assert_eq!(hash("none"), None);
    assert_eq!(hash("/etc/hostname"), None, "it is not below the workspace");
    assert_ne!(hash("a"), hash("a/b"));
    // A link to a folder is one; what it is of is the same files.
    assert_eq!(hash("a"), hash("a/**/*\n!a/itself"));
}
