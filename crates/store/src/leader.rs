use rusqlite::Connection;
use tidegate_ports::StoreError;
use tidegate_units::Epoch;

use crate::failure::failed;

/// The epoch of whoever leads; 0 before anybody has.
pub(crate) fn epoch(connection: &Connection) -> rusqlite::Result<Epoch> {
    connection
        .prepare_cached("SELECT epoch FROM leader")?
        .query_row([], |row| row.get(0))
        .map(Epoch)
}

/// Which one comes after `epoch`, no earlier than `least`.
pub(crate) fn after(epoch: Epoch, least: Epoch) -> Result<Epoch, StoreError> {
    let next =
        epoch.next().ok_or_else(|| failed("nobody can lead any more", "all epochs are used"));
    Ok(next?.max(least))
}

/// Lets the last epoch be this one.
pub(crate) fn advance(connection: &Connection, epoch: Epoch) -> rusqlite::Result<()> {
    connection.execute("UPDATE leader SET epoch = ?1", [epoch.0]).map(|_| ())
}
