use crate::chart::{Colour, Theme};

/// What is drawn, in pixels of the page, first things first.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Scene {
    pub(crate) width: f64,
    pub(crate) height: f64,
    pub(crate) shapes: Vec<Shape>,
}

/// One thing that is drawn.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Shape {
    /// A filled rectangle: left, top, width, height.
    Area([f64; 4], Ink),
    /// An area with points `(x, top, bottom)`.
    Band(Vec<(f64, f64, f64)>, Ink),
    /// A line through points, so wide, dashed or not.
    Line(Vec<(f64, f64)>, Ink, f64, Dash),
    /// Words: where their baseline begins, ends or has its middle.
    Text { x: f64, y: f64, words: String, ink: Ink, weight: Weight, anchor: Anchor },
}

/// A colour with what of it covers what is below, 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Ink {
    pub(crate) rgb: [u8; 3],
    pub(crate) cover: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dash {
    Whole,
    Dashed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weight {
    /// 12 pixels.
    Regular,
    /// 12 pixels, bold.
    Bold,
    /// 16 pixels, bold.
    Title,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
    /// Turned by a quarter, from bottom to top, around its middle.
    Upwards,
}

impl Weight {
    /// In pixels.
    pub(crate) const fn size(self) -> f64 {
        match self {
            Self::Regular | Self::Bold => 12.0,
            Self::Title => 16.0,
        }
    }

    /// How wide a character is: all are alike.
    pub(crate) fn advance(self) -> f64 {
        self.size() * 0.6
    }
}

/// The colours of a theme.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Palette(pub(crate) Theme);

impl Palette {
    fn pick(self, light: u32, dark: u32) -> Ink {
        let hex = if self.0 == Theme::Light { light } else { dark };
        let [_, red, green, blue] = hex.to_be_bytes();
        Ink { rgb: [red, green, blue], cover: 1.0 }
    }

    pub(crate) fn ground(self) -> Ink {
        self.pick(0xff_ffff, 0x15_181e)
    }

    pub(crate) fn words(self) -> Ink {
        self.pick(0x1f_2430, 0xe6_e8ec)
    }

    pub(crate) fn quiet(self) -> Ink {
        self.pick(0x5b_6472, 0xa3_adbb)
    }

    pub(crate) fn grid(self) -> Ink {
        self.pick(0xe4_e7ec, 0x2b_313c)
    }

    pub(crate) fn axis(self) -> Ink {
        self.pick(0xad_b5bd, 0x4a_5261)
    }

    pub(crate) fn of(self, colour: Colour) -> Ink {
        match colour {
            Colour::Canary => self.pick(0xd9_480f, 0xff_922b),
            Colour::Stable => self.pick(0x1c_7ed6, 0x4d_abf7),
            Colour::Against => self.pick(0xc9_2a2a, 0xff_6b6b),
            Colour::For => self.pick(0x2b_8a3e, 0x51_cf66),
        }
    }
}

impl Ink {
    pub(crate) const fn thin(self, cover: f64) -> Self {
        Self { cover, ..self }
    }
}
