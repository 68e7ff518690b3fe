use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use tidegate_manifest::read;

use crate::workspace::root;

/// The files below a folder whose names end so.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, ending));
        } else if path.to_string_lossy().ends_with(ending) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The pages of the book, and those at the root of the repository.
fn pages() -> Vec<PathBuf> {
    let mut pages = files(&root().join("docs/src"), ".md");
    let at_root = fs::read_dir(root()).unwrap().map(|entry| entry.unwrap().path());
    pages.extend(at_root.filter(|path| path.extension().is_some_and(|ending| ending == "md")));
    pages
}

/// Where the links of a page lead, those into the web left out.
fn links(text: &str) -> Vec<&str> {
    let after = text.split("](").skip(1);
    let targets = after.filter_map(|rest| rest.split_once(')')).map(|(target, _)| target);
    targets
        .filter(|target| !target.contains("://") && !target.starts_with(['#', ' ']))
        .map(|target| target.split('#').next().unwrap_or(target))
        .filter(|target| !target.is_empty())
        .collect()
}

#[test]
fn links_lead_somewhere() {
    let mut dead = Vec::new();
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        let missing =
            links(&text).into_iter().filter(|link| !page.parent().unwrap().join(link).exists());
        dead.extend(missing.map(|link| format!("{}: {link}", page.display())));
    }
    assert!(dead.is_empty(), "links that lead nowhere:\n{}", dead.join("\n"));
}

#[test]
fn the_book_lists_each_of_its_pages_once() {
    let book = root().join("docs/src");
    let summary = fs::read_to_string(book.join("SUMMARY.md")).unwrap();
    let listed: Vec<_> = links(&summary).into_iter().map(|link| book.join(link)).collect();
    let distinct: BTreeSet<_> = listed.iter().cloned().collect();
    assert_eq!(distinct.len(), listed.len());
    let there: BTreeSet<_> =
        files(&book, ".md").into_iter().filter(|page| !page.ends_with("SUMMARY.md")).collect();
    assert_eq!(distinct, there);
}

/// The manifests in a page: its blocks of YAML, but for pieces of one, which say so first.
fn manifests(text: &str) -> Vec<&str> {
    let blocks = text.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
    blocks.filter(|block| !block.starts_with("# fragment")).collect()
}

#[test]
fn every_manifest_that_is_shown_is_accepted() {
    let mut seen = 0;
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for manifest in manifests(&text) {
            seen += 1;
            if let Err(problems) = read(&page.to_string_lossy(), manifest) {
                panic!("{problems}\nin\n{manifest}");
            }
        }
    }
    assert!(seen > 3, "the pages show {seen} manifests");
}

#[test]
fn every_example_is_accepted() {
    for path in files(&root().join("examples"), ".yaml") {
        let text = fs::read_to_string(&path).unwrap();
        if let Err(problems) = read(&path.to_string_lossy(), &text) {
            panic!("{problems}");
        }
    }
}

#[test]
fn links_and_manifests_are_found() {
    let text = "[a](b.md) ![c](../d.png#e) [f](https://g) [h](#i)\n```yaml\nk: 1\n```\n```yaml\n# fragment of l\nm: 1\n```";
    assert_eq!(links(text), ["b.md", "../d.png"]);
    assert_eq!(manifests(text), ["k: 1\n"]);
}
