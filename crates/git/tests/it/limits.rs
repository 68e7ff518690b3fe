use std::{net::TcpListener, thread, time::Duration};

use tidegate_git::{Error, Git, Interrupt, ObjectId};

/// A server that takes connections and says nothing; it lives as long as its listener.
fn silent() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/r.git", listener.local_addr().unwrap());
    (listener, url)
}

#[test]
fn what_takes_too_long_is_ended_with_all_that_it_started() {
    let (_listener, url) = silent();
    let git = Git::find().unwrap().within(Duration::from_millis(300));
    let error = git.remote_refs(&url, None).unwrap_err();
    assert!(matches!(error, Error::TimedOut { .. }), "{error}");
}

#[test]
fn what_nobody_waits_for_any_more_is_ended() {
    let (listener, url) = silent();
    let interrupt = Interrupt::default();
    let git = Git::find().unwrap().ended_by(interrupt.clone());
    let asked = thread::spawn(move || git.remote_refs(&url, None));
    // It is at work when it has connected.
    let _connection = listener.accept().unwrap();
    interrupt.stop();
    let error = asked.join().unwrap().unwrap_err();
    assert!(matches!(error, Error::Interrupted { .. }), "{error}");
}

#[test]
fn what_was_stopped_before_is_not_begun() {
    let interrupt = Interrupt::default();
    let git = Git::find().unwrap().ended_by(interrupt.clone());
    interrupt.stop();
    let error = git.remote_refs("/nowhere", None).unwrap_err();
    assert!(matches!(error, Error::Interrupted { .. }), "{error}");
}

#[test]
fn an_objects_name_has_so_many_digits() {
    let check = |text: &str, good: bool| {
        assert_eq!(text.parse::<ObjectId>().is_ok(), good, "{text}");
    };
    check(&"a".repeat(40), true);
    check(&"0".repeat(64), true);
    check(&"a".repeat(39), false);
    check(&"A".repeat(40), false);
    check(&"g".repeat(40), false);
    check("", false);
}
