//! Roles that the checks of a plan act as: a probe needs the role, and the right to become it.

use super::cause::{Trouble, describe};
use super::existing::Actor;
use super::walk::Walk;
use super::world::Presence;
use crate::plan::Plan;
use crate::sql::name::quote_ident;
use crate::sql::require::{Need, needs};

impl Walk {
    /// Judges the roles behind the last statement of the plan: an earlier one may have made or granted them.
    pub(super) fn actors(&mut self, plan: &Plan<'_>, actors: &[Actor]) {
        for actor in actors {
            let need = Need::Role(actor.role.clone());
            let index = match self.world.presence(&need) {
                Presence::Absent(_) => {
                    let object = describe(&need);
                    self.cause(&object, Trouble::Missing, Some(need), "does not exist", "")
                }
                Presence::Unsure => continue,
                Presence::Present if self.may_become(plan, &actor.role) => continue,
                Presence::Present => self.no_member(&actor.role),
            };
            self.found.causes[index].asked_by.insert(actor.file.clone());
            self.wait_for(plan, actor, index);
        }
    }

    /// What cannot be told counts as allowed.
    fn may_become(&self, plan: &Plan<'_>, role: &str) -> bool {
        let now = &self.world.now;
        now.may_become.get(role).copied().unwrap_or(true)
            || self.world.is_mentioned(role)
            || is_granted(plan, role)
    }

    fn no_member(&mut self, role: &str) -> usize {
        let role = quote_ident(role);
        let login = quote_ident(&self.world.now.rights.login);
        let option = match self.world.now.version_num {
            160_000.. => " WITH SET TRUE",
            _ => "",
        };
        self.cause(
            &format!("membership in role {role}"),
            Trouble::Privilege,
            None,
            &format!("is missing for role {login}"),
            &format!(
                "let an administrator run GRANT {role} TO {login}{option}, or leave the probes out with `pgplumb apply \
                 --no-probes`"
            ),
        )
    }

    /// The migration of the suite waits, and all behind it.
    fn wait_for(&mut self, plan: &Plan<'_>, actor: &Actor, cause: usize) {
        let Some(first) = actor.version else { return };
        let versions = plan.steps.iter().map(|step| step.migration.version);
        for version in versions.skip_while(|version| *version != first) {
            let waits = self.found.blocked.entry(version).or_default();
            if version == first || waits.is_empty() {
                waits.push(cause);
            }
        }
    }
}

/// Whether the plan grants something to the role or the role to somebody: then nobody is called no member.
fn is_granted(plan: &Plan<'_>, role: &str) -> bool {
    plan.steps.iter().any(|step| {
        let script = step.script.sql();
        let grants = step.script.statements().iter();
        grants
            .filter(|statement| statement.tag == "GRANT ROLE")
            .flat_map(|statement| needs(script, statement).requirements)
            .any(|requirement| requirement.need == Need::Role(role.to_owned()))
    })
}
