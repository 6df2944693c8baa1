//! Logs for those who look for trouble, on stderr: `-v`, `-vv`, or `PGPLUMB_LOG` with a filter; as text, or as
//! JSON with `PGPLUMB_LOG_FORMAT=json`. No line shows a password.

use std::io::{self, IsTerminal, Write};

use serde_json::Value;
use tracing_subscriber::EnvFilter;

use super::output;
use crate::redact::redact;

/// How a line of the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LogFormat {
    Text,
    Json,
}

/// Starts logging. `verbose` is the number of `-v`.
///
/// The driver logs every statement that it sends at its most verbose level; statements of scripts are no
/// secrets, and the login is not a statement.
pub fn start(verbose: u8) {
    let filter = filter(verbose);
    let format = match std::env::var("PGPLUMB_LOG_FORMAT").as_deref() {
        Ok("json") => LogFormat::Json,
        Err(_) | Ok("" | "text") => LogFormat::Text,
        Ok(other) => {
            output::tell(&format!(
                "warning: PGPLUMB_LOG_FORMAT is {other:?}\n  help: set it to text or json\n"
            ));
            LogFormat::Text
        }
    };
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(move || Redacting {
            format,
            line: Vec::new(),
            out: io::stderr(),
        });
    // a second start, in a test for instance, keeps the first
    let _ = match format {
        LogFormat::Json => subscriber.json().flatten_event(true).try_init(),
        LogFormat::Text => subscriber
            .with_target(verbose > 1)
            .without_time()
            .with_ansi(io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none())
            .try_init(),
    };
}

/// What is logged: `PGPLUMB_LOG`, else as much as `-v` asks for.
fn filter(verbose: u8) -> EnvFilter {
    let level = match verbose {
        0 => "warn",
        1 => "pgplumb=info,warn",
        2 => "pgplumb=debug,warn",
        _ => "pgplumb=trace,warn",
    };
    match std::env::var("PGPLUMB_LOG") {
        Ok(text) if !text.trim().is_empty() => EnvFilter::try_new(&text).unwrap_or_else(|error| {
            output::tell(&format!(
                "warning: PGPLUMB_LOG is {text:?}: {error}\n  help: write a filter such as pgplumb=debug\n"
            ));
            EnvFilter::new(level)
        }),
        _ => EnvFilter::new(level),
    }
}

/// Takes one event and writes it without passwords when it is whole.
struct Redacting<W: Write> {
    format: LogFormat,
    line: Vec<u8>,
    out: W,
}

impl<W: Write> Write for Redacting<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.line.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.line.is_empty() {
            return Ok(());
        }
        let line = std::mem::take(&mut self.line);
        let text = String::from_utf8_lossy(&line);
        let shown = match self.format {
            LogFormat::Text => redact(&text),
            LogFormat::Json => redacted_json(&text),
        };
        self.out.write_all(shown.as_bytes())?;
        self.out.flush()
    }
}

/// The writer is made anew for each event.
impl<W: Write> Drop for Redacting<W> {
    fn drop(&mut self) {
        // a log that cannot be written has nobody to tell
        let _ = self.flush();
    }
}

/// A line of JSON, which stays JSON.
fn redacted_json(line: &str) -> String {
    let Ok(mut event) = serde_json::from_str::<Value>(line) else {
        return redact(line);
    };
    hide(&mut event, "");
    format!("{event}\n")
}

/// Hides passwords in strings, and the value of a field that is called so.
fn hide(value: &mut Value, key: &str) {
    match value {
        Value::String(text) if key.to_ascii_lowercase().contains("passw") => *text = "*".repeat(text.len()),
        Value::String(text) => *text = redact(text),
        Value::Array(items) => items.iter_mut().for_each(|item| hide(item, key)),
        Value::Object(fields) => fields.iter_mut().for_each(|(key, value)| hide(value, key)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Buffer(Arc<Mutex<Vec<u8>>>);

    impl Write for Buffer {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What is written of a few events that hold a password.
    fn logged(format: LogFormat, ansi: bool) -> String {
        let buffer = Buffer::default();
        let out = buffer.clone();
        let subscriber = tracing_subscriber::fmt().with_writer(move || Redacting {
            format,
            line: Vec::new(),
            out: out.clone(),
        });
        let events = || {
            tracing::warn!("lost postgres://app:hunter2@db/shop");
            tracing::warn!(url = "host=db password='hunter2' user=a", "connecting");
            tracing::warn!(password = "hunter2", "a field");
            tracing::warn!(options = ?Some("{\"password\": \"hunter2\"}"), "debugged");
        };
        match format {
            LogFormat::Text => {
                tracing::subscriber::with_default(subscriber.with_ansi(ansi).finish(), events);
            }
            LogFormat::Json => {
                tracing::subscriber::with_default(subscriber.json().flatten_event(true).finish(), events);
            }
        }
        let bytes = buffer.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn no_line_shows_a_password() {
        for (format, ansi) in [
            (LogFormat::Text, false),
            (LogFormat::Text, true),
            (LogFormat::Json, false),
        ] {
            let text = logged(format, ansi);
            assert_eq!(text.lines().count(), 4, "{text}");
            assert!(!text.contains("hunter2"), "{text}");
            assert!(text.contains("*******"), "{text}");
        }
    }

    #[test]
    fn json_stays_json() {
        for line in logged(LogFormat::Json, false).lines() {
            let event: Value = serde_json::from_str(line).unwrap();
            assert_eq!(event["level"], "WARN");
            assert!(
                event["timestamp"].as_str().is_some_and(|at| at.ends_with('Z')),
                "{line}"
            );
        }
    }
}
