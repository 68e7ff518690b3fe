//! The main job before your eyes: a service under load, two bad revisions that are taken back by
//! themselves, and a good one that reaches everybody.
//!
//! Everything is real: the server and the router are processes of their own, the replicas are
//! processes that they run, the requests are counted by the client that sends them.

mod acts;
mod house;
mod manifest;
mod stage;
mod summary;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use tidegate_load::{Load, Plan};

use self::{acts::Act, house::House, manifest::Revision, stage::Stage, summary::Summary};
use crate::{
    args::{DemoArgs, Global},
    error::CliError,
    output::Output,
};

/// Requests per second: at 5 % this gives a canary 20 a second to be judged by.
const RATE: f64 = 400.0;
/// A request that takes longer counts as lost.
const PATIENCE: Duration = Duration::from_secs(5);

/// The revisions of the demo, in their order. The tail of the third is 40 % longer than that of
/// the others; their medians are the same.
const STABLE: Revision = Revision { version: "v1", error_rate: 0.0, p90_ms: 20 };
const FAILING: Revision = Revision { version: "v2-fails-half", error_rate: 0.5, p90_ms: 20 };
const SLOW_TAIL: Revision = Revision { version: "v3-slow-tail", error_rate: 0.0, p90_ms: 28 };
const GOOD: Revision = Revision { version: "v4", error_rate: 0.0, p90_ms: 20 };

/// Runs the demo; succeeds only if all of it held.
pub(crate) fn run(global: &Global, args: &DemoArgs) -> Result<ExitCode, CliError> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| CliError::failed("no event loop could be started").because(&error))?
        .block_on(demonstrate(global, args))
}

async fn demonstrate(global: &Global, args: &DemoArgs) -> Result<ExitCode, CliError> {
    let sample = sample(args)?;
    let mut stage = Stage::open(global)?;
    stage.say("starting the control plane and the router")?;
    let house = House::build(&sample).await?;
    let performed = perform(&house, &mut stage).await;
    drop(stage);
    let mut output = Output::new(global);
    let held = match &performed {
        Ok(summary) => {
            output.line(summary)?;
            summary.held()
        }
        Err(_) => false,
    };
    if args.keep {
        output.line(house.what_next())?;
        house.keep();
    } else {
        house.end().await?;
    }
    performed?;
    Ok(if held { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn perform(house: &House, stage: &mut Stage) -> Result<Summary, CliError> {
    stage.say("the first revision: three replicas")?;
    acts::begin(house, &STABLE, stage).await?;
    let load = Load::start(load_plan(house.address()));
    tokio::time::sleep(Duration::from_secs(2)).await;
    let mut acts = Vec::new();
    for (revision, expect, words) in [
        (&FAILING, Act::Caught, "a revision that answers half of its requests with 500"),
        (&SLOW_TAIL, Act::Caught, "a revision that is merely slower at its tail: p90 +40 %"),
        (&GOOD, Act::Promoted, "a good revision: 5, 25, 50, 100 %"),
    ] {
        stage.say(&format!("{RATE} requests a second, and {words}"))?;
        acts.push(acts::release(house, revision, expect, stage).await?);
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    let counts = load.stop().await;
    let ledger = house.verify_ledger().await?;
    Ok(Summary { acts, counts, ledger })
}

fn load_plan(address: SocketAddr) -> Plan {
    Plan {
        address,
        path: "/".to_owned(),
        rate: RATE,
        timeout: PATIENCE,
        version_header: "x-version",
    }
}

/// The sample service: as told, else beside this program.
fn sample(args: &DemoArgs) -> Result<PathBuf, CliError> {
    let beside = || {
        let program = std::env::current_exe().ok()?;
        Some(program.parent().unwrap_or(Path::new("/")).join("tidegate-sample"))
    };
    let path = args.sample.clone().or_else(beside).unwrap_or_default();
    path.canonicalize().map_err(|problem| {
        CliError::failed(format!("there is no sample service at {}", path.display()))
            .because(&problem)
            .hint("`cargo xtask demo` builds it; or name it with --sample")
    })
}
