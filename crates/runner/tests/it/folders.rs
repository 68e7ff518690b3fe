use std::fs;

use tidegate_runner::{FolderError, Folders, Step};

use crate::rig::Rig;

#[test]
fn a_job_has_folders_of_its_own() {
    let base = tempfile::tempdir().unwrap();
    let root = base.path().join("a/job");
    let folders = Folders::create(&root, "octo/site").unwrap();
    for folder in [folders.workspace(), folders.work(), &folders.temporary(), &folders.home()] {
        assert!(
            folder.is_dir() && folder.starts_with(root.canonicalize().unwrap()),
            "{}",
            folder.display()
        );
    }
    assert!(folders.workspace().ends_with("_work/site/site"));
    assert!(matches!(Folders::create(&root, "octo/site"), Err(FolderError::Taken(_))));
    folders.remove().unwrap();
    assert!(!root.exists());
    folders.remove().unwrap();
}

#[test]
fn no_name_leads_out() {
    let base = tempfile::tempdir().unwrap();
    for name in ["", "octo/", "octo/..", "octo/.", ".."] {
        let made = Folders::create(&base.path().join("job"), name);
        assert!(matches!(made, Err(FolderError::Name(_))), "{name}: {made:?}");
    }
    assert_eq!(fs::read_dir(base.path()).unwrap().count(), 0);
}

#[test]
fn a_job_is_not_made_behind_a_link() {
    let base = tempfile::tempdir().unwrap();
    let root = base.path().join("job");
    std::os::unix::fs::symlink(base.path(), &root).unwrap();
    assert!(matches!(Folders::create(&root, "octo/site"), Err(FolderError::Taken(_))));
}

#[tokio::test]
async fn links_are_removed_and_not_followed_and_what_is_read_only_goes() {
    let kept = tempfile::tempdir().unwrap();
    fs::write(kept.path().join("file"), "kept").unwrap();
    let rig = Rig::new();
    let root = rig.root.clone();
    let script = format!(
        "ln -s {0} link; mkdir -p mod/deep; touch mod/deep/file; ln -s {0} mod/link; ln -s .. up; ln -s {0} ~/link; chmod -R a-w mod",
        kept.path().display()
    );
    let seen = rig.run(&[Step::script("it", script)]).await;
    assert_eq!(seen[0].end.exit_code, Some(0), "{:?}", seen[0].log);
    assert!(!root.exists());
    assert_eq!(fs::read_to_string(kept.path().join("file")).unwrap(), "kept");
}
