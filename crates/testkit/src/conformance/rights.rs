//! As whom containers run, and what they may do.

use tidegate_workload::{Security, Volume, VolumeMount, VolumeSource};

use super::{Stage, end, eventually, order, ready, shell, template, until};

/// Of another user, with one right, and a volume to write to.
pub async fn a_container_has_the_rights_that_its_manifest_leaves_it(stage: &dyn Stage) {
    let runtime = stage.open();
    let line = "cat /proc/self/status; echo x > /scratch/there && echo open; \
                (echo x > /etc/tidegate-test) || echo fixed; exec sleep 1000";
    let mut main = shell(stage, line);
    main.mounts = vec![VolumeMount {
        volume: "scratch".to_owned(),
        path: "/scratch".to_owned(),
        sub_path: None,
        expand: false,
        read_only: false,
    }];
    let somebody = stage.somebody();
    main.security = Security {
        user: somebody,
        group: somebody.map(|_| 4712),
        groups: somebody.iter().map(|_| 4713).collect(),
        not_root: true,
        no_new_privileges: true,
        read_only: true,
        drop: vec!["ALL".to_owned()],
        add: vec!["NET_BIND_SERVICE".to_owned()],
        ..Security::default()
    };
    let mut template = template(stage, vec![main]);
    let source = VolumeSource::Scratch { memory: false };
    template.volumes = vec![Volume { name: "scratch".to_owned(), source }];
    runtime.scale(order(1, 1, &template)).await.unwrap();
    let id = ready(&*runtime, 1).await.remove(0).id;
    let said = async || super::logs::text(&*runtime, &id).await;
    eventually("all is said", async || said().await.contains("fixed")).await;
    let said = said().await;
    let line = |name: &str| {
        let line = said.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        line.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(line("NoNewPrivs:"), ["1"], "{said}");
    assert!(said.contains("open\n"), "{said}");
    if let Some(user) = somebody {
        assert_eq!(line("Uid:"), vec![user.to_string(); 4], "{said}");
        assert_eq!(line("Gid:"), ["4712"; 4], "{said}");
        assert!(line("Groups:").contains(&"4713".to_owned()), "{said}");
        assert_eq!(line("CapBnd:"), ["0000000000000400"], "{said}");
    }
    end(&*runtime, 2, &template).await;
}

/// It is not started, and its revision says why.
pub async fn nobody_runs_as_root_who_must_not(stage: &dyn Stage) {
    let runtime = stage.open();
    let mut main = shell(stage, "exec sleep 1000");
    main.security = Security { not_root: true, ..Security::default() };
    let template = template(stage, vec![main]);
    runtime.scale(order(1, 1, &template)).await.unwrap();
    until(&*runtime, "an obstacle", |_| !runtime.obstacles().is_empty()).await;
    let told = runtime.obstacles().into_values().next().unwrap();
    assert!(told.contains("runAsNonRoot, and it would run as root; set runAsUser"), "{told}");
    assert!(runtime.replicas().is_empty());
    end(&*runtime, 2, &template).await;
}
