use std::{ffi::OsString, path::PathBuf, sync::Arc};

use tidegate_workflow_commands::{Interpreter, Trust};

use crate::{
    cancel::Cancel,
    command_files::CommandFiles,
    environment::{STEP, shown},
    event::StepNumber,
    job::{Job, Variables},
    listener::Listener,
    process::{Bounds, Launch, Ran, Stopped, run},
    shell::{Shell, which},
    step::{Outcome, Step, Work},
};

/// A step while it runs.
pub(crate) struct Running<'a> {
    job: &'a Job,
    step: &'a Step,
    number: StepNumber,
    /// What the workflow named.
    named: Variables,
    all: Variables,
    pub(crate) listener: Listener,
}

/// What is needed to run a step, or why it cannot run.
pub(crate) type Prepared<T> = Result<T, String>;

impl<'a> Running<'a> {
    pub(crate) fn new(job: &'a Job, step: &'a Step, number: StepNumber) -> Self {
        let shared = &job.shared;
        let (named, all) = shared.variables_of(step);
        let trust = Trust::of(|name| all.get(name).map(String::as_str));
        let mut interpreter = Interpreter::new(shown(shared.folders().workspace()), trust);
        if shared.settings.detailed {
            interpreter = interpreter.echoing();
        }
        let listener = Listener::new(Arc::clone(shared), number, job.events.clone(), interpreter);
        Self { job, step, number, named, all, listener }
    }

    /// Nothing, if it was cancelled before it began.
    pub(crate) async fn run(&mut self, cancel: &Cancel) -> Prepared<Option<Ran>> {
        if cancel.is_cancelled() {
            return Ok(None);
        }
        let commands = self.job.shared.folders().commands();
        let files = CommandFiles::create(&commands, self.number.0)
            .map_err(|error| format!("{}: {error}", commands.display()))?;
        let launch = self.launch(&files)?;
        let program = launch.program.display().to_string();
        self.listener.pass_on().await;
        let bounds = Bounds {
            cancel,
            timeout: self.step.timeout,
            patience: self.job.shared.settings.patience,
        };
        let ran = run(launch, &bounds, &mut self.listener).await;
        self.listener.finish();
        files.collect(&mut self.listener);
        ran.map(Some).map_err(|error| format!("{program}: {error}"))
    }

    fn launch(&mut self, files: &CommandFiles) -> Prepared<Launch> {
        for (variable, path) in files.paths() {
            self.all.insert(variable.to_owned(), shown(&path));
        }
        let mark = format!("{}.{}", self.job.shared.settings.id, self.number.0);
        self.all.insert(STEP.to_owned(), mark.clone());
        let command_line = self.command_line();
        self.log_variables();
        let (program, arguments) = command_line?;
        Ok(Launch {
            program,
            arguments,
            variables: std::mem::take(&mut self.all),
            folder: self.folder()?,
            mark: format!("{STEP}={mark}"),
        })
    }

    fn command_line(&mut self) -> Prepared<(PathBuf, Vec<OsString>)> {
        let path = self.all.get("PATH").cloned().unwrap_or_default();
        match &self.step.work {
            Work::Script { text, shell } => self.script(text, shell.as_deref(), &path),
            Work::Node { entry, .. } => {
                self.listener.log(&format!("##[group]{}", self.step.name));
                let node = which("node", &path)
                    .ok_or("node: command not found in PATH. JavaScript actions need Node.js on this machine.")?;
                if !entry.is_file() {
                    return Err(format!("{}: the action has no such file", entry.display()));
                }
                Ok((node, vec![entry.into()]))
            }
            Work::Program { program, arguments } => {
                self.listener.log(&format!("##[group]{}", self.step.name));
                let found = program.to_str().and_then(|name| which(name, &path));
                let found = found
                    .ok_or_else(|| format!("{}: command not found in PATH", program.display()))?;
                Ok((found, arguments.iter().map(Into::into).collect()))
            }
        }
    }

    fn script(
        &mut self,
        text: &str,
        shell: Option<&str>,
        path: &str,
    ) -> Prepared<(PathBuf, Vec<OsString>)> {
        let first = text.trim_start_matches([' ', '\t', '\r', '\n']).split(['\r', '\n']).next();
        self.listener.log(&format!("##[group]Run {}", first.unwrap_or_default()));
        let lines = text.replace("\r\n", "\n");
        for line in lines.trim_end_matches('\n').split('\n') {
            self.listener.log(&format!("\x1b[36;1m{line}\x1b[0m"));
        }
        let shell = Shell::find(shell, path).map_err(|error| error.to_string())?;
        self.listener.log(&format!("shell: {}", shell.shown()));
        let name = format!("step-{}{}", self.number.0, shell.extension());
        let file = self.job.shared.folders().temporary().join(name);
        std::fs::write(&file, shell.prepare(text))
            .map_err(|error| format!("{}: {error}", file.display()))?;
        Ok((shell.program().to_owned(), shell.arguments(&file)))
    }

    fn log_variables(&mut self) {
        if !self.named.is_empty() {
            self.listener.log("env:");
        }
        for (name, value) in &self.named {
            self.listener.log(&format!("  {name}: {value}"));
        }
        self.listener.log("##[endgroup]");
    }

    fn folder(&self) -> Prepared<PathBuf> {
        let workspace = self.job.shared.folders().workspace();
        let folder = self
            .step
            .folder
            .as_ref()
            .map_or_else(|| workspace.to_owned(), |folder| workspace.join(folder));
        let missing = || format!("{}: the working directory is not there", folder.display());
        if folder.is_dir() { Ok(folder) } else { Err(missing()) }
    }

    pub(crate) fn judge(
        &mut self,
        ran: Prepared<Option<Ran>>,
        cancel: &Cancel,
    ) -> (Outcome, Option<i32>) {
        let ran = match ran {
            Ok(Some(ran)) => ran,
            Ok(None) => return (Outcome::Cancelled, None),
            Err(_) if cancel.is_cancelled() => return (Outcome::Cancelled, None),
            Err(why) => {
                self.listener.fail(&[why]);
                return (Outcome::Failure, None);
            }
        };
        let code = Some(ran.code);
        match ran.stopped {
            Some(Stopped::Cancelled) => {
                self.listener.error("The operation was canceled.".to_owned());
                return (Outcome::Cancelled, code);
            }
            Some(Stopped::TimedOut) => {
                let time = self.step.timeout.map(shown_time).unwrap_or_default();
                self.listener
                    .error(format!("The action '{}' has timed out after {time}.", self.step.name));
                return (Outcome::Failure, code);
            }
            None => {}
        }
        // JavaScript actions tell themselves what is wrong.
        if ran.code != 0 && !matches!(self.step.work, Work::Node { .. }) {
            self.listener.error(format!("Process completed with exit code {}.", ran.code));
        }
        let failed = ran.code != 0 || self.listener.report_mut().failed;
        (if failed { Outcome::Failure } else { Outcome::Success }, code)
    }
}

fn shown_time(time: std::time::Duration) -> String {
    match (time.as_secs() / 60, time.as_secs() % 60) {
        (minutes, 0) if time.subsec_nanos() == 0 => format!("{minutes} minutes"),
        _ => format!("{} seconds", time.as_secs_f64()),
    }
}
