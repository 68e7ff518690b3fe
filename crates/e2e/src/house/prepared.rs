//! Programs that a test starts and ends by itself.

use std::process::{Child, Command, Stdio};

use super::House;

impl House {
    /// Lets go of the server, which runs on until whoever takes it ends it.
    pub fn let_go_server(&mut self) -> Option<Child> {
        self.server.take()
    }

    /// Where servers that are started from here on keep the state: in the database of this address, or
    /// in the folder.
    pub fn keep_in(&mut self, store: Option<&str>) {
        self.store = store.map(str::to_owned);
    }

    /// `tidegate` with `args` in this house, for whoever wants to start it otherwise than to its end.
    pub fn prepared(&self, args: &[&str]) -> Command {
        let mut command = self.command();
        command.args(args);
        command
    }

    /// The same with no data folder named.
    pub fn elsewhere(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.programs.tidegate);
        command.args(args).env("USER", "ada").stdin(Stdio::null());
        command
    }
}
