use tidegate_units::{ObjectKey, Owner};
use tidegate_workload::{ConfigMap, EntryFile, FieldFile, FieldPath, WorkloadMeta};

use super::*;
use crate::{ADDRESS, fixtures};

struct World {
    data: tempfile::TempDir,
    meta: WorkloadMeta,
    maps: BTreeMap<String, ConfigMap>,
}

impl World {
    fn new() -> Self {
        let text = |text: &str| text.to_owned();
        let labels = BTreeMap::from([(text("app"), text("web")), (text("tier"), text("a \"b\""))]);
        let data = BTreeMap::from([(text("a.conf"), text("one")), (text("b"), text("two"))]);
        let map = ConfigMap {
            key: ObjectKey::new("default", "settings"),
            data,
            bytes: [(text("c.jks"), vec![0, 0xff])].into(),
        };
        Self {
            data: tempfile::tempdir().unwrap(),
            meta: WorkloadMeta { labels, ..WorkloadMeta::default() },
            maps: BTreeMap::from([(text("settings"), map)]),
        }
    }

    fn lay_out(
        &self,
        source: VolumeSource,
        mount: VolumeMount,
    ) -> (Result<(), String>, Result<Vec<Shown>, String>) {
        let volumes = Volumes::new(self.data.path(), "test");
        let (replica, owner) =
            (ReplicaId::from("web-1"), Owner::rollout(&ObjectKey::new("shop", "web")));
        let (secrets, mut template) = (BTreeMap::new(), fixtures::template(Vec::new()));
        template.volumes = vec![Volume { name: "v".to_owned(), source }];
        let container = Container { mounts: vec![mount], ..fixtures::container("web", &[]) };
        let around = Surroundings {
            replica: &replica,
            owner: &owner,
            meta: &self.meta,
            config_maps: &self.maps,
            secrets: &secrets,
            address: ADDRESS,
        };
        let env = Variables::from([("TEAM".to_owned(), "blue".to_owned())]);
        (
            volumes.check(&template, &container, &around),
            volumes.lay_out(&template, &container, &around, &env),
        )
    }

    /// What is shown, below the data folder, and whether it is read-only.
    fn check(&self, source: VolumeSource, mount: VolumeMount, expect: Result<(&str, bool), &str>) {
        let (possible, shown) = self.lay_out(source, mount);
        let shown = shown.map(|shown| {
            let [one] = shown.as_slice() else { panic!("{shown:?}") };
            assert_eq!(one.target, Path::new("/etc/app"));
            let inner = one.source.strip_prefix(self.data.path()).unwrap_or(&one.source);
            (inner.display().to_string(), one.read_only)
        });
        let expect = expect.map(|(path, fixed)| (path.to_owned(), fixed)).map_err(str::to_owned);
        assert_eq!(shown, expect);
        assert!(possible.is_ok() || shown.is_err(), "{possible:?}");
    }

    fn text(&self, path: &str) -> String {
        fs::read_to_string(self.data.path().join(path)).unwrap()
    }

    fn mode(&self, path: &str) -> u32 {
        fs::metadata(self.data.path().join(path)).unwrap().permissions().mode() & 0o777
    }
}

fn at(sub_path: Option<&str>) -> VolumeMount {
    VolumeMount {
        volume: "v".to_owned(),
        path: "/etc/app".to_owned(),
        sub_path: sub_path.map(str::to_owned),
        expand: false,
        read_only: false,
    }
}

fn settings(name: &str, optional: bool, items: &[(&str, &str)]) -> VolumeSource {
    let item = |&(key, path): &(&str, &str)| EntryFile {
        key: key.to_owned(),
        path: path.to_owned(),
        mode: Some(0o400),
    };
    let items = items.iter().map(item).collect();
    let entries = Entries { name: name.to_owned(), optional, items };
    VolumeSource::Files { sources: vec![FileSource::ConfigMap(entries)], mode: 0o644 }
}

#[test]
fn entries_become_files_that_nobody_writes_to() {
    let world = World::new();
    world.check(settings("settings", false, &[]), at(None), Ok(("volumes/web-1/v", true)));
    assert_eq!(world.text("volumes/web-1/v/a.conf"), "one");
    assert_eq!(world.mode("volumes/web-1/v/b"), 0o644);
    let bytes = fs::read(world.data.path().join("volumes/web-1/v/c.jks")).unwrap();
    assert_eq!(bytes, [0, 0xff]);
    world.check(settings("settings", false, &[]), at(Some("b")), Ok(("volumes/web-1/v/b", true)));
}

#[test]
fn only_the_entries_that_are_named_become_files() {
    let world = World::new();
    let some = settings("settings", false, &[("b", "deep/er")]);
    world.check(some, at(None), Ok(("volumes/web-1/v", true)));
    assert_eq!(
        (world.text("volumes/web-1/v/deep/er"), world.mode("volumes/web-1/v/deep/er")),
        ("two".to_owned(), 0o400)
    );
    assert!(!world.data.path().join("volumes/web-1/v/a.conf").exists());
}

#[test]
fn what_is_missing_is_an_obstacle_unless_it_is_optional() {
    let world = World::new();
    let none = Err("there is no ConfigMap \"none\"; create it, or mark it optional");
    world.check(settings("none", false, &[]), at(None), none);
    let no_entry = "ConfigMap \"settings\" has no entry \"c\"; add it, or mark the volume optional";
    world.check(settings("settings", false, &[("c", "c")]), at(None), Err(no_entry));
    let no_part = "volume \"v\" has no \"z\"; name an entry that is there as subPath";
    world.check(settings("settings", false, &[]), at(Some("z")), Err(no_part));
    let world = World::new();
    world.check(settings("none", true, &[]), at(None), Ok(("volumes/web-1/v", true)));
}

#[test]
fn a_part_of_a_volume_may_be_made_before_its_container_starts() {
    let world = World::new();
    let part = |name| {
        let scratch = VolumeSource::Scratch { memory: false };
        world.lay_out(scratch, at(Some(name))).1.unwrap()
    };
    let (folder, file) = (part("folder"), part("file"));
    assert!(!folder[0].source.exists());
    fs::write(&file[0].source, "made by another").unwrap();
    make_late(&[folder, file].concat()).unwrap();
    assert_eq!(world.mode("volumes/web-1/v/folder"), 0o777);
    assert_eq!(world.text("volumes/web-1/v/file"), "made by another");
    // A folder of this machine that somebody has removed is not made again.
    let gone = Shown {
        source: world.data.path().join("gone"),
        target: PathBuf::from("/gone"),
        read_only: false,
        late: false,
    };
    make_late(std::slice::from_ref(&gone)).unwrap();
    assert!(!gone.source.exists());
}

#[test]
fn labels_become_a_file_as_kubernetes_writes_it() {
    let world = World::new();
    let file = FieldFile { field: FieldPath::Labels, path: "labels".to_owned(), mode: None };
    let source = VolumeSource::Files { sources: vec![FileSource::Fields(vec![file])], mode: 0o644 };
    world.check(source, at(None), Ok(("volumes/web-1/v", true)));
    assert_eq!(world.text("volumes/web-1/v/labels"), "app=\"web\"\ntier=\"a \\\"b\\\"\"");
}

#[test]
fn a_scratch_folder_goes_with_its_replica_and_a_claim_stays() {
    let world = World::new();
    let scratch = || VolumeSource::Scratch { memory: false };
    world.check(scratch(), at(None), Ok(("volumes/web-1/v", false)));
    assert_eq!(world.mode("volumes/web-1/v"), 0o777);
    let expanded = VolumeMount { expand: true, ..at(Some("for/$(TEAM)")) };
    world.check(scratch(), expanded, Ok(("volumes/web-1/v/for/blue", false)));
    let unknown = VolumeMount { expand: true, ..at(Some("$(NONE)")) };
    let told = "volume \"v\": the subPath \"$(NONE)\" is no path below it; name variables of env, and no \"..\"";
    world.check(scratch(), unknown, Err(told));
    let claim = VolumeSource::Claim { name: "disk".to_owned(), read_only: false };
    world.check(claim, at(None), Ok(("claims/shop/disk", false)));
    fs::write(world.data.path().join("claims/shop/disk/kept"), "x").unwrap();

    let volumes = Volumes::new(world.data.path(), "test");
    volumes.tidy(&BTreeSet::from(["web-1".to_owned()]));
    assert!(world.data.path().join("volumes/web-1/v").exists());
    volumes.remove(&ReplicaId::from("web-1"));
    assert!(!world.data.path().join("volumes/web-1").exists());
    assert_eq!(world.text("claims/shop/disk/kept"), "x");
}

#[test]
fn a_folder_of_this_machine_has_to_be_what_is_said() {
    let world = World::new();
    let host = |path: &Path, kind| VolumeSource::Host { path: path.display().to_string(), kind };
    let there = world.data.path().join("there");
    let name = there.display();
    let missing = format!("volume \"v\": {name}: it is not there; create it, or name another type");
    world.check(host(&there, HostKind::Directory), at(None), Err(&missing));
    world.check(host(&there, HostKind::DirectoryOrCreate), at(None), Ok(("there", false)));
    let other = format!("volume \"v\": {name}: it is there, and no Socket");
    world.check(host(&there, HostKind::Socket), at(None), Err(&other));
}
