//! The shell that stands between us and a throw-away server, and the directory that both live in.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Write as _};
use std::net::TcpListener;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::{Options, SUPERUSER, ScratchError, io_error};

/// Longest socket path in bytes: `sun_path` without its final NUL.
const SOCKET_PATH_LIMIT: usize = if cfg!(target_os = "linux") { 107 } else { 103 };

/// How long the supervising shell may take to end server and directory; it needs a tenth of a second.
pub(super) const STOP_LIMIT: Duration = Duration::from_secs(60);

const SUPERVISOR: &str = r#"
base=$1 initdb=$2 postgres=$3
shift 3
trap '' HUP INT TERM QUIT PIPE
cd "$base" || exit 1
(
  "$initdb" "$@" >initdb.log 2>&1
  code=$?
  echo $code >initdb.code
  if [ $code = 0 ]; then
    cat settings.conf >>data/postgresql.conf &&
    if [ -e hba.conf ]; then cat hba.conf >data/pg_hba.conf; fi &&
    if [ ! -e stop ]; then "$postgres" -D "$base/data" >server.log 2>&1; fi
    echo $? >server.code
  fi
  : >over
) </dev/null &
read -r word
if [ "$word" = keep ]; then exit 0; fi
: >stop
n=0
until [ -e over ]; do
  kill -QUIT 0
  n=$((n + 1))
  if [ $n = 250 ]; then kill -KILL "$(head -n 1 data/postmaster.pid)"; fi
  if [ $n = 300 ]; then break; fi
  sleep 0.02
done
cd / && rm -rf "$base"
"#;

/// The shell that owns the server, and the directory that both live in.
#[derive(Debug)]
pub(super) struct Supervisor {
    child: Option<Child>,
    pub(super) base: PathBuf,
    pub(super) bin: PathBuf,
}

impl Supervisor {
    pub(super) fn spawn(
        bin: &Path,
        options: &Options,
        port: u16,
        locale: &str,
    ) -> Result<Supervisor, ScratchError> {
        let base = fresh_directory(options.directory.as_deref(), port)?;
        // from here on the directory goes with the value, whatever happens
        let mut supervisor = Supervisor {
            child: None,
            base,
            bin: bin.to_owned(),
        };
        let base = supervisor.base.as_path();
        let owned = fs::metadata(base).map_err(io_error("cannot read", base))?;
        let account = if owned.uid() == 0 { Some(account()?) } else { None };

        let write = |name: &str, text: &str| -> Result<PathBuf, ScratchError> {
            let path = base.join(name);
            let mut file = fs::OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&path)
                .map_err(io_error("cannot write", &path))?;
            file.write_all(text.as_bytes())
                .map_err(io_error("cannot write", &path))?;
            if let Some(account) = &account {
                std::os::unix::fs::chown(&path, Some(account.uid), Some(account.gid))
                    .map_err(io_error("cannot give away", &path))?;
            }
            Ok(path)
        };
        write("settings.conf", &settings(base, options, port))?;
        if let Some(hba) = &options.hba {
            write("hba.conf", hba)?;
        }
        if let Some(tls) = &options.tls {
            write("server.crt", &tls.certificate)?;
            write("server.key", tls.key.expose())?;
            if let Some(ca) = &tls.client_ca {
                write("client-ca.crt", ca)?;
            }
        }
        let mut arguments: Vec<OsString> = vec!["-D".into(), base.join("data").into()];
        arguments.extend(["-U", SUPERUSER, "-E", "UTF8", "-N", "--locale"].map(OsString::from));
        arguments.push(locale.into());
        match &options.password {
            Some(secret) => {
                let file = write("password", secret.expose())?;
                arguments.extend(["--auth=scram-sha-256".into(), "--pwfile".into(), file.into()]);
            }
            None => arguments.push("--auth=trust".into()),
        }

        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", SUPERVISOR, "pgplumb-scratch"])
            .arg(base)
            .arg(bin.join("initdb"))
            .arg(bin.join("postgres"))
            .args(arguments)
            .current_dir("/")
            .env_clear()
            // a multi-threaded setlocale on macOS needs it, and the server speaks English in its log
            .env("LC_ALL", "C")
            .env("TZ", "UTC")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0);
        for name in ["PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        if let Some(account) = &account {
            std::os::unix::fs::chown(base, Some(account.uid), Some(account.gid))
                .map_err(io_error("cannot give away", base))?;
            // the standard library drops root's supplementary groups along with the uid
            command.uid(account.uid).gid(account.gid);
        }
        supervisor.child = Some(
            command
                .spawn()
                .map_err(io_error("cannot run", Path::new("/bin/sh")))?,
        );
        Ok(supervisor)
    }

    pub(super) async fn wait_until_ready(&self, limit: Duration) -> Result<(), ScratchError> {
        let read = |name: &str| {
            fs::read_to_string(self.base.join(name))
                .ok()
                .filter(|text| text.ends_with('\n'))
        };
        let begin = Instant::now();
        loop {
            match read("initdb.code").as_deref().map(str::trim) {
                None | Some("0") => {}
                Some(_) => {
                    let output = tail(&self.base.join("initdb.log"));
                    return Err(self.full_disk(&output).unwrap_or_else(|| ScratchError::Initdb {
                        initdb: self.bin.join("initdb"),
                        output,
                    }));
                }
            }
            if self.base.join("over").exists() || !self.base.exists() {
                let log = tail(&self.base.join("server.log"));
                return Err(self.full_disk(&log).unwrap_or_else(|| ScratchError::DidNotStart {
                    postgres: self.bin.join("postgres"),
                    log,
                }));
            }
            // the eighth line is the server's state
            if let Some(text) = read("data/postmaster.pid")
                && text.lines().nth(7).is_some_and(|state| state.trim() == "ready")
            {
                return Ok(());
            }
            if begin.elapsed() > limit {
                return Err(ScratchError::Slow {
                    limit,
                    log: tail(&self.base.join("server.log")),
                });
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    fn full_disk(&self, output: &str) -> Option<ScratchError> {
        let directory = self.base.parent().unwrap_or(&self.base).to_owned();
        output
            .contains("No space left on device")
            .then_some(ScratchError::DiskFull { directory })
    }

    /// Closes the pipe: the shell begins to clean up.
    pub(super) fn hang_up(&mut self) {
        if let Some(child) = &mut self.child {
            drop(child.stdin.take());
        }
    }

    pub(super) fn is_over(&mut self) -> bool {
        match &mut self.child {
            Some(child) => !matches!(child.try_wait(), Ok(None)),
            None => true,
        }
    }

    pub(super) fn keep(&mut self) {
        if let Some(mut child) = self.child.take()
            && let Some(mut pipe) = child.stdin.take()
        {
            let _ = pipe.write_all(b"keep\n");
            drop(pipe);
            let _ = child.wait();
        }
        self.base = PathBuf::new();
    }

    /// Deletes what the shell left; ends it, and the server, when it is late.
    pub(super) fn clean_up(&mut self) -> Result<(), ScratchError> {
        if let Some(mut child) = self.child.take() {
            if matches!(child.try_wait(), Ok(None)) {
                let postmaster =
                    fs::read_to_string(self.base.join("data/postmaster.pid")).unwrap_or_default();
                if let Some(pid) = postmaster.lines().next() {
                    let _ = Command::new("kill")
                        .args(["-KILL", pid])
                        .stderr(Stdio::null())
                        .status();
                }
                let _ = child.kill();
            }
            let _ = child.wait();
        }
        let base = std::mem::take(&mut self.base);
        if base.as_os_str().is_empty() {
            return Ok(());
        }
        match fs::remove_dir_all(&base) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(ScratchError::Io {
                what: "cannot delete",
                path: base,
                error,
            }),
            _ => Ok(()),
        }
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        // no runtime is needed here: it may be gone, or we may be unwinding
        self.hang_up();
        let begin = Instant::now();
        while !self.is_over() && begin.elapsed() < STOP_LIMIT {
            std::thread::sleep(Duration::from_millis(2));
        }
        let _ = self.clean_up();
    }
}

/// `postgresql.conf` lines: the last one of a name wins.
fn settings(base: &Path, options: &Options, port: u16) -> String {
    let directory = base.display().to_string();
    let listen = if options.tcp { "127.0.0.1" } else { "" };
    let mut all: Vec<(&str, String)> = vec![
        ("unix_socket_directories", directory.clone()),
        ("listen_addresses", listen.into()),
        ("port", port.to_string()),
        ("fsync", "off".into()),
        ("synchronous_commit", "off".into()),
        ("full_page_writes", "off".into()),
        ("wal_level", "minimal".into()),
        ("max_wal_senders", "0".into()),
        ("autovacuum", "off".into()),
        ("shared_buffers", "64MB".into()),
        // a container's /dev/shm is small, and a killed server would leave its segment there
        ("dynamic_shared_memory_type", "mmap".into()),
        ("TimeZone", "UTC".into()),
        ("log_timezone", "UTC".into()),
        ("lc_messages", "C".into()),
        ("logging_collector", "off".into()),
    ];
    if let Some(tls) = &options.tls {
        all.push(("ssl", "on".into()));
        all.push(("ssl_cert_file", format!("{directory}/server.crt")));
        all.push(("ssl_key_file", format!("{directory}/server.key")));
        if tls.client_ca.is_some() {
            all.push(("ssl_ca_file", format!("{directory}/client-ca.crt")));
        }
    }
    all.extend(
        options
            .settings
            .iter()
            .map(|(name, value)| (name.as_str(), value.clone())),
    );
    let mut text = String::from("\n");
    for (name, value) in all {
        text.push_str(&format!("{name} = '{}'\n", value.replace('\'', "''")));
    }
    text
}

/// A directory of our own with a path short enough for a socket, which another account can reach if need be.
fn fresh_directory(wanted: Option<&Path>, port: u16) -> Result<PathBuf, ScratchError> {
    let usual = std::env::temp_dir();
    let candidates = match wanted {
        Some(directory) => vec![directory],
        None => vec![usual.as_path(), Path::new("/tmp")],
    };
    let name_length = format!("/pgplumb-XXXXXX/.s.PGSQL.{port}").len();
    let mut too_long = None;
    for directory in &candidates {
        let directory = fs::canonicalize(directory).unwrap_or_else(|_| directory.to_path_buf());
        if directory.as_os_str().as_bytes().len() + name_length > SOCKET_PATH_LIMIT {
            let path = directory.join(format!("pgplumb-XXXXXX/.s.PGSQL.{port}"));
            too_long = Some(ScratchError::PathTooLong {
                path,
                limit: SOCKET_PATH_LIMIT,
            });
            continue;
        }
        let last = candidates.last().is_some_and(|last| *last == directory);
        if !last && !reachable_by_others(&directory) {
            continue;
        }
        let made = tempfile::Builder::new().prefix("pgplumb-").tempdir_in(&directory);
        return made
            .map(tempfile::TempDir::keep)
            .map_err(io_error("cannot make a directory in", &directory));
    }
    Err(too_long.unwrap_or_else(|| ScratchError::Io {
        what: "cannot make a directory in",
        path: usual.clone(),
        error: io::ErrorKind::PermissionDenied.into(),
    }))
}

/// Whether every account may pass through all of the path; root's own temporary directory is closed to others.
fn reachable_by_others(directory: &Path) -> bool {
    directory.ancestors().all(|part| {
        fs::metadata(part).is_ok_and(|data| data.uid() != 0 || data.permissions().mode() & 0o001 != 0)
    })
}

pub(super) fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// The last lines of a log.
pub(super) fn tail(path: &Path) -> String {
    let text = fs::read(path)
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .unwrap_or_default();
    let lines: Vec<&str> = text.trim_end().lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}

/// Who runs the server when we are root.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Account {
    name: String,
    uid: u32,
    gid: u32,
}

fn account() -> Result<Account, ScratchError> {
    let passwd = fs::read("/etc/passwd").unwrap_or_default();
    choose_account(&String::from_utf8_lossy(&passwd)).ok_or(ScratchError::NoAccount)
}

fn choose_account(passwd: &str) -> Option<Account> {
    let accounts: Vec<Account> = passwd
        .lines()
        .filter_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next()?.to_owned();
            let uid: i64 = fields.nth(1)?.parse().ok()?;
            let gid: i64 = fields.next()?.parse().ok()?;
            // macOS has nobody as -2
            Some(Account {
                name,
                uid: uid as u32,
                gid: gid as u32,
            })
        })
        .filter(|account| account.uid != 0)
        .collect();
    let named = ["postgres", "_postgres", "pgsql", "nobody", "daemon"];
    named
        .iter()
        .find_map(|name| accounts.iter().find(|account| account.name == *name))
        .or_else(|| accounts.iter().find(|account| account.uid >= 1000))
        .or_else(|| accounts.first())
        .cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_finds_somebody_else() {
        let chosen = |passwd: &str| choose_account(passwd).map(|account| (account.name, account.uid));
        let nobody = "root:x:0:0::/root:/bin/sh\nnobody:*:-2:-2::/:/usr/bin/false\n";
        assert_eq!(chosen(nobody), Some(("nobody".into(), 4_294_967_294)));
        assert_eq!(
            chosen(&format!("{nobody}postgres:x:101:104::/:/bin/sh")),
            Some(("postgres".into(), 101))
        );
        assert_eq!(
            chosen("root:x:0:0\nann:x:1000:1000::\n"),
            Some(("ann".into(), 1000))
        );
        assert_eq!(chosen("root:x:0:0::/root:/bin/sh\n"), None);
    }
}
