use tidegate_workflow::Patterns;

/// The texts of `names` that are meant by `patterns`.
fn check(patterns: &[&str], names: &[&str], expect: &[&str]) {
    let read = Patterns::new(patterns).unwrap();
    let meant: Vec<_> = names.iter().copied().filter(|name| read.matches(name)).collect();
    assert_eq!(meant, expect, "{patterns:?}");
}

fn check_wrong(pattern: &str, expect: &str) {
    assert_eq!(Patterns::new(&[pattern]).unwrap_err().to_string(), expect);
}

#[test]
fn a_star_stays_within_a_segment_and_two_do_not() {
    let names = ["main", "feature/one", "feature/one/two", "feature", ""];
    check(&["*"], &names, &["main", "feature", ""]);
    check(&["**"], &names, &names);
    check(&["feature/*"], &names, &["feature/one"]);
    check(&["feature/**"], &names, &["feature/one", "feature/one/two"]);
    check(&["*ure"], &names, &["feature"]);
}

#[test]
fn two_stars_and_a_slash_are_directories_or_none() {
    let paths = ["README.md", "docs/README.md", "a/b/README.md", "OLDREADME.md"];
    check(&["**/README.md"], &paths, &["README.md", "docs/README.md", "a/b/README.md"]);
    check(&["**.md"], &paths, &paths);
    check(&["*.md"], &paths, &["README.md", "OLDREADME.md"]);
    let paths =
        ["docs/a", "x/docs/a", "docs", "xdocs/a", "a/src/app.js", "a/my-src/app.js", "a/src"];
    check(&["**/docs/**"], &paths, &["docs/a", "x/docs/a"]);
    check(&["**/*src/**"], &paths, &["a/src/app.js", "a/my-src/app.js"]);
    check(&["a/**/b"], &["a/b", "a/x/b", "a/x/y/b", "ab", "a//b"], &["a/b", "a/x/b", "a/x/y/b"]);
}

#[test]
fn signs_of_repetition_are_about_what_stands_before() {
    check(&["*.jsx?"], &["page.js", "page.jsx", "page.jsxx"], &["page.js", "page.jsx"]);
    check(
        &["v[12].[0-9]+.[0-9]+"],
        &["v1.10.1", "v2.0.0", "v3.0.0", "v1.0", "v1..0"],
        &["v1.10.1", "v2.0.0"],
    );
    check(&["ab+c"], &["ac", "abc", "abbbc"], &["abc", "abbbc"]);
    check(&["v2*"], &["v2", "v2.0", "v2/0", "v3"], &["v2", "v2.0"]);
    // At the beginning they are about nothing, and stand for themselves.
    check(&["+a", "?b"], &["+a", "a", "?b", "b"], &["+a", "?b"]);
}

#[test]
fn brackets_are_one_character() {
    check(&["[CB]at"], &["Cat", "Bat", "cat", "at"], &["Cat", "Bat"]);
    check(&["[1-2]00"], &["100", "200", "300"], &["100", "200"]);
    check(&["[0-9a-fx]"], &["7", "c", "x", "g", "77"], &["7", "c", "x"]);
}

#[test]
fn a_backslash_takes_the_meaning_away() {
    check(&[r"\!file"], &["!file", "file"], &["!file"]);
    check(
        &[r"c\+\+", r"a\*", r"b\\c"],
        &["c++", "ccc", "a*", "ab", r"b\c"],
        &["c++", "a*", r"b\c"],
    );
    check(&["a.b(c)|d^$"], &["a.b(c)|d^$", "axb(c)|d^$"], &["a.b(c)|d^$"]);
}

#[test]
fn the_last_pattern_that_matches_decides() {
    let paths = ["README.md", "doc.md", "README.doc.md", "x.txt"];
    check(&["*.md", "!README.md"], &paths, &["doc.md", "README.doc.md"]);
    check(&["*.md", "!README.md", "README*"], &paths, &["README.md", "doc.md", "README.doc.md"]);
    check(&["!README.md", "*.md"], &paths, &["README.md", "doc.md", "README.doc.md"]);
    check(&["!README.md"], &paths, &[]);
    check(&[], &paths, &[]);
}

#[test]
fn what_is_no_pattern_is_told_with_its_place() {
    check_wrong("a[", "`a[` is no filter pattern, at its character 3: the bracket is not closed");
    check_wrong(
        "!a[]",
        "`!a[]` is no filter pattern, at its character 4: nothing stands in the brackets",
    );
    check_wrong(
        "[9-0]",
        "`[9-0]` is no filter pattern, at its character 3: a range is of a-z, A-Z, A-z or 0-9, and in order",
    );
    check_wrong(
        "[a.]",
        "`[a.]` is no filter pattern, at its character 3: in brackets stand letters of a-z and A-Z, digits, and ranges of them",
    );
    check_wrong(
        r"a\",
        r"`a\` is no filter pattern, at its character 2: nothing follows the backslash",
    );
    assert!(Patterns::new(&["x".repeat(1_025)]).is_err());
}

#[test]
fn the_longest_and_most_repeated_patterns_are_matched_in_no_time() {
    let pattern = "*a".repeat(512);
    let name = "a".repeat(5_000);
    check(&[&pattern], &[&name, "b"], &[&name]);
    let pattern = format!("x{}", "+".repeat(1_000));
    // Signs about signs are refused rather than compiled to whatever they may mean.
    assert!(Patterns::new(&[pattern]).is_err());
}
