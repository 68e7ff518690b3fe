use std::process::ExitCode;

use serde::Serialize;
use tidegate_contract::{Needed, Verification};
use tidegate_provider::{Asking, Entry, Outcome, Settings, Verdict, verify};

use super::{Known, contracts, file, headers};
use crate::{
    args::{ContractVerifyArgs, Global},
    commands::contract::matrix::failed,
    error::CliError,
    exit,
    output::{Output, tell},
    times::now,
};

/// What came of one contract.
#[derive(Serialize)]
struct Verified {
    consumer: String,
    provider: String,
    success: bool,
    interactions: Vec<Verdict>,
}

/// Holds a provider to contracts.
pub(super) async fn run(global: &Global, args: &ContractVerifyArgs) -> Result<ExitCode, CliError> {
    let known = contracts(&args.pacts)?;
    let settings = Settings {
        provider: args.provider_url.clone(),
        states: args.state_url.clone(),
        teardown: args.state_teardown,
        messages: args.message_url.clone(),
        asking: Asking::new(headers(&args.headers)?, args.timeout),
        at_once: args.at_once,
    };
    let with_states = |it: &Known| it.pact.interactions.iter().any(|one| !one.states.is_empty());
    if settings.states.is_none() && known.iter().any(with_states) {
        tell("note: nobody tells the provider of its states; --state-url URL does\n");
    }
    let mut results = Vec::new();
    for Known { pact, .. } in &known {
        let interactions = verify(pact, &settings).await;
        results.push(Verified {
            consumer: pact.consumer.clone(),
            provider: pact.provider.clone(),
            success: !interactions.iter().any(Verdict::fails),
            interactions,
        });
    }
    if args.publish {
        publish(global, args, &known, &results)?;
    }
    Output::new(global)
        .data(&results, |output| results.iter().try_for_each(|it| show(output, it)))?;
    let good = results.iter().all(|it| it.success);
    Ok(ExitCode::from(if good { exit::OK } else { exit::FAILED }))
}

fn publish(
    global: &Global,
    args: &ContractVerifyArgs,
    known: &[Known],
    results: &[Verified],
) -> Result<(), CliError> {
    let Some(version) = &args.provider_version else { return Ok(()) };
    let at = now();
    let mut entries = Vec::new();
    for (known, result) in known.iter().zip(results) {
        let (consumer, provider) = (result.consumer.clone(), result.provider.clone());
        if let Some(version) = &args.consumer_version {
            entries.push(Entry::Pact(Needed {
                consumer: consumer.clone(),
                version: version.clone(),
                provider: provider.clone(),
                pact: known.hash.clone(),
                branch: None,
                tags: Vec::new(),
                at,
            }));
        }
        entries.push(Entry::Verification(Verification {
            consumer,
            provider,
            version: version.clone(),
            pact: known.hash.clone(),
            success: result.success,
            branch: args.branch.clone(),
            tags: Vec::new(),
            at,
        }));
    }
    file(global)?.add(&entries).map_err(|problem| failed(&problem))
}

fn show(output: &mut Output, verified: &Verified) -> Result<(), CliError> {
    output.line(format!("{} -> {}", verified.consumer, verified.provider))?;
    for verdict in &verified.interactions {
        let states = verdict.states.join(", ");
        let given = if states.is_empty() { String::new() } else { format!(" (given {states})") };
        let word = match &verdict.outcome {
            Outcome::Kept => "ok",
            _ if verdict.pending => "pending",
            Outcome::Broken { .. } => "FAILED",
            Outcome::Unasked { .. } => "ERROR",
        };
        output.line(format!("  {word:7} {}{given}", verdict.description))?;
        match &verdict.outcome {
            Outcome::Kept => {}
            Outcome::Unasked { problem } => output.line(format!("            {problem}"))?,
            Outcome::Broken { mismatches } => {
                for mismatch in mismatches {
                    output.line(format!("            {mismatch}"))?;
                }
            }
        }
    }
    let kept = verified.interactions.iter().filter(|it| it.outcome == Outcome::Kept).count();
    output.line(format!("  {kept} of {} interactions are kept", verified.interactions.len()))
}
