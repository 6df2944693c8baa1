//! What a run has on a server that was lent: databases whose names tell the run, and a lock that tells whether it lives.
//!
//! The run's key is in the names of its databases, and is the key of an advisory lock that it holds for as long as it
//! lives. A lock ends with its session, however the run ends; so a database whose key nobody holds belongs to a run that
//! was killed. Locks of every database are seen from every other one. Roles have no such names, as scripts name them: the
//! run writes down which it made, in the comment of its first database.

use super::batch::{Batch, Failure, Reply, Stage};
use super::connect::Connection;
use crate::sql::name::{quote_ident, quote_literal};

/// Begins the name of every database that is made for a proof.
pub const PREFIX: &str = "pgplumb_prove_";

/// Begins the comment that lists roles.
const ROLES: &str = "roles of a pgplumb prove that runs:";

/// A run's part of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease(u64);

/// What a run that was killed has left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Orphan {
    pub database: String,
    /// The database's owner, when it is nobody that this connection may act for.
    pub foreign_owner: Option<String>,
    /// The roles that the run made, as far as they are there: by what the server calls them.
    pub roles: Vec<(String, String)>,
}

impl Lease {
    /// A key that no other run has: the moment and the process.
    pub fn fresh() -> Lease {
        let moment = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default();
        let process = u64::from(std::process::id() & 0xf_ffff);
        // milliseconds of 557 years, so that the names sort by time
        Lease((moment.as_millis() as u64 & 0xfff_ffff_ffff) << 20 | process)
    }

    /// The name of the run's n-th database.
    pub fn database(self, number: usize) -> String {
        format!("{PREFIX}{:016x}_{number}", self.0)
    }

    /// Takes the lock, which this connection then holds to its end; the server does not end it for being idle.
    ///
    /// # Errors
    /// [`Failure`] when the server refuses.
    pub async fn hold(self, admin: &Connection) -> Result<(), Failure> {
        run(
            admin,
            &format!(
                "SELECT pg_catalog.pg_advisory_lock({}), (SELECT pg_catalog.set_config(name, '0', false) \
                 FROM pg_catalog.pg_settings WHERE name = 'idle_session_timeout')",
                self.0 as i64
            ),
        )
        .await
        .map(drop)
    }
}

/// The advisory lock, in the database that [`Turn::COMMON`] names, that keeps runs apart.
const TURN_KEY: i64 = 0x7067_706c_756d_6270;

/// A run's turn at a server. Roles belong to no database: who makes some has the server alone, and all others share it.
pub struct Turn {
    connection: Connection,
}

impl Turn {
    /// Where runs meet: a lock is one of a database, and this one is on nearly every server.
    pub const COMMON: &'static str = "postgres";

    /// Waits for it; `waits` is called when others are at work.
    ///
    /// # Errors
    /// [`Failure`] when the server refuses.
    pub async fn take(connection: Connection, is_alone: bool, waits: impl Fn()) -> Result<Turn, Failure> {
        let shared = if is_alone { "" } else { "_shared" };
        // it takes as long as it takes, and the server does not end who waits
        run(
            &connection,
            "SELECT pg_catalog.set_config(name, '0', false) FROM pg_catalog.pg_settings \
             WHERE name IN ('idle_session_timeout', 'lock_timeout', 'statement_timeout', 'transaction_timeout')",
        )
        .await?;
        let tried = format!("SELECT pg_catalog.pg_try_advisory_lock{shared}({TURN_KEY})");
        if !is_true(&run(&connection, &tried).await?) {
            waits();
            run(
                &connection,
                &format!("SELECT pg_catalog.pg_advisory_lock{shared}({TURN_KEY})"),
            )
            .await?;
        }
        Ok(Turn { connection })
    }

    /// Whether no other run is at work; from then on none can begin, until [`share`](Turn::share).
    ///
    /// # Errors
    /// [`Failure`] when the server refuses.
    pub async fn try_alone(&self) -> Result<bool, Failure> {
        let tried = format!("SELECT pg_catalog.pg_try_advisory_lock({TURN_KEY})");
        Ok(is_true(&run(&self.connection, &tried).await?))
    }

    /// Gives back what [`try_alone`](Turn::try_alone) took.
    ///
    /// # Errors
    /// [`Failure`] when the server refuses.
    pub async fn share(&self) -> Result<(), Failure> {
        let given = format!("SELECT pg_catalog.pg_advisory_unlock({TURN_KEY})");
        run(&self.connection, &given).await.map(drop)
    }

    /// Ends it.
    pub async fn close(self) {
        self.connection.close().await;
    }
}

fn is_true(reply: &Reply) -> bool {
    reply
        .rows(Stage::Query)
        .next()
        .is_some_and(|row| row.get(0) == Some("t"))
}

/// The statement that writes down, at a run's first database, the roles that it made.
pub fn register_sql<'r>(database: &str, roles: impl Iterator<Item = &'r str>) -> String {
    let roles: Vec<&str> = roles.collect();
    let text = format!("{ROLES} {}", roles.join(" "));
    format!(
        "COMMENT ON DATABASE {} IS {}",
        quote_ident(database),
        quote_literal(&text)
    )
}

/// The condition that a comment of a database is no register.
pub fn is_no_register(comment: &str) -> String {
    format!("NOT pg_catalog.starts_with({comment}, {})", quote_literal(ROLES))
}

/// The databases of runs that no longer live, oldest first.
///
/// # Errors
/// [`Failure`] when the server refuses.
pub async fn orphans(admin: &Connection) -> Result<Vec<Orphan>, Failure> {
    let reply = run(
        admin,
        &format!(
            "SELECT d.datname, CASE WHEN NOT pg_catalog.pg_has_role(d.datdba, 'USAGE') THEN pg_catalog.pg_get_userbyid(d.datdba) END, \
             r.oid, r.rolname FROM pg_catalog.pg_database d LEFT JOIN pg_catalog.pg_roles r ON \
             NOT {} AND r.oid::text = ANY (pg_catalog.string_to_array(pg_catalog.shobj_description(d.oid, 'pg_database'), ' ')) \
             WHERE d.datname ~ '^{PREFIX}[0-9a-f]{{16}}_[0-9]+$' AND NOT EXISTS (SELECT FROM pg_catalog.pg_locks l \
             WHERE l.locktype = 'advisory' AND l.objsubid = 1 AND l.granted AND pg_catalog.substr(d.datname, {}, 16) = \
             pg_catalog.lpad(pg_catalog.to_hex(l.classid::bigint), 8, '0') || \
             pg_catalog.lpad(pg_catalog.to_hex(l.objid::bigint), 8, '0')) ORDER BY d.datname, r.oid",
            is_no_register("pg_catalog.shobj_description(d.oid, 'pg_database')"),
            PREFIX.len() + 1,
        ),
    )
    .await?;
    let mut orphans: Vec<Orphan> = Vec::new();
    for row in reply.rows(Stage::Query) {
        let text = |column: usize| row.get(column).map(str::to_string);
        let database = text(0).unwrap_or_default();
        if orphans.last().is_none_or(|last| last.database != database) {
            orphans.push(Orphan {
                database,
                foreign_owner: text(1),
                roles: Vec::new(),
            });
        }
        if let (Some(orphan), Some(oid), Some(name)) = (orphans.last_mut(), text(2), text(3)) {
            orphan.roles.push((oid, name));
        }
    }
    Ok(orphans)
}

async fn run(admin: &Connection, sql: &str) -> Result<Reply, Failure> {
    let mut batch = Batch::new();
    batch.one(Stage::Query, sql);
    batch.run(&admin.client).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::scratch::{Options, Scratch};

    #[test]
    fn a_name_has_the_key_in_sixteen_digits() {
        assert_eq!(Lease(0x1f).database(2), "pgplumb_prove_000000000000001f_2");
        assert_eq!(Lease(u64::MAX).database(1), "pgplumb_prove_ffffffffffffffff_1");
        assert_ne!(Lease::fresh().0 >> 20, 0);
    }

    #[tokio::test]
    async fn what_nobody_holds_is_an_orphan() {
        let scratch = Scratch::start(Options::default()).await.unwrap();
        let (living, dead) = (Lease(0x8000_0001_9000_0002), Lease(7));
        let names = [living.database(1), dead.database(1), dead.database(2)];
        for name in &names {
            scratch.create_database(name, None).await.unwrap();
        }
        // names that only resemble them
        scratch.create_database("pgplumb_prove_7_1", None).await.unwrap();
        scratch
            .create_database(&format!("x{}", names[1]), None)
            .await
            .unwrap();
        let admin = scratch.connect("postgres").await.unwrap();
        run(&admin, "CREATE ROLE \"Made by it\"").await.unwrap();
        run(&admin, "CREATE ROLE other").await.unwrap();
        let reply = run(&admin, "SELECT oid FROM pg_roles WHERE rolname = 'Made by it'")
            .await
            .unwrap();
        let oid = reply
            .rows(Stage::Query)
            .next()
            .unwrap()
            .get(0)
            .unwrap()
            .to_string();
        let listed = [oid.as_str(), "4294967295"];
        run(&admin, &register_sql(&names[1], listed.into_iter()))
            .await
            .unwrap();
        run(&admin, &format!("COMMENT ON DATABASE {} IS '{oid}'", names[2]))
            .await
            .unwrap();
        // held from another database
        let holder = scratch.connect("template1").await.unwrap();
        living.hold(&holder).await.unwrap();
        let found = orphans(&admin).await.unwrap();
        let expected = |database: &str, roles: &[&str]| Orphan {
            database: database.to_string(),
            foreign_owner: None,
            roles: roles
                .iter()
                .map(|name| (oid.clone(), (*name).to_string()))
                .collect(),
        };
        assert_eq!(
            found,
            [expected(&names[1], &["Made by it"]), expected(&names[2], &[])]
        );
        // who may not act for the owner is told
        run(&admin, "CREATE ROLE stranger LOGIN").await.unwrap();
        run(&admin, "SET SESSION AUTHORIZATION stranger").await.unwrap();
        let found = orphans(&admin).await.unwrap();
        assert_eq!(found[0].foreign_owner.as_deref(), Some("postgres"));
        run(&admin, "RESET SESSION AUTHORIZATION").await.unwrap();
        holder.close().await;
        let begin = std::time::Instant::now();
        while orphans(&admin).await.unwrap().len() < 3 {
            assert!(begin.elapsed().as_secs() < 20, "the lock never went");
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        admin.close().await;
    }
}
