//! What every runtime has to do, done by containers.

use crate::world::World;

tidegate_testkit::conformance!(World::new());
