//! Privileges and roles: `select`, `update (a, b)`, `authenticated`.

use crate::sql::cursor::Cursor;
use crate::sql::error::{FragmentError, unknown};

use super::{identifier, parenthesized_columns, tokens};

/// A privilege on an object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Privilege {
    pub kind: PrivilegeKind,
    /// Empty for the whole object.
    pub columns: Vec<String>,
    /// WITH GRANT OPTION.
    pub grantable: bool,
}

macro_rules! privileges {
    ($($variant:ident $words:literal,)*) => {
        /// What may be done.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum PrivilegeKind { $($variant,)* }

        impl PrivilegeKind {
            /// The words that SQL has for it, in lower case.
            pub fn as_str(self) -> &'static str {
                match self { $(PrivilegeKind::$variant => $words,)* }
            }
        }

        const KINDS: &[PrivilegeKind] = &[$(PrivilegeKind::$variant,)*];
        const WORDS: &[&str] = &[$($words,)*];
    };
}

privileges! {
    Select "select",
    Insert "insert",
    Update "update",
    Delete "delete",
    Truncate "truncate",
    References "references",
    Trigger "trigger",
    Maintain "maintain",
    Usage "usage",
    Create "create",
    Connect "connect",
    Temporary "temporary",
    Execute "execute",
    All "all",
}

/// Parses one privilege: `select`, `update (a, b)`, `select with grant option`, `all`.
///
/// # Errors
/// Says what was expected where.
pub fn privilege(text: &str) -> Result<Privilege, FragmentError> {
    let tokens = tokens(text, "a privilege")?;
    let mut c = Cursor::new(text, &tokens);
    let kind = match KINDS.iter().find(|kind| c.word(kind.as_str())) {
        Some(kind) => *kind,
        None if c.word("temp") => PrivilegeKind::Temporary,
        None if c.is_ident() => return Err(unknown("privilege", c.peek_text(), c.here(), WORDS)),
        None => return Err(c.expected("a privilege")),
    };
    if kind == PrivilegeKind::All {
        let _ = c.word("privileges");
    }
    let columns = if c.is_punct("(") {
        parenthesized_columns(&mut c)?
    } else {
        Vec::new()
    };
    let grantable = c.word("with grant option");
    c.finish()?;
    Ok(Privilege {
        kind,
        columns,
        grantable,
    })
}

/// Parses a list of privileges. The error comes with the index of the entry that it is about.
///
/// # Errors
/// Says what was expected where.
pub fn privileges(texts: &[&str]) -> Result<Vec<Privilege>, (usize, FragmentError)> {
    texts
        .iter()
        .enumerate()
        .map(|(index, text)| privilege(text).map_err(|error| (index, error)))
        .collect()
}

/// Parses the name of a role; `public` is everybody.
///
/// # Errors
/// Says what was expected where.
pub fn role_name(text: &str) -> Result<String, FragmentError> {
    let tokens = tokens(text, "a role")?;
    let mut c = Cursor::new(text, &tokens);
    let role = identifier(&mut c, "a role")?;
    if !c.is_end() {
        return Err(c
            .expected("the end of the role's name")
            .help("put a name with other characters than letters, digits and _ in double quotes"));
    }
    Ok(role)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn privileges_of_every_shape() {
        let plain = |kind| Privilege {
            kind,
            columns: vec![],
            grantable: false,
        };
        assert_eq!(privilege("SELECT").unwrap(), plain(PrivilegeKind::Select));
        assert_eq!(privilege("all privileges").unwrap(), plain(PrivilegeKind::All));
        assert_eq!(privilege("temp").unwrap(), plain(PrivilegeKind::Temporary));
        let found = privilege("update (a, \"B\") with grant option").unwrap();
        assert_eq!(
            (found.columns, found.grantable),
            (vec!["a".to_owned(), "B".to_owned()], true)
        );
        let (index, error) = privileges(&["select", "updte"]).unwrap_err();
        assert_eq!(
            (index, error.message.as_str()),
            (1, "unknown privilege \"updte\": did you mean \"update\"?")
        );
    }

    #[test]
    fn roles_are_names() {
        assert_eq!(role_name("Authenticated").unwrap(), "authenticated");
        assert_eq!(role_name("\"App-User\"").unwrap(), "App-User");
        assert!(role_name("app-user").unwrap_err().help.is_some());
        assert!(role_name("a; drop").is_err());
    }
}
