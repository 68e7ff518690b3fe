use std::{
    io::Write,
    os::unix::fs::{PermissionsExt, symlink},
};

use flate2::{Compression, write::GzEncoder};
use sha2::{Digest, Sha256};
use tar::{Builder, EntryType, Header};
use tempfile::TempDir;

use super::*;

struct World {
    folder: TempDir,
    store: ImageStore,
}

impl World {
    fn new() -> Self {
        Self::limited(ImageLimits::default())
    }

    fn limited(limits: ImageLimits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let images = folder.path().join("images");
        let store = ImageStore::new(images, limits, folder.path().to_owned());
        Self { folder, store }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What is in the store: nothing unfinished may be.
    fn stored(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path("images")).into_iter().flatten();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }
}

/// An entry of a test's archive, raw: the `tar` crate itself would refuse to write the hostile ones.
struct Item {
    kind: EntryType,
    name: &'static str,
    link: &'static str,
    text: &'static str,
    mode: u32,
}

fn file(name: &'static str, text: &'static str) -> Item {
    Item { kind: EntryType::Regular, name, link: "", text, mode: 0o644 }
}

fn folder(name: &'static str) -> Item {
    Item { kind: EntryType::Directory, name, link: "", text: "", mode: 0o755 }
}

fn link(kind: EntryType, name: &'static str, link: &'static str) -> Item {
    Item { kind, name, link, text: "", mode: 0o777 }
}

fn tar(items: &[Item]) -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    for item in items {
        let mut header = Header::new_ustar();
        header.set_entry_type(item.kind);
        header.set_size(item.text.len() as u64);
        header.set_mode(item.mode);
        let raw = header.as_old_mut();
        raw.name[..item.name.len()].copy_from_slice(item.name.as_bytes());
        raw.linkname[..item.link.len()].copy_from_slice(item.link.as_bytes());
        header.set_cksum();
        builder.append(&header, item.text.as_bytes()).unwrap();
    }
    builder.into_inner().unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn a_folder_is_copied_once_and_stays_what_it_was() {
    let world = World::new();
    let app = world.path("app");
    fs::create_dir_all(app.join("bin")).unwrap();
    fs::write(app.join("bin/run"), "one").unwrap();
    fs::set_permissions(app.join("bin/run"), fs::Permissions::from_mode(0o755)).unwrap();
    symlink("bin/run", app.join("start")).unwrap();

    let first = world.store.unpack("app", None).unwrap();
    assert_eq!(fs::read_to_string(first.root.join("start")).unwrap(), "one");
    let mode = fs::metadata(first.root.join("bin/run")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o755);
    let again = world.store.unpack(&app.display().to_string(), None).unwrap();
    assert_eq!(again, first);

    fs::write(app.join("bin/run"), "two").unwrap();
    let pinned = world.store.unpack("app", Some(&first.digest)).unwrap();
    assert_eq!(pinned, first, "what earlier replicas ran is still there");
    let changed = world.store.unpack("app", None).unwrap();
    assert_ne!(changed.digest, first.digest);
    assert_eq!(world.stored().len(), 2);

    world.store.clean(|digest| digest == changed.digest);
    assert_eq!(world.stored(), [changed.digest]);
    let gone = world.store.unpack("app", Some(&first.digest)).unwrap_err().to_string();
    assert!(gone.contains("has changed since this revision was first started"), "{gone}");
}

#[test]
fn what_a_folder_holds_and_nothing_else_makes_its_digest() {
    let digest = |change: &dyn Fn(&Path)| {
        let world = World::new();
        let app = world.path("app");
        fs::create_dir_all(app.join("d")).unwrap();
        fs::write(app.join("d/f"), "text").unwrap();
        change(&app);
        world.store.unpack("app", None).unwrap().digest
    };
    let mode = |mode: u32| {
        move |app: &Path| {
            fs::set_permissions(app.join("d/f"), fs::Permissions::from_mode(mode)).unwrap();
        }
    };
    let plain = digest(&|_| {});
    assert_eq!(digest(&|app| fs::write(app.join("d/f"), "text").unwrap()), plain);
    let others = [
        digest(&|app| fs::write(app.join("d/f"), "texT").unwrap()),
        digest(&|app| fs::rename(app.join("d/f"), app.join("d/g")).unwrap()),
        digest(&|app| fs::create_dir(app.join("e")).unwrap()),
        digest(&|app| symlink("d/f", app.join("l")).unwrap()),
        digest(&mode(0o755)),
    ];
    for (at, other) in others.iter().enumerate() {
        assert_ne!(*other, plain, "{at}");
    }
}

#[test]
fn archives_are_unpacked_packed_or_not() {
    for packed in [false, true] {
        let world = World::new();
        let bytes = tar(&[
            folder("./"),
            folder("./bin"),
            Item { mode: 0o755, ..file("./bin/run", "#!") },
            link(EntryType::Symlink, "start", "bin/run"),
            link(EntryType::Link, "same", "bin/run"),
            file("deep/er/file", "x"),
        ]);
        let bytes = if packed { gzip(&bytes) } else { bytes };
        let name = if packed { "app.tar.gz" } else { "app.tar" };
        fs::write(world.path(name), &bytes).unwrap();
        let image = world.store.unpack(name, None).unwrap();
        assert_eq!(image.digest, named(Sha256::digest(&bytes)));
        assert_eq!(fs::read_to_string(image.root.join("start")).unwrap(), "#!");
        assert_eq!(fs::read_to_string(image.root.join("same")).unwrap(), "#!");
        assert_eq!(fs::read_to_string(image.root.join("deep/er/file")).unwrap(), "x");
        let mode = fs::metadata(image.root.join("bin/run")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o755);
        assert_eq!(world.stored(), [image.digest]);
    }
}

/// Refused, with this in the message, and nothing is left of it.
fn refused(limits: ImageLimits, bytes: &[u8], expect: &str) {
    let world = World::limited(limits);
    fs::write(world.path("app.tar"), bytes).unwrap();
    let told = world.store.unpack("app.tar", None).unwrap_err().to_string();
    assert!(told.contains(expect), "{expect:?} in {told:?}");
    assert_eq!(world.stored(), [""; 0]);
    let around: Vec<_> = fs::read_dir(world.folder.path()).unwrap().collect();
    assert_eq!(around.len(), 2, "the archive and the store: {around:?}");
    assert!(!Path::new("/tmp/tidegate-evil").exists());
}

#[test]
fn hostile_archives_are_refused() {
    let sym = |name, target| link(EntryType::Symlink, name, target);
    let hard = |name, target| link(EntryType::Link, name, target);
    let cases: Vec<(Vec<Item>, &str)> = vec![
        (vec![file("../evil", "x")], "climbs over it"),
        (vec![file("a/../../evil", "x")], "climbs over it"),
        (vec![file("/tmp/tidegate-evil", "x")], "is an absolute path"),
        (vec![sym("out", "/tmp"), file("out/tidegate-evil", "x")], "is an absolute path"),
        (vec![sym("out", ".."), file("out/evil", "x")], "climbs over it"),
        (vec![sym("etc", "/etc")], "entry \"etc\" leaves"),
        (vec![sym("up", "../x")], "entry \"up\" leaves"),
        (vec![folder("d"), sym("d/up", ".."), sym("x", "d/up/..")], "entry \"x\" leaves"),
        (vec![hard("passwd", "/etc/passwd")], "is an absolute path"),
        (vec![hard("passwd", "../../etc/passwd")], "climbs over it"),
        (vec![sym("a", "b"), sym("b", "a"), file("a/x", "")], "loop of links"),
        (vec![link(EntryType::Char, "null", "")], "is a device"),
        (vec![link(EntryType::Block, "disk", "")], "is a device"),
        (vec![link(EntryType::Fifo, "pipe", "")], "is a pipe"),
    ];
    for (items, expect) in cases {
        refused(ImageLimits::default(), &tar(&items), expect);
    }
}

#[test]
fn a_file_over_a_link_replaces_the_link_and_not_its_target() {
    let world = World::new();
    let bytes =
        tar(&[file("kept", "old"), link(EntryType::Symlink, "name", "kept"), file("name", "new")]);
    fs::write(world.path("app.tar"), bytes).unwrap();
    let image = world.store.unpack("app.tar", None).unwrap();
    assert_eq!(fs::read_to_string(image.root.join("kept")).unwrap(), "old");
    assert_eq!(fs::read_to_string(image.root.join("name")).unwrap(), "new");
}

#[test]
fn what_is_too_large_or_broken_is_refused() {
    let small = ImageLimits { bytes: 10, entries: 2 };
    refused(small, &tar(&[file("a", "12345"), file("b", "123456")]), "limit of 10 bytes");
    refused(small, &tar(&[file("a", ""), file("b", ""), file("c", "")]), "limit of 2 entries");
    let bomb = gzip(&tar(&[Item {
        text: Box::leak("0".repeat(1 << 20).into_boxed_str()),
        ..file("a", "")
    }]));
    assert!(bomb.len() < 20_000);
    refused(small, &bomb, "limit of 10 bytes");

    let whole = tar(&[file("a", "text")]);
    refused(ImageLimits::default(), &whole[..514], "no sound tar archive");
    refused(ImageLimits::default(), &gzip(&whole)[..20], "no sound tar archive");
    let world = World::new();
    fs::write(world.path("program"), "\x7fELF").unwrap();
    let told = world.store.unpack("program", None).unwrap_err().to_string();
    assert!(told.contains("neither a folder nor a tar archive"), "{told}");
}

mod layouts;
