use crate::annotation::{Annotation, Level};
use crate::command::Command;
use crate::files::BLOCKED_VARIABLE;

/// What follows from a line that is a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// A line for the log.
    Log(String),
    /// A line for the log, if it is to be detailed.
    Debug(String),
    /// A remark, for the log and the run.
    Annotate(Annotation),
    /// This and each of its lines is secret from here on.
    Mask(String),
    /// An output of the step.
    SetOutput {
        /// Its name.
        name: String,
        /// Its value.
        value: String,
    },
    /// Something that the action keeps for its later stages.
    SaveState {
        /// Its name.
        name: String,
        /// Its value.
        value: String,
    },
    /// A variable for the steps that follow.
    SetVariable {
        /// Its name.
        name: String,
        /// Its value.
        value: String,
    },
    /// A folder before all others in the `PATH` of the steps that follow.
    AddPath(String),
    /// Problem matchers to add, from a file relative to the workspace.
    AddMatchers(String),
    /// The problem matcher of an owner to remove.
    RemoveMatcher(String),
    /// The problem matchers of a file to remove.
    RemoveMatchersOf(String),
    /// The step has failed, whatever its program says at its end. What is wrong was annotated before.
    Fail,
}

/// What a step is trusted with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Trust {
    /// `set-env` and `add-path` work: `ACTIONS_ALLOW_UNSECURE_COMMANDS` is `true`.
    pub unsecure_commands: bool,
    /// Any word stops commands: `ACTIONS_ALLOW_UNSECURE_STOPCOMMAND_TOKENS` is true.
    pub unsecure_stop_tokens: bool,
}

impl Trust {
    /// What the variables of a step say; they are `true` or not as GitHub's runner reads each.
    pub fn of<'a>(variable: impl Fn(&str) -> Option<&'a str>) -> Self {
        let commands = variable("ACTIONS_ALLOW_UNSECURE_COMMANDS").unwrap_or_default();
        let tokens = variable("ACTIONS_ALLOW_UNSECURE_STOPCOMMAND_TOKENS").unwrap_or_default();
        let yes =
            |text: &str| ["1", "true", "$true"].iter().any(|word| text.eq_ignore_ascii_case(word));
        Self {
            unsecure_commands: commands.trim().eq_ignore_ascii_case("true"),
            unsecure_stop_tokens: yes(tokens),
        }
    }
}

const COMMANDS: &[&str] = &[
    "stop-commands",
    "set-env",
    "set-output",
    "save-state",
    "add-mask",
    "add-path",
    "add-matcher",
    "remove-matcher",
    "debug",
    "warning",
    "error",
    "notice",
    "group",
    "endgroup",
    "echo",
];

/// The commands whose line is never repeated in the log.
const SILENT: &[&str] = &["add-mask", "debug", "warning", "error", "notice"];

/// How long the word must be that stops commands before it counts as a secret, as in GitHub's runner.
const SHORTEST_SECRET_TOKEN: usize = 7;

/// Hears the lines of one step, in order.
#[derive(Clone, Debug)]
pub struct Interpreter {
    workspace: String,
    trust: Trust,
    echo: bool,
    stopped_until: Option<String>,
}

impl Interpreter {
    /// For a step in this workspace. Files in it are told relative to it.
    pub fn new(workspace: impl Into<String>, trust: Trust) -> Self {
        Self { workspace: workspace.into(), trust, echo: false, stopped_until: None }
    }

    /// Repeats commands in the log from the start, as with `ACTIONS_STEP_DEBUG`.
    pub fn echoing(mut self) -> Self {
        self.echo = true;
        self
    }

    /// What follows from a line; `None` of a line that is no command, which is for the log and the problem matchers.
    pub fn hear(&mut self, line: &str) -> Option<Vec<Effect>> {
        if !line.contains("::") && !line.contains("##[") {
            return None;
        }
        let command = Command::parse(line, |name| self.knows(name))?;
        let name = command.name.to_ascii_lowercase();
        if let Some(token) = &self.stopped_until {
            if !token.eq_ignore_ascii_case(&name) {
                return None;
            }
            self.stopped_until = None;
            return Some(vec![log(line), debug("Resume processing commands")]);
        }
        if name == "stop-commands" {
            return Some(self.stop(line, command.data));
        }
        let mut effects = Vec::with_capacity(2);
        let silent = SILENT.contains(&name.as_str());
        if self.echo && !silent {
            effects.push(log(line));
        }
        if let Err(reason) = self.carry_out(&name, command, &mut effects) {
            let what = if silent { &name } else { line };
            effects.extend(failure(what, reason));
        }
        Some(effects)
    }

    fn knows(&self, name: &str) -> bool {
        let token = self.stopped_until.as_deref();
        COMMANDS.iter().copied().chain(token).any(|known| known.eq_ignore_ascii_case(name))
    }

    fn stop(&mut self, line: &str, token: String) -> Vec<Effect> {
        let invalid =
            token.is_empty() || token.eq_ignore_ascii_case("pause-logging") || self.knows(&token);
        if invalid && !self.trust.unsecure_stop_tokens {
            return failure(line, UNSECURE_TOKEN.to_owned()).into();
        }
        let mut effects =
            vec![log(line), debug("Paused processing commands until the token is received")];
        if token.encode_utf16().count() >= SHORTEST_SECRET_TOKEN {
            effects.push(Effect::Mask(token.clone()));
        }
        self.stopped_until = Some(token);
        effects
    }

    fn carry_out(
        &mut self,
        name: &str,
        command: Command,
        effects: &mut Vec<Effect>,
    ) -> Result<(), String> {
        match name {
            "debug" => effects.push(Effect::Debug(command.data)),
            "group" => effects.push(log(&format!("##[group]{}", command.data))),
            "endgroup" => effects.push(log("##[endgroup]")),
            "echo" => return self.set_echo(&command.data, effects),
            "add-mask" => self.mask(command.data, effects),
            "add-matcher" => effects.push(add_matcher(command.data)),
            "remove-matcher" => effects.push(remove_matcher(&command)),
            "set-output" | "save-state" => return keep(name, command, effects),
            "set-env" | "add-path" => return self.unsecure(name, command, effects),
            _ => self.annotate(name, &command, effects),
        }
        Ok(())
    }

    fn annotate(&self, name: &str, command: &Command, effects: &mut Vec<Effect>) {
        let level = Level::of(name).unwrap_or(Level::Notice);
        let (annotation, dropped) = Annotation::of_command(level, command, &self.workspace);
        effects.extend(dropped.into_iter().map(Effect::Debug));
        effects.push(Effect::Annotate(annotation));
    }

    fn mask(&self, value: String, effects: &mut Vec<Effect>) {
        if value.trim().is_empty() {
            return effects
                .push(warning("Can't add secret mask for empty string in ##[add-mask] command."));
        }
        if self.echo {
            effects.push(log("::add-mask::***"));
        }
        effects.push(Effect::Mask(value));
    }

    fn set_echo(&mut self, value: &str, effects: &mut Vec<Effect>) -> Result<(), String> {
        self.echo = match value.trim().to_ascii_lowercase().as_str() {
            "on" => true,
            "off" => false,
            _ => {
                return Err(format!(
                    "Invalid echo command value. Possible values can be: 'on', 'off'. Current value is: '{value}'."
                ));
            }
        };
        effects.push(debug(if self.echo {
            "Setting echo command value to 'on'"
        } else {
            "Setting echo command value to 'off'"
        }));
        Ok(())
    }

    fn unsecure(
        &self,
        name: &str,
        command: Command,
        effects: &mut Vec<Effect>,
    ) -> Result<(), String> {
        if !self.trust.unsecure_commands {
            return Err(disabled(name));
        }
        if name == "add-path" {
            return match command.data {
                path if path.is_empty() => {
                    Err("##[add-path] needs the path of a folder.".to_owned())
                }
                path => {
                    effects.push(Effect::AddPath(path));
                    Ok(())
                }
            };
        }
        let variable = required_name(name, &command)?;
        effects.push(if variable.eq_ignore_ascii_case(BLOCKED_VARIABLE) {
            let message = format!(
                "Can't update {BLOCKED_VARIABLE} environment variable using ::set-env:: command."
            );
            Effect::Annotate(Annotation::new(Level::Error, message))
        } else {
            Effect::SetVariable { name: variable, value: command.data }
        });
        Ok(())
    }
}

const UNSECURE_TOKEN: &str = "You cannot use a endToken that is an empty string, the string 'pause-logging', or another workflow command. \
     Opt into insecure command execution by setting the `ACTIONS_ALLOW_UNSECURE_STOPCOMMAND_TOKENS` environment variable to `true`.";

fn disabled(name: &str) -> String {
    let file = if name == "set-env" { "GITHUB_ENV" } else { "GITHUB_PATH" };
    format!(
        "The `{name}` command is disabled: whatever a step prints could change the environment of those after it. \
         Please upgrade to using Environment Files (write to ${file}), or opt into unsecure command execution by setting \
         the `ACTIONS_ALLOW_UNSECURE_COMMANDS` environment variable to `true`."
    )
}

fn deprecated(name: &str) -> String {
    let file = if name == "set-output" { "GITHUB_OUTPUT" } else { "GITHUB_STATE" };
    format!(
        "The `{name}` command is deprecated and will be disabled soon. Please upgrade to using Environment Files \
         (write name=value to ${file})."
    )
}

fn keep(name: &str, command: Command, effects: &mut Vec<Effect>) -> Result<(), String> {
    effects.push(warning(&deprecated(name)));
    let key = required_name(name, &command)?;
    effects.push(match name {
        "set-output" => Effect::SetOutput { name: key, value: command.data },
        _ => Effect::SaveState { name: key, value: command.data },
    });
    Ok(())
}

fn required_name(name: &str, command: &Command) -> Result<String, String> {
    let missing = || format!("Required field 'name' is missing in ##[{name}] command.");
    command.property("name").map(str::to_owned).ok_or_else(missing)
}

fn add_matcher(file: String) -> Effect {
    if file.is_empty() {
        warning("File path must be specified.")
    } else {
        Effect::AddMatchers(file)
    }
}

fn remove_matcher(command: &Command) -> Effect {
    match (command.property("owner"), command.data.as_str()) {
        (None, "") => warning(
            "Either an owner name or a file path must be specified in ##[remove-matcher] command.",
        ),
        (Some(owner), "") => Effect::RemoveMatcher(owner.to_owned()),
        (None, file) => Effect::RemoveMatchersOf(file.to_owned()),
        (Some(_), _) => warning(
            "Either specify an owner name or a file path in ##[remove-matcher] command. Both values cannot be set.",
        ),
    }
}

fn failure(what: &str, reason: String) -> [Effect; 3] {
    let error = |message| Effect::Annotate(Annotation::new(Level::Error, message));
    [
        error(format!("Unable to process command '{what}' successfully.")),
        error(reason),
        Effect::Fail,
    ]
}

fn log(line: &str) -> Effect {
    Effect::Log(line.to_owned())
}

fn debug(text: &str) -> Effect {
    Effect::Debug(text.to_owned())
}

fn warning(message: &str) -> Effect {
    Effect::Annotate(Annotation::new(Level::Warning, message))
}
