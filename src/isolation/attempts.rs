//! What a user of the first tenant tries: statements, what prepares them, and what shows their effect.

use serde::{Deserialize, Serialize};

use super::facts::{Column, Facts, Relation, Rights};
use super::fixture::Fixture;
use super::{Command, Side};
use crate::sql::{quote_ident, quote_literal};

/// A table of more pages is not read or written as a whole: 64 MiB.
const MOST_PAGES: i64 = 8192;

/// One statement as the application's role, taken back at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Attempt {
    #[serde(skip)]
    pub command: Command,
    #[serde(skip)]
    pub side: Side,
    #[serde(skip)]
    pub how: How,
    /// By the connecting role, before it.
    pub prepare: Vec<String>,
    pub run: String,
    /// It returns one value, which is kept.
    pub reads: bool,
    /// A query whose answer differs when rows of the tenant that it is about have changed.
    pub measure: String,
}

/// How an attempt goes about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum How {
    /// At rows of one tenant, by the tenant column. The policies of SELECT apply as well.
    Aimed,
    /// At every row, without reading one: the policies of the command alone apply.
    Blind,
    /// What it returns, to be compared.
    Look,
    /// The same again: is it the same?
    Again,
    /// The same without the row of the other tenant: does it show?
    Without,
}

/// What the server made of an attempt.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Reply {
    /// Where it was refused: `prepare`, `role`, `run` or `measure`; `None` when it went through.
    pub refused: Option<String>,
    /// SQLSTATE.
    pub code: Option<String>,
    pub complaint: Option<String>,
    /// What was read.
    pub seen: Option<String>,
    /// Rows changed.
    pub affected: Option<i64>,
    /// The measure before and after.
    pub before: Option<String>,
    pub after: Option<String>,
}

impl Reply {
    /// A reply of an attempt that was refused when it ran.
    pub fn refusal(code: &str, complaint: &str) -> Reply {
        Reply {
            refused: Some("run".to_string()),
            code: Some(code.to_string()),
            complaint: Some(complaint.to_string()),
            ..Reply::default()
        }
    }
}

/// A relation that attempts are made on, with the rows that are there.
pub(super) struct Ground<'a> {
    pub(super) path: &'a str,
    /// The table whose columns it has.
    pub(super) relation: &'a Relation,
    pub(super) may: Rights,
    /// Unquoted.
    pub(super) tenant_column: &'a str,
    pub(super) fixture: &'a Fixture,
    /// Whether it is small enough to be gone through.
    pub(super) is_small: bool,
}

impl Ground<'_> {
    fn tenant(&self, index: usize) -> String {
        quote_literal(&self.fixture.tenants[index].value)
    }

    fn of_tenant(&self, index: usize) -> String {
        format!("{} = {}", quote_ident(self.tenant_column), self.tenant(index))
    }

    /// Where the rows of a tenant stand in the table itself: a row that is changed moves.
    pub(super) fn measure(&self, index: usize) -> String {
        format!(
            "SELECT pg_catalog.string_agg(t.tableoid::pg_catalog.text || t.ctid::pg_catalog.text, ' ' \
             ORDER BY t.tableoid, t.ctid::pg_catalog.text) FROM {} AS t WHERE t.{}",
            self.relation.path,
            self.of_tenant(index)
        )
    }

    /// Takes the row of a tenant away.
    pub(super) fn remove(&self, index: usize) -> String {
        let row = self.fixture.row(index);
        format!(
            "DELETE FROM {} WHERE {}",
            self.relation.path,
            row.condition(self.relation, self.tenant_column)
        )
    }

    pub(super) fn attempt(&self, command: Command, side: Side, how: How, run: String) -> Attempt {
        Attempt {
            command,
            side,
            how,
            prepare: Vec::new(),
            run,
            reads: false,
            measure: self.measure(side.tenant()),
        }
    }

    /// A query whose answer must not depend on the other tenant's row.
    pub(super) fn compared(&self, command: Command, run: &str) -> Vec<Attempt> {
        let make = |how, prepare| Attempt {
            prepare,
            reads: true,
            ..self.attempt(command, Side::Other, how, run.to_string())
        };
        vec![
            make(How::Look, Vec::new()),
            make(How::Again, Vec::new()),
            make(How::Without, vec![self.remove(1)]),
        ]
    }

    fn sees_tenant(&self) -> bool {
        let column = self.relation.column(self.tenant_column);
        !self.may.select || column.is_some_and(|column| column.may_select)
    }

    fn select(&self, side: Side) -> Vec<Attempt> {
        if !self.sees_tenant() {
            let count = format!("SELECT pg_catalog.count(*) FROM {}", self.path);
            return match side {
                Side::Own => vec![Attempt {
                    reads: true,
                    ..self.attempt(Command::Select, side, How::Aimed, count)
                }],
                Side::Other => self.compared(Command::Select, &count),
            };
        }
        let run = format!(
            "SELECT pg_catalog.count(*) FROM {} WHERE {}",
            self.path,
            self.of_tenant(side.tenant())
        );
        vec![Attempt {
            reads: true,
            ..self.attempt(Command::Select, side, How::Aimed, run)
        }]
    }

    fn insert(&self, side: Side) -> Attempt {
        let tenant = side.tenant();
        let run = self.fixture.row(tenant).insert_into(self.path);
        Attempt {
            prepare: vec![self.remove(tenant)],
            ..self.attempt(Command::Insert, side, How::Aimed, run)
        }
    }

    /// `WHERE …`, or nothing where the role may not read the column: then a statement with it says nothing.
    fn aim(&self, tenant: usize) -> String {
        match self.may.select && self.sees_tenant() {
            true => format!(" WHERE {}", self.of_tenant(tenant)),
            false => String::new(),
        }
    }

    fn update(&self, side: Side) -> Vec<Attempt> {
        let set = self.assignment(side.tenant());
        let aimed = format!("UPDATE {} SET {set}{}", self.path, self.aim(side.tenant()));
        let blind = format!("UPDATE {} SET {}", self.path, self.assignment(0));
        let mut all = self.both(Command::Update, side, aimed, blind);
        if side == Side::Other && !self.is_root() {
            // a row that is taken over meets the check of an own row
            all.extend(self.shift(Command::Update, 1, 0));
        }
        all
    }

    fn delete(&self, side: Side) -> Vec<Attempt> {
        let aimed = format!("DELETE FROM {}{}", self.path, self.aim(side.tenant()));
        let blind = format!("DELETE FROM {}", self.path);
        self.both(Command::Delete, side, aimed, blind)
    }

    fn both(&self, command: Command, side: Side, aimed: String, blind: String) -> Vec<Attempt> {
        let is_aimed = aimed.contains(" WHERE ");
        let mut all = vec![];
        if is_aimed || side == Side::Own {
            all.push(self.attempt(command, side, How::Aimed, aimed));
        }
        if side == Side::Other && self.is_small {
            all.push(self.attempt(command, side, How::Blind, blind));
        }
        all
    }

    /// Gives rows of one tenant to another, with what else refers to the tenant.
    fn shift(&self, command: Command, from: usize, to: usize) -> Vec<Attempt> {
        let other = self.fixture.row(to);
        let mut columns = vec![self.tenant_column.to_string()];
        for key in &self.relation.foreign_keys {
            if key.columns.iter().any(|column| column == self.tenant_column) {
                columns.extend(key.columns.iter().cloned());
            }
        }
        columns.dedup();
        let set: Vec<String> = other
            .values
            .iter()
            .filter(|(name, _)| columns.contains(name))
            .map(|(name, value)| format!("{} = {value}", quote_ident(name)))
            .collect();
        let set = set.join(", ");
        let collides = self
            .relation
            .keys
            .iter()
            .any(|key| key.columns.iter().all(|column| columns.contains(column)));
        let aimed = format!("UPDATE {} SET {set}{}", self.path, self.aim(from));
        let blind = format!("UPDATE {} SET {set}", self.path);
        let mut all = self.both(command, Side::Other, aimed, blind);
        if collides {
            for attempt in &mut all {
                attempt.prepare = vec![self.remove(to)];
            }
        }
        all
    }

    /// A column to write that nothing depends on, with a value that it may have.
    fn assignment(&self, tenant: usize) -> String {
        let row = self.fixture.row(tenant);
        let relation = self.relation;
        let is_bound = |name: &str| {
            name == self.tenant_column
                || relation
                    .keys
                    .iter()
                    .any(|key| key.columns.iter().any(|own| own == name))
                || relation
                    .foreign_keys
                    .iter()
                    .any(|key| key.columns.iter().any(|own| own == name))
                || relation.partition_key.iter().any(|own| own == name)
        };
        let free = || {
            relation.columns.iter().filter(|column| {
                let is_allowed = column.may_update || !self.may.update;
                !column.generated && !column.identity_always && is_allowed && !is_bound(&column.name)
            })
        };
        let written = || {
            free().find_map(|column| {
                let (name, value) = row.values.iter().find(|(name, _)| *name == column.name)?;
                Some(format!("{} = {value}", quote_ident(name)))
            })
        };
        // what a CHECK looks at depends on the other columns of a row, and its default on theirs
        let is_checked = |column: &Column| {
            let mut checks = relation.checks.iter();
            checks.any(|check| check.columns.contains(&column.name))
        };
        let other = |checked: bool| {
            let of = || free().filter(move |column| is_checked(column) == checked);
            let default = of().find(|column| column.has_default && !column.counts);
            default
                .map(|column| format!("{} = DEFAULT", quote_ident(&column.name)))
                .or_else(|| {
                    let column = of().find(|column| !column.not_null)?;
                    Some(format!("{} = NULL", quote_ident(&column.name)))
                })
        };
        // a value that the row was accepted with is the safest
        written()
            .or_else(|| other(false))
            .or_else(|| other(true))
            .unwrap_or_else(|| self.of_tenant(tenant))
    }

    /// Everything that is not to cross.
    pub(super) fn crossings(&self) -> Vec<Attempt> {
        let mut all = self.select(Side::Other);
        if !self.is_root() {
            all.push(self.insert(Side::Other));
            all.extend(self.shift(Command::Move, 0, 1));
        }
        all.extend(self.update(Side::Other));
        all.extend(self.delete(Side::Other));
        // who may, empties it: there is no need to wait for the lock
        if !self.may.allow(Command::Truncate) {
            let run = format!("TRUNCATE {}", self.path);
            all.push(self.attempt(Command::Truncate, Side::Other, How::Aimed, run));
        }
        all
    }

    /// What a user may do with rows of the own tenant.
    fn own(&self) -> Vec<Attempt> {
        let mut all = self.select(Side::Own);
        if !self.is_root() {
            all.push(self.insert(Side::Own));
        }
        all.extend(self.update(Side::Own));
        all.extend(self.delete(Side::Own));
        all
    }

    /// Its rows are the tenants: a new one belongs to nobody else.
    pub(super) fn is_root(&self) -> bool {
        is_root(self.relation, self.tenant_column)
    }
}

/// Whether the rows of a table are the tenants themselves.
pub(super) fn is_root(relation: &Relation, tenant_column: &str) -> bool {
    let refers = relation
        .foreign_keys
        .iter()
        .any(|key| key.columns.iter().any(|column| column == tenant_column));
    !refers && relation.keys.iter().any(|key| key.columns == [tenant_column])
}

/// Whether a table with all its parts may be gone through.
pub(super) fn is_small(facts: &Facts, relation: &Relation) -> bool {
    let pages: i64 = facts.pieces(relation.oid).map(|piece| piece.pages).sum();
    pages + relation.pages <= MOST_PAGES
}

/// The attempts on a table itself.
pub fn of_table(
    facts: &Facts,
    relation: &Relation,
    tenant_column: &str,
    fixture: &Fixture,
    own: bool,
) -> Vec<Attempt> {
    let ground = Ground {
        path: &relation.path,
        relation,
        may: relation.may,
        tenant_column,
        fixture,
        is_small: is_small(facts, relation),
    };
    let mut all = if own { ground.own() } else { Vec::new() };
    all.extend(ground.crossings());
    all
}

/// The attempts on a partition itself, past its table; without rows in it where nothing is granted.
pub fn of_piece(piece: &Relation, tenant_column: &str, fixture: &Fixture) -> Vec<Attempt> {
    let ground = Ground {
        path: &piece.path,
        relation: piece,
        may: piece.may,
        tenant_column,
        fixture,
        is_small: piece.pages <= MOST_PAGES,
    };
    ground.crossings()
}
