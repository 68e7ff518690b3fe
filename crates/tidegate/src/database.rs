//! How the command line and the environment name a database.

use tidegate_ports::StoreError;
use tidegate_store_postgres::Address;

use crate::error::{CliError, ErrorKind};

/// Where the address is that the command line does not name: there it may have a password.
pub(crate) const VARIABLE: &str = "TIDEGATE_STORE";

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The database that `--store` names, else the environment; none where neither does.
pub(crate) fn named(store: Option<&str>) -> Result<Option<Address>, CliError> {
    let Some(text) = store.map(str::to_owned).or_else(|| variable(VARIABLE)) else {
        return Ok(None);
    };
    let usage = |why: String| CliError::new(ErrorKind::Usage, why);
    let from = if store.is_some() { "--store" } else { VARIABLE };
    let address = Address::parse(&text, variable)
        .map_err(|error| usage(format!("{from} is not understood")).because(&error))?;
    if store.is_some() && address.names_password() {
        let why = "the password in --store is seen by everybody on this machine";
        return Err(usage(why.to_owned()).hint(format!(
            "give it as PGPASSWORD or in ~/.pgpass, or the whole address as {VARIABLE}"
        )));
    }
    Ok(Some(address))
}

/// The database that a data folder notes. The note has no password: that is what the environment says, or
/// a file of passwords.
pub(crate) fn noted(text: &str) -> Result<Address, CliError> {
    Address::parse(text, variable).map_err(|error| {
        CliError::failed(format!("the address of the database is not understood: {text}"))
            .because(&error)
            .hint("name it with --store, as its server does")
    })
}

/// What to do about a database that cannot be used.
pub(crate) fn mend(address: &Address, error: &StoreError) -> Option<String> {
    match error {
        // These say it themselves.
        StoreError::TooNew { .. } | StoreError::Locked { .. } | StoreError::Damaged(_) => None,
        StoreError::Full(_) => Some("free space on the disk of the database".to_owned()),
        _ => Some(format!(
            "see to the database {address}: that it runs and lets this user in; name it with --store, \
             as its server does"
        )),
    }
}
