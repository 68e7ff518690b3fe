use std::{io::Write as _, time::Duration};

use tidegate_results::{
    Artifact, ArtifactsOfBranch, CacheScope, Digest, Error, Grant, Limits, Lookup, NewArtifact,
    Trust,
};

use crate::bed::{Bed, DAY, HOUR, files, grant, of_ref};

const MINUTE: Duration = Duration::from_mins(1);

impl Bed {
    fn artifact(&self, grant: &Grant, name: &str, bytes: &[u8]) -> Result<Artifact, Error> {
        let new = NewArtifact { name: name.to_owned(), ..NewArtifact::default() };
        self.store.put_artifact(grant, &new, |draft| {
            draft.write_all(bytes).map_err(|error| Error::Invalid(error.to_string()))
        })
    }

    /// Saves an entry whose bytes are its key, a minute after the one before.
    fn cache(&self, reference: &str, key: &str) {
        self.time.pass(MINUTE);
        let grant = of_ref("run", "job", reference);
        self.store
            .put_cache(&grant, key, "v", |draft| {
                draft.write_all(key.as_bytes()).unwrap();
                Ok(())
            })
            .unwrap();
    }

    #[track_caller]
    fn check_found(&self, grant: &Grant, keys: &[&str], expect: Option<(&str, &str)>) {
        let found = self.store.find_cache(grant, Lookup { keys, version: "v" }).unwrap();
        let found = found.map(|entry| (entry.scope, entry.key));
        let found = found.as_ref().map(|(scope, key)| (scope.as_str(), key.as_str()));
        assert_eq!(found, expect, "{keys:?}");
    }
}

#[test]
fn the_same_bytes_lie_there_once_until_nobody_names_them() {
    let bed = Bed::new();
    let first = bed.artifact(&grant("1", "a"), "x", b"same").unwrap();
    let second = bed.artifact(&grant("2", "a"), "y", b"same").unwrap();
    assert_eq!(first.blob, second.blob);
    assert_eq!(first.blob.digest, Digest::of(b"same"));
    assert_eq!(bed.blobs(), 1);
    bed.store.delete_artifact("1", "x").unwrap();
    assert_eq!(bed.blobs(), 1);
    bed.store.delete_artifact("2", "y").unwrap();
    assert_eq!(bed.blobs(), 0);
    assert!(matches!(bed.store.delete_artifact("2", "y"), Err(Error::NotFound(_))));
}

#[test]
fn an_attempt_makes_its_artifacts_anew_and_the_latest_is_found() {
    let bed = Bed::new();
    let first = bed.artifact(&grant("1", "a"), "x", b"first").unwrap();
    assert!(matches!(bed.artifact(&grant("1", "b"), "x", b""), Err(Error::AlreadyExists(_))));
    let again = Grant { attempt: 2, ..grant("1", "a") };
    let second = bed.artifact(&again, "x", b"second").unwrap();
    assert!(second.id > first.id);
    assert_eq!(bed.store.artifact_named("1", "x").unwrap(), second);
    assert_eq!(bed.store.artifacts("1").unwrap(), [first, second]);
    assert_eq!(bed.store.artifacts("2").unwrap(), []);
}

#[test]
fn what_cannot_be_filled_leaves_nothing_and_is_not_in_the_way() {
    let bed = Bed::with(Limits { artifact_bytes: 10, artifacts_of_job: 2, ..Limits::default() });
    let grant = grant("1", "a");
    bed.artifact(&grant, "x", b"more than ten").unwrap_err();
    bed.artifact(&grant, "a/b", b"").unwrap_err();
    assert_eq!(files(&bed.folder.path().join("store/incoming")).len(), 0);
    assert_eq!(bed.blobs(), 0);
    bed.artifact(&grant, "x", b"ten bytes.").unwrap();
    bed.artifact(&grant, "y", b"").unwrap();
    assert!(matches!(bed.artifact(&grant, "z", b""), Err(Error::TooLarge(_))));
}

#[test]
fn an_artifact_is_kept_no_longer_than_any() {
    let bed = Bed::with(Limits { artifact_retention: 3 * DAY, ..Limits::default() });
    let now = tidegate_ports::Clock::now(&*bed.time);
    for (asked, kept) in [(Some(DAY), DAY), (Some(9 * DAY), 3 * DAY), (None, 3 * DAY)] {
        let name = format!("{asked:?}");
        let expires = asked.map(|asked| now.after(asked));
        let new = NewArtifact { name, expires, mime: None };
        let made = bed.store.put_artifact(&grant("1", "a"), &new, |_| Ok(())).unwrap();
        assert_eq!(made.expires, now.after(kept));
        assert_eq!(made.mime, "application/zip");
    }
}

/// <https://docs.github.com/en/actions/reference/workflows-and-actions/dependency-caching#cache-key-matching>
#[test]
fn entries_are_found_whole_first_then_by_their_beginning_the_newest_first() {
    let bed = Bed::new();
    let main = grant("9", "a");
    for key in ["npm-feature-1", "npm-feature-2", "npm-", "npm-other", "NPM-up", "n_m", "ünï-1"] {
        bed.cache("refs/heads/main", key);
    }
    let main_ref = "refs/heads/main";
    let check = |keys: &[&str], expect: Option<&str>| {
        bed.check_found(&main, keys, expect.map(|key| (main_ref, key)));
    };
    check(&["npm-feature-1", "npm-"], Some("npm-feature-1"));
    check(&["npm-feature-3", "npm-feature-", "npm-"], Some("npm-feature-2"));
    // A key that is there whole goes before a newer one that only begins so.
    check(&["npm-x", "npm-"], Some("npm-"));
    check(&["npm-feature"], Some("npm-feature-2"));
    check(&["none", "nothing"], None);
    // No letter stands for others, and case counts.
    check(&["n%"], None);
    check(&["npm_"], None);
    check(&["NPM"], Some("NPM-up"));
    check(&["ünï"], Some("ünï-1"));
}

#[test]
fn scopes_are_looked_through_in_their_order() {
    let bed = Bed::new();
    bed.cache("refs/heads/main", "k-1");
    bed.cache("refs/heads/base", "k-2");
    bed.cache("refs/heads/other", "k-3");
    let reference = "refs/pull/7/merge";
    let caches = CacheScope::of_run(
        reference,
        Some("refs/heads/base"),
        Some("refs/heads/main"),
        Trust::Full,
    );
    let pull = Grant { caches, ..of_ref("9", "a", reference) };
    // What matches in a nearer scope goes before what is there whole in a farther one.
    bed.check_found(&pull, &["k-1", "k-"], Some(("refs/heads/base", "k-2")));
    bed.check_found(&pull, &["k-1"], Some(("refs/heads/main", "k-1")));
    bed.check_found(&pull, &["k-3"], None);
    bed.check_found(&grant("9", "a"), &["k-"], Some(("refs/heads/main", "k-1")));
    bed.time.pass(MINUTE);
    bed.store.put_cache(&pull, "k-1", "v", |_| Ok(())).unwrap();
    bed.check_found(&pull, &["k-1"], Some((reference, "k-1")));
    bed.check_found(&grant("9", "a"), &["k-1"], Some(("refs/heads/main", "k-1")));
    let other = Lookup { keys: &["k-1"], version: "w" };
    assert_eq!(bed.store.find_cache(&pull, other).unwrap(), None);
}

#[test]
fn an_entry_does_not_change_and_one_job_at_a_time_saves_it() {
    let bed = Bed::new();
    let (main, save) = (grant("1", "a"), |grant: &Grant| {
        bed.store.put_cache(grant, "k", "v", |_| {
            // While it is being saved, another job cannot.
            let other = bed.store.put_cache(&grant_of("2"), "k", "v", |_| Ok(()));
            assert!(matches!(other, Err(Error::AlreadyExists(_))));
            Ok(())
        })
    });
    save(&main).unwrap();
    assert!(matches!(save(&main), Err(Error::AlreadyExists(_))));
    bed.store.put_cache(&main, "k", "w", |_| Ok(())).unwrap();
    let branch = of_ref("3", "a", "refs/heads/b");
    bed.store.put_cache(&branch, "k", "v", |_| Ok(())).unwrap();
}

fn grant_of(run: &str) -> Grant {
    grant(run, "a")
}

#[test]
fn the_caches_of_a_branch_go_with_it() {
    for (also, left) in [(ArtifactsOfBranch::Keep, 2), (ArtifactsOfBranch::Delete, 1)] {
        let bed = Bed::new();
        bed.cache("refs/heads/b", "k");
        bed.cache("refs/heads/main", "k");
        bed.artifact(&of_ref("1", "a", "refs/heads/b"), "x", b"b").unwrap();
        bed.artifact(&grant("1", "a"), "y", b"main").unwrap();
        let swept = bed.store.forget_branch("refs/heads/b", also).unwrap();
        assert_eq!((swept.caches, swept.artifacts), (1, 2 - left));
        assert_eq!(bed.store.artifacts("1").unwrap().len() as u64, left);
        let scopes: Vec<_> =
            bed.store.caches("").unwrap().into_iter().map(|entry| entry.scope).collect();
        assert_eq!(scopes, ["refs/heads/main"]);
    }
}

#[test]
fn what_is_used_is_kept_and_what_is_not_goes_after_a_week() {
    let bed = Bed::new();
    bed.cache("refs/heads/main", "used");
    bed.cache("refs/heads/main", "idle");
    bed.time.pass(6 * DAY);
    bed.check_found(&grant("1", "a"), &["used"], Some(("refs/heads/main", "used")));
    bed.time.pass(DAY);
    // What is to go is not found, whether it was swept or not.
    bed.check_found(&grant("1", "a"), &["idle"], None);
    assert_eq!(bed.store.sweep().unwrap().caches, 1);
    bed.check_found(&grant("1", "a"), &["used"], Some(("refs/heads/main", "used")));
}

#[test]
fn one_process_holds_a_folder() {
    let bed = Bed::new();
    let clock = bed.time.clone();
    let again =
        tidegate_results::Store::open(&bed.folder.path().join("store"), clock, Limits::default());
    let error = again.err().unwrap().to_string();
    assert!(error.contains("another process holds it"), "{error}");
    bed.time.pass(HOUR);
}
