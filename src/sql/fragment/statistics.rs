//! Extended statistics: `(ndistinct, mcv) on a, (lower(b))`.

use crate::sql::cursor::Cursor;
use crate::sql::error::{FragmentError, unknown};

use super::index::{IndexKey, list};
use super::{tokens, word};

const KINDS: &[&str] = &["ndistinct", "dependencies", "mcv"];

/// What statistics are to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statistics {
    /// Those of PostgreSQL's choice where none was given: all, or none for one expression alone.
    pub kinds: Vec<String>,
    pub keys: Vec<IndexKey>,
}

/// Parses the definition of statistics, without their name and table.
///
/// # Errors
/// Says what was expected where.
pub fn statistics(text: &str) -> Result<Statistics, FragmentError> {
    let tokens = tokens(text, "statistics: `on` and columns")?;
    let mut c = Cursor::new(text, &tokens);
    let mut kinds = Vec::new();
    if let Some(inner) = c.group() {
        for mut part in inner.split_commas() {
            match part.any_word(KINDS) {
                Some(kind) => kinds.push(kind.to_string()),
                None => {
                    return Err(unknown(
                        "kind of statistics",
                        part.peek_text(),
                        part.here(),
                        KINDS,
                    ));
                }
            }
            part.finish()?;
        }
    }
    word(&mut c, "on")?;
    let keys = list(c)?;
    if kinds.is_empty() && keys.len() > 1 {
        kinds = KINDS.iter().map(ToString::to_string).collect();
    }
    Ok(Statistics { kinds, keys })
}

#[cfg(test)]
mod tests {
    use super::statistics;
    use crate::sql::fragment::Key;

    #[test]
    fn kinds_and_keys() {
        let parsed = statistics("(mcv, ndistinct) on \"A\", (b + 1), lower(c)").unwrap();
        assert_eq!(parsed.kinds, ["mcv", "ndistinct"]);
        let keys: Vec<&Key> = parsed.keys.iter().map(|key| &key.key).collect();
        assert_eq!(*keys[0], Key::Column("A".to_string()));
        assert_eq!(*keys[1], Key::Expression("b + 1".to_string()));
        assert_eq!(statistics("on a, b").unwrap().kinds.len(), 3);
        assert!(statistics("on (a + 1)").unwrap().kinds.is_empty());
        assert!(statistics("(most) on a, b").is_err());
        assert!(statistics("a, b").is_err());
    }
}
