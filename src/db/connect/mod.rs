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
use tokio::sync::{mpsc, watch};
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
    left: watch::Receiver<()>,
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
    /// Whether the database holds any text: its encoding is UTF8, as far as the server says.
    pub is_unicode: bool,
}

impl Server {
    /// Whether it is reached through a socket of this machine, so that an answer takes no time on the way.
    pub fn is_socket(&self) -> bool {
        self.address.is_none()
    }
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

    /// Waits until a message that is sent from now on has been handed to the system in full, or never will be.
    pub fn message_left(&self) -> impl Future<Output = ()> + use<> {
        let mut left = self.left.clone();
        left.mark_unchanged();
        async move {
            // no error but the end of the line
            let _ = left.changed().await;
        }
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

/// A connection under way, while something else is done.
#[derive(Debug)]
pub struct HeadStart(JoinHandle<Result<Connection, ConnectError>>);

impl HeadStart {
    /// Begins to connect, as far as that goes without waiting for the server. Nobody is asked or told anything, and
    /// what fails is not tried again.
    pub async fn begin(parameters: Parameters) -> HeadStart {
        let connecting = tokio::spawn(async move {
            let connector = Connector::new(&parameters).patience(Duration::ZERO);
            connector.connect().await
        });
        for _ in 0..STEPS_OF_HEAD_START {
            tokio::task::yield_now().await;
        }
        HeadStart(connecting)
    }

    /// The connection; `None` when it has to be tried again with all patience, or with somebody to ask.
    ///
    /// # Errors
    /// A [`ConnectError`] that trying again would not change.
    pub async fn arrive(mut self) -> Result<Option<Connection>, ConnectError> {
        match (&mut self.0).await {
            Ok(Ok(connection)) => Ok(Some(connection)),
            Ok(Err(error)) => {
                let may_change =
                    matches!(error, ConnectError::NoPassword { .. }) || error.worth_waiting().is_some();
                if may_change { Ok(None) } else { Err(error) }
            }
            Err(_) => Ok(None),
        }
    }
}

impl Drop for HeadStart {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// How often others get their turn until a first packet has left: the line, its readiness, the packet.
const STEPS_OF_HEAD_START: usize = 8;

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
        let left = wire.left();
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

        let in_hot_standby = session.parameter("in_hot_standby").map(|value| value == "on");
        let read_only = session
            .parameter("default_transaction_read_only")
            .map(|value| value == "on");
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
            in_hot_standby,
            default_read_only: read_only,
            is_unicode: session
                .parameter("server_encoding")
                .is_none_or(|name| name == "UTF8"),
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
            left,
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

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;
    use tokio::sync::OnceCell;

    use super::*;
    use crate::db::parameters::Surroundings;
    use crate::db::scratch::{Options, Scratch};

    /// A server with one rule for each way to log in. It ends with this process.
    async fn server() -> &'static Scratch {
        static SERVER: OnceCell<Scratch> = OnceCell::const_new();
        SERVER.get_or_init(|| async { start().await.unwrap() }).await
    }

    async fn start() -> Result<Scratch, crate::db::scratch::ScratchError> {
        let hba = "local all peered peer\n\
                   local all all trust\n\
                   host all nobody_at_all 127.0.0.1/32 reject\n\
                   host all scram 127.0.0.1/32 scram-sha-256\n\
                   host all md5 127.0.0.1/32 md5\n\
                   host all clear 127.0.0.1/32 password\n\
                   hostssl all encrypted 127.0.0.1/32 trust\n\
                   host all absent,locked,reader,trusted,crowded 127.0.0.1/32 trust\n";
        let options = Options {
            tcp: true,
            hba: Some(hba.into()),
            ..Options::default()
        };
        let scratch = Scratch::start(options).await?;
        let sql = "set password_encryption = 'scram-sha-256'; create role scram login password 'right'; create role peered login; create role locked;
                   set password_encryption = md5; create role md5 login password 'right';
                   set password_encryption = 'scram-sha-256'; create role clear login password 'right';
                   create role reader login; alter role reader set default_transaction_read_only = on;
                   create role trusted login; create role crowded login connection limit 0;
                   create role encrypted login;";
        scratch.run("postgres", sql).await?;
        scratch.run("postgres", "create database closed").await?;
        scratch
            .run("postgres", "revoke connect on database closed from public")
            .await?;
        Ok(scratch)
    }

    fn resolve(given: &str) -> Parameters {
        Parameters::resolve(Some(given), &|_| None, &Surroundings::default()).unwrap()
    }

    /// `{port}` and `{socket}` are those of the server.
    async fn parameters(given: &str) -> Parameters {
        let server = server().await;
        let socket = server.directory().display().to_string();
        resolve(
            &given
                .replace("{port}", &server.port().to_string())
                .replace("{socket}", &socket),
        )
    }

    /// The error, with what differs from run to run left out.
    async fn error(given: &str) -> (ConnectError, String) {
        let parameters = parameters(given).await;
        let error = Connector::new(&parameters)
            .patience(Duration::ZERO)
            .connect()
            .await
            .unwrap_err();
        let server = server().await;
        let text = format!("{}\n  help: {}", error.message(), error.help());
        let text = text
            .replace(&server.directory().display().to_string(), "DIR")
            .replace(&format!(":{}", server.port()), ":PORT")
            .replace(&format!("PGSQL.{}", server.port()), "PGSQL.PORT");
        assert!(!text.contains("secret"), "{text}");
        (error, text)
    }

    async fn one(connection: &Connection, sql: &str) -> String {
        connection.client.query_one(sql, &[]).await.unwrap().get(0)
    }

    #[tokio::test]
    async fn each_way_to_log_in() {
        for (user, password) in [
            ("scram", "right"),
            ("md5", "right"),
            ("clear", "right"),
            ("trusted", ""),
            ("trusted", "unused"),
        ] {
            let given =
                format!("host=127.0.0.1 port={{port}} dbname=postgres user={user} password='{password}'");
            let parameters = parameters(&given)
                .await
                .with_default_application_name("pgplumb test");
            let connection = connect(&parameters).await.unwrap();
            assert_eq!(one(&connection, "select current_user::text").await, user);
            assert_eq!(
                one(&connection, "select current_setting('application_name')").await,
                "pgplumb test"
            );
            assert_eq!(
                one(&connection, "select current_setting('client_encoding')").await,
                "UTF8"
            );
            assert_eq!(connection.server.version_num, server().await.version_num());
            assert!(!connection.server.encrypted);
            let unasked = (connection.server.version_num >= 140_000).then_some(false);
            assert_eq!(connection.server.in_hot_standby, unasked);
            connection.close().await;
        }
        let parameters = parameters(
            "postgres://postgres@/postgres?host={socket}&port={port}&options=-c%20work_mem%3D77kB",
        );
        let connection = connect(&parameters.await).await.unwrap();
        assert_eq!(
            one(&connection, "select current_setting('work_mem')").await,
            "77kB"
        );
        assert_eq!(
            one(&connection, "select current_setting('application_name')").await,
            ""
        );
    }

    #[tokio::test]
    #[rustfmt::skip]
    async fn errors_name_their_object_and_help() {
        let tcp = "host=127.0.0.1 port={port} dbname=postgres";
        let socket = "host={socket} port={port} dbname=postgres";
        for (given, expected) in [
            (format!("{tcp} user=scram password=secret"), "127.0.0.1:PORT refused the password of scram, which came from the connection string\n  help: correct it in the connection string"),
            (format!("{tcp} user=md5 password=secret"), "127.0.0.1:PORT refused the password of md5, which came from the connection string\n  help: correct it in the connection string"),
            (format!("{tcp} user=scram"), "127.0.0.1:PORT asks for the password of scram, and none is known\n  help: set PGPASSWORD, or add a line host:port:database:user:password to ~/.pgpass"),
            (format!("{tcp} user=clear"), "127.0.0.1:PORT asks for the password of clear, and none is known\n  help: set PGPASSWORD, or add a line host:port:database:user:password to ~/.pgpass"),
            (format!("{tcp} user=absent"), "the role absent does not exist at 127.0.0.1:PORT\n  help: name another user (PGUSER, or in the URL), or create it: create role absent login"),
            (format!("{tcp} user=locked"), "the role locked may not log in at 127.0.0.1:PORT\n  help: allow it: alter role locked login"),
            (format!("{tcp} user=stranger"), "pg_hba.conf of 127.0.0.1:PORT does not let stranger into postgres without encryption\n  help: add a line for it to pg_hba.conf and reload the server, or connect with sslmode=require"),
            (format!("{tcp} user=nobody_at_all"), "pg_hba.conf of 127.0.0.1:PORT does not let nobody_at_all into postgres without encryption\n  help: add a line for it to pg_hba.conf and reload the server, or connect with sslmode=require"),
            (format!("{tcp} user=encrypted sslmode=disable"), "pg_hba.conf of 127.0.0.1:PORT does not let encrypted into postgres without encryption\n  help: add a line for it to pg_hba.conf and reload the server, or connect with sslmode=require"),
            (format!("{tcp} user=trusted sslmode=require"), "127.0.0.1:PORT does not speak TLS, and sslmode is require\n  help: switch ssl on in postgresql.conf, or write sslmode=prefer if nobody can listen on the way"),
            (format!("{tcp} user=crowded"), "127.0.0.1:PORT has no connection to spare: too many connections for role \"crowded\"\n  help: close idle sessions, or raise max_connections or the pool's size"),
            (format!("{tcp} user=trusted dbname=absent"), "the database absent does not exist at 127.0.0.1:PORT\n  help: name another one, or create it: createdb absent"),
            (format!("{tcp} user=trusted dbname=closed"), "trusted may not connect to the database closed at 127.0.0.1:PORT\n  help: allow it: grant connect on database closed to trusted"),
            (format!("{tcp} user=trusted options='-c no_such=1'"), "127.0.0.1:PORT refused the login: unrecognized configuration parameter \"no_such\" (SQLSTATE 42704)\n  help: correct what options (PGOPTIONS) sets"),
            (format!("{tcp} user=trusted require_auth=scram-sha-256"), "127.0.0.1:PORT asks for no authentication at all, which require_auth does not allow\n  help: allow it with require_auth, or change the method in pg_hba.conf"),
            (format!("{tcp} user=clear password=secret require_auth=!password"), "127.0.0.1:PORT asks for a login by password, which require_auth does not allow\n  help: allow it with require_auth, or change the method in pg_hba.conf"),
            (format!("{tcp} user=scram password=right channel_binding=require"), "the connection to 127.0.0.1:PORT is not encrypted, and channel_binding is require\n  help: write sslmode=require"),
            (format!("{tcp} user=reader target_session_attrs=read-write"), "127.0.0.1:PORT does not accept writes, and target_session_attrs is read-write\n  help: name the right host, or change target_session_attrs"),
            (format!("{tcp} user=trusted target_session_attrs=standby"), "127.0.0.1:PORT is not a standby, and target_session_attrs is standby\n  help: name the right host, or change target_session_attrs"),
            (format!("{socket} user=peered"), "socket DIR/.s.PGSQL.PORT refused the login of peered: Peer authentication failed for user \"peered\"\n  help: run as the operating system's user of that name, or connect through TCP with a password: PGHOST=localhost"),
            (format!("{socket} user=postgres requirepeer=somebody"), "the server at the socket DIR/.s.PGSQL.PORT runs as PEER, and requirepeer is somebody\n  help: make sure of the server, or change requirepeer"),
            ("host=/nonexistent port=5432 user=u".into(), "no server has its socket at /nonexistent/.s.PGSQL.5432\n  help: start the server, or name its host: -d postgresql://host/database, or PGHOST"),
            ("host=127.0.0.1 port=1 user=u".into(), "127.0.0.1:1 refused the connection: no server listens there\n  help: check host and port, and that the server runs and has listen_addresses set"),
            ("host=::1 port=1 user=u".into(), "[::1]:1 refused the connection: no server listens there\n  help: check host and port, and that the server runs and has listen_addresses set"),
            ("host=127.0.0.1,127.0.0.1 port=1,2 user=u".into(), "none of the 2 hosts can be used: 127.0.0.1:1 refused the connection: no server listens there; 127.0.0.1:2 refused the connection: no server listens there\n  help: check host and port, and that the server runs and has listen_addresses set"),
            ("host=127.0.0.1 port=1 user=u sslmode=verify-full".into(), "sslmode=verify-full needs root certificates, and none are named\n  help: name the file with sslrootcert, or trust the system's list with sslrootcert=system"),
        ] {
            let (_, text) = error(&given).await;
            let peer = account_name(fs::metadata(server().await.directory().join("data")).map(|data| std::os::unix::fs::MetadataExt::uid(&data)).unwrap());
            assert_eq!(text, expected.replace("PEER", &peer), "{given}");
        }
        let (found, text) = error("host=no-such-host.invalid user=u").await;
        assert!(matches!(found, ConnectError::Dns { .. }), "{text}");
        assert!(text.starts_with("the host no-such-host.invalid cannot be found: "), "{text}");
        assert!(!text.contains("os error"), "{text}");
    }

    #[tokio::test]
    async fn the_source_of_a_wrong_password_is_named() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join(".pgpass");
        fs::write(&path, "127.0.0.1:*:*:scram:secret\n").unwrap();
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        let surroundings = Surroundings {
            home: Some(home.path().to_owned()),
            ..Surroundings::default()
        };
        let given = format!(
            "host=127.0.0.1 port={} user=scram dbname=postgres",
            server().await.port()
        );
        let parameters = Parameters::resolve(Some(&given), &|_| None, &surroundings).unwrap();
        let error = connect(&parameters).await.unwrap_err();
        assert!(
            error
                .message()
                .ends_with(&format!("which came from {}", path.display())),
            "{error}"
        );
        assert!(
            error
                .help()
                .starts_with(&format!("correct the first line of {}", path.display()))
        );
        let env = |name: &str| (name == "PGPASSWORD").then(|| "secret".to_owned());
        let parameters = Parameters::resolve(Some(&given), &env, &surroundings).unwrap();
        let error = connect(&parameters).await.unwrap_err();
        assert!(error.message().ends_with("which came from PGPASSWORD"), "{error}");
        assert_eq!(error.sqlstate(), Some("28P01"));
    }

    #[tokio::test]
    async fn a_password_is_asked_for_once() {
        let parameters = parameters("host=127.0.0.1 port={port} user=scram dbname=postgres").await;
        for (answer, calls) in [(Some("right"), 1), (Some("secret"), 1), (None, 1)] {
            let mut called = 0;
            let mut ask = |asked: &Parameters| {
                assert_eq!(asked.user(), "scram");
                called += 1;
                answer.map(Secret::new)
            };
            let outcome = Connector::new(&parameters).ask_password(&mut ask).connect().await;
            assert_eq!(called, calls);
            match (answer, outcome) {
                (Some("right"), Ok(connection)) => connection.close().await,
                (Some(_), Err(error)) => {
                    assert!(error.message().ends_with("which came from the prompt"), "{error}");
                }
                (None, Err(error)) => assert!(matches!(error, ConnectError::NoPassword { .. }), "{error}"),
                (_, outcome) => panic!("{outcome:?}"),
            }
        }
        // a server that asks for none leaves us in peace
        let trusted =
            super::tests::parameters("host=127.0.0.1 port={port} user=trusted dbname=postgres").await;
        let mut ask = |_: &Parameters| panic!("asked for nothing");
        Connector::new(&trusted)
            .ask_password(&mut ask)
            .connect()
            .await
            .unwrap()
            .close()
            .await;
    }

    #[tokio::test]
    async fn hosts_are_tried_in_order() {
        let given =
            "host=no-such-host.invalid,127.0.0.1,127.0.0.1 port=1,1,{port} user=trusted dbname=postgres";
        let connection = connect(&parameters(given).await).await.unwrap();
        assert_eq!(connection.server.port, server().await.port());
        // a wrong password ends the search
        let given = "host=127.0.0.1,127.0.0.1 port={port},1 user=scram password=secret dbname=postgres";
        assert!(matches!(error(given).await.0, ConnectError::WrongPassword { .. }));
        for (user, wanted, fits) in [
            ("trusted", "any", true),
            ("trusted", "read-write", true),
            ("trusted", "read-only", false),
            ("trusted", "primary", true),
            ("trusted", "standby", false),
            ("trusted", "prefer-standby", true),
            ("reader", "read-only", true),
            ("reader", "read-write", false),
            ("reader", "primary", true),
        ] {
            let given = format!(
                "host=127.0.0.1 port={{port}} user={user} dbname=postgres target_session_attrs={wanted}"
            );
            assert_eq!(
                connect(&parameters(&given).await).await.is_ok(),
                fits,
                "{user} {wanted}"
            );
        }
        let given = "host=127.0.0.1 port={port} dbname=postgres user=";
        for (user, kind) in [("trusted", (false, false)), ("reader", (false, true))] {
            let connection = connect(&parameters(&format!("{given}{user}")).await)
                .await
                .unwrap();
            assert_eq!(connection.ask_for_kind().await.unwrap(), kind, "{user}");
        }
    }

    #[tokio::test]
    async fn notices_arrive_in_order() {
        let mut connection = server().await.connect("postgres").await.unwrap();
        let sql = "do $$ begin for n in 1..3 loop raise notice 'n %', n; end loop; raise warning 'w'; end $$";
        connection.client.batch_execute(sql).await.unwrap();
        let mut heard = Vec::new();
        while heard.len() < 4 {
            let notice = connection.notices.recv().await.unwrap();
            heard.push(format!("{} {}", notice.severity(), notice.message()));
        }
        assert_eq!(heard, ["NOTICE n 1", "NOTICE n 2", "NOTICE n 3", "WARNING w"]);
    }

    #[tokio::test]
    async fn a_running_statement_is_cancelled() {
        for given in [
            "host={socket} port={port} user=postgres",
            "host=127.0.0.1 port={port} user=trusted dbname=postgres",
        ] {
            let connection = connect(&parameters(given).await).await.unwrap();
            let canceller = connection.canceller();
            let (slept, cancelled) =
                tokio::join!(connection.client.batch_execute("select pg_sleep(60)"), async {
                    tokio::time::sleep(Duration::from_millis(200)).await;
                    canceller.cancel().await
                });
            cancelled.unwrap();
            assert_eq!(
                slept.unwrap_err().code(),
                Some(&tokio_postgres::error::SqlState::QUERY_CANCELED)
            );
            assert_eq!(one(&connection, "select 'alive'").await, "alive");
        }
    }

    #[tokio::test]
    async fn last_words_are_kept() {
        let connection = server().await.connect("postgres").await.unwrap();
        let pid = connection.server.process_id.unwrap();
        assert!(!connection.is_closed() && connection.failure().is_none());
        server()
            .await
            .run("postgres", &format!("select pg_terminate_backend({pid})"))
            .await
            .unwrap();
        for _ in 0..500 {
            tokio::time::sleep(Duration::from_millis(10)).await;
            if connection.failure().is_some() {
                break;
            }
        }
        let code = connection
            .failure()
            .and_then(tokio_postgres::Error::code)
            .cloned();
        assert_eq!(code, Some(tokio_postgres::error::SqlState::ADMIN_SHUTDOWN));
        assert!(connection.is_closed());
    }

    #[test]
    fn a_connection_may_move_between_threads() {
        fn send<T: Send>(_: T) {}
        let parameters = resolve("host=h user=u");
        send(connect(&parameters));
        send(None::<Connection>);
        send(None::<Canceller>);
    }

    // ── servers that misbehave ──

    fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        let mut bytes = vec![kind];
        bytes.extend((body.len() as u32 + 4).to_be_bytes());
        bytes.extend(body);
        bytes
    }

    fn refusal(sqlstate: &str, text: &str) -> Vec<u8> {
        message(
            b'E',
            format!("SFATAL\0VFATAL\0C{sqlstate}\0M{text}\0\0").as_bytes(),
        )
    }

    /// Gives one answer after the other, each to a connection of its own; after the last one it passes everything on
    /// to the real server, or repeats it.
    async fn pretend(answers: Vec<Vec<u8>>, pass_on: Option<u16>) -> u16 {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            let mut count = 0;
            while let Ok((mut line, _)) = listener.accept().await {
                let answer = answers
                    .get(count)
                    .or(answers.last().filter(|_| pass_on.is_none()))
                    .cloned();
                count += 1;
                tokio::spawn(async move {
                    if let Some(answer) = answer {
                        let mut startup = [0; 1024];
                        let _ = line.read(&mut startup).await;
                        let _ = line.write_all(&answer).await;
                        let _ = line.shutdown().await;
                    } else if let Some(port) = pass_on {
                        let mut real = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                        let _ = tokio::io::copy_bidirectional(&mut line, &mut real).await;
                    }
                });
            }
        });
        port
    }

    #[tokio::test]
    async fn a_server_that_starts_up_is_waited_for() {
        let starting = || refusal("57P03", "the database system is starting up");
        let port = pretend(
            vec![starting(), starting(), Vec::new()],
            Some(server().await.port()),
        )
        .await;
        let parameters = resolve(&format!(
            "host=127.0.0.1 port={port} user=trusted dbname=postgres sslmode=disable"
        ));
        let mut told = Vec::new();
        let mut tell = |event: ConnectEvent<'_>| {
            let ConnectEvent::Waiting { reason, pause, .. } = event;
            told.push((
                reason.message().replace(&port.to_string(), "PORT"),
                pause.as_millis(),
            ));
        };
        let connection = Connector::new(&parameters)
            .on_event(&mut tell)
            .connect()
            .await
            .unwrap();
        assert_eq!(connection.server.port, port);
        let starting =
            "127.0.0.1:PORT accepts no connections now: the database system is starting up".to_owned();
        let closed = "127.0.0.1:PORT closed the connection before the login was done".to_owned();
        assert_eq!(told, [(starting.clone(), 100), (starting, 200), (closed, 400)]);
    }

    #[tokio::test]
    async fn patience_has_an_end() {
        let port = pretend(
            vec![refusal("57P03", "the database system is shutting down")],
            None,
        )
        .await;
        let parameters = resolve(&format!("host=127.0.0.1 port={port} user=u sslmode=disable"));
        let begin = Instant::now();
        let outcome = Connector::new(&parameters)
            .patience(Duration::from_millis(500))
            .connect()
            .await;
        assert!(matches!(
            outcome.unwrap_err(),
            ConnectError::StartingUp { passing: true, .. }
        ));
        assert!(
            (300..20_000).contains(&begin.elapsed().as_millis()),
            "{:?}",
            begin.elapsed()
        );
    }

    #[tokio::test]
    async fn servers_of_other_kinds() {
        for (answer, extra, expected) in [
            (
                message(b'R', b"\0\0\0\x07"),
                "",
                "asks for a login by GSSAPI, which is not supported",
            ),
            (
                message(b'R', b"\0\0\0\x0aOAUTHBEARER\0\0"),
                "password=x",
                "asks for a login by a SASL mechanism other than SCRAM-SHA-256, which is not supported",
            ),
            (
                b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(),
                "",
                "does not answer as a PostgreSQL server does: ",
            ),
            (
                refusal("08P01", "unsupported startup parameter: options"),
                "",
                "does not take a startup parameter: unsupported startup parameter: options",
            ),
            (
                refusal("28000", "connection is insecure (try using `sslmode=require`)"),
                "",
                "accepts encrypted connections only: connection is insecure (try using `sslmode=require`)",
            ),
            (refusal("08P01", "no such database: x"), "", "does not exist at"),
            (
                refusal("XX000", "Tenant or user not found"),
                "",
                "refused the login: Tenant or user not found (SQLSTATE XX000)",
            ),
            (Vec::new(), "", "closed the connection before the login was done"),
        ] {
            let port = pretend(vec![answer], None).await;
            let parameters = resolve(&format!(
                "host=127.0.0.1 port={port} user=u sslmode=disable {extra}"
            ));
            let error = Connector::new(&parameters)
                .patience(Duration::ZERO)
                .connect()
                .await
                .unwrap_err();
            assert!(error.message().contains(expected), "{error}");
            assert!(!error.help().is_empty());
        }
    }

    #[tokio::test]
    async fn a_server_that_says_nothing() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let parameters = resolve(&format!("host=127.0.0.1 port={port} user=u connect_timeout=1"));
        let begin = Instant::now();
        let error = connect(&parameters).await.unwrap_err();
        assert_eq!(
            error.message(),
            format!("127.0.0.1:{port} did not answer within 1 s")
        );
        assert!(begin.elapsed() < Duration::from_secs(14));
    }

    #[test]
    fn versions_are_numbers() {
        for (text, number) in [
            ("15.18 (Debian 15.18-0+deb12u1)", 150_018),
            ("17.5", 170_005),
            ("18beta1", 180_000),
            ("19devel", 190_000),
            ("12.22.0", 120_022),
            ("9.6.24", 90_624),
            ("", 0),
            ("unknown", 0),
        ] {
            assert_eq!(version_number(text), number, "{text}");
        }
    }
}
