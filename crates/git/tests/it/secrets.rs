use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::TcpListener,
    thread,
};

use tidegate_git::{Credentials, Git};

use crate::world::World;

/// The first request that comes, whose answer is that there is nothing.
fn one_request() -> (String, thread::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let heard = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let lines = BufReader::new(stream.try_clone().unwrap()).lines();
        let head = lines.map(Result::unwrap).take_while(|line| !line.is_empty()).collect();
        stream
            .write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            .unwrap();
        head
    });
    (address, heard)
}

fn authorization(head: &[String]) -> Vec<&str> {
    head.iter().filter_map(|line| line.strip_prefix("Authorization: ")).collect()
}

#[test]
fn a_token_is_shown_to_its_server_and_told_nowhere() {
    let (address, heard) = one_request();
    let token = Credentials::token("s3cret");
    assert!(!format!("{token:?}").contains("s3cret"));
    let url = format!("http://{address}/r.git");
    let error = Git::find().unwrap().remote_refs(&url, Some(&token)).unwrap_err();
    // x-access-token:s3cret
    assert_eq!(authorization(&heard.join().unwrap()), ["Basic eC1hY2Nlc3MtdG9rZW46czNjcmV0"]);
    let told = format!("{error} {error:?}");
    assert!(!told.contains("s3cret") && !told.contains("czNjcmV0"), "{told}");
}

#[test]
fn a_password_in_an_address_is_taken_out_of_it() {
    let (address, heard) = one_request();
    let url = format!("http://ada:p%40ss@{address}/r.git");
    let error = Git::find().unwrap().remote_refs(&url, None).unwrap_err();
    // ada:p@ss
    assert_eq!(authorization(&heard.join().unwrap()), ["Basic YWRhOnBAc3M="]);
    let told = format!("{error} {error:?}");
    assert!(
        told.contains(&address) && !told.contains("p%40ss") && !told.contains("p@ss"),
        "{told}"
    );
}

#[test]
fn a_token_goes_to_no_path_and_no_other_protocol() {
    let world = World::new();
    let work = world.repository("r");
    let token = Credentials::token("s3cret");
    for url in [work.url(), "ssh://git@example.com/r.git", "git@example.com:r.git"] {
        let told = Git::find().unwrap().remote_refs(url, Some(&token)).unwrap_err().to_string();
        assert!(told.contains("cannot be fetched"), "{told}");
    }
}
