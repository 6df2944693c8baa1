//! `[[probe]]`: behaviour. Not judged yet, and so refused: a check that nobody looks at must not read as passed.

use crate::check::document::Item;
use crate::check::parse::Parser;

pub(crate) fn parse(p: &mut Parser, item: &Item<'_>) {
    p.reader.error_help(
        item.key.span,
        "probes are not supported by this version",
        "remove the [[probe]] for now",
    );
}
