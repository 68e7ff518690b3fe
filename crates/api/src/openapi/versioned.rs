//! What is below `/v1`.

use serde_json::json;
use tidegate_controller::{Applied, ExperimentView, HistoryItem, RolloutView};
use tidegate_dora::Report;
use tidegate_ledger::Entry;
use utoipa::openapi::{Content, ContentBuilder, HttpMethod, ObjectBuilder, Required, Schema};

use crate::{
    AbortWish, Done, ImageWish, OverrideWish, RevisionDiff, RolloutPage, UndoWish,
    limits::ROLLOUT_PAGE_LIMIT,
    openapi::{
        ledger::moment,
        operation::{Described, Describing},
        parameter::{header, if_none_match, needed, one_of, query, text, whole},
        shapes::{ResetEvent, RolloutPageOfFields, RolloutsEvent},
    },
    webhooks::Received,
};

const ROLLOUT: &str = "/v1/namespaces/{namespace}/rollouts/{name}";

pub(super) fn all() -> Vec<Described> {
    let all = [health(), fleet(), rollout(), actions(), others(), super::ledger::all(), delivery()];
    all.into_iter().flatten().collect()
}

fn get(path: &str, tag: &str, id: &str, what: &str) -> Describing {
    Describing::new(HttpMethod::Get, path, tag, id, what)
}

fn health() -> Vec<Described> {
    let alive = get("/healthz", "server", "isAlive", "Whether the server lives").open();
    let ready = get("/readyz", "server", "isReady", "Whether its store answers").open();
    let document = get("/v1/openapi.json", "server", "getOpenApi", "This description").open();
    let any = Schema::Object(ObjectBuilder::new().build());
    vec![
        alive.answers_text("text/plain; charset=utf-8", "It does.").end(),
        ready
            .answers_text("text/plain; charset=utf-8", "It does.")
            .text_problem(503, "It does not.")
            .end(),
        document.with(if_none_match()).answers_json("OpenAPI 3.1.", any.into()).tagged().end(),
    ]
}

fn fleet() -> Vec<Described> {
    const TAG: &str = "rollouts";
    let list = get("/v1/rollouts", TAG, "listRollouts", "All rollouts in short")
        .with(query("namespace", "Only those of this namespace.", text()))
        .with(query("phase", "Only those in one of these phases, separated by commas.", phases()))
        .with(query("search", "Only those with this in `namespace/name` or in an image.", text()))
        .with(query("sort", "By what they are sorted.", one_of(&SORTS)))
        .with(query("order", "Which end comes first.", one_of(&["asc", "desc"])))
        .with(query("fields", "Only these fields of each row, separated by commas.", fields()))
        .with(query(
            "limit",
            "Rows on a page; 500 when left out.",
            whole(1, Some(ROLLOUT_PAGE_LIMIT)),
        ))
        .with(query("continue", "`continue` of the page before.", text()))
        .with(if_none_match())
        .answers_either::<RolloutPage, RolloutPageOfFields>(
            "A page; with `fields` its rows have those alone.",
        )
        .tagged();
    let watch = get(
        "/v1/rollouts/watch",
        TAG,
        "watchRollouts",
        "What happens to rollouts and in the ledger",
    )
    .about(WATCH)
    .with(query("after", "`position` of a list, or the id of an event.", text()))
    .with(header("Last-Event-ID", "The same; a browser gives it when it comes back."))
    .answers_text("text/event-stream", "Server-sent events, until the client leaves.")
    .event::<RolloutsEvent>("rollouts")
    .event::<Entry>("ledger")
    .event::<ResetEvent>("reset");
    vec![list.end(), watch.end()]
}

const WATCH: &str = "Events: `rollouts` with `RolloutsEvent`, `ledger` with `LedgerEntry`, and `reset` with `ResetEvent`: read \
    the list anew. Ledger entries come in their order with no gap. The id of each event is a position.";

const SORTS: [&str; 7] =
    ["name", "phase", "changedAt", "createdAt", "wantedWeight", "requestRate", "errorRate"];

fn phases() -> ObjectBuilder {
    const PHASES: &str = "(Progressing|Paused|Healthy|Degraded)";
    text().pattern(Some(format!("^{PHASES}(,{PHASES})*$"))).examples(["Paused,Degraded"])
}

fn fields() -> ObjectBuilder {
    let any = format!("({})", crate::fleet_list::FIELDS.join("|"));
    text().pattern(Some(format!("^{any}(,{any})*$"))).examples(["phase,images"])
}

fn rollout() -> Vec<Described> {
    const TAG: &str = "rollout";
    let at = |part: &str, id: &str, what: &str| get(&format!("{ROLLOUT}/{part}"), TAG, id, what);
    vec![
        at("view", "viewRollout", "Where a rollout is, with its evidence")
            .with(if_none_match())
            .answers::<RolloutView>("All that is known of it now.")
            .tagged()
            .not_found()
            .end(),
        at("watch", "watchRollout", "The same, whenever it changes")
            .about("Events: `view` with `RolloutView`, at once and after each change; `gone` when it is no more.")
            .answers_text("text/event-stream", "Server-sent events, until it is gone.")
            .event::<RolloutView>("view")
            .not_found()
            .end(),
        at("diff", "diffRevisions", "What two revisions differ in")
            .with(query("from", "The number of one; the stable one when left out.", whole(1, None)))
            .with(query("to", "The number of the other; the wanted one when left out.", whole(1, None)))
            .answers::<RevisionDiff>("The difference of their pod templates.")
            .not_found()
            .problem(409, "There is nothing to compare with yet.")
            .end(),
        at("history", "getRevisions", "Its revisions, newest first")
            .with(if_none_match())
            .answers_list::<HistoryItem>("Those that are kept.")
            .tagged()
            .not_found()
            .end(),
    ]
}

fn action(name: &str, id: &str, what: &str) -> Describing {
    Describing::new(HttpMethod::Post, &format!("{ROLLOUT}/{name}"), "actions", id, what)
        .conditional()
        .not_found()
        .problem(409, "It makes no sense now.")
}

fn actions() -> Vec<Described> {
    let plain = [
        ("promote", "promoteRollout", "Goes on over the step that holds it"),
        ("promote-full", "promoteRolloutFull", "Skips all steps that are left"),
        ("pause", "pauseRollout", "Holds it where it is"),
        ("resume", "resumeRollout", "Lets it go on"),
        ("retry", "retryRollout", "Begins the steps of an aborted revision anew"),
    ];
    let plain = plain.into_iter().map(|(name, id, what)| action(name, id, what).done().end());
    let changes = |one: Describing| one.answers::<Applied>("What became of it.");
    let invalid =
        |one: Describing| changes(one).problem(422, "What it would come to cannot be accepted.");
    let restart =
        invalid(action("restart", "restartRollout", "Replaces all replicas, one after the other"));
    let abort = action("abort", "abortRollout", "Takes the revision on its way back")
        .takes::<AbortWish>(Required::False, json!({"reason": "checkout is slower"}))
        .done();
    let undo = invalid(action("undo", "undoRollout", "Goes back to an earlier revision"))
        .takes::<UndoWish>(Required::False, json!({"toRevision": 3}));
    let image = invalid(action("set-image", "setRolloutImage", "Changes images of its containers"))
        .takes::<ImageWish>(Required::True, json!({"images": {"web": "web:v2"}}));
    let rule = action(
        "override",
        "overrideRule",
        "Lets a rule of a decision not count for the revision on its way",
    )
    .takes::<OverrideWish>(Required::True, json!({"rule": "errors", "reason": "a known outage"}))
    .done();
    let others = [restart, abort, undo, image, rule].into_iter().map(Describing::end);
    plain.chain(others).collect()
}

fn others() -> Vec<Described> {
    const EXPERIMENT: &str = "/v1/namespaces/{namespace}/experiments/{name}";
    let end = |path: String, id: &str, what: &str| {
        Describing::new(HttpMethod::Post, &path, "actions", id, what)
            .done()
            .conditional()
            .not_found()
            .problem(409, "It makes no sense now.")
            .end()
    };
    let yaml = ContentBuilder::new().schema(Some(Schema::Object(text().build())));
    let apply = Describing::new(
        HttpMethod::Post,
        "/v1/apply",
        "resources",
        "apply",
        "Makes resources as they are written",
    )
    .about(
        "All documents of a text, or none of them. A manifest with `metadata.resourceVersion` is refused where that is not its \
         version any more; `If-Match` is about the one resource of a text.",
    )
    .conditional()
    .with(query("file", "What the client calls the text, for problems.", text()))
    .with(query(
        "dryRun",
        "Whether only to say what it would come to.",
        one_of(&["true", "false", "All"]),
    ))
    .takes_content("application/yaml", Required::True, yaml.build())
    .or_takes_json()
    .answers_list::<Done>("What became of each of them.")
    .problem(409, "One of them cannot be carried out here.")
    .problem(422, "Something in it cannot be accepted; every problem is named with its place.");
    let logs = get("/v1/logs", "rollout", "getLogs", "What a container of a replica wrote")
        .with(needed("replica", "The replica.", text().min_length(Some(1))))
        .with(query("container", "Which container; the first when left out.", text()))
        .with(query("from", "From this byte on.", whole(0, None)))
        .with(query("tail", "At most so many lines from the end.", whole(0, None)))
        .answers_text(
            "application/octet-stream",
            "A piece of it; `Tidegate-Next` says where the next one begins.",
        )
        .not_found();
    let experiment = get(
        &format!("{EXPERIMENT}/view"),
        "experiment",
        "viewExperiment",
        "Where an experiment is, with its evidence",
    )
    .with(if_none_match())
    .answers::<ExperimentView>("All that is known of it now.")
    .tagged()
    .not_found();
    let watch = get(
        &format!("{EXPERIMENT}/watch"),
        "experiment",
        "watchExperiment",
        "The same, whenever it changes",
    )
    .about("Events: `view` with `ExperimentView`, at once and after each change; `gone` when it is no more.")
    .answers_text("text/event-stream", "Server-sent events, until it is gone.")
    .event::<ExperimentView>("view")
    .not_found();
    vec![
        apply.end(),
        logs.end(),
        experiment.end(),
        watch.end(),
        end(
            format!("{EXPERIMENT}/terminate"),
            "terminateExperiment",
            "Ends an experiment before its time",
        ),
        end(
            "/v1/namespaces/{namespace}/analysisruns/{name}/terminate".to_owned(),
            "terminateAnalysisRun",
            "Ends a run that was applied by itself before its time",
        ),
    ]
}

fn delivery() -> Vec<Described> {
    let dora = get("/v1/dora", "delivery", "getDora", "DORA's five metrics, from the ledger")
        .with(query(
            "window",
            "How far back, such as `30d`; that when left out.",
            text().examples(["30d"]),
        ))
        .with(query("until", "Up to when; now when left out.", moment()))
        .with(query("namespace", "Only those of this environment.", text()))
        .with(query("name", "Only those of this application.", text()))
        .with(query(
            "by",
            "By what they are told apart.",
            one_of(&["none", "environment", "application"]),
        ))
        .with(query("limit", "At most so many deployments are listed.", whole(0, None)))
        .answers::<Report>("The metrics, with the deployments that they are of.");
    let hook = Describing::new(
        HttpMethod::Post,
        "/v1/webhooks/{forge}",
        "delivery",
        "receiveWebhook",
        "Takes what a forge tells",
    )
    .open()
    .about("The forge signs it; a delivery is taken once.")
    .takes_content("application/json", Required::True, anything())
    .answers::<Received>("It was taken.")
    .problem(400, "It is not what the forge sends.")
    .problem(403, "No secret of this server has signed it, or too long ago.")
    .problem(409, "It was taken before.")
    .problem(503, "It cannot be taken now.")
    .problem(504, "It took too long.")
    .not_found();
    vec![dora.end(), hook.end()]
}

fn anything() -> Content {
    ContentBuilder::new().schema(Some(Schema::Object(ObjectBuilder::new().build()))).build()
}
