use tidegate_units::Timestamp;
use tidegate_workflow::{Cron, CronError};

use crate::{Token, problem::Problems};

/// GitHub starts a scheduled workflow at most this often, in minutes.
const SHORTEST: i64 = 5;

/// When a workflow starts by itself.
pub(super) fn check(problems: &mut Problems<'_>, item: &Token) {
    let zone = item.get("timezone");
    let Some(token) = item.get("cron") else { return };
    let Some(text) = token.text() else { return };
    match Cron::new(text, zone.and_then(Token::text)) {
        Ok(cron) if is_too_often(&cron) => {
            let message =
                format!("This schedule asks for starts less than {SHORTEST} minutes apart");
            let hint =
                format!("GitHub starts a scheduled workflow at most every {SHORTEST} minutes");
            problems.warn(token.span, token.span, message, hint);
        }
        Ok(_) => {}
        Err(CronError::Zone(name)) => {
            let message = format!("Invalid time zone '{name}'");
            let hint = "write an IANA name such as Europe/Vienna or UTC";
            problems.error_with_hint(zone.map_or(token.span, |zone| zone.span), message, hint);
        }
        Err(error) => {
            let message = "Invalid cron expression. Expected format: '* * * * *' (minute hour day month weekday)";
            problems.error_with_hint(token.span, message.to_owned(), &reason(&error));
        }
    }
}

fn reason(error: &CronError) -> String {
    match error {
        CronError::Fields(count) => format!("there are {count} fields, divided by single blanks"),
        CronError::Field { what, text, from, to } => {
            format!("'{text}' is no {what}: allowed are {from}-{to}, *, lists, ranges and steps")
        }
        CronError::Zone(_) => String::new(),
    }
}

/// Whether two of the starts of some hours are closer than GitHub lets them be.
fn is_too_often(cron: &Cron) -> bool {
    /// An hour has at most 60 starts; those of the next one tell how far it is around.
    const STARTS: usize = 61;
    let begin = Timestamp::from_millis(0);
    let starts = std::iter::successors(cron.next(begin), |start| cron.next(*start)).take(STARTS);
    let starts: Vec<i64> = starts.map(Timestamp::as_millis).collect();
    let shortest = SHORTEST * 60_000;
    starts.windows(2).any(|pair| matches!(pair, [first, second] if second - first < shortest))
}
