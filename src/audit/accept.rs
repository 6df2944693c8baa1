//! Findings that are known and accepted, each with a reason.

use super::{Finding, LINTS};
use crate::source::Place;
use crate::sql::glob;

/// One `[[audit.accept]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accept {
    /// Of the lint.
    pub id: String,
    /// A pattern with `*` for any characters: `index public.idx_*`, or without the kind, `public.idx_*`.
    pub object: String,
    pub reason: String,
    /// Where it stands.
    pub place: Place,
}

impl Accept {
    /// Whether the finding is one that is meant.
    pub fn covers(&self, finding: &Finding) -> bool {
        let object = finding.object.as_str();
        let kinds = [
            "materialized view ",
            "foreign table ",
            "event trigger ",
            "default privileges ",
        ];
        let bare = kinds
            .iter()
            .find_map(|kind| object.strip_prefix(kind))
            .or_else(|| object.split_once(' ').map(|(_, bare)| bare));
        self.id == finding.id
            && (glob(&self.object, object) || bare.is_some_and(|bare| glob(&self.object, bare)))
    }

    /// The name of a lint that may have been meant, when there is none of this id.
    pub fn is_known(id: &str) -> bool {
        LINTS.iter().any(|lint| lint.id == id)
    }
}

/// Lints that find something or not by who connects: an acceptance of theirs may meet something for another role.
const BY_ROLE: [&str; 3] = ["rls_not_forced", "role_bypasses_rls", "not_looked_at"];

/// Marks the findings that are accepted, and tells which of the acceptances met nothing, for whatever role.
pub fn accept<'a>(findings: &mut [Finding], accepts: &'a [Accept]) -> Vec<&'a Accept> {
    accepts
        .iter()
        .filter(|accept| {
            let mut idle = !BY_ROLE.contains(&accept.id.as_str());
            for finding in findings.iter_mut().filter(|finding| accept.covers(finding)) {
                idle = false;
                finding.accepted.get_or_insert_with(|| accept.reason.clone());
            }
            idle
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::Severity;
    use crate::source::{SourceFile, Span};

    fn accepting(id: &str, object: &str) -> Accept {
        Accept {
            id: id.to_string(),
            object: object.to_string(),
            reason: "known".to_string(),
            place: Place::new(&SourceFile::new("pgplumb.toml", ""), Span::at(0)),
        }
    }

    #[test]
    fn objects_are_met_with_their_kind_and_without() {
        let finding = |object: &str| Finding {
            id: "duplicate_index",
            severity: Severity::Warn,
            object: object.to_string(),
            message: String::new(),
            fix: String::new(),
            accepted: None,
        };
        let mut findings = [
            finding("index public.\"I one\""),
            finding("materialized view public.m"),
        ];
        let accepts = [
            accepting("duplicate_index", "public.\"I *"),
            accepting("duplicate_index", "materialized view public.*"),
            accepting("duplicate_index", "public.m"),
            accepting("duplicate_index", "table *"),
            accepting("invalid_index", "*"),
        ];
        let idle = accept(&mut findings, &accepts);
        assert_eq!(idle, [&accepts[3], &accepts[4]]);
        assert!(
            findings
                .iter()
                .all(|finding| finding.accepted.as_deref() == Some("known"))
        );
    }
}
