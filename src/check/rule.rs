//! What a check is to the evaluation: what it claims, what must be read for it, how it is judged.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use rustc_hash::FxHashMap;

use crate::catalog::{Catalog, Kind, ObjectId, Scope};
use crate::sql::glob;

use super::compare::{Alike, Comparison};
use super::kind::defaults::Defaults;
use super::question::{Answer, Answers, Question};
use super::suite::Suite;
use super::twins::Twins;
use super::verdict::{Difference, Measure, Status};

/// One entry of a check file. The implementations stand beside the parsers, one file a kind.
pub(crate) trait Rule: fmt::Debug + Send + Sync {
    /// What it speaks about: a newer suite that claims the same takes over.
    fn claims(&self) -> Vec<Claim<'_>>;
    /// Wants the default of what the entry does not say: the suite is a complete one.
    fn complete(&mut self, _: &mut Defaults) {}
    /// Gives back the memory that it took more than it needs: there may be tens of thousands.
    fn shrink(&mut self) {}
    /// Adds what must be read.
    fn cover(&self, scope: &mut Scope);
    /// Looks.
    fn judge(&self, judge: &mut Judge<'_>) -> Outcome;
    /// What is allowed and likely not meant: a message and a line of help each.
    fn lint(&self, _: &Suite) -> Vec<(String, String)> {
        Vec::new()
    }
    /// The roles that it acts as.
    fn acts_as(&self) -> Vec<&str> {
        Vec::new()
    }
    /// What it says must be gone; a newer one of these makes older claims void.
    fn absence(&self) -> Option<&Gone> {
        None
    }
}

/// Something that a check speaks about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Claim<'r> {
    /// That the object is there.
    Presence(&'r ObjectId),
    /// The value of a property, or something like one (`exact columns`).
    Property(&'r ObjectId, &'static str),
    /// A count or query by name.
    Named(&'static str, Cow<'r, str>),
}

impl<'r> Claim<'r> {
    /// The object that must be there for the claim to hold.
    pub(crate) fn object(&self) -> Option<&'r ObjectId> {
        match self {
            Claim::Presence(id) | Claim::Property(id, _) => Some(id),
            Claim::Named(..) => None,
        }
    }
}

/// What `absent` names: an object whose relation or kind may be open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Gone {
    /// The kinds that the word covers: `constraint` is many.
    pub(crate) kinds: &'static [Kind],
    pub(crate) schema: String,
    /// `None` for what needs no table to be named (an index).
    pub(crate) relation: Option<String>,
    pub(crate) name: String,
}

impl Gone {
    /// Whether an object is this one.
    pub(crate) fn is(&self, id: &ObjectId) -> bool {
        self.kinds.contains(&id.kind)
            && self.schema == id.schema
            && self
                .relation
                .as_ref()
                .is_none_or(|relation| *relation == id.relation)
            && (self.name == id.name || (id.kind == Kind::ForeignKey && self.fk_name() == id.name))
    }

    /// Whether an object is this one or stands on it.
    pub(crate) fn covers(&self, id: &ObjectId) -> bool {
        let within = match self.kinds[0] {
            Kind::Schema => id.schema == self.name,
            kind if Kind::RELATIONS.contains(&kind) => id.schema == self.schema && id.relation == self.name,
            // a foreign key named by its columns goes with any of them
            Kind::Column => {
                id.kind == Kind::ForeignKey
                    && id.schema == self.schema
                    && Some(id.relation.as_str()) == self.relation.as_deref()
                    && id
                        .name
                        .strip_prefix('(')
                        .and_then(|name| name.strip_suffix(')'))
                        .is_some_and(|columns| columns.split(", ").any(|column| column == self.name))
            }
            _ => false,
        };
        within || self.is(id)
    }

    /// How a foreign key that a suite names by its columns is identified.
    fn fk_name(&self) -> String {
        format!("({})", self.name)
    }
}

/// What `exact` passes over: the kinds, and patterns with `*` for any characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ignored {
    pub(crate) kinds: &'static [Kind],
    pub(crate) schema: String,
    /// `None`: on any relation.
    pub(crate) relation: Option<String>,
    pub(crate) name: String,
}

impl Ignored {
    /// Whether an object is meant, or stands on a relation that is.
    pub(crate) fn covers(&self, id: &ObjectId) -> bool {
        let is = self.kinds.contains(&id.kind)
            && self
                .relation
                .as_ref()
                .is_none_or(|pattern| glob(pattern, &id.relation))
            && glob(&self.name, &id.name);
        let stands_on = self.kinds.iter().any(|kind| Kind::RELATIONS.contains(kind))
            && !id.relation.is_empty()
            && glob(&self.name, &id.relation);
        (is || stands_on) && glob(&self.schema, &id.schema)
    }
}

/// Suite and check, as indexes.
pub(crate) type Holder = (usize, usize);

/// Who answers for which claim. Most objects have one check, which answers for all that it says; only where several
/// speak of an object is each claim kept.
#[derive(Debug, Default)]
pub(crate) struct Holders<'a> {
    sole: FxHashMap<&'a ObjectId, Sole>,
    claims: FxHashMap<Claim<'a>, Holder>,
}

/// The only check that speaks of an object.
#[derive(Debug, Clone, Copy)]
struct Sole {
    holder: Holder,
    /// Whether it wants the object to be there.
    presence: bool,
    /// Whether others spoke of it meanwhile, so that `claims` knows.
    contested: bool,
}

impl<'a> Holders<'a> {
    /// Who answers for a claim. Of an object with one check, only what that check claims may be asked.
    pub(crate) fn get(&self, claim: &Claim<'_>) -> Option<Holder> {
        match claim.object().and_then(|id| self.sole.get(id)) {
            Some(sole) if !sole.contested => match (claim, sole.presence) {
                (Claim::Presence(_), false) => None,
                _ => Some(sole.holder),
            },
            _ => self.claims.get(claim).copied(),
        }
    }

    /// Whether several checks speak of the object.
    pub(crate) fn is_contested(&self, id: &ObjectId) -> bool {
        self.sole.get(id).is_none_or(|sole| sole.contested)
    }

    /// Takes in the claims of a check; `claims_of` gives those of an earlier one again.
    pub(crate) fn add(
        &mut self,
        holder: Holder,
        claims: Vec<Claim<'a>>,
        keep: impl Fn(&Claim<'_>, &Holder) -> bool,
        claims_of: impl Fn(Holder) -> Vec<Claim<'a>>,
    ) {
        // most claims of a check are about one object
        let mut own: Option<&ObjectId> = None;
        for claim in claims {
            if let Some(id) = claim.object() {
                if matches!(claim, Claim::Property(..)) && own.is_some_and(|own| std::ptr::eq(own, id)) {
                    continue;
                }
                let sole = self.sole.entry(id).or_insert(Sole {
                    holder,
                    presence: false,
                    contested: false,
                });
                if sole.holder == holder && !sole.contested {
                    sole.presence |= matches!(claim, Claim::Presence(_));
                    own = Some(id);
                    continue;
                }
                if !std::mem::replace(&mut sole.contested, true) {
                    let earlier = sole.holder;
                    let theirs = claims_of(earlier).into_iter();
                    self.claims.extend(
                        theirs
                            .filter(|claim| claim.object() == Some(id))
                            .map(|claim| (claim, earlier)),
                    );
                }
            }
            if !self.claims.get(&claim).is_some_and(|held| keep(&claim, held)) {
                self.claims.insert(claim, holder);
            }
        }
    }

    /// Makes void what was said of some objects.
    pub(crate) fn void(&mut self, is_void: impl Fn(&ObjectId) -> bool) {
        let sole = self.sole.iter_mut().filter(|(id, _)| is_void(id));
        // whatever is said of it from now on is kept claim by claim
        sole.for_each(|(_, sole)| sole.contested = true);
        self.claims
            .retain(|claim, _| !claim.object().is_some_and(&is_void));
    }

    /// The objects that are wanted to be there, with who wants them.
    pub(crate) fn present(&self) -> impl Iterator<Item = (&'a ObjectId, Holder)> {
        let sole = self
            .sole
            .iter()
            .filter(|(_, sole)| sole.presence && !sole.contested);
        let claimed = self.claims.iter().filter_map(|(claim, holder)| match claim {
            Claim::Presence(id) => Some((*id, *holder)),
            _ => None,
        });
        sole.map(|(id, sole)| (*id, sole.holder)).chain(claimed)
    }
}

/// Which claims are in force, over all suites: the newest of each.
#[derive(Debug, Default)]
pub(crate) struct Ledger<'a> {
    pub(crate) holders: Holders<'a>,
    /// The objects that are to be there.
    pub(crate) present: BTreeSet<&'a ObjectId>,
    /// Absences with the suite that says so.
    pub(crate) gone: Vec<(&'a Gone, usize)>,
    /// What `exact` passes over.
    pub(crate) ignored: Vec<&'a Ignored>,
}

impl Ledger<'_> {
    /// Whether some suite wants the object to be there.
    pub(crate) fn wants(&self, id: &ObjectId) -> bool {
        self.holders.get(&Claim::Presence(id)).is_some()
    }

    /// The objects of a kind on a relation (or in a schema, when `relation` is empty) that some suite names.
    pub(crate) fn named<'s>(
        &'s self,
        kind: Kind,
        schema: &'s str,
        relation: &'s str,
    ) -> impl Iterator<Item = &'s ObjectId> {
        self.present
            .range::<ObjectId, _>(ObjectId::on(kind, schema, relation, "")..)
            .copied()
            .take_while(move |id| id.kind == kind && id.schema == schema && id.relation == relation)
    }
}

/// What a rule sees.
pub(crate) struct Judge<'a> {
    pub(crate) catalog: &'a Catalog,
    pub(crate) suite: &'a Suite,
    pub(crate) ledger: &'a Ledger<'a>,
    /// Indexes of the suite and check in judgement: a claim that another holds is not judged here.
    pub(crate) me: Holder,
    pub(crate) answers: &'a Answers,
    pub(crate) questions: &'a mut Vec<Question>,
    pub(crate) alike: &'a mut Alike,
    pub(crate) twins: &'a Twins,
}

impl<'a> Judge<'a> {
    /// Whether this check is the one that answers for the claim.
    pub(crate) fn holds(&self, claim: &Claim<'_>) -> bool {
        self.ledger.holders.get(claim) == Some(self.me)
    }

    /// The server's answer; when there is none yet, the question is noted.
    pub(crate) fn ask(&mut self, question: Question) -> Option<&'a Answer> {
        self.answer(question).map(|(answer, _)| answer)
    }

    /// The same, with the question as it was put: it may be that of another relation.
    pub(crate) fn answer(&mut self, mut question: Question) -> Option<(&'a Answer, Question)> {
        self.twins.ask(&mut question, self.catalog);
        match self.answers.get(&question) {
            Some(answer) => Some((answer, question)),
            None => {
                self.questions.push(question);
                None
            }
        }
    }

    /// The major version of the server, or why it is not known yet. Asked where a value means the same as none in
    /// one version and not in another.
    pub(crate) fn major_version(&mut self) -> Result<u32, Comparison> {
        let question = Question::Rows {
            sql: "select current_setting('server_version_num')".to_string(),
            schema: self.suite.schema.clone(),
        };
        let unknown = |reason: &str| Comparison::CannotTell(reason.to_string());
        match self.ask(question) {
            None => Err(Comparison::Pending),
            Some(Answer::Rows(rows)) => {
                let cell = rows
                    .first()
                    .and_then(|row| row.first()?.as_deref()?.parse::<u32>().ok());
                cell.map(|number| number / 10_000)
                    .ok_or_else(|| unknown("the server's version is not known"))
            }
            Some(Answer::CannotTell { reason } | Answer::Refused { message: reason, .. }) => {
                Err(unknown(reason))
            }
            Some(_) => Err(unknown("the server's version is not known")),
        }
    }

    /// An object that some suite wants and the catalog lacks: what a dependent thing is blocked by.
    pub(crate) fn lacks(&self, id: &ObjectId) -> bool {
        self.catalog.get(id).is_none() && self.ledger.wants(id)
    }
}

/// What a rule found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) status: Status,
    pub(crate) message: String,
    pub(crate) object: Option<String>,
    pub(crate) actual: Option<String>,
    pub(crate) blocked_by: Option<String>,
    pub(crate) differences: Vec<Difference>,
    pub(crate) measure: Option<Measure>,
    pub(crate) remedy: Option<String>,
}

impl Outcome {
    fn new(status: Status, message: impl Into<String>) -> Outcome {
        Outcome {
            status,
            message: message.into(),
            object: None,
            actual: None,
            blocked_by: None,
            differences: Vec::new(),
            measure: None,
            remedy: None,
        }
    }

    pub(crate) fn pass() -> Outcome {
        Outcome::new(Status::Pass, "")
    }

    pub(crate) fn fail(message: impl Into<String>) -> Outcome {
        Outcome::new(Status::Fail, message)
    }

    pub(crate) fn warn(message: impl Into<String>) -> Outcome {
        Outcome::new(Status::Warn, message)
    }

    pub(crate) fn skip(message: impl Into<String>) -> Outcome {
        Outcome::new(Status::Skip, message)
    }

    pub(crate) fn blocked(by: impl Into<String>, message: impl Into<String>) -> Outcome {
        let mut outcome = Outcome::new(Status::Blocked, message);
        outcome.blocked_by = Some(by.into());
        outcome
    }

    /// Blocked by a thing that does not exist.
    pub(crate) fn missing(what: &ObjectId) -> Outcome {
        Outcome::blocked(what.to_string(), format!("{what} does not exist"))
    }

    pub(crate) fn actual(mut self, actual: impl Into<String>) -> Outcome {
        self.actual = Some(actual.into());
        self
    }

    pub(crate) fn remedy(mut self, remedy: Option<String>) -> Outcome {
        self.remedy = remedy;
        self
    }

    pub(crate) fn object(mut self, object: impl Into<String>) -> Outcome {
        self.object = Some(object.into());
        self
    }

    pub(crate) fn measure(mut self, measure: Measure) -> Outcome {
        self.measure = Some(measure);
        self
    }

    pub(crate) fn differences(mut self, differences: Vec<Difference>) -> Outcome {
        self.differences = differences;
        self
    }
}
