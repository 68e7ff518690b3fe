use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use async_trait::async_trait;
use rustix::process::{Resource, geteuid, getrlimit};
use tidegate_ports::{Router, RouterError};
use tidegate_steering::{Kept, Meters, addresses, saved, sort_out};
use tidegate_traffic::{RouteTable, TrafficReading};
use tidegate_units::{Generation, ObjectKey, Timestamp};
use tokio::{
    sync::Mutex,
    time::{Instant, sleep},
};

use crate::{
    NginxSettings,
    files::Files,
    master::{Master, Stop, Worker, end, last_words},
    past::{Written, forget},
    render::{Rendered, Setting, number_of, render},
};

/// For new workers to serve: 100 ms on a machine with nothing else to do. nginx itself gives up after
/// 2.5 s on an address that it cannot have.
const RELOAD: Duration = Duration::from_secs(8);
/// Between two looks at a reload.
const LOOK: Duration = Duration::from_millis(5);
/// Old configurations that still have workers; the oldest workers are ended beyond that. Each holds a
/// process for each core.
const PASTS: usize = 32;
/// How often a refused address is tried again, and a dead nginx started again.
const AGAIN: Duration = Duration::from_secs(1);

/// nginx as a router.
#[derive(Debug)]
pub struct NginxRouter {
    settings: NginxSettings,
    master: Master,
    epoch: u64,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// The table as it was given, and its generation.
    table: RouteTable,
    /// The configuration that holds, with the part of the table that is in it.
    now: Written,
    /// Its text; empty when it is not the one in the file.
    text: String,
    /// The highest number that was given.
    last: u64,
    pasts: Vec<Written>,
    meters: Meters,
    /// Listeners that could not be had.
    refused: BTreeMap<ObjectKey, String>,
    /// Rules that nginx cannot follow.
    left_out: BTreeMap<ObjectKey, String>,
    /// What nginx said of the newest table, when it did not take it, and whom that concerns.
    complaint: Option<(String, Vec<ObjectKey>)>,
    tried: Instant,
}

impl NginxRouter {
    /// Adopts the nginx that runs in the data folder, else starts one with the table that was
    /// followed last. When that fails, it is tried again with each beat.
    pub async fn open(settings: NginxSettings) -> Self {
        let files = Files::of(&settings.data);
        let folder = files.temporary();
        if let Err(error) = fs::create_dir_all(&folder) {
            tracing::error!(path = %folder.display(), %error, "it cannot be made");
        }
        let master = Master { program: settings.program.clone(), files };
        let table = saved::load(&tidegate_steering::table(&settings.data)).unwrap_or_default();
        let state = found(&master, table).await;
        let epoch = wall_clock().as_millis();
        let epoch = u64::try_from(epoch).unwrap_or(0);
        let router = Self { settings, master, epoch, state: Mutex::new(state) };
        router.begin().await;
        router
    }

    async fn begin(&self) {
        let mut state = self.state.lock().await;
        let number = state.now.number;
        let same = self.render(&state.now.table, number).text == state.text;
        if same && self.master.pid().is_some() && self.master.number().await == Some(number) {
            tracing::info!(number, "nginx runs already");
            state.left_out = self.render(&state.now.table, number).left_out;
        } else if let Err(error) = self.follow(&mut state, None).await {
            tracing::error!(%error, "nginx does not follow the last table yet");
        }
    }

    fn render(&self, table: &RouteTable, number: u64) -> Rendered {
        let limit = getrlimit(Resource::Nofile);
        let setting = Setting {
            files: &self.master.files,
            workers: self.settings.workers.get(),
            // Ours to raise as far as this, which suffices for 30,000 requests at once.
            open_files: limit.maximum.unwrap_or(u64::MAX).min(65_536),
            as_root: geteuid().is_root(),
        };
        render(table, number, setting)
    }

    /// Makes nginx follow a table, or the one that it should follow already. It goes on with the last
    /// good configuration when that fails.
    async fn follow(
        &self,
        state: &mut State,
        table: Option<&RouteTable>,
    ) -> Result<(), RouterError> {
        state.tried = Instant::now();
        let table = table.cloned().unwrap_or_else(|| state.table.clone());
        let is_up = self.master.pid().is_some();
        let held = if is_up { addresses(&state.now.table) } else { BTreeSet::new() };
        let (kept, refused) = sort_out(&table, &held);
        let unchanged = is_up && self.render(&kept, state.now.number).text == state.text;
        if !unchanged {
            let done = self.change(state, &kept, is_up).await;
            if let Err(why) = done {
                let whose = table.listeners.iter().map(|it| it.service.clone()).collect();
                state.complaint = Some((why.clone(), whose));
                return Err(RouterError::Refused(why));
            }
        }
        state.now.table = kept;
        state.complaint = None;
        state.refused = refused;
        state.table = table;
        let kept = saved::save(&tidegate_steering::table(&self.settings.data), &state.table);
        if let Err(error) = kept {
            tracing::error!(%error, "the table cannot be kept for the next start");
        }
        Ok(())
    }

    /// Writes the configuration, has it proven, puts it in the place of the last one and makes it
    /// hold.
    async fn change(
        &self,
        state: &mut State,
        table: &RouteTable,
        is_up: bool,
    ) -> Result<(), String> {
        let files = &self.master.files;
        let number = state.last + 1;
        state.last = number;
        let Rendered { text, left_out } = self.render(table, number);
        let written = |error: std::io::Error| format!("{}: {error}", files.folder().display());
        fs::write(files.new_config(), &text).map_err(written)?;
        if let Err(why) = self.master.prove(&files.new_config()).await {
            forget(files, number);
            return Err(why);
        }
        saved::save(&files.table(number), table).map_err(written)?;
        fs::rename(files.new_config(), files.config()).map_err(written)?;
        let before: BTreeSet<_> = self.master.workers().iter().map(|worker| worker.pid).collect();
        let switched =
            if is_up { self.reload(number, &before).await } else { self.start(number).await };
        if let Err(why) = switched {
            if !state.text.is_empty()
                && let Err(error) = fs::write(files.config(), &state.text)
            {
                tracing::error!(%error, "the last good configuration cannot be put back");
            }
            forget(files, number);
            return Err(why);
        }
        let now = Written::new(number, table.clone(), files);
        let mut past = std::mem::replace(&mut state.now, now);
        let claimed: BTreeSet<_> =
            state.pasts.iter().flat_map(|past| &past.workers).copied().collect();
        past.workers = before.difference(&claimed).copied().collect();
        state.pasts.push(past);
        state.text = text;
        state.left_out = left_out;
        Ok(())
    }

    /// Until every worker that takes requests follows the new configuration.
    async fn reload(&self, number: u64, before: &BTreeSet<u32>) -> Result<(), String> {
        self.master.reload()?;
        let is_new = |worker: &Worker| !worker.is_leaving && !before.contains(&worker.pid);
        let is_old = |worker: &Worker| !worker.is_leaving && before.contains(&worker.pid);
        self.until(number, |workers| workers.iter().any(is_new) && !workers.iter().any(is_old))
            .await
    }

    async fn start(&self, number: u64) -> Result<(), String> {
        self.master.start().await?;
        self.until(number, |workers| !workers.is_empty()).await
    }

    async fn until(&self, number: u64, is_so: impl Fn(&[Worker]) -> bool) -> Result<(), String> {
        let begun = Instant::now();
        while begun.elapsed() < RELOAD {
            if is_so(&self.master.workers()) && self.master.number().await == Some(number) {
                return Ok(());
            }
            sleep(LOOK).await;
        }
        let words = last_words(&self.master.files.errors(number));
        let why = if words.is_empty() { "it does not say why" } else { &words };
        Err(format!("nginx did not follow its new configuration within {RELOAD:?}: {why}"))
    }

    fn count(&self, state: &mut State) {
        let alive: BTreeSet<u32> = self.master.workers().iter().map(|worker| worker.pid).collect();
        let State { now, pasts, meters, .. } = state;
        now.count(meters);
        for past in pasts.iter_mut() {
            past.workers.retain(|pid| alive.contains(pid));
            past.count(meters);
        }
        pasts.retain(|past| {
            let is_over = past.workers.is_empty();
            if is_over {
                forget(&self.master.files, past.number);
            }
            !is_over
        });
        if let Some(oldest) = pasts.first().filter(|_| pasts.len() > PASTS) {
            oldest.workers.iter().for_each(|pid| end(*pid));
        }
    }
}

/// What an earlier keeper left.
async fn found(master: &Master, table: RouteTable) -> State {
    let files = &master.files;
    let mut text = fs::read_to_string(files.config()).unwrap_or_default();
    let in_file = number_of(&text).unwrap_or(0);
    let number = master.number().await.unwrap_or(in_file);
    if number != in_file {
        // It died before it had told nginx.
        text.clear();
    }
    let followed = saved::load(&files.table(number)).unwrap_or_default();
    let mut pasts = Written::left(files, number);
    let leaving = master.workers().into_iter().filter(|worker| worker.is_leaving);
    let leaving: BTreeSet<_> = leaving.map(|worker| worker.pid).collect();
    for past in &mut pasts {
        // Any of them may follow it.
        past.workers.clone_from(&leaving);
    }
    State {
        table,
        now: Written::found(number, followed, files),
        text,
        last: number.max(in_file),
        pasts,
        meters: Meters::default(),
        refused: BTreeMap::new(),
        left_out: BTreeMap::new(),
        complaint: None,
        tried: Instant::now(),
    }
}

impl State {
    /// What is not as the table says, by Service.
    fn notes(&self) -> BTreeMap<ObjectKey, String> {
        let mut notes = self.left_out.clone();
        notes.extend(self.refused.clone());
        if let Some((why, whose)) = &self.complaint {
            let told =
                format!("nginx refused the newest routes, and keeps to the last good ones: {why}");
            notes.extend(whose.iter().map(|service| (service.clone(), told.clone())));
        }
        notes
    }

    /// A replica that left the table answers requests as long as a worker is there that may send it
    /// some: nginx does not tell which it carries.
    fn reading(&self, now: Timestamp, epoch: u64) -> TrafficReading {
        let mut revisions = self.meters.read(now);
        let kept: BTreeSet<_> = self.now.replicas().map(|(_, _, at)| &at.replica).collect();
        for past in &self.pasts {
            let count = past.workers.len() as u64;
            for (owner, revision, endpoint) in past.replicas() {
                if !kept.contains(&endpoint.replica) && count > 0 {
                    let tallies = revisions.entry(owner.clone()).or_default();
                    let tally = tallies.entry(revision.clone()).or_default();
                    *tally.in_flight.entry(endpoint.replica.clone()).or_default() += count;
                }
            }
        }
        TrafficReading {
            at: now,
            epoch,
            generation: self.table.generation,
            revisions,
            refused: self.notes(),
        }
    }
}

#[async_trait]
impl Router for NginxRouter {
    async fn apply(&self, table: &RouteTable) -> Result<(), RouterError> {
        let mut state = self.state.lock().await;
        let holds: Generation = state.table.generation;
        if table.generation < holds {
            return Err(RouterError::Stale { holds, offered: table.generation });
        }
        self.follow(&mut state, Some(table)).await
    }

    async fn read(&self) -> Result<TrafficReading, RouterError> {
        let mut state = self.state.lock().await;
        self.count(&mut state);
        if self.master.pid().is_none() {
            return Err(RouterError::Unreachable("nginx does not run".to_owned()));
        }
        Ok(state.reading(wall_clock(), self.epoch))
    }

    async fn held(&self) -> Result<Option<RouteTable>, RouterError> {
        Ok(Some(self.state.lock().await.table.clone()))
    }
}

#[async_trait]
impl Kept for NginxRouter {
    async fn beat(&self) {
        let mut state = self.state.lock().await;
        self.count(&mut state);
        let now = wall_clock();
        let State { meters, table, .. } = &mut *state;
        meters.keep(table, now);
        if state.tried.elapsed() < AGAIN {
            return;
        }
        let is_up = self.master.pid().is_some();
        if !is_up {
            tracing::warn!("nginx is gone; starting it again");
        }
        if (!is_up || !state.refused.is_empty())
            && let Err(error) = self.follow(&mut state, None).await
        {
            tracing::error!(%error, "nginx does not follow the table");
        }
    }

    async fn stop(&self) {
        self.master.stop(Stop::Drained);
        let begun = Instant::now();
        let mut patience = self.settings.drain_timeout;
        while self.master.pid().is_some() {
            if begun.elapsed() > patience {
                self.master.stop(Stop::AtOnce);
                patience *= 2;
            }
            self.count(&mut *self.state.lock().await);
            sleep(LOOK).await;
        }
    }
}

fn wall_clock() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
