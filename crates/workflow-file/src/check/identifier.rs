use std::collections::BTreeSet;

/// Names of one scope: of the steps of a job, or of one job.
#[derive(Default)]
pub(crate) struct Identifiers(BTreeSet<String>);

/// Identifiers this long are refused by GitHub.
const TOO_LONG: usize = 100;

impl Identifiers {
    /// Takes a name; why not, when it cannot be one. The case of letters makes no difference.
    pub(crate) fn take(&mut self, name: &str) -> Result<(), String> {
        if !well_formed(name) || name.len() >= TOO_LONG {
            return Err(format!(
                "The identifier '{name}' is invalid. IDs may only contain alphanumeric characters, '_', and '-'. IDs must start with a letter or '_' and and must be less than {TOO_LONG} characters."
            ));
        }
        if name.starts_with("__") {
            return Err(reserved(name));
        }
        if !self.0.insert(name.to_ascii_lowercase()) {
            return Err(format!(
                "The identifier '{name}' may not be used more than once within the same scope."
            ));
        }
        Ok(())
    }

    /// Whether a name was taken.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains(&name.to_ascii_lowercase())
    }
}

/// What there is to say of a name that GitHub makes up itself.
pub(crate) fn reserved(name: &str) -> String {
    format!("The identifier '{name}' is invalid. IDs starting with '__' are reserved.")
}

fn well_formed(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}
