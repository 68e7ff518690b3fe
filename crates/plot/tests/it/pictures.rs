use std::io::Read as _;

use proptest::prelude::*;
use tidegate_plot::{Band, Chart, Colour, Glyphs, Level, Line, Panel, Theme, png, svg, text};

/// A canary whose evidence grows until it is shown, and the values beside it.
fn chart(theme: Theme) -> Chart {
    let at = |nth: u32| f64::from(nth) / 2.0;
    let line = |label: &str, colour, y: &dyn Fn(f64) -> f64| Line {
        label: label.to_owned(),
        colour,
        points: (0..120).map(|nth| (at(nth), y(at(nth)))).collect(),
    };
    let band = |colour, middle: f64| Band {
        colour,
        points: (0..120)
            .map(|nth| {
                (
                    at(nth),
                    middle - 20.0 / (1.0 + at(nth)).sqrt(),
                    middle + 20.0 / (1.0 + at(nth)).sqrt(),
                )
            })
            .collect(),
    };
    let evidence = Panel {
        title: "errors: evidence".to_owned(),
        x_label: "seconds since the canary's first row".to_owned(),
        y_label: "odds".to_owned(),
        powers: true,
        lines: vec![
            line("worse", Colour::Against, &|x| x / 20.0 + (x * 1.3).sin() * 0.2),
            line("no worse", Colour::For, &|x| -x / 30.0),
        ],
        levels: vec![Level { label: "bar 1:200".to_owned(), y: 2.3 }],
        moment: Some((46.0, "worse at 46.0 s".to_owned())),
        ..Panel::default()
    };
    let values = Panel {
        title: "errors: values, with their confidence sequences".to_owned(),
        x_label: "seconds since the canary's first row".to_owned(),
        y_label: "% of requests".to_owned(),
        bands: vec![band(Colour::Canary, 30.0), band(Colour::Stable, 20.0)],
        lines: vec![
            line("canary", Colour::Canary, &|x| 30.0 + (x * 0.7).sin()),
            line("stable", Colour::Stable, &|x| 20.0 + (x * 0.9).cos()),
        ],
        ..Panel::default()
    };
    Chart {
        title: "worse: errors".to_owned(),
        subtitle: "canary 30 %, stable 20 % & <so on>".to_owned(),
        panels: vec![evidence, values],
        theme,
    }
}

/// The size and the pixels of a picture.
fn unpacked(bytes: &[u8]) -> (usize, usize, Vec<u8>) {
    assert_eq!(&bytes[..8], b"\x89PNG\r\n\x1a\n");
    let number = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
    let (width, height) = (number(16), number(20));
    let length = number(33);
    assert_eq!(&bytes[37..41], b"IDAT");
    let mut crc = flate2::Crc::new();
    crc.update(&bytes[37..41 + length]);
    assert_eq!(crc.sum() as usize, number(41 + length));
    let mut rows = Vec::new();
    flate2::read::ZlibDecoder::new(&bytes[41..41 + length]).read_to_end(&mut rows).unwrap();
    let mut above = vec![0_u8; width * 3];
    let mut pixels = Vec::new();
    for row in rows.chunks_exact(width * 3 + 1) {
        assert_eq!(row[0], 2);
        for (below, now) in above.iter_mut().zip(&row[1..]) {
            *below = below.wrapping_add(*now);
        }
        pixels.extend_from_slice(&above);
    }
    (width, height, pixels)
}

#[test]
fn a_png_is_a_picture_with_every_colour_of_its_lines() {
    for (theme, ground, canary) in [
        (Theme::Light, [0xff, 0xff, 0xff], [0xd9, 0x48, 0x0f]),
        (Theme::Dark, [0x15, 0x18, 0x1e], [0xff, 0x92, 0x2b]),
    ] {
        let (width, height, pixels) = unpacked(&png(&chart(theme)));
        assert_eq!(pixels.len(), width * height * 3);
        assert_eq!(&pixels[..3], &ground);
        assert!(pixels.chunks_exact(3).filter(|pixel| **pixel == canary).count() > 500);
    }
}

#[test]
fn an_svg_says_the_same_and_escapes_what_it_is_told() {
    let picture = svg(&chart(Theme::Light));
    assert!(picture.starts_with("<svg ") && picture.ends_with("</svg>\n"));
    for part in
        ["#d9480f", "worse at 46.0 s", "1:100", "% of requests", "&amp; &lt;so on&gt;", "bar 1:200"]
    {
        assert!(picture.contains(part), "{part}");
    }
    assert_eq!(picture.matches("<polygon").count(), 2);
}

#[test]
fn a_terminal_shows_lines_the_bar_and_the_moment() {
    let shown = text(&chart(Theme::Light).panels[0], 60, Glyphs::Braille);
    assert!(shown.lines().all(|line| line.chars().count() <= 60), "{shown}");
    assert!(shown.contains('|') && shown.contains("---") && shown.contains("1:100"), "{shown}");
    assert!(shown.chars().any(|c| ('\u{2801}'..='\u{28ff}').contains(&c)), "{shown}");
    let legend = shown.lines().nth(1).unwrap();
    assert!(legend.contains("⠤⠤⠤ worse") && shown.contains("| worse at 46.0 s"), "{shown}");
    let plain = text(&chart(Theme::Light).panels[0], 60, Glyphs::Ascii);
    assert!(plain.is_ascii() && plain.contains('*'), "{plain}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4))]

    #[test]
    fn any_points_can_be_drawn(
        points in prop::collection::vec((-1e12_f64..1e12, prop_oneof![any::<f64>(), -1e3_f64..1e3]), 0..6),
        powers in any::<bool>(),
        label in "\\PC{0,60}",
    ) {
        let panel = Panel {
            title: label.clone(),
            y_label: label.clone(),
            powers,
            bands: vec![Band { colour: Colour::Canary, points: points.iter().map(|(x, y)| (*x, *y, y + 1.0)).collect() }],
            lines: vec![Line { label: label.clone(), colour: Colour::For, points: points.clone() }],
            levels: vec![Level { label, y: 3.0 }],
            moment: points.first().map(|(x, _)| (*x, "now".to_owned())),
            ..Panel::default()
        };
        text(&panel, 70, Glyphs::Braille);
        text(&panel, 40, Glyphs::Ascii);
        let chart = Chart { panels: vec![panel], ..Chart::default() };
        prop_assert!(svg(&chart).len() > 500 && png(&chart).len() > 500);
    }
}
