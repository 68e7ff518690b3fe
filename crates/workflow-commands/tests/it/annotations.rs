use tidegate_workflow_commands::{Annotation, Effect, Interpreter, Level, Trust};

/// The annotation of a line in the workspace `/w/repo`, as `level file:line:column-end_line:end_column (title) message`.
fn check(line: &str, expect: &str) {
    let effects = Interpreter::new("/w/repo", Trust::default()).hear(line).unwrap();
    let Some(Effect::Annotate(told)) = effects.last() else { panic!("{line}: {effects:?}") };
    let number = |value: Option<u32>| value.map_or("-".to_owned(), |value| value.to_string());
    let text = |value: &Option<String>| value.clone().unwrap_or("-".to_owned());
    let place = [told.line, told.column, told.end_line, told.end_column].map(number).join(":");
    let told = format!(
        "{} {}:{place} ({}) {}",
        told.level.name(),
        text(&told.file),
        text(&told.title),
        told.message
    );
    assert_eq!(told, expect, "{line}");
}

#[test]
fn a_remark_may_have_a_place_and_a_title() {
    check("::error::broken", "error -:-:-:-:- (-) broken");
    check("::warning file=a.rs,line=3,col=5::odd", "warning a.rs:3:5:-:- (-) odd");
    check(
        "::notice file=a.rs,line=3,endLine=3,col=5,endColumn=7,title=Note::x",
        "notice a.rs:3:5:3:7 (Note) x",
    );
    check("::error file=a.rs,line=3,endLine=9::x%0Ay", "error a.rs:3:-:9:- (-) x\ny");
    check("##[error]broken", "error -:-:-:-:- (-) broken");
}

#[test]
fn a_file_of_the_workspace_is_told_within_it() {
    check("::error file=/w/repo/src/a.rs::x", "error src/a.rs:-:-:-:- (-) x");
    check("::error file=/w/repository/a.rs::x", "error /w/repository/a.rs:-:-:-:- (-) x");
    check("::error file=/w/repo::x", "error /w/repo:-:-:-:- (-) x");
    check("::error file=/elsewhere/a.rs::x", "error /elsewhere/a.rs:-:-:-:- (-) x");
}

#[test]
fn what_cannot_be_of_a_place_is_dropped() {
    check("::error line=x,col=y::m", "error -:-:-:-:- (-) m");
    check("::error endLine=4::m", "error -:4:-:4:- (-) m");
    check("::error col=4::m", "error -:-:-:-:- (-) m");
    check("::error line=1,endColumn=4::m", "error -:1:4:-:4 (-) m");
    check("::error line=1,endLine=2,col=4::m", "error -:1:-:2:- (-) m");
    check("::error line=5,endLine=2::m", "error -:-:-:-:- (-) m");
    check("::error line=5,col=9,endColumn=2::m", "error -:5:-:-:- (-) m");
}

#[test]
fn what_is_dropped_is_told_in_the_detailed_log() {
    let effects =
        Interpreter::new("/w", Trust::default()).hear("::error line=5,endLine=2::m").unwrap();
    let expect = "Invalid error command value. 'endLine' cannot be less than 'line'";
    assert_eq!(effects[0], Effect::Debug(expect.to_owned()));
    assert_eq!(effects.len(), 2);
}

#[test]
fn levels_have_their_words() {
    for level in [Level::Notice, Level::Warning, Level::Error] {
        assert_eq!(Level::of(&level.name().to_uppercase()), Some(level));
        assert_eq!(Annotation::new(level, "m").log_line(), format!("##[{}]m", level.name()));
    }
    assert_eq!(Level::of("info"), None);
    assert!(Level::Notice < Level::Warning && Level::Warning < Level::Error);
}
