use std::time::Duration;

/// What a store does when another server leads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Takeover {
    /// It takes over. The other one is refused from then on, and ends.
    #[default]
    AtOnce,
    /// It waits until nobody leads any more: until the lease of the other one has run out.
    WhenFree,
}

/// How a store behaves towards the database and towards other servers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// When another server leads.
    pub takeover: Takeover,
    /// How people call this server: its machine and its process. It is told to whoever waits.
    pub name: String,
    /// How long what may take.
    pub times: Times,
}

/// How long what may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Times {
    /// To connect to one server of the database, and to sign in.
    pub connect: Duration,
    /// For a statement, as the database counts it.
    pub statement: Duration,
    /// For its answer. Longer, so that the database is the one that gives up, and says so.
    pub answer: Duration,
    /// So long a batch is tried again while the database cannot be reached or takes no writes. A
    /// primary is replaced in some ten seconds; no tick of the controller ends before.
    pub patience: Duration,
    /// So long it is asked what became of a commit whose answer was lost. Longer than the
    /// replacement of a primary takes with common tools, since after it nothing more is written.
    pub doubt: Duration,
    /// For so long nobody who waits takes the lead after the leader was last heard of.
    pub lease: Duration,
    /// How often the leader is heard of when it writes nothing. Several times in a lease, so that one
    /// lost connection does not end it.
    pub renew: Duration,
    /// How often somebody who waits looks.
    pub look: Duration,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            statement: Duration::from_secs(10),
            answer: Duration::from_secs(15),
            patience: Duration::from_secs(20),
            doubt: Duration::from_mins(1),
            lease: Duration::from_secs(10),
            renew: Duration::from_secs(2),
            look: Duration::from_secs(1),
        }
    }
}
