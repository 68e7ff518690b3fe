use tidegate_workflow::{
    Cron, Event, EventTrigger, Filters, Patterns, Place, Reference, Schedule, Template, Triggers,
    default_activities,
};

use crate::written::template;

/// The triggers that are written here: events with their filters.
fn triggers(text: &str) -> Triggers {
    let of = template(text);
    let mut triggers = Triggers::default();
    for entry in of.as_mapping().unwrap() {
        let tidegate_workflow::Key::Text(name) = &entry.key else {
            unreachable!("a name is a text")
        };
        let texts = |name: &str| {
            let list = entry.value.get(name)?;
            let items = list.as_sequence().unwrap_or(std::slice::from_ref(list));
            Some(items.iter().map(|item| item.as_text().unwrap().to_owned()).collect::<Vec<_>>())
        };
        let patterns = |name: &str| texts(name).map(|texts| Patterns::new(&texts).unwrap());
        let filters = Filters {
            branches: patterns("branches"),
            branches_ignore: patterns("branches-ignore"),
            tags: patterns("tags"),
            tags_ignore: patterns("tags-ignore"),
            paths: patterns("paths"),
            paths_ignore: patterns("paths-ignore"),
            types: texts("types"),
            workflows: texts("workflows"),
            names: patterns("names"),
            versions: patterns("versions"),
        };
        triggers.events.push(EventTrigger { place: entry.place, name: name.clone(), filters });
        for time in entry.value.as_sequence().unwrap_or_default() {
            let cron = time.get("cron").and_then(Template::as_text).unwrap();
            let cron = Cron::new(cron, None).unwrap();
            triggers.schedules.push(Schedule { place: Place::default(), cron, zone: None });
        }
    }
    triggers
}

fn event(name: &str, reference: &str, paths: &[&str]) -> Event {
    let paths = paths.iter().map(|path| (*path).to_owned()).collect();
    let reference = Reference::named(reference);
    Event { name: name.to_owned(), reference, paths: Some(paths), ..Event::default() }
}

/// What a push to `reference` that changes `paths` does.
fn check(on: &str, reference: &str, paths: &[&str], expect: &str) {
    check_event(on, &event("push", reference, paths), expect);
}

fn check_event(on: &str, event: &Event, expect: &str) {
    let told =
        triggers(on).started_by(event).map_or_else(|not| not.to_string(), |()| "starts".to_owned());
    assert_eq!(told, expect, "{on} {event:?}");
}

#[test]
fn an_event_starts_who_names_it() {
    check("{push: }", "refs/heads/a/b", &["x"], "starts");
    check("{push: }", "refs/tags/v1", &[], "starts");
    check("{pull_request: }", "refs/heads/a", &[], "the workflow is not started by push");
}

#[test]
fn branches_alone_mean_no_tags_and_tags_alone_no_branches() {
    let on = "{push: {branches: [main, 'v*', '!vx']}}";
    check(on, "refs/heads/main", &[], "starts");
    check(on, "refs/heads/vy", &[], "starts");
    check(on, "refs/heads/vx", &[], "no filter takes in the branch vx");
    check(on, "refs/tags/v1", &[], "no filter takes in the tag v1");
    let on = "{push: {tags: ['v[0-9]+']}}";
    check(on, "refs/tags/v12", &[], "starts");
    check(on, "refs/tags/v", &[], "no filter takes in the tag v");
    check(on, "refs/heads/v1", &[], "no filter takes in the branch v1");
    let on = "{push: {branches-ignore: [tmp/**], tags-ignore: [x]}}";
    check(on, "refs/heads/main", &[], "starts");
    check(on, "refs/heads/tmp/a/b", &[], "the branch tmp/a/b is taken out by `tmp/**`");
    check(on, "refs/tags/x", &[], "the tag x is taken out by `x`");
    check(on, "refs/tags/y", &[], "starts");
}

#[test]
fn one_changed_file_that_is_meant_is_enough() {
    let on = "{push: {paths: ['src/**', '!src/**.md']}}";
    check(on, "refs/heads/main", &["README", "src/a.rs"], "starts");
    check(
        on,
        "refs/heads/main",
        &["README", "src/a.md"],
        "none of 2 changed files is meant by its filters of paths",
    );
    check(on, "refs/tags/v1", &["README"], "starts");
    let on = "{push: {paths-ignore: ['**.md', docs/**]}}";
    check(
        on,
        "refs/heads/main",
        &["a.md", "docs/x"],
        "none of 2 changed files is meant by its filters of paths",
    );
    check(on, "refs/heads/main", &["a.md", "b.rs"], "starts");
    let unknown = Event { paths: None, ..event("push", "refs/heads/main", &[]) };
    check_event(on, &unknown, "starts");
    let on = "{push: {branches: main, paths: a}}";
    check(on, "refs/heads/other", &["a"], "no filter takes in the branch other");
    check(
        on,
        "refs/heads/main",
        &["b"],
        "none of 1 changed files is meant by its filters of paths",
    );
}

#[test]
fn activities_are_those_that_are_named_or_that_are_usual() {
    let of = |name: &str, action: &str| Event {
        action: Some(action.to_owned()),
        ..event(name, "refs/heads/main", &[])
    };
    check_event("{pull_request: }", &of("pull_request", "synchronize"), "starts");
    check_event(
        "{pull_request: }",
        &of("pull_request", "labeled"),
        "the activity labeled is none of opened, synchronize, reopened",
    );
    check_event("{pull_request: {types: [labeled]}}", &of("pull_request", "labeled"), "starts");
    check_event(
        "{pull_request: {types: labeled}}",
        &of("pull_request", "opened"),
        "the activity opened is none of labeled",
    );
    check_event("{issues: }", &of("issues", "pinned"), "starts");
    check_event(
        "{repository_dispatch: {types: [go]}}",
        &of("repository_dispatch", "stop"),
        "the activity stop is none of go",
    );
    assert_eq!(default_activities("release"), None);
}

#[test]
fn what_others_are_filtered_by() {
    let run =
        Event { workflow: Some("C++ [x]".into()), ..event("workflow_run", "refs/heads/main", &[]) };
    check_event("{workflow_run: {workflows: ['C++ [x]'], branches: [main]}}", &run, "starts");
    check_event(
        "{workflow_run: {workflows: [Build]}}",
        &run,
        "the workflow C++ [x] is none that it waits for",
    );
    let image =
        Event { image: Some(("base".into(), "1.2.3".into())), ..event("image_version", "", &[]) };
    check_event("{image_version: {names: [base], versions: [1.*]}}", &image, "starts");
    check_event(
        "{image_version: {names: [base], versions: [2.*]}}",
        &image,
        "the image base:1.2.3 is none that it names",
    );
    let time = |text: &str| Event { schedule: Some(text.into()), ..event("schedule", "", &[]) };
    check_event("{schedule: [{cron: '0 0 * * *'}]}", &time("0 0 * * *"), "starts");
    check_event(
        "{schedule: [{cron: '0 0 * * *'}]}",
        &time("1 0 * * *"),
        "the workflow is not started by schedule",
    );
}

#[test]
fn a_commit_may_say_that_nothing_is_to_run() {
    let said = |name: &str, message: &str| Event {
        message: Some(message.into()),
        ..event(name, "refs/heads/main", &[])
    };
    check_event(
        "{push: }",
        &said("push", "tidy [skip ci]"),
        "the message of the last commit says [skip ci]",
    );
    check_event(
        "{push: }",
        &said("push", "tidy\n\n\nskip-checks: true\n"),
        "the message of the last commit says skip-checks: true",
    );
    check_event("{push: }", &said("push", "skip ci"), "starts");
    check_event("{pull_request_target: }", &said("pull_request_target", "[no ci]"), "starts");
}

#[test]
fn the_next_time_is_the_first_that_a_schedule_names() {
    use tidegate_units::Timestamp;
    let triggers =
        triggers("{schedule: [{cron: '0 6 * * *'}, {cron: '0 */3 * * *'}, {cron: '0 0 30 2 *'}]}");
    let hour = |hour: i64| Timestamp::from_millis(hour * 3_600_000);
    let next = |after| triggers.next(after).map(|(at, those)| (at, those.len()));
    assert_eq!(next(hour(0)), Some((hour(3), 1)));
    assert_eq!(next(hour(3)), Some((hour(6), 2)));
    assert!(Triggers::default().next(hour(0)).is_none());
}

#[test]
fn what_is_gone_starts_nothing() {
    let gone = |name: &str| Event { deleted: true, ..event(name, "refs/heads/main", &[]) };
    check_event(
        "{push: , delete: }",
        &gone("push"),
        "a branch or tag that is deleted starts nothing by push",
    );
    check_event("{push: , delete: }", &gone("delete"), "starts");
}
