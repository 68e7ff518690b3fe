use std::time::Duration;

use tidegate_controller::RolloutView;
use tokio::time::{Instant, sleep};

use crate::{
    args::Global,
    client::{Client, Events},
    commands::change::rollout_path,
    error::{CliError, ErrorKind},
};

/// How long a server that went away is waited for: a restart takes less than a second, an upgrade
/// some more.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two tries to reach it.
const PAUSE: Duration = Duration::from_millis(300);

/// Follows a rollout, over restarts of the server.
pub(crate) struct Follow<'a> {
    global: &'a Global,
    name: &'a str,
    client: Client,
    events: Events,
}

impl<'a> Follow<'a> {
    /// Begins; fails at once when there is no such rollout or no server.
    pub(crate) async fn begin(global: &'a Global, name: &'a str) -> Result<Self, CliError> {
        let client = Client::find(global)?;
        let events = client.events(&rollout_path(global, name, "watch")).await?;
        Ok(Self { global, name, client, events })
    }

    /// The next view; none when the rollout is gone. Dropping the future loses nothing.
    pub(crate) async fn next(&mut self) -> Result<Option<RolloutView>, CliError> {
        loop {
            match self.events.next().await {
                Ok(Some(event)) if event.name == "view" => {
                    return serde_json::from_str(&event.data).map(Some).map_err(|error| {
                        CliError::failed("the server's answer cannot be read")
                            .because(&error)
                            .hint("are client and server of the same version? `tidegate version`")
                    });
                }
                Ok(Some(event)) if event.name == "gone" => return Ok(None),
                Ok(Some(_)) => {}
                Ok(None) => self.again(None).await?,
                Err(error) => self.again(Some(error)).await?,
            }
        }
    }

    /// Reaches the server again, wherever it listens by now.
    async fn again(&mut self, broken: Option<crate::client::StreamError>) -> Result<(), CliError> {
        let path = rollout_path(self.global, self.name, "watch");
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            sleep(PAUSE).await;
            let Ok(client) = Client::find_now(self.global) else { continue };
            match client.events(&path).await {
                Ok(events) => {
                    (self.client, self.events) = (client, events);
                    return Ok(());
                }
                Err(error) if error.kind() == ErrorKind::Unreachable => {}
                Err(error) => return Err(error),
            }
        }
        Err(match broken {
            Some(error) => self.client.silent(&error),
            None => self.client.unreachable(),
        })
    }
}
