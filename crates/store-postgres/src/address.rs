use std::{fmt, net::IpAddr, path::PathBuf, str::FromStr as _};

use tokio_postgres::{
    Config,
    config::{Host, SslMode},
};

use crate::{
    password::{self, Wanted},
    tls::{Authorities, Encryption},
};

/// `PostgreSQL`'s port where none is named.
const PORT: u16 = 5432;

/// Where a database is, and as whom it is spoken to: a connection URI as libpq has it.
///
/// Shown, it has no password.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    config: Config,
    user: String,
    database: String,
    servers: Vec<Server>,
    encryption: Encryption,
    /// Where passwords are looked for that neither the URI nor the environment has.
    password_file: Option<PathBuf>,
    names_password: bool,
    /// What the URI says besides, but for a password.
    settings: String,
}

/// One of the servers that the database may be had from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Server {
    host: Host,
    port: u16,
}

/// A text that is no address of a database.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why}; {mend}")]
pub struct AddressError {
    /// What is wrong with it.
    why: String,
    /// What would be right.
    mend: String,
}

fn wrong(why: impl Into<String>, mend: impl Into<String>) -> AddressError {
    AddressError { why: why.into(), mend: mend.into() }
}

impl Address {
    /// Reads `postgres://user@host:port/database?sslmode=verify-full`, with several hosts divided by
    /// commas. What it does not say is taken from the environment as `variable` gives it: `PGPASSWORD`,
    /// else the file `PGPASSFILE`, else `~/.pgpass`.
    ///
    /// Without `sslmode` it is `verify-full`, and `disable` where every server is of this machine.
    pub fn parse(
        text: &str,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, AddressError> {
        let form = "write it as postgres://user@host/database";
        if !is_address(text) {
            return Err(wrong("it is no address of a PostgreSQL database", form));
        }
        let (place, query) = text.split_once('?').unwrap_or((text, ""));
        let said = Said::of(query)?;
        let mut config = Config::from_str(&format!("{place}?{}", said.others))
            .map_err(|error| wrong(format!("it cannot be read: {error}"), form))?;
        let names_password = config.get_password().is_some();
        if let Some(password) = variable("PGPASSWORD").filter(|_| !names_password) {
            config.password(password);
        }
        if config.get_application_name().is_none() {
            config.application_name("tidegate");
        }
        let servers = servers(&config)?;
        let name = |of: Option<&str>, what: &str| {
            of.filter(|name| !name.is_empty())
                .map(str::to_owned)
                .ok_or_else(|| wrong(format!("it names no {what}"), form))
        };
        let home = || Some(PathBuf::from(variable("HOME")?).join(".pgpass"));
        let variable_file = || variable("PGPASSFILE").map(PathBuf::from);
        Ok(Self {
            user: name(config.get_user(), "user")?,
            database: name(config.get_dbname(), "database")?,
            encryption: said.encryption(&servers)?,
            settings: said.settings(),
            password_file: said.password_file.or_else(variable_file).or_else(home),
            servers,
            config,
            names_password,
        })
    }

    /// Whether the text itself has a password: whoever sees the text then knows it.
    pub const fn names_password(&self) -> bool {
        self.names_password
    }

    /// All of it as a URI that can be read again anywhere on this machine, but for a password.
    pub fn lasting(&self) -> String {
        let (user, database) = (encoded(&self.user), encoded(&self.database));
        let servers: Vec<_> = self.servers.iter().map(Server::written).collect();
        let (servers, settings) = (servers.join(","), &self.settings);
        let divider = if settings.is_empty() { "" } else { "?" };
        format!("postgres://{user}@{servers}/{database}{divider}{settings}")
    }

    pub(crate) fn servers(&self) -> &[Server] {
        &self.servers
    }

    /// How the connection to one of its servers is protected. A socket of this machine needs nothing.
    pub(crate) fn encryption(&self, server: &Server) -> &Encryption {
        match server.host {
            Host::Unix(_) => &Encryption::None,
            Host::Tcp(_) => &self.encryption,
        }
    }

    /// How to connect to one of its servers.
    pub(crate) fn config(&self, server: &Server) -> Config {
        let mut config = Config::new();
        let from = &self.config;
        config.user(&self.user).dbname(&self.database).port(server.port);
        match &server.host {
            Host::Unix(path) => config.host_path(path),
            Host::Tcp(name) => config.host(name),
        };
        config.ssl_mode(match self.encryption(server) {
            Encryption::None => SslMode::Disable,
            Encryption::Unproved | Encryption::Proved(_) => SslMode::Require,
        });
        from.get_options().map(|options| config.options(options));
        from.get_application_name().map(|name| config.application_name(name));
        from.get_connect_timeout().map(|time| config.connect_timeout(*time));
        from.get_tcp_user_timeout().map(|time| config.tcp_user_timeout(*time));
        config.keepalives(from.get_keepalives()).keepalives_idle(from.get_keepalives_idle());
        from.get_keepalives_interval().map(|time| config.keepalives_interval(time));
        from.get_keepalives_retries().map(|count| config.keepalives_retries(count));
        let known = from.get_password().map(<[u8]>::to_vec);
        if let Some(password) = known.or_else(|| self.filed_password(server)) {
            config.password(password);
        }
        config
    }

    fn filed_password(&self, server: &Server) -> Option<Vec<u8>> {
        let host = match &server.host {
            Host::Unix(_) => "localhost",
            Host::Tcp(name) => name,
        };
        let (database, user) = (self.database.as_str(), self.user.as_str());
        let wanted = Wanted { host, port: server.port, database, user };
        password::find(self.password_file.as_deref()?, wanted).map(String::into_bytes)
    }
}

/// Whether a text means to be one.
fn is_address(text: &str) -> bool {
    ["postgres://", "postgresql://"].iter().any(|scheme| text.starts_with(scheme))
}

/// What the query of the address says that is ours to understand.
#[derive(Default)]
struct Said {
    mode: Option<String>,
    authorities: Option<PathBuf>,
    password_file: Option<PathBuf>,
    /// The rest, as it was.
    others: String,
}

impl Said {
    fn of(query: &str) -> Result<Self, AddressError> {
        let mut said = Self::default();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            match name {
                "sslmode" => said.mode = Some(value.to_owned()),
                "sslrootcert" => said.authorities = Some(decoded(value).into()),
                "passfile" => said.password_file = Some(decoded(value).into()),
                "target_session_attrs" => session(value)?,
                "connect_timeout"
                | "application_name"
                | "options"
                | "tcp_user_timeout"
                | "keepalives"
                | "keepalives_idle"
                | "keepalives_interval"
                | "keepalives_retries"
                | "host"
                | "port"
                | "user"
                | "password"
                | "dbname" => {
                    said.others.push_str(pair);
                    said.others.push('&');
                }
                _ => {
                    return Err(wrong(
                        format!("it says {name}, which is not built"),
                        "leave it out",
                    ));
                }
            }
        }
        Ok(said)
    }

    /// What of it is to be written down. Files are named so that they are found from any folder.
    fn settings(&self) -> String {
        let mut settings = Vec::new();
        settings.extend(self.mode.as_ref().map(|mode| format!("sslmode={mode}")));
        let files = [("sslrootcert", &self.authorities), ("passfile", &self.password_file)];
        for (name, path) in files {
            let Some(path) = path else { continue };
            let is_word = name == "sslrootcert" && path.as_os_str() == "system";
            let whole = std::path::absolute(path).ok().filter(|_| !is_word);
            let path = whole.as_ref().unwrap_or(path).to_string_lossy();
            settings.push(format!("{name}={}", encoded(&path)));
        }
        // The rest of these is said before them.
        let elsewhere = ["host", "port", "user", "password", "dbname"];
        let others = self.others.split('&').filter(|pair| {
            let name = pair.split_once('=').map_or(*pair, |(name, _)| name);
            !name.is_empty() && !elsewhere.contains(&name)
        });
        settings.extend(others.map(str::to_owned));
        settings.join("&")
    }

    fn encryption(&self, servers: &[Server]) -> Result<Encryption, AddressError> {
        let near = servers.iter().all(Server::is_here);
        let proved = || {
            Encryption::Proved(match &self.authorities {
                Some(path) if path.as_os_str() != "system" => Authorities::File(path.clone()),
                _ => Authorities::OfThisMachine,
            })
        };
        match self.mode.as_deref() {
            Some("disable") => Ok(Encryption::None),
            None if near && self.authorities.is_none() => Ok(Encryption::None),
            Some("require") if self.authorities.is_none() => Ok(Encryption::Unproved),
            Some("verify-full") | None => Ok(proved()),
            Some("require") => Err(wrong(
                "with sslmode=require nobody looks at sslrootcert",
                "write sslmode=verify-full",
            )),
            Some(other) => Err(wrong(
                format!("sslmode={other} is not built"),
                "write sslmode=verify-full, require or disable",
            )),
        }
    }
}

/// A leader writes, so of what libpq knows only what can be written to makes sense.
fn session(wanted: &str) -> Result<(), AddressError> {
    match wanted {
        "any" | "read-write" | "primary" => Ok(()),
        other => Err(wrong(
            format!("target_session_attrs={other} names a server that takes no writes"),
            "write target_session_attrs=read-write, which it is anyhow",
        )),
    }
}

/// With its `%xx` read.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let code = after.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        let code = code.and_then(|two| u8::from_str_radix(two, 16).ok());
        if let Some(byte) = code.filter(|_| first == b'%') {
            bytes.push(byte);
            rest = after.get(2..).unwrap_or_default();
        } else {
            bytes.push(first);
            rest = after;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// With what has a meaning in a URI written as `%xx`.
fn encoded(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            written.push(char::from(byte));
        } else {
            written.push('%');
            let digits = [byte >> 4, byte & 15].map(|half| char::from_digit(u32::from(half), 16));
            written.extend(digits.into_iter().flatten().map(|digit| digit.to_ascii_uppercase()));
        }
    }
    written
}

fn servers(config: &Config) -> Result<Vec<Server>, AddressError> {
    let (hosts, ports) = (config.get_hosts(), config.get_ports());
    if hosts.is_empty() {
        return Err(wrong("it names no host", "write localhost, or the folder of a socket"));
    }
    if ports.len() > 1 && ports.len() != hosts.len() {
        return Err(wrong(
            format!("it names {} hosts and {} ports", hosts.len(), ports.len()),
            "name a port for each host, one for all, or none",
        ));
    }
    let port = |at: usize| ports.get(at).or(ports.first()).copied().unwrap_or(PORT);
    let named = |(at, host): (usize, &Host)| Server { host: host.clone(), port: port(at) };
    Ok(hosts.iter().enumerate().map(named).collect())
}

impl Server {
    /// Whether what goes there stays on this machine.
    fn is_here(&self) -> bool {
        match &self.host {
            Host::Unix(_) => true,
            Host::Tcp(name) => {
                name == "localhost" || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
            }
        }
    }
}

impl Server {
    fn written(&self) -> String {
        match &self.host {
            Host::Unix(path) => format!("{}:{}", encoded(&path.to_string_lossy()), self.port),
            Host::Tcp(_) => self.to_string(),
        }
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Host::Unix(path) => write!(f, "{}:{}", path.display(), self.port),
            Host::Tcp(name) if name.contains(':') => write!(f, "[{name}]:{}", self.port),
            Host::Tcp(name) => write!(f, "{name}:{}", self.port),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "postgres://{}@", self.user)?;
        for (at, server) in self.servers.iter().enumerate() {
            write!(f, "{}{server}", if at > 0 { "," } else { "" })?;
        }
        write!(f, "/{}", self.database)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests;
