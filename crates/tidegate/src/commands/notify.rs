//! Who is told what, what could not be delivered, and messages to try.

use std::{path::Path, process::ExitCode};

use serde_json::{Value, json};
use tidegate_api::{DeadLettersView, NotificationsView, TrialWish, Tried};
use tidegate_manifest::Kind;

use crate::{
    args::{Global, NotifyCommand, TemplateArgs, TestArgs},
    client::{Client, escape},
    error::{CliError, ErrorKind},
    files::{read_all, read_sources},
    output::Output,
    table::Table,
    times::{age, now},
};

const NOTIFICATIONS: &str = "/v1/notifications";
const DEAD_LETTERS: &str = "/v1/notifications/dead-letters";
const TRIALS: &str = "/v1/notifications/trials";

/// Carries out a command about notifications.
pub(crate) async fn run(global: &Global, command: NotifyCommand) -> Result<ExitCode, CliError> {
    let client = Client::find(global)?;
    let output = Output::new(global);
    match command {
        NotifyCommand::List => list(&client, output).await?,
        NotifyCommand::DeadLetters => dead_letters(&client, output).await?,
        NotifyCommand::Retry { id } => {
            let path = format!("{DEAD_LETTERS}/{}/retry", escape(&id));
            client.post(&path, &json!({})).await?;
            said(output, &id, "is tried again")?;
        }
        NotifyCommand::Discard { id } => {
            if !client.delete(&format!("{DEAD_LETTERS}/{}", escape(&id))).await? {
                return Err(CliError::new(
                    ErrorKind::Failed,
                    format!("there is no dead letter {id}"),
                )
                .hint("`tidegate notify dead-letters` shows those that there are"));
            }
            said(output, &id, "is taken away")?;
        }
        NotifyCommand::Test(args) => test(&client, output, args).await?,
        NotifyCommand::Template(args) => template(&client, output, args).await?,
    }
    Ok(ExitCode::SUCCESS)
}

fn said(mut output: Output, id: &str, what: &str) -> Result<(), CliError> {
    output.data(&json!({"id": id}), |output| output.line(format!("{id} {what}")))
}

async fn list(client: &Client, mut output: Output) -> Result<(), CliError> {
    let all: NotificationsView = client.get(NOTIFICATIONS).await?;
    output.data(&all, |output| {
        let mut services = Table::new(["SERVICE", "KIND", "SERVER"]);
        for service in &all.services {
            let kind = json!(service.kind).as_str().unwrap_or_default().to_owned();
            services.row(vec![service.name.clone(), kind, service.server.clone()]);
        }
        output.line(services)?;
        let mut told = Table::new(["ROLLOUT", "TRIGGER", "SERVICE", "RECIPIENT"]);
        for one in &all.subscriptions {
            told.row(vec![
                format!("{}/{}", one.namespace, one.name),
                one.trigger.clone(),
                one.destination.service.clone(),
                one.destination.recipient.clone(),
            ]);
        }
        output.line(format!("\n{told}"))?;
        let (pending, dead) = (all.pending, all.dead_letters);
        output.line(format!("\n{pending} wait to be delivered, {dead} could not be"))?;
        for problem in &all.problems {
            output.line(format!("not used: {problem}"))?;
        }
        Ok(())
    })
}

async fn dead_letters(client: &Client, mut output: Output) -> Result<(), CliError> {
    let all: DeadLettersView = client.get(DEAD_LETTERS).await?;
    output.data(&all, |output| {
        let now = now();
        let mut table = Table::new([
            "ID",
            "ROLLOUT",
            "TRIGGER",
            "SERVICE",
            "RECIPIENT",
            "TRIES",
            "AGE",
            "REASON",
        ]);
        for one in &all.items {
            table.row(vec![
                one.id.clone(),
                format!("{}/{}", one.namespace, one.name),
                one.trigger.clone(),
                one.destination.service.clone(),
                one.destination.recipient.clone(),
                one.tries.to_string(),
                age(now.since(one.at)),
                one.reason.clone(),
            ]);
        }
        output.line(table)
    })
}

async fn test(client: &Client, mut output: Output, args: TestArgs) -> Result<(), CliError> {
    let TestArgs { service, recipient, trigger } = args;
    let wish = TrialWish {
        service: Some(service.clone()),
        recipient,
        trigger: Some(trigger),
        rollout: None,
    };
    let tried: Tried = client.post(TRIALS, &wish).await?.json()?;
    if let Some(problem) = &tried.problem {
        let told = tried.answer.as_ref().map(|answer| format!("; it answered: {answer}"));
        let told = told.unwrap_or_default();
        return Err(CliError::failed(format!("{service} did not take it: {problem}{told}")));
    }
    output.data(&tried, |output| output.line(format!("{service} took it")))
}

async fn template(client: &Client, mut output: Output, args: TemplateArgs) -> Result<(), CliError> {
    let rollout = args.from.as_deref().map(rollout).transpose()?;
    let wish =
        TrialWish { service: None, recipient: String::new(), trigger: Some(args.trigger), rollout };
    let tried: Tried = client.post(TRIALS, &wish).await?.json()?;
    output.data(&tried, |output| {
        for message in &tried.messages {
            output.line(tidegate_manifest::to_yaml(message).trim_end())?;
        }
        match &tried.problem {
            Some(problem) => output.line(problem),
            None => Ok(()),
        }
    })
}

/// The only rollout of a file.
fn rollout(path: &Path) -> Result<Value, CliError> {
    let read = read_all(&read_sources(&[path.to_owned()])?).map_err(|problems| {
        CliError::failed(format!("{} cannot be read", path.display())).problems(problems)
    })?;
    let mut rollouts =
        read.documents.into_iter().filter(|document| document.resource.kind() == Kind::Rollout);
    let first = rollouts.next().map(|document| document.manifest);
    first.ok_or_else(|| CliError::failed(format!("{} has no Rollout", path.display())))
}
