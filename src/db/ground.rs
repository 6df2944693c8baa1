//! Databases to try things on: made on a throw-away server or on one that the user names, and dropped again, with the
//! roles that scripts made meanwhile.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::batch::{Batch, Failure, Stage};
use super::connect::{ConnectError, Connection, connect};
use super::lease::{self, Lease, Orphan, Turn};
use super::parameters::Parameters;
use super::scratch::{Options, Scratch, ScratchError};
use crate::sql::name::{quote_ident, quote_literal};

/// How long a session that just ended may still be counted as using a database.
const LEAVING: Duration = Duration::from_secs(10);

/// Roles by what the server calls them, whatever their names: they belong to no database.
pub type Roles = BTreeMap<String, String>;

/// A server, and what was made on it.
pub struct Ground {
    /// Ours, and gone with this value.
    server: Option<Scratch>,
    parameters: Parameters,
    /// Makes and drops databases; in none of them.
    admin: Connection,
    lease: Lease,
    /// On a server that was lent.
    turn: Option<Turn>,
    made: Vec<String>,
    count: usize,
    /// The roles that were there before, and those that scripts made since.
    roles: Roles,
    made_roles: BTreeSet<String>,
    /// What runs that were killed had left here.
    cleared: Cleared,
    /// Owns every database that is made; who connects when not given.
    owner: Option<String>,
}

/// Whether scripts can run as a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    Ready,
    /// It was not there; on a server of our own it is made.
    Made,
    Missing,
    /// The user who connects is no member of it.
    NotOurs,
}

/// What was done about runs that were killed: as objects in words, `database x`, `role y`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cleared {
    pub dropped: Vec<String>,
    /// What is still there, with the reason.
    pub left: Vec<(String, String)>,
}

/// Why there is no ground.
#[derive(Debug)]
pub enum GroundError {
    Scratch(ScratchError),
    Connect(ConnectError),
    Refused(Failure),
}

impl Ground {
    /// A throw-away server of our own.
    ///
    /// # Errors
    /// [`GroundError`]; nothing is left behind then.
    pub async fn own() -> Result<Ground, GroundError> {
        let server = Scratch::start(Options::default())
            .await
            .map_err(GroundError::Scratch)?;
        let parameters = server.parameters("postgres");
        Ground::at(Some(server), parameters).await
    }

    /// A server that is there: `parameters` name a database of it to start from, which stays as it is. Who `makes_roles`
    /// has it alone, as every other run would see them; `waits` is called when others are at work.
    ///
    /// # Errors
    /// [`GroundError`].
    pub async fn on(
        parameters: Parameters,
        makes_roles: bool,
        waits: impl Fn(),
    ) -> Result<Ground, GroundError> {
        // where nobody may connect to that one, those meet who name the same
        let connection = match connect(&parameters.with_database(Turn::COMMON)).await {
            Ok(connection) => connection,
            Err(_) => connect(&parameters).await.map_err(GroundError::Connect)?,
        };
        let turn = Turn::take(connection, makes_roles, waits)
            .await
            .map_err(GroundError::Refused)?;
        let mut ground = Ground::at(None, parameters).await?;
        ground.lend(&turn).await.map_err(GroundError::Refused)?;
        ground.roles = ground.roles().await.map_err(GroundError::Refused)?;
        ground.turn = Some(turn);
        Ok(ground)
    }

    async fn at(server: Option<Scratch>, parameters: Parameters) -> Result<Ground, GroundError> {
        let admin = connect(&parameters).await.map_err(GroundError::Connect)?;
        let mut ground = Ground {
            server,
            parameters,
            admin,
            lease: Lease::fresh(),
            turn: None,
            made: Vec::new(),
            count: 0,
            roles: Roles::new(),
            made_roles: BTreeSet::new(),
            cleared: Cleared::default(),
            owner: None,
        };
        ground.roles = ground.roles().await.map_err(GroundError::Refused)?;
        Ok(ground)
    }

    /// Shows others that this run lives, and clears away what those left that no longer do.
    async fn lend(&mut self, turn: &Turn) -> Result<(), Failure> {
        self.lease.hold(&self.admin).await?;
        let mut orphans = lease::orphans(&self.admin).await?;
        if orphans.is_empty() {
            return Ok(());
        }
        let is_alone = turn.try_alone().await?;
        if !is_alone {
            // other runs would see their roles go: they are for a later one
            orphans.retain(|orphan| orphan.roles.is_empty());
        }
        self.clear(orphans).await;
        if is_alone {
            turn.share().await?;
        }
        Ok(())
    }

    /// Drops what is nobody's any more.
    async fn clear(&mut self, orphans: Vec<Orphan>) {
        let mut roles = Roles::new();
        for Orphan {
            database,
            foreign_owner,
            roles: made,
        } in orphans
        {
            let object = format!("database {database}");
            let dropped = match foreign_owner {
                Some(owner) => Err(format!("it belongs to {owner}")),
                None => self
                    .drop(&database)
                    .await
                    .map_err(|failure| failure.error.to_string()),
            };
            match dropped {
                Ok(()) => {
                    self.cleared.dropped.push(object);
                    roles.extend(made);
                }
                Err(reason) => self.cleared.left.push((object, reason)),
            }
        }
        // what they own went with the databases
        for name in roles.into_values() {
            let object = format!("role {name}");
            match self
                .patiently(&format!("DROP ROLE IF EXISTS {}", quote_ident(&name)))
                .await
            {
                Ok(()) => self.cleared.dropped.push(object),
                Err(failure) => self.cleared.left.push((object, failure.error.to_string())),
            }
        }
    }

    /// What runs that were killed had left on a server that was lent.
    pub fn cleared(&self) -> &Cleared {
        &self.cleared
    }

    /// As the server counts: 150018 is 15.18.
    pub fn version_num(&self) -> u32 {
        self.admin.server.version_num
    }

    /// The connection that makes the databases: it tells which server it is.
    pub fn admin(&self) -> &Connection {
        &self.admin
    }

    /// How the databases are reached, but for their names.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// The user of every session here.
    pub fn user(&self) -> &str {
        self.parameters.user()
    }

    /// Whether the server is a throw-away one.
    pub fn is_own(&self) -> bool {
        self.server.is_some()
    }

    /// The roles that are there now.
    ///
    /// # Errors
    /// [`Failure`] when the server refuses.
    pub async fn roles(&self) -> Result<Roles, Failure> {
        let mut batch = Batch::new();
        batch.one(
            Stage::Query,
            "SELECT oid, rolname FROM pg_catalog.pg_roles WHERE rolname !~ '^pg_'::pg_catalog.text",
        );
        let reply = batch.run(&self.admin.client).await?;
        let text = |text: Option<&str>| text.unwrap_or_default().to_string();
        Ok(reply
            .rows(Stage::Query)
            .map(|row| (text(row.get(0)), text(row.get(1))))
            .collect())
    }

    /// Writes down the roles that scripts made: they go in the end, even when this run is killed. Those that were
    /// `named`, or all that are new: who else makes roles on the server meanwhile keeps them.
    ///
    /// # Errors
    /// [`Failure`] when the server refuses.
    pub async fn note_roles(&mut self, named: Option<&BTreeSet<String>>) -> Result<(), Failure> {
        let now = self.roles().await?;
        let count = self.made_roles.len();
        for (oid, name) in now {
            if !self.roles.contains_key(&oid) && named.is_none_or(|named| named.contains(&name)) {
                self.made_roles.insert(oid);
            }
        }
        if let Some(first) = self.made.first()
            && self.made_roles.len() > count
            && !self.is_own()
        {
            let oids = self.made_roles.iter().map(String::as_str);
            self.patiently(&lease::register_sql(first, oids)).await?;
        }
        Ok(())
    }

    /// Gives every database to a role, those that are made and those to come, and tells whether it can act.
    ///
    /// # Errors
    /// [`Failure`] when the server refuses.
    pub async fn give_to(&mut self, role: &str) -> Result<Actor, Failure> {
        let mut batch = Batch::new();
        batch.one(
            Stage::Query,
            &format!(
                "SELECT pg_catalog.pg_has_role(oid, 'MEMBER') FROM pg_catalog.pg_roles WHERE rolname = {}",
                quote_literal(role)
            ),
        );
        let reply = batch.run(&self.admin.client).await?;
        let is_member = reply.rows(Stage::Query).next().map(|row| row.get(0) == Some("t"));
        let actor = match is_member {
            Some(true) => Actor::Ready,
            Some(false) => return Ok(Actor::NotOurs),
            None if !self.is_own() => return Ok(Actor::Missing),
            None => {
                self.patiently(&format!("CREATE ROLE {}", quote_ident(role)))
                    .await?;
                Actor::Made
            }
        };
        for database in &self.made {
            let (database, role) = (quote_ident(database), quote_ident(role));
            self.patiently(&format!("ALTER DATABASE {database} OWNER TO {role}"))
                .await?;
        }
        self.owner = Some(role.to_string());
        Ok(actor)
    }

    /// Makes a database: empty, or a copy of another one of these that nobody is connected to.
    ///
    /// # Errors
    /// [`Failure`] when the server refuses.
    pub async fn create(&mut self, template: Option<&str>) -> Result<String, Failure> {
        self.count += 1;
        let name = self.lease.database(self.count);
        let template = template.unwrap_or("template0");
        let owner = self.owner.as_deref().map(quote_ident);
        let sql = format!(
            "CREATE DATABASE {} TEMPLATE {}{}",
            quote_ident(&name),
            quote_ident(template),
            owner.map_or(String::new(), |owner| format!(" OWNER {owner}"))
        );
        self.made.push(name.clone());
        self.patiently(&sql).await?;
        if self.made.iter().any(|made| made == template) {
            self.take_over(template, &name).await?;
        }
        Ok(name)
    }

    /// What stands at a database itself, which a copy does not get: settings, privileges, comment.
    async fn take_over(&self, from: &str, to: &str) -> Result<(), Failure> {
        let (from, to) = (quote_literal(from), quote_literal(to));
        // a list of names is stored as it has to be written
        let lists =
            "('search_path', 'temp_tablespaces', 'session_preload_libraries', 'local_preload_libraries')";
        let is_comment = lease::is_no_register("pg_catalog.shobj_description(d.oid, 'pg_database')");
        let sql = format!(
            "SELECT pg_catalog.format('ALTER %s SET %s TO %s', CASE WHEN s.setrole = 0 THEN pg_catalog.format('DATABASE %I', {to}) \
             ELSE pg_catalog.format('ROLE %I IN DATABASE %I', pg_catalog.pg_get_userbyid(s.setrole), {to}) END, \
             pg_catalog.split_part(c, '=', 1), CASE WHEN pg_catalog.split_part(c, '=', 1) IN {lists} \
             THEN pg_catalog.substr(c, pg_catalog.strpos(c, '=') + 1) \
             ELSE pg_catalog.quote_literal(pg_catalog.substr(c, pg_catalog.strpos(c, '=') + 1)) END) \
             FROM pg_catalog.pg_db_role_setting s, pg_catalog.unnest(s.setconfig) AS c, pg_catalog.pg_database d \
             WHERE d.datname = {from} AND s.setdatabase = d.oid \
             UNION ALL SELECT pg_catalog.format('COMMENT ON DATABASE %I IS %L', {to}, \
             pg_catalog.shobj_description(d.oid, 'pg_database')) FROM pg_catalog.pg_database d \
             WHERE d.datname = {from} AND {is_comment} \
             UNION ALL SELECT pg_catalog.format('REVOKE ALL ON DATABASE %I FROM PUBLIC', {to}) \
             FROM pg_catalog.pg_database d WHERE d.datname = {from} AND d.datacl IS NOT NULL \
             UNION ALL SELECT pg_catalog.format('GRANT %s ON DATABASE %I TO %s%s', a.privilege_type, {to}, \
             CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) END, \
             CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END) \
             FROM pg_catalog.pg_database d, pg_catalog.aclexplode(d.datacl) AS a WHERE d.datname = {from}"
        );
        let mut batch = Batch::new();
        batch.one(Stage::Query, &sql);
        let reply = batch.run(&self.admin.client).await?;
        let statements: Vec<String> = reply
            .rows(Stage::Query)
            .filter_map(|row| row.get(0).map(str::to_string))
            .collect();
        for statement in statements {
            self.patiently(&statement).await?;
        }
        Ok(())
    }

    /// Drops one of these, with whoever is connected to it.
    ///
    /// # Errors
    /// [`Failure`] when the server refuses.
    pub async fn drop(&mut self, name: &str) -> Result<(), Failure> {
        let force = if self.version_num() >= 130_000 {
            " WITH (FORCE)"
        } else {
            self.patiently(&format!(
                "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity WHERE datname = {}",
                quote_literal(name)
            ))
            .await?;
            ""
        };
        self.patiently(&format!("DROP DATABASE IF EXISTS {}{force}", quote_ident(name)))
            .await?;
        self.made.retain(|made| made != name);
        Ok(())
    }

    /// Drops the roles that scripts made since, gives the others their names back, and makes again what is gone. Of
    /// the new ones nothing may be left in any database; of those only what was [noted](Ground::note_roles) goes.
    ///
    /// # Errors
    /// [`Failure`] when the server refuses.
    pub async fn restore_roles(&self, wanted: &Roles) -> Result<(), Failure> {
        let now = self.roles().await?;
        let is_ours = |oid: &String| !wanted.contains_key(oid) && self.made_roles.contains(oid);
        for (_, name) in now.iter().filter(|(oid, _)| is_ours(oid)) {
            self.patiently(&format!("DROP ROLE IF EXISTS {}", quote_ident(name)))
                .await?;
        }
        for (oid, name) in wanted {
            let sql = match now.get(oid) {
                Some(same) if same == name => continue,
                Some(other) => format!(
                    "ALTER ROLE {} RENAME TO {}",
                    quote_ident(other),
                    quote_ident(name)
                ),
                None => format!("CREATE ROLE {}", quote_ident(name)),
            };
            self.patiently(&sql).await?;
        }
        Ok(())
    }

    /// One statement, again and again while a session that just left is still counted.
    async fn patiently(&self, sql: &str) -> Result<(), Failure> {
        let begin = Instant::now();
        loop {
            let mut batch = Batch::new();
            batch.one(Stage::Query, sql);
            match batch.run(&self.admin.client).await {
                Ok(_) => return Ok(()),
                Err(failure)
                    if failure.server().is_some_and(|error| error.sqlstate == "55006")
                        && begin.elapsed() < LEAVING =>
                {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                Err(failure) => return Err(failure),
            }
        }
    }

    /// A session in one of these databases.
    ///
    /// # Errors
    /// [`ConnectError`].
    pub async fn connect(&self, database: &str) -> Result<Connection, ConnectError> {
        connect(&self.parameters.with_database(database)).await
    }

    /// Drops all that was made, roles included; a server of our own goes as a whole.
    ///
    /// # Errors
    /// [`GroundError`]: something may be left, and the error names it.
    pub async fn close(mut self) -> Result<(), GroundError> {
        if let Some(server) = self.server.take() {
            self.admin.close().await;
            return server.stop().await.map_err(GroundError::Scratch);
        }
        for name in self.made.clone() {
            self.drop(&name).await.map_err(GroundError::Refused)?;
        }
        // what they own went with the databases
        self.restore_roles(&self.roles)
            .await
            .map_err(GroundError::Refused)?;
        self.admin.close().await;
        if let Some(turn) = self.turn.take() {
            turn.close().await;
        }
        Ok(())
    }
}
