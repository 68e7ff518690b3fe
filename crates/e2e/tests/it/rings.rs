//! A release through three rings, watched by each of its users.

use std::{
    collections::BTreeSet,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use tidegate_controller::RolloutView;
use tidegate_e2e::{Carrier, House, Manifest, Step, run_scenario};
use tidegate_rollout::RingState;
use tidegate_traffic::{UserKey, UserShare};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::watch,
    task::JoinHandle,
};

const USERS: usize = 100;

const PATIENCE: Duration = Duration::from_secs(40);

/// What the users saw.
#[derive(Debug, Default)]
struct Seen {
    /// Users who get the new revision.
    inside: BTreeSet<usize>,
    /// Users who got it and then got the old one.
    fallen: BTreeSet<usize>,
    /// Answers that were none of either.
    strange: Vec<String>,
}

/// Asks as one user after the other, over one connection, until it is told to stop.
struct Users {
    stop: Arc<AtomicBool>,
    /// How often all of them were asked.
    rounds: watch::Receiver<u32>,
    task: JoinHandle<Seen>,
}

impl Users {
    fn of(address: SocketAddr) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let (round, rounds) = watch::channel(0);
        let task = tokio::spawn(async move {
            let (mut seen, mut stream) =
                (Seen::default(), TcpStream::connect(address).await.unwrap());
            for user in (0..USERS).cycle() {
                if stopped.load(Relaxed) {
                    break;
                }
                let answer = ask(&mut stream, user).await;
                seen.note(user, &answer);
                if user == USERS - 1 {
                    round.send_modify(|rounds| *rounds += 1);
                }
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            seen
        });
        Self { stop, rounds, task }
    }

    /// Waits until each of them was asked after now, however busy the machine is.
    async fn round(&self) {
        let mut rounds = self.rounds.clone();
        // One of them may be almost over.
        let enough = *rounds.borrow() + 2;
        let asked = rounds.wait_for(|rounds| *rounds >= enough);
        tokio::time::timeout(PATIENCE, asked).await.unwrap().unwrap();
    }

    async fn end(self) -> Seen {
        self.stop.store(true, Relaxed);
        self.task.await.unwrap()
    }
}

impl Seen {
    fn note(&mut self, user: usize, answer: &str) {
        if answer.contains("x-version: v2") {
            self.inside.insert(user);
        } else if !answer.contains("x-version: v1") {
            self.strange.push(answer.to_owned());
        } else if self.inside.contains(&user) {
            self.fallen.insert(user);
        }
    }
}

/// The answer to a user's request: its head, and as much of its body as it says.
async fn ask(stream: &mut TcpStream, user: usize) -> String {
    let request = format!("GET / HTTP/1.1\r\nhost: web\r\nx-user: user-{user}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut read = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&read).to_ascii_lowercase();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if length.is_none_or(|length| body.len() >= length.parse().unwrap()) {
                return text;
            }
        }
        if stream.read_buf(&mut read).await.unwrap() == 0 {
            return "closed".to_owned();
        }
    }
}

/// Those of the users who are in such a share of them.
fn share(hundredths: u16) -> BTreeSet<usize> {
    let by = UserKey::Header("X-User".to_owned());
    let share = UserShare { hundredths, by, salt: "default/web".to_owned() };
    (0..USERS).filter(|user| share.has(format!("user-{user}").as_bytes())).collect()
}

fn is_open(ring: usize) -> impl Fn(&RolloutView) -> bool {
    move |view| {
        let states: Vec<_> = view.report.rings.iter().map(|ring| ring.state).collect();
        states.get(..=ring).is_some_and(|reached| reached.iter().all(|it| *it == RingState::Open))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_falls_out_of_a_ring_though_the_control_plane_dies() {
    let mut house = House::build().unwrap();
    house.apply(&Manifest::good("v1")).unwrap();
    house.until_stable("v1").await.unwrap();
    let rings = [
        Step::Ring("{ring: one, match: [{header: {name: X-User, exact: user-7}}], soak: 1s}"),
        Step::Ring("{ring: two, match: [{users: {percent: 20, by: {header: X-User}}}], soak: 1h}"),
        Step::Ring(
            "{ring: three, match: [{users: {percent: 70, by: {header: X-User}}}], soak: 2s}",
        ),
        Step::Weight(50),
        Step::Pause(1),
    ];
    let users = Users::of(house.address());
    users.round().await;
    house.apply(&Manifest::good("v2").steps(&rings)).unwrap();
    house.until("the second ring", PATIENCE, is_open(1)).await.unwrap();
    house.kill_server().unwrap();
    house.start_server().unwrap();
    house.until("the second ring, still", PATIENCE, is_open(1)).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let probe = Users::of(house.address());
    probe.round().await;
    let second = probe.end().await;
    let mut expected = share(2000);
    expected.insert(7);
    assert_eq!(second.inside, expected);
    house.tidegate(&["rollout", "promote", "web"]).unwrap();
    house.until("the third ring", PATIENCE, is_open(2)).await.unwrap();
    house.until_stable("v2").await.unwrap();
    users.round().await;
    let seen = users.end().await;
    // Others go by the weight, one way or the other.
    let mut members = share(7000);
    members.insert(7);
    assert_eq!(seen.fallen.intersection(&members).count(), 0, "{seen:?}");
    assert_eq!(seen.strange, Vec::<String>::new());
    assert_eq!(seen.inside.len(), USERS, "{seen:?}");
    house.tidegate(&["ledger", "verify"]).unwrap();
    house.end().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ring_that_fails_sends_its_users_back_and_loses_no_answer_of_the_others() {
    let house = House::build().unwrap();
    house.apply(&Manifest::good("v1")).unwrap();
    house.until_stable("v1").await.unwrap();
    let steps = [Step::Ring(
        "{ring: all, match: [{users: {percent: 50, by: {header: X-User}}}], soak: 1h}",
    )];
    let users = Users::of(house.address());
    house.apply(&Manifest::good("v2").failing(0.5).steps(&steps)).unwrap();
    // No analysis is declared, so the router's own comparison judges the users of the ring.
    let taken_back = |view: &RolloutView| view.status.abort.is_some();
    house.until("taken back", PATIENCE, taken_back).await.unwrap();
    let inside = users.end().await.inside;
    assert!((1..USERS).contains(&inside.len()), "{inside:?}");
    let back = Users::of(house.address());
    back.round().await;
    assert!(back.end().await.inside.is_empty());
    house.end().unwrap();
}

/// The scenario that the built-in router follows, word for word.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nginx_lets_the_same_users_in() {
    let house = House::behind(Carrier::Nginx).unwrap();
    run_scenario(&house, include_str!("../../../../scenarios/rings.md")).await.unwrap();
    house.end().unwrap();
}
