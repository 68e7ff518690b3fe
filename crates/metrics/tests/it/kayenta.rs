//! Kayenta: a configuration is looked up, a judgement begun, its score waited for.

use std::time::Duration;

use serde_json::Value as Json;
use tidegate_analysis::{KayentaQuery, KayentaScope, KayentaScopeDetail, Query};
use tidegate_units::Timestamp;

use crate::{
    answer,
    server::{Server, answer as reply, ok},
};

fn query(server: &Server) -> KayentaQuery {
    let side = |scope: &str| KayentaScopeDetail {
        scope: scope.to_owned(),
        region: "here".to_owned(),
        step: 60,
        ..KayentaScopeDetail::default()
    };
    KayentaQuery {
        address: server.url("/kayenta"),
        application: "guest book".to_owned(),
        canary_config_name: "my-test".to_owned(),
        metrics_account_name: "values".to_owned(),
        configuration_account_name: "configurations".to_owned(),
        storage_account_name: "results".to_owned(),
        pass: 90,
        marginal: 75,
        scopes: vec![KayentaScope {
            name: "default".to_owned(),
            control: side("stable"),
            experiment: side("canary"),
        }],
        lookback: false,
        run_started: Some(Timestamp::from_millis(0)),
        interval: Some(Duration::from_mins(5)),
    }
}

const CONFIGS: &str = r#"[{"id":"1","name":"other"},{"id":"2f3a","name":"my-test"}]"#;

async fn ask(query: KayentaQuery) -> Result<String, String> {
    answer(Query::Kayenta(query), &[], None).await.map(|answer| answer.shown)
}

#[tokio::test]
async fn a_score_is_waited_for_and_its_fraction_left_out() {
    let score = r#"{"complete":true,"result":{"judgeResult":{"score":{"score":89.9}}}}"#;
    let replies =
        [ok(CONFIGS), ok(r#"{"canaryExecutionId":"r1"}"#), ok(r#"{"complete":false}"#), ok(score)];
    let server = Server::start(&replies.each_ref().map(String::as_str)).await;
    let found = answer(Query::Kayenta(query(&server)), &[], None).await.unwrap();
    assert_eq!(found.shown, "89");
    assert_eq!(found.metadata["canaryExecutionId"], "r1");
    let asked = server.asked();
    let lines: Vec<_> = asked.iter().map(|one| one.lines().next().unwrap()).collect();
    assert_eq!(
        lines,
        [
            "GET /kayenta/canaryConfig?application=guest+book&configurationAccountName=results HTTP/1.1",
            "POST /kayenta/canary/2f3a?application=guest+book&metricsAccountName=values&\
         configurationAccountName=configurations&storageAccountName=results HTTP/1.1",
            "GET /kayenta/canary/r1 HTTP/1.1",
            "GET /kayenta/canary/r1 HTTP/1.1",
        ]
    );
    let body: Json = serde_json::from_str(asked[1].split_once("\r\n\r\n").unwrap().1).unwrap();
    assert_eq!(body["thresholds"], serde_json::json!({"pass": 90, "marginal": 75}));
    let both = &body["scopes"]["default"];
    assert_eq!(both["experimentScope"]["scope"], "canary");
    assert_eq!(both["controlScope"]["location"], "here");
    let moment = |field: &str| -> Timestamp {
        both["controlScope"][field].as_str().unwrap().parse().unwrap()
    };
    assert_eq!(moment("end").since(moment("start")), Duration::from_mins(5), "one interval");
}

#[tokio::test]
async fn what_it_does_not_say_is_an_error() {
    let run = ok(r#"{"canaryExecutionId":"r1"}"#);
    for (replies, expect) in [
        (vec![ok("[]")], "there is no canary configuration \"my-test\""),
        (vec![reply("503 Service Unavailable", "", "busy")], "503 Service Unavailable: busy"),
        (vec![ok(CONFIGS), ok("{}")], "its answer has no canaryExecutionId"),
        (vec![ok(CONFIGS), run.clone(), ok("{}")], "does not say whether it is complete"),
        (vec![ok(CONFIGS), run.clone(), ok(r#"{"complete":true}"#)], "its answer has no score"),
    ] {
        let replies: Vec<_> = replies.iter().map(String::as_str).collect();
        let server = Server::start(&replies).await;
        let found = ask(query(&server)).await.unwrap_err();
        assert!(found.contains(expect), "{found}");
    }
    let server = Server::start(&["never asked"]).await;
    let found = ask(KayentaQuery { interval: None, ..query(&server) }).await.unwrap_err();
    assert!(found.contains("needs an interval or lookback"), "{found}");
    assert!(server.asked().is_empty());
}
