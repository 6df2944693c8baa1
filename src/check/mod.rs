//! Check files: what the catalog should be, and the judgement of what it is.
//!
//! A file is parsed into a [`Suite`]; suites and a [`Catalog`](crate::catalog::Catalog) give [`Verdict`]s and
//! [`Question`]s. What only the server can answer is asked by the caller, and the evaluation is repeated with
//! the [`Answers`]: this module stays pure.
//!
//! A kind of check is one file under `kind/` and one line of its registry.

pub mod verdict;
pub mod question;
pub mod suite;
pub mod parse;
pub mod evaluate;
pub mod lint;
pub mod generate;
mod document;
mod figure;
mod rule;
mod share;
mod compare;
mod twins;
mod object;
mod kind;
#[cfg(test)]
mod schema;
#[cfg(test)]
pub(crate) mod testing;

pub use evaluate::{Claimed, Evaluation, Evaluator, evaluate, evaluate_where, is_last, lacks, skipped};
pub use kind::audit::accepts_of;
pub use lint::lint;
pub use parse::{parse, parse_in};
pub use question::{Answer, Answers, Met, Phase, Prepare, Probe, Question, Refusal, Step};
pub use suite::{Suite, narrow_scope, scope};
pub use verdict::{Difference, Measure, Status, Verdict};
