//! What the files may have in them, and what is said when it is something else.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use rcgen::{CertificateParams, KeyPair};
use tempfile::TempDir;
use tidegate_tls::Certificates;

/// A certificate for `name` and its key, in files of a folder of their own.
pub(crate) struct Files(pub(crate) TempDir);

impl Files {
    pub(crate) fn new() -> Self {
        let files = Self(tempfile::tempdir().unwrap());
        let (certificate, key) = made("tide.example");
        files.write(&certificate, &key);
        files
    }

    pub(crate) fn write(&self, certificate: &str, key: &str) {
        fs::write(self.chain(), certificate).unwrap();
        fs::write(self.key(), key).unwrap();
    }

    pub(crate) fn chain(&self) -> PathBuf {
        self.0.path().join("tls.crt")
    }

    pub(crate) fn key(&self) -> PathBuf {
        self.0.path().join("tls.key")
    }

    pub(crate) fn open(&self) -> Result<Certificates, tidegate_tls::CertificateError> {
        Certificates::open(self.chain(), self.key())
    }
}

/// A certificate that is its own issuer, and its key, in PEM.
pub(crate) fn made(name: &str) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec![name.to_owned(), "127.0.0.1".to_owned()]).unwrap();
    (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
}

fn openssl(folder: &Path, args: &[&str]) {
    let output = Command::new("openssl").args(args).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn keys_are_read_in_each_form_that_openssl_writes() {
    let check = |make: &[&str], begins: &str| {
        let files = Files::new();
        openssl(files.0.path(), make);
        let request = ["req", "-x509", "-new", "-key", "tls.key", "-out", "tls.crt"];
        let about =
            ["-days", "30", "-subj", "/CN=tide", "-addext", "subjectAltName=DNS:tide.example"];
        openssl(files.0.path(), &[&request[..], &about[..]].concat());
        let key = fs::read_to_string(files.key()).unwrap();
        assert!(key.contains(begins), "{key}");
        let opened = files.open().unwrap();
        assert!(opened.covers("tide.example") && !opened.covers("other.example"));
        assert!(opened.state().expires_at.is_some());
        let shown = opened.state().fingerprint.to_string();
        assert_eq!(shown.parse(), Ok(opened.state().fingerprint));
    };
    check(&["genrsa", "-traditional", "-out", "tls.key", "2048"], "BEGIN RSA PRIVATE KEY");
    check(&["genrsa", "-out", "tls.key", "2048"], "BEGIN PRIVATE KEY");
    let curve = ["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "tls.key"];
    check(&curve, "BEGIN EC PRIVATE KEY");
    check(&["genpkey", "-algorithm", "ed25519", "-out", "tls.key"], "BEGIN PRIVATE KEY");
}

#[test]
fn the_fingerprint_is_the_one_that_openssl_shows() {
    let files = Files::new();
    let args = ["x509", "-in", "tls.crt", "-noout", "-fingerprint", "-sha256"];
    let output = Command::new("openssl").args(args).current_dir(files.0.path()).output().unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    let shown = shown.trim().rsplit('=').next().unwrap().replace(':', "").to_lowercase();
    assert_eq!(files.open().unwrap().state().fingerprint.to_string(), shown);
}

#[track_caller]
fn refused(certificate: &str, key: &str, says: &str, hint: &str) {
    let files = Files::new();
    files.write(certificate, key);
    let error = files.open().unwrap_err();
    let told = error.to_string();
    assert!(told.contains(says), "{told}");
    assert!(error.hint().contains(hint), "{told}: {}", error.hint());
}

#[test]
fn what_cannot_be_used_is_told_with_its_file_and_its_mend() {
    let (certificate, key) = made("tide.example");
    let (other, _) = made("other.example");
    refused(&other, &key, "is not that of the first certificate", "comes first in the file");
    refused(
        &format!("{other}{certificate}"),
        &key,
        "is not that of the first",
        "then those of its",
    );
    refused(&key, &key, "no certificate is in", "swapped");
    refused(&certificate, &certificate, "no private key is in", "swapped");
    refused("", &key, "no certificate is in", "-----BEGIN");
    refused(&certificate, "\u{30}\u{82}", "no private key is in", "openssl pkey");
    refused(&certificate.replace("-----END", "-----"), &key, "tls.crt is no PEM", "-----BEGIN");
    let garbled = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
    refused(garbled, &key, "cannot be used", "version 3");
    let locked =
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE KEY-----\n";
    refused(&certificate, locked, "no private key is in", "openssl pkey -in");
    let files = Files::new();
    fs::remove_file(files.key()).unwrap();
    let error = files.open().unwrap_err();
    assert!(error.to_string().contains("tls.key cannot be read: No such file"), "{error}");
    assert!(error.hint().contains("let the user of the server read"), "{}", error.hint());
}
