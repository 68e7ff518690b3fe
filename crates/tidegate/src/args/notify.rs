use std::path::PathBuf;

use clap::{Args, Subcommand};

/// What to do about notifications.
#[derive(Debug, Subcommand)]
pub(crate) enum NotifyCommand {
    /// Show services, triggers, and who is told of which rollout
    List,
    /// Show what could not be delivered
    DeadLetters,
    /// Have something tried again that could not be delivered
    Retry {
        /// Its id, as `notify dead-letters` shows it
        id: String,
    },
    /// Take something away that could not be delivered
    Discard {
        /// Its id, as `notify dead-letters` shows it
        id: String,
    },
    /// Send a message that tells of nothing, to see whether it arrives
    Test(TestArgs),
    /// Show what a trigger's templates say
    Template(TemplateArgs),
}

/// What is sent to whom.
#[derive(Debug, Args)]
pub(crate) struct TestArgs {
    /// The service, as `notify list` shows it
    pub(crate) service: String,
    /// A channel, addresses of e-mail, or nothing where the service needs none
    #[arg(default_value = "")]
    pub(crate) recipient: String,
    /// What seems to have happened
    #[arg(long, value_name = "TRIGGER", default_value = "on-rollout-completed")]
    pub(crate) trigger: String,
}

/// What is written.
#[derive(Debug, Args)]
pub(crate) struct TemplateArgs {
    /// The trigger, as `notify list` shows it
    pub(crate) trigger: String,
    /// Write it of the rollout in this file [default: an example]
    #[arg(long, value_name = "FILE")]
    pub(crate) from: Option<PathBuf>,
}
