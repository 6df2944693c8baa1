//! `.pgpass`: passwords by host, port, database and user.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::db::parameters::Warning;
use crate::db::secret::Secret;

/// A password file that may be used.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::db) struct PassFile {
    pub path: PathBuf,
    entries: Vec<Entry>,
}

#[derive(Debug, Clone, PartialEq)]
struct Entry {
    /// Host, port, database, user. `None` is `*`.
    fields: [Option<String>; 4],
    password: Secret,
}

impl PassFile {
    /// Reads the file. One that is not there, or that others may read, counts as none, as in libpq; `named` says that
    /// somebody asked for this very file, so that its absence is worth a word.
    pub fn load(path: &Path, named: bool) -> Result<PassFile, Option<Warning>> {
        let warning = |reason: String| Warning::PassFileIgnored {
            path: path.to_owned(),
            reason,
        };
        let data = fs::metadata(path).map_err(|error| {
            let silent = error.kind() == io::ErrorKind::NotFound && !named;
            (!silent).then(|| warning(error.to_string()))
        })?;
        if !data.is_file() {
            return Err(Some(warning("it is not a plain file".into())));
        }
        let mode = data.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(Some(warning(format!(
                "its permissions are {mode:04o}: group or others have access"
            ))));
        }
        let bytes = fs::read(path).map_err(|error| Some(warning(error.to_string())))?;
        Ok(PassFile {
            path: path.to_owned(),
            entries: parse(&String::from_utf8_lossy(&bytes)),
        })
    }

    /// The password of the first line that fits.
    pub fn find(&self, host: &str, port: u16, database: &str, user: &str) -> Option<&Secret> {
        let port = port.to_string();
        let wanted = [host, port.as_str(), database, user];
        let fits = |entry: &&Entry| {
            entry
                .fields
                .iter()
                .zip(wanted)
                .all(|(field, wanted)| field.as_deref().is_none_or(|text| text == wanted))
        };
        self.entries
            .iter()
            .find(fits)
            .map(|entry| &entry.password)
            .filter(|password| !password.is_empty())
    }
}

fn parse(text: &str) -> Vec<Entry> {
    let mut entries = Vec::new();
    for line in text.lines() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let mut rest = line;
        let mut fields = [const { None }; 4];
        let complete = fields.iter_mut().all(|field| match split_field(rest) {
            Some((raw, behind)) => {
                *field = (raw != "*").then(|| unescape(raw));
                rest = behind;
                true
            }
            None => false,
        });
        if complete {
            // what follows the next colon is not ours
            let password = split_field(rest).map_or(rest, |(raw, _)| raw);
            entries.push(Entry {
                fields,
                password: Secret::new(unescape(password)),
            });
        }
    }
    entries
}

/// Splits at the first `:` that has no backslash before it.
fn split_field(text: &str) -> Option<(&str, &str)> {
    let mut escaped = false;
    for (index, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b':' => return Some((&text[..index], &text[index + 1..])),
            _ => {}
        }
    }
    None
}

fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => plain.extend(chars.next()),
            _ => plain.push(c),
        }
    }
    plain
}
