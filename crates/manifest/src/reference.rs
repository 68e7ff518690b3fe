use std::fmt::Write as _;

use crate::fields::{
    Absent, Status, Table, analysis, auto, blue_green, config, decision, experiment, job, judge,
    kayenta_config, object, pod, query, ring, rollout, routing, scale, security, shadow,
    step_experiment, vendor, volume,
};

/// The mappings of each kind, in the order of the reference.
const KINDS: &[(&str, &[&Table])] = &[
    ("Every object", &[&object::META, &object::LIST]),
    (
        "Rollout",
        &[
            &rollout::ROLLOUT,
            &rollout::SPEC,
            &rollout::SELECTOR,
            &rollout::MATCH_EXPRESSION,
            &rollout::WORKLOAD_REF,
            &rollout::DEPLOYMENT,
            &scale::ROLLBACK_WINDOW,
            &scale::RUN_HISTORY,
            &rollout::STRATEGY,
            &rollout::CANARY,
            &scale::THRESHOLD,
            &scale::ANTI_AFFINITY,
            &scale::PREFERRED,
            &blue_green::BLUE_GREEN,
            &routing::TRAFFIC_ROUTING,
            &routing::ROUTER_PLUGIN,
            &routing::MANAGED_ROUTE,
            &routing::ISTIO,
            &routing::VIRTUAL_SERVICE,
            &routing::TLS_ROUTE,
            &routing::TCP_ROUTE,
            &routing::DESTINATION_RULE,
            &routing::NGINX,
            &routing::ALB,
            &routing::STICKINESS,
            &routing::SMI,
            &routing::AMBASSADOR,
            &routing::APP_MESH,
            &routing::APP_MESH_SERVICE,
            &routing::NODE_GROUP,
            &routing::NODE_REF,
            &routing::TRAEFIK,
            &routing::APISIX,
            &routing::APISIX_ROUTE,
            &rollout::PING_PONG,
            &rollout::ROLE_METADATA,
            &rollout::STEP,
            &rollout::PLUGIN_STEP,
            &ring::RING,
            &ring::RING_MATCH,
            &ring::RING_TEXT,
            &ring::RING_REGION,
            &ring::RING_USERS,
            &ring::RING_USER_KEY,
            &ring::RING_SCALE,
            &auto::AUTO,
            &shadow::SHADOW,
            &shadow::COMPARE,
            &rollout::PAUSE,
            &scale::SET_CANARY_SCALE,
            &routing::HEADER_ROUTE,
            &routing::HEADER_MATCH,
            &routing::MIRROR_ROUTE,
            &routing::REQUEST_MATCH,
            &routing::TEXT_MATCH,
            &step_experiment::EXPERIMENT,
            &step_experiment::TEMPLATE,
            &step_experiment::METADATA,
            &step_experiment::SERVICE_OF,
            &step_experiment::ANALYSIS,
            &rollout::ANALYSIS,
            &rollout::BACKGROUND,
            &rollout::TEMPLATE_USE,
            &rollout::ARG,
            &rollout::ARG_VALUE_FROM,
            &rollout::ARG_FIELD_REF,
            &rollout::RUN_METADATA,
        ],
    ),
    (
        "Experiment",
        &[
            &experiment::EXPERIMENT,
            &experiment::SPEC,
            &experiment::TEMPLATE,
            &experiment::TEMPLATE_SERVICE,
            &experiment::ANALYSIS,
            &experiment::ARG,
            &experiment::ARG_VALUE_FROM,
        ],
    ),
    (
        "Pod template",
        &[
            &pod::TEMPLATE,
            &pod::TEMPLATE_META,
            &pod::POD,
            &pod::OS,
            &pod::DNS,
            &pod::PULL_SECRET,
            &pod::HOST_ALIAS,
            &pod::CONTAINER,
            &pod::ENV,
            &pod::ENV_VALUE_FROM,
            &pod::KEY_REF,
            &pod::FIELD_REF,
            &pod::RESOURCE_FIELD,
            &pod::ENV_FROM,
            &pod::OBJECT_REF,
            &pod::PORT,
            &pod::PROBE,
            &pod::HTTP_GET,
            &pod::HTTP_HEADER,
            &pod::TCP_SOCKET,
            &pod::GRPC,
            &pod::EXEC,
            &pod::LIFECYCLE,
            &pod::POST_START,
            &pod::PRE_STOP,
            &pod::SLEEP,
            &pod::RESOURCES,
            &pod::AMOUNTS,
            &pod::IMAGE_RULE,
            &security::POD,
            &security::CONTAINER,
            &security::CAPABILITIES,
            &security::SECCOMP_PROFILE,
            &volume::VOLUME,
            &volume::EMPTY_DIR,
            &volume::ENTRIES,
            &volume::SECRET_ENTRIES,
            &volume::ITEM,
            &volume::DOWNWARD,
            &volume::DOWNWARD_ITEM,
            &volume::PROJECTED,
            &volume::PROJECTION,
            &volume::HOST_PATH,
            &volume::CLAIM,
            &volume::MOUNT,
        ],
    ),
    (
        "AnalysisTemplate, ClusterAnalysisTemplate and AnalysisRun",
        &[
            &analysis::TEMPLATE,
            &analysis::SPEC,
            &analysis::RUN,
            &analysis::RUN_SPEC,
            &analysis::TTL,
            &analysis::ARG,
            &analysis::ARG_VALUE_FROM,
            &analysis::SECRET_KEY,
            &analysis::DRY_RUN,
            &analysis::RETENTION,
            &analysis::METRIC,
            &analysis::PROVIDER,
            &analysis::ROUTER,
            &judge::JUDGE,
            &judge::DESIGN,
            &judge::COMPARED,
            &shadow::SHADOW_METRIC,
            &decision::DECISION,
            &decision::RULE,
            &decision::VALUE,
            &decision::PREDICTION,
            &query::PROMETHEUS,
            &query::RANGE,
            &query::AUTHENTICATION,
            &query::BASIC_AUTH,
            &query::OAUTH2,
            &query::SIGV4,
            &query::WEB,
            &query::HEADER,
            &vendor::DATADOG,
            &vendor::DATADOG_SECRET,
            &vendor::NEW_RELIC,
            &vendor::CLOUD_WATCH,
            &vendor::CLOUD_WATCH_QUERY,
            &vendor::CLOUD_WATCH_STAT,
            &vendor::CLOUD_WATCH_METRIC,
            &vendor::CLOUD_WATCH_DIMENSION,
            &vendor::GRAPHITE,
            &vendor::INFLUXDB,
            &vendor::WAVEFRONT,
            &vendor::SKYWALKING,
            &vendor::KAYENTA,
            &vendor::KAYENTA_THRESHOLD,
            &vendor::KAYENTA_SCOPE,
            &vendor::KAYENTA_DETAIL,
            &job::JOB,
            &job::JOB_META,
            &job::JOB_SPEC,
        ],
    ),
    ("Service", &[&config::SERVICE, &config::SERVICE_SPEC, &config::SERVICE_PORT]),
    ("ConfigMap and Secret", &[&config::CONFIG_MAP, &config::SECRET]),
    (
        "Canary configuration of Kayenta",
        &[
            &kayenta_config::CONFIG,
            &kayenta_config::JUDGE,
            &kayenta_config::METRIC,
            &kayenta_config::ANALYSIS,
            &kayenta_config::CANARY,
            &kayenta_config::EFFECT_SIZE,
            &kayenta_config::OUTLIERS,
            &kayenta_config::QUERY,
            &kayenta_config::CLASSIFIER,
            &kayenta_config::THRESHOLDS,
        ],
    ),
];

/// Every field that is known and what becomes of it, as a page of the book (Markdown). It is made
/// from the tables that [`crate::read`] follows, so it cannot drift from them.
pub fn field_reference() -> String {
    let mut page = String::from(
        "# Fields\n\n\
         <!-- Made from crates/manifest/src/fields; `cargo xtask docs` writes it anew. -->\n\n\
         Every field of the formats that Tidegate reads. A field is read; or accepted without effect, \
         for the reason given; or refused by its name, because it is not built yet. A field that is \
         not here is refused as unknown. `null` means the same as leaving a field out, and so does an \
         empty text where a text may be left out. The third column says what holds then.\n\n\
         In a canary configuration a field that is not here is told and has no effect, as with Kayenta \
         itself, but where the verdict is decided (`canary` and below, `classifier`), or where it \
         resembles one that is here, it is refused.\n",
    );
    for (kind, tables) in KINDS {
        page.push_str("\n## ");
        page.push_str(kind);
        page.push('\n');
        for table in *tables {
            write_table(&mut page, table);
        }
    }
    page
}

fn write_table(page: &mut String, table: &Table) {
    // Writing to a String cannot fail.
    let _ = write!(page, "\n### `{}`\n\n| field | | default | |\n|---|---|---|---|\n", table.place);
    for field in table.fields {
        let status = match field.status {
            Status::Read => "read",
            Status::Harmless => "no effect",
            Status::Empty => "refused, unless empty or false",
            Status::NotYet => "refused",
        };
        let about = field.about.replace('|', "\\|");
        let absent = match field.absent {
            Absent::Nothing => String::new(),
            Absent::As(value) => format!("`{value}`"),
            Absent::Words(words) => words.to_owned(),
        };
        let _ = writeln!(page, "| `{}` | {status} | {absent} | {about} |", field.name);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn tables_name_each_field_once_and_each_place_once() {
        let mut places = BTreeSet::new();
        for (kind, tables) in KINDS {
            for table in *tables {
                assert!(places.insert((kind, table.place)), "{}", table.place);
                let names: BTreeSet<_> = table.fields.iter().map(|field| field.name).collect();
                assert_eq!(names.len(), table.fields.len(), "{}", table.place);
            }
        }
    }

    #[test]
    fn what_holds_without_a_field_is_told_in_its_own_column() {
        for table in KINDS.iter().flat_map(|(_, tables)| *tables) {
            for field in table.fields {
                assert!(!field.about.contains("default"), "{}.{}", table.place, field.name);
                assert!(!field.about.contains(" | "), "{}.{}", table.place, field.name);
            }
        }
    }

    #[test]
    fn what_is_read_or_without_effect_says_why() {
        for table in KINDS.iter().flat_map(|(_, tables)| *tables) {
            for field in table.fields {
                let may_be_silent = matches!(field.status, Status::Empty | Status::NotYet);
                assert!(may_be_silent || !field.about.is_empty(), "{}.{}", table.place, field.name);
            }
        }
    }
}
