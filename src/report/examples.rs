//! Queries that somebody who works with the tables would write, made from the catalog: each runs as it stands.

use std::collections::BTreeMap;

use super::ddl::position;
use super::model::is_partition;
use crate::catalog::{Kind, Object};
use crate::sql::{quote_ident, quote_literal};

/// A query with what it answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    pub title: String,
    pub sql: String,
}

/// How many rows a query asks for.
const LIMIT: usize = 100;

/// How many partial indexes of a table get a query.
const PARTIAL: usize = 3;

/// Queries of each table that is no partition: a row by its key, the newest rows, what a partial index is for,
/// how many rows there are of each label. Constants stand for what the reader fills in.
pub fn examples(objects: &[Object]) -> Vec<Example> {
    let enums: BTreeMap<String, &[String]> = objects
        .iter()
        .filter(|object| object.id.kind == Kind::Enum)
        .map(|object| (object.id.path(), object.list("labels")))
        .collect();
    let mut examples = Vec::new();
    for table in objects
        .iter()
        .filter(|object| object.id.kind == Kind::Table && !is_partition(object))
    {
        let table = Table::of(table, objects, &enums);
        if table.columns.is_empty() {
            continue;
        }
        examples.extend(table.by_key());
        examples.extend(table.newest());
        examples.extend(table.partial());
        examples.extend(table.by_label());
    }
    examples
}

/// Functions that give rows and need no argument. They may write.
pub fn calls(objects: &[Object]) -> Vec<Example> {
    objects
        .iter()
        .filter(|object| object.id.kind == Kind::Function && object.text("type") != Some("procedure"))
        .filter(|function| function.id.name.ends_with("()"))
        .filter(|function| {
            function
                .text("returns")
                .is_some_and(|returns| !matches!(returns, "trigger" | "event_trigger"))
        })
        .map(|function| Example {
            title: match function.text("comment") {
                Some(comment) => comment.to_string(),
                None => format!("Call {}", function.id.path()),
            },
            sql: format!("SELECT * FROM {};", function.id.path()),
        })
        .collect()
}

struct Table<'a> {
    path: String,
    name: &'a str,
    columns: Vec<&'a Object>,
    indexes: Vec<&'a Object>,
    keys: Vec<&'a Object>,
    enums: &'a BTreeMap<String, &'a [String]>,
}

impl<'a> Table<'a> {
    fn of(table: &'a Object, objects: &'a [Object], enums: &'a BTreeMap<String, &'a [String]>) -> Table<'a> {
        let on = |kinds: &'static [Kind]| {
            objects.iter().filter(move |object| {
                kinds.contains(&object.id.kind)
                    && object.id.schema == table.id.schema
                    && object.id.relation == table.id.name
            })
        };
        let mut columns: Vec<&Object> = on(&[Kind::Column]).collect();
        columns.sort_by_key(|column| position(column));
        // a unique constraint first: it is what people know a row by
        let keys = on(&[Kind::Unique]).chain(on(&[Kind::PrimaryKey])).collect();
        Table {
            path: table.id.path(),
            name: &table.id.name,
            columns,
            indexes: on(&[Kind::Index]).collect(),
            keys,
            enums,
        }
    }

    fn select(&self, rest: &str) -> String {
        let columns: Vec<String> = self
            .columns
            .iter()
            .map(|column| format!("    {}", quote_ident(&column.id.name)))
            .collect();
        format!("SELECT\n{}\nFROM {}\n{rest};", columns.join(",\n"), self.path)
    }

    fn column(&self, name: &str) -> Option<&&Object> {
        self.columns.iter().find(|column| column.id.name == name)
    }

    /// The column that an index's key is, by its SQL spelling; `None` for an expression.
    fn keyed(&self, key: &str) -> Option<&&Object> {
        self.columns
            .iter()
            .find(|column| quote_ident(&column.id.name) == key)
    }

    /// A constant of the column's type.
    fn sample(&self, column: &Object) -> String {
        let type_name = column.text("type").unwrap_or_default();
        let base = type_name.split(['(', '[']).next().unwrap_or(type_name).trim();
        if let Some(label) = self.enums.get(type_name).and_then(|labels| labels.first()) {
            return quote_literal(label);
        }
        match base {
            _ if type_name.ends_with("[]") => format!("NULL::{type_name}"),
            "uuid" => "'00000000-0000-0000-0000-000000000000'".to_string(),
            "smallint" | "integer" | "bigint" | "numeric" | "real" | "double precision" => "1".to_string(),
            "boolean" => "true".to_string(),
            "text" | "character varying" | "character" => "'example'".to_string(),
            "date" => "current_date".to_string(),
            base if base.starts_with("timestamp") => "now() - interval '1 day'".to_string(),
            _ => format!("NULL::{type_name}"),
        }
    }

    fn equals(&self, column: &Object) -> String {
        format!("{} = {}", quote_ident(&column.id.name), self.sample(column))
    }

    fn by_key(&self) -> Option<Example> {
        let key = self.keys.first()?;
        let columns: Vec<&&Object> = key
            .list("columns")
            .iter()
            .filter_map(|name| self.column(name))
            .collect();
        let conditions: Vec<String> = columns.iter().map(|column| self.equals(column)).collect();
        (!conditions.is_empty()).then(|| Example {
            title: format!("One row of {} by {}", self.name, key.list("columns").join(", ")),
            sql: self.select(&format!("WHERE {}", conditions.join("\n  AND "))),
        })
    }

    /// By the shortest index that ends in a time, newest first; else by a time of creation.
    fn newest(&self) -> Option<Example> {
        let timed = |index: &&Object| {
            let keys = index.list("keys");
            let descends = index
                .list("orders")
                .last()
                .is_some_and(|order| order.starts_with("desc"));
            let time = keys
                .last()
                .and_then(|key| self.keyed(key))
                .is_some_and(|column| is_time(column));
            descends
                && time
                && index.get("predicate").is_none()
                && keys.iter().all(|key| self.keyed(key).is_some())
        };
        let index = self.indexes.iter().copied().filter(timed).min_by_key(|index| {
            let keys = index.list("keys");
            let leading = keys.first().and_then(|key| self.keyed(key));
            (keys.len(), leading.map(|column| position(column)))
        });
        if let Some(index) = index {
            let keys: Vec<&&Object> = index
                .list("keys")
                .iter()
                .filter_map(|key| self.keyed(key))
                .collect();
            let (time, before) = keys.split_last()?;
            let conditions: Vec<String> = before.iter().map(|column| self.equals(column)).collect();
            let order = format!("ORDER BY {} DESC\nLIMIT {LIMIT}", quote_ident(&time.id.name));
            let of: Vec<&str> = before.iter().map(|column| column.id.name.as_str()).collect();
            return Some(Example {
                title: match of.is_empty() {
                    true => format!("Newest rows of {} by {}", self.name, time.id.name),
                    false => format!("Newest rows of {} for one {}", self.name, of.join(" and ")),
                },
                sql: self.select(&match conditions.is_empty() {
                    true => order,
                    false => format!("WHERE {}\n{order}", conditions.join("\n  AND ")),
                }),
            });
        }
        let time = ["created_at", "started_at", "updated_at"]
            .iter()
            .find_map(|name| self.column(name))
            .filter(|column| is_time(column))?;
        Some(Example {
            title: format!("Newest rows of {} by {}", self.name, time.id.name),
            sql: self.select(&format!(
                "ORDER BY {} DESC\nLIMIT {LIMIT}",
                quote_ident(&time.id.name)
            )),
        })
    }

    /// What each partial index is made for.
    fn partial(&self) -> Vec<Example> {
        self.indexes
            .iter()
            .filter(|index| index.get("partition_of").is_none())
            .filter_map(|index| {
                let predicate = index.text("predicate")?;
                let orders = index.list("orders");
                let mut conditions = vec![predicate.to_string()];
                let mut order = Vec::new();
                for (at, key) in index.list("keys").iter().enumerate() {
                    let column = self.keyed(key)?;
                    match orders.get(at).map_or("", String::as_str) {
                        "desc nulls first" => order.push(format!("{} DESC", quote_ident(&column.id.name))),
                        _ if is_time(column) => order.push(quote_ident(&column.id.name)),
                        _ => conditions.push(self.equals(column)),
                    }
                }
                let mut rest = format!("WHERE {}", conditions.join("\n  AND "));
                if !order.is_empty() {
                    rest.push_str(&format!("\nORDER BY {}", order.join(", ")));
                }
                rest.push_str(&format!("\nLIMIT {LIMIT}"));
                Some(Example {
                    title: format!("Rows of {} that {} is for", self.name, index.id.name),
                    sql: self.select(&rest),
                })
            })
            .take(PARTIAL)
            .collect()
    }

    fn by_label(&self) -> Option<Example> {
        let column = self.columns.iter().rev().find(|column| {
            column
                .text("type")
                .is_some_and(|name| self.enums.contains_key(name))
        })?;
        let name = quote_ident(&column.id.name);
        Some(Example {
            title: format!("Rows of {} by {}", self.name, column.id.name),
            sql: format!(
                "SELECT {name}, count(*)\nFROM {}\nGROUP BY {name}\nORDER BY count(*) DESC;",
                self.path
            ),
        })
    }
}

fn is_time(column: &Object) -> bool {
    column
        .text("type")
        .is_some_and(|name| name.starts_with("timestamp") || name == "date")
}

/// What to look at while the tables are in use.
pub fn watching(objects: &[Object]) -> Vec<Example> {
    let tables: Vec<String> = objects
        .iter()
        .filter(|object| object.id.kind == Kind::Table)
        .map(|table| format!("    ({}::regclass)", quote_literal(&table.id.path())))
        .collect();
    if tables.is_empty() {
        return Vec::new();
    }
    let list = tables.join(",\n");
    let has = |kind: Kind| objects.iter().any(|object| object.id.kind == kind);
    let mut queries = vec![
        Example {
            title: "How large the tables are, and how many rows live in them".to_string(),
            sql: format!(
                "SELECT t.id AS relation, pg_size_pretty(pg_total_relation_size(t.id)) AS size,\n       \
                 s.n_live_tup, s.n_dead_tup, s.last_autovacuum, s.last_autoanalyze\nFROM (VALUES\n{list}\n) AS t (id)\n\
                 LEFT JOIN pg_stat_user_tables s ON s.relid = t.id\nORDER BY pg_total_relation_size(t.id) DESC;"
            ),
        },
        Example {
            title: "Which indexes are used".to_string(),
            sql: format!(
                "SELECT s.indexrelid::regclass AS index, s.relid::regclass AS relation, s.idx_scan,\n       \
                 pg_size_pretty(pg_relation_size(s.indexrelid)) AS size\nFROM pg_stat_user_indexes s\n\
                 JOIN (VALUES\n{list}\n) AS t (id) ON s.relid = t.id\nORDER BY s.idx_scan, s.indexrelid::regclass::text;"
            ),
        },
    ];
    if has(Kind::Trigger) {
        queries.push(Example {
            title: "Which triggers fire, and which are disabled".to_string(),
            sql: format!(
                "SELECT g.tgrelid::regclass AS relation, g.tgname AS trigger,\n       \
                 CASE g.tgenabled WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'on replicas' ELSE 'fires' END AS state,\n       \
                 g.tgfoid::regprocedure AS function\nFROM pg_trigger g\n\
                 JOIN (VALUES\n{list}\n) AS t (id) ON g.tgrelid = t.id\nWHERE NOT g.tgisinternal\n\
                 ORDER BY g.tgrelid::regclass::text, g.tgname;"
            ),
        });
    }
    if objects.iter().any(|object| object.get("partition_by").is_some()) {
        queries.push(Example {
            title: "Which partitions there are, and for which values".to_string(),
            sql: format!(
                "SELECT i.inhparent::regclass AS parent, c.oid::regclass AS partition,\n       \
                 pg_get_expr(c.relpartbound, c.oid) AS bound\nFROM pg_inherits i\nJOIN pg_class c ON c.oid = i.inhrelid\n\
                 JOIN (VALUES\n{list}\n) AS t (id) ON i.inhparent = t.id\nORDER BY i.inhparent::regclass::text, \
                 c.oid::regclass::text;"
            ),
        });
    }
    queries.extend(examples(objects).first().map(|example| Example {
        title: format!("How the server finds: {}", example.title),
        sql: format!("EXPLAIN (ANALYZE, BUFFERS) {}", example.sql),
    }));
    queries
}
