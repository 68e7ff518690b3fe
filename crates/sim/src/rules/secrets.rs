//! Whether what is secret is where nobody should find it.

use serde::Serialize;
use tidegate_controller::Kind;

use super::{Rules, seek::says};
use crate::{
    apps::{HUSH, key},
    life::World,
    script::App,
};

impl Rules {
    /// Somebody can read a text.
    pub(crate) fn read(&mut self, place: &str, text: &str) {
        if text.contains(HUSH) {
            self.breaks(format!("what is secret is in {place}"));
        }
    }

    /// Somebody can read all of this.
    pub(crate) fn read_value(&mut self, place: &str, value: &impl Serialize) {
        match says(value, HUSH) {
            Ok(false) => {}
            Ok(true) => self.breaks(format!("what is secret is in {place}")),
            Err(problem) => self.breaks(format!("{place} cannot be written: {problem}")),
        }
    }
}

impl World {
    /// People look at all that they can see: each rollout with its runs and replicas, and what is declared.
    pub(crate) fn read_all(&self) {
        let Some(plane) = self.plane() else { return };
        for app in App::ALL {
            self.shown(&plane.rollout(&key(app)));
            self.shown(&plane.history(&key(app)));
        }
        for kind in [Kind::Secret, Kind::AnalysisTemplate] {
            self.shown(&plane.list(kind, None));
        }
    }

    fn shown(&self, what: &impl Serialize) {
        self.machine.state().rules.read_value("what people are shown", what);
    }
}
