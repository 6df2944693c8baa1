//! The rows of the two tenants, in the database.

use std::time::Instant;

use tokio_postgres::error::SqlState;

use super::super::ask::limit;
use super::super::batch::{Batch, Failure, Stage};
use super::super::error::ServerError;
use super::super::probe::{call, path, resolved_in};
use super::Bench;
use crate::isolation::{Choices, Facts, Fixture, Problem, Relation, Target, Tenant};
use crate::sql::name::{quote_ident, quote_literal};

/// How often rows are made anew with other values, before the check that refuses them is named.
const MOST_TRIES: usize = 200;

/// Rows that stand behind a savepoint, or why they could not be made.
pub(super) type Made = Result<Fixture, Problem>;

/// A partition with values that may lead there; `None` for the table itself.
pub(super) type WayIn<'a> = Option<(&'a Relation, &'a [(String, String)])>;

impl Bench<'_> {
    /// Takes the rows back.
    pub(super) async fn undo(&self) -> Result<(), Failure> {
        let mut batch = Batch::new();
        batch.one(Stage::Query, "ROLLBACK TO SAVEPOINT pgplumb_rows");
        batch.one(Stage::Query, "RELEASE SAVEPOINT pgplumb_rows");
        batch.run(self.session.client()).await.map(|_| ())
    }

    /// Makes the rows behind a savepoint, by the first of the ways that leads where it should; with other values
    /// where a CHECK refuses them. As an application makes them first: with the settings of the tenant's user, from which
    /// triggers and defaults learn who it is; and without them where they do not let it.
    pub(super) async fn make(
        &self,
        facts: &Facts,
        target: &Target,
        choices: &mut Choices,
        ways: &[WayIn<'_>],
    ) -> Result<Made, Failure> {
        let before = choices.clone();
        let problem = match self.make_as(Acting::User, facts, target, choices, ways).await? {
            Ok(fixture) => return Ok(Ok(fixture)),
            Err(problem) => problem,
        };
        if self.spec.settings.is_empty() {
            return Ok(Err(problem));
        }
        *choices = before;
        let made = self.make_as(Acting::Nobody, facts, target, choices, ways).await?;
        Ok(made.map_err(|_| problem))
    }

    async fn make_as(
        &self,
        acting: Acting,
        facts: &Facts,
        target: &Target,
        choices: &mut Choices,
        ways: &[WayIn<'_>],
    ) -> Result<Made, Failure> {
        let mut last = Problem::new("no row could be made", "insert one in `given`");
        for way in ways {
            for _ in 0..MOST_TRIES {
                let fixture = match Fixture::of(self.spec, facts, target, choices, *way) {
                    Ok(fixture) => fixture,
                    Err(problem) => return Ok(Err(problem)),
                };
                let Some(refused) = self.insert(facts, &fixture, acting).await? else {
                    return Ok(Ok(fixture));
                };
                last = self.problem(facts, &refused);
                if !self.advance(facts, choices, &refused.error) {
                    break;
                }
            }
        }
        Ok(Err(last))
    }

    /// Goes on to other values where a CHECK refused these; `false` when there are none.
    fn advance(&self, facts: &Facts, choices: &mut Choices, error: &ServerError) -> bool {
        let Some(check) = error
            .constraint
            .as_ref()
            .filter(|_| error.is(&SqlState::CHECK_VIOLATION))
        else {
            return false;
        };
        let is_of = |relation: &&Relation| match &error.table {
            Some((schema, table)) => relation.schema == *schema && relation.name == *table,
            None => true,
        };
        let mut relations = facts.relations.iter().filter(is_of);
        relations.any(|relation| choices.advance(self.spec, facts, relation, check))
    }

    /// Inserts the rows behind a savepoint. What the server refuses is the answer, and nothing is left then.
    async fn insert(
        &self,
        facts: &Facts,
        fixture: &Fixture,
        acting: Acting,
    ) -> Result<Option<Refused>, Failure> {
        let limit = limit(self.session);
        let mut batch = Batch::new();
        batch.one(Stage::Query, "SAVEPOINT pgplumb_rows");
        let timeout = call("statement_timeout", &format!("{}ms", limit.as_millis()));
        // bare names of the section are those of its suite, those of the application's functions its own
        let bare = resolved_in(&self.spec.schema);
        let own = self.application_path(facts, fixture);
        let of_given = path([Some(&*bare), own.as_deref()]);
        let of_rows = path([own.as_deref(), Some(&*bare)]);
        batch.one(
            Stage::Query,
            &format!("SELECT {timeout}, {}", call("search_path", &of_given)),
        );
        for given in &self.spec.given {
            if given.contains("{tenant}") || given.contains("{user}") {
                for tenant in &fixture.tenants {
                    batch.many(Stage::Before, &tenant.fill(given));
                }
            } else {
                batch.many(Stage::Before, given);
            }
        }
        batch.one(Stage::Query, &format!("SELECT {}", call("search_path", &of_rows)));
        self.add_rows(&mut batch, facts, fixture, acting);
        batch.one(Stage::Query, &format!("SELECT {timeout}"));
        let started = Instant::now();
        match batch.run(self.session.client()).await {
            Ok(_) => Ok(None),
            Err(mut failure) => {
                // a name of ours is no place that anybody could look up
                let row = failure.place.take().map(|place| place.file.path().to_string());
                let what = match (failure.stage, row) {
                    (Stage::Before, _) => What::Given,
                    (Stage::Begin, Some(path)) => What::Row(path),
                    (Stage::Begin, None) => What::Settings,
                    _ => return Err(failure),
                };
                let error = self.own(failure, started)?;
                self.undo().await?;
                Ok(Some(Refused { what, error }))
            }
        }
    }

    /// The rows, those that come after a user's own with the settings that make the user: nobody acts who is not there.
    fn add_rows(&self, batch: &mut Batch, facts: &Facts, fixture: &Fixture, acting: Acting) {
        let settings = || {
            let settings = self.spec.settings.iter();
            settings.filter(|(name, _)| !name.eq_ignore_ascii_case("search_path"))
        };
        let become_user = |user: Option<&Tenant>| {
            let calls: Vec<String> = settings()
                .map(|(name, value)| match user {
                    Some(user) => call(name, &user.fill(value)),
                    // NULL is the value that the session began with
                    None => format!("pg_catalog.set_config({}, NULL, true)", quote_literal(name)),
                })
                .collect();
            format!("SELECT {}", calls.join(", "))
        };
        let users = self
            .spec
            .user
            .as_ref()
            .map(|user| facts.relation(user).map(|relation| relation.oid));
        let mut is_there = [users.is_none() && acting == Acting::User && settings().next().is_some(); 2];
        let mut now = None;
        for row in &fixture.rows {
            let Some(relation) = facts.by_oid(row.relation) else {
                continue;
            };
            let wanted = is_there[row.tenant].then_some(row.tenant);
            if wanted != now {
                let user = wanted.map(|tenant| &fixture.tenants[tenant]);
                batch.one(Stage::Begin, &become_user(user));
                now = wanted;
            }
            batch.named(Stage::Begin, &relation.path, &row.make(relation));
            if users == Some(Some(row.relation)) && acting == Acting::User {
                is_there[row.tenant] = settings().next().is_some();
            }
        }
        if now.is_some() {
            batch.one(Stage::Begin, &become_user(None));
        }
    }

    /// The search_path that the application works with: that of the section, else of its role or database, else that of
    /// the connection.
    fn application_path(&self, facts: &Facts, fixture: &Fixture) -> Option<String> {
        let mut settings = self.spec.settings.iter();
        let of_section = settings.find(|(name, _)| name.eq_ignore_ascii_case("search_path"));
        of_section
            .map(|(_, value)| fixture.tenants[0].fill(value))
            .or_else(|| facts.role.as_ref()?.search_path.clone())
            .or_else(|| self.session.search_path().map(str::to_string))
    }

    /// Why rows could not be made, with what to write.
    fn problem(&self, facts: &Facts, refused: &Refused) -> Problem {
        let error = &refused.error;
        let section = format!("[isolation.{}]", self.spec.name);
        let of_section = |what: &str| {
            Problem::new(
                format!(
                    "`{what}` of {section} was refused: {} (SQLSTATE {})",
                    error.message, error.sqlstate
                ),
                format!("correct `{what}` of {section}"),
            )
            .of(format!("`{what}` of {section}"))
        };
        let path = match &refused.what {
            What::Given => return of_section("given"),
            What::Settings => return of_section("settings"),
            What::Row(path) => path,
        };
        let mut message = format!("a row of a tenant was refused: {}", error.message);
        // of a CHECK the whole row, which tells nothing more
        if let Some(detail) = error
            .detail
            .as_ref()
            .filter(|_| !error.is(&SqlState::CHECK_VIOLATION))
        {
            message.push_str(&format!(" ({detail})"));
        }
        message.push_str(&format!(" (SQLSTATE {})", error.sqlstate));
        // a trigger may write into another table than the row's own
        let relation = error.table.as_ref().and_then(|(schema, table)| {
            let mut relations = facts.relations.iter();
            relations.find(|relation| relation.schema == *schema && relation.name == *table)
        });
        let name = &self.spec.name;
        let rows = "or insert the rows of both tenants in its `given`, with {tenant} for the tenant";
        let help = match (relation, &error.constraint) {
            (Some(relation), Some(constraint)) if relation.path == *path => format!(
                "write values that {} accepts under [isolation.{name}.values.'{}']",
                quote_ident(constraint),
                relation.path
            ),
            // a function that the default, a trigger or the type calls
            _ if error.sqlstate.starts_with("42") => format!(
                "write values under [isolation.{name}.values.'{path}'] for the columns whose defaults fail, or                  settings = {{ search_path = \"…\" }} with the schemas that the application has, {rows}"
            ),
            _ => format!("write the values that it needs under [isolation.{name}.values.'{path}'], {rows}"),
        };
        Problem::new(message, help).of(format!("rows of {path} in isolation {name} ({})", error.message))
    }
}

/// Who rows are made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Acting {
    /// The tenant's user, by the settings of the section.
    User,
    /// Nobody that the database knows of.
    Nobody,
}

/// What the server did not accept.
struct Refused {
    what: What,
    error: ServerError,
}

enum What {
    Given,
    Settings,
    /// A row of this table.
    Row(String),
}
