/// What is to be seen: panels side by side, two in a row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chart {
    /// Above everything.
    pub title: String,
    /// Below the title, in one line.
    pub subtitle: String,
    /// In pairs, from left to right and from top to bottom.
    pub panels: Vec<Panel>,
    /// For which background.
    pub theme: Theme,
}

/// One pair of axes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Panel {
    /// Above it.
    pub title: String,
    /// What the horizontal axis shows, with its unit.
    pub x_label: String,
    /// What the vertical axis shows, with its unit.
    pub y_label: String,
    /// Whether a value `y` stands for `10^y`, as evidence does.
    pub powers: bool,
    /// Drawn first.
    pub bands: Vec<Band>,
    /// Drawn over the bands.
    pub lines: Vec<Line>,
    /// Levels from left to right.
    pub levels: Vec<Level>,
    /// A moment, from bottom to top, with its label.
    pub moment: Option<(f64, String)>,
}

/// An area between two lines.
#[derive(Clone, Debug, PartialEq)]
pub struct Band {
    /// Its colour, which is drawn thin.
    pub colour: Colour,
    /// Points `(x, low, high)` with rising `x`; an end may be infinite.
    pub points: Vec<(f64, f64, f64)>,
}

/// A line.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// What it is, for the legend.
    pub label: String,
    /// Its colour.
    pub colour: Colour,
    /// Points `(x, y)` with rising `x`.
    pub points: Vec<(f64, f64)>,
}

/// A dashed line from left to right.
#[derive(Clone, Debug, PartialEq)]
pub struct Level {
    /// What it is, for the legend.
    pub label: String,
    /// Where.
    pub y: f64,
}

/// What a colour stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// The revision that is judged.
    Canary,
    /// What it is compared with.
    Stable,
    /// What speaks against it.
    Against,
    /// What speaks for it.
    For,
}

/// For which background.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// White.
    #[default]
    Light,
    /// Nearly black.
    Dark,
}
