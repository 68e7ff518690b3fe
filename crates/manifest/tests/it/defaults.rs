//! Each default that the reference of fields shows is proved: by the reader itself, which takes a
//! manifest without the field as one with the default written down and not as one with another
//! value; or, where the default acts later, by a test of what it does.

mod canary_config;
mod experiment;
mod metric;
mod object;
mod pod;
mod rollout;
mod step;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
};

use tidegate_manifest::{Resource, field_reference, read};

use Proof::{Acts, Beside, Means, Not, Only};

/// What proves a default.
#[derive(Clone, Copy, Debug)]
enum Proof {
    /// The reader: left out is as the default, and this is not.
    Not(&'static str),
    /// The same, where it is the only value, so that this is refused.
    Only(&'static str),
    /// The same, where the first has to stand beside it.
    Beside(&'static str, &'static str),
    /// The same for a default in words, which are as the first value.
    Means(&'static str, &'static str),
    /// A test of what it does: its file, from the folder of crates, and its name.
    Acts(&'static str, &'static str),
}

/// The proofs of a table of the reference.
struct Proofs {
    /// Its kind and its place, as the reference has them.
    table: (&'static str, &'static str),
    /// A manifest, from the outside in: each takes the place of `@` in the one before.
    around: &'static [&'static str],
    fields: &'static [(&'static str, Proof)],
}

/// Those of the annotations that have one.
const ANNOTATIONS: &[(&str, Proof)] = &[
    ("cut-over", Acts("rollout/tests/it/blue_green/cut_over.rs", "by_default_there_are_no_shares")),
    ("default-analysis", Acts("manifest/tests/it/good.rs", "a_rollout_has_the_defaults_of_argo")),
    (
        "shadow",
        Acts("rollout/tests/it/blue_green/shadow.rs", "without_a_share_nothing_is_compared"),
    ),
    (
        "shadow-ignore",
        Acts("rollout/tests/it/blue_green/shadow.rs", "by_default_all_of_an_answer_is_compared"),
    ),
    (
        "sticky-for",
        Acts(
            "manifest/tests/it/good.rs",
            "a_service_port_leads_to_its_own_number_and_a_cookie_lasts_three_hours",
        ),
    ),
];

const ALL: [&[Proofs]; 7] = [
    object::ALL,
    rollout::ALL,
    step::ALL,
    experiment::ALL,
    pod::ALL,
    metric::ALL,
    canary_config::ALL,
];

/// A row of the reference: table, field, default.
type Row<'a> = ((&'a str, &'a str), &'a str, &'a str);

/// The rows of the reference that have a default.
fn shown(page: &str) -> Vec<Row<'_>> {
    let (mut rows, mut kind, mut place) = (Vec::new(), "", "");
    for line in page.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            kind = heading;
        } else if let Some(heading) = line.strip_prefix("### ") {
            place = heading.trim_matches('`');
        } else if let Some(row) = line.strip_prefix("| `") {
            let mut cells = row.split(" | ");
            let field = cells.next().unwrap().trim_end_matches('`');
            let default = cells.nth(1).unwrap();
            if !default.is_empty() {
                rows.push(((kind, place), field, default));
            }
        }
    }
    rows
}

/// A field: the kind and the place of its table, and its name.
type Named<'a> = ((&'a str, &'a str), &'a str);

/// The proofs, each with those of its table.
fn proofs() -> BTreeMap<Named<'static>, (&'static Proofs, Proof)> {
    let all = ALL.iter().copied().flatten();
    all.flat_map(|of| of.fields.iter().map(move |(name, proof)| ((of.table, *name), (of, *proof))))
        .collect()
}

#[test]
fn every_default_that_is_shown_is_proved_and_no_other() {
    let page = field_reference();
    let rows = shown(&page);
    assert!(rows.len() > 100, "the page has another form: {}", rows.len());
    let shown: BTreeSet<_> = rows.iter().map(|(table, field, _)| (*table, *field)).collect();
    let proved: BTreeSet<_> = proofs().into_keys().collect();
    let unproved: Vec<_> = shown.difference(&proved).collect();
    let idle: Vec<_> = proved.difference(&shown).collect();
    assert!(unproved.is_empty() && idle.is_empty(), "unproved: {unproved:#?}, idle: {idle:#?}");
}

/// What a manifest is read as, or why not.
fn means(around: &[&str], inner: &str) -> Result<Resource, String> {
    let whole =
        around.iter().rev().fold(inner.to_owned(), |inner, outer| outer.replace('@', &inner));
    let read = read("it.yaml", &whole).map_err(|problems| format!("{problems}\n{whole}"));
    read.map(|mut documents| documents.remove(0).resource)
}

#[test]
fn a_field_that_is_left_out_is_as_its_default_and_not_as_another_value() {
    let page = field_reference();
    let proofs = proofs();
    let mut wrong = Vec::new();
    for (table, field, default) in shown(&page) {
        let Some((of, proof)) = proofs.get(&(table, field)) else { continue };
        let (beside, default, other) = match proof {
            Not(other) | Only(other) => ("", default.trim_matches('`'), *other),
            Beside(beside, other) => (*beside, default.trim_matches('`'), *other),
            Means(value, other) => ("", *value, *other),
            Acts(..) => continue,
        };
        let with = |value: &str| means(of.around, &format!("{beside}{field}: {value}"));
        let without = means(of.around, beside);
        if without.is_err() || with(default) != without {
            wrong.push(format!("{table:?} {field} is not {default}: {without:?}"));
        }
        let otherwise = with(other);
        let expected = match proof {
            Only(_) => otherwise.is_err(),
            Means(..) => true,
            _ => otherwise.is_ok(),
        };
        if otherwise == without || !expected {
            wrong.push(format!("{table:?} {field}: {other}: {otherwise:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_default_of_an_annotation_is_proved_and_no_other() {
    let page = include_str!("../../../../docs/src/reference/annotations.md");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `tidegate.dev/"));
    let shown: Vec<_> = rows
        .filter(|row| row.contains("default: ") || row.contains("; default "))
        .filter_map(|row| row.split('`').next())
        .collect();
    let proved: Vec<_> = ANNOTATIONS.iter().map(|(name, _)| *name).collect();
    assert_eq!(shown, proved);
}

#[test]
fn what_the_router_measures_has_the_same_defaults_on_its_own_page() {
    let page = include_str!("../../../../docs/src/reference/measurements.md");
    let fields = field_reference();
    let mut place = String::new();
    let mut told: Vec<(String, &str, &str)> = Vec::new();
    for line in page.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            let plugin = heading.trim_matches('`');
            place = format!("spec.metrics[].provider.plugin[\"{plugin}\"]");
        } else if let Some(within) = line.strip_prefix("### ") {
            let whole = place.split_inclusive(']').take(2).collect::<String>();
            place = format!("{whole}.{}", within.trim_matches('`'));
        } else if let Some(row) = line.strip_prefix("| `") {
            let cells: Vec<_> = row.trim_end_matches(" |").split(" | ").collect();
            let default = cells[2].trim_matches('`');
            if !default.starts_with("required") {
                told.push((place.clone(), cells[0].trim_end_matches('`'), default));
            }
        }
    }
    let mut shown: Vec<_> = shown(&fields)
        .into_iter()
        .filter(|((_, place), ..)| place.contains("provider.plugin["))
        .map(|((_, place), field, default)| (place.to_owned(), field, default.trim_matches('`')))
        .collect();
    told.sort();
    shown.sort();
    assert_eq!(told, shown);
}

#[test]
fn the_tests_that_prove_defaults_elsewhere_are_there() {
    let crates = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let of_annotations = ANNOTATIONS.iter().map(|(name, proof)| (*name, *proof));
    let of_fields = proofs().into_iter().map(|((_, field), (_, proof))| (field, proof));
    for (what, proof) in of_fields.chain(of_annotations) {
        let Acts(file, name) = proof else { continue };
        let text = fs::read_to_string(crates.join(file)).unwrap_or_else(|_| panic!("no {file}"));
        let (before, _) = text.split_once(&format!("fn {name}(")).unwrap_or_default();
        let mark = before.trim_end().trim_end_matches("async").trim_end().lines().next_back();
        let is_test = mark.is_some_and(|mark| mark.contains("test") && mark.ends_with(']'));
        assert!(is_test, "{what}: no test {name} in {file}");
    }
}
