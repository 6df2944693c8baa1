//! The kinds of objects and their properties: the registry that decoding, differences and checks share.

use std::fmt;

/// A kind of object that the catalog holds.
///
/// The order is the order of reports: what others depend on comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    Role,
    Schema,
    Extension,
    Enum,
    Domain,
    Sequence,
    Table,
    Column,
    PrimaryKey,
    Unique,
    Check,
    ForeignKey,
    Exclusion,
    Index,
    Function,
    Trigger,
    Policy,
    View,
    MaterializedView,
    Grant,
    /// Whatever has no kind of its own: a rule, an operator, a publication, default privileges, …. Its type stands where
    /// the relation of others does.
    Other,
}

/// How the server is asked whether two texts mean the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Context {
    /// A condition over the columns of the relation: policy, check constraint, index predicate.
    Predicate,
    /// An expression over the columns of the relation: a key of an index.
    Scalar,
    /// The default of a column of a known type.
    Default,
    /// A generated column's expression.
    Generated,
    /// A trigger's WHEN condition over OLD and NEW.
    TriggerWhen,
    /// A constant of a known type: a partition's bound.
    Literal,
    /// The name of a type.
    Type,
    /// The body of a view.
    Query,
}

/// How a property's text is decoded and compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PropertyType {
    Bool,
    Int,
    /// Equal when the same characters.
    Text,
    /// A JSON array of strings; equal when the same strings in the same order.
    List,
    /// A JSON array of strings whose order means nothing; kept sorted.
    Set,
    /// SQL whose meaning the server judges.
    Expression(Context),
    /// A JSON array of such SQL, compared one by one.
    Expressions(Context),
}

/// One property of a kind: the name is that of the query's column and of the JSON snapshot's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Property {
    pub name: &'static str,
    pub kind: PropertyType,
}

const fn bool(name: &'static str) -> Property {
    Property {
        name,
        kind: PropertyType::Bool,
    }
}
const fn int(name: &'static str) -> Property {
    Property {
        name,
        kind: PropertyType::Int,
    }
}
const fn text(name: &'static str) -> Property {
    Property {
        name,
        kind: PropertyType::Text,
    }
}
const fn list(name: &'static str) -> Property {
    Property {
        name,
        kind: PropertyType::List,
    }
}
const fn set(name: &'static str) -> Property {
    Property {
        name,
        kind: PropertyType::Set,
    }
}
const fn expr(name: &'static str, context: Context) -> Property {
    Property {
        name,
        kind: PropertyType::Expression(context),
    }
}
const fn exprs(name: &'static str, context: Context) -> Property {
    Property {
        name,
        kind: PropertyType::Expressions(context),
    }
}

/// What only a reading of the whole catalog holds, of any kind: storage, statistics targets, privileges of what is no
/// relation, costs, …, each in words. No check names it.
pub const DETAILS: Property = set("details");

impl Kind {
    /// Every kind, in order.
    pub const ALL: [Kind; 21] = [
        Kind::Role,
        Kind::Schema,
        Kind::Extension,
        Kind::Enum,
        Kind::Domain,
        Kind::Sequence,
        Kind::Table,
        Kind::Column,
        Kind::PrimaryKey,
        Kind::Unique,
        Kind::Check,
        Kind::ForeignKey,
        Kind::Exclusion,
        Kind::Index,
        Kind::Function,
        Kind::Trigger,
        Kind::Policy,
        Kind::View,
        Kind::MaterializedView,
        Kind::Grant,
        Kind::Other,
    ];

    /// Kinds whose names share the namespace of relations, indexes aside.
    pub const RELATIONS: [Kind; 4] = [Kind::Table, Kind::View, Kind::MaterializedView, Kind::Sequence];

    /// The word of SQL and of reports; also the value of the `kind` column of the catalog queries.
    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::Role => "role",
            Kind::Schema => "schema",
            Kind::Extension => "extension",
            Kind::Enum => "enum",
            Kind::Domain => "domain",
            Kind::Sequence => "sequence",
            Kind::Table => "table",
            Kind::Column => "column",
            Kind::PrimaryKey => "primary key",
            Kind::Unique => "unique constraint",
            Kind::Check => "check constraint",
            Kind::ForeignKey => "foreign key",
            Kind::Exclusion => "exclusion constraint",
            Kind::Index => "index",
            Kind::Function => "function",
            Kind::Trigger => "trigger",
            Kind::Policy => "policy",
            Kind::View => "view",
            Kind::MaterializedView => "materialized view",
            Kind::Grant => "grant",
            Kind::Other => "other",
        }
    }

    /// The plural, as the keys of `artifacts` in the JSON report spell it.
    pub const fn plural(self) -> &'static str {
        match self {
            Kind::Role => "roles",
            Kind::Schema => "schemas",
            Kind::Extension => "extensions",
            Kind::Enum => "enums",
            Kind::Domain => "domains",
            Kind::Sequence => "sequences",
            Kind::Table => "tables",
            Kind::Column => "columns",
            Kind::PrimaryKey => "primary_keys",
            Kind::Unique => "unique_constraints",
            Kind::Check => "check_constraints",
            Kind::ForeignKey => "foreign_keys",
            Kind::Exclusion => "exclusion_constraints",
            Kind::Index => "indexes",
            Kind::Function => "functions",
            Kind::Trigger => "triggers",
            Kind::Policy => "policies",
            Kind::View => "views",
            Kind::MaterializedView => "materialized_views",
            Kind::Grant => "grants",
            Kind::Other => "others",
        }
    }

    /// The kind with that [`as_str`](Kind::as_str).
    pub fn from_word(word: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// What is read of an object of this kind. Types and names inside texts are schema-qualified, except
    /// those of `pg_catalog`; expressions are the server's own deparse.
    pub const fn properties(self) -> &'static [Property] {
        use Context::*;
        match self {
            Kind::Role => {
                const P: &[Property] = &[
                    bool("login"),
                    bool("superuser"),
                    bool("createdb"),
                    bool("createrole"),
                    bool("inherit"),
                    bool("replication"),
                    bool("bypass_row_security"),
                    set("member_of"),
                ];
                P
            }
            Kind::Schema => {
                const P: &[Property] = &[text("owner"), text("comment")];
                P
            }
            Kind::Extension => {
                const P: &[Property] = &[text("version"), text("in_schema"), text("comment")];
                P
            }
            Kind::Enum => {
                const P: &[Property] = &[list("labels"), text("owner"), text("comment")];
                P
            }
            Kind::Domain => {
                const P: &[Property] = &[
                    expr("type", Type),
                    bool("not_null"),
                    expr("default", Default),
                    // `name: expression` a constraint
                    list("checks"),
                    text("owner"),
                    text("comment"),
                ];
                P
            }
            Kind::Sequence => {
                const P: &[Property] = &[
                    expr("type", Type),
                    int("start"),
                    int("increment"),
                    int("minimum"),
                    int("maximum"),
                    int("cache"),
                    bool("cycle"),
                    // `schema.table.column`
                    text("owned_by"),
                    text("owner"),
                    text("comment"),
                ];
                P
            }
            Kind::Table => {
                const P: &[Property] = &[
                    // "table", "partitioned table" or "foreign table"
                    text("type"),
                    // "permanent", "unlogged" or "temporary"
                    text("persistence"),
                    bool("row_security"),
                    bool("force_row_security"),
                    // `RANGE (created_at)`, as pg_get_partkeydef prints it
                    text("partition_by"),
                    // of a partition: `schema.parent`
                    text("partition_of"),
                    // `FOR VALUES FROM (…) TO (…)` or `DEFAULT`
                    text("bound"),
                    // of a partitioned table: format_type of each key, "" for what is no column
                    list("key_types"),
                    // inheritance without partitioning: `schema.parent` each
                    list("inherits"),
                    list("options"),
                    text("tablespace"),
                    text("owner"),
                    text("comment"),
                ];
                P
            }
            Kind::Column => {
                const P: &[Property] = &[
                    // 1-based among the columns that are not dropped
                    int("position"),
                    expr("type", Type),
                    bool("not_null"),
                    expr("default", Default),
                    // "always" or "by default"
                    text("identity"),
                    expr("generated", Generated),
                    // "stored" or "virtual"
                    text("generated_kind"),
                    // only where it is not the type's own; as SQL: `"C"`, `public."Odd"`
                    text("collation"),
                    text("comment"),
                ];
                P
            }
            Kind::PrimaryKey => {
                const P: &[Property] = &[
                    list("columns"),
                    list("include"),
                    // only when so: the last column is a period (PG 18)
                    bool("without_overlaps"),
                    bool("deferrable"),
                    bool("initially_deferred"),
                    text("comment"),
                ];
                P
            }
            Kind::Unique => {
                const P: &[Property] = &[
                    list("columns"),
                    list("include"),
                    bool("nulls_not_distinct"),
                    // only when so: the last column is a period (PG 18)
                    bool("without_overlaps"),
                    bool("deferrable"),
                    bool("initially_deferred"),
                    text("comment"),
                ];
                P
            }
            Kind::Check => {
                const P: &[Property] = &[
                    expr("expression", Predicate),
                    bool("validated"),
                    bool("no_inherit"),
                    text("comment"),
                ];
                P
            }
            Kind::ForeignKey => {
                const P: &[Property] = &[
                    list("columns"),
                    // `schema.table`, quoted as SQL needs it
                    text("target"),
                    list("target_columns"),
                    // "no action", "restrict", "cascade", "set null", "set default"; PG 15+ may add " (a, b)"
                    text("on_update"),
                    text("on_delete"),
                    // "simple" or "full"
                    text("match"),
                    // only when so: the last column is a period (PG 18)
                    bool("period"),
                    bool("deferrable"),
                    bool("initially_deferred"),
                    bool("validated"),
                    text("comment"),
                ];
                P
            }
            Kind::Exclusion => {
                const P: &[Property] = &[
                    // pg_get_constraintdef
                    text("definition"),
                    bool("deferrable"),
                    bool("initially_deferred"),
                    text("comment"),
                ];
                P
            }
            Kind::Index => {
                const P: &[Property] = &[
                    text("method"),
                    bool("unique"),
                    bool("nulls_not_distinct"),
                    // each key alone, without order and operator class; a plain column as a quoted name
                    exprs("keys", Scalar),
                    // of each key: "" where it is the default one of the type and method; else as SQL, with its
                    // schema unless pg_catalog, and its options: `public.gist_trgm_ops (siglen=32)`
                    list("opclasses"),
                    // of each key: "" where it is the column's own; else as SQL: `"C"`
                    list("collations"),
                    // of each key: "asc nulls last", "asc nulls first", "desc nulls first", "desc nulls last";
                    // "" where the method has no order
                    list("orders"),
                    list("include"),
                    expr("predicate", Predicate),
                    bool("valid"),
                    bool("ready"),
                    // name of the constraint that it stands behind
                    text("constraint"),
                    // of a partition's index: `schema.parent_index`
                    text("partition_of"),
                    list("options"),
                    text("tablespace"),
                    text("comment"),
                ];
                P
            }
            Kind::Function => {
                const P: &[Property] = &[
                    // "function", "procedure", "aggregate" or "window"
                    text("type"),
                    // pg_get_function_result
                    expr("returns", Type),
                    text("language"),
                    // "immutable", "stable" or "volatile"
                    text("volatility"),
                    bool("strict"),
                    // "invoker" or "definer"
                    text("security"),
                    bool("leakproof"),
                    // "safe", "restricted" or "unsafe"
                    text("parallel"),
                    // proconfig, `name=value` each
                    set("settings"),
                    // source text; of an SQL-standard body (PG 14) its deparse; of C code `file, symbol`; of an
                    // aggregate `sfunc = …, stype = …, …`
                    text("body"),
                    // pg_get_function_arguments: with names, modes and defaults
                    text("arguments"),
                    text("owner"),
                    text("comment"),
                ];
                P
            }
            Kind::Trigger => {
                const P: &[Property] = &[
                    // "before", "after" or "instead of"
                    text("timing"),
                    // of "insert", "update", "delete", "truncate", in this order
                    list("events"),
                    // UPDATE OF columns
                    list("columns"),
                    // "row" or "statement"
                    text("level"),
                    expr("when", TriggerWhen),
                    // `schema.name`, quoted as SQL needs it
                    text("function"),
                    list("arguments"),
                    // "origin", "disabled", "replica" or "always"
                    text("enabled"),
                    bool("constraint"),
                    bool("deferrable"),
                    bool("initially_deferred"),
                    text("old_table"),
                    text("new_table"),
                    // a partition's copy of its parent's trigger
                    bool("cloned"),
                    text("comment"),
                ];
                P
            }
            Kind::Policy => {
                const P: &[Property] = &[
                    // "all", "select", "insert", "update" or "delete"
                    text("command"),
                    bool("permissive"),
                    // unquoted names; "public" for everyone
                    set("roles"),
                    expr("using", Predicate),
                    expr("with_check", Predicate),
                    text("comment"),
                ];
                P
            }
            Kind::View => {
                const P: &[Property] = &[
                    expr("definition", Query),
                    list("options"),
                    text("owner"),
                    text("comment"),
                ];
                P
            }
            Kind::MaterializedView => {
                const P: &[Property] = &[
                    expr("definition", Query),
                    bool("populated"),
                    list("options"),
                    text("owner"),
                    text("comment"),
                ];
                P
            }
            Kind::Grant => {
                const P: &[Property] = &[
                    // "select", "insert", …, in lower case; the owner's own are left out
                    set("privileges"),
                    set("grantable"),
                ];
                P
            }
            Kind::Other => {
                const P: &[Property] = &[text("owner"), text("definition"), text("comment")];
                P
            }
        }
    }

    /// The property of that name.
    pub fn property(self, name: &str) -> Option<Property> {
        self.properties()
            .iter()
            .chain([&DETAILS])
            .copied()
            .find(|property| property.name == name)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::Kind;

    #[test]
    fn all_is_complete_and_in_order() {
        assert!(Kind::ALL.is_sorted());
        for kind in Kind::ALL {
            assert_eq!(Kind::from_word(kind.as_str()), Some(kind));
            let mut names: Vec<_> = kind.properties().iter().map(|property| property.name).collect();
            names.sort_unstable();
            names.dedup();
            assert_eq!(
                names.len(),
                kind.properties().len(),
                "{kind} has a property twice"
            );
        }
    }
}
