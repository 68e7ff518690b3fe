//! Contracts and their matrix, by the real program.

use std::fs;

use crate::program::Program;

const PACT: &str = r#"{
  "consumer": {"name": "web"},
  "provider": {"name": "orders"},
  "interactions": [{"description": "an order", "request": {"method": "GET", "path": "/"}, "response": {"status": 200}}],
  "metadata": {"pactSpecification": {"version": "2.0.0"}}
}"#;

#[test]
fn a_version_may_be_deployed_once_its_provider_there_keeps_its_contract() {
    let program = Program::new();
    let folder = tempfile::tempdir().unwrap();
    let pact = folder.path().join("web-orders.json");
    fs::write(&pact, PACT).unwrap();
    let pact = pact.to_str().unwrap();
    program.ok(&["contract", "publish", pact, "--consumer-version", "1"]);
    let ask = [
        "contract",
        "can-i-deploy",
        "--pacticipant",
        "web",
        "--version",
        "1",
        "--to",
        "production",
    ];
    let output = program.command().args(ask).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.contains("web 1 -> orders (none): orders does not run there"), "{told}");
    program.ok(&[
        "contract",
        "record-deployment",
        "--pacticipant",
        "orders",
        "--version",
        "7",
        "--environment",
        "production",
    ]);
    let output = program.command().args(ask).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.contains("web 1 -> orders 7: nobody has verified it"), "{told}");
}

#[test]
fn a_contract_that_cannot_be_read_is_told_with_its_place() {
    let program = Program::new();
    let folder = tempfile::tempdir().unwrap();
    let pact = folder.path().join("broken.json");
    fs::write(&pact, PACT.replace("\"status\": 200", "\"status\": \"ok\"")).unwrap();
    let args =
        ["contract", "verify", pact.to_str().unwrap(), "--provider-url", "http://127.0.0.1:1"];
    let output = program.command().args(args).output().unwrap();
    assert_eq!(output.status.code(), Some(5), "{output:?}");
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("broken.json:4:"), "{told}");
    assert!(told.contains("a status of HTTP is expected here"), "{told}");
}
