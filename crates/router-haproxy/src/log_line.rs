//! What the log's lines say about requests.

use tidegate_traffic::{Outcome, RouteTable};
use tidegate_units::{Owner, RevisionHash, Timestamp};

use crate::{places::backend_name, runtime::of_server};

/// One request to count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Count<'a> {
    pub(crate) owner: &'a Owner,
    pub(crate) revision: &'a RevisionHash,
    pub(crate) at: Timestamp,
    pub(crate) outcome: Outcome,
}

/// A line, taken apart. Times are in milliseconds; -1 stands for what never came.
struct Line<'a> {
    place: usize,
    at: Timestamp,
    status: u16,
    /// How it ended, and in which phase: `--` when all was well.
    end: (char, char),
    backend: &'a str,
    server: &'a str,
    /// For the connection, for the answer's head after it, and from the first byte to the last.
    times: [i64; 3],
    retries: usize,
}

/// The number of the configuration that a line's request followed; none for a line that is about
/// something else.
pub(crate) fn number_of(line: &str) -> Option<u64> {
    line.strip_prefix("L ")?.split(' ').next()?.parse().ok()
}

/// What a line says, whose request followed `table`.
pub(crate) fn counts<'a>(line: &str, table: &'a RouteTable) -> Vec<Count<'a>> {
    let Some(line) = Line::parse(line) else { return Vec::new() };
    let Some(listener) = table.listeners.get(line.place) else { return Vec::new() };
    let mut counts = Vec::new();
    let mut add = |destination: usize, outcome| {
        if let Some(destination) = listener.destinations.get(destination) {
            let (owner, revision) = (listener.owner_of(destination), &destination.revision);
            counts.push(Count { owner, revision, at: line.at, outcome });
        }
    };
    let all = 0..listener.destinations.len();
    let wanted = all.into_iter().find(|index| backend_name(line.place, *index) == line.backend);
    let Some(wanted) = wanted else { return counts };
    let server = of_server(line.server).map(|(destination, _)| destination);
    // Each that took no connection has not answered; one of which nothing was even tried, neither.
    let passed_over = server.is_some_and(|it| it != wanted) && line.retries == 0;
    for _ in 0..line.retries.max(usize::from(passed_over)) {
        add(wanted, Outcome::Unanswered);
    }
    match (server, line.outcome()) {
        (Some(destination), Some(outcome)) => add(destination, outcome),
        (None, _) if line.end.0 == 'S' || line.end.0 == 's' => add(wanted, Outcome::Unanswered),
        _ => {}
    }
    counts
}

impl<'a> Line<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let words: Vec<_> = line.split(' ').collect();
        let [
            _,
            _,
            place,
            begun,
            total,
            status,
            end,
            backend,
            server,
            connect,
            head,
            active,
            retries,
        ] = <[&str; 13]>::try_from(words).ok()?;
        let (seconds, millis) = begun.split_once('.')?;
        let begun = seconds.parse::<i64>().ok()? * 1000 + millis.parse::<i64>().ok()?;
        let mut end = end.chars();
        let times = [connect, head, active].map(|time| time.parse::<i64>().ok());
        let [Some(connect), Some(head), Some(active)] = times else { return None };
        Some(Self {
            place: place.parse().ok()?,
            at: Timestamp::from_millis(begun + total.parse::<i64>().ok()?.max(0)),
            status: status.parse().ok().filter(|status| *status > 0).unwrap_or(0),
            end: (end.next()?, end.next()?),
            backend,
            server,
            times: [connect, head, active],
            retries: retries.trim_start_matches('+').parse().ok()?,
        })
    }

    /// How the replica that it came to at last answered; none when that is not known of it, by the
    /// client's fault.
    fn outcome(&self) -> Option<Outcome> {
        let [connect, head, active] = self.times;
        let micros = |millis: i64| u64::try_from(millis).unwrap_or(0) * 1000;
        let status = self.status;
        let (by, phase) = self.end;
        let by_client = by == 'C' || by == 'c';
        if head < 0 {
            return match (by_client, phase) {
                (true, 'R') => None,
                (true, _) => Some(Outcome::Cancelled { micros: micros(active) }),
                _ => Some(Outcome::Unanswered),
            };
        }
        let micros = micros(connect.max(0) + head);
        let answered = Outcome::Answered { status, micros };
        Some(match by {
            _ if status == 101 || status >= 500 => answered,
            '-' => answered,
            _ if by_client => Outcome::Cancelled { micros },
            _ => Outcome::Unanswered,
        })
    }
}

#[cfg(test)]
mod tests {
    use tidegate_traffic::{Destination, Listener};
    use tidegate_units::{Generation, ObjectKey, Weight};

    use super::*;

    fn table() -> RouteTable {
        let destination = |revision: &str| Destination {
            owner: None,
            revision: revision.into(),
            weight: Weight::new(50).unwrap(),
            endpoints: vec![],
        };
        let listener = Listener {
            decided: None,
            service: ObjectKey::new("default", "web"),
            address: ([127, 0, 0, 1], 80).into(),
            owner: Owner::rollout(&ObjectKey::new("default", "web")),
            destinations: vec![destination("old"), destination("new")],
            sticky: None,
            rules: vec![],
        };
        RouteTable { generation: Generation(1), listeners: vec![listener] }
    }

    #[track_caller]
    fn check(line: &str, expect: &[(&str, Outcome)]) {
        let table = table();
        let found = counts(line, &table);
        let found: Vec<_> = found.iter().map(|it| (it.revision.as_str(), it.outcome)).collect();
        assert_eq!(found, expect, "{line}");
    }

    const fn answered(status: u16, micros: u64) -> Outcome {
        Outcome::Answered { status, micros }
    }

    const UNANSWERED: Outcome = Outcome::Unanswered;

    #[test]
    fn an_answer_is_counted_for_who_gave_it() {
        let line = "L 7 0 1795296378.726 5 200 -- tg0_1 d1s0 1 3 4 0";
        check(line, &[("new", answered(200, 4_000))]);
        let table = table();
        assert_eq!(counts(line, &table)[0].at, Timestamp::from_millis(1_795_296_378_731));
        assert_eq!(number_of(line), Some(7));
        check("L 7 0 1.000 5 503 -- tg0_0 d0s1 0 1 1 0", &[("old", answered(503, 1_000))]);
        check("L 7 0 1.000 5 101 CD tg0_0 d0s1 0 1 1 0", &[("old", answered(101, 1_000))]);
    }

    #[test]
    fn who_took_no_connection_has_not_answered_whoever_stood_in() {
        let both = [("new", UNANSWERED), ("old", answered(200, 2_000))];
        check("L 7 0 1.000 5 200 -- tg0_1 d0s0 1 1 4 +1", &both);
        check("L 7 0 1.000 5 200 -- tg0_1 d0s0 1 1 4 0", &both);
        check("L 7 0 1.000 5 503 SC tg0_1 <NOSRV> -1 -1 0 0", &[("new", UNANSWERED)]);
        check("L 7 0 1.000 5 503 SC tg0_1 d1s0 -1 -1 0 0", &[("new", UNANSWERED)]);
        check("L 7 0 1.000 5 502 SH tg0_1 d1s0 0 -1 0 0", &[("new", UNANSWERED)]);
        check("L 7 0 1.000 5 504 sH tg0_1 d1s0 0 -1 60000 0", &[("new", UNANSWERED)]);
        check("L 7 0 1.000 5 503 LR tg0 <NOSRV> -1 -1 0 0", &[]);
    }

    #[test]
    fn a_client_that_left_is_told_from_a_replica_that_broke_off() {
        let left = |micros| Outcome::Cancelled { micros };
        check("L 7 0 1.000 5 -1 CH tg0_1 d1s0 0 -1 500 0", &[("new", left(500_000))]);
        check("L 7 0 1.000 5 200 CD tg0_1 d1s0 0 2 500 0", &[("new", left(2_000))]);
        check("L 7 0 1.000 5 200 SD tg0_1 d1s0 0 2 500 0", &[("new", UNANSWERED)]);
        check("L 7 0 1.000 5 400 PR tg0 <NOSRV> -1 -1 -1 0", &[]);
        check("L 7 0 1.000 5 408 cR tg0_1 <NOSRV> -1 -1 -1 0", &[]);
    }

    #[test]
    fn what_is_no_line_counts_nothing() {
        for line in ["", "Server tg0_1/d1s0 is DOWN, reason", "L 7 9 1.000 5 200 -- a b 0 0 0 0"] {
            check(line, &[]);
            assert_eq!(number_of("Server x"), None);
        }
    }
}
