//! How a run goes, for people who look at a terminal, and as data: each job's log as a file, and all of it at the end.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use serde::Serialize;
use tidegate_pipeline::{JobName, Watcher};
use tidegate_ports::{Remark, StepLog};
use tidegate_steps::{Ended, StepAt};
use tidegate_workflow::{JobResult, RunState};

use crate::paint::Paint;

/// Remarks that are kept of a run: nobody reads more, and a step can make any number.
const MOST_REMARKS: usize = 1_000;

/// The state of a run is written so often at most, and at its end.
const KEPT_EVERY: Duration = Duration::from_millis(500);

/// What is known of a run.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Record {
    pub(crate) jobs: Vec<JobRecord>,
}

/// What is known of a job.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct JobRecord {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) result: Option<&'static str>,
    pub(crate) seconds: f64,
    pub(crate) log: String,
    pub(crate) steps: Vec<StepRecord>,
    pub(crate) annotations: Vec<Annotation>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) summary: String,
    #[serde(skip)]
    began: Option<Instant>,
}

/// What is known of a step.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct StepRecord {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) outcome: Option<&'static str>,
    pub(crate) conclusion: Option<&'static str>,
    pub(crate) seconds: f64,
    #[serde(skip)]
    number: u32,
    #[serde(skip)]
    began: Option<Instant>,
}

/// A remark of a step.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Annotation {
    level: &'static str,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
}

/// Where all of it goes.
#[derive(Debug)]
pub(crate) struct Screen {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    folder: PathBuf,
    paint: Paint,
    /// Whether a person reads along.
    shows: bool,
    kept: Mutex<Option<Instant>>,
    record: Mutex<Record>,
    places: Mutex<BTreeMap<(usize, usize, u64), usize>>,
}

impl Screen {
    /// Logs go to files in `folder`, and what people read along to standard error or, where `shows` is not set, nowhere.
    pub(crate) fn new(folder: &Path, paint: Paint, shows: bool) -> Self {
        let (record, places, kept) = (Mutex::default(), Mutex::default(), Mutex::default());
        Self {
            shared: Arc::new(Shared {
                folder: folder.to_owned(),
                paint,
                shows,
                kept,
                record,
                places,
            }),
        }
    }

    /// What is known by now.
    pub(crate) fn record(&self) -> Vec<JobRecord> {
        self.shared.record().jobs.clone()
    }
}

fn key(job: &JobName) -> (usize, usize, u64) {
    (job.key.job, job.key.instance, job.generation)
}

impl Shared {
    fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, job: &JobName, change: impl FnOnce(&mut JobRecord)) {
        let place =
            self.places.lock().unwrap_or_else(PoisonError::into_inner).get(&key(job)).copied();
        if let Some(job) = place.and_then(|place| self.record().jobs.get_mut(place).map(|_| place))
        {
            self.record().jobs.get_mut(job).map(change);
        }
    }

    fn show(&self, job: &str, text: &str) {
        if self.shows {
            // Whoever reads along may have gone; the log is in its file.
            let _ = writeln!(
                std::io::stderr().lock(),
                "{} {text}",
                self.paint.dim(&format!("[{job}]"))
            );
        }
    }
}

/// The name of a job as the name of a file.
fn file_name(job: &JobName) -> String {
    let plain = |letter: char| {
        if letter.is_ascii_alphanumeric() || "._-".contains(letter) { letter } else { '_' }
    };
    let name: String = job.id.chars().map(plain).take(100).collect();
    format!("{name}-{}-{}.log", job.key.instance, job.generation)
}

impl Watcher for Screen {
    fn keep(&self, state: &RunState) {
        // Nobody goes on from it after a kill: it is there to be looked at, and a big one takes its time.
        let mut kept = self.shared.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.is_some_and(|kept| kept.elapsed() < KEPT_EVERY) && state.over_at.is_none() {
            return;
        }
        *kept = Some(Instant::now());
        let path = self.shared.folder.join("state.json");
        let beside = self.shared.folder.join("state.json.new");
        // A run goes on when its state cannot be written: what is lost is that it can be looked at.
        if let Ok(text) = serde_json::to_vec(state)
            && fs::write(&beside, text).is_ok()
        {
            let _ = fs::rename(&beside, &path);
        }
    }

    fn job_began(&self, job: &JobName) -> Arc<dyn StepLog> {
        let log = self.shared.folder.join(file_name(job));
        let record = JobRecord {
            id: job.id.clone(),
            name: job.name.clone(),
            result: None,
            seconds: 0.0,
            log: log.display().to_string(),
            steps: vec![],
            annotations: vec![],
            summary: String::new(),
            began: Some(Instant::now()),
        };
        let mut all = self.shared.record();
        let place = all.jobs.len();
        all.jobs.push(record);
        drop(all);
        self.shared.places.lock().unwrap_or_else(PoisonError::into_inner).insert(key(job), place);
        let file = File::create(&log).map(std::io::BufWriter::new).ok();
        Arc::new(Log { shared: self.shared.clone(), job: job.clone(), file: Mutex::new(file) })
    }

    fn step_began(&self, job: &JobName, step: &StepAt) {
        let title = self.shared.paint.bold(&format!("{}{}", "  ".repeat(step.depth), step.title));
        self.shared.show(&job.name, &format!("▶ {title}"));
        self.shared.change(job, |job| {
            job.steps.push(StepRecord {
                id: step.path.clone(),
                name: step.title.clone(),
                outcome: None,
                conclusion: None,
                seconds: 0.0,
                number: step.number,
                began: Some(Instant::now()),
            });
        });
    }

    fn step_ended(&self, job: &JobName, ended: &Ended) {
        let (outcome, conclusion) = (ended.outcome.name(), ended.conclusion.name());
        let mut seconds = 0.0;
        self.shared.change(job, |job| {
            if let Some(step) = job.steps.iter_mut().find(|step| step.number == ended.step.number) {
                step.outcome = Some(outcome);
                step.conclusion = Some(conclusion);
                step.seconds = step.began.map_or(0.0, |began| began.elapsed().as_secs_f64());
                seconds = step.seconds;
            } else {
                job.steps.push(StepRecord {
                    id: ended.step.path.clone(),
                    name: ended.step.title.clone(),
                    outcome: Some(outcome),
                    conclusion: Some(conclusion),
                    seconds: 0.0,
                    number: ended.step.number,
                    began: None,
                });
            }
        });
        let paint = &self.shared.paint;
        let (sign, outcome) = match outcome {
            "success" => (paint.green("✔"), String::new()),
            "failure" => (paint.red("✘"), " failed".to_owned()),
            "cancelled" => (paint.yellow("■"), " cancelled".to_owned()),
            _ => (paint.dim("–"), " skipped".to_owned()),
        };
        self.shared.show(
            &job.name,
            &format!(
                "{sign} {}{outcome} {}",
                ended.step.title,
                paint.dim(&format!("{seconds:.1} s"))
            ),
        );
    }

    fn job_ended(&self, job: &JobName, result: JobResult) {
        self.shared.change(job, |job| {
            job.result = Some(result.name());
            job.seconds = job.began.map_or(0.0, |began| began.elapsed().as_secs_f64());
        });
        self.shared.show(&job.name, &format!("job {}", result.name()));
    }

    fn job_idle(&self, job: &JobName, result: JobResult, errors: &[String]) {
        for error in errors {
            self.shared.show(&job.name, &self.shared.paint.red(&format!("error: {error}")));
        }
        let annotations = errors.iter().map(|error| Annotation {
            level: "error",
            message: error.clone(),
            title: None,
            file: None,
            line: None,
        });
        self.shared.record().jobs.push(JobRecord {
            id: job.id.clone(),
            name: job.name.clone(),
            result: Some(result.name()),
            seconds: 0.0,
            log: String::new(),
            steps: vec![],
            annotations: annotations.collect(),
            summary: String::new(),
            began: None,
        });
    }

    fn asked(&self, environment: &str, reviewers: &[String]) {
        self.shared.show(environment, &format!("waits for approval of {}", reviewers.join(", ")));
    }
}

/// The log of a job, as a file.
struct Log {
    shared: Arc<Shared>,
    job: JobName,
    file: Mutex<Option<std::io::BufWriter<File>>>,
}

impl StepLog for Log {
    fn line(&self, _: &StepAt, text: &str) {
        if let Some(file) = &mut *self.file.lock().unwrap_or_else(PoisonError::into_inner) {
            let written = writeln!(file, "{text}").and_then(|()| file.flush());
            // A full disk loses the log and not the job.
            drop(written);
        }
        if let Some(text) = shown(text) {
            self.shared.show(&self.job.name, &format!("  {text}"));
        }
    }

    fn annotation(&self, _: &StepAt, remark: &Remark) {
        self.shared.change(&self.job, |job| {
            if job.annotations.len() < MOST_REMARKS {
                job.annotations.push(Annotation {
                    level: remark.level,
                    message: remark.message.clone(),
                    title: remark.title.clone(),
                    file: remark.file.clone(),
                    line: remark.line,
                });
            }
        });
    }

    fn summary(&self, _: &StepAt, text: &str) {
        self.shared.change(&self.job, |job| {
            job.summary.push_str(text);
            job.summary.push('\n');
        });
    }
}

/// A line of a log as people read it on a terminal; the end of a group is no line there.
fn shown(text: &str) -> Option<String> {
    let words = [
        ("##[group]", "▼ "),
        ("##[error]", "error: "),
        ("##[warning]", "warning: "),
        ("##[notice]", "notice: "),
        ("##[debug]", "debug: "),
    ];
    if text == "##[endgroup]" {
        return None;
    }
    let marked = |(begin, word): (&str, &str)| Some(format!("{word}{}", text.strip_prefix(begin)?));
    Some(words.into_iter().find_map(marked).unwrap_or_else(|| text.to_owned()))
}
