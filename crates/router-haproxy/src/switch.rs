//! From one configuration to the next.

use std::{collections::BTreeSet, time::Duration};

use tokio::time::{Instant, sleep};

use crate::{master::Master, runtime};

/// For a new process to serve: 100 ms on a machine with nothing else to do.
const RELOAD: Duration = Duration::from_secs(8);
/// Between two looks at a reload.
const LOOK: Duration = Duration::from_millis(5);

/// Makes the configuration that was written, which has this number, hold. Until every process that
/// takes requests follows it.
pub(crate) async fn switch(master: &Master, number: u64, is_up: bool) -> Result<(), String> {
    let said = master.errors_end();
    let before: BTreeSet<u32> = master.workers().into_iter().collect();
    if is_up {
        master.reload().await?;
    } else {
        master.start()?;
    }
    let begun = Instant::now();
    while begun.elapsed() < RELOAD {
        // Until there is a new process nobody needs to be asked.
        let is_new = master.workers().iter().any(|pid| !before.contains(pid));
        if is_new && holds(master, number, &before).await {
            return Ok(());
        }
        if !is_up && master.pid().is_none() {
            break;
        }
        sleep(LOOK).await;
    }
    let words = master.complaints(said);
    if words.is_empty() {
        let log = master.files.errors();
        let log = log.display();
        return Err(format!(
            "haproxy did not follow its new configuration within {RELOAD:?}; what it says is in {log}"
        ));
    }
    Err(format!("haproxy does not follow its new configuration: {words}"))
}

/// Whether there is a process that follows the configuration number `number`, and is none of those
/// `before`, and no other process listens.
pub(crate) async fn holds(master: &Master, number: u64, before: &BTreeSet<u32>) -> bool {
    let mut is_there = false;
    for pid in master.workers() {
        let is_new = !before.contains(&pid);
        match runtime::standing(&master.files.master(), pid).await {
            Some(it) if it.number == number && it.listens && is_new => is_there = true,
            Some(it) if !it.listens => {}
            // One that is gone by now is not among them at the next look.
            _ => return false,
        }
    }
    is_there && runtime::number(&master.files.socket()).await == Some(number)
}
