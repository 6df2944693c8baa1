//! The isolation matrix: does anything cross from one tenant to another?
//!
//! What is declared ([`Isolation`]) and what the catalog holds ([`Facts`]) give the rows of two tenants
//! ([`Fixture`]) and the attempts of a user of the first on the rows of the second ([`attempts::of_table`]). What
//! the server made of them becomes a [`Matrix`]: object × command.

pub mod attempts;
mod bound;
mod facts;
mod fixture;
mod maker;
mod matrix;
mod mend;
mod values;
pub mod ways;

pub use facts::{Check, Column, Facts, ForeignKey, Function, Key, Policy, Relation, Rights, View};
pub use fixture::{Choices, Fixture, Problem, Row, Tenant};
pub use matrix::{Cell, Line, Matrix, Outcome, Side, TableMatrix, Way, WayKind, word_is_bad};

use crate::sql::{glob, quote_ident};

/// One `[isolation.NAME]`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Isolation {
    pub name: String,
    /// Where bare names are resolved first.
    pub schema: String,
    pub tables: Vec<Target>,
    /// The two tenants, as text; they are made up where none are given.
    pub tenants: Option<[String; 2]>,
    /// The role that the application works as.
    pub role: String,
    /// What makes the role a user of a tenant; `{tenant}` and `{user}` stand for values.
    pub settings: Vec<(String, String)>,
    /// The table and column that `{user}` is a value of.
    pub user: Option<Target>,
    /// Statements before the rows are made, by the connecting role.
    pub given: Vec<String>,
    /// What to write into columns, as SQL.
    pub values: Vec<Value>,
    /// Whether the user's own tenant is to be reached: not by a role that belongs to none.
    pub own: bool,
    pub accepts: Vec<Accept>,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Target {
    pub schema: String,
    pub table: String,
    pub column: String,
}

impl Target {
    /// The table with its schema, as SQL spells it.
    pub fn path(&self) -> String {
        format!("{}.{}", quote_ident(&self.schema), quote_ident(&self.table))
    }
}

/// What goes into a column of the rows that are made.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Value {
    pub target: Target,
    /// An expression of SQL; `{tenant}` and `{user}` stand for values.
    pub sql: String,
}

/// Something that crosses, or is refused, on purpose.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Accept {
    /// `None`: every command.
    pub command: Option<Command>,
    pub side: Side,
    /// `public.t`, or a way in: `view public.v`, `function public.f(integer)`; `*` stands for any characters.
    pub object: String,
    pub reason: String,
}

impl Accept {
    /// Whether it speaks of this.
    pub fn covers(&self, object: &str, command: Command, side: Side) -> bool {
        self.side == side
            && self.command.is_none_or(|own| own == command)
            && (glob(&self.object, object)
                || object
                    .strip_prefix("table ")
                    .is_some_and(|path| glob(&self.object, path)))
    }
}

/// What an acceptance met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Met {
    /// Something that would have to be accepted, or that could not be looked at.
    Something,
    /// Only what passes.
    Passing,
    /// No object and command of that name.
    Nothing,
}

impl Accept {
    /// What it meets in a matrix.
    pub fn met(&self, matrix: &Matrix) -> Met {
        let mut met = Met::Nothing;
        for table in &matrix.tables {
            let object = format!("table {}", table.path);
            if table.problem.is_some() {
                return Met::Something;
            }
            let own = table.cells.iter().map(|cell| (object.as_str(), cell));
            let ways = table.ways.iter();
            let ways = ways.flat_map(|way| way.cells.iter().map(|cell| (way.object.as_str(), cell)));
            for (object, cell) in own.chain(ways) {
                if !self.covers(object, cell.command, cell.side) {
                    continue;
                }
                match cell.outcome {
                    Outcome::Crosses | Outcome::Denied | Outcome::Unproven => return Met::Something,
                    _ => met = Met::Passing,
                }
            }
        }
        met
    }
}

/// What is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Command {
    Select,
    Insert,
    Update,
    /// An UPDATE that gives a row to the other tenant.
    Move,
    Delete,
    Truncate,
}

impl Command {
    /// All, in the order of the columns of the matrix.
    pub const ALL: [Command; 6] = [
        Command::Select,
        Command::Insert,
        Command::Update,
        Command::Move,
        Command::Delete,
        Command::Truncate,
    ];

    /// The word of check files and reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Command::Select => "select",
            Command::Insert => "insert",
            Command::Update => "update",
            Command::Move => "move",
            Command::Delete => "delete",
            Command::Truncate => "truncate",
        }
    }

    /// The letter of `pg_policy.polcmd`; TRUNCATE knows no policies.
    pub const fn policy(self) -> &'static str {
        match self {
            Command::Select => "r",
            Command::Insert => "a",
            Command::Update | Command::Move => "w",
            Command::Delete => "d",
            Command::Truncate => "",
        }
    }

    /// The privilege, as GRANT spells it.
    pub const fn privilege(self) -> &'static str {
        match self {
            Command::Select => "SELECT",
            Command::Insert => "INSERT",
            Command::Update | Command::Move => "UPDATE",
            Command::Delete => "DELETE",
            Command::Truncate => "TRUNCATE",
        }
    }

    /// Whether the own tenant's access by it is looked at.
    pub const fn has_own(self) -> bool {
        !matches!(self, Command::Move | Command::Truncate)
    }
}

/// Columns and values that may lead a row into a partition, likeliest first.
pub fn ways_into(facts: &Facts, piece: &Relation) -> Vec<Vec<(String, String)>> {
    bound::ways(facts, piece)
}

/// What was tried on one object, with what came of it.
pub type Tried = Vec<(attempts::Attempt, attempts::Reply)>;

impl Isolation {
    /// What keeps the whole matrix from being made.
    pub fn obstacle(&self, facts: &Facts) -> Option<Problem> {
        let role = quote_ident(&self.role);
        match &facts.role {
            None => Some(
                Problem::new(
                    format!("role {role} does not exist"),
                    format!("create role {role}, or correct as_role"),
                )
                .of(format!("role {role}")),
            ),
            Some(found) if !found.mine => Some(
                Problem::new(
                    format!("the connecting role may not become {role}"),
                    format!("let an administrator run GRANT {role} TO the connecting role, or leave the probes out with --no-probes"),
                )
                .of(format!("membership in role {role}")),
            ),
            Some(_) => None,
        }
    }

    /// The cells of a table from what was tried on it.
    pub fn judge_table(&self, facts: &Facts, relation: &Relation, column: &str, tried: &Tried) -> Vec<Cell> {
        let bench = matrix::Bench {
            spec: self,
            facts,
            relation,
            object: format!("table {}", relation.path),
            way: None,
        };
        bench.of_relation(column, tried)
    }

    /// The cells of a partition or child of a table.
    pub fn judge_piece(&self, facts: &Facts, piece: &Relation, column: &str, tried: &Tried) -> Way {
        let word = if piece.bound.is_some() {
            "partition"
        } else {
            "child"
        };
        let object = format!("{word} {}", piece.path);
        let bench = matrix::Bench {
            spec: self,
            facts,
            relation: piece,
            object: object.clone(),
            way: Some(WayKind::Partition),
        };
        Way {
            kind: WayKind::Partition,
            object,
            cells: bench.of_relation(column, tried),
        }
    }

    /// A partition in which no row could be made.
    pub fn unproven_piece(&self, facts: &Facts, piece: &Relation, reason: &str) -> Way {
        let mut way = self.judge_piece(facts, piece, "", &Vec::new());
        let bench = matrix::Bench {
            spec: self,
            facts,
            relation: piece,
            object: way.object.clone(),
            way: Some(WayKind::Partition),
        };
        let granted = Command::ALL
            .into_iter()
            .filter(|command| *command != Command::Truncate && piece.may.allow(*command));
        let cells = granted.map(|command| bench.cell(command, Outcome::Unproven, reason));
        way.cells.extend(cells);
        way
    }

    /// The cells of a view or function from what was tried, or why nothing was.
    pub fn judge_way(
        &self,
        facts: &Facts,
        relation: &Relation,
        kind: WayKind,
        object: String,
        tried: Result<Tried, String>,
    ) -> Way {
        let bench = matrix::Bench {
            spec: self,
            facts,
            relation,
            object: object.clone(),
            way: Some(kind),
        };
        let cells = match tried {
            Ok(tried) => bench.cells(&tried),
            Err(reason) => vec![bench.cell(Command::Select, Outcome::Unproven, reason)],
        };
        Way { kind, object, cells }
    }
}
