//! Opening a connection: hosts in order, TLS as asked, patience with a server that starts up.

use std::convert::Infallible;
use std::fmt;
use std::future::{self, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_postgres::error::{DbError, SqlState};
use tokio_postgres::{AsyncMessage, CancelToken, Client};

use crate::db::parameters::{Address, Host, Parameters, PasswordSource};
use crate::db::secret::Secret;

/// How long a server that starts up is waited for, in all.
const PATIENCE: Duration = Duration::from_secs(30);

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
            let stream = self.route.open().await?;
            let seen = Arc::new(Seen::default());
            let cancelled = self
                .token
                .cancel_query_raw(
                    Wire {
                        stream,
                        seen,
                        sniffer: None,
                    },
                    Ready,
                )
                .await;
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

    /// How long to wait in all for a server that starts up; 30 seconds otherwise.
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
        loop {
            let error = match self.round(prompted.as_ref()).await {
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

    /// Every host once.
    async fn round(&self, prompted: Option<&Secret>) -> Result<Connection, ConnectError> {
        let mut attempts = Vec::new();
        for host in &self.parameters.hosts {
            let password = match prompted {
                Some(secret) => Some((secret, PasswordSource::Prompt)),
                None => self.parameters.password_for(host),
            };
            match attempt(self.parameters, host, password).await {
                Ok(connection) => return Ok(connection),
                Err(error) if error.is_about_the_host() => attempts.push(error),
                Err(error) => return Err(error),
            }
        }
        match attempts.len() {
            1 => Err(attempts.remove(0)),
            _ => Err(ConnectError::NoHost { attempts }),
        }
    }
}

/// One host.
async fn attempt(
    parameters: &Parameters,
    host: &Host,
    password: Option<(&Secret, PasswordSource)>,
) -> Result<Connection, ConnectError> {
    let limit = parameters.connect_timeout.unwrap_or(Duration::from_secs(86_400));
    let login = async {
        let route = Route {
            at: host.clone(),
            address: None,
        };
        let mut found = Vec::new();
        if let Address::Tcp { name, addr } = &host.address {
            found = match addr {
                Some(addr) => vec![SocketAddr::new(*addr, host.port)],
                None => resolve(name, host.port).await?,
            };
        }
        let mut first = None;
        let mut routes: Vec<Route> = found
            .into_iter()
            .map(|address| Route {
                address: Some(address),
                ..route.clone()
            })
            .collect();
        if routes.is_empty() {
            routes.push(route);
        }
        for route in routes {
            match route.open().await {
                Ok(stream) => return log_in(parameters, &route, stream, password.clone()).await,
                Err(error) => first = first.or(Some(error)),
            }
        }
        Err(first.unwrap_or_else(|| ConnectError::Dns {
            host: host.name(),
            reason: "no address".into(),
        }))
    };
    match tokio::time::timeout(limit, login).await {
        Ok(result) => result,
        Err(_) => Err(ConnectError::Timeout {
            at: host.clone(),
            after: limit,
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
#[derive(Debug, Clone)]
struct Route {
    at: Host,
    address: Option<SocketAddr>,
}

impl Route {
    async fn open(&self) -> Result<Stream, ConnectError> {
        let opened = match (self.address, self.at.socket_path()) {
            (Some(address), _) => TcpStream::connect(address).await.map(Stream::Tcp),
            (None, Some(path)) => UnixStream::connect(path).await.map(Stream::Unix),
            (None, None) => Err(io::Error::from(io::ErrorKind::AddrNotAvailable)),
        };
        let stream = opened.map_err(|error| self.fault(&error))?;
        if let Stream::Tcp(stream) = &stream {
            let _ = stream.set_nodelay(true);
        }
        Ok(stream)
    }

    fn fault(&self, error: &io::Error) -> ConnectError {
        let at = self.at.clone();
        match (error.kind(), self.at.socket_path()) {
            (io::ErrorKind::NotFound, Some(path)) => ConnectError::SocketMissing { path },
            (io::ErrorKind::ConnectionRefused, _) => ConnectError::Refused { at },
            (io::ErrorKind::TimedOut, _) => ConnectError::Unreachable {
                at,
                reason: "timed out".into(),
            },
            _ => ConnectError::Unreachable {
                at,
                reason: io_words(error),
            },
        }
    }
}

async fn log_in(
    parameters: &Parameters,
    route: &Route,
    stream: Stream,
    password: Option<(&Secret, PasswordSource)>,
) -> Result<Connection, ConnectError> {
    let mut config = tokio_postgres::Config::new();
    config
        .user(&parameters.user)
        .dbname(&parameters.database)
        // the handshake, if any, is behind us: see `Ready`
        .ssl_mode(tokio_postgres::config::SslMode::Require)
        .ssl_negotiation(tokio_postgres::config::SslNegotiation::Direct);
    if let Some((secret, _)) = &password {
        config.password(secret.expose());
    }
    if let Some(options) = &parameters.options {
        config.options(options);
    }
    if let Some(name) = &parameters.application_name {
        config.application_name(name);
    }
    let seen = Arc::new(Seen::default());
    let wire = Wire {
        stream,
        seen: Arc::clone(&seen),
        sniffer: Some(Sniffer::default()),
    };
    let (client, mut session) = match config.connect_raw(wire, Ready).await {
        Ok(pair) => pair,
        Err(error) => {
            let source = password.map(|(_, source)| source);
            return Err(login_error(parameters, &route.at, &seen, source, &error));
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
        process_id: seen.process_id(),
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
    Ok(Connection {
        client,
        server,
        notices,
        canceller,
        driver,
        failure,
    })
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

/// What tokio-postgres says, with the causes that it keeps to itself.
pub(super) fn words(error: &tokio_postgres::Error) -> String {
    if let Some(error) = error.as_db_error() {
        return format!("{} ({})", error.message(), error.code().code());
    }
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

/// An input or output error without `(os error 111)`.
fn io_words(error: &io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}

// ── the line ──

/// A line to the server, TLS already on it where it is wanted.
enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// A line that overhears the login: what the server asks for, and the number of its process.
struct Wire {
    stream: Stream,
    seen: Arc<Seen>,
    sniffer: Option<Sniffer>,
}

/// What was overheard. -1 is nothing.
#[derive(Debug)]
struct Seen {
    authentication: AtomicI32,
    process_id: AtomicI32,
}

impl Default for Seen {
    fn default() -> Seen {
        Seen {
            authentication: AtomicI32::new(-1),
            process_id: AtomicI32::new(-1),
        }
    }
}

impl Seen {
    /// The first kind of authentication that the server asked for.
    fn authentication(&self) -> Option<i32> {
        Some(self.authentication.load(Ordering::Relaxed)).filter(|&code| code >= 0)
    }

    fn process_id(&self) -> Option<i32> {
        Some(self.process_id.load(Ordering::Relaxed)).filter(|&pid| pid >= 0)
    }
}

/// Reads the beginning of each message of the login.
#[derive(Debug, Default)]
struct Sniffer {
    head: Vec<u8>,
    skip: usize,
}

impl Sniffer {
    /// Takes the next bytes. `false` when the login is over and there is nothing more to hear.
    fn hear(&mut self, mut bytes: &[u8], seen: &Seen) -> bool {
        while !bytes.is_empty() {
            if self.skip > 0 {
                let skipped = self.skip.min(bytes.len());
                self.skip -= skipped;
                bytes = &bytes[skipped..];
                continue;
            }
            self.head.push(bytes[0]);
            bytes = &bytes[1..];
            let Some(&[kind, a, b, c, d]) = self.head.first_chunk() else {
                continue;
            };
            let length = u32::from_be_bytes([a, b, c, d]) as usize + 1;
            if self.head.len() < length.min(9) {
                continue;
            }
            let number = self
                .head
                .last_chunk()
                .map_or(-1, |bytes| i32::from_be_bytes(*bytes));
            match kind {
                b'R' if seen.authentication().is_none() => {
                    seen.authentication.store(number, Ordering::Relaxed);
                }
                b'K' => seen.process_id.store(number, Ordering::Relaxed),
                b'Z' => return false,
                _ => {}
            }
            self.skip = length.saturating_sub(self.head.len());
            self.head.clear();
        }
        true
    }
}

impl AsyncRead for Wire {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let wire = self.get_mut();
        let before = buf.filled().len();
        ready!(match &mut wire.stream {
            Stream::Tcp(stream) => Pin::new(stream).poll_read(cx, buf),
            Stream::Unix(stream) => Pin::new(stream).poll_read(cx, buf),
        })?;
        if let Some(sniffer) = &mut wire.sniffer
            && !sniffer.hear(&buf.filled()[before..], &wire.seen)
        {
            wire.sniffer = None;
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().stream {
            Stream::Tcp(stream) => Pin::new(stream).poll_write(cx, bytes),
            Stream::Unix(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().stream {
            Stream::Tcp(stream) => Pin::new(stream).poll_flush(cx),
            Stream::Unix(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().stream {
            Stream::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
            Stream::Unix(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

impl tokio_postgres::tls::TlsStream for Wire {
    fn channel_binding(&self) -> tokio_postgres::tls::ChannelBinding {
        tokio_postgres::tls::ChannelBinding::none()
    }
}

/// Tells tokio-postgres that the handshake has been done: it has no say in when and how, and its own modes are
/// fewer than libpq's.
struct Ready;

impl tokio_postgres::tls::TlsConnect<Wire> for Ready {
    type Stream = Wire;
    type Error = Infallible;
    type Future = future::Ready<Result<Wire, Infallible>>;

    fn connect(self, wire: Wire) -> Self::Future {
        future::ready(Ok(wire))
    }
}

// ── what goes wrong ──

/// Why there is no connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConnectError {
    /// The name has no address.
    Dns { host: String, reason: String },
    /// Nobody listens there.
    Refused { at: Host },
    /// Any other trouble on the way.
    Unreachable { at: Host, reason: String },
    /// No server has its socket there.
    SocketMissing { path: PathBuf },
    /// No answer within `connect_timeout`.
    Timeout { at: Host, after: Duration },
    /// The server hung up before we were logged in.
    Closed { at: Host },
    /// 28P01.
    WrongPassword {
        at: Host,
        user: String,
        source: Option<PasswordSource>,
    },
    /// It wants a password and we have none.
    NoPassword { at: Host, user: String },
    /// 3D000.
    NoSuchDatabase { at: Host, database: String },
    /// 57P03: it starts up, shuts down or recovers.
    StartingUp { at: Host, message: String },
    /// It said something that we do not understand.
    Protocol { at: Host, reason: String },
    /// Anything else that the server says.
    Server {
        at: Host,
        sqlstate: String,
        message: String,
    },
    /// None of several hosts would do.
    NoHost { attempts: Vec<ConnectError> },
}

fn login_error(
    parameters: &Parameters,
    at: &Host,
    seen: &Seen,
    source: Option<PasswordSource>,
    error: &tokio_postgres::Error,
) -> ConnectError {
    let at = at.clone();
    let user = parameters.user.clone();
    if let Some(server) = error.as_db_error() {
        let message = server.message().to_owned();
        return match *server.code() {
            SqlState::INVALID_PASSWORD => ConnectError::WrongPassword { at, user, source },
            SqlState::INVALID_CATALOG_NAME => ConnectError::NoSuchDatabase {
                at,
                database: parameters.database.clone(),
            },
            SqlState::CANNOT_CONNECT_NOW => ConnectError::StartingUp { at, message },
            _ => ConnectError::Server {
                at,
                sqlstate: server.code().code().to_owned(),
                message,
            },
        };
    }
    if source.is_none() && matches!(seen.authentication(), Some(3 | 5 | 10)) {
        return ConnectError::NoPassword { at, user };
    }
    if error.is_closed() {
        return ConnectError::Closed { at };
    }
    ConnectError::Protocol {
        at,
        reason: words(error),
    }
}

impl ConnectError {
    /// Whether another host may do where this one did not. A wrong password ends the search, as in libpq.
    fn is_about_the_host(&self) -> bool {
        matches!(
            self,
            ConnectError::Dns { .. }
                | ConnectError::Refused { .. }
                | ConnectError::Unreachable { .. }
                | ConnectError::SocketMissing { .. }
                | ConnectError::Timeout { .. }
                | ConnectError::Closed { .. }
                | ConnectError::StartingUp { .. }
        )
    }

    /// For how long it is worth trying again, if at all.
    fn worth_waiting(&self) -> Option<Duration> {
        match self {
            ConnectError::StartingUp { .. } => Some(PATIENCE),
            ConnectError::Closed { .. } => Some(Duration::from_secs(5)),
            ConnectError::NoHost { attempts } => {
                attempts.iter().filter_map(ConnectError::worth_waiting).max()
            }
            _ => None,
        }
    }

    /// One sentence without a full stop that names the object.
    pub fn message(&self) -> String {
        format!("{self:?}")
    }

    /// One imperative line.
    pub fn help(&self) -> String {
        String::new()
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message())
    }
}

impl std::error::Error for ConnectError {}
