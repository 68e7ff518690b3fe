//! The arguments of a run: what the templates declare and what is given, as Argo Rollouts merges
//! them.

use std::collections::BTreeMap;

use crate::{AnalysisTemplate, ArgDeclaration, ArgSource, ResolveError, RunRequest, SecretKey};

/// The value of an argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Argument {
    /// It may be seen.
    Plain(String),
    /// It stays in its Secret until a server is asked.
    Secret(SecretKey),
}

/// Reads a field of the rollout; in one sentence why it cannot.
pub(crate) type Field<'a> = &'a dyn Fn(&str) -> Result<String, String>;

/// The value of each argument that is declared. What is given and declared nowhere is passed over.
pub(crate) fn arguments(
    templates: &[&AnalysisTemplate],
    given: &RunRequest,
    field: Field<'_>,
) -> Result<BTreeMap<String, Argument>, ResolveError> {
    let mut values = BTreeMap::new();
    for (place, declared) in declarations(templates)? {
        let name = declared.name.clone();
        values.insert(name, value(&place, &declared, given, field)?);
    }
    let secret = values.iter().find(|(_, value)| matches!(value, Argument::Secret(_)));
    if let Some((secret, _)) = secret {
        check_braces(secret, &values)?;
    }
    Ok(values)
}

/// Every argument once, with where it is declared. A declaration with a value stands for those
/// with none; two values have to be the same.
fn declarations(
    templates: &[&AnalysisTemplate],
) -> Result<Vec<(String, ArgDeclaration)>, ResolveError> {
    let mut all: Vec<(String, ArgDeclaration)> = Vec::new();
    for template in templates {
        for arg in &template.args {
            let place = format!("analysis template {}, args", template.key);
            let Some((_, known)) = all.iter_mut().find(|(_, known)| known.name == arg.name) else {
                all.push((place, arg.clone()));
                continue;
            };
            match (&known.default, &arg.default) {
                (Some(one), Some(other)) if one != other => {
                    return Err(ResolveError::new(
                        format!("args.{}", arg.name),
                        format!(
                            "the templates give it the defaults {one:?} and {other:?}: keep one of them"
                        ),
                    ));
                }
                (None, Some(_)) => *known = arg.clone(),
                (None, None) if arg.from.is_some() => *known = arg.clone(),
                _ => {}
            }
        }
    }
    Ok(all)
}

/// A Secret first, then what is given, then what is written down, then a field of the rollout.
fn value(
    place: &str,
    declared: &ArgDeclaration,
    given: &RunRequest,
    field: Field<'_>,
) -> Result<Argument, ResolveError> {
    if let Some(key) = given.secrets.get(&declared.name) {
        return Ok(Argument::Secret(key.clone()));
    }
    if let Some(ArgSource::Secret(key)) = &declared.from {
        return Ok(Argument::Secret(key.clone()));
    }
    if let Some(value) = given.args.get(&declared.name).or(declared.default.as_ref()) {
        return Ok(Argument::Plain(value.clone()));
    }
    let refuse = |problem: String| {
        ResolveError::new(place, format!("{:?} has no value: {problem}", declared.name))
    };
    match &declared.from {
        Some(ArgSource::Field(path)) => field(path).map(Argument::Plain).map_err(refuse),
        _ => Err(refuse(
            "give one under args where the template is used, or a default here".to_owned(),
        )),
    }
}

/// Secrets are filled in last: braces in another value would be taken for their holes.
fn check_braces(secret: &str, values: &BTreeMap<String, Argument>) -> Result<(), ResolveError> {
    let braced = values
        .iter()
        .find(|(_, value)| matches!(value, Argument::Plain(text) if text.contains("{{")));
    braced.map_or(Ok(()), |(name, _)| {
        Err(ResolveError::new(
            format!("args.{name}"),
            format!("its value has {{{{ in it, which cannot stand beside {secret:?} from a Secret"),
        ))
    })
}
