use tidegate_conventional::{Bump, Versioning};
use tidegate_release_file::{Kind, release_please, semantic_release};

const CONFIG: &str = r#"{
  "$schema": "https://example.com/config.json",
  "release-type": "node",
  "bump-minor-pre-major": true,
  "separate-pull-requests": true,
  "bootstrap-sha": "abc",
  "plugins": ["node-workspace", {"type": "linked-versions", "groupName": "g", "components": ["web", "api"]}],
  "changelog-sections": [{"type": "feat", "section": "New"}, {"type": "docs", "section": "Docs", "hidden": true}],
  "packages": {
    ".": {"include-component-in-tag": false, "release-type": "simple", "extra-files": ["README.md", {"type": "yaml", "path": "a.yaml", "jsonpath": "$.v"}], "exclude-paths": ["docs"]},
    "apps/web": {"component": "web", "tag-separator": "/", "bump-minor-pre-major": false},
    "apps/api": {"package-name": "api", "include-v-in-tag": false, "skip-changelog": true, "versioning": "always-bump-minor"},
    "crates/x": {"release-type": "rust", "release-as": "3.0.0", "changelog-path": "docs/C.md"}
  }
}"#;

#[test]
fn the_settings_of_release_please_are_read() {
    let manifest = r#"{".": "1.0.0", "apps/web": "0.2.0"}"#;
    let settings = release_please(("c.json", CONFIG), Some(("m.json", manifest))).unwrap();
    let [root, api, web, rust] = settings.packages.as_slice() else { unreachable!("four") };
    let tag = |package: &tidegate_release_file::Package| {
        package.component.tag.name(&"1.2.3".parse().unwrap())
    };
    assert_eq!(
        [tag(root), tag(web), tag(api), tag(rust)],
        ["v1.2.3", "web/v1.2.3", "api-1.2.3", "x-v1.2.3"]
    );
    assert_eq!(root.last.as_ref().unwrap().to_string(), "1.0.0");
    assert_eq!(
        (root.component.exclude.as_slice(), root.files.len()),
        (&["docs".to_owned()][..], 2)
    );
    assert_eq!(root.files[0], ("README.md".to_owned(), Kind::Marked));
    assert!(root.component.rules.bump_minor_pre_major && !web.component.rules.bump_minor_pre_major);
    assert_eq!(root.component.rules.sections[0].title, "New");
    assert_eq!(api.component.rules.versioning, Versioning::Always(Bump::Minor));
    assert_eq!((api.changelog.as_deref(), rust.changelog.as_deref()), (None, Some("docs/C.md")));
    assert_eq!(rust.release_as.as_ref().unwrap().to_string(), "3.0.0");
    assert_eq!(
        (rust.component.rules.initial.to_string(), web.component.rules.initial.to_string()),
        ("0.1.0".to_owned(), "1.0.0".to_owned())
    );
    assert_eq!(settings.groups[0].components, ["web", "api"]);
    assert_eq!((settings.follows, settings.since.as_deref()), (true, Some("abc")));
    assert_eq!(settings.without_meaning, ["separate-pull-requests"]);
}

#[test]
fn settings_that_mean_something_else_are_refused_by_name_and_place() {
    let check = |text: &str, expect: &str| {
        let told = release_please(("c.json", text), None).unwrap_err().to_string();
        assert!(told.starts_with(expect), "{told:?} should begin with {expect:?}");
    };
    check(
        "{\"packages\": {}, \n \"chanelog-path\": \"x\"}",
        "c.json:2:2: chanelog-path is no setting",
    );
    check(
        "{\"packages\": {\".\": {\n\"changelog-type\": \"github\"}}}",
        "c.json:2:1: changelog-type is no setting",
    );
    check(
        "{\"packages\": {\".\": {\"versioning\": \"service-pack\"}}}",
        "c.json:1:21: the versioning service-pack is not built",
    );
    check(
        "{\"packages\": {\".\": {\"release-type\": \"ocaml\"}}}",
        "c.json:1:21: the release type ocaml is not built",
    );
    check(
        "{\"packages\": {}, \"plugins\": [\"own\"]}",
        "c.json:1:18: the plugin \"own\" is not built",
    );
    check(
        "{\"packages\": {\".\": {\"bump-minor-pre-major\": 1}}}",
        "c.json:1:21: bump-minor-pre-major is no true or false",
    );
    check(
        "{\"packages\": {\".\": {\"extra-files\": [{\"type\": \"xml\", \"path\": \"a\"}]}}}",
        "c.json:1:21: the type xml of extra-files is not built",
    );
    check("{}", "c.json:1:1: there is no `packages`");
    check("[]", "c.json:1:1: this is no object");
    check("{", "c.json:1:2: this is no JSON");
    let told =
        release_please(("c.json", "{\"packages\": {}}"), Some(("m.json", "{\n\"a\": \"one\"}")));
    assert!(
        told.unwrap_err().to_string().starts_with("m.json:2:1: \"one\" of \"a\" is no version")
    );
}

#[test]
fn the_branches_of_semantic_release_are_read() {
    let text = r#"{"branches": ["main", {"name": "next", "prerelease": true}, {"name": "b", "prerelease": "beta"}], "tagFormat": "app-v${version}", "plugins": ["@semantic-release/npm", ["@semantic-release/git", {}]]}"#;
    let branches = semantic_release(".releaserc", text).unwrap();
    let channel = |branch| branches.channel(branch).map(|channel| channel.as_str().to_owned());
    assert_eq!(
        (channel("main"), channel("next"), channel("b"), channel("other")),
        (None, Some("next".to_owned()), Some("beta".to_owned()), None)
    );
    assert_eq!(branches.tag.name(&"1.2.3".parse().unwrap()), "app-v1.2.3");
    let check = |text: &str, expect: &str| {
        let told = semantic_release(".releaserc", text).unwrap_err().to_string();
        assert!(told.contains(expect), "{told:?} should say {expect:?}");
    };
    check("{\"branches\": [\"+([0-9])?(.{+([0-9]),x})\"]}", "the pattern");
    check(
        "{\"branches\": [{\"name\": \"1.x\", \"range\": \"1.x\"}]}",
        "range of the branch 1.x is not built",
    );
    check("{\"plugins\": [\"own\"]}", "the plugin \"own\" is not known");
    check(
        "{\"plugins\": [[\"@semantic-release/commit-analyzer\", {\"releaseRules\": []}]]}",
        "releaseRules is not built",
    );
    check("{\"tagFormat\": \"${version}-x\"}", "it ends with ${version}");
    check("{\"extends\": \"x\"}", "extends is no setting");
    check("branches:\n  - main\n", "only JSON is read");
}
