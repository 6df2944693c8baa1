//! SQL as text: tokens, statements, what a statement does, and the fragments that check files are made of.
//!
//! The one module that knows the parser crate.
pub mod name;
