use clap::{Args, Subcommand};
use tidegate_controller::Kind;

#[derive(Debug, Subcommand)]
pub(crate) enum ExperimentCommand {
    /// Show an experiment with its templates, analyses and replicas
    Get(ExperimentArgs),
    /// End an experiment before its time
    Terminate(ExperimentArgs),
}

/// Which experiment.
#[derive(Debug, Args)]
pub(crate) struct ExperimentArgs {
    /// The experiment
    #[arg(value_parser = experiment_name)]
    pub(crate) name: String,
}

/// An experiment's name, or `experiment/NAME` as other commands print it.
fn experiment_name(text: &str) -> Result<String, String> {
    match text.split_once('/') {
        None => Ok(text.to_owned()),
        Some((kind, name)) if kind.parse() == Ok(Kind::Experiment) => Ok(name.to_owned()),
        Some(_) => Err("it is an experiment's name, or experiment/NAME".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::experiment_name;

    #[test]
    fn an_experiment_is_named_as_other_commands_print_it() {
        for text in ["ab", "experiment/ab", "exp/ab"] {
            assert_eq!(experiment_name(text), Ok("ab".to_owned()));
        }
        assert!(experiment_name("rollout/ab").is_err());
    }
}
