use crate::{
    Error,
    limits::{KEY_CHARACTERS, KEYS, NAME_CHARACTERS, VERSION_CHARACTERS},
};

/// Characters that no path within an artifact has, for some file system would not take it.
const NOT_IN_PATHS: &[char] = &['"', ':', '<', '>', '|', '*', '?', '\r', '\n'];

/// Characters that the name of an artifact has neither.
const NOT_IN_NAMES: &[char] = &['\\', '/'];

/// Refuses a name that the official client would refuse, and what no file can be called.
pub(crate) fn check_artifact(name: &str) -> Result<(), Error> {
    check_path(name)?;
    if let Some(wrong) = name.chars().find(|character| NOT_IN_NAMES.contains(character)) {
        return Err(forbidden("the artifact name", name, wrong));
    }
    if name == "." || name == ".." || name.chars().count() > NAME_CHARACTERS {
        return Err(Error::Invalid(format!(
            "the artifact name {name:?} is not valid: it is the name of a file, of {NAME_CHARACTERS} characters at most"
        )));
    }
    Ok(())
}

/// Refuses a path within an artifact that the official client would refuse.
pub(crate) fn check_path(path: &str) -> Result<(), Error> {
    if path.is_empty() {
        return Err(Error::Invalid("a name or path of an artifact is empty".to_owned()));
    }
    let wrong = |character: &char| NOT_IN_PATHS.contains(character) || *character == '\0';
    match path.chars().find(wrong) {
        Some(wrong) => Err(forbidden("the path", path, wrong)),
        None => Ok(()),
    }
}

fn forbidden(what: &str, text: &str, wrong: char) -> Error {
    Error::Invalid(format!(
        "{what} {text:?} is not valid: it contains {wrong:?}. Not allowed are \" : < > | * ? and line ends, and / and \\ in a name, for some file systems do not take them"
    ))
}

/// Refuses a key that the official client would refuse.
pub(crate) fn check_key(key: &str) -> Result<(), Error> {
    if key.is_empty() || key.chars().count() > KEY_CHARACTERS {
        return Err(Error::Invalid(format!(
            "a cache key has 1 to {KEY_CHARACTERS} characters: {key:?}"
        )));
    }
    if key.contains(',') {
        return Err(Error::Invalid(format!("a cache key has no comma: {key:?}")));
    }
    Ok(())
}

/// Refuses a list of keys that the official client would refuse.
pub(crate) fn check_keys(keys: &[&str]) -> Result<(), Error> {
    if keys.is_empty() || keys.len() > KEYS {
        return Err(Error::Invalid(format!("a cache is looked up by 1 to {KEYS} keys")));
    }
    keys.iter().try_for_each(|key| check_key(key))
}

/// Refuses a version that is none.
pub(crate) fn check_version(version: &str) -> Result<(), Error> {
    if version.is_empty() || version.chars().count() > VERSION_CHARACTERS {
        return Err(Error::Invalid(format!(
            "a cache version has 1 to {VERSION_CHARACTERS} characters"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_refused_as_the_client_refuses_them() {
        for name in ["a", "a b.tar.gz", "ünïcode-名", "..a", &"x".repeat(255)] {
            check_artifact(name).unwrap();
        }
        let long = "x".repeat(256);
        let wrong = ["", ".", "..", "a/b", "a\\b", "a:b", "a\nb", "a*", "a?", "a|b", "\"", "\0"];
        for name in wrong.into_iter().chain([long.as_str()]) {
            check_artifact(name).unwrap_err();
        }
        check_path("a/b\\c").unwrap();
        check_path("a/b:c").unwrap_err();
    }

    #[test]
    fn keys_are_refused_as_the_client_refuses_them() {
        let long = "k".repeat(512);
        check_keys(&["a", &long]).unwrap();
        check_keys(&["a"; 10]).unwrap();
        check_keys(&["a"; 11]).unwrap_err();
        check_keys(&[]).unwrap_err();
        for key in ["", "a,b", &format!("{long}k")] {
            check_key(key).unwrap_err();
        }
    }
}
