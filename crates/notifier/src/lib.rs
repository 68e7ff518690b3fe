//! Brings letters by HTTP and by SMTP.
//!
//! Invariant: whoever is named in a letter is asked and nobody else. A redirect is not followed: it is an answer that
//! nobody took the letter.
//! Invariant: nothing is tried twice here. Whether and when it is tried again is decided by whoever keeps the letter.

mod http;
mod mail;

use std::time::Duration;

use async_trait::async_trait;
use tidegate_http_client::Trust;
use tidegate_notify::Letter;
use tidegate_ports::{Again, Courier, Undelivered};

/// So long one delivery takes at most: receivers that do their work before they answer take seconds, and one that hangs
/// must not hold a place for long.
pub const PATIENCE: Duration = Duration::from_secs(15);

/// So much of an answer is told: its begin says what is wrong.
const MOST_TOLD: usize = 300;

/// Brings letters.
#[derive(Default)]
pub struct Notifier {
    trust: Trust,
}

#[async_trait]
impl Courier for Notifier {
    async fn bring(&self, letter: &Letter) -> Result<(), Undelivered> {
        let brought = async {
            match letter {
                Letter::Http(letter) => http::bring(&self.trust, letter).await,
                Letter::Mail(letter) => mail::bring(letter).await,
            }
        };
        tokio::time::timeout(PATIENCE, brought).await.unwrap_or_else(|_| {
            let problem = format!("there was no answer within {} s", PATIENCE.as_secs());
            Err(later(problem))
        })
    }
}

/// Something that may be otherwise the next time.
fn later(problem: String) -> Undelivered {
    Undelivered { problem, answer: None, again: Again::Later(None) }
}

/// Something that will be the same the next time.
fn never(problem: String) -> Undelivered {
    Undelivered { problem, answer: None, again: Again::Never }
}

/// The begin of what a receiver said.
fn begin(text: &str) -> Option<String> {
    let text: String = text.trim().chars().take(MOST_TOLD).collect();
    (!text.is_empty()).then_some(text)
}
