//! SARIF 2.1.0.

mod message;
mod place;
mod rule;
mod wire;

use std::collections::BTreeMap;

use tidegate_evidence::{
    BaselineState, Finding, Findings, LONGEST_NAME, LONGEST_TEXT, Level, Severity, cut,
};

use self::{place::place_of, rule::Rules};

/// Fingerprints of one finding that are kept. Tools give one or two.
const MOST_FINGERPRINTS: usize = 16;

/// Reads a log: the findings of all its runs.
pub(crate) fn sarif(text: &str) -> Result<Findings, serde_json::Error> {
    let log: wire::Log = serde_json::from_str(text)?;
    Ok(Findings::merged(log.runs.0.iter().map(findings_of)))
}

fn findings_of(run: &wire::Run) -> Findings {
    let rules = Rules::of(run);
    let tool = cut(&run.tool.driver.name, LONGEST_NAME);
    let driver = &run.tool.driver;
    let version = driver.semantic_version.as_deref().or(driver.version.as_deref());
    let shown = version.map_or_else(|| tool.clone(), |version| format!("{tool} {version}"));
    Findings {
        tools: vec![cut(&shown, LONGEST_NAME)],
        findings: run.results.0.iter().filter_map(|own| finding(run, &rules, &tool, own)).collect(),
        incomplete: incomplete(run, &tool),
    }
}

/// What the tool says that kept it from its end.
fn incomplete(run: &wire::Run, tool: &str) -> Vec<String> {
    let mut told = Vec::new();
    if run.external_property_file_references.is_some() {
        told.push(format!("{tool}: parts of the log are in other files, which are not read"));
    }
    for invocation in &run.invocations.0 {
        let errors = invocation.tool_execution_notifications.0.iter();
        let errors = errors.filter(|own| own.level == Some(wire::Level::Error));
        let before = told.len();
        told.extend(errors.map(|own| {
            let text = own.message.text.as_deref().unwrap_or("an error of its own");
            format!("{tool}: {}", cut(text.trim(), LONGEST_NAME))
        }));
        if invocation.execution_successful == Some(false) && told.len() == before {
            let why = invocation.exit_code_description.as_deref();
            told.push(format!(
                "{tool}: {}",
                cut(why.unwrap_or("it did not succeed"), LONGEST_NAME)
            ));
        }
    }
    told
}

/// A result, unless it says that nothing is wrong.
fn finding(run: &wire::Run, rules: &Rules<'_>, tool: &str, own: &wire::Item) -> Option<Finding> {
    use wire::Kind;
    let kind = own.kind.unwrap_or(Kind::Fail);
    if matches!(kind, Kind::Pass | Kind::NotApplicable) {
        return None;
    }
    let (id, rule) = rules.of_result(own);
    let level = match own.level {
        _ if kind != Kind::Fail => Level::None,
        Some(level) => level.into(),
        None => rules.level(&id, rule),
    };
    let score = rule.and_then(|rule| rule.properties.security_severity);
    let (place, snippet) = place_of(run, own);
    let title = rule.and_then(|rule| {
        rule.short_description.as_ref().and_then(|own| own.text.as_deref()).or(rule.name.as_deref())
    });
    let help = rule.and_then(|rule| rule.help_uri.as_deref());
    Some(Finding {
        tool: tool.to_owned(),
        title: cut(title.unwrap_or_default().trim(), LONGEST_NAME),
        level,
        severity: Severity::of(level, score.map(|score| score.0)),
        message: cut(message::text(run, rule, &own.message).trim(), LONGEST_TEXT),
        place,
        snippet: cut(&snippet, LONGEST_TEXT),
        fingerprints: fingerprints(own),
        is_suppressed: own.suppressions.0.iter().any(wire::Suppression::holds),
        baseline: own.baseline_state.map(BaselineState::from),
        // Only what a browser opens by itself without harm.
        help: help.filter(|help| help.starts_with("https://")).map(|help| cut(help, LONGEST_NAME)),
        rule: id,
    })
}

fn fingerprints(own: &wire::Item) -> BTreeMap<String, String> {
    let all = own.fingerprints.iter().chain(&own.partial_fingerprints);
    all.take(MOST_FINGERPRINTS)
        .map(|(name, value)| (cut(name, LONGEST_NAME), cut(value, LONGEST_NAME)))
        .collect()
}
