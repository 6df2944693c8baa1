//! SQL as text: tokens, statements, what a statement does, and the fragments that check files are made of.
//!
//! The one module that knows the parser crate, and within it only `parser` does. [`lex`] agrees with psql and the
//! server token by token; everything that has to be certain (where a statement ends, whether a fragment could
//! smuggle one in) rests on it. The parser crate adds the second opinion on whether a text is one expression.

mod cursor;
mod error;
mod keyword;
mod parser;

pub mod lex;
pub mod name;
pub mod types;
pub mod normalize;
pub mod script;
pub mod effect;
pub mod fragment;
pub mod require;

#[cfg(test)]
mod fuzz;

pub use effect::{Action, Effect, ObjectKind, ObjectRef};
pub use error::FragmentError;
pub use lex::{Token, TokenKind, lex};
pub use name::{Name, fold_ident, glob, parse_name, quote_ident, quote_literal};
pub use normalize::normalize;
pub use script::{Reference, Scope, Script, Setting, Statement, TransactionControl, Unparsed};
pub use types::canonical_type;
