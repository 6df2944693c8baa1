//! Opening a connection: hosts in order, TLS as asked, patience with a server that starts up.

mod error;
mod wire;

use std::collections::hash_map::RandomState;
use std::fmt;
use std::fs;
use std::future::poll_fn;
use std::hash::BuildHasher as _;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_postgres::error::DbError;
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect as _};
use tokio_postgres::{AsyncMessage, CancelToken, Client, SimpleQueryMessage};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::db::parameters::{
    Address, ChannelBinding, Host, Keepalives, Parameters, PasswordSource, SslMode, SslNegotiation,
    TargetSession,
};
use crate::db::secret::Secret;
use crate::db::tls::{self, TlsError};
use error::{Login, io_words, is_hang_up, tls_error};
use wire::{Ready, Stream, Wire};

pub use error::ConnectError;
pub(super) use error::words;

/// How long a server that starts up is waited for, in all.
const PATIENCE: Duration = Duration::from_secs(30);

/// "May we speak TLS?"
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// A session, with what the server said about itself while we logged in.
#[derive(Debug)]
pub struct Connection {
    pub client: Client,
    pub server: Server,
    /// What the server remarks along the way (NOTICE, WARNING), in order.
    pub notices: mpsc::UnboundedReceiver<DbError>,
    canceller: Canceller,
    driver: JoinHandle<()>,
    failure: Arc<OnceLock<tokio_postgres::Error>>,
}

/// The other end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// As the server reports it, e.g. `15.18 (Debian 15.18-0+deb12u1)`; empty when it does not.
    pub version: String,
    /// As a number, e.g. 150018; 0 when unknown.
    pub version_num: u32,
    /// The host as it was named, or the directory of the unix socket.
    pub host: String,
    pub port: u16,
    /// The address behind the name, when it is not a unix socket.
    pub address: Option<SocketAddr>,
    pub user: String,
    pub database: String,
    /// Whether the line is encrypted.
    pub encrypted: bool,
    /// Process id of the backend. A pooler gives a number of its own.
    pub process_id: Option<i32>,
    /// Whether it is a standby, when the server says so unasked (PostgreSQL 14).
    pub in_hot_standby: Option<bool>,
    /// `default_transaction_read_only`, when the server says so unasked (PostgreSQL 14).
    pub default_read_only: Option<bool>,
}

impl Connection {
    /// Whether the session is over.
    pub fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// What ended the session, when something did: the server's last words or the trouble on the line.
    pub fn failure(&self) -> Option<&tokio_postgres::Error> {
        self.failure.get()
    }

    /// Cancels the running statement, from a signal handler for instance.
    pub fn canceller(&self) -> Canceller {
        self.canceller.clone()
    }

    /// Takes leave and waits until the server has been told, so that the session is soon gone there too.
    pub async fn close(self) {
        drop(self.client);
        // a line that is dead cannot be waited for
        let _ = tokio::time::timeout(Duration::from_secs(5), self.driver).await;
    }
}

/// Cancels what a session is doing, through a connection of its own made like the first one.
#[derive(Clone)]
pub struct Canceller {
    token: CancelToken,
    route: Route,
    limit: Duration,
}

impl fmt::Debug for Canceller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Canceller")
            .field("route", &self.route)
            .finish_non_exhaustive()
    }
}

impl Canceller {
    /// Asks the server to cancel the running statement; whether it does shows at the statement. Works while a
    /// query runs.
    ///
    /// # Errors
    /// [`ConnectError`] when the server could not be asked.
    pub async fn cancel(&self) -> Result<(), ConnectError> {
        let at = self.route.at.clone();
        let request = async {
            let stream = self.route.again().await?;
            let cancelled = self.token.cancel_query_raw(Wire::new(stream), Ready).await;
            cancelled.map_err(|error| ConnectError::Protocol {
                at: at.clone(),
                reason: words(&error),
            })
        };
        match tokio::time::timeout(self.limit, request).await {
            Ok(result) => result,
            Err(_) => Err(ConnectError::Timeout {
                at: at.clone(),
                after: self.limit,
            }),
        }
    }
}

/// What happens while we wait, for whoever shows it.
#[derive(Debug)]
pub enum ConnectEvent<'a> {
    /// No host would have us yet, but one may soon: we try again after `pause`.
    Waiting {
        reason: &'a ConnectError,
        elapsed: Duration,
        pause: Duration,
    },
}

type Ask<'a> = &'a mut (dyn FnMut(&Parameters) -> Option<Secret> + Send);
type Tell<'a> = &'a mut (dyn FnMut(ConnectEvent<'_>) + Send);

/// Opens a connection with more than the parameters to go by.
pub struct Connector<'a> {
    parameters: &'a Parameters,
    ask_password: Option<Ask<'a>>,
    on_event: Option<Tell<'a>>,
    patience: Duration,
}

/// Connects by the parameters alone: nobody is asked for a password.
///
/// # Errors
/// Every [`ConnectError`].
pub async fn connect(parameters: &Parameters) -> Result<Connection, ConnectError> {
    Connector::new(parameters).connect().await
}

impl<'a> Connector<'a> {
    pub fn new(parameters: &'a Parameters) -> Connector<'a> {
        Connector {
            parameters,
            ask_password: None,
            on_event: None,
            patience: PATIENCE,
        }
    }

    /// Called once when the server wants a password and none is known.
    #[must_use]
    pub fn ask_password(mut self, ask: Ask<'a>) -> Connector<'a> {
        self.ask_password = Some(ask);
        self
    }

    /// Called when there is something to tell.
    #[must_use]
    pub fn on_event(mut self, tell: Tell<'a>) -> Connector<'a> {
        self.on_event = Some(tell);
        self
    }

    /// How long to wait in all for a server that starts up; 30 seconds otherwise, and never longer.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Connector<'a> {
        self.patience = patience;
        self
    }

    /// Connects.
    ///
    /// # Errors
    /// Every [`ConnectError`].
    pub async fn connect(mut self) -> Result<Connection, ConnectError> {
        let begin = Instant::now();
        let mut pause = Duration::from_millis(100);
        let mut prompted: Option<Secret> = None;
        let tls = match self.parameters.tls.mode {
            SslMode::Disable => None,
            _ => Some(tls::prepare(&self.parameters.tls)),
        };
        loop {
            let attempt = Attempt {
                parameters: self.parameters,
                tls: tls.as_ref(),
                prompted: prompted.as_ref(),
            };
            let error = match attempt.every_host().await {
                Ok(connection) => return Ok(connection),
                Err(error) => error,
            };
            if matches!(error, ConnectError::NoPassword { .. })
                && prompted.is_none()
                && let Some(ask) = self.ask_password.take()
                && let Some(secret) = ask(self.parameters)
            {
                prompted = Some(secret);
                continue;
            }
            let limit = self.patience.min(error.worth_waiting().unwrap_or_default());
            let elapsed = begin.elapsed();
            if elapsed + pause > limit {
                return Err(error);
            }
            if let Some(tell) = &mut self.on_event {
                tell(ConnectEvent::Waiting {
                    reason: &error,
                    elapsed,
                    pause,
                });
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(2));
        }
    }
}

/// One way to encrypt a line, or none.
#[derive(Clone, Copy)]
enum Encryption<'a> {
    Plain,
    /// Offered, and done without when the server says no.
    Offer(&'a MakeRustlsConnect),
    Demand(&'a MakeRustlsConnect),
}

/// All hosts once.
struct Attempt<'a> {
    parameters: &'a Parameters,
    tls: Option<&'a Result<MakeRustlsConnect, TlsError>>,
    prompted: Option<&'a Secret>,
}

impl Attempt<'_> {
    async fn every_host(&self) -> Result<Connection, ConnectError> {
        let mut hosts: Vec<Arc<Host>> = self.parameters.hosts.iter().cloned().map(Arc::new).collect();
        if self.parameters.shuffle_hosts {
            let random = RandomState::new();
            hosts.sort_by_cached_key(|host| random.hash_one(host.to_string()));
        }
        let wanted = self.parameters.target_session;
        let mut passes = vec![wanted];
        if wanted == TargetSession::PreferStandby {
            passes.push(TargetSession::Any);
        }
        let mut attempts = Vec::new();
        for wanted in passes {
            attempts.clear();
            for host in &hosts {
                match self.host(host, wanted).await {
                    Ok(connection) => return Ok(connection),
                    Err(error) if error.is_about_the_host() => attempts.push(error),
                    Err(error) => return Err(error),
                }
            }
        }
        match attempts.len() {
            1 => Err(attempts.remove(0)),
            _ => Err(ConnectError::NoHost { attempts }),
        }
    }

    /// One host, with one encryption after the other, as `sslmode` has it.
    async fn host(&self, host: &Arc<Host>, wanted: TargetSession) -> Result<Connection, ConnectError> {
        let (first, second) = self.encryptions(host)?;
        let error = match self.addresses(host, first, wanted).await {
            Ok(connection) => return Ok(connection),
            Err(error) => error,
        };
        let Some(second) = second.filter(|_| error.is_about_encryption()) else {
            return Err(error);
        };
        match self.addresses(host, second, wanted).await {
            Ok(connection) => Ok(connection),
            // the second way was closed as well: the first one is what was wanted
            Err(other) if other.is_about_encryption() => Err(error),
            Err(other) => Err(other),
        }
    }

    fn encryptions(
        &self,
        host: &Arc<Host>,
    ) -> Result<(Encryption<'_>, Option<Encryption<'_>>), ConnectError> {
        // nobody can listen on a socket, and servers do not offer TLS there
        let tls = self.tls.filter(|_| host.socket_path().is_none());
        Ok(match (self.parameters.tls.mode, tls) {
            (SslMode::Disable, _) | (_, None) => (Encryption::Plain, None),
            (SslMode::Allow, Some(Ok(tls))) => (Encryption::Plain, Some(Encryption::Demand(tls))),
            (SslMode::Prefer, Some(Ok(tls))) => (Encryption::Offer(tls), Some(Encryption::Plain)),
            (SslMode::Allow | SslMode::Prefer, Some(Err(_))) => (Encryption::Plain, None),
            (_, Some(Ok(tls))) => (Encryption::Demand(tls), None),
            (_, Some(Err(error))) => return Err(ConnectError::Tls { error: error.clone() }),
        })
    }

    /// Every address of a host, until one of them answers.
    async fn addresses(
        &self,
        host: &Arc<Host>,
        encryption: Encryption<'_>,
        wanted: TargetSession,
    ) -> Result<Connection, ConnectError> {
        let limit = self.parameters.connect_timeout;
        let found: Vec<Option<SocketAddr>> = match &host.address {
            Address::Unix { .. } => vec![None],
            Address::Tcp { addr: Some(addr), .. } => vec![Some(SocketAddr::new(*addr, host.port))],
            Address::Tcp { name, addr: None } => {
                let looked_up = within(limit, host, resolve(name, host.port)).await?;
                looked_up.into_iter().map(Some).collect()
            }
        };
        let mut first = None;
        for address in found {
            let mut route = Route::new(self.parameters, host, address);
            let login = async {
                let line = route.open().await?;
                let stream = route.encrypt(line, encryption).await?;
                self.log_in(&route, stream, wanted).await
            };
            match within(limit, host, login).await {
                Ok(connection) => return Ok(connection),
                Err(error) if error.is_about_the_line() => first = first.or(Some(error)),
                Err(error) => return Err(error),
            }
        }
        Err(first.unwrap_or_else(|| ConnectError::Dns {
            host: host.name(),
            reason: "no address".into(),
        }))
    }

    async fn log_in(
        &self,
        route: &Route,
        stream: Stream,
        wanted: TargetSession,
    ) -> Result<Connection, ConnectError> {
        let parameters = self.parameters;
        let password = match self.prompted {
            Some(secret) => Some((secret, PasswordSource::Prompt)),
            None => parameters.password_for(&route.at),
        };
        let mut config = tokio_postgres::Config::new();
        config
            .user(&parameters.user)
            .dbname(&parameters.database)
            // the handshake, if any, is behind us: see `Ready`
            .ssl_mode(tokio_postgres::config::SslMode::Require)
            .ssl_negotiation(tokio_postgres::config::SslNegotiation::Direct)
            .channel_binding(match parameters.channel_binding {
                ChannelBinding::Disable => tokio_postgres::config::ChannelBinding::Disable,
                ChannelBinding::Prefer => tokio_postgres::config::ChannelBinding::Prefer,
                ChannelBinding::Require => tokio_postgres::config::ChannelBinding::Require,
            });
        if let Some((secret, _)) = &password {
            config.password(secret.expose());
        }
        // a pooler refuses parameters that it does not know: only what was asked for is sent
        if let Some(options) = &parameters.options {
            config.options(options);
        }
        if let Some(name) = &parameters.application_name {
            config.application_name(name);
        }
        let encrypted = stream.is_encrypted();
        let (wire, heard) = Wire::overheard(stream, parameters.require_auth.clone());
        let (client, mut session) = match config.connect_raw(wire, Ready).await {
            Ok(pair) => pair,
            Err(error) => {
                let source = password.map(|(_, source)| source);
                return Err(Login {
                    parameters,
                    at: &route.at,
                    encrypted,
                    heard: &heard,
                    source,
                }
                .error(&error));
            }
        };

        let on = |name: &str| session.parameter(name).map(|value| value == "on");
        let version = session.parameter("server_version").unwrap_or_default().to_owned();
        let server = Server {
            version_num: version_number(&version),
            version,
            host: route.at.name(),
            port: route.at.port,
            address: route.address,
            user: parameters.user.clone(),
            database: parameters.database.clone(),
            encrypted,
            process_id: heard.process_id(),
            in_hot_standby: on("in_hot_standby"),
            default_read_only: on("default_transaction_read_only"),
        };
        let canceller = Canceller {
            token: client.cancel_token(),
            route: route.clone(),
            limit: parameters.connect_timeout.unwrap_or(Duration::from_secs(15)),
        };
        let (sender, notices) = mpsc::unbounded_channel();
        let failure = Arc::new(OnceLock::new());
        let last_words = Arc::clone(&failure);
        let driver = tokio::spawn(async move {
            loop {
                match poll_fn(|context| session.poll_message(context)).await {
                    Some(Ok(AsyncMessage::Notice(notice))) => {
                        // nobody may be listening
                        let _ = sender.send(notice);
                    }
                    Some(Ok(_)) => {}
                    Some(Err(error)) => {
                        let _ = last_words.set(error);
                        return;
                    }
                    None => return,
                }
            }
        });
        let connection = Connection {
            client,
            server,
            notices,
            canceller,
            driver,
            failure,
        };
        if wanted == TargetSession::Any || connection.is_target(wanted).await? {
            return Ok(connection);
        }
        connection.close().await;
        Err(ConnectError::TargetSession {
            at: route.at.clone(),
            wanted: parameters.target_session,
        })
    }
}

impl Connection {
    /// Whether this is the kind of server that is wanted. Servers before 14 and poolers have to be asked.
    async fn is_target(&self, wanted: TargetSession) -> Result<bool, ConnectError> {
        let (standby, read_only) = match (self.server.in_hot_standby, self.server.default_read_only) {
            (Some(standby), Some(read_only)) => (standby, read_only || standby),
            _ => self.ask_for_kind().await?,
        };
        Ok(match wanted {
            TargetSession::Any => true,
            TargetSession::ReadWrite => !read_only,
            TargetSession::ReadOnly => read_only,
            TargetSession::Primary => !standby,
            TargetSession::Standby | TargetSession::PreferStandby => standby,
        })
    }

    async fn ask_for_kind(&self) -> Result<(bool, bool), ConnectError> {
        let sql = "select pg_catalog.pg_is_in_recovery()::text, pg_catalog.current_setting('transaction_read_only')";
        let answer = self
            .client
            .simple_query(sql)
            .await
            .map_err(|error| ConnectError::Protocol {
                at: self.canceller.route.at.clone(),
                reason: words(&error),
            })?;
        let row = answer.iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some((row.get(0) == Some("true"), row.get(1) == Some("on"))),
            _ => None,
        });
        Ok(row.unwrap_or_default())
    }
}

/// Runs it, for as long as one address of a host may take.
async fn within<T>(
    limit: Option<Duration>,
    at: &Arc<Host>,
    work: impl Future<Output = Result<T, ConnectError>>,
) -> Result<T, ConnectError> {
    let Some(after) = limit else { return work.await };
    match tokio::time::timeout(after, work).await {
        Ok(result) => result,
        Err(_) => Err(ConnectError::Timeout {
            at: at.clone(),
            after,
        }),
    }
}

async fn resolve(name: &str, port: u16) -> Result<Vec<SocketAddr>, ConnectError> {
    match tokio::net::lookup_host((name, port)).await {
        Ok(found) => Ok(found.collect()),
        Err(error) => Err(ConnectError::Dns {
            host: name.to_owned(),
            reason: io_words(&error),
        }),
    }
}

/// One way to one server, remembered so that a cancel request takes the same.
#[derive(Clone)]
struct Route {
    at: Arc<Host>,
    address: Option<SocketAddr>,
    keepalives: Keepalives,
    negotiation: SslNegotiation,
    mode: SslMode,
    require_peer: Option<String>,
    /// What the line was encrypted with.
    tls: Option<MakeRustlsConnect>,
}

impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.at)
    }
}

impl Route {
    fn new(parameters: &Parameters, host: &Arc<Host>, address: Option<SocketAddr>) -> Route {
        Route {
            at: host.clone(),
            address,
            keepalives: parameters.keepalives.clone(),
            negotiation: parameters.tls.negotiation,
            mode: parameters.tls.mode,
            require_peer: parameters.require_peer.clone(),
            tls: None,
        }
    }

    /// The bare line.
    async fn open(&self) -> Result<Stream, ConnectError> {
        if let Some(address) = self.address {
            let stream = TcpStream::connect(address)
                .await
                .map_err(|error| self.fault(&error))?;
            // options that the system lacks are no reason to give up
            let _ = stream.set_nodelay(true);
            let _ = keep_alive(&stream, &self.keepalives);
            return Ok(Stream::Tcp(stream));
        }
        let path = self.at.socket_path().unwrap_or_default();
        // Linux's abstract namespace: a name that begins with NUL
        let opened = match path.to_str().and_then(|text| text.strip_prefix('@')) {
            Some(name) => UnixStream::connect(format!("\0{name}")).await,
            None => UnixStream::connect(&path).await,
        };
        let stream = opened.map_err(|error| self.fault(&error))?;
        if let Some(wanted) = &self.require_peer {
            let peer = stream.peer_cred().map_err(|error| self.fault(&error))?;
            let found = account_name(peer.uid());
            if found != *wanted {
                return Err(ConnectError::WrongPeer {
                    at: self.at.clone(),
                    wanted: wanted.clone(),
                    found,
                });
            }
        }
        Ok(Stream::Unix(stream))
    }

    /// Puts TLS on the line.
    async fn encrypt(&mut self, line: Stream, encryption: Encryption<'_>) -> Result<Stream, ConnectError> {
        let (tls, demanded) = match encryption {
            Encryption::Plain => return Ok(line),
            Encryption::Offer(tls) => (tls, false),
            Encryption::Demand(tls) => (tls, true),
        };
        let Stream::Tcp(mut line) = line else {
            return Ok(line);
        };
        if self.negotiation == SslNegotiation::Postgres {
            let answer = async {
                line.write_all(&SSL_REQUEST).await?;
                line.read_u8().await
            };
            match answer.await {
                Ok(b'S') => {}
                Ok(b'N') if demanded => {
                    return Err(ConnectError::TlsNotOffered {
                        at: self.at.clone(),
                        mode: self.mode,
                    });
                }
                Ok(b'N') => return Ok(Stream::Tcp(line)),
                // an error of the server, in the clear: whoever sits between us could have written it
                Ok(b'E') => {
                    let reason = "it answered the request for TLS with an error".to_owned();
                    return Err(ConnectError::Handshake {
                        at: self.at.clone(),
                        reason,
                    });
                }
                Ok(_) => {
                    let reason = "the answer to the request for TLS is neither yes nor no".to_owned();
                    return Err(ConnectError::Protocol {
                        at: self.at.clone(),
                        reason,
                    });
                }
                Err(error) => return Err(self.fault(&error)),
            }
        }
        self.tls = Some(tls.clone());
        self.handshake(line).await
    }

    async fn handshake(&self, line: TcpStream) -> Result<Stream, ConnectError> {
        let Some(mut tls) = self.tls.clone() else {
            return Ok(Stream::Tcp(line));
        };
        let name = self.at.name();
        let name = name.trim_end_matches('.');
        let Ok(connector) = MakeTlsConnect::<TcpStream>::make_tls_connect(&mut tls, name);
        match connector.connect(line).await {
            Ok(stream) => Ok(Stream::Tls(Box::new(stream))),
            Err(error) => Err(tls_error(&self.at, &error)),
        }
    }

    /// The same once more, for a cancel request.
    async fn again(&self) -> Result<Stream, ConnectError> {
        let line = self.open().await?;
        match &self.tls {
            Some(tls) => self.clone().encrypt(line, Encryption::Demand(tls)).await,
            None => Ok(line),
        }
    }

    fn fault(&self, error: &io::Error) -> ConnectError {
        let at = self.at.clone();
        match (error.kind(), self.at.socket_path()) {
            (io::ErrorKind::NotFound, Some(path)) => ConnectError::SocketMissing { path },
            (io::ErrorKind::PermissionDenied, Some(path)) => ConnectError::SocketDenied { path },
            (io::ErrorKind::ConnectionRefused, _) => ConnectError::Refused { at },
            (io::ErrorKind::TimedOut, _) => ConnectError::Unreachable {
                at,
                reason: "no answer".into(),
            },
            _ if is_hang_up(error) => ConnectError::Closed { at },
            _ => ConnectError::Unreachable {
                at,
                reason: io_words(error),
            },
        }
    }
}

fn keep_alive(stream: &TcpStream, keepalives: &Keepalives) -> io::Result<()> {
    let socket = socket2::SockRef::from(stream);
    if keepalives.enabled {
        let mut times = socket2::TcpKeepalive::new();
        if let Some(idle) = keepalives.idle {
            times = times.with_time(idle);
        }
        if let Some(interval) = keepalives.interval {
            times = times.with_interval(interval);
        }
        if let Some(count) = keepalives.count {
            times = times.with_retries(count);
        }
        socket.set_keepalive(true)?;
        socket.set_tcp_keepalive(&times)?;
    }
    #[cfg(target_os = "linux")]
    if keepalives.user_timeout.is_some() {
        socket.set_tcp_user_timeout(keepalives.user_timeout)?;
    }
    Ok(())
}

/// The name of an account, else its number.
fn account_name(uid: u32) -> String {
    let passwd = fs::read_to_string(Path::new("/etc/passwd")).unwrap_or_default();
    let number = uid.to_string();
    let found = passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == number).then(|| name.to_owned())
    });
    found.unwrap_or(number)
}

/// `15.18 (Debian …)` → 150018, `9.6.3` → 90603, `18beta1` → 180000.
pub(super) fn version_number(version: &str) -> u32 {
    let end = version
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(version.len());
    let mut parts = version[..end]
        .split('.')
        .map(|part| part.parse::<u32>().unwrap_or(0));
    let mut next = || parts.next().unwrap_or(0).min(9999);
    let (major, minor) = (next(), next());
    match major {
        0..10 => major * 10_000 + minor.min(99) * 100 + next().min(99),
        _ => major * 10_000 + minor,
    }
}
