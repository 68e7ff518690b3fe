use std::fmt::Write as _;

use crate::{
    chart::Panel,
    scale::{Frame, ticks},
};

/// Rows of a panel in a terminal.
const ROWS: usize = 8;

/// Characters left of it, for the labels.
const MARGIN: usize = 10;

/// The characters that a terminal can show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Glyphs {
    /// Braille, which has two by four dots in each character.
    #[default]
    Braille,
    /// `*`, and `o` for every other line, where there are none but those of ASCII.
    Ascii,
}

/// A panel as text of at most `width` characters a line: lines in dots, every other one with gaps,
/// levels as rows of `-`, the moment of the verdict as a column of `|`.
pub fn text(panel: &Panel, width: usize, glyphs: Glyphs) -> String {
    let frame = Frame::of(panel);
    let columns = width.saturating_sub(MARGIN + 1).max(20);
    let mut grid = vec![vec![' '; columns]; ROWS];
    let at = |range, value: f64, count: usize| {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a part of a few hundred"
        )]
        let place = (Frame::part(range, value) * (count - 1) as f64).round() as usize;
        place.min(count - 1)
    };
    for level in &panel.levels {
        let row = ROWS - 1 - at(frame.y, level.y, ROWS);
        grid.get_mut(row).into_iter().flatten().for_each(|cell| *cell = '-');
    }
    if let Some((moment, _)) = &panel.moment {
        let column = at(frame.x, *moment, columns);
        grid.iter_mut().filter_map(|row| row.get_mut(column)).for_each(|cell| *cell = '|');
    }
    // The first is drawn last: it is what the panel is about.
    for (nth, line) in panel.lines.iter().enumerate().rev() {
        for (column, row, dots) in dots(&line.points, columns, |(x, y)| {
            (at(frame.x, x, columns * 2), ROWS * 4 - 1 - at(frame.y, y, ROWS * 4))
        }) {
            if nth % 2 == 1 && glyphs == Glyphs::Braille && column % 4 > 1 {
                continue;
            }
            if let Some(cell) = grid.get_mut(row).and_then(|row| row.get_mut(column)) {
                *cell = glyphs.with(*cell, nth, dots);
            }
        }
    }
    let mut labels = vec![String::new(); ROWS];
    for (value, label) in ticks(frame.y, 4.0, panel.powers) {
        if let Some(slot) = labels.get_mut(ROWS - 1 - at(frame.y, value, ROWS)) {
            *slot = label;
        }
    }
    let mut text = format!("{}\n{}", panel.title, legend(panel, width, glyphs));
    for (label, row) in labels.iter().zip(&grid) {
        let row: String = row.iter().collect();
        let _ = writeln!(text, "{label:>MARGIN$} {}", row.trim_end());
    }
    let axis = axis(&ticks(frame.x, 5.0, false), |value| at(frame.x, value, columns), columns);
    text.push_str(&glyphs.of(&axis));
    let _ = write!(text, "{:MARGIN$} {}", "", panel.x_label);
    text
}

impl Glyphs {
    /// A cell with the dots of the line `nth` in it.
    fn with(self, cell: char, nth: usize, dots: u32) -> char {
        match self {
            Self::Braille => {
                let is_braille = ('\u{2800}'..='\u{28ff}').contains(&cell);
                let before = if is_braille { cell as u32 } else { 0x2800 };
                char::from_u32(before | dots).unwrap_or(cell)
            }
            Self::Ascii if nth % 2 == 1 => 'o',
            Self::Ascii => '*',
        }
    }

    /// What the line `nth` looks like.
    const fn sample(self, nth: usize) -> &'static str {
        match (self, nth % 2) {
            (Self::Braille, 0) => "⠤⠤⠤",
            (Self::Braille, _) => "⠤⠤ ⠤",
            (Self::Ascii, 0) => "***",
            (Self::Ascii, _) => "ooo",
        }
    }

    /// Words with what is no ASCII in them replaced, where it has to be.
    fn of(self, text: &str) -> String {
        match self {
            Self::Braille => text.to_owned(),
            Self::Ascii => text.replace('─', "-").replace('┴', "+"),
        }
    }
}

/// What is what, in as many lines as it takes.
fn legend(panel: &Panel, width: usize, glyphs: Glyphs) -> String {
    let lines = panel.lines.iter().enumerate();
    let lines = lines.map(|(nth, line)| format!("{} {}", glyphs.sample(nth), line.label));
    let levels = panel.levels.iter().map(|level| format!("--- {}", level.label));
    let moment = panel.moment.iter().map(|(_, label)| format!("| {label}"));
    let (mut text, mut used) = (String::new(), 0);
    for part in lines.chain(levels).chain(moment) {
        let long = part.chars().count() + 3;
        if used > 0 && MARGIN + used + long > width {
            text.push('\n');
            used = 0;
        }
        if used == 0 {
            let _ = write!(text, "{:MARGIN$} {part}", "");
        } else {
            let _ = write!(text, "   {part}");
        }
        used += long;
    }
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

/// The dots of a line, as cells with the bits of a braille character.
fn dots(
    points: &[(f64, f64)],
    columns: usize,
    place: impl Fn((f64, f64)) -> (usize, usize),
) -> Vec<(usize, usize, u32)> {
    /// The bit of each dot: by its row, then its column.
    const BITS: [[u32; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];
    let mut dots = Vec::new();
    let mut dot = |x: usize, y: usize| {
        let bit = BITS.get(y % 4).and_then(|row| row.get(x % 2)).copied().unwrap_or_default();
        dots.push((x / 2, y / 4, bit));
    };
    let points = points.iter().filter(|(x, y)| x.is_finite() && !y.is_nan());
    let places: Vec<_> = points.map(|point| place(*point)).collect();
    for pair in places.windows(2) {
        let [(x, y), (to_x, to_y)] = pair else { continue };
        let steps = x.abs_diff(*to_x).max(y.abs_diff(*to_y)).max(1).min(columns * 4);
        let between = |from: usize, to: usize, step: usize| {
            if to >= from {
                from + (to - from) * step / steps
            } else {
                from - (from - to) * step / steps
            }
        };
        (0..=steps).for_each(|step| dot(between(*x, *to_x, step), between(*y, *to_y, step)));
    }
    if let [(x, y)] = places.as_slice() {
        dot(*x, *y);
    }
    dots
}

fn axis(ticks: &[(f64, String)], at: impl Fn(f64) -> usize, columns: usize) -> String {
    let mut marks = vec!['─'; columns];
    let mut line = vec![' '; columns];
    let mut free = 0;
    for (value, label) in ticks {
        let column = at(*value);
        if let Some(mark) = marks.get_mut(column) {
            *mark = '┴';
        }
        let start = column.saturating_sub(label.len() / 2).min(columns.saturating_sub(label.len()));
        if start < free {
            continue;
        }
        free = start + label.len() + 1;
        for (slot, c) in line.iter_mut().skip(start).zip(label.chars()) {
            *slot = c;
        }
    }
    let (marks, line): (String, String) = (marks.into_iter().collect(), line.into_iter().collect());
    format!("{:MARGIN$} {marks}\n{:MARGIN$} {}\n", "", "", line.trim_end())
}
