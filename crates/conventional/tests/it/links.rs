use tidegate_conventional::{Forge, Links};

#[test]
fn where_things_are_to_be_seen_follows_from_how_people_clone() {
    let check = |url: &str, expect: Option<&str>| {
        let found = Links::of_remote(url).map(|links| links.commit("c"));
        assert_eq!(found.as_deref(), expect, "{url}");
    };
    check("https://github.com/a/b.git", Some("https://github.com/a/b/commit/c"));
    check("https://user:pass@github.com/a/b", Some("https://github.com/a/b/commit/c"));
    check("git@github.com:a/b.git", Some("https://github.com/a/b/commit/c"));
    check(
        "ssh://git@gitlab.example.com:2222/a/b/c.git",
        Some("https://gitlab.example.com/a/b/c/-/commit/c"),
    );
    check("https://bitbucket.org/a/b", Some("https://bitbucket.org/a/b/commits/c"));
    check("http://git.local:3000/a/b.git", Some("http://git.local:3000/a/b/commit/c"));
    check("/srv/git/b.git", None);
    check("../b.git", None);
    check("file:///srv/b.git", None);
    check("https://github.com/a/b)[x](y", None);
}

#[test]
fn each_forge_has_its_own_addresses() {
    let check = |forge, expect: [&str; 3]| {
        let links = Links::new("https://x/a/b/", forge);
        assert_eq!([links.compare("v1", "v2"), links.issue(7), links.tag("v1")], expect);
    };
    check(
        Forge::GitHub,
        [
            "https://x/a/b/compare/v1...v2",
            "https://x/a/b/issues/7",
            "https://x/a/b/releases/tag/v1",
        ],
    );
    check(
        Forge::GitLab,
        ["https://x/a/b/-/compare/v1...v2", "https://x/a/b/-/issues/7", "https://x/a/b/-/tags/v1"],
    );
    check(
        Forge::Bitbucket,
        [
            "https://x/a/b/branches/compare/v2%0Dv1",
            "https://x/a/b/issues/7",
            "https://x/a/b/src/v1",
        ],
    );
}

#[test]
fn the_same_repository_at_another_host() {
    let links = Links::of_remote("git@github.com:a/b.git").unwrap();
    let other = links.at_host("https://forge.example.com/");
    assert_eq!(other.commit("c"), "https://forge.example.com/a/b/commit/c");
}
