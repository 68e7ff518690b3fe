//! What containers write.

use tidegate_ports::{LogQuery, Runtime, RuntimeError};
use tidegate_units::ReplicaId;

use super::{Stage, end, eventually, order, ready, shell, template, until};

/// All of a replica's log that is kept.
pub(crate) async fn text(runtime: &dyn Runtime, id: &ReplicaId) -> String {
    of(runtime, id, None).await
}

/// All that is kept of what this container of it wrote.
pub(crate) async fn of(runtime: &dyn Runtime, id: &ReplicaId, container: Option<&str>) -> String {
    let query = LogQuery {
        replica: Some(id.clone()),
        container: container.map(str::to_owned),
        from: Some(0),
        ..LogQuery::default()
    };
    let chunk = runtime.logs(query).await.unwrap_or_default();
    String::from_utf8(chunk.bytes).unwrap()
}

/// The first life ends with an error, the second stays.
pub async fn both_outputs_are_kept_over_restarts_and_after_the_end(stage: &dyn Stage) {
    let runtime = stage.open();
    let line = "echo out; echo err >&2; echo last; sleep 1; exit 7";
    let template = template(stage, vec![shell(stage, line)]);
    runtime.scale(order(1, 1, &template)).await.unwrap();
    let again =
        until(&*runtime, "started again", |all| all.first().is_some_and(|a| a.restarts > 0));
    let id = again.await.remove(0).id;
    eventually("both lives are told", async || {
        text(&*runtime, &id).await.matches("last\n").count() >= 2
    })
    .await;
    end(&*runtime, 2, &template).await;
    let all = text(&*runtime, &id).await;
    assert!(all.contains("out\n") && all.contains("err\n"), "{all}");
    let lives = all.matches("out\n").count();
    assert_eq!(all.matches("err\n").count(), lives, "{all}");
    let query = LogQuery { replica: Some(id.clone()), tail: Some(1), ..LogQuery::default() };
    let tail = runtime.logs(query).await.unwrap();
    assert_eq!(usize::try_from(tail.next).unwrap(), all.len());
    assert_eq!(String::from_utf8(tail.bytes).unwrap().lines().count(), 1);
    let nobody = LogQuery { replica: Some(ReplicaId::from("nobody")), ..LogQuery::default() };
    let unknown = runtime.logs(nobody).await;
    assert_eq!(unknown, Err(RuntimeError::Unknown(ReplicaId::from("nobody"))));
}

/// Also over a restart of the control plane, where nothing is told twice or left out.
pub async fn a_log_can_be_followed_from_a_position(stage: &dyn Stage) {
    let line = "n=0; while true; do n=$((n+1)); echo line $n; sleep 0.05; done";
    let template = template(stage, vec![shell(stage, line)]);
    let mut runtime = stage.open();
    runtime.scale(order(1, 1, &template)).await.unwrap();
    let id = ready(&*runtime, 1).await.remove(0).id;
    let (mut followed, mut next, mut restarted) = (String::new(), 0, false);
    while followed.lines().count() < 60 {
        let query = LogQuery { replica: Some(id.clone()), from: Some(next), ..LogQuery::default() };
        if let Ok(chunk) = runtime.logs(query).await {
            followed.push_str(std::str::from_utf8(&chunk.bytes).unwrap());
            next = chunk.next;
        }
        if followed.lines().count() > 20 && !std::mem::replace(&mut restarted, true) {
            drop(runtime);
            tokio::time::sleep(std::time::Duration::from_millis(500)).await;
            runtime = stage.open();
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    for (number, line) in followed.lines().take(60).enumerate() {
        assert_eq!(line, format!("line {}", number + 1), "{followed}");
    }
    end(&*runtime, 2, &template).await;
}
