use super::*;

fn address(text: &str) -> Result<Address, AddressError> {
    Address::parse(text, |name| (name == "HOME").then(|| "/home/ada".to_owned()))
}

#[track_caller]
fn check(text: &str, shown: &str, encryption: &Encryption) {
    let address = address(text).unwrap();
    assert_eq!((address.to_string().as_str(), &address.encryption), (shown, encryption));
    assert_eq!(format!("{address:?}"), shown);
}

#[test]
fn it_is_read_as_libpq_has_it() {
    let proved = Encryption::Proved(Authorities::OfThisMachine);
    let file = Encryption::Proved(Authorities::File("/etc/a b.pem".into()));
    for (text, shown, encryption) in [
        ("postgres://ada@db/tide", "postgres://ada@db:5432/tide", &proved),
        (
            "postgresql://ada@db:5433/tide?sslmode=require",
            "postgres://ada@db:5433/tide",
            &Encryption::Unproved,
        ),
        (
            "postgres://ada:s3cret@db/tide?sslmode=disable",
            "postgres://ada@db:5432/tide",
            &Encryption::None,
        ),
        ("postgres://ada@localhost/tide", "postgres://ada@localhost:5432/tide", &Encryption::None),
        (
            "postgres://ada@127.0.0.1/tide?sslmode=verify-full",
            "postgres://ada@127.0.0.1:5432/tide",
            &proved,
        ),
        ("postgres://ada@db/tide?sslrootcert=/etc/a%20b.pem", "postgres://ada@db:5432/tide", &file),
        ("postgres://ada@db/tide?sslrootcert=system", "postgres://ada@db:5432/tide", &proved),
        (
            "postgres://ada@%2Frun%2Fpostgresql/tide",
            "postgres://ada@/run/postgresql:5432/tide",
            &Encryption::None,
        ),
        (
            "postgres://ada@a:1,b:2/tide?target_session_attrs=read-write",
            "postgres://ada@a:1,b:2/tide",
            &proved,
        ),
    ] {
        check(text, shown, encryption);
    }
}

#[test]
fn what_makes_no_sense_is_refused_with_its_mend() {
    for (text, why) in [
        ("mysql://ada@db/tide", "no address of a PostgreSQL database"),
        ("postgres://db/tide", "names no user"),
        ("postgres://ada@db", "names no database"),
        ("postgres://ada@/tide", "names no host"),
        ("postgres://ada@a:1,b:2,c:3/tide?port=1,2", "3 hosts and"),
        ("postgres://ada@db/tide?sslmode=prefer", "sslmode=prefer is not built"),
        ("postgres://ada@db/tide?sslmode=verify-ca", "write sslmode=verify-full"),
        ("postgres://ada@db/tide?sslmode=require&sslrootcert=a", "nobody looks at sslrootcert"),
        ("postgres://ada@db/tide?target_session_attrs=read-only", "takes no writes"),
        ("postgres://ada@db/tide?sslcert=a", "sslcert, which is not built"),
    ] {
        let error = address(text).unwrap_err().to_string();
        assert!(error.contains(why), "{text}: {error}");
    }
}

#[test]
fn a_password_is_known_and_never_shown() {
    let of = |text: &str, known: &[(&str, &str)]| {
        let value = |name: &str| known.iter().find(|(one, _)| *one == name);
        let address = Address::parse(text, |name| value(name).map(|(_, text)| (*text).into()));
        let address = address.unwrap();
        assert!(!format!("{address} {address:?}").contains("s3cret"));
        let config = address.config(&address.servers[0]);
        (config.get_password().map(<[u8]>::to_vec), address.names_password())
    };
    let password = |text: &str| Some(text.as_bytes().to_vec());
    let variable = ("PGPASSWORD", "other-s3cret");
    assert_eq!(of("postgres://ada:s3cret@db/t", &[variable]), (password("s3cret"), true));
    assert_eq!(of("postgres://ada@db/t", &[variable]), (password("other-s3cret"), false));
    assert_eq!(of("postgres://ada@db/t?password=s3cret", &[]), (password("s3cret"), true));
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "db:*:*:*:s3cret-of-a-file").unwrap();
    let named = ("PGPASSFILE", file.path().to_str().unwrap());
    assert_eq!(of("postgres://ada@db/t", &[named]), (password("s3cret-of-a-file"), false));
    let within = format!("postgres://ada@db/t?passfile={}", named.1);
    assert_eq!(of(&within, &[]), (password("s3cret-of-a-file"), false));
}

#[test]
fn what_is_written_down_is_the_same_address_without_its_password() {
    let here = std::env::current_dir().unwrap();
    let relative = format!("sslrootcert={}", encoded(&here.join("ca.pem").to_string_lossy()));
    for (text, written) in [
        ("postgres://ada@db/tide", "postgres://ada@db:5432/tide"),
        ("postgres://a%40b@db/ti%2Fde", "postgres://a%40b@db:5432/ti%2Fde"),
        ("postgres://ada@%2Frun%2Fpostgresql/tide", "postgres://ada@%2Frun%2Fpostgresql:5432/tide"),
        ("postgres://ada@[::1]:9/tide", "postgres://ada@[::1]:9/tide"),
        (
            "postgres://ada:s3cret@a:1,b:2/tide?password=s3cret&sslmode=require&connect_timeout=3",
            "postgres://ada@a:1,b:2/tide?sslmode=require&connect_timeout=3",
        ),
        ("postgres://ada@/tide?host=db&port=7", "postgres://ada@db:7/tide"),
        (
            "postgres://ada@db/tide?sslrootcert=/etc/a%20b.pem&sslmode=verify-full",
            "postgres://ada@db:5432/tide?sslmode=verify-full&sslrootcert=%2Fetc%2Fa%20b.pem",
        ),
        (
            "postgres://ada@db/tide?sslrootcert=system",
            "postgres://ada@db:5432/tide?sslrootcert=system",
        ),
        (
            "postgres://ada@db/tide?sslrootcert=ca.pem",
            &format!("postgres://ada@db:5432/tide?{relative}"),
        ),
        (
            "postgres://ada@db/tide?passfile=/etc/pass&options=-c%20a%3Db&keepalives=0",
            "postgres://ada@db:5432/tide?passfile=%2Fetc%2Fpass&options=-c%20a%3Db&keepalives=0",
        ),
    ] {
        let read = address(text).unwrap();
        assert_eq!(read.lasting(), written, "{text}");
        let again = address(&read.lasting()).unwrap();
        assert_eq!((again.lasting(), again.to_string()), (read.lasting(), read.to_string()));
        assert_eq!((&again.user, &again.database), (&read.user, &read.database));
        assert_eq!(again.servers, read.servers);
        if !text.contains("=ca.pem") {
            assert_eq!(
                (&again.encryption, &again.password_file),
                (&read.encryption, &read.password_file)
            );
        }
        let (ours, theirs) = (again.config(&again.servers[0]), read.config(&read.servers[0]));
        assert_eq!(ours.get_options(), theirs.get_options());
        assert_eq!(ours.get_connect_timeout(), theirs.get_connect_timeout());
        assert_eq!(ours.get_keepalives(), theirs.get_keepalives());
        assert_eq!(ours.get_password(), None);
    }
}
