//! Where reports go: stdout, and the files of `--report`.

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use super::args::ReportTarget;
use crate::diagnostic::{self, Diagnostic, Severity};
use crate::project::file::os_reason;
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
    // some that are no screens say that they have none
    let measured = comfy_table::Table::new()
        .width()
        .map(usize::from)
        .filter(|&columns| columns > 0);
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

/// Whether what `--report` asks for can be written, asked before anything is run: a migration that went well is not to
/// end with a report that is nowhere.
///
/// # Errors
/// The file or folder that cannot be written, with the reason; a path that is named twice.
pub fn check_targets(targets: &[ReportTarget]) -> Result<(), Box<Diagnostic>> {
    for (index, target) in targets.iter().enumerate() {
        let path = &target.path;
        if targets[..index].iter().any(|other| other.path == *path) {
            let twice = format!("two reports are to be written to {}", path.display());
            return Err(Diagnostic::error(twice)
                .help("name a file of its own for each --report")
                .into());
        }
        let tried = match target.format {
            None => std::fs::create_dir_all(path).and_then(|()| try_folder(path)),
            Some(_) if path.is_dir() => Err(io::Error::from(io::ErrorKind::IsADirectory)),
            Some(_) if is_special(path) => Ok(()),
            Some(_) => try_folder(folder_of(path)),
        };
        tried.map_err(|error| {
            Diagnostic::error(format!(
                "the report cannot be written to {}: {}; nothing was run",
                path.display(),
                os_reason(&error)
            ))
            .help("name a file in a folder that is there and can be written to")
        })?;
    }
    Ok(())
}

/// Makes a file in a folder, which is gone at once.
fn try_folder(folder: &Path) -> io::Result<()> {
    tempfile::Builder::new()
        .prefix(".pgplumb-")
        .tempfile_in(folder)
        .map(drop)
}

/// Something that is there and no plain file: a device, a pipe. It is written to, not replaced.
fn is_special(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|data| !data.is_file() && !data.is_dir())
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
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

/// Writes a file so that it is there whole or not at all: what was there before stays until then. A link is followed.
///
/// # Errors
/// When the folder cannot be written to, or the disk is full.
pub fn write_file(path: &Path, text: &str) -> io::Result<()> {
    if is_special(path) {
        return std::fs::OpenOptions::new()
            .write(true)
            .open(path)?
            .write_all(text.as_bytes());
    }
    let path = &std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let folder = folder_of(path);
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

/// Whether a file is there that would be lost if it were written.
pub fn holds_something(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|file| file.is_file() && file.len() > 0)
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

    fn json(path: PathBuf) -> ReportTarget {
        ReportTarget {
            format: Some(Format::Json),
            path,
        }
    }

    #[test]
    fn what_cannot_be_written_is_known_before() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let said = |targets: &[ReportTarget]| check_targets(targets).unwrap_err().message;
        assert!(said(&[json(path("missing/a.json"))]).contains("missing/a.json"));
        assert!(said(&[json(folder.path().to_path_buf())]).contains("directory"));
        assert!(said(&[json(path("a")), json(path("b")), json(path("a"))]).starts_with("two reports"));
        let set = ReportTarget {
            format: None,
            path: path("new/set"),
        };
        check_targets(&[json(path("a")), set]).unwrap();
        let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
        assert_eq!(left.len(), 1, "{left:?}");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_a_link_and_a_device_a_device() {
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("real.json"), folder.path().join("link.json"));
        write_file(&real, "old").unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        write_file(&link, "new").unwrap();
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(std::fs::read_to_string(&real).unwrap(), "new");
        let null = Path::new("/dev/null");
        check_targets(&[json(null.to_path_buf())]).unwrap();
        write_file(null, "gone").unwrap();
        assert!(is_special(null));
        let full = Path::new("/dev/full");
        if is_special(full) {
            assert!(write_file(full, "too much").is_err());
        }
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
