use std::collections::BTreeMap;

use tidegate_evidence::{Asset, Bundle, Report, Sizes, steady_name};
use tidegate_report::{Format, Hint, read};

use crate::{file, reading};

fn bundle(text: &[u8], format: Format) -> Bundle {
    let reading = reading(text);
    assert_eq!(reading.format, format);
    match reading.report {
        Report::Bundle(bundle) => bundle,
        other => panic!("{other:?} is of other things"),
    }
}

fn raw(text: &[u8], format: Format) -> BTreeMap<String, u64> {
    let assets = bundle(text, format).assets;
    assets.iter().map(|(name, own)| (steady_name(name), own.sizes.raw.unwrap())).collect()
}

fn of(expect: &[(&str, u64)]) -> BTreeMap<String, u64> {
    expect.iter().map(|(name, size)| ((*name).to_owned(), *size)).collect()
}

#[test]
fn sizes_of_real_bundlers_are_read() {
    let esbuild = raw(&file("esbuild.json"), Format::Esbuild);
    assert_eq!(
        esbuild,
        of(&[("out/index-*.js", 187), ("out/b-*.js", 94), ("out/chunk-*.js", 672)])
    );
    let webpack = raw(&file("webpack.json"), Format::Webpack);
    assert_eq!(webpack, of(&[("main.*.js", 473)]));
    let limited = bundle(&file("size-limit.json"), Format::SizeLimit);
    assert_eq!(limited.assets["a.js"].limit, Some(10));
    assert!(limited.assets["a.js"].is_over && !limited.assets["all"].is_over);
    assert_eq!(limited.total().raw, Some(62));
}

#[test]
fn stats_of_several_configurations_are_read() {
    let text = br#"{"hash":"a","errors":[],"children":[
        {"assets":[{"name":"a.js?x=1","size":7,"isOverSizeLimit":true,
            "related":[{"type":"gzipped","name":"a.js.gz","size":5},{"name":"a.js.br","size":4},{"type":"sourceMap"}]},
          {"name":"a.js.map","size":99}]},{"assets":[{"name":"b.js","size":1}]}]}"#;
    let bundle = bundle(text, Format::Webpack);
    let sizes = Sizes { raw: Some(7), gzip: Some(5), brotli: Some(4) };
    assert_eq!(bundle.assets["a.js"], Asset { sizes, limit: None, is_over: true });
    assert_eq!(bundle.assets.len(), 2, "source maps are sent to nobody");
}

#[test]
fn results_of_bundlewatch_are_read() {
    let text = br#"{"status":"fail","summary":"x","url":"https://example.com","fullResults":[
        {"filePath":"./dist/a.js","message":"m","status":"fail","size":1200,"maxSize":1000},
        {"filePath":"./dist/b.js","status":"pass","size":10.4,"maxSize":null}]}"#;
    let bundle = bundle(text, Format::Bundlewatch);
    let own = bundle.assets["./dist/a.js"];
    assert_eq!((own.sizes.gzip, own.limit, own.is_over), (Some(1200), Some(1000), true));
    assert_eq!(bundle.assets["./dist/b.js"].sizes.travels(), Some(10));
}

#[test]
fn plain_lists_are_read() {
    let expect = Sizes { raw: Some(100), gzip: Some(40), brotli: None };
    for text in [
        "file,raw,gzip\na.js,100,40\n",
        "gzip;path;SIZE\r\n40;a.js;100\r\n",
        "file\tbytes\tgzip\tbrotli\n\na.js\t100\t40\t\n",
        r#"[{"path":"a.js","size":100,"gzip":40}]"#,
    ] {
        assert_eq!(bundle(text.as_bytes(), Format::Sizes).assets["a.js"].sizes, expect, "{text}");
    }
    let over = bundle(b"file,raw,limit\na.js,100,99\n", Format::Sizes);
    assert!(over.assets["a.js"].is_over);
    let error = read(b"file,raw\na.js,-1\n", Hint { name: "f", format: None }).unwrap_err();
    assert_eq!(
        error.to_string(),
        "f:2:1: \"a.js,-1\" does not fit the header; a size is a whole number of bytes, or nothing"
    );
}
