//! Credentials: entries of Secrets, and the environment of the server.

use std::fmt;

use hyper::header::HeaderValue;
use tidegate_workload::Secret;

pub(crate) const NO_KEYS: &str = "there are no keys of AWS: start the server with \
                                  AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY";
pub(crate) const NO_REGION: &str = "there is no region of AWS: start the server with AWS_REGION";

/// The keys of Datadog.
#[derive(Clone)]
pub(crate) struct Datadog {
    pub(crate) api_key: String,
    pub(crate) app_key: String,
    /// Its URL; where it is empty, Datadog's own.
    pub(crate) address: String,
}

/// The keys of AWS.
#[derive(Clone)]
pub(crate) struct Aws {
    pub(crate) key: String,
    pub(crate) secret: String,
    /// Of keys for a while.
    pub(crate) token: Option<String>,
}

/// What the environment of the server says about the services that metrics ask.
#[derive(Clone, Default)]
pub struct Environment {
    /// The Prometheus for metrics that name no address.
    pub(crate) prometheus: Option<String>,
    pub(crate) datadog: Option<Datadog>,
    pub(crate) aws: Option<Aws>,
    pub(crate) aws_region: Option<String>,
    /// In place of `CloudWatch`'s own URL.
    pub(crate) cloudwatch: Option<String>,
}

/// Neither keys nor addresses: there may be secrets in both.
impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment").finish_non_exhaustive()
    }
}

impl Environment {
    /// Reads the variables that Argo Rollouts and the services' own clients read.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Self {
        let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
        let datadog = || {
            Some(Datadog {
                api_key: variable("DD_API_KEY")?,
                app_key: variable("DD_APP_KEY")?,
                address: variable("DD_ADDRESS").unwrap_or_default(),
            })
        };
        let aws = || {
            Some(Aws {
                key: variable("AWS_ACCESS_KEY_ID")?,
                secret: variable("AWS_SECRET_ACCESS_KEY")?,
                token: variable("AWS_SESSION_TOKEN"),
            })
        };
        Self {
            prometheus: variable("ARGO_ROLLOUTS_PROMETHEUS_ADDRESS"),
            datadog: datadog(),
            aws: aws(),
            aws_region: variable("AWS_REGION").or_else(|| variable("AWS_DEFAULT_REGION")),
            cloudwatch: variable("AWS_ENDPOINT_URL_CLOUDWATCH")
                .or_else(|| variable("AWS_ENDPOINT_URL")),
        }
    }
}

/// An entry of a Secret that has to be there.
pub(crate) fn entry<'a>(secret: &'a Secret, name: &str) -> Result<&'a str, String> {
    let value = secret.data.get(name).map(|value| value.trim()).filter(|value| !value.is_empty());
    value.ok_or_else(|| format!("the Secret {} has no {name}", secret.key))
}

/// The value of a header that nobody may see.
pub(crate) fn header(value: &str) -> Result<HeaderValue, String> {
    let mut value = HeaderValue::from_str(value)
        .map_err(|_| "a key has signs that no header may have".to_owned())?;
    value.set_sensitive(true);
    Ok(value)
}
