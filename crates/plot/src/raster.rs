use noto_sans_mono_bitmap::{FontWeight, RasterHeight, get_raster, get_raster_width};

use crate::scene::{Anchor, Dash, Ink, Scene, Shape, Weight};

/// A pixel of the page is two by two of the picture, so that it is sharp on today's screens.
const SCALE: f64 = 2.0;

/// Lengths of a dash and of what is left out, in pixels of the picture.
const DASH: f64 = 10.0;
const SPACE: f64 = 8.0;

/// A picture: rows of red, green and blue.
pub(crate) struct Picture {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) bytes: Vec<u8>,
}

/// Draws a scene.
pub(crate) fn draw(scene: &Scene) -> Picture {
    let (width, height) = (whole(scene.width * SCALE), whole(scene.height * SCALE));
    let mut picture = Picture { width, height, bytes: vec![255; width * height * 3] };
    scene.shapes.iter().for_each(|shape| picture.shape(shape));
    picture
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float beyond the range becomes its end"
)]
fn whole(length: f64) -> usize {
    length.round() as usize
}

#[expect(clippy::cast_precision_loss, reason = "pictures are far smaller than 2^53 pixels")]
fn float(pixel: usize) -> f64 {
    pixel as f64
}

impl Picture {
    /// Covers a pixel with a colour, as far as it is covered.
    fn cover(&mut self, x: usize, y: usize, ink: Ink, cover: f64) {
        if x >= self.width || y >= self.height {
            return;
        }
        let at = (y * self.width + x) * 3;
        let part = (ink.cover * cover).clamp(0.0, 1.0);
        let Some(pixel) = self.bytes.get_mut(at..at + 3) else { return };
        for (below, above) in pixel.iter_mut().zip(ink.rgb) {
            let mixed = f64::from(*below) * (1.0 - part) + f64::from(above) * part;
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 255")]
            let mixed = mixed.round() as u8;
            *below = mixed;
        }
    }

    fn shape(&mut self, shape: &Shape) {
        match shape {
            Shape::Area([x, y, width, height], ink) => {
                for row in whole(y * SCALE)..whole((y + height) * SCALE).min(self.height) {
                    for column in whole(x * SCALE)..whole((x + width) * SCALE).min(self.width) {
                        self.cover(column, row, *ink, 1.0);
                    }
                }
            }
            Shape::Band(points, ink) => {
                for pair in points.windows(2) {
                    if let [one, other] = pair {
                        self.slice(*one, *other, *ink);
                    }
                }
            }
            Shape::Line(points, ink, width, dash) => self.line(points, *ink, width * SCALE, *dash),
            Shape::Text { x, y, words, ink, weight, anchor } => {
                self.words((x * SCALE, y * SCALE), words, *ink, *weight, *anchor);
            }
        }
    }

    /// The part of a band between two of its points, column by column.
    fn slice(&mut self, one: (f64, f64, f64), other: (f64, f64, f64), ink: Ink) {
        let (from, to) = (one.0 * SCALE, other.0 * SCALE);
        // A column belongs to the part that its middle is in, so that none is covered twice.
        for column in whole(from)..whole(to).min(self.width) {
            let part = ((float(column) + 0.5 - from) / (to - from)).clamp(0.0, 1.0);
            let mix = |a: f64, b: f64| (a + (b - a) * part) * SCALE;
            let (top, bottom) = (mix(one.1, other.1), mix(one.2, other.2));
            for row in whole(top.floor())..whole(bottom.ceil()).min(self.height) {
                let covered = (bottom.min(float(row) + 1.0) - top.max(float(row))).clamp(0.0, 1.0);
                self.cover(column, row, ink, covered);
            }
        }
    }

    /// A line as wide as `width`: each pixel once, by how near it is.
    fn line(&mut self, points: &[(f64, f64)], ink: Ink, width: f64, dash: Dash) {
        let points: Vec<_> = points.iter().map(|(x, y)| (x * SCALE, y * SCALE)).collect();
        let mut mask = Mask::of(&points, width, self);
        let mut along = 0.0;
        for pair in points.windows(2) {
            let [from, to] = pair else { continue };
            let length = (to.0 - from.0).hypot(to.1 - from.1);
            match dash {
                Dash::Whole => mask.segment(*from, *to, width / 2.0),
                Dash::Dashed => {
                    let at = |part: f64| {
                        (from.0 + (to.0 - from.0) * part, from.1 + (to.1 - from.1) * part)
                    };
                    let mut start = -(along % (DASH + SPACE));
                    while start < length {
                        let (begin, end) = (start.max(0.0), (start + DASH).min(length));
                        if begin < end {
                            mask.segment(at(begin / length), at(end / length), width / 2.0);
                        }
                        start += DASH + SPACE;
                    }
                }
            }
            along += length;
        }
        for (nth, covered) in mask.covered.iter().enumerate().filter(|(_, covered)| **covered > 0.0)
        {
            let (x, y) = (mask.left + nth % mask.width, mask.top + nth / mask.width);
            self.cover(x, y, ink, f64::from(*covered));
        }
    }

    fn words(&mut self, (x, y): (f64, f64), words: &str, ink: Ink, weight: Weight, anchor: Anchor) {
        let (style, height) = match weight {
            Weight::Regular => (FontWeight::Regular, RasterHeight::Size24),
            Weight::Bold => (FontWeight::Bold, RasterHeight::Size24),
            Weight::Title => (FontWeight::Bold, RasterHeight::Size32),
        };
        let advance = get_raster_width(style, height);
        let length = float(words.chars().count() * advance);
        // The baseline is at four fifths of a glyph's height.
        let rise = float(height.val()) * 0.8;
        let start = match anchor {
            Anchor::Start => x,
            Anchor::Middle => x - length / 2.0,
            Anchor::End => x - length,
            Anchor::Upwards => y + length / 2.0,
        };
        for (nth, c) in words.chars().enumerate() {
            let glyph = get_raster(c, style, height).or_else(|| get_raster('?', style, height));
            let Some(glyph) = glyph else { continue };
            for (row, line) in glyph.rows().enumerate() {
                for (column, covered) in line.iter().enumerate() {
                    let along = float(nth * advance + column);
                    let (px, py) = if anchor == Anchor::Upwards {
                        (x - rise + float(row), start - along)
                    } else {
                        (start + along, y - rise + float(row))
                    };
                    if px >= 0.0 && py >= 0.0 {
                        self.cover(whole(px), whole(py), ink, f64::from(*covered) / 255.0);
                    }
                }
            }
        }
    }
}

/// How far each pixel of a part of the picture is covered by a line.
struct Mask {
    left: usize,
    top: usize,
    width: usize,
    height: usize,
    covered: Vec<f32>,
}

impl Mask {
    /// The part of the picture that a line through these points can touch.
    fn of(points: &[(f64, f64)], width: f64, picture: &Picture) -> Self {
        let room = width + 2.0;
        let low =
            |values: &mut dyn Iterator<Item = f64>| values.fold(f64::INFINITY, f64::min) - room;
        let high = |values: &mut dyn Iterator<Item = f64>| values.fold(0.0, f64::max) + room;
        let (left, top) = (
            whole(low(&mut points.iter().map(|point| point.0)).max(0.0)).min(picture.width),
            whole(low(&mut points.iter().map(|point| point.1)).max(0.0)).min(picture.height),
        );
        let right =
            whole(high(&mut points.iter().map(|point| point.0))).min(picture.width).max(left);
        let bottom =
            whole(high(&mut points.iter().map(|point| point.1))).min(picture.height).max(top);
        let (width, height) = ((right - left).max(1), bottom - top);
        Self { left, top, width, height, covered: vec![0.0; width * height] }
    }

    /// Covers what is within `half` of a segment, with a soft edge of one pixel.
    fn segment(&mut self, from: (f64, f64), to: (f64, f64), half: f64) {
        let reach = half + 1.0;
        let bound = |value: f64, first: usize, count: usize| {
            whole((value - float(first)).max(0.0)).min(count)
        };
        let rows = bound(from.1.min(to.1) - reach, self.top, self.height)
            ..bound(from.1.max(to.1) + reach + 1.0, self.top, self.height);
        let columns = bound(from.0.min(to.0) - reach, self.left, self.width)
            ..bound(from.0.max(to.0) + reach + 1.0, self.left, self.width);
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let squared = dx * dx + dy * dy;
        for row in rows {
            for column in columns.clone() {
                let (x, y) = (float(self.left + column) + 0.5, float(self.top + row) + 0.5);
                let part = if squared > 0.0 {
                    ((x - from.0) * dx + (y - from.1) * dy) / squared
                } else {
                    0.0
                };
                let part = part.clamp(0.0, 1.0);
                let distance = (x - from.0 - part * dx).hypot(y - from.1 - part * dy);
                #[expect(clippy::cast_possible_truncation, reason = "0 to 1")]
                let covered = (half + 0.5 - distance).clamp(0.0, 1.0) as f32;
                if let Some(pixel) = self.covered.get_mut(row * self.width + column) {
                    *pixel = pixel.max(covered);
                }
            }
        }
    }
}
