use crate::{
    chart::{Chart, Panel},
    scale::{Frame, ticks},
    scene::{Anchor, Dash, Ink, Palette, Scene, Shape, Weight},
};

/// In pixels: the page, the room around, and a panel's own.
const WIDTH: f64 = 1_040.0;
const EDGE: f64 = 20.0;
const GAP: f64 = 28.0;
const TITLE: f64 = 66.0;
const PANEL: f64 = 236.0;
const PAD_LEFT: f64 = 84.0;
const PAD_TOP: f64 = 46.0;
const PAD_BOTTOM: f64 = 44.0;

/// Where everything of a chart is.
pub(crate) fn layout(chart: &Chart) -> Scene {
    let palette = Palette(chart.theme);
    #[expect(clippy::cast_precision_loss, reason = "a few dozen panels")]
    let rows = chart.panels.len().div_ceil(2).max(1) as f64;
    let height = TITLE + rows * (PANEL + GAP) + EDGE - GAP;
    let mut shapes = vec![Shape::Area([0.0, 0.0, WIDTH, height], palette.ground())];
    let words = |y, words: &str, ink, weight| Shape::Text {
        x: EDGE,
        y,
        words: cut(words, WIDTH - 2.0 * EDGE, weight),
        ink,
        weight,
        anchor: Anchor::Start,
    };
    shapes.push(words(EDGE + 12.0, &chart.title, palette.words(), Weight::Title));
    shapes.push(words(EDGE + 32.0, &chart.subtitle, palette.quiet(), Weight::Regular));
    let width = (WIDTH - 2.0 * EDGE - GAP) / 2.0;
    let mut top = TITLE;
    for pair in chart.panels.chunks(2) {
        let mut left = EDGE;
        for panel in pair {
            Place { left, top, width, palette }.draw(panel, &mut shapes);
            left += width + GAP;
        }
        top += PANEL + GAP;
    }
    Scene { width: WIDTH, height, shapes }
}

/// So much of a text as fits.
fn cut(words: &str, width: f64, weight: Weight) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few hundred")]
    let fits = (width / weight.advance()).max(4.0) as usize;
    if words.chars().count() <= fits {
        return words.to_owned();
    }
    let start: String = words.chars().take(fits - 2).collect();
    format!("{start}..")
}

#[expect(clippy::cast_precision_loss, reason = "lengths of texts")]
fn width_of(words: &str, weight: Weight) -> f64 {
    words.chars().count() as f64 * weight.advance()
}

/// Where a panel is.
#[derive(Clone, Copy)]
struct Place {
    left: f64,
    top: f64,
    width: f64,
    palette: Palette,
}

impl Place {
    fn draw(self, panel: &Panel, shapes: &mut Vec<Shape>) {
        let frame = Frame::of(panel);
        self.head(panel, shapes);
        self.axes(panel, frame, shapes);
        for band in &panel.bands {
            let at = |(x, low, high): &(f64, f64, f64)| {
                (self.x(frame, *x), self.y(frame, *high), self.y(frame, *low))
            };
            let ink = self.palette.of(band.colour).thin(0.18);
            shapes.push(Shape::Band(band.points.iter().map(at).collect(), ink));
        }
        for level in &panel.levels {
            let y = self.y(frame, level.y);
            let ends = vec![(self.plot_left(), y), (self.plot_right(), y)];
            shapes.push(Shape::Line(ends, self.palette.quiet(), 1.25, Dash::Dashed));
        }
        for line in &panel.lines {
            let points = line.points.iter().filter(|(x, y)| x.is_finite() && !y.is_nan());
            let points = points.map(|(x, y)| (self.x(frame, *x), self.y(frame, *y))).collect();
            shapes.push(Shape::Line(points, self.palette.of(line.colour), 2.0, Dash::Whole));
        }
        self.moment(panel, frame, shapes);
    }

    fn plot_left(self) -> f64 {
        self.left + PAD_LEFT
    }

    fn plot_right(self) -> f64 {
        self.left + self.width - 4.0
    }

    fn plot_top(self) -> f64 {
        self.top + PAD_TOP
    }

    fn plot_bottom(self) -> f64 {
        self.top + PANEL - PAD_BOTTOM
    }

    fn x(self, frame: Frame, x: f64) -> f64 {
        self.plot_left() + Frame::part(frame.x, x) * (self.plot_right() - self.plot_left())
    }

    fn y(self, frame: Frame, y: f64) -> f64 {
        self.plot_bottom() - Frame::part(frame.y, y) * (self.plot_bottom() - self.plot_top())
    }

    fn text(x: f64, y: f64, words: String, ink: Ink, anchor: Anchor) -> Shape {
        Shape::Text { x, y, words, ink, weight: Weight::Regular, anchor }
    }

    /// The title, and below it what each line is.
    fn head(self, panel: &Panel, shapes: &mut Vec<Shape>) {
        shapes.push(Shape::Text {
            x: self.left,
            y: self.top + 12.0,
            words: cut(&panel.title, self.width, Weight::Bold),
            ink: self.palette.words(),
            weight: Weight::Bold,
            anchor: Anchor::Start,
        });
        let mut x = self.plot_left();
        let y = self.top + 32.0;
        let lines =
            panel.lines.iter().map(|line| (&line.label, self.palette.of(line.colour), Dash::Whole));
        let levels =
            panel.levels.iter().map(|level| (&level.label, self.palette.quiet(), Dash::Dashed));
        for (label, ink, dash) in lines.chain(levels) {
            shapes.push(Shape::Line(vec![(x, y - 4.0), (x + 18.0, y - 4.0)], ink, 2.0, dash));
            let label = cut(label, self.plot_right() - x - 24.0, Weight::Regular);
            let width = width_of(&label, Weight::Regular);
            shapes.push(Self::text(x + 24.0, y, label, self.palette.quiet(), Anchor::Start));
            x += 24.0 + width + 18.0;
        }
    }

    fn axes(self, panel: &Panel, frame: Frame, shapes: &mut Vec<Shape>) {
        let (left, right, bottom) = (self.plot_left(), self.plot_right(), self.plot_bottom());
        for (value, label) in ticks(frame.y, 5.0, panel.powers) {
            let y = self.y(frame, value);
            shapes.push(Shape::Line(
                vec![(left, y), (right, y)],
                self.palette.grid(),
                1.0,
                Dash::Whole,
            ));
            shapes.push(Self::text(left - 8.0, y + 4.0, label, self.palette.quiet(), Anchor::End));
        }
        for (value, label) in ticks(frame.x, 6.0, false) {
            let x = self.x(frame, value);
            shapes.push(Shape::Line(
                vec![(x, bottom), (x, bottom + 4.0)],
                self.palette.axis(),
                1.0,
                Dash::Whole,
            ));
            // The outermost labels stay within the panel.
            let half = width_of(&label, Weight::Regular) / 2.0;
            let middle = x.min(right - half);
            shapes.push(Self::text(
                middle,
                bottom + 18.0,
                label,
                self.palette.quiet(),
                Anchor::Middle,
            ));
        }
        shapes.push(Shape::Line(
            vec![(left, bottom), (right, bottom)],
            self.palette.axis(),
            1.0,
            Dash::Whole,
        ));
        let quiet = self.palette.quiet();
        let middle = f64::midpoint(left, right);
        shapes.push(Self::text(
            middle,
            bottom + 36.0,
            panel.x_label.clone(),
            quiet,
            Anchor::Middle,
        ));
        let label = cut(&panel.y_label, bottom - self.plot_top(), Weight::Regular);
        let middle = f64::midpoint(self.plot_top(), bottom);
        shapes.push(Self::text(self.left + 10.0, middle, label, quiet, Anchor::Upwards));
    }

    /// The moment of the verdict, with its label on the side that has room.
    fn moment(self, panel: &Panel, frame: Frame, shapes: &mut Vec<Shape>) {
        let Some((at, label)) = &panel.moment else { return };
        let (x, top) = (self.x(frame, *at), self.plot_top());
        let ink = self.palette.words();
        shapes.push(Shape::Line(
            vec![(x, top), (x, self.plot_bottom())],
            ink.thin(0.7),
            1.25,
            Dash::Dashed,
        ));
        let width = width_of(label, Weight::Regular);
        let fits = x + 6.0 + width <= self.plot_right();
        let left = if fits { x + 6.0 } else { x - 6.0 - width };
        let y = self.plot_bottom() - 8.0;
        let room = [left - 3.0, y - 11.0, width + 6.0, 15.0];
        shapes.push(Shape::Area(room, self.palette.ground().thin(0.85)));
        shapes.push(Self::text(left, y, label.clone(), ink, Anchor::Start));
    }
}
