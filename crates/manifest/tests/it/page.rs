use std::{fs, path::PathBuf};

#[test]
fn the_reference_of_fields_is_what_the_reader_follows() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/src/reference/fields.md");
    let page = tidegate_manifest::field_reference();
    if std::env::var_os("UPDATE_CASES").is_some() {
        fs::write(&path, &page).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == page, "out of date: `cargo xtask docs` writes it anew");
}
