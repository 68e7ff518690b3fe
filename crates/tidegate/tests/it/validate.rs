//! Files without a server.

use crate::program::Program;

const GOOD: &str = r"apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  selector: {app: web}
  ports:
  - port: 80
";

const BAD: &str = r"apiVersion: v1
kind: Service
metadata:
  nmae: web
spec:
  selector: {app: web}
  ports:
  - port: 80000
";

#[test]
fn good_files_are_counted() {
    let program = Program::new();
    program.write("k8s/a.yaml", GOOD);
    program.write("k8s/deep/b.yml", &GOOD.replace("web", "api"));
    let said = program.run(&["validate", "-f", "k8s"]);
    assert_eq!((said.code, said.out.as_str()), (0, "2 files: 2 resources, no problems\n"));
    let said = program.run_with_input(&["validate", "-f", "-"], GOOD);
    assert_eq!((said.code, said.out.as_str()), (0, "1 file: 1 resource, no problems\n"));
}

#[test]
fn every_problem_of_every_file_is_told_at_once_with_its_place() {
    let program = Program::new();
    program.write("a.yaml", BAD);
    program.write("b.yaml", &BAD.replace("80000", "eighty"));
    program.write("c.yaml", GOOD);
    let said = program.run(&["validate", "-f", "a.yaml", "-f", "b.yaml", "-f", "c.yaml"]);
    assert_eq!(said.code, 1, "{}", said.err);
    insta::assert_snapshot!(said.out);
    let painted = program.run(&["validate", "-f", "a.yaml", "--color", "always"]).out;
    assert!(painted.contains("\u{1b}[1;31merror:\u{1b}[0m"), "{painted}");
    let bare = painted.replace("\u{1b}[1;31m", "").replace("\u{1b}[0m", "");
    assert!(
        bare.replace("\u{1b}[34m", "").replace("\u{1b}[1m", "").contains("--> a.yaml:"),
        "{bare}"
    );
}

#[test]
fn programs_get_json() {
    let program = Program::new();
    program.write("a.yaml", BAD);
    let said = program.run(&["validate", "-f", "a.yaml", "--output", "json"]);
    assert_eq!(said.code, 1);
    let verdict: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(verdict["valid"], false);
    let problems = verdict["problems"].as_array().unwrap();
    assert!(problems.len() >= 2, "{verdict}");
    for problem in problems {
        assert_eq!(problem["file"], "a.yaml");
        assert!(problem["line"].as_u64().unwrap() >= 3, "{problem}");
    }
}
