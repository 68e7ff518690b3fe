//! Triggers and templates that are there without any settings. Names are those of Argo Rollouts, so that settings that
//! people have replace them.

use std::collections::BTreeMap;

use crate::{
    MessageTemplate, Reason, Trigger,
    message::{Raw, RawMail, RawSlack},
};

/// A template by its name, its color in Slack, and its sentence.
struct Sentence {
    template: &'static str,
    color: &'static str,
    says: &'static str,
}

const GOOD: &str = "#18be52";
const BAD: &str = "#E01E5A";
const WARNING: &str = "#ECB22E";

/// Which rollout, before what it did.
const NAME: &str = "Rollout {{.rollout.metadata.namespace}}/{{.rollout.metadata.name}}";
/// What is behind a sentence where the ledger gives a reason.
const WHY: &str = "{{with .event.why}}: {{.}}{{end}}";

const fn sentence(template: &'static str, color: &'static str, says: &'static str) -> Sentence {
    Sentence { template, color, says }
}

const fn of(reason: Reason) -> Sentence {
    match reason {
        Reason::RolloutUpdated => sentence(
            "rollout-updated",
            GOOD,
            "has been updated: revision {{.event.detail.revision}} (number {{.event.detail.number}})",
        ),
        Reason::RolloutStepCompleted => sentence(
            "rollout-step-completed",
            GOOD,
            "has completed step {{add .event.detail.index 1}}{{with .rollout.spec.strategy.canary}}{{with .steps}}/{{len .}}{{end}}{{end}}",
        ),
        Reason::RolloutCompleted => sentence(
            "rollout-completed",
            GOOD,
            "has been completed: revision {{.event.detail.revision}} is stable",
        ),
        Reason::RolloutAborted => sentence("rollout-aborted", BAD, "has been aborted"),
        Reason::RolloutPaused => sentence("rollout-paused", WARNING, "has been paused"),
        Reason::RolloutResumed => sentence("rollout-resumed", GOOD, "goes on"),
        Reason::ScalingReplicaSet => sentence(
            "scaling-replicaset",
            GOOD,
            "scales revision {{.event.detail.revision}} from {{.event.detail.from}} to {{.event.detail.to}} replicas",
        ),
        Reason::TrafficWeightUpdated => sentence(
            "traffic-weight-updated",
            GOOD,
            "sends {{.event.detail.to}} % of the requests to revision {{.event.detail.revision}}, before {{.event.detail.from}} %",
        ),
        Reason::AnalysisRunRunning => sentence(
            "analysis-run-running",
            GOOD,
            "has its analysis run {{.event.detail.run}} running",
        ),
        Reason::AnalysisRunSuccessful => sentence(
            "analysis-run-successful",
            GOOD,
            "passed its analysis run {{.event.detail.run}}",
        ),
        Reason::AnalysisRunFailed => {
            sentence("analysis-run-failed", BAD, "failed its analysis run {{.event.detail.run}}")
        }
        Reason::AnalysisRunError => sentence(
            "analysis-run-error",
            WARNING,
            "has its analysis run {{.event.detail.run}} in error",
        ),
        Reason::AnalysisRunInconclusive => sentence(
            "analysis-run-inconclusive",
            WARNING,
            "has its analysis run {{.event.detail.run}} undecided",
        ),
    }
}

pub(crate) fn triggers() -> BTreeMap<String, Trigger> {
    let all = Reason::ALL.into_iter().map(|reason| {
        let trigger = Trigger::sending(of(reason).template, "built in");
        (reason.trigger().to_owned(), trigger)
    });
    all.collect()
}

pub(crate) fn templates() -> BTreeMap<String, MessageTemplate> {
    let all = Reason::ALL.into_iter().filter_map(|reason| {
        let sentence = of(reason);
        // A test reads them all.
        let template = MessageTemplate::of(raw(&sentence)).ok()?;
        Some((sentence.template.to_owned(), template))
    });
    all.collect()
}

fn raw(sentence: &Sentence) -> Raw {
    let says = format!("{NAME} {}", sentence.says);
    let (message, subject) = (format!("{says}{WHY}."), format!("{says}."));
    let slack = RawSlack { attachments: attachment(sentence.color, &says), ..RawSlack::default() };
    let body = format!(
        "{message}\n\nStrategy: {STRATEGY}\n{IMAGES}Ledger entry: {{{{.event.sequence}}}}, at {{{{.event.at}}}}\n"
    );
    Raw { message, email: Some(RawMail { subject, body }), slack: Some(slack), ..Raw::default() }
}

const STRATEGY: &str = "{{if .rollout.spec.strategy.blueGreen}}Blue-green{{else}}Canary{{end}}";
const IMAGES: &str =
    "{{range .rollout.spec.template.spec.containers}}{{.name}}: {{.image}}\n{{end}}";

/// Blocks in an attachment, which has a color: the sentence, what is run, and where to look it up.
fn attachment(color: &str, says: &str) -> String {
    let sentence = says.replacen(
        NAME,
        "Rollout *{{.rollout.metadata.namespace}}/{{.rollout.metadata.name}}*",
        1,
    );
    format!(
        r#"[{{"color": "{color}", "blocks": [
  {{"type": "section", "text": {{"type": "mrkdwn", "text": "{sentence}{why}"}}}},
  {{"type": "section", "fields": [
    {{"type": "mrkdwn", "text": "*Strategy*\n{STRATEGY}"}}{images}
  ]}},
  {{"type": "context", "elements": [{{"type": "mrkdwn", "text": "ledger entry {{{{.event.sequence}}}}, {{{{.event.at}}}}"}}]}}
]}}]"#,
        // What `toJson` makes has quotes around it: a reason may have any signs in it, and none of them ends the text.
        why = r#"{{with .event.why}}\n>{{. | toJson | trimPrefix "\"" | trimSuffix "\""}}{{end}}"#,
        images = r#"{{range $at, $it := .rollout.spec.template.spec.containers}}{{if lt $at 9}},
    {"type": "mrkdwn", "text": "*{{$it.name}}*\n{{$it.image}}"}{{end}}{{end}}"#,
    )
}
