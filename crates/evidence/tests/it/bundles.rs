use proptest::prelude::*;
use tidegate_evidence::{Asset, Bundle, BundleComparison, Report, Sizes};

use crate::compared;

pub(crate) fn bundle(files: &[(&str, u64)]) -> Bundle {
    let asset =
        |raw| Asset { sizes: Sizes { raw: Some(raw), ..Sizes::default() }, ..Asset::default() };
    Bundle { assets: files.iter().map(|(name, raw)| ((*name).to_owned(), asset(*raw))).collect() }
}

fn changed(base: &Bundle, head: &Bundle) -> BundleComparison {
    compared([Report::Bundle(base.clone())], [Report::Bundle(head.clone())]).bundle.unwrap()
}

#[test]
fn files_are_found_again_whatever_their_digests() {
    let base =
        bundle(&[("main.0a1b2c3d.js", 100), ("chunk-AAAA1111.js", 10), ("chunk-BBBB2222.js", 20)]);
    let head = bundle(&[("main.4e5f6a7b.js", 150), ("chunk-CCCC3333.js", 40), ("new.css", 5)]);
    let changed = changed(&base, &head);
    let raw = |sizes: Option<Sizes>| sizes.and_then(|own| own.raw);
    let assets: Vec<_> = changed
        .assets
        .iter()
        .map(|own| (own.name.as_str(), raw(own.base), raw(own.head)))
        .collect();
    let expect = [
        ("main.*.js", Some(100), Some(150)),
        ("chunk-*.js", Some(30), Some(40)),
        ("new.css", None, Some(5)),
    ];
    assert_eq!(assets, expect);
    let growth = changed.growth().unwrap();
    assert_eq!((growth.bytes(), growth.measure), (65, "raw"));
    assert!((growth.percent().unwrap() - 50.0).abs() < 1e-9);
}

#[test]
fn sizes_are_compared_in_a_measure_that_both_have() {
    let with = |gzip, brotli| {
        let sizes = Sizes { raw: Some(100), gzip, brotli };
        let asset = Asset { sizes, ..Asset::default() };
        Bundle { assets: [("a.js".to_owned(), asset)].into() }
    };
    let measure = |base: Bundle, head: Bundle| changed(&base, &head).growth().unwrap().measure;
    assert_eq!(measure(with(Some(50), Some(40)), with(Some(51), Some(41))), "brotli");
    assert_eq!(measure(with(Some(50), Some(40)), with(Some(51), None)), "gzip");
    assert_eq!(measure(with(None, Some(40)), with(Some(51), None)), "raw");
    let none = compared([], [Report::Bundle(with(None, None))]).bundle.unwrap();
    assert_eq!(none.growth(), None);
}

proptest! {
    #[test]
    fn growth_is_the_other_way_round_when_sides_are(a in 0..u64::MAX, b in 0..u64::MAX) {
        let (a, b) = (bundle(&[("a.js", a)]), bundle(&[("a.js", b)]));
        let (there, back) = (changed(&a, &b).growth().unwrap(), changed(&b, &a).growth().unwrap());
        prop_assert_eq!(there.bytes().signum(), -back.bytes().signum());
    }
}
