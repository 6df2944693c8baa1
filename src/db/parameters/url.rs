//! `postgresql://…`, read as libpq reads it.
//!
//! Nothing of a URL that cannot be read is ever shown: a password with a stray `/` or `?` makes its own pieces
//! look like a port, a database or a parameter.

use crate::db::parameters::keys::{self, Key};
use crate::db::parameters::{Form, ParameterError};

pub(super) const SCHEMES: &[&str] = &["postgresql://", "postgres://"];

/// Splits a URL into keywords and values. The first of several values of a keyword counts least.
pub(super) fn parse(url: &str) -> Result<Vec<(&'static Key, String)>, ParameterError> {
    let scheme = SCHEMES
        .iter()
        .find(|scheme| url.starts_with(**scheme))
        .map_or(0, |scheme| scheme.len());
    Reader {
        url,
        settings: Vec::new(),
    }
    .read(scheme)
}

struct Reader<'a> {
    url: &'a str,
    settings: Vec<(&'static Key, String)>,
}

impl<'a> Reader<'a> {
    fn read(mut self, start: usize) -> Result<Vec<(&'static Key, String)>, ParameterError> {
        let end = |from: usize, stops: &[char]| {
            self.url[from..]
                .find(stops)
                .map_or(self.url.len(), |at| from + at)
        };
        let authority_end = end(start, &['/', '?']);
        let path_end = end(authority_end, &['?']);
        // a raw '@' in a password is common; a host cannot hold one
        let hosts = match self.url[start..authority_end].rfind('@') {
            Some(at) => {
                self.user_and_password(start, start + at)?;
                start + at + 1
            }
            None => start,
        };
        self.hosts(hosts, authority_end)?;
        if authority_end < path_end {
            let path = authority_end + 1;
            if hosts == start
                && let Some(at) = self.url[path..path_end].find('@')
            {
                return Err(self.malformed(path + at, "an '@' in the database's name, and none before it"));
            }
            if path < path_end {
                self.store("dbname", path, path_end)?;
            }
        }
        if path_end < self.url.len() {
            self.query(path_end + 1)?;
        }
        Ok(self.settings)
    }

    fn user_and_password(&mut self, start: usize, end: usize) -> Result<(), ParameterError> {
        let colon = self.url[start..end].find(':').map_or(end, |at| start + at);
        if start < colon {
            self.store("user", start, colon)?;
        }
        if colon + 1 < end {
            self.store("password", colon + 1, end)?;
        }
        Ok(())
    }

    fn hosts(&mut self, start: usize, end: usize) -> Result<(), ParameterError> {
        let (mut names, mut ports) = (Vec::new(), Vec::new());
        let mut at = start;
        for part in self.url[start..end].split(',') {
            let (name, port) = match part.strip_prefix('[') {
                Some(rest) => {
                    let Some(close) = rest.find(']') else {
                        return Err(self.malformed(at, "an IPv6 address without its ']'"));
                    };
                    if close == 0 {
                        return Err(self.malformed(at, "an empty IPv6 address"));
                    }
                    let behind = &rest[close + 1..];
                    if !behind.is_empty() && !behind.starts_with(':') {
                        return Err(self.malformed(at + close + 2, "something other than a port behind ']'"));
                    }
                    (&rest[..close], behind.strip_prefix(':').unwrap_or(""))
                }
                None => part.split_once(':').unwrap_or((part, "")),
            };
            if !port.is_empty() && port.parse::<u16>().is_err() {
                let offset = at + part.len() - port.len();
                return Err(self.malformed(offset, "a port that is not a number from 1 to 65535"));
            }
            names.push(self.decode(name, at)?);
            ports.push(port);
            at += part.len() + 1;
        }
        if names.iter().any(|name| !name.is_empty()) {
            self.push("host", names.join(","));
        }
        if ports.iter().any(|port| !port.is_empty()) {
            self.push("port", ports.join(","));
        }
        Ok(())
    }

    fn query(&mut self, start: usize) -> Result<(), ParameterError> {
        let mut at = start;
        let parts: Vec<&str> = self.url[start..].split('&').collect();
        for (index, part) in parts.iter().enumerate() {
            let (begin, last) = (at, index + 1 == parts.len());
            at += part.len() + 1;
            if part.is_empty() && last {
                break;
            }
            let Some(equals) = part.find('=') else {
                return Err(self.malformed(begin, "a parameter without '='"));
            };
            let name = self.decode(&part[..equals], begin)?;
            let value_at = begin + equals + 1;
            let value = self.decode(&part[equals + 1..], value_at)?;
            // as libpq, for the sake of JDBC's URLs
            if name == "ssl" && value == "true" {
                self.push("sslmode", "require".into());
                continue;
            }
            let Some(key) = keys::find(&name) else {
                // behind a password with a '?' in it, this would be a piece of it
                let safe = !self.url[begin..].contains('@') && name.len() < 40;
                return Err(ParameterError::UnknownKey {
                    suggestion: keys::suggestion(&name),
                    key: safe.then_some(name),
                    form: Form::Url,
                    position: self.position(begin),
                });
            };
            self.settings.push((key, value));
        }
        Ok(())
    }

    fn store(&mut self, name: &'static str, start: usize, end: usize) -> Result<(), ParameterError> {
        let value = self.decode(&self.url[start..end], start)?;
        self.push(name, value);
        Ok(())
    }

    fn push(&mut self, name: &'static str, value: String) {
        self.settings.extend(keys::find(name).map(|key| (key, value)));
    }

    fn decode(&self, text: &str, offset: usize) -> Result<String, ParameterError> {
        let mut bytes = Vec::with_capacity(text.len());
        let mut rest = text.as_bytes();
        while let [first, tail @ ..] = rest {
            if *first != b'%' {
                bytes.push(*first);
                rest = tail;
                continue;
            }
            let here = offset + text.len() - rest.len();
            let digits = tail
                .first_chunk::<2>()
                .and_then(|pair| std::str::from_utf8(pair).ok());
            let byte = digits
                .filter(|pair| pair.bytes().all(|byte| byte.is_ascii_hexdigit()))
                .and_then(|pair| u8::from_str_radix(pair, 16).ok());
            match byte {
                Some(0) => return Err(self.malformed(here, "a forbidden %00")),
                Some(byte) => bytes.push(byte),
                None => return Err(self.malformed(here, "a '%' without two hexadecimal digits")),
            }
            rest = &tail[2..];
        }
        String::from_utf8(bytes).map_err(|_| self.malformed(offset, "percent-encoded text that is not UTF-8"))
    }

    fn position(&self, offset: usize) -> usize {
        self.url[..offset].chars().count() + 1
    }

    fn malformed(&self, offset: usize, what: &'static str) -> ParameterError {
        ParameterError::Malformed {
            form: Form::Url,
            what,
            position: self.position(offset),
        }
    }
}
