//! What stands in the way of what is there: what exists already, what the role may not, what the server or the
//! connection cannot do.

use super::walk::Walk;
use crate::migration::MigrationScript;
use crate::source::Span;
use crate::sql::name::quote_ident;
use crate::sql::require::{Need, Needs, features, words};
use crate::sql::{Action, Effect, Name, ObjectKind, Statement};

use super::cause::{Site, Trouble};
use super::existing::Refusal;

impl Walk {
    pub(super) fn read_only(&mut self, standby: bool) {
        let (object, remedy) = if standby {
            ("the standby server", "connect to the primary")
        } else {
            (
                "the read-only connection",
                "connect without default_transaction_read_only, or to the primary",
            )
        };
        self.cause(object, Trouble::ReadOnly, None, "accepts no writes", remedy);
    }

    /// A script that runs outside a transaction needs a session of its own.
    pub(super) fn no_session(&mut self, script: &MigrationScript, pooler: Option<&str>) -> Option<usize> {
        let (span, pooler) = (script.outside_span()?, pooler?);
        let object = "a session of its own";
        let index = self.cause(
            object,
            Trouble::Session,
            None,
            &format!("cannot be had through a {pooler}"),
            "connect to the server itself (its direct host and port) to apply this one",
        );
        self.site(index, script, span, "no-transaction", object);
        let statements = script.statements().len();
        self.found.causes[index].statements += statements;
        Some(index)
    }

    /// What exists already, what the role may not, what the server is too old for.
    pub(super) fn obstacles(
        &mut self,
        script: &MigrationScript,
        statement: &Statement,
        needs: &Needs,
    ) -> Vec<usize> {
        let mut causes = Vec::new();
        let makes_table = statement
            .effects
            .iter()
            .any(|effect| matches!(effect.object.kind, ObjectKind::Table | ObjectKind::ForeignTable));
        for effect in &statement.effects {
            let is_part = matches!(effect.object.kind, ObjectKind::Column | ObjectKind::Constraint);
            if let Action::Create {
                if_not_exists: false,
                or_replace: false,
            } = effect.action
                && !(is_part && makes_table && statement.tag.starts_with("CREATE"))
                && !makes_room(statement, effect)
                && let Some(object) = self.existing(effect)
            {
                let index = self.cause(
                    &object,
                    Trouble::InTheWay,
                    None,
                    "exists already",
                    "drop or rename what is there, write IF NOT EXISTS where the two are the same, or adopt the migration \
                     with `pgplumb baseline`",
                );
                self.site(index, script, effect.object.span, "create", &object);
                causes.push(index);
            }
        }
        let rights = &self.world.now.rights;
        if !rights.superuser && !self.other_role && !rights.role.is_empty() {
            for (object, span, remedy) in self.refused(statement, needs) {
                let state = format!("is missing for role {}", quote_ident(&self.world.now.rights.role));
                let index = self.cause(&object, Trouble::Privilege, None, &state, &remedy);
                self.site(index, script, span, "privilege", &object);
                causes.push(index);
            }
        }
        for feature in features(script.sql(), statement, self.version()) {
            let object = format!("{} of PostgreSQL {}", feature.name, feature.since);
            let index = self.cause(
                &object,
                Trouble::Version,
                None,
                "is unknown to this server",
                &format!(
                    "upgrade the server to {} or newer, or write it without",
                    feature.since
                ),
            );
            self.site(index, script, feature.span, "version", &object);
            causes.push(index);
        }
        causes
    }

    /// The server's major version; any where it is not known.
    fn version(&self) -> u32 {
        match self.world.now.version_num / 10_000 {
            0 => u32::MAX,
            version => version,
        }
    }

    /// A statement that the server's grammar does not take; `None` where it is told otherwise: as syntax that is newer than
    /// the server.
    pub(super) fn refusal(
        &mut self,
        script: &MigrationScript,
        statement: &Statement,
        refusal: &Refusal,
    ) -> Option<usize> {
        if !features(script.sql(), statement, self.version()).is_empty() {
            return None;
        }
        let object = format!("syntax of {}", script.file.path());
        let state = format!("is refused by the server: {}", refusal.message);
        let hint = refusal
            .hint
            .as_ref()
            .map(|hint| format!("; the server says: {hint}"));
        let remedy = format!(
            "correct the statement, and look again: behind it the script was not read{}",
            hint.unwrap_or_default()
        );
        let index = self.cause(&object, Trouble::Grammar, None, &state, &remedy);
        self.site(index, script, refusal.span, "grammar", &object);
        self.found.causes[index].statements += 1;
        // what it was meant to make is neither missing nor there
        let needs = script.needs(statement);
        self.world.apply(&statement.effects, &needs, statement.opaque);
        let text = script.file.slice(statement.span);
        self.world.mentions.extend(words(text));
        self.taint(statement, index);
        Some(index)
    }

    pub(super) fn site(
        &mut self,
        cause: usize,
        script: &MigrationScript,
        span: Span,
        by: &'static str,
        object: &str,
    ) {
        self.found.causes[cause].sites.push(Site {
            file: script.file.clone(),
            span,
            statement: self.at,
            by,
            object: object.to_owned(),
        });
    }

    /// What is there although it is to be created; `None` when that is not certain.
    fn existing(&self, effect: &Effect) -> Option<String> {
        use ObjectKind::*;
        let world = &self.world;
        let object = &effect.object;
        let name = &object.name.name;
        if world.is_mentioned(name) || world.cascaded || object.name.schema.as_deref() == Some("pg_temp") {
            return None;
        }
        let home = world.home(&object.name);
        let on = object.on.as_ref().and_then(|on| world.relation(on));
        let path = Name::qualified(home.clone(), name.clone());
        let there = match object.kind {
            Table | ForeignTable | View | MaterializedView | Sequence | Index => {
                let key = match (&on, object.kind) {
                    (Some((schema, _)), Index) => (schema.clone(), name.clone()),
                    _ => (home, name.clone()),
                };
                let facts = world.now.relations.get(&key)?;
                let eroded = facts
                    .on
                    .as_ref()
                    .and_then(|on| world.now.relations.get(on))
                    .is_some_and(|table| table.touched);
                !facts.touched && !eroded && facts.kind != 'c'
            }
            Type | Enum | Domain => world.now.types.contains(&(home, name.clone())),
            Schema => world.now.schemas.contains_key(name),
            Role => world.now.roles.contains(name),
            Extension => world.now.extensions.installed.contains(name),
            Column => world.now.relations.get(&on?)?.columns.as_ref()?.contains(name),
            Constraint | Trigger | Policy | Rule => {
                let facts = world.now.relations.get(&on?)?;
                !facts.touched && facts.parts.contains(&format!("{} {name}", object.kind))
            }
            Function | Procedure => {
                let arguments = object.arguments.as_ref()?.join(", ");
                let overloads = world.now.functions.get(&(home, name.clone()))?;
                overloads.iter().any(|facts| facts.arguments == arguments)
            }
            _ => false,
        };
        there.then(|| match object.kind {
            Schema | Role | Extension => format!("{} {}", object.kind, quote_ident(name)),
            Column | Constraint | Trigger | Policy | Rule => {
                let on = object.on.as_ref().map(ToString::to_string).unwrap_or_default();
                format!("{} {} on {on}", object.kind, quote_ident(name))
            }
            kind => match path.schema.as_deref() {
                Some("public") => format!("{kind} {}", quote_ident(name)),
                _ => format!("{kind} {path}"),
            },
        })
    }

    /// Privileges that the role does not have: what, where, and the statement that gives it.
    fn refused(&self, statement: &Statement, needs: &Needs) -> Vec<(String, Span, String)> {
        use ObjectKind::*;
        let now = &self.world.now;
        let role = quote_ident(&now.rights.role);
        let mut refused = Vec::new();
        for effect in &statement.effects {
            let object = &effect.object;
            let creates = matches!(effect.action, Action::Create { .. });
            match (object.kind, creates) {
                (Schema, true) if !now.rights.create_schema => refused.push((
                    format!(
                        "privilege CREATE on database {}",
                        quote_ident(&now.rights.database)
                    ),
                    object.span,
                    format!(
                        "have an administrator run: GRANT CREATE ON DATABASE {} TO {role}",
                        quote_ident(&now.rights.database)
                    ),
                )),
                (Role, true) if !now.rights.create_role => refused.push((
                    "attribute CREATEROLE".to_owned(),
                    object.span,
                    format!("have an administrator run: ALTER ROLE {role} CREATEROLE"),
                )),
                (Extension, true) if now.extensions.available.get(&object.name.name) == Some(&false) => {
                    refused.push((
                        format!("right to create extension {}", quote_ident(&object.name.name)),
                        object.span,
                        format!(
                            "have a superuser run: CREATE EXTENSION {}",
                            quote_ident(&object.name.name)
                        ),
                    ));
                }
                (
                    Table | ForeignTable | View | MaterializedView | Sequence | Type | Enum | Domain
                    | Function | Procedure,
                    true,
                ) => {
                    let home = self.world.home(&object.name);
                    if now.schemas.get(&home).is_some_and(|facts| !facts.create) {
                        refused.push((
                            format!("privilege CREATE on schema {}", quote_ident(&home)),
                            object.span,
                            format!(
                                "have its owner run: GRANT CREATE ON SCHEMA {} TO {role}",
                                quote_ident(&home)
                            ),
                        ));
                    }
                }
                _ => {}
            }
            let owned = match (object.kind, &effect.action) {
                (Policy, _) => object.on.as_deref(),
                (Index, Action::Create { .. }) => object.on.as_deref(),
                (
                    Table | View | MaterializedView,
                    Action::Alter | Action::Rename { .. } | Action::Move { .. },
                ) => Some(&object.name),
                _ => None,
            };
            if let Some(name) = owned
                && let Some(key) = self.world.relation(name)
                && now
                    .relations
                    .get(&key)
                    .is_some_and(|facts| !facts.owned && matches!(facts.kind, 'r' | 'p' | 'v' | 'm' | 'f'))
            {
                refused.push((
                    format!("ownership of {}", Name::qualified(key.0.clone(), key.1.clone())),
                    object.span,
                    format!(
                        "connect as its owner, or have an administrator run: ALTER TABLE {} OWNER TO {role}",
                        Name::qualified(key.0, key.1)
                    ),
                ));
            }
        }
        for requirement in &needs.requirements {
            if requirement.by == "foreign key"
                && let Need::Relation(name) = &requirement.need
                && let Some(key) = self.world.relation(name)
                && now.relations.get(&key).is_some_and(|facts| !facts.may_reference)
            {
                let name = Name::qualified(key.0, key.1);
                refused.push((
                    format!("privilege REFERENCES on {name}"),
                    requirement.span,
                    format!("have its owner run: GRANT REFERENCES ON {name} TO {role}"),
                ));
            }
            let schema = match &requirement.need {
                Need::Relation(name) | Need::Type(name) | Need::Function { name, .. } => name.schema.as_ref(),
                _ => None,
            };
            if let Some(schema) = schema
                && !requirement.advisory
                && now.schemas.get(schema).is_some_and(|facts| !facts.usage)
            {
                refused.push((
                    format!("privilege USAGE on schema {}", quote_ident(schema)),
                    requirement.span,
                    format!(
                        "have its owner run: GRANT USAGE ON SCHEMA {} TO {role}",
                        quote_ident(schema)
                    ),
                ));
            }
        }
        refused
    }
}

/// Whether the statement itself takes away or renames what it then creates: DROP CONSTRAINT a, ADD CONSTRAINT a.
fn makes_room(statement: &Statement, created: &Effect) -> bool {
    statement.effects.iter().any(|effect| {
        matches!(effect.action, Action::Drop { .. } | Action::Rename { .. })
            && effect.object.kind == created.object.kind
            && effect.object.name.name == created.object.name.name
    })
}
