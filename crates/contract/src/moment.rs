//! Dates and times in the notation of Java's `DateTimeFormatter`: `yyyy-MM-dd'T'HH:mm:ssXXX`.

/// A letter with how often it is repeated, or text as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    Letters(char, usize),
    Text(String),
}

/// The letters that mean something; a format with any other is refused.
const LETTERS: &str = "GyuYMLdDEecQqwWFahHkKmsSAnNxXZOzV";

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
const DAYS: [&str; 7] =
    ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
const QUARTERS: [&str; 4] = ["1st quarter", "2nd quarter", "3rd quarter", "4th quarter"];

/// Takes a notation apart.
///
/// # Errors
/// What in it means nothing.
pub(crate) fn pieces(format: &str) -> Result<Vec<Piece>, String> {
    let mut found = Vec::new();
    let mut letters = format.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter == '\'' {
            found.push(Piece::Text(quoted(&mut letters, format)?));
        } else if letter.is_ascii_alphabetic() {
            if !LETTERS.contains(letter) {
                return Err(format!("the letter {letter} means nothing in the format {format:?}"));
            }
            let mut count = 1;
            while letters.next_if_eq(&letter).is_some() {
                count += 1;
            }
            found.push(Piece::Letters(letter, count));
        } else {
            found.push(Piece::Text(letter.to_string()));
        }
    }
    Ok(found)
}

type Letters<'a> = std::iter::Peekable<std::str::Chars<'a>>;

/// What is between quotes; two quotes are one.
fn quoted(letters: &mut Letters<'_>, format: &str) -> Result<String, String> {
    let mut text = String::new();
    if letters.next_if_eq(&'\'').is_some() {
        return Ok("'".to_owned());
    }
    while let Some(letter) = letters.next() {
        if letter != '\'' {
            text.push(letter);
        } else if letters.next_if_eq(&'\'').is_some() {
            text.push('\'');
        } else {
            return Ok(text);
        }
    }
    Err(format!("a quote in the format {format:?} is not closed"))
}

/// Whether a format is one that is known.
///
/// # Errors
/// What in it is not.
pub fn check_format(format: &str) -> Result<(), String> {
    pieces(format).map(|_| ())
}

/// Whether a text is a moment in that notation.
pub(crate) fn is_moment(text: &str, format: &str) -> bool {
    let Ok(pieces) = pieces(format) else { return false };
    let mut reader = Reader { rest: text, day: None, month: None, year: None };
    pieces.iter().all(|piece| reader.takes(piece)) && reader.rest.is_empty() && reader.is_a_day()
}

struct Reader<'a> {
    rest: &'a str,
    day: Option<u32>,
    month: Option<u32>,
    year: Option<i32>,
}

impl<'a> Reader<'a> {
    fn takes(&mut self, piece: &Piece) -> bool {
        match piece {
            Piece::Text(text) => self.text(text),
            Piece::Letters(letter, count) => self.letters(*letter, *count).is_some(),
        }
    }

    fn letters(&mut self, letter: char, count: usize) -> Option<()> {
        match letter {
            'G' => self.one_of(&["ad", "bc"]).map(drop),
            'y' | 'u' | 'Y' => self.year(count),
            'M' | 'L' => self.month(letter, count),
            'd' => self.number(2, 1..=31).map(|day| self.day = Some(day)),
            'D' => self.number(3, 1..=366).map(drop),
            'E' => self.day_name(count),
            'e' | 'c' if count > 2 => self.day_name(count),
            'e' | 'c' => self.number(1, 1..=7).map(drop),
            'Q' if count > 3 => self.one_of(&QUARTERS).map(drop),
            'Q' if count == 3 => self.one_of(&["q1", "q2", "q3", "q4"]).map(drop),
            'Q' | 'q' => self.number(2, 1..=4).map(drop),
            'w' => self.number(2, 1..=56).map(drop),
            'W' => self.number(2, 1..=5).map(drop),
            'F' => self.number(2, 0..=4).map(drop),
            'a' => self.one_of(&["am", "pm"]).map(drop),
            'h' => self.number(2, 1..=12).map(drop),
            'H' => self.number(2, 0..=23).map(drop),
            'k' => self.number(2, 1..=24).map(drop),
            'K' => self.number(2, 0..=11).map(drop),
            'm' | 's' => self.number(2, 0..=59).map(drop),
            'S' => self.digits(count).map(drop),
            'A' | 'n' | 'N' => self.digits(usize::MAX).map(drop),
            _ => self.zone(letter, count),
        }
    }

    fn text(&mut self, text: &str) -> bool {
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// One to `most` digits.
    fn digits(&mut self, most: usize) -> Option<&'a str> {
        let end = self.rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
        let (digits, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        (!digits.is_empty()).then_some(digits)
    }

    fn number(&mut self, most: usize, range: std::ops::RangeInclusive<u32>) -> Option<u32> {
        let number = self.digits(most)?.parse().ok()?;
        range.contains(&number).then_some(number)
    }

    /// One of some words in lower case, whatever the case here; which of them.
    fn one_of(&mut self, words: &[&str]) -> Option<usize> {
        let fits = |word: &str| {
            self.rest.get(..word.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(word))
        };
        let index = words.iter().position(|word| fits(word))?;
        self.rest = self.rest.get(words.get(index)?.len()..)?;
        Some(index)
    }

    fn year(&mut self, count: usize) -> Option<()> {
        self.year = Some(self.digits(count)?.parse().ok()?);
        Some(())
    }

    fn month(&mut self, letter: char, count: usize) -> Option<()> {
        let number = if letter == 'L' || count <= 2 {
            self.number(2, 1..=12)?
        } else {
            u32::try_from(self.name(&MONTHS, count)?).ok()? + 1
        };
        self.month = Some(number);
        Some(())
    }

    fn day_name(&mut self, count: usize) -> Option<()> {
        self.name(&DAYS, count).map(drop)
    }

    /// A name in full, or its first three letters.
    fn name(&mut self, names: &[&str], count: usize) -> Option<usize> {
        if count > 3 {
            return self.one_of(names);
        }
        let short: Vec<&str> = names.iter().filter_map(|name| name.get(..3)).collect();
        self.one_of(&short)
    }

    fn zone(&mut self, letter: char, count: usize) -> Option<()> {
        match letter {
            'X' if self.text("Z") => Some(()),
            'X' | 'x' => self.offset(count),
            'Z' if count <= 3 => self.offset(2),
            'Z' if count == 4 => self.offset_of_gmt(true),
            'Z' => self.offset(3),
            'O' => self.offset_of_gmt(count > 3),
            'z' => self.abbreviation(),
            _ => self.zone_id(),
        }
    }

    /// `+01`, `+0100`, `+01:00`, with seconds where the notation has them.
    fn offset(&mut self, count: usize) -> Option<()> {
        self.sign()?;
        self.number(2, 0..=18)?;
        let colon = matches!(count, 3 | 5..);
        if count == 1 {
            if self.rest.starts_with(|letter: char| letter.is_ascii_digit()) {
                self.number(2, 0..=59)?;
            }
            return Some(());
        }
        if colon && !self.text(":") {
            return None;
        }
        self.number(2, 0..=59)?;
        let more = if colon {
            self.text(":")
        } else {
            self.rest.starts_with(|it: char| it.is_ascii_digit())
        };
        if count > 3 && more {
            self.number(2, 0..=59).map(drop)
        } else {
            (!more || !colon).then_some(())
        }
    }

    fn sign(&mut self) -> Option<()> {
        (self.text("+") || self.text("-")).then_some(())
    }

    /// `GMT+1`, `UTC+01:30`; in full the minutes are not left out.
    fn offset_of_gmt(&mut self, full: bool) -> Option<()> {
        self.one_of(&["gmt", "utc"])?;
        if self.rest.starts_with(['+', '-']) {
            self.sign()?;
            self.number(2, 0..=18)?;
            if self.text(":") {
                return self.number(2, 0..=59).map(drop);
            }
            return (!full).then_some(());
        }
        Some(())
    }

    fn abbreviation(&mut self) -> Option<()> {
        let end = self.rest.bytes().take_while(u8::is_ascii_uppercase).count();
        self.rest = self.rest.get(end..)?;
        (3..=4).contains(&end).then_some(())
    }

    /// `Europe/Warsaw`.
    fn zone_id(&mut self) -> Option<()> {
        let part = |letter: char| letter.is_ascii_alphanumeric() || "/_+-".contains(letter);
        let end = self.rest.find(|letter| !part(letter)).unwrap_or(self.rest.len());
        let (zone, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        zone.contains('/').then_some(())
    }

    /// Whether the month has that day.
    fn is_a_day(&self) -> bool {
        let (Some(day), Some(month)) = (self.day, self.month) else { return true };
        let year = self.year.unwrap_or(2001);
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let days = match month {
            2 if leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        day <= days
    }
}
