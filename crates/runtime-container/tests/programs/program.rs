//! For the tests: a service with known habits.

use std::process::ExitCode;

#[path = "../../../testkit/programs/service.rs"]
mod service;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["serve"] => service::serve(),
        _ => ExitCode::from(2),
    }
}
