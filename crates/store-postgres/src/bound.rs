use crate::{round::ROW, session::Session, trouble::Trouble};

/// Bytes of what documents were that are kept, and what each row takes beside them; the same as the
/// store in the data folder keeps. A release changes some 100 KiB, so this is hundreds of releases.
const MOST: i64 = 64 << 20;
/// This part of it is deleted at a time: some milliseconds of the writer's time.
const SLICES: i64 = 8;

const WHAT: &str = "what documents were cannot be counted";

/// Keeps to the bound: counts what was added, and forgets the oldest when that is too much.
#[derive(Debug)]
pub(crate) struct Bound {
    held: i64,
    most: i64,
}

impl Default for Bound {
    fn default() -> Self {
        Self { held: 0, most: MOST }
    }
}

impl Bound {
    /// Counts what is kept.
    pub(crate) async fn of(session: &Session) -> Result<Self, Trouble> {
        Ok(Self { held: held(session).await?, most: MOST })
    }

    /// Counts what was added, in bytes.
    pub(crate) fn add(&mut self, bytes: i64) {
        self.held += bytes;
    }

    pub(crate) const fn is_over(&self) -> bool {
        self.held > self.most
    }

    /// Forgets the oldest, within the transaction in which the leader's row is locked.
    pub(crate) async fn tend(&mut self, session: &Session) -> Result<(), Trouble> {
        let excess = held(session).await? - self.most + self.most / SLICES;
        let oldest = "SELECT min(after) FROM (
                SELECT after, sum(coalesce(octet_length(body), 0) + $1::bigint)
                    OVER (ORDER BY after) AS so_far
                FROM tidegate.change) AS summed
            WHERE so_far >= $2::bigint";
        if let Some(last) = session.value::<Option<i64>>(WHAT, oldest, &[&ROW, &excess]).await? {
            let sql = format!(
                "DELETE FROM tidegate.change WHERE after <= {last};
                 UPDATE tidegate.change_begin SET sequence = {last}"
            );
            session.run("no old change was forgotten", &sql).await?;
        }
        self.held = held(session).await?;
        Ok(())
    }
}

async fn held(session: &Session) -> Result<i64, Trouble> {
    let sum = "SELECT coalesce(sum(coalesce(octet_length(body), 0) + $1::bigint), 0)::bigint
        FROM tidegate.change";
    session.value(WHAT, sum, &[&ROW]).await
}
