//! The files that `-f` names.

use std::{
    collections::BTreeMap,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use tidegate_api::BODY_LIMIT;
use tidegate_manifest::{
    Document, Kind, Problem, Problems, Reading, Resource, resource_of, with_workload, workload_of,
};
use tidegate_units::ObjectKey;

use crate::error::{CliError, ErrorKind};

/// A file with resources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Source {
    /// As it is told in messages; `-` for standard input.
    pub(crate) name: String,
    /// Its text.
    pub(crate) text: String,
}

/// Folders deeper than this are a loop of links or a mistake.
const DEPTH_LIMIT: usize = 32;

/// Reads what the arguments name: files, folders at any depth in the order of their names, and `-`.
pub(crate) fn read_sources(paths: &[PathBuf]) -> Result<Vec<Source>, CliError> {
    let mut sources = Vec::new();
    for path in paths {
        if path.as_os_str() == "-" {
            sources.push(Source { name: "-".to_owned(), text: text_of("-", io::stdin().lock())? });
        } else if path.is_dir() {
            let before = sources.len();
            read_folder(path, DEPTH_LIMIT, &mut sources)?;
            if sources.len() == before {
                let message =
                    format!("{} has no *.yaml, *.yml or *.json file in it", path.display());
                return Err(CliError::new(ErrorKind::Usage, message));
            }
        } else {
            sources.push(read_file(path)?);
        }
    }
    Ok(sources)
}

/// Everything that the sources hold, or every problem of all of them.
pub(crate) fn read_all(sources: &[Source]) -> Result<Reading, Vec<Problems>> {
    let (mut all, mut problems) = (Reading::default(), Vec::new());
    let mut places = BTreeMap::new();
    for source in sources {
        match tidegate_manifest::read_file(&source.name, &source.text) {
            Ok(found) => {
                problems.extend(again(source, &found.documents, &mut places));
                all.documents.extend(found.documents);
                all.left.extend(found.left);
                all.notes.extend(found.notes);
            }
            Err(found) => problems.push(found),
        }
    }
    if problems.is_empty() {
        problems.extend(all.documents.iter().filter_map(|one| apart(one, &all.documents)));
    }
    if problems.is_empty() { Ok(all) } else { Err(problems) }
}

/// What is wrong with a Rollout once it has the pod template of a Deployment in another file.
fn apart(document: &Document, all: &[Document]) -> Option<Problems> {
    let Resource::Rollout(rollout) = &document.resource else { return None };
    let named =
        workload_of(&document.manifest).filter(|_| rollout.template.containers.is_empty())?;
    let key = rollout.key.sibling(named);
    let deployment = all
        .iter()
        .find(|one| one.resource.kind() == Kind::Deployment && *one.resource.key() == key)?;
    resource_of(&with_workload(&document.manifest, &deployment.manifest)).err()
}

/// The resources of a file that another file has already: what is given twice would be one thing
/// and then another.
fn again(
    source: &Source,
    found: &[Document],
    places: &mut BTreeMap<(Kind, ObjectKey), String>,
) -> Option<Problems> {
    let mut problems = Vec::new();
    for document in found {
        let key = (document.resource.kind(), document.resource.key().clone());
        let place = format!("{}:{}", source.name, document.line);
        let Some(first) = places.get(&key) else {
            places.insert(key, place);
            continue;
        };
        problems.push(Problem {
            file: source.name.clone(),
            line: document.line,
            column: 1,
            field: "metadata.name".to_owned(),
            message: format!("{} {} is given twice, first at {first}", key.0, key.1),
            allowed: None,
            hint: Some("keep one of the two".to_owned()),
            source: String::new(),
            width: 1,
        });
    }
    (!problems.is_empty()).then_some(Problems { problems, omitted: 0 })
}

fn read_folder(folder: &Path, depth: usize, sources: &mut Vec<Source>) -> Result<(), CliError> {
    if depth == 0 {
        return Err(CliError::failed(format!(
            "{} is more than {DEPTH_LIMIT} folders deep",
            folder.display()
        )));
    }
    let entries = std::fs::read_dir(folder)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| unreadable(&folder.display().to_string(), &error))?;
    let mut paths = entries.into_iter().map(|entry| entry.path()).collect::<Vec<_>>();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            read_folder(&path, depth - 1, sources)?;
        } else if is_manifest(&path) {
            sources.push(read_file(&path)?);
        }
    }
    Ok(())
}

fn is_manifest(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == "yaml" || end == "yml" || end == "json")
}

/// Reads one file.
pub(crate) fn read_file(path: &Path) -> Result<Source, CliError> {
    let name = path.display().to_string();
    let file = std::fs::File::open(path).map_err(|error| unreadable(&name, &error))?;
    Ok(Source { text: text_of(&name, file)?, name })
}

fn text_of(name: &str, from: impl io::Read) -> Result<String, CliError> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(BODY_LIMIT).unwrap_or(u64::MAX);
    from.take(limit + 1).read_to_end(&mut bytes).map_err(|error| unreadable(name, &error))?;
    if bytes.len() > BODY_LIMIT {
        let message = format!("{name} is larger than {} MiB", BODY_LIMIT / (1024 * 1024));
        return Err(CliError::failed(message).hint("spread its resources over several files"));
    }
    String::from_utf8(bytes).map_err(|error| unreadable(name, &error).hint("save it as UTF-8"))
}

fn unreadable(name: &str, error: &dyn std::error::Error) -> CliError {
    CliError::failed(format!("{name} cannot be read")).because(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_read_at_any_depth_in_the_order_of_its_names() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir(at("m")).unwrap();
        for name in ["z.yaml", "a.yml", "m/b.json", "m/notes.txt", "README"] {
            std::fs::write(at(name), name).unwrap();
        }
        let sources = read_sources(&[folder.path().to_owned()]).unwrap();
        let texts = sources.iter().map(|source| source.text.as_str()).collect::<Vec<_>>();
        assert_eq!(texts, ["a.yml", "m/b.json", "z.yaml"]);
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let check = |path: PathBuf, expect: &str| {
            let error = read_sources(&[path]).unwrap_err();
            let text = error.render(crate::paint::Paint::Plain);
            assert!(text.contains(expect), "{text}");
        };
        check(folder.path().to_owned(), "has no *.yaml");
        check(folder.path().join("none.yaml"), "none.yaml cannot be read");
        let latin = folder.path().join("latin.yaml");
        std::fs::write(&latin, b"a: \xe9").unwrap();
        check(latin, "save it as UTF-8");
        let large = folder.path().join("large.yaml");
        std::fs::write(&large, vec![b'#'; BODY_LIMIT + 1]).unwrap();
        check(large, "larger than 8 MiB");
    }

    #[test]
    fn a_resource_in_two_files_is_a_problem_of_the_second() {
        let source = |name: &str| Source {
            name: name.to_owned(),
            text: "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n".to_owned(),
        };
        let problems = read_all(&[source("a.yaml"), source("b.yaml")]).unwrap_err();
        assert_eq!(
            problems[0].to_string(),
            "b.yaml:1:1: metadata.name: ConfigMap default/a is given twice, first at a.yaml:1; \
             keep one of the two"
        );
        assert_eq!(read_all(&[source("a.yaml")]).unwrap().documents.len(), 1);
    }

    #[test]
    fn a_folder_that_holds_itself_is_given_up() {
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(folder.path(), folder.path().join("loop")).unwrap();
        let error = read_sources(&[folder.path().to_owned()]).unwrap_err();
        assert!(error.render(crate::paint::Paint::Plain).contains("folders deep"));
    }
}
