use super::*;

fn name(text: &str) -> ImageName {
    ImageName::read(text).unwrap()
}

#[test]
fn progress_is_the_sum_over_the_layers() {
    let mut progress = Progress::default();
    let lines = concat!(
        r#"{"status":"Pulling from acme/web","id":"v1"}"#,
        "\n",
        r#"{"status":"Downloading","id":"a","progressDetail":{"current":1000000,"total":9000000}}"#,
        "\r\n",
        r#"{"status":"Downloading","id":"b","progressDetail":{"current":2000000,"total":3000000}}"#,
        "\n",
        r#"{"status":"Downloading","id":"a","progressDetail":{"current":5000000,"total":9000000}}"#,
        "\n",
        r#"{"status":"Extracting","id":"b","progressDetail":{}}"#,
        "\n",
    );
    assert_eq!(progress.so_far(), "");
    for part in lines.as_bytes().chunks(11) {
        progress.take(part).unwrap();
    }
    assert_eq!(progress.so_far(), ": 7 of 12 MB");
}

#[test]
fn a_failure_is_heard_in_both_dialects() {
    let docker = r#"{"errorDetail":{"message":"no"},"error":"no"}"#.to_owned() + "\r\n";
    let podman = r#"{"error":"no"}"#;
    for text in [docker.as_str(), podman] {
        assert_eq!(Progress::default().take(text.as_bytes()), Err("no".to_owned()), "{text}");
    }
}

#[test]
fn refusals_are_told_with_their_mend() {
    let check = |message: &str, shown: bool, expect: &str| {
        let told = explain(&name("r.test/web:1"), message, shown);
        assert!(told.contains(expect) && told.contains(message), "{expect:?} in {told:?}");
    };
    check("unauthorized: authentication required", false, "imagePullSecrets");
    check("denied: requested access", true, "credentials for it are not accepted");
    check("manifest unknown", false, "look at its name and tag");
    check("dial tcp: i/o timeout", false, "r.test/web:1 cannot be pulled from r.test");
}

#[test]
fn an_image_is_pinned_by_what_its_own_registry_calls_it() {
    let check = |image: &str, digests: &[&str], expect: &str| {
        let seen = ImageSeen {
            id: "sha256:own".to_owned(),
            repo_digests: Some(digests.iter().map(|one| (*one).to_owned()).collect()),
            config: None,
        };
        assert_eq!(pin(&seen, &name(image)), expect, "{image}");
    };
    check("nginx", &["nginx@sha256:a"], "nginx@sha256:a");
    check("nginx", &["docker.io/library/nginx@sha256:a"], "docker.io/library/nginx@sha256:a");
    check(
        "ghcr.io/a/b:1",
        &["ghcr.io/x/b@sha256:a", "ghcr.io/a/b@sha256:b"],
        "ghcr.io/a/b@sha256:b",
    );
    check("ghcr.io/a/b:1", &["ghcr.io/x/b@sha256:a"], "sha256:own");
    // Podman gives digests to what was built here too, and no registry knows them.
    check("localhost/web", &["localhost/web@sha256:a"], "sha256:own");
    check("web", &[], "sha256:own");
}

#[test]
fn waits_after_failures_double_up_to_the_longest() {
    let waits: Vec<u64> = [1, 2, 3, 5, 6, 4000].map(|times| wait(times).as_secs()).into();
    assert_eq!(waits, [10, 20, 40, 160, 300, 300]);
}
