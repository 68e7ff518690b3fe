use std::fmt::Debug;
use std::time::Duration;

use tidegate_expression::{Contexts, Scope, Value};
use tidegate_workflow::setting::{
    self, Concurrency, Container, Environment, Errors, Queue, RunsOn,
};
use tidegate_workflow::{Strategy, Template};

use crate::written::template;

fn scope() -> Contexts {
    let json = r#"{"github": {"ref": "main", "n": 7, "no": false, "labels": ["a", "b"], "map": {"group": "g", "labels": "x"}}}"#;
    Contexts(Value::from_json(json).unwrap())
}

/// What `read` makes of what is written, or all that is wrong with it.
fn read<T>(
    read: impl Fn(&Template, &dyn Scope) -> Result<T, Errors>,
    text: &str,
) -> Result<T, String> {
    read(&template(text), &scope())
        .map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
}

fn check<T: Debug + PartialEq>(
    of: impl Fn(&Template, &dyn Scope) -> Result<T, Errors>,
    text: &str,
    expect: T,
) {
    assert_eq!(read(of, text), Ok(expect), "{text}");
}

fn check_wrong<T: Debug>(
    of: impl Fn(&Template, &dyn Scope) -> Result<T, Errors>,
    text: &str,
    expect: &str,
) {
    assert_eq!(read(of, text).unwrap_err(), expect, "{text}");
}

#[test]
fn a_text_may_be_a_number_and_a_number_no_text() {
    check(setting::text, "5", "5".into());
    check(setting::text, "${{ github.no }}", "false".into());
    check(setting::number, "${{ github.n }}", 7.0);
    check(setting::truth, "${{ github.n == 7 }}", true);
    check_wrong(setting::number, "'5'", "1:1: expected a number, found the text '5'");
    check_wrong(setting::truth, "'true'", "1:1: expected true or false, found the text 'true'");
    check_wrong(setting::text, "[a]", "1:1: expected a text, found a list");
    check_wrong(
        setting::texts,
        "{a: b, c: {}, d: [x]}",
        "1:11: expected a text, found a mapping; 1:18: expected a text, found a list",
    );
    check(setting::texts, "{a: 1, b: ~}", vec![("a".into(), "1".into()), ("b".into(), "".into())]);
}

#[test]
fn minutes_have_parts_and_none_are_the_usual_ones() {
    let minutes = |template: &Template, scope: &dyn Scope| {
        setting::minutes(Some(template), scope, Duration::from_hours(6))
    };
    check(minutes, "5", Duration::from_mins(5));
    check(minutes, "0.5", Duration::from_secs(30));
    check(minutes, "0", Duration::from_hours(6));
    check(minutes, "-1", Duration::from_hours(6));
    check(minutes, "1e300", Duration::from_hours(366 * 24));
    check_wrong(minutes, "soon", "1:1: expected a number, found the text 'soon'");
}

#[test]
fn machines_are_named_in_three_ways() {
    let of = |labels: &[&str], group: Option<&str>| RunsOn {
        labels: labels.iter().map(ToString::to_string).collect(),
        group: group.map(str::to_owned),
    };
    check(RunsOn::read, "linux", of(&["linux"], None));
    check(RunsOn::read, "[self-hosted, '${{ github.ref }}']", of(&["self-hosted", "main"], None));
    check(RunsOn::read, "${{ github.labels }}", of(&["a", "b"], None));
    check(RunsOn::read, "{group: g, labels: [x, y]}", of(&["x", "y"], Some("g")));
    check(RunsOn::read, "${{ github.map }}", of(&["x"], Some("g")));
    check_wrong(RunsOn::read, "~", "1:1: expected the label of a machine, found nothing");
    check_wrong(
        RunsOn::read,
        "{size: big}",
        "1:8: expected group or labels, found the text 'size'",
    );
}

#[test]
fn groups_have_a_name_and_a_way_to_wait() {
    let of = |cancel_in_progress, queue| Concurrency {
        group: "deploy-main".to_owned(),
        cancel_in_progress,
        queue,
    };
    check(Concurrency::read, "deploy-${{ github.ref }}", of(false, Queue::Single));
    check(
        Concurrency::read,
        "{group: deploy-main, cancel-in-progress: '${{ github.n == 7 }}'}",
        of(true, Queue::Single),
    );
    check(Concurrency::read, "{group: deploy-main, queue: max}", of(false, Queue::Max));
    check_wrong(
        Concurrency::read,
        "{cancel-in-progress: true}",
        "1:1: Concurrency group name cannot be empty",
    );
    check_wrong(
        Concurrency::read,
        &"x".repeat(401),
        "1:1: Concurrency group name must be less than 400 characters",
    );
    check_wrong(
        Concurrency::read,
        "{group: a, queue: some}",
        "1:19: expected single or max, found the text 'some'",
    );
    check_wrong(
        Concurrency::read,
        "{group: a, queue: max, cancel-in-progress: true}",
        "1:1: 'queue: max' keeps all that wait, and 'cancel-in-progress: true' keeps none: leave one of them out",
    );
}

#[test]
fn environments_have_a_name_and_the_address_is_for_later() {
    let of = |name: &str, deployment| Some(Environment { name: name.to_owned(), deployment });
    check(Environment::read, "live", of("live", true));
    check(
        Environment::read,
        "{name: '${{ github.ref }}', url: '${{ fromJSON(nobody) }}'}",
        of("main", true),
    );
    check(Environment::read, "{name: live, deployment: false}", of("live", false));
    check(Environment::read, "''", None);
    check(Environment::read, "${{ github.nothing }}", None);
    check_wrong(
        Environment::read,
        "{name: a, uri: b}",
        "1:16: expected name, url or deployment, found the text 'uri'",
    );
}

#[test]
fn containers_are_images_or_more() {
    let image = |image: &str| Container { image: image.to_owned(), ..Container::default() };
    check(Container::read, "docker://alpine:3", Some(image("alpine:3")));
    check(Container::read, "''", None);
    check(Container::read, "{image: '', ports: [1]}", None);
    let all = Container {
        options: Some("--cpus 1".to_owned()),
        ports: vec!["80:80".to_owned(), "90".to_owned()],
        volumes: vec!["/a:/b".to_owned()],
        env: vec![("A".to_owned(), "7".to_owned())],
        credentials: Some(("me".to_owned(), "secret".to_owned())),
        entrypoint: Some("/run".to_owned()),
        command: Some("fast".to_owned()),
        ..image("db")
    };
    let text = "{image: db, options: --cpus 1, ports: ['80:80', 90], volumes: [/a:/b], env: {A: '${{ github.n }}'}, \
                credentials: {username: me, password: secret}, entrypoint: /run, command: fast}";
    check(Container::read, text, Some(all));
    check(
        Container::services,
        "{db: postgres, off: '${{ github.nothing }}', more: {image: redis}}",
        vec![("db".into(), image("postgres")), ("more".into(), image("redis"))],
    );
    check_wrong(
        Container::read,
        "{image: a, network: b}",
        "1:21: expected image, options, entrypoint, command, env, ports, volumes or credentials, found the text 'network'",
    );
}

#[test]
fn strategies_say_how_a_matrix_runs() {
    let of = |text: &str| {
        let read = read(Strategy::read, text).unwrap();
        (read.fail_fast, read.max_parallel, read.combinations.map(|jobs| jobs.len()))
    };
    assert_eq!(of("{}"), (true, None, None));
    assert_eq!(
        of("{fail-fast: false, max-parallel: 2.9, matrix: {a: [1, 2, 3]}}"),
        (false, Some(2), Some(3))
    );
    assert_eq!(
        of("{max-parallel: 0, matrix: '${{ fromJSON(''{\"a\": [1]}'') }}'}"),
        (true, None, Some(1))
    );
    assert_eq!(of("{max-parallel: 1000}"), (true, Some(256), None));
    check_wrong(
        Strategy::read,
        "{fail-fast: '1'}",
        "1:13: expected true or false, found the text '1'",
    );
    check_wrong(Strategy::read, "{max-parallel: x}", "1:16: expected a number, found the text 'x'");
    check_wrong(
        Strategy::read,
        "{speed: 1}",
        "1:9: expected fail-fast, max-parallel or matrix, found the text 'speed'",
    );
    let context = Strategy::context(true, Some(2), 1, 3).to_json();
    let packed: String = context.lines().map(str::trim_start).collect();
    assert_eq!(packed, r#"{"fail-fast": true,"job-index": 1,"job-total": 3,"max-parallel": 2}"#);
}
