//! Archives that want to be written where they should not.

use std::{
    fs,
    io::{Cursor, Write as _},
    os::unix::fs::symlink,
    path::Path,
};

use tidegate_glob::Place;
use tidegate_results::{
    CachePaths, Compression, Download, Error, NewArtifact, Which, cache_version, download,
    restore_cache,
};
use zip::{ZipWriter, write::SimpleFileOptions};

use crate::bed::{Bed, files, grant, write};

/// Downloads a zip file with these names, after what the test puts where it goes.
fn unpack_zip(bed: &Bed, fill: impl FnOnce(&mut ZipWriter<Cursor<Vec<u8>>>)) -> Result<(), Error> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    fill(&mut archive);
    let bytes = archive.finish().unwrap().into_inner();
    put_zip(bed, &bytes)
}

fn put_zip(bed: &Bed, bytes: &[u8]) -> Result<(), Error> {
    let new = NewArtifact { name: "x".to_owned(), ..NewArtifact::default() };
    let write = |draft: &mut tidegate_results::Draft| {
        draft.write_all(bytes).unwrap();
        Ok(())
    };
    bed.store.put_artifact(&grant("run", "job"), &new, write).unwrap();
    let asked = Download {
        which: Which::All,
        path: bed.folder.path().join("to"),
        merge_multiple: false,
        skip_decompress: false,
    };
    download(&bed.store, "run", &asked).map(|_| ())
}

#[test]
fn names_that_lead_out_of_an_artifact_are_refused_before_anything_is_written() {
    for name in ["../x", "a/../../x", "/x", "\\x", "a\\..\\..\\x", "a/.."] {
        let bed = Bed::new();
        let refused = unpack_zip(&bed, |archive| {
            archive.start_file("first", SimpleFileOptions::default()).unwrap();
            archive.start_file(name, SimpleFileOptions::default()).unwrap();
            archive.write_all(b"x").unwrap();
        });
        let error = refused.unwrap_err().to_string();
        assert!(error.contains("leads out of where it is unpacked"), "{name}: {error}");
        assert!(!bed.folder.path().join("x").exists() && !bed.folder.path().join("to").exists());
    }
}

#[test]
fn links_in_an_artifact_are_refused_and_those_that_are_there_not_followed() {
    let bed = Bed::new();
    let refused = unpack_zip(&bed, |archive| {
        archive.add_symlink("link", "/etc", SimpleFileOptions::default()).unwrap();
    });
    assert!(refused.unwrap_err().to_string().contains("is a link"));

    let bed = Bed::new();
    let (to, outside) = (bed.make_folder("to"), bed.make_folder("outside"));
    write(&outside, &[("file", b"kept")]);
    symlink(&outside, to.join("folder")).unwrap();
    let refused = unpack_zip(&bed, |archive| {
        archive.start_file("folder/file", SimpleFileOptions::default()).unwrap();
    });
    assert!(refused.unwrap_err().to_string().contains("folder is a link or a file"));

    let bed = Bed::new();
    let to = bed.make_folder("to");
    let outside = bed.make_folder("outside");
    write(&outside, &[("file", b"kept")]);
    symlink(outside.join("file"), to.join("file")).unwrap();
    unpack_zip(&bed, |archive| {
        archive.start_file("file", SimpleFileOptions::default()).unwrap();
        archive.write_all(b"new").unwrap();
    })
    .unwrap();
    // The link itself is replaced, not what it leads to.
    assert_eq!(files(&to), [("file".to_owned(), b"new".to_vec())].into());
    assert_eq!(files(&outside), [("file".to_owned(), b"kept".to_vec())].into());
}

#[test]
fn what_is_no_zip_file_is_refused() {
    for bytes in [&b""[..], b"no zip file", b"PK\x03\x04"] {
        assert!(matches!(put_zip(&Bed::new(), bytes), Err(Error::Failed { .. })));
    }
}

#[test]
fn bytes_that_the_disk_lost_are_noticed() {
    let bed = Bed::new();
    unpack_zip(&bed, |archive| {
        archive.start_file("a", SimpleFileOptions::default()).unwrap();
    })
    .unwrap();
    let blobs = bed.folder.path().join("store/blobs");
    let (name, mut bytes) = files(&blobs).pop_first().unwrap();
    bytes[0] ^= 1;
    fs::write(blobs.join(name), bytes).unwrap();
    let asked = Download {
        which: Which::Name("x".to_owned()),
        path: bed.folder.path().join("to"),
        merge_multiple: false,
        skip_decompress: false,
    };
    assert!(matches!(download(&bed.store, "run", &asked), Err(Error::Mismatch(_))));
}

enum One<'a> {
    File(&'a str),
    Link(&'a str, &'a str),
    Hard(&'a str, &'a str),
    Pipe(&'a str),
}

/// Restores a cache of `kept` with these entries, written as they are.
fn unpack_tar(bed: &Bed, entries: &[One<'_>]) -> Result<(), Error> {
    let mut archive = tar::Builder::new(Vec::new());
    for entry in entries {
        let (kind, name, link) = match entry {
            One::File(name) => (tar::EntryType::Regular, name, ""),
            One::Link(name, link) => (tar::EntryType::Symlink, name, *link),
            One::Hard(name, link) => (tar::EntryType::Link, name, *link),
            One::Pipe(name) => (tar::EntryType::Fifo, name, ""),
        };
        let mut header = tar::Header::new_ustar();
        header.set_entry_type(kind);
        header.set_mode(0o644);
        header.set_size(if kind.is_file() { 3 } else { 0 });
        let fields = header.as_old_mut();
        fields.name[..name.len()].copy_from_slice(name.as_bytes());
        fields.linkname[..link.len()].copy_from_slice(link.as_bytes());
        header.set_cksum();
        archive.append(&header, if kind.is_file() { &b"new"[..] } else { b"" }).unwrap();
    }
    let bytes = zstd::encode_all(&*archive.into_inner().unwrap(), 1).unwrap();
    put_cache(bed, &bytes)
}

fn put_cache(bed: &Bed, bytes: &[u8]) -> Result<(), Error> {
    let (root, grant) = (bed.make_folder("workspace"), grant("run", "job"));
    let version = cache_version(&["kept"], Compression::Zstd);
    bed.store
        .put_cache(&grant, "k", &version, |draft| {
            draft.write_all(bytes).unwrap();
            Ok(())
        })
        .unwrap();
    let place = Place { folder: &root, home: Path::new("/nowhere") };
    let what = CachePaths { paths: &["kept"], place, compression: Compression::Zstd };
    restore_cache(&bed.store, &grant, what, &["k"]).map(|_| ())
}

#[test]
fn a_cache_is_written_at_its_own_paths_alone() {
    for name in ["other", "../out", "/etc/tidegate-test", "kept/../other", "keptx", "."] {
        let bed = Bed::new();
        let error = unpack_tar(&bed, &[One::File(name)]).unwrap_err().to_string();
        assert!(error.contains("lies at none of the paths that are cached"), "{name}: {error}");
    }
    let bed = Bed::new();
    let absolute = bed.folder.path().join("workspace/kept/b");
    unpack_tar(&bed, &[One::File("./kept/x/../a"), One::File(absolute.to_str().unwrap())]).unwrap();
    let found = files(&bed.folder.path().join("workspace"));
    assert_eq!(found.into_keys().collect::<Vec<_>>(), ["kept/a", "kept/b"]);
}

#[test]
fn a_cache_writes_through_no_link_of_its_own() {
    let bed = Bed::new();
    let outside = bed.make_folder("outside");
    write(&outside, &[("a", b"kept")]);
    let to = outside.to_str().unwrap();
    let through = unpack_tar(&bed, &[One::Link("kept/link", to), One::File("kept/link/a")]);
    assert!(through.unwrap_err().to_string().contains("link is a link or a file"));

    let bed = Bed::new();
    let to = outside.join("a");
    let to = to.to_str().unwrap();
    // A link is replaced by what comes after it under its name.
    unpack_tar(&bed, &[One::Link("kept/a", to), One::File("kept/a")]).unwrap();
    assert_eq!(fs::read(bed.folder.path().join("workspace/kept/a")).unwrap(), b"new");
    let hard = unpack_tar(&Bed::new(), &[One::Hard("kept/a", to)]);
    assert!(hard.unwrap_err().to_string().contains("lies at none of the paths"));
    let through = [One::Link("kept/l", "/etc"), One::Hard("kept/a", "kept/l/passwd")];
    unpack_tar(&Bed::new(), &through).unwrap_err();
    assert_eq!(fs::read(outside.join("a")).unwrap(), b"kept");
}

#[test]
fn what_is_no_cache_is_refused() {
    unpack_tar(&Bed::new(), &[One::Pipe("kept/pipe")]).unwrap_err();
    for bytes in [&b""[..], b"no archive", &[0x28, 0xb5, 0x2f, 0xfd, 0], &[0x1f, 0x8b, 0]] {
        assert!(matches!(put_cache(&Bed::new(), bytes), Err(Error::Failed { .. })));
    }
}
