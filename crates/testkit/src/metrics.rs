use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use tidegate_analysis::{Answer, Query, RunPhase, STEP_STATUS};
use tidegate_condition::Value;
use tidegate_ports::MetricSource;
use tidegate_workload::Secret;

/// How a fake server answers.
#[derive(Clone, Debug, PartialEq)]
pub enum Says {
    /// With a number, at once.
    Number(f64),
    /// With a number, after a while.
    Slowly(f64, Duration),
    /// With a text, at once.
    Text(String),
    /// With an error.
    Error(String),
    /// With an error that repeats what it was asked, credentials and all.
    Echo,
    /// As a program that takes a step: done, or after how long to be asked again, from where it is.
    Step(RunPhase, Option<Duration>, &'static str),
    /// That there is nothing.
    Empty,
    /// Never.
    Nothing,
    /// Its client comes to grief.
    Panic,
}

/// A server in memory that answers all questions alike, and remembers them.
pub struct FakeMetrics {
    inner: Mutex<Inner>,
}

struct Inner {
    says: Says,
    next: VecDeque<Says>,
    asked: Vec<Query>,
    secrets: Vec<Option<Secret>>,
    /// Questions that wait for their answers.
    open: usize,
    most_open: usize,
}

impl FakeMetrics {
    /// A server that says the same to all.
    pub fn new(says: Says) -> Self {
        let (next, asked, secrets) = (VecDeque::new(), Vec::new(), Vec::new());
        Self { inner: Mutex::new(Inner { says, next, asked, secrets, open: 0, most_open: 0 }) }
    }

    /// What it says from now on.
    pub fn says(&self, says: Says) {
        let mut inner = self.lock();
        inner.next.clear();
        inner.says = says;
    }

    /// What it says to the next questions, one each; then what it said before.
    pub fn says_next(&self, next: impl IntoIterator<Item = Says>) {
        self.lock().next.extend(next);
    }

    /// All that it was asked, oldest first.
    pub fn asked(&self) -> Vec<Query> {
        self.lock().asked.clone()
    }

    /// The Secrets that came with what it was asked.
    pub fn secrets(&self) -> Vec<Option<Secret>> {
        self.lock().secrets.clone()
    }

    /// The most questions that waited for their answers at one moment.
    pub fn most_open(&self) -> usize {
        self.lock().most_open
    }

    /// Questions that wait for their answers.
    pub fn open(&self) -> usize {
        self.lock().open
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A question that waits; dropped when its answer came or nobody waits for it.
struct Open<'a>(&'a FakeMetrics);

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.lock().open -= 1;
    }
}

#[async_trait]
impl MetricSource for FakeMetrics {
    async fn measure(&self, query: &Query, secret: Option<&Secret>) -> Result<Answer, String> {
        let says = {
            let mut inner = self.lock();
            inner.asked.push(query.clone());
            inner.secrets.push(secret.cloned());
            inner.open += 1;
            inner.most_open = inner.most_open.max(inner.open);
            inner.next.pop_front().unwrap_or_else(|| inner.says.clone())
        };
        let _open = Open(self);
        let number = match says {
            Says::Number(number) => number,
            Says::Slowly(number, after) => {
                tokio::time::sleep(after).await;
                number
            }
            Says::Text(text) => {
                let (value, shown) = (Value::text(text.as_str()), text);
                return Ok(Answer { value, shown, ..Answer::default() });
            }
            Says::Error(problem) => return Err(problem),
            Says::Echo => {
                return Err(format!(
                    "400: not understood: {query:?} {:?}",
                    secret.map(|it| &it.data)
                ));
            }
            Says::Step(phase, again, status) => {
                let metadata = BTreeMap::from([(STEP_STATUS.to_owned(), status.to_owned())]);
                let verdict = Some(phase);
                return Ok(Answer { verdict, again, metadata, ..Answer::default() });
            }
            Says::Empty => return Ok(Answer::default()),
            Says::Nothing => std::future::pending().await,
            #[expect(clippy::panic, reason = "that is what is tested")]
            Says::Panic => panic!("the client came to grief"),
        };
        let value = Value::Float(number);
        Ok(Answer { value, shown: number.to_string(), ..Answer::default() })
    }
}
