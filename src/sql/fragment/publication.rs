//! Tables of publications: `auth.users (id, name) where (active)`.

use crate::sql::cursor::Cursor;
use crate::sql::error::FragmentError;
use crate::sql::name::Name;

use super::{name, parenthesized_columns, tokens};

/// A table that is published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedTable {
    pub name: Name,
    /// Empty for all.
    pub columns: Vec<String>,
    /// Without the parentheses around it.
    pub condition: Option<String>,
}

/// Parses one table of a publication.
///
/// # Errors
/// Says what was expected where.
pub fn published_table(text: &str) -> Result<PublishedTable, FragmentError> {
    let tokens = tokens(text, "a table")?;
    let mut c = Cursor::new(text, &tokens);
    let name = name(&mut c, "a table")?;
    let columns = if c.is_punct("(") {
        parenthesized_columns(&mut c)?
    } else {
        Vec::new()
    };
    let mut condition = None;
    if c.word("where") {
        let inner = c
            .group()
            .ok_or_else(|| c.expected("a condition in parentheses"))?;
        condition = Some(super::expression::expression_in(inner)?);
    }
    c.finish()?;
    Ok(PublishedTable {
        name,
        columns,
        condition,
    })
}

#[cfg(test)]
mod tests {
    use super::published_table;

    #[test]
    fn a_table_with_columns_and_condition() {
        let table = published_table("auth.\"U 1\" (id, \"N\") where ((id > 0) and id < 9)").unwrap();
        assert_eq!(table.name.to_string(), "auth.\"U 1\"");
        assert_eq!(table.columns, ["id", "N"]);
        assert_eq!(table.condition.as_deref(), Some("(id > 0) and id < 9"));
        assert!(published_table("t where id > 0").is_err());
        assert!(published_table("t, u").is_err());
    }
}
