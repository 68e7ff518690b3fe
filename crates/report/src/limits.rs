//! How much of a file is read. What is beyond is refused by name, never left off in silence.

/// Bytes of one file. Coverage of the largest repositories that people have told of is some 100 MB of
/// LCOV; GitHub takes 10 MB of SARIF, packed, which is about as much unpacked.
pub const MOST_BYTES: usize = 128 << 20;

/// Elements of XML within one another. Suites nest as tests' `describe` do: ten is a lot.
pub const DEEPEST: usize = 64;

/// Attributes of one element of XML. Ten are usual.
pub const MOST_ATTRIBUTES: usize = 128;

/// Tests of one report. The largest suites that are told of in public have some 100,000 tests, with all of them
/// in one file.
pub const MOST_TESTS: usize = 500_000;

/// Failed attempts of one test that are kept. Retries are rarely more than five.
pub const MOST_RETRIES: usize = 100;

/// Lines, branches and functions of one coverage report together: twice what the 2.5 million lines that 128 MiB of LCOV
/// have at its usual density come to.
pub const MOST_COVERED: usize = 5_000_000;
