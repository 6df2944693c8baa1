//! Check files: what the catalog should be, and the judgement of what it is.
//!
//! A suite is parsed into [`Suite`]; [`Suite`]s and a [`Catalog`](crate::catalog::Catalog) give
//! [`Verdict`]s and [`Question`]s. What only the server can answer is asked by the caller, and the
//! evaluation is repeated with the [`Answers`]: this module stays pure.

pub mod verdict;
pub mod question;

pub use question::{Answer, Answers, Question};
pub use verdict::{Difference, Measure, Status, Verdict};
