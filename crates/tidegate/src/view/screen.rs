use std::{
    io::{self, Stdout},
    thread,
    time::Duration,
};

use ratatui::{
    Terminal,
    backend::CrosstermBackend,
    crossterm::{
        cursor,
        event::{self, Event, KeyCode, KeyEvent, KeyModifiers},
        execute, terminal,
    },
};
use tidegate_controller::RolloutView;
use tidegate_units::Timestamp;
use tokio::sync::mpsc;

use super::render;
use crate::error::CliError;

/// How often countdowns are drawn anew, and how soon the thread that reads keys notices the end.
const TICK: Duration = Duration::from_millis(500);
/// Wishes that wait; a person does not press keys faster than they are taken.
const WISHES: usize = 16;

/// What the person at the terminal wants, or what the terminal needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// To leave.
    Quit,
    /// Another size, or the time for countdowns.
    Redraw,
}

/// The whole terminal. It is given back as it was when this is dropped.
pub(crate) struct Screen {
    terminal: Terminal<CrosstermBackend<Stdout>>,
    wishes: mpsc::Receiver<Wish>,
}

impl Screen {
    /// Takes the terminal.
    pub(crate) fn open() -> Result<Self, CliError> {
        let (sender, wishes) = mpsc::channel(WISHES);
        terminal::enable_raw_mode().map_err(|error| unfit(&error))?;
        let backend = CrosstermBackend::new(io::stdout());
        let opened = execute!(io::stdout(), terminal::EnterAlternateScreen, cursor::Hide)
            .and_then(|()| Terminal::new(backend));
        let terminal = opened.map_err(|error| {
            give_back();
            unfit(&error)
        })?;
        thread::spawn(move || read_keys(&sender));
        Ok(Self { terminal, wishes })
    }

    /// Draws a rollout. Only the cells that changed are written, so nothing flickers.
    pub(crate) fn draw(&mut self, view: &RolloutView, now: Timestamp) -> Result<(), CliError> {
        self.draw_with(|area, buffer| render(view, now, area, buffer))
    }

    /// Draws anything.
    pub(crate) fn draw_with(
        &mut self,
        paint: impl FnOnce(ratatui::layout::Rect, &mut ratatui::buffer::Buffer),
    ) -> Result<(), CliError> {
        let drawn = self.terminal.draw(|frame| paint(frame.area(), frame.buffer_mut()));
        drawn.map(|_| ()).map_err(|error| unfit(&error))
    }

    /// The next wish. Dropping the future loses nothing.
    pub(crate) async fn wish(&mut self) -> Wish {
        self.wishes.recv().await.unwrap_or(Wish::Quit)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

/// When this fails the terminal is gone, and with it the need.
fn give_back() {
    let _ = execute!(io::stdout(), terminal::LeaveAlternateScreen, cursor::Show);
    let _ = terminal::disable_raw_mode();
}

/// Turns keys into wishes until nobody listens; at least one wish every tick.
fn read_keys(wishes: &mpsc::Sender<Wish>) {
    loop {
        let wish = match event::poll(TICK) {
            Ok(true) => match event::read() {
                Ok(Event::Key(key)) if quits(key) => Wish::Quit,
                Ok(Event::Resize(..)) => Wish::Redraw,
                Ok(_) => continue,
                Err(_) => Wish::Quit,
            },
            Ok(false) => Wish::Redraw,
            Err(_) => Wish::Quit,
        };
        // A redraw that finds the queue full is in it already.
        match wishes.try_send(wish) {
            Err(mpsc::error::TrySendError::Closed(_)) => return,
            Err(mpsc::error::TrySendError::Full(Wish::Quit)) => {
                let _ = wishes.blocking_send(Wish::Quit);
            }
            _ => {}
        }
    }
}

fn quits(key: KeyEvent) -> bool {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    match key.code {
        KeyCode::Char('q' | 'Q') | KeyCode::Esc => true,
        KeyCode::Char('c' | 'd') => control,
        _ => false,
    }
}

fn unfit(error: &io::Error) -> CliError {
    CliError::failed("the terminal cannot be used")
        .because(error)
        .hint("with --no-tui a line is printed for each change")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_keys_that_mean_it_quit() {
        let key = |code, modifiers| quits(KeyEvent::new(code, modifiers));
        assert!(key(KeyCode::Char('q'), KeyModifiers::NONE));
        assert!(key(KeyCode::Esc, KeyModifiers::NONE));
        assert!(key(KeyCode::Char('c'), KeyModifiers::CONTROL));
        assert!(!key(KeyCode::Char('c'), KeyModifiers::NONE));
        assert!(!key(KeyCode::Enter, KeyModifiers::NONE));
    }
}
