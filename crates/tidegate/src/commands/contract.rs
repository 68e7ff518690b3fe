//! Contracts between services: verified, told, and asked whether a version may be deployed.

mod matrix;
mod verify;

use std::{fs, io::Read as _, path::Path, process::ExitCode};

use tidegate_contract::Pact;
use tidegate_http_client::header::{HeaderName, HeaderValue};
use tidegate_provider::MatrixFile;

use crate::{
    args::{ContractCommand, Global},
    error::{CliError, ErrorKind},
    place::Place,
};

/// Runs what the command line says of contracts.
pub(crate) async fn run(global: &Global, command: &ContractCommand) -> Result<ExitCode, CliError> {
    match command {
        ContractCommand::Verify(args) => verify::run(global, args).await,
        ContractCommand::Publish(args) => matrix::publish(global, args),
        ContractCommand::Matrix(args) => matrix::show(global, args),
        ContractCommand::CanIDeploy(args) => matrix::can_i_deploy(global, args),
        ContractCommand::RecordDeployment(args) => matrix::record(global, args),
    }
}

/// The matrix of the data folder.
fn file(global: &Global) -> Result<MatrixFile, CliError> {
    let place = Place::find(global)?;
    Ok(MatrixFile::at(place.folder().join("contracts").join("matrix.jsonl")))
}

/// A contract and the hash of what it says.
struct Known {
    pact: Pact,
    hash: String,
}

/// Every contract; all that is wrong in any of them is told at once.
fn contracts(paths: &[std::path::PathBuf]) -> Result<Vec<Known>, CliError> {
    let mut known = Vec::new();
    let mut problems = Vec::new();
    for path in paths {
        let name = path.display().to_string();
        let bytes = bounded(path, tidegate_pact::MOST_BYTES)?;
        match tidegate_pact::read(&name, &bytes) {
            Ok(pact) => known.push(Known { pact, hash: hash(&bytes)? }),
            Err(problem) => problems.push(problem.to_string()),
        }
    }
    if problems.is_empty() {
        return Ok(known);
    }
    let message = format!("contracts cannot be read\n{}", problems.join("\n"));
    Err(CliError::new(ErrorKind::Unreadable, message))
}

fn hash(bytes: &[u8]) -> Result<String, CliError> {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    tidegate_pact::content_hash(text)
        .map_err(|problem| CliError::failed("a contract is no JSON").because(&problem))
}

/// What is in a file, and one byte more than may be.
pub(super) fn bounded(path: &Path, most: usize) -> Result<Vec<u8>, CliError> {
    let mut bytes = Vec::new();
    let read =
        fs::File::open(path).and_then(|file| file.take(most as u64 + 1).read_to_end(&mut bytes));
    read.map_err(|problem| {
        let message = format!("{} cannot be read", path.display());
        CliError::new(ErrorKind::Unreadable, message).because(&problem)
    })?;
    Ok(bytes)
}

/// Headers as they are written on the command line; no error shows a value.
pub(super) fn headers(texts: &[String]) -> Result<Vec<(HeaderName, HeaderValue)>, CliError> {
    let header = |text: &String| {
        let (name, value) = text.split_once(':')?;
        let name = HeaderName::try_from(name.trim()).ok()?;
        let mut value = HeaderValue::from_str(value.trim()).ok()?;
        value.set_sensitive(true);
        Some((name, value))
    };
    let wrong = || CliError::new(ErrorKind::Usage, "a header is written as \"NAME: VALUE\"");
    texts.iter().map(|text| header(text).ok_or_else(wrong)).collect()
}
