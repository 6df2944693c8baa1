//! A script with its directives, and what keeps it from being run.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use super::directives::{Direction, Directives};
use crate::diagnostic::Diagnostic;
use crate::source::{SourceFile, Span};
use crate::sql::require::{Needs, needs};
use crate::sql::{Script, Statement, TransactionControl};

/// What a script may hold, and how it is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Rules {
    /// pgplumb's own: one transaction, unless the directive no-transaction says otherwise.
    #[default]
    Strict,
    /// Written for another tool: what psql would run is run, outside a transaction where it has to be.
    AsPsql,
}

/// A migration's or a rollback's script.
///
/// The SQL is taken apart when it is first asked for: a run with nothing to do reads a thousand scripts and needs
/// the statements of none.
#[derive(Debug, Clone)]
pub struct MigrationScript {
    pub file: Arc<SourceFile>,
    pub direction: Direction,
    pub directives: Directives,
    pub rules: Rules,
    sql: OnceLock<Script>,
    /// What its statements need, where that was worked out ahead.
    needs: OnceLock<Vec<Needs>>,
}

impl MigrationScript {
    /// Takes a file; the second value is what is wrong with its directives.
    pub fn new(file: Arc<SourceFile>, direction: Direction) -> (MigrationScript, Vec<Diagnostic>) {
        let (directives, problems) = Directives::read(&file, direction);
        let script = MigrationScript {
            file,
            direction,
            directives,
            rules: Rules::default(),
            sql: OnceLock::new(),
            needs: OnceLock::new(),
        };
        (script, problems)
    }

    /// The same script as one that was written for another tool.
    pub fn as_psql(mut self) -> MigrationScript {
        self.rules = Rules::AsPsql;
        self
    }

    /// The statements of the script.
    pub fn sql(&self) -> &Script {
        self.sql.get_or_init(|| Script::parse(&self.file))
    }

    /// Takes the script apart, and keeps what its statements need, which is asked for more than once.
    pub fn work_ahead(&self) {
        let sql = self.sql();
        let statements = sql.statements.iter();
        self.needs
            .get_or_init(|| statements.map(|statement| needs(sql, statement)).collect());
    }

    /// What a statement of the script needs.
    pub fn needs(&self, statement: &Statement) -> Cow<'_, Needs> {
        let place = |of: &Statement| of.span.start.cmp(&statement.span.start);
        let known = self.needs.get().and_then(|needs| {
            let index = self.sql().statements.binary_search_by(place).ok()?;
            needs.get(index)
        });
        match known {
            Some(known) => Cow::Borrowed(known),
            None => Cow::Owned(needs(self.sql(), statement)),
        }
    }

    /// Whether it runs in pgplumb's transaction.
    pub fn is_transactional(&self) -> bool {
        match self.rules {
            Rules::Strict => self.directives.no_transaction.is_none(),
            // a transaction of its own around everything is one, whatever is declared
            Rules::AsPsql => {
                self.sql().outer_transaction().is_some()
                    || (self.directives.no_transaction.is_none() && self.outside_reason().is_none())
            }
        }
    }

    /// Why a script of another tool runs outside a transaction though nothing in it declares that: the first statement
    /// that needs it, or that ends a transaction of the script's own.
    pub fn outside_reason(&self) -> Option<OutsideReason<'_>> {
        if self.rules == Rules::Strict || self.directives.no_transaction.is_some() {
            return None;
        }
        let sql = self.sql();
        if sql.outer_transaction().is_some() {
            return None;
        }
        let stray = sql.stray_transaction_control().first().copied();
        let alone = sql
            .statements
            .iter()
            .find(|statement| statement.outside_transaction.is_some());
        let first = |a: &'_ Statement, b: &'_ Statement| a.span.start <= b.span.start;
        match (stray, alone) {
            (Some(stray), Some(alone)) if first(alone, stray) => Some(OutsideReason::of(alone)),
            (Some(stray), _) => Some(OutsideReason::of(stray)),
            (None, Some(alone)) => Some(OutsideReason::of(alone)),
            (None, None) => None,
        }
    }

    /// Where it shows that the script runs outside a transaction.
    pub fn outside_span(&self) -> Option<Span> {
        if self.is_transactional() {
            return None;
        }
        let declared = self.directives.no_transaction.as_ref();
        declared
            .map(|directive| directive.span)
            .or_else(|| self.outside_reason().map(|reason| reason.statement.span))
    }

    /// What a run says of a script that it runs outside a transaction without being told to.
    pub fn outside_notice(&self) -> Option<Diagnostic> {
        let reason = self.outside_reason()?;
        Some(
            Diagnostic::warning(format!(
                "this {} runs outside a transaction, as psql runs it: {}",
                self.direction.noun(),
                reason.why
            ))
            .at(&self.file, reason.statement.span)
            .help("keep such a statement in a file of its own: what stands before it stays when it fails"),
        )
    }

    /// The statements that are sent: all but the script's own outer BEGIN and COMMIT.
    pub fn statements(&self) -> &[Statement] {
        let sql = self.sql();
        match sql.outer_transaction() {
            Some((begin, commit)) => &sql.statements[begin + 1..commit],
            None => &sql.statements,
        }
    }

    /// The part of the file that is sent: from the first word of the first statement to the last word of the last,
    /// so without its semicolon. `None` when there is no statement.
    pub fn body_span(&self) -> Option<Span> {
        let statements = self.statements();
        Some(Span::new(
            statements.first()?.span.start,
            statements.last()?.span.end,
        ))
    }

    /// What runs together outside a transaction: each statement by itself, and all that stands between a BEGIN and its
    /// COMMIT.
    pub fn units(&self) -> Vec<Range<usize>> {
        let statements = self.statements();
        let closes = |statement: &Statement| matches!(statement.transaction, Some(control) if control != TransactionControl::Begin && !control.is_savepoint());
        let mut units = Vec::new();
        let mut start = 0;
        while start < statements.len() {
            let opens = statements[start].transaction == Some(TransactionControl::Begin);
            let length = match opens {
                true => statements[start..]
                    .iter()
                    .position(closes)
                    .map_or(statements.len() - start, |at| at + 1),
                false => 1,
            };
            units.push(start..start + length);
            start += length;
        }
        units
    }

    /// Everything that keeps the script from being run, in the order of the file.
    pub fn validate(&self) -> Vec<Diagnostic> {
        let sql = self.sql();
        let mut problems = sql.diagnostics.clone();
        // other tools take an empty script for one that has nothing to do, and run the rest as psql does
        if self.rules == Rules::Strict {
            if problems.is_empty() && self.statements().is_empty() {
                problems.push(self.empty());
            }
            for statement in &sql.statements {
                problems.extend(self.misplaced(statement));
            }
        }
        problems.sort_by_key(|problem| problem.place.as_ref().map(|place| place.span.start));
        problems
    }

    fn empty(&self) -> Diagnostic {
        let problem =
            Diagnostic::error(format!("{} holds no statement", self.file.path())).in_file(self.file.path());
        match self.direction {
            Direction::Up => problem.help("write the migration, or delete the file"),
            Direction::Down => problem.help(
                "write the statements that undo the migration; if nothing can, delete the file and declare the migration \
                 `-- pgplumb: irreversible \"reason\"`",
            ),
        }
    }

    /// Transaction control and statements at odds with how the script runs.
    fn misplaced(&self, statement: &Statement) -> Option<Diagnostic> {
        let noun = self.direction.noun();
        let is_stray = || {
            let strays = self.sql().stray_transaction_control();
            strays.iter().any(|stray| stray.span == statement.span)
        };
        let found = match (statement.transaction, statement.outside_transaction) {
            (Some(control), _) if !self.is_transactional() => {
                let name = spelled(control);
                Diagnostic::error(format!(
                    "{name} in a no-transaction {noun}, whose statements run one by one outside a transaction"
                ))
                .help("remove it, or remove the directive no-transaction")
            }
            (Some(control), _) if is_stray() => stray(control, noun),
            (None, Some(what)) if self.is_transactional() => Diagnostic::error(format!(
                "{what} cannot run inside a transaction, and this {noun} runs in one"
            ))
            .help("put `-- pgplumb: no-transaction` at the top of the file, best in a file of its own"),
            _ => return None,
        };
        Some(found.at(&self.file, statement.span))
    }
}

/// Why a script runs outside a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutsideReason<'s> {
    pub statement: &'s Statement,
    why: Why,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    Needs(&'static str),
    Controls(TransactionControl),
}

impl std::fmt::Display for Why {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Why::Needs(what) => write!(f, "{what} cannot run inside one"),
            Why::Controls(control) => write!(f, "it has a {} of its own", spelled(*control)),
        }
    }
}

impl<'s> OutsideReason<'s> {
    fn of(statement: &'s Statement) -> OutsideReason<'s> {
        let why = match (statement.outside_transaction, statement.transaction) {
            (None, Some(control)) => Why::Controls(control),
            (what, _) => Why::Needs(what.unwrap_or("a statement of it")),
        };
        OutsideReason { statement, why }
    }
}

/// Transaction control that would end pgplumb's own transaction, or begin another.
fn stray(control: TransactionControl, noun: &str) -> Diagnostic {
    let name = spelled(control);
    match control {
        TransactionControl::Begin => Diagnostic::error(format!(
            "{name} in a {noun}: pgplumb has a transaction open around it"
        ))
        .help("remove it, or wrap the whole script in one BEGIN; … COMMIT;"),
        TransactionControl::Commit { .. } => Diagnostic::error(format!(
            "{name} in the middle of a {noun}: it would commit before the checks ran"
        ))
        .help("remove it, wrap the whole script in one BEGIN; … COMMIT;, or split the file where it stands"),
        _ => Diagnostic::error(format!(
            "{name} in a {noun}: it would end the transaction that pgplumb has open around it"
        ))
        .help("remove it, or use SAVEPOINT and ROLLBACK TO"),
    }
}

fn spelled(control: TransactionControl) -> &'static str {
    match control {
        TransactionControl::Begin => "BEGIN",
        TransactionControl::Commit { .. } => "COMMIT",
        TransactionControl::Rollback { .. } => "ROLLBACK",
        TransactionControl::Savepoint => "SAVEPOINT",
        TransactionControl::ReleaseSavepoint => "RELEASE SAVEPOINT",
        TransactionControl::RollbackToSavepoint => "ROLLBACK TO SAVEPOINT",
        TransactionControl::PrepareTransaction => "PREPARE TRANSACTION",
        TransactionControl::CommitPrepared => "COMMIT PREPARED",
        TransactionControl::RollbackPrepared => "ROLLBACK PREPARED",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(direction: Direction, text: &str) -> MigrationScript {
        let (script, problems) = MigrationScript::new(SourceFile::new("f.sql", text), direction);
        assert_eq!(problems, []);
        script
    }

    fn problems(direction: Direction, text: &str) -> Vec<String> {
        script(direction, text)
            .validate()
            .iter()
            .map(|problem| {
                assert!(problem.help.is_some(), "{}", problem.message);
                let location = problem.location().unwrap();
                format!("{}:{} {}", location.line, location.column, problem.message)
            })
            .collect()
    }

    #[test]
    fn what_is_sent_leaves_out_the_scripts_own_transaction() {
        for (text, sent) in [
            ("select 1;\n", Some("select 1")),
            (
                "-- x\n\nselect 1; -- y\nselect 2 -- z",
                Some("select 1; -- y\nselect 2"),
            ),
            (
                "BEGIN;\nselect 1;\nselect 2;\nCOMMIT;\n",
                Some("select 1;\nselect 2"),
            ),
            (
                "begin work; savepoint a; select 1; end",
                Some("savepoint a; select 1"),
            ),
            ("select 1; commit; select 2;", Some("select 1; commit; select 2")),
            ("begin; commit;", None),
            ("-- nothing\n", None),
            ("", None),
        ] {
            let script = script(Direction::Up, text);
            assert_eq!(
                script.body_span().map(|span| script.file.slice(span)),
                sent,
                "{text}"
            );
        }
    }

    #[test]
    fn a_script_without_a_statement_is_refused() {
        for text in [
            "",
            "\n",
            "-- later\n",
            "/* later */;;",
            "begin; commit;",
            "\u{feff}",
        ] {
            for direction in [Direction::Up, Direction::Down] {
                assert_eq!(
                    problems(direction, text),
                    ["1:1 f.sql holds no statement"],
                    "{text:?}"
                );
            }
        }
    }

    #[test]
    fn a_script_may_wrap_itself_and_use_savepoints() {
        for text in [
            "begin; create table a (); commit;",
            "START TRANSACTION;\ncreate table a ();\nEND;\n",
            "savepoint s; create table a (); rollback to s; release s;",
            "create function f() returns int language sql begin atomic select 1; end;",
            "do $$ begin perform 1; end $$;",
            "-- pgplumb: no-transaction\ncreate index concurrently i on t (x);\nvacuum t;",
        ] {
            assert_eq!(problems(Direction::Up, text), [""; 0], "{text}");
        }
    }

    #[test]
    fn everything_that_cannot_run_is_named_at_once() {
        assert_eq!(
            problems(
                Direction::Up,
                "create table a ();\ncommit;\n\\i other.sql\nbegin;\n  create index concurrently i on a (x);\nvacuum;\n\
                 rollback; prepare transaction 'x'; rollback prepared 'x';"
            ),
            [
                "2:1 COMMIT in the middle of a migration: it would commit before the checks ran",
                "3:1 `\\i` is a psql meta-command, not SQL",
                "4:1 BEGIN in a migration: pgplumb has a transaction open around it",
                "5:3 CREATE INDEX CONCURRENTLY cannot run inside a transaction, and this migration runs in one",
                "6:1 VACUUM cannot run inside a transaction, and this migration runs in one",
                "7:1 ROLLBACK in a migration: it would end the transaction that pgplumb has open around it",
                "7:11 PREPARE TRANSACTION in a migration: it would end the transaction that pgplumb has open around it",
                "7:36 ROLLBACK PREPARED in a migration: it would end the transaction that pgplumb has open around it",
            ]
        );
        assert_eq!(
            problems(Direction::Down, "begin;\ndrop index concurrently i;\ncommit;"),
            ["2:1 DROP INDEX CONCURRENTLY cannot run inside a transaction, and this rollback runs in one"]
        );
    }

    #[test]
    fn scripts_of_other_tools_run_as_psql_runs_them() {
        let notice = |text: &str| {
            let script = script(Direction::Up, text).as_psql();
            assert_eq!(script.validate(), [], "{text}");
            let notice = script.outside_notice();
            assert_eq!(notice.is_none(), script.is_transactional(), "{text}");
            notice.map(|notice| format!("{} {}", notice.location().unwrap(), notice.message))
        };
        for text in [
            "",
            "-- nothing",
            "create table a ();",
            "begin; create table a (); commit;",
        ] {
            assert_eq!(notice(text), None, "{text}");
        }
        for (text, place, why) in [
            (
                "select 1;\ncreate index concurrently i on t (x);",
                "f.sql:2:1",
                "CREATE INDEX CONCURRENTLY cannot run inside one",
            ),
            (
                "begin; select 1; commit; begin; vacuum; commit;",
                "f.sql:1:1",
                "it has a BEGIN of its own",
            ),
            ("vacuum; commit;", "f.sql:1:1", "VACUUM cannot run inside one"),
        ] {
            assert_eq!(
                notice(text),
                Some(format!(
                    "{place} this migration runs outside a transaction, as psql runs it: {why}"
                ))
            );
        }
        let declared = script(Direction::Up, "-- pgplumb: no-transaction\nvacuum;").as_psql();
        assert!(!declared.is_transactional() && declared.outside_notice().is_none());
        let wrapped = "-- pgplumb: no-transaction\nbegin; create table a (); commit;";
        assert!(script(Direction::Up, wrapped).as_psql().is_transactional());
        let meta = script(Direction::Up, "\\i other.sql").as_psql();
        assert_eq!(meta.validate().len(), 1);
    }

    #[test]
    fn a_no_transaction_script_holds_no_transaction_control() {
        assert_eq!(
            problems(
                Direction::Down,
                "-- pgplumb: no-transaction\nbegin;\nsavepoint a;\nvacuum;\ncommit;"
            ),
            [
                "2:1 BEGIN in a no-transaction rollback, whose statements run one by one outside a transaction",
                "3:1 SAVEPOINT in a no-transaction rollback, whose statements run one by one outside a transaction",
                "5:1 COMMIT in a no-transaction rollback, whose statements run one by one outside a transaction",
            ]
        );
    }

    #[test]
    fn what_a_script_puts_into_one_transaction_stays_together() {
        let text = "select 1; begin; select 2; savepoint a; select 3; commit; vacuum; begin; select 4; rollback; select 5";
        let (script, _) = MigrationScript::new(SourceFile::new("f.sql", text), Direction::Up);
        assert_eq!(script.units(), [0..1, 1..6, 6..7, 7..10, 10..11]);
    }
}
