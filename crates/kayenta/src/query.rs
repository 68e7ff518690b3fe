//! The `PromQL` that a metric is asked in.

use crate::{CanaryConfig, PrometheusQuery, template::expand};

/// What the values of one side are found by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// `${scope}` of templates.
    pub scope: String,
    /// `${location}` of templates; may be empty.
    pub location: String,
}

/// The `PromQL` that Kayenta asks a Prometheus for one side of a metric: what stands after `PromQL:`
/// in its template, or the average of its series, chosen by the template or by the kind of
/// resource. In one sentence what is wrong with it.
pub fn prometheus_query(
    config: &CanaryConfig,
    query: &PrometheusQuery,
    scope: &Scope,
) -> Result<String, String> {
    let filter = filter(config, query, scope)?;
    if let Some(whole) = filter.strip_prefix("PromQL:") {
        return Ok(whole.to_owned());
    }
    if query.metric_name.is_empty() {
        let problem = "the query has no metricName, and no template that begins with PromQL:";
        return Err(problem.to_owned());
    }
    let mut matchers = query.label_bindings.clone();
    if filter.is_empty() {
        matchers.extend(matchers_of_resource(&query.resource_type, scope)?);
    } else {
        matchers.insert(0, filter);
    }
    let by = if query.group_by.is_empty() {
        String::new()
    } else {
        format!(" by ({})", query.group_by.join(","))
    };
    Ok(format!("avg({}{{{}}}){by}", query.metric_name, matchers.join(",")))
}

/// The template of a query, filled in; empty where it has none.
fn filter(config: &CanaryConfig, query: &PrometheusQuery, scope: &Scope) -> Result<String, String> {
    let PrometheusQuery { inline_template, filter_template, resource_type, .. } = query;
    let template = if !inline_template.is_empty() {
        inline_template
    } else if filter_template.is_empty() {
        return Ok(String::new());
    } else {
        config
            .templates
            .get(filter_template)
            .ok_or_else(|| format!("the configuration has no template {filter_template:?}"))?
    };
    let names = [
        ("scope", scope.scope.as_str()),
        ("location", &scope.location),
        ("resourceType", resource_type),
    ];
    let names: Vec<_> = names.into_iter().filter(|(_, value)| !value.is_empty()).collect();
    expand(template, &names).map_err(|problem| format!("template {template:?}: {problem}"))
}

/// The matchers that instances of a cloud are found by, as Kayenta writes them.
fn matchers_of_resource(kind: &str, scope: &Scope) -> Result<Vec<String>, String> {
    let Scope { scope, location } = scope;
    let (instances, zone) = match kind {
        "gce_instance" => (
            format!("instance=~\"{scope}-.{{4}}\""),
            format!("zone=~\".+/zones/{location}-.{{1}}\""),
        ),
        "aws_ec2_instance" => {
            (format!("asg_groupName=\"{scope}\""), format!("zone=~\"{location}.{{1}}\""))
        }
        "" => return Err("the query has neither a template nor a resourceType".to_owned()),
        _ => return Err(format!("no labels are known for the resourceType {kind:?}")),
    };
    if location.is_empty() {
        return Err(format!("the resourceType {kind:?} needs a location (region)"));
    }
    Ok(if scope.is_empty() { vec![zone] } else { vec![instances, zone] })
}
