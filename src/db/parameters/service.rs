//! `pg_service.conf`: named sets of parameters.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::db::parameters::ParameterError;
use crate::db::parameters::keys::{self, Key};

/// The parameters of a service, from the first of the files that has it. A file that is not there is passed over.
pub(super) fn load(name: &str, files: &[PathBuf]) -> Result<Vec<(&'static Key, String)>, ParameterError> {
    for path in files {
        let text = match fs::read(path) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => {
                return Err(ParameterError::UnreadableFile {
                    path: path.clone(),
                    reason: error.to_string(),
                });
            }
        };
        if let Some(settings) = section(name, &text, path)? {
            return Ok(settings);
        }
    }
    Err(ParameterError::NoSuchService {
        name: name.to_owned(),
        looked: files.to_vec(),
    })
}

type Section = Option<Vec<(&'static Key, String)>>;

fn section(name: &str, text: &str, path: &Path) -> Result<Section, ParameterError> {
    let mut found: Section = None;
    for (index, line) in text.lines().enumerate() {
        let error = |what: String| ParameterError::ServiceFile {
            path: path.to_owned(),
            line: index + 1,
            what,
        };
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(rest) = line.strip_prefix('[') {
            if found.is_some() {
                break;
            }
            if rest.strip_suffix(']') == Some(name) {
                found = Some(Vec::new());
            }
            continue;
        }
        let Some(settings) = &mut found else { continue };
        if line.starts_with("ldap://") {
            return Err(error("looking up parameters in LDAP is not supported".into()));
        }
        let Some((key, value)) = line.split_once('=') else {
            return Err(error("a line without '='".into()));
        };
        let key = key.trim();
        let Some(known) = keys::find(key) else {
            let hint = keys::suggestion(key)
                .map(|near| format!("; did you mean {near}?"))
                .unwrap_or_default();
            return Err(error(format!("unknown parameter \"{key}\"{hint}")));
        };
        if known.name.starts_with("service") {
            return Err(error("a service inside a service".into()));
        }
        // of several values the first one counts, as in libpq
        if !settings.iter().any(|(key, _)| *key == known) {
            settings.push((known, value.trim_start().to_owned()));
        }
    }
    Ok(found)
}
