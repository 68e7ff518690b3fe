use std::{fs, os::unix::fs::PermissionsExt as _, thread};

use tidegate_contract::{Deployment, can_i_deploy};
use tidegate_provider::{Entry, MatrixFile};
use tidegate_units::Timestamp;

fn deployed(version: &str) -> Entry {
    Entry::Deployment(Deployment {
        pacticipant: "api".to_owned(),
        version: version.to_owned(),
        environment: "production".to_owned(),
        at: Timestamp::from_millis(version.parse().unwrap()),
    })
}

#[test]
fn what_is_added_is_there_and_a_file_that_is_not_is_empty() {
    let folder = tempfile::tempdir().unwrap();
    let file = MatrixFile::at(folder.path().join("contracts/matrix.jsonl"));
    assert!(!can_i_deploy(&file.load().unwrap(), "api", "1", "production").deployable);
    file.add(&[deployed("1"), deployed("2")]).unwrap();
    file.add(&[deployed("3")]).unwrap();
    let matrix = file.load().unwrap();
    assert_eq!(matrix.deployments.len(), 3);
    assert_eq!(matrix.deployed("api", "production"), Some("3"));
    let mode = fs::metadata(folder.path().join("contracts")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700, "as a server's folder is");
}

#[test]
fn many_add_at_once_and_nothing_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let file = MatrixFile::at(folder.path().join("matrix.jsonl"));
    thread::scope(|scope| {
        for writer in 0..4 {
            let file = &file;
            scope.spawn(move || {
                for number in 0..10 {
                    file.add(&[deployed(&format!("{}", writer * 100 + number))]).unwrap();
                }
            });
        }
    });
    assert_eq!(file.load().unwrap().deployments.len(), 40);
}

#[test]
fn a_line_that_is_none_of_ours_is_told_with_its_place_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("matrix.jsonl");
    let file = MatrixFile::at(&path);
    file.add(&[deployed("1")]).unwrap();
    let text = fs::read_to_string(&path).unwrap() + "{\"kind\":\"odd\"}\n";
    fs::write(&path, &text).unwrap();
    let problem = file.load().unwrap_err().to_string();
    assert!(problem.contains("matrix.jsonl:2: this is no entry of a matrix"), "{problem}");
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn a_file_that_cannot_be_read_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = MatrixFile::at(folder.path());
    assert!(file.load().unwrap_err().to_string().contains("cannot be read"));
    let file = MatrixFile::at(folder.path().join("a-file/matrix.jsonl"));
    fs::write(folder.path().join("a-file"), "").unwrap();
    assert!(file.add(&[deployed("1")]).unwrap_err().to_string().contains("cannot be written"));
}
