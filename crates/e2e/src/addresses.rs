use std::net::{SocketAddr, TcpListener};

use anyhow::anyhow;

/// Addresses that nobody listens on, each another one.
pub fn free_addresses<const N: usize>() -> anyhow::Result<[SocketAddr; N]> {
    let listeners = [(); N].map(|()| TcpListener::bind(("127.0.0.1", 0)));
    let mut addresses = [SocketAddr::from(([127, 0, 0, 1], 0)); N];
    for (address, listener) in addresses.iter_mut().zip(&listeners) {
        let listener = listener.as_ref().map_err(|error| anyhow!("no port is free: {error}"))?;
        *address = listener.local_addr()?;
    }
    Ok(addresses)
}
