//! A proxy before a server's socket that knows the protocol: it counts, writes down and cuts.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::Server;

/// Where the next connection is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// Behind that many messages of the server, those of the login included; on both sides.
    Answer(usize),
    /// Instead of passing on the client's query of that number, counted from 1.
    Query(usize),
    /// The query of that number reaches the server, and nobody waits for the answer.
    Deaf(usize),
    /// The same, and the client hears the last words of a server that breaks down.
    Panic(usize),
}

/// How long the first answer takes: the way of a near server.
const PAUSE: Duration = Duration::from_millis(5);

/// Long enough for a message to be read before the next one is there.
const DRIP: Duration = Duration::from_millis(3);

#[derive(Default)]
struct State {
    /// Messages of clients that waited for an answer before.
    turns: AtomicUsize,
    /// Whether something was delivered since the client last spoke.
    answered: AtomicBool,
    /// The server's messages of the last connection: the letter, and the tag of a completed command.
    answers: Mutex<Vec<String>>,
    cut: Mutex<Option<Cut>>,
    /// Whether it gives each login a process number of its own.
    pools: AtomicBool,
    /// Whether each message of the server arrives by itself.
    drips: AtomicBool,
    held: Mutex<Option<Hold>>,
}

/// The client's query of that number, on the next connection.
struct Hold {
    query: usize,
    /// Tells that it is here.
    arrived: SyncSender<()>,
    /// Ends when it may go on.
    released: Receiver<()>,
}

/// A query that is on its way, and goes on when this is dropped.
pub struct Held {
    arrived: Receiver<()>,
    _released: SyncSender<()>,
}

impl Held {
    /// Waits until the query is here; everything before it has been passed on.
    #[track_caller]
    pub fn wait(&self) {
        let limit = Duration::from_secs(60);
        self.arrived.recv_timeout(limit).expect("the query comes");
    }
}

/// Passes everything on, for any number of connections.
pub struct Proxy {
    pub port: u16,
    state: Arc<State>,
}

impl Proxy {
    /// Stands before the server's socket.
    pub fn before(server: &Server) -> Proxy {
        let scratch = server.scratch();
        let socket = scratch.directory().join(format!(".s.PGSQL.{}", scratch.port()));
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let port = listener.local_addr().expect("it is bound").port();
        let state = Arc::new(State::default());
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                // head and body of a message are two writes: the second is not to wait for the first to be acknowledged
                client.set_nodelay(true).expect("TCP knows it");
                // a server that is down refuses, and so does this
                let Ok(server) = UnixStream::connect(&socket) else {
                    continue;
                };
                let (cut, held) = (lock(&shared.cut).take(), lock(&shared.held).take());
                lock(&shared.answers).clear();
                let state = Arc::clone(&shared);
                std::thread::spawn(move || connection(client, server, &state, cut, held));
            }
        });
        Proxy { port, state }
    }

    /// How the binary reaches a database through it.
    pub fn url(&self, database: &str) -> String {
        format!(
            "postgresql://postgres@127.0.0.1:{}/{database}?sslmode=disable",
            self.port
        )
    }

    /// Round trips since the connection stood, and from zero again.
    pub fn take_trips(&self) -> usize {
        self.state.turns.swap(0, Ordering::SeqCst)
    }

    /// What the server sent on the last connection, message by message.
    pub fn answers(&self) -> Vec<String> {
        lock(&self.state.answers).clone()
    }

    /// From now on it shows itself as a pooler does: the login gets a number that no process of the server has.
    pub fn pool(&self) {
        self.state.pools.store(true, Ordering::SeqCst);
    }

    /// From now on each message of the server arrives by itself, as over a slow line.
    pub fn drip(&self) {
        self.state.drips.store(true, Ordering::SeqCst);
    }

    /// The next connection's query of that number, counted from 1, waits until the value is dropped.
    pub fn hold_next(&self, query: usize) -> Held {
        let (tell, arrived) = sync_channel(1);
        let (release, released) = sync_channel(1);
        *lock(&self.state.held) = Some(Hold {
            query,
            arrived: tell,
            released,
        });
        Held {
            arrived,
            _released: release,
        }
    }

    /// The next connection is cut there, once.
    pub fn cut_next(&self, cut: Cut) {
        *lock(&self.state.cut) = Some(cut);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn connection(
    client: TcpStream,
    server: UnixStream,
    state: &Arc<State>,
    cut: Option<Cut>,
    held: Option<Hold>,
) {
    let (Ok(from_client), Ok(to_client)) = (client.try_clone(), client.try_clone()) else {
        return;
    };
    let (Ok(from_server), Ok(to_server)) = (server.try_clone(), server.try_clone()) else {
        return;
    };
    let answers = std::thread::spawn({
        let state = Arc::clone(state);
        move || {
            let _ = answers(from_server, to_client, &state, cut);
            let _ = client.shutdown(Shutdown::Both);
            let _ = server.shutdown(Shutdown::Both);
        }
    });
    let _ = queries(from_client, &to_server, state, cut, held);
    // what was asked may still be answered, to nobody
    let _ = to_server.shutdown(Shutdown::Write);
    let _ = answers.join();
}

/// The client's messages: the one of the login has no letter.
fn queries(
    mut client: TcpStream,
    mut server: &UnixStream,
    state: &State,
    cut: Option<Cut>,
    held: Option<Hold>,
) -> io::Result<()> {
    let mut length = [0_u8; 4];
    client.read_exact(&mut length)?;
    let mut body = vec![0_u8; u32::from_be_bytes(length) as usize - 4];
    client.read_exact(&mut body)?;
    server.write_all(&length)?;
    server.write_all(&body)?;
    let mut asked = 0;
    loop {
        let (head, body) = message(&mut client)?;
        asked += usize::from(head[0] == b'Q');
        if head[0] != b'X' && state.answered.swap(false, Ordering::SeqCst) {
            state.turns.fetch_add(1, Ordering::SeqCst);
        }
        if let Some(hold) = held
            .as_ref()
            .filter(|hold| hold.query == asked && head[0] == b'Q')
        {
            let _ = hold.arrived.send(());
            let _ = hold.released.recv();
        }
        if cut == Some(Cut::Query(asked)) {
            return client.shutdown(Shutdown::Both);
        }
        server.write_all(&head)?;
        server.write_all(&body)?;
        if cut == Some(Cut::Panic(asked)) {
            let fields = b"SPANIC\0VPANIC\0C53100\0Mno space left on device\0\0";
            let length = u32::try_from(fields.len() + 4).expect("short");
            client.write_all(&[b"E", length.to_be_bytes().as_slice(), fields].concat())?;
            return client.shutdown(Shutdown::Both);
        }
        if cut == Some(Cut::Deaf(asked)) {
            return client.shutdown(Shutdown::Both);
        }
    }
}

fn answers(mut server: UnixStream, mut client: TcpStream, state: &State, cut: Option<Cut>) -> io::Result<()> {
    for count in 1.. {
        let (head, mut body) = message(&mut server)?;
        let letter = char::from(head[0]);
        if letter == 'K' && state.pools.load(Ordering::SeqCst) {
            body[0] ^= 0x40;
        }
        let tag = match letter {
            'C' => String::from_utf8_lossy(body.strip_suffix(b"\0").unwrap_or(&body)).into_owned(),
            _ => String::new(),
        };
        lock(&state.answers).push(format!("{letter} {tag}").trim_end().to_string());
        if !state.answered.load(Ordering::SeqCst) {
            // whatever the client sends without waiting is here by then
            std::thread::sleep(PAUSE);
            state.answered.store(true, Ordering::SeqCst);
        }
        client.write_all(&head)?;
        client.write_all(&body)?;
        if state.drips.load(Ordering::SeqCst) {
            std::thread::sleep(DRIP);
        }
        if cut == Some(Cut::Answer(count)) {
            return Ok(());
        }
    }
    Ok(())
}

/// Letter and length, and the rest.
fn message(from: &mut impl Read) -> io::Result<([u8; 5], Vec<u8>)> {
    let mut head = [0_u8; 5];
    from.read_exact(&mut head)?;
    let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
    let mut body = vec![0_u8; length - 4];
    from.read_exact(&mut body)?;
    Ok((head, body))
}
