//! Minimal rows of two tenants, made from the catalog: what a row needs through its foreign keys comes before it.

use std::collections::{BTreeSet, HashMap};

use super::facts::{Column, Facts, ForeignKey, Relation};
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
    overriding: bool,
}

impl Row {
    fn value(&self, column: &str) -> Option<&str> {
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
    pub help: String,
}

impl Problem {
    pub fn new(message: impl Into<String>, help: impl Into<String>) -> Problem {
        Problem {
            message: message.into(),
            help: help.into(),
        }
    }
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

    fn get(&self, relation: u32, column: &str) -> Option<usize> {
        self.0.get(&(relation, column.to_string())).copied()
    }
}

/// A column that has to be written.
fn is_required(column: &Column) -> bool {
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
        let ground = Ground::new(spec, facts);
        let mut maker = Maker {
            spec,
            facts,
            ground,
            choices,
            tenants: &tenants,
            rows: Vec::new(),
            under_way: Vec::new(),
            number: 100,
        };
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
        ));
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
        )),
    }
}

/// What is known of columns before any row is made.
struct Ground<'a> {
    spec: &'a Isolation,
    /// Columns that hold the tenant, or the user: those that are named, and what they refer to.
    tenant: BTreeSet<(u32, String)>,
    user: BTreeSet<(u32, String)>,
}

impl<'a> Ground<'a> {
    fn new(spec: &'a Isolation, facts: &Facts) -> Ground<'a> {
        let tenant = spread(facts, &spec.tables);
        let user = spread(facts, spec.user.as_slice());
        Ground { spec, tenant, user }
    }

    /// What the section says to write.
    fn given(&self, relation: &Relation, column: &str) -> Option<&'a str> {
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

struct Maker<'a> {
    spec: &'a Isolation,
    facts: &'a Facts,
    ground: Ground<'a>,
    choices: &'a Choices,
    tenants: &'a [Tenant; 2],
    rows: Vec<Row>,
    /// The tables whose rows wait for what they need.
    under_way: Vec<u32>,
    number: u64,
}

/// Columns with their values.
type Values = Vec<(String, String)>;

fn value_of<'v>(values: &'v Values, column: &str) -> Option<&'v str> {
    let found = values.iter().find(|(name, _)| name == column);
    found.map(|(_, value)| value.as_str())
}

impl Maker<'_> {
    /// A row with these values, made unless there is one.
    fn need(
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
    fn target(
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
                ));
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
