//! Where reports go: stdout, and the files of `--report`.

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use super::args::ReportTarget;
use crate::diagnostic::{self, Diagnostic, Severity};
use crate::redact::redact;
use crate::report::text::TextOptions;
use crate::report::{self, ExitCode, Report, documents};

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`.
    #[default]
    Auto,
    Always,
    Never,
}

/// Columns of a report that does not go to a terminal.
const PIPED_WIDTH: usize = 100;

/// Text reports as the terminal can show them.
pub fn text_options(color: Color, verbose: bool) -> TextOptions {
    let terminal = io::stdout().is_terminal();
    TextOptions {
        width: if terminal {
            terminal_width()
        } else {
            columns().unwrap_or(PIPED_WIDTH)
        },
        color: colored(color, terminal),
        unicode: !terminal || speaks_utf8(),
        verbose,
        document: false,
    }
}

/// Text reports for a file: no colour.
pub fn file_options() -> TextOptions {
    TextOptions {
        width: PIPED_WIDTH,
        color: false,
        unicode: true,
        verbose: true,
        document: true,
    }
}

/// Whether to colour what goes to a stream that is a terminal or not.
pub fn colored(color: Color, terminal: bool) -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto if set("NO_COLOR") => false,
        Color::Auto if set("CLICOLOR_FORCE") => {
            std::env::var("CLICOLOR_FORCE").is_ok_and(|value| value != "0")
        }
        Color::Auto => terminal && std::env::var("TERM").is_ok_and(|term| term != "dumb"),
    }
}

fn columns() -> Option<usize> {
    std::env::var("COLUMNS")
        .ok()?
        .parse()
        .ok()
        .filter(|columns| *columns >= 40)
}

fn terminal_width() -> usize {
    let measured = comfy_table::Table::new().width().map(usize::from);
    columns().or(measured).unwrap_or(80).clamp(40, 160)
}

fn speaks_utf8() -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    // macOS and many containers set none of them and show UTF-8 all the same
    locale.is_none_or(|locale| {
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8") || !matches!(locale.as_str(), "c" | "posix")
    })
}

/// Writes to stdout. A reader that has gone away (`| head`) is no error.
///
/// # Errors
/// When stdout takes no more for another reason, a full disk for instance.
pub fn print(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// Writes to stderr without passwords, where a failure has nobody left to tell.
pub fn tell(text: &str) {
    let _ = io::stderr().lock().write_all(redact(text).as_bytes());
}

/// Writes what `--report` asks for.
///
/// # Errors
/// The file or folder that could not be written, with the reason.
pub fn write_reports(report: &Report, target: &ReportTarget) -> Result<(), (PathBuf, io::Error)> {
    let write = |path: PathBuf, text: &str| write_file(&path, text).map_err(|error| (path, error));
    let path = &target.path;
    match target.format {
        Some(format) => write(path.clone(), &report::render(report, format, &file_options())),
        None => {
            std::fs::create_dir_all(path).map_err(|error| (path.clone(), error))?;
            documents::documents(report, &file_options())
                .iter()
                .try_for_each(|document| write(path.join(&document.name), &document.text))
        }
    }
}

/// Shows a diagnostic on stderr, its first word coloured as compilers do.
pub fn tell_diagnostic(diagnostic: &Diagnostic, color: Color) {
    let text = diagnostic::render(diagnostic);
    let word = diagnostic.severity.as_str();
    let paint = match diagnostic.severity {
        Severity::Error => "\x1b[1;31m",
        Severity::Warning => "\x1b[1;33m",
        Severity::Note => "\x1b[1;36m",
    };
    match text.strip_prefix(word) {
        Some(rest) if colored(color, io::stderr().is_terminal()) => {
            tell(&format!("{paint}{word}\x1b[0m{rest}"))
        }
        _ => tell(&text),
    }
}

/// Writes a file so that it is there whole or not at all.
///
/// # Errors
/// When the folder cannot be written to, or the disk is full.
pub fn write_file(path: &Path, text: &str) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut file = tempfile::Builder::new().prefix(".pgplumb-").tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        file.as_file()
            .set_permissions(std::fs::Permissions::from_mode(0o644))?;
    }
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// Writes a file and the folders above it, unless it is there already: false then.
///
/// # Errors
/// As [`write_file`].
pub fn write_new_file(path: &Path, text: &str) -> io::Result<bool> {
    if path.exists() {
        return Ok(false);
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    write_file(path, text).map(|()| true)
}

/// Prints, and turns trouble with stdout into a message and an exit code.
pub fn print_or_fail(text: &str) -> ExitCode {
    match print(text) {
        Ok(()) => ExitCode::Done,
        Err(error) => {
            tell(&format!("error: stdout takes no more: {error}\n"));
            ExitCode::Usage
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Format;

    #[test]
    fn a_set_is_one_file_a_format_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let target = ReportTarget {
            format: None,
            path: folder.path().join("a/b"),
        };
        let report = Report::new("status");
        write_reports(&report, &target).unwrap();
        // once more over what is there
        write_reports(&report, &target).unwrap();
        let files = std::fs::read_dir(folder.path().join("a/b")).unwrap();
        assert_eq!(files.count(), Format::ALL.len());
    }

    #[test]
    fn what_cannot_be_written_is_named_and_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("missing/report.json");
        let target = ReportTarget {
            format: Some(Format::Json),
            path: path.clone(),
        };
        let (named, _) = write_reports(&Report::new("status"), &target).unwrap_err();
        assert_eq!(named, path);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
