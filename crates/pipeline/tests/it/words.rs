use tidegate_pipeline::Word;
use tidegate_workflow::JobResult;

use crate::bed::{begin, job};

#[tokio::test]
async fn a_cancelled_run_stops_what_runs_and_begins_nothing() {
    let bed = begin(
        vec![job("a", &[], &["hang", "ok"]), job("b", &[], &["ok"]), job("c", &["a"], &["ok"])],
        1,
    );
    bed.world.until("a runs hang").await;
    bed.words.send(Word::Cancel).await.unwrap();
    let (lines, result) = bed.end().await;
    assert_eq!(
        lines,
        ["a runs hang", "a is stopped", "a skips Run ok", "a cancelled", "c skipped"]
    );
    assert_eq!(result, JobResult::Cancelled);
}

#[tokio::test]
async fn a_killed_run_ends_at_once() {
    let bed = begin(vec![job("a", &[], &["hang"])], 1);
    bed.world.until("a runs hang").await;
    bed.words.send(Word::Kill).await.unwrap();
    let (lines, result) = bed.end().await;
    assert!(lines.contains(&"a is killed".to_owned()), "{lines:?}");
    assert_eq!(result, JobResult::Cancelled);
}

#[tokio::test]
async fn a_run_that_nobody_can_speak_to_any_more_goes_on() {
    let bed = begin(vec![job("a", &[], &["ok"]), job("b", &["a"], &["ok"])], 1);
    let (words, _) = tokio::sync::mpsc::channel(1);
    let bed = crate::bed::Bed { words, ..bed };
    let (_, result) = bed.end().await;
    assert_eq!(result, JobResult::Success);
}
