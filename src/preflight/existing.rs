//! What the live database has of the names that a plan mentions.

use std::collections::{BTreeMap, BTreeSet};

use crate::migration::Version;
use crate::source::Span;
use crate::sql::Name;

/// One reading of the live database, and what the role that will run the scripts may do.
#[derive(Debug, Clone, Default)]
pub struct Existing {
    /// How many statements of a half-done no-transaction script ran already, or began to.
    pub done: BTreeMap<Version, usize>,
    /// The scripts that the server's grammar refuses.
    pub refused: BTreeMap<Version, Refusal>,
    pub schemas: BTreeMap<String, SchemaFacts>,
    pub relations: BTreeMap<(String, String), RelationFacts>,
    pub types: BTreeSet<(String, String)>,
    pub functions: BTreeMap<(String, String), Vec<FunctionFacts>>,
    pub roles: BTreeSet<String>,
    /// Of the roles that checks act as and that exist: whether the connecting role may become them.
    pub may_become: BTreeMap<String, bool>,
    /// Who acts as which role; probes that will not run act as nobody.
    pub actors: Vec<Actor>,
    pub extensions: Extensions,
    pub languages: BTreeSet<String>,
    pub tablespaces: BTreeSet<String>,
    /// The schemas in which bare names are looked for, as the connection has them.
    pub path: Vec<String>,
    pub rights: Rights,
    pub version_num: u32,
    pub standby: bool,
    pub read_only: bool,
    /// What stands between, when it is a pooler.
    pub pooler: Option<String>,
    /// The labels of the enums.
    pub labels: BTreeMap<(String, String), BTreeSet<String>>,
    /// Relations of user schemas, read only where something is missing: what could have been meant.
    pub nearby: Vec<(String, String)>,
    /// Who will be in the way of the locks: one sentence each, with what to do about it.
    pub busy: Vec<(String, String)>,
}

/// The first thing in a script that the server's grammar does not take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// `syntax error at or near "craete"`.
    pub message: String,
    pub hint: Option<String>,
    pub span: Span,
}

/// A suite whose probes act as a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    pub role: String,
    /// The migration that it belongs to; `None` for an always-on suite.
    pub version: Option<Version>,
    pub file: String,
}

/// A schema.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SchemaFacts {
    /// The role may create in it.
    pub create: bool,
    pub usage: bool,
}

/// A relation or an index.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RelationFacts {
    /// `relkind`, or what the creating statement says.
    pub kind: char,
    /// `None` where they cannot be told.
    pub columns: Option<BTreeSet<String>>,
    /// `constraint a`, `trigger b`, `policy c`, `rule d`.
    pub parts: BTreeSet<String>,
    /// The table of an index or of an owned sequence.
    pub on: Option<(String, String)>,
    /// The role counts as its owner.
    pub owned: bool,
    pub may_reference: bool,
    /// An earlier statement of the plan made or changed it: names that the server makes up are not known.
    pub touched: bool,
}

/// One routine of a name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FunctionFacts {
    /// The types of its arguments as the server prints them.
    pub arguments: String,
    /// How many arguments a call may have.
    pub fewest: usize,
    pub most: usize,
    /// What its body mentions, where that matters.
    pub mentions: BTreeSet<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Extensions {
    pub installed: BTreeSet<String>,
    /// Of those that were installed when the server was asked.
    pub versions: BTreeMap<String, String>,
    /// Of those that the plan creates; with whether the role may.
    pub available: BTreeMap<String, bool>,
}

/// What the role may do beyond single objects.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rights {
    /// The role of every transaction.
    pub role: String,
    /// The role that connected: what counts for `SET ROLE`.
    pub login: String,
    pub superuser: bool,
    pub create_role: bool,
    /// CREATE on the database: schemas, trusted extensions.
    pub create_schema: bool,
    pub database: String,
}

/// Where a name is looked for along a path, as the server does.
pub(super) fn places<'a>(name: &'a Name, path: &'a [String]) -> impl Iterator<Item = &'a str> {
    let (own, path) = match &name.schema {
        Some(_) => (&[][..], &[][..]),
        None => (&["pg_temp", "pg_catalog"][..], path),
    };
    let schema = name.schema.as_deref().into_iter();
    schema
        .chain(own.iter().copied())
        .chain(path.iter().map(String::as_str))
}
