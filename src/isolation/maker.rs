//! Makes the rows of a tenant: what a row needs through its foreign keys before it, a value for every column that has to
//! have one.

use std::collections::BTreeSet;

use super::facts::{Column, Facts, ForeignKey, Relation};
use super::fixture::{Choices, Problem, Row, Tenant, is_required, rows_of};
use super::values::candidates;
use super::{Isolation, Target};
use crate::sql::{quote_ident, quote_literal};

/// What is known of columns before any row is made.
pub(super) struct Ground<'a> {
    spec: &'a Isolation,
    /// Columns that hold the tenant, or the user: those that are named, and what they refer to.
    pub(super) tenant: BTreeSet<(u32, String)>,
    pub(super) user: BTreeSet<(u32, String)>,
}

impl<'a> Ground<'a> {
    pub(super) fn new(spec: &'a Isolation, facts: &Facts) -> Ground<'a> {
        let tenant = spread(facts, &spec.tables);
        let user = spread(facts, spec.user.as_slice());
        Ground { spec, tenant, user }
    }

    /// What the section says to write.
    pub(super) fn given(&self, relation: &Relation, column: &str) -> Option<&'a str> {
        let mut values = self.spec.values.iter();
        let found = values.find(|value| {
            value.target.schema == relation.schema
                && value.target.table == relation.name
                && value.target.column == column
        });
        found.map(|value| value.sql.as_str())
    }
}

/// Columns, what they refer to, and what refers to that.
fn spread(facts: &Facts, targets: &[Target]) -> BTreeSet<(u32, String)> {
    let mut columns: BTreeSet<(u32, String)> = targets
        .iter()
        .filter_map(|target| Some((facts.relation(target)?.oid, target.column.clone())))
        .collect();
    let pairs = || {
        facts.relations.iter().flat_map(|relation| {
            relation.foreign_keys.iter().flat_map(move |key| {
                let columns = key.columns.iter().zip(&key.target_columns);
                columns.map(move |(column, target)| {
                    ((relation.oid, column.clone()), (key.target, target.clone()))
                })
            })
        })
    };
    loop {
        let known = columns.len();
        for (from, to) in pairs() {
            if columns.contains(&from) {
                columns.insert(to);
            }
        }
        if columns.len() == known {
            break;
        }
    }
    // one step back: other columns that hold the same; a chain of them would go through rows, not values
    let referring: Vec<_> = pairs()
        .filter(|(_, to)| columns.contains(to))
        .map(|(from, _)| from)
        .collect();
    columns.extend(referring);
    columns
}

pub(super) struct Maker<'a> {
    spec: &'a Isolation,
    facts: &'a Facts,
    ground: Ground<'a>,
    choices: &'a Choices,
    tenants: &'a [Tenant; 2],
    pub(super) rows: Vec<Row>,
    /// The tables whose rows wait for what they need.
    under_way: Vec<u32>,
    number: u64,
}

/// Columns with their values.
pub(super) type Values = Vec<(String, String)>;

fn value_of<'v>(values: &'v Values, column: &str) -> Option<&'v str> {
    let found = values.iter().find(|(name, _)| name == column);
    found.map(|(_, value)| value.as_str())
}

impl<'a> Maker<'a> {
    pub(super) fn new(
        spec: &'a Isolation,
        facts: &'a Facts,
        choices: &'a Choices,
        tenants: &'a [Tenant; 2],
    ) -> Maker<'a> {
        Maker {
            spec,
            facts,
            ground: Ground::new(spec, facts),
            choices,
            tenants,
            rows: Vec::new(),
            under_way: Vec::new(),
            number: 100,
        }
    }

    /// A row with these values, made unless there is one.
    pub(super) fn need(
        &mut self,
        relation: &Relation,
        tenant: usize,
        fixed: &[(String, String)],
        wanted: &[String],
    ) -> Result<usize, Problem> {
        let standing = self.rows.iter().position(|row| {
            row.relation == relation.oid
                && row.tenant == tenant
                && fixed
                    .iter()
                    .all(|(column, value)| row.value(column) == Some(value.as_str()))
                && wanted.iter().all(|column| row.value(column).is_some())
        });
        match standing {
            Some(index) => Ok(index),
            None => self.make(relation, tenant, fixed, wanted, false),
        }
    }

    /// The row that is tried: one of its own, unless a key of it stands already.
    pub(super) fn target(
        &mut self,
        relation: &Relation,
        tenant: usize,
        fixed: &[(String, String)],
    ) -> Result<usize, Problem> {
        let index = self.make(relation, tenant, fixed, &[], true)?;
        let same = |row: &Row, other: &Row| {
            relation.keys.iter().any(|key| {
                key.columns
                    .iter()
                    .all(|column| row.value(column).is_some() && row.value(column) == other.value(column))
            })
        };
        let earlier = self.rows[..index]
            .iter()
            .position(|row| row.relation == relation.oid && same(row, &self.rows[index]));
        Ok(match earlier {
            Some(earlier) => {
                self.rows.truncate(index);
                earlier
            }
            None => index,
        })
    }

    fn make(
        &mut self,
        relation: &Relation,
        tenant: usize,
        fixed: &[(String, String)],
        wanted: &[String],
        is_target: bool,
    ) -> Result<usize, Problem> {
        if self.under_way.contains(&relation.oid) {
            return Err(self.cycle(relation));
        }
        self.under_way.push(relation.oid);
        let mut values = self.known(relation, tenant, fixed, is_target);
        let (own, others): (Vec<&ForeignKey>, Vec<&ForeignKey>) = relation
            .foreign_keys
            .iter()
            .partition(|key| key.target == relation.oid);
        for key in others {
            self.follow(relation, key, tenant, &mut values)?;
        }
        for column in &relation.columns {
            self.fill(relation, column, wanted, &own, &mut values)?;
        }
        for key in own {
            refer_to_itself(relation, key, &mut values);
        }
        self.under_way.pop();
        // in the order of the table, as people write it
        values.sort_by_key(|(name, _)| relation.columns.iter().position(|column| column.name == *name));
        let overriding = relation
            .columns
            .iter()
            .any(|column| column.identity_always && value_of(&values, &column.name).is_some());
        self.rows.push(Row {
            relation: relation.oid,
            path: relation.path.clone(),
            tenant,
            values,
            overriding,
        });
        Ok(self.rows.len() - 1)
    }

    /// What is fixed, what the section gives, tenant and user.
    fn known(
        &self,
        relation: &Relation,
        tenant: usize,
        fixed: &[(String, String)],
        is_target: bool,
    ) -> Values {
        let mut values: Values = fixed.to_vec();
        let mut add = |column: &str, value: String| {
            if value_of(&values, column).is_none() {
                values.push((column.to_string(), value));
            }
        };
        // a second row beside that of the user is somebody else's
        let is_user = self
            .spec
            .user
            .as_ref()
            .is_some_and(|user| user.schema == relation.schema && user.table == relation.name);
        let of = &self.tenants[tenant];
        for column in relation.columns.iter().filter(|column| !column.generated) {
            let place = (relation.oid, column.name.clone());
            if let Some(sql) = self.ground.given(relation, &column.name) {
                add(&column.name, of.fill(sql));
            } else if self.ground.tenant.contains(&place) {
                add(&column.name, quote_literal(&of.value));
            } else if self.ground.user.contains(&place) && !(is_target && is_user) {
                add(&column.name, quote_literal(&of.user));
            }
        }
        values
    }

    /// The row that a foreign key refers to, where it has to refer to one.
    fn follow(
        &mut self,
        relation: &Relation,
        key: &ForeignKey,
        tenant: usize,
        values: &mut Values,
    ) -> Result<(), Problem> {
        let Some(target) = self.facts.by_oid(key.target) else {
            return Ok(());
        };
        let pairs = || key.columns.iter().zip(&key.target_columns);
        if pairs().any(|(column, _)| value_of(values, column) == Some("NULL")) {
            return Ok(());
        }
        let missing: Vec<(&String, &String)> = pairs()
            .filter(|(column, _)| value_of(values, column).is_none())
            .collect();
        let is_needed = |name: &str| relation.column(name).is_some_and(is_required);
        if !missing.is_empty() && !missing.iter().any(|(column, _)| is_needed(column)) {
            return Ok(());
        }
        let fixed: Values = pairs()
            .filter_map(|(column, target)| Some((target.clone(), value_of(values, column)?.to_string())))
            .collect();
        // expressions that are not literals have no row that is known to match
        if fixed.iter().any(|(_, value)| value.contains('(')) {
            return Ok(());
        }
        let parent = self.need(target, tenant, &fixed, &key.target_columns)?;
        for (column, target) in missing {
            if let Some(value) = self.rows[parent].value(target) {
                values.push((column.clone(), value.to_string()));
            }
        }
        Ok(())
    }

    /// A value for a column that has to have one, and for keys, whose numbers are not to come from sequences.
    fn fill(
        &mut self,
        relation: &Relation,
        column: &Column,
        wanted: &[String],
        own: &[&ForeignKey],
        values: &mut Values,
    ) -> Result<(), Problem> {
        self.number += 1;
        if value_of(values, &column.name).is_some() || column.generated {
            return Ok(());
        }
        if own.iter().any(|key| key.columns.contains(&column.name)) {
            return Ok(());
        }
        let chosen = self.choices.get(relation.oid, &column.name);
        let is_key = relation
            .key()
            .is_some_and(|key| key.primary && key.columns.contains(&column.name));
        let is_wanted = column.counts || is_key || wanted.contains(&column.name) || chosen.is_some();
        if !is_required(column) && !is_wanted {
            return Ok(());
        }
        let candidates = candidates(relation, column, self.number);
        match candidates.get(chosen.unwrap_or(0)).or(candidates.first()) {
            Some(value) => values.push((column.name.clone(), value.clone())),
            None if is_required(column) => {
                return Err(Problem::new(
                    format!(
                        "no value of type {} is known for {}.{}",
                        column.type_name,
                        relation.path,
                        quote_ident(&column.name)
                    ),
                    self.value_help(relation, &column.name),
                )
                .of(rows_of(self.spec, relation)));
            }
            None => {}
        }
        Ok(())
    }

    /// `add [isolation.x.values."public.t"] c = "…"`.
    fn value_help(&self, relation: &Relation, column: &str) -> String {
        value_help(self.spec, relation, column)
    }

    fn cycle(&self, relation: &Relation) -> Problem {
        let mut names: Vec<&str> = self
            .under_way
            .iter()
            .filter_map(|oid| Some(self.facts.by_oid(*oid)?.path.as_str()))
            .collect();
        names.push(&relation.path);
        Problem::new(
            format!(
                "rows of {} need each other through foreign keys: {}",
                relation.path,
                names.join(" → ")
            ),
            format!(
                "give a value for one of the columns under [isolation.{}.values], and its row in `given`",
                self.spec.name
            ),
        )
        .of(rows_of(self.spec, relation))
    }
}

/// What to write where a value is not known or not accepted.
pub(super) fn value_help(spec: &Isolation, relation: &Relation, column: &str) -> String {
    format!(
        "add to [isolation.{}.values.'{}']: {} = \"…\", an expression of SQL",
        spec.name,
        relation.path,
        quote_ident(column)
    )
}

/// A row that has to refer to one of its own table refers to itself.
fn refer_to_itself(relation: &Relation, key: &ForeignKey, values: &mut Values) {
    let is_needed = key
        .columns
        .iter()
        .any(|name| relation.column(name).is_some_and(is_required));
    for (column, target) in key.columns.iter().zip(&key.target_columns) {
        if is_needed
            && value_of(values, column).is_none()
            && let Some(value) = value_of(values, target).map(str::to_string)
        {
            values.push((column.clone(), value));
        }
    }
}
