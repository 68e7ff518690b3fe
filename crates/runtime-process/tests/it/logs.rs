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

#[tokio::test]
async fn what_a_log_takes_on_the_disk_is_bounded_however_fast_it_is_written() {
    let world = World::new();
    let mut settings = world.settings();
    settings.logs = LogLimits { file_bytes: 1 << 20, rotated: 3 };
    let runtime = ProcessRuntime::open(settings).unwrap();
    // It ends, for the disk's sake should the logs not be rotated.
    let template = world.template(vec![shell("yes | head -c 2000000000; exec sleep 1000")]);
    runtime.scale(order(1, 1, &template)).await.unwrap();
    let id = ready(&runtime, 1).await.remove(0).id;
    let folder = world.data().join("logs/default/web/r1").join(id.as_str());
    let taken = || -> u64 {
        let files = std::fs::read_dir(&folder).unwrap().flatten();
        files.filter_map(|file| Some(file.metadata().ok()?.len())).sum()
    };
    let (mut from, mut text, mut most) = (0, Vec::new(), 0);
    let begun = std::time::Instant::now();
    while begun.elapsed() < std::time::Duration::from_secs(5) {
        let chunk = runtime.logs(LogQuery { from: Some(from), ..of(&id) }).await.unwrap();
        assert!(chunk.next >= from, "it goes on");
        from = chunk.next;
        text.extend(chunk.bytes);
        most = most.max(taken());
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let text = String::from_utf8(text).unwrap();
    assert!(text.contains(" bytes were left out here: more was written than is kept\n"));
    runtime.scale(order(2, 0, &template)).await.unwrap();
    eventually("all but the pieces is given back", || taken() <= 6 << 20).await;
    // Two looks' worth of what `yes` writes while others use the machine too.
    assert!(most < 1000 << 20, "{most} bytes");
    end(&runtime, 3, &template).await;
}

#[tokio::test]
async fn a_container_is_started_again_after_its_logs_were_removed() {
    let world = World::new();
    let runtime = world.open();
    let template = world.template(vec![shell("echo here; exec sleep 1000")]);
    runtime.scale(order(1, 1, &template)).await.unwrap();
    let replica = ready(&runtime, 1).await.remove(0);
    std::fs::remove_dir_all(world.data().join("logs")).unwrap();
    crate::fixture::kill(replica.pids["main"], rustix::process::Signal::KILL);
    crate::fixture::until(&runtime, "it runs again", |all| {
        all[0].restarts == 1 && all[0].state == tidegate_ports::ReplicaState::Ready
    })
    .await;
    let log = world.data().join("logs/default/web/r1").join(replica.id.as_str()).join("main.log");
    eventually("it writes", || std::fs::read_to_string(&log).is_ok_and(|text| text == "here\n"))
        .await;
    end(&runtime, 2, &template).await;
}

#[tokio::test]
async fn what_is_written_to_a_removed_log_is_not_kept_for_ever() {
    let world = World::new();
    let mut settings = world.settings();
    settings.logs = LogLimits { file_bytes: 1 << 20, rotated: 3 };
    let runtime = ProcessRuntime::open(settings).unwrap();
    let line = "while ! test -e more; do sleep 0.02; done; yes | head -c 5000000; exec sleep 1000";
    let template = world.template(vec![shell(line)]);
    runtime.scale(order(1, 1, &template)).await.unwrap();
    let pid = ready(&runtime, 1).await.remove(0).pids["main"];
    std::fs::remove_dir_all(world.data().join("logs")).unwrap();
    let output = format!("/proc/{pid}/fd/1");
    let length = || std::fs::metadata(&output).unwrap().len();
    assert_eq!(length(), 0);
    std::fs::write(world.path("more"), "").unwrap();
    eventually("it has written", || length() > 0).await;
    eventually("it is emptied", || length() < 1 << 20).await;
    end(&runtime, 2, &template).await;
}
