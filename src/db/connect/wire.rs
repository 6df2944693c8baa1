//! The line itself: TCP or a unix socket, TLS on it or not, and an ear on the login.

use std::convert::Infallible;
use std::future;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicI32, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::watch;
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::db::parameters::{AuthMethod, RequireAuth};

/// TCP with TLS on it.
pub(super) type Encrypted = <MakeRustlsConnect as MakeTlsConnect<TcpStream>>::Stream;

/// A line to the server, TLS already on it where it is wanted.
pub(super) enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
    Tls(Box<Encrypted>),
}

impl Stream {
    pub fn is_encrypted(&self) -> bool {
        matches!(self, Stream::Tls(_))
    }
}

/// A line that overhears the login: what the server asks for, and the number of its process.
pub(super) struct Wire {
    stream: Stream,
    ear: Option<Ear>,
    /// Whether something was written that may not have left yet.
    is_full: bool,
    /// Who waits until all that was written has left.
    left: watch::Sender<()>,
}

impl Wire {
    pub fn new(stream: Stream) -> Wire {
        Wire {
            stream,
            ear: None,
            is_full: false,
            left: watch::Sender::default(),
        }
    }

    /// Hears of each time when all that was written has been handed to the system; of an end when the line is gone.
    pub fn left(&self) -> watch::Receiver<()> {
        self.left.subscribe()
    }

    /// Overhears the login. With `required`, the line breaks before we answer a request that is not allowed.
    pub fn overheard(stream: Stream, required: Option<RequireAuth>) -> (Wire, Arc<Heard>) {
        let heard = Arc::new(Heard::default());
        let ear = Ear {
            head: Vec::new(),
            skip: 0,
            required,
            heard: Arc::clone(&heard),
        };
        let wire = Wire {
            ear: Some(ear),
            ..Wire::new(stream)
        };
        (wire, heard)
    }
}

/// No process: outside the numbers that can be told.
const NONE: i64 = i64::MIN;

/// What was overheard.
#[derive(Debug)]
pub(super) struct Heard {
    /// The first request of the server for authentication; -1 before that.
    request: AtomicI32,
    /// `NONE`, or what was told: a pooler tells any number, negative ones as well.
    process_id: AtomicI64,
    refused: Mutex<Option<AuthMethod>>,
}

impl Default for Heard {
    fn default() -> Heard {
        Heard {
            request: AtomicI32::new(-1),
            process_id: AtomicI64::new(NONE),
            refused: Mutex::new(None),
        }
    }
}

impl Heard {
    /// The code of the first request for authentication.
    pub fn request(&self) -> Option<i32> {
        Some(self.request.load(Ordering::Relaxed)).filter(|&code| code >= 0)
    }

    pub fn process_id(&self) -> Option<i32> {
        i32::try_from(self.process_id.load(Ordering::Relaxed)).ok()
    }

    /// The method that the server asked for and `require_auth` does not allow.
    pub fn refused(&self) -> Option<AuthMethod> {
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The method that a request for authentication stands for. Codes that only go on with one are none.
fn method(code: i32) -> Option<AuthMethod> {
    match code {
        0 => Some(AuthMethod::None),
        3 => Some(AuthMethod::Password),
        5 => Some(AuthMethod::Md5),
        7 => Some(AuthMethod::Gss),
        9 => Some(AuthMethod::Sspi),
        10 => Some(AuthMethod::ScramSha256),
        _ => None,
    }
}

/// Reads the beginning of each message of the login.
#[derive(Debug)]
struct Ear {
    head: Vec<u8>,
    skip: usize,
    required: Option<RequireAuth>,
    heard: Arc<Heard>,
}

impl Ear {
    /// Takes the next bytes. `false` when the login is over and there is nothing more to hear.
    fn hear(&mut self, mut bytes: &[u8]) -> io::Result<bool> {
        while let Some((&first, tail)) = bytes.split_first() {
            if self.skip > 0 {
                let skipped = self.skip.min(bytes.len());
                self.skip -= skipped;
                bytes = &bytes[skipped..];
                continue;
            }
            self.head.push(first);
            bytes = tail;
            let Some(&[kind, a, b, c, d]) = self.head.first_chunk() else {
                continue;
            };
            let length = u32::from_be_bytes([a, b, c, d]) as usize + 1;
            if self.head.len() < length.clamp(5, 9) {
                continue;
            }
            let number = self
                .head
                .last_chunk()
                .map_or(-1, |bytes| i32::from_be_bytes(*bytes));
            match kind {
                b'R' => self.authentication(number)?,
                b'K' => self.heard.process_id.store(number.into(), Ordering::Relaxed),
                b'Z' => return Ok(false),
                _ => {}
            }
            self.skip = length.saturating_sub(self.head.len());
            self.head.clear();
        }
        Ok(true)
    }

    fn authentication(&self, code: i32) -> io::Result<()> {
        let first = self.heard.request().is_none();
        if first {
            self.heard.request.store(code, Ordering::Relaxed);
        }
        // "done" is a method of its own only when nothing was asked before
        let method = method(code).filter(|method| first || *method != AuthMethod::None);
        if let (Some(required), Some(method)) = (&self.required, method)
            && !required.allows(method)
        {
            *self.heard.refused.lock().unwrap_or_else(PoisonError::into_inner) = Some(method);
            return Err(io::Error::from(io::ErrorKind::PermissionDenied));
        }
        Ok(())
    }
}

impl AsyncRead for Wire {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let wire = self.get_mut();
        let before = buf.filled().len();
        ready!(match &mut wire.stream {
            Stream::Tcp(stream) => Pin::new(stream).poll_read(cx, buf),
            Stream::Unix(stream) => Pin::new(stream).poll_read(cx, buf),
            Stream::Tls(stream) => Pin::new(stream.as_mut()).poll_read(cx, buf),
        })?;
        if let Some(ear) = &mut wire.ear
            && !ear.hear(&buf.filled()[before..])?
        {
            wire.ear = None;
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let wire = self.get_mut();
        wire.is_full = true;
        match &mut wire.stream {
            Stream::Tcp(stream) => Pin::new(stream).poll_write(cx, bytes),
            Stream::Unix(stream) => Pin::new(stream).poll_write(cx, bytes),
            Stream::Tls(stream) => Pin::new(stream.as_mut()).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let wire = self.get_mut();
        ready!(match &mut wire.stream {
            Stream::Tcp(stream) => Pin::new(stream).poll_flush(cx),
            Stream::Unix(stream) => Pin::new(stream).poll_flush(cx),
            Stream::Tls(stream) => Pin::new(stream.as_mut()).poll_flush(cx),
        })?;
        if std::mem::take(&mut wire.is_full) {
            wire.left.send_replace(());
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().stream {
            Stream::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
            Stream::Unix(stream) => Pin::new(stream).poll_shutdown(cx),
            Stream::Tls(stream) => Pin::new(stream.as_mut()).poll_shutdown(cx),
        }
    }
}

impl TlsStream for Wire {
    fn channel_binding(&self) -> ChannelBinding {
        match &self.stream {
            Stream::Tls(stream) => stream.channel_binding(),
            Stream::Tcp(_) | Stream::Unix(_) => ChannelBinding::none(),
        }
    }
}

/// Tells tokio-postgres that the handshake has been done: it has no say in when and how, and its own modes are fewer
/// than libpq's.
pub(super) struct Ready;

impl TlsConnect<Wire> for Ready {
    type Stream = Wire;
    type Error = Infallible;
    type Future = future::Ready<Result<Wire, Infallible>>;

    fn connect(self, wire: Wire) -> Self::Future {
        future::ready(Ok(wire))
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt as _;

    use super::*;

    /// An answer to a login: SCRAM in three steps, a parameter, the process, ready.
    fn login() -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut message = |kind: u8, body: &[u8]| {
            bytes.push(kind);
            bytes.extend((body.len() as u32 + 4).to_be_bytes());
            bytes.extend(body);
        };
        message(b'R', b"\0\0\0\x0aSCRAM-SHA-256\0\0");
        message(b'R', b"\0\0\0\x0br=RRRRZ");
        message(b'R', b"\0\0\0\x0cv=ZK");
        message(b'R', b"\0\0\0\0");
        message(b'S', b"server_version\x0018\0");
        message(b'N', b"");
        message(b'K', b"\0\0\x12\x34\0\0\0\x01");
        message(b'Z', b"I");
        bytes
    }

    fn ear(required: Option<RequireAuth>) -> (Ear, Arc<Heard>) {
        let heard = Arc::new(Heard::default());
        (
            Ear {
                head: Vec::new(),
                skip: 0,
                required,
                heard: Arc::clone(&heard),
            },
            heard,
        )
    }

    #[test]
    fn a_login_is_overheard_in_pieces_of_any_size() {
        let bytes = login();
        for size in 1..=bytes.len() {
            let (mut ear, heard) = ear(None);
            let mut on = true;
            for piece in bytes.chunks(size) {
                assert!(on, "pieces of {size}");
                on = ear.hear(piece).unwrap();
            }
            assert!(!on, "pieces of {size}");
            assert_eq!(
                (heard.request(), heard.process_id()),
                (Some(10), Some(0x1234)),
                "pieces of {size}"
            );
        }
    }

    #[tokio::test]
    async fn what_was_written_is_told_of_once_it_has_left() {
        let (ours, _theirs) = UnixStream::pair().unwrap();
        let mut wire = Wire::new(Stream::Unix(ours));
        let mut left = wire.left();
        wire.flush().await.unwrap();
        assert!(!left.has_changed().unwrap());
        wire.write_all(b"Q").await.unwrap();
        assert!(!left.has_changed().unwrap());
        wire.flush().await.unwrap();
        assert!(left.has_changed().unwrap());
        left.mark_unchanged();
        drop(wire);
        assert!(left.changed().await.is_err());
    }

    #[test]
    fn a_request_that_is_not_allowed_breaks_the_line() {
        for (negated, method, refused) in [
            (false, AuthMethod::ScramSha256, None),
            (true, AuthMethod::ScramSha256, Some(AuthMethod::ScramSha256)),
            (false, AuthMethod::None, Some(AuthMethod::ScramSha256)),
            (true, AuthMethod::None, None),
        ] {
            let (mut ear, heard) = ear(Some(RequireAuth {
                negated,
                methods: vec![method],
            }));
            assert_eq!(ear.hear(&login()).is_err(), refused.is_some());
            assert_eq!(heard.refused(), refused);
        }
        // trust: "done" without a question
        let (mut ear, heard) = ear(Some(RequireAuth {
            negated: true,
            methods: vec![AuthMethod::None],
        }));
        assert!(ear.hear(b"R\0\0\0\x08\0\0\0\0").is_err());
        assert_eq!(heard.refused(), Some(AuthMethod::None));
    }
}
