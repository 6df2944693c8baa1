//! The names of the layouts.

use std::fmt;

/// Whose layout it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LayoutName {
    Pgplumb,
    Refinery,
    Flyway,
    GolangMigrate,
    Sqlx,
    Diesel,
    Dbmate,
    Goose,
    SqlMigrate,
    Sqitch,
}

impl LayoutName {
    /// Every layout, pgplumb's own first.
    pub const ALL: [LayoutName; 10] = [
        LayoutName::Pgplumb,
        LayoutName::Refinery,
        LayoutName::Flyway,
        LayoutName::GolangMigrate,
        LayoutName::Sqlx,
        LayoutName::Diesel,
        LayoutName::Dbmate,
        LayoutName::Goose,
        LayoutName::SqlMigrate,
        LayoutName::Sqitch,
    ];

    /// As settings and the command line write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            LayoutName::Pgplumb => "pgplumb",
            LayoutName::Refinery => "refinery",
            LayoutName::Flyway => "flyway",
            LayoutName::GolangMigrate => "golang-migrate",
            LayoutName::Sqlx => "sqlx",
            LayoutName::Diesel => "diesel",
            LayoutName::Dbmate => "dbmate",
            LayoutName::Goose => "goose",
            LayoutName::SqlMigrate => "sql-migrate",
            LayoutName::Sqitch => "sqitch",
        }
    }
}

impl fmt::Display for LayoutName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// No layout has this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no layout")]
pub struct UnknownLayout(String);

impl std::str::FromStr for LayoutName {
    type Err = UnknownLayout;

    fn from_str(text: &str) -> Result<LayoutName, UnknownLayout> {
        let found = LayoutName::ALL.into_iter().find(|name| name.as_str() == text);
        found.ok_or_else(|| UnknownLayout(text.to_string()))
    }
}
