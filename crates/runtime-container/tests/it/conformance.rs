//! What every runtime has to do, done by containers.

use crate::podman::World;

tidegate_testkit::conformance!(World::new());
