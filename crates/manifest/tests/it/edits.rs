//! Edits of a manifest, and what they do to the revision.

use serde_json::{Value, json};
use tidegate_manifest::{
    EditError, Resource, read, resource_of, template_of, to_yaml, with_image, with_restart_at,
    with_template,
};
use tidegate_rollout::RolloutResource;
use tidegate_units::Timestamp;

const ROLLOUT: &str = include_str!("cases/rollout.yaml");

fn manifest(text: &str) -> Value {
    read("web.yaml", text).unwrap()[0].manifest.clone()
}

fn rollout(manifest: &Value) -> RolloutResource {
    match resource_of(manifest) {
        Ok(Resource::Rollout(rollout)) => rollout,
        other => panic!("{other:#?}"),
    }
}

fn revision(text: &str) -> String {
    rollout(&manifest(text)).spec.revision.to_string()
}

#[test]
fn set_image_changes_one_container_and_the_revision() {
    let before = manifest(ROLLOUT);
    let after = with_image(&before, "web", "file:./web2").unwrap();
    assert_eq!(rollout(&after).template.containers[0].image, "file:./web2");
    assert_ne!(rollout(&after).spec.revision, rollout(&before).spec.revision);
    assert_eq!(with_image(&before, "*", "file:./web2").unwrap(), after);
    let back = with_image(&after, "web", "file:./web").unwrap();
    assert_eq!(back, before);
}

#[test]
fn set_image_names_the_containers_that_there_are() {
    let error = with_image(&manifest(ROLLOUT), "wbe", "x").unwrap_err();
    assert_eq!(
        error,
        EditError::NoContainer { name: "wbe".to_owned(), have: vec!["web".to_owned()] }
    );
    assert_eq!(error.to_string(), "there is no container \"wbe\"; the template has web");
    assert!(with_image(&json!({}), "*", "x").is_err());
}

#[test]
fn undo_brings_the_old_revision_back_and_leaves_the_rest() {
    let old = manifest(ROLLOUT);
    let new =
        manifest(&ROLLOUT.replace("--verbose", "--quiet").replace("replicas: 3", "replicas: 7"));
    let undone = with_template(&new, &template_of(&old));
    assert_eq!(rollout(&undone).spec.revision, rollout(&old).spec.revision);
    assert_eq!(rollout(&undone).spec.replicas, 7);
}

#[test]
fn undo_brings_the_old_image_map_back_whatever_the_rollout_says() {
    let with = |map: &str| {
        let note = format!("tidegate.dev/image-map: '{map}'");
        manifest(&ROLLOUT.replace("example.com/owner: shop", &note))
    };
    let manifests = [
        manifest(ROLLOUT),
        with("[{image: \"web:*\", command: [./a]}]"),
        with("[{image: \"web:*\", command: [./b]}]"),
    ];
    for old in &manifests {
        for new in &manifests {
            let undone = with_template(new, &template_of(old));
            assert_eq!(
                rollout(&undone).spec.revision,
                rollout(old).spec.revision,
                "{}",
                to_yaml(&undone)
            );
            assert_eq!(rollout(&undone).template.images, rollout(old).template.images);
        }
    }
}

#[test]
fn restart_keeps_the_revision() {
    let moment = Timestamp::from_millis(1_767_225_600_000);
    let restarted = rollout(&with_restart_at(&manifest(ROLLOUT), moment));
    assert_eq!(restarted.spec.restart_at, Some(moment));
    assert_eq!(restarted.spec.revision.to_string(), revision(ROLLOUT));
}

#[test]
fn edits_of_something_else_do_no_harm() {
    for odd in [json!(null), json!([1]), json!({"spec": null}), json!({"spec": {"template": 1}})] {
        let _ = template_of(&odd);
        assert!(with_image(&odd, "*", "x").is_err());
        assert!(
            resource_of(&with_restart_at(&with_template(&odd, &odd), Timestamp::default()))
                .is_err()
        );
    }
}

#[test]
fn templates_with_one_meaning_have_one_revision() {
    let expected = revision(ROLLOUT);
    // This value is kept in the stores of running systems: a change of it starts a rollout of
    // everything at the next upgrade.
    assert_eq!(expected, "a63c412757");
    let same = [
        (
            "        image: file:./web\n        command: [./web]\n",
            "        command:\n        - \"./web\"\n        image: 'file:./web'\n",
        ),
        (
            "      terminationGracePeriodSeconds: 20\n",
            "      restartPolicy: Always\n      dnsPolicy: ClusterFirst\n      terminationGracePeriodSeconds: 20\n      securityContext: {}\n",
        ),
        (
            "          periodSeconds: 2\n",
            "          periodSeconds: 2\n          timeoutSeconds: 1\n          failureThreshold: 3\n",
        ),
        ("limits: {cpu: 500m, memory: 64Mi}", "limits: {cpu: 0.5, memory: 65536Ki}"),
        ("          name: http\n", "          name: http\n          protocol: TCP\n"),
        ("  replicas: 3\n", "  replicas: 30\n"),
        ("    example.com/owner: shop\n", "    example.com/owner: other\n"),
        ("      - setWeight: 50\n", ""),
    ];
    for (from, to) in same {
        assert!(ROLLOUT.contains(from), "{from}");
        assert_eq!(revision(&ROLLOUT.replace(from, to)), expected, "{to}");
    }
}

#[test]
fn templates_with_another_meaning_have_another_revision() {
    let mut seen = vec![revision(ROLLOUT)];
    let other = [
        ("image: file:./web", "image: file:./web2"),
        ("args: [--verbose]", "args: [--verbose, \"\"]"),
        ("value: fast", "value: slow"),
        ("containerPort: 8080", "containerPort: 8081"),
        ("periodSeconds: 2", "periodSeconds: 3"),
        ("memory: 64Mi", "memory: 65Mi"),
        ("terminationGracePeriodSeconds: 20", "terminationGracePeriodSeconds: 21"),
        ("      labels: {app: web}\n    spec", "      labels: {app: web, tier: front}\n    spec"),
        (
            "      labels: {app: web}\n    spec",
            "      labels: {app: web}\n      annotations: {note: \"1\"}\n    spec",
        ),
        ("    example.com/owner: shop", "    tidegate.dev/image-map: '[{image: a, command: [b]}]'"),
    ];
    for (from, to) in other {
        assert!(ROLLOUT.contains(from), "{from}");
        let revision = revision(&ROLLOUT.replace(from, to));
        assert!(!seen.contains(&revision), "{to}");
        seen.push(revision);
    }
}
