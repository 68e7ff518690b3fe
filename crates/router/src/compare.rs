//! Copies of one request to a revision and to two replicas of another, and the comparison of what
//! they answer.

use std::{
    hash::{BuildHasher as _, RandomState},
    sync::Arc,
    time::Duration,
};

use tidegate_comparison::{Answer, Body, compare};
use tidegate_traffic::Outcome;
use tokio::time::{Instant, timeout, timeout_at};

use crate::{
    copy_wire::{Kept, Lost},
    mirror::{Carrier, Copied, Target},
    rules::Pair,
    shared::wall_clock,
};

/// Requests whose answers are compared at once. Each holds three connections and at most three
/// bodies; a revision that hangs holds this many, and no real request.
pub(crate) const AT_ONCE: usize = 64;
/// Copies that a replica that serves users may have at once: the others are dropped, so that a busy
/// replica is not made busier.
const AT_STABLE: u64 = 8;
/// Whoever has not answered by then has not answered: a comparison is no reason to wait longer.
const PATIENCE: Duration = Duration::from_secs(10);
/// So much is told of a request's path.
const MOST_PATH: usize = 120;

/// Who answers the copies of one request.
#[derive(Clone, Debug)]
pub(crate) struct Trio {
    /// What is compared, and under which name.
    pub(crate) pair: Arc<Pair>,
    /// The candidate, and the two that it is compared with.
    pub(crate) targets: [Target; 3],
}

impl Trio {
    /// Counts a comparison that is not made.
    pub(crate) fn drop_it(&self) {
        self.candidate().meter.drop_comparison(&self.pair.name);
    }

    /// Whether a replica that serves users has as many copies as it may have.
    pub(crate) fn is_too_much(&self) -> bool {
        let [_, first, second] = &self.targets;
        [first, second].iter().any(|target| target.replica.copies() >= AT_STABLE)
    }

    fn candidate(&self) -> &Target {
        let [candidate, ..] = &self.targets;
        candidate
    }

    fn is_one_instance(&self) -> bool {
        let [_, first, second] = &self.targets;
        Arc::ptr_eq(&first.replica, &second.replica)
    }
}

/// Sends the copies, at one time and in an order of chance, and compares what comes.
pub(crate) async fn carry(carrier: &Carrier, copy: &Copied, trio: &Trio) {
    let request = plain_answers(&copy.request);
    let order = chance();
    let [one, two, three] = order.map(|place| exchange(carrier, copy, &request, trio, place));
    let (one, two, three) = tokio::join!(one, two, three);
    let mut answers = [None, None, None];
    for (place, answer) in order.into_iter().zip([one, two, three]) {
        let Ok(answer) = answer else { return trio.drop_it() };
        if let Some(slot) = answers.get_mut(place) {
            *slot = answer;
        }
    }
    let answers = answers.each_ref().map(Option::as_ref);
    let found = compare(&trio.pair.settings, answers);
    let times = match answers {
        [Some(a), Some(b), Some(c)] => Some([a.micros, b.micros, c.micros]),
        _ => None,
    };
    trio.candidate().meter.record_comparison(&trio.pair, |compared| {
        compared.counts.add(&found, &label(&copy.request), trio.pair.settings.examples);
        compared.one_instance += u64::from(trio.is_one_instance());
        for (histogram, micros) in compared.latency.iter_mut().zip(times.into_iter().flatten()) {
            histogram.record(micros);
        }
    });
}

/// The answer of one of them, if there is one; an error when that says nothing.
async fn exchange(
    carrier: &Carrier,
    copy: &Copied,
    request: &[u8],
    trio: &Trio,
    place: usize,
) -> Result<Option<Answer>, Lost> {
    let Some(Target { meter, replica }) = trio.targets.get(place) else {
        return Err(Lost::Stale);
    };
    let answer = answer(carrier, copy, request, trio, replica.address).await;
    replica.leave_copy();
    let outcome = match &answer {
        Ok(answer) => Outcome::Answered { status: answer.status, micros: answer.micros },
        Err(Lost::Unanswered) => Outcome::Unanswered,
        Err(Lost::Stale) => {
            meter.drop_copy();
            return Err(Lost::Stale);
        }
    };
    meter.record_copy(wall_clock(), outcome);
    Ok(answer.ok())
}

async fn answer(
    carrier: &Carrier,
    copy: &Copied,
    request: &[u8],
    trio: &Trio,
    address: std::net::SocketAddr,
) -> Result<Answer, Lost> {
    let limits = &carrier.shared.settings.limits;
    let until = Instant::now() + PATIENCE.min(limits.answer_timeout);
    let begun = timeout_at(until, carrier.wires.send(request, copy.to_head, address, limits));
    let begun = begun.await.map_err(|_| Lost::Unanswered)??;
    let (status, micros, fields) = (begun.status(), begun.micros, fields(&begun.text));
    let most = usize::try_from(trio.pair.settings.most_body).unwrap_or(usize::MAX);
    let mut kept = Kept::up_to(most, carrier.shared.mirror.room());
    let left = until.saturating_duration_since(Instant::now());
    let body = match timeout(left, carrier.wires.finish(begun, &mut kept)).await {
        Ok(whole) => whole?.map_or(Body::Unread, Body::Whole),
        Err(_) => Body::Unread,
    };
    Ok(Answer { status, fields, body, micros })
}

/// The fields of a head as a client sees it.
fn fields(head: &[u8]) -> Vec<(String, String)> {
    let text = String::from_utf8_lossy(head);
    let lines = text.split("\r\n").skip(1).filter_map(|line| line.split_once(':'));
    lines.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect()
}

/// A request without the encodings that its client takes: packed bodies are not compared field by
/// field.
fn plain_answers(request: &[u8]) -> Vec<u8> {
    const FIELD: &[u8] = b"accept-encoding:";
    let mut plain = Vec::with_capacity(request.len());
    let mut rest = request;
    while let Some(end) = rest.windows(2).position(|pair| pair == b"\r\n") {
        let (line, after) = rest.split_at_checked(end + 2).unwrap_or((rest, &[]));
        let packed = line.get(..FIELD.len()).is_some_and(|name| name.eq_ignore_ascii_case(FIELD));
        if !packed {
            plain.extend_from_slice(line);
        }
        rest = after;
        if end == 0 {
            break;
        }
    }
    plain.extend_from_slice(rest);
    plain
}

/// Method and path of a request. Its query stays untold: people's secrets are in it.
fn label(request: &[u8]) -> String {
    let line = request.split(|&byte| byte == b'\r').next().unwrap_or_default();
    let line = String::from_utf8_lossy(line);
    let mut words = line.split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let path = target.split('?').next().unwrap_or_default();
    match path.char_indices().nth(MOST_PATH) {
        Some((end, _)) => format!("{method} {}...", path.get(..end).unwrap_or_default()),
        None => format!("{method} {path}"),
    }
}

/// The three places in an order of chance: whoever is always the first has an idle machine more
/// often than the others.
fn chance() -> [usize; 3] {
    const ORDERS: [[usize; 3]; 6] =
        [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    let drawn = RandomState::new().hash_one(0_u8) % 6;
    usize::try_from(drawn).ok().and_then(|drawn| ORDERS.get(drawn)).copied().unwrap_or([0, 1, 2])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_asked_for_unpacked() {
        let request = b"POST /a?token=1 HTTP/1.1\r\nhost: a\r\nAccept-Encoding: gzip\r\nx: y\r\n\r\naccept-encoding: b\r\n";
        let plain = plain_answers(request);
        let expect = "POST /a?token=1 HTTP/1.1\r\nhost: a\r\nx: y\r\n\r\naccept-encoding: b\r\n";
        assert_eq!(String::from_utf8(plain).unwrap(), expect);
        assert_eq!(label(request), "POST /a");
        assert_eq!(plain_answers(b"GET / HTTP/1.1"), b"GET / HTTP/1.1");
    }

    #[test]
    fn fields_are_read_from_a_head() {
        let head = b"HTTP/1.1 200 OK\r\nETag: a:b\r\nx: \r\n\r\n";
        let expect = [("etag".to_owned(), "a:b".to_owned()), ("x".to_owned(), String::new())];
        assert_eq!(fields(head), expect);
    }

    #[test]
    fn each_order_comes_about_as_often() {
        let mut counts = std::collections::BTreeMap::new();
        for _ in 0..6_000 {
            *counts.entry(chance()).or_insert(0) += 1;
        }
        assert!(counts.len() == 6 && counts.values().all(|count| *count > 700), "{counts:?}");
    }
}
