use super::*;
use crate::fixtures::container;
use tidegate_units::ObjectKey;
use tidegate_workload::EnvVar;

struct World {
    meta: WorkloadMeta,
    config_maps: BTreeMap<String, ConfigMap>,
    secrets: BTreeMap<String, Secret>,
}

fn entries(pairs: &[(&str, &str)]) -> Variables {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn world() -> World {
    let key = ObjectKey::new("shop", "any");
    World {
        meta: WorkloadMeta {
            labels: entries(&[("app", "web")]),
            annotations: entries(&[("team", "blue")]),
        },
        config_maps: [(
            "settings".to_owned(),
            ConfigMap {
                key: key.clone(),
                data: entries(&[("LEVEL", "info"), ("raw", "$(A)"), ("a=b", "no")]),
                bytes: BTreeMap::new(),
            },
        )]
        .into(),
        secrets: [(
            "login".to_owned(),
            Secret {
                key,
                data: entries(&[("password", "hunter2")]),
                bytes: [("store".to_owned(), vec![0xff])].into(),
            },
        )]
        .into(),
    }
}

fn literal(name: &str, text: &str) -> EnvVar {
    EnvVar { name: name.to_owned(), source: EnvSource::Literal(text.to_owned()) }
}

fn from(name: &str, source: EnvSource) -> EnvVar {
    EnvVar { name: name.to_owned(), source }
}

fn config(name: &str, key: &str, optional: bool) -> EnvSource {
    EnvSource::ConfigMapKey { name: name.to_owned(), key: key.to_owned(), optional }
}

fn secret(name: &str, key: &str, optional: bool) -> EnvSource {
    EnvSource::SecretKey { name: name.to_owned(), key: key.to_owned(), optional }
}

fn made(
    image: &[(&str, &str)],
    ports: &[(&str, &str)],
    env_from: Vec<EnvFrom>,
    env: Vec<EnvVar>,
) -> Result<Variables, EnvError> {
    let world = world();
    let replica = ReplicaId::from("web-r1-abc");
    let owner = Owner::rollout(&ObjectKey::new("shop", "web"));
    let around = Surroundings {
        replica: &replica,
        owner: &owner,
        meta: &world.meta,
        config_maps: &world.config_maps,
        secrets: &world.secrets,
        address: crate::ports::ADDRESS,
    };
    let mut container = container("main", &[]);
    container.env_from = env_from;
    container.env = env;
    let given = Given { base: entries(image), over: entries(ports) };
    environment(&container, &given, &around)
}

fn check(env: &[EnvVar], name: &str, expect: Option<&str>) {
    let made = made(
        &[("A", "image"), ("ONLY_IMAGE", "i")],
        &[("PORT", "20001"), ("PORT_HTTP", "20001")],
        Vec::new(),
        env.to_vec(),
    )
    .unwrap();
    assert_eq!(made.get(name).map(String::as_str), expect, "{name} of {env:?}");
}

#[test]
fn a_variable_is_what_its_source_says() {
    check(&[], "A", Some("image"));
    check(&[literal("A", "1")], "A", Some("1"));
    check(&[literal("A", "1"), literal("B", "$(A)$(A)")], "B", Some("11"));
    check(&[literal("B", "$(A)"), literal("A", "1")], "B", Some("image"));
    check(&[literal("B", "$(C)"), literal("C", "1")], "B", Some("$(C)"));
    check(&[literal("B", "$$(A)")], "B", Some("$(A)"));
    check(&[literal("A", "$(A)+")], "A", Some("image+"));
    check(&[literal("URL", ":$(PORT)/$(PORT_HTTP)")], "URL", Some(":20001/20001"));
    check(&[literal("PORT", "8080")], "PORT", Some("20001"));
    check(&[literal("HOSTNAME", "own")], "HOSTNAME", Some("own"));
    check(&[], "HOSTNAME", Some("web-r1-abc"));
    check(&[literal("TIDEGATE_REPLICA", "x")], "TIDEGATE_REPLICA", Some("web-r1-abc"));
    check(&[from("B", config("settings", "LEVEL", false))], "B", Some("info"));
    check(&[from("B", config("settings", "raw", false))], "B", Some("$(A)"));
    check(&[from("B", config("settings", "none", true))], "B", None);
    check(&[from("B", config("none", "x", true))], "B", None);
    check(&[from("B", secret("login", "password", false))], "B", Some("hunter2"));
    check(&[from("B", secret("none", "password", true))], "B", None);
}

#[test]
fn fields_are_those_of_the_replica() {
    let field = |path| vec![from("F", EnvSource::Field(path))];
    check(&field(FieldPath::Name), "F", Some("web-r1-abc"));
    check(&field(FieldPath::Uid), "F", Some("web-r1-abc"));
    check(&field(FieldPath::Namespace), "F", Some("shop"));
    check(&field(FieldPath::Label("app".to_owned())), "F", Some("web"));
    check(&field(FieldPath::Label("none".to_owned())), "F", Some(""));
    check(&field(FieldPath::Annotation("team".to_owned())), "F", Some("blue"));
    check(&field(FieldPath::PodIp), "F", Some("127.0.0.1"));
    check(&field(FieldPath::HostIp), "F", Some("127.0.0.1"));
}

#[test]
fn whole_maps_come_below_single_variables() {
    let all = |prefix: &str, optional| EnvFrom::ConfigMap {
        name: "settings".to_owned(),
        prefix: prefix.to_owned(),
        optional,
    };
    let env =
        made(&[("LEVEL", "image")], &[], vec![all("", false), all("X_", false)], vec![]).unwrap();
    assert_eq!((env["LEVEL"].as_str(), env["X_LEVEL"].as_str()), ("info", "info"));
    assert!(!env.contains_key("a=b"));
    let over = vec![literal("LEVEL", "own"), literal("Y", "$(X_LEVEL)")];
    let env = made(&[], &[], vec![all("", false), all("X_", false)], over).unwrap();
    assert_eq!((env["LEVEL"].as_str(), env["Y"].as_str()), ("own", "info"));
}

#[test]
fn nothing_of_the_servers_own_environment_is_passed_on() {
    let env = made(&[], &[], vec![], vec![]).unwrap();
    let names: Vec<&str> = env.keys().map(String::as_str).collect();
    assert_eq!(names, ["HOSTNAME", "TIDEGATE_CONTAINER", "TIDEGATE_REPLICA"]);
}

#[test]
fn what_is_missing_is_told_with_its_mend() {
    let check = |env_from: Vec<EnvFrom>, env: Vec<EnvVar>, expect: &str| {
        let told = made(&[], &[], env_from, env).unwrap_err().to_string();
        let mend = "; create it, or mark the reference optional";
        assert_eq!(told, format!("container \"main\": {expect}{mend}"));
    };
    let whole = |name: &str| EnvFrom::Secret {
        name: name.to_owned(),
        prefix: String::new(),
        optional: false,
    };
    check(vec![whole("none")], vec![], "there is no Secret \"none\"");
    check(vec![], vec![from("B", config("none", "x", false))], "there is no ConfigMap \"none\"");
    check(
        vec![],
        vec![from("B", secret("login", "user", false))],
        "Secret \"login\" has no entry \"user\"",
    );
    check(
        vec![],
        vec![from("B", secret("login", "store", true))],
        "Secret \"login\" has under \"store\" what is no text, for a file",
    );
}
