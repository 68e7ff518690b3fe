use serde_json::{Value, json};
use tidegate_results::{CacheScope, Grant, Limits, Trust};

use crate::{
    bed::{Bed, DAY, HOUR, files, grant, noise, of_ref, write},
    clients::Job,
};

/// Each cache client that is tested, and whether it is told of the service's second version.
const CLIENTS: [(&str, bool); 4] =
    [("cache-4", true), ("cache-4", false), ("cache", true), ("cache", false)];

fn job(bed: &Bed, server: &tidegate_results::Server, grant: &Grant, new: bool) -> Job {
    let workspace = bed.make_folder("workspace");
    let token = server.token(grant, HOUR).unwrap();
    let job = Job::new(server, &token, &workspace);
    if new { job } else { job.with_old_caches() }
}

fn save(client: &str, key: &str) -> Value {
    json!({ "client": client, "operation": "save", "paths": ["kept"], "key": key })
}

fn restore(client: &str, key: &str, keys: &[&str]) -> Value {
    json!({ "client": client, "operation": "restore", "paths": ["kept"], "key": key, "keys": keys })
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_job_saves_a_later_one_restores() {
    for (client, new) in CLIENTS {
        let bed = Bed::new();
        let server = bed.serve().await;
        let kept = bed.make_folder("workspace/kept");
        let sent: [(&str, &[u8]); 2] = [("a.txt", b"a"), ("deep/b", &noise(1, 200_000))];
        write(&kept, &sent);
        let first = job(&bed, &server, &grant("run-1", "build"), new);
        let [missed, saved, again] = first
            .run([
                restore(client, "npm-1", &["npm-"]),
                save(client, "npm-1"),
                save(client, "npm-1"),
            ])
            .await;
        assert_eq!(*missed.ok(), Value::Null);
        assert!(saved.ok().as_i64().unwrap() > 0, "{client}: {}", saved.said);
        assert_eq!(*again.ok(), -1, "an entry does not change");
        assert!(again.said.contains("another job may be creating this cache"), "{}", again.said);

        std::fs::remove_dir_all(&kept).unwrap();
        let second = job(&bed, &server, &grant("run-2", "build"), new);
        let mut look = restore(client, "npm-1", &[]);
        look["lookupOnly"] = json!(true);
        let [seen] = second.run([look]).await;
        assert_eq!((seen.ok(), kept.exists()), (&json!("npm-1"), false));
        let [by_prefix] = second.run([restore(client, "npm-2", &["other-", "npm-"])]).await;
        assert_eq!(*by_prefix.ok(), "npm-1", "{}", by_prefix.said);
        let expect = sent.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec()));
        assert_eq!(files(&kept), expect.collect(), "{client}, new: {new}");
        server.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_big_cache_comes_in_blocks_and_goes_whole() {
    let bed = Bed::new();
    let server = bed.serve().await;
    let kept = bed.make_folder("workspace/kept");
    // Beyond 128 MiB the client sends blocks; before its second version, ranges beyond 32 MiB.
    let big = noise(3, 130 << 20);
    for (new, part) in [(true, &big[..]), (false, &big[..40 << 20])] {
        write(&kept, &[("big", part)]);
        let job = job(&bed, &server, &grant("run-1", "build"), new);
        let key = format!("big-{new}");
        job.run([save("cache", &key)]).await[0].ok();
        std::fs::remove_file(kept.join("big")).unwrap();
        let [restored] = job.run([restore("cache", &key, &[])]).await;
        assert_eq!(*restored.ok(), json!(key), "{}", restored.said);
        assert!(std::fs::read(kept.join("big")).unwrap() == part);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fork_restores_and_saves_nothing() {
    for (client, new) in [("cache", true), ("cache", false)] {
        let bed = Bed::new();
        let server = bed.serve().await;
        write(&bed.make_folder("workspace/kept"), &[("a", b"a")]);
        let main = job(&bed, &server, &grant("run-1", "build"), new);
        main.run([save(client, "a")]).await[0].ok();
        let reference = "refs/pull/7/merge";
        let main = Some("refs/heads/main");
        let fork = Grant {
            caches: CacheScope::of_run(reference, main, main, Trust::ReadOnly),
            ..of_ref("run-2", "build", reference)
        };
        let fork = job(&bed, &server, &fork, new);
        let [restored, saved] = fork.run([restore(client, "a", &[]), save(client, "b")]).await;
        assert_eq!(*restored.ok(), "a");
        assert_eq!(*saved.ok(), -1);
        assert!(saved.said.contains("cache write denied:"), "{}", saved.said);
        assert_eq!(bed.store.caches("").unwrap().len(), 1);
        server.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_has_expired_restores_nothing() {
    let bed = Bed::new();
    let server = bed.serve().await;
    write(&bed.make_folder("workspace/kept"), &[("a", b"a")]);
    let own = job(&bed, &server, &grant("run-1", "build"), true);
    own.run([save("cache", "a")]).await[0].ok();
    bed.time.pass(HOUR);
    let [restored, saved] = own.run([restore("cache", "a", &[]), save("cache", "b")]).await;
    assert_eq!((restored.ok(), saved.ok()), (&Value::Null, &json!(-1)));
    assert!(restored.said.contains("the token has expired"), "{}", restored.said);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_used_stays_and_the_rest_makes_room() {
    let bed = Bed::with(Limits { cache_bytes: 250_000, ..Limits::default() });
    let server = bed.serve().await;
    let kept = bed.make_folder("workspace/kept");
    let own = job(&bed, &server, &grant("run-1", "build"), true);
    for (seed, key) in [(1, "a"), (2, "b")] {
        write(&kept, &[("noise", &noise(seed, 100_000))]);
        own.run([save("cache", key)]).await[0].ok();
        bed.time.pass(std::time::Duration::from_mins(1));
    }
    own.run([restore("cache", "a", &[])]).await[0].ok();
    write(&kept, &[("noise", &noise(3, 100_000))]);
    own.run([save("cache", "c")]).await[0].ok();
    let keys = |bed: &Bed| {
        let entries = bed.store.caches("").unwrap();
        entries.into_iter().map(|entry| entry.key).collect::<Vec<_>>()
    };
    assert_eq!(keys(&bed), ["c", "a"], "b was used before a");
    assert_eq!(bed.blobs(), 2);
    bed.time.pass(7 * DAY);
    assert_eq!(bed.store.sweep().unwrap().caches, 2);
    assert_eq!((keys(&bed).len(), bed.blobs()), (0, 0));
}
