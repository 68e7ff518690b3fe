use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::{Mutex, PoisonError},
};

/// How a try to tell ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Outcome {
    Delivered,
    Failed,
    GivenUp,
}

impl Outcome {
    const fn word(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::GivenUp => "given_up",
        }
    }
}

/// Services that are counted apart. Their names are those of the settings and of annotations, which anybody may write.
const SERVICES: usize = 100;

/// How often what happened since the server began.
#[derive(Default)]
pub(crate) struct Counts(Mutex<BTreeMap<(String, Outcome), u64>>);

impl Counts {
    pub(crate) fn count(&self, service: &str, outcome: Outcome) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (service.to_owned(), outcome);
        let is_known = counts.contains_key(&key) || counts.len() < SERVICES;
        *counts.entry(if is_known { key } else { ("others".to_owned(), outcome) }).or_default() +=
            1;
    }

    pub(crate) fn exposition(&self, pending: usize) -> String {
        let mut text = String::from(
            "# HELP tidegate_notifications_pending Notifications that wait to be delivered.\n\
             # TYPE tidegate_notifications_pending gauge\n",
        );
        // Nothing of a string fails.
        let _ = writeln!(text, "tidegate_notifications_pending {pending}");
        text.push_str(
            "# HELP tidegate_notification_deliveries_total Tries to deliver a notification, by how they ended.\n\
             # TYPE tidegate_notification_deliveries_total counter\n",
        );
        for ((service, outcome), count) in &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            let service = service.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            let outcome = outcome.word();
            let _ = writeln!(
                text,
                "tidegate_notification_deliveries_total{{service=\"{service}\",outcome=\"{outcome}\"}} {count}"
            );
        }
        text
    }
}
