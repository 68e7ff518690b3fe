use tidegate_backup::{Keys, NewKey, Seal};

use crate::bed::{Content, check_error, lock, read_all};

fn keys_of(text: &str) -> Result<Keys, tidegate_backup::BackupError> {
    let mut keys = Keys::default();
    keys.identities(text, "key.txt").map(|()| keys)
}

#[test]
fn each_holder_of_a_key_opens_it_and_nobody_else() {
    let (one, other) = (NewKey::make(), NewKey::make());
    let both = format!("# the team\n\n{}\n  {}\n", one.public, other.public);
    let seal = Seal::Recipients(Seal::recipients(&both, "team.txt").unwrap());
    let content = Content::of(3, 10);
    let bytes = content.write(&seal);
    for made in [&one, &other] {
        let keys = keys_of(&made.secret).unwrap();
        assert_eq!(read_all(&bytes, &keys).unwrap().1, content);
    }
    check_error(read_all(&bytes, &lock().1), "none of the keys that were given opens");
    check_error(read_all(&bytes, &Keys::default()), "and none was given");
    let mut passphrase = Keys::default();
    passphrase.passphrase("tide").unwrap();
    check_error(read_all(&bytes, &passphrase), "for the holders of keys, and none was given");
}

#[test]
fn a_passphrase_opens_it_and_no_other_does() {
    let content = Content::of(1, 10);
    let bytes = content.write(&Seal::passphrase("high water\n").unwrap());
    let mut keys = Keys::default();
    keys.passphrase("high water").unwrap();
    assert_eq!(read_all(&bytes, &keys).unwrap().1, content);
    keys.passphrase("low water").unwrap();
    check_error(read_all(&bytes, &keys), "the passphrase does not open");
    check_error(read_all(&bytes, &lock().1), "with a passphrase, and none was given");
    check_error(keys.passphrase("\n"), "the passphrase is empty");
}

#[test]
fn a_key_of_another_kind_is_told_with_its_line() {
    let made = NewKey::make();
    let check = |text: &str, expect| check_error(Seal::recipients(text, "team.txt"), expect);
    check("# nobody\n", "team.txt has no public key in it");
    check(&format!("\n{}x\n", made.public), "team.txt: line 2 is no public key of age");
    check("ssh-ed25519 AAAA ada", "line 1 is a key of SSH");
    check(made.secret.lines().last().unwrap(), "is a secret key; its public half");
    let check = |text: &str, expect| check_error(keys_of(text).map(drop), expect);
    check("# nothing\n", "there is no secret key in it");
    check(&made.public, "key.txt: ");
    check("-----BEGIN OPENSSH PRIVATE KEY-----", "a key of SSH");
    check("age-encryption.org/v1\n", "itself encrypted");
}
