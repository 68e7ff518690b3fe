use std::{
    io::Read as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use tidegate_workflow_commands::{
    Annotation, Effect, Interpreter, Level, MOST_MATCHER_BYTES, MOST_MESSAGE_CHARACTERS,
    MatcherSpec, Matchers, Problem, Verdict, read_matchers,
};
use tokio::sync::mpsc::Sender;

use crate::{
    command_files::open,
    event::{Event, LogLine, StepNumber},
    job::Shared,
    lines::{Line, Lines},
    report::Report,
};

/// How much a step may log; what it says after that is heard, and not kept. Nobody reads more, and a loop that never
/// ends must not fill the disk.
pub const MOST_LOG_BYTES: usize = 256 * 1024 * 1024;

/// Hears what one step says, and passes on what others may know of it.
#[derive(Debug)]
pub(crate) struct Listener {
    job: Arc<Shared>,
    step: StepNumber,
    events: Sender<Event>,
    lines: Lines,
    interpreter: Interpreter,
    matchers: Matchers,
    report: Report,
    logged: usize,
    /// What is to be passed on.
    waiting: Vec<Event>,
}

impl Listener {
    pub(crate) fn new(
        job: Arc<Shared>,
        step: StepNumber,
        events: Sender<Event>,
        interpreter: Interpreter,
    ) -> Self {
        let mut matchers = Matchers::new();
        matchers.add(&job.matchers());
        Self {
            job,
            step,
            events,
            lines: Lines::default(),
            interpreter,
            matchers,
            report: Report::default(),
            logged: 0,
            waiting: Vec::new(),
        }
    }

    /// Takes what the step's processes printed. Waits for who reads the events.
    pub(crate) async fn take(&mut self, bytes: &[u8]) {
        let mut lines = std::mem::take(&mut self.lines);
        lines.feed(bytes, |line| self.hear(line));
        self.lines = lines;
        self.pass_on().await;
    }

    /// Nothing more is printed.
    pub(crate) fn finish(&mut self) {
        std::mem::take(&mut self.lines).finish(|line| self.hear(line));
    }

    /// Waits for who reads the events; if nobody does, they are gone.
    pub(crate) async fn pass_on(&mut self) {
        for event in self.waiting.drain(..) {
            let _ = self.events.send(event).await;
        }
    }

    pub(crate) fn into_report(self) -> Report {
        self.report
    }

    pub(crate) fn report_mut(&mut self) -> &mut Report {
        &mut self.report
    }

    fn hear(&mut self, line: Line<'_>) {
        let text = String::from_utf8_lossy(line.bytes);
        if line.cut {
            return self.hear_cut(&text);
        }
        match self.interpreter.hear(&text) {
            Some(effects) => effects.into_iter().for_each(|effect| self.apply(effect)),
            None => self.look(&text),
        }
    }

    /// A command whose end is missing could be half a secret.
    fn hear_cut(&mut self, text: &str) {
        if text.trim_start().starts_with("::") || text.contains("##[") {
            return self.fail(&[
                "A command was longer than a line may be. It was not carried out.".to_owned(),
            ]);
        }
        let masked = self.job.mask_begin(text);
        self.log_masked(format!("{masked} [the rest of the line is left out]"));
    }

    fn look(&mut self, text: &str) {
        let mut given_up = Vec::new();
        let verdict = self.matchers.look(text, &mut given_up);
        for owner in given_up {
            self.job.forget_matcher(&owner);
            let why = format!("Removing issue matcher '{owner}': its pattern takes too long.");
            self.annotate(Annotation::new(Level::Warning, why));
        }
        match verdict {
            Verdict::Text => self.log(text),
            Verdict::Problem(problem) => self.tell(*problem),
        }
    }

    fn tell(&mut self, problem: Problem) {
        let Problem { mut annotation, from_path, line } = problem;
        annotation.file = annotation.file.and_then(|file| self.locate(&file, from_path.as_deref()));
        self.log(&format!("##[{}]{line}", annotation.level.name()));
        self.remember(annotation);
    }

    /// Where a file is in the workspace; nothing of one that is not there or elsewhere.
    fn locate(&self, file: &str, from: Option<&str>) -> Option<String> {
        let base = from.and_then(|from| Path::new(from).parent()).unwrap_or(Path::new(""));
        let workspace = self.job.folders().workspace();
        let path = workspace.join(base).join(file).canonicalize().ok()?;
        let inside = path.strip_prefix(workspace).ok().filter(|_| path.is_file())?;
        Some(inside.to_string_lossy().into_owned())
    }

    fn apply(&mut self, effect: Effect) {
        match effect {
            Effect::Log(text) => self.log(&text),
            Effect::Debug(text) => self.debug(&text),
            Effect::Annotate(annotation) => self.annotate(annotation),
            Effect::Mask(value) => {
                if let Err(error) = self.job.add_mask(&value) {
                    self.fail(&[error.to_string()]);
                }
            }
            Effect::SetOutput { name, value } => drop(self.report.outputs.insert(name, value)),
            Effect::SaveState { name, value } => drop(self.report.state.insert(name, value)),
            Effect::SetVariable { name, value } => drop(self.report.variables.insert(name, value)),
            Effect::AddPath(folder) => self.report.add_path(&folder),
            Effect::AddMatchers(file) => self.add_matchers(&file),
            Effect::RemoveMatcher(owner) => self.remove_matcher(&owner),
            Effect::RemoveMatchersOf(file) => match self.read_matchers(&file) {
                Ok(specs) => specs.iter().for_each(|spec| self.remove_matcher(&spec.owner)),
                Err(why) => self.fail(&[why]),
            },
            Effect::Fail => self.report.failed = true,
        }
    }

    fn add_matchers(&mut self, file: &str) {
        match self.read_matchers(file) {
            Ok(specs) => {
                self.matchers.add(&specs);
                self.job.remember_matchers(&specs);
            }
            Err(why) => self.fail(&[why]),
        }
    }

    fn remove_matcher(&mut self, owner: &str) {
        self.matchers.remove(owner);
        self.job.forget_matcher(owner);
    }

    fn read_matchers(&self, file: &str) -> Result<Vec<MatcherSpec>, String> {
        let path: PathBuf = self.job.folders().workspace().join(file);
        let failed = |error: std::io::Error| format!("{file}: {error}");
        let missing = || format!("{file}: there is no such file of problem matchers");
        let mut opened =
            open(&path, MOST_MATCHER_BYTES as u64).map_err(failed)?.ok_or_else(missing)?;
        let mut bytes = Vec::new();
        opened.read_to_end(&mut bytes).map_err(failed)?;
        read_matchers(&bytes).map_err(|error| format!("{file}: {error}"))
    }

    /// The step fails for this, whatever its program ends with.
    pub(crate) fn fail(&mut self, reasons: &[String]) {
        for reason in reasons {
            self.error(reason.clone());
        }
        self.report.failed = true;
    }

    pub(crate) fn error(&mut self, message: String) {
        self.annotate(Annotation::new(Level::Error, message));
    }

    pub(crate) fn debug(&mut self, text: &str) {
        if self.job.is_detailed() {
            text.lines().for_each(|line| self.log(&format!("##[debug]{line}")));
        }
    }

    fn annotate(&mut self, annotation: Annotation) {
        let line = annotation.log_line();
        self.log(&line);
        self.remember(annotation);
    }

    fn remember(&mut self, mut annotation: Annotation) {
        let masked = self.job.mask(&annotation.message);
        annotation.message = masked.chars().take(MOST_MESSAGE_CHARACTERS).collect();
        annotation.title = annotation.title.map(|title| self.job.mask(&title));
        annotation.file = annotation.file.map(|file| self.job.mask(&file));
        if self.report.annotate(&annotation) {
            self.waiting.push(Event::Annotated { step: self.step, annotation });
        }
    }

    pub(crate) fn summarize(&mut self, text: &str) {
        let lines = text.lines().map(|line| self.job.mask(line));
        self.report.summary = Some(lines.flat_map(|line| [line, "\n".to_owned()]).collect());
    }

    /// A line of the log, which may break into several.
    pub(crate) fn log(&mut self, text: &str) {
        if !text.contains('\n') {
            return self.log_masked(self.job.mask(text));
        }
        // A secret of several lines is masked as a whole before it is broken.
        let masked = self.job.mask(text);
        masked
            .split('\n')
            .for_each(|line| self.log_masked(self.job.mask(line.trim_end_matches('\r'))));
    }

    fn log_masked(&mut self, text: String) {
        let before = self.logged;
        self.logged = before.saturating_add(text.len() + 1);
        let text = match (before > MOST_LOG_BYTES, self.logged > MOST_LOG_BYTES) {
            (false, false) => text,
            (false, true) => format!(
                "##[warning]The log of this step has {MOST_LOG_BYTES} bytes; what follows is left out."
            ),
            (true, _) => return,
        };
        let line = LogLine { at: SystemTime::now(), text };
        match self.waiting.last_mut() {
            Some(Event::Lines { lines, .. }) => lines.push(line),
            _ => self.waiting.push(Event::Lines { step: self.step, lines: vec![line] }),
        }
    }
}
