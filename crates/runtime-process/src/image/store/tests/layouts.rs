//! OCI layouts, made here blob by blob.

use super::*;

/// An OCI layout in the making.
struct Layout {
    path: PathBuf,
}

impl Layout {
    fn new(path: PathBuf) -> Self {
        fs::create_dir_all(path.join("blobs/sha256")).unwrap();
        fs::write(path.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
        Self { path }
    }

    fn blob(&self, bytes: &[u8]) -> String {
        let hex = named(Sha256::digest(bytes)).replace("sha256-", "");
        fs::write(self.path.join("blobs/sha256").join(&hex), bytes).unwrap();
        format!("sha256:{hex}")
    }

    /// An image of these layers; its manifest's digest.
    fn image(&self, layers: &[(&str, Vec<u8>)], config: &str) -> String {
        let layers: Vec<String> = layers
            .iter()
            .map(|(kind, bytes)| {
                let digest = self.blob(bytes);
                format!(r#"{{"mediaType":"application/vnd.oci.image.layer.v1.{kind}","digest":"{digest}"}}"#)
            })
            .collect();
        let config = self.blob(config.as_bytes());
        self.blob(
            format!(
                r#"{{"schemaVersion":2,"config":{{"digest":"{config}"}},"layers":[{}]}}"#,
                layers.join(",")
            )
            .as_bytes(),
        )
    }

    fn index(&self, manifests: &str) {
        fs::write(self.path.join("index.json"), format!(r#"{{"manifests":[{manifests}]}}"#))
            .unwrap();
    }
}

const CONFIG: &str = r#"{"architecture":"amd64","config":{"Entrypoint":["/bin/web"],"Cmd":["--fast"],
    "Env":["PATH=/bin","MODE=a=b"],"WorkingDir":"/srv"}}"#;

fn two_layers() -> [(&'static str, Vec<u8>); 2] {
    let below = tar(&[
        folder("usr"),
        folder("usr/bin"),
        link(EntryType::Symlink, "bin", "usr/bin"),
        link(EntryType::Symlink, "usr/bin/sh", "/usr/bin/dash"),
        link(EntryType::Symlink, "usr/climb", "../../../../etc/x"),
        file("usr/bin/web", "old"),
        file("usr/gone", "x"),
        folder("srv"),
        file("srv/a", "x"),
        folder("opaque"),
        file("opaque/below", "x"),
    ]);
    let above = tar(&[
        // Through the link of the layer below, as Debian's merged /usr needs it.
        Item { mode: 0o4755, ..file("bin/web", "new") },
        file("usr/.wh.gone", ""),
        file("opaque/above", "y"),
        file("opaque/.wh..wh..opq", ""),
        file("/etc/absolute", "z"),
    ]);
    [("tar+gzip", gzip(&below)), ("tar", above)]
}

#[test]
fn an_oci_layout_is_unpacked_layer_by_layer() {
    let world = World::new();
    let layout = Layout::new(world.path("oci"));
    let digest = layout.image(&two_layers(), CONFIG);
    layout.index(&format!(r#"{{"digest":"{digest}"}}"#));

    let image = world.store.unpack("oci", None).unwrap();
    assert_eq!(image.digest, digest.replace(':', "-"));
    let read = |name: &str| fs::read_to_string(image.root.join(name)).ok();
    assert_eq!(read("usr/bin/web").as_deref(), Some("new"));
    assert_eq!(read("usr/gone"), None);
    assert_eq!(read("srv/a").as_deref(), Some("x"));
    assert_eq!(read("opaque/below"), None);
    assert_eq!(read("opaque/above").as_deref(), Some("y"));
    assert_eq!(read("etc/absolute").as_deref(), Some("z"));
    let target = |name: &str| fs::read_link(image.root.join(name)).unwrap();
    assert_eq!(target("usr/bin/sh"), Path::new("../../usr/bin/dash"));
    assert_eq!(target("usr/climb"), Path::new("../etc/x"));
    let mode = fs::metadata(image.root.join("bin/web")).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o755, "no set-user-id bit");
    let config = ImageConfig {
        entrypoint: vec!["/bin/web".to_owned()],
        cmd: vec!["--fast".to_owned()],
        env: [("PATH".to_owned(), "/bin".to_owned()), ("MODE".to_owned(), "a=b".to_owned())].into(),
        working_dir: Some("/srv".to_owned()),
    };
    assert_eq!(image.config, config);
    assert_eq!(world.store.unpack("oci", Some(&image.digest)).unwrap(), image);
}

#[test]
fn the_manifest_for_this_machine_is_chosen() {
    let world = World::new();
    let layout = Layout::new(world.path("oci"));
    let ours = layout.image(&[("tar", tar(&[file("ours", "")]))], "{}");
    let other = layout.image(&[("tar", tar(&[file("other", "")]))], "{}");
    let arch = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };
    let platform = |digest: &str, os: &str| {
        format!(r#"{{"digest":"{digest}","platform":{{"os":"{os}","architecture":"{arch}"}}}}"#)
    };
    let inner = format!("{},{}", platform(&other, "windows"), platform(&ours, "linux"));
    let inner = layout.blob(format!(r#"{{"manifests":[{inner}]}}"#).as_bytes());
    layout.index(&format!(
        r#"{{"digest":"{inner}","mediaType":"application/vnd.oci.image.index.v1+json"}}"#
    ));
    assert!(world.store.unpack("oci", None).unwrap().root.join("ours").exists());

    layout.index(&platform(&other, "windows"));
    let told = world.store.unpack("oci", None).unwrap_err().to_string();
    assert!(told.contains("none of its 1 manifests is for linux/"), "{told}");
}

#[test]
fn an_archive_of_a_layout_is_the_same_image() {
    let world = World::new();
    let layout = Layout::new(world.path("oci"));
    let digest = layout.image(&two_layers(), CONFIG);
    layout.index(&format!(r#"{{"digest":"{digest}"}}"#));
    let mut builder = Builder::new(Vec::new());
    builder.append_dir_all(".", &layout.path).unwrap();
    fs::write(world.path("oci.tar"), builder.into_inner().unwrap()).unwrap();
    let image = world.store.unpack("oci.tar", None).unwrap();
    assert_eq!(fs::read_to_string(image.root.join("bin/web")).unwrap(), "new");
    assert_eq!(image.config.cmd, ["--fast"]);
    assert_eq!(world.stored(), [image.digest]);
}

#[test]
fn a_layout_that_is_not_what_it_says_is_refused() {
    let check = |spoil: &dyn Fn(&Layout) -> String, expect: &str| {
        let world = World::new();
        let layout = Layout::new(world.path("oci"));
        let digest = spoil(&layout);
        layout.index(&format!(r#"{{"digest":"{digest}"}}"#));
        let told = world.store.unpack("oci", None).unwrap_err().to_string();
        assert!(told.contains(expect), "{expect:?} in {told:?}");
        assert_eq!(world.stored(), [""; 0]);
    };
    let replace = |layout: &Layout, digest: &str, bytes: &[u8]| {
        let hex = digest.strip_prefix("sha256:").unwrap();
        fs::write(layout.path.join("blobs/sha256").join(hex), bytes).unwrap();
    };
    check(
        &|layout| {
            let bytes = tar(&[file("a", "1")]);
            let digest = layout.image(&[("tar", bytes.clone())], "{}");
            replace(layout, &layout.blob(&bytes), &tar(&[file("a", "2")]));
            digest
        },
        "does not have that digest",
    );
    check(
        &|layout| {
            let digest = layout.image(&[], "{}");
            replace(layout, &digest, b"{}");
            digest
        },
        "does not have that digest",
    );
    check(&|layout| layout.image(&[("tar+zstd", vec![])], "{}"), "only tar and tar+gzip");
    check(&|_| "sha256:../../../etc/passwd".to_owned(), "is no sha256 digest");
    check(&|_| "md5:abc".to_owned(), "is no sha256 digest");
    check(&|layout| layout.image(&[("tar", tar(&[file(".wh...", "")]))], "{}"), "climbs over it");
    check(
        &|layout| layout.image(&[("tar", tar(&[link(EntryType::Char, "dev", "")]))], "{}"),
        "is a device",
    );
    check(
        &|layout| {
            let hex = "0".repeat(64);
            symlink("/etc/passwd", layout.path.join("blobs/sha256").join(&hex)).unwrap();
            format!("sha256:{hex}")
        },
        "is no plain file",
    );
}
