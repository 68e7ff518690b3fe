use std::{
    ffi::OsString,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

/// How scripts of one kind are run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shell {
    program: PathBuf,
    /// With `{0}` where the script's file goes.
    template: String,
    kind: String,
}

/// Why a script cannot be run. Each tells what is allowed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShellError {
    /// The program is not there.
    #[error("{program}: command not found in PATH ({path})")]
    NotFound {
        /// Its name.
        program: String,
        /// Where it was looked for.
        path: String,
    },
    /// Neither a known shell nor a command line for a file.
    #[error(
        "Invalid shell option '{0}'. Shell must be a valid built-in (bash, sh, pwsh, python) or a format string containing '{{0}}'"
    )]
    NoPlace(String),
    /// A brace that means nothing.
    #[error(
        "Invalid shell option '{0}': only '{{0}}' is replaced; write a brace as '{{{{' or '}}}}'"
    )]
    Brace(String),
}

const PWSH: &str = "-command \". '{0}'\"";

impl Shell {
    /// The shell of an option as workflows write it, found in these folders, which `:` separates.
    ///
    /// Without an option it is `bash -e {0}`, and `sh -e {0}` where there is no bash.
    pub fn find(option: Option<&str>, path: &str) -> Result<Self, ShellError> {
        let Some(option) = option.filter(|option| !option.is_empty()) else {
            let program = which("bash", path).map_or_else(|| require("sh", path), Ok)?;
            return Ok(Self { program, template: "-e {0}".to_owned(), kind: "sh".to_owned() });
        };
        let (name, arguments) = option.split_once(' ').unwrap_or((option, ""));
        let arguments = arguments.trim_start();
        let template = if arguments.is_empty() { known_template(name) } else { arguments };
        if !template.contains("{0}") {
            return Err(ShellError::NoPlace(option.to_owned()));
        }
        if !braces_mean_something(template) {
            return Err(ShellError::Brace(option.to_owned()));
        }
        // Many machines have Python by its newer name alone.
        let found =
            which(name, path).or_else(|| which("python3", path).filter(|_| name == "python"));
        let program = found.map_or_else(|| require(name, path), Ok)?;
        Ok(Self { program, template: template.to_owned(), kind: name.to_lowercase() })
    }

    /// What runs.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// What it is given for this script.
    pub fn arguments(&self, script: &Path) -> Vec<OsString> {
        let file = script.to_string_lossy();
        let filled = |word: &String| {
            let text = word.replace("{0}", "\0").replace("{{", "{").replace("}}", "}");
            OsString::from(text.replace('\0', &file))
        };
        words(&self.template).iter().map(filled).collect()
    }

    /// The end of a script's name.
    pub fn extension(&self) -> &'static str {
        match self.kind.as_str() {
            "bash" | "sh" => ".sh",
            "pwsh" | "powershell" => ".ps1",
            "python" => ".py",
            _ => "",
        }
    }

    /// The script as the shell takes it: PowerShell has to be told to stop at errors and to say how a program ended.
    pub fn prepare(&self, script: &str) -> String {
        if !matches!(self.kind.as_str(), "pwsh" | "powershell") {
            return script.to_owned();
        }
        let code = "if ((Test-Path -LiteralPath variable:\\LASTEXITCODE)) { exit $LASTEXITCODE }";
        format!("$ErrorActionPreference = 'stop'\n{script}\n{code}")
    }

    /// As a log tells it.
    pub(crate) fn shown(&self) -> String {
        format!("{} {}", self.program.display(), self.template)
    }
}

fn known_template(name: &str) -> &'static str {
    match name.to_ascii_lowercase().as_str() {
        "bash" => "--noprofile --norc -e -o pipefail {0}",
        "sh" => "-e {0}",
        "pwsh" | "powershell" => PWSH,
        "python" => "{0}",
        _ => "",
    }
}

fn braces_mean_something(template: &str) -> bool {
    let rest = template.replace("{{", "").replace("}}", "").replace("{0}", "");
    !rest.contains(['{', '}'])
}

/// The program of this name in the first folder that has it; a path is taken as it is.
pub(crate) fn which(name: &str, path: &str) -> Option<PathBuf> {
    if name.contains('/') {
        return Some(PathBuf::from(name)).filter(|program| is_program(program));
    }
    let folders = path.split(':').filter(|folder| !folder.is_empty() && !name.is_empty());
    folders.map(|folder| Path::new(folder).join(name)).find(|program| is_program(program))
}

fn require(name: &str, path: &str) -> Result<PathBuf, ShellError> {
    let missing = || ShellError::NotFound { program: name.to_owned(), path: path.to_owned() };
    which(name, path).ok_or_else(missing)
}

fn is_program(path: &Path) -> bool {
    path.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

/// The words of a command line as .NET splits them: blanks separate, double quotes hold together, and a backslash
/// only means something before a quote.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quoted = false;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' => {
                let mut count = 1;
                while characters.next_if_eq(&'\\').is_some() {
                    count += 1;
                }
                let word = word.get_or_insert_default();
                let before_quote = characters.peek() == Some(&'"');
                word.extend(std::iter::repeat_n(
                    '\\',
                    if before_quote { count / 2 } else { count },
                ));
                if before_quote && count % 2 == 1 {
                    word.extend(characters.next());
                }
            }
            '"' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            ' ' | '\t' if !quoted => words.extend(word.take()),
            _ => word.get_or_insert_default().push(character),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &[&str]) {
        assert_eq!(words(text), expect, "{text}");
    }

    #[test]
    fn command_lines_are_split_as_dotnet_does() {
        check("-e {0}", &["-e", "{0}"]);
        check("  a\t b ", &["a", "b"]);
        check(PWSH, &["-command", ". '{0}'"]);
        check(r#"a "b c"d "" e"#, &["a", "b cd", "", "e"]);
        check(r#"a\b \"c\" "d\\" 'e f'"#, &[r"a\b", r#""c""#, r"d\", "'e", "f'"]);
        check("", &[]);
    }
}
