use proptest::prelude::*;
use tidegate_report::changed_lines;

fn lines(text: &str) -> Vec<(String, Vec<u32>)> {
    let changed = changed_lines(text.as_bytes(), "d").unwrap_or_else(|error| panic!("{error}"));
    changed.files.into_iter().map(|(file, lines)| (file, lines.into_iter().collect())).collect()
}

#[test]
fn added_lines_are_told_by_file() {
    let text = "diff --git a/src/a.rs b/src/a.rs\nindex 1..2 100644\n--- a/src/a.rs\n+++ b/src/a.rs\n\
        @@ -1,3 +1,4 @@ fn main() {\n one\n--- two\n+++ two\n+three\n four\n@@ -10 +11,0 @@\n-gone\n\
        diff --git a/b b/b\nnew file mode 100644\n--- /dev/null\n+++ b/b\n@@ -0,0 +1 @@\n+x\n\\ No newline at end of file\n\
        --- a/gone\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n\
        --- \"a/\\303\\244 b\"\n+++ \"b/\\303\\244 b\"\n@@ -1 +1 @@\n-x\n+y\n\
        --- c.txt\t2026-01-01\n+++ c.txt\t2026-01-02\n@@ -5,2 +5,3 @@\n x\n\n+z\n";
    let expect = [
        ("b".to_owned(), vec![1]),
        ("c.txt".to_owned(), vec![7]),
        ("src/a.rs".to_owned(), vec![2, 3]),
        ("ä b".to_owned(), vec![1]),
    ];
    assert_eq!(lines(text), expect);
    assert_eq!(lines(""), []);
}

#[test]
fn what_is_no_diff_of_two_is_refused() {
    let check = |text: &str, expect: &str| {
        assert_eq!(changed_lines(text.as_bytes(), "d").unwrap_err().to_string(), expect);
    };
    check(
        "@@ x @@\n",
        "d:1:1: \"@@ x @@\" is no head of a hunk; write @@ -LINE,COUNT +LINE,COUNT @@",
    );
    check(
        "\n@@@ -1 -1 +1 @@@\n",
        "d:2:1: this is the diff of a merge; compare with one commit: git diff BASE...HEAD",
    );
}

proptest! {
    #[test]
    fn texts_of_any_kind_are_read_or_refused(
        parts in prop::collection::vec("(@@ -[0-9]{1,11},?[0-9]{0,2} \\+[0-9]{1,11} @@|\\+\\+\\+ b/[a-c\"]{0,3}|[ +\\\\-]?[a-z]{0,3})\n", 0..12),
    ) {
        let _ = changed_lines(parts.concat().as_bytes(), "d");
    }
}
