//! How the lead is taken.

use tidegate_ports::StoreError;
use tidegate_units::Epoch;
use tokio::time::sleep;

use crate::{
    Takeover,
    bound::Bound,
    desk::Desk,
    leader::{self, after},
    reader, schema,
    trouble::Trouble,
};

/// What came of an attempt to lead.
enum Led {
    /// This server leads.
    In(Epoch),
    /// Another one does, and is waited for.
    Another(String),
}

impl Desk {
    /// Begins an epoch after the last one, no earlier than `least`; at once, or when no other server
    /// leads any more.
    ///
    /// Errors: [`StoreError::Fenced`] where another one, that does not wait either, came right after.
    pub(crate) async fn lead(&mut self, least: Epoch) -> Result<Epoch, StoreError> {
        let waits = self.settings.takeover == Takeover::WhenFree;
        let mut deadline = self.deadline();
        let (mut offered, mut told) = (None, String::new());
        loop {
            self.goes_on().map_err(Trouble::told)?;
            match self.try_lead(least, &mut offered).await {
                Ok(Led::In(epoch)) => return Ok(epoch),
                Ok(Led::Another(holder)) => {
                    if told != holder {
                        tracing::info!(leader = holder, "waiting for the lead");
                        told = holder;
                    }
                    deadline = self.deadline();
                    sleep(self.settings.times.look).await;
                }
                // Who waits has all the time that the leader takes.
                Err(Trouble::Cut(why)) if waits => {
                    tracing::warn!(why, "waiting for the database");
                    sleep(self.settings.times.look).await;
                }
                Err(trouble) => self.wait_for(trouble, deadline).await.map_err(Trouble::told)?,
            }
        }
    }

    async fn try_lead(
        &mut self,
        least: Epoch,
        offered: &mut Option<Epoch>,
    ) -> Result<Led, Trouble> {
        let waits = self.settings.takeover == Takeover::WhenFree;
        let session = self.take().await?;
        let found = leader::lock(&session).await?;
        self.check(found.state)?;
        let is_ours = found.holder == self.me;
        // An answer that was lost: it is known by the epoch, and by whose it is.
        let ours = if *offered == Some(found.state.epoch) && is_ours {
            leader::unlock(&session).await?;
            found.state.epoch
        } else {
            if waits && !is_ours && !found.left.is_zero() {
                leader::unlock(&session).await?;
                self.put_back(session);
                return Ok(Led::Another(found.holder));
            }
            let epoch = after(found.state.epoch, least)?;
            *offered = Some(epoch);
            leader::advance(&session, epoch, &self.me, self.settings.times.lease).await?;
            leader::commit(&session).await?;
            epoch
        };
        // From here on whoever led before is refused, so that what it knows of the schema does not
        // matter any more.
        schema::prepare(&session).await?;
        let now = leader::hold_on(&session).await?;
        let state = now.state;
        if state.epoch != ours {
            leader::unlock(&session).await?;
            self.put_back(session);
            // Whoever came later leads. To take it back would be a fight in which nobody works, and
            // in which one may lose for as long as it lasts.
            let fenced = StoreError::Fenced { ours, theirs: state.epoch };
            return if waits { Ok(Led::Another(now.holder)) } else { Err(fenced.into()) };
        }
        reader::check_end(&session, state.head).await?;
        self.changes = Bound::of(&session).await?;
        leader::unlock(&session).await?;
        self.leads = Some(ours);
        self.note(state);
        self.put_back(session);
        Ok(Led::In(ours))
    }
}
