//! Schedules as POSIX cron writes them, within what GitHub takes.

/// A field of a schedule: its bounds, and words that stand for numbers from the least on.
struct Field {
    least: u32,
    most: u32,
    words: &'static [&'static str],
}

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

const FIELDS: [Field; 5] = [
    Field { least: 0, most: 59, words: &[] },
    Field { least: 0, most: 23, words: &[] },
    Field { least: 1, most: 31, words: &[] },
    Field { least: 1, most: 12, words: &MONTHS },
    Field { least: 0, most: 6, words: &DAYS },
];

/// GitHub starts a scheduled workflow at most this often, in minutes.
pub(super) const SHORTEST: u32 = 5;

/// Whether a text is a schedule.
pub(super) fn is_valid(cron: &str) -> bool {
    // Only blanks separate, and none are before the first field or after the last.
    let parts: Vec<&str> = cron.split(' ').collect();
    let inside = !cron.starts_with(' ') && !cron.ends_with(' ');
    let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    inside
        && parts.len() == FIELDS.len()
        && parts.iter().zip(&FIELDS).all(|(part, field)| field.has(part))
}

/// Whether a schedule asks for less than [`SHORTEST`] minutes between two starts within an hour.
pub(super) fn is_too_often(cron: &str) -> bool {
    let Some(minutes) = cron.split(' ').next().filter(|_| is_valid(cron)) else { return false };
    let [field, ..] = &FIELDS;
    let mut starts: Vec<u32> = minutes.split(',').flat_map(|part| field.values(part)).collect();
    starts.sort_unstable();
    starts.dedup();
    let around = starts.first().zip(starts.last()).map(|(first, last)| first + 60 - last);
    let between = starts.windows(2).filter_map(|pair| match pair {
        [before, after] => Some(after - before),
        _ => None,
    });
    between.chain(around).min().is_some_and(|shortest| shortest < SHORTEST)
}

impl Field {
    fn has(&self, text: &str) -> bool {
        text.split(',').all(|part| match part.split_once('/') {
            Some((range, step)) => {
                self.range(range) && self.number(step).is_some_and(|step| step > 0)
            }
            None => self.range(part),
        })
    }

    fn range(&self, text: &str) -> bool {
        match text.split_once('-') {
            _ if text == "*" => true,
            Some((first, last)) => match (self.value(first), self.value(last)) {
                (Some(first), Some(last)) => first <= last,
                _ => false,
            },
            None => self.value(text).is_some(),
        }
    }

    /// A number or a word within the bounds.
    fn value(&self, text: &str) -> Option<u32> {
        let word = self.words.iter().position(|word| text.eq_ignore_ascii_case(word));
        match word {
            Some(index) => Some(self.least + u32::try_from(index).ok()?),
            None => self.number(text),
        }
    }

    fn number(&self, text: &str) -> Option<u32> {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse().ok().filter(|_| digits)?;
        (self.least..=self.most).contains(&number).then_some(number)
    }

    /// What a part between commas stands for.
    fn values(&self, part: &str) -> Vec<u32> {
        let (range, step) = part.split_once('/').unwrap_or((part, "1"));
        let step = step.parse().unwrap_or(1).max(1);
        let stepped = part.contains('/');
        let (first, last) = match range.split_once('-') {
            Some((first, last)) => (self.value(first), self.value(last)),
            None if range == "*" => (Some(self.least), Some(self.most)),
            None if stepped => (self.value(range), Some(self.most)),
            None => (self.value(range), self.value(range)),
        };
        let (first, last) = (first.unwrap_or(self.least), last.unwrap_or(self.most));
        (first..=last).step_by(step).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_are_those_of_posix() {
        let valid = [
            "0 0 * * *",
            "0 007 01 * *",
            "*/15 * * * *",
            "10/20 * * * *",
            "0,30 2-4 * JAN-mar 1-5",
            "5 4,*/6,7-9/2 * * sun",
            "0  0   * * SAT",
            "0 3-3 1 1 0",
        ];
        for cron in valid {
            assert!(is_valid(cron), "{cron}");
        }
        let invalid = [
            "",
            "0 0 * *",
            "0 0 * * * *",
            " 0 0 * * *",
            "0 0 * * * ",
            "60 * * * *",
            "0 24 * * *",
            "0 0 0 * *",
            "0 0 32 * *",
            "0 0 * 13 *",
            "0 0 * * 7",
            "0 5-3 * * *",
            "0 -3 * * *",
            "0 1- * * *",
            "0 1/ * * *",
            "0 */0 * * *",
            "0 1,,2 * * *",
            "0 1-2-3 * * *",
            "0 1/2/3 * * *",
            "0 **  * * *",
            "0 *-3 * * *",
            "0 0 * MON *",
            "0 0 * * MON/TUE",
            "0 0 * * someday",
            "@daily",
            "0\t0 * * *",
        ];
        for cron in invalid {
            assert!(!is_valid(cron), "{cron}");
        }
    }

    #[test]
    fn starts_closer_than_five_minutes_are_found() {
        let check = |cron, expect| assert_eq!(is_too_often(cron), expect, "{cron}");
        check("* * * * *", true);
        check("*/4 * * * *", true);
        check("*/5 * * * *", false);
        check("*/7 * * * *", true);
        check("0,3 * * * *", true);
        check("1,58 * * * *", true);
        check("0,30 * * * *", false);
        check("10-12 * * * *", true);
        check("7 * * * *", false);
        check("nonsense", false);
    }
}
