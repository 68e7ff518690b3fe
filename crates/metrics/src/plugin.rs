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
//! metric's conditions are asked about `value`.
//!
//! A step (`"task": "step"`) is Successful, Failed, Error or Running; Running is one that is not done
//! yet. The program is asked again after `requeueAfter`, such as `"45s"`, if that is above 10 s, else
//! after 30 s, and is given back the `status` that it wrote, whatever that is. The tasks `terminate`
//! and `abort` are made once, with the last `status` of the step and by its `run`.
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
use tidegate_analysis::{Answer, PluginQuery, PluginTask, RunPhase, STEP_STATUS, parse_duration};
use tidegate_condition::Value;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _},
    process::{Child, Command},
};

use tidegate_http_client::MOST_BYTES;

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
    #[serde(default)]
    status: Json,
    #[serde(default, rename = "requeueAfter")]
    requeue_after: Json,
}

/// A step is not asked about more often than this (Argo's `minRequeueDuration`).
const LEAST_REQUEUE: Duration = Duration::from_secs(10);

/// Nor less often than this: a year is as good as never.
const LONGEST_REQUEUE: Duration = Duration::from_hours(24 * 366);

/// So long may the status of a step be, in bytes of JSON: it is written down with each answer.
const MOST_STATUS: usize = 65_536;

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
        "status": query.status,
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
    if said.phase == Some(RunPhase::Error) {
        return Err(said.message);
    }
    let (verdict, again) = match task {
        PluginTask::Metric => (of_metric(&said)?, None),
        PluginTask::Step => of_step(&said)?,
        PluginTask::Terminate | PluginTask::Abort => (Some(of_call(&said)?), None),
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
    if !said.status.is_null() {
        metadata.insert(STEP_STATUS.to_owned(), status(&said.status)?);
    }
    let value = Value::from(&said.value);
    Ok(Answer { value, shown, metadata, verdict, again, ..Answer::default() })
}

fn of_metric(said: &Said) -> Result<Option<RunPhase>, String> {
    match said.phase {
        Some(RunPhase::Pending | RunPhase::Running) => {
            Err("it is not done yet, and ended: a measurement is made in one go".to_owned())
        }
        verdict => Ok(verdict),
    }
}

/// Whether a step is done, and otherwise when to ask again.
fn of_step(said: &Said) -> Result<(Option<RunPhase>, Option<Duration>), String> {
    match said.phase {
        // Neither a success nor a failure, and not the last word.
        Some(RunPhase::Running) => Ok((Some(RunPhase::Inconclusive), requeue(said)?)),
        verdict @ Some(RunPhase::Successful | RunPhase::Failed) => Ok((verdict, None)),
        None => Err("it does not say whether the step is done".to_owned()),
        Some(other) => {
            Err(format!("a step is Running, Successful, Failed or Error, and not {other:?}"))
        }
    }
}

/// What is called for once is done when it ends, unless it says otherwise.
fn of_call(said: &Said) -> Result<RunPhase, String> {
    match said.phase {
        None | Some(RunPhase::Successful) => Ok(RunPhase::Successful),
        // As in Argo Rollouts: nobody asks again.
        Some(RunPhase::Failed | RunPhase::Running) => Ok(RunPhase::Failed),
        Some(other) => Err(format!("a call is Successful, Failed or Error, and not {other:?}")),
    }
}

/// After how long it wants to be asked again, where that is not too soon.
fn requeue(said: &Said) -> Result<Option<Duration>, String> {
    let wrong =
        || format!("requeueAfter is a duration such as \"45s\", and not {}", said.requeue_after);
    let wanted = match &said.requeue_after {
        Json::Null => return Ok(None),
        Json::String(text) => parse_duration(text).map_err(|_| wrong())?,
        Json::Number(seconds) => {
            let seconds = seconds.as_f64().unwrap_or(-1.0);
            Duration::try_from_secs_f64(seconds).map_err(|_| wrong())?
        }
        _ => return Err(wrong()),
    };
    if wanted > LONGEST_REQUEUE {
        return Err(wrong());
    }
    Ok(Some(wanted).filter(|wanted| *wanted > LEAST_REQUEUE))
}

fn status(said: &Json) -> Result<String, String> {
    let text = said.to_string();
    if text.len() > MOST_STATUS {
        return Err(format!("its status has {} bytes; {MOST_STATUS} are kept", text.len()));
    }
    Ok(text)
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
        let inconclusive = "a step is Running, Successful, Failed or Error, and not Inconclusive";
        step(r#"{"phase": "Inconclusive"}"#, Err(inconclusive));
    }

    #[test]
    fn a_step_says_when_it_wants_to_be_asked_again() {
        let found = |text: &str| {
            let said = format!("{{\"phase\": \"Running\", \"requeueAfter\": {text}}}");
            let said = serde_json::from_str(&said).unwrap();
            answer(said, PluginTask::Step).map(|answer| answer.again.map(|it| it.as_millis()))
        };
        assert_eq!(found("\"45s\""), Ok(Some(45_000)));
        assert_eq!(found("\"1m30s\""), Ok(Some(90_000)));
        assert_eq!(found("12.5"), Ok(Some(12_500)));
        // Too soon: as if it had said nothing.
        assert_eq!((found("\"10s\""), found("null")), (Ok(None), Ok(None)));
        for wrong in ["\"soon\"", "-1", "[]"] {
            assert!(found(wrong).unwrap_err().contains("requeueAfter"), "{wrong}");
        }
    }

    #[test]
    fn a_step_is_stopped_or_undone_in_one_go() {
        for task in [PluginTask::Terminate, PluginTask::Abort] {
            let call = |said, expect| of(task, said, expect);
            call("{}", Ok(("", Some(RunPhase::Successful))));
            call(r#"{"phase": "Failed"}"#, Ok(("", Some(RunPhase::Failed))));
            call(r#"{"phase": "Running"}"#, Ok(("", Some(RunPhase::Failed))));
            call(r#"{"phase": "Error", "message": "gone"}"#, Err("gone"));
        }
    }

    #[test]
    fn a_status_is_kept_as_it_is_said_unless_it_is_too_long() {
        let said =
            |status: Json| serde_json::from_value(json!({"phase": "Running", "status": status}));
        let kept = answer(said(json!({"job": 7})).unwrap(), PluginTask::Step).unwrap();
        assert_eq!(kept.metadata[STEP_STATUS], "{\"job\":7}");
        let long = answer(said(json!("x".repeat(MOST_STATUS))).unwrap(), PluginTask::Step);
        assert!(long.unwrap_err().contains("65536 are kept"));
    }
}
