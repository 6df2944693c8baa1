//! What is wrong with parameters, and what was passed over in them.

use std::fmt;
use std::path::PathBuf;

use crate::db::parameters::keys;

/// What was passed over on the way, worth a word to the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Warning {
    PassFileIgnored { path: PathBuf, reason: String },
    KeyIgnored { key: &'static str, reason: &'static str },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Warning::PassFileIgnored { path, reason } => {
                write!(f, "the password file {} is not used: {reason}", path.display())
            }
            Warning::KeyIgnored { key, reason } => write!(f, "{key} has no effect: {reason}"),
        }
    }
}

impl Warning {
    /// One imperative line.
    pub fn help(&self) -> String {
        match self {
            Warning::PassFileIgnored { path, reason } if reason.contains("permissions") => {
                format!("run `chmod 600 {}`", path.display())
            }
            Warning::PassFileIgnored { .. } => "name a file that can be read with PGPASSFILE".into(),
            Warning::KeyIgnored { key, .. } => format!("leave out {key}"),
        }
    }
}

/// The two forms of a connection string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Url,
    Conninfo,
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Form::Url => "database URL",
            Form::Conninfo => "connection string",
        })
    }
}

/// Why the parameters cannot be used. None of them shows a password, or what might be a piece of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParameterError {
    /// The string does not hold together; `position` is 1-based, in characters.
    Malformed {
        form: Form,
        what: &'static str,
        position: usize,
    },
    /// `mysql://…`
    UnsupportedScheme { scheme: String },
    /// A keyword that libpq does not know. Not named where it may be a piece of a password.
    UnknownKey {
        key: Option<String>,
        suggestion: Option<&'static str>,
        form: Form,
        position: usize,
    },
    /// A keyword that we do not support and must not ignore.
    UnsupportedKey { key: &'static str, reason: &'static str },
    /// A value that the keyword does not take. Not shown where it may be a piece of a password.
    InvalidValue {
        key: &'static str,
        value: Option<String>,
        expected: String,
    },
    /// Lists of different lengths.
    Counts {
        key: &'static str,
        count: usize,
        hosts: usize,
    },
    /// Two settings that exclude each other.
    Conflict { reason: String, help: &'static str },
    /// No service file has it.
    NoSuchService { name: String, looked: Vec<PathBuf> },
    /// A mistake in a service file.
    ServiceFile {
        path: PathBuf,
        line: usize,
        what: String,
    },
    /// A file that is there and cannot be read.
    UnreadableFile { path: PathBuf, reason: String },
    /// Nobody named a user, and the system does not know our account.
    NoUser,
}

impl ParameterError {
    pub(super) fn invalid(key: &'static str, value: &str, expected: impl Into<String>) -> ParameterError {
        let value = (!value.contains('@')).then(|| value.to_owned());
        ParameterError::InvalidValue {
            key,
            value,
            expected: expected.into(),
        }
    }

    /// One imperative line.
    pub fn help(&self) -> String {
        match self {
            ParameterError::Malformed { form: Form::Url, .. } => {
                "percent-encode special characters of user and password: @ is %40, / is %2F, : is %3A, ? is %3F, # is \
                 %23, % is %25"
                    .into()
            }
            ParameterError::Malformed { form: Form::Conninfo, .. } => {
                "write it as key='value', with \\' for a quote and \\\\ for a backslash in it".into()
            }
            ParameterError::UnsupportedScheme { scheme } => {
                let tail = scheme.rsplit(':').next().unwrap_or(scheme);
                if tail.starts_with("postgres") {
                    "begin it with postgresql:// alone".into()
                } else {
                    "give the URL of a PostgreSQL database: postgresql://user@host/database".into()
                }
            }
            ParameterError::UnknownKey { key: Some(key), .. } if keys::is_for_another_driver(key) => {
                format!("leave out {key}: it only tells another driver how to behave")
            }
            ParameterError::UnknownKey { suggestion: Some(near), .. } => format!("write {near}"),
            ParameterError::UnknownKey { form: Form::Url, .. } => {
                "leave it out; or, if it belongs to the password, percent-encode that: ? is %3F, & is %26".into()
            }
            ParameterError::UnknownKey { form: Form::Conninfo, .. } => {
                "leave it out; or, if it belongs to a value with spaces, put that in single quotes".into()
            }
            ParameterError::UnsupportedKey { key, .. } => format!("leave out {key}"),
            ParameterError::InvalidValue { expected, .. } => format!("give one of: {expected}"),
            ParameterError::Counts { key, .. } => format!("give one {key} for all hosts, or as many as there are hosts"),
            ParameterError::Conflict { help, .. } => (*help).to_owned(),
            ParameterError::NoSuchService { name, .. } => {
                format!("add a section [{name}] to one of them, or name another file with PGSERVICEFILE")
            }
            ParameterError::ServiceFile { .. } => "correct the line".into(),
            ParameterError::UnreadableFile { path, .. } => format!("make {} readable", path.display()),
            ParameterError::NoUser => "name one: set PGUSER, or write it into the URL".into(),
        }
    }
}

impl fmt::Display for ParameterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ParameterError::Malformed { form, what, position } => {
                write!(f, "the {form} cannot be read: {what} (character {position})")
            }
            ParameterError::UnsupportedScheme { scheme } => {
                write!(
                    f,
                    "the database URL begins with {scheme}://, not with postgresql://"
                )
            }
            ParameterError::UnknownKey {
                key: Some(key), form, ..
            } => {
                write!(f, "the {form} has an unknown parameter \"{key}\"")
            }
            ParameterError::UnknownKey {
                key: None,
                form,
                position,
                ..
            } => {
                write!(f, "the {form} has an unknown parameter (character {position})")
            }
            ParameterError::UnsupportedKey { key, reason } => write!(f, "{key} cannot be used: {reason}"),
            ParameterError::InvalidValue {
                key,
                value: Some(value),
                ..
            } => {
                write!(f, "\"{value}\" is not a value of {key}")
            }
            ParameterError::InvalidValue { key, value: None, .. } => {
                write!(f, "the value of {key} is not one it takes")
            }
            ParameterError::Counts { key, count, hosts } => {
                let hosts = counted(*hosts, "host");
                write!(f, "{count} values of {key} are given for {hosts}")
            }
            ParameterError::Conflict { reason, .. } => f.write_str(reason),
            ParameterError::NoSuchService { name, looked } => {
                let looked: Vec<String> = looked.iter().map(|path| path.display().to_string()).collect();
                write!(f, "no service \"{name}\" in {}", looked.join(", "))
            }
            ParameterError::ServiceFile { path, line, what } => {
                write!(f, "{}:{line}: {what}", path.display())
            }
            ParameterError::UnreadableFile { path, reason } => {
                write!(f, "{} cannot be read: {reason}", path.display())
            }
            ParameterError::NoUser => f.write_str("no database user is named, and this account has no name"),
        }
    }
}

impl std::error::Error for ParameterError {}

fn counted(count: usize, noun: &str) -> String {
    match count {
        1 => format!("1 {noun}"),
        _ => format!("{count} {noun}s"),
    }
}
