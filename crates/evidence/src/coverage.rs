use std::collections::BTreeMap;

use serde::Serialize;

/// What tests covered, by file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Coverage {
    /// Each file, by its path as the report has it, with `/` between its parts.
    pub files: BTreeMap<String, FileCoverage>,
}

/// What tests covered of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FileCoverage {
    /// How often each line that can be run was run. Lines count from 1.
    pub lines: BTreeMap<u32, u64>,
    /// The branches that leave a line.
    pub branches: BTreeMap<u32, Branches>,
    /// The functions, by name.
    pub functions: BTreeMap<String, FunctionCoverage>,
}

/// The branches that leave a line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Branches {
    /// How often each was taken, by its name in the report, where the report names them.
    pub taken: BTreeMap<String, u64>,
    /// Where the report has numbers alone.
    pub counted: Ratio,
}

/// A function.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FunctionCoverage {
    /// Its first line, from 1; 0 where the report does not say.
    pub line: u32,
    /// How often it was called.
    pub hits: u64,
}

/// So many of so many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Ratio {
    /// How many are covered.
    pub covered: u64,
    /// How many there are.
    pub total: u64,
}

/// The sums over files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Totals {
    /// Lines that can be run.
    pub lines: Ratio,
    /// Branches.
    pub branches: Ratio,
    /// Functions.
    pub functions: Ratio,
}

impl Ratio {
    /// Whether `covered` of one more.
    pub(crate) fn count(&mut self, is_covered: bool) {
        self.total += 1;
        self.covered += u64::from(is_covered);
    }

    /// The share from 0 to 1; nothing where there is nothing to cover.
    #[expect(clippy::cast_precision_loss, reason = "far fewer lines than 2^53")]
    pub fn share(self) -> Option<f64> {
        (self.total > 0).then(|| self.covered as f64 / self.total as f64)
    }

    /// Of both together.
    pub fn plus(self, other: Self) -> Self {
        Self {
            covered: self.covered.saturating_add(other.covered),
            total: self.total.saturating_add(other.total),
        }
    }

    /// What is known at least, of two that count the same branches and do not name them.
    fn max(self, other: Self) -> Self {
        Self { covered: self.covered.max(other.covered), total: self.total.max(other.total) }
    }
}

impl Branches {
    /// How many there are, and are taken.
    pub fn ratio(&self) -> Ratio {
        let mut named = Ratio::default();
        for hits in self.taken.values() {
            named.count(*hits > 0);
        }
        named.max(self.counted)
    }

    fn merge(&mut self, other: &Self) {
        for (name, hits) in &other.taken {
            add(self.taken.entry(name.clone()).or_default(), *hits);
        }
        self.counted = self.counted.max(other.counted);
    }
}

impl FunctionCoverage {
    fn merge(&mut self, other: Self) {
        add(&mut self.hits, other.hits);
        // 0 is not known.
        self.line = if self.line == 0 || other.line == 0 {
            self.line.max(other.line)
        } else {
            self.line.min(other.line)
        };
    }
}

impl FileCoverage {
    /// Counts more of a line.
    pub fn hit(&mut self, line: u32, hits: u64) {
        add(self.lines.entry(line).or_default(), hits);
    }

    /// Counts more of a function.
    pub fn call(&mut self, name: &str, line: u32, hits: u64) {
        let called = FunctionCoverage { line, hits };
        self.functions
            .entry(name.to_owned())
            .and_modify(|function| function.merge(called))
            .or_insert(called);
    }

    /// Adds what another run covered of the same file.
    pub fn merge(&mut self, other: &Self) {
        for (line, hits) in &other.lines {
            self.hit(*line, *hits);
        }
        for (line, branches) in &other.branches {
            self.branches.entry(*line).or_default().merge(branches);
        }
        for (name, function) in &other.functions {
            self.call(name, function.line, function.hits);
        }
    }

    /// Its sums.
    pub fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        for hits in self.lines.values() {
            totals.lines.count(*hits > 0);
        }
        for branches in self.branches.values() {
            totals.branches = totals.branches.plus(branches.ratio());
        }
        for function in self.functions.values() {
            totals.functions.count(function.hits > 0);
        }
        totals
    }
}

impl Coverage {
    /// Adds what another run covered. The order of runs does not matter: hits add up, and of branches
    /// that are counted but not named, the larger count is taken, which is what is covered at least.
    pub fn merge(&mut self, other: &Self) {
        for (path, file) in &other.files {
            self.files.entry(path.clone()).or_default().merge(file);
        }
    }

    /// The sums over all files.
    pub fn totals(&self) -> Totals {
        self.files.values().map(FileCoverage::totals).fold(Totals::default(), |sum, file| Totals {
            lines: sum.lines.plus(file.lines),
            branches: sum.branches.plus(file.branches),
            functions: sum.functions.plus(file.functions),
        })
    }

    /// The file that is at `path` of the repository: the one of this very path, else the only one whose
    /// path ends with it, or that it ends with. Reports name files from the root of the machine, of
    /// the repository or of a package.
    pub fn file(&self, path: &str) -> Option<&FileCoverage> {
        if let Some(file) = self.files.get(path) {
            return Some(file);
        }
        let mut ending = self
            .files
            .iter()
            .filter(|(own, _)| ends_with_path(own, path) || ends_with_path(path, own));
        match (ending.next(), ending.next()) {
            (Some((_, file)), None) => Some(file),
            _ => None,
        }
    }
}

/// Whether the last parts of `path` are those of `tail`.
pub(crate) fn ends_with_path(path: &str, tail: &str) -> bool {
    let Some(before) = path.strip_suffix(tail) else { return false };
    !tail.is_empty() && (before.is_empty() || before.ends_with('/'))
}

fn add(sum: &mut u64, more: u64) {
    *sum = sum.saturating_add(more);
}
