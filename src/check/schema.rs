//! The check format as types, from which the JSON schema for editors is made: `docs/schema/checks-1.json`.
//!
//! The parser reads spans and reports everything at once, which serde cannot; so the types stand beside it, and the
//! tests hold the two to each other: the keys that the parser knows in each place are those of the schema, and every
//! check file of the repository is valid.
#![allow(dead_code, reason = "the types are there for their schema")]

use std::collections::BTreeMap;

use schemars::JsonSchema;

type Map<T> = BTreeMap<String, T>;
/// Privileges by role: `app = ["select", "update (name)"]`, `public = ["usage"]`.
type Grants = Map<OneOrTable<Vec<String>, Grant>>;
/// The same of what has no columns.
type Privileges = Map<Vec<String>>;
/// `{ fillfactor = 70 }` or `["fillfactor=70"]`.
type Options = OneOrTable<Vec<String>, Map<Scalar>>;

/// A short form, or a table that says more.
#[derive(JsonSchema)]
#[schemars(untagged, inline)]
enum OneOrTable<O, T> {
    One(O),
    Table(T),
}

#[derive(JsonSchema)]
#[schemars(untagged)]
enum Scalar {
    Text(String),
    Integer(i64),
    Float(f64),
    Switch(bool),
}

/// A suite of pgplumb: what the catalog of a PostgreSQL database has to be. `checks/0024_name.toml` gates migration 24;
/// a file of any other name is always judged.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Suite")]
struct Suite {
    /// For people.
    title: Option<String>,
    /// Where bare names are looked up: `public`, unless the settings say otherwise.
    schema: Option<String>,
    /// What an entry leaves out is PostgreSQL's default, and on a listed table there is nothing beyond what is listed.
    complete: Option<bool>,
    /// What must be gone: `"table old"`, `"index idx_old"`, `"column orders.note"`.
    absent: Option<Vec<String>>,
    /// Nothing of these kinds beyond what the suites list: `"tables"`, `"functions in auth"`.
    exact: Option<Vec<String>>,
    /// What `exact` passes over, with `*` as a wildcard: `"table tmp_*"`.
    ignore: Option<Vec<String>>,
    /// Tables, by name.
    table: Option<Map<Table>>,
    /// Enums by name: their labels in order.
    #[schemars(rename = "enum")]
    enums: Option<Map<OneOrTable<Vec<String>, Enum>>>,
    /// Composite types by name: their attributes in order, `"a integer"`.
    composite: Option<Map<OneOrTable<Vec<String>, Composite>>>,
    /// Range types by name.
    range: Option<Map<Range>>,
    /// Domains by name: `"numeric(10,2) not null default 1"`.
    domain: Option<Map<OneOrTable<String, Domain>>>,
    /// Functions by signature, `name(integer, text)`. What is not named is not judged.
    function: Option<Map<Routine>>,
    /// Procedures by signature.
    procedure: Option<Map<Routine>>,
    /// Aggregates by signature.
    aggregate: Option<Map<Routine>>,
    /// Views by name: the query.
    view: Option<Map<OneOrTable<String, View>>>,
    /// Materialized views by name: the query.
    materialized_view: Option<Map<OneOrTable<String, MaterializedView>>>,
    /// Sequences by name.
    sequence: Option<Map<Sequence>>,
    /// Extensions by name: the range of versions, `"*"` or `">= 3.1, < 4"`.
    extension: Option<Map<OneOrTable<String, Extension>>>,
    /// Roles by name.
    role: Option<Map<Role>>,
    /// Foreign servers by name.
    server: Option<Map<Server>>,
    /// Event triggers by name: `"on ddl_command_end when tag in ('CREATE TABLE') execute function f()"`.
    event_trigger: Option<Map<OneOrTable<String, EventTrigger>>>,
    /// Comments on what has no kind of its own, as COMMENT ON names it: `"operator === (integer, integer)"`.
    comment: Option<Map<String>>,
    /// Publications by name.
    publication: Option<Map<Publication>>,
    /// Default privileges by `ROLE` or `ROLE in schema NAME`.
    default_privileges: Option<Map<DefaultPrivileges>>,
    /// Schemas that are there, by name.
    schemas: Option<Map<Schema>>,
    /// Numbers of objects.
    count: Option<Vec<Count>>,
    /// Queries over the data, read only.
    query: Option<Vec<Query>>,
    /// Statements that write, in a transaction that is always rolled back.
    probe: Option<Vec<Probe>>,
    /// What the probes of this file share.
    probes: Option<Probes>,
    /// What a user of one tenant may do to the rows of another, by name.
    isolation: Option<Map<Isolation>>,
    /// Findings of the audit that gate.
    audit: Option<Audit>,
}

/// What a table has to be.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Table {
    /// Columns by name: `"uuid not null default gen_random_uuid()"`.
    column: Option<Map<OneOrTable<String, Column>>>,
    /// The columns in order.
    primary_key: Option<OneOrTable<Vec<String>, PrimaryKey>>,
    /// Unique constraints by name: the columns in order.
    unique: Option<Map<OneOrTable<Vec<String>, Unique>>>,
    /// Check constraints by name: `"amount > 0"`.
    check: Option<Map<OneOrTable<String, Check>>>,
    /// Foreign keys by column or by name: `"target(id) on delete cascade"`, `"(a, b) references target(x, y)"`.
    foreign_key: Option<Map<OneOrTable<String, ForeignKey>>>,
    /// Exclusion constraints by name: `"using gist (room with =, during with &&)"`.
    exclude: Option<Map<OneOrTable<String, Exclude>>>,
    /// Indexes by name: `"unique using btree (a, lower(b) desc) include (c) where d is null"`.
    index: Option<Map<OneOrTable<String, Index>>>,
    /// Extended statistics by name: `"(ndistinct, mcv) on a, (lower(b))"`.
    statistics: Option<Map<OneOrTable<String, Statistics>>>,
    /// Triggers by name: `"before insert or update of a for each row execute function f()"`.
    trigger: Option<Map<OneOrTable<String, Trigger>>>,
    /// Rules by name: `"on delete do instead nothing"`.
    rule: Option<Map<OneOrTable<String, Trigger>>>,
    /// Policies by name.
    policy: Option<Map<Policy>>,
    /// All that each role holds on the table and its columns.
    grant: Option<Grants>,
    row_security: Option<RowSecurity>,
    /// Nothing of these kinds beyond what is listed: `"columns"`, `"policies"`, `"grants"`.
    exact: Option<Vec<String>>,
    /// An empty text is no comment.
    comment: Option<String>,
    owner: Option<String>,
    /// `permanent` or `unlogged`.
    persistence: Option<String>,
    /// Storage parameters, all of them.
    options: Option<Options>,
    /// What has none of its own is in the database's.
    tablespace: Option<String>,
    access_method: Option<String>,
    /// Parents, in order.
    inherits: Option<Vec<String>>,
    /// The type of a typed table.
    of_type: Option<String>,
    /// `default`, `full`, `nothing` or `using index NAME`.
    replica_identity: Option<String>,
    /// The server of a foreign table.
    server: Option<String>,
    /// `range (created_at)`.
    partition_by: Option<String>,
    /// The parent of a partition.
    partition_of: Option<String>,
    /// Partitions by name: `"from ('2025-11-01') to ('2025-12-01')"`, `"in ('a')"`, `"default"`.
    partition: Option<Map<String>>,
    /// `true`: no gap between the bounds.
    partitions_contiguous: Option<bool>,
    /// A warning when dated partitions end sooner than that from now: `3 months`.
    partitions_ahead: Option<String>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
enum RowSecurity {
    Enabled,
    Forced,
    Disabled,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Grant {
    privileges: Option<Vec<String>>,
    /// Those that the role may pass on.
    grantable: Option<Vec<String>>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Column {
    /// `uuid not null default gen_random_uuid()`.
    definition: String,
    comment: Option<String>,
    /// Among the columns that are there, from 1.
    position: Option<i64>,
    storage: Option<String>,
    compression: Option<String>,
    statistics_target: Option<i64>,
    options: Option<Options>,
    /// The name of the NOT NULL constraint (PostgreSQL 18).
    not_null_name: Option<String>,
    not_null_no_inherit: Option<bool>,
    not_null_comment: Option<String>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct PrimaryKey {
    name: Option<String>,
    columns: Vec<String>,
    include: Option<Vec<String>>,
    deferrable: Option<bool>,
    initially_deferred: Option<bool>,
    /// PostgreSQL 18.
    without_overlaps: Option<bool>,
    comment: Option<String>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Unique {
    columns: Vec<String>,
    include: Option<Vec<String>>,
    nulls_not_distinct: Option<bool>,
    deferrable: Option<bool>,
    initially_deferred: Option<bool>,
    /// PostgreSQL 18.
    without_overlaps: Option<bool>,
    comment: Option<String>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Check {
    definition: String,
    not_valid: Option<bool>,
    /// PostgreSQL 18.
    not_enforced: Option<bool>,
    no_inherit: Option<bool>,
    comment: Option<String>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct ForeignKey {
    definition: String,
    name: Option<String>,
    /// PostgreSQL 18.
    period: Option<bool>,
    /// PostgreSQL 18.
    not_enforced: Option<bool>,
    /// The state of the triggers behind it: `origin`, `disabled`, `replica` or `always`.
    enabled: Option<String>,
    comment: Option<String>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Exclude {
    definition: String,
    comment: Option<String>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Index {
    definition: String,
    options: Option<Options>,
    /// Of keys that are expressions, by their number: `{ 1 = 500 }`.
    statistics_targets: Option<Map<i64>>,
    tablespace: Option<String>,
    clustered: Option<bool>,
    /// `false`: it waits for those of partitions, or its making failed.
    valid: Option<bool>,
    comment: Option<String>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Statistics {
    definition: String,
    target: Option<i64>,
    schema: Option<String>,
    owner: Option<String>,
    comment: Option<String>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Trigger {
    definition: String,
    enabled: Option<Firing>,
    comment: Option<String>,
}

/// When it fires, by `session_replication_role`.
#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
enum Firing {
    Origin,
    Disabled,
    Replica,
    Always,
}

/// A clause that is not said has to be absent.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Policy {
    command: Option<Command>,
    /// `public` when not said.
    roles: Option<Vec<String>>,
    using: Option<String>,
    with_check: Option<String>,
    /// Yes when not said.
    permissive: Option<bool>,
    comment: Option<String>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
enum Command {
    All,
    Select,
    Insert,
    Update,
    Delete,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Enum {
    labels: Vec<String>,
    grant: Option<Privileges>,
    owner: Option<String>,
    comment: Option<String>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Composite {
    attributes: Vec<String>,
    /// On attributes, by name.
    comments: Option<Map<String>>,
    grant: Option<Privileges>,
    owner: Option<String>,
    comment: Option<String>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Range {
    subtype: Option<String>,
    opclass: Option<String>,
    collation: Option<String>,
    canonical: Option<String>,
    subtype_diff: Option<String>,
    multirange: Option<String>,
    grant: Option<Privileges>,
    owner: Option<String>,
    comment: Option<String>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Domain {
    definition: String,
    /// Constraints by name: these and no others.
    check: Option<Map<OneOrTable<String, DomainCheck>>>,
    /// On its NOT NULL constraint (PostgreSQL 17).
    not_null_comment: Option<String>,
    grant: Option<Privileges>,
    owner: Option<String>,
    comment: Option<String>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct DomainCheck {
    definition: String,
    not_valid: Option<bool>,
    comment: Option<String>,
}

/// What is not named is not judged.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Routine {
    /// `function`, `procedure`, `aggregate` or `window`.
    kind: Option<String>,
    returns: Option<String>,
    /// With names, modes and defaults.
    arguments: Option<String>,
    language: Option<String>,
    /// `invoker` or `definer`.
    security: Option<String>,
    /// `immutable`, `stable` or `volatile`.
    volatility: Option<String>,
    strict: Option<bool>,
    leakproof: Option<bool>,
    /// `safe`, `restricted` or `unsafe`.
    parallel: Option<String>,
    cost: Option<f64>,
    rows: Option<f64>,
    support: Option<String>,
    /// `{ search_path = "pg_catalog" }`, all of them.
    settings: Option<Options>,
    body: Option<String>,
    /// Of the body, hexadecimal.
    body_sha256: Option<String>,
    grant: Option<Privileges>,
    owner: Option<String>,
    comment: Option<String>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct View {
    definition: String,
    options: Option<Options>,
    /// Columns with the default that INSERT takes.
    default: Option<Map<String>>,
    column: Option<Map<ViewColumn>>,
    owner: Option<String>,
    comment: Option<String>,
    grant: Option<Grants>,
    trigger: Option<Map<OneOrTable<String, Trigger>>>,
    rule: Option<Map<OneOrTable<String, Trigger>>>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct ViewColumn {
    comment: Option<String>,
}

/// What a column of a materialized view has besides what the query makes of it.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct StoredColumn {
    storage: Option<String>,
    compression: Option<String>,
    statistics_target: Option<i64>,
    options: Option<Options>,
    comment: Option<String>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct MaterializedView {
    definition: String,
    options: Option<Options>,
    populated: Option<bool>,
    tablespace: Option<String>,
    access_method: Option<String>,
    column: Option<Map<StoredColumn>>,
    owner: Option<String>,
    comment: Option<String>,
    grant: Option<Grants>,
    index: Option<Map<OneOrTable<String, Index>>>,
    statistics: Option<Map<OneOrTable<String, Statistics>>>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Sequence {
    #[schemars(rename = "type")]
    data_type: Option<String>,
    start: Option<i64>,
    increment: Option<i64>,
    minimum: Option<i64>,
    maximum: Option<i64>,
    cache: Option<i64>,
    cycle: Option<bool>,
    persistence: Option<String>,
    /// `table.column`, or `none`.
    owned_by: Option<String>,
    grant: Option<Grants>,
    owner: Option<String>,
    comment: Option<String>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Extension {
    version: Option<String>,
    schema: Option<String>,
    comment: Option<String>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Role {
    login: Option<bool>,
    superuser: Option<bool>,
    createdb: Option<bool>,
    createrole: Option<bool>,
    inherit: Option<bool>,
    replication: Option<bool>,
    bypass_row_security: Option<bool>,
    member_of: Option<Vec<String>>,
    admin_of: Option<Vec<String>>,
    /// Granted with INHERIT TRUE to a role that is NOINHERIT (PostgreSQL 16).
    inherit_of: Option<Vec<String>>,
    /// Granted with INHERIT FALSE to a role that is INHERIT (PostgreSQL 16).
    no_inherit_of: Option<Vec<String>>,
    /// Granted with SET FALSE (PostgreSQL 16).
    no_set_of: Option<Vec<String>>,
    connection_limit: Option<i64>,
    /// A point in time, UTC where it names no zone, or `infinity`.
    valid_until: Option<String>,
    settings: Option<Options>,
    comment: Option<String>,
}

/// A foreign server. The values of options that may be secrets are not compared.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Server {
    wrapper: Option<String>,
    #[schemars(rename = "type")]
    server_type: Option<String>,
    version: Option<String>,
    options: Option<Options>,
    grant: Option<Privileges>,
    owner: Option<String>,
    comment: Option<String>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct EventTrigger {
    definition: String,
    enabled: Option<Firing>,
    owner: Option<String>,
    comment: Option<String>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Publication {
    /// `"t"`, `"u (a, b) where (a > 0)"`.
    tables: Option<Vec<String>>,
    schemas: Option<Vec<String>>,
    all_tables: Option<bool>,
    publish: Option<Vec<String>>,
    via_root: Option<bool>,
    generated_columns: Option<String>,
    owner: Option<String>,
    comment: Option<String>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct DefaultPrivileges {
    tables: Option<Privileges>,
    sequences: Option<Privileges>,
    functions: Option<Privileges>,
    types: Option<Privileges>,
    schemas: Option<Privileges>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Schema {
    grant: Option<Privileges>,
    owner: Option<String>,
    comment: Option<String>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Count {
    /// Reports show it.
    name: String,
    of: CountOf,
    /// Names of relations, with `*` as a wildcard; for enums, functions and tables their own.
    on: Option<Vec<String>>,
    at_least: Option<u64>,
    exactly: Option<u64>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
enum CountOf {
    Tables,
    /// As `pg_indexes` counts: those behind constraints and those of partitions included.
    Indexes,
    /// Those behind no constraint.
    SecondaryIndexes,
    Policies,
    Triggers,
    /// INSERT, UPDATE and DELETE events of triggers, one each.
    TriggerEvents,
    Functions,
    ForeignKeys,
    UniqueConstraints,
    CheckConstraints,
    Enums,
    Partitions,
    RlsTables,
    Columns,
}

/// A value that a query returns; `{ null = true }` is null.
#[derive(JsonSchema)]
#[schemars(untagged)]
enum Cell {
    Value(Scalar),
    Null(Null),
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Null {
    null: bool,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Query {
    /// Reports show it.
    name: String,
    /// One statement, run READ ONLY with a timeout.
    sql: String,
    /// The only value that it returns.
    expect: Option<Cell>,
    at_least: Option<f64>,
    at_most: Option<f64>,
    rows: Option<Vec<Vec<Cell>>>,
}

/// One statement as the role, and what it does.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Probe {
    /// Reports show it.
    name: String,
    /// Several statements, in order, instead of `run`.
    step: Option<Vec<Step>>,
    /// The role that runs the statement.
    as_role: Option<String>,
    settings: Option<Map<Scalar>>,
    /// What is done before, as the connecting role.
    given: Option<OneOrTable<String, Vec<String>>>,
    /// Exactly one statement.
    run: Option<String>,
    /// The only value that it returns.
    expect: Option<Cell>,
    at_least: Option<f64>,
    at_most: Option<f64>,
    rows: Option<Vec<Vec<Cell>>>,
    /// Rows that it changed or returned.
    affected: Option<u64>,
    /// The SQLSTATE that it was refused with.
    error: Option<String>,
    /// A pattern of the message that it was refused with, `*` for anything.
    message: Option<String>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Step {
    /// The role that runs the statement; that of the probe when not said.
    as_role: Option<String>,
    settings: Option<Map<Scalar>>,
    /// What is done before, as the connecting role.
    given: Option<OneOrTable<String, Vec<String>>>,
    /// Exactly one statement.
    run: String,
    expect: Option<Cell>,
    at_least: Option<f64>,
    at_most: Option<f64>,
    rows: Option<Vec<Vec<Cell>>>,
    affected: Option<u64>,
    error: Option<String>,
    message: Option<String>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Probes {
    given: Option<OneOrTable<String, Vec<String>>>,
    as_role: Option<String>,
    settings: Option<Map<Scalar>>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Audit {
    /// Findings from this severity on fail; others are warnings.
    severity: Option<String>,
    /// Ids, with `*` as a wildcard; all when not said.
    lints: Option<Vec<String>>,
    accept: Option<Vec<Accept>>,
}

/// Nothing crosses from one tenant to another, and the own rows are reached.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Isolation {
    /// Tables with rows of tenants: `"orders"`, or `"accounts(id)"` with the column of the tenant.
    tables: Vec<String>,
    /// The column that says whose a row is, where a table names none.
    tenant_column: Option<String>,
    /// Two tenants; they are made up where none are given.
    tenants: Option<Vec<String>>,
    /// The role that the application works as.
    as_role: Option<String>,
    /// What makes the role a user of a tenant; `{tenant}` and `{user}` stand for values.
    settings: Option<Map<Scalar>>,
    /// The table and column that `{user}` is a value of: `"users(id)"`.
    user: Option<String>,
    /// Statements before rows are made.
    given: Option<OneOrTable<String, Vec<String>>>,
    /// What to write into columns, by table and column, as SQL.
    values: Option<Map<Map<Scalar>>>,
    /// `false`: the role belongs to no tenant, and reaches nothing.
    own: Option<bool>,
    /// What crosses, or is denied, on purpose.
    accept: Option<Vec<Exemption>>,
}

/// Something that crosses, or is denied, on purpose.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Exemption {
    /// `select`, `insert`, `update`, `move`, `delete`, `truncate`, or `own_select` and so on; all when not said.
    command: Option<String>,
    /// A table, or a way past it as the report has it, with `*` as a wildcard.
    object: String,
    reason: String,
}

/// A finding that is known, and why it may stay.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Accept {
    /// Of the lint.
    id: String,
    /// As the audit names it, with `*` as a wildcard.
    object: String,
    reason: String,
}

mod tests {
    use std::collections::BTreeSet;
    use std::path::{Path, PathBuf};

    use serde_json::{Value, json};

    use super::Suite;
    use crate::source::SourceFile;

    fn schema() -> Value {
        let settings = schemars::generate::SchemaSettings::draft07();
        let mut schema = settings
            .into_generator()
            .into_root_schema_for::<Suite>()
            .to_value();
        schema["title"] = "pgplumb check file, version 1".into();
        optional(&mut schema);
        schema
    }

    /// TOML has no null: a key that is not said is left out.
    fn optional(schema: &mut Value) {
        match schema {
            Value::Object(map) => {
                if let Some(Value::Array(types)) = map.get_mut("type") {
                    types.retain(|name| name != "null");
                    if let [one] = types.as_slice() {
                        let one = one.clone();
                        map.insert("type".to_string(), one);
                    }
                }
                if let Some(Value::Array(any)) = map.get_mut("anyOf") {
                    any.retain(|schema| *schema != json!({ "type": "null" }));
                }
                map.values_mut().for_each(optional);
            }
            Value::Array(items) => items.iter_mut().for_each(optional),
            _ => {}
        }
    }

    #[test]
    fn the_shipped_schema_is_up_to_date() {
        crate::check::testing::is_shipped("checks-1.json", &schema());
    }

    /// Check files of the repository, wherever they lie.
    fn files(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                files(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "toml")
                && path
                    .components()
                    .any(|part| part.as_os_str() == "checks" || part.as_os_str() == "kinds")
            {
                found.push(path);
            }
        }
    }

    #[test]
    fn what_the_parser_takes_is_valid_and_an_unknown_key_is_not() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let schema = jsonschema::draft7::new(&schema()).unwrap();
        let mut found = Vec::new();
        for folder in ["checks", "examples", "tests"] {
            files(&root.join(folder), &mut found);
        }
        let (mut good, mut bad) = (0, 0);
        for path in found {
            // some are no text on purpose
            let Ok(text) = std::fs::read_to_string(&path) else {
                continue;
            };
            let Ok(document) = toml::from_str::<Value>(&text) else {
                continue;
            };
            match super::super::parse(&SourceFile::new(path.to_string_lossy(), text), "suite", None) {
                Ok(_) => {
                    good += 1;
                    let errors: Vec<String> = schema
                        .iter_errors(&document)
                        .map(|error| format!("{}: {error}", error.instance_path()))
                        .collect();
                    assert!(errors.is_empty(), "{}:\n{}", path.display(), errors.join("\n"));
                }
                Err(complaints) => {
                    let unknown = complaints
                        .iter()
                        .any(|complaint| complaint.message.starts_with("unknown key"));
                    if unknown {
                        bad += 1;
                        assert!(!schema.is_valid(&document), "{}", path.display());
                    }
                }
            }
        }
        assert!(
            good > 100 && bad > 0,
            "{good} valid files, {bad} with an unknown key"
        );
    }

    /// The keys that a type has.
    fn keys_of(schema: &Value, name: &str) -> BTreeSet<String> {
        let found = match name {
            "Suite" => schema,
            name => &schema["definitions"][name],
        };
        let keys = found["properties"].as_object();
        keys.unwrap_or_else(|| panic!("no type {name}"))
            .keys()
            .cloned()
            .collect()
    }

    /// The keys that the parser says it knows where `nonsense` stands.
    fn known(text: &str) -> BTreeSet<String> {
        let complaints = super::super::parse(&SourceFile::new("checks/a.toml", text), "a", None).unwrap_err();
        let unknown = complaints
            .iter()
            .find(|complaint| complaint.message.contains("`qqqqqqqqqqqqqqqqqqqqqqqq`"))
            .unwrap_or_else(|| panic!("no complaint about the key: {text}\n{complaints:?}"));
        let help = unknown.help.clone().unwrap_or_default();
        let list = help
            .strip_prefix("use one of: ")
            .unwrap_or_else(|| panic!("{text}: {help}"));
        list.split(", ").map(str::to_string).collect()
    }

    #[test]
    fn the_schema_has_the_keys_that_the_parser_knows() {
        let schema = schema();
        let mut seen = BTreeSet::new();
        for (name, place) in [
            ("Suite", ""),
            ("Table", "[table.t]\n"),
            ("Grant", "[table.t.grant.r]\n"),
            ("Column", "[table.t.column.c]\n"),
            ("PrimaryKey", "[table.t.primary_key]\n"),
            ("Unique", "[table.t.unique.u]\n"),
            ("Check", "[table.t.check.c]\n"),
            ("ForeignKey", "[table.t.foreign_key.f]\n"),
            ("Exclude", "[table.t.exclude.e]\n"),
            ("Index", "[table.t.index.i]\n"),
            ("Statistics", "[table.t.statistics.s]\n"),
            ("Trigger", "[table.t.trigger.t]\n"),
            ("Trigger", "[table.t.rule.r]\n"),
            ("Policy", "[table.t.policy.p]\n"),
            ("Enum", "[enum.e]\n"),
            ("Composite", "[composite.c]\n"),
            ("Range", "[range.r]\n"),
            ("Domain", "[domain.d]\n"),
            (
                "DomainCheck",
                "[domain.d]\ndefinition = 'int'\n[domain.d.check.c]\n",
            ),
            ("Routine", "[function.'f()']\n"),
            ("Routine", "[procedure.'f()']\n"),
            ("Routine", "[aggregate.'f()']\n"),
            ("View", "[view.v]\n"),
            ("MaterializedView", "[materialized_view.v]\n"),
            (
                "ViewColumn",
                "[view.v]\ndefinition = 'select 1'\n[view.v.column.c]\n",
            ),
            (
                "StoredColumn",
                "[materialized_view.v]\ndefinition = 'select 1'\n[materialized_view.v.column.c]\n",
            ),
            ("Sequence", "[sequence.s]\n"),
            ("Extension", "[extension.e]\n"),
            ("Role", "[role.r]\n"),
            ("Server", "[server.s]\n"),
            ("EventTrigger", "[event_trigger.e]\n"),
            ("Publication", "[publication.p]\n"),
            ("DefaultPrivileges", "[default_privileges.r]\n"),
            ("Schema", "[schemas.s]\n"),
            ("Count", "[[count]]\nname = 'c'\n"),
            ("Query", "[[query]]\nname = 'q'\n"),
            ("Probe", "[[probe]]\nname = 'p'\n"),
            ("Step", "[[probe]]\nname = 'p'\n[[probe.step]]\n"),
            ("Probes", "[probes]\n"),
            ("Audit", "[audit]\n"),
            ("Accept", "[[audit.accept]]\n"),
            ("Isolation", "[isolation.x]\n"),
            (
                "Exemption",
                "[isolation.x]\ntables = ['t(c)']\nas_role = 'r'\n[[isolation.x.accept]]\n",
            ),
        ] {
            let text = format!("{place}qqqqqqqqqqqqqqqqqqqqqqqq = 1\n");
            assert_eq!(keys_of(&schema, name), known(&text), "{name}, {place}");
            seen.insert(name);
        }
        let types = schema["definitions"].as_object().unwrap();
        let objects = types
            .iter()
            .filter(|(name, schema)| schema["properties"].is_object() && *name != "Null")
            .map(|(name, _)| name.as_str());
        let unseen: Vec<&str> = objects.filter(|name| !seen.contains(name)).collect();
        assert_eq!(unseen, [""; 0], "types that no place is compared with");
    }
}
