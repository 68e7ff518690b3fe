use std::{fmt, str::FromStr};

use serde::Serialize;

use crate::error::quoted;

/// A format that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// `JUnit`'s XML.
    Junit,
    /// LCOV's tracefiles, `.info`.
    Lcov,
    /// Cobertura's XML.
    Cobertura,
    /// `JaCoCo`'s XML.
    Jacoco,
    /// What `go test -coverprofile` writes.
    GoCoverage,
    /// SARIF 2.1.0.
    Sarif,
    /// What `webpack --json` writes.
    Webpack,
    /// A metafile of esbuild.
    Esbuild,
    /// What `size-limit --json` writes.
    SizeLimit,
    /// The results of bundlewatch.
    Bundlewatch,
    /// Files with their sizes, as JSON or CSV.
    Sizes,
    /// `estimates.json` of Criterion.rs.
    Criterion,
    /// `sample.json` of Criterion.rs.
    CriterionSample,
    /// What `cargo bench` writes with libtest's harness or bencher.
    CargoBench,
    /// What `go test -bench` writes.
    GoBench,
    /// The JSON of Google Benchmark.
    GoogleBenchmark,
    /// What `hyperfine --export-json` writes.
    Hyperfine,
    /// What `pytest --benchmark-json` writes.
    PytestBenchmark,
    /// The JSON of JMH.
    Jmh,
    /// What github-action-benchmark takes as `customSmallerIsBetter`, or as either of its two where units tell.
    CustomSmallerIsBetter,
    /// What it takes as `customBiggerIsBetter`; never recognised, as the file does not say it.
    CustomBiggerIsBetter,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 21] = [
        Self::Junit,
        Self::Lcov,
        Self::Cobertura,
        Self::Jacoco,
        Self::GoCoverage,
        Self::Sarif,
        Self::Webpack,
        Self::Esbuild,
        Self::SizeLimit,
        Self::Bundlewatch,
        Self::Sizes,
        Self::Criterion,
        Self::CriterionSample,
        Self::CargoBench,
        Self::GoBench,
        Self::GoogleBenchmark,
        Self::Hyperfine,
        Self::PytestBenchmark,
        Self::Jmh,
        Self::CustomSmallerIsBetter,
        Self::CustomBiggerIsBetter,
    ];

    /// As people write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Junit => "junit",
            Self::Lcov => "lcov",
            Self::Cobertura => "cobertura",
            Self::Jacoco => "jacoco",
            Self::GoCoverage => "go-coverage",
            Self::Sarif => "sarif",
            Self::Webpack => "webpack",
            Self::Esbuild => "esbuild",
            Self::SizeLimit => "size-limit",
            Self::Bundlewatch => "bundlewatch",
            Self::Sizes => "sizes",
            Self::Criterion => "criterion",
            Self::CriterionSample => "criterion-sample",
            Self::CargoBench => "cargo-bench",
            Self::GoBench => "go-bench",
            Self::GoogleBenchmark => "google-benchmark",
            Self::Hyperfine => "hyperfine",
            Self::PytestBenchmark => "pytest-benchmark",
            Self::Jmh => "jmh",
            Self::CustomSmallerIsBetter => "custom-smaller-is-better",
            Self::CustomBiggerIsBetter => "custom-bigger-is-better",
        }
    }

    /// The names of all of them, for messages.
    pub fn names() -> String {
        Self::ALL.map(Self::name).join(", ")
    }
}

impl fmt::Display for Format {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(self.name())
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|format| format.name() == text)
            .ok_or_else(|| format!("{} is no format: write one of {}", quoted(text), Self::names()))
    }
}
