//! Partitions: `range (created_at)` and `from ('2025-11-01') to (maxvalue)`.

use crate::sql::cursor::Cursor;
use crate::sql::error::{FragmentError, unknown};
use crate::sql::normalize::normalize;
use crate::sql::types::integer;

use super::expression::expression_in;
use super::index::{IndexKey, list};
use super::{tokens, word};

/// PARTITION BY.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionKey {
    pub strategy: PartitionStrategy,
    pub keys: Vec<IndexKey>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PartitionStrategy {
    Range,
    List,
    Hash,
}

/// The rows that belong to a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PartitionBound {
    Range {
        from: Vec<BoundValue>,
        to: Vec<BoundValue>,
    },
    List(Vec<BoundValue>),
    Hash {
        modulus: u32,
        remainder: u32,
    },
    Default,
}

/// One value of a bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BoundValue {
    /// An expression as it was written, most often a literal.
    Literal(String),
    MinValue,
    MaxValue,
}

/// Parses a partition key, with or without `partition by` before it.
///
/// # Errors
/// Says what was expected where.
pub fn partition_key(text: &str) -> Result<PartitionKey, FragmentError> {
    let tokens = tokens(text, "a partition key: `range (column)`")?;
    let mut c = Cursor::new(text, &tokens);
    let _ = c.word("partition by");
    let strategy = match c.any_word(&["range", "list", "hash"]) {
        Some("range") => PartitionStrategy::Range,
        Some("list") => PartitionStrategy::List,
        Some(_) => PartitionStrategy::Hash,
        None if c.is_ident() => {
            return Err(unknown(
                "strategy",
                c.peek_text(),
                c.here(),
                &["range", "list", "hash"],
            ));
        }
        None => return Err(c.expected("range, list or hash")),
    };
    let inner = c.group().ok_or_else(|| c.expected("the keys in parentheses"))?;
    c.finish()?;
    let keys = list(inner)?;
    if let Some(key) = keys
        .iter()
        .find(|key| key.descending || key.nulls_first.is_some())
    {
        return Err(FragmentError::new("a partition key has no order", key.span));
    }
    Ok(PartitionKey { strategy, keys })
}

/// Parses the bounds of a partition, with or without `for values` before them.
///
/// # Errors
/// Says what was expected where.
pub fn partition_bound(text: &str) -> Result<PartitionBound, FragmentError> {
    let tokens = tokens(text, "bounds: `from (…) to (…)`")?;
    let mut c = Cursor::new(text, &tokens);
    let bound = if c.word("default") {
        PartitionBound::Default
    } else {
        let _ = c.word("for values");
        match () {
            () if c.word("from") => {
                let start = c;
                let from = values(&mut c, true)?;
                word(&mut c, "to")?;
                let to = values(&mut c, true)?;
                if from.len() != to.len() {
                    let message = format!("{} values from, {} to", from.len(), to.len());
                    return Err(FragmentError::new(message, c.since(&start)));
                }
                PartitionBound::Range { from, to }
            }
            () if c.word("in") => PartitionBound::List(values(&mut c, false)?),
            () if c.word("with") => hash(&mut c)?,
            () => return Err(c.expected("from, in, with or default")),
        }
    };
    c.finish()?;
    Ok(bound)
}

fn values(c: &mut Cursor<'_>, range: bool) -> Result<Vec<BoundValue>, FragmentError> {
    let inner = c.group().ok_or_else(|| c.expected("values in parentheses"))?;
    let value = |part: Cursor<'_>| {
        if part.is_end() {
            return Err(part.expected("a value"));
        }
        Ok(match normalize(part.rest_text()).as_str() {
            "minvalue" if range => BoundValue::MinValue,
            "maxvalue" if range => BoundValue::MaxValue,
            _ => BoundValue::Literal(expression_in(part)?),
        })
    };
    inner.split_commas().into_iter().map(value).collect()
}

fn hash(c: &mut Cursor<'_>) -> Result<PartitionBound, FragmentError> {
    let here = c.here();
    let inner = c
        .group()
        .ok_or_else(|| c.expected("modulus and remainder in parentheses"))?;
    let (mut modulus, mut remainder) = (None, None);
    for mut part in inner.split_commas() {
        let slot = match () {
            () if part.word("modulus") => &mut modulus,
            () if part.word("remainder") => &mut remainder,
            () => return Err(part.expected("`modulus` or `remainder`")),
        };
        *slot = Some(integer(&mut part)?);
        part.finish()?;
    }
    match (modulus, remainder) {
        (Some(modulus), Some(remainder)) if remainder < modulus => {
            Ok(PartitionBound::Hash { modulus, remainder })
        }
        (Some(_), Some(_)) => Err(FragmentError::new("the remainder is less than the modulus", here)),
        _ => Err(FragmentError::new("expected both modulus and remainder", here)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::fragment::Key;

    fn literal(text: &str) -> BoundValue {
        BoundValue::Literal(text.to_owned())
    }

    #[test]
    fn bounds_of_every_kind() {
        assert_eq!(
            partition_bound("FOR VALUES FROM ('2025-11-01', 1) TO (MAXVALUE, \"maxvalue\")").unwrap(),
            PartitionBound::Range {
                from: vec![literal("'2025-11-01'"), literal("1")],
                to: vec![BoundValue::MaxValue, BoundValue::MaxValue],
            }
        );
        assert_eq!(
            partition_bound("in ('a', null)").unwrap(),
            PartitionBound::List(vec![literal("'a'"), literal("null")])
        );
        assert_eq!(
            partition_bound("with (modulus 4, remainder 1)").unwrap(),
            PartitionBound::Hash {
                modulus: 4,
                remainder: 1
            }
        );
        assert_eq!(partition_bound("DEFAULT").unwrap(), PartitionBound::Default);
    }

    #[test]
    fn keys_of_every_kind() {
        let found = partition_key("range (created_at, lower(x), (a + b) int4_ops)").unwrap();
        assert_eq!(found.strategy, PartitionStrategy::Range);
        let keys: Vec<_> = found.keys.into_iter().map(|key| key.key).collect();
        assert_eq!(
            keys,
            [
                Key::Column("created_at".into()),
                Key::Expression("lower(x)".into()),
                Key::Expression("a + b".into())
            ]
        );
        assert_eq!(
            partition_key("PARTITION BY LIST (a)").unwrap().strategy,
            PartitionStrategy::List
        );
    }

    #[test]
    fn mistakes_say_what_was_expected() {
        for (text, message) in [
            ("from ('a')", "expected `to`, found the end"),
            ("from ('a') to ('b', 'c')", "1 values from, 2 to"),
            (
                "between 1 and 2",
                "expected from, in, with or default, found `between`",
            ),
            ("in ()", "expected a value, found the end"),
            (
                "with (modulus 4, remainder 4)",
                "the remainder is less than the modulus",
            ),
            ("from ('a') to ('b') x", "expected nothing more, found `x`"),
        ] {
            assert_eq!(partition_bound(text).unwrap_err().message, message, "{text}");
        }
        assert_eq!(
            partition_key("rang (a)").unwrap_err().message,
            "unknown strategy \"rang\": did you mean \"range\"?"
        );
        assert_eq!(
            partition_key("range (a desc)").unwrap_err().message,
            "a partition key has no order"
        );
    }
}
