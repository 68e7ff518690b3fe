//! What happens to the network and to the server.

use std::{sync::Arc, time::Duration};

use fastrand::Rng;
use tokio::time::sleep;

use crate::world::{TROUBLE, World};

const CLIENTS: [&str; 4] = ["ada", "grace", "edsger", "barbara"];
const SERVER: &str = "server";

/// Makes trouble, one after the other and some at once, and ends all of it.
pub(crate) async fn trouble(world: Arc<World>, seed: u64) -> turmoil::Result {
    let mut chance = Rng::with_seed(seed ^ 0x007a_0b1e);
    while turmoil::sim_elapsed().unwrap_or_default() < TROUBLE {
        sleep(Duration::from_millis(chance.u64(200..6_000))).await;
        let client = *chance.choice(&CLIENTS).unwrap_or(&SERVER);
        let lasts = Duration::from_millis(chance.u64(100..15_000));
        match chance.u8(0..6) {
            0 => {
                world.note(&format!("{client} and the server are parted for {lasts:?}"));
                turmoil::partition(client, SERVER);
            }
            1 => {
                world.note(&format!("nothing of {client} reaches the server for {lasts:?}"));
                turmoil::partition_oneway(client, SERVER);
            }
            2 => {
                world.note(&format!("no answer reaches {client} for {lasts:?}"));
                turmoil::partition_oneway(SERVER, client);
            }
            3 | 4 => {
                world.note(&format!("all of {client} is held up for {lasts:?}"));
                turmoil::hold(client, SERVER);
            }
            _ => {
                world.kill.notify_one();
                continue;
            }
        }
        sleep(lasts).await;
        turmoil::repair(client, SERVER);
        turmoil::release(client, SERVER);
    }
    world.note("no more trouble");
    Ok(())
}
