//! The writer: the one connection of this server that writes, and what it knows of the database.

use std::time::Duration;

use tidegate_ledger::Head;
use tidegate_ports::{StoreError, StoredObject};
use tidegate_units::Epoch;
use tokio::{
    sync::watch,
    time::{Instant, sleep},
};

use crate::{
    Address, Settings,
    bound::Bound,
    document,
    leader::{self, State, Turned, check_whole, lost, turned},
    reader,
    round::{Offer, Outcome, Round},
    session::{Purpose, Session},
    trouble::Trouble,
};

/// Waits between attempts: from the first to the longest.
const WAITS: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// The writer.
pub(crate) struct Desk {
    pub(crate) address: Address,
    pub(crate) settings: Settings,
    /// What the leader's row says when it is ours.
    pub(crate) me: String,
    pub(crate) session: Option<Session>,
    /// In which epoch this server leads.
    pub(crate) leads: Option<Epoch>,
    /// Where this leader left the database.
    pub(crate) known: State,
    pub(crate) changes: Bound,
    /// Since when the database cannot be reached.
    down_since: Option<Instant>,
    /// Why nothing is written any more.
    stopped: Option<StoreError>,
    /// Told to whoever runs this server once it leads no more.
    ended: watch::Sender<Option<StoreError>>,
    /// Told to whoever notes where the ledger ends.
    head: watch::Sender<Head>,
}

/// Why an attempt came to nothing.
enum Miss {
    /// Nothing was written.
    Not(Trouble),
    /// It is not known whether this was written.
    Doubt(Box<Round>, String),
}

impl<T: Into<Trouble>> From<T> for Miss {
    fn from(trouble: T) -> Self {
        Self::Not(trouble.into())
    }
}

impl Desk {
    pub(crate) fn new(
        address: Address,
        settings: Settings,
        session: Session,
        (ended, head): (watch::Sender<Option<StoreError>>, watch::Sender<Head>),
    ) -> Result<Self, StoreError> {
        let me = leader::signature(&settings.name)?;
        Ok(Self {
            address,
            settings,
            me,
            session: Some(session),
            leads: None,
            known: State::default(),
            changes: Bound::default(),
            down_since: None,
            stopped: None,
            ended,
            head,
        })
    }

    /// Writes what waits, in one transaction for all of it, and says for each batch what became of
    /// it. A batch that is refused takes no other along.
    pub(crate) async fn commit(&mut self, offers: &[Offer]) -> Vec<Outcome> {
        let mut outcomes = Vec::with_capacity(offers.len());
        if offers.is_empty() {
            return outcomes;
        }
        match self.transact(offers).await {
            Ok(all) => return all,
            // One that is too large for what space is left must not take the small ones along.
            Err(Trouble::Refused(error)) if !error.is_final() && offers.len() > 1 => {}
            Err(trouble) => {
                let error = trouble.told();
                return offers.iter().map(|_| Err(error.clone())).collect();
            }
        }
        for one in offers.chunks(1) {
            match self.transact(one).await {
                Ok(alone) => outcomes.extend(alone),
                Err(trouble) => outcomes.push(Err(trouble.told())),
            }
        }
        outcomes
    }

    /// Every document, as this leader left them.
    pub(crate) async fn load(&mut self) -> Result<Vec<StoredObject>, StoreError> {
        let deadline = self.deadline();
        loop {
            match self.read_documents().await {
                Ok(documents) => return Ok(documents),
                Err(trouble) => self.wait_for(trouble, deadline).await.map_err(Trouble::told)?,
            }
        }
    }

    async fn read_documents(&mut self) -> Result<Vec<StoredObject>, Trouble> {
        let session = self.take().await?;
        // Locked, so that they are all of one moment, and of the database that this leader wrote to.
        let found = leader::lock(&session).await?.state;
        self.check(found)?;
        let documents = document::all(&session).await?;
        leader::unlock(&session).await?;
        self.put_back(session);
        Ok(documents)
    }

    async fn transact(&mut self, offers: &[Offer]) -> Result<Vec<Outcome>, Trouble> {
        self.goes_on()?;
        let deadline = self.deadline();
        loop {
            let trouble = match self.attempt(offers).await {
                Ok(outcomes) => return Ok(outcomes),
                Err(Miss::Not(trouble)) => trouble,
                Err(Miss::Doubt(round, why)) => match self.settle(&round, &why).await? {
                    Found::There => return Ok(round.outcomes),
                    Found::NotThere => Trouble::Cut(why),
                },
            };
            self.wait_for(trouble, deadline).await?;
        }
    }

    async fn attempt(&mut self, offers: &[Offer]) -> Result<Vec<Outcome>, Miss> {
        let session = self.take().await?;
        let found = leader::lock(&session).await?.state;
        self.check(found)?;
        let round = Round::of(found, offers);
        if !round.is_wanted() {
            leader::unlock(&session).await?;
            self.put_back(session);
            return Ok(round.outcomes);
        }
        let kept = round.write(&session, self.settings.times.lease.as_secs_f64()).await?;
        match leader::commit(&session).await {
            Ok(()) => {}
            Err(Trouble::Cut(why)) => return Err(Miss::Doubt(Box::new(round), why)),
            Err(refused) => return Err(refused.into()),
        }
        self.changes.add(kept);
        self.note(round.after);
        self.put_back(session);
        Ok(round.outcomes)
    }

    /// Finds out what became of a commit whose answer was lost. Whoever carried it had the leader's
    /// row locked, so that once it can be locked again, it has ended.
    async fn settle(&mut self, round: &Round, why: &str) -> Result<Found, Trouble> {
        tracing::warn!(why, "looking for a commit whose answer was lost");
        let deadline = Instant::now() + self.settings.times.doubt;
        let mut wait = WAITS.0;
        let error = loop {
            match self.look_for(round).await {
                Ok(found) => return Ok(found),
                Err(Trouble::Refused(error)) if error.is_final() => break error,
                Err(trouble) if Instant::now() >= deadline => {
                    break StoreError::Broken(format!(
                        "it is not known whether a batch was written ({why}): {}",
                        trouble.told()
                    ));
                }
                Err(trouble) => tracing::debug!(?trouble, "it is not known yet"),
            }
            sleep(wait).await;
            wait = (wait * 2).min(WAITS.1);
        };
        self.stop(&error);
        Err(error.into())
    }

    async fn look_for(&mut self, round: &Round) -> Result<Found, Trouble> {
        let session = self.take().await?;
        let found = leader::lock(&session).await?.state;
        let is_there = match turned(found, round.before, round.after) {
            Turned::Applied => true,
            Turned::NotApplied => false,
            Turned::WrittenSince => {
                let (sequence, hash) = round.last_entry().ok_or_else(|| {
                    StoreError::Broken(
                        "it is not known whether a batch was written, and another server has \
                         written since"
                            .to_owned(),
                    )
                })?;
                reader::has(&session, sequence, hash).await?
            }
            Turned::Lost => return Err(StoreError::Broken(lost(found, round.before)).into()),
        };
        leader::unlock(&session).await?;
        self.put_back(session);
        if is_there {
            self.note(round.after);
        }
        Ok(if is_there { Found::There } else { Found::NotThere })
    }

    /// Says that this leader is there, when it has written nothing for a while. Once only: whether it
    /// can be done is seen at the next commit, or the next time.
    pub(crate) async fn renew(&mut self) {
        if self.leads.is_none() || self.stopped.is_some() {
            return;
        }
        if let Err(trouble) = self.try_renew().await {
            tracing::debug!(?trouble, "the lease is not renewed");
        }
        if let Err(trouble) = self.tend().await {
            tracing::debug!(?trouble, "no old change was forgotten");
        }
    }

    async fn try_renew(&mut self) -> Result<(), Trouble> {
        let session = self.take().await?;
        let found = leader::lock(&session).await?.state;
        self.check(found)?;
        if self.leads == Some(found.epoch) {
            leader::renew(&session, self.settings.times.lease).await?;
        } else {
            leader::unlock(&session).await?;
        }
        self.put_back(session);
        Ok(())
    }

    async fn tend(&mut self) -> Result<(), Trouble> {
        if !self.changes.is_over() || self.leads.is_none() {
            return Ok(());
        }
        let session = self.take().await?;
        let found = leader::lock(&session).await?.state;
        self.check(found)?;
        self.changes.tend(&session).await?;
        leader::commit(&session).await?;
        self.put_back(session);
        Ok(())
    }

    /// Gives the lead back, so that who waits for it need not wait for the lease to run out. Nothing is
    /// written after that.
    pub(crate) async fn release(&mut self) {
        if self.leads.take().is_some()
            && self.stopped.is_none()
            && let Some(session) = self.session.take()
            && let Err(trouble) = leader::release(&session, &self.me).await
        {
            tracing::debug!(?trouble, "the lease was not given back, and will run out");
        }
        self.stopped = Some(StoreError::Broken("this server has given the lead back".to_owned()));
    }

    /// Refuses a database that was set back, and notes when another server leads.
    pub(crate) fn check(&mut self, found: State) -> Result<(), Trouble> {
        if let Err(error) = check_whole(found, self.known) {
            self.stop(&error);
            return Err(error.into());
        }
        if let Some(ours) = self.leads.filter(|ours| found.epoch > *ours) {
            self.leads = None;
            self.ended.send_replace(Some(StoreError::Fenced { ours, theirs: found.epoch }));
        }
        Ok(())
    }

    /// Notes where this leader left the database.
    pub(crate) fn note(&mut self, state: State) {
        if self.leads == Some(state.epoch) {
            self.known = state;
            self.head.send_replace(state.head);
        }
    }

    pub(crate) fn goes_on(&self) -> Result<(), Trouble> {
        self.stopped.as_ref().map_or(Ok(()), |why| Err(why.clone().into()))
    }

    fn stop(&mut self, error: &StoreError) {
        tracing::error!("{error}");
        self.stopped = Some(error.clone());
        self.ended.send_replace(Some(error.clone()));
    }

    /// The connection, to be put back when all went well: otherwise it is cut, and whatever was on its
    /// way there ends.
    pub(crate) async fn take(&mut self) -> Result<Session, Trouble> {
        if let Some(session) = self.session.take().filter(|one| !one.client.is_closed()) {
            return Ok(session);
        }
        let times = &self.settings.times;
        let session = Session::open(&self.address, times, Purpose::Write).await?;
        tracing::info!(server = session.server(), "connected to the database again");
        Ok(session)
    }

    pub(crate) fn put_back(&mut self, session: Session) {
        self.session = Some(session);
        self.down_since = None;
    }

    /// Until when is tried again. While the database stays away, everything but the first is tried once.
    pub(crate) fn deadline(&self) -> Instant {
        self.down_since.unwrap_or_else(Instant::now) + self.settings.times.patience
    }

    /// Waits before the next attempt, where another one may help and there is time for it.
    pub(crate) async fn wait_for(
        &mut self,
        trouble: Trouble,
        deadline: Instant,
    ) -> Result<(), Trouble> {
        let Trouble::Cut(why) = trouble else { return Err(trouble) };
        let since = *self.down_since.get_or_insert_with(Instant::now);
        if Instant::now() >= deadline {
            return Err(Trouble::Cut(why));
        }
        tracing::debug!(why, "trying again");
        // As long as it has lasted so far: two attempts, four, eight, then one each second.
        sleep(since.elapsed().clamp(WAITS.0, WAITS.1)).await;
        Ok(())
    }
}

/// What came of a commit whose answer was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    /// It is in the database.
    There,
    /// It is not, and will not be.
    NotThere,
}
