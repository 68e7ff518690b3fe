use std::path::PathBuf;

use clap::Args;

/// A run of a workflow on this machine.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// The workflow's file, or its name in .github/workflows without .yml; may be left out where there is one alone
    #[arg(value_name = "WORKFLOW")]
    pub(crate) workflow: Option<PathBuf>,
    /// The event that starts it [default: push if it is started by that, else `workflow_dispatch`, else the first that it names]
    #[arg(short, long, value_name = "NAME")]
    pub(crate) event: Option<String>,
    /// The event's payload, a JSON file as GitHub's webhooks have it [default: what the repository tells]
    #[arg(long, value_name = "FILE")]
    pub(crate) payload: Option<PathBuf>,
    /// Run it also where its filters leave the event out
    #[arg(long)]
    pub(crate) regardless: bool,
    /// An input of `workflow_dispatch`; may be repeated
    #[arg(short, long = "input", value_name = "NAME=VALUE", value_parser = pair)]
    pub(crate) inputs: Vec<(String, String)>,
    /// A variable of the context `vars`; may be repeated
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = pair)]
    pub(crate) vars: Vec<(String, String)>,
    /// A secret, by its name: its value is that of the environment variable of that name; may be repeated
    #[arg(long = "secret", value_name = "NAME")]
    pub(crate) secrets: Vec<String>,
    /// A folder with repositories of actions and workflows, as OWNER/NAME or OWNER/NAME.git; may be repeated
    #[arg(long = "actions", value_name = "DIR")]
    pub(crate) actions: Vec<PathBuf>,
    /// As many jobs run at once [default: as many as the machine has cores]
    #[arg(short = 'j', long = "jobs", value_name = "NUMBER")]
    pub(crate) at_once: Option<usize>,
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write NAME=VALUE".to_owned()),
    }
}
