//! What every runtime has to do, done by processes.

use std::sync::Arc;

use tidegate_ports::Runtime;
use tidegate_testkit::conformance::Stage;
use tidegate_workload::PodTemplate;

use crate::fixture::{World, program};

impl Stage for World {
    fn open(&self) -> Arc<dyn Runtime> {
        Arc::new(World::open(self))
    }

    fn image(&self) -> String {
        "test/image:1".to_owned()
    }

    fn service(&self) -> String {
        program().display().to_string()
    }

    fn somebody(&self) -> Option<u32> {
        rustix::process::getuid().is_root().then_some(4711)
    }

    fn finish(&self, template: PodTemplate) -> PodTemplate {
        PodTemplate { images: self.template(Vec::new()).images, ..template }
    }
}

tidegate_testkit::conformance!(World::new());
