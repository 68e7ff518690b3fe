//! What a house has in a container engine.

use std::{collections::BTreeSet, path::Path};

use tidegate_testkit::podman::Podman;

use super::House;

impl House {
    /// The containers of this house, each with the moment of its start; also those that have ended.
    pub fn containers(&self) -> BTreeSet<String> {
        self.containers_of("containers/id")
    }

    /// Those of jobs.
    pub fn job_containers(&self) -> BTreeSet<String> {
        self.containers_of("containers/jobs/id")
    }

    fn containers_of(&self, id: &str) -> BTreeSet<String> {
        let (Some(engine), Ok(id)) = (self.engine, std::fs::read_to_string(self.folder().join(id)))
        else {
            return BTreeSet::new();
        };
        let filter = format!("label=dev.tidegate.runtime={}", id.trim());
        let format = "{{.ID}} {{.StartedAt}}";
        let listed = engine.must(&["ps", "-a", "--filter", &filter, "--format", format]);
        listed.lines().map(str::to_owned).collect()
    }

    /// The engine's id of the image of a version.
    pub fn image(&self, version: &str) -> String {
        let name = format!("localhost/sample:{version}");
        let format = ["image", "inspect", &name, "--format", "{{.Id}}"];
        let id = self.engine.map(|engine| engine.must(&format)).unwrap_or_default();
        format!("sha256:{id}")
    }

    /// What programs have to know to find the engine of this house: Docker's way, and Podman's.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let socket = self.engine.map(|engine| format!("unix://{}", engine.socket().display()));
        let names = ["DOCKER_HOST", "CONTAINER_HOST"];
        names.into_iter().filter_map(|name| Some((name, socket.clone()?))).collect()
    }
}

/// Makes an image of the sample service, with a shell for jobs.
pub(super) fn image(engine: &Podman, sample: &Path, version: &str) {
    let inside = "/bin/sample";
    let changes = [
        &format!("ENTRYPOINT [\"{inside}\"]"),
        &format!("ENV VERSION={version}"),
        // 127.0.0.1 is a container's own.
        "ENV HOST=0.0.0.0",
    ];
    let shell = ["/bin/sh", "/bin/sleep"].map(|program| (Path::new(program), program));
    let programs: Vec<_> = shell.into_iter().chain([(sample, inside)]).collect();
    engine.import(&format!("localhost/sample:{version}"), &programs, &changes);
}
