//! Looking up in the live database what a plan names: one statement, one row.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::batch::{Batch, Failure, Reply, Stage};
use super::catalog::names as array;
use super::error::Error;
use super::session::Session;
use crate::migration::MigrationScript;
use crate::preflight::{Existing, Extensions, FunctionFacts, Names, RelationFacts, Rights, SchemaFacts};
use crate::sql::name::do_block;

#[derive(Deserialize)]
struct Answer {
    schemas: Vec<(String, bool, bool)>,
    relations: Vec<Relation>,
    types: Vec<(String, String)>,
    labels: Vec<(String, String, String)>,
    functions: Vec<Function>,
    roles: Vec<String>,
    extensions: BTreeMap<String, String>,
    available: Vec<(String, bool)>,
    languages: Vec<String>,
    tablespaces: Vec<String>,
    search_path: String,
    role: String,
    superuser: bool,
    create_role: bool,
    create_schema: bool,
    database: String,
    standby: bool,
    read_only: bool,
    nearby: Vec<(String, String)>,
    busy: Vec<Busy>,
    may_become: Vec<(String, bool)>,
    login: String,
    open: Vec<Open>,
}

#[derive(Deserialize)]
struct Relation {
    schema: String,
    name: String,
    kind: String,
    columns: Vec<String>,
    parts: Vec<String>,
    on_schema: Option<String>,
    on_name: Option<String>,
    owned: bool,
    may_reference: bool,
}

#[derive(Deserialize)]
struct Function {
    schema: String,
    name: String,
    arguments: String,
    count: usize,
    defaults: usize,
    variadic: bool,
    body: Option<String>,
}

/// Who holds a lock on a relation of the plan, or will keep one for long.
#[derive(Deserialize)]
struct Busy {
    relation: String,
    pid: Option<i32>,
    prepared: Option<String>,
    user: Option<String>,
    seconds: f64,
    vacuum: bool,
}

/// A transaction whose snapshot is older than what is to begin.
#[derive(Deserialize)]
struct Open {
    pid: i32,
    user: Option<String>,
    seconds: f64,
}

/// Statements that look up the names; the answer is one row with one column. A block looks, so that questions about what
/// is not there are not even planned, and leaves what it found in a setting of the transaction.
fn lookup_sql(names: &Names, version_num: u32, nearby: bool) -> [String; 2] {
    let may_create = if version_num >= 130_000 {
        "is_superuser or (v.trusted or not v.superuser) \
         and pg_catalog.has_database_privilege(pg_catalog.current_database(), 'create')"
    } else {
        "is_superuser or not v.superuser \
         and pg_catalog.has_database_privilege(pg_catalog.current_database(), 'create')"
    };
    let membership = if version_num >= 160_000 {
        "'SET'"
    } else {
        "'MEMBER'"
    };
    let mut look = include_str!("sql/preflight.sql").to_string();
    // a block is taken apart in full before it runs: what is not asked is left out
    for (condition, is_asked) in [
        ("{asks_functions}", !names.functions.is_empty()),
        ("{asks_roles}", !names.roles.is_empty()),
        ("{asks_acts_as}", !names.acts_as.is_empty()),
        ("{asks_available}", !names.available.is_empty()),
        ("{asks_tablespaces}", !names.tablespaces.is_empty()),
        ("{asks_nearby}", nearby),
        ("{asks_snapshots}", names.waits_for_all.is_some()),
    ] {
        look = match is_asked {
            true => look.replace(condition, "true"),
            false => without(&look, condition),
        };
    }
    look = look
        .replace("{become}", membership)
        .replace("{may_create}", may_create);
    // a thousand migrations have long lists: one is put in after the other
    for (place, list) in [
        ("{acts_as}", &names.acts_as),
        ("{tablespaces}", &names.tablespaces),
        ("{available}", &names.available),
        ("{roles}", &names.roles),
        ("{called}", &names.called),
        ("{functions}", &names.functions),
        ("{locked}", &names.locked),
        ("{relations}", &names.relations),
        ("{types}", &names.types),
    ] {
        look = look.replace(place, &array(list.iter()));
    }
    let answer = "SELECT pg_catalog.current_setting('pgplumb.existing') AS existing".to_string();
    [do_block(&look), answer]
}

/// The block without what it does on a condition.
fn without(block: &str, condition: &str) -> String {
    let asked = block.split_once(&format!("    IF {condition} THEN\n"));
    let rest = asked.and_then(|(before, asked)| Some((before, asked.split_once("\n    END IF;\n")?.1)));
    rest.map_or(block.to_string(), |(before, behind)| format!("{before}{behind}"))
}

impl Session {
    /// Looks up the names of a plan, in one round trip and a transaction of its own that writes nothing. With
    /// `nearby`, the relations of all schemas as well, for what a misspelt name could have meant. The numbers are of those
    /// of the `scripts` that the server's grammar refuses.
    ///
    /// # Errors
    /// [`Failure`] when the server refuses or is lost; the transaction is to be rolled back then.
    pub async fn look_up(
        &self,
        names: &Names,
        nearby: bool,
        scripts: &[&MigrationScript],
    ) -> Result<(Existing, Vec<usize>), Failure> {
        let mut batch = self.begin_question();
        self.read_existing(&mut batch, names, nearby);
        let asked = self.ask_grammar(batch, scripts).await;
        let (reply, refused) = asked.answer().await?;
        let reply = reply.ok_or_else(|| Failure::of(Error::Unexpected("no answer came".to_string())))?;
        Ok((self.existing_of(&reply, names)?, refused))
    }

    /// Adds the statements that look up the names.
    pub fn read_existing(&self, batch: &mut Batch, names: &Names, nearby: bool) {
        for statement in lookup_sql(names, self.version_num(), nearby) {
            batch.one(Stage::Query, &statement);
        }
    }

    /// Decodes the answer of [`read_existing`](Session::read_existing).
    ///
    /// # Errors
    /// [`Failure`] when the answer is not what was asked for.
    pub fn existing_of(&self, reply: &Reply, names: &Names) -> Result<Existing, Failure> {
        let unexpected = |message: String| Failure::of(Error::Unexpected(message));
        let text = reply
            .rows(Stage::Query)
            .find_map(|row| row.try_get("existing").ok().flatten())
            .ok_or_else(|| unexpected("no row for what exists".to_string()))?;
        let answer: Answer = serde_json::from_str(text)
            .map_err(|error| unexpected(format!("what exists could not be read: {error}")))?;
        Ok(existing(answer, self.version_num(), names.waits_for_all))
    }
}

fn existing(answer: Answer, version_num: u32, waiting: Option<&str>) -> Existing {
    let held: BTreeSet<Option<i32>> = answer.busy.iter().map(|busy| busy.pid).collect();
    let open = answer.open.iter().filter(|open| !held.contains(&Some(open.pid)));
    let open = waiting.map(|what| open.map(|open| open_sentence(open, what)).collect::<Vec<_>>());
    let mut existing = Existing {
        path: crate::preflight::schemas_of(&answer.search_path, &answer.role).unwrap_or_default(),
        roles: answer.roles.into_iter().collect(),
        types: answer.types.into_iter().collect(),
        extensions: Extensions {
            installed: answer.extensions.keys().cloned().collect(),
            versions: answer.extensions,
            available: answer.available.into_iter().collect(),
        },
        languages: answer.languages.into_iter().collect(),
        tablespaces: answer.tablespaces.into_iter().collect(),
        rights: Rights {
            role: answer.role,
            login: answer.login,
            superuser: answer.superuser,
            create_role: answer.create_role,
            create_schema: answer.create_schema,
            database: answer.database,
        },
        version_num,
        standby: answer.standby,
        read_only: answer.read_only,
        nearby: answer.nearby,
        busy: answer
            .busy
            .iter()
            .map(sentence)
            .chain(open.unwrap_or_default())
            .collect(),
        may_become: answer.may_become.into_iter().collect(),
        ..Existing::default()
    };
    for (schema, name, label) in answer.labels {
        existing.labels.entry((schema, name)).or_default().insert(label);
    }
    for (name, create, usage) in answer.schemas {
        existing.schemas.insert(name, SchemaFacts { create, usage });
    }
    for relation in answer.relations {
        let facts = RelationFacts {
            kind: relation.kind.chars().next().unwrap_or('r'),
            columns: Some(relation.columns.into_iter().collect()),
            parts: relation.parts.into_iter().collect(),
            on: relation.on_schema.zip(relation.on_name),
            owned: relation.owned,
            may_reference: relation.may_reference,
            touched: false,
        };
        existing.relations.insert((relation.schema, relation.name), facts);
    }
    for function in answer.functions {
        let fewest = function.count.saturating_sub(function.defaults);
        let facts = FunctionFacts {
            arguments: function.arguments,
            fewest: fewest.saturating_sub(usize::from(function.variadic)),
            most: if function.variadic {
                usize::MAX
            } else {
                function.count
            },
            mentions: function
                .body
                .map_or_else(BTreeSet::new, |body| crate::sql::require::words(&body).collect()),
        };
        existing
            .functions
            .entry((function.schema, function.name))
            .or_default()
            .push(facts);
    }
    existing
}

/// Who is in the way, and what to do about it.
fn sentence(busy: &Busy) -> (String, String) {
    let relation = &busy.relation;
    if let Some(name) = &busy.prepared {
        return (
            format!("a prepared transaction, {name}, holds a lock on {relation}"),
            format!("settle it: COMMIT PREPARED or ROLLBACK PREPARED '{name}'"),
        );
    }
    let pid = busy.pid.unwrap_or_default();
    if busy.vacuum {
        return (
            format!(
                "autovacuum (pid {pid}) is at work on {relation} to prevent wraparound, and does not give way to a lock"
            ),
            "wait until it is done: see pg_stat_progress_vacuum".to_string(),
        );
    }
    (
        format!(
            "a transaction of {} (pid {pid}) has held a lock on {relation} for {:.0} s",
            busy.user.as_deref().unwrap_or("somebody"),
            busy.seconds
        ),
        format!("wait until it ends, or end it: SELECT pg_terminate_backend({pid})"),
    )
}

/// Who keeps an index from being built beside the readers and writers, and what to do about it.
fn open_sentence(open: &Open, what: &str) -> (String, String) {
    let Open { pid, user, seconds } = open;
    (
        format!(
            "a transaction of {} (pid {pid}) has been open for {seconds:.0} s, and {what} waits for every older one, whatever \
             it looks at",
            user.as_deref().unwrap_or("somebody")
        ),
        format!("wait until it ends, or end it: SELECT pg_terminate_backend({pid})"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_asked_is_left_out() {
        let blocks = [
            "pg_roles",
            "pg_has_role(session_user",
            "pg_available_extension_versions",
            "pg_tablespace t",
        ];
        let asked = |names: &Names| {
            let [look, _] = lookup_sql(names, 150_000, false);
            blocks.map(|block| look.contains(block))
        };
        let one = |name: &str| [name.to_string()].into();
        assert_eq!(asked(&Names::default()), [false; 4]);
        let tablespaces = Names {
            tablespaces: one("fast"),
            ..Names::default()
        };
        assert_eq!(asked(&tablespaces), [false, false, false, true]);
        let all = Names {
            roles: one("app"),
            acts_as: one("app"),
            available: one("citext"),
            tablespaces: one("fast"),
            ..Names::default()
        };
        assert_eq!(asked(&all), [true; 4]);
        assert!(lookup_sql(&all, 150_000, true)[0].contains("limit 5000"));
    }
}
