//! What the journal says of the time before a migration, and which of the objects it names are not as they were.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::batch::{Batch, Failure, Reply, Stage};
use super::session::Session;
use crate::history::{History, Trace};
use crate::migration::Version;

/// An object that was not there before a migration and is, or the other way round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leftover {
    /// The plural of its kind, as the journal has it.
    pub plural: String,
    /// As SQL names it.
    pub path: String,
    /// It was removed and is not back; else it was made and is still there.
    pub is_missing: bool,
}

/// What the journal knows of the last application of one version.
#[derive(Debug, Clone, Default)]
pub struct Application {
    /// What was made and is still there, or was removed and is not back: of the kinds that names can tell.
    pub leftovers: Vec<Leftover>,
    /// What was made, of all kinds: plural and path.
    pub created: BTreeSet<(String, String)>,
    /// How what it altered and removed was before.
    pub traces: Vec<Trace>,
}

impl Session {
    /// Reads what the journal says of the last application of each version, and looks which of the objects that it
    /// names are not as before: one round trip.
    ///
    /// # Errors
    /// [`Failure`] when the server refuses or is lost.
    pub async fn applications(
        &self,
        history: &History,
        versions: &[Version],
    ) -> Result<BTreeMap<Version, Application>, Failure> {
        let versions: Vec<String> = versions.iter().map(Version::to_string).collect();
        let fill = |sql: &str| {
            // the name of a schema may look like a place: it comes last
            sql.replace("{versions}", &versions.join(", "))
                .replace("{journal}", &history.journal())
        };
        let mut batch = Batch::new();
        self.begin(&mut batch, "READ ONLY", &self.settings);
        // compiling takes seconds, running milliseconds: the planner cannot know how short the journal's arrays are
        batch.one(
            Stage::Query,
            "SELECT pg_catalog.set_config('search_path', 'pg_catalog', true), \
             pg_catalog.set_config('jit', 'off', true)",
        );
        batch.one(Stage::Query, &fill(include_str!("sql/residue.sql")));
        batch.one(Stage::Query, &fill(APPLICATIONS));
        batch.one(Stage::Query, "ROLLBACK");
        match batch.run(self.client()).await {
            Ok(reply) => Ok(decode(&reply)),
            Err(failure) => {
                self.rollback().await;
                Err(failure)
            }
        }
    }
}

const APPLICATIONS: &str = "SELECT DISTINCT ON (version) version AS application, artifacts::text FROM {journal} \
    WHERE action = 'apply' AND outcome = 'done' AND version IN ({versions}) ORDER BY version, id DESC";

/// The parts of the journal's JSON that are read; whatever else stands there, of whatever version of pgplumb, is not.
#[derive(Deserialize)]
struct Kept {
    #[serde(default)]
    created: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    before: Vec<Trace>,
}

fn decode(reply: &Reply) -> BTreeMap<Version, Application> {
    let mut all: BTreeMap<Version, Application> = BTreeMap::new();
    let rows = |name: &'static str| {
        reply
            .rows(Stage::Query)
            .filter(move |row| row.columns().first().is_some_and(|column| column.name() == name))
    };
    for row in rows("application") {
        let (Some(Ok(version)), Some(artifacts)) = (row.get(0).map(str::parse), row.get(1)) else {
            continue;
        };
        let Ok(kept) = serde_json::from_str::<Kept>(artifacts) else {
            tracing::debug!("the journal's artifacts of {version} are in no form that is known");
            continue;
        };
        let application = all.entry(version).or_default();
        application.traces = kept.before;
        for (plural, paths) in kept.created {
            let paths = paths.into_iter().map(|path| (plural.clone(), path));
            application.created.extend(paths);
        }
    }
    for row in rows("leftover") {
        let fields = (row.get(0).map(str::parse), row.get(1), row.get(2), row.get(3));
        let (Some(Ok(version)), Some(plural), Some(path), Some(is_missing)) = fields else {
            continue;
        };
        all.entry(version).or_default().leftovers.push(Leftover {
            plural: plural.to_string(),
            path: path.to_string(),
            is_missing: is_missing == "t",
        });
    }
    all
}
