//! A command beside a container, for a probe or a hook.

use std::time::Duration;

use tidegate_replicas::{TryFailure, within};
use tokio::time::Instant;

use crate::{
    client::{EngineError, Question},
    engine::Engine,
    frames::chunk,
};

/// Between two looks at a command that has ended for us and not yet for the engine.
const LOOK: Duration = Duration::from_millis(50);

/// How long an engine may take to know how a command ended that has closed its outputs.
const END: Duration = Duration::from_secs(5);

/// What an engine says of a command that the container does not have, or may not run.
const NO_COMMAND: [&str; 4] =
    ["not found", "no such file or directory", "permission denied", "exec format error"];

/// Runs a command beside a container, for at most `timeout`, counted from when the engine says that
/// it runs: what the engine itself needs, seconds when it is busy, is nobody's fault. So is it when
/// the engine does not do it at all.
pub(crate) async fn exec(
    engine: &Engine,
    container: &str,
    command: &[String],
    timeout: Duration,
) -> Result<(), TryFailure> {
    let program = command.first().cloned().unwrap_or_default();
    let refused = |error: EngineError| refused(&program, &error);
    let exec = engine.create_exec(container, command).await.map_err(refused)?;
    let start = serde_json::json!({ "Detach": false, "Tty": false });
    let start = Question::post(format!("/exec/{exec}/start")).json(&start);
    let answer = engine.client.stream(start).await.map_err(refused)?;
    let mut body = answer.into_body();
    let output = async { while chunk(&mut body).await.is_some() {} };
    if within(timeout, output).await.is_none() {
        return Err(format!("{program:?} did not end within {timeout:?}").into());
    }
    let begun = Instant::now();
    loop {
        let seen = engine.exec(&exec).await.map_err(refused)?;
        match seen.exit_code {
            // The engine has its end a moment after its outputs'.
            _ if seen.running && begun.elapsed() < END => tokio::time::sleep(LOOK).await,
            _ if seen.running => {
                let why = format!("{program:?} has closed its outputs and runs on");
                return Err(TryFailure::Unknown(why));
            }
            Some(0) => return Ok(()),
            Some(code) => {
                return Err(format!("{program:?} ended with exit code {code}").into());
            }
            None => {
                let why = format!("{program:?}: it is unknown how it ended");
                return Err(TryFailure::Unknown(why));
            }
        }
    }
}

fn refused(program: &str, error: &EngineError) -> TryFailure {
    let why = format!("{program:?}: {error}");
    let text = why.to_lowercase();
    match error {
        EngineError::Refused { status: 400.., .. }
            if NO_COMMAND.iter().any(|words| text.contains(words)) && !error.is_missing() =>
        {
            TryFailure::Failed(why)
        }
        _ => TryFailure::Unknown(why),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_the_containers_own_fault_counts_against_it() {
        let check = |status, message: &str, known: bool| {
            let error = EngineError::Refused { status, message: message.to_owned() };
            assert_eq!(refused("x", &error).is_known(), known, "{message}");
        };
        let runc = "OCI runtime exec failed: exec: \"x\": executable file not found in $PATH";
        check(500, runc, true);
        check(400, runc, true);
        check(404, "no such container: not found", false);
        check(409, "container state improper", false);
        check(500, "write /run/x: no space left on device", false);
        let gone = EngineError::Silent { socket: "/x".into(), why: "not found".to_owned() };
        assert!(!refused("x", &gone).is_known());
    }
}
