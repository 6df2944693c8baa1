//! What the lints look at: one reading of the catalog. Names are as SQL needs them, quoted and with their schema.

use serde::Deserialize;

/// The catalog without the system's own objects and without those of extensions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Facts {
    /// Who reads.
    pub role: String,
    /// `server_version_num`.
    pub version: i64,
    /// Row security does not hold for the reading role: it is a superuser or has BYPASSRLS.
    pub bypasses: bool,
    /// Schemas, unquoted, in which everybody may create objects.
    pub writable_schemas: Vec<String>,
    pub relations: Vec<Relation>,
    pub policies: Vec<Policy>,
    /// Those with SECURITY DEFINER.
    pub functions: Vec<Function>,
    pub indexes: Vec<Index>,
    /// Foreign keys and checks of tables and domains, without those that are inherited; and what else is not validated.
    pub constraints: Vec<Constraint>,
    /// Those that do not fire.
    pub triggers: Vec<Trigger>,
    /// Names of those that are disabled.
    pub event_triggers: Vec<String>,
    pub sequences: Vec<Sequence>,
    pub partitioned: Vec<Partitioned>,
    /// Of tables, as far as others than their owner get them.
    pub default_privileges: Vec<DefaultPrivilege>,
    pub extensions: Vec<Extension>,
}

/// A table, view, materialized view or foreign table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Relation {
    pub path: String,
    /// Unquoted.
    pub schema: String,
    /// `pg_class.relkind`.
    pub kind: String,
    /// Row security is enabled.
    pub protected: bool,
    pub forced: bool,
    /// The reading role is the owner, or has the owner's rights.
    pub owned: bool,
    /// Roles that row security is there for and that have the owner's rights; none when it is forced.
    pub exempt: Vec<String>,
    pub policies: usize,
    pub primary_key: bool,
    pub partition: bool,
    /// Tables with row security that it is a partition of or inherits from.
    pub protected_parents: Vec<String>,
    /// A view with `security_invoker`.
    pub invoker: bool,
    /// Who else may read or write it; `PUBLIC` for everybody. Not those whom row security does not bind anyway.
    pub readers: Vec<String>,
    /// Of a table with row security: superusers and roles with BYPASSRLS that were granted something on it.
    pub bypassers: Vec<String>,
    /// Who of the readers may TRUNCATE it.
    pub truncaters: Vec<String>,
    /// Tables with row security that a view reads, itself or through other views.
    pub reads_protected: Vec<String>,
    pub without_autovacuum: bool,
    /// Columns with their type, of those that `pg_upgrade` refuses.
    pub reg_columns: Vec<String>,
}

impl Relation {
    /// `table`, `view`, …: what SQL calls it.
    pub fn word(&self) -> &'static str {
        match self.kind.as_str() {
            "v" => "view",
            "m" => "materialized view",
            "f" => "foreign table",
            _ => "table",
        }
    }

    /// A table with rows of its own or of partitions.
    pub fn is_table(&self) -> bool {
        matches!(self.kind.as_str(), "r" | "p")
    }

    /// `table public.orders`.
    pub fn object(&self) -> String {
        format!("{} {}", self.word(), self.path)
    }
}

/// A row security policy.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Policy {
    pub table: String,
    pub name: String,
    /// `pg_policy.polcmd`: `r`, `a`, `w`, `d`, or `*` for all.
    pub command: String,
    pub permissive: bool,
    /// `PUBLIC` for everybody.
    pub roles: Vec<String>,
    pub using: Option<String>,
    pub check: Option<String>,
    /// Its expressions use a column of its table.
    pub looks_at_row: bool,
    /// Relations that its subqueries read.
    pub reads: Vec<String>,
    /// Functions without arguments that it calls and that may answer differently: `auth.uid()`.
    pub calls: Vec<String>,
    /// What roles that it is applied to are not allowed.
    pub lacks: Vec<Lack>,
}

impl Policy {
    /// `policy p on public.orders`.
    pub fn object(&self) -> String {
        format!("policy {} on {}", self.name, self.table)
    }

    /// Its expressions, as far as it has them.
    pub fn expressions(&self) -> impl Iterator<Item = &str> {
        [&self.using, &self.check]
            .into_iter()
            .filter_map(|text| text.as_deref())
    }

    /// It is applied to a command, one of `r`, `a`, `w`, `d`.
    pub fn is_for(&self, command: &str) -> bool {
        self.command == "*" || self.command == command
    }

    /// It is applied to a role that the other is applied to as well.
    pub fn meets(&self, other: &Policy) -> bool {
        let everybody = |policy: &Policy| policy.roles.iter().any(|role| role == "PUBLIC");
        everybody(self) || everybody(other) || self.roles.iter().any(|role| other.roles.contains(role))
    }

    /// It is applied to every role that the other is applied to.
    pub fn covers(&self, other: &Policy) -> bool {
        let everybody = self.roles.iter().any(|role| role == "PUBLIC");
        everybody || other.roles.iter().all(|role| self.roles.contains(role))
    }

    /// Which rows a command may touch, or write in the case of INSERT, is not held back at all.
    pub fn is_open_for(&self, command: &str) -> bool {
        let text = match command {
            "a" => self.check.as_ref().or(self.using.as_ref()),
            _ => self.using.as_ref(),
        };
        text.is_some_and(|text| is_true(text))
    }
}

/// An expression that is true whatever the row is, as the server spells it.
pub fn is_true(expression: &str) -> bool {
    let bare = expression.trim_start_matches('(').trim_end_matches(')');
    match bare.split_once(" = ") {
        Some((left, right)) => left == right && left.bytes().all(|byte| byte.is_ascii_digit()),
        None => bare == "true",
    }
}

/// A privilege that a role does not have.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Lack {
    pub role: String,
    /// `SELECT` or `EXECUTE`.
    pub privilege: String,
    /// With its kind: `table auth.users`.
    pub object: String,
}

/// A function or procedure with SECURITY DEFINER.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Function {
    /// With its argument types.
    pub path: String,
    pub procedure: bool,
    /// It returns `trigger` or `event_trigger`: nobody can call it.
    pub trigger: bool,
    /// The `search_path` that it sets.
    pub search_path: Option<String>,
    /// Everybody may execute it.
    pub public: bool,
}

impl Function {
    /// `function` or `procedure`.
    pub fn word(&self) -> &'static str {
        if self.procedure { "procedure" } else { "function" }
    }

    /// `function public.f(integer)`.
    pub fn object(&self) -> String {
        format!("{} {}", self.word(), self.path)
    }

    /// The schemas of its `search_path`, unquoted; an empty one stands for nothing.
    pub fn schemas(&self) -> Option<Vec<String>> {
        let path = self.search_path.as_deref()?;
        let mut schemas = vec![String::new()];
        let mut quoted = false;
        for char in path.chars() {
            match char {
                '"' => quoted = !quoted,
                ',' if !quoted => schemas.push(String::new()),
                ' ' if !quoted => {}
                char => schemas.last_mut().expect("there is one").push(char),
            }
        }
        schemas.retain(|schema| !schema.is_empty());
        Some(schemas)
    }
}

/// An index.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Index {
    pub path: String,
    pub table: String,
    /// Valid and ready.
    pub valid: bool,
    /// Of a partitioned table.
    pub partitioned: bool,
    /// Part of an index of a partitioned table.
    pub partition: bool,
    /// A constraint stands on it.
    pub constraint: bool,
    pub unique: bool,
    pub method: String,
    pub predicate: Option<String>,
    /// Columns or expressions, each with operator class, collation and order.
    pub keys: Vec<String>,
    /// Columns of INCLUDE.
    pub included: Vec<String>,
    /// `true` for NULLS NOT DISTINCT.
    pub nulls: Option<String>,
    /// How many pages it has, as the planner knows.
    pub pages: i64,
    /// How often it was used.
    pub scans: Option<i64>,
}

impl Index {
    /// `index public.i`.
    pub fn object(&self) -> String {
        format!("index {}", self.path)
    }

    /// Another index does whatever this one does: it begins with the same keys over the same rows. One that
    /// keeps rows unique is replaced by none but its like.
    pub fn is_served_by(&self, other: &Index) -> bool {
        self.table == other.table
            && self.method == other.method
            && self.predicate == other.predicate
            && other.valid
            && match self.unique {
                true => other.unique && self.keys == other.keys && self.nulls == other.nulls,
                false => {
                    other.keys.starts_with(&self.keys) && (self.method == "btree" || self.keys == other.keys)
                }
            }
            && self.included.iter().all(|column| {
                other.included.contains(column)
                    || other.keys.iter().any(|key| key.split(' ').next() == Some(column))
            })
    }

    /// They differ in nothing but the name.
    pub fn is_same_as(&self, other: &Index) -> bool {
        self.unique == other.unique
            && self.keys == other.keys
            && self.included == other.included
            && self.is_served_by(other)
    }
}

/// A foreign key, a check, or something else that is not validated.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Constraint {
    /// Or the domain.
    pub table: String,
    pub domain: bool,
    pub name: String,
    pub foreign_key: bool,
    pub validated: bool,
    pub enforced: bool,
    pub columns: Vec<String>,
    /// A valid index over all rows begins with its columns.
    pub indexed: bool,
}

impl Constraint {
    /// `constraint c on public.orders`.
    pub fn object(&self) -> String {
        format!("constraint {} on {}", self.name, self.table)
    }
}

/// A trigger that does not fire.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Trigger {
    pub table: String,
    /// Of the foreign key, where the trigger is one of its own.
    pub name: String,
    pub foreign_key: bool,
    /// It fires where changes are replicated, and nowhere else.
    pub replica: bool,
}

/// A sequence.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Sequence {
    pub path: String,
    /// The column that it belongs to.
    pub column: Option<String>,
    /// Where its values begin to count.
    pub first: i64,
    /// The last one that sequence and column can hold.
    pub last: i64,
    pub increment: i64,
    pub cycles: bool,
    /// The reading role may know where it stands.
    pub readable: bool,
    /// The last value that it gave; `None` before the first, and when it may not be known.
    pub value: Option<i64>,
    pub start: i64,
    /// The highest value of its column, where an index tells.
    pub highest: Option<i64>,
}

impl Sequence {
    /// `sequence public.s`.
    pub fn object(&self) -> String {
        format!("sequence {}", self.path)
    }

    /// How much of its values is used up, from 0 to 1.
    pub fn used(&self) -> f64 {
        let Some(value) = self.value else { return 0.0 };
        let (first, last, value) = (self.first as f64, self.last as f64, value as f64);
        match last == first {
            true => 1.0,
            false => (value - first) / (last - first),
        }
    }
}

/// A partitioned table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Partitioned {
    pub path: String,
    /// Its default partition.
    pub default: Option<String>,
    /// The reading role sees the rows of the default partition.
    pub default_readable: bool,
    /// The default partition has rows.
    pub default_filled: Option<bool>,
    /// Where its partitions end, when it is partitioned by time.
    pub until: Option<String>,
    /// In how many days that is; negative when it is past. `None` when they never end.
    pub days: Option<i64>,
}

/// What others get on tables that a role will create.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct DefaultPrivilege {
    pub owner: String,
    /// `None`: in every schema.
    pub schema: Option<String>,
    /// `PUBLIC` for everybody.
    pub grantee: String,
    /// `INSERT, SELECT`.
    pub privileges: String,
}

/// An extension.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Extension {
    pub name: String,
    /// Unquoted.
    pub schema: String,
    pub relocatable: bool,
    pub version: String,
    /// What the server would install.
    pub available: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_always_true() {
        for (text, expected) in [
            ("true", true),
            ("(1 = 1)", true),
            ("(true)", true),
            ("(a = a)", false),
            ("false", false),
        ] {
            assert_eq!(is_true(text), expected, "{text}");
        }
    }

    #[test]
    fn a_search_path_is_taken_apart() {
        let schemas = |path: &str| {
            let function = Function {
                search_path: Some(path.to_string()),
                ..Function::default()
            };
            function.schemas().unwrap()
        };
        assert_eq!(schemas("\"\""), Vec::<String>::new());
        assert_eq!(
            schemas("\"$user\", public,pg_temp"),
            ["$user", "public", "pg_temp"]
        );
        assert_eq!(schemas("\"a, b\""), ["a, b"]);
        assert_eq!(Function::default().schemas(), None);
    }

    #[test]
    fn how_much_of_a_sequence_is_used_up() {
        let used = |first, last, value| {
            Sequence {
                first,
                last,
                value,
                ..Sequence::default()
            }
            .used()
        };
        assert_eq!(used(0, 100, Some(75)), 0.75);
        assert_eq!(used(0, -100, Some(-50)), 0.5);
        assert_eq!(used(0, 100, None), 0.0);
    }
}
