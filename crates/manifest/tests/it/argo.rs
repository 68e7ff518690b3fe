//! Every field that the four kinds of Argo Rollouts have is known by its name: it is read, has no
//! effect for a stated reason, or is refused.

use tidegate_manifest::read;

/// Where fields are, and which: `KIND.PATH: NAME NAME`. `{a,b}` stands for each, `[]` for an item of
/// a list, `*` for any key. What is below a field that is refused or has no effect is not named.
const FIELDS: &str = include_str!("cases/argo.txt");

/// Each way to put one of the alternatives in the place of `{a,b}`.
fn each(path: &str) -> Vec<String> {
    let Some((before, rest)) = path.split_once('{') else { return vec![path.to_owned()] };
    let (inside, after) = rest.split_once('}').unwrap();
    inside.split(',').flat_map(|one| each(&format!("{before}{one}{after}"))).collect()
}

/// A manifest with nothing but `inner` at that path.
fn manifest(path: &str, inner: &str) -> String {
    let mut parts = path.split('.');
    let kind = parts.next().unwrap();
    let nested =
        parts.rev().fold(format!("{{{inner}}}"), |inner, part| match part.strip_suffix("[]") {
            Some(list) => format!("{{{list}: [{inner}]}}"),
            None => format!("{{{}: {inner}}}", part.replace('*', "any")),
        });
    let fields = nested.strip_prefix('{').unwrap();
    format!("{{apiVersion: argoproj.io/v1alpha1, kind: {kind}, metadata: {{name: a}}, {fields}")
}

/// The fields of which the reader says that it does not know them.
fn unknown(path: &str, inner: &str) -> Vec<String> {
    let Err(found) = read("it.yaml", &manifest(path, inner)) else { return Vec::new() };
    let problems = found.problems.iter().map(ToString::to_string);
    problems.filter(|problem| problem.contains("unknown field")).collect()
}

#[test]
fn every_field_of_argo_rollouts_is_known_and_a_slip_beside_it_is_not() {
    let mut wrong = Vec::new();
    let mut count = 0;
    let lines = FIELDS.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    for line in lines {
        let (paths, names) = line.split_once(": ").unwrap();
        for path in each(paths) {
            if unknown(&path, "slip: x").is_empty() {
                wrong.push(format!("{path} is not looked at"));
            }
            for name in names.split(' ') {
                count += 1;
                wrong.extend(unknown(&path, &format!("{name}: x")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 1_000, "{count} are too few");
}
