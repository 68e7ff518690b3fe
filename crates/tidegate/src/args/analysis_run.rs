use clap::{Args, Subcommand};
use tidegate_controller::Kind;

#[derive(Debug, Subcommand)]
pub(crate) enum AnalysisRunCommand {
    /// End a run before its time
    Terminate(AnalysisRunArgs),
}

/// Which run.
#[derive(Debug, Args)]
pub(crate) struct AnalysisRunArgs {
    /// The analysis run, one that was applied by itself
    #[arg(value_parser = run_name)]
    pub(crate) name: String,
}

/// A run's name, or `analysisrun/NAME` as other commands print it.
fn run_name(text: &str) -> Result<String, String> {
    match text.split_once('/') {
        None => Ok(text.to_owned()),
        Some((kind, name)) if kind.parse() == Ok(Kind::AnalysisRun) => Ok(name.to_owned()),
        Some(_) => Err("it is an analysis run's name, or analysisrun/NAME".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::run_name;

    #[test]
    fn a_run_is_named_as_other_commands_print_it() {
        for text in ["check", "analysisrun/check", "ar/check"] {
            assert_eq!(run_name(text), Ok("check".to_owned()));
        }
        assert!(run_name("experiment/check").is_err());
    }
}
