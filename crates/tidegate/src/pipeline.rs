//! `workflow run`: a workflow of a repository, run on this machine.

mod event;
mod host;
mod library;
mod native;
mod preflight;
mod screen;

use std::{
    fs,
    io::Write as _,
    net::{Ipv4Addr, SocketAddr},
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use serde::Serialize;
use tidegate_expression::{Contexts, Value};
use tidegate_git::Git;
use tidegate_pipeline::{Drive, Word, drive};
use tidegate_results::{Limits, Server, Store, Trust};
use tidegate_runner::{Machine, MachineSettings};
use tidegate_workflow::{Given, JobResult, Permissions, Run, Workflow, dispatched};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::mpsc,
};

use crate::{
    args::{Format, Global, RunArgs},
    error::{CliError, ErrorKind},
    exit,
    output::Output,
    paint::Paint,
    place::Place,
    server::SystemClock,
    table::Table,
};
use event::Source;
use host::LocalHost;
use library::Library;
use screen::{JobRecord, Screen};

/// Shows each action that Tidegate has itself, with what it does.
pub(crate) fn actions(global: &Global) -> Result<ExitCode, CliError> {
    let all: Vec<_> = native::all().collect();
    Output::new(global).data(&all, |output| {
        let mut table = Table::new(["ACTION", "WHAT IT DOES"]);
        for action in &all {
            table.row(vec![action.name.to_owned(), action.about.to_owned()]);
        }
        output.line(table)
    })?;
    Ok(ExitCode::SUCCESS)
}

/// What is printed of a run.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    run: u64,
    workflow: String,
    event: String,
    sha: String,
    result: &'static str,
    folder: String,
    jobs: Vec<JobRecord>,
}

/// Runs a workflow to its end.
pub(crate) fn run(global: &Global, args: &RunArgs) -> Result<ExitCode, CliError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| CliError::failed("no event loop could be started").because(&error))?;
    let result = runtime.block_on(run_all(global, args));
    // What still waits for a disk or a program keeps nobody.
    runtime.shutdown_background();
    result
}

/// The environment, but for what is no text.
fn variables() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

/// A workflow and where it is of.
struct Asked {
    file: PathBuf,
    /// From the top of the repository on.
    name: String,
    workflow: Arc<Workflow>,
    source: Source,
    library: Library,
    git: Git,
}

fn asked(args: &RunArgs) -> Result<Asked, CliError> {
    let git =
        Git::find().map_err(|error| CliError::failed("no workflow can be run").because(&error))?;
    let here = std::env::current_dir()
        .map_err(|error| CliError::failed("the current folder cannot be read").because(&error))?;
    let source = Source::of(&git, &here)?;
    let file = file(args.workflow.as_deref(), &source.root)?;
    let mirrors = args.actions.iter().map(|folder| {
        folder.canonicalize().map_err(|error| {
            let message = format!("{} is no folder with actions", folder.display());
            CliError::new(ErrorKind::Usage, message).because(&error)
        })
    });
    let library = Library::new(git.clone(), mirrors.collect::<Result<_, _>>()?);
    let read = library::read_file(&file).map_err(|error| {
        CliError::failed(error).hint("`tidegate workflow validate` tells all that is wrong")
    })?;
    let workflow = library::with_calls(read, &source.root, &library)?;
    let top = file.strip_prefix(&source.root).unwrap_or(&file);
    Ok(Asked { name: top.display().to_string(), file, workflow, source, library, git })
}

/// The file that is meant.
fn file(named: Option<&Path>, root: &Path) -> Result<PathBuf, CliError> {
    let folder = root.join(".github/workflows");
    let usage = |message: String| CliError::new(ErrorKind::Usage, message);
    if let Some(named) = named {
        let name = named.display();
        let within = ["", ".yml", ".yaml"].map(|end| folder.join(format!("{name}{end}")));
        let candidates = std::iter::once(named.to_owned()).chain(within);
        let found = candidates.into_iter().find(|path| path.is_file());
        let found = found.and_then(|path| path.canonicalize().ok());
        return found.ok_or_else(|| {
            usage(format!("there is no workflow {name}"))
                .hint("`tidegate workflow list` tells which there are")
        });
    }
    let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|end| end == "yml" || end == "yaml"))
        .collect();
    match (files.pop(), files.is_empty()) {
        (Some(file), true) => Ok(file),
        (None, _) => {
            Err(usage(format!("{} has no workflow", folder.display())).hint("name a file"))
        }
        (Some(_), false) => Err(usage("there are several workflows".to_owned())
            .hint("name one; `tidegate workflow list` tells which there are")),
    }
}

/// What the run is given, with its event's name and payload.
fn given(args: &RunArgs, asked: &Asked, run: u64) -> Result<(Given, String, Value), CliError> {
    let triggers = &asked.workflow.triggers;
    let name = event::event_name(args, triggers)?;
    let mut payload = event::payload(args, &name, &asked.source)?;
    let happened = event::event(&name, &asked.source, &payload);
    if let Err(why) = triggers.started_by(&happened)
        && !args.regardless
    {
        return Err(CliError::failed(format!("{name} does not start {}", asked.name))
            .because(&why)
            .hint("name another event with --event, or run it with --regardless"));
    }
    let title = asked.workflow.name.clone().unwrap_or_else(|| asked.name.clone());
    let github =
        |payload: &Value| event::github(&asked.source, &name, payload, (&title, &asked.name), run);
    let mut inputs = Value::Null;
    if name == "workflow_dispatch" || !args.inputs.is_empty() {
        let known = triggers.dispatch.as_deref().unwrap_or_default();
        let contexts: Value = [("github", github(&payload))].into_iter().collect();
        inputs = dispatched(known, &args.inputs, &Contexts(contexts)).map_err(|errors| {
            let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
            CliError::new(ErrorKind::Usage, errors.join("; "))
                .hint("inputs are given as --input NAME=VALUE")
        })?;
        payload = payload.with([("inputs", as_texts(&inputs))]);
    }
    let vars = args.vars.iter().map(|(name, value)| (name.as_str(), value.as_str().into()));
    let given = Given {
        github: github(&payload),
        vars: vars.collect(),
        inputs,
        permissions: Permissions::restricted(),
        most: Permissions::permissive(),
        ..Given::default()
    };
    Ok((given, name, payload))
}

/// Inputs as an event has them: each is a text there.
fn as_texts(inputs: &Value) -> Value {
    inputs.members().map(|(name, value)| (name.clone(), Value::Text(value.as_text()))).collect()
}

/// The secrets that are named, from the environment.
fn secrets(args: &RunArgs) -> Result<Value, CliError> {
    let mut secrets = vec![("GITHUB_TOKEN".to_owned(), Value::from(""))];
    for name in &args.secrets {
        let value = std::env::var(name).map_err(|_| {
            CliError::new(ErrorKind::Usage, format!("the secret {name} has no value")).hint(
                format!(
                    "set the environment variable {name}: a secret is never on the command line"
                ),
            )
        })?;
        secrets.push((name.clone(), value.into()));
    }
    Ok(secrets.into_iter().collect())
}

/// A folder of its own for a run, and its number.
fn run_folder(place: &Place) -> Result<(PathBuf, u64), CliError> {
    let runs = place.folder().join("workflow/runs");
    let cannot = |error: std::io::Error| {
        CliError::failed(format!("{} cannot be made", runs.display()))
            .because(&error)
            .hint("choose another folder with --data or TIDEGATE_DATA")
    };
    fs::create_dir_all(&runs).map_err(cannot)?;
    let taken = fs::read_dir(&runs).map_err(cannot)?.flatten();
    let numbers = taken.filter_map(|entry| entry.file_name().to_str()?.parse::<u64>().ok());
    let mut number = numbers.max().unwrap_or(0).saturating_add(1);
    loop {
        let folder = runs.join(number.to_string());
        // What jobs are given lies in it while they run.
        match fs::DirBuilder::new().mode(0o700).create(&folder) {
            Ok(()) => return Ok((folder, number)),
            // Another run was begun meanwhile.
            Err(error)
                if error.kind() == std::io::ErrorKind::AlreadyExists && number < u64::MAX =>
            {
                number += 1;
            }
            Err(error) => return Err(cannot(error)),
        }
    }
}

/// A path as the name of a folder: caches of one repository are none of another's.
fn folder_name(path: &Path) -> String {
    let shown = |byte: &u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' => char::from(*byte).to_string(),
        byte => format!("_{byte:02x}"),
    };
    let mut name: String = path.as_os_str().as_encoded_bytes().iter().map(shown).collect();
    // A name has 255 bytes at most; the end of a path tells it best from others.
    name.split_off(name.len().saturating_sub(240))
}

/// Artifacts and caches: those of all runs, or of this one alone while another run holds them.
fn store(place: &Place, root: &Path, run: &Path) -> Result<(Arc<Store>, bool), CliError> {
    let open = |folder: &Path| Store::open(folder, Arc::new(SystemClock), Limits::default());
    match open(&place.folder().join("workflow/results").join(folder_name(root))) {
        Ok(store) => Ok((Arc::new(store), true)),
        Err(_) => open(&run.join("results"))
            .map(|store| (Arc::new(store), false))
            .map_err(|error| CliError::failed("there is no place for artifacts").because(&error)),
    }
}

async fn run_all(global: &Global, args: &RunArgs) -> Result<ExitCode, CliError> {
    let asked = asked(args)?;
    let missing = preflight::missing(&asked.workflow, &asked.source.root, &asked.library);
    if !missing.is_empty() {
        let all: Vec<String> =
            missing.iter().map(|one| format!("{}:{one}", asked.file.display())).collect();
        return Err(CliError::failed(format!(
            "{} cannot run on this machine:\n{}",
            asked.name,
            all.join("\n")
        )));
    }
    let secrets = secrets(args)?;
    let place = Place::find(global)?;
    let (folder, number) = run_folder(&place)?;
    let (given, event, payload) = given(args, &asked, number).inspect_err(|_| {
        // It has nothing in it yet.
        let _ = fs::remove_dir(&folder);
    })?;
    let paint = Paint::of(global.color, &std::io::stderr());
    let shows = matches!(global.output, Format::Table | Format::Wide);
    let (store, is_shared) = store(&place, &asked.source.root, &folder)?;
    tell_first(&asked, &event, number, shows, is_shared);
    let failed =
        |error: &dyn std::error::Error| CliError::failed("the run could not begin").because(error);
    let services = Server::start(store.clone(), SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
    let services = Arc::new(services.await.map_err(|error| failed(&error))?);
    let screen = Arc::new(Screen::new(&folder, paint, shows));
    let machine = MachineSettings::of_environment(
        "local",
        place.folder().join("workflow/tools"),
        variables(),
    );
    let host = LocalHost {
        machine: Machine::new(machine),
        git: asked.git.clone(),
        library: asked.library.clone(),
        source: asked.source.clone(),
        store,
        services,
        folder: folder.join("jobs"),
        run: number,
        payload: payload.to_json(),
        trust: Trust::Full,
    };
    let words = words()?;
    let planned = Run::new(&asked.workflow, given).map_err(|error| failed(&error))?;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let driven = Drive {
        host: Arc::new(host),
        watcher: screen.clone(),
        clock: Arc::new(SystemClock),
        secrets,
        id: number.to_string(),
        at_once: args.at_once.unwrap_or(cores).max(1),
    };
    let (_, result) = drive(planned, driven, words).await;
    // What is left is what a step made undeletable; the folder says so by being there.
    let _ = fs::remove_dir(folder.join("jobs"));
    tell_last(global, &asked, event, number, result, &screen, &folder)
}

/// What people should know before it begins.
fn tell_first(asked: &Asked, event: &str, number: u64, shows: bool, is_shared: bool) {
    if !shows {
        return;
    }
    let source = &asked.source;
    let short = source.sha.get(..12).unwrap_or(&source.sha);
    let first = format!(
        "run {number} of {} on {event}, commit {short} of {}",
        asked.name, source.reference
    );
    let changed = (source.changed > 0).then(|| {
        format!(
            "warning: {} files are changed and not committed: actions/checkout brings what is committed",
            source.changed
        )
    });
    let alone = (!is_shared).then(|| {
        "warning: another run holds the caches: this one has none, and keeps none".to_owned()
    });
    let mut stream = std::io::stderr().lock();
    for line in std::iter::once(first).chain(changed).chain(alone) {
        // Nobody has to read along.
        drop(writeln!(stream, "{line}"));
    }
}

/// An interrupt (Ctrl-C), a request to terminate or a terminal that is gone asks the run to end, and the second one ends it. They are listened for from
/// here on, before any step: one that was started while the interrupt is ignored, as in the background of a script, could not
/// hear it either.
fn words() -> Result<mpsc::Receiver<Word>, CliError> {
    let cannot =
        |error: std::io::Error| CliError::failed("signals cannot be heard").because(&error);
    let mut interrupts = signal(SignalKind::interrupt()).map_err(cannot)?;
    let mut ends = signal(SignalKind::terminate()).map_err(cannot)?;
    let mut gone = signal(SignalKind::hangup()).map_err(cannot)?;
    let (say, words) = mpsc::channel(2);
    tokio::spawn(async move {
        for word in [Word::Cancel, Word::Kill] {
            tokio::select! {
                _ = interrupts.recv() => {}
                _ = ends.recv() => {}
                _ = gone.recv() => {}
            }
            if say.send(word).await.is_err() {
                return;
            }
        }
    });
    Ok(words)
}

fn tell_last(
    global: &Global,
    asked: &Asked,
    event: String,
    number: u64,
    result: JobResult,
    screen: &Screen,
    folder: &Path,
) -> Result<ExitCode, CliError> {
    let told = Told {
        run: number,
        workflow: asked.name.clone(),
        event,
        sha: asked.source.sha.clone(),
        result: result.name(),
        folder: folder.display().to_string(),
        jobs: screen.record(),
    };
    Output::new(global).data(&told, |output| {
        for job in &told.jobs {
            let result = job.result.unwrap_or("running");
            output.line(format!("{:<10} {:>7.1} s  {}", result, job.seconds, job.name))?;
        }
        output.line(format!("{}; logs: {}", told.result, told.folder))
    })?;
    let ok = matches!(result, JobResult::Success | JobResult::Skipped);
    Ok(ExitCode::from(if ok { exit::OK } else { exit::FAILED }))
}
