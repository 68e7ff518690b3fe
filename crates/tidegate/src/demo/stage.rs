use std::io::{self, IsTerminal as _};

use ratatui::{
    layout::{Constraint, Layout},
    style::Style,
    text::Line,
    widgets::Widget as _,
};
use tidegate_controller::RolloutView;

use crate::{
    args::Global,
    error::CliError,
    output::Output,
    times,
    view::{Screen, Wish, changes, render},
};

/// Where the demo is shown: the whole terminal, or a line for each change.
pub(crate) enum Stage {
    /// The whole terminal, under a line that says what is being done.
    Live { screen: Screen, title: String, view: Option<Box<RolloutView>> },
    /// Lines.
    Plain { output: Output, view: Option<Box<RolloutView>> },
}

impl Stage {
    pub(crate) fn open(global: &Global) -> Result<Self, CliError> {
        if io::stdout().is_terminal() && io::stdin().is_terminal() {
            let title = "starting".to_owned();
            return Ok(Self::Live { screen: Screen::open()?, title, view: None });
        }
        Ok(Self::Plain { output: Output::new(global), view: None })
    }

    /// Says what is being done now.
    pub(crate) fn say(&mut self, words: &str) -> Result<(), CliError> {
        match self {
            Self::Live { title, .. } => {
                words.clone_into(title);
                self.draw()
            }
            Self::Plain { output, .. } => output.line(format_args!("== {words}")),
        }
    }

    /// Shows where the rollout is now.
    pub(crate) fn show(&mut self, now: RolloutView) -> Result<(), CliError> {
        match self {
            Self::Live { view, .. } => {
                *view = Some(Box::new(now));
                self.draw()
            }
            Self::Plain { output, view } => {
                for line in changes(view.as_deref(), &now) {
                    output.line(format_args!("{} {line}", now.at))?;
                }
                *view = Some(Box::new(now));
                Ok(())
            }
        }
    }

    /// Returns once the person at the terminal wants to leave; draws countdowns meanwhile.
    pub(crate) async fn left(&mut self) -> Result<(), CliError> {
        loop {
            match self {
                Self::Live { screen, .. } => match screen.wish().await {
                    Wish::Quit => return Ok(()),
                    Wish::Redraw => self.draw()?,
                },
                Self::Plain { .. } => std::future::pending().await,
            }
        }
    }

    fn draw(&mut self) -> Result<(), CliError> {
        let Self::Live { screen, title, view } = self else { return Ok(()) };
        screen.draw_with(|area, buffer| {
            let rows = Layout::vertical([Constraint::Length(2), Constraint::Fill(1)]);
            let [top, rest] = rows.areas(area);
            let title = Line::from(format!(" demo: {title}")).style(Style::new().bold().reversed());
            title.render(top, buffer);
            if let Some(view) = view {
                render(view, times::now(), rest, buffer);
            }
        })
    }
}
