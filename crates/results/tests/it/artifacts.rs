use serde_json::{Value, json};
use tidegate_results::{Digest, Limits};

use crate::{
    bed::{Bed, DAY, HOUR, files, grant, noise, write},
    clients::Job,
};

/// Each artifact client that is tested: the first that spoke this service, and the latest.
const CLIENTS: [&str; 2] = ["artifact-2", "artifact"];

fn upload(client: &str, name: &str, root: &std::path::Path, names: &[&str]) -> Value {
    let files: Vec<_> = names.iter().map(|name| root.join(name)).collect();
    json!({ "client": client, "operation": "upload", "name": name, "files": files, "root": root,
        "options": { "compressionLevel": 1 } })
}

fn names(listed: &Value) -> Vec<&str> {
    let artifacts = listed["artifacts"].as_array().unwrap();
    artifacts.iter().map(|artifact| artifact["name"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_job_uploads_another_one_of_the_run_downloads() {
    for client in CLIENTS {
        let bed = Bed::new();
        let server = bed.serve().await;
        let root = bed.make_folder("workspace");
        let sent: [(&str, &[u8]); 4] = [
            ("a.txt", b"first"),
            ("deep/er/b.bin", &noise(1, 300_000)),
            ("deep/ünïcode name.txt", b""),
            (".hidden", b"hidden"),
        ];
        write(&root, &sent);
        let names_sent: Vec<_> = sent.iter().map(|(name, _)| *name).collect();
        let builder = server.token(&grant("run-1", "build"), HOUR).unwrap();
        let [made, again] = Job::new(&server, &builder, &root)
            .run([
                upload(client, "site", &root, &names_sent),
                upload(client, "site", &root, &["a.txt"]),
            ])
            .await;
        let id = made.ok()["id"].as_i64().unwrap();
        let digest: Digest = made.ok()["digest"].as_str().unwrap().parse().unwrap();
        assert!(
            again.error().contains("an artifact with this name already exists"),
            "{}",
            again.error()
        );

        let tester = server.token(&grant("run-1", "test"), HOUR).unwrap();
        let path = bed.folder.path().join("downloaded");
        let [listed, found, fetched, deleted, after] = Job::new(&server, &tester, &root)
            .run([
                json!({ "client": client, "operation": "list" }),
                json!({ "client": client, "operation": "get", "name": "site" }),
                json!({ "client": client, "operation": "download", "id": id,
                    "options": { "path": path, "expectedHash": format!("sha256:{digest}") } }),
                json!({ "client": client, "operation": "delete", "name": "site" }),
                json!({ "client": client, "operation": "list" }),
            ])
            .await;
        assert_eq!(names(listed.ok()), ["site"]);
        assert_eq!(found.ok()["artifact"]["id"], id);
        assert_eq!(found.ok()["artifact"]["size"], made.ok()["size"]);
        assert_eq!(found.ok()["artifact"]["digest"], format!("sha256:{digest}"));
        assert_eq!(found.ok()["artifact"]["createdAt"], "2026-01-01T00:00:00.000Z");
        assert_eq!(fetched.ok()["digestMismatch"], false);
        let expect = sent.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec()));
        assert_eq!(files(&path), expect.collect());
        assert_eq!(deleted.ok()["id"], id);
        assert!(names(after.ok()).is_empty());
        assert_eq!(bed.blobs(), 0);
        server.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_file_is_uploaded_and_downloaded_as_it_is() {
    let bed = Bed::new();
    let server = bed.serve().await;
    let root = bed.make_folder("workspace");
    write(&root, &[("rapport größe.html", b"<p>")]);
    let token = server.token(&grant("run-1", "build"), HOUR).unwrap();
    let mut upload = upload("artifact", "ignored", &root, &["rapport größe.html"]);
    upload["options"] = json!({ "skipArchive": true, "retentionDays": 5 });
    let job = Job::new(&server, &token, &root);
    let [made] = job.run([upload]).await;
    let id = made.ok()["id"].as_i64().unwrap();
    let artifact = bed.store.artifact(id).unwrap().unwrap();
    assert_eq!((&*artifact.name, &*artifact.mime), ("rapport größe.html", "text/html"));
    let path = bed.folder.path().join("downloaded");
    let fetch = json!({ "client": "artifact", "operation": "download", "id": id,
        "options": { "path": path } });
    job.run([fetch]).await[0].ok();
    let expect = [("rapport größe.html".to_owned(), b"<p>".to_vec())];
    assert_eq!(files(&path), expect.into());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_big_file_comes_in_blocks() {
    let bed = Bed::new();
    let server = bed.serve().await;
    let root = bed.make_folder("workspace");
    let bytes = noise(7, 70 << 20);
    write(&root, &[("big", &bytes)]);
    let token = server.token(&grant("run-1", "build"), HOUR).unwrap();
    let job = Job::new(&server, &token, &root);
    let mut upload = upload("artifact", "big", &root, &["big"]);
    upload["options"] = json!({ "skipArchive": true });
    let [made] = job.run([upload]).await;
    assert_eq!(made.ok()["size"], bytes.len());
    assert_eq!(made.ok()["digest"], Digest::of(&bytes).to_string());
    let path = bed.folder.path().join("downloaded");
    let fetch = json!({ "client": "artifact", "operation": "download", "id": made.ok()["id"],
        "options": { "path": path } });
    job.run([fetch]).await[0].ok();
    assert!(files(&path)["big"] == bytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_upload_at_the_same_time() {
    let bed = Bed::new();
    let server = bed.serve().await;
    let root = bed.make_folder("workspace");
    write(&root, &[("a", &noise(1, 9 << 20)), ("b", &noise(2, 9 << 20))]);
    let token = server.token(&grant("run-1", "build"), HOUR).unwrap();
    let job = Job::new(&server, &token, &root);
    let uploads = [upload("artifact", "a", &root, &["a"]), upload("artifact", "b", &root, &["b"])];
    let made = job.together(&uploads).await;
    let [listed] = job.run([json!({ "client": "artifact", "operation": "list" })]).await;
    let mut names = names(listed.ok());
    names.sort_unstable();
    assert_eq!(names, ["a", "b"]);
    for made in made {
        let artifact = bed.store.artifact(made.ok()["id"].as_i64().unwrap()).unwrap().unwrap();
        assert_eq!(artifact.blob.digest.to_string(), made.ok()["digest"].as_str().unwrap());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_lets_its_own_job_in_while_it_holds() {
    let bed = Bed::new();
    let server = bed.serve().await;
    let root = bed.make_folder("workspace");
    write(&root, &[("a", b"a")]);
    let token = server.token(&grant("run-1", "build"), HOUR).unwrap();
    let own = Job::new(&server, &token, &root);
    own.run([upload("artifact", "a", &root, &["a"])]).await[0].ok();

    // A run sees nothing of another.
    let other = server.token(&grant("run-2", "build"), HOUR).unwrap();
    let other = Job::new(&server, &other, &root);
    let [listed, found] = other
        .run([
            json!({ "client": "artifact", "operation": "list" }),
            json!({ "client": "artifact", "operation": "download", "id": 1, "options": {} }),
        ])
        .await;
    assert!(names(listed.ok()).is_empty());
    assert!(found.error().contains("No artifacts found for ID: 1"), "{}", found.error());

    bed.time.pass(HOUR);
    let [expired] = own.run([json!({ "client": "artifact", "operation": "list" })]).await;
    assert!(
        expired.error().contains("(401) Unauthorized: the token has expired"),
        "{}",
        expired.error()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn artifacts_go_when_they_expire() {
    let bed = Bed::with(Limits { artifact_retention: 3 * DAY, ..Limits::default() });
    let server = bed.serve().await;
    let root = bed.make_folder("workspace");
    write(&root, &[("a", b"a")]);
    let token = server.token(&grant("run-1", "build"), 9 * DAY).unwrap();
    let job = Job::new(&server, &token, &root);
    job.run([upload("artifact", "a", &root, &["a"])]).await[0].ok();
    bed.time.pass(2 * DAY + 23 * HOUR);
    assert_eq!(bed.store.artifacts("run-1").unwrap().len(), 1);
    assert_eq!(bed.store.sweep().unwrap().artifacts, 0);
    bed.time.pass(HOUR);
    let [gone] = job.run([json!({ "client": "artifact", "operation": "list" })]).await;
    assert!(names(gone.ok()).is_empty());
    assert_eq!((bed.store.sweep().unwrap().artifacts, bed.blobs()), (1, 0));
}
