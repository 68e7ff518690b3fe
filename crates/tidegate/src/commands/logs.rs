use std::{collections::BTreeMap, process::ExitCode, time::Duration};

use tidegate_api::NEXT_HEADER;
use tidegate_controller::RolloutView;
use tokio::time::sleep;

use crate::{
    args::{Global, LogsArgs},
    client::{Client, escape},
    commands::change::{get_command, rollout_path},
    error::{CliError, ErrorKind},
    output::Output,
};

/// Between two looks for more.
const PAUSE: Duration = Duration::from_millis(500);

/// Where a replica's log was read up to.
#[derive(Default)]
struct Place {
    next: Option<u64>,
    /// The beginning of a line whose end has not come.
    rest: Vec<u8>,
}

/// Prints what the replicas of a rollout wrote.
pub(crate) async fn run(global: &Global, args: &LogsArgs) -> Result<ExitCode, CliError> {
    let client = Client::find(global)?;
    let mut output = Output::new(global);
    let mut places = BTreeMap::<String, Place>::new();
    loop {
        let replicas = replicas(&client, global, args).await?;
        if replicas.is_empty() && !args.follow {
            return Err(CliError::failed(format!("the rollout {} has no replicas", args.name))
                .hint(format!("`{}` says why", get_command(global, &args.name))));
        }
        let prefixed = args.replica.is_none() && (replicas.len() > 1 || places.len() > 1);
        let mut unread = Vec::new();
        for replica in &replicas {
            let place = places.entry(replica.clone()).or_default();
            let prefix = if prefixed { format!("[{replica}] ") } else { String::new() };
            match drain(&client, args, replica, place, &prefix, &mut output).await {
                // A replica that was there when the list was made may be gone by now.
                Err(error) if args.replica.is_none() && error.kind() == ErrorKind::Failed => {
                    unread.push(error);
                }
                other => other?,
            }
        }
        // Not all of them: it is the question that is wrong, such as the container's name.
        if unread.len() == replicas.len()
            && let Some(error) = unread.pop()
        {
            return Err(error);
        }
        if !args.follow {
            return Ok(ExitCode::SUCCESS);
        }
        sleep(PAUSE).await;
    }
}

/// The replicas that are asked for: one, or all that are there now.
async fn replicas(
    client: &Client,
    global: &Global,
    args: &LogsArgs,
) -> Result<Vec<String>, CliError> {
    if let Some(replica) = &args.replica {
        return Ok(vec![replica.clone()]);
    }
    let view: RolloutView = client.get(&rollout_path(global, &args.name, "view")).await?;
    Ok(view.replicas.iter().map(|replica| replica.id.to_string()).collect())
}

/// So much of one replica's log is printed before the others have their turn: one that writes
/// faster than this prints would keep them from it for ever.
const CHUNKS: usize = 64;

/// Prints what a replica wrote since the last time.
async fn drain(
    client: &Client,
    args: &LogsArgs,
    replica: &str,
    place: &mut Place,
    prefix: &str,
    output: &mut Output,
) -> Result<(), CliError> {
    for _ in 0..CHUNKS {
        let mut path = format!("/v1/logs?replica={}", escape(replica));
        if let Some(container) = &args.container {
            path = format!("{path}&container={}", escape(container));
        }
        let path = match place.next {
            Some(next) => format!("{path}&from={next}"),
            None => format!("{path}&tail={}", args.tail),
        };
        let answer = client.read(&path).await?;
        let next =
            answer.headers.get(NEXT_HEADER).and_then(|text| text.to_str().ok()?.parse().ok());
        // The last lines are up to the end, and what comes later is for who follows.
        let ended = answer.body.is_empty() || next.is_none() || next == place.next || !args.follow;
        place.next = next.or(place.next);
        output.bytes(&whole_lines(place, &answer.body, prefix, !args.follow && ended))?;
        if ended {
            break;
        }
    }
    Ok(())
}

/// The whole lines of what has come, each with the prefix; at the end also one that is not whole.
fn whole_lines(place: &mut Place, bytes: &[u8], prefix: &str, end: bool) -> Vec<u8> {
    place.rest.extend_from_slice(bytes);
    let cut = place.rest.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let tail = place.rest.split_off(cut);
    let mut whole = std::mem::replace(&mut place.rest, tail);
    if end && !place.rest.is_empty() {
        whole.append(&mut place.rest);
        whole.push(b'\n');
    }
    let mut printed = Vec::with_capacity(whole.len());
    for line in whole.split_inclusive(|byte| *byte == b'\n') {
        printed.extend_from_slice(prefix.as_bytes());
        printed.extend_from_slice(line);
    }
    printed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_lines_are_printed_until_the_end() {
        let mut place = Place::default();
        let mut check = |bytes: &str, end: bool, expect: &str| {
            let printed = whole_lines(&mut place, bytes.as_bytes(), "[a] ", end);
            assert_eq!(String::from_utf8(printed).unwrap(), expect);
        };
        check("one\ntw", false, "[a] one\n");
        check("", false, "");
        check("o\n\nthree", false, "[a] two\n[a] \n");
        check("!", true, "[a] three!\n");
        check("", true, "");
    }
}
