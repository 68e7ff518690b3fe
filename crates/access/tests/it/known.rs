//! Who is known by a token.

use tidegate_access::{
    Account, AccountKind, Binding, BindingSubject, Directory, Pattern, Role, Scope, Secret,
    SecretKind, TokenRecord, Unknown, Verb,
};
use tidegate_units::Timestamp;

fn account(name: &str) -> Account {
    Account {
        name: name.parse().unwrap(),
        kind: AccountKind::User,
        groups: ["shop".parse().unwrap()].into(),
        disabled: false,
        created_at: Timestamp::default(),
        created_by: "owner".to_owned(),
    }
}

fn secret(seed: u8) -> Secret {
    Secret::new(SecretKind::Token, [seed; 32])
}

fn token(id: &str, seed: u8) -> TokenRecord {
    TokenRecord {
        id: id.parse().unwrap(),
        digest: secret(seed).digest(),
        account: "ada".parse().unwrap(),
        note: String::new(),
        scope: Scope::default(),
        created_at: Timestamp::default(),
        created_by: "owner".to_owned(),
        expires_at: None,
        revoked_at: None,
    }
}

#[test]
fn a_token_lets_in_whose_it_is_until_it_does_not() {
    let now = Timestamp::from_millis(1_000);
    let check = |change: &dyn Fn(&mut Account, &mut TokenRecord), expect: Result<(), Unknown>| {
        let (mut ada, mut own) = (account("ada"), token("one", 1));
        change(&mut ada, &mut own);
        let mut directory = Directory::default();
        directory.put_account(ada);
        directory.put_token(own);
        let found = directory.identify(secret(1).digest(), now);
        assert_eq!(found.map(|(account, _)| assert_eq!(account.name.as_str(), "ada")), expect);
    };
    check(&|_, _| {}, Ok(()));
    check(&|_, own| own.expires_at = Some(Timestamp::from_millis(1_001)), Ok(()));
    check(&|_, own| own.expires_at = Some(now), Err(Unknown::Expired));
    check(&|_, own| own.revoked_at = Some(now), Err(Unknown::Revoked));
    check(&|ada, _| ada.disabled = true, Err(Unknown::Disabled));
    check(&|ada, _| ada.name = "bo".parse().unwrap(), Err(Unknown::Token));
    check(&|_, own| own.digest = secret(2).digest(), Err(Unknown::Token));
}

#[test]
fn rights_are_those_of_the_account_and_its_groups() {
    let mut directory = Directory::default();
    let bind = |id: &str, subject, role, namespace: &str| Binding {
        id: id.parse().unwrap(),
        subject,
        role,
        namespace: namespace.parse().unwrap(),
        application: Pattern::everything(),
        created_at: Timestamp::default(),
        created_by: "owner".to_owned(),
    };
    let name = |text: &str| text.parse().unwrap();
    directory.put_binding(bind("a", BindingSubject::Account(name("ada")), Role::Viewer, "*"));
    directory.put_binding(bind(
        "b",
        BindingSubject::Group("shop".parse().unwrap()),
        Role::Developer,
        "shop",
    ));
    directory.put_binding(bind("c", BindingSubject::Account(name("bo")), Role::Admin, "*"));
    // A group of the name of an account is not that account.
    directory.put_binding(bind(
        "d",
        BindingSubject::Group("ada".parse().unwrap()),
        Role::Admin,
        "*",
    ));
    let rights = directory.rights(&account("ada"), &token("one", 1));
    assert!(rights.decide(Verb::Read, "other", "web").is_ok());
    assert!(rights.decide(Verb::Apply, "shop", "web").is_ok());
    assert!(rights.decide(Verb::Apply, "other", "web").is_err());
    assert!(rights.decide(Verb::ManageAccess, "*", "*").is_err());
    let dumped = format!("{directory:?}");
    assert!(!dumped.contains(secret(1).reveal()));
}
