use std::{collections::BTreeMap, path::Path};

use crate::{
    folders::Folders,
    machine::MachineSettings,
    step::{Step, Work},
};

/// What the variables of a step are made of, each over those before it.
pub(crate) struct Sources<'a> {
    pub(crate) machine: &'a MachineSettings,
    pub(crate) folders: &'a Folders,
    /// Of the workflow, the job and the steps so far.
    pub(crate) job: &'a BTreeMap<String, String>,
    /// Folders that steps put before `PATH`; the last comes first.
    pub(crate) paths: &'a [String],
    /// What earlier stages of the same action kept.
    pub(crate) state: Option<&'a BTreeMap<String, String>>,
    /// `GITHUB_*` and `ACTIONS_*` of the job.
    pub(crate) context: &'a BTreeMap<String, String>,
    /// By which the processes of the job are found at its end.
    pub(crate) tracking: &'a str,
}

/// The variable by which the processes of a job are found; a step that sets it to something else keeps its processes.
pub(crate) const TRACKING: &str = "RUNNER_TRACKING_ID";

/// The variable by which the processes of a step are found.
pub(crate) const STEP: &str = "TIDEGATE_STEP";

impl Sources<'_> {
    /// The variables that a workflow sees as `env`: those of the machine are not among them.
    pub(crate) fn named(&self, step: &Step) -> BTreeMap<String, String> {
        let mut named = self.job.clone();
        named.extend(step.variables.iter().cloned());
        named
    }

    /// All variables of the step's processes.
    pub(crate) fn all(
        &self,
        step: &Step,
        named: &BTreeMap<String, String>,
    ) -> BTreeMap<String, String> {
        let mut all = self.machine.variables.clone();
        all.insert("HOME".to_owned(), shown(&self.folders.home()));
        all.insert("CI".to_owned(), "true".to_owned());
        all.insert(TRACKING.to_owned(), self.tracking.to_owned());
        all.extend(named.clone());
        if let Work::Node { inputs, .. } = &step.work {
            all.extend(inputs.iter().map(|(name, value)| (input_name(name), value.clone())));
            let state = self.state.into_iter().flatten();
            all.extend(state.map(|(name, value)| (format!("STATE_{name}"), value.clone())));
        }
        self.put_paths_first(&step.paths, &mut all);
        all.extend(self.of_runner());
        all.extend(self.context.clone());
        all.extend(step.context.iter().cloned());
        all.insert("GITHUB_ACTIONS".to_owned(), "true".to_owned());
        all
    }

    fn put_paths_first(&self, own: &[String], all: &mut BTreeMap<String, String>) {
        let before = own.iter().chain(self.paths.iter().rev());
        let mut folders: Vec<&str> = before.map(String::as_str).collect();
        let path = all.get("PATH").map_or("/usr/local/bin:/usr/bin:/bin", String::as_str);
        folders.push(path);
        let path = folders.join(":");
        all.insert("PATH".to_owned(), path);
    }

    fn of_runner(&self) -> impl Iterator<Item = (String, String)> {
        let context = runner_context(self.machine, self.folders).into_iter();
        let context =
            context.map(|(name, value)| (format!("RUNNER_{}", name.to_uppercase()), value));
        let workspace = ("GITHUB_WORKSPACE".to_owned(), shown(self.folders.workspace()));
        context.chain([workspace])
    }
}

/// The context `runner`.
pub(crate) fn runner_context(
    machine: &MachineSettings,
    folders: &Folders,
) -> Vec<(&'static str, String)> {
    vec![
        ("os", os().to_owned()),
        ("arch", architecture().to_owned()),
        ("name", machine.name.clone()),
        ("environment", "self-hosted".to_owned()),
        ("temp", shown(&folders.temporary())),
        ("tool_cache", shown(&machine.tools)),
        ("workspace", shown(folders.work())),
    ]
}

/// As `runner.os` has it.
fn os() -> &'static str {
    match std::env::consts::OS {
        "linux" => "Linux",
        "macos" => "macOS",
        other => other,
    }
}

/// As `runner.arch` has it.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "X64",
        "x86" => "X86",
        "aarch64" => "ARM64",
        "arm" => "ARM",
        other => other,
    }
}

/// As actions ask for it: blanks become underscores, and all is in capitals.
fn input_name(name: &str) -> String {
    format!("INPUT_{}", name.replace(' ', "_").to_uppercase())
}

pub(crate) fn shown(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
