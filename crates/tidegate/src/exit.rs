//! What the program ends with, for scripts.

/// All is well.
pub(crate) const OK: u8 = 0;
/// What was asked for failed, or the rollout did.
pub(crate) const FAILED: u8 = 1;
/// The command line makes no sense.
pub(crate) const USAGE: u8 = 2;
/// It took longer than `--timeout`.
pub(crate) const TIMED_OUT: u8 = 3;
/// No server answers, or it does not accept the token.
pub(crate) const UNREACHABLE: u8 = 4;

/// `judge`: the canary is worse. The same number as a failure, which `judge` does not end with.
pub(crate) const WORSE: u8 = FAILED;
/// `judge`: neither is shown. The same number as a timeout, which `judge` does not end with.
pub(crate) const INCONCLUSIVE: u8 = TIMED_OUT;
/// What was recorded cannot be read.
pub(crate) const UNREADABLE: u8 = 5;

/// `server`: it leads no more, or can write nothing down any more.
pub(crate) const ENDED: u8 = 6;

/// Every exit code with its meaning, for the help and the reference.
pub(crate) const CODES: [(u8, &str); 7] = [
    (OK, "it was done; for `rollout status`: healthy; for `judge`: no worse"),
    (
        FAILED,
        "it failed; for `rollout status`: degraded or aborted; for `validate`: problems found; for `judge`: worse; for `report compare`: a condition holds",
    ),
    (USAGE, "the command line makes no sense"),
    (
        TIMED_OUT,
        "it took longer than --timeout; for `judge`: inconclusive; for `report compare`: a condition cannot be told",
    ),
    (UNREACHABLE, "no server answers, or it does not accept the token"),
    (
        UNREADABLE,
        "for `judge` and `report`: what was recorded cannot be read, or the verdict not be written",
    ),
    (ENDED, "for `server`: another server leads, or nothing can be written down any more"),
];

/// The codes as the end of a help text.
pub(crate) fn help() -> String {
    let lines = CODES.map(|(code, meaning)| format!("  {code}  {meaning}"));
    format!("Exit codes:\n{}", lines.join("\n"))
}

/// The codes as a page of the reference.
pub(crate) fn markdown() -> String {
    let rows = CODES.map(|(code, meaning)| format!("| {code} | {meaning} |\n"));
    format!("# Exit codes\n\n| code | meaning |\n|---|---|\n{}", rows.concat())
}
