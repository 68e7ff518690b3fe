//! The demonstration.

use std::process::ExitCode;

use crate::{
    args::{DemoArgs, Global},
    error::CliError,
};

/// Shows a bad revision being taken back, with a sample service.
pub(crate) fn run(_global: &Global, _args: &DemoArgs) -> Result<ExitCode, CliError> {
    Err(CliError::failed("not built yet"))
}
