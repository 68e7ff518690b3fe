//! How a container ends: waited for, and told in words.

use std::time::Duration;

use tidegate_replicas::End;
use tidegate_workload::ResourceAmounts;

use crate::engine::{Engine, State};

/// Between two looks at a container that an engine cannot be asked to wait for.
pub(crate) const LOOK: Duration = Duration::from_millis(500);

/// Returns when the container has ended, and says how. While the engine does not answer, nothing is
/// known of it: containers run on without their engine.
pub(crate) async fn ended(engine: &Engine, id: &str, limited: Limited) -> End {
    loop {
        let waited = engine.wait(id).await;
        match engine.inspect(id).await {
            Ok(seen) if !seen.state.running => {
                return End { how: describe(&seen.state, limited), done: is_done(&seen.state) };
            }
            Err(error) if error.is_missing() => {
                return End { how: "it was removed from the engine".to_owned(), done: false };
            }
            _ if waited.is_err() => tokio::time::sleep(LOOK).await,
            _ => tokio::time::sleep(LOOK / 10).await,
        }
    }
}

/// Whether it ran, and ended with exit code 0.
fn is_done(state: &State) -> bool {
    state.exit_code == 0 && !state.oom_killed && !state.was_never_started()
}

/// Whether there is a limit that a container may be ended for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limited {
    Memory,
    No,
}

impl Limited {
    pub(crate) fn by(limits: &ResourceAmounts) -> Self {
        if limits.memory_bytes.is_some() { Self::Memory } else { Self::No }
    }
}

/// How a container ended, in words.
pub(crate) fn describe(state: &State, limited: Limited) -> String {
    if state.oom_killed {
        return "it was ended for using more memory than its limit".to_owned();
    }
    // Not every engine sees why the kernel ended it.
    if state.exit_code == 137 && limited == Limited::Memory {
        return "it was ended by signal 9, probably for using more memory than its limit"
            .to_owned();
    }
    if state.was_never_started() {
        return "it was never started".to_owned();
    }
    let because = if state.error.is_empty() { String::new() } else { format!(": {}", state.error) };
    match state.exit_code {
        // The engine gives 128 and the signal for a process that a signal ended.
        code @ 129..=159 => format!("it was ended by signal {}{because}", code - 128),
        code => format!("it ended with exit code {code}{because}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_told_in_the_words_of_processes() {
        let check = |state: State, expect: &str| assert_eq!(describe(&state, Limited::No), expect);
        let state = State { exit_code: 3, status: "exited".to_owned(), ..State::default() };
        check(state.clone(), "it ended with exit code 3");
        check(State { exit_code: 137, ..state.clone() }, "it was ended by signal 9");
        check(
            State { exit_code: 137, oom_killed: true, ..state.clone() },
            "it was ended for using more memory than its limit",
        );
        let killed = State { exit_code: 137, ..state.clone() };
        assert!(describe(&killed, Limited::Memory).contains("more memory than its limit"));
        assert!(!is_done(&state) && !is_done(&State { oom_killed: true, ..State::default() }));
        let ran = State { status: "exited".to_owned(), ..State::default() };
        assert!(is_done(&ran));
        let never = State { status: "created".to_owned(), ..state };
        check(never.clone(), "it was never started");
        assert!(!is_done(&State { exit_code: 0, ..never }));
    }
}
