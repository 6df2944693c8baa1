//! The kinds of checks, one file each: how an entry is parsed, how an object is rendered, how it is judged.

pub(crate) mod absent;
pub(crate) mod audit;
pub(crate) mod check;
pub(crate) mod column;
pub(crate) mod comment;
pub(crate) mod composite;
pub(crate) mod count;
pub(crate) mod default_privileges;
pub(crate) mod defaults;
pub(crate) mod domain;
pub(crate) mod enumeration;
pub(crate) mod event_trigger;
pub(crate) mod exact;
pub(crate) mod exclude;
pub(crate) mod expect;
pub(crate) mod extension;
pub(crate) mod fields;
pub(crate) mod foreign_key;
pub(crate) mod function;
pub(crate) mod grant;
pub(crate) mod ignore;
pub(crate) mod index;
pub(crate) mod isolation;
pub(crate) mod options;
pub(crate) mod partition;
pub(crate) mod policy;
pub(crate) mod primary_key;
pub(crate) mod probe;
pub(crate) mod publication;
pub(crate) mod query;
pub(crate) mod range;
pub(crate) mod reference;
pub(crate) mod rewrite;
pub(crate) mod role;
pub(crate) mod row_security;
pub(crate) mod schema;
pub(crate) mod sequence;
pub(crate) mod server;
pub(crate) mod statistics;
pub(crate) mod storage;
pub(crate) mod table;
pub(crate) mod trigger;
pub(crate) mod unique;
pub(crate) mod view;

use super::document::Item;
use super::parse::{Parser, Table};

/// Parses the value of a key of the suite.
pub(crate) type OfSuite = fn(&mut Parser, &Item<'_>);
/// Parses the value of a key of a table.
pub(crate) type OfTable = fn(&mut Parser, &Table, &Item<'_>);

/// Where a key may stand.
#[derive(Clone, Copy)]
pub(crate) enum At {
    Suite(OfSuite),
    Table(OfTable),
    Both(OfSuite, OfTable),
}

/// A key of check files.
pub(crate) struct Entry {
    pub(crate) key: &'static str,
    pub(crate) at: At,
}

const fn suite(key: &'static str, parse: OfSuite) -> Entry {
    Entry {
        key,
        at: At::Suite(parse),
    }
}

const fn table(key: &'static str, parse: OfTable) -> Entry {
    Entry {
        key,
        at: At::Table(parse),
    }
}

/// Every key that check files know, besides `title` and `schema`.
pub(crate) const KINDS: &[Entry] = &[
    suite("absent", absent::parse),
    Entry {
        key: "exact",
        at: At::Both(exact::parse_suite, exact::parse_table),
    },
    suite("ignore", ignore::parse),
    suite("table", table::parse),
    table("column", column::parse),
    table("primary_key", primary_key::parse),
    table("unique", unique::parse),
    table("check", check::parse),
    table("foreign_key", foreign_key::parse),
    table("exclude", exclude::parse),
    table("index", index::parse),
    table("statistics", statistics::parse),
    table("trigger", trigger::parse),
    table("rule", rewrite::parse),
    table("policy", policy::parse),
    table("grant", grant::parse),
    table("row_security", row_security::parse),
    Entry {
        key: "comment",
        at: At::Both(comment::parse, table::parse_comment),
    },
    table("owner", table::parse_owner),
    table("persistence", table::parse_persistence),
    table("options", storage::parse_options),
    table("tablespace", storage::parse_tablespace),
    table("access_method", storage::parse_access_method),
    table("inherits", storage::parse_inherits),
    table("of_type", storage::parse_of_type),
    table("replica_identity", storage::parse_replica_identity),
    table("partition_by", partition::parse_key),
    table("partition_of", partition::parse_parent),
    table("partition", partition::parse),
    table("partitions_contiguous", partition::parse_contiguous),
    table("partitions_ahead", partition::parse_ahead),
    suite("enum", enumeration::parse),
    suite("composite", composite::parse),
    suite("range", range::parse),
    suite("domain", domain::parse),
    suite("function", function::parse),
    suite("procedure", function::parse_procedure),
    suite("aggregate", function::parse_aggregate),
    suite("view", view::parse),
    suite("materialized_view", view::parse_materialized),
    suite("sequence", sequence::parse),
    suite("extension", extension::parse),
    suite("role", role::parse),
    Entry {
        key: "server",
        at: At::Both(server::parse, storage::parse_server),
    },
    suite("event_trigger", event_trigger::parse),
    suite("publication", publication::parse),
    suite("default_privileges", default_privileges::parse),
    suite("schemas", schema::parse),
    suite("count", count::parse),
    suite("query", query::parse),
    suite("probe", probe::parse),
    suite("probes", probe::passed),
    suite("isolation", isolation::parse),
    suite("audit", audit::parse),
];
