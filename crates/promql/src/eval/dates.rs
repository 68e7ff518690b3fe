/// A moment in UTC, by the Gregorian calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Date {
    pub(crate) year: i64,
    pub(crate) month: i64,
    pub(crate) day: i64,
    /// From 1 on.
    pub(crate) day_of_year: i64,
    /// From 0, Sunday.
    pub(crate) weekday: i64,
    pub(crate) hour: i64,
    pub(crate) minute: i64,
    pub(crate) days_in_month: i64,
}

/// Some 30 million years: beyond, a number is no moment.
const FURTHEST: f64 = 1e15;
/// From 0000-03-01 to 1970-01-01.
const DAYS_BEFORE_1970: i64 = 719_468;
/// In 400 years.
const DAYS_OF_ERA: i64 = 146_097;

impl Date {
    /// A part of the moment so many seconds after 1970; NaN for a number that is no moment.
    pub(crate) fn part(seconds: f64, part: fn(Self) -> i64) -> f64 {
        if seconds.is_nan() || seconds.abs() >= FURTHEST {
            return f64::NAN;
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_precision_loss,
            reason = "moments are below 10^15, and their parts are small"
        )]
        {
            part(Self::at(seconds as i64)) as f64
        }
    }

    /// Years begin in March, so that a leap day is the last (Hinnant, "chrono-compatible low-level
    /// date algorithms").
    fn at(seconds: i64) -> Self {
        let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        let since = days + DAYS_BEFORE_1970;
        let (era, of_era) = (since.div_euclid(DAYS_OF_ERA), since.rem_euclid(DAYS_OF_ERA));
        let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * of_year + 2) / 153;
        let day = of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        let leap = i64::from(year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));
        let day_of_year = if month <= 2 { of_year - 305 } else { of_year + 60 + leap };
        let days_in_month = match month {
            2 => 28 + leap,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        Self {
            year,
            month,
            day,
            day_of_year,
            weekday: (days + 4).rem_euclid(7),
            hour: second / 3600,
            minute: second / 60 % 60,
            days_in_month,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(seconds: i64, expect: [i64; 8]) {
        let date = Date::at(seconds);
        let found = [
            date.year,
            date.month,
            date.day,
            date.day_of_year,
            date.weekday,
            date.hour,
            date.minute,
            date.days_in_month,
        ];
        assert_eq!(found, expect, "{seconds}");
    }

    #[test]
    fn moments_are_dates() {
        check(0, [1970, 1, 1, 1, 4, 0, 0, 31]);
        check(-1, [1969, 12, 31, 365, 3, 23, 59, 31]);
        check(951_782_400, [2000, 2, 29, 60, 2, 0, 0, 29]);
        check(951_868_800, [2000, 3, 1, 61, 3, 0, 0, 31]);
        check(1_735_689_599, [2024, 12, 31, 366, 2, 23, 59, 31]);
        check(1_740_787_200, [2025, 3, 1, 60, 6, 0, 0, 31]);
        check(4_107_542_400, [2100, 3, 1, 60, 1, 0, 0, 31]);
    }

    #[test]
    fn days_follow_each_other() {
        let mut before = Date::at(-86_400);
        for day in 0..200_000 {
            let date = Date::at(day * 86_400);
            let next = (before.year, before.month, before.day + 1);
            let first = date.day == 1 && before.day == before.days_in_month;
            assert!(first || (date.year, date.month, date.day) == next, "{before:?} {date:?}");
            let new_year = date.day_of_year == 1 && (date.month, date.day) == (1, 1);
            assert!(new_year || date.day_of_year == before.day_of_year + 1, "{before:?} {date:?}");
            before = date;
        }
    }

    #[test]
    fn what_is_no_moment_has_no_parts() {
        for seconds in [f64::NAN, f64::INFINITY, 1e15] {
            assert!(Date::part(seconds, |date| date.year).is_nan());
        }
    }
}
