//! What containers write, and can be read of it.

use tidegate_ports::{LogQuery, Runtime, RuntimeError};
use tidegate_runtime_process::{LogLimits, ProcessRuntime};
use tidegate_units::ReplicaId;

use crate::fixture::{World, end, eventually, order, ready, shell};

fn of(replica: &ReplicaId) -> LogQuery {
    LogQuery { replica: Some(replica.clone()), ..LogQuery::default() }
}

async fn text(runtime: &ProcessRuntime, query: LogQuery) -> String {
    String::from_utf8(runtime.logs(query).await.unwrap().bytes).unwrap()
}

#[tokio::test]
async fn both_outputs_are_kept_over_restarts_and_after_the_end() {
    let world = World::new();
    let runtime = world.open();
    let mut side = shell("echo from the side; exec sleep 1000");
    side.name = "side".to_owned();
    let line = "echo out; echo err >&2; test -e again && exec sleep 1000; touch again; exit 7";
    let template = world.template(vec![shell(line), side]);
    runtime.scale(order(1, 1, &template)).await.unwrap();
    let replica = crate::fixture::until(&runtime, "it is restarted", |all| {
        all.first().is_some_and(|one| {
            one.restarts == 1 && one.state == tidegate_ports::ReplicaState::Ready
        })
    })
    .await
    .remove(0);
    let id = &replica.id;
    let mut main = String::new();
    for _ in 0..200 {
        main = text(&runtime, of(id)).await;
        if main.matches("err\n").count() == 2 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!(main, "out\nerr\nout\nerr\n");
    let tail = LogQuery { tail: Some(1), ..of(id) };
    assert_eq!(text(&runtime, tail).await, "err\n");
    let from = LogQuery { from: Some(8), ..of(id) };
    assert_eq!(text(&runtime, from).await, "out\nerr\n");
    let side = LogQuery { container: Some("side".to_owned()), ..of(id) };
    assert_eq!(text(&runtime, side.clone()).await, "from the side\n");

    end(&runtime, 2, &template).await;
    assert_eq!(text(&runtime, of(id)).await, main, "also of one that is gone");
    assert_eq!(text(&runtime, side).await, "from the side\n");
}

#[tokio::test]
async fn a_question_that_makes_no_sense_is_told_so() {
    let world = World::new();
    let runtime = world.open();
    let template = world.template(vec![shell("exec sleep 1000")]);
    runtime.scale(order(1, 1, &template)).await.unwrap();
    let id = ready(&runtime, 1).await.remove(0).id;
    let unknown = ReplicaId::from("nobody");
    assert_eq!(runtime.logs(of(&unknown)).await, Err(RuntimeError::Unknown(unknown.clone())));
    let climbing = ReplicaId::from("../../etc");
    assert_eq!(runtime.logs(of(&climbing)).await, Err(RuntimeError::Unknown(climbing.clone())));
    for name in ["side", "../main", ""] {
        let query = LogQuery { container: Some(name.to_owned()), ..of(&id) };
        let told = runtime.logs(query).await.unwrap_err().to_string();
        assert_eq!(told, format!("replica {id} has no container {name:?}"));
    }
    assert!(runtime.logs(LogQuery::default()).await.is_err());
    end(&runtime, 2, &template).await;
}

#[tokio::test]
async fn a_long_log_is_rotated_while_it_is_written_and_can_be_followed() {
    let world = World::new();
    let mut settings = world.settings();
    settings.logs = LogLimits { file_bytes: 128 << 10, rotated: 3 };
    let runtime = ProcessRuntime::open(settings).unwrap();
    let line = "seq -f 'line %012.0f' 1 20000; while ! test -e more; do sleep 0.02; done; \
                seq -f 'line %012.0f' 20001 22000; exec sleep 1000";
    let template = world.template(vec![shell(line)]);
    runtime.scale(order(1, 1, &template)).await.unwrap();
    let id = ready(&runtime, 1).await.remove(0).id;
    let folder = world.data().join("logs/default/web/r1").join(id.as_str());
    let files = || std::fs::read_dir(&folder).unwrap().count();
    eventually("it is rotated", || files() >= 2).await;
    std::fs::write(world.path("more"), "").unwrap();

    let mut followed = String::new();
    let mut from = 0;
    for _ in 0..2000 {
        let chunk = runtime.logs(LogQuery { from: Some(from), ..of(&id) }).await.unwrap();
        followed.push_str(std::str::from_utf8(&chunk.bytes).unwrap());
        from = chunk.next;
        if followed.ends_with("line 000000022000\n") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let lines: Vec<&str> = followed.lines().collect();
    assert_eq!(lines.len(), 22_000);
    for (at, line) in lines.iter().enumerate() {
        assert_eq!(*line, format!("line {:012}", at + 1));
    }
    end(&runtime, 2, &template).await;
}
