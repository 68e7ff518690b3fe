use tidegate_workflow::{Level, Permission, Permissions};

fn of(levels: &[(&str, &str)]) -> Permissions {
    let read = |(name, level): &(&str, &str)| {
        (Permission::named(name).unwrap(), Level::named(level).unwrap())
    };
    levels.iter().map(read).collect()
}

fn check_excess(asked: &Permissions, most: &Permissions, expect: &[&str]) {
    let excess: Vec<_> = asked
        .excess(most)
        .iter()
        .map(|one| format!("{}: {} > {}", one.permission, one.asked, one.allowed))
        .collect();
    assert_eq!(excess, expect);
}

#[test]
fn names_and_levels_are_those_of_workflows() {
    for permission in Permission::ALL {
        assert_eq!(Permission::named(permission.name()), Some(permission));
    }
    assert_eq!(Permission::named("Contents"), None);
    assert_eq!(Level::named("admin"), None);
    assert!(!Permission::IdToken.allows(Level::Read) && Permission::IdToken.allows(Level::Write));
    assert!(!Permission::Models.allows(Level::Write) && Permission::Models.allows(Level::Read));
}

#[test]
fn all_is_all_that_there_is_of_each() {
    let all = Permissions::all(Level::Write);
    assert_eq!(all.level(Permission::Contents), Level::Write);
    assert_eq!(all.level(Permission::Models), Level::Read);
    assert_eq!(Permissions::all(Level::Read).level(Permission::Issues), Level::Read);
    assert_eq!(Permissions::restricted().to_string(), "contents: read, packages: read");
    assert_eq!(Permissions::permissive().level(Permission::IdToken), Level::None);
    assert_eq!(Permissions::all(Level::None), Permissions::none());
}

#[test]
fn nobody_gets_more_than_there_is() {
    let most = of(&[("contents", "read"), ("issues", "write")]);
    let asked = of(&[("contents", "write"), ("issues", "read"), ("packages", "read")]);
    assert_eq!(asked.within(&most), of(&[("contents", "read"), ("issues", "read")]));
    check_excess(&asked, &most, &["contents: write > read", "packages: read > none"]);
    check_excess(&most, &most, &[]);
    check_excess(&Permissions::none(), &most, &[]);
}

#[test]
fn a_stranger_changes_nothing_and_gets_no_identity() {
    let asked = of(&[("contents", "write"), ("id-token", "write"), ("models", "read")]);
    assert_eq!(asked.read_only(), of(&[("contents", "read"), ("models", "read")]));
}

#[test]
fn they_are_kept_by_their_names() {
    let permissions = of(&[("pull-requests", "write"), ("contents", "read")]);
    let text = serde_json::to_string(&permissions).unwrap();
    assert_eq!(text, r#"{"levels":{"contents":"read","pull-requests":"write"}}"#);
    assert_eq!(serde_json::from_str::<Permissions>(&text).unwrap(), permissions);
}
