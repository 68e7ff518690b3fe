use std::{
    collections::BTreeSet,
    fs,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use async_trait::async_trait;
use tidegate_ports::{Router, RouterError};
use tidegate_steering::{
    Kept, addresses,
    process::{Signal, signal},
    saved, sort_out,
};
use tidegate_traffic::{RouteTable, TrafficReading};
use tidegate_units::Timestamp;
use tokio::{
    sync::Mutex,
    time::{Instant, sleep},
};

use crate::{
    HaproxySettings,
    files::Files,
    log_line::{counts, number_of},
    master::{Master, Stop},
    places::Places,
    render::{Rendered, render, skeleton},
    runtime,
    shares::{map_text, shares},
    state::{Laid, State, found, keep},
    switch::{holds, switch},
};

/// Between two looks at whether it has ended.
const LOOK: Duration = Duration::from_millis(5);
/// Old configurations that still have processes; the oldest processes are ended beyond that.
const PASTS: usize = 32;
/// How often a refused address is tried again, and a dead `HAProxy` started again.
const AGAIN: Duration = Duration::from_secs(1);
/// Complaints of one look that are passed on to our own log.
const COMPLAINTS: usize = 20;

/// `HAProxy` as a router.
#[derive(Debug)]
pub struct HaproxyRouter {
    settings: HaproxySettings,
    master: Master,
    epoch: u64,
    state: Mutex<State>,
}

impl HaproxyRouter {
    /// Adopts the `HAProxy` that runs in the data folder, else starts one with the table that was
    /// followed last. When that fails, it is tried again with each beat.
    pub async fn open(settings: HaproxySettings) -> Self {
        let files = Files::of(&settings.data);
        if let Err(error) = fs::create_dir_all(files.folder()) {
            tracing::error!(path = %files.folder().display(), %error, "it cannot be made");
        }
        let master = Master { program: settings.program.clone(), files };
        let epoch = u64::try_from(wall_clock().as_millis()).unwrap_or(0);
        let table = saved::load(&tidegate_steering::table(&settings.data)).unwrap_or_default();
        let mut state = found(&master.files, table);
        let files = &master.files;
        let (runs, number) = (runtime::number(&files.socket()).await, state.now.number);
        state.last = runs.unwrap_or(0);
        let is_adopted =
            number > 0 && runs == Some(number) && holds(&master, number, &BTreeSet::new()).await;
        if is_adopted {
            tracing::info!(number, "haproxy runs already");
            state.left_out = render(&state.now.table, &state.now.places, number).left_out;
        }
        let router = Self { settings, master, epoch, state: Mutex::new(state) };
        if let Err(error) = router.begin(is_adopted, runs.is_some()).await {
            tracing::error!(%error, "haproxy does not follow the last table yet");
        }
        router
    }

    /// Ends what the last keeper may have begun: it may have died within a change.
    async fn begin(&self, is_adopted: bool, is_up: bool) -> Result<(), RouterError> {
        let mut state = self.state.lock().await;
        let now = state.now.clone();
        let done = match (is_adopted, is_up) {
            (true, _) => steer(&self.master.files, &now.table, &now.places, None).await,
            (false, true) => self.replace(&mut state, now.table, true).await,
            (false, false) => Ok(()),
        };
        done.map_err(RouterError::Refused)?;
        state.is_sure |= is_adopted;
        self.follow(&mut state, None).await
    }

    /// Makes `HAProxy` follow a table, or the one that it should follow already.
    async fn follow(
        &self,
        state: &mut State,
        table: Option<&RouteTable>,
    ) -> Result<(), RouterError> {
        let table = table.cloned().unwrap_or_else(|| state.table.clone());
        let is_up = self.master.pid().is_some();
        let held = if is_up { addresses(&state.now.table) } else { BTreeSet::new() };
        let (kept, refused) = sort_out(&table, &held);
        let changed = self.change(state, kept, is_up).await;
        // It may have taken a while.
        state.tried = Instant::now();
        if let Err(why) = changed {
            let whose = table.listeners.iter().map(|it| it.service.clone()).collect();
            state.complaint = Some((why.clone(), whose));
            return Err(RouterError::Refused(why));
        }
        state.complaint = None;
        state.refused = refused;
        state.table = table;
        let kept = saved::save(&tidegate_steering::table(&self.settings.data), &state.table);
        if let Err(error) = kept {
            tracing::error!(%error, "the table cannot be kept for the next start");
        }
        Ok(())
    }

    async fn change(
        &self,
        state: &mut State,
        table: RouteTable,
        is_up: bool,
    ) -> Result<(), String> {
        let same = is_up && skeleton(&table) == skeleton(&state.now.table);
        if same && let Some(places) = state.now.places.filled(&table) {
            match self.steer(state, table.clone(), places).await {
                Ok(()) => return Ok(()),
                // A new configuration says all of it anew.
                Err(why) => tracing::warn!(why, "haproxy does not take orders; it is reloaded"),
            }
        }
        self.replace(state, table, is_up).await
    }

    /// Changes weights and replicas of what runs.
    async fn steer(
        &self,
        state: &mut State,
        table: RouteTable,
        places: Places,
    ) -> Result<(), String> {
        let files = &self.master.files;
        let number = state.now.number;
        let before = (&state.now.table, &state.now.places);
        if state.is_sure && (&table.listeners, &places) == (&before.0.listeners, before.1) {
            return Ok(());
        }
        let sure = std::mem::replace(&mut state.is_sure, false);
        if runtime::number(&files.socket()).await != Some(number) {
            return Err("it follows another configuration".to_owned());
        }
        steer(files, &table, &places, sure.then_some(before)).await?;
        // What a start would begin with.
        let Rendered { text, left_out } = render(&table, &places, number);
        write(files, &text, &table)?;
        state.left_out = left_out;
        state.now = Laid { table, places, ..state.now.clone() };
        keep(files, state)?;
        state.is_sure = true;
        Ok(())
    }

    /// Writes a configuration, has it proven, puts it in the place of the last one and makes it hold.
    async fn replace(
        &self,
        state: &mut State,
        table: RouteTable,
        is_up: bool,
    ) -> Result<(), String> {
        let files = &self.master.files;
        let past = state.pasts.iter().map(|past| past.number).max();
        let number = past.unwrap_or(0).max(state.now.number).max(state.last) + 1;
        state.last = number;
        let places = Places::laid_out(&table);
        let Rendered { text, left_out } = render(&table, &places, number);
        let before = fs::read_to_string(files.config()).ok();
        let told = |error| format!("{}: {error}", files.folder().display());
        fs::write(files.new_config(), &text).map_err(told)?;
        if fs::metadata(files.map()).is_err() {
            fs::write(files.map(), "").map_err(told)?;
        }
        self.master.prove(&files.new_config()).await?;
        let workers: BTreeSet<u32> = self.master.workers().into_iter().collect();
        write(files, &text, &table)?;
        let claimed: BTreeSet<_> = state.pasts.iter().flat_map(|it| &it.workers).copied().collect();
        let now = Laid { number, table, places, workers: BTreeSet::new() };
        let mut past = std::mem::replace(&mut state.now, now);
        past.workers = workers.difference(&claimed).copied().collect();
        state.pasts.push(past);
        // Before it holds, so that the next keeper knows what it finds.
        let switched = match keep(files, state) {
            Ok(()) => switch(&self.master, number, is_up).await,
            Err(why) => Err(why),
        };
        // One that was too late for us may still come to hold.
        state.is_sure = switched.is_ok();
        if switched.is_err() {
            state.now = state.pasts.pop().unwrap_or_default();
            let before = before.unwrap_or_default();
            if let Err(error) =
                write(files, &before, &state.now.table).and_then(|()| keep(files, state))
            {
                tracing::error!(%error, "the last good configuration cannot be put back");
            }
        }
        if switched.is_ok() {
            state.left_out = left_out;
            state.under_way.clear();
        }
        switched
    }

    async fn count(&self, state: &mut State) {
        let alive: BTreeSet<u32> = self.master.workers().into_iter().collect();
        let State { now, pasts, access, errors, meters, under_way, .. } = state;
        access.read(|line| {
            let number = number_of(line);
            let mut all = pasts.iter().chain([&*now]);
            let Some(of) = all.find(|it| Some(it.number) == number) else { return };
            for count in counts(line, &of.table) {
                meters.record(count.owner, count.revision, count.at, count.outcome);
            }
        });
        let mut told = 0;
        errors.read(|line| {
            told += 1;
            if told <= COMPLAINTS && !line.starts_with("[NOTICE]") {
                tracing::info!("haproxy: {line}");
            }
        });
        for past in pasts.iter_mut() {
            past.workers.retain(|pid| alive.contains(pid));
        }
        pasts.retain(|past| !past.workers.is_empty());
        if let Some(oldest) = pasts.first().filter(|_| pasts.len() > PASTS) {
            for pid in &oldest.workers {
                // It may just have ended by itself.
                let _ = signal(*pid, Signal::TERM);
            }
        }
        if let Ok(counted) = runtime::under_way(&self.master.files.socket()).await {
            *under_way = counted;
            now.places.free(|listener, destination, place| {
                under_way.get(&(listener, destination, place)).is_some_and(|count| *count > 0)
            });
        }
    }
}

/// Gives the orders that make one table of another; all of them when it is not known what was before.
async fn steer(
    files: &Files,
    table: &RouteTable,
    places: &Places,
    before: Option<(&RouteTable, &Places)>,
) -> Result<(), String> {
    let socket = files.socket();
    let (wanted, entries) = (places.servers(table), shares(table));
    let had = before.map(|(table, places)| (places.servers(table), shares(table)));
    let changed = |on: bool| {
        let had = had.as_ref().map(|(servers, _)| servers);
        wanted.iter().filter(move |(server, endpoint)| {
            endpoint.is_some() == on && had.and_then(|it| it.get(server)) != Some(*endpoint)
        })
    };
    // New replicas before the weights that need them, old ones after.
    runtime::set_servers(&socket, changed(true)).await?;
    if had.as_ref().is_none_or(|(_, had)| *had != entries) {
        runtime::set_map(&socket, &entries).await?;
    }
    runtime::set_servers(&socket, changed(false)).await?;
    match runtime::differing(&socket, &wanted).await?.first() {
        Some(server) => Err(format!("haproxy did not take what was said of server {server}")),
        None => Ok(()),
    }
}

/// Puts a configuration and its map in the place of the last.
fn write(files: &Files, text: &str, table: &RouteTable) -> Result<(), String> {
    let put = |path: std::path::PathBuf, text: &str| {
        let beside = path.with_extension("tmp");
        fs::write(&beside, text).and_then(|()| fs::rename(&beside, &path))
    };
    put(files.map(), &map_text(&shares(table)))
        .and_then(|()| put(files.config(), text))
        .map_err(|error| format!("{}: {error}", files.folder().display()))
}

#[async_trait]
impl Router for HaproxyRouter {
    async fn apply(&self, table: &RouteTable) -> Result<(), RouterError> {
        let mut state = self.state.lock().await;
        let holds = state.table.generation;
        if table.generation < holds {
            return Err(RouterError::Stale { holds, offered: table.generation });
        }
        self.follow(&mut state, Some(table)).await
    }

    async fn read(&self) -> Result<TrafficReading, RouterError> {
        let mut state = self.state.lock().await;
        self.count(&mut state).await;
        if self.master.pid().is_none() {
            return Err(RouterError::Unreachable("haproxy does not run".to_owned()));
        }
        Ok(state.reading(wall_clock(), self.epoch))
    }

    async fn held(&self) -> Result<Option<RouteTable>, RouterError> {
        Ok(Some(self.state.lock().await.table.clone()))
    }
}

#[async_trait]
impl Kept for HaproxyRouter {
    async fn beat(&self) {
        let mut state = self.state.lock().await;
        self.count(&mut state).await;
        let State { meters, table, .. } = &mut *state;
        meters.keep(table, wall_clock());
        if state.tried.elapsed() < AGAIN {
            return;
        }
        let is_up = self.master.pid().is_some();
        if !is_up {
            tracing::warn!("haproxy is gone; starting it again");
        }
        if (!is_up || !state.is_sure || !state.refused.is_empty())
            && let Err(error) = self.follow(&mut state, None).await
        {
            tracing::error!(%error, "haproxy does not follow the table");
        }
    }

    async fn stop(&self) {
        self.master.stop(Stop::Drained).await;
        let begun = Instant::now();
        let mut patience = self.settings.drain_timeout;
        while self.master.pid().is_some() {
            if begun.elapsed() > patience {
                self.master.stop(Stop::AtOnce).await;
                patience *= 2;
            }
            self.count(&mut *self.state.lock().await).await;
            sleep(LOOK).await;
        }
    }
}

fn wall_clock() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
