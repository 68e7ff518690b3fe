//! The command line.

mod access;
mod analysis_run;
mod backup;
mod contract;
mod dora;
mod experiment;
mod judge;
mod ledger;
mod notify;
mod oidc;
mod release;
mod report;
mod rollout;
mod server;
mod tls;
mod workflow;
mod workflow_run;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

pub(crate) use access::{
    AccessCommand, AccountCommand, AddArgs, BindArgs, CanIArgs, TokenArgs, TokenCommand,
};
pub(crate) use analysis_run::AnalysisRunCommand;
pub(crate) use backup::{BackupArgs, BackupCommand, CheckArgs, KeyArgs, KeygenArgs, RestoreArgs};
pub(crate) use contract::{
    CanIDeployArgs, ContractCommand, ContractVerifyArgs, MatrixArgs, PublishArgs,
    RecordDeploymentArgs, ResendArgs,
};
pub(crate) use dora::DoraArgs;
pub(crate) use experiment::{ExperimentArgs, ExperimentCommand};
pub(crate) use judge::{
    ConcurrentArg, JudgeArgs, JudgeCommand, KayentaArgs, RecordingArgs, ReplayArgs, ShapeArg,
    ThemeArg, UnitArg,
};
pub(crate) use ledger::{
    ExportArgs, ExportFormat, LedgerCommand, OfflineArgs, ShowArgs, VerifyArgs,
};
pub(crate) use notify::{NotifyCommand, TemplateArgs, TestArgs};
pub(crate) use oidc::OidcArgs;
pub(crate) use release::{ChangeArgs, PushArgs, ReleaseArgs, ReleaseCommand};
pub(crate) use report::{ReportCommand, ReportCompareArgs, ReportHowArgs, ReportShowArgs};
use rollout::rollout_name;
pub(crate) use rollout::{
    AbortArgs, ActArgs, DiffArgs, ImageArgs, NameArgs, OverrideArgs, PromoteArgs, RolloutCommand,
    StatusArgs, UndoArgs, WatchArgs,
};
pub(crate) use server::{DemoArgs, LogFormat, RouterArgs, RouterKind, RuntimeKind, ServerArgs};
pub(crate) use tls::TlsArgs;
pub(crate) use workflow::{WorkflowCommand, WorkflowListArgs, WorkflowValidateArgs};
pub(crate) use workflow_run::RunArgs;

use crate::exit;

/// Takes a change to all of its users, and takes it back by itself when it hurts.
#[derive(Debug, Parser)]
#[command(name = "tidegate", version, after_help = exit::help())]
#[command(
    subcommand_required = true,
    arg_required_else_help = true,
    disable_help_subcommand = true
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// The server's data folder [default: `$TIDEGATE_DATA`, else /var/lib/tidegate for root and
    /// ~/.local/share/tidegate for others]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// The server's address, such as 127.0.0.1:7420 or `https://tidegate.example.com` [default: the one in
    /// DIR/server.json]
    #[arg(long, global = true, value_name = "ADDRESS")]
    pub(crate) server: Option<String>,
    /// Trust the servers whose certificates are of these authorities, in PEM, beside those that this
    /// machine trusts [default: `$TIDEGATE_CA_FILE`]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,
    /// The file with the server's token, or with one of an account [default: `$TIDEGATE_TOKEN`, which is a token
    /// itself, else DIR/token]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// The namespace of what is named
    #[arg(short, long, global = true, value_name = "NAME", default_value = "default")]
    pub(crate) namespace: String,
    /// How to print what was asked for: as columns, as more columns, or as all that is known
    #[arg(short, long, global = true, value_name = "FORMAT", default_value = "table")]
    pub(crate) output: Format,
    /// When to use colours; `NO_COLOR` is honoured
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: ColorWhen,
}

/// How to print what was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    // For people.
    Table,
    // For people, with more columns.
    Wide,
    // For programs.
    Json,
    // For both.
    Yaml,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorWhen {
    // On a terminal.
    Auto,
    // Even into a file or pipe.
    Always,
    // Not at all.
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make resources as they are written in files
    Apply(ApplyArgs),
    /// Take resources away; the replicas of rollouts and experiments are drained first
    Delete(DeleteArgs),
    /// Show resources: rollouts, experiments, analysisruns, deployments, services, analysistemplates, configmaps, secrets
    Get(GetArgs),
    /// Look at, follow and steer a rollout
    #[command(subcommand)]
    Rollout(RolloutCommand),
    /// Look at and end an experiment
    #[command(subcommand)]
    Experiment(ExperimentCommand),
    /// End an analysis run that was applied by itself; `get analysisruns` shows them
    #[command(subcommand, name = "analysisrun")]
    AnalysisRun(AnalysisRunCommand),
    /// Print what the replicas of a rollout wrote
    Logs(LogsArgs),
    /// Check files without a server: every problem at once, each with its place and its mend
    Validate(ValidateArgs),
    /// Check and list GitHub workflows, without GitHub
    #[command(subcommand)]
    Workflow(WorkflowCommand),
    /// Judge what was recorded, with no rollout and no server: exit code 0 no worse, 1 worse, 3 inconclusive
    Judge(Box<JudgeArgs>),
    /// Find the next version from Conventional Commits, write changelog and version files, commit and tag
    #[command(subcommand)]
    Release(ReleaseCommand),
    /// Hold providers to the contracts of their consumers, and ask what may be deployed
    #[command(subcommand)]
    Contract(ContractCommand),
    /// Send a recording to two revisions, and tell what their answers differ in (exit code 1 if in anything)
    Replay(Box<ResendArgs>),
    /// Run the control plane, and the router beside it
    Server(Box<ServerArgs>),
    /// Run the data plane; the server starts one by itself
    Router(RouterArgs),
    /// Stop the server, those that stand by, the router and all replicas of a data folder
    Down,
    /// See a bad revision taken back by itself, with a sample service
    Demo(DemoArgs),
    /// Check, read and export the record of every decision
    #[command(subcommand)]
    Ledger(LedgerCommand),
    /// See who is told of what, and what could not be delivered
    #[command(subcommand)]
    Notify(NotifyCommand),
    /// Show DORA's five metrics of what was deployed, from the ledger alone
    Dora(DoraArgs),
    /// Show what CI tools wrote of a run, and compare it with the base
    #[command(subcommand)]
    Report(ReportCommand),
    /// Say who may do what: accounts, their tokens and roles
    #[command(subcommand)]
    Access(AccessCommand),
    /// Tell whether one may do something (exit code 1 if not)
    CanI(CanIArgs),
    /// Tell who one is to the server, and with which roles
    Whoami,
    /// Print a link that signs a browser in, once, within a minute
    SignIn,
    /// Back up everything that the server has decided and was told, while it runs or not
    Backup(BackupArgs),
    /// Make a data folder, or what a database has, of a backup
    Restore(RestoreArgs),
    /// Check that all of a data folder, a database or a backup is there and in order (exit code 1 if not)
    Verify(CheckArgs),
    /// Print a script that completes commands in a shell
    Completions(CompletionsArgs),
    /// Print the version of this program and of the server
    Version,
    /// Start a container's process (for the runtime, not for people)
    #[command(hide = true, disable_help_flag = true)]
    InternalExec(InternalExecArgs),
    /// Print the reference of the command line as Markdown
    #[command(hide = true)]
    InternalReference(ReferenceArgs),
}

/// Files with resources.
#[derive(Debug, Args)]
pub(crate) struct ApplyArgs {
    /// A file, a folder with *.yaml, *.yml and *.json files at any depth, or - for standard input;
    /// may be repeated
    #[arg(short, long = "filename", value_name = "PATH", required = true)]
    pub(crate) filename: Vec<PathBuf>,
    /// Only say what it would come to
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Refuse files with objects that would be left alone
    #[arg(long)]
    pub(crate) strict: bool,
}

/// What to take away.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").required(true).args(["kind", "filename"]))]
pub(crate) struct DeleteArgs {
    /// rollout, experiment, analysisrun, deployment, service, analysistemplate, configmap or secret; or KIND/NAME
    pub(crate) kind: Option<String>,
    /// Its name, or several; after KIND/NAME more of that form
    #[arg(value_name = "NAME", conflicts_with = "filename")]
    pub(crate) names: Vec<String>,
    /// All resources of a file, a folder or - for standard input; may be repeated
    #[arg(short, long = "filename", value_name = "PATH")]
    pub(crate) filename: Vec<PathBuf>,
    /// What is not there counts as deleted
    #[arg(long)]
    pub(crate) ignore_not_found: bool,
    /// Only say what would be deleted
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// What to show.
#[derive(Debug, Args)]
pub(crate) struct GetArgs {
    /// rollouts, experiments, analysisruns, deployments, services, analysistemplates, configmaps or secrets, also as singular
    /// or short (ro, exp, svc, at, cm), or KIND/NAME
    pub(crate) kind: String,
    /// Only the one of this name
    pub(crate) name: Option<String>,
    /// In all namespaces
    #[arg(short = 'A', long, conflicts_with = "name")]
    pub(crate) all_namespaces: bool,
}

/// Whose lines to print.
#[derive(Debug, Args)]
pub(crate) struct LogsArgs {
    /// The rollout
    #[arg(value_name = "ROLLOUT", value_parser = rollout_name)]
    pub(crate) name: String,
    /// Only this replica [default: all of them, each line with the replica's name before it]
    #[arg(long, value_name = "ID")]
    pub(crate) replica: Option<String>,
    /// The container [default: the first]
    #[arg(short, long, value_name = "NAME")]
    pub(crate) container: Option<String>,
    /// Go on with what is written from now on
    #[arg(short, long)]
    pub(crate) follow: bool,
    /// How many of the last lines to begin with
    #[arg(long, value_name = "LINES", default_value_t = 100)]
    pub(crate) tail: usize,
}

/// What to check.
#[derive(Debug, Args)]
pub(crate) struct ValidateArgs {
    /// A file, a folder with *.yaml, *.yml and *.json files at any depth, or - for standard input;
    /// may be repeated
    #[arg(short, long = "filename", value_name = "PATH", required = true)]
    pub(crate) filename: Vec<PathBuf>,
    /// Refuse files with objects that would be left alone
    #[arg(long)]
    pub(crate) strict: bool,
}

/// For which shell.
#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    pub(crate) shell: Shell,
}

/// What the runtime wants started.
#[derive(Debug, Args)]
pub(crate) struct InternalExecArgs {
    /// The runtime's own arguments
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) args: Vec<std::ffi::OsString>,
}

/// Which reference to print.
#[derive(Debug, Args)]
pub(crate) struct ReferenceArgs {
    /// Which
    pub(crate) page: ReferencePage,
}

/// A page of the generated reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReferencePage {
    /// Every command with its arguments
    Cli,
    /// Every exit code
    ExitCodes,
    /// Every field of every kind
    Fields,
    /// Every function of `PromQL` and every series
    Promql,
    /// The API as `OpenAPI` has it
    Openapi,
}
