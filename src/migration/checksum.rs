//! Checksums: refinery's, so that an application that embeds refinery agrees with pgplumb, and SHA-256 for the journal.
//!
//! refinery hashes name, version and text with SipHash-1-3, the version as the integer type it was built with:
//! a build with `int8-versions` gives every migration another checksum. [`Width`] is that type, and the type of the
//! history table's `version` column.

use std::fmt::Write as _;
use std::hash::{Hash, Hasher};

use sha2::{Digest, Sha256};
use siphasher::sip::SipHasher13;

use super::version::Version;
use crate::source::SourceFile;

/// The integer type of the history table's `version` column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Width {
    /// refinery's default.
    #[default]
    Int4,
    /// refinery's `int8-versions`.
    Int8,
}

impl Width {
    /// The type as PostgreSQL names it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Width::Int4 => "int4",
            Width::Int8 => "int8",
        }
    }

    /// Whether a column of this width can hold the version.
    pub const fn holds(self, version: Version) -> bool {
        match self {
            Width::Int4 => version.fits_int4(),
            Width::Int8 => true,
        }
    }
}

/// refinery's checksum of a migration, to be recorded. `None` when the version does not fit the width.
pub fn checksum(width: Width, version: Version, name: &str, text: &str) -> Option<u64> {
    if width == Width::Int8 {
        return hashed(width, version, name, text);
    }
    let number = i32::try_from(version.number()).ok()?;
    match refinery_core::Migration::unapplied(&format!("V{number}__{name}"), text) {
        // refinery takes of a name what it can read, and hashes that
        Ok(migration) if migration.name() == name => Some(migration.checksum()),
        _ => hashed(width, version, name, text),
    }
}

/// The same number, worked out here: refinery reads each name with a pattern, whose making alone takes more time than the
/// comparison of a thousand files.
fn hashed(width: Width, version: Version, name: &str, text: &str) -> Option<u64> {
    match width {
        Width::Int4 => Some(siphash(name, i32::try_from(version.number()).ok()?, text)),
        Width::Int8 => Some(siphash(name, version.number(), text)),
    }
}

/// What refinery computes, for a version of any integer type.
fn siphash(name: &str, version: impl Hash, text: &str) -> u64 {
    let mut hasher = SipHasher13::new();
    name.hash(&mut hasher);
    version.hash(&mut hasher);
    text.hash(&mut hasher);
    hasher.finish()
}

/// Whether a checksum in the history is that of this file, in either width.
///
/// What pgplumb records is over [`SourceFile::text`]. refinery hashes the bytes that it finds, so the text as it is on disk
/// counts as well, and the same text as a checkout with other line ends or a byte order mark has it.
pub fn accepts(recorded: &str, version: Version, name: &str, file: &SourceFile) -> bool {
    let Ok(recorded) = recorded.trim().parse::<u64>() else {
        return false;
    };
    let is_of = |text: &str| {
        [Width::Int4, Width::Int8]
            .into_iter()
            .any(|width| hashed(width, version, name, text) == Some(recorded))
    };
    if is_of(file.text()) || is_of(file.raw()) {
        return true;
    }
    let windows = file.text().replace('\n', "\r\n");
    is_of(&windows) || is_of(&format!("\u{feff}{}", file.text())) || is_of(&format!("\u{feff}{windows}"))
}

/// SHA-256 of a text in lower-case hex.
pub fn sha256(text: &str) -> String {
    Sha256::digest(text.as_bytes())
        .iter()
        .fold(String::with_capacity(64), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        text.parse().unwrap()
    }

    #[test]
    fn both_widths_are_known_right() {
        for (number, name, text) in [
            ("1", "a", ""),
            (
                "24",
                "sync_preview_progress_logs",
                "create table t (a text default 'é€𝄞');\n",
            ),
            ("2147483647", "Long_Name_2", "select 1;\r\n"),
        ] {
            let refinery = refinery_core::Migration::unapplied(&format!("V{number}__{name}"), text)
                .unwrap()
                .checksum();
            // refinery itself agrees with the computation that int8 uses, in its own width …
            assert_eq!(refinery, siphash(name, number.parse::<i32>().unwrap(), text));
            assert_eq!(checksum(Width::Int4, version(number), name, text), Some(refinery));
            assert_eq!(hashed(Width::Int4, version(number), name, text), Some(refinery));
            // … and int8 differs from it by the type of the version alone
            let wide = checksum(Width::Int8, version(number), name, text).unwrap();
            assert_eq!(wide, siphash(name, number.parse::<i64>().unwrap(), text));
            assert_ne!(wide, refinery);
        }
    }

    #[test]
    fn a_version_that_does_not_fit_has_no_int4_checksum() {
        assert_eq!(checksum(Width::Int4, version("20250611101500"), "a", ""), None);
        assert!(checksum(Width::Int8, version("20250611101500"), "a", "").is_some());
        assert!(!Width::Int4.holds(version("2147483648")));
        assert!(Width::Int8.holds(version("2147483648")));
    }

    #[test]
    fn line_ends_and_byte_order_marks_do_not_count() {
        let of = |width, text: &str| checksum(width, version("7"), "a", text).unwrap().to_string();
        let texts = [
            "select 1;\nselect 2;\n",
            "select 1;\r\nselect 2;\r\n",
            "\u{feff}select 1;\nselect 2;\n",
            "\u{feff}select 1;\r\nselect 2;\r\n",
            // mixed line ends are only known by the file that has them
            "select 1;\r\nselect 2;\n",
        ];
        for (index, on_disk) in texts.iter().enumerate() {
            let file = SourceFile::new("a.sql", *on_disk);
            for recorded in texts.iter().take(4).chain([on_disk]) {
                for width in [Width::Int4, Width::Int8] {
                    assert!(
                        accepts(&of(width, recorded), version("7"), "a", &file),
                        "{index} {recorded:?}"
                    );
                }
            }
            assert!(!accepts(&of(Width::Int4, "select 3;"), version("7"), "a", &file));
            assert!(!accepts(&of(Width::Int4, file.text()), version("8"), "a", &file));
            assert!(!accepts(&of(Width::Int4, file.text()), version("7"), "b", &file));
            for garbage in ["", "-1", "x", "99999999999999999999999"] {
                assert!(!accepts(garbage, version("7"), "a", &file));
            }
        }
    }

    #[test]
    fn names_that_refinery_would_cut_are_hashed_whole() {
        let whole = checksum(Width::Int4, version("1"), "add-users", "x");
        assert_eq!(whole, Some(siphash("add-users", 1_i32, "x")));
    }

    #[test]
    fn sha256_is_hex() {
        assert_eq!(
            sha256("abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
