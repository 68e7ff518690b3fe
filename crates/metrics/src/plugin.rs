//! Programs that measure by themselves: the server is told of each by the name that metrics give it.
//!
//! A program is started for each measurement. It reads one JSON object from its standard input,
//! writes one to its standard output, and ends with 0:
//!
//! ```json
//! {"plugin": "acme/load-test", "task": "metric", "config": {"users": 5},
//!  "asker": {"owner": "default/web", "run": "...", "canary": "...", "stable": "..."}}
//! {"value": 0.25, "phase": "Successful", "message": "", "metadata": {"report": "http://..."}}
//! ```
//!
//! With a `phase` (Successful, Failed, Inconclusive or Error) that is the verdict; without one the
//! metric's conditions are asked about `value`. A step has to have a `phase`; Running stands for one
//! that is not done yet: the program is asked again 15 s later, by the same `run`.
//!
//! It and all that it starts are one process group, which is killed when it ends or is not wanted.

use std::{
    collections::BTreeMap,
    io,
    path::Path,
    pin::pin,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process_group};
use serde::Deserialize;
use serde_json::{Value as Json, json};
use tidegate_analysis::{Answer, PluginQuery, PluginTask, RunPhase};
use tidegate_condition::Value;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _},
    process::{Child, Command},
};

use crate::exchange::MOST_BYTES;

/// So much of what a program says of its failure is told.
const MOST_TOLD: usize = 300;

/// So long what a program wrote is read after its end: what is in the pipe takes no time, and a
/// process that it left behind may hold the pipe for ever.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// What a program answers.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    #[serde(default)]
    value: Json,
    #[serde(default)]
    phase: Option<RunPhase>,
    #[serde(default)]
    message: String,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
}

/// Runs the program once.
pub(crate) async fn measure(program: &Path, query: &PluginQuery) -> Result<Answer, String> {
    let told = |problem: &dyn std::fmt::Display| format!("the plugin {:?}: {problem}", query.name);
    let mut child = Command::new(program)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        // Who no longer wants the answer drops this.
        .kill_on_drop(true)
        .spawn()
        .map_err(|problem| told(&format!("{}: {problem}", program.display())))?;
    let _group = Group::of(&child);
    let question = json!({
        "plugin": query.name,
        "task": query.task,
        "config": query.config,
        "asker": query.asker,
    });
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let talked = talk(&mut child, &question.to_string(), (&mut out, &mut err)).await;
    let ended = talked.map_err(|problem| told(&problem))?;
    if !ended.success() {
        let text = String::from_utf8_lossy(&err);
        let text: String = text.trim().chars().take(MOST_TOLD).collect();
        return Err(told(&format!("it ended with {ended}: {text}")));
    }
    let said: Said = serde_json::from_slice(&out).map_err(|problem| told(&problem))?;
    answer(said, query.task).map_err(|problem| told(&problem))
}

/// A program and all that it started. Dropped, it kills them.
struct Group(Option<Pid>);

impl Group {
    fn of(leader: &Child) -> Self {
        let pid = leader.id().and_then(|pid| i32::try_from(pid).ok());
        Self(pid.and_then(Pid::from_raw))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // It is an error where nobody is left. Numbers are given in turn, so that of a leader which
            // ended a second ago is nobody else's yet.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

/// Asks and listens until the program ends.
async fn talk(
    child: &mut Child,
    question: &str,
    (out, err): (&mut Vec<u8>, &mut Vec<u8>),
) -> io::Result<ExitStatus> {
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let ask = async {
        // One that does not read what it is asked may answer all the same.
        if let Some(mut stdin) = stdin {
            drop(stdin.write_all(question.as_bytes()).await);
        }
    };
    let mut talk = pin!(async { tokio::join!(ask, whole(stdout, out), whole(stderr, err)) });
    tokio::select! {
        ended = child.wait() => {
            drop(tokio::time::timeout(LAST_WORDS, talk).await);
            ended
        }
        _ = &mut talk => child.wait().await,
    }
}

fn answer(said: Said, task: PluginTask) -> Result<Answer, String> {
    let is_step = task == PluginTask::Step;
    let verdict = match said.phase {
        Some(RunPhase::Error) => return Err(said.message),
        // Neither a success nor a failure, and not the last word.
        Some(RunPhase::Pending | RunPhase::Running) if is_step => Some(RunPhase::Inconclusive),
        Some(RunPhase::Pending | RunPhase::Running) => {
            return Err("it is not done yet, and ended: a measurement is made in one go".to_owned());
        }
        None if is_step => return Err("it does not say whether the step is done".to_owned()),
        verdict => verdict,
    };
    let shown = match &said.value {
        Json::Null => String::new(),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    };
    let mut metadata = said.metadata;
    if !said.message.is_empty() {
        metadata.insert("message".to_owned(), said.message);
    }
    let value = Value::from(&said.value);
    Ok(Answer { value, shown, metadata, verdict, ..Answer::default() })
}

/// Takes what it writes, as much as is taken from any server; the rest is thrown away.
async fn whole(from: Option<impl AsyncRead + Unpin>, all: &mut Vec<u8>) {
    if let Some(mut from) = from {
        let limit = u64::try_from(MOST_BYTES).unwrap_or(u64::MAX);
        drop((&mut from).take(limit).read_to_end(all).await);
        drop(tokio::io::copy(&mut from, &mut tokio::io::sink()).await);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(said: &str, expect: Result<(&str, Option<RunPhase>), &str>) {
        of(PluginTask::Metric, said, expect);
    }

    fn of(task: PluginTask, said: &str, expect: Result<(&str, Option<RunPhase>), &str>) {
        let found = serde_json::from_str(said).map_err(|problem| problem.to_string());
        let found =
            found.and_then(|said| answer(said, task)).map(|answer| (answer.shown, answer.verdict));
        let found = found.as_ref().map(|(shown, verdict)| (shown.as_str(), *verdict));
        assert_eq!(found.map_err(String::as_str), expect, "{said}");
    }

    #[test]
    fn an_answer_is_a_value_a_verdict_or_both() {
        check(r#"{"value": 0.5}"#, Ok(("0.5", None)));
        check(r#"{"value": [1, "a"]}"#, Ok((r#"[1,"a"]"#, None)));
        check(r#"{"phase": "Failed", "message": "slow"}"#, Ok(("", Some(RunPhase::Failed))));
        check(r#"{"phase": "Error", "message": "no server"}"#, Err("no server"));
        let running = "it is not done yet, and ended: a measurement is made in one go";
        check(r#"{"phase": "Running"}"#, Err(running));
    }

    #[test]
    fn a_step_says_whether_it_is_done() {
        let step = |said, expect| of(PluginTask::Step, said, expect);
        step(r#"{"phase": "Successful"}"#, Ok(("", Some(RunPhase::Successful))));
        step(r#"{"phase": "Running"}"#, Ok(("", Some(RunPhase::Inconclusive))));
        step(r#"{"value": 1}"#, Err("it does not say whether the step is done"));
    }
}
