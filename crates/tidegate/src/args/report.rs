use std::path::PathBuf;

use clap::{Args, Subcommand};
use tidegate_evidence::Condition;
use tidegate_report::Format;

#[derive(Debug, Subcommand)]
pub(crate) enum ReportCommand {
    /// Show what reports of tests, coverage, scanners, bundlers and benchmarks say
    Show(ReportShowArgs),
    /// Compare reports with those of the base: exit code 1 if a condition of --fail-on holds, 3 if one cannot be told
    Compare(ReportCompareArgs),
}

/// Which reports to show.
#[derive(Debug, Args)]
pub(crate) struct ReportShowArgs {
    /// A report; of what format is seen by its content; - for standard input
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) how: ReportHowArgs,
}

/// What to compare, and what must not be.
#[derive(Debug, Args)]
pub(crate) struct ReportCompareArgs {
    /// Reports of the base; five and more with the same benchmarks are their history
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub(crate) base: Vec<PathBuf>,
    /// Reports of what is to be judged
    #[arg(long, value_name = "FILE", num_args = 1.., required = true)]
    pub(crate) head: Vec<PathBuf>,
    /// The change as a unified diff, as `git diff BASE...HEAD` writes it: what is covered of its lines is told
    #[arg(long, value_name = "FILE")]
    pub(crate) diff: Option<PathBuf>,
    /// What must not be, with commas between or repeated: coverage-fell[=POINTS], branch-coverage-fell[=POINTS],
    /// changed-coverage-below=PERCENT, new-critical, new-high, new-medium, new-low, new-error, new-warning, new-finding,
    /// test-failed, test-broke, test-lost, flaky-test, bundle-grew[=BYTES|=PERCENT%], bundle-over-limit, benchmark-regressed
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub(crate) fail_on: Vec<Condition>,
    /// Of the benchmarks that are called changed, the share that may be so by chance
    #[arg(long, value_name = "SHARE", default_value = "0.05", value_parser = alpha)]
    pub(crate) alpha: f64,
    /// How much slower a benchmark may get, as a share of the base
    #[arg(long, value_name = "SHARE", default_value = "0.05", value_parser = margin)]
    pub(crate) margin: f64,
    #[command(flatten)]
    pub(crate) how: ReportHowArgs,
}

/// How to read reports, and how to tell of them.
#[derive(Debug, Args)]
pub(crate) struct ReportHowArgs {
    /// The format of all files, where their content does not tell: custom-bigger-is-better, junit, lcov, sarif and others
    #[arg(long, value_name = "FORMAT")]
    pub(crate) format: Option<Format>,
    /// The folder that paths are told from [default: the one that this runs in]
    #[arg(long, value_name = "DIR")]
    pub(crate) root: Option<PathBuf>,
    /// How many annotations to make; the worst are
    #[arg(long, value_name = "COUNT", default_value_t = tidegate_evidence::MOST_ANNOTATIONS)]
    pub(crate) annotations: usize,
    /// Print a page of Markdown, as `$GITHUB_STEP_SUMMARY` takes it
    #[arg(long)]
    pub(crate) markdown: bool,
}

fn share(text: &str, allowed: &str, fits: impl Fn(f64) -> bool) -> Result<f64, String> {
    let number = text.parse().ok().filter(|number| fits(*number));
    number.ok_or_else(|| format!("{text:?} is not {allowed}"))
}

fn alpha(text: &str) -> Result<f64, String> {
    share(text, "a probability above 0 and below 0.5", |share| share > 0.0 && share < 0.5)
}

fn margin(text: &str) -> Result<f64, String> {
    share(text, "a share from 0 to 10, such as 0.05", |share| (0.0..=10.0).contains(&share))
}
