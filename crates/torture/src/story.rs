use std::{
    fmt::{Display, Write as _},
    fs::File,
    io::Write as _,
    path::Path,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// What was done and seen, second by second.
pub(crate) struct Story {
    begun: Instant,
    told: Mutex<Told>,
    aloud: bool,
}

struct Told {
    file: File,
    /// The lines of this round.
    lines: Vec<String>,
    /// What should not have been, of the whole run.
    wrongs: Vec<String>,
}

impl Story {
    /// Begins one that is kept in `base`.
    pub(crate) fn begin(base: &Path, aloud: bool) -> anyhow::Result<Self> {
        let file = File::create(base.join("story.log"))?;
        let told = Mutex::new(Told { file, lines: Vec::new(), wrongs: Vec::new() });
        Ok(Self { begun: Instant::now(), told, aloud })
    }

    /// Begins a round; what was told before is in the file alone.
    pub(crate) fn turn(&self) {
        self.with(|told| told.lines.clear());
    }

    /// Tells one thing.
    #[expect(clippy::print_stdout, reason = "a program whose output is what it saw")]
    pub(crate) fn tell(&self, what: impl Display) {
        let line = format!("{:8.2} s  {what}", self.at().as_secs_f64());
        if self.aloud {
            println!("{line}");
        }
        self.with(|told| {
            // A story that cannot be kept is still told at its end.
            let _ = writeln!(told.file, "{line}");
            told.lines.push(line);
        });
    }

    /// Tells what should not have been.
    pub(crate) fn wrong(&self, what: impl Display) {
        self.tell(format!("WRONG: {what}"));
        self.with(|told| told.wrongs.push(what.to_string()));
    }

    /// Whether nothing went wrong so far.
    pub(crate) fn is_good(&self) -> bool {
        self.with(|told| told.wrongs.is_empty())
    }

    /// This round's, and what went wrong.
    pub(crate) fn whole(&self) -> String {
        self.with(|told| {
            let mut text = told.lines.join("\n");
            // Writing into a String cannot fail.
            let _ = write!(text, "\n\nwhat was wrong:\n");
            for wrong in &told.wrongs {
                let _ = writeln!(text, "- {wrong}");
            }
            text
        })
    }

    /// How long ago it began.
    pub(crate) fn at(&self) -> Duration {
        self.begun.elapsed()
    }

    fn with<T>(&self, change: impl FnOnce(&mut Told) -> T) -> T {
        change(&mut self.told.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
