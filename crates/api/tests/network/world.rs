//! A life: a server, its clients, and what must hold at the end.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    net::Ipv4Addr,
    sync::{Arc, Mutex},
    time::Duration,
};

use tidegate_api::{Listener, Metrics, MetricsAccess, Options, Speech, Token, serve};
use tidegate_controller::{ControlPlane, Pace, Ports};
use tidegate_ledger::{Actor, Subject};
use tidegate_series::Recorder;
use tidegate_testkit::{
    FakeJobs, FakeMetrics, FakeRouter, FakeRuntime, MemoryStore, Says, TokioClock,
};
use tokio::sync::Notify;
use turmoil::net::{TcpListener, TcpStream};

use crate::{
    people::{person, the_last, watcher},
    trouble::trouble,
};

pub(crate) const TOKEN: &str = "5f1d0c2b3a495867768594a3b2c1d0e05f1d0c2b3a495867768594a3b2c1d0e0";
/// Where the server listens.
pub(crate) const PORT: u16 = 7500;
/// For how long there is trouble.
pub(crate) const TROUBLE: Duration = Duration::from_mins(1);
/// When all must be over, all waits included.
const END: Duration = Duration::from_mins(5);
/// How finely time goes.
const TICK: Duration = Duration::from_millis(20);

/// What all see.
#[derive(Default)]
pub(crate) struct World {
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) story: Mutex<Vec<String>>,
    /// Who was told that something was done, and what.
    pub(crate) promises: Mutex<BTreeMap<String, String>>,
    /// Kills the server.
    pub(crate) kill: Notify,
}

impl World {
    /// Adds to the story.
    pub(crate) fn note(&self, what: &str) {
        let line = format!("{:?} {what}", turmoil::sim_elapsed().unwrap_or_default());
        self.story.lock().unwrap().push(line);
    }
}

/// Lives the life of a seed, and gives its story.
pub(crate) fn live(seed: u64) -> Vec<String> {
    let world = Arc::new(World::default());
    let mut simulation = turmoil::Builder::new()
        .rng_seed(seed)
        .tick_duration(TICK)
        .simulation_duration(END)
        .min_message_latency(Duration::from_millis(1))
        .max_message_latency(Duration::from_millis(200))
        .build();
    let of = Arc::clone(&world);
    simulation.host("server", move || run(Arc::clone(&of)));
    for name in ["ada", "grace", "edsger"] {
        simulation.client(name, person(Arc::clone(&world), name, seed));
    }
    simulation.client("barbara", watcher(Arc::clone(&world), "barbara"));
    simulation.client("alan", the_last(Arc::clone(&world)));
    simulation.client("trouble", trouble(Arc::clone(&world), seed));
    let ended = simulation.run();
    drop(simulation);
    let story = std::mem::take(&mut *world.story.lock().unwrap());
    let told = || story.join("\n");
    assert!(ended.is_ok(), "seed {seed}: {:?}\n{}", ended, told());
    let broken = broken(&world);
    assert!(broken.is_empty(), "seed {seed}: {broken:#?}\n{}", told());
    story
}

/// What does not hold of what people were told and of what the ledger says: each asks once under a
/// name, so whatever is asked for is done to each resource once at most.
fn broken(world: &World) -> Vec<String> {
    let mut done: BTreeMap<String, Vec<(Subject, String)>> = BTreeMap::new();
    for entry in world.store.ledger() {
        if let Actor::Person { name } = entry.draft.actor {
            done.entry(name).or_default().push((entry.draft.subject, entry.draft.what));
        }
    }
    let promises = world.promises.lock().unwrap();
    let forgotten = promises.iter().filter(|(who, _)| !done.contains_key(*who));
    let forgotten = forgotten.map(|(who, what)| format!("{who} was told that {what} is done"));
    let twice = done.iter().filter(|(_, deeds)| {
        let subjects = deeds.iter().map(|(subject, _)| (&subject.kind, &subject.key));
        subjects.collect::<BTreeSet<_>>().len() < deeds.len()
    });
    let twice = twice.map(|(who, deeds)| format!("{who} asked once, and this was done: {deeds:?}"));
    forgotten.chain(twice).collect()
}

/// The server, killed and started again for ever.
async fn run(world: Arc<World>) -> turmoil::Result {
    let clock = TokioClock::new();
    let ports = Ports {
        clock: Arc::new(clock),
        runtime: Arc::new(FakeRuntime::new(clock, Duration::from_millis(300))),
        router: Arc::new(FakeRouter::new(clock, 100.0)),
        store: Arc::clone(&world.store) as _,
        metrics: Arc::new(FakeMetrics::new(Says::Number(1.0))),
        jobs: Arc::new(FakeJobs::default()),
    };
    loop {
        let control = ControlPlane::start(ports.clone(), Pace::default()).await?;
        let listener = Simulated(TcpListener::bind((Ipv4Addr::UNSPECIFIED, PORT)).await?);
        world.note("the server listens");
        let recorder = Arc::new(Recorder::default());
        let metrics = Metrics { recorder, access: MetricsAccess::Open };
        let options = Options::new(Token::new(TOKEN)?, metrics, Arc::new(clock));
        let server = serve(listener, control, options, std::future::pending());
        tokio::select! {
            biased;
            () = server => {}
            () = world.kill.notified() => world.note("the server is killed"),
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
}

struct Simulated(TcpListener);

impl Listener for Simulated {
    type Arrival = TcpStream;
    type Connection = TcpStream;

    async fn next(&self) -> io::Result<TcpStream> {
        Ok(self.0.accept().await?.0)
    }

    fn greet(
        &self,
        stream: TcpStream,
    ) -> impl Future<Output = io::Result<(TcpStream, Speech)>> + Send + 'static {
        std::future::ready(Ok((stream, Speech::Http1)))
    }
}
