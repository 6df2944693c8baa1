//! What a statement does to the catalog, told from its text.

mod object;
mod tag;

use super::cursor::Cursor;
use super::script::Reference;

pub use object::{Action, Effect, ObjectKind, ObjectRef};
pub(super) use tag::tag;

/// All that one statement's text tells.
#[derive(Debug, Clone, Default)]
pub(super) struct Analysis {
    pub(super) effects: Vec<Effect>,
    pub(super) references: Vec<Reference>,
    pub(super) opaque: bool,
}

pub(super) fn analyse(_cursor: Cursor<'_>) -> Analysis {
    Analysis::default()
}
