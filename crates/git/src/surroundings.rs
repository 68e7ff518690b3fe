//! The environment in which git runs: all of it is set here, and nothing comes by itself.

use std::{env, ffi::OsString, process::Command};

/// What a program needs to reach other machines and its own files.
const KEPT: &[&str] = &[
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "TMPDIR",
    "SSH_AUTH_SOCK",
    "http_proxy",
    "https_proxy",
    "HTTPS_PROXY",
    "all_proxy",
    "ALL_PROXY",
    "no_proxy",
    "NO_PROXY",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "GIT_SSL_CAINFO",
    "GIT_EXEC_PATH",
];

/// What a person may have set, of who they are and how they reach their remotes.
const PERSONAL: &[&str] = &[
    "XDG_CONFIG_HOME",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_SYSTEM",
    "GIT_CONFIG_NOSYSTEM",
    "GIT_AUTHOR_NAME",
    "GIT_AUTHOR_EMAIL",
    "GIT_COMMITTER_NAME",
    "GIT_COMMITTER_EMAIL",
    "EMAIL",
    "GIT_SSH",
    "GIT_SSH_COMMAND",
    "GIT_ASKPASS",
    "SSH_ASKPASS",
    "GNUPGHOME",
];

/// What must not be asked, run or changed, whatever a repository's own configuration says.
const CONFIG: &[(&str, &str)] = &[
    // No program that a repository or a machine names: hooks, monitors, pagers, editors, differs.
    ("core.hooksPath", "/dev/null"),
    ("core.fsmonitor", "false"),
    ("core.untrackedCache", "false"),
    ("core.pager", "cat"),
    ("core.editor", "false"),
    ("diff.external", ""),
    ("log.showSignature", "false"),
    // Nothing that goes on after the answer.
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
    ("fetch.writeCommitGraph", "false"),
    // Names and messages as they are.
    ("core.quotePath", "false"),
    ("i18n.logOutputEncoding", "UTF-8"),
    ("log.mailmap", "false"),
    ("advice.detachedHead", "false"),
    // `ext::` runs whatever it names.
    ("protocol.ext.allow", "never"),
    ("submodule.recurse", "false"),
    ("fetch.recurseSubmodules", "false"),
];

/// Whose configuration counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whose {
    /// Nobody's but the repository's.
    Nobody,
    /// That of the person who runs this program.
    Person,
}

/// Takes everything out of the environment of `command` but what is known, and adds `more` configuration.
pub(crate) fn set(command: &mut Command, whose: Whose, more: &[(String, OsString)]) {
    command.env_clear();
    let personal = if whose == Whose::Person { PERSONAL } else { &[] };
    for name in KEPT.iter().chain(personal) {
        if let Some(value) = env::var_os(name) {
            command.env(name, value);
        }
    }
    if whose == Whose::Nobody {
        command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null");
        command.env("GIT_ATTR_NOSYSTEM", "1");
        // A key or host that has to be confirmed is a failure, not a question; and no connection stays behind that
        // would keep hold of what git writes to.
        command
            .env("GIT_SSH_COMMAND", "ssh -o BatchMode=yes -o ControlMaster=no -o ControlPath=none");
    }
    command.env("LC_ALL", "C").env("GIT_TERMINAL_PROMPT", "0").env("GIT_OPTIONAL_LOCKS", "0");
    command.env("GIT_PAGER", "cat").env("GIT_EDITOR", "false").env("GIT_LITERAL_PATHSPECS", "1");
    configure(command, more);
}

/// Configuration by the environment counts more than that of files, and is in no list of processes.
fn configure(command: &mut Command, more: &[(String, OsString)]) {
    let fixed = CONFIG.iter().map(|(key, value)| ((*key).to_owned(), OsString::from(value)));
    let mut count = 0_usize;
    for (key, value) in fixed.chain(more.iter().cloned()) {
        command.env(format!("GIT_CONFIG_KEY_{count}"), key);
        command.env(format!("GIT_CONFIG_VALUE_{count}"), value);
        count += 1;
    }
    command.env("GIT_CONFIG_COUNT", count.to_string());
}
