//! Where the database is and who we are there, by the conventions of libpq.
//!
//! A keyword's value comes from the connection string, else the service, else the environment, else it is the
//! default. No error shows a piece of a connection string that might belong to a password.

mod model;
mod error;
mod keys;
mod url;
mod conninfo;
mod service;
mod passfile;

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::db::secret::Secret;
use keys::{Key, Treatment, choose};
use model::{AUTH_METHODS, CHANNEL_BINDINGS, NEGOTIATIONS, SSL_MODES, TARGETS, word};
use passfile::PassFile;

pub use error::{Form, ParameterError, Warning};
pub use model::{
    Address, AuthMethod, ChannelBinding, Description, Host, Keepalives, PasswordSource, RequireAuth,
    RootCertificates, SslMode, SslNegotiation, TargetSession, TlsParameters, TlsVersion,
};

/// The port when nobody names one.
pub const DEFAULT_PORT: u16 = 5432;

/// Everything that is needed to connect. Made by `resolve`; holds its secrets as [`Secret`]s.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameters {
    pub(super) hosts: Vec<Host>,
    pub(super) user: String,
    pub(super) database: String,
    pub(super) password: Option<(Secret, PasswordSource)>,
    pub(super) pass_file: Option<PassFile>,
    pub(super) tls: TlsParameters,
    pub(super) channel_binding: ChannelBinding,
    /// Time to reach one host and log in there; `None` waits for ever.
    pub(super) connect_timeout: Option<Duration>,
    pub(super) keepalives: Keepalives,
    pub(super) application_name: Option<String>,
    pub(super) options: Option<String>,
    pub(super) target_session: TargetSession,
    pub(super) shuffle_hosts: bool,
    /// The only ways to log in that will do, or that will not.
    pub(super) require_auth: Option<RequireAuth>,
    /// The account that the server must run as, on a unix socket.
    pub(super) require_peer: Option<String>,
    warnings: Vec<Warning>,
}

/// Where libpq's files are, and who we are on this machine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// The home directory, with `.pgpass`, `.pg_service.conf` and `.postgresql/`.
    pub home: Option<PathBuf>,
    /// Directories that may hold the system's `pg_service.conf`.
    pub system: Vec<PathBuf>,
    /// Directories where a server has its socket, the likeliest first.
    pub sockets: Vec<PathBuf>,
    /// Our account's name.
    pub account: Option<String>,
}

impl Surroundings {
    /// Those of this machine and process.
    pub fn here(env: &dyn Fn(&str) -> Option<String>) -> Surroundings {
        let set = |name: &str| env(name).filter(|value| !value.is_empty());
        let system = match set("PGSYSCONFDIR") {
            Some(directory) => vec![directory],
            // where Debian, Fedora and Homebrew build libpq to look
            None => [
                "/etc/postgresql-common",
                "/etc/sysconfig/pgsql",
                "/etc/postgresql",
                "/opt/homebrew/etc/postgresql",
                "/usr/local/etc/postgresql",
                "/usr/local/pgsql/etc",
            ]
            .map(String::from)
            .to_vec(),
        };
        Surroundings {
            home: set("HOME").map(PathBuf::from),
            system: system.into_iter().map(PathBuf::from).collect(),
            sockets: vec![PathBuf::from("/var/run/postgresql"), PathBuf::from("/tmp")],
            account: whoami::username()
                .ok()
                .or_else(|| set("USER"))
                .or_else(|| set("LOGNAME")),
        }
    }

    fn in_home(&self, name: &str) -> Option<PathBuf> {
        self.home.as_ref().map(|home| home.join(name))
    }

    /// The directory of the server's socket when nobody names a host.
    fn socket_directory(&self, port: u16) -> Option<PathBuf> {
        let live = self
            .sockets
            .iter()
            .find(|directory| directory.join(format!(".s.PGSQL.{port}")).exists());
        live.or_else(|| self.sockets.iter().find(|directory| directory.is_dir()))
            .or_else(|| self.sockets.first())
            .cloned()
    }
}

/// The connection string in force: the command line's, else `DATABASE_URL`; else there is none, and the `PG*`
/// variables alone count.
pub fn connection_string(flag: Option<&str>, env: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    flag.map(str::to_owned)
        .or_else(|| env("DATABASE_URL"))
        .filter(|text| !text.trim().is_empty())
}

/// Splits a connection string of any form.
fn parse(text: &str) -> Result<Vec<(&'static Key, String)>, ParameterError> {
    if url::SCHEMES.iter().any(|scheme| text.starts_with(scheme)) {
        return url::parse(text);
    }
    if let Some((scheme, _)) = text.split_once("://")
        && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "+-.:".contains(c))
    {
        return Err(ParameterError::UnsupportedScheme {
            scheme: scheme.to_owned(),
        });
    }
    if text.contains('=') {
        return conninfo::parse(text);
    }
    if text.is_empty() {
        return Ok(Vec::new());
    }
    // as psql takes its first argument
    Ok(keys::find("dbname")
        .map(|key| (key, text.to_owned()))
        .into_iter()
        .collect())
}

/// Where a value came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    Given,
    Service,
    Environment,
}

/// Values by keyword, the first of each in force.
struct Settings(Vec<(&'static Key, String, Origin)>);

impl Settings {
    fn add(&mut self, key: &'static Key, value: String, origin: Origin) {
        if !self.0.iter().any(|(known, _, _)| *known == key) {
            self.0.push((key, value, origin));
        }
    }

    /// The value, with an empty one counting as none.
    fn get(&self, name: &str) -> Option<(&str, Origin)> {
        let (_, value, origin) = self.0.iter().find(|(key, _, _)| key.name == name)?;
        (!value.is_empty()).then_some((value.as_str(), *origin))
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.get(name).map(|(value, _)| value)
    }

    fn word<T: Copy + Default>(&self, name: &'static str, words: &[(&str, T)]) -> Result<T, ParameterError> {
        self.text(name)
            .map_or(Ok(T::default()), |value| choose(name, value, words))
    }

    fn number(&self, name: &'static str) -> Result<Option<i64>, ParameterError> {
        let Some(value) = self.text(name) else {
            return Ok(None);
        };
        let parsed = value.trim().parse::<i32>().map(|number| Some(i64::from(number)));
        parsed.map_err(|_| ParameterError::invalid(name, value, "a whole number"))
    }

    /// A number of which 0 and less mean the default.
    fn positive(&self, name: &'static str) -> Result<Option<u32>, ParameterError> {
        Ok(self
            .number(name)?
            .and_then(|number| u32::try_from(number).ok())
            .filter(|&number| number > 0))
    }

    fn seconds(&self, name: &'static str) -> Result<Option<Duration>, ParameterError> {
        Ok(self
            .positive(name)?
            .map(|number| Duration::from_secs(number.into())))
    }

    fn list(&self, name: &str) -> Vec<String> {
        self.text(name)
            .map_or(Vec::new(), |text| text.split(',').map(str::to_owned).collect())
    }
}

impl Parameters {
    /// Reads `given` (a URL, `key=value` pairs, or the bare name of a database), then fills in from the service, the
    /// environment and the files.
    ///
    /// # Errors
    /// Every [`ParameterError`].
    pub fn resolve(
        given: Option<&str>,
        env: &dyn Fn(&str) -> Option<String>,
        surroundings: &Surroundings,
    ) -> Result<Parameters, ParameterError> {
        let mut settings = Settings(Vec::new());
        // of several values the last one counts, as in libpq
        for (key, value) in parse(given.unwrap_or_default().trim())?.into_iter().rev() {
            settings.add(key, value, Origin::Given);
        }
        let variable = |name: &str| env(name).filter(|value| !value.is_empty());
        let service = settings
            .text("service")
            .map(str::to_owned)
            .or_else(|| variable("PGSERVICE"));
        if let Some(name) = service {
            let own = settings
                .text("servicefile")
                .map(str::to_owned)
                .or_else(|| variable("PGSERVICEFILE"));
            let own = own
                .map(PathBuf::from)
                .or_else(|| surroundings.in_home(".pg_service.conf"));
            let system = surroundings
                .system
                .iter()
                .map(|directory| directory.join("pg_service.conf"));
            let files: Vec<PathBuf> = own.into_iter().chain(system).collect();
            for (key, value) in service::load(&name, &files)? {
                settings.add(key, value, Origin::Service);
            }
        }
        for key in keys::KEYS {
            if let Some(value) = key.variable.and_then(variable) {
                settings.add(key, value, Origin::Environment);
            }
        }
        for (key, _, _) in &settings.0 {
            if let Treatment::Refused(reason) = key.treatment {
                return Err(ParameterError::UnsupportedKey {
                    key: key.name,
                    reason,
                });
            }
        }
        Parameters::interpret(&settings, surroundings)
    }

    fn interpret(settings: &Settings, surroundings: &Surroundings) -> Result<Parameters, ParameterError> {
        let mut warnings = Vec::new();
        refuse_what_we_lack(settings)?;
        if let Some((encoding, Origin::Given)) = settings.get("client_encoding")
            && !["utf8", "utf-8", "unicode", "auto"].contains(&encoding.to_ascii_lowercase().as_str())
        {
            let reason = "pgplumb speaks UTF8 with every server";
            warnings.push(Warning::KeyIgnored {
                key: "client_encoding",
                reason,
            });
        }
        let user = settings
            .text("user")
            .map(str::to_owned)
            .or_else(|| surroundings.account.clone());
        let user = user.ok_or(ParameterError::NoUser)?;
        let password = settings.get("password").map(|(text, origin)| {
            let source = match origin {
                Origin::Given => PasswordSource::Given,
                Origin::Service => PasswordSource::Service,
                Origin::Environment => PasswordSource::Environment,
            };
            (Secret::new(text), source)
        });
        let mut pass_file = None;
        if password.is_none() {
            let named = settings.text("passfile").map(PathBuf::from);
            let is_named = named.is_some();
            if let Some(path) = named.or_else(|| surroundings.in_home(".pgpass")) {
                match PassFile::load(&path, is_named) {
                    Ok(file) => pass_file = Some(file),
                    Err(warning) => warnings.extend(warning),
                }
            }
        }
        let connect_timeout = match settings.number("connect_timeout")? {
            None => Some(DEFAULT_CONNECT_TIMEOUT),
            Some(seconds) => u64::try_from(seconds)
                .ok()
                .filter(|&seconds| seconds > 0)
                .map(Duration::from_secs),
        };
        let application_name = settings
            .text("application_name")
            .or(settings.text("fallback_application_name"));
        Ok(Parameters {
            hosts: hosts(settings, surroundings)?,
            database: settings.text("dbname").unwrap_or(&user).to_owned(),
            user,
            password,
            pass_file,
            tls: tls(settings, surroundings)?,
            channel_binding: settings.word("channel_binding", CHANNEL_BINDINGS)?,
            connect_timeout,
            keepalives: Keepalives {
                enabled: settings.number("keepalives")? != Some(0),
                idle: settings.seconds("keepalives_idle")?,
                interval: settings.seconds("keepalives_interval")?,
                count: settings.positive("keepalives_count")?,
                user_timeout: settings
                    .positive("tcp_user_timeout")?
                    .map(|number| Duration::from_millis(number.into())),
            },
            application_name: application_name.map(str::to_owned),
            options: settings.text("options").map(str::to_owned),
            target_session: settings.word("target_session_attrs", TARGETS)?,
            shuffle_hosts: settings.word("load_balance_hosts", &[("disable", false), ("random", true)])?,
            require_auth: require_auth(settings)?,
            require_peer: settings.text("requirepeer").map(str::to_owned),
            warnings,
        })
    }

    /// One host, nothing else asked for, nothing read from environment or files.
    pub(super) fn plain(host: Host, user: &str, database: &str, password: Option<Secret>) -> Parameters {
        Parameters {
            hosts: vec![host],
            user: user.to_owned(),
            database: database.to_owned(),
            password: password.map(|secret| (secret, PasswordSource::Given)),
            pass_file: None,
            tls: TlsParameters {
                mode: SslMode::Disable,
                ..TlsParameters::default()
            },
            channel_binding: ChannelBinding::default(),
            connect_timeout: Some(DEFAULT_CONNECT_TIMEOUT),
            keepalives: Keepalives::default(),
            application_name: None,
            options: None,
            target_session: TargetSession::default(),
            shuffle_hosts: false,
            require_auth: None,
            require_peer: None,
            warnings: Vec::new(),
        }
    }

    /// The same with another database. The password file is asked again for it.
    #[must_use]
    pub fn with_database(&self, name: &str) -> Parameters {
        Parameters {
            database: name.to_owned(),
            ..self.clone()
        }
    }

    /// What the session calls itself.
    pub fn application_name(&self) -> Option<&str> {
        self.application_name.as_deref()
    }

    /// The same with an `application_name`, unless the user gave one.
    #[must_use]
    pub fn with_default_application_name(mut self, name: &str) -> Parameters {
        self.application_name.get_or_insert_with(|| name.to_owned());
        self
    }

    /// Whether the connection string itself holds a password: on a command line everybody can read it.
    pub fn has_inline_password(&self) -> bool {
        matches!(self.password, Some((_, PasswordSource::Given)))
    }

    /// What was passed over on the way.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    pub fn user(&self) -> &str {
        &self.user
    }

    pub fn database(&self) -> &str {
        &self.database
    }

    pub fn hosts(&self) -> &[Host] {
        &self.hosts
    }

    /// Which database we mean, for people and reports.
    pub fn describe(&self) -> Description {
        Description {
            host: self.hosts.iter().map(Host::name).collect::<Vec<_>>().join(","),
            port: self.hosts.first().map_or(DEFAULT_PORT, |host| host.port),
            database: self.database.clone(),
            user: self.user.clone(),
        }
    }

    /// A URL that means the same, but for the password.
    pub fn to_url_without_password(&self) -> String {
        let mut hosts = Vec::new();
        let mut addresses = Vec::new();
        for host in &self.hosts {
            let name = host.name();
            let name = if name.contains(':') {
                format!("[{name}]")
            } else {
                encode(&name)
            };
            hosts.push(format!("{name}:{}", host.port));
            if let Address::Tcp { addr: Some(addr), .. } = &host.address {
                addresses.push(addr.to_string());
            }
        }
        let mut query = Vec::new();
        let mut add = |key: &str, value: &str| query.push(format!("{key}={}", encode(value)));
        if addresses.len() == self.hosts.len() {
            add("hostaddr", &addresses.join(","));
        }
        if self.tls.mode != SslMode::default() {
            add("sslmode", &self.tls.mode.to_string());
        }
        if self.tls.negotiation == SslNegotiation::Direct {
            add("sslnegotiation", "direct");
        }
        match &self.tls.roots {
            RootCertificates::System => add("sslrootcert", "system"),
            RootCertificates::File(path) => add("sslrootcert", &path.display().to_string()),
            RootCertificates::None | RootCertificates::Missing(_) => {}
        }
        if let Some(path) = &self.tls.certificate {
            add("sslcert", &path.display().to_string());
        }
        if let Some(path) = &self.tls.key {
            add("sslkey", &path.display().to_string());
        }
        if self.channel_binding != ChannelBinding::default() {
            add("channel_binding", word(CHANNEL_BINDINGS, self.channel_binding));
        }
        if self.target_session != TargetSession::default() {
            add("target_session_attrs", &self.target_session.to_string());
        }
        if let Some(options) = &self.options {
            add("options", options);
        }
        let query = if query.is_empty() {
            String::new()
        } else {
            format!("?{}", query.join("&"))
        };
        format!(
            "postgresql://{}@{}/{}{query}",
            encode(&self.user),
            hosts.join(","),
            encode(&self.database)
        )
    }

    /// The password for one host, with its source.
    pub(super) fn password_for(&self, host: &Host) -> Option<(&Secret, PasswordSource)> {
        if let Some((secret, source)) = &self.password {
            return Some((secret, source.clone()));
        }
        let file = self.pass_file.as_ref()?;
        let found = file.find(&host.name_in_pass_file(), host.port, &self.database, &self.user)?;
        Some((found, PasswordSource::PassFile(file.path.clone())))
    }
}

/// How long one host may take when nobody says: long enough for a serverless one to wake.
const DEFAULT_CONNECT_TIMEOUT: Duration = Duration::from_secs(15);

fn refuse_what_we_lack(settings: &Settings) -> Result<(), ParameterError> {
    let encryption = [("disable", false), ("prefer", false), ("require", true)];
    if settings.word("gssencmode", &encryption)? {
        let reason = "GSSAPI encryption is not supported";
        return Err(ParameterError::UnsupportedKey {
            key: "gssencmode",
            reason,
        });
    }
    if settings
        .text("replication")
        .is_some_and(|value| !["0", "false", "off", "no"].contains(&value))
    {
        let reason = "a replication connection runs no scripts";
        return Err(ParameterError::UnsupportedKey {
            key: "replication",
            reason,
        });
    }
    Ok(())
}

fn hosts(settings: &Settings, surroundings: &Surroundings) -> Result<Vec<Host>, ParameterError> {
    let (names, addresses) = (settings.list("host"), settings.list("hostaddr"));
    if !names.is_empty() && !addresses.is_empty() && names.len() != addresses.len() {
        return Err(ParameterError::Counts {
            key: "hostaddr",
            count: addresses.len(),
            hosts: names.len(),
        });
    }
    let count = names.len().max(addresses.len()).max(1);
    let ports = settings.list("port");
    if ports.len() > 1 && ports.len() != count {
        return Err(ParameterError::Counts {
            key: "port",
            count: ports.len(),
            hosts: count,
        });
    }
    (0..count)
        .map(|index| {
            let port = match ports
                .get(index)
                .or(ports.first())
                .map(|port| port.trim())
                .unwrap_or_default()
            {
                "" => DEFAULT_PORT,
                text => text
                    .parse::<u16>()
                    .ok()
                    .filter(|&port| port > 0)
                    .ok_or_else(|| ParameterError::invalid("port", text, "a number from 1 to 65535"))?,
            };
            let addr = match addresses.get(index).map_or("", String::as_str) {
                "" => None,
                text => Some(
                    text.parse::<IpAddr>()
                        .map_err(|_| ParameterError::invalid("hostaddr", text, "an IPv4 or IPv6 address"))?,
                ),
            };
            let address = match (names.get(index).map_or("", String::as_str), addr) {
                ("", Some(addr)) => Address::Tcp {
                    name: addr.to_string(),
                    addr: Some(addr),
                },
                ("", None) => match surroundings.socket_directory(port) {
                    Some(directory) => Address::Unix {
                        directory,
                        usual: true,
                    },
                    None => Address::Tcp {
                        name: "localhost".into(),
                        addr: None,
                    },
                },
                (name, None) if name.starts_with(['/', '@']) => {
                    let directory = PathBuf::from(name);
                    Address::Unix {
                        usual: surroundings.sockets.contains(&directory),
                        directory,
                    }
                }
                (name, addr) => Address::Tcp {
                    name: name.to_owned(),
                    addr,
                },
            };
            Ok(Host { address, port })
        })
        .collect()
}

fn tls(settings: &Settings, surroundings: &Surroundings) -> Result<TlsParameters, ParameterError> {
    let in_home = |name: &str| {
        surroundings
            .in_home(".postgresql")
            .map(|directory| directory.join(name))
    };
    let present = |path: &PathBuf| path.exists();
    let roots = match settings.text("sslrootcert") {
        Some("system") => RootCertificates::System,
        named => match named.map(PathBuf::from).or_else(|| in_home("root.crt")) {
            Some(path) if present(&path) => RootCertificates::File(path),
            Some(path) => RootCertificates::Missing(path),
            None => RootCertificates::None,
        },
    };
    let mode = match settings.text("sslmode") {
        None if roots == RootCertificates::System => SslMode::VerifyFull,
        _ => settings.word("sslmode", SSL_MODES)?,
    };
    if roots == RootCertificates::System && mode != SslMode::VerifyFull {
        return Err(ParameterError::Conflict {
            reason: format!(
                "sslmode={mode} is too weak for sslrootcert=system: anybody can have a certificate"
            ),
            help: "write sslmode=verify-full",
        });
    }
    let negotiation = settings.word("sslnegotiation", NEGOTIATIONS)?;
    if negotiation == SslNegotiation::Direct && mode < SslMode::Require {
        return Err(ParameterError::Conflict {
            reason: format!("sslmode={mode} is too weak for sslnegotiation=direct"),
            help: "write sslmode=require or stronger",
        });
    }
    let certificates = [("disable", Some(false)), ("allow", None), ("require", Some(true))];
    let certificate_mode = settings.word("sslcertmode", &certificates)?;
    let file = |key: &str, usual: &str| {
        settings
            .text(key)
            .map(PathBuf::from)
            .or_else(|| in_home(usual))
            .filter(present)
    };
    let certificate = file("sslcert", "postgresql.crt").filter(|_| certificate_mode != Some(false));
    let key = settings
        .text("sslkey")
        .map(PathBuf::from)
        .or_else(|| in_home("postgresql.key"));
    let version = |name: &'static str, otherwise: TlsVersion| match settings.text(name) {
        // nobody should speak the older ones; asking for at least one of them is met by 1.2
        Some("TLSv1" | "TLSv1.1") if name.contains("min") => Ok(TlsVersion::V1_2),
        Some(text) => choose(
            name,
            text,
            &[("TLSv1.2", TlsVersion::V1_2), ("TLSv1.3", TlsVersion::V1_3)],
        ),
        None => Ok(otherwise),
    };
    let (min_version, max_version) = (
        version("ssl_min_protocol_version", TlsVersion::V1_2)?,
        version("ssl_max_protocol_version", TlsVersion::V1_3)?,
    );
    if min_version > max_version {
        return Err(ParameterError::Conflict {
            reason: "ssl_min_protocol_version is above ssl_max_protocol_version".into(),
            help: "leave out one of them",
        });
    }
    Ok(TlsParameters {
        mode,
        negotiation,
        roots,
        key: key.filter(|_| certificate.is_some()),
        certificate,
        certificate_required: certificate_mode == Some(true),
        revoked: file("sslcrl", "root.crl"),
        sni: settings.number("sslsni")? != Some(0),
        min_version,
        max_version,
    })
}

fn require_auth(settings: &Settings) -> Result<Option<RequireAuth>, ParameterError> {
    let key = "require_auth";
    let Some(text) = settings.text(key) else {
        return Ok(None);
    };
    let negated = text.trim_start().starts_with('!');
    let mut methods = Vec::new();
    for part in text.split(',').map(str::trim) {
        let name = part.strip_prefix('!').unwrap_or(part);
        if part.starts_with('!') != negated {
            let expected = "methods that all have a '!' or none of them".to_owned();
            return Err(ParameterError::InvalidValue {
                key,
                value: Some(text.to_owned()),
                expected,
            });
        }
        methods.push(choose(key, name, AUTH_METHODS)?);
    }
    Ok(Some(RequireAuth { negated, methods }))
}

/// Percent-encodes all but what is harmless everywhere in a URL.
pub(super) fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => encoded.push(byte as char),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    /// `key = value` of all that is not the default, in a fixed order.
    fn show(parameters: &Parameters) -> String {
        let hosts: Vec<String> = parameters
            .hosts
            .iter()
            .map(|host| match &host.address {
                Address::Tcp { name, addr: None } => format!("{name}|{}", host.port),
                Address::Tcp {
                    name,
                    addr: Some(addr),
                } => format!("{name}={addr}|{}", host.port),
                Address::Unix { directory, .. } => format!("{}|{}", directory.display(), host.port),
            })
            .collect();
        let mut text = format!("{} {}/{}", hosts.join(","), parameters.user, parameters.database);
        let mut add = |name: &str, value: &str| text.push_str(&format!(" {name}={value}"));
        if let Some((secret, _)) = &parameters.password {
            add("password", secret.expose());
        }
        if parameters.tls.mode != SslMode::Prefer {
            add("sslmode", &parameters.tls.mode.to_string());
        }
        if let Some(name) = &parameters.application_name {
            add("application_name", name);
        }
        if let Some(options) = &parameters.options {
            add("options", options);
        }
        text
    }

    fn nothing(_: &str) -> Option<String> {
        None
    }

    fn somewhere() -> Surroundings {
        Surroundings {
            sockets: vec!["/nowhere".into()],
            account: Some("me".into()),
            ..Surroundings::default()
        }
    }

    fn resolve(given: &str) -> Result<Parameters, ParameterError> {
        Parameters::resolve(Some(given), &nothing, &somewhere())
    }

    fn outcome(given: &str) -> String {
        match resolve(given) {
            Ok(parameters) => show(&parameters),
            Err(error) => format!("! {error}"),
        }
    }

    #[test]
    #[rustfmt::skip]
    fn urls_as_libpq_reads_them() {
        for (url, expected) in [
            ("postgresql://uri-user:secret@host:12345/db", "host|12345 uri-user/db password=secret"),
            ("postgresql://uri-user@host:12345/db", "host|12345 uri-user/db"),
            ("postgresql://uri-user@host/db", "host|5432 uri-user/db"),
            ("postgresql://host:12345/db", "host|12345 me/db"),
            ("postgresql://host/", "host|5432 me/me"),
            ("postgresql://host", "host|5432 me/me"),
            ("postgresql://", "/nowhere|5432 me/me"),
            ("postgres://", "/nowhere|5432 me/me"),
            ("postgresql:///", "/nowhere|5432 me/me"),
            ("postgresql:///db", "/nowhere|5432 me/db"),
            ("postgresql://?hostaddr=127.0.0.1", "127.0.0.1=127.0.0.1|5432 me/me"),
            ("postgresql://example.com?hostaddr=63.1.2.4", "example.com=63.1.2.4|5432 me/me"),
            ("postgresql://%68ost/", "host|5432 me/me"),
            ("postgresql://host/db?user=uri-user&port=999", "host|999 uri-user/db"),
            ("postgresql://host/db?u%73er=someotheruser&port=12345", "host|12345 someotheruser/db"),
            ("postgresql://host:12345?user=uri-user", "host|12345 uri-user/uri-user"),
            ("postgresql://host?user=uri-user", "host|5432 uri-user/uri-user"),
            ("postgresql://?user=uri-user", "/nowhere|5432 uri-user/uri-user"),
            ("postgresql://uri-user@/", "/nowhere|5432 uri-user/uri-user"),
            ("postgresql://uri-user@", "/nowhere|5432 uri-user/uri-user"),
            ("postgres://@host", "host|5432 me/me"),
            ("postgres://:@host", "host|5432 me/me"),
            ("postgres://u:@host", "host|5432 u/u"),
            ("postgres://host?", "host|5432 me/me"),
            ("postgres://host?user=a&", "host|5432 a/a"),
            ("postgresql://[::1]:12345/db", "::1|12345 me/db"),
            ("postgresql://[2001:db8::1]", "2001:db8::1|5432 me/me"),
            ("postgresql://u@[200z:db8::1]/", "200z:db8::1|5432 u/u"),
            ("postgresql://h1,h2:2,[::3]:3/db", "h1|5432,h2|2,::3|3 me/db"),
            ("postgresql://h1,h2/db?port=7", "h1|7,h2|7 me/db"),
            ("postgresql:///db?host=h1,h2&port=1,2", "h1|1,h2|2 me/db"),
            ("postgres:///db?host=/tmp", "/tmp|5432 me/db"),
            ("postgres://%2Fvar%2Flib%2Fpostgresql/dbname", "/var/lib/postgresql|5432 me/dbname"),
            ("postgres://u:p@%2Ftmp:99/db", "/tmp|99 u/db password=p"),
            ("postgres:///db?host=@abstract", "@abstract|5432 me/db"),
            ("postgres://u%40corp:p%3A%2F%40%25@h/d%20b", "h|5432 u@corp/d b password=p:/@%"),
            // a raw '@' in the password, as people write it
            ("postgres://u:p@ss@h/db", "h|5432 u/db password=p@ss"),
            ("postgres://u:p:q@h/db", "h|5432 u/db password=p:q"),
            // which tokio-postgres misreads
            ("postgres://h/db?application_name=a@b", "h|5432 me/db application_name=a@b"),
            ("postgres://h/db?sslmode=verify-full", "h|5432 me/db sslmode=verify-full"),
            ("postgres://h/db?ssl=true", "h|5432 me/db sslmode=require"),
            ("postgres://h?sslrootcert=system", "h|5432 me/me sslmode=verify-full"),
            ("postgres://h/db?options=-c%20search_path%3Da,b", "h|5432 me/db options=-c search_path=a,b"),
            ("postgres://h/db?options=-csearch_path=a", "h|5432 me/db options=-csearch_path=a"),
            ("postgres://h/a?user=x&user=y", "h|5432 y/a"),
            ("postgres://ünï@hóst/dß", "hóst|5432 ünï/dß"),
        ] {
            assert_eq!(outcome(url), expected, "{url}");
        }
    }

    #[test]
    #[rustfmt::skip]
    fn key_value_pairs_as_libpq_reads_them() {
        for (text, expected) in [
            ("host=h dbname=d user=u", "h|5432 u/d"),
            ("  host = h  dbname= d\tuser =u ", "h|5432 u/d"),
            (r"host='h' password='it\'s \\ a' user=u", r"h|5432 u/u password=it's \ a"),
            (r"password=it\'s\ a user=u host=h", "h|5432 u/u password=it's a"),
            ("host=h password='' user=u", "h|5432 u/u"),
            ("host='' user=u", "/nowhere|5432 u/u"),
            ("user=a host=h user=b", "h|5432 b/b"),
            ("host=h1,h2 hostaddr=1.1.1.1,::2 port=1,2", "h1=1.1.1.1|1,h2=::2|2 me/me"),
            ("host=h,,/tmp", "h|5432,/nowhere|5432,/tmp|5432 me/me"),
            ("host=h options='-c search_path=x://y'", "h|5432 me/me options=-c search_path=x://y"),
            ("fallback_application_name=f host=h", "h|5432 me/me application_name=f"),
            ("sslmode=require gssencmode=prefer krbsrvname=x host=h", "h|5432 me/me sslmode=require"),
            // as psql takes its first argument
            ("shop", "/nowhere|5432 me/shop"),
            ("odd name@x", "/nowhere|5432 me/odd name@x"),
            ("", "/nowhere|5432 me/me"),
        ] {
            assert_eq!(outcome(text), expected, "{text}");
        }
    }

    #[test]
    #[rustfmt::skip]
    fn errors_name_the_part_and_never_the_string() {
        for (text, expected) in [
            ("postgresql://h:x/", "! the database URL cannot be read: a port that is not a number from 1 to 65535 (character 16)"),
            ("postgresql://[::1", "! the database URL cannot be read: an IPv6 address without its ']' (character 14)"),
            ("postgresql://[]", "! the database URL cannot be read: an empty IPv6 address (character 14)"),
            ("postgresql://[::1]z", "! the database URL cannot be read: something other than a port behind ']' (character 19)"),
            ("postgresql://%", "! the database URL cannot be read: a '%' without two hexadecimal digits (character 14)"),
            ("postgresql://h/%1", "! the database URL cannot be read: a '%' without two hexadecimal digits (character 16)"),
            ("postgresql://h/%é9", "! the database URL cannot be read: a '%' without two hexadecimal digits (character 16)"),
            ("postgresql://h/a%00", "! the database URL cannot be read: a forbidden %00 (character 17)"),
            ("postgresql://h/%ff", "! the database URL cannot be read: percent-encoded text that is not UTF-8 (character 16)"),
            ("postgresql://h?zzz", "! the database URL cannot be read: a parameter without '=' (character 16)"),
            ("postgresql://h?uzer=x", "! the database URL has an unknown parameter \"uzer\""),
            ("postgresql://h?sslmode=sometimes", "! \"sometimes\" is not a value of sslmode"),
            ("postgresql://h1,h2?port=1,2,3", "! 3 values of port are given for 2 hosts"),
            ("host=a,b hostaddr=1.1.1.1", "! 1 values of hostaddr are given for 2 hosts"),
            ("port=0 host=h", "! \"0\" is not a value of port"),
            ("host", "/nowhere|5432 me/host"),
            ("host=h word", "! the connection string cannot be read: a word without '=' behind it (character 8)"),
            ("host='h", "! the connection string cannot be read: a quoted value without its end (character 6)"),
            ("hots=h", "! the connection string has an unknown parameter \"hots\""),
            ("connect_timeout=soon", "! \"soon\" is not a value of connect_timeout"),
            ("gssencmode=require", "! gssencmode cannot be used: GSSAPI encryption is not supported"),
            ("sslcrldir=/x", "! sslcrldir cannot be used: a directory of revocation lists cannot be read here; join them into one file and name it with sslcrl"),
            ("sslnegotiation=direct", "! sslmode=prefer is too weak for sslnegotiation=direct"),
            ("sslrootcert=system sslmode=require", "! sslmode=require is too weak for sslrootcert=system: anybody can have a certificate"),
            ("mysql://h/db", "! the database URL begins with mysql://, not with postgresql://"),
            ("jdbc:postgresql://h/db", "! the database URL begins with jdbc:postgresql://, not with postgresql://"),
            ("require_auth=!md5,none", "! \"!md5,none\" is not a value of require_auth"),
        ] {
            assert_eq!(outcome(text), expected, "{text}");
        }
        let help = |text: &str| resolve(text).unwrap_err().help();
        assert_eq!(help("hots=h"), "write host");
        assert_eq!(help("postgres://h?ssl=on"), "write sslmode");
        assert_eq!(
            help("postgres://h?pgbouncer=true"),
            "leave out pgbouncer: it only tells another driver how to behave"
        );
        assert_eq!(help("postgres://h?schema=app"), "write options=-csearch_path=…");
        assert_eq!(
            help("jdbc:postgresql://h/db"),
            "begin it with postgresql:// alone"
        );
    }

    #[test]
    fn no_error_holds_a_piece_of_a_password() {
        for text in [
            "postgres://u:hun/ter2@h/db",
            "postgres://u:hun?ter2@h/db",
            "postgres://u:hun?ter2=1@h/db",
            "postgres://u:hun?a=1&ter2=1@h/db",
            "postgres://u:12/hunter2@h/db",
            "postgres://u:hun%zter2@h/db",
            "postgres://u:12?sslmode=hunter2@h/db",
            "postgres://u:12?port=hunter2@h",
            "postgres://hun:ter2",
            "password=hun ter2 host=h",
            "password=hun ter2=x host=h",
            "password='hun'ter2=x host=h",
            "password='hunter2 host=h",
            "sslpassword=hun ter2=x",
        ] {
            let error = resolve(text).unwrap_err();
            for shown in [error.to_string(), error.help(), format!("{error:?}")] {
                assert!(
                    !shown.contains("hun") && !shown.contains("ter2"),
                    "{text}: {shown}"
                );
            }
        }
        let parameters = resolve("postgres://u:hunter2@h/db?sslmode=require").unwrap();
        assert!(parameters.has_inline_password());
        assert!(!format!("{parameters:?}").contains("hunter2"));
        assert_eq!(
            parameters.to_url_without_password(),
            "postgresql://u@h:5432/db?sslmode=require"
        );
        assert_eq!(parameters.describe().to_string(), "db on h:5432 as u");
    }

    #[test]
    fn the_string_wins_over_the_service_and_that_over_the_environment() {
        let home = tempfile::tempdir().unwrap();
        let system = tempfile::tempdir().unwrap();
        let own = "# mine\n[other]\nhost=no\n\n[shop]\nhost=from-service\n port = 7\nuser=service\nport=8\n[next]\nhost=no\n";
        fs::write(home.path().join(".pg_service.conf"), own).unwrap();
        fs::write(
            system.path().join("pg_service.conf"),
            "[common]\ndbname=c\npassword=s3\n[bad]\nhots=x\n",
        )
        .unwrap();
        let surroundings = Surroundings {
            home: Some(home.path().to_owned()),
            system: vec![system.path().to_owned()],
            ..somewhere()
        };
        let env = |name: &str| {
            let value = match name {
                "PGHOST" => "from-env",
                "PGDATABASE" => "env-db",
                "PGUSER" => "env-user",
                "PGPASSWORD" => "env-pass",
                "PGAPPNAME" => "",
                "PGSSLMODE" => "require",
                _ => return None,
            };
            Some(value.to_owned())
        };
        let outcome = |given: &str| match Parameters::resolve(Some(given), &env, &surroundings) {
            Ok(parameters) => show(&parameters),
            Err(error) => format!("! {error}"),
        };
        assert_eq!(
            outcome(""),
            "from-env|5432 env-user/env-db password=env-pass sslmode=require"
        );
        assert_eq!(
            outcome("host=''"),
            "/nowhere|5432 env-user/env-db password=env-pass sslmode=require"
        );
        assert_eq!(
            outcome("postgres://?service=shop&user=me2"),
            "from-service|7 me2/env-db password=env-pass sslmode=require"
        );
        assert_eq!(
            outcome("service=common sslmode=disable"),
            "from-env|5432 env-user/c password=s3 sslmode=disable"
        );
        let missing = outcome("service=none");
        assert!(
            missing.starts_with("! no service \"none\" in ") && missing.contains(".pg_service.conf, "),
            "{missing}"
        );
        assert!(
            outcome("service=bad")
                .ends_with("pg_service.conf:5: unknown parameter \"hots\"; did you mean host?")
        );
        let source = |given: &str| {
            Parameters::resolve(Some(given), &env, &surroundings)
                .unwrap()
                .password
                .unwrap()
                .1
        };
        assert_eq!(source(""), PasswordSource::Environment);
        assert_eq!(source("service=common"), PasswordSource::Service);
        assert_eq!(source("password=x"), PasswordSource::Given);
    }

    #[test]
    fn password_files() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join(".pgpass");
        let lines = "# comment\n\nshort:line\nh:5432:db:u:exact\nh:*:*:u:any\\:thing\\\\:rest\nlocalhost:*:*:*:local\n\
                     ::1:5432:*:*:wrong\n\\:\\:1:5432:*:*:six\n*:*:*:*:last\n";
        fs::write(&path, lines).unwrap();
        let permit = |mode: u32| fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        permit(0o600);
        let surroundings = Surroundings {
            home: Some(home.path().to_owned()),
            ..somewhere()
        };
        let resolve = |given: &str| Parameters::resolve(Some(given), &nothing, &surroundings).unwrap();
        let found = |parameters: &Parameters| {
            parameters
                .password_for(&parameters.hosts[0])
                .map(|(secret, _)| secret.expose().to_owned())
        };
        for (given, expected) in [
            ("postgres://u@h/db", "exact"),
            ("postgres://u@h/other", r"any:thing\"),
            ("postgres://x@h/db", "last"),
            ("postgres://x@[::1]/db", "six"),
            // the default directory counts as localhost, in whatever way it was named
            ("postgres:///db", "local"),
            ("postgres:///db?host=/nowhere", "local"),
            ("postgres:///db?host=/elsewhere", "last"),
            ("postgres://u:given@h/db", "given"),
        ] {
            assert_eq!(found(&resolve(given)).as_deref(), Some(expected), "{given}");
        }
        let parameters = resolve("postgres://u@h/other");
        assert_eq!(found(&parameters.with_database("db")).as_deref(), Some("exact"));
        assert_eq!(
            parameters.password_for(&parameters.hosts[0]).unwrap().1,
            PasswordSource::PassFile(path.clone())
        );
        assert!(!parameters.has_inline_password());
        assert!(!format!("{parameters:?}").contains("exact"));
        assert_eq!(parameters.warnings(), []);

        permit(0o640);
        let parameters = resolve("postgres://u@h/db");
        assert_eq!(found(&parameters), None);
        let shown = parameters.warnings()[0].to_string();
        assert!(
            shown.ends_with("is not used: its permissions are 0640: group or others have access"),
            "{shown}"
        );
        assert_eq!(
            parameters.warnings()[0].help(),
            format!("run `chmod 600 {}`", path.display())
        );
        // a password that is given makes the file irrelevant
        assert_eq!(resolve("postgres://u:p@h/db").warnings(), []);
        assert_eq!(resolve("passfile=/nonexistent").warnings().len(), 1);
    }

    #[test]
    fn files_of_the_home_directory_serve_tls() {
        let home = tempfile::tempdir().unwrap();
        let directory = home.path().join(".postgresql");
        fs::create_dir(&directory).unwrap();
        let surroundings = Surroundings {
            home: Some(home.path().to_owned()),
            ..somewhere()
        };
        let tls = |given: &str| {
            Parameters::resolve(Some(given), &nothing, &surroundings)
                .unwrap()
                .tls
        };
        assert_eq!(
            tls("host=h").roots,
            RootCertificates::Missing(directory.join("root.crt"))
        );
        assert_eq!(tls("host=h").certificate, None);
        for name in ["root.crt", "postgresql.crt", "postgresql.key"] {
            fs::write(directory.join(name), "").unwrap();
        }
        assert_eq!(
            tls("host=h").roots,
            RootCertificates::File(directory.join("root.crt"))
        );
        assert_eq!(tls("host=h").certificate, Some(directory.join("postgresql.crt")));
        assert_eq!(tls("host=h").key, Some(directory.join("postgresql.key")));
        assert_eq!(tls("host=h sslcertmode=disable").certificate, None);
        assert_eq!(tls("sslrootcert=system").roots, RootCertificates::System);
        assert_eq!(tls("sslrootcert=system").mode, SslMode::VerifyFull);
        assert_eq!(
            tls("ssl_min_protocol_version=TLSv1.3").min_version,
            TlsVersion::V1_3
        );
        assert!(!tls("sslsni=0").sni);
    }

    #[test]
    fn numbers_and_words() {
        let parameters = resolve(
            "host=h connect_timeout=3 keepalives=0 keepalives_idle=7 keepalives_count=0 tcp_user_timeout=1500 \
             target_session_attrs=prefer-standby load_balance_hosts=random channel_binding=require \
             require_auth=scram-sha-256,none requirepeer=postgres",
        )
        .unwrap();
        assert_eq!(parameters.connect_timeout, Some(Duration::from_secs(3)));
        let keepalives = Keepalives {
            enabled: false,
            idle: Some(Duration::from_secs(7)),
            interval: None,
            count: None,
            user_timeout: Some(Duration::from_millis(1500)),
        };
        assert_eq!(parameters.keepalives, keepalives);
        assert_eq!(parameters.target_session, TargetSession::PreferStandby);
        assert!(parameters.shuffle_hosts);
        assert_eq!(parameters.channel_binding, ChannelBinding::Require);
        let required = parameters.require_auth.unwrap();
        assert!(required.allows(AuthMethod::None) && !required.allows(AuthMethod::Md5));
        assert_eq!(resolve("connect_timeout=0").unwrap().connect_timeout, None);
        assert_eq!(
            resolve("").unwrap().connect_timeout,
            Some(DEFAULT_CONNECT_TIMEOUT)
        );
        assert_eq!(resolve("client_encoding=latin1").unwrap().warnings().len(), 1);
        let named = resolve("application_name=mine")
            .unwrap()
            .with_default_application_name("pgplumb apply");
        assert_eq!(named.application_name.as_deref(), Some("mine"));
        let unnamed = resolve("")
            .unwrap()
            .with_default_application_name("pgplumb apply");
        assert_eq!(unnamed.application_name.as_deref(), Some("pgplumb apply"));
    }

    #[test]
    fn the_command_line_comes_before_database_url() {
        let env = |name: &str| (name == "DATABASE_URL").then(|| "postgres://env".to_owned());
        assert_eq!(connection_string(Some("db"), &env).as_deref(), Some("db"));
        assert_eq!(connection_string(None, &env).as_deref(), Some("postgres://env"));
        assert_eq!(connection_string(None, &nothing), None);
    }

    #[test]
    fn this_machine_knows_who_we_are() {
        let here = Surroundings::here(&|name| std::env::var(name).ok());
        assert!(here.account.is_some());
        let parameters = Parameters::resolve(None, &nothing, &here).unwrap();
        assert_eq!(Some(parameters.database()), here.account.as_deref());
    }

    mod any {
        use proptest::prelude::*;

        use super::*;

        proptest! {
            #[test]
            fn text_never_panics(text in "\\PC*", url in "(postgres://)?[a-z@:/?&=%,\\[\\]0-9' \\\\]*") {
                let _ = resolve(&text);
                let _ = resolve(&url);
            }

            #[test]
            fn what_is_encoded_comes_back(user in "\\PC+", password in "\\PC+", database in "\\PC+") {
                let url = format!("postgres://{}:{}@h/{}", encode(&user), encode(&password), encode(&database));
                let parameters = resolve(&url).unwrap();
                prop_assert_eq!(parameters.user(), user);
                prop_assert_eq!(parameters.database(), database);
                let (secret, _) = parameters.password.unwrap();
                prop_assert_eq!(secret.expose(), password);
            }

            #[test]
            fn what_is_quoted_comes_back(password in "\\PC+") {
                let quoted = password.replace('\\', "\\\\").replace('\'', "\\'");
                let parameters = resolve(&format!("host=h password='{quoted}'")).unwrap();
                let (secret, _) = parameters.password.unwrap();
                prop_assert_eq!(secret.expose(), password);
            }
        }
    }
}
