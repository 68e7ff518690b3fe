use std::fmt::Write as _;

use crate::{
    chart::Chart,
    layout::layout,
    scene::{Anchor, Dash, Ink, Shape, Weight},
};

/// The chart as an SVG picture.
pub fn svg(chart: &Chart) -> String {
    let scene = layout(chart);
    let (width, height) = (scene.width, scene.height);
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         role=\"img\" font-family=\"'Noto Sans Mono', 'DejaVu Sans Mono', Menlo, Consolas, monospace\">\n<title>{}</title>\n",
        escaped(&chart.title)
    );
    for shape in &scene.shapes {
        draw(shape, &mut text);
    }
    text.push_str("</svg>\n");
    text
}

fn draw(shape: &Shape, text: &mut String) {
    let _ = match shape {
        Shape::Area([x, y, width, height], ink) => writeln!(
            text,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" fill=\"{}\" fill-opacity=\"{}\"/>",
            hex(*ink),
            ink.cover
        ),
        Shape::Band(points, ink) => {
            let tops = points.iter().map(|(x, top, _)| format!("{x:.1},{top:.1}"));
            let bottoms = points.iter().rev().map(|(x, _, bottom)| format!("{x:.1},{bottom:.1}"));
            let all: Vec<_> = tops.chain(bottoms).collect();
            writeln!(
                text,
                "<polygon points=\"{}\" fill=\"{}\" fill-opacity=\"{}\"/>",
                all.join(" "),
                hex(*ink),
                ink.cover
            )
        }
        Shape::Line(points, ink, width, dash) => {
            let all: Vec<_> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
            let dash = if *dash == Dash::Dashed { " stroke-dasharray=\"5 4\"" } else { "" };
            writeln!(
                text,
                "<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-opacity=\"{}\" stroke-width=\"{width}\" stroke-linejoin=\"round\"{dash}/>",
                all.join(" "),
                hex(*ink),
                ink.cover
            )
        }
        Shape::Text { x, y, words, ink, weight, anchor } => {
            let bold = if *weight == Weight::Regular { "" } else { " font-weight=\"bold\"" };
            let (anchor, turn) = match anchor {
                Anchor::Start => ("start", String::new()),
                Anchor::Middle => ("middle", String::new()),
                Anchor::End => ("end", String::new()),
                Anchor::Upwards => ("middle", format!(" transform=\"rotate(-90 {x:.1} {y:.1})\"")),
            };
            writeln!(
                text,
                "<text x=\"{x:.1}\" y=\"{y:.1}\" font-size=\"{}\" text-anchor=\"{anchor}\" fill=\"{}\"{bold}{turn}>{}</text>",
                weight.size(),
                hex(*ink),
                escaped(words)
            )
        }
    };
}

fn hex(ink: Ink) -> String {
    let [red, green, blue] = ink.rgb;
    format!("#{red:02x}{green:02x}{blue:02x}")
}

fn escaped(text: &str) -> String {
    let plain: String = text.chars().filter(|c| !c.is_control()).collect();
    plain.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
