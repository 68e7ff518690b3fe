//! Writes down what is to be embedded: the files of `web/dist`, if `cargo xtask web` has built any.
//!
//! What is embedded is copied first: a page that is built meanwhile takes its files away.
//!
//! Invariant: no other program runs here. Whoever builds without Node gets the plain page.

use std::{
    collections::hash_map::DefaultHasher,
    env, fs,
    hash::{Hash as _, Hasher as _},
    io,
    path::{Path, PathBuf},
};

/// Endings of files that stand beside another one as its compressed form.
const COMPRESSED: [&str; 2] = [".br", ".gz"];

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    // The folder is there without a build too: cargo runs this at each build where it watches what
    // is not there.
    let built = root.join("../../web/dist");
    println!("cargo::rerun-if-changed={}", built.display());
    println!("cargo::rerun-if-changed=build.rs");
    let folder = if built.join("index.html").is_file() { built } else { root.join("plain") };
    println!("cargo::rerun-if-changed={}", root.join("plain").display());
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    let copied = out.join("files");
    if copied.exists() {
        fs::remove_dir_all(&copied)?;
    }
    copy(&folder, &copied)?;
    let folder = copied;
    let mut files = Vec::new();
    collect(&folder, &mut files)?;
    files.sort();
    let assets = files
        .iter()
        .filter(|file| !COMPRESSED.iter().any(|ending| file.to_string_lossy().ends_with(ending)))
        .map(|file| asset(&folder, file))
        .collect::<io::Result<Vec<_>>>()?;
    fs::write(out.join("assets.rs"), format!("&[\n{}]\n", assets.concat()))
}

/// Copies all of a folder.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// Every file below `folder` that is not hidden.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if hidden {
            continue;
        }
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path.canonicalize()?);
        }
    }
    Ok(())
}

/// One asset as an expression of Rust.
fn asset(folder: &Path, file: &Path) -> io::Result<String> {
    let folder = folder.canonicalize()?;
    let name = file.strip_prefix(&folder).unwrap_or(file).to_string_lossy().replace('\\', "/");
    let mut hasher = DefaultHasher::new();
    fs::read(file)?.hash(&mut hasher);
    let text = file.to_string_lossy();
    let beside = |ending: &str| {
        let path = format!("{}{ending}", file.display());
        if Path::new(&path).is_file() {
            format!("Some(include_bytes!({path:?}))")
        } else {
            "None".to_owned()
        }
    };
    Ok(format!(
        "    Asset {{ path: {name:?}, tag: \"{:016x}\", plain: include_bytes!({text:?}), \
         brotli: {}, gzip: {} }},\n",
        hasher.finish(),
        beside(".br"),
        beside(".gz"),
    ))
}
