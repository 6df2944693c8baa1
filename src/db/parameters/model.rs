//! The values that parameters are made of.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

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
    /// The directory of a unix socket. One that begins with `@` is in Linux's abstract namespace. `usual` is where a
    /// server has it by default.
    Unix { directory: PathBuf, usual: bool },
}

impl Host {
    /// The host as it was named.
    pub fn name(&self) -> String {
        match &self.address {
            Address::Tcp { name, .. } => name.clone(),
            Address::Unix { directory, .. } => directory.display().to_string(),
        }
    }

    /// The socket file, for a unix socket.
    pub fn socket_path(&self) -> Option<PathBuf> {
        match &self.address {
            Address::Tcp { .. } => None,
            Address::Unix { directory, .. } => Some(directory.join(format!(".s.PGSQL.{}", self.port))),
        }
    }

    /// The name that lines of a password file have for it.
    pub(super) fn name_in_pass_file(&self) -> String {
        match &self.address {
            Address::Unix { usual: true, .. } => "localhost".into(),
            _ => self.name(),
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsParameters {
    pub mode: SslMode,
    pub negotiation: SslNegotiation,
    pub roots: RootCertificates,
    /// Client certificate and its key.
    pub certificate: Option<PathBuf>,
    pub key: Option<PathBuf>,
    /// Whether a client certificate is a must (`sslcertmode=require`).
    pub certificate_required: bool,
    /// List of revoked certificates.
    pub revoked: Option<PathBuf>,
    /// Whether the host's name is sent in the handshake.
    pub sni: bool,
    pub min_version: TlsVersion,
    pub max_version: TlsVersion,
}

/// The versions of TLS that are spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TlsVersion {
    V1_2,
    V1_3,
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

impl Default for TlsParameters {
    fn default() -> TlsParameters {
        TlsParameters {
            mode: SslMode::default(),
            negotiation: SslNegotiation::default(),
            roots: RootCertificates::default(),
            certificate: None,
            key: None,
            certificate_required: false,
            revoked: None,
            sni: true,
            min_version: TlsVersion::V1_2,
            max_version: TlsVersion::V1_3,
        }
    }
}

/// `require_auth`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequireAuth {
    /// Whether the methods are those that will not do.
    pub negated: bool,
    pub methods: Vec<AuthMethod>,
}

impl RequireAuth {
    pub fn allows(&self, method: AuthMethod) -> bool {
        self.methods.contains(&method) != self.negated
    }
}

/// A way to log in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthMethod {
    None,
    Password,
    Md5,
    Gss,
    Sspi,
    ScramSha256,
}

pub(super) const AUTH_METHODS: &[(&str, AuthMethod)] = &[
    ("none", AuthMethod::None),
    ("password", AuthMethod::Password),
    ("md5", AuthMethod::Md5),
    ("gss", AuthMethod::Gss),
    ("sspi", AuthMethod::Sspi),
    ("scram-sha-256", AuthMethod::ScramSha256),
];

impl fmt::Display for AuthMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(word(AUTH_METHODS, *self))
    }
}

pub(super) const SSL_MODES: &[(&str, SslMode)] = &[
    ("disable", SslMode::Disable),
    ("allow", SslMode::Allow),
    ("prefer", SslMode::Prefer),
    ("require", SslMode::Require),
    ("verify-ca", SslMode::VerifyCa),
    ("verify-full", SslMode::VerifyFull),
];

impl fmt::Display for SslMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(word(SSL_MODES, *self))
    }
}

pub(super) const TARGETS: &[(&str, TargetSession)] = &[
    ("any", TargetSession::Any),
    ("read-write", TargetSession::ReadWrite),
    ("read-only", TargetSession::ReadOnly),
    ("primary", TargetSession::Primary),
    ("standby", TargetSession::Standby),
    ("prefer-standby", TargetSession::PreferStandby),
];

impl fmt::Display for TargetSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(word(TARGETS, *self))
    }
}

pub(super) const CHANNEL_BINDINGS: &[(&str, ChannelBinding)] = &[
    ("disable", ChannelBinding::Disable),
    ("prefer", ChannelBinding::Prefer),
    ("require", ChannelBinding::Require),
];

pub(super) const NEGOTIATIONS: &[(&str, SslNegotiation)] = &[
    ("postgres", SslNegotiation::Postgres),
    ("direct", SslNegotiation::Direct),
];

pub(super) fn word<T: PartialEq>(words: &[(&'static str, T)], wanted: T) -> &'static str {
    words
        .iter()
        .find(|(_, value)| *value == wanted)
        .map_or("", |(word, _)| word)
}

/// Which database we mean, without any secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// The hosts as they are named, joined with commas; the directory for a unix socket.
    pub host: String,
    /// Port of the first host.
    pub port: u16,
    pub database: String,
    pub user: String,
}

impl fmt::Display for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} on {}:{} as {}",
            self.database, self.host, self.port, self.user
        )
    }
}
