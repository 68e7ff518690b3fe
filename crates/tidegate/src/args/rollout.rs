use std::{str::FromStr, time::Duration};

use clap::{ArgAction, Args, Subcommand};
use tidegate_controller::Kind;

#[derive(Debug, Subcommand)]
pub(crate) enum RolloutCommand {
    /// Show a rollout with its steps, revisions, traffic, evidence and replicas
    Get(NameArgs),
    /// Wait until a rollout is healthy (exit code 0) or degraded (exit code 1)
    Status(StatusArgs),
    /// Follow a rollout in a live view; q quits
    Watch(WatchArgs),
    /// Go on from a pause, or over the current step
    Promote(PromoteArgs),
    /// Hold a rollout where it is
    Pause(ActArgs),
    /// Let a rollout go on that was paused by hand
    Resume(ActArgs),
    /// Take a rollout back to the stable revision now
    Abort(AbortArgs),
    /// Try an aborted revision again from the first step
    Retry(ActArgs),
    /// Go back to an earlier revision
    Undo(UndoArgs),
    /// Let a rule of a decision no longer count for the revision that is judged
    Override(OverrideArgs),
    /// Replace all replicas, each new one ready before the old one goes
    Restart(ActArgs),
    /// Give containers another image, which makes a new revision
    SetImage(ImageArgs),
    /// List the revisions that can be gone back to
    History(NameArgs),
    /// Show what two revisions differ in
    Diff(DiffArgs),
    /// Show how the answers of a shadowed revision compare with those of the stable one
    Shadow(NameArgs),
}

/// A rollout's name, or `rollout/NAME` as other commands print it.
pub(crate) fn rollout_name(text: &str) -> Result<String, String> {
    match text.split_once('/') {
        None => Ok(text.to_owned()),
        Some((kind, name)) if kind.parse() == Ok(Kind::Rollout) => Ok(name.to_owned()),
        Some(_) => Err("it is a rollout's name, or rollout/NAME".to_owned()),
    }
}

/// Which rollout.
#[derive(Debug, Args)]
pub(crate) struct NameArgs {
    /// The rollout
    #[arg(value_parser = rollout_name)]
    pub(crate) name: String,
}

/// Of which rollout something is asked.
#[derive(Debug, Args)]
pub(crate) struct ActArgs {
    /// The rollout
    #[arg(value_parser = rollout_name)]
    pub(crate) name: String,
    /// Only say what the ledger would be told
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// How to wait.
#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    /// The rollout
    #[arg(value_parser = rollout_name)]
    pub(crate) name: String,
    /// Whether to wait until it has ended; with false the present status is told (exit code 0
    /// unless it is degraded)
    #[arg(short, long, value_name = "BOOL", default_value_t = true, action = ArgAction::Set)]
    #[arg(num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    pub(crate) watch: bool,
    /// How long to wait at most, such as 90s, 5m or 1h; 0 for ever
    #[arg(short, long, value_name = "TIME", default_value = "0", value_parser = duration)]
    pub(crate) timeout: Duration,
}

/// How to follow.
#[derive(Debug, Args)]
pub(crate) struct WatchArgs {
    /// The rollout
    #[arg(value_parser = rollout_name)]
    pub(crate) name: String,
    /// Print a line for each change, as without a terminal
    #[arg(long)]
    pub(crate) no_tui: bool,
}

/// How far to promote.
#[derive(Debug, Args)]
pub(crate) struct PromoteArgs {
    #[command(flatten)]
    pub(crate) act: ActArgs,
    /// Skip all remaining steps, pauses and analyses
    #[arg(long)]
    pub(crate) full: bool,
}

/// Why to abort.
#[derive(Debug, Args)]
pub(crate) struct AbortArgs {
    #[command(flatten)]
    pub(crate) act: ActArgs,
    /// Why, for the ledger
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
}

/// What no longer counts.
#[derive(Debug, Args)]
pub(crate) struct OverrideArgs {
    #[command(flatten)]
    pub(crate) act: ActArgs,
    /// The rule, or judge or prediction; its `override` has to name you
    #[arg(long, value_name = "RULE")]
    pub(crate) rule: String,
    /// Why, for the ledger
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
}

/// Where to go back to.
#[derive(Debug, Args)]
pub(crate) struct UndoArgs {
    #[command(flatten)]
    pub(crate) act: ActArgs,
    /// The revision's number in `rollout history` [default: the stable one while
    /// another is wanted, else the one before it]
    #[arg(long, value_name = "NUMBER")]
    pub(crate) to_revision: Option<u64>,
}

/// Which revisions to compare.
#[derive(Debug, Args)]
pub(crate) struct DiffArgs {
    /// The rollout
    #[arg(value_parser = rollout_name)]
    pub(crate) name: String,
    /// The number in `rollout history` of the revision to compare with [default: the stable one, else
    /// the one before]
    #[arg(long, value_name = "NUMBER")]
    pub(crate) from: Option<u64>,
    /// The number of the revision to compare [default: the wanted one]
    #[arg(long, value_name = "NUMBER")]
    pub(crate) to: Option<u64>,
}

/// Which images to set.
#[derive(Debug, Args)]
pub(crate) struct ImageArgs {
    #[command(flatten)]
    pub(crate) act: ActArgs,
    /// A container and its new image; * stands for all containers
    #[arg(value_name = "CONTAINER=IMAGE", required = true)]
    pub(crate) images: Vec<ImageChange>,
}

/// A container and its new image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ImageChange {
    pub(crate) container: String,
    pub(crate) image: String,
}

impl FromStr for ImageChange {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('=') {
            Some((container, image)) if !container.is_empty() && !image.is_empty() => {
                Ok(Self { container: container.to_owned(), image: image.to_owned() })
            }
            _ => Err("it is written CONTAINER=IMAGE, such as web=ghcr.io/acme/web:2"),
        }
    }
}

/// Reads a time as Argo's CLI takes it: numbers with units, such as `90s`, `1m30s` or `1.5h`; a
/// number alone is seconds.
fn duration(text: &str) -> Result<Duration, &'static str> {
    const WRONG: &str = "a time is a number with a unit (ms, s, m or h), such as 90s or 1m30s";
    let mut seconds = 0.0;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, tail) = rest.split_at(digits);
        let number: f64 = number.parse().map_err(|_| WRONG)?;
        let letters = tail.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(letters);
        seconds += number
            * match unit {
                "ms" => 0.001,
                "s" => 1.0,
                "m" => 60.0,
                "h" => 3600.0,
                "" if number.to_string() == text || text == "0" => 1.0,
                _ => return Err(WRONG),
            };
        rest = tail;
    }
    if text.is_empty() {
        Err(WRONG)
    } else {
        Duration::try_from_secs_f64(seconds).map_err(|_| WRONG)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_as_argo_takes_it() {
        let check = |text: &str, expect: Option<u64>| {
            assert_eq!(duration(text).ok(), expect.map(Duration::from_millis), "{text:?}");
        };
        check("0", Some(0));
        check("90", Some(90_000));
        check("90s", Some(90_000));
        check("1m30s", Some(90_000));
        check("1.5h", Some(5_400_000));
        check("250ms", Some(250));
        for wrong in ["", "s", "1x", "-1s", "1 s", "1m30", "..s"] {
            check(wrong, None);
        }
    }

    #[test]
    fn an_image_change_names_both() {
        let change = "web=ghcr.io/acme/web:2@x=y".parse::<ImageChange>().unwrap();
        assert_eq!(
            (change.container.as_str(), change.image.as_str()),
            ("web", "ghcr.io/acme/web:2@x=y")
        );
        for wrong in ["web", "=x", "web="] {
            assert!(wrong.parse::<ImageChange>().is_err(), "{wrong}");
        }
    }
}
