use proptest::prelude::*;
use tidegate_workflow_commands::{
    FileError, MOST_SUMMARY_BYTES, Pair, check_summary, check_variable, pairs, paths, text,
};

/// The pairs as `name=value`, then the error.
fn check(file: &str, expect: &[&str]) {
    let told: Vec<_> = pairs(file)
        .map(|pair| match pair {
            Ok(Pair { name, value }) => format!("{name}={value}"),
            Err(error) => format!("error: {error}"),
        })
        .collect();
    assert_eq!(told.len(), expect.len(), "{told:?}");
    for (told, expect) in told.iter().zip(expect) {
        let same =
            if expect.starts_with("error: ") { told.starts_with(expect) } else { told == expect };
        assert!(same, "{told:?} is not {expect:?}");
    }
}

#[test]
fn lines_hold_names_and_values() {
    check("a=1\nb=two words\n", &["a=1", "b=two words"]);
    check("a=1", &["a=1"]);
    check("\n\na=\n\n", &["a="]);
    check("a=b=c\nd==\n e = f \n", &["a=b=c", "d==", " e = f "]);
    check("a=x<<y\n", &["a=x<<y"]);
    check("", &[]);
}

#[test]
fn values_of_several_lines_end_at_their_delimiter() {
    check("a<<EOF\none\ntwo\nEOF\nb=1", &["a=one\ntwo", "b=1"]);
    check("a<<EOF\nEOF\n", &["a="]);
    check("a<<EOF\n\nEOF\n", &["a="]);
    check("a<<EOF\n\n\nEOF\n", &["a=\n"]);
    check("a<<EOF\none\nEOF", &["a=one"]);
    check("a<<=\nx=y\n=\n", &["a=x=y"]);
    check("a<<EOF\n EOF\nEOF \nEOF\n", &["a= EOF\nEOF "]);
    check("a<< E F\nx\n E F\n", &["a=x"]);
    check("a<<<<\nx\n<<\n", &["a=x"]);
}

#[test]
fn a_carriage_return_is_of_its_line() {
    check("a=1\r\n", &["a=1\r"]);
    check("a<<EOF\r\none\r\nEOF\r\n", &["a=one\r"]);
}

#[test]
fn what_is_wrong_is_told_with_its_line_and_what_came_before_counts() {
    check("a=1\nnonsense\nb=2\n", &["a=1", "error: line 2: Invalid format 'nonsense'"]);
    check("a=1\n\n=x\n", &["a=1", "error: line 3: Invalid format '=x'. Name must not be empty"]);
    check(
        "<<EOF\nx\nEOF\n",
        &["error: line 1: Invalid format '<<EOF'. Name must not be empty and delimiter"],
    );
    check(
        "a<<\nx\n",
        &["error: line 1: Invalid format 'a<<'. Name must not be empty and delimiter"],
    );
    check(
        "a=1\nb<<EOF\nx\n",
        &["a=1", "error: line 2: Invalid value. Matching delimiter not found 'EOF'"],
    );
    check("b<<EOF\nx\nEO", &["error: line 1: Invalid value. EOF marker missing new line"]);
    check("b<<EOF\n", &["error: line 1: Invalid value. Matching delimiter not found 'EOF'"]);
}

#[test]
fn bytes_are_text_by_their_mark() {
    assert_eq!(text(b"a=\xC3\xA4"), "a=ä");
    assert_eq!(text(b"\xEF\xBB\xBFa=1"), "a=1");
    assert_eq!(text(b"\xFF\xFEa\0=\0\xE4\0"), "a=ä");
    assert_eq!(text(b"\xFE\xFF\0a\0=\0\xE4"), "a=ä");
    assert_eq!(text(b"\xFF\xFEa\0="), "a\u{FFFD}");
    assert_eq!(text(b"a=\xFF"), "a=\u{FFFD}");
}

#[test]
fn folders_are_one_a_line() {
    assert_eq!(paths("/a\r\n\n/b c\r/d").collect::<Vec<_>>(), ["/a", "/b c", "/d"]);
    assert_eq!(paths("").count(), 0);
}

#[test]
fn only_what_changes_every_action_is_blocked() {
    assert_eq!(check_variable("node_options"), Err(FileError::Blocked));
    for name in ["NODE_OPTION", "GITHUB_SHA", "PATH", "CI"] {
        assert_eq!(check_variable(name), Ok(()));
    }
}

#[test]
fn a_summary_has_a_size() {
    let most = MOST_SUMMARY_BYTES as u64;
    assert_eq!(check_summary(most), Ok(()));
    let told = check_summary(most + 1).unwrap_err().to_string();
    assert_eq!(
        told,
        "$GITHUB_STEP_SUMMARY upload aborted, supports content up to a size of 1024k, got 1024k"
    );
}

proptest! {
    #[test]
    fn what_is_written_comes_back(values in proptest::collection::vec("[a-z=<\n\r ]{0,20}", 0..6)) {
        let written = values.iter().enumerate()
            .map(|(index, value)| format!("n{index}<<END{index}\n{value}\nEND{index}\n"));
        let file = written.collect::<Vec<_>>().concat();
        let read: Result<Vec<_>, _> = pairs(&file).collect();
        let read: Vec<_> = read.unwrap().iter().map(|pair| pair.value.to_owned()).collect();
        prop_assert_eq!(read, values);
    }

    #[test]
    fn any_file_is_read_to_an_end(file in "[a=<\n\r]{0,60}") {
        let read: Vec<_> = pairs(&file).collect();
        let first_error = read.iter().position(Result::is_err).unwrap_or(read.len());
        prop_assert!(first_error + 1 >= read.len());
        prop_assert!(read.iter().flatten().all(|pair| !pair.name.is_empty()));
    }
}
