//! Files and folders of the project, read.

use std::fs;
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::Arc;

use crate::diagnostic::Diagnostic;
use crate::source::{SourceFile, Span};

/// Reads a file of the project.
///
/// # Errors
/// Why it cannot be read, or is no text.
pub fn try_file(path: &Path, shown: &str, is_regular: bool) -> Result<Arc<SourceFile>, Box<Diagnostic>> {
    let cannot = |reason: &str, help: &str| {
        let message = format!("{shown} cannot be read: {reason}");
        Box::new(Diagnostic::error(message).in_file(shown).help(help))
    };
    let bytes = read_regular(path, is_regular).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound if path.is_symlink() => {
            cannot("it is a link to a file that is gone", "mend or remove the link")
        }
        io::ErrorKind::NotFound => cannot("no such file", "check the path"),
        io::ErrorKind::PermissionDenied => cannot(&os_reason(&error), "allow yourself to read it"),
        io::ErrorKind::InvalidInput => cannot("it is no regular file", "replace it by one, or move it away"),
        _ => cannot(&os_reason(&error), "check the file"),
    })?;
    let file = match SourceFile::from_bytes(shown, bytes) {
        Ok(file) => file,
        Err(error) => return Err(Box::new(invalid_utf8(path, shown, &error))),
    };
    match file.text().find('\0') {
        None => Ok(file),
        Some(offset) => Err(Box::new(
            Diagnostic::error(format!(
                "{shown} holds a NUL character, which PostgreSQL does not take"
            ))
            .at(&file, Span::new(offset, offset + 1))
            .help("remove the character"),
        )),
    }
}

/// What a folder holds.
pub struct Entry {
    pub file_name: std::ffi::OsString,
    /// For people.
    pub name: String,
    pub is_directory: bool,
    pub is_regular: bool,
}

/// What a folder holds, hidden entries left out, in the order of the names.
///
/// # Errors
/// Those of the operating system.
pub fn list(directory: &Path) -> io::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let file_name = entry.file_name();
        let name = file_name.to_string_lossy().into_owned();
        if name.starts_with('.') {
            continue;
        }
        let kind = entry.file_type()?;
        let is_directory = kind.is_dir() || (kind.is_symlink() && entry.path().is_dir());
        entries.push(Entry {
            file_name,
            name,
            is_directory,
            is_regular: kind.is_file(),
        });
    }
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(entries)
}

/// Whether a file name ends so, in whatever case.
pub fn has_extension(name: &str, extension: &str) -> bool {
    name.rsplit_once('.')
        .is_some_and(|(_, own)| own.eq_ignore_ascii_case(extension))
}

/// Reads a file that is one: a named pipe would keep the run waiting.
///
/// Projects have thousands of small files, so calls to the system count: `take` does not ask for the size.
fn read_regular(path: &Path, is_regular: bool) -> io::Result<Vec<u8>> {
    if !is_regular && !fs::metadata(path)?.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let mut bytes = Vec::with_capacity(16 * 1024);
    fs::File::open(path)?.take(u64::MAX).read_to_end(&mut bytes)?;
    bytes.shrink_to_fit();
    Ok(bytes)
}

fn invalid_utf8(path: &Path, shown: &str, error: &crate::source::InvalidUtf8) -> Diagnostic {
    let bytes = fs::read(path).unwrap_or_default();
    let help = match bytes.as_slice() {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "it looks like UTF-16: save the file as UTF-8",
        _ => "save the file as UTF-8",
    };
    let message = format!("{shown} is not valid UTF-8");
    let problem = match bytes.get(..error.offset).map(std::str::from_utf8) {
        Some(Ok(before)) => {
            let at = SourceFile::new(shown, before).text().len();
            // what replaces the bad byte is three bytes long
            let file = SourceFile::new(shown, String::from_utf8_lossy(&bytes));
            Diagnostic::error(message).at(&file, Span::new(at, at + '\u{fffd}'.len_utf8()))
        }
        // the file has changed meanwhile
        _ => Diagnostic::error(message).in_file(shown),
    };
    problem
        .have(format!("byte 0x{:02x} at offset {}", error.byte, error.offset))
        .help(help)
}

/// What the operating system says, without its number.
pub fn os_reason(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.find(" (os error").map_or(text.as_str(), |at| &text[..at]);
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_lowercase().chain(characters).collect(),
        None => "unknown error".to_string(),
    }
}
