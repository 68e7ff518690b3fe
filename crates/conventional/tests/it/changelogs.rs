use semver::Version;
use tidegate_conventional::{
    Change, Forge, Links, Release, Section, Style, changes, entry, notes, style_of, write,
};

use crate::commits;

const MESSAGES: &[&str] = &[
    "chore: hidden",
    "fix(api): a <script> of `<T>` (#7)",
    "fix: plain\n\nCloses #12",
    "feat(ui)!: new ![x](y)\n\nBREAKING CHANGE: the old is gone, see #3",
];

struct Case {
    version: Version,
    changes: Vec<Change>,
    sections: Vec<Section>,
    links: Links,
}

impl Case {
    fn new(version: &str, messages: &[&str]) -> Self {
        Self {
            version: version.parse().unwrap(),
            changes: changes(&commits(messages)),
            sections: Section::usual(),
            links: Links::new("https://github.com/a/b", Forge::GitHub),
        }
    }

    fn release(&self) -> Release<'_> {
        Release {
            version: &self.version,
            tag: "v1.1.0",
            previous_tag: Some("v1.0.0"),
            day: "2026-01-31",
            changes: &self.changes,
            sections: &self.sections,
            dependencies: &[],
            links: Some(&self.links),
            authors: false,
        }
    }
}

#[test]
fn a_release_is_told_with_what_breaks_first() {
    let case = Case::new("1.1.0", MESSAGES);
    insta::assert_snapshot!(entry(&case.release(), Style::Conventional), @r"
    ## [1.1.0](https://github.com/a/b/compare/v1.0.0...v1.1.0) (2026-01-31)

    ### ⚠ BREAKING CHANGES

    * **ui:** the old is gone, see [#3](https://github.com/a/b/issues/3)

    ### Features

    * **ui:** new \![x](y) ([0000000](https://github.com/a/b/commit/000000000000000000000000000000000abc0003))

    ### Bug Fixes

    * plain ([0000000](https://github.com/a/b/commit/000000000000000000000000000000000abc0002)), closes [#12](https://github.com/a/b/issues/12)
    * **api:** a &lt;script&gt; of `<T>` ([#7](https://github.com/a/b/issues/7)) ([0000000](https://github.com/a/b/commit/000000000000000000000000000000000abc0001))
    ");
}

#[test]
fn without_a_page_there_are_no_links_and_authors_on_request() {
    let case = Case::new("1.1.0", MESSAGES);
    let release = Release { links: None, previous_tag: None, authors: true, ..case.release() };
    insta::assert_snapshot!(entry(&release, Style::Conventional), @r"
    ## 1.1.0 (2026-01-31)

    ### ⚠ BREAKING CHANGES

    * **ui:** the old is gone, see #3

    ### Features

    * **ui:** new \![x](y) (0000000) by Ada

    ### Bug Fixes

    * plain (0000000), closes #12 by Ada
    * **api:** a &lt;script&gt; of `<T>` (#7) (0000000) by Ada
    ");
}

#[test]
fn what_breaks_is_told_whatever_its_type_and_dependencies_last() {
    let case = Case::new("1.1.0", &["wibble!: w", "docs!: d"]);
    let on = [("lib".to_owned(), Version::new(2, 0, 0))];
    let release = Release { links: None, dependencies: &on, ..case.release() };
    insta::assert_snapshot!(notes(&release), @"
    ### ⚠ BREAKING CHANGES

    * d
    * w

    ### Documentation

    * d (0000000)

    ### Other Changes

    * w (0000000)

    ### Dependencies

    * lib to 2.0.0
    ");
}

#[test]
fn a_changelog_keeps_what_is_there() {
    let case = Case::new("1.1.0", &["fix: x"]);
    let old = "# Our changes\n\nSome words.\n\n## [1.0.0](x) (2025-01-01)\n\n* first\n\n## 0.9.0\n\n* before  \n";
    let once = write(old, &case.release(), Style::Conventional);
    insta::assert_snapshot!(once, @"
    # Our changes

    Some words.

    ## [1.1.0](https://github.com/a/b/compare/v1.0.0...v1.1.0) (2026-01-31)

    ### Bug Fixes

    * x ([0000000](https://github.com/a/b/commit/000000000000000000000000000000000abc0000))

    ## [1.0.0](x) (2025-01-01)

    * first

    ## 0.9.0

    * before
    ");
    assert_eq!(write(&once, &case.release(), Style::Conventional), once, "twice is once");
    for line in old.lines() {
        assert!(once.contains(line), "{line}");
    }
}

#[test]
fn a_changelog_is_begun() {
    let case = Case::new("1.1.0", &["fix: x"]);
    let text = write("", &case.release(), Style::Conventional);
    assert!(text.starts_with("# Changelog\n\n## [1.1.0](https://github.com/a/b/compare/v1.0.0...v1.1.0) (2026-01-31)\n\n### Bug Fixes\n\n* x ("), "{text}");
    assert_eq!(write(&text, &case.release(), Style::Conventional), text);
}

#[test]
fn a_version_written_before_is_replaced_where_it_stands() {
    let first = Case::new("1.1.0", &["fix: x"]);
    let text = write(
        "# Changelog\n\n## 1.2.0 (later)\n\n* l\n\n## 1.1.0 (draft)\n\n### Wrong\n\n* w\n\n## 1.0.0\n\n* o\n",
        &first.release(),
        Style::Conventional,
    );
    assert!(
        !text.contains("Wrong") && text.contains("## 1.2.0 (later)\n\n* l\n\n## [1.1.0]"),
        "{text}"
    );
    assert!(text.ends_with("## 1.0.0\n\n* o\n"), "{text}");
}

#[test]
fn line_ends_stay_as_they_are() {
    let case = Case::new("1.1.0", &["fix: x"]);
    let text = write("# Changelog\r\n\r\n## 1.0.0\r\n", &case.release(), Style::Conventional);
    assert_eq!(text.matches('\n').count(), text.matches("\r\n").count());
}

#[test]
fn a_heading_in_a_block_of_code_is_none() {
    let case = Case::new("1.1.0", &["fix: x"]);
    let old = "# Changelog\n\n```\n## 9.9.9\n```\n\n## 1.0.0\n";
    let text = write(old, &case.release(), Style::Conventional);
    assert!(text.find("9.9.9").unwrap() < text.find("1.1.0").unwrap(), "{text}");
}

const KEPT: &str = "# Changelog

The format is based on [Keep a Changelog](https://keepachangelog.com/en/1.1.0/).

## [Unreleased]

### Added

- Written by hand.

### Security

- A hole.

## [1.0.0] - 2025-01-01

### Added

- All.

[Unreleased]: https://github.com/a/b/compare/v1.0.0...HEAD
[1.0.0]: https://github.com/a/b/releases/tag/v1.0.0
";

#[test]
fn what_was_written_as_unreleased_is_released() {
    let case = Case::new("1.1.0", MESSAGES);
    assert_eq!(style_of(KEPT), Style::KeepAChangelog);
    let once = write(KEPT, &case.release(), Style::KeepAChangelog);
    insta::assert_snapshot!(once, @r"
    # Changelog

    The format is based on [Keep a Changelog](https://keepachangelog.com/en/1.1.0/).

    ## [Unreleased]

    ## [1.1.0] - 2026-01-31

    ### Added

    - Written by hand.
    - **Breaking:** **ui:** new \![x](y) ([0000000](https://github.com/a/b/commit/000000000000000000000000000000000abc0003)). the old is gone, see #3

    ### Security

    - A hole.

    ### Fixed

    - plain ([0000000](https://github.com/a/b/commit/000000000000000000000000000000000abc0002)), closes [#12](https://github.com/a/b/issues/12)
    - **api:** a &lt;script&gt; of `<T>` ([#7](https://github.com/a/b/issues/7)) ([0000000](https://github.com/a/b/commit/000000000000000000000000000000000abc0001))

    ## [1.0.0] - 2025-01-01

    ### Added

    - All.

    [Unreleased]: https://github.com/a/b/compare/v1.1.0...HEAD
    [1.1.0]: https://github.com/a/b/compare/v1.0.0...v1.1.0
    [1.0.0]: https://github.com/a/b/releases/tag/v1.0.0
    ");
    assert_eq!(write(&once, &case.release(), Style::KeepAChangelog), once, "twice is once");
}

#[test]
fn a_kept_changelog_is_begun() {
    let case = Case::new("1.1.0", &["fix: x"]);
    let text = write("", &case.release(), Style::KeepAChangelog);
    assert_eq!(style_of(&text), Style::KeepAChangelog);
    assert!(
        text.contains("## [Unreleased]\n\n## [1.1.0] - 2026-01-31\n\n### Fixed\n\n- x ("),
        "{text}"
    );
    assert!(text.ends_with("[1.1.0]: https://github.com/a/b/compare/v1.0.0...v1.1.0\n"), "{text}");
    assert_eq!(write(&text, &case.release(), Style::KeepAChangelog), text);
}

#[test]
fn the_style_is_the_one_that_is_there() {
    let check = |text, expect| assert_eq!(style_of(text), expect, "{text}");
    check("", Style::Conventional);
    check("# Changelog\n\n## 1.0.0\n", Style::Conventional);
    check("# Changelog\n\n## [Unreleased]\n", Style::KeepAChangelog);
    check("see https://keepachangelog.com\n", Style::KeepAChangelog);
}
