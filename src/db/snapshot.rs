//! The whole catalog: read at once, or kept up to date by reading what changed.
//!
//! [`whole_sql`] is one text for one reading. A [`Follower`] keeps a session of its own on a database that somebody
//! else changes, with a transaction open whose snapshot is older than the change: there the rows of the catalog that
//! were deleted or replaced since are still to be seen, and have their `xmax` set. The new rows are those whose `xmin`
//! is not older than that snapshot. Both together name every object that changed, and what depends on these is read
//! again with them, since names stand in its definition. So a reading costs what changed, not what is there.

use std::collections::BTreeSet;

use tokio_postgres::{SimpleQueryMessage, SimpleQueryRow};

use super::catalog::{self, RELATION_STATEMENTS, SETTINGS, for_version};
use super::connect::Connection;
use super::error::Error;
use crate::catalog::{Catalog, Kind, ObjectId, Scope, Stated, Tracked};

/// What a statement reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reads {
    Relations,
    Types,
    Functions,
    /// Roles, schemas, extensions, …: few, so always all of them.
    Few,
    /// What no check names, of all of them.
    Details,
    Other,
}

/// The statements that read everything, each with what it reads; objects are named by the sets of oids in the
/// place of the three texts.
fn statements(version_num: u32, relations: &str, types: &str, functions: &str) -> Vec<(Reads, String)> {
    let fill = |sql: &str| {
        let sql = sql
            .replace("{relation}", catalog::RELATION)
            .replace("{wanted}", &format!("unnest({relations}) as wanted (oid)"))
            .replace("{defined}", "true")
            .replace("{chosen}", "true")
            .replace("{position}", catalog::POSITION)
            .replace("{types}", types)
            .replace("{functions}", functions);
        privileges(&for_version(&sql, version_num))
    };
    let nothing = Scope::default();
    let mut all: Vec<(Reads, String)> = catalog::bare_statements(&nothing)
        .into_iter()
        .map(|(_, _, sql, _, own)| (Reads::Few, fill(&sql.replace("{names}", own))))
        .collect();
    for sql in [
        include_str!("sql/enum.sql"),
        include_str!("sql/composite.sql"),
        include_str!("sql/range.sql"),
        include_str!("sql/domain.sql"),
    ] {
        all.push((Reads::Types, fill(sql)));
    }
    all.extend(
        RELATION_STATEMENTS
            .iter()
            .map(|(_, sql)| (Reads::Relations, fill(sql))),
    );
    all.extend([
        (Reads::Functions, fill(include_str!("sql/function.sql"))),
        (Reads::Details, fill(include_str!("sql/details.sql"))),
        (Reads::Other, fill(include_str!("sql/other.sql"))),
    ]);
    all
}

/// Fills in `{acl}(type)(privileges)(owner)(condition)`: what differs from the privileges that an object of that
/// type has by itself, as an array of words.
fn privileges(sql: &str) -> String {
    let mut text = String::new();
    let mut rest = sql;
    while let Some((before, after)) = rest.split_once("{acl}") {
        text.push_str(before);
        rest = after;
        let mut arguments = [""; 4];
        for argument in &mut arguments {
            let end = closing(rest);
            *argument = &rest[1..end];
            rest = &rest[end + 1..];
        }
        let [kind, acl, owner, condition] = arguments;
        let rows = |of: &str, verb: &str, other: &str| {
            format!(
                "select '{verb} ' || lower(granted.privilege_type collate \"C\") || ' to ' || case granted.grantee when 0 then 'public' \
                 else quote_ident(pg_get_userbyid(granted.grantee)) end \
                 || case when granted.is_grantable then ' with grant option' else '' end as word from ( \
                 select a.grantee, a.privilege_type, a.is_grantable from aclexplode({of}) as a \
                 except select a.grantee, a.privilege_type, a.is_grantable from aclexplode({other}) as a) as granted \
                 where {acl} is not null {condition}"
            )
        };
        let own = format!("acldefault(({kind})::\"char\", {owner})");
        text.push_str(&format!(
            "array(select p.word from ({} union all {}) as p order by p.word)",
            rows(acl, "granted", &own),
            rows(&own, "not granted", acl)
        ));
    }
    text.push_str(rest);
    text
}

/// Where the parenthesis closes that the text begins with.
fn closing(text: &str) -> usize {
    let mut depth = 0;
    for (at, character) in text.char_indices() {
        match character {
            '(' => depth += 1,
            ')' => {
                depth -= 1;
                if depth == 0 {
                    return at;
                }
            }
            _ => {}
        }
    }
    text.len() - 1
}

/// One text that reads everything in a database but what belongs to the server, to extensions and to pgplumb; for a
/// transaction in which [`SETTINGS`] are in force.
pub fn whole_sql(version_num: u32) -> String {
    whole_sql_stating(version_num, Stated::default())
}

/// The same, with what suites may state of it.
pub fn whole_sql_stating(version_num: u32, stated: Stated) -> String {
    let every = || BTreeSet::from([("*".to_string(), "*".to_string())]);
    let scope = Scope {
        relation_patterns: every(),
        type_patterns: every(),
        function_patterns: every(),
        all: BTreeSet::from(FEW),
        stated,
        ..Scope::default()
    };
    let mut text = catalog::read_sql(&scope, version_num);
    let setting = |name: &str| format!("current_setting('pgplumb.{name}')::oid[]");
    let all = statements(
        version_num,
        &setting("relations"),
        &setting("types"),
        &setting("functions"),
    );
    for (_, sql) in all
        .iter()
        .filter(|(reads, _)| matches!(reads, Reads::Details | Reads::Other))
    {
        text.push_str(sql);
    }
    text
}

/// Kinds in no schema: read as a whole, since there are few.
const FEW: [Kind; 7] = [
    Kind::Role,
    Kind::Schema,
    Kind::Extension,
    Kind::Server,
    Kind::EventTrigger,
    Kind::DefaultPrivileges,
    Kind::Publication,
];

/// Follows a database that somebody else changes.
pub struct Follower {
    connection: Connection,
    /// What the prepared statements read; their names are their numbers.
    reads: Vec<Reads>,
    /// The first transaction that the open snapshot does not see, as the server prints it.
    since: String,
    pub tracked: Tracked,
    /// Whether a transaction is open that can tell what changed.
    watching: bool,
}

/// The objects that changed, by the sets that the statements take.
#[derive(Debug, Default)]
struct Touched {
    relations: Vec<String>,
    types: Vec<String>,
    functions: Vec<String>,
    other: bool,
    gone: BTreeSet<ObjectId>,
}

/// Ends a reading, whose definitions hold locks on relations until then, and begins to watch.
const WATCH: &str = "commit; begin isolation level repeatable read read only;";

const MARK: &str =
    "select 'mark' as unit, (txid_snapshot_xmax(txid_current_snapshot()) % 4294967296)::text as name;";

impl Follower {
    /// Reads everything. The session is the follower's own: nothing of the scripts reaches it.
    ///
    /// # Errors
    /// [`Error`] when the server refuses or is lost.
    pub async fn start(connection: Connection) -> Result<Follower, Error> {
        Follower::resume(connection, Tracked::default()).await
    }

    /// Goes on in another database with what is known and marked: everything is read there.
    ///
    /// # Errors
    /// [`Error`] when the server refuses or is lost.
    pub async fn resume(connection: Connection, tracked: Tracked) -> Result<Follower, Error> {
        let version_num = connection.server.version_num;
        let mut text = SETTINGS.replace("set local", "set");
        text.push_str("set plan_cache_mode to force_generic_plan;");
        let mut reads = Vec::new();
        for (number, (what, sql)) in statements(version_num, "$1", "$2", "$3").into_iter().enumerate() {
            text.push_str(&format!(
                "prepare pgplumb_{number} (oid[], oid[], oid[]) as {sql}"
            ));
            reads.push(what);
        }
        let touched = for_version(include_str!("sql/touched.sql"), version_num);
        let old = touched
            .replace("{dependents}", "")
            .replace("{changed}", "xmax::text <> '0'");
        let new = touched
            .replace(
                "{dependents}",
                "union all select d.classid, d.objid from raw join pg_depend d on d.refclassid = raw.class and d.refobjid = raw.id \
                 where raw.class <> 'pg_namespace'::regclass and d.deptype <> 'e'",
            )
            .replace("{changed}", "age(xmin) <= age($1)");
        text.push_str(&format!("prepare pgplumb_old as {old}"));
        text.push_str(&format!("prepare pgplumb_new (xid) as {new}"));
        let mut follower = Follower {
            connection,
            reads,
            since: String::new(),
            tracked,
            watching: false,
        };
        follower.ask(&text).await?;
        follower.read_all().await?;
        Ok(follower)
    }

    async fn ask(&self, text: &str) -> Result<Vec<SimpleQueryMessage>, Error> {
        self.connection
            .client
            .simple_query(text)
            .await
            .map_err(Error::from)
    }

    /// Lets go of the open snapshot: before a statement that waits for all of them, as CREATE INDEX CONCURRENTLY
    /// does. The next [`update`](Follower::update) reads everything.
    ///
    /// # Errors
    /// [`Error`] when the server is lost.
    pub async fn look_away(&mut self) -> Result<(), Error> {
        if std::mem::take(&mut self.watching) {
            self.ask("commit").await?;
        }
        Ok(())
    }

    /// Brings [`tracked`](Follower::tracked) up to date with what was committed meanwhile.
    ///
    /// # Errors
    /// [`Error`] when the server refuses or is lost.
    pub async fn update(&mut self) -> Result<(), Error> {
        if !self.watching {
            return self.read_all().await;
        }
        let answer = self
            .ask(&format!(
                "execute pgplumb_old; {WATCH} execute pgplumb_new('{}');",
                self.since
            ))
            .await?;
        let touched = self.touched(&answer);
        let list = |oids: &[String]| format!("'{{{}}}'", oids.join(","));
        let mut text = String::new();
        for (number, what) in self.reads.iter().enumerate() {
            let wanted = match what {
                Reads::Relations => !touched.relations.is_empty(),
                Reads::Types => !touched.types.is_empty(),
                Reads::Functions => !touched.functions.is_empty(),
                Reads::Few | Reads::Details => true,
                Reads::Other => touched.other,
            };
            if wanted {
                text.push_str(&format!(
                    "execute pgplumb_{number}({}, {}, {});",
                    list(&touched.relations),
                    list(&touched.types),
                    list(&touched.functions)
                ));
            }
        }
        text.push_str(&format!("{WATCH} {MARK}"));
        let answer = self.ask(&text).await?;
        self.note_mark(&answer);
        let now = catalog::decode(&answer)?;
        let mut gone = touched.gone;
        let mut few = FEW.to_vec();
        if touched.other {
            few.push(Kind::Other);
        }
        let known = self.tracked.catalog();
        for kind in few {
            let ids = |catalog: &Catalog| -> BTreeSet<ObjectId> {
                catalog.of_kind(kind).map(|object| object.id.clone()).collect()
            };
            let (before, after) = (ids(known), ids(&now));
            // a new name for a role or a schema stands in objects whose own rows did not change
            let is_renamed =
                before.difference(&after).next().is_some() && after.difference(&before).next().is_some();
            if is_renamed && matches!(kind, Kind::Role | Kind::Schema) {
                self.look_away().await?;
                return self.read_all().await;
            }
            gone.extend(before);
        }
        self.tracked.replace(gone, now);
        Ok(())
    }

    /// Reads everything, and watches from here on.
    ///
    /// # Errors
    /// [`Error`] when the server refuses or is lost.
    pub async fn read_all(&mut self) -> Result<(), Error> {
        let sets = [
            (
                "relations",
                "pg_class",
                "relnamespace",
                "o.relkind in ('r', 'p', 'f', 'v', 'm', 'S')",
            ),
            (
                "types",
                "pg_type",
                "typnamespace",
                "(o.typtype in ('e', 'd', 'r') or o.typtype = 'c' and exists (select from pg_class k where k.oid = o.typrelid \
                 and k.relkind = 'c'))",
            ),
            ("functions", "pg_proc", "pronamespace", "true"),
        ];
        let mut text = "begin isolation level repeatable read read only;".to_string();
        for (set, catalog, schema, condition) in sets {
            // the constructors of a range type are its own
            let membership = if set == "functions" { "('e', 'i')" } else { "('e')" };
            text.push_str(&format!(
                "select set_config('pgplumb.{set}', (select coalesce(array_agg(o.oid), '{{}}')::text from {catalog} o \
                 join pg_namespace n on n.oid = o.{schema} where n.nspname !~ '^pg_' \
                 and n.nspname <> 'information_schema' and {condition} and not exists (select from pg_depend e \
                 where e.classid = '{catalog}'::regclass and e.objid = o.oid and e.deptype in {membership})), true);"
            ));
        }
        let [relations, types, functions] =
            sets.map(|(set, ..)| format!("current_setting('pgplumb.{set}')::oid[]"));
        for number in 0..self.reads.len() {
            text.push_str(&format!(
                "execute pgplumb_{number}({relations}, {types}, {functions});"
            ));
        }
        text.push_str(&format!("{WATCH} {MARK}"));
        self.watching = true;
        let answer = self.ask(&text).await?;
        self.note_mark(&answer);
        let now = catalog::decode(&answer)?;
        self.tracked.replace_all(now);
        Ok(())
    }

    fn note_mark(&mut self, answer: &[SimpleQueryMessage]) {
        if let Some(mark) = rows(answer).find(|row| row.get(0) == Some("mark")) {
            self.since = mark.get(1).unwrap_or_default().to_string();
        }
    }

    /// What the two lists say.
    fn touched(&mut self, answer: &[SimpleQueryMessage]) -> Touched {
        let mut touched = Touched::default();
        for row in rows(answer) {
            let text = |name: &str| row.try_get(name).ok().flatten().unwrap_or_default().to_string();
            let unit = text("unit");
            match unit.as_str() {
                "other" => touched.other = true,
                _ => {
                    let (schema, name, oid) = (text("schema"), text("name"), text("oid"));
                    let (oids, known) = match unit.as_str() {
                        "relation" => (&mut touched.relations, self.tracked.of_relation(&schema, &name)),
                        "type" => (
                            &mut touched.types,
                            Kind::TYPES
                                .iter()
                                .map(|&kind| ObjectId::new(kind, &schema, &name))
                                .collect(),
                        ),
                        _ => {
                            let overloads = self.tracked.catalog().on_relation(Kind::Function, &schema, "");
                            let stem = name.split_once('(').map_or(name.as_str(), |(stem, _)| stem);
                            let same = overloads
                                .filter(|object| {
                                    object
                                        .id
                                        .name
                                        .split_once('(')
                                        .is_some_and(|(name, _)| name == stem)
                                })
                                .map(|object| object.id.clone())
                                .collect();
                            (&mut touched.functions, same)
                        }
                    };
                    touched.gone.extend(known);
                    // also of the old list: what lost a trigger has no new row; what is gone is not found again
                    if !oids.contains(&oid) {
                        oids.push(oid);
                    }
                }
            }
        }
        touched
    }

    /// Ends the session.
    pub async fn close(self) -> Tracked {
        self.connection.close().await;
        self.tracked
    }
}

fn rows(answer: &[SimpleQueryMessage]) -> impl Iterator<Item = &SimpleQueryRow> {
    answer.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::diff::diff;
    use crate::db::scratch::{Options, Scratch};

    /// What is done to a database, one statement a line; after each the followed catalog is what a reading finds.
    const HISTORY: &str = include_str!("snapshot_history.sql");

    async fn whole(connection: &Connection) -> Catalog {
        let sql = format!(
            "begin; {SETTINGS} {} rollback",
            whole_sql(connection.server.version_num)
        );
        catalog::decode(&connection.client.simple_query(&sql).await.unwrap()).unwrap()
    }

    #[tokio::test]
    async fn what_is_followed_is_what_is_there() {
        let scratch = Scratch::start(Options::default()).await.unwrap();
        let script = scratch.connect("postgres").await.unwrap();
        let mut follower = Follower::start(scratch.connect("postgres").await.unwrap())
            .await
            .unwrap();
        let version = script.server.version_num / 10_000;
        let mut problems = Vec::new();
        for line in HISTORY.lines().filter(|line| !line.is_empty()) {
            let (since, statement) = match line.strip_prefix("--") {
                Some(rest) => {
                    let (since, statement) = rest.split_once(' ').unwrap();
                    (since.parse().unwrap(), statement)
                }
                None => (12, line),
            };
            if version < since {
                continue;
            }
            let before = whole(&script).await;
            let mark = follower.tracked.mark();
            if let Err(error) = script.client.batch_execute(statement).await {
                problems.push(format!("{statement}: {error:?}"));
                continue;
            }
            follower.update().await.unwrap();
            let now = whole(&script).await;
            let changes = diff(&before, &now);
            let missed = diff(&now, follower.tracked.catalog());
            if !missed.is_empty() {
                problems.push(format!("{statement}: {missed:?}"));
            } else if follower.tracked.changes_since(mark) != changes {
                problems.push(format!("{statement}: other changes"));
            }
            if changes.is_empty() {
                problems.push(format!("{statement}: changed nothing that is read"));
            }
            follower.tracked.release(mark);
        }
        assert!(problems.is_empty(), "{}", problems.join("\n"));
    }

    #[tokio::test]
    async fn what_a_snapshot_would_block_is_read_anew() {
        let scratch = Scratch::start(Options::default()).await.unwrap();
        let script = scratch.connect("postgres").await.unwrap();
        script
            .client
            .batch_execute("create table t (a integer)")
            .await
            .unwrap();
        let mut follower = Follower::start(scratch.connect("postgres").await.unwrap())
            .await
            .unwrap();
        follower.look_away().await.unwrap();
        script
            .client
            .batch_execute("create index concurrently i on t (a)")
            .await
            .unwrap();
        follower.update().await.unwrap();
        assert!(
            follower
                .tracked
                .catalog()
                .get(&ObjectId::on(Kind::Index, "public", "t", "i"))
                .is_some()
        );
        // and watches again
        script.client.batch_execute("drop table t").await.unwrap();
        follower.update().await.unwrap();
        assert_eq!(follower.tracked.catalog().of_kind(Kind::Index).count(), 0);
    }

    #[test]
    fn privileges_are_compared_with_those_that_come_by_themselves() {
        let sql = privileges("select {acl}('f')(p.acl)(f(p.owner))(and true), 1");
        assert!(sql.contains("acldefault(('f')::\"char\", f(p.owner))"), "{sql}");
        assert!(sql.ends_with(", 1") && !sql.contains("{acl}"), "{sql}");
    }
}
