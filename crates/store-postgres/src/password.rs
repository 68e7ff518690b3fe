//! Passwords from a file in the form of libpq's `.pgpass`.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

/// What a password is looked for by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted<'a> {
    pub(crate) host: &'a str,
    pub(crate) port: u16,
    pub(crate) database: &'a str,
    pub(crate) user: &'a str,
}

/// The password in the first line that fits. None where there is no file, as most have none, and
/// where others than its owner can read it, as libpq has it.
pub(crate) fn find(file: &Path, wanted: Wanted<'_>) -> Option<String> {
    let mode = fs::metadata(file).ok()?.permissions().mode();
    if mode & 0o077 != 0 {
        tracing::warn!("others can read {0}, so it is not used; chmod 600 {0}", file.display());
        return None;
    }
    let text = fs::read_to_string(file)
        .inspect_err(|error| tracing::warn!(%error, "{} cannot be read", file.display()))
        .ok()?;
    text.lines().filter(|line| !line.starts_with('#')).find_map(|line| fitting(line, wanted))
}

fn fitting(line: &str, wanted: Wanted<'_>) -> Option<String> {
    let port = wanted.port.to_string();
    let mut fields = fields(line).into_iter();
    for wanted in [wanted.host, &port, wanted.database, wanted.user] {
        let (field, any) = fields.next()?;
        if !any && field != wanted {
            return None;
        }
    }
    fields.next().map(|(password, _)| password)
}

/// The fields of a line with their backslashes taken out, and whether each is the star that stands
/// for anything.
fn fields(line: &str) -> Vec<(String, bool)> {
    let (mut fields, mut field, mut escaped) = (Vec::new(), String::new(), false);
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => {
                escaped = true;
                field.extend(letters.next());
            }
            ':' => {
                fields.push((field.clone(), field == "*" && !escaped));
                field.clear();
                escaped = false;
            }
            _ => field.push(letter),
        }
    }
    fields.push((field.clone(), field == "*" && !escaped));
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: Option<&str>) {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), text).unwrap();
        let wanted = Wanted { host: "db", port: 5432, database: "tide:gate", user: "ada" };
        assert_eq!(find(file.path(), wanted).as_deref(), expect, "{text}");
        fs::set_permissions(file.path(), fs::Permissions::from_mode(0o640)).unwrap();
        assert_eq!(find(file.path(), wanted), None, "others can read it");
    }

    #[test]
    fn the_first_line_that_fits_counts() {
        check("", None);
        check("db:5432:tide\\:gate:ada:s3cret", Some("s3cret"));
        check("# db:*:*:*:no\nother:*:*:*:no\ndb:*:*:ada:yes\n*:*:*:*:late", Some("yes"));
        check("*:*:*:*:with\\:colon\\\\", Some("with:colon\\"));
        check("\\*:*:*:*:a star that means itself", None);
        check("db:5433:*:*:other port\ndb:5432:*", None);
        let nowhere = Wanted { host: "db", port: 1, database: "", user: "" };
        assert_eq!(find(Path::new("/nowhere/.pgpass"), nowhere), None);
    }
}
