//! Processes of replicas whose records were damaged or removed.

use std::{fs, path::Path, time::Duration};

use tidegate_ports::Runtime;
use tidegate_workload::PodTemplate;

use crate::fixture::{
    World, alive, end, eventually, order, port, ready, service, settings, shell_that_says_up,
};

fn web(world: &World) -> PodTemplate {
    let mut web = service(&["serve"]);
    web.ports = vec![port(8080, "http")];
    world.template(vec![web])
}

/// The pids of so many replicas that ran when their runtime went away.
async fn left(world: &World, template: &PodTemplate, count: usize) -> Vec<u32> {
    let runtime = world.open();
    runtime.scale(order(1, u32::try_from(count).unwrap(), template)).await.unwrap();
    let replicas = ready(&runtime, count).await;
    replicas.iter().map(|one| one.pids["main"]).collect()
}

fn records(data: &Path, extension: &str) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(data.join("runtime/replicas")).unwrap().flatten();
    let paths = entries.map(|entry| entry.path());
    paths.filter(|path| path.extension().is_some_and(|found| found == extension)).collect()
}

/// What befalls a record.
type Damage = fn(&Path);

#[tokio::test]
async fn processes_of_a_replica_whose_record_is_damaged_or_gone_are_ended() {
    let cut_off = |path: &Path| {
        let text = fs::read(path).unwrap();
        fs::write(path, &text[..text.len() / 2]).unwrap();
    };
    let damages: [(Damage, usize); 4] = [
        (cut_off, 1),
        (|path| fs::write(path, [0xff, 0, 0xfe]).unwrap(), 1),
        (|path| fs::write(path, "").unwrap(), 1),
        (|path| fs::remove_file(path).unwrap(), 0),
    ];
    for (damage, put_aside) in damages {
        let world = World::new();
        let template = web(&world);
        let before = left(&world, &template, 2).await;
        damage(&records(&world.data(), "json")[0]);

        let runtime = world.open();
        assert!(before.iter().all(|pid| alive(*pid)), "its end is not waited for");
        assert_eq!(runtime.orphans().await, 1);
        assert_eq!(records(&world.data(), "unreadable").len(), put_aside);
        // One was taken over, the other ends and is replaced.
        ready(&runtime, 2).await;
        eventually("it ends", || before.iter().filter(|pid| alive(**pid)).count() == 1).await;
        eventually("no other runs", || world.processes().len() == 2).await;
        while runtime.orphans().await > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        end(&runtime, 2, &template).await;
        assert_eq!(world.processes(), [0; 0]);
    }
}

#[tokio::test]
async fn they_are_asked_before_they_are_killed() {
    let world = World::new();
    let line =
        "trap 'echo asked > asked; exit' TERM; touch up-$HOSTNAME; while :; do sleep 0.02; done";
    let template = world.template(vec![shell_that_says_up(line)]);
    let before = left(&world, &template, 1).await;
    fs::write(&records(&world.data(), "json")[0], "").unwrap();
    let runtime = world.open();
    eventually("it ends", || !alive(before[0])).await;
    assert_eq!(fs::read_to_string(world.path("asked")).unwrap(), "asked\n");
    ready(&runtime, 1).await;
    end(&runtime, 2, &template).await;
}

#[tokio::test]
async fn those_of_another_folder_are_left_alone_also_by_a_copy_of_it() {
    let world = World::new();
    let template = web(&world);
    let before = left(&world, &template, 1).await;
    let copy = world.path("copy");
    fs::create_dir_all(copy.join("runtime")).unwrap();
    for name in ["id", "place"] {
        fs::copy(world.data().join("runtime").join(name), copy.join("runtime").join(name)).unwrap();
    }
    let other = tidegate_runtime_process::ProcessRuntime::open(settings(&copy)).unwrap();
    assert_eq!(other.orphans().await, 0);
    drop(other);
    assert!(alive(before[0]));
    // Its own finds it again.
    let runtime = world.open();
    assert_eq!(runtime.orphans().await, 0);
    assert_eq!(ready(&runtime, 1).await[0].pids["main"], before[0]);
    end(&runtime, 2, &template).await;
}
