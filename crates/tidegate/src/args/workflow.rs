use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::workflow_run::RunArgs;

#[derive(Debug, Subcommand)]
pub(crate) enum WorkflowCommand {
    /// Check workflows and actions as GitHub does: all that is wrong at once, with its place (exit code 1 if
    /// anything is)
    Validate(WorkflowValidateArgs),
    /// Show workflows: what starts them, and their jobs
    List(WorkflowListArgs),
    /// Run a workflow on this machine, without GitHub and without containers (exit code 1 if it fails)
    Run(Box<RunArgs>),
    /// Show the actions that Tidegate has itself, for which no Node is started
    Actions,
}

/// What to check.
#[derive(Debug, Args)]
pub(crate) struct WorkflowValidateArgs {
    /// Workflow files, action files (action.yml), folders with such files, or - for standard input; of a folder
    /// with .github/workflows in it, those [default: .github/workflows]
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Refuse what is only warned of too, such as scripts that outsiders can write into
    #[arg(long)]
    pub(crate) strict: bool,
}

/// What to show.
#[derive(Debug, Args)]
pub(crate) struct WorkflowListArgs {
    /// Workflow files, folders with such files, or - for standard input; of a folder with .github/workflows in it,
    /// those [default: .github/workflows]
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
}
