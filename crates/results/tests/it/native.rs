//! Uploads, downloads and caches without Node, beside the official clients.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use serde_json::{Value, json};
use tidegate_glob::{Glob, Options, Place};
use tidegate_results::{
    CachePaths, Compression, Download, Error, Upload, Which, cache_version, download, find,
    restore_cache, save_cache, upload,
};

use crate::{
    bed::{Bed, HOUR, files, grant, noise, write},
    clients::Job,
};

fn place(bed: &Bed) -> (PathBuf, PathBuf) {
    (bed.make_folder("workspace"), bed.make_folder("home"))
}

const TREE: &[(&str, &[u8])] = &[
    ("a.txt", b"a"),
    ("b.log", b"b"),
    ("dist/app.js", b"app"),
    ("dist/deep/er/x.txt", b"x"),
    ("dist/deep/y.log", b"y"),
    ("dist/.map", b"map"),
    (".git/config", b"git"),
    ("[x]/?.txt", b"odd"),
    ("dist/deep.d/z", b"z"),
];

const PATTERNS: &[&[&str]] = &[
    &["."],
    &["*"],
    &["**"],
    &["**/*"],
    &["**/*.txt"],
    &["dist"],
    &["dist/"],
    &["dist/**"],
    &["dist/*"],
    &["dist/*/"],
    &["dist/**/"],
    &["dist/**/er/**"],
    &["**/deep*/**/*.txt", "a.txt"],
    &["dist", "!dist/deep"],
    &["dist", "!dist/deep/**"],
    &["dist", "!**/*.log", "dist/deep/y.log"],
    &["!dist"],
    &["a.txt"],
    &["a.txt", "dist/app.js"],
    &["dist/deep/er", "dist/deep.d"],
    &["./dist/[a-d]*.js"],
    &["?.txt", "?.log"],
    &["[[]x]/[?].txt"],
    &["# nothing", "", "  b.log  "],
    &["none", "none/*.txt"],
    &[".git"],
    &["link", "broken"],
    &["{a,b}.txt", "+(a).txt"],
    &["dist/de?p*", "!!a.txt"],
    &["**/.*"],
    &["**/**/z"],
];

/// The tree, with a link to a folder, one to itself and one to nothing.
fn plant(root: &Path) {
    write(root, TREE);
    symlink("dist", root.join("link")).unwrap();
    symlink("..", root.join("dist/deep/up")).unwrap();
    symlink("nowhere", root.join("broken")).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_found_as_the_official_package_finds_them() {
    let bed = Bed::new();
    let server = bed.serve().await;
    let (root, home) = place(&bed);
    plant(&root);
    let job = Job::new(&server, "none", &root);
    let options = [
        (Options::default(), json!({})),
        (
            Options { exclude_hidden: true, ..Options::default() },
            json!({ "excludeHiddenFiles": true }),
        ),
        (
            Options { implicit_descendants: false, ..Options::default() },
            json!({ "implicitDescendants": false }),
        ),
        (
            Options { follow_links: false, folders: false, ..Options::default() },
            json!({ "followSymbolicLinks": false, "matchDirectories": false }),
        ),
    ];
    let cases: Vec<_> = PATTERNS
        .iter()
        .flat_map(|patterns| options.iter().map(move |one| (patterns, one)))
        .collect();
    let asked: Vec<_> = cases
        .iter()
        .map(|(patterns, (_, options))| {
            json!({ "client": "glob", "operation": "glob", "patterns": patterns, "options": options })
        })
        .collect();
    let expected = job.one_by_one(&asked).await;
    let found = expected.iter().filter(|one| !one.ok().as_array().unwrap().is_empty()).count();
    assert!(found * 2 > expected.len(), "most of the patterns are of something: {found}");
    for ((patterns, (options, _)), expected) in cases.iter().zip(expected) {
        let glob = Glob::parse(&patterns.join("\n"), Place { folder: &root, home: &home }).unwrap();
        let found = glob.find(*options).unwrap();
        assert_eq!(json!(found), *expected.ok(), "{patterns:?} {options:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_hash_as_the_official_package_hashes_them() {
    let bed = Bed::new();
    let server = bed.serve().await;
    let (root, home) = place(&bed);
    plant(&root);
    fs::remove_file(root.join("broken")).unwrap();
    write(&bed.make_folder("outside"), &[("x.txt", b"x")]);
    let outside = bed.folder.path().join("outside").display().to_string();
    let job = Job::new(&server, "none", &root);
    let mut cases: Vec<_> = PATTERNS.iter().map(|patterns| patterns.join("\n")).collect();
    cases.push(outside.clone());
    cases.push(format!("{outside}\na.txt"));
    let asked: Vec<_> = cases
        .iter()
        .map(|text| {
            json!({ "client": "glob", "operation": "hash", "patterns": [text], "root": root })
        })
        .collect();
    let expected = job.one_by_one(&asked).await;
    for (text, expected) in cases.iter().zip(expected) {
        let glob = Glob::parse(text, Place { folder: &root, home: &home }).unwrap();
        let found = glob.hash(&root, Options::default()).unwrap().unwrap_or_default();
        assert_eq!(json!(found), *expected.ok(), "{text:?}");
    }
}

fn check_found(bed: &Bed, paths: &str, include_hidden: bool, root: &str, expect: &[&str]) {
    let (workspace, home) = place(bed);
    let found = find(paths, include_hidden, Place { folder: &workspace, home: &home }).unwrap();
    assert_eq!(found.root, workspace.join(root), "{paths}");
    let mut names: Vec<_> = found
        .files
        .iter()
        .map(|file| file.strip_prefix(&found.root).unwrap().to_str().unwrap())
        .collect();
    names.sort_unstable();
    assert_eq!(names, expect, "{paths}");
}

#[test]
fn paths_begin_at_what_is_certain_of_them() {
    let bed = Bed::new();
    let (root, _) = place(&bed);
    write(&root, TREE);
    let check = |paths: &str, root: &str, expect: &[&str]| {
        check_found(&bed, paths, false, root, expect);
    };
    check("dist/deep", "dist/deep", &["er/x.txt", "y.log"]);
    check("a.txt", "", &["a.txt"]);
    check("dist/app.js", "dist", &["app.js"]);
    check("dist/app.js\na.txt", "", &["a.txt", "dist/app.js"]);
    check("dist/deep\ndist/app.js", "dist", &["app.js", "deep/er/x.txt", "deep/y.log"]);
    check("dist\n!dist/deep*\n!**/*.js", "dist", &[]);
    check(".git", ".git", &[]);
    check_found(&bed, "dist/deep.d\n.git", true, "", &[".git/config", "dist/deep.d/z"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_uploaded_here_the_client_downloads_and_the_reverse() {
    let bed = Bed::new();
    let server = bed.serve().await;
    let (root, home) = place(&bed);
    write(&root, TREE);
    write(&root, &[("dist/big", &noise(1, 3 << 20)), ("dist/empty", b"")]);
    let place = Place { folder: &root, home: &home };
    let grant = grant("run", "job");
    let job = Job::new(&server, &server.token(&grant, HOUR).unwrap(), &root);
    for level in [0, 1, 6, 9] {
        let asked = Upload {
            compression: level,
            overwrite: true,
            include_hidden: true,
            ..Upload::new("ours", "dist")
        };
        let made = upload(&bed.store, &grant, place, &asked).unwrap().unwrap();
        let path = bed.folder.path().join(format!("theirs-{level}"));
        let fetch = json!({ "client": "artifact", "operation": "download", "id": made.id,
            "options": { "path": path } });
        job.run([fetch]).await[0].ok();
        assert_eq!(files(&path), files(&root.join("dist")), "{level}");
    }
    let sent: Vec<_> = files(&root.join("dist")).into_keys().collect();
    let sent: Vec<_> = sent.iter().map(|name| root.join("dist").join(name)).collect();
    let theirs = json!({ "client": "artifact", "operation": "upload", "name": "theirs",
        "files": sent, "root": root.join("dist") });
    job.run([theirs]).await[0].ok();
    let path = bed.folder.path().join("ours");
    let asked = Download {
        which: Which::Name("theirs".to_owned()),
        path: path.clone(),
        merge_multiple: false,
        skip_decompress: false,
    };
    download(&bed.store, "run", &asked).unwrap();
    assert_eq!(files(&path), files(&root.join("dist")));
}

#[test]
fn several_artifacts_are_downloaded_beside_or_into_each_other() {
    let bed = Bed::new();
    let (root, home) = place(&bed);
    write(&root, &[("a", b"a"), ("b", b"b"), ("one.html", b"<p>")]);
    let (place, grant) = (Place { folder: &root, home: &home }, grant("run", "job"));
    for (name, paths, archive) in
        [("app-a", "a", true), ("app-b", "b", true), ("x", "one.html", false)]
    {
        let asked = Upload { archive, ..Upload::new(name, paths) };
        upload(&bed.store, &grant, place, &asked).unwrap().unwrap();
    }
    let nothing = upload(&bed.store, &grant, place, &Upload::new("none", "none")).unwrap();
    assert!(nothing.is_none());
    let again = upload(&bed.store, &grant, place, &Upload::new("app-a", "a"));
    assert!(matches!(again, Err(Error::AlreadyExists(_))));
    let check = |which: Which, merge_multiple, skip_decompress, expect: &[&str]| {
        let path = bed.make_folder("to");
        let asked = Download { which, path: path.clone(), merge_multiple, skip_decompress };
        download(&bed.store, "run", &asked).unwrap();
        assert_eq!(files(&path).into_keys().collect::<Vec<_>>(), expect);
        fs::remove_dir_all(path).unwrap();
    };
    let pattern = || Which::Pattern("app-*".to_owned());
    check(pattern(), false, false, &["app-a/a", "app-b/b"]);
    check(pattern(), true, false, &["a", "b"]);
    check(Which::All, true, true, &["app-a.zip", "app-b.zip", "one.html"]);
    check(Which::Name("one.html".to_owned()), false, false, &["one.html"]);
    check(Which::Ids(vec![1, 99]), false, false, &["a"]);
    let missing = Download {
        which: Which::Ids(vec![99]),
        path: root.clone(),
        merge_multiple: false,
        skip_decompress: false,
    };
    assert!(matches!(download(&bed.store, "run", &missing), Err(Error::NotFound(_))));
}

/// Files as a cache has to bring them back: programs, links, long names, times.
fn plant_cache(root: &Path, home: &Path) {
    let long = format!("deep/{}/{}", "d".repeat(90), "f".repeat(120));
    write(&root.join("kept"), &[("tool", b"#!"), (&long, b"long"), ("empty", b""), ("ü", b"u")]);
    write(&home.join(".npm"), &[("big", &noise(5, 2 << 20)), ("_x/y", b"y")]);
    fs::set_permissions(root.join("kept/tool"), fs::Permissions::from_mode(0o755)).unwrap();
    symlink("tool", root.join("kept/link")).unwrap();
    symlink("/usr/bin/env", root.join("kept/far")).unwrap();
    fs::hard_link(root.join("kept/tool"), root.join("kept/same")).unwrap();
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    fs::File::open(root.join("kept/tool")).unwrap().set_modified(time).unwrap();
}

#[track_caller]
fn check_cache(
    root: &Path,
    home: &Path,
    expect: &[std::collections::BTreeMap<String, Vec<u8>>; 2],
) {
    assert_eq!([files(&root.join("kept")), files(&home.join(".npm"))], *expect);
    let tool = fs::metadata(root.join("kept/tool")).unwrap();
    assert_eq!(tool.permissions().mode() & 0o777, 0o755);
    let time = tool.modified().unwrap().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    assert_eq!(time.as_secs(), 1_000_000_000);
    assert_eq!(fs::read_link(root.join("kept/link")).unwrap(), Path::new("tool"));
    assert_eq!(fs::read_link(root.join("kept/far")).unwrap(), Path::new("/usr/bin/env"));
}

const KEPT: &[&str] = &["kept", "~/.npm"];

#[tokio::test(flavor = "multi_thread")]
async fn a_cache_saved_by_the_client_is_restored_here_and_the_reverse() {
    let bed = Bed::new();
    let server = bed.serve().await;
    let (root, home) = place(&bed);
    plant_cache(&root, &home);
    let expect = [files(&root.join("kept")), files(&home.join(".npm"))];
    let clear = || {
        fs::remove_dir_all(root.join("kept")).unwrap();
        fs::remove_dir_all(home.join(".npm")).unwrap();
    };
    let grant = grant("run", "job");
    let mut job = Job::new(&server, &server.token(&grant, HOUR).unwrap(), &root);
    job.set("HOME", home.to_str().unwrap());
    let path = std::env::var_os("PATH").unwrap();
    let what = CachePaths {
        paths: KEPT,
        place: Place { folder: &root, home: &home },
        compression: Compression::of_path(&path),
    };
    let theirs = json!({ "client": "cache", "operation": "save", "paths": KEPT, "key": "theirs" });
    assert_ne!(*job.run([theirs]).await[0].ok(), -1);
    clear();
    let restored = restore_cache(&bed.store, &grant, what, &["x", "their"]).unwrap().unwrap();
    assert_eq!(restored.key, "theirs");
    assert_eq!(restored.version, cache_version(KEPT, what.compression));
    check_cache(&root, &home, &expect);

    save_cache(&bed.store, &grant, what, "ours").unwrap();
    clear();
    let ours = json!({ "client": "cache", "operation": "restore", "paths": KEPT, "key": "ours" });
    let [restored] = job.run([ours]).await;
    assert_eq!(*restored.ok(), "ours", "{}", restored.said);
    check_cache(&root, &home, &expect);

    // What is there already is written over.
    let gzip = CachePaths { compression: Compression::Gzip, ..what };
    assert_eq!(restore_cache(&bed.store, &grant, gzip, &["ours"]).unwrap(), None);
    save_cache(&bed.store, &grant, gzip, "ours").unwrap();
    restore_cache(&bed.store, &grant, gzip, &["ours"]).unwrap().unwrap();
    check_cache(&root, &home, &expect);
    let none = CachePaths { paths: &["nothing"], ..what };
    assert!(matches!(save_cache(&bed.store, &grant, none, "k"), Err(Error::Invalid(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_zstd_the_client_packs_as_is_done_here() {
    let bed = Bed::new();
    let server = bed.serve().await;
    let (root, home) = place(&bed);
    write(&root, &[("kept/a", b"a")]);
    // What the client runs, and no zstd.
    let programs = bed.make_folder("bin");
    for name in ["node", "tar", "gzip"] {
        let path = std::env::var_os("PATH").unwrap();
        let found = std::env::split_paths(&path).map(|folder| folder.join(name));
        symlink(found.into_iter().find(|path| path.exists()).unwrap(), programs.join(name))
            .unwrap();
    }
    assert_eq!(Compression::of_path(programs.as_os_str()), Compression::Gzip);
    let grant = grant("run", "job");
    let mut job = Job::new(&server, &server.token(&grant, HOUR).unwrap(), &root);
    job.set("PATH", programs.to_str().unwrap());
    let save = json!({ "client": "cache", "operation": "save", "paths": ["kept"], "key": "k" });
    assert_ne!(*job.run([save]).await[0].ok(), -1);
    fs::remove_dir_all(root.join("kept")).unwrap();
    let place = Place { folder: &root, home: &home };
    let what = CachePaths { paths: &["kept"], place, compression: Compression::Gzip };
    restore_cache(&bed.store, &grant, what, &["k"]).unwrap().unwrap();
    assert_eq!(fs::read(root.join("kept/a")).unwrap(), b"a");
    let restore =
        json!({ "client": "cache", "operation": "restore", "paths": ["kept"], "key": "k" });
    assert_ne!(*job.run([restore]).await[0].ok(), Value::Null);
}
