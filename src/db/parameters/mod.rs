//! Where the database is and who we are there, by the conventions of libpq.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::db::secret::Secret;

/// The port when nobody names one.
pub const DEFAULT_PORT: u16 = 5432;

/// Everything that is needed to connect. Made by `resolve`; holds its secrets as [`Secret`]s.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameters {
    pub(super) hosts: Vec<Host>,
    pub(super) user: String,
    pub(super) database: String,
    pub(super) password: Option<(Secret, PasswordSource)>,
    pub(super) tls: TlsParameters,
    pub(super) channel_binding: ChannelBinding,
    /// Time to reach one host and log in there; `None` waits for ever.
    pub(super) connect_timeout: Option<Duration>,
    pub(super) keepalives: Keepalives,
    pub(super) application_name: Option<String>,
    pub(super) options: Option<String>,
    pub(super) target_session: TargetSession,
}

/// One host of the list, tried in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    pub address: Address,
    pub port: u16,
}

/// How a host is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// By name, or by address when `hostaddr` gives one; the name is then for TLS and `.pgpass`.
    Tcp { name: String, addr: Option<IpAddr> },
    /// The directory of a unix socket. One that begins with `@` is in Linux's abstract namespace.
    Unix { directory: PathBuf },
}

impl Host {
    /// The host as it was named.
    pub fn name(&self) -> String {
        match &self.address {
            Address::Tcp { name, .. } => name.clone(),
            Address::Unix { directory } => directory.display().to_string(),
        }
    }

    /// The socket file, for a unix socket.
    pub fn socket_path(&self) -> Option<PathBuf> {
        match &self.address {
            Address::Tcp { .. } => None,
            Address::Unix { directory } => Some(directory.join(format!(".s.PGSQL.{}", self.port))),
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.address, self.socket_path()) {
            (_, Some(path)) => write!(f, "socket {}", path.display()),
            (Address::Tcp { name, .. }, None) if name.contains(':') => write!(f, "[{name}]:{}", self.port),
            _ => write!(f, "{}:{}", self.name(), self.port),
        }
    }
}

/// Where a password came from: what a person has to correct when it is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PasswordSource {
    /// The connection string.
    Given,
    /// `PGPASSWORD`.
    Environment,
    /// A service file.
    Service,
    /// A password file, usually `~/.pgpass`.
    PassFile(PathBuf),
    /// Typed at a prompt.
    Prompt,
}

impl fmt::Display for PasswordSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PasswordSource::Given => f.write_str("the connection string"),
            PasswordSource::Environment => f.write_str("PGPASSWORD"),
            PasswordSource::Service => f.write_str("the service file"),
            PasswordSource::PassFile(path) => write!(f, "{}", path.display()),
            PasswordSource::Prompt => f.write_str("the prompt"),
        }
    }
}

/// `sslmode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum SslMode {
    Disable,
    Allow,
    #[default]
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

/// `sslnegotiation`: ask the server first, or begin with the handshake (PostgreSQL 17).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SslNegotiation {
    #[default]
    Postgres,
    Direct,
}

/// `sslrootcert`: whom we believe.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum RootCertificates {
    /// Nobody was named and `~/.postgresql/root.crt` is not there; the path is where it would be.
    #[default]
    None,
    Missing(PathBuf),
    System,
    File(PathBuf),
}

/// All that concerns TLS.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TlsParameters {
    pub mode: SslMode,
    pub negotiation: SslNegotiation,
    pub roots: RootCertificates,
    /// Client certificate and its key.
    pub certificate: Option<PathBuf>,
    pub key: Option<PathBuf>,
    pub revoked: Option<PathBuf>,
    /// Whether the host's name is sent in the handshake.
    pub sni: bool,
}

/// `channel_binding`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ChannelBinding {
    Disable,
    #[default]
    Prefer,
    Require,
}

/// `target_session_attrs`: which of the hosts will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TargetSession {
    #[default]
    Any,
    ReadWrite,
    ReadOnly,
    Primary,
    Standby,
    PreferStandby,
}

/// TCP keepalives; times that are `None` are the system's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keepalives {
    pub enabled: bool,
    pub idle: Option<Duration>,
    pub interval: Option<Duration>,
    pub count: Option<u32>,
    pub user_timeout: Option<Duration>,
}

impl Default for Keepalives {
    fn default() -> Keepalives {
        Keepalives {
            enabled: true,
            idle: None,
            interval: None,
            count: None,
            user_timeout: None,
        }
    }
}

impl Parameters {
    /// One host, nothing else asked for, nothing read from environment or files.
    pub(super) fn plain(host: Host, user: &str, database: &str, password: Option<Secret>) -> Parameters {
        Parameters {
            hosts: vec![host],
            user: user.to_owned(),
            database: database.to_owned(),
            password: password.map(|secret| (secret, PasswordSource::Given)),
            tls: TlsParameters {
                mode: SslMode::Disable,
                sni: true,
                ..TlsParameters::default()
            },
            channel_binding: ChannelBinding::default(),
            connect_timeout: Some(Duration::from_secs(15)),
            keepalives: Keepalives::default(),
            application_name: None,
            options: None,
            target_session: TargetSession::default(),
        }
    }

    /// The same with another database.
    #[must_use]
    pub fn with_database(&self, name: &str) -> Parameters {
        Parameters {
            database: name.to_owned(),
            ..self.clone()
        }
    }

    /// The password for one host, with its source.
    pub(super) fn password_for(&self, _host: &Host) -> Option<(&Secret, PasswordSource)> {
        self.password
            .as_ref()
            .map(|(secret, source)| (secret, source.clone()))
    }
}

/// TODO
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("")]
pub struct ParameterError;
