//! Settings as people have them, and what Argo's notifications engine makes of them.
//!
//! `fixtures/strangers/*.json` is what its Go code said: see the README there.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tidegate_ledger::Digest;
use tidegate_notify::{
    Config, Destination, Happening, Message, Scene, Sources, Told, subscriptions, written,
};
use tidegate_units::{ObjectKey, Timestamp};

/// What is not as in Argo's engine, on purpose: `file/what`, and what is said or refused here in its place.
const DIFFERENCES: &[(&str, &str)] = &[
    // Numbers of a manifest that are whole are so here, where Go has floats alone.
    ("odd-values/compare-json-int", "many"),
    ("odd-values/compare-types", ""),
    ("odd-values/printf-wrong", "%!d(string=text) 5 %!v(MISSING) a%!(EXTRA int=1) 5.00 5"),
    // No message has a secret of the Secret in it, and nothing is sent with the name of one that is missing.
    ("secrets/service a", "the Secret has no key \"missing\""),
    ("slack-blocks/bad-attachments", "`slack.attachments` is no JSON"),
    // What is neither built nor in the wide world's hands here is refused by its name.
    ("sprig-functions/not-here", "there is no function `semverCompare`"),
    ("times/to-date", "there is no function `toDate`"),
    ("times/zones", "the zone \"Europe/Berlin\" is not known"),
    ("times/durations", "1h2m5s 2h 1m35s"),
    // Conditions have no methods of times.
    ("times/trigger on-old", "`when`: "),
    ("expressions/trigger on-date", "`date` is not available"),
];

/// The settings and what Argo's engine makes of them, by name.
macro_rules! files {
    ($($name:literal,)*) => {
        &[$((
            $name,
            include_str!(concat!("../fixtures/strangers/", $name, ".yaml")),
            include_str!(concat!("../fixtures/strangers/", $name, ".json")),
        )),*]
    };
}

const FILES: &[(&str, &str, &str)] = files![
    "analysis-runs",
    "catalog-shape",
    "conditions-once-per",
    "default-subscriptions",
    "defined-parts",
    "dotted-names",
    "emails",
    "expressions",
    "listed-subscriptions",
    "odd-values",
    "secrets",
    "slack-blocks",
    "sprig-functions",
    "times",
    "webhooks",
    "white-space",
];

fn yaml(text: &str) -> Result<Value, String> {
    tidegate_manifest::read_yaml("a setting", text).map_err(|problems| problems.to_string())
}

struct Stranger {
    name: String,
    config: Config,
    rollout: Value,
    told: Told,
    argo: Value,
}

fn texts(fields: &Value) -> BTreeMap<String, String> {
    let fields = fields.as_object().into_iter().flatten();
    fields.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect()
}

fn stranger((name, text, argo): &(&str, &str, &str)) -> Stranger {
    let documents: Vec<Value> = text.split("---\n").map(|one| yaml(one).unwrap()).collect();
    let of_kind =
        |kind: &'static str| documents.iter().filter(move |one| one["kind"] == kind).cloned();
    let settings = texts(&of_kind("ConfigMap").next().unwrap()["data"]);
    let secrets = of_kind("Secret").next().map(|one| texts(&one["stringData"])).unwrap_or_default();
    let config = Config::read(&Sources { settings, secrets }, yaml);
    let rollout = of_kind("Rollout").next().unwrap();
    let scene = Scene {
        rollout: rollout.clone(),
        analysis_runs: of_kind("AnalysisRun").collect(),
        ..Scene::default()
    };
    let happening = Happening {
        rollout: ObjectKey::new("shop", rollout["metadata"]["name"].as_str().unwrap()),
        reason: None,
        at: Timestamp::from_millis(1_763_000_000_000),
        sequence: 1,
        hash: Digest::default(),
        detail: Value::Null,
    };
    let told = Told::of(&happening, &scene, &config.context);
    let argo = serde_json::from_str(argo).unwrap();
    Stranger { name: (*name).to_owned(), config, rollout, told, argo }
}

fn strangers() -> Vec<Stranger> {
    FILES.iter().map(stranger).collect()
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Compares, and says what is neither the same nor known to be otherwise.
#[derive(Default)]
struct Compared {
    wrong: Vec<String>,
    same: usize,
}

impl Compared {
    fn check(&mut self, place: &str, argo: &Value, ours: &Value) {
        let known = DIFFERENCES.iter().find(|(known, _)| *known == place);
        match known {
            Some((_, expect)) if argo != ours && shown(ours).contains(expect) => {}
            None if argo == ours => self.same += 1,
            _ => self.wrong.push(format!("{place}\n  Argo: {argo}\n  here: {ours}")),
        }
    }

    #[track_caller]
    fn end(self, at_least: usize) {
        assert!(self.wrong.is_empty(), "{}\n{}", self.wrong.join("\n"), self.wrong.len());
        assert!(self.same >= at_least, "only {} were compared", self.same);
    }
}

#[test]
fn who_is_subscribed_is_as_in_argos_engine() {
    let mut compared = Compared::default();
    for one in strangers() {
        let (all, problems) = subscriptions(&one.config, &one.rollout["metadata"], yaml);
        assert_eq!(problems, Vec::<String>::new(), "{}", one.name);
        // Any other annotation repeats the recipients of the one before it, to no service: nobody means that.
        let mut argo = one.argo["subscriptions"].clone();
        for to in argo.as_object_mut().unwrap().values_mut() {
            to.as_array_mut().unwrap().retain(|to| to["service"] != "");
        }
        argo.as_object_mut().unwrap().retain(|_, to| *to != json!([]));
        compared.check(&one.name, &argo, &json!(all));
    }
    compared.end(16);
}

#[test]
fn conditions_hold_as_in_argos_engine() {
    let mut compared = Compared::default();
    for one in strangers() {
        for (name, argo) in one.argo["triggers"].as_object().into_iter().flatten() {
            let place = format!("{}/trigger {name}", one.name);
            let Some(trigger) = one.config.triggers.get(name) else {
                let problem = one.config.problems.iter().find(|it| it.contains(name.as_str()));
                compared.check(&place, argo, &json!(problem));
                continue;
            };
            for (index, (condition, argo)) in
                trigger.conditions.iter().zip(argo.as_array().unwrap()).enumerate()
            {
                let ours = json!(condition.holds(&one.told).0);
                compared.check(&format!("{place}[{index}]"), &argo["triggered"], &ours);
                assert_eq!(json!(condition.send), argo["templates"], "{place}");
            }
        }
    }
    compared.end(30);
}

/// What a template says that Argo says too, in its fields.
fn said(message: &Message) -> Value {
    let mut all = json!(message);
    let fields = all.as_object_mut().unwrap();
    for (_, part) in fields.iter_mut().filter(|(_, part)| part.is_object()) {
        part.as_object_mut().unwrap().retain(|_, value| !is_nothing(value));
    }
    fields.retain(|_, value| !is_nothing(value));
    all
}

fn is_nothing(value: &Value) -> bool {
    matches!(value, Value::Null | Value::Bool(false)) || value == "" || value == "Post"
}

/// The same of Argo's, whose lists of Slack are texts.
fn argo_said(sent: &Value) -> Value {
    let mut message: Message = serde_json::from_value(json!({
        "message": sent["message"]["message"].as_str().unwrap_or_default(),
        "email": sent["message"].get("email").map(|it| json!({
            "subject": it["subject"].as_str().unwrap_or_default(), "body": it["body"].as_str().unwrap_or_default(),
        })),
        "webhook": sent["message"].get("webhook").cloned().unwrap_or(json!({})),
    }))
    .unwrap();
    if let Some(slack) = sent["message"].get("slack") {
        let list = |name: &str| {
            let text = slack.get(name).and_then(Value::as_str).unwrap_or_default();
            serde_json::from_str(text).unwrap_or(Value::Null)
        };
        let text =
            |name: &str| slack.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        message.slack = Some(tidegate_notify::SlackPart {
            username: text("username"),
            icon: text("icon"),
            attachments: list("attachments"),
            blocks: list("blocks"),
        });
    }
    said(&message)
}

#[test]
fn templates_say_what_argos_engine_says() {
    let mut compared = Compared::default();
    for one in strangers() {
        for sent in one.argo["sent"].as_array().into_iter().flatten() {
            let template = sent["template"].as_str().unwrap();
            let place = format!("{}/{template}", one.name);
            let to: Destination = serde_json::from_value(sent["destination"].clone()).unwrap();
            let ours = written(&one.config, &[template.to_owned()], &one.told, &to);
            match (sent.get("error"), ours) {
                (Some(_), Err(_)) => compared.same += 1,
                (Some(error), Ok(ours)) => compared.check(&place, error, &json!(ours.message)),
                (None, Err(problem)) => {
                    let problem = format!("{problem} {:?}", one.config.problems);
                    compared.check(&place, &argo_said(sent), &json!(problem));
                }
                (None, Ok(ours)) => compared.check(&place, &argo_said(sent), &said(&ours)),
            }
        }
    }
    compared.end(50);
}
