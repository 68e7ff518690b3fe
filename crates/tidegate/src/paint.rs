//! Colours, on terminals only.

use std::io::IsTerminal;

use tidegate_manifest::Problems;

use crate::args::ColorWhen;

/// Whether text is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Paint {
    /// As it is.
    Plain,
    /// With ANSI escape codes.
    Ansi,
}

impl Paint {
    /// For a stream, as it was asked for. `NO_COLOR`, set to anything, means no colours.
    pub(crate) fn of(when: ColorWhen, stream: &impl IsTerminal) -> Self {
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        match when {
            ColorWhen::Always => Self::Ansi,
            ColorWhen::Auto if !no_color && stream.is_terminal() => Self::Ansi,
            ColorWhen::Auto | ColorWhen::Never => Self::Plain,
        }
    }

    pub(crate) fn red_bold(self, text: &str) -> String {
        self.wrap("1;31", text)
    }

    pub(crate) fn red(self, text: &str) -> String {
        self.wrap("31", text)
    }

    pub(crate) fn green(self, text: &str) -> String {
        self.wrap("32", text)
    }

    pub(crate) fn yellow(self, text: &str) -> String {
        self.wrap("33", text)
    }

    pub(crate) fn blue(self, text: &str) -> String {
        self.wrap("34", text)
    }

    pub(crate) fn cyan(self, text: &str) -> String {
        self.wrap("36", text)
    }

    pub(crate) fn bold(self, text: &str) -> String {
        self.wrap("1", text)
    }

    pub(crate) fn dim(self, text: &str) -> String {
        self.wrap("2", text)
    }

    /// Problems with their source lines: the headline in red, places and carets in blue.
    pub(crate) fn problems(self, problems: &Problems) -> String {
        let text = problems.snippets().to_string();
        if self == Self::Plain {
            return text;
        }
        let lines = text.lines().map(|line| self.problem_line(line)).collect::<Vec<_>>();
        lines.join("\n")
    }

    fn problem_line(self, line: &str) -> String {
        let body = line.trim_start();
        if let Some(message) = line.strip_prefix("error: ") {
            return format!("{} {}", self.red_bold("error:"), self.bold(message));
        }
        if body.starts_with("--> ") {
            return self.blue(line);
        }
        match line.split_once(" | ") {
            Some((margin, carets)) if carets.trim().chars().all(|c| c == '^') => {
                format!("{} {}", self.blue(&format!("{margin} |")), self.red_bold(carets))
            }
            _ => line.to_owned(),
        }
    }

    fn wrap(self, code: &str, text: &str) -> String {
        match self {
            Self::Plain => text.to_owned(),
            Self::Ansi => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_stays_as_it_is() {
        assert_eq!(Paint::Plain.red("x"), "x");
        assert_eq!(Paint::Ansi.red("x"), "\u{1b}[31mx\u{1b}[0m");
    }

    #[test]
    fn colour_follows_the_wish_before_the_terminal() {
        let file = tempfile::tempfile().unwrap();
        assert_eq!(Paint::of(ColorWhen::Always, &file), Paint::Ansi);
        assert_eq!(Paint::of(ColorWhen::Auto, &file), Paint::Plain);
        assert_eq!(Paint::of(ColorWhen::Never, &file), Paint::Plain);
    }
}
