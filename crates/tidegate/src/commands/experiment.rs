//! What people ask of an experiment.

use std::process::ExitCode;

use serde_json::json;
use tidegate_controller::{ExperimentRunView, ExperimentView};
use tidegate_experiment::Waiting;
use tidegate_units::Timestamp;

use crate::{
    args::{ExperimentArgs, ExperimentCommand, Global},
    client::{Client, escape},
    error::CliError,
    output::Output,
    table::Table,
    times,
};

/// Runs a command about an experiment.
pub(crate) async fn run(
    global: &Global,
    command: &ExperimentCommand,
) -> Result<ExitCode, CliError> {
    match command {
        ExperimentCommand::Get(args) => get(global, args).await,
        ExperimentCommand::Terminate(args) => terminate(global, args).await,
    }
}

fn path(global: &Global, name: &str, what: &str) -> String {
    format!("/v1/namespaces/{}/experiments/{}/{what}", escape(&global.namespace), escape(name))
}

async fn terminate(global: &Global, args: &ExperimentArgs) -> Result<ExitCode, CliError> {
    let path = path(global, &args.name, "terminate");
    Client::find(global)?.post(&path, &json!({})).await?;
    Output::new(global).line(format!("experiment/{} terminated", args.name))?;
    Ok(ExitCode::SUCCESS)
}

async fn get(global: &Global, args: &ExperimentArgs) -> Result<ExitCode, CliError> {
    let view: ExperimentView = Client::find(global)?.get(&path(global, &args.name, "view")).await?;
    let mut output = Output::new(global);
    output.data(&view, |output| {
        output.line(head(&view))?;
        output.line(templates(&view))?;
        if !view.status.runs.is_empty() {
            output.line(format!("\n{}", analyses(&view)))?;
        }
        if !view.replicas.is_empty() {
            output.line(format!("\n{}", replicas(&view)))?;
        }
        Ok(())
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Where it is and what it waits for.
fn head(view: &ExperimentView) -> String {
    let mut lines = vec![
        format!("Name:       {}", view.key.name),
        format!("Namespace:  {}", view.key.namespace),
        format!("Status:     {}", phase(view)),
    ];
    if !view.status.message.is_empty() {
        lines.push(format!("Message:    {}", view.status.message));
    }
    if let Some(at) = view.status.available_at {
        lines.push(format!("Available:  {} ago", times::age(view.at.since(at))));
    }
    lines.extend(
        view.report.waiting.iter().map(|one| format!("Waits for:  {}", waiting(one, view.at))),
    );
    lines.extend(view.violations.iter().map(|one| format!("Refused:    {one}")));
    lines.push(String::new());
    lines.join("\n")
}

fn phase(view: &ExperimentView) -> String {
    if view.deleting { "Deleting".to_owned() } else { view.status.phase.to_string() }
}

fn waiting(one: &Waiting, now: Timestamp) -> String {
    let left = |until: &Timestamp| times::age(until.since(now));
    match one {
        Waiting::Replicas { template, have, need } => {
            format!("replicas of {template}: {have} of {need} available")
        }
        Waiting::Obstacle { template, message } => format!("{template}: {message}"),
        Waiting::Duration { until } => format!("its end, in {}", left(until)),
        Waiting::Analysis { run } => format!("the analysis {run}"),
        Waiting::Termination => "somebody to terminate it".to_owned(),
        Waiting::ScaleDown { template, until } => {
            format!("the replicas of {template} to go, in {}", left(until))
        }
        Waiting::Surplus { template, have, want } => {
            format!("replicas of {template} to go: {have} there, {want} wanted")
        }
    }
}

fn templates(view: &ExperimentView) -> Table {
    let mut table = Table::new(["TEMPLATE", "STATUS", "AVAILABLE", "IMAGES", "SERVICE", "LISTEN"]);
    for template in &view.spec.templates {
        let record = view.status.templates.get(&template.name).cloned().unwrap_or_default();
        let listen = view.services.iter().filter(|one| {
            template.service.as_ref().is_some_and(|name| *one.service.name == **name)
        });
        table.row(vec![
            template.name.clone(),
            record.phase.to_string(),
            format!("{}/{}", record.available, template.replicas),
            view.images.get(&template.name).map(|all| all.join(",")).unwrap_or_default(),
            template.service.clone().unwrap_or_default(),
            listen.map(|one| one.address.to_string()).collect::<Vec<_>>().join(","),
        ]);
    }
    table
}

fn analyses(view: &ExperimentView) -> Table {
    let mut table = Table::new(["ANALYSIS", "STATUS", "REQUIRED", "MEASUREMENTS", "MESSAGE"]);
    for analysis in &view.spec.analyses {
        let Some(record) = view.status.runs.get(&analysis.name) else { continue };
        let run = view.runs.iter().find(|run| Some(&run.spec.name) == record.run.as_ref());
        table.row(vec![
            analysis.name.clone(),
            record.phase.to_string(),
            if analysis.required { "yes" } else { "no" }.to_owned(),
            run.map(measured).unwrap_or_default(),
            record.message.clone(),
        ]);
    }
    table
}

/// Good, bad and undecided measurements of all metrics.
fn measured(run: &ExperimentRunView) -> String {
    let views = run.status.metrics.values();
    let (good, bad) = views.fold((0, 0), |(good, bad), view| {
        (good + view.successful, bad + view.failed + view.inconclusive + view.errors)
    });
    format!("{good} good, {bad} bad")
}

fn replicas(view: &ExperimentView) -> Table {
    let mut table = Table::new(["REPLICA", "TEMPLATE", "STATE", "RESTARTS", "AGE"]);
    for replica in &view.replicas {
        let mut templates = view.spec.templates.iter();
        let template = templates.find(|template| template.revision == replica.revision);
        table.row(vec![
            replica.id.to_string(),
            template.map(|template| template.name.clone()).unwrap_or_default(),
            state(replica.state),
            replica.restarts.to_string(),
            times::age(view.at.since(replica.started_at)),
        ]);
    }
    table
}

fn state(state: tidegate_ports::ReplicaState) -> String {
    let text = format!("{state:?}");
    text.split([' ', '{']).next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use tidegate_experiment::{
        ExperimentSpec, ExperimentStatus, Phase, Report, Template, TemplateRecord,
    };
    use tidegate_units::ObjectKey;

    use super::*;

    fn view() -> ExperimentView {
        let template = |name: &str| Template {
            name: name.to_owned(),
            revision: format!("hash{name}").into(),
            replicas: 1,
            min_ready: std::time::Duration::ZERO,
            service: Some(format!("ab-{name}")),
        };
        let at = Timestamp::from_millis(600_000);
        ExperimentView {
            key: ObjectKey::new("shop", "ab"),
            at,
            created_at: Timestamp::from_millis(0),
            deleting: false,
            spec: ExperimentSpec {
                name: "ab".to_owned(),
                templates: vec![template("a"), template("b")],
                duration: None,
                progress_deadline: std::time::Duration::from_mins(10),
                terminate: false,
                analyses: Vec::new(),
                scale_down_delay: std::time::Duration::ZERO,
            },
            images: [("a".to_owned(), vec!["web:1".to_owned()])].into(),
            report: Report {
                phase: Phase::Running,
                ends_at: None,
                waiting: vec![Waiting::Termination],
            },
            status: ExperimentStatus {
                phase: Phase::Running,
                available_at: Some(Timestamp::from_millis(540_000)),
                templates: [(
                    "a".to_owned(),
                    TemplateRecord { available: 1, ..TemplateRecord::default() },
                )]
                .into(),
                ..ExperimentStatus::default()
            },
            traffic: [].into(),
            runs: Vec::new(),
            replicas: Vec::new(),
            services: Vec::new(),
            violations: Vec::new(),
        }
    }

    #[test]
    fn an_experiment_says_what_it_waits_for() {
        insta::assert_snapshot!(head(&view()), @r"
        Name:       ab
        Namespace:  shop
        Status:     Running
        Available:  60s ago
        Waits for:  somebody to terminate it
        ");
        insta::assert_snapshot!(templates(&view()), @r"
        TEMPLATE   STATUS        AVAILABLE   IMAGES   SERVICE   LISTEN
        a          Progressing   1/1         web:1    ab-a      -
        b          Progressing   0/1         -        ab-b      -
        ");
    }
}
