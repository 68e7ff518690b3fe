//! What the log's lines say about requests.

use std::net::SocketAddr;

use tidegate_traffic::{Destination, Listener, Outcome, RouteTable};
use tidegate_units::{Owner, RevisionHash, Timestamp};

/// One thing to count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Count<'a> {
    pub(crate) owner: &'a Owner,
    pub(crate) revision: &'a RevisionHash,
    pub(crate) at: Timestamp,
    pub(crate) what: What,
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// A request to a replica.
    Request(Outcome),
    /// A copy of one.
    Copy(Outcome),
    /// A copy that no replica was there for.
    Dropped,
}

/// A line, taken apart.
struct Line<'a> {
    listener: usize,
    is_copy: bool,
    at: Timestamp,
    connection: u64,
    status: u16,
    micros: u64,
    complete: bool,
    to: &'a str,
    attempts: Vec<Attempt<'a>>,
}

/// A replica that the request was offered to.
#[derive(Clone, Copy)]
struct Attempt<'a> {
    address: &'a str,
    status: Option<u16>,
    /// Until the answer's head came, in microseconds.
    micros: Option<u64>,
}

/// What a line of a log says, whose requests followed `table`. `was_cut` tells of a connection
/// whether the replica broke its answer off.
pub(crate) fn counts<'a>(
    line: &str,
    table: &'a RouteTable,
    was_cut: impl Fn(u64) -> bool,
) -> Vec<Count<'a>> {
    let Some(line) = Line::parse(line) else { return Vec::new() };
    let Some(listener) = table.listeners.get(line.listener) else { return Vec::new() };
    if line.is_copy {
        return copy(&line, listener).into_iter().collect();
    }
    let wanted = destination_named(line.to, line.listener, listener);
    let mut counts = Vec::new();
    // One of which nothing was even tried, for there is no replica or each failed just now, has not
    // answered, whoever else did.
    if let Some(wanted) = wanted.filter(|wanted| line.passed_over(wanted)) {
        counts.push(count(&line, listener, wanted, What::Request(Outcome::Unanswered)));
    }
    for (index, attempt) in line.attempts.iter().enumerate() {
        let is_last = index + 1 == line.attempts.len();
        let Some(outcome) = outcome(&line, *attempt, is_last, &was_cut) else { continue };
        if let Some(destination) = destination_at(attempt.address, listener) {
            counts.push(count(&line, listener, destination, What::Request(outcome)));
        }
    }
    counts
}

fn count<'a>(
    line: &Line<'_>,
    listener: &'a Listener,
    destination: &'a Destination,
    what: What,
) -> Count<'a> {
    let owner = listener.owner_of(destination);
    Count { owner, revision: &destination.revision, at: line.at, what }
}

fn outcome(
    line: &Line<'_>,
    attempt: Attempt<'_>,
    is_last: bool,
    was_cut: impl Fn(u64) -> bool,
) -> Option<Outcome> {
    /// nginx' own: the client went away before there was an answer.
    const CLIENT_LEFT: u16 = 499;
    let (Some(status), Some(micros)) = (attempt.status, attempt.micros) else {
        return Some(match line.status {
            CLIENT_LEFT if is_last => Outcome::Cancelled { micros: line.micros },
            // The client's fault, found out on the way: it stopped sending, or sent too much.
            400..=417 if is_last => return None,
            _ => Outcome::Unanswered,
        });
    };
    // It calls an answer complete that the replica broke off.
    let cut = is_last && was_cut(line.connection);
    Some(match status {
        101 | 500.. => Outcome::Answered { status, micros },
        _ if cut => Outcome::Unanswered,
        _ if line.complete || !is_last => Outcome::Answered { status, micros },
        _ => Outcome::Cancelled { micros },
    })
}

fn copy<'a>(line: &Line<'_>, listener: &'a Listener) -> Option<Count<'a>> {
    let to = destination_named(line.to, line.listener, listener)?;
    let what = match line.attempts.last() {
        None => What::Dropped,
        Some(Attempt { status: Some(status), micros: Some(micros), .. }) => {
            What::Copy(Outcome::Answered { status: *status, micros: *micros })
        }
        Some(_) => What::Copy(Outcome::Unanswered),
    };
    Some(count(line, listener, to, what))
}

fn destination_named<'a>(
    upstream: &str,
    place: usize,
    listener: &'a Listener,
) -> Option<&'a Destination> {
    let index = upstream.strip_prefix(&format!("tg{place}_"))?.parse::<usize>().ok()?;
    listener.destinations.get(index)
}

fn destination_at<'a>(address: &str, listener: &'a Listener) -> Option<&'a Destination> {
    listener.destinations.iter().find(|destination| has(destination, address))
}

fn has(destination: &Destination, address: &str) -> bool {
    let address = address.parse::<SocketAddr>();
    address.is_ok_and(|address| destination.endpoints.iter().any(|at| at.address == address))
}

impl<'a> Line<'a> {
    /// Whether it should have gone to a revision and was offered to no replica of it, though not by
    /// the client's fault.
    fn passed_over(&self, wanted: &Destination) -> bool {
        let own = |attempt: &Attempt<'_>| has(wanted, attempt.address);
        let by_client = self.attempts.is_empty() && (400..=499).contains(&self.status);
        !by_client && !self.attempts.iter().any(own)
    }

    fn parse(line: &'a str) -> Option<Self> {
        let mut words = line.splitn(7, ' ');
        let place = words.next()?;
        let is_copy = place.ends_with('c');
        let [at, connection, status, seconds, complete, rest] = [
            words.next()?,
            words.next()?,
            words.next()?,
            words.next()?,
            words.next()?,
            words.next()?,
        ];
        let mut parts = rest.split('|');
        let [to, addresses, statuses, times] =
            [parts.next()?, parts.next()?, parts.next()?, parts.next()?];
        Some(Self {
            listener: place.trim_end_matches('c').parse().ok()?,
            is_copy,
            at: Timestamp::from_millis(i64::try_from(micros(at)? / 1000).ok()?),
            connection: connection.parse().ok()?,
            status: status.parse().ok()?,
            micros: micros(seconds)?,
            complete: complete == "[OK]",
            to,
            attempts: attempts(addresses, statuses, times),
        })
    }
}

/// Lists have ", " between replicas, and " : " where the request was passed on within nginx.
fn list(of: &str) -> impl Iterator<Item = &str> {
    of.split(", ").flat_map(|part| part.split(" : "))
}

fn attempts<'a>(addresses: &'a str, statuses: &'a str, times: &'a str) -> Vec<Attempt<'a>> {
    let all = list(addresses).zip(list(statuses)).zip(list(times));
    all.filter(|((address, _), _)| !["-", ""].contains(address))
        .map(|((address, status), time)| Attempt {
            address,
            status: status.parse().ok(),
            micros: micros(time),
        })
        .collect()
}

/// Seconds with a point and milliseconds, as nginx writes them, in microseconds.
fn micros(seconds: &str) -> Option<u64> {
    let (whole, millis) = seconds.split_once('.')?;
    Some(whole.parse::<u64>().ok()? * 1_000_000 + millis.parse::<u64>().ok()? * 1_000)
}

/// The connection that a complaint is about whose replica broke its answer off.
pub(crate) fn cut_connection(complaint: &str) -> Option<u64> {
    let broken = ["upstream prematurely closed connection", " while reading upstream"];
    if !broken.iter().any(|words| complaint.contains(words)) {
        return None;
    }
    let (_, after) = complaint.split_once(": *")?;
    after.split(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use tidegate_traffic::Endpoint;
    use tidegate_units::{Generation, ObjectKey, Weight};

    use super::*;

    fn table() -> RouteTable {
        let destination = |revision: &str, weight, ports: &[u16]| Destination {
            revision: revision.into(),
            owner: None,
            weight: Weight::new(weight).unwrap(),
            endpoints: ports
                .iter()
                .map(|port| Endpoint {
                    replica: format!("{revision}-{port}").as_str().into(),
                    address: ([127, 0, 0, 1], *port).into(),
                })
                .collect(),
        };
        let destinations = vec![
            destination("old", 60, &[1, 2]),
            destination("new", 20, &[3]),
            destination("empty", 20, &[]),
        ];
        let listener = Listener {
            decided: None,
            service: ObjectKey::new("default", "web"),
            address: ([127, 0, 0, 1], 80).into(),
            owner: Owner::rollout(&ObjectKey::new("default", "web")),
            destinations,
            sticky: None,
            rules: vec![],
        };
        RouteTable { generation: Generation(1), listeners: vec![listener] }
    }

    #[track_caller]
    fn check(line: &str, expect: &[(&str, What)]) {
        let table = table();
        let found = counts(line, &table, |connection| connection == 66);
        let found: Vec<_> = found.iter().map(|it| (it.revision.as_str(), it.what)).collect();
        assert_eq!(found, expect, "{line}");
    }

    const fn answered(status: u16, micros: u64) -> What {
        What::Request(Outcome::Answered { status, micros })
    }

    const UNANSWERED: What = What::Request(Outcome::Unanswered);

    #[test]
    fn an_answer_is_counted_for_who_gave_it() {
        let line = "0 1732216000.123 5 200 0.012 [OK] tg0_1|127.0.0.1:3|200|0.011";
        check(line, &[("new", answered(200, 11_000))]);
        let table = table();
        let at = counts(line, &table, |_| false)[0].at;
        assert_eq!(at, Timestamp::from_millis(1_732_216_000_123));
        check(
            "0 1.000 5 503 0.012 [OK] tg0_0|127.0.0.1:2|503|0.001",
            &[("old", answered(503, 1_000))],
        );
        check(
            "0 1.000 5 101 9.000 [] tg0_0|127.0.0.1:2|101|0.001",
            &[("old", answered(101, 1_000))],
        );
    }

    #[test]
    fn each_replica_that_a_request_was_offered_to_counts() {
        check(
            "0 1.000 5 200 0.004 [OK] tg0_1|127.0.0.1:3, 127.0.0.1:1|502, 200|-, 0.002",
            &[("new", UNANSWERED), ("old", answered(200, 2_000))],
        );
        check(
            "0 1.000 5 200 0.004 [OK] tg0_2|127.0.0.1:1|200|0.002",
            &[("empty", UNANSWERED), ("old", answered(200, 2_000))],
        );
        check(
            "0 1.000 5 200 0.004 [OK] tg0_1|127.0.0.1:1|200|0.002",
            &[("new", UNANSWERED), ("old", answered(200, 2_000))],
        );
        check("0 1.000 5 503 0.000 [OK] tg0_2|-|-|-", &[("empty", UNANSWERED)]);
        check("0 1.000 5 502 0.000 [OK] tg0_1|tg0_1|502|-", &[("new", UNANSWERED)]);
        check("0 1.000 5 504 9.000 [OK] tg0_1|127.0.0.1:3|504|-", &[("new", UNANSWERED)]);
    }

    #[test]
    fn a_client_that_left_is_told_from_a_replica_that_broke_off() {
        let left = |micros| What::Request(Outcome::Cancelled { micros });
        check("0 1.000 5 499 0.500 [] tg0_1|127.0.0.1:3|-|-", &[("new", left(500_000))]);
        check("0 1.000 5 200 0.500 [] tg0_1|127.0.0.1:3|200|0.001", &[("new", left(1_000))]);
        check("0 1.000 66 200 0.500 [OK] tg0_1|127.0.0.1:3|200|0.001", &[("new", UNANSWERED)]);
        check("0 1.000 5 408 60.000 [] tg0_1|127.0.0.1:3|-|-", &[]);
        check("0 1.000 5 400 0.000 [OK] tg0_1|-|-|-", &[]);
    }

    #[test]
    fn copies_are_counted_apart() {
        let copy = What::Copy(Outcome::Answered { status: 500, micros: 3_000 });
        check("0c 1.000 5 500 0.003 [] tg0_1|127.0.0.1:3|500|0.003", &[("new", copy)]);
        check("0c 1.000 5 204 0.000 [] tg0_2|-|-|-", &[("empty", What::Dropped)]);
        check(
            "0c 1.000 5 502 0.000 [] tg0_1|127.0.0.1:3|502|-",
            &[("new", What::Copy(Outcome::Unanswered))],
        );
    }

    #[test]
    fn what_is_no_line_counts_nothing() {
        for line in ["", "x", "0 1.000 5 200", "7 1.000 5 200 0.1 [OK] tg7_0|a|b|c"] {
            check(line, &[]);
        }
    }

    #[test]
    fn the_connection_of_a_broken_answer_is_found() {
        let complaint = "2026/01/01 00:00:00 [error] 12#12: *66 upstream prematurely closed \
                         connection while sending to client, client: 127.0.0.1";
        assert_eq!(cut_connection(complaint), Some(66));
        let refused = "2026/01/01 00:00:00 [error] 12#12: *66 connect() failed (111: Connection \
                       refused) while connecting to upstream";
        assert_eq!(cut_connection(refused), None);
    }
}
