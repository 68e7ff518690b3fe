//! Paths that cannot leave a folder, whatever links are in it.

use std::{
    collections::VecDeque,
    ffi::OsString,
    fmt, fs,
    path::{Component, Path, PathBuf},
};

/// What becomes of a path that leads out of the folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Edge {
    /// The folder is `/`: an absolute link starts there again, and above it is itself. So the
    /// kernel reads an image's file system after `chroot`.
    Root,
    /// It is refused.
    Wall,
}

/// How a path leads out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Escape {
    /// It climbs over the top by `..`.
    Above,
    /// It begins with `/`.
    Absolute,
    /// It leads through more links than any real path: 40, as in the kernel.
    Loop,
}

impl fmt::Display for Escape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Above => "it climbs over it by \"..\"",
            Self::Absolute => "it is an absolute path",
            Self::Loop => "it leads through a loop of links",
        })
    }
}

const MOST_LINKS: u32 = 40;

/// Where `path` is found below `root` once all links on the way are followed, its last part
/// included. What is not there is taken as it is named.
///
/// It is right as long as nobody else writes below `root` meanwhile.
pub(super) fn follow(root: &Path, path: &Path, edge: Edge) -> Result<PathBuf, Escape> {
    let mut todo: VecDeque<OsString> = VecDeque::new();
    let mut done: Vec<OsString> = Vec::new();
    let mut links = 0;
    push(path, &mut todo, &mut done, edge)?;
    while let Some(part) = todo.pop_front() {
        if part == ".." {
            if done.pop().is_none() && edge == Edge::Wall {
                return Err(Escape::Above);
            }
            continue;
        }
        let here = root.join(done.iter().collect::<PathBuf>()).join(&part);
        match fs::read_link(&here) {
            Ok(target) => {
                links += 1;
                if links > MOST_LINKS {
                    return Err(Escape::Loop);
                }
                push(&target, &mut todo, &mut done, edge)?;
            }
            Err(_) => done.push(part),
        }
    }
    Ok(root.join(done.iter().collect::<PathBuf>()))
}

/// Puts the parts of `path` before those that are still to be walked.
fn push(
    path: &Path,
    todo: &mut VecDeque<OsString>,
    done: &mut Vec<OsString>,
    edge: Edge,
) -> Result<(), Escape> {
    let mut parts = Vec::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => parts.push(name.to_owned()),
            Component::ParentDir => parts.push("..".into()),
            Component::CurDir => {}
            Component::RootDir | Component::Prefix(_) if edge == Edge::Root => done.clear(),
            Component::RootDir | Component::Prefix(_) => return Err(Escape::Absolute),
        }
    }
    for part in parts.into_iter().rev() {
        todo.push_front(part);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn check(path: &str, wall: Result<&str, Escape>, as_root: Result<&str, Escape>) {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::create_dir_all(root.join("d1/d2")).unwrap();
        for (target, link) in [
            ("d1/d2", "deep"),
            ("../..", "d1/d2/top"),
            ("/etc", "abs"),
            ("../../../etc", "climb"),
            ("loop", "loop"),
            ("nowhere/x", "dangling"),
        ] {
            symlink(target, root.join(link)).unwrap();
        }
        for (edge, expect) in [(Edge::Wall, wall), (Edge::Root, as_root)] {
            let expect = expect.map(|inner| {
                let inner: PathBuf = Path::new(inner).components().collect();
                root.join(inner)
            });
            assert_eq!(follow(root, Path::new(path), edge), expect, "{path} {edge:?}");
        }
    }

    #[test]
    fn no_path_leaves_the_folder() {
        let same = |path| (Ok(path), Ok(path));
        let cases = [
            ("a/b", same("a/b")),
            ("./a//b/.", same("a/b")),
            ("a/../b", same("b")),
            ("..", (Err(Escape::Above), Ok(""))),
            ("a/../../b", (Err(Escape::Above), Ok("b"))),
            ("/etc/passwd", (Err(Escape::Absolute), Ok("etc/passwd"))),
            ("deep/x", same("d1/d2/x")),
            ("deep/../x", same("d1/x")),
            // By its letters this is d1/d2; by its links it is above the top.
            ("d1/d2/top/..", (Err(Escape::Above), Ok(""))),
            ("d1/d2/top/x", same("x")),
            ("abs/passwd", (Err(Escape::Absolute), Ok("etc/passwd"))),
            ("climb/passwd", (Err(Escape::Above), Ok("etc/passwd"))),
            ("loop", (Err(Escape::Loop), Err(Escape::Loop))),
            ("dangling", same("nowhere/x")),
        ];
        for (path, (wall, as_root)) in cases {
            check(path, wall, as_root);
        }
    }
}
