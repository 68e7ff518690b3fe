use std::sync::Arc;

use tidegate_promql::{Labels, Matcher, Series, SeriesSource};
use tidegate_series::Recorder;
use tidegate_units::{ObjectKey, Owner};

use crate::caller::Caller;

/// The series that whoever asks may see.
#[derive(Clone)]
pub(super) struct Seen {
    pub(super) recorder: Arc<Recorder>,
    /// Who asks; nobody where the series are open to all.
    pub(super) caller: Option<Caller>,
}

impl Seen {
    fn sees(&self, owner: &Owner) -> bool {
        let key = owner.key();
        self.caller.as_ref().is_none_or(|caller| caller.sees(&key.namespace, &key.name))
    }

    /// Whether they may see everything, so that what the server tells of itself is for them, too.
    pub(super) fn is_all(&self) -> bool {
        let everywhere = ObjectKey::EVERYWHERE;
        self.caller.as_ref().is_none_or(|caller| caller.sees(everywhere, everywhere))
    }

    /// Shows the labels of each series as [`tidegate_series::View::labels`] does.
    pub(super) fn labels(
        &self,
        matchers: &[Matcher],
        from: i64,
        to: i64,
        show: impl FnMut(&Labels),
    ) {
        let sees = |owner: &Owner| self.sees(owner);
        self.recorder.history().view(&sees).labels(matchers, from, to, show);
    }

    /// The newest values, in Prometheus' text format.
    pub(super) fn exposition(&self) -> String {
        let sees = |owner: &Owner| self.sees(owner);
        self.recorder.history().view(&sees).exposition()
    }
}

impl SeriesSource for Seen {
    fn select(&self, matchers: &[Matcher], from: i64, to: i64, room: usize) -> Option<Vec<Series>> {
        let sees = |owner: &Owner| self.sees(owner);
        self.recorder.history().view(&sees).select(matchers, from, to, room)
    }
}
