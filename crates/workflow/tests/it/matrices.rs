use tidegate_expression::{Contexts, Value};
use tidegate_workflow::{Place, combinations};

use crate::written::template;

/// The jobs that a matrix has: their ids, their names and their values.
fn check(matrix: &str, expect: &[&str]) {
    let value = template(matrix).evaluate(&Contexts::default()).unwrap();
    let jobs = combinations(Place::default(), &value).unwrap();
    let shown: Vec<_> = jobs
        .iter()
        .map(|job| {
            let json = Value::Object(job.values.clone()).to_json();
            let packed: String = json.lines().map(str::trim_start).collect();
            format!(
                "{} | {} | {}",
                job.id,
                job.name("build"),
                packed.replace('"', "").replace(": ", ":")
            )
        })
        .collect();
    assert_eq!(shown, expect, "{matrix}");
}

fn check_wrong(matrix: &str, expect: &[&str]) {
    let value = template(matrix).evaluate(&Contexts::default()).unwrap();
    let errors = combinations(Place::new(3, 5), &value).unwrap_err();
    assert_eq!(errors.iter().map(ToString::to_string).collect::<Vec<_>>(), expect, "{matrix}");
}

#[test]
fn all_combinations_are_there_and_the_last_vector_changes_first() {
    check(
        "{os: [linux, mac], node: [18, 20.5]}",
        &[
            "linux_18 | build (linux, 18) | {os:linux,node:18}",
            "linux_20_5 | build (linux, 20.5) | {os:linux,node:20.5}",
            "mac_18 | build (mac, 18) | {os:mac,node:18}",
            "mac_20_5 | build (mac, 20.5) | {os:mac,node:20.5}",
        ],
    );
}

#[test]
fn exclude_takes_out_what_has_all_of_it() {
    check(
        "{os: [linux, mac], node: [1, 2], exclude: [{os: mac, node: 1}, {node: 2, os: linux}]}",
        &[
            "linux_1 | build (linux, 1) | {os:linux,node:1}",
            "mac_2 | build (mac, 2) | {os:mac,node:2}",
        ],
    );
    check(
        "{os: [linux, mac], node: [1, 2], exclude: [{os: MAC}]}",
        &[
            "linux_1 | build (linux, 1) | {os:linux,node:1}",
            "linux_2 | build (linux, 2) | {os:linux,node:2}",
        ],
    );
    check("{v: [1, '1'], exclude: [{v: 1}]}", &[]);
    check(
        "{v: [{a: 1, b: [2, 3]}, {a: 2, b: [4]}], exclude: [{v: {b: [4]}}]}",
        &["_1_2_3 | build (1, 2, 3) | {v:{a:1,b:[2,3]}}"],
    );
}

#[test]
fn include_adds_to_what_fits_and_is_a_job_of_its_own_where_nothing_does() {
    // The example of GitHub's documentation.
    check(
        "{fruit: [apple, pear], animal: [cat, dog], include: [{color: green}, {color: pink, animal: cat}, {fruit: apple, shape: circle}, {fruit: banana}, {fruit: banana, animal: cat}]}",
        &[
            "apple_cat | build (apple, cat) | {fruit:apple,animal:cat,color:pink,shape:circle}",
            "apple_dog | build (apple, dog) | {fruit:apple,animal:dog,color:green,shape:circle}",
            "pear_cat | build (pear, cat) | {fruit:pear,animal:cat,color:pink}",
            "pear_dog | build (pear, dog) | {fruit:pear,animal:dog,color:green}",
            "banana | build (banana) | {fruit:banana}",
            "banana_cat | build (banana, cat) | {fruit:banana,animal:cat}",
        ],
    );
    check(
        "{include: [{site: prod, n: 1}, {site: test}]}",
        &["prod_1 | build (prod, 1) | {site:prod,n:1}", "test | build (test) | {site:test}"],
    );
    // What was excluded comes back.
    check(
        "{os: [linux, mac], exclude: [{os: mac}], include: [{os: mac, slow: true}]}",
        &[
            "linux | build (linux) | {os:linux}",
            "mac_true | build (mac, true) | {os:mac,slow:true}",
        ],
    );
}

#[test]
fn ids_of_equal_values_differ() {
    check(
        "{v: [a, A, 'a', {}]}",
        &[
            "a | build (a) | {v:a}",
            "A_2 | build (A) | {v:A}",
            "a_3 | build (a) | {v:a}",
            "job | build | {v:{}}",
        ],
    );
}

#[test]
fn what_is_wrong_is_told_all_at_once() {
    check_wrong("{}", &["3:5: Matrix must define at least one vector"]);
    check_wrong("{include: []}", &["3:5: Matrix must define at least one vector"]);
    check_wrong("[1]", &["3:5: expected a mapping of lists, found a list"]);
    check_wrong(
        "{a: [], b: 1, exclude: [{c: 1}, {}], include: [{}, 1]}",
        &[
            "3:5: Matrix vector 'a' does not contain any values",
            "3:5: expected a list in the matrix, found '1'",
            "3:5: expected a mapping, found '1'",
            "3:5: Matrix include mapping does not contain any values",
            "3:5: Matrix exclude key 'c' does not match any key within the matrix",
            "3:5: Matrix exclude filter must not be empty",
        ],
    );
}

#[test]
fn a_matrix_has_at_most_256_jobs() {
    let sixteen = (0..16).map(|n| n.to_string()).collect::<Vec<_>>().join(", ");
    let value = template(&format!("{{a: [{sixteen}], b: [{sixteen}]}}"))
        .evaluate(&Contexts::default())
        .unwrap();
    assert_eq!(combinations(Place::default(), &value).unwrap().len(), 256);
    check_wrong(
        &format!("{{a: [{sixteen}], b: [{sixteen}], include: [{{c: 1, a: 99}}]}}"),
        &["3:5: a matrix has at most 256 jobs, and this one 257"],
    );
    check_wrong(
        &format!("{{a: [{sixteen}], b: [{sixteen}], c: [{sixteen}], d: [{sixteen}], e: [1, 2]}}"),
        &["3:5: a matrix has at most 65536 combinations before exclude"],
    );
}
