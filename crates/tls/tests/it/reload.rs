//! Files that change under a server.

use std::{
    fs,
    os::unix::fs::symlink,
    sync::{Arc, Mutex},
    time::Duration,
};

use tidegate_testkit::TokioClock;
use tidegate_tls::{CertificateState, Certificates};
use tokio::task::JoinHandle;

use crate::files::{Files, made};

/// The files of a server, which are looked at in a time that passes at once.
struct Kept {
    certificates: Certificates,
    told: Arc<Mutex<Vec<CertificateState>>>,
    task: JoinHandle<()>,
}

impl Kept {
    fn of(files: &Files) -> Self {
        let certificates = files.open().unwrap();
        let told = Arc::new(Mutex::new(Vec::new()));
        let tell = Arc::clone(&told);
        let clock = Arc::new(TokioClock::new());
        let keep = certificates.clone().keep(clock, move |state| tell.lock().unwrap().push(state));
        Self { certificates, told, task: tokio::spawn(keep) }
    }

    /// The state after some looks at the files.
    async fn later(&self) -> CertificateState {
        tokio::time::sleep(Duration::from_secs(30)).await;
        assert!(!self.task.is_finished());
        self.certificates.state()
    }
}

#[tokio::test(start_paused = true)]
async fn another_pair_is_shown_and_told_once() {
    let files = Files::new();
    let kept = Kept::of(&files);
    let before = kept.later().await;
    assert_eq!((before.reloaded, before.refused), (0, 0));
    let (certificate, key) = made("next.example");
    files.write(&certificate, &key);
    let after = kept.later().await;
    assert_eq!((after.reloaded, after.refused), (1, 0));
    assert_ne!(after.fingerprint, before.fingerprint);
    assert!(kept.certificates.covers("next.example") && !kept.certificates.covers("tide.example"));
    assert_eq!(*kept.told.lock().unwrap(), [after]);
}

#[tokio::test(start_paused = true)]
async fn a_broken_pair_leaves_the_one_before_until_a_good_one_comes() {
    let files = Files::new();
    let kept = Kept::of(&files);
    let before = kept.later().await;
    let (certificate, key) = made("next.example");
    fs::write(files.chain(), &certificate).unwrap();
    let broken = kept.later().await;
    assert_eq!((broken.fingerprint, broken.reloaded), (before.fingerprint, 0));
    assert_eq!(broken.refused, 1, "one thing that is wrong is told once");
    fs::remove_file(files.chain()).unwrap();
    let gone = kept.later().await;
    assert_eq!((gone.fingerprint, gone.refused), (before.fingerprint, 2));
    files.write(&certificate, &key);
    let good = kept.later().await;
    assert_eq!((good.reloaded, good.refused), (1, 2));
    assert!(kept.certificates.covers("next.example"));
}

#[tokio::test(start_paused = true)]
async fn a_link_that_leads_elsewhere_is_followed_as_kubernetes_swaps_it() {
    let files = Files::new();
    let folder = files.0.path();
    let version = |name: &str, host: &str| {
        let (certificate, key) = made(host);
        fs::create_dir(folder.join(name)).unwrap();
        fs::write(folder.join(name).join("tls.crt"), certificate).unwrap();
        fs::write(folder.join(name).join("tls.key"), key).unwrap();
    };
    version("..1", "one.example");
    symlink("..1", folder.join("..data")).unwrap();
    for name in ["tls.crt", "tls.key"] {
        fs::remove_file(folder.join(name)).unwrap();
        symlink(format!("..data/{name}"), folder.join(name)).unwrap();
    }
    let kept = Kept::of(&files);
    kept.later().await;
    assert!(kept.certificates.covers("one.example"));
    version("..2", "two.example");
    symlink("..2", folder.join("..data_tmp")).unwrap();
    fs::rename(folder.join("..data_tmp"), folder.join("..data")).unwrap();
    let after = kept.later().await;
    assert_eq!((after.reloaded, after.refused), (1, 0));
    assert!(kept.certificates.covers("two.example"));
}
