//! A router by itself, as `benches/router/run.py` measures it: `router DATA_FOLDER [WORKERS]`.

use std::{error::Error, num::NonZeroUsize};

use tidegate_router::{RouterSettings, serve};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let data = arguments.next().ok_or("usage: router DATA_FOLDER [WORKERS]")?;
    let mut settings = RouterSettings::new(data);
    if let Some(workers) = arguments.next() {
        settings.workers = workers.parse::<NonZeroUsize>()?;
    }
    Ok(serve(settings)?)
}
