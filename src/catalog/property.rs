//! The properties of objects by kind: names, types, and how they are compared.

use super::kind::Kind;

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
    /// A rewrite rule without its name and relation: `on insert where (…) do instead …`.
    Rule,
    /// The body of a function in SQL's own words, since PG 14: `return a + 1`, `begin atomic …; end`.
    Body,
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

/// What is read of an object of a kind.
pub(super) const fn properties(kind: Kind) -> &'static [Property] {
    match kind {
        Kind::Role => ROLE,
        Kind::Schema => SCHEMA,
        Kind::Extension => EXTENSION,
        Kind::Enum => ENUM,
        Kind::Composite => COMPOSITE,
        Kind::Range => RANGE,
        Kind::Domain => DOMAIN,
        Kind::Sequence => SEQUENCE,
        Kind::Server => SERVER,
        Kind::Table => TABLE,
        Kind::Column => COLUMN,
        Kind::PrimaryKey => PRIMARY_KEY,
        Kind::Unique => UNIQUE,
        Kind::Check => CHECK,
        Kind::ForeignKey => FOREIGN_KEY,
        Kind::Exclusion => EXCLUSION,
        Kind::Index => INDEX,
        Kind::Statistics => STATISTICS,
        Kind::Function => FUNCTION,
        Kind::Trigger => TRIGGER,
        Kind::EventTrigger => EVENT_TRIGGER,
        Kind::Rule => RULE,
        Kind::Policy => POLICY,
        Kind::View => VIEW,
        Kind::MaterializedView => MATERIALIZED_VIEW,
        Kind::Grant => GRANT,
        Kind::DefaultPrivileges => DEFAULT_PRIVILEGES,
        Kind::Publication => PUBLICATION,
        Kind::Other => OTHER,
    }
}

/// What only a reading of the whole catalog holds, of any kind: replica identity, costs, statistics targets, …, each
/// in words. No check names it.
pub const DETAILS: Property = set("details");

const OTHER: &[Property] = &[text("owner"), text("definition"), text("comment")];

// `privileges` of whatever is no relation: `execute to app`, `usage to "Odd" with grant option`; those of the owner
// are left out, those that PostgreSQL gives by default are in.

const ROLE: &[Property] = &[
    bool("login"),
    bool("superuser"),
    bool("createdb"),
    bool("createrole"),
    bool("inherit"),
    bool("replication"),
    bool("bypass_row_security"),
    // unquoted names
    set("member_of"),
    // of those the ones that it may pass on
    set("admin_of"),
    // since PG 16: those whose privileges it has although it is NOINHERIT, or has not although it is INHERIT
    set("inherit_of"),
    set("no_inherit_of"),
    // those that it may not SET ROLE to
    set("no_set_of"),
    // absent: no limit
    int("connection_limit"),
    // absent: for ever
    text("valid_until"),
    // `name=value` each, for all databases
    set("settings"),
    text("comment"),
];

const SCHEMA: &[Property] = &[
    set("privileges"),
    // only when so, of `public` where the scope asks ([`Stated`](super::Stated)): in a new database of this version everyone
    // may make something in it
    bool("made_for_all"),
    text("owner"),
    text("comment"),
];

const EXTENSION: &[Property] = &[
    text("version"),
    text("in_schema"),
    // that of the control file, where that is of the same version and the scope asks ([`Stated`](super::Stated)); "" for
    // none
    text("usual_comment"),
    text("comment"),
];

const ENUM: &[Property] = &[list("labels"), set("privileges"), text("owner"), text("comment")];

const COMPOSITE: &[Property] = &[
    // in order, as SQL writes them: `"Name" integer`, `b text COLLATE "C"`
    list("attributes"),
    // of each attribute, the type's own or not, where the scope asks ([`Stated`](super::Stated)); "" for none
    list("collation_names"),
    set("namesakes"),
    // `name: text` of each that has one, the name quoted as SQL needs it
    list("attribute_comments"),
    set("privileges"),
    text("owner"),
    text("comment"),
];

const RANGE: &[Property] = &[
    expr("subtype", Context::Type),
    // only where it is not the subtype's default
    text("opclass"),
    // the default one or not, where the scope asks ([`Stated`](super::Stated))
    text("opclass_name"),
    text("collation"),
    text("collation_name"),
    // `schema.name`, quoted as SQL needs it
    text("canonical"),
    text("subtype_diff"),
    // its multirange type, since PG 14: `schema.name`
    text("multirange"),
    set("namesakes"),
    set("privileges"),
    text("owner"),
    text("comment"),
];

const DOMAIN: &[Property] = &[
    expr("type", Context::Type),
    text("collation"),
    // the base type's own or not, where the scope asks ([`Stated`](super::Stated))
    text("collation_name"),
    set("namesakes"),
    bool("not_null"),
    expr("default", Context::Default),
    // `name: expression` a constraint, the name quoted as SQL needs it; ` NOT VALID` behind what is not
    list("checks"),
    // `name: text` of each that has one
    list("check_comments"),
    // on the NOT NULL constraint, PG 17
    text("not_null_comment"),
    set("privileges"),
    text("owner"),
    text("comment"),
];

const SEQUENCE: &[Property] = &[
    expr("type", Context::Type),
    int("start"),
    int("increment"),
    int("minimum"),
    int("maximum"),
    int("cache"),
    bool("cycle"),
    // "unlogged"; absent for a permanent one
    text("persistence"),
    // `schema.table.column`
    text("owned_by"),
    // only when so: it is that of an identity column
    bool("identity"),
    text("owner"),
    text("comment"),
];

const SERVER: &[Property] = &[
    text("wrapper"),
    // on the wrapper itself
    text("type"),
    text("version"),
    // `name=value` each; passwords as `name=********`
    set("options"),
    set("privileges"),
    text("owner"),
    text("comment"),
];

const TABLE: &[Property] = &[
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
    // the same of operator classes and collations, where the scope asks ([`Stated`](super::Stated))
    list("opclass_names"),
    list("collation_names"),
    // what else has the bare name of something that it refers to, where the scope asks ([`Stated`](super::Stated)):
    // `collation auth.cc`, `operator class …`, `function …`, `type …`
    set("namesakes"),
    // inheritance without partitioning: `schema.parent` each
    list("inherits"),
    // `fillfactor=70`, `toast.autovacuum_enabled=false`; of a foreign table its own
    set("options"),
    // only where it is not heap
    text("access_method"),
    // where it is not that of the database
    text("tablespace"),
    // that of the database, where it has none of its own and the scope asks ([`Stated`](super::Stated))
    text("default_tablespace"),
    // "full", "nothing" or "using index NAME"; absent: the primary key
    text("replica_identity"),
    // CREATE TABLE … OF: `schema.type`
    text("of_type"),
    // of a foreign table
    text("server"),
    text("owner"),
    text("comment"),
];

const COLUMN: &[Property] = &[
    // 1-based among the columns that are not dropped
    int("position"),
    expr("type", Context::Type),
    bool("not_null"),
    expr("default", Context::Default),
    // "always" or "by default"
    text("identity"),
    expr("generated", Context::Generated),
    // "stored" or "virtual"
    text("generated_kind"),
    // only where it is not the type's own; as SQL: `"C"`, `public."Odd"`
    text("collation"),
    // the type's own or not, where the scope asks ([`Stated`](super::Stated))
    text("collation_name"),
    set("namesakes"),
    // name of the NOT NULL constraint, since PG 18 and only where it is not the one that PostgreSQL chooses
    text("not_null_name"),
    // only when so, PG 18
    bool("not_null_no_inherit"),
    // on the constraint, PG 18
    text("not_null_comment"),
    // "plain", "external", "extended" or "main"; only where it is not the type's own
    text("storage"),
    // the type's own, where the scope asks for it ([`Scope::type_storage`](super::Scope::type_storage))
    text("type_storage"),
    // "pglz" or "lz4"; absent: the setting decides
    text("compression"),
    // of ALTER COLUMN SET STATISTICS; absent: the setting decides
    int("statistics_target"),
    // `n_distinct=5`; of a foreign table's column its own
    set("options"),
    // only when so: the parent's, and nothing of the table itself
    bool("inherited"),
    text("comment"),
];

const PRIMARY_KEY: &[Property] = &[
    list("columns"),
    list("include"),
    // only when so: the last column is a period (PG 18)
    bool("without_overlaps"),
    bool("deferrable"),
    bool("initially_deferred"),
    // only when so: a partition's share of its parent's
    bool("inherited"),
    text("comment"),
];

const UNIQUE: &[Property] = &[
    list("columns"),
    list("include"),
    bool("nulls_not_distinct"),
    // only when so: the last column is a period (PG 18)
    bool("without_overlaps"),
    bool("deferrable"),
    bool("initially_deferred"),
    // only when so: a partition's share of its parent's
    bool("inherited"),
    text("comment"),
];

const CHECK: &[Property] = &[
    expr("expression", Context::Predicate),
    bool("validated"),
    // only when so (PG 18)
    bool("not_enforced"),
    bool("no_inherit"),
    // only when so: the parent's, and nothing of the table itself
    bool("inherited"),
    text("comment"),
];

const FOREIGN_KEY: &[Property] = &[
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
    // only when so (PG 18)
    bool("not_enforced"),
    // the state of the triggers that enforce it, only where that of one is not "origin": "disabled", "replica" or "always"
    text("enabled"),
    // only when so: a partition's share of its parent's
    bool("inherited"),
    text("comment"),
];

const EXCLUSION: &[Property] = &[
    // pg_get_constraintdef
    text("definition"),
    // of each key: `&&`, `OPERATOR(public.=)`
    list("operators"),
    bool("deferrable"),
    bool("initially_deferred"),
    text("comment"),
];

const INDEX: &[Property] = &[
    text("method"),
    bool("unique"),
    bool("nulls_not_distinct"),
    // each key alone, without order and operator class; a plain column as a quoted name
    exprs("keys", Context::Scalar),
    // of each key: "" where it is the default one of the type and method; else as SQL, with its
    // schema unless pg_catalog, and its options: `public.gist_trgm_ops (siglen=32)`
    list("opclasses"),
    // the default ones as well, where the scope asks ([`Stated`](super::Stated))
    list("opclass_names"),
    // of each key: "" where it is the column's own; else as SQL: `"C"`
    list("collations"),
    list("collation_names"),
    set("namesakes"),
    // of each key: "asc nulls last", "asc nulls first", "desc nulls first", "desc nulls last";
    // "" where the method has no order
    list("orders"),
    list("include"),
    expr("predicate", Context::Predicate),
    bool("valid"),
    bool("ready"),
    // only when so: CLUSTER ON
    bool("clustered"),
    // name of the constraint that it stands behind
    text("constraint"),
    // of a partition's index: `schema.parent_index`
    text("partition_of"),
    set("options"),
    // `1=500`: of keys that are expressions, by their number
    set("statistics_targets"),
    text("tablespace"),
    text("default_tablespace"),
    text("comment"),
];

const STATISTICS: &[Property] = &[
    // of "ndistinct", "dependencies", "mcv"; of one expression alone it has none
    set("statistics"),
    // columns as quoted names, then expressions
    exprs("keys", Context::Scalar),
    // absent: the setting decides
    int("target"),
    // only where it is not the table's schema
    text("in_schema"),
    text("owner"),
    text("comment"),
];

const FUNCTION: &[Property] = &[
    // "function", "procedure", "aggregate" or "window"
    text("type"),
    // pg_get_function_result
    expr("returns", Context::Type),
    text("language"),
    // "immutable", "stable" or "volatile"
    text("volatility"),
    bool("strict"),
    // "invoker" or "definer"
    text("security"),
    bool("leakproof"),
    // "safe", "restricted" or "unsafe"
    text("parallel"),
    // only where it is not PostgreSQL's default for the language; as text, for both may have fractions
    text("cost"),
    text("rows"),
    // `schema.name` of the planner's support function
    text("support"),
    set("namesakes"),
    // proconfig, `name=value` each
    set("settings"),
    // source text; of an SQL-standard body (PG 14) its deparse; of C code `file, symbol`; of an
    // aggregate `sfunc = …, stype = …, …`
    text("body"),
    // pg_get_function_arguments: with names, modes and defaults
    text("arguments"),
    set("privileges"),
    text("owner"),
    text("comment"),
];

const TRIGGER: &[Property] = &[
    // "before", "after" or "instead of"
    text("timing"),
    // of "insert", "update", "delete", "truncate", in this order
    list("events"),
    // UPDATE OF columns
    list("columns"),
    // "row" or "statement"
    text("level"),
    expr("when", Context::TriggerWhen),
    // `schema.name`, quoted as SQL needs it
    text("function"),
    list("arguments"),
    // "origin", "disabled", "replica" or "always"
    text("enabled"),
    bool("constraint"),
    // of a constraint trigger: `schema.table`
    text("from"),
    bool("deferrable"),
    bool("initially_deferred"),
    text("old_table"),
    text("new_table"),
    // a partition's copy of its parent's trigger
    bool("cloned"),
    // of such a copy the state of its parent's trigger, only where it is another
    text("parent_enabled"),
    text("comment"),
];

const EVENT_TRIGGER: &[Property] = &[
    // `ddl_command_end`, …
    text("event"),
    // command tags in upper case; absent: all
    set("tags"),
    // `schema.name`, quoted as SQL needs it
    text("function"),
    set("namesakes"),
    // "origin", "disabled", "replica" or "always"
    text("enabled"),
    text("owner"),
    text("comment"),
];

const RULE: &[Property] = &[
    // what stands behind AS in pg_get_ruledef, without the relation: `ON INSERT WHERE … DO INSTEAD …`
    expr("definition", Context::Rule),
    // "origin", "disabled", "replica" or "always"
    text("enabled"),
    text("comment"),
];

const POLICY: &[Property] = &[
    // "all", "select", "insert", "update" or "delete"
    text("command"),
    bool("permissive"),
    // unquoted names; "public" for everyone
    set("roles"),
    expr("using", Context::Predicate),
    expr("with_check", Context::Predicate),
    text("comment"),
];

const VIEW: &[Property] = &[
    expr("definition", Context::Query),
    set("options"),
    text("owner"),
    text("comment"),
];

const MATERIALIZED_VIEW: &[Property] = &[
    expr("definition", Context::Query),
    bool("populated"),
    set("options"),
    // only where it is not heap
    text("access_method"),
    text("tablespace"),
    text("default_tablespace"),
    text("owner"),
    text("comment"),
];

const GRANT: &[Property] = &[
    // "select", "insert", …, in lower case; of the owner only where it lacks something
    set("privileges"),
    set("grantable"),
    // only when so: truncate and trigger without maintain, on a server that has it (PG 17)
    bool("without_maintain"),
];

// Of one role in one schema, or everywhere. What ALTER DEFAULT PRIVILEGES never touched is absent in a schema, and
// PostgreSQL's default elsewhere.
const DEFAULT_PRIVILEGES: &[Property] = &[
    set("tables"),
    set("sequences"),
    set("functions"),
    set("types"),
    set("schemas"),
];

const PUBLICATION: &[Property] = &[
    bool("all_tables"),
    // of "insert", "update", "delete", "truncate"
    set("publish"),
    bool("via_root"),
    // "stored"; absent: none (PG 18)
    text("generated_columns"),
    // `schema.table`, with ` (a, b)` and ` WHERE (…)` since PG 15
    list("tables"),
    // unquoted names, since PG 15
    set("schemas"),
    text("owner"),
    text("comment"),
];
