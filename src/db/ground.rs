//! Databases to try things on: made on a throw-away server or on one that the user names, and dropped again, with the
//! roles that scripts made meanwhile.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::batch::{Batch, Failure, Stage};
use super::connect::{ConnectError, Connection, connect};
use super::parameters::Parameters;
use super::scratch::{Options, Scratch, ScratchError};
use crate::sql::name::{quote_ident, quote_literal};

/// How long a session that just ended may still be counted as using a database.
const LEAVING: Duration = Duration::from_secs(10);

/// A server, and what was made on it.
pub struct Ground {
    /// Ours, and gone with this value.
    server: Option<Scratch>,
    parameters: Parameters,
    /// Makes and drops databases; in none of them.
    admin: Connection,
    name: String,
    made: Vec<String>,
    count: usize,
    /// The roles that were there before.
    roles: BTreeSet<String>,
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

    /// A server that is there: `parameters` name a database of it to start from, which stays as it is.
    ///
    /// # Errors
    /// [`GroundError`].
    pub async fn on(parameters: Parameters) -> Result<Ground, GroundError> {
        Ground::at(None, parameters).await
    }

    async fn at(server: Option<Scratch>, parameters: Parameters) -> Result<Ground, GroundError> {
        let admin = connect(&parameters).await.map_err(GroundError::Connect)?;
        let moment = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default();
        let mut ground = Ground {
            server,
            parameters,
            admin,
            name: format!("pgplumb_prove_{:x}_{:x}", std::process::id(), moment.as_millis()),
            made: Vec::new(),
            count: 0,
            roles: BTreeSet::new(),
        };
        ground.roles = ground.read_roles().await.map_err(GroundError::Refused)?;
        Ok(ground)
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

    async fn read_roles(&self) -> Result<BTreeSet<String>, Failure> {
        let mut batch = Batch::new();
        batch.one(
            Stage::Query,
            "SELECT rolname FROM pg_catalog.pg_roles WHERE rolname NOT LIKE 'pg\\_%'",
        );
        let reply = batch.run(&self.admin.client).await?;
        Ok(reply
            .rows(Stage::Query)
            .filter_map(|row| row.get(0).map(str::to_string))
            .collect())
    }

    /// Makes a database: empty, or a copy of another one of these that nobody is connected to.
    ///
    /// # Errors
    /// [`Failure`] when the server refuses.
    pub async fn create(&mut self, template: Option<&str>) -> Result<String, Failure> {
        self.count += 1;
        let name = format!("{}_{}", self.name, self.count);
        let template = template.unwrap_or("template0");
        let sql = format!(
            "CREATE DATABASE {} TEMPLATE {}",
            quote_ident(&name),
            quote_ident(template)
        );
        self.made.push(name.clone());
        self.patiently(&sql).await?;
        Ok(name)
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

    /// Drops roles that scripts made; nothing of them may be left in any database.
    ///
    /// # Errors
    /// [`Failure`] when the server refuses.
    pub async fn drop_roles<'r>(&self, roles: impl IntoIterator<Item = &'r str>) -> Result<(), Failure> {
        for role in roles {
            self.patiently(&format!("DROP ROLE IF EXISTS {}", quote_ident(role)))
                .await?;
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
        let now = self.read_roles().await.map_err(GroundError::Refused)?;
        let made: Vec<&str> = now.difference(&self.roles).map(String::as_str).collect();
        // a member cannot go before what it owns: the databases are gone already
        self.drop_roles(made).await.map_err(GroundError::Refused)?;
        self.admin.close().await;
        Ok(())
    }
}
