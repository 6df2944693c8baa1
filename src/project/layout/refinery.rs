//! refinery: `V1__name.sql`, and `U2__name.sql` for one whose place in the order does not matter.

use super::numbered::{parse, signs};
use super::{Folder, Found, Layout, LayoutName, Text, file_name};

pub(super) const LAYOUT: Layout = Layout {
    name: LayoutName::Refinery,
    evidence,
    read,
    is_nested: false,
};

fn evidence(folder: &Folder<'_>) -> Option<String> {
    let signs = signs(folder)?;
    match (&signs.refinery, &signs.flyway) {
        (Some(sign), _) => Some(sign.clone()),
        (None, Some(_)) => None,
        (None, None) => Some("files named V1__name.sql".to_string()),
    }
}

fn read(folder: &Folder<'_>) -> Found {
    let mut found = Found::default();
    for file in folder.files {
        match parse(file_name(file)).filter(|parts| parts.prefix != 'R') {
            // the name stays as it is: the checksum is over it
            Some(parts) => found.take(parts.version, parts.name, Text::of(file), None),
            None => found.unread(
                file.path(),
                "refinery's files are named V1__name.sql or U1__name.sql",
                "rename it, or move it out of the folder",
            ),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::testing::read_lines;
    use super::*;

    #[test]
    fn versions_and_names_are_refinerys() {
        assert_eq!(
            read_lines(
                LayoutName::Refinery,
                &["m/V1__a_B.sql", "m/U2__c.sql=vacuum;", "m/x.sql", "m/V3.1__d.sql"]
            ),
            [
                "2 c: m/U2__c.sql:1:1 outside [vacuum] / -",
                "1 a_B: m/V1__a_B.sql:1:1 [select 1] / -",
                "error: m/V3.1__d.sql:1:1 \"3.1\" is not a version: a version is a number such as 24, 0024 or 20250611101500",
                "warning: m/x.sql:1:1 m/x.sql is not read: refinery's files are named V1__name.sql or U1__name.sql",
            ]
        );
    }
}
