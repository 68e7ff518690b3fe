use std::{
    io::{self, Read as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

/// The oldest that is steered. Debian 12 and Ubuntu 24.04 have it or a newer one; a version of a map
/// can be made since 2.4, names from variables since 2.5.
const OLDEST: (u32, u32) = (2, 6);
/// It says at once who it is.
const PATIENCE: Duration = Duration::from_secs(5);
/// It says so in two hundred letters.
const WORDS: u64 = 4096;

/// A program that cannot carry the traffic.
#[derive(Debug, thiserror::Error)]
pub enum Unsuitable {
    /// It cannot be asked.
    #[error("{} cannot be run: {source}", program.display())]
    NotRun {
        /// Which.
        program: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// It is something else.
    #[error("{} does not say that it is HAProxy", .0.display())]
    Other(PathBuf),
    /// It does not know all of what it is told.
    #[error(
        "{} is HAProxy {}.{}, and {}.{} is the oldest that can be steered",
        program.display(), found.0, found.1, OLDEST.0, OLDEST.1
    )]
    Old {
        /// Which.
        program: PathBuf,
        /// Its version.
        found: (u32, u32),
    },
}

/// Asks a program whether it is an `HAProxy` that can be steered.
pub fn suits(program: &Path) -> Result<(), Unsuitable> {
    let program = || program.to_owned();
    let words =
        words(&program()).map_err(|source| Unsuitable::NotRun { program: program(), source })?;
    match version(&words) {
        None => Err(Unsuitable::Other(program())),
        Some(found) if found < OLDEST => Err(Unsuitable::Old { program: program(), found }),
        Some(_) => Ok(()),
    }
}

fn words(program: &Path) -> io::Result<String> {
    let mut child = Command::new(program)
        .arg("-v")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let begun = Instant::now();
    while child.try_wait()?.is_none() {
        if begun.elapsed() > PATIENCE {
            child.kill()?;
            child.wait()?;
            return Err(io::Error::other(format!("it did not end within {PATIENCE:?}")));
        }
        sleep(Duration::from_millis(2));
    }
    let mut words = Vec::new();
    if let Some(told) = child.stdout.take() {
        told.take(WORDS).read_to_end(&mut words)?;
    }
    Ok(String::from_utf8_lossy(&words).into_owned())
}

/// The version that it tells, such as `HAProxy version 2.6.12-1+deb12u4 ...`, or `HA-Proxy` of old.
fn version(words: &str) -> Option<(u32, u32)> {
    let first = words.lines().next()?;
    let told = ["HAProxy version ", "HA-Proxy version "];
    let told = told.iter().find_map(|it| first.strip_prefix(it))?;
    let mut numbers = told.split(|letter: char| !letter.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read_from_what_haproxy_says() {
        let debian =
            "HAProxy version 2.6.12-1+deb12u4 2026/10/17 - https://haproxy.org/\nStatus: x\n";
        assert_eq!(version(debian), Some((2, 6)));
        assert_eq!(version("HAProxy version 3.2-dev1-abc 2026/01/01"), Some((3, 2)));
        assert_eq!(version("HA-Proxy version 1.8.19-1+deb10u3 2020/08/01"), Some((1, 8)));
        for other in ["", "nginx version: nginx/1.22.1", "HAProxy version x", "HAProxy version 2"] {
            assert_eq!(version(other), None, "{other}");
        }
    }

    #[test]
    fn what_is_not_haproxy_or_cannot_be_run_is_told() {
        let told = |program: &str| suits(Path::new(program)).unwrap_err().to_string();
        assert_eq!(told("/bin/true"), "/bin/true does not say that it is HAProxy");
        assert!(told("/no/haproxy").starts_with("/no/haproxy cannot be run: No such file"));
        let old = Unsuitable::Old { program: "/opt/haproxy".into(), found: (2, 2) };
        let expect = "/opt/haproxy is HAProxy 2.2, and 2.6 is the oldest that can be steered";
        assert_eq!(old.to_string(), expect);
    }
}
