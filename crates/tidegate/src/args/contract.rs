use std::{path::PathBuf, time::Duration};

use clap::{Args, Subcommand};
use tidegate_http_client::Url;

/// What to do with contracts.
#[derive(Debug, Subcommand)]
pub(crate) enum ContractCommand {
    /// Hold a running provider to the contracts of its consumers (exit code 1 if it breaks one)
    Verify(Box<ContractVerifyArgs>),
    /// Write down that a version of a consumer has these contracts
    Publish(PublishArgs),
    /// Show which versions were held to which contracts, and what came of it
    Matrix(MatrixArgs),
    /// Tell whether a version may be deployed beside what runs in an environment (exit code 1 if not)
    CanIDeploy(CanIDeployArgs),
    /// Write down which version runs in an environment from now on
    RecordDeployment(RecordDeploymentArgs),
}

/// Contracts, and where the provider is.
#[derive(Debug, Args)]
pub(crate) struct ContractVerifyArgs {
    /// Pact files
    #[arg(value_name = "PACT", required = true)]
    pub(crate) pacts: Vec<PathBuf>,
    /// Where the provider runs
    #[arg(long, value_name = "URL", value_parser = Url::parse)]
    pub(crate) provider_url: Url,
    /// Where it is told of the states that it is to be in, by POST [default: they are taken to be so already]
    #[arg(long, value_name = "URL", value_parser = Url::parse)]
    pub(crate) state_url: Option<Url>,
    /// Tell it, too, when a state ends
    #[arg(long, requires = "state_url")]
    pub(crate) state_teardown: bool,
    /// Where it is asked for messages, by POST [default: the provider's address]
    #[arg(long, value_name = "URL", value_parser = Url::parse)]
    pub(crate) message_url: Option<Url>,
    /// Send this header with every request, such as `Authorization: Bearer ...`; may be repeated
    #[arg(long = "header", value_name = "NAME: VALUE")]
    pub(crate) headers: Vec<String>,
    /// How many seconds an answer is waited for
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    pub(crate) timeout: Duration,
    /// How many interactions are played at once; one where states are told
    #[arg(long, value_name = "COUNT", default_value_t = 4)]
    pub(crate) at_once: usize,
    /// The version of the provider
    #[arg(long, value_name = "VERSION", requires = "publish")]
    pub(crate) provider_version: Option<String>,
    /// The version of the consumer, where its contracts were not published before
    #[arg(long, value_name = "VERSION", requires = "publish")]
    pub(crate) consumer_version: Option<String>,
    /// The branch that the provider's version is of
    #[arg(long, value_name = "BRANCH", requires = "publish")]
    pub(crate) branch: Option<String>,
    /// Write into the matrix what came of it
    #[arg(long, requires = "provider_version")]
    pub(crate) publish: bool,
}

/// Contracts of a version.
#[derive(Debug, Args)]
pub(crate) struct PublishArgs {
    /// Pact files
    #[arg(value_name = "PACT", required = true)]
    pub(crate) pacts: Vec<PathBuf>,
    /// The version of the consumer
    #[arg(long, value_name = "VERSION")]
    pub(crate) consumer_version: String,
    /// The branch that it is of
    #[arg(long, value_name = "BRANCH")]
    pub(crate) branch: Option<String>,
    /// A tag of it; may be repeated
    #[arg(long = "tag", value_name = "TAG")]
    pub(crate) tags: Vec<String>,
}

/// What of the matrix.
#[derive(Debug, Args)]
pub(crate) struct MatrixArgs {
    /// Only what this service has a part in
    #[arg(long, value_name = "NAME")]
    pub(crate) pacticipant: Option<String>,
}

/// What is to be deployed, and where.
#[derive(Debug, Args)]
pub(crate) struct CanIDeployArgs {
    /// The service
    #[arg(long, value_name = "NAME")]
    pub(crate) pacticipant: String,
    /// Its version
    #[arg(long, value_name = "VERSION")]
    pub(crate) version: String,
    /// The environment
    #[arg(long, value_name = "ENVIRONMENT")]
    pub(crate) to: String,
}

/// What was deployed, and where.
#[derive(Debug, Args)]
pub(crate) struct RecordDeploymentArgs {
    /// The service
    #[arg(long, value_name = "NAME")]
    pub(crate) pacticipant: String,
    /// Its version
    #[arg(long, value_name = "VERSION")]
    pub(crate) version: String,
    /// The environment
    #[arg(long, value_name = "ENVIRONMENT")]
    pub(crate) environment: String,
}

/// What to send again, and to whom.
#[derive(Debug, Args)]
pub(crate) struct ResendArgs {
    /// A recording: HAR 1.2, or `CloudEvents` as JSON lines
    pub(crate) file: PathBuf,
    /// Where the revision runs that everybody knows
    #[arg(long, value_name = "URL", value_parser = Url::parse)]
    pub(crate) base: Url,
    /// Where the revision runs that is to replace it
    #[arg(long, value_name = "URL", value_parser = Url::parse)]
    pub(crate) head: Url,
    /// Do not compare this field, such as body.items[].seen, header.etag or body.*.id; may be repeated
    #[arg(long = "ignore", value_name = "FIELD", value_parser = field)]
    pub(crate) ignored: Vec<String>,
    /// Send this header with every request in place of the recorded one; may be repeated
    #[arg(long = "header", value_name = "NAME: VALUE")]
    pub(crate) headers: Vec<String>,
    /// How many seconds an answer is waited for
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    pub(crate) timeout: Duration,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let number = text.parse::<f64>().ok().filter(|number| *number > 0.0 && *number <= 3600.0);
    number.map(Duration::from_secs_f64).ok_or_else(|| "seconds up to 3600 are expected".to_owned())
}

fn field(text: &str) -> Result<String, String> {
    if tidegate_comparison::is_pattern(text) {
        return Ok(text.to_owned());
    }
    Err("a field is such as status, header.etag or body.items[].price".to_owned())
}
