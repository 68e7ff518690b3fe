use std::path::PathBuf;

use clap::{Args, Subcommand};
use semver::Version;
use tidegate_conventional::Channel;

/// What to do about the next version.
#[derive(Debug, Subcommand)]
pub(crate) enum ReleaseCommand {
    /// Tell the next version and why, commit by commit
    Next(ReleaseArgs),
    /// Write what changed into the changelog
    Changelog(ChangeArgs),
    /// Write the next version into the files that carry it
    Bump(ChangeArgs),
    /// Commit what changelog and bump wrote, and tag it
    Tag(PushArgs),
    /// Changelog, version files, commit and tag in one
    Make(PushArgs),
}

/// Of what.
#[derive(Debug, Args)]
pub(crate) struct ReleaseArgs {
    /// A folder of the repository
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) path: PathBuf,
    /// Only this component; may be repeated
    #[arg(long, value_name = "NAME")]
    pub(crate) component: Vec<String>,
    /// Pre-releases of this name, such as beta, in place of a release
    #[arg(long, value_name = "NAME", value_parser = channel)]
    pub(crate) channel: Option<Channel>,
    /// This version, whatever the commits ask for
    #[arg(long = "as", value_name = "VERSION")]
    pub(crate) exactly: Option<Version>,
    /// The remote whose page links lead to, and that is pushed to
    #[arg(long, value_name = "NAME", default_value = "origin")]
    pub(crate) remote: String,
}

/// Of what, and whether to do it.
#[derive(Debug, Args)]
pub(crate) struct ChangeArgs {
    #[command(flatten)]
    pub(crate) of: ReleaseArgs,
    /// Only show what would change
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// Of what, whether to do it, and whether others see it.
#[derive(Debug, Args)]
pub(crate) struct PushArgs {
    #[command(flatten)]
    pub(crate) change: ChangeArgs,
    /// Push the branch and the tags, all of them or none
    #[arg(long)]
    pub(crate) push: bool,
}

fn channel(name: &str) -> Result<Channel, String> {
    Channel::new(name)
        .ok_or_else(|| "a name has letters, digits and dashes, and is no number".to_owned())
}
