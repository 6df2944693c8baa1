//! `V1__name.sql` and its kin, as refinery and Flyway name their files.

use std::collections::BTreeSet;

use super::{Folder, file_name};

/// A file name in parts: `V1_2__create_users.sql`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Numbered<'n> {
    /// `V`, `U` or `R`.
    pub prefix: char,
    /// `1_2`; empty for a repeatable one.
    pub version: &'n str,
    pub name: &'n str,
}

/// Takes a file name apart; `None` when it is not of that form.
pub fn parse(file_name: &str) -> Option<Numbered<'_>> {
    let stem = file_name.strip_suffix(".sql")?;
    let prefix = stem.chars().next().filter(|c| matches!(c, 'V' | 'U' | 'R'))?;
    let (version, name) = stem[1..].split_once("__")?;
    let is_version = match prefix {
        'R' => version.is_empty(),
        _ => version
            .split(['.', '_'])
            .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit())),
    };
    (is_version && !name.is_empty()).then_some(Numbered {
        prefix,
        version,
        name,
    })
}

/// A file of Flyway's that runs at some point of every migration: `beforeMigrate.sql`, `afterEachMigrate__x.sql`.
pub fn is_callback(file_name: &str) -> bool {
    file_name.starts_with("before") || file_name.starts_with("after") || file_name.starts_with("createSchema")
}

/// What the names alone say.
pub struct Signs {
    /// Of Flyway alone.
    pub flyway: Option<String>,
    /// Of refinery alone.
    pub refinery: Option<String>,
}

/// The signs; `None` when the files have other names.
pub fn signs<'f>(folder: &'f Folder<'_>) -> Option<&'f Signs> {
    folder.signs.get_or_init(|| read_signs(folder)).as_ref()
}

fn read_signs(folder: &Folder<'_>) -> Option<Signs> {
    let names = folder.files.iter().map(|file| file_name(file));
    let (mut parsed, mut callback) = (Vec::new(), None);
    for name in names {
        match parse(name) {
            Some(parts) => parsed.push(parts),
            None if is_callback(name) => callback = callback.or(Some(name)),
            None => return None,
        }
    }
    if parsed.is_empty() {
        return None;
    }
    let versioned: BTreeSet<&str> = match of(&parsed, 'U').next() {
        Some(_) => of(&parsed, 'V').map(|file| file.version).collect(),
        None => BTreeSet::new(),
    };
    let sign = |found: Option<&Numbered<'_>>, what: &str| {
        found.map(|file| format!("{}{}__{}.sql {what}", file.prefix, file.version, file.name))
    };
    let dotted = parsed.iter().find(|file| file.version.contains(['.', '_']));
    let spaced = |file: &&Numbered<'_>| !file.name.chars().all(|c| c.is_alphanumeric() || c == '_');
    let mut undo = of(&parsed, 'U').filter(|file| versioned.contains(file.version));
    let mut alone = of(&parsed, 'U').filter(|file| !versioned.contains(file.version));
    Some(Signs {
        flyway: sign(of(&parsed, 'R').next(), "is repeatable")
            .or_else(|| sign(undo.next(), "undoes the V of its version"))
            .or_else(|| sign(dotted, "has a version in parts"))
            .or_else(|| sign(parsed.iter().find(spaced), "has a description in words"))
            .or_else(|| callback.map(|name| format!("{name} is a callback")))
            .or_else(|| folder.has_beside("flyway.conf"))
            .or_else(|| folder.has_beside("flyway.toml"))
            .or_else(|| folder.mentions("pom.xml", "flyway"))
            .or_else(|| folder.mentions("build.gradle", "flyway")),
        refinery: sign(alone.next(), "has no V of its version")
            .or_else(|| folder.has_beside("refinery.toml"))
            .or_else(|| folder.mentions("Cargo.toml", "refinery")),
    })
}

fn of<'n, 'f>(files: &'f [Numbered<'n>], prefix: char) -> impl Iterator<Item = &'f Numbered<'n>> {
    files.iter().filter(move |file| file.prefix == prefix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_a_prefix_a_version_and_a_description() {
        for (name, expected) in [
            ("V1__a.sql", Some(('V', "1", "a"))),
            ("V1_2__a_b.sql", Some(('V', "1_2", "a_b"))),
            ("U1.2__a b.sql", Some(('U', "1.2", "a b"))),
            ("R__views.sql", Some(('R', "", "views"))),
            ("V__a.sql", None),
            ("R1__a.sql", None),
            ("V1_a.sql", None),
            ("V1__.sql", None),
            ("v1__a.sql", None),
            ("1__a.sql", None),
            ("V1..2__a.sql", None),
        ] {
            let found = parse(name).map(|file| (file.prefix, file.version, file.name));
            assert_eq!(found, expected, "{name}");
        }
    }
}
