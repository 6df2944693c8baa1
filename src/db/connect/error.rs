//! Why there is no connection, in facts and in words.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio_postgres::error::{DbError, SqlState};

use crate::db::connect::wire::Heard;
use crate::db::parameters::{AuthMethod, Host, Parameters, PasswordSource, SslMode, TargetSession};
use crate::db::tls::TlsError;

/// Why there is no connection. Holds no password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConnectError {
    /// The name has no address.
    Dns {
        host: String,
        reason: String,
    },
    /// Nobody listens there.
    Refused {
        at: Arc<Host>,
    },
    /// Any other trouble on the way.
    Unreachable {
        at: Arc<Host>,
        reason: String,
    },
    /// No server has its socket there.
    SocketMissing {
        path: PathBuf,
    },
    /// The socket is not for us.
    SocketDenied {
        path: PathBuf,
    },
    /// No answer within `connect_timeout`.
    Timeout {
        at: Arc<Host>,
        after: Duration,
    },
    /// The server hung up before we were logged in.
    Closed {
        at: Arc<Host>,
    },
    /// 57P03: it starts up, shuts down or recovers. `passing` when that will end by itself.
    StartingUp {
        at: Arc<Host>,
        message: String,
        passing: bool,
    },
    /// 53300.
    TooManyConnections {
        at: Arc<Host>,
        message: String,
    },
    /// It is not the kind of server that `target_session_attrs` asks for.
    TargetSession {
        at: Arc<Host>,
        wanted: TargetSession,
    },
    /// None of several hosts would do.
    NoHost {
        attempts: Vec<ConnectError>,
    },

    /// 28P01, with the source of the password that was wrong.
    WrongPassword {
        at: Arc<Host>,
        user: String,
        source: Option<PasswordSource>,
    },
    /// It wants a password and we have none.
    NoPassword {
        at: Arc<Host>,
        user: String,
    },
    NoSuchRole {
        at: Arc<Host>,
        user: String,
    },
    /// The role has no LOGIN.
    MayNotLogIn {
        at: Arc<Host>,
        user: String,
    },
    /// No line of `pg_hba.conf` lets us in, or one keeps us out.
    NoHbaEntry {
        at: Arc<Host>,
        user: String,
        database: String,
        encrypted: bool,
        message: String,
    },
    /// It accepts encrypted connections only.
    TlsRequired {
        at: Arc<Host>,
        message: String,
    },
    /// It wants a client certificate, or another one.
    ClientCertificate {
        at: Arc<Host>,
        reason: String,
    },
    /// Any other refusal of who we are (28000): peer, ident, LDAP.
    LoginRefused {
        at: Arc<Host>,
        user: String,
        message: String,
    },
    /// A way to log in that is not supported: GSSAPI, SSPI and the like.
    UnsupportedAuthentication {
        at: Arc<Host>,
        method: String,
    },
    /// A way to log in that `require_auth` does not allow.
    AuthenticationNotAllowed {
        at: Arc<Host>,
        method: AuthMethod,
    },
    /// `channel_binding=require`, and there is none.
    NoChannelBinding {
        at: Arc<Host>,
        encrypted: bool,
    },
    /// The server's proof that it knows the password is wrong.
    NotAuthentic {
        at: Arc<Host>,
    },
    /// The process behind the socket belongs to somebody else than `requirepeer`.
    WrongPeer {
        at: Arc<Host>,
        wanted: String,
        found: String,
    },

    /// 3D000.
    NoSuchDatabase {
        at: Arc<Host>,
        database: String,
    },
    /// The role may not connect to it (42501).
    DatabaseDenied {
        at: Arc<Host>,
        database: String,
        user: String,
    },
    /// A pooler does not pass on a startup parameter.
    StartupParameter {
        at: Arc<Host>,
        message: String,
    },

    /// Something is wrong with our own certificates or keys.
    Tls {
        error: TlsError,
    },
    /// The server does not speak TLS and the mode demands it.
    TlsNotOffered {
        at: Arc<Host>,
        mode: SslMode,
    },
    UnknownIssuer {
        at: Arc<Host>,
    },
    /// The certificate is for others.
    WrongName {
        at: Arc<Host>,
        names: Vec<String>,
    },
    Expired {
        at: Arc<Host>,
    },
    NotYetValid {
        at: Arc<Host>,
    },
    Revoked {
        at: Arc<Host>,
    },
    /// The handshake failed for another reason.
    Handshake {
        at: Arc<Host>,
        reason: String,
    },

    /// It said something that we do not understand.
    Protocol {
        at: Arc<Host>,
        reason: String,
    },
    /// Anything else that the server says.
    Server {
        at: Arc<Host>,
        sqlstate: String,
        message: String,
        detail: Option<String>,
        hint: Option<String>,
    },
}

impl ConnectError {
    /// Whether another host may do where this one did not. A wrong password ends the search, as in libpq.
    pub(super) fn is_about_the_host(&self) -> bool {
        matches!(
            self,
            ConnectError::Dns { .. }
                | ConnectError::Refused { .. }
                | ConnectError::Unreachable { .. }
                | ConnectError::SocketMissing { .. }
                | ConnectError::SocketDenied { .. }
                | ConnectError::Timeout { .. }
                | ConnectError::Closed { .. }
                | ConnectError::StartingUp { .. }
                | ConnectError::TargetSession { .. }
        )
    }

    /// Whether another address of the host may do.
    pub(super) fn is_about_the_line(&self) -> bool {
        matches!(
            self,
            ConnectError::Refused { .. } | ConnectError::Unreachable { .. } | ConnectError::Timeout { .. }
        )
    }

    /// Whether the other choice of encryption may do where this one did not.
    pub(super) fn is_about_encryption(&self) -> bool {
        matches!(
            self,
            ConnectError::Tls { .. }
                | ConnectError::TlsNotOffered { .. }
                | ConnectError::UnknownIssuer { .. }
                | ConnectError::WrongName { .. }
                | ConnectError::Expired { .. }
                | ConnectError::NotYetValid { .. }
                | ConnectError::Revoked { .. }
                | ConnectError::Handshake { .. }
        ) || self.is_refusal()
    }

    /// Whether the server's access rules kept us out; they may differ with encryption.
    pub(super) fn is_refusal(&self) -> bool {
        matches!(
            self,
            ConnectError::NoHbaEntry { .. }
                | ConnectError::TlsRequired { .. }
                | ConnectError::ClientCertificate { .. }
                | ConnectError::LoginRefused { .. }
        )
    }

    /// For how long it is worth trying again, if at all.
    pub(super) fn worth_waiting(&self) -> Option<Duration> {
        match self {
            ConnectError::StartingUp { passing: true, .. } => Some(Duration::from_secs(30)),
            // a proxy in front of a server that is not up yet, as Docker has it
            ConnectError::Closed { .. } => Some(Duration::from_secs(5)),
            ConnectError::NoHost { attempts } => {
                attempts.iter().filter_map(ConnectError::worth_waiting).max()
            }
            // serverless: the proxy is up, the database behind it wakes
            ConnectError::Server {
                sqlstate, message, ..
            } => {
                let message = message.to_ascii_lowercase();
                let waking = [
                    "control plane request failed",
                    "couldn't connect to compute node",
                    "is waking up",
                ];
                let asleep = sqlstate.starts_with("08") && message.contains("compute");
                let wakes = asleep || waking.iter().any(|words| message.contains(words));
                wakes.then_some(Duration::from_secs(30))
            }
            _ => None,
        }
    }

    /// One sentence without a full stop that names the object.
    pub fn message(&self) -> String {
        match self {
            ConnectError::Dns { host, reason } => format!("the host {host} cannot be found: {reason}"),
            ConnectError::Refused { at } if at.socket_path().is_some() => {
                format!("nobody listens at the {at}: its server is gone")
            }
            ConnectError::Refused { at } => format!("{at} refused the connection: no server listens there"),
            ConnectError::Unreachable { at, reason } => format!("{at} cannot be reached: {reason}"),
            ConnectError::SocketMissing { path } => format!("no server has its socket at {}", path.display()),
            ConnectError::SocketDenied { path } => {
                format!("the socket {} may not be opened by this account", path.display())
            }
            ConnectError::Timeout { at, after } => {
                format!("{at} did not answer within {} s", after.as_secs_f64())
            }
            ConnectError::Closed { at } => format!("{at} closed the connection before the login was done"),
            ConnectError::StartingUp { at, message, .. } => {
                format!("{at} accepts no connections now: {message}")
            }
            ConnectError::TooManyConnections { at, message } => {
                format!("{at} has no connection to spare: {message}")
            }
            ConnectError::TargetSession { at, wanted } => {
                let what = match wanted {
                    TargetSession::ReadWrite => "does not accept writes",
                    TargetSession::ReadOnly => "accepts writes",
                    TargetSession::Primary => "is a standby",
                    TargetSession::Standby | TargetSession::PreferStandby => "is not a standby",
                    TargetSession::Any => "will not do",
                };
                format!("{at} {what}, and target_session_attrs is {wanted}")
            }
            ConnectError::NoHost { attempts } => {
                let all: Vec<String> = attempts.iter().map(ConnectError::message).collect();
                format!(
                    "none of the {} hosts can be used: {}",
                    attempts.len(),
                    all.join("; ")
                )
            }
            ConnectError::WrongPassword {
                at,
                user,
                source: Some(source),
            } => {
                format!("{at} refused the password of {user}, which came from {source}")
            }
            ConnectError::WrongPassword {
                at,
                user,
                source: None,
            } => {
                format!("{at} refused the login of {user}: password authentication failed")
            }
            ConnectError::NoPassword { at, user } => {
                format!("{at} asks for the password of {user}, and none is known")
            }
            ConnectError::NoSuchRole { at, user } => format!("the role {user} does not exist at {at}"),
            ConnectError::MayNotLogIn { at, user } => format!("the role {user} may not log in at {at}"),
            ConnectError::NoHbaEntry {
                at,
                user,
                database,
                encrypted,
                ..
            } => {
                let how = if *encrypted { "with" } else { "without" };
                format!("pg_hba.conf of {at} does not let {user} into {database} {how} encryption")
            }
            ConnectError::TlsRequired { at, message } => {
                format!("{at} accepts encrypted connections only: {message}")
            }
            ConnectError::ClientCertificate { at, reason } => {
                format!("{at} does not accept our client certificate: {reason}")
            }
            ConnectError::LoginRefused { at, user, message } => {
                format!("{at} refused the login of {user}: {message}")
            }
            ConnectError::UnsupportedAuthentication { at, method } => {
                format!("{at} asks for a login by {method}, which is not supported")
            }
            ConnectError::AuthenticationNotAllowed {
                at,
                method: AuthMethod::None,
            } => {
                format!("{at} asks for no authentication at all, which require_auth does not allow")
            }
            ConnectError::AuthenticationNotAllowed { at, method } => {
                format!("{at} asks for a login by {method}, which require_auth does not allow")
            }
            ConnectError::NoChannelBinding { at, encrypted: true } => {
                format!(
                    "{at} did not bind the login to the encrypted channel, and channel_binding is require"
                )
            }
            ConnectError::NoChannelBinding { at, encrypted: false } => {
                format!("the connection to {at} is not encrypted, and channel_binding is require")
            }
            ConnectError::NotAuthentic { at } => {
                format!("{at} could not prove that it knows the password: it may not be the server it seems")
            }
            ConnectError::WrongPeer { at, wanted, found } => {
                format!("the server at the {at} runs as {found}, and requirepeer is {wanted}")
            }
            ConnectError::NoSuchDatabase { at, database } => {
                format!("the database {database} does not exist at {at}")
            }
            ConnectError::DatabaseDenied { at, database, user } => {
                format!("{user} may not connect to the database {database} at {at}")
            }
            ConnectError::StartupParameter { at, message } => {
                format!("{at} does not take a startup parameter: {message}")
            }
            ConnectError::Tls { error } => error.to_string(),
            ConnectError::TlsNotOffered { at, mode } => {
                format!("{at} does not speak TLS, and sslmode is {mode}")
            }
            ConnectError::UnknownIssuer { at } => {
                format!("the certificate of {at} is signed by nobody we trust")
            }
            ConnectError::WrongName { at, names } if names.is_empty() => {
                format!("the certificate of {at} is not for {}", at.name())
            }
            ConnectError::WrongName { at, names } => {
                format!(
                    "the certificate of {at} is for {}, not for {}",
                    names.join(", "),
                    at.name()
                )
            }
            ConnectError::Expired { at } => format!("the certificate of {at} has expired"),
            ConnectError::NotYetValid { at } => format!("the certificate of {at} is not valid yet"),
            ConnectError::Revoked { at } => format!("the certificate of {at} has been revoked"),
            ConnectError::Handshake { at, reason } => format!("no TLS with {at}: {reason}"),
            ConnectError::Protocol { at, reason } => {
                format!("{at} does not answer as a PostgreSQL server does: {reason}")
            }
            ConnectError::Server {
                at,
                sqlstate,
                message,
                detail,
                ..
            } => {
                let detail = detail
                    .as_deref()
                    .map(|detail| format!("; {detail}"))
                    .unwrap_or_default();
                format!("{at} refused the login: {message} (SQLSTATE {sqlstate}){detail}")
            }
        }
    }

    /// One imperative line.
    pub fn help(&self) -> String {
        let fixed = match self {
            ConnectError::Dns { .. } => "check the spelling of the host, and the network",
            ConnectError::Refused { at } if at.socket_path().is_some() => "start the server",
            ConnectError::Refused { .. } => {
                "check host and port, and that the server runs and has listen_addresses set"
            }
            ConnectError::Unreachable { .. } => "check the network, the firewall and the host's address",
            ConnectError::SocketMissing { .. } => {
                "start the server, or name its host: -d postgresql://host/database, or PGHOST"
            }
            ConnectError::SocketDenied { .. } => {
                "run as an account that may open it, or connect through TCP: PGHOST=localhost"
            }
            ConnectError::Timeout { .. } => {
                "check the host's address and the firewall, or give it longer with connect_timeout"
            }
            ConnectError::Closed { .. } => {
                "check that a PostgreSQL server listens there, and look into its log for the reason"
            }
            ConnectError::StartingUp { passing: true, .. } => {
                "try again when the server is up; its log says how far it is"
            }
            ConnectError::StartingUp { passing: false, .. } => {
                "connect to the primary, or set hot_standby = on there"
            }
            ConnectError::TooManyConnections { .. } => {
                "close idle sessions, or raise max_connections or the pool's size"
            }
            ConnectError::TargetSession { .. } => "name the right host, or change target_session_attrs",
            ConnectError::NoHost { attempts } => {
                let first = attempts
                    .iter()
                    .find(|error| !matches!(error, ConnectError::TargetSession { .. }));
                return first
                    .or(attempts.first())
                    .map(ConnectError::help)
                    .unwrap_or_default();
            }
            ConnectError::WrongPassword {
                source: Some(PasswordSource::PassFile(path)),
                ..
            } => {
                return format!(
                    "correct the first line of {} that fits host, port, database and user",
                    path.display()
                );
            }
            ConnectError::WrongPassword {
                source: Some(source), ..
            } => return format!("correct it in {source}"),
            ConnectError::WrongPassword { source: None, .. } | ConnectError::NoPassword { .. } => {
                "set PGPASSWORD, or add a line host:port:database:user:password to ~/.pgpass"
            }
            ConnectError::NoSuchRole { user, .. } => {
                return format!(
                    "name another user (PGUSER, or in the URL), or create it: create role {user} login"
                );
            }
            ConnectError::MayNotLogIn { user, .. } => return format!("allow it: alter role {user} login"),
            ConnectError::NoHbaEntry { encrypted: false, .. } => {
                "add a line for it to pg_hba.conf and reload the server, or connect with sslmode=require"
            }
            ConnectError::NoHbaEntry { encrypted: true, .. } => {
                "add a line for it to pg_hba.conf and reload the server"
            }
            ConnectError::TlsRequired { .. } => {
                "write sslmode=require, or better verify-full with sslrootcert"
            }
            ConnectError::ClientCertificate { .. } => {
                "name a certificate that the server's CA has signed with sslcert, and its key with sslkey"
            }
            ConnectError::LoginRefused { at, .. } if at.socket_path().is_some() => {
                "run as the operating system's user of that name, or connect through TCP with a password: PGHOST=localhost"
            }
            ConnectError::LoginRefused { .. } => {
                "see what pg_hba.conf asks of this user, database and address"
            }
            ConnectError::UnsupportedAuthentication { .. } => {
                "have the server ask for scram-sha-256 or a certificate in pg_hba.conf"
            }
            ConnectError::AuthenticationNotAllowed { .. } => {
                "allow it with require_auth, or change the method in pg_hba.conf"
            }
            ConnectError::NoChannelBinding { encrypted: false, .. } => "write sslmode=require",
            ConnectError::NoChannelBinding { encrypted: true, .. } => {
                "have pg_hba.conf ask for scram-sha-256 and connect without a pooler, or write channel_binding=prefer"
            }
            ConnectError::NotAuthentic { .. } => {
                "make sure of the server before you try again: sslmode=verify-full"
            }
            ConnectError::WrongPeer { .. } => "make sure of the server, or change requirepeer",
            ConnectError::NoSuchDatabase { database, .. } => {
                return format!("name another one, or create it: createdb {database}");
            }
            ConnectError::DatabaseDenied { database, user, .. } => {
                return format!("allow it: grant connect on database {database} to {user}");
            }
            ConnectError::StartupParameter { .. } => {
                "leave out options (PGOPTIONS), or let the pooler ignore it: ignore_startup_parameters"
            }
            ConnectError::Tls { error } => return error.help(),
            ConnectError::TlsNotOffered { .. } => {
                "switch ssl on in postgresql.conf, or write sslmode=prefer if nobody can listen on the way"
            }
            ConnectError::UnknownIssuer { .. } => "name the certificate of its issuer with sslrootcert",
            ConnectError::WrongName { .. } => "use the host name that the certificate is for",
            ConnectError::Expired { .. } => "renew the server's certificate",
            ConnectError::NotYetValid { .. } => "check the clocks of both machines",
            ConnectError::Revoked { .. } => "give the server another certificate",
            ConnectError::Handshake { .. } => "check the server's TLS settings, and its log",
            ConnectError::Protocol { .. } => "check that host and port are those of a PostgreSQL server",
            ConnectError::Server { hint: Some(hint), .. } => return hint.clone(),
            ConnectError::Server { message, .. } if message.contains("Tenant or user not found") => {
                "write the user as user.project, as this pooler wants it, and check the region in the host's name"
            }
            ConnectError::Server { sqlstate, .. }
                if sqlstate.starts_with("42") || sqlstate.starts_with("22") =>
            {
                "correct what options (PGOPTIONS) sets"
            }
            ConnectError::Server { .. } => "look into the server's log",
        };
        fixed.to_owned()
    }

    /// The server's SQLSTATE, where it gave one.
    pub fn sqlstate(&self) -> Option<&str> {
        match self {
            ConnectError::StartingUp { .. } => Some("57P03"),
            ConnectError::TooManyConnections { .. } => Some("53300"),
            ConnectError::WrongPassword { .. } => Some("28P01"),
            ConnectError::NoSuchDatabase { .. } => Some("3D000"),
            ConnectError::DatabaseDenied { .. } => Some("42501"),
            ConnectError::NoSuchRole { .. }
            | ConnectError::MayNotLogIn { .. }
            | ConnectError::NoHbaEntry { .. }
            | ConnectError::LoginRefused { .. } => Some("28000"),
            ConnectError::Server { sqlstate, .. } => Some(sqlstate),
            _ => None,
        }
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message())
    }
}

impl std::error::Error for ConnectError {}

/// What is known about a login that failed.
pub(super) struct Login<'a> {
    pub parameters: &'a Parameters,
    pub at: &'a Arc<Host>,
    pub encrypted: bool,
    pub heard: &'a Heard,
    pub source: Option<PasswordSource>,
}

impl Login<'_> {
    pub fn error(&self, error: &tokio_postgres::Error) -> ConnectError {
        let (at, user) = (self.at.clone(), self.parameters.user.clone());
        if let Some(server) = error.as_db_error() {
            return self.server_error(server);
        }
        if let Some(method) = self.heard.refused() {
            return ConnectError::AuthenticationNotAllowed { at, method };
        }
        if self.source.is_none() && matches!(self.heard.request(), Some(3 | 5 | 10)) {
            return ConnectError::NoPassword { at, user };
        }
        let mut cause = std::error::Error::source(error);
        while let Some(inner) = cause {
            if let Some(io) = inner.downcast_ref::<io::Error>() {
                // in TLS 1.3 the server judges our certificate when we think that all is done
                if io.get_ref().is_some_and(|inner| inner.is::<rustls::Error>()) {
                    return tls_error(self.at, io);
                }
                if is_hang_up(io) {
                    return ConnectError::Closed { at };
                }
            }
            cause = inner.source();
        }
        if error.is_closed() {
            return ConnectError::Closed { at };
        }
        let words = words(error);
        if words.contains("server did not use channel binding") {
            return ConnectError::NoChannelBinding {
                at,
                encrypted: self.encrypted,
            };
        }
        if words.contains("SCRAM verification error") {
            return ConnectError::NotAuthentic { at };
        }
        let method = match self.heard.request() {
            Some(2) => "Kerberos V5",
            Some(7) => "GSSAPI",
            Some(9) => "SSPI",
            Some(10) if words.contains("unsupported SASL mechanism") => {
                "a SASL mechanism other than SCRAM-SHA-256"
            }
            _ => return ConnectError::Protocol { at, reason: words },
        };
        ConnectError::UnsupportedAuthentication {
            at,
            method: method.to_owned(),
        }
    }

    fn server_error(&self, server: &DbError) -> ConnectError {
        let (at, user) = (self.at.clone(), self.parameters.user.clone());
        let (database, encrypted) = (self.parameters.database.clone(), self.encrypted);
        let message = server.message().to_owned();
        let says = |words: &str| message.contains(words);
        // the server may speak another language; the name of its routine does not
        let routine = server.routine().unwrap_or_default();
        match *server.code() {
            SqlState::INVALID_PASSWORD => ConnectError::WrongPassword {
                at,
                user,
                source: self.source.clone(),
            },
            SqlState::INVALID_CATALOG_NAME => ConnectError::NoSuchDatabase { at, database },
            SqlState::CANNOT_CONNECT_NOW => {
                let passing = !server
                    .detail()
                    .is_some_and(|detail| detail.contains("Hot standby mode is disabled"));
                ConnectError::StartingUp { at, message, passing }
            }
            SqlState::TOO_MANY_CONNECTIONS => ConnectError::TooManyConnections { at, message },
            SqlState::INSUFFICIENT_PRIVILEGE if says("database") || routine == "CheckMyDatabase" => {
                ConnectError::DatabaseDenied { at, database, user }
            }
            SqlState::INVALID_AUTHORIZATION_SPECIFICATION => {
                if says("valid client certificate") {
                    let reason = match self.parameters.tls.certificate {
                        Some(_) => message,
                        None => "it wants one, and none was sent".to_owned(),
                    };
                    ConnectError::ClientCertificate { at, reason }
                } else if says("pg_hba.conf") || routine == "ClientAuthentication" {
                    ConnectError::NoHbaEntry {
                        at,
                        user,
                        database,
                        encrypted,
                        message,
                    }
                } else if says("not permitted to log in") {
                    ConnectError::MayNotLogIn { at, user }
                } else if routine == "InitializeSessionUserId" {
                    ConnectError::NoSuchRole { at, user }
                } else if !encrypted && (says("SSL") || says("sslmode") || says("TLS")) {
                    ConnectError::TlsRequired { at, message }
                } else {
                    ConnectError::LoginRefused { at, user, message }
                }
            }
            _ if !encrypted
                && (says("sslmode=require") || says("SSL required") || says("SSL is required")) =>
            {
                ConnectError::TlsRequired { at, message }
            }
            // what PgBouncer says, under whatever code its version gives
            _ if says("unsupported startup parameter") => ConnectError::StartupParameter { at, message },
            _ if says("no such database") => ConnectError::NoSuchDatabase { at, database },
            _ if says("no more connections allowed") => ConnectError::TooManyConnections { at, message },
            _ => ConnectError::Server {
                at,
                sqlstate: server.code().code().to_owned(),
                message,
                detail: server.detail().map(str::to_owned),
                hint: server.hint().map(str::to_owned),
            },
        }
    }
}

/// A handshake that failed.
pub(super) fn tls_error(at: &Arc<Host>, error: &io::Error) -> ConnectError {
    use rustls::{AlertDescription, CertificateError, Error};
    let at = at.clone();
    let Some(inner) = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) else {
        let reason = match is_hang_up(error) {
            true => "the server closed the connection in the middle of the handshake".to_owned(),
            false => io_words(error),
        };
        return ConnectError::Handshake { at, reason };
    };
    match inner {
        Error::InvalidCertificate(certificate) => match certificate {
            CertificateError::UnknownIssuer => ConnectError::UnknownIssuer { at },
            CertificateError::NotValidForName => ConnectError::WrongName {
                at,
                names: Vec::new(),
            },
            CertificateError::NotValidForNameContext { presented, .. } => {
                let names = presented.iter().map(|name| bare_name(name)).collect();
                ConnectError::WrongName { at, names }
            }
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                ConnectError::Expired { at }
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                ConnectError::NotYetValid { at }
            }
            CertificateError::Revoked => ConnectError::Revoked { at },
            other => ConnectError::Handshake {
                at,
                reason: format!("its certificate is not accepted: {other}"),
            },
        },
        Error::AlertReceived(alert) => {
            let reason = match alert {
                AlertDescription::CertificateRequired => "it wants one, and none was sent",
                AlertDescription::UnknownCA => "it is signed by nobody whom the server trusts",
                AlertDescription::CertificateExpired => "it has expired",
                AlertDescription::CertificateRevoked => "it has been revoked",
                AlertDescription::BadCertificate
                | AlertDescription::UnsupportedCertificate
                | AlertDescription::CertificateUnknown => "it is not one that the server accepts",
                AlertDescription::NoApplicationProtocol => {
                    let reason = "the server does not know PostgreSQL's protocol inside TLS".to_owned();
                    return ConnectError::Handshake { at, reason };
                }
                AlertDescription::ProtocolVersion => {
                    let reason = "the server speaks other versions of TLS only".to_owned();
                    return ConnectError::Handshake { at, reason };
                }
                _ => {
                    return ConnectError::Handshake {
                        at,
                        reason: inner.to_string(),
                    };
                }
            };
            ConnectError::ClientCertificate {
                at,
                reason: reason.to_owned(),
            }
        }
        Error::InvalidMessage(_) => ConnectError::Handshake {
            at,
            reason: "the server answered with something that is not TLS".into(),
        },
        other => ConnectError::Handshake {
            at,
            reason: other.to_string(),
        },
    }
}

/// webpki shows names as `DnsName("example.com")`.
fn bare_name(shown: &str) -> String {
    match shown
        .split_once("(\"")
        .and_then(|(_, rest)| rest.split_once("\")"))
    {
        Some((name, _)) => name.to_owned(),
        None => match shown.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')')) {
            Some(inner) => inner.to_owned(),
            None => shown.to_owned(),
        },
    }
}

/// Whether the other end is gone.
pub(super) fn is_hang_up(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::UnexpectedEof
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
    )
}

/// What tokio-postgres says, with the causes that it keeps to itself.
pub(in crate::db) fn words(error: &tokio_postgres::Error) -> String {
    if let Some(error) = error.as_db_error() {
        return format!("{} ({})", error.message(), error.code().code());
    }
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&without_number(error.to_string()));
        cause = error.source();
    }
    text
}

/// An input or output error without `(os error 111)`.
pub(super) fn io_words(error: &io::Error) -> String {
    without_number(error.to_string())
}

fn without_number(mut text: String) -> String {
    if let Some(end) = text.find(" (os error") {
        text.truncate(end);
    }
    text
}
