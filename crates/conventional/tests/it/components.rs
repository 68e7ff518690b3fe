use tidegate_conventional::{
    Cause, Commit, Component, Group, Past, Rules, Standing, TagForm, changes, counted, plan,
};

fn component(name: &str, path: &str) -> Component {
    Component {
        name: name.to_owned(),
        path: path.to_owned(),
        exclude: Vec::new(),
        tag: TagForm::of_component(name, "-"),
        rules: Rules::usual(),
        depends_on: Vec::new(),
    }
}

fn commit(message: &str, paths: &[&str]) -> Commit {
    Commit {
        id: format!("{:040x}", message.len()),
        message: message.to_owned(),
        paths: paths.iter().map(|path| (*path).to_owned()).collect(),
        author: String::new(),
    }
}

#[test]
fn a_commit_counts_for_the_components_whose_files_it_touched() {
    let all = [
        component("root", "."),
        component("web", "apps/web/"),
        component("web-ui", "apps/web/ui"),
        Component { exclude: vec!["apps/api/docs".to_owned()], ..component("api", "./apps/api") },
    ];
    let check = |paths: &[&str], expect: &[&str]| {
        let commits = [commit("fix: x", paths)];
        let found: Vec<_> = all
            .iter()
            .filter(|component| !counted(component, &all, &commits).is_empty())
            .map(|component| component.name.as_str())
            .collect();
        assert_eq!(found, expect, "{paths:?}");
    };
    check(&["apps/web/x"], &["root", "web"]);
    check(&["apps/web/ui/x"], &["root", "web-ui"]);
    check(&["apps/website/x"], &["root"]);
    check(&["apps/api/docs/x"], &["root"]);
    check(&["apps/api/docs/x", "apps/api/y"], &["root", "api"]);
    check(&["apps/api/x", "apps/web/y"], &["root", "web", "api"]);
    check(&["README"], &["root"]);
    check(&[], &["root"]);
}

#[test]
fn tags_are_read_as_they_are_written() {
    let check = |form: &TagForm, tag: &str, expect: Option<&str>| {
        let found = form.version(tag).map(|version| version.to_string());
        assert_eq!(found.as_deref(), expect, "{tag}");
    };
    let plain = TagForm::plain();
    check(&plain, "v1.2.3", Some("1.2.3"));
    check(&plain, "1.2.3-rc.1+b", Some("1.2.3-rc.1+b"));
    check(&plain, "web-v1.2.3", None);
    check(&plain, "v1.2", None);
    check(&plain, "vv1.2.3", None);
    for separator in ["-", "/", "@"] {
        let form = TagForm::of_component("web", separator);
        let tag = form.name(&"1.2.3".parse().unwrap());
        assert_eq!(tag, format!("web{separator}v1.2.3"));
        check(&form, &tag, Some("1.2.3"));
        check(&form, "v1.2.3", None);
        check(&form, &format!("web-ui{separator}v1.2.3"), None);
    }
    let bare = TagForm { v: false, ..TagForm::plain() };
    assert_eq!(bare.name(&"1.2.3".parse().unwrap()), "1.2.3");
}

fn standing(name: &str, last: &str, message: Option<&str>, on: &[&str]) -> Standing {
    let commits: Vec<_> = message.iter().map(|message| commit(message, &["x"])).collect();
    Standing {
        component: Component {
            depends_on: on.iter().map(|name| (*name).to_owned()).collect(),
            ..component(name, name)
        },
        past: Past { last: Some(last.parse().unwrap()), prereleases: Vec::new() },
        changes: changes(&commits),
    }
}

#[track_caller]
fn check(standings: &[Standing], groups: &[&[&str]], expect: &[&str]) {
    let groups: Vec<_> = groups
        .iter()
        .map(|names| Group {
            name: "g".to_owned(),
            components: names.iter().map(|name| (*name).to_owned()).collect(),
        })
        .collect();
    let line = |planned: tidegate_conventional::Planned| {
        let cause = match planned.cause {
            Cause::Changes => "changes".to_owned(),
            Cause::Dependencies(on) => format!("on {}", on.join(",")),
            Cause::Linked(to) => format!("with {to}"),
        };
        format!("{} {} {cause}", planned.component, planned.version)
    };
    let found: Vec<_> = plan(standings, &groups).unwrap().into_iter().map(line).collect();
    assert_eq!(found, expect);
}

#[test]
fn a_component_with_nothing_new_is_left_as_it_is() {
    check(
        &[standing("a", "1.0.0", Some("feat: x"), &[]), standing("b", "2.0.0", None, &[])],
        &[],
        &["a 1.1.0 changes"],
    );
}

#[test]
fn those_made_of_others_get_a_patch_along_the_whole_way() {
    check(
        &[
            standing("app", "1.0.0", None, &["lib"]),
            standing("lib", "1.0.0", None, &["base"]),
            standing("base", "1.0.0", Some("feat!: x"), &[]),
            standing("other", "1.0.0", Some("docs: x"), &[]),
        ],
        &[],
        &["app 1.0.1 on lib", "lib 1.0.1 on base", "base 2.0.0 changes"],
    );
    let round =
        [standing("a", "1.0.0", Some("fix: x"), &["b"]), standing("b", "1.0.0", None, &["a"])];
    check(&round, &[], &["a 1.0.1 changes", "b 1.0.1 on a"]);
}

#[test]
fn those_that_are_linked_have_the_highest_version() {
    check(
        &[
            standing("a", "1.4.0", Some("fix: x"), &[]),
            standing("b", "1.2.0", Some("feat!: x"), &[]),
            standing("c", "1.4.0", None, &[]),
            standing("d", "1.0.0", None, &["c"]),
        ],
        &[&["a", "b", "c"]],
        &["a 2.0.0 with b", "b 2.0.0 changes", "c 2.0.0 with b", "d 1.0.1 on c"],
    );
    check(&[standing("a", "1.0.0", None, &[])], &[&["a", "b"]], &[]);
}
