//! What came of the attempts: object × command, and what mends it.

use super::attempts::{Attempt, How, Reply, is_root};
use super::facts::{Facts, Relation};
use super::fixture::Problem;
use super::mend;
use super::{Command, Isolation};

/// Whose rows an attempt is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Side {
    /// The user's own tenant: to be reached.
    Own,
    /// The other tenant: not to be reached.
    Other,
}

impl Side {
    /// Index of the tenant.
    pub const fn tenant(self) -> usize {
        match self {
            Side::Own => 0,
            Side::Other => 1,
        }
    }
}

/// How a cell came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// A row of the other tenant was seen, changed or made.
    Crosses,
    /// The own tenant's rows are not reached although role and policies are there for it.
    Denied,
    /// It could not be tried.
    Unproven,
    /// The own tenant's rows are reached.
    Works,
    /// The role has no privilege for it.
    NoGrant,
    /// No policy lets the role do it.
    NoPolicy,
    /// The server refused.
    Refused,
    /// It went through and met no row.
    Nothing,
    /// It has no meaning here.
    NotApplicable,
}

impl Outcome {
    /// The word of the JSON report.
    pub const fn as_str(self) -> &'static str {
        match self {
            Outcome::Crosses => "crosses",
            Outcome::Denied => "denied",
            Outcome::Unproven => "unproven",
            Outcome::Works => "works",
            Outcome::NoGrant => "no_grant",
            Outcome::NoPolicy => "no_policy",
            Outcome::Refused => "refused",
            Outcome::Nothing => "nothing",
            Outcome::NotApplicable => "not_applicable",
        }
    }
}

/// One command on one object, for one side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    pub command: Command,
    pub side: Side,
    pub outcome: Outcome,
    /// What happened, in words.
    pub have: String,
    /// What was run; empty where a privilege alone decides.
    pub statement: String,
    /// What mends it, where it crosses or is denied.
    pub fix: Option<String>,
    /// The reason for which it is accepted.
    pub accepted: Option<String>,
}

/// What kind of way leads past a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum WayKind {
    /// A partition, or a child by inheritance.
    Partition,
    View,
    Function,
}

/// A way past a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    pub kind: WayKind,
    /// `partition public.log_2025_11`.
    pub object: String,
    pub cells: Vec<Cell>,
}

/// Everything about one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableMatrix {
    /// As SQL spells it.
    pub path: String,
    /// Why no attempt could be made.
    pub problem: Option<Problem>,
    pub cells: Vec<Cell>,
    pub ways: Vec<Way>,
}

impl TableMatrix {
    /// A table on which nothing could be tried.
    pub fn unready(path: String, problem: Problem) -> TableMatrix {
        TableMatrix {
            path,
            problem: Some(problem),
            cells: Vec::new(),
            ways: Vec::new(),
        }
    }

    pub fn cell(&self, command: Command, side: Side) -> Option<&Cell> {
        self.cells
            .iter()
            .find(|cell| cell.command == command && cell.side == side)
    }
}

/// Role × table × command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matrix {
    pub name: String,
    pub role: String,
    pub tables: Vec<TableMatrix>,
}

/// A line of the matrix for people: an object and a word for each command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub object: String,
    /// It leads past the table above it.
    pub is_way: bool,
    pub words: [&'static str; 6],
}

impl Matrix {
    /// The matrix as a table, in the order of [`Command::ALL`].
    pub fn lines(&self) -> Vec<Line> {
        let mut lines = Vec::new();
        for table in &self.tables {
            lines.push(Line {
                object: format!("table {}", table.path),
                is_way: false,
                words: match table.problem {
                    Some(_) => ["not proven"; 6],
                    None => words(&table.cells),
                },
            });
            for way in &table.ways {
                lines.push(Line {
                    object: way.object.clone(),
                    is_way: true,
                    words: words(&way.cells),
                });
            }
        }
        lines
    }
}

/// Whether a word of the matrix tells of a failure.
pub fn word_is_bad(word: &str) -> bool {
    matches!(word, "CROSSES" | "DENIED")
}

fn words(cells: &[Cell]) -> [&'static str; 6] {
    Command::ALL.map(|command| {
        let of = |side: Side| {
            cells
                .iter()
                .find(|cell| cell.command == command && cell.side == side)
        };
        word(of(Side::Own), of(Side::Other))
    })
}

fn word(own: Option<&Cell>, other: Option<&Cell>) -> &'static str {
    let Some(other) = other else { return "-" };
    if other.outcome == Outcome::Crosses {
        return match other.accepted {
            Some(_) => "accepted",
            None => "CROSSES",
        };
    }
    let own = own.map(|cell| (cell.outcome, cell.accepted.is_some()));
    match (own, other.outcome) {
        (Some((Outcome::Denied, false)), _) => "DENIED",
        (Some((Outcome::Unproven, _)), _) | (_, Outcome::Unproven) => "not proven",
        (_, Outcome::NotApplicable) => "-",
        (Some((Outcome::NoGrant, _)), _) => "no grant",
        (Some((Outcome::NoPolicy, _)), _) => "no policy",
        (Some((Outcome::Works, _)), _) => "own only",
        (_, Outcome::Nothing) => "no row",
        _ => "refused",
    }
}

/// What the judging needs to know.
pub(super) struct Bench<'a> {
    pub(super) spec: &'a Isolation,
    pub(super) facts: &'a Facts,
    /// The relation that the attempts were made on, or whose rows they were about.
    pub(super) relation: &'a Relation,
    /// `table public.t`.
    pub(super) object: String,
    /// `None`: the object is the relation itself.
    pub(super) way: Option<WayKind>,
}

impl Bench<'_> {
    /// The cells of one object from what was tried.
    pub(super) fn cells(&self, tried: &[(Attempt, Reply)]) -> Vec<Cell> {
        let mut cells = Vec::new();
        for command in Command::ALL {
            for side in [Side::Own, Side::Other] {
                let of: Vec<&(Attempt, Reply)> = tried
                    .iter()
                    .filter(|(attempt, _)| attempt.command == command && attempt.side == side)
                    .collect();
                if of.is_empty() {
                    continue;
                }
                let cell = match side {
                    Side::Own => self.own(command, &of),
                    Side::Other => self.other(command, &of, &cells),
                };
                cells.push(self.finished(cell));
            }
        }
        cells
    }

    /// The cells of a relation, with what its privileges alone decide.
    pub(super) fn of_relation(&self, tenant_column: &str, tried: &[(Attempt, Reply)]) -> Vec<Cell> {
        let mut cells = self.cells(tried);
        if is_root(self.relation, tenant_column) {
            for command in [Command::Insert, Command::Move] {
                let have = "a row of its own is a new tenant";
                cells.push(self.cell(command, Outcome::NotApplicable, have));
            }
            if self.spec.own {
                let have = "a row of its own is a new tenant";
                cells.push(Cell {
                    side: Side::Own,
                    ..self.cell(Command::Insert, Outcome::NotApplicable, have)
                });
            }
        }
        if self.relation.may.allow(Command::Truncate) {
            let path = &self.relation.path;
            let (outcome, have) = match self.relation.kept_by.as_slice() {
                [] => (
                    Outcome::Crosses,
                    format!("may TRUNCATE {path}, which asks no policy"),
                ),
                kept_by => (
                    Outcome::Refused,
                    format!(
                        "may TRUNCATE {path}, and not what refers to it: {}",
                        kept_by.join(", ")
                    ),
                ),
            };
            cells.push(self.cell(Command::Truncate, outcome, have));
        }
        cells
    }

    /// A cell that no attempt stands for.
    pub(super) fn cell(&self, command: Command, outcome: Outcome, have: impl Into<String>) -> Cell {
        self.finished(Cell {
            command,
            side: Side::Other,
            outcome,
            have: have.into(),
            statement: String::new(),
            fix: None,
            accepted: None,
        })
    }

    fn finished(&self, mut cell: Cell) -> Cell {
        if matches!(
            cell.outcome,
            Outcome::Crosses | Outcome::Denied | Outcome::Unproven
        ) {
            let mut accepts = self.spec.accepts.iter();
            cell.accepted = accepts
                .find(|accept| accept.covers(&self.object, cell.command, cell.side))
                .map(|accept| accept.reason.clone());
        }
        if matches!(cell.outcome, Outcome::Crosses | Outcome::Denied) {
            cell.fix = Some(mend::fix(self, &cell));
        }
        cell
    }

    fn own(&self, command: Command, tried: &[&(Attempt, Reply)]) -> Cell {
        let (attempt, reply) = tried[0];
        let outcome = |outcome: Outcome, have: String| Cell {
            command,
            side: Side::Own,
            outcome,
            have,
            statement: attempt.run.clone(),
            fix: None,
            accepted: None,
        };
        let allowed = self.relation.may.allow(command);
        let has_policy = !self.relation.is_guarded() || self.relation.has_policy(command);
        let complaint = reply.complaint.as_deref().unwrap_or("no reason given");
        match (reply.refused.as_deref(), reply.code.as_deref().unwrap_or("")) {
            (None, _) => {
                let count = match attempt.reads {
                    true => reply
                        .seen
                        .as_deref()
                        .and_then(|seen| seen.parse().ok())
                        .unwrap_or(0),
                    false => reply.affected.unwrap_or(0),
                };
                match count {
                    0 if !has_policy => {
                        outcome(Outcome::NoPolicy, "no row, for want of a policy".to_string())
                    }
                    0 => outcome(Outcome::Denied, format!("no own row {}", participle(command))),
                    _ => outcome(Outcome::Works, rows(count, command)),
                }
            }
            (Some("run"), "42501") if !allowed => outcome(Outcome::NoGrant, complaint.to_string()),
            (Some("run"), "42501") if !has_policy => outcome(Outcome::NoPolicy, complaint.to_string()),
            (Some("run"), "42501") => outcome(Outcome::Denied, complaint.to_string()),
            // the row was found and let go; what refers to it holds it
            (Some("run"), "23503" | "23001") if command == Command::Delete => {
                outcome(Outcome::Works, format!("reached, and held: {complaint}"))
            }
            (phase, code) => outcome(Outcome::Unproven, unproven(phase, code, complaint)),
        }
    }

    fn other(&self, command: Command, tried: &[&(Attempt, Reply)], done: &[Cell]) -> Cell {
        let own_works = done.iter().any(|cell| {
            cell.side == Side::Own && cell.command == own_of(command) && cell.outcome == Outcome::Works
        });
        let mut worst: Option<Cell> = None;
        let looks: Vec<&&(Attempt, Reply)> = tried
            .iter()
            .filter(|(attempt, _)| attempt.how == How::Look)
            .collect();
        let mut found = Vec::new();
        if looks.is_empty() {
            found.extend(tried.iter().map(|(attempt, reply)| {
                let (outcome, have) = crossing(attempt, reply, own_works);
                (attempt, outcome, have)
            }));
        } else {
            // calls come in threes; one whose arguments were no good tells nothing where another did
            let threes = || tried.chunks(3).filter(|three| three.len() == 3);
            let told = threes().any(|three| !failed(&three[0].1));
            for three in threes().filter(|three| !told || !failed(&three[0].1)) {
                if let [look, again, without] = three {
                    let (outcome, have) = compared(&look.1, &again.1, &without.1);
                    found.push((&look.0, outcome, have));
                }
            }
        }
        for (attempt, outcome, have) in found {
            if worst.as_ref().is_none_or(|cell| outcome < cell.outcome) {
                worst = Some(Cell {
                    command,
                    side: Side::Other,
                    outcome,
                    have,
                    statement: attempt.run.clone(),
                    fix: None,
                    accepted: None,
                });
            }
        }
        let large = command_is_whole(command) && tried.iter().all(|(attempt, _)| attempt.how == How::Aimed);
        let nothing = "nothing was tried";
        let mut cell = worst.unwrap_or_else(|| Cell {
            statement: String::new(),
            ..self.cell(command, Outcome::Unproven, nothing)
        });
        // an aim takes the policies of SELECT along; without one every row of a large table would be read
        if large && cell.outcome == Outcome::Nothing && self.way != Some(WayKind::View) {
            cell.outcome = Outcome::Unproven;
            cell.have =
                "no row by its tenant; the table is too large to try it without WHERE, where the policies \
                         of SELECT are left out"
                    .to_string();
        }
        cell
    }
}

/// The own access that shows whether a refusal is about the tenant.
fn own_of(command: Command) -> Command {
    match command {
        Command::Move => Command::Update,
        other => other,
    }
}

/// Commands that know an attempt without WHERE.
fn command_is_whole(command: Command) -> bool {
    matches!(command, Command::Update | Command::Move | Command::Delete)
}

fn participle(command: Command) -> &'static str {
    match command {
        Command::Select => "seen",
        Command::Insert => "inserted",
        Command::Update => "updated",
        Command::Move => "moved",
        Command::Delete => "deleted",
        Command::Truncate => "removed",
    }
}

fn rows(count: i64, command: Command) -> String {
    let noun = if count == 1 { "row" } else { "rows" };
    format!("{count} {noun} {}", participle(command))
}

fn unproven(phase: Option<&str>, code: &str, complaint: &str) -> String {
    let before = match phase {
        Some("prepare") => "the row could not be taken away before: ",
        Some("role") => "the role could not be taken: ",
        Some("measure") => "the effect could not be read: ",
        _ => "",
    };
    format!("{before}{complaint} (SQLSTATE {code})")
}

/// Whether an attempt on the other tenant got through.
fn crossing(attempt: &Attempt, reply: &Reply, own_works: bool) -> (Outcome, String) {
    let complaint = reply.complaint.as_deref().unwrap_or("no reason given");
    let code = reply.code.as_deref().unwrap_or("");
    match (reply.refused.as_deref(), code) {
        (None, _) => {
            let seen: i64 = reply
                .seen
                .as_deref()
                .and_then(|seen| seen.parse().ok())
                .unwrap_or(0);
            let changed = reply.before != reply.after;
            match (attempt.reads, seen, changed) {
                (true, 1.., _) => (Outcome::Crosses, rows(seen, attempt.command)),
                (_, _, true) => {
                    let count = count(reply.after.as_deref()).abs_diff(count(reply.before.as_deref()));
                    let count = i64::try_from(count).unwrap_or(1).max(1);
                    (Outcome::Crosses, rows(count, attempt.command))
                }
                _ => (Outcome::Nothing, "no row".to_string()),
            }
        }
        (Some("run"), "42501") => (Outcome::Refused, complaint.to_string()),
        // the row was found and let go; what refers to it holds it
        (Some("run"), "23503" | "23001")
            if attempt.command == Command::Delete && attempt.how == How::Aimed =>
        {
            (
                Outcome::Crosses,
                format!("reached, and held by a foreign key alone: {complaint}"),
            )
        }
        (Some("run"), "57014") => (Outcome::Unproven, complaint.to_string()),
        (Some("run"), code) if code.starts_with("23") => (
            Outcome::Unproven,
            format!("refused by a constraint, not by row security: {complaint} (SQLSTATE {code})"),
        ),
        // by the same statement on the own tenant's rows it is known to be about the tenant
        (Some("run"), _) if own_works => (Outcome::Refused, complaint.to_string()),
        (phase, code) => (Outcome::Unproven, unproven(phase, code, complaint)),
    }
}

/// How many rows a measure tells of.
fn count(measure: Option<&str>) -> usize {
    measure.map_or(0, |measure| measure.split_whitespace().count())
}

/// Whether it ended with an error about a value or a name, which is not about who asks.
fn failed(reply: &Reply) -> bool {
    const CLASSES: [&str; 7] = ["0A", "21", "22", "23", "3F", "42", "XX"];
    let code = reply.code.as_deref().unwrap_or("");
    let is_of_data = CLASSES.iter().any(|class| code.starts_with(class));
    reply.refused.as_deref() == Some("run") && is_of_data && code != "42501"
}

/// Whether what is returned depends on the other tenant's row.
fn compared(look: &Reply, again: &Reply, without: &Reply) -> (Outcome, String) {
    let complaint = look.complaint.as_deref().unwrap_or("no reason given");
    match look.refused.as_deref() {
        Some("run") if look.code.as_deref() == Some("57014") => (Outcome::Unproven, complaint.to_string()),
        Some("run") if failed(look) => (
            Outcome::Unproven,
            format!(
                "it failed, and not for want of a right: {complaint} (SQLSTATE {})",
                look.code.as_deref().unwrap_or("")
            ),
        ),
        Some("run") => (Outcome::Refused, complaint.to_string()),
        Some(phase) => (
            Outcome::Unproven,
            unproven(Some(phase), look.code.as_deref().unwrap_or(""), complaint),
        ),
        None if look.before != look.after => (
            Outcome::Crosses,
            "rows of the other tenant were changed".to_string(),
        ),
        None if look.seen != again.seen => (
            Outcome::Unproven,
            "it does not return the same twice, so nothing can be told from it".to_string(),
        ),
        None => match without.refused.as_deref() {
            Some("prepare" | "measure" | "role") => (
                Outcome::Unproven,
                unproven(
                    without.refused.as_deref(),
                    without.code.as_deref().unwrap_or(""),
                    without.complaint.as_deref().unwrap_or("no reason given"),
                ),
            ),
            _ if look.seen != without.seen => (
                Outcome::Crosses,
                "what it returns tells of the other tenant's row".to_string(),
            ),
            _ => (Outcome::Nothing, "nothing of the other tenant's row".to_string()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(command: Command, how: How) -> Attempt {
        Attempt {
            command,
            side: Side::Other,
            how,
            prepare: Vec::new(),
            run: "x".to_string(),
            reads: command == Command::Select,
            measure: String::new(),
        }
    }

    fn went(seen: Option<&str>, before: &str, after: &str) -> Reply {
        Reply {
            seen: seen.map(str::to_string),
            before: Some(before.to_string()),
            after: Some(after.to_string()),
            ..Reply::default()
        }
    }

    #[test]
    fn a_crossing_is_what_is_seen_or_changed() {
        let of = |command, reply: &Reply| crossing(&attempt(command, How::Aimed), reply, false).0;
        assert_eq!(of(Command::Select, &went(Some("1"), "a", "a")), Outcome::Crosses);
        assert_eq!(of(Command::Select, &went(Some("0"), "a", "a")), Outcome::Nothing);
        assert_eq!(of(Command::Update, &went(None, "a", "b")), Outcome::Crosses);
        assert_eq!(of(Command::Update, &went(None, "a", "a")), Outcome::Nothing);
        assert_eq!(
            of(Command::Insert, &Reply::refusal("42501", "no")),
            Outcome::Refused
        );
        assert_eq!(
            of(Command::Delete, &Reply::refusal("23503", "held")),
            Outcome::Crosses
        );
        assert_eq!(
            of(Command::Move, &Reply::refusal("23505", "twice")),
            Outcome::Unproven
        );
    }

    #[test]
    fn another_error_is_a_refusal_only_where_the_own_row_goes_through() {
        let reply = Reply::refusal("P0001", "not your tenant");
        let attempt = attempt(Command::Insert, How::Aimed);
        assert_eq!(crossing(&attempt, &reply, true).0, Outcome::Refused);
        assert_eq!(crossing(&attempt, &reply, false).0, Outcome::Unproven);
    }

    #[test]
    fn a_result_that_depends_on_the_other_row_crosses_unless_it_is_never_the_same() {
        let reply = |seen: &str| went(Some(seen), "a", "a");
        assert_eq!(
            compared(&reply("2"), &reply("2"), &reply("1")).0,
            Outcome::Crosses
        );
        assert_eq!(
            compared(&reply("2"), &reply("2"), &reply("2")).0,
            Outcome::Nothing
        );
        assert_eq!(
            compared(&reply("2"), &reply("3"), &reply("1")).0,
            Outcome::Unproven
        );
        assert_eq!(
            compared(&went(Some("1"), "a", ""), &reply("1"), &reply("1")).0,
            Outcome::Crosses
        );
    }
}
