use std::{path::PathBuf, time::Duration};

use clap::{Args, Subcommand, ValueEnum};
use tidegate_analysis::parse_duration;
use tidegate_judge::{Design, Direction, Spending};

/// What to judge: recordings here, or one of the commands below.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct JudgeArgs {
    #[command(subcommand)]
    pub(crate) command: Option<JudgeCommand>,
    #[command(flatten)]
    pub(crate) recordings: RecordingArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum JudgeCommand {
    /// Judge recordings step by step, as if they were happening, and plot the evidence over time
    Replay(Box<ReplayArgs>),
    /// Judge recordings by a canary configuration of Kayenta, as its NetflixACAJudge-v1.0 does: exit code 0 pass, 1 fail, 3 marginal
    Kayenta(KayentaArgs),
}

/// A canary configuration, and what it is to judge.
#[derive(Debug, Args)]
pub(crate) struct KayentaArgs {
    /// The canary configuration, JSON or YAML
    #[arg(long, value_name = "FILE")]
    pub(crate) config: PathBuf,
    /// What is judged: a row an interval, and a column named as each metric; - for standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) canary: PathBuf,
    /// What it is compared with
    #[arg(long, value_name = "FILE")]
    pub(crate) stable: PathBuf,
    /// From this score on it passes [default: as the configuration has it]
    #[arg(long, value_name = "SCORE")]
    pub(crate) pass: Option<f64>,
    /// From this score on it is neither [default: as the configuration has it, else as --pass]
    #[arg(long, value_name = "SCORE")]
    pub(crate) marginal: Option<f64>,
    /// The column with the time
    #[arg(long, value_name = "COLUMN")]
    pub(crate) time: Option<String>,
}

/// Recordings, how to read them and how to judge them.
#[derive(Clone, Debug, Args)]
#[command(
    group = clap::ArgGroup::new("judged").required(true).args(["input", "canary"]),
    group = clap::ArgGroup::new("compared").args(["stable", "history"]).requires("canary")
)]
pub(crate) struct RecordingArgs {
    /// One recording of both, with canary or stable in a column `revision` (or a label); - for standard input
    #[arg(value_name = "FILE")]
    pub(crate) input: Option<PathBuf>,
    /// What is judged: CSV, JSON lines or `OpenMetrics` with timestamps, also packed by gzip; - for standard input
    #[arg(long, value_name = "FILE", requires = "compared")]
    pub(crate) canary: Option<PathBuf>,
    /// What it is compared with
    #[arg(long, value_name = "FILE")]
    pub(crate) stable: Option<PathBuf>,
    /// The canary's own past instead: what came before its first row, by the hour of the week where that is two weeks or more, by the hour of the day where three days
    #[arg(long, value_name = "FILE", conflicts_with_all = ["concurrent", "error_margin", "design"])]
    pub(crate) history: Option<PathBuf>,
    /// A metric that counts, with the change that is harmful: errors, p99=increase, signups=decrease, size=either; may be repeated [default: all, by what their names say]
    #[arg(long, value_name = "NAME[=CHANGE]", value_parser = metric)]
    pub(crate) metric: Vec<(String, Option<Direction>)>,
    /// How likely a canary that is no worse may be called worse, over all metrics and looks together
    #[arg(long, value_name = "SHARE", default_value = "0.01", value_parser = alpha)]
    pub(crate) alpha: f64,
    /// The change that is accepted, as a share of the stable value [default: 0.1; 0.25 where both did not run at the same time]
    #[arg(long, value_name = "SHARE", value_parser = margin)]
    pub(crate) margin: Option<f64>,
    /// How many times as large the odds of an error may be, of requests [default: 1.25]
    #[arg(long, value_name = "RATIO", value_parser = odds)]
    pub(crate) error_margin: Option<f64>,
    /// The quantiles of latency that are compared, of requests [default: 0.5,0.9,0.99]
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = quantile)]
    pub(crate) quantiles: Vec<f64>,
    /// For who knows beforehand how many requests the canary gets, a group-sequential design that looks at so many moments: requests=6000,spending=pocock,looks=5 [default: none; of a design, obrien-fleming and 5]
    #[arg(long, value_name = "PARTS", value_parser = design)]
    pub(crate) design: Option<Design>,
    /// How much of the canary's beginning does not count [default: of latency 2s]
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub(crate) warm_up: Option<Duration>,
    /// Whether both ran at the same time, where their clocks do not say it
    #[arg(long, value_name = "ANSWER", default_value = "auto")]
    pub(crate) concurrent: ConcurrentArg,
    #[command(flatten)]
    pub(crate) columns: ColumnArgs,
}

/// How to read recordings whose header does not tell.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Columns")]
pub(crate) struct ColumnArgs {
    /// What a row is [default: what the header tells]
    #[arg(long, value_name = "SHAPE")]
    pub(crate) shape: Option<ShapeArg>,
    /// The column with the time
    #[arg(long, value_name = "COLUMN")]
    pub(crate) time: Option<String>,
    /// The column that tells how a request ended
    #[arg(long, value_name = "COLUMN")]
    pub(crate) status: Option<String>,
    /// The column that tells how long a request took
    #[arg(long, value_name = "COLUMN")]
    pub(crate) latency: Option<String>,
    /// Its unit [default: what its name tells, else ms]
    #[arg(long, value_name = "UNIT")]
    pub(crate) latency_unit: Option<UnitArg>,
}

/// What to replay, and where to draw it.
#[derive(Debug, Args)]
pub(crate) struct ReplayArgs {
    #[command(flatten)]
    pub(crate) recordings: RecordingArgs,
    /// Draw the plot into this file, as SVG
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
    /// Draw the plot into this file, as PNG
    #[arg(long, value_name = "FILE")]
    pub(crate) png: Option<PathBuf>,
    /// For a light or a dark background
    #[arg(long, value_name = "THEME", default_value = "light")]
    pub(crate) theme: ThemeArg,
    /// How wide the plot is in the terminal, in characters [default: as wide as the terminal, else 100]
    #[arg(long, value_name = "CHARACTERS", value_parser = clap::value_parser!(u16).range(40..=400))]
    pub(crate) width: Option<u16>,
}

/// The colours of a plot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ThemeArg {
    Light,
    Dark,
}

/// Whether both ran at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ConcurrentArg {
    // As the clocks say.
    Auto,
    Yes,
    No,
}

/// What a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ShapeArg {
    Requests,
    Intervals,
}

/// A unit of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum UnitArg {
    S,
    Ms,
    Us,
    Ns,
}

fn metric(text: &str) -> Result<(String, Option<Direction>), String> {
    // The last `=`: names of series have some of their own.
    let Some((name, change)) = text.rsplit_once('=') else {
        return Ok((text.to_owned(), None));
    };
    let direction = match change {
        "increase" => Direction::Increase,
        "decrease" => Direction::Decrease,
        "either" => Direction::Either,
        _ if change.ends_with('}') => return Ok((text.to_owned(), None)),
        _ => return Err(format!("{change:?} is no change: write increase, decrease or either")),
    };
    Ok((name.to_owned(), Some(direction)))
}

fn number(text: &str, allowed: &str, fits: impl Fn(f64) -> bool) -> Result<f64, String> {
    let number = text.parse().ok().filter(|number| fits(*number));
    number.ok_or_else(|| format!("{text:?} is not {allowed}"))
}

fn alpha(text: &str) -> Result<f64, String> {
    number(text, "a probability above 0 and below 0.5", |share| share > 0.0 && share < 0.5)
}

fn margin(text: &str) -> Result<f64, String> {
    number(text, "a share from 0 to 100, such as 0.1", |share| (0.0..=100.0).contains(&share))
}

fn odds(text: &str) -> Result<f64, String> {
    number(text, "a ratio from 1 to 100", |ratio| (1.0..=100.0).contains(&ratio))
}

/// Looks of a design where nothing is said, and the most of them.
const LOOKS: u32 = 5;
const MOST_LOOKS: u32 = 20;

/// A design by its parts, named as in a manifest.
fn design(text: &str) -> Result<Design, String> {
    let (mut requests, mut spending, mut looks) = (None, None, None);
    for part in text.split(',') {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let first = match name.trim() {
            "requests" => requests.replace(whole(value, 1, 1_000_000_000_000)?).is_none(),
            "looks" => looks.replace(whole(value, 1, MOST_LOOKS.into())?).is_none(),
            "spending" => spending.replace(spent(value)?).is_none(),
            _ => return Err(format!("{name:?} is no part: requests, spending and looks are")),
        };
        if !first {
            return Err(format!("{name} is said twice"));
        }
    }
    let requests = requests.ok_or("it needs requests=N, how many the canary gets")?;
    let looks = looks.map_or(Ok(LOOKS), u32::try_from).map_err(|error| error.to_string())?;
    Ok(Design { spending: spending.unwrap_or(Spending::ObrienFleming), requests, looks })
}

fn whole(text: &str, least: u64, most: u64) -> Result<u64, String> {
    let number = text.trim().parse().ok().filter(|number| (least..=most).contains(number));
    number.ok_or_else(|| format!("{text:?} is no whole number from {least} to {most}"))
}

fn spent(text: &str) -> Result<Spending, String> {
    match text.trim() {
        "obrien-fleming" => Ok(Spending::ObrienFleming),
        "pocock" => Ok(Spending::Pocock),
        _ => Err(format!("{text:?} is no way to spend alpha: write obrien-fleming or pocock")),
    }
}

/// A quantile as people write it: 0.9, 90 or p90.
fn quantile(text: &str) -> Result<f64, String> {
    let allowed = "a quantile such as 0.9 or p90";
    let digits = text.trim().trim_start_matches(['p', 'P']);
    let wide = digits.len() < text.trim().len();
    let number = number(digits, allowed, |p| p > 0.0 && p < 100.0)?;
    let share = if wide || number >= 1.0 { number / 100.0 } else { number };
    if (0.001..=0.999_99).contains(&share) {
        Ok(share)
    } else {
        Err(format!("{text:?} is not {allowed}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_named_with_the_change_that_harms() {
        let check = |text: &str, name: &str, direction| {
            assert_eq!(metric(text), Ok((name.to_owned(), direction)), "{text}");
        };
        check("errors", "errors", None);
        check("p99=increase", "p99", Some(Direction::Increase));
        check("up{a=\"b\"}", "up{a=\"b\"}", None);
        check("up{a=\"b\"}=decrease", "up{a=\"b\"}", Some(Direction::Decrease));
        assert!(metric("p99=more").is_err());
    }

    #[test]
    fn numbers_beyond_sense_are_refused() {
        for (text, expect) in [("0.9", 0.9), ("90", 0.9), ("p99.9", 0.999), ("p50", 0.5)] {
            assert!(quantile(text).is_ok_and(|p| (p - expect).abs() < 1e-12), "{text}");
        }
        for text in ["0", "1e-9", "100", "p0", "x", "NaN"] {
            assert!(quantile(text).is_err(), "{text}");
        }
        assert!(alpha("0").is_err() && alpha("0.5").is_err() && alpha("NaN").is_err());
        assert!(margin("-1").is_err() && odds("0.5").is_err());
    }

    #[test]
    fn a_design_is_told_by_its_parts() {
        let check = |text: &str, spending, requests, looks| {
            assert_eq!(design(text), Ok(Design { spending, requests, looks }), "{text}");
        };
        check("requests=6000", Spending::ObrienFleming, 6_000, 5);
        check("looks=1, spending=pocock, requests=7", Spending::Pocock, 7, 1);
        for text in [
            "",
            "6000",
            "looks=5",
            "requests=0",
            "requests=1e3",
            "requests=5,looks=21",
            "requests=5,looks=0",
            "requests=5,spending=even",
            "requests=5,requests=6",
            "requests=5,alpha=0.1",
        ] {
            assert!(design(text).is_err(), "{text}");
        }
    }
}
