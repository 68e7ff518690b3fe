use tidegate_workflow::{IdError, Ids, of_action, of_matrix_job};

/// The ids that are made of lists of segments, one after the other.
fn check(segments: &[&[&str]], expect: &[&str]) {
    let mut ids = Ids::default();
    let made: Vec<_> = segments.iter().map(|segments| ids.plain(segments).unwrap()).collect();
    assert_eq!(made, expect);
}

#[test]
fn ids_are_made_of_what_ids_have() {
    check(&[&["linux", "x64"]], &["linux_x64"]);
    check(&[&["ubuntu-22.04", "3.10"]], &["ubuntu-22_04_3_10"]);
    check(&[&["1.2"], &["-x"], &["a b"], &["é"]], &["_1_2", "_-x", "a_b", "_"]);
    check(&[&[], &[""]], &["job", "job_2"]);
    check(&[&["__x"], &["_"], &["_"], &["__"]], &["_x", "_", "_2", "_3"]);
}

#[test]
fn ids_are_there_once_without_regard_to_case() {
    check(&[&["a"], &["A"], &["a_2"], &["a"]], &["a", "A_2", "a_2_2", "a_3"]);
    let long = "x".repeat(150);
    check(&[&[&long], &[&long]], &[&"x".repeat(100), &format!("{}_2", "x".repeat(98))]);
}

#[test]
fn ids_that_people_write_are_checked() {
    let mut ids = Ids::default();
    let long = "x".repeat(100);
    for (id, expect) in [
        ("build", Ok(())),
        ("Build", Err(IdError::Taken)),
        ("_a-1", Ok(())),
        ("1a", Err(IdError::Malformed)),
        ("-a", Err(IdError::Malformed)),
        ("a b", Err(IdError::Malformed)),
        ("", Err(IdError::Malformed)),
        (&long, Err(IdError::Malformed)),
        ("__run", Err(IdError::Reserved)),
    ] {
        assert_eq!(ids.take(id), expect, "{id}");
    }
    assert_eq!(ids.plain(&["build"]).unwrap(), "build_2");
}

#[test]
fn steps_are_called_by_their_actions() {
    for (uses, expect) in [
        ("actions/checkout@v4", "__actions/checkout"),
        ("owner/repository/path/more@ref", "__owner/repository"),
        ("./.github/actions/x", "__self"),
        ("docker://alpine:3.8", "__alpine:3.8"),
        ("nonsense", "__run"),
        ("a/b@c@d", "__run"),
    ] {
        assert_eq!(of_action(uses), expect);
    }
    let mut ids = Ids::default();
    let made: Vec<_> =
        ["__run", "__actions/checkout", "__run"].map(|word| ids.reserved(&[word]).unwrap()).into();
    assert_eq!(made, ["__run", "__actions_checkout", "__run_2"]);
}

#[test]
fn jobs_of_a_matrix_have_its_values_in_their_names() {
    let name = |segments: &[&str]| {
        of_matrix_job("build", &segments.iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    assert_eq!(name(&[]), "build");
    assert_eq!(name(&["linux", "3.10"]), "build (linux, 3.10)");
    let long = name(&["x".repeat(200).as_str()]);
    assert_eq!((long.len(), &long[..12], &long[95..]), (100, "build (xxxxx", "xx..."));
    assert_eq!(of_matrix_job(&"ü".repeat(101), &[]), format!("{}...", "ü".repeat(97)));
}
