//! How many seeds it takes to find each planted mistake.

use std::{
    process::ExitCode,
    sync::{Mutex, PoisonError},
    thread,
};

use tidegate_sim::{Mistake, Plant};

use crate::{Arguments, told};

/// What came of looking for a mistake.
struct Found {
    mistake: Mistake,
    /// With the control plane's own checker, and without.
    checked: By,
    unchecked: By,
}

/// How many seeds it took, the last of which broke a rule, and what it broke; none if none did.
type By = Option<(u64, String)>;

/// Looks for all mistakes, or for the one that is named.
pub(crate) fn seek(arguments: &Arguments, only: &str) -> ExitCode {
    let is_sought = |one: &Mistake| only == "all" || only == one.name();
    let mut mistakes: Vec<_> = Mistake::ALL.into_iter().filter(is_sought).collect();
    if mistakes.is_empty() {
        let all = Mistake::ALL.map(Mistake::name).join(", ");
        println!("no mistake is called {only}; there are {all}");
        return ExitCode::FAILURE;
    }
    if let (Some(seed), [mistake], true) = (arguments.seed, &*mistakes, arguments.explain) {
        let plant = Plant { mistake: *mistake, unchecked: arguments.unchecked };
        return told(seed, plant.explain(seed, arguments.lasts()));
    }
    mistakes.reverse();
    let (left, found) = (Mutex::new(mistakes), Mutex::new(Vec::new()));
    let next = || left.lock().unwrap_or_else(PoisonError::into_inner).pop();
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(mistake) = next() {
                    let one = look_for(mistake, arguments);
                    println!("{}", one.line());
                    found.lock().unwrap_or_else(PoisonError::into_inner).push(one);
                }
            });
        }
    });
    let found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    let missed = found.iter().filter(|one| one.by().any(Option::is_none)).count();
    let seeds = found.iter().flat_map(Found::by).flatten().map(|(seeds, _)| *seeds);
    let (all, most) = (found.len(), seeds.max().unwrap_or_default());
    println!("{all} mistakes, {missed} not found, {most} seeds at most");
    ExitCode::from(u8::from(missed > 0))
}

fn look_for(mistake: Mistake, arguments: &Arguments) -> Found {
    let by = |unchecked| {
        let plant = Plant { mistake, unchecked };
        let mut seeds = arguments.from..arguments.from.saturating_add(arguments.count());
        seeds.find_map(|seed| {
            let first = plant.live(seed, arguments.lasts()).broken.into_iter().next()?;
            let what = first.lines().next().unwrap_or_default().to_owned();
            Some((seed - arguments.from + 1, what))
        })
    };
    Found { mistake, checked: by(false), unchecked: by(true) }
}

impl Found {
    fn by(&self) -> impl Iterator<Item = &By> {
        [&self.checked, &self.unchecked].into_iter()
    }

    /// As a row of a table.
    fn line(&self) -> String {
        let seeds =
            |by: &By| by.as_ref().map_or_else(|| "-".to_owned(), |(seeds, _)| seeds.to_string());
        let (name, checked, unchecked) =
            (self.mistake.name(), seeds(&self.checked), seeds(&self.unchecked));
        let what = self.unchecked.as_ref().or(self.checked.as_ref()).map_or("", |(_, what)| what);
        format!("| `{name}` | {checked} | {unchecked} | {what} |")
    }
}
