//! Minimal rows of two tenants, made from the catalog: what a row needs through its foreign keys comes before it.

use std::collections::HashMap;

use super::facts::{Column, Facts, Relation};
use super::maker::{Ground, Maker, Values};
use super::values::{candidates, uuid};
use super::{Isolation, Target};
use crate::sql::{quote_ident, quote_literal};

/// One of the two tenants, with its user. Both are texts without quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    pub value: String,
    /// Empty where the section names no `user`.
    pub user: String,
}

impl Tenant {
    /// A text with `{tenant}` and `{user}` filled in.
    pub fn fill(&self, text: &str) -> String {
        text.replace("{tenant}", &self.value)
            .replace("{user}", &self.user)
    }
}

/// A row to be inserted by the connecting role.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Row {
    pub relation: u32,
    /// Where it goes: the table, or one of its partitions.
    pub path: String,
    /// Index of the tenant.
    pub tenant: usize,
    /// Columns and values, as SQL.
    pub values: Vec<(String, String)>,
    /// An identity column that is GENERATED ALWAYS has a value.
    pub(super) overriding: bool,
}

impl Row {
    pub(super) fn value(&self, column: &str) -> Option<&str> {
        let found = self.values.iter().find(|(name, _)| name == column);
        found.map(|(_, value)| value.as_str())
    }

    /// INSERT of just this row into that relation.
    pub fn insert_into(&self, path: &str) -> String {
        let (head, values) = self.parts(path);
        format!("{head} VALUES ({values})")
    }

    /// What stands before its values, and these.
    fn parts(&self, path: &str) -> (String, String) {
        let columns: Vec<String> = self.values.iter().map(|(name, _)| quote_ident(name)).collect();
        let values: Vec<&str> = self.values.iter().map(|(_, value)| value.as_str()).collect();
        let overriding = if self.overriding {
            " OVERRIDING SYSTEM VALUE"
        } else {
            ""
        };
        let head = format!("INSERT INTO {path} ({}){overriding}", columns.join(", "));
        (head, values.join(", "))
    }

    /// How the connecting role makes it, unless what is given or a trigger has made it already.
    pub fn make(&self, relation: &Relation) -> String {
        let keys: Vec<String> = relation
            .keys
            .iter()
            .filter_map(|key| self.equals(key.columns.iter().map(String::as_str)))
            .collect();
        if keys.is_empty() {
            return self.insert_into(&self.path);
        }
        let (head, values) = self.parts(&self.path);
        format!(
            "{head} SELECT {values} WHERE NOT EXISTS (SELECT FROM {} WHERE {})",
            relation.path,
            keys.join(" OR ")
        )
    }

    /// `a = 1 AND b = 2`; `None` when a value is not known.
    fn equals<'c>(&self, columns: impl Iterator<Item = &'c str>) -> Option<String> {
        let parts: Option<Vec<String>> = columns
            .map(|column| {
                let value = self.value(column).filter(|value| *value != "NULL")?;
                Some(format!("{} = {value}", quote_ident(column)))
            })
            .collect();
        Some(parts?.join(" AND "))
    }

    /// The row and no other: by a key whose values are known, else by its tenant.
    pub fn condition(&self, relation: &Relation, tenant_column: &str) -> String {
        relation
            .keys
            .iter()
            .find_map(|key| self.equals(key.columns.iter().map(String::as_str)))
            .or_else(|| self.equals(std::iter::once(tenant_column)))
            .unwrap_or_default()
    }
}

/// Why no row can be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub message: String,
    /// What to do, in one imperative.
    pub help: String,
    /// What is missing: the root cause of everything that is blocked by it.
    pub of: String,
}

impl Problem {
    pub fn new(message: impl Into<String>, help: impl Into<String>) -> Problem {
        Problem {
            message: message.into(),
            help: help.into(),
            of: String::new(),
        }
    }

    /// Names what is missing.
    pub fn of(self, of: impl Into<String>) -> Problem {
        Problem {
            of: of.into(),
            ..self
        }
    }
}

/// How the rows of a table are called as the cause of what is blocked.
pub(super) fn rows_of(spec: &Isolation, relation: &Relation) -> String {
    format!("rows of {} in isolation {}", relation.path, spec.name)
}

/// Which candidate each column has, where it is not the first or where the column could have gone without.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choices(HashMap<(u32, String), usize>);

impl Choices {
    /// Goes on to the next values of what a CHECK looks at; `false` when all have been tried or none is free.
    pub fn advance(&mut self, spec: &Isolation, facts: &Facts, relation: &Relation, check: &str) -> bool {
        let ground = Ground::new(spec, facts);
        let is_free = |column: &&Column| {
            !column.generated
                && ground.given(relation, &column.name).is_none()
                && !ground.tenant.contains(&(relation.oid, column.name.clone()))
                && !ground.user.contains(&(relation.oid, column.name.clone()))
        };
        let concerned = relation.columns.iter().filter(|column| {
            let of_table = relation.checks.iter().filter(|own| own.name == check);
            let of_domain = column.domain_checks.iter().filter(|own| own.name == check);
            of_table.into_iter().any(|own| own.columns.contains(&column.name)) || of_domain.count() > 0
        });
        for column in concerned.filter(is_free) {
            let known = candidates(relation, column, 0).len();
            let key = (relation.oid, column.name.clone());
            let next = match self.0.get(&key) {
                Some(at) => at + 1,
                None if is_required(column) => 1,
                None => 0,
            };
            if next < known {
                self.0.insert(key, next);
                return true;
            }
            // all of this column's, with the next of another
            self.0.insert(key, 0);
        }
        false
    }

    pub(super) fn get(&self, relation: u32, column: &str) -> Option<usize> {
        self.0.get(&(relation, column.to_string())).copied()
    }
}

/// A column that has to be written.
pub(super) fn is_required(column: &Column) -> bool {
    column.not_null && !column.has_default && !column.generated && !column.counts
}

/// The rows of both tenants for one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fixture {
    pub tenants: [Tenant; 2],
    /// What comes first is needed by what comes later.
    pub rows: Vec<Row>,
    /// Indexes of the table's own row of each tenant.
    pub own: [usize; 2],
}

impl Fixture {
    /// Rows for the attempts on one table; on one of its partitions with the values that lead there.
    ///
    /// # Errors
    /// [`Problem`] when a row cannot be made from the catalog alone.
    pub fn of(
        spec: &Isolation,
        facts: &Facts,
        target: &Target,
        choices: &Choices,
        piece: Option<(&Relation, &[(String, String)])>,
    ) -> Result<Fixture, Problem> {
        let mut tenants = tenants(spec, facts, target)?;
        let relation = found(facts, target)?;
        let mut fixed: Values = piece.map_or_else(Vec::new, |(_, values)| values.to_vec());
        // a part for tenants: the other one is such that its rows are in it, the own rows are elsewhere
        let of_tenant = fixed.iter().position(|(column, _)| *column == target.column);
        if let Some(at) = of_tenant {
            let (_, value) = fixed.remove(at);
            tenants[1].value = value.trim_matches('\'').to_string();
            if tenants[0].value == tenants[1].value {
                tenants[0].value = self::tenants(spec, facts, target)?[1].value.clone();
            }
        }
        let mut maker = Maker::new(spec, facts, choices, &tenants);
        let mut own = [0; 2];
        for (tenant, own) in own.iter_mut().enumerate() {
            if let Some(user) = &spec.user {
                let table = found(facts, user)?;
                let value = (user.column.clone(), quote_literal(&tenants[tenant].user));
                maker.need(table, tenant, &[value], &[])?;
            }
            let is_there = of_tenant.is_none() || tenant == 1;
            *own = maker.target(relation, tenant, if is_there { &fixed } else { &[] })?;
            if let Some((piece, _)) = piece.filter(|_| is_there) {
                maker.rows[*own].path.clone_from(&piece.path);
            }
        }
        let rows = maker.rows;
        Ok(Fixture { tenants, rows, own })
    }

    /// The table's own row of a tenant.
    pub fn row(&self, tenant: usize) -> &Row {
        &self.rows[self.own[tenant]]
    }
}

fn found<'f>(facts: &'f Facts, target: &Target) -> Result<&'f Relation, Problem> {
    facts.relation(target).ok_or_else(|| {
        Problem::new(
            format!("table {} does not exist", target.path()),
            "apply the migration that creates it",
        )
        .of(format!("table {}", target.path()))
    })
}

/// The two tenants with their users.
pub(super) fn tenants(spec: &Isolation, facts: &Facts, target: &Target) -> Result<[Tenant; 2], Problem> {
    let mut found = Vec::new();
    for number in 1..=2 {
        let value = match &spec.tenants {
            Some(values) => values[number - 1].clone(),
            None => plain(facts, target, number, "tenants = [\"…\", \"…\"]")?,
        };
        let user = match &spec.user {
            Some(user) => plain(facts, user, number + 10, "another column as `user`")?,
            None => String::new(),
        };
        found.push(Tenant { value, user });
    }
    let second = found.pop();
    match (found.pop(), second) {
        (Some(first), Some(second)) => Ok([first, second]),
        _ => Err(Problem::new("there are no two tenants", "give two tenants")),
    }
}

/// A value of its own for a column, as text.
fn plain(facts: &Facts, target: &Target, number: usize, help: &str) -> Result<String, Problem> {
    let relation = found(facts, target)?;
    let Some(column) = relation.column(&target.column) else {
        return Err(Problem::new(
            format!(
                "table {} has no column {}",
                relation.path,
                quote_ident(&target.column)
            ),
            "name one of its columns",
        )
        .of(format!(
            "column {}.{}",
            relation.path,
            quote_ident(&target.column)
        )));
    };
    match column.base.as_str() {
        "uuid" => Ok(uuid(number as u64)),
        "int2" => Ok((30_000 + number).to_string()),
        "int4" | "int8" | "numeric" => Ok((2_000_000_000 + number).to_string()),
        "text" | "varchar" | "bpchar" | "name" | "citext" => Ok(format!("pgplumb{number:02}")),
        _ => Err(Problem::new(
            format!(
                "no value of type {} is known for {}.{}",
                column.type_name,
                relation.path,
                quote_ident(&column.name)
            ),
            format!("give {help}"),
        )
        .of(format!(
            "a value for {}.{}",
            relation.path,
            quote_ident(&column.name)
        ))),
    }
}
