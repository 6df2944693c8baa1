//! Versions, and the file names that carry them: `0024_sync_preview.sql`.

use std::fmt;
use std::str::FromStr;

/// How a repeatable migration is labelled, which has no number: `R__views`.
pub const REPEATABLE: &str = "R";

/// Orders migrations: a number of up to 64 bits. `24` and `0024` are the same version. Repeatable migrations have none:
/// they stand behind all numbers, in an order of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// Of a repeatable its place among them, from 1; else 0.
    place: usize,
    number: i64,
}

impl Version {
    /// Older than every migration: `rollback --to 0`.
    pub const ZERO: Version = Version::of(0);

    /// `None` for a negative number.
    pub const fn new(number: i64) -> Option<Version> {
        if number >= 0 {
            Some(Version::of(number))
        } else {
            None
        }
    }

    const fn of(number: i64) -> Version {
        Version { place: 0, number }
    }

    /// That of a repeatable migration, by its place among them, from 0.
    pub const fn repeatable(index: usize) -> Version {
        Version {
            place: index + 1,
            number: 0,
        }
    }

    /// Whether it is that of a repeatable migration.
    pub const fn is_repeatable(self) -> bool {
        self.place > 0
    }

    /// The number, as the history table stores it; 0 of a repeatable, which only the journal knows.
    pub const fn number(self) -> i64 {
        self.number
    }

    /// Whether an `int4` column can hold it.
    pub const fn fits_int4(self) -> bool {
        self.number <= i32::MAX as i64
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // `pad_integral` and not `write!`, so that `{:04}` works
        match self.is_repeatable() {
            true => f.pad(REPEATABLE),
            false => fmt::Display::fmt(&self.number, f),
        }
    }
}

/// Why a text is no version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VersionError {
    #[error("{0:?} is not a version: a version is a number such as 24, 0024 or 20250611101500")]
    NotDigits(String),
    #[error("version {0} is too large: a version has at most 64 bits (up to {max})", max = i64::MAX)]
    TooLarge(String),
}

impl FromStr for Version {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Version, VersionError> {
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(VersionError::NotDigits(text.to_string()));
        }
        match text.parse() {
            Ok(number) => Ok(Version::of(number)),
            Err(_) => Err(VersionError::TooLarge(text.to_string())),
        }
    }
}

/// The three parts of `0024_sync_preview.sql`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileName {
    /// The version as it is written: `0024`.
    pub label: String,
    pub version: Version,
    /// What follows the first `_`: `sync_preview`.
    pub name: String,
}

/// Why a file name is not `NNNN_snake_name`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileNameError {
    /// It is not of that form; `nearest` is the name that it probably means.
    #[error("{file_name:?} is not a migration's file name")]
    Malformed {
        file_name: String,
        nearest: Option<String>,
    },
    #[error("{file_name:?} is not a migration's file name: {error}")]
    Version { file_name: String, error: VersionError },
}

impl FileName {
    /// What a file name has to look like, for messages.
    pub const FORM: &'static str = "NNNN_snake_name.sql: digits, \"_\", then letters, digits and \"_\"";

    /// Takes the name of a script, without folders.
    ///
    /// # Errors
    /// [`FileNameError`] with the nearest name that would do.
    pub fn parse(file_name: &str) -> Result<FileName, FileNameError> {
        match file_name.strip_suffix(".sql") {
            Some(stem) => FileName::parse_stem(stem).map_err(|error| match error {
                StemError::Version(error) => FileNameError::Version {
                    file_name: file_name.to_string(),
                    error,
                },
                StemError::Malformed => malformed(file_name),
            }),
            None => Err(malformed(file_name)),
        }
    }

    /// Takes a file name without its extension.
    pub fn parse_stem(stem: &str) -> Result<FileName, StemError> {
        let (label, name) = stem.split_once('_').ok_or(StemError::Malformed)?;
        if label.is_empty() || !label.bytes().all(|byte| byte.is_ascii_digit()) || !is_name(name) {
            return Err(StemError::Malformed);
        }
        Ok(FileName {
            label: label.to_string(),
            version: label.parse().map_err(StemError::Version)?,
            name: name.to_string(),
        })
    }

    /// `0024_sync_preview`.
    pub fn stem(&self) -> String {
        stem(&self.label, &self.name)
    }
}

/// `0024_sync_preview`; of a repeatable `R__views`.
pub fn stem(label: &str, name: &str) -> String {
    match label {
        REPEATABLE => format!("{label}__{name}"),
        _ => format!("{label}_{name}"),
    }
}

/// Why a stem is not `NNNN_snake_name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StemError {
    Malformed,
    Version(VersionError),
}

/// Letters, digits and `_`, with at least one that is not `_`.
fn is_name(name: &str) -> bool {
    name.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && name.bytes().any(|byte| byte.is_ascii_alphanumeric())
}

fn malformed(file_name: &str) -> FileNameError {
    FileNameError::Malformed {
        file_name: file_name.to_string(),
        nearest: nearest(file_name),
    }
}

/// The valid file name that an invalid one probably means: `24-Add.sql` → `0024_add.sql`, `V2__b.sql` → `0002_b.sql`,
/// `add.sql` → `NNNN_add.sql`. `None` when nothing of it can serve as a name.
fn nearest(file_name: &str) -> Option<String> {
    let lower = file_name.to_ascii_lowercase();
    let stem = lower.strip_suffix(".sql").unwrap_or(&lower);
    let stem = stem
        .strip_suffix(".up")
        .or(stem.strip_suffix(".down"))
        .unwrap_or(stem);
    // the prefixes of refinery and Flyway
    let stem = match stem.strip_prefix(['v', 'u']) {
        Some(rest) if rest.starts_with(|c: char| c.is_ascii_digit()) => rest,
        _ => stem,
    };
    let is_of_version = |c: char| c.is_ascii_digit() || c == ' ';
    let (label, rest) = stem.split_at(stem.find(|c| !is_of_version(c)).unwrap_or(stem.len()));
    let label = label.replace(' ', "");
    let name = snake_case(rest)?;
    Some(match label.as_str() {
        "" => format!("NNNN_{name}.sql"),
        label => format!("{label:0>4}_{name}.sql"),
    })
}

/// Any text as a snake-case name: `Add User's table` → `add_users_table`, `AddUser` → `add_user`. `None` when nothing is
/// left of it.
pub fn snake_case(text: &str) -> Option<String> {
    let mut name = String::new();
    let mut previous = ' ';
    let plain = text.chars().flat_map(|c| {
        let latin = latin(c);
        latin.chars().chain(latin.is_empty().then_some(c))
    });
    for c in plain {
        let begins_word =
            c.is_ascii_uppercase() && (previous.is_ascii_lowercase() || previous.is_ascii_digit());
        let separates = begins_word || !(c.is_ascii_alphanumeric() || c == '\'' || c == '’');
        if separates && !name.is_empty() && !name.ends_with('_') {
            name.push('_');
        }
        if c.is_ascii_alphanumeric() {
            name.push(c.to_ascii_lowercase());
        }
        previous = c;
    }
    name.truncate(name.trim_end_matches('_').len());
    (!name.is_empty()).then_some(name)
}

/// A letter of a European alphabet in those from a to z; empty for any other character.
fn latin(c: char) -> &'static str {
    match c {
        'ä' | 'æ' => "ae",
        'Ä' | 'Æ' => "Ae",
        'ö' | 'ø' | 'œ' => "oe",
        'Ö' | 'Ø' | 'Œ' => "Oe",
        'ü' => "ue",
        'Ü' => "Ue",
        'ß' => "ss",
        'à' | 'á' | 'â' | 'ã' | 'å' | 'ą' => "a",
        'À' | 'Á' | 'Â' | 'Ã' | 'Å' => "A",
        'ç' | 'ć' | 'č' => "c",
        'è' | 'é' | 'ê' | 'ë' | 'ę' | 'ě' => "e",
        'È' | 'É' | 'Ê' | 'Ë' => "E",
        'ì' | 'í' | 'î' | 'ï' => "i",
        'ł' => "l",
        'ñ' | 'ń' | 'ň' => "n",
        'ò' | 'ó' | 'ô' | 'õ' => "o",
        'ř' => "r",
        'ś' | 'š' => "s",
        'ù' | 'ú' | 'û' | 'ů' => "u",
        'ý' | 'ÿ' => "y",
        'ź' | 'ż' | 'ž' => "z",
        _ => "",
    }
}

/// Whether a version is written as a time: `20250611101500`.
pub fn is_timestamp(label: &str) -> bool {
    let is_within = |range: std::ops::Range<usize>, low: u16, high: u16| {
        let part = label.get(range).and_then(|part| part.parse::<u16>().ok());
        part.is_some_and(|part| (low..=high).contains(&part))
    };
    label.len() == 14
        && is_within(0..4, 1970, 2999)
        && is_within(4..6, 1, 12)
        && is_within(6..8, 1, 31)
        && is_within(8..10, 0, 23)
        && is_within(10..12, 0, 59)
        // a second of two migrations is counted on
        && is_within(12..14, 0, 99)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_numbers_of_64_bits() {
        let version = |text: &str| text.parse::<Version>();
        assert_eq!(version("24"), version("0024"));
        assert_eq!(version("20250611101500").unwrap().number(), 20_250_611_101_500);
        assert_eq!(version("9223372036854775807").unwrap().number(), i64::MAX);
        assert_eq!(version("0").unwrap(), Version::ZERO);
        assert!(version("9").unwrap() < version("10").unwrap());
        for (text, message) in [
            (
                "9223372036854775808",
                "version 9223372036854775808 is too large: a version has at most 64 bits (up to 9223372036854775807)",
            ),
            (
                "",
                "\"\" is not a version: a version is a number such as 24, 0024 or 20250611101500",
            ),
            (
                "-1",
                "\"-1\" is not a version: a version is a number such as 24, 0024 or 20250611101500",
            ),
            (
                "٣",
                "\"٣\" is not a version: a version is a number such as 24, 0024 or 20250611101500",
            ),
        ] {
            assert_eq!(version(text).unwrap_err().to_string(), message);
        }
        assert_eq!(Version::new(-1), None);
        assert!(Version::new(i64::from(i32::MAX)).unwrap().fits_int4());
        assert!(!version("2147483648").unwrap().fits_int4());
        assert_eq!(format!("{} {0:04}", version("7").unwrap()), "7 0007");
    }

    #[test]
    fn file_names_have_three_parts() {
        for (file_name, label, number, name) in [
            (
                "0024_sync_preview_progress_logs.sql",
                "0024",
                24,
                "sync_preview_progress_logs",
            ),
            ("24_a.sql", "24", 24, "a"),
            (
                "20250611101500_Add_X2.sql",
                "20250611101500",
                20_250_611_101_500,
                "Add_X2",
            ),
            ("0001_1.sql", "0001", 1, "1"),
            ("0001__x.sql", "0001", 1, "_x"),
        ] {
            let parsed = FileName::parse(file_name).unwrap();
            assert_eq!(
                (
                    parsed.label.as_str(),
                    parsed.version.number(),
                    parsed.name.as_str()
                ),
                (label, number, name)
            );
            assert_eq!(format!("{}.sql", parsed.stem()), file_name);
        }
    }

    #[test]
    fn an_unreadable_name_gets_the_nearest_readable_one() {
        for (file_name, expected) in [
            ("24-Add.sql", Some("0024_add.sql")),
            ("24.sql", None),
            ("0024_.sql", None),
            ("0024_é.sql", Some("0024_e.sql")),
            ("0024_日.sql", None),
            ("00 05_space.sql", Some("0005_space.sql")),
            ("0004_Über name.sql", Some("0004_ueber_name.sql")),
            ("add users.sql", Some("NNNN_add_users.sql")),
            ("0024_add-users.sql", Some("0024_add_users.sql")),
            ("0024_add.SQL", Some("0024_add.sql")),
            ("V2__b.sql", Some("0002_b.sql")),
            ("0024_a.up.sql", Some("0024_a.sql")),
            ("0024 a.sql", Some("0024_a.sql")),
            ("vacuum.sql", Some("NNNN_vacuum.sql")),
            (".sql", None),
            ("", None),
        ] {
            assert_eq!(
                FileName::parse(file_name),
                Err(FileNameError::Malformed {
                    file_name: file_name.to_string(),
                    nearest: expected.map(str::to_string)
                }),
            );
        }
        assert_eq!(
            FileName::parse("99999999999999999999_a.sql")
                .unwrap_err()
                .to_string(),
            "\"99999999999999999999_a.sql\" is not a migration's file name: version 99999999999999999999 is too large: \
             a version has at most 64 bits (up to 9223372036854775807)"
        );
    }

    #[test]
    fn any_text_becomes_snake_case_or_nothing() {
        for (text, expected) in [
            ("Add User", Some("add_user")),
            ("  add -- user's  table! ", Some("add_users_table")),
            ("déjà vu", Some("deja_vu")),
            ("Größe ändern", Some("groesse_aendern")),
            ("2fa", Some("2fa")),
            ("___", None),
            ("日本", None),
            ("../../etc", Some("etc")),
            ("AddUserSQL", Some("add_user_sql")),
            ("OAuth2Token", Some("oauth2_token")),
            ("ADD USER", Some("add_user")),
        ] {
            assert_eq!(snake_case(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn times_are_told_from_numbers() {
        for (label, expected) in [
            ("20250611101500", true),
            ("20251231235999", true),
            ("20251331235959", false),
            ("00000000000001", false),
            ("2025061110150", false),
            ("1579713176", false),
            ("0024", false),
        ] {
            assert_eq!(is_timestamp(label), expected, "{label}");
        }
    }
}
