//! What a newcomer sees first.

use std::process::Command;

use tidegate_e2e::Programs;

#[test]
fn the_demo_holds_and_leaves_nothing_behind() {
    let programs = Programs::find().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(&programs.tidegate)
        .args(["demo", "--sample"])
        .arg(&programs.sample)
        .env("TMPDIR", folder.path())
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{printed}{}", String::from_utf8_lossy(&output.stderr));
    for line in [
        "✔ v2-fails-half  taken back by itself",
        "✔ v3-slow-tail   taken back by itself",
        "✔ v4             promoted to all users",
        "0 failed at the router, 0 lost",
        "all of it held",
    ] {
        assert!(printed.contains(line), "{line:?} is not in\n{printed}");
    }
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().flatten().collect();
    assert!(left.is_empty(), "{left:?}");
}
