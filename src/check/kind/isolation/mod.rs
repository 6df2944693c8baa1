//! `[isolation.NAME]`: nothing crosses from one tenant to another, by any command and any way in, and the own tenant's
//! rows are reached.

mod parse;

use std::borrow::Cow;
use std::sync::Arc;

pub(crate) use parse::parse;

use self::parse::Places;
use super::probe;
use crate::catalog::{Kind, ObjectId, Parts, Scope};
use crate::check::parse::Parser;
use crate::check::question::{Answer, Question};
use crate::check::rule::{Claim, Judge, Outcome, Rule};
use crate::check::suite::Suite;
use crate::isolation::{
    Cell, Command, Isolation, Matrix, Met, Outcome as Crossing, Side, TableMatrix, Target, Way, WayKind,
};

/// How the own tenant's access is called in `accept` and in ids.
const OWN: [(&str, Command); 4] = [
    ("own_select", Command::Select),
    ("own_insert", Command::Insert),
    ("own_update", Command::Update),
    ("own_delete", Command::Delete),
];

/// What one check looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    Cell(Command, Side),
    Ways(WayKind),
}

impl Look {
    /// How its id ends.
    fn word(self) -> String {
        match self {
            Look::Cell(command, Side::Other) => command.as_str().to_string(),
            Look::Cell(command, Side::Own) => format!("own_{}", command.as_str()),
            Look::Ways(WayKind::Partition) => "partitions".to_string(),
            Look::Ways(WayKind::View) => "views".to_string(),
            Look::Ways(WayKind::Function) => "functions".to_string(),
        }
    }

    fn phrase(self, table: &str) -> String {
        let into = match self {
            Look::Cell(Command::Insert, _) | Look::Cell(Command::Move, _) => " into",
            Look::Cell(Command::Truncate | Command::Update, _) => "",
            _ => " from",
        };
        match self {
            Look::Cell(Command::Truncate, _) => format!("truncate {table} with rows of another tenant"),
            Look::Cell(Command::Move, _) => format!("move a row of {table} to another tenant"),
            Look::Cell(command, Side::Other) => {
                format!("{}{into} {table} of another tenant", command.as_str())
            }
            Look::Cell(command, Side::Own) => format!("{}{into} {table} of the own tenant", command.as_str()),
            Look::Ways(WayKind::Partition) => format!("partitions of {table}, past their table"),
            Look::Ways(WayKind::View) => format!("{table} through views"),
            Look::Ways(WayKind::Function) => format!("{table} through SECURITY DEFINER functions"),
        }
    }

    fn want(self) -> &'static str {
        match self {
            Look::Cell(Command::Insert | Command::Move, Side::Other) => "refused",
            Look::Cell(Command::Truncate, _) => "refused",
            Look::Cell(_, Side::Other) => "no row",
            Look::Cell(_, Side::Own) => "a row, unless nothing is granted",
            Look::Ways(_) => "nothing crosses",
        }
    }
}

fn add(p: &mut Parser, spec: Arc<Isolation>, places: &Places) {
    let mut looks = Vec::new();
    for command in Command::ALL {
        if spec.own && command.has_own() {
            looks.push(Look::Cell(command, Side::Own));
        }
        looks.push(Look::Cell(command, Side::Other));
    }
    looks.extend([WayKind::Partition, WayKind::View, WayKind::Function].map(Look::Ways));
    for (index, place) in places.tables.iter().enumerate() {
        let Some(target) = spec.tables.get(index) else {
            continue;
        };
        let table = p.spell(&target.schema, &target.table);
        for look in &looks {
            let rule = IsolationRule {
                spec: Arc::clone(&spec),
                index,
                look: *look,
                title: format!("isolation {}: {}", spec.name, look.phrase(&table)),
                at: place.span.start,
            };
            p.add(
                format!("isolation.{}/{table}.{}", spec.name, look.word()),
                "isolation",
                place,
                look.want(),
                rule,
            );
        }
    }
    for (index, place) in places.accepts.iter().enumerate() {
        let rule = AcceptRule {
            spec: Arc::clone(&spec),
            index,
        };
        let path = format!("isolation.{}/accept.{}", spec.name, rule.what());
        p.add(path, "isolation", place, "meets something", rule);
    }
}

/// An acceptance says that something crosses: where nothing does, it would hide what comes.
#[derive(Debug)]
struct AcceptRule {
    spec: Arc<Isolation>,
    /// Of the acceptance.
    index: usize,
}

impl AcceptRule {
    /// `select of public.t`.
    fn what(&self) -> String {
        let accept = &self.spec.accepts[self.index];
        let command = match (accept.command, accept.side) {
            (None, _) => "every command".to_string(),
            (Some(command), Side::Other) => command.as_str().to_string(),
            (Some(command), Side::Own) => format!("own_{}", command.as_str()),
        };
        format!("{command} of {}", accept.object)
    }
}

impl Rule for AcceptRule {
    fn claims(&self) -> Vec<Claim<'_>> {
        let name = format!("{}/accept.{}", self.spec.name, self.what());
        vec![Claim::Named("isolation", Cow::Owned(name))]
    }

    fn acts_as(&self) -> Vec<&str> {
        vec![&self.spec.role]
    }

    fn cover(&self, _: &mut Scope) {}

    fn judge(&self, judge: &mut Judge<'_>) -> Outcome {
        let is_missing = |target: &Target| {
            let id = ObjectId::new(Kind::Table, target.schema.clone(), target.table.clone());
            judge.catalog.get(&id).is_none()
        };
        let mut tables = self.spec.tables.iter().chain(&self.spec.user);
        let title = format!("isolation {}: accepted {}", self.spec.name, self.what());
        if tables.any(is_missing) {
            return Outcome::skip("a table of the section is missing").object(title);
        }
        let outcome = match judge.ask(Question::Isolation((*self.spec).clone())) {
            Some(Answer::Isolation(matrix)) => {
                let idle =
                    |why: &str, help: &str| Outcome::warn(format!("{title}: {why}; {help}")).actual(why);
                match self.spec.accepts[self.index].met(matrix) {
                    Met::Something => Outcome::pass(),
                    Met::Passing => idle(
                        "nothing crosses and nothing is denied there",
                        "remove the acceptance",
                    ),
                    Met::Nothing => idle(
                        "there is no such object or command in the matrix",
                        "correct `object` as the report names it, or remove the acceptance",
                    ),
                }
            }
            Some(Answer::NotRun { reason }) => Outcome::skip(reason.clone()),
            _ => Outcome::skip("the matrix was not made"),
        };
        outcome.object(title)
    }
}

#[derive(Debug)]
struct IsolationRule {
    spec: Arc<Isolation>,
    /// Of the table.
    index: usize,
    look: Look,
    title: String,
    /// Where the table is named: a byte offset.
    at: usize,
}

impl Rule for IsolationRule {
    fn claims(&self) -> Vec<Claim<'_>> {
        let path = self.spec.tables[self.index].path();
        let name = format!("{}/{path}.{}", self.spec.name, self.look.word());
        vec![Claim::Named("isolation", Cow::Owned(name))]
    }

    fn acts_as(&self) -> Vec<&str> {
        vec![&self.spec.role]
    }

    fn cover(&self, scope: &mut Scope) {
        for target in self.spec.tables.iter().chain(&self.spec.user) {
            scope.add_parts(&target.schema, &target.table, Parts::presence());
        }
    }

    fn judge(&self, judge: &mut Judge<'_>) -> Outcome {
        for target in [&self.spec.tables[self.index]].into_iter().chain(&self.spec.user) {
            let id = ObjectId::new(Kind::Table, target.schema.clone(), target.table.clone());
            if judge.catalog.get(&id).is_none() {
                return Outcome::missing(&id).object(self.title.clone());
            }
        }
        let outcome = match judge.ask(Question::Isolation((*self.spec).clone())) {
            Some(Answer::Isolation(matrix)) => self.of_matrix(judge.suite, matrix),
            Some(Answer::NotRun { reason }) => Outcome::skip(reason.clone()),
            Some(Answer::CannotTell { reason }) => Outcome::blocked(
                reason.clone(),
                format!("{} cannot be judged: {reason}", self.title),
            ),
            _ => Outcome::blocked("the server", format!("{} was not put to the server", self.title)),
        };
        outcome.object(self.title.clone())
    }
}

impl IsolationRule {
    fn of_matrix(&self, suite: &Suite, matrix: &Matrix) -> Outcome {
        let Some(table) = matrix.tables.get(self.index) else {
            return Outcome::blocked("the server", format!("{} was not tried", self.title));
        };
        if let Some(problem) = &table.problem {
            let by = match problem.of.as_str() {
                "" => format!("rows of {} in isolation {}", table.path, self.spec.name),
                of => of.to_string(),
            };
            let message = format!("{}: {}; {}", self.title, problem.message, problem.help);
            return Outcome::blocked(by, message).remedy(Some(problem.help.clone()));
        }
        match self.look {
            Look::Cell(command, side) => match table.cell(command, side) {
                Some(cell) => self.of_cell(suite, cell),
                None => Outcome::warn(format!(
                    "{}: not proven: the role may not read the tenant column, and the table is too large to be gone through",
                    self.title
                )),
            },
            Look::Ways(kind) => self.of_ways(suite, table, kind),
        }
    }

    fn of_cell(&self, suite: &Suite, cell: &Cell) -> Outcome {
        let have = cell.have.clone();
        match (cell.outcome, &cell.accepted) {
            (Crossing::Crosses | Crossing::Denied | Crossing::Unproven, Some(reason)) => {
                let mut outcome = Outcome::pass().actual(have);
                outcome.message = format!("accepted: {reason}");
                outcome
            }
            (Crossing::Crosses | Crossing::Denied, None) => {
                let message = format!(
                    "{}: have `{have}`, want `{}`; {}",
                    self.title,
                    self.look.want(),
                    self.statement(suite, cell)
                );
                Outcome::fail(message).actual(have).remedy(cell.fix.clone())
            }
            (Crossing::Unproven, None) if cell.side == Side::Own => Outcome::blocked(
                have.clone(),
                format!(
                    "{} cannot be judged: {have}; {}",
                    self.title,
                    self.statement(suite, cell)
                ),
            ),
            (Crossing::Unproven, None) => Outcome::warn(format!(
                "{}: not proven: {have}; {}",
                self.title,
                self.statement(suite, cell)
            ))
            .actual(have),
            (Crossing::NotApplicable, _) => Outcome::skip(have),
            (Crossing::NoGrant, _) => told("nothing is granted", have),
            (Crossing::NoPolicy, _) => told("no policy lets the role", have),
            (Crossing::Works | Crossing::Refused | Crossing::Nothing, _) => Outcome::pass().actual(have),
        }
    }

    /// Where the check stands, and what was run.
    fn statement(&self, suite: &Suite, cell: &Cell) -> String {
        let at = suite.file.location(self.at);
        match cell.statement.as_str() {
            "" => format!("{}:{}", at.file, at.line),
            statement => format!("{}:{}: {}", at.file, at.line, probe::shortened(statement)),
        }
    }

    fn of_ways(&self, suite: &Suite, table: &TableMatrix, kind: WayKind) -> Outcome {
        let ways: Vec<&Way> = table.ways.iter().filter(|way| way.kind == kind).collect();
        let cells = || {
            ways.iter()
                .flat_map(|way| way.cells.iter().map(move |cell| (*way, cell)))
        };
        let line = |(way, cell): (&Way, &Cell)| {
            format!("{} of {}: {}", cell.command.as_str(), way.object, cell.have)
        };
        let of = |outcome: Crossing| {
            cells()
                .filter(|(_, cell)| cell.outcome == outcome && cell.accepted.is_none())
                .collect::<Vec<_>>()
        };
        let crossing = of(Crossing::Crosses);
        if let Some((_, first)) = crossing.first() {
            let have: Vec<String> = crossing.iter().map(|pair| line(*pair)).collect();
            let mut fixes: Vec<String> = crossing.iter().filter_map(|(_, cell)| cell.fix.clone()).collect();
            fixes.dedup();
            let message = format!(
                "{}: {}; {}",
                self.title,
                have.join("; "),
                self.statement(suite, first)
            );
            return Outcome::fail(message)
                .actual(have.join("\n"))
                .remedy(Some(fixes.join("\n")));
        }
        let unproven = of(Crossing::Unproven);
        if !unproven.is_empty() {
            let have: Vec<String> = unproven.iter().map(|pair| line(*pair)).collect();
            return Outcome::warn(format!(
                "{}: not proven: {}; prove it in a [[probe]], or accept it with a reason in [[isolation.{}.accept]]",
                self.title,
                have.join("; "),
                self.spec.name
            ))
            .actual(have.join("\n"));
        }
        let noun = match kind {
            WayKind::Partition => "partition",
            WayKind::View => "view",
            WayKind::Function => "function",
        };
        Outcome::pass().actual(match ways.len() {
            0 => format!("there is no such {noun}"),
            1 => format!("1 {noun}, nothing crosses"),
            many => format!("{many} {noun}s, nothing crosses"),
        })
    }
}

/// A pass that says why there was nothing to be reached.
fn told(why: &str, have: String) -> Outcome {
    let mut outcome = Outcome::pass().actual(have);
    outcome.message = why.to_string();
    outcome
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::check::Status;
    use crate::check::question::Answer;
    use crate::check::testing::{one, sample, settle, suite};
    use crate::isolation::{Cell, Command, Matrix, Outcome, Problem, Side, TableMatrix, Way, WayKind};

    const HEAD: &str = "[isolation.x]\ntables = [\"t\"]\ntenant_column = \"id\"\nas_role = \"app\"\n";

    fn cell(command: Command, side: Side, outcome: Outcome) -> Cell {
        Cell {
            command,
            side,
            outcome,
            have: "have".to_string(),
            statement: "SELECT 1".to_string(),
            fix: Some("FIX;".to_string()),
            accepted: None,
        }
    }

    /// Status and message of one check over a matrix of that table.
    fn judged(table: TableMatrix, end: &str) -> (Status, String) {
        let suite = suite("s", HEAD);
        let matrix = Arc::new(Matrix {
            name: "x".to_string(),
            role: "app".to_string(),
            tables: vec![table],
        });
        let verdicts = settle(&[&suite], &sample(), |_| Answer::Isolation(Arc::clone(&matrix)));
        let verdict = one(&verdicts, &format!("s/isolation.x/t.{end}"));
        (verdict.status, verdict.message.clone())
    }

    fn of(cells: Vec<Cell>, ways: Vec<Way>) -> TableMatrix {
        TableMatrix {
            path: "public.t".to_string(),
            problem: None,
            cells,
            ways,
        }
    }

    #[test]
    fn a_cell_is_a_verdict() {
        let verdict =
            |command, side, outcome, end: &str| judged(of(vec![cell(command, side, outcome)], vec![]), end);
        let (status, message) = verdict(Command::Update, Side::Other, Outcome::Crosses, "update");
        assert_eq!(status, Status::Fail);
        assert_eq!(
            message,
            "isolation x: update t of another tenant: have `have`, want `no row`; checks/s.toml:2: SELECT 1"
        );
        for (outcome, status) in [
            (Outcome::Works, Status::Pass),
            (Outcome::NoGrant, Status::Pass),
            (Outcome::NoPolicy, Status::Pass),
            (Outcome::Denied, Status::Fail),
            (Outcome::Unproven, Status::Blocked),
        ] {
            let found = verdict(Command::Select, Side::Own, outcome, "own_select").0;
            assert_eq!(found, status, "{outcome:?}");
        }
        for (outcome, status) in [
            (Outcome::Refused, Status::Pass),
            (Outcome::Nothing, Status::Pass),
            (Outcome::Unproven, Status::Warn),
            (Outcome::NotApplicable, Status::Skip),
        ] {
            let found = verdict(Command::Move, Side::Other, outcome, "move").0;
            assert_eq!(found, status, "{outcome:?}");
        }
    }

    #[test]
    fn an_acceptance_that_meets_nothing_warns_with_its_line() {
        let accepted = |accept: &str| {
            let text = format!("{HEAD}[[isolation.x.accept]]\n{accept}\nreason = \"known\"\n");
            let suite = suite("s", &text);
            let crossing = cell(Command::Select, Side::Other, Outcome::Crosses);
            let works = cell(Command::Select, Side::Own, Outcome::Works);
            let matrix = Arc::new(Matrix {
                name: "x".to_string(),
                role: "app".to_string(),
                tables: vec![of(vec![crossing, works], vec![])],
            });
            let verdicts = settle(&[&suite], &sample(), |_| Answer::Isolation(Arc::clone(&matrix)));
            let mut of_accept = verdicts.iter().filter(|verdict| verdict.id.contains("/accept."));
            let verdict = of_accept.next().expect("a verdict");
            (verdict.status, verdict.message.clone(), verdict.source.line)
        };
        let (status, ..) = accepted("command = \"select\"\nobject = \"t\"");
        assert_eq!(status, Status::Pass);
        assert_eq!(
            accepted("command = \"own_select\"\nobject = \"t\""),
            (
                Status::Warn,
                "isolation x: accepted own_select of public.t: nothing crosses and nothing is denied there; remove the \
                 acceptance"
                    .to_string(),
                5
            )
        );
        for idle in [
            "command = \"delete\"\nobject = \"t\"",
            "object = \"view public.*\"",
        ] {
            let (status, message, line) = accepted(idle);
            assert_eq!((status, line), (Status::Warn, 5));
            assert!(
                message.contains("there is no such object or command"),
                "{message}"
            );
        }
    }

    #[test]
    fn ways_are_one_check_a_kind_and_name_what_crosses() {
        let way = |kind, object: &str, outcome| Way {
            kind,
            object: object.to_string(),
            cells: vec![cell(Command::Select, Side::Other, outcome)],
        };
        let table = || {
            of(
                vec![],
                vec![
                    way(WayKind::View, "view public.v", Outcome::Crosses),
                    way(WayKind::View, "view public.w", Outcome::Nothing),
                    way(WayKind::Function, "function f()", Outcome::Unproven),
                ],
            )
        };
        assert_eq!(
            judged(table(), "views"),
            (
                Status::Fail,
                "isolation x: t through views: select of view public.v: have; checks/s.toml:2: SELECT 1"
                    .to_string()
            )
        );
        assert_eq!(judged(table(), "functions").0, Status::Warn);
        assert_eq!(judged(table(), "partitions").0, Status::Pass);
        let problem = Problem::new("no row", "give one");
        let unready = TableMatrix::unready("public.t".to_string(), problem);
        assert_eq!(
            judged(unready, "select"),
            (
                Status::Blocked,
                "isolation x: select from t of another tenant: no row; give one".to_string()
            )
        );
    }
}
