//! Where the programs of a server are.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::ScratchError;
use crate::db::connect;

/// What to do where there are none.
pub(super) fn install_help() -> &'static str {
    if cfg!(target_os = "macos") {
        "install it: `brew install postgresql@17`; or set PGPLUMB_PG_BIN to the directory of initdb"
    } else {
        "install it: `apt-get install postgresql` (Debian, Ubuntu) or `dnf install postgresql-server` (Fedora); \
         or set PGPLUMB_PG_BIN to the directory of initdb"
    }
}

/// The directory of `initdb` and `postgres`.
pub(super) fn find(wanted: Option<&Path>) -> Result<PathBuf, ScratchError> {
    let named = wanted.map(Path::to_owned).or_else(|| {
        std::env::var_os("PGPLUMB_PG_BIN")
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    });
    let candidates = match named {
        // who names a directory does not want another one
        Some(directory) => vec![directory],
        None => usual_places(),
    };
    let found = candidates.iter().find_map(|directory| {
        // a link to initdb elsewhere is as good as the place it points to
        let initdb = fs::canonicalize(directory.join("initdb")).ok()?;
        let directory = initdb.parent()?;
        directory.join("postgres").exists().then(|| directory.to_owned())
    });
    found.ok_or(ScratchError::NotFound { looked: candidates })
}

/// Where servers are usually installed, the most wanted place first.
pub(crate) fn usual_places() -> Vec<PathBuf> {
    let mut places: Vec<PathBuf> = match std::env::var_os("PATH") {
        Some(path) => std::env::split_paths(&path)
            .filter(|part| part.is_absolute())
            .collect(),
        None => Vec::new(),
    };
    if let Ok(output) = Command::new("pg_config")
        .arg("--bindir")
        .stderr(Stdio::null())
        .output()
        && output.status.success()
    {
        places.push(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()));
    }
    places.extend(newest_first("/usr/lib/postgresql", "", "bin"));
    places.extend(newest_first("/opt/homebrew/opt", "postgresql@", "bin"));
    places.extend(newest_first("/usr/local/opt", "postgresql@", "bin"));
    places.extend(newest_first("/usr", "pgsql-", "bin"));
    places.push(PathBuf::from("/usr/local/pgsql/bin"));
    let mut seen = Vec::new();
    places.retain(|place| {
        !seen.contains(place) && {
            seen.push(place.clone());
            true
        }
    });
    places
}

/// `parent/prefixN/bin` for every number N there is; `parent/prefix*/bin` stands for them when there is none.
fn newest_first(parent: &str, prefix: &str, bin: &str) -> Vec<PathBuf> {
    let mut numbers: Vec<u32> = fs::read_dir(parent)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.strip_prefix(prefix)?.parse().ok())
        .collect();
    numbers.sort_unstable_by(|a, b| b.cmp(a));
    if numbers.is_empty() {
        return vec![PathBuf::from(format!("{parent}/{prefix}*/{bin}"))];
    }
    numbers
        .iter()
        .map(|number| PathBuf::from(format!("{parent}/{prefix}{number}/{bin}")))
        .collect()
}

pub(super) fn version_of(bin: &Path) -> (String, u32) {
    let output = Command::new(bin.join("postgres")).arg("--version").output();
    let text = output
        .map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
        .unwrap_or_default();
    let version = text
        .strip_prefix("postgres (PostgreSQL) ")
        .unwrap_or(&text)
        .to_owned();
    let number = connect::version_number(&version);
    (version, number)
}
